/* words.h - what pages, titles, alerts and the feed say in words: plain text, no HTML.
 *
 * How things stand is decided in watch/sentence.h and worded here, once, so that title, page, alert
 * and feed agree.
 */
#pragma once

#include "page/model.h"

/* "Paris <-> Contoso fails", with an arrow; without a full stop. */
void words_headline(struct buf *b, const struct sentence *s, const struct page_set *set,
	const struct page_view *v);
/* The sentence behind it: who cannot do what, and since when.  May be empty. */
void words_explain(struct buf *b, const struct sentence *s, const struct page_set *set,
	const struct page_view *v);
/* "2 failed: Paris <-> Contoso fails - Litware": state and number go first. */
void words_title(struct buf *b, const struct sentence *s, const struct page_set *set,
	const struct page_view *v);

/* "Paris -> Contoso", "Paris: sign-in". */
void words_test(struct buf *b, const struct page_set *set, const struct page_test *test,
	const struct page_view *v);
const char *words_state(enum watch_state s); /* an id: "Failed" */
const char *words_kind(enum page_kind kind); /* an id: "sign-in" */
/* An id: what the reason means, one sentence; for NONE that a refusal was wanted. */
const char *words_reason(enum reason r);

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

enum words_way { WORDS_TO, WORDS_FROM, WORDS_BOTH };
/* "Paris -> Contoso", "all pools <-> Contoso". */
void words_between(struct buf *b, const struct page_set *set, uint32_t pool, uint32_t partner,
	enum words_way way, const struct page_view *v);
/* "since 02:41 (5 h 17 min)" */
void words_since(struct buf *b, const struct page_view *v, int64_t since_at);
void words_colon(struct buf *b, const struct page_view *v); /* ": " */
/* "2 failed" */
void words_tally(struct buf *b, const struct page_view *v, enum watch_state s, uint64_t n);
/* "Paris -> Contoso", "Paris: sign-in". */
void words_test(struct buf *b, const struct page_set *set, const struct page_test *test,
	const struct page_view *v);
/* The other way of its pair, when it is in the same state for the same reason: both are one name.
 */
bool words_way_back(const struct page_set *set, size_t test, size_t *ret);
const char *words_state(enum watch_state s);             /* an id: "Failed" */
const char *words_test_state(const struct page_test *t); /* the same, or that it does not run */
const char *words_kind(enum page_kind kind);             /* an id: "sign-in" */
/* An id: what the reason means, one sentence; for NONE that a refusal was wanted. */
const char *words_reason(enum reason r);

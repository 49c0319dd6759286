/* html.h - the writer of pages: text that stays text, addresses that stay addresses, and the pieces
 * that all pages are made of.
 *
 * Nobody else writes what came from outside into a page.  What a browser or XML would not take
 * (controls, marks of direction, bytes that are no UTF-8) becomes '?'.
 */
#pragma once

#include "page/format.h"
#include "page/words.h"

struct html {
	struct buf *b; /* the page's */
	const struct page_view *v;
};

/* Markup of ours. */
static inline void html_puts(const struct html *h, const char *markup)
{
	buf_puts(h->b, markup);
}

/* As the content of an element, or within an attribute's "". */
void html_text(const struct html *h, struct slice s);
void html_str(const struct html *h, const char *s);
void html_look(const struct html *h, const char *id); /* looked up, then as html_str() */
void html_say(const struct html *h, const struct text *t);
/* One segment of a path, or a value of a query: what is not unreserved (RFC 3986 section 2.3) is
 * escaped; "." and ".." cannot be segments and are "%2E". */
void html_segment(const struct html *h, struct slice s);
/* href="..." for a path of ours that was made elsewhere: what does not begin with one slash is "#".
 */
void html_path(const struct html *h, struct slice path);

/* A function of page/format.h as text of the page. */
typedef void html_format(struct buf *b, const struct page_view *v, int64_t value);
void html_put(const struct html *h, html_format *f, int64_t value);
void html_share(const struct html *h, struct page_share share);
void html_count(const struct html *h, uint64_t n);
/* <time datetime="...">02:41</time> */
void html_time(const struct html *h, html_format *f, int64_t at);

/* ---- states ---- */

const char *html_state_class(enum watch_state s); /* "bad" */
void html_icon(const struct html *h, enum watch_state s);
void html_state(const struct html *h, enum watch_state s, bool is_chip);
void html_test_state(const struct html *h, const struct page_test *t, bool is_chip);

/* ---- names and links; `tail` is behind the id, "" or ".json" ---- */

void html_test_path(const struct html *h, const struct page_set *set, const struct page_test *t);
void html_test_name(const struct html *h, const struct page_set *set, const struct page_test *t);
void html_between(const struct html *h, const struct page_set *set, uint32_t pool, uint32_t partner,
	enum words_way way);
void html_begin_link(const struct html *h, const char *folder, struct slice id, const char *tail);
/* To a run, in the sentence `id` with {1} for its time; nothing where there is no run. */
void html_run_link(const struct html *h, struct slice run, int64_t at, const char *id);
void html_reason(const struct html *h, enum reason r); /* its id as code; NONE: nothing */
/* "since 02:41", and below it how long that is. */
void html_when(const struct html *h, int64_t since_at);
/* <th scope="col">, of numbers where asked for. */
void html_th(const struct html *h, const char *id, bool is_number);
void html_td_latency(const struct html *h, int64_t us);
void html_token(const struct html *h); /* in each form that changes something */

/* ---- the page around ---- */

enum html_nav { NAV_OVERVIEW, NAV_INCIDENTS, NAV_TESTS, NAV_MAINTENANCE, NAV_REPORTS, NAV_NONE };

struct html_head {
	struct slice title;     /* without the site's name */
	enum watch_state state; /* of the favicon */
	enum html_nav nav;
	bool is_live; /* this page has parts that the stream replaces */
};

void html_symbols(const struct html *h); /* the forms that html_icon() and the charts name */
void html_open(const struct html *h, const struct html_head *head); /* up to <main> */
void html_live(const struct html *h); /* "Last result 07:58:14": the stream replaces it */
int html_close(const struct html *h); /* the foot; the buffer's error */

/* format.h - numbers and times as people read them, in their language: plain text, no HTML.
 *
 * Between a number and its unit stands a no-break space.
 */
#pragma once

#include "page/model.h"

#define FORMAT_NBSP "\xc2\xa0"

void format_latency(struct buf *b, const struct page_view *v, int64_t us); /* "412 ms", "2.41 s" */
void format_ms(
	struct buf *b, const struct page_view *v, int64_t us); /* "168.9": without the unit */
/* "5 h 17 min": two units at most, cut and not rounded; "under 1 s". */
void format_span(struct buf *b, const struct page_view *v, int64_t us);
void format_hours(struct buf *b, const struct page_view *v, int64_t us); /* one unit: "5 h" */
/* Cut, never rounded up: "100%" only if nothing failed; a dash if nothing was judged. */
void format_share(struct buf *b, const struct page_view *v, struct page_share share);
void format_count(struct buf *b, const struct page_view *v, uint64_t n); /* "1,415" */

void format_clock(struct buf *b, const struct page_view *v, int64_t at);   /* "07:58" */
void format_seconds(struct buf *b, const struct page_view *v, int64_t at); /* "07:58:14" */
/* Today "02:41", else "Sun 29 Nov 14:03", with the year if it is not this one. */
void format_time(struct buf *b, const struct page_view *v, int64_t at);
/* The same to the second: several runs may be of one minute. */
void format_run_time(struct buf *b, const struct page_view *v, int64_t at);
void format_date(struct buf *b, const struct page_view *v, int64_t at);       /* "Sun 29 Nov" */
void format_whole_date(struct buf *b, const struct page_view *v, int64_t at); /* and the year */
void format_short_date(struct buf *b, const struct page_view *v, int64_t at); /* "29 Nov" */
/* The day `before` days before today: "today", "Sun 29 Nov", "2 Sep" where short. */
void format_day(struct buf *b, const struct page_view *v, int before, bool is_short);
void format_month(struct buf *b, const struct page_view *v, int64_t at);  /* "November 2026" */
void format_offset(struct buf *b, const struct page_view *v, int64_t at); /* "UTC+1" */
void format_utc(struct buf *b, int64_t at); /* "2026-11-30T01:41:00Z", for <time> */

/* answer_head.h - what the server makes of an answer: its head, and what it sends behind.
 *
 * Pure.
 */
#pragma once

#include "web/answer.h"

enum { WEB_ANSWER_HEAD_MAX = 8192 };

/* How the reader learns where it ends. */
struct web_framing {
	bool is_chunked;
	bool is_last; /* with its connection */
};

void web_answer_init(struct web_answer *a, size_t body_max, bool takes_post);
void web_answer_done(struct web_answer *a); /* also frees its parts */
void web_answer_put_head(
	const struct web_answer *a, const struct web_framing *f, int64_t now_s, struct buf *b);
/* The body as it is before further parts; "" where the status has none. */
struct slice web_answer_content(const struct web_answer *a);
void web_put_date(struct buf *b, int64_t seconds); /* since 1970 */

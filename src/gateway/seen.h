/* seen.h - the messages of the last seconds, to notice one that comes back.
 *
 * A message that went in a circle has the thread, the words and the addresses
 * that it had, and fewer passes left; somebody who writes the same thing twice
 * has as many.  Where a server on the way drops the count, too many alike in
 * one thread are a circle too.  A place a hash, no lists: a message that is
 * pushed out of its place is noticed on its next round.
 */
#pragma once

#include "gateway/answer.h"
#include "gateway/lent.h"
#include "gateway/route.h"

struct seen;

int seen_new(struct seen **ret, const struct lent *lent);
struct seen *seen_free(struct seen *s);
/* ANSWER_MAPPED; else it has passed too many gateways, or is in a circle, and the log says so. */
enum answer seen_judge(
	struct seen *s, const struct stanza *stanza, const struct party *p, ts_t now);

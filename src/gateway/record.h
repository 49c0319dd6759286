/* record.h - the line of log of one message, at its end: both legs' ids, who to whom, what became
 * of it, and after how long.  Only where the log is that verbose; without that it costs a
 * comparison. Never a body; users' names only where they are wanted, else their domains.
 */
#pragma once

#include "gateway/answer.h"
#include "gateway/lent.h"
#include "gateway/route.h"

/* In a message's place; zeroed it is off. */
struct record {
	bool is_on;
	ts_t began;
	struct buf about;
};

void record_init(struct record *r); /* of a place that was never taken */
void record_done(struct record *r);
/* `toward` is "xmpp" or "sip"; the ids are those of the stanza and of the SIP request. */
void record_begin(struct record *r, const struct lent *lent, const char *toward,
	const struct party *party, ts_t now);
void record_ids(struct record *r, struct slice stanza_id, struct slice call_id); /* if it is on */
/* `v` NULL: nobody was there any more to hear the answer. */
void record_end(struct record *r, const struct lent *lent, const struct verdict *v, ts_t now);

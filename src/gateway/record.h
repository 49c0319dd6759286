/* record.h - how a message ended: among the last ones (gateway/recent.h), and as a line of log
 * where that is so verbose.  Both legs' ids, who to whom, what became of it, and after how long.
 * Never a body; users' names only where they are wanted, else their domains.
 */
#pragma once

#include "gateway/answer.h"
#include "gateway/lent.h"
#include "gateway/recent.h"
#include "xmpp/jid.h"

/* In a message's place; zeroed it is off. */
struct record {
	bool is_on;
	enum gateway_way way;
	ts_t began;
	uint64_t ref;
	uint8_t n[RECENT_TEXTS];
	struct buf texts;
};

struct record_of {
	enum gateway_way way;
	struct slice from, to;    /* see record_who() */
	struct slice id, call_id; /* of the stanza and of the SIP request */
	uint64_t ref;             /* the stanza's id is its text, else 0 */
};

struct record_end {
	enum gateway_outcome outcome;
	int status;        /* in SIP; 0: there is none */
	const char *cause; /* static text; NULL: it was carried */
};

void record_init(struct record *r); /* of a place that was never taken */
void record_done(struct record *r);
void record_begin(struct record *r, const struct record_of *of, ts_t now);
void record_end(struct record *r, const struct lent *lent, const struct record_end *end, ts_t now);
/* Of one that was refused at once. */
void record_refused(const struct lent *lent, const struct record_of *of,
	const struct record_end *end, ts_t now);

/* What is shown of an address: a bare one, or its domain. */
struct slice record_who(const struct lent *lent, const struct jid *jid);
struct slice record_id(
	const struct recent_message *m, const struct ids *ids, char text[IDS_TEXT + 1]);
/* In words: the gateway's own phrase, else the far side's condition, else the status' phrase. */
const char *record_cause(const struct verdict *v);
/* A SIP request that gets an error, and what it has to be told of: its peer is counted, and named
 * in a line of log. */
void record_refused_request(const struct lent *lent, const struct sip_msg *req,
	const struct verdict *v, const struct addr *peer, ts_t now);

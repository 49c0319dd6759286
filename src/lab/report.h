/* report.h - the failure report that a fault has the gateway send (RFC 5438 section 7.2.1): a
 * MESSAGE from the receiver to the sender, behind the 202 and before any time-out. */
#pragma once

#include "base/buf.h"
#include "lab/lab.h"
#include "xmpp/jid.h"

struct report {
	const struct lab_cfg *cfg; /* borrowed: where the gateway is */
	struct rng *rng;
	struct buf text;
	ts_t at; /* when it is due; TS_NEVER: none */
};

void report_init(struct report *r, const struct lab_cfg *cfg, struct rng *rng);
void report_done(struct report *r);
/* Of the message with that id; nothing where an address has none in SIP. */
void report_plan(struct report *r, const struct jid *receiver, struct slice sender, struct slice id,
	ts_t now);
bool report_take(struct report *r, struct slice *ret, ts_t now); /* valid until the next plan */

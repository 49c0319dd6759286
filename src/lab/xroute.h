/* xroute.h - the partner's server: a stanza of one session goes to others, RFC 6121 section 8. */
#pragma once

#include "lab/report.h"
#include "lab/session.h"

struct xroute {
	const struct lab_cfg *cfg; /* these three are borrowed */
	struct sessions *sessions;
	struct report *report;
	struct buf held; /* by a fault: ready to be written, until their receiver leaves */
};

void xroute_init(struct xroute *r, const struct lab_cfg *cfg, struct sessions *sessions,
	struct report *report);
void xroute_done(struct xroute *r);
/* Whatever it is, it is answered, passed on, or ends the session's stream. */
void xroute_push(struct xroute *r, struct session *from, const struct xml_node *node, ts_t now);

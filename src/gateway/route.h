/* route.h - who may write to whom, and which way that goes: pure, over a table that does not change
 * while it is asked.
 */
#pragma once

#include "bridge/partner.h"
#include "gateway/answer.h"
#include "xmpp/jid.h"

enum { ROUTE_LINKS_MAX = 1 };

struct routes {
	const struct partners *partners; /* borrowed */
	/* Our domains that have a way into XMPP, by the link's number: prepared. */
	char links[ROUTE_LINKS_MAX][256];
	unsigned n_links;
};

struct way {
	unsigned link; /* SIP to XMPP */
};

struct party { /* a message's two ends */
	struct jid from, to;
};

/* The addresses of a SIP request in XMPP's form; ANSWER_MAPPED, or why not. */
enum answer route_read(const struct sip_msg *req, struct party *ret);
/* ANSWER_MAPPED with the way, or why not. */
enum answer route_to_xmpp(const struct routes *r, const struct party *p, struct way *ret);
enum answer route_to_sip(const struct routes *r, const struct party *p);
/* Is it one of ours, that the server may hand us?  From any other nothing may be sent: the server
 * would end the stream (XEP-0114 section 3). */
bool route_is_ours(const struct routes *r, const struct jid *jid);

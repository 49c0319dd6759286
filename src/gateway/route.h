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
	/* The domain that each link speaks for, by its number: prepared. */
	char links[ROUTE_LINKS_MAX][256];
	unsigned n_links;
};

struct party { /* a message's two ends */
	struct jid from, to;
};

/* The addresses of a SIP request in XMPP's form; ANSWER_MAPPED, or why not. */
enum answer route_read(const struct sip_msg *req, struct party *ret);
/* ANSWER_MAPPED with the number of the link, or why not. */
enum answer route_to_xmpp(const struct routes *r, const struct party *p, unsigned *ret);
enum answer route_to_sip(const struct routes *r, const struct party *p);
/* Is it an address that this link speaks for?  From any other nothing may be sent: the server would
 * end the stream (XEP-0114 section 3). */
bool route_is_of(const struct routes *r, unsigned link, const struct jid *jid);

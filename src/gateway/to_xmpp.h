/* to_xmpp.h - messages from SIP to XMPP: a MESSAGE becomes a stanza, and is answered when the far
 * side has shown that it took it (RFC 7572 section 5).
 */
#pragma once

#include "gateway/contacts.h"
#include "gateway/hops.h"
#include "gateway/links.h"
#include "gateway/reports.h"
#include "gateway/route.h"

struct to_xmpp;

struct to_xmpp_cfg {
	const struct lent *lent; /* borrowed, as all of these */
	const struct routes *routes;
	struct contacts *contacts;
	struct links *links;
	struct hops *hops;
};

int to_xmpp_new(struct to_xmpp **ret, const struct to_xmpp_cfg *cfg);
struct to_xmpp *to_xmpp_free(struct to_xmpp *t);

void to_xmpp_push_request(struct to_xmpp *t, const struct sip_msg *req, ts_t now); /* in hand */
void to_xmpp_push_proven(struct to_xmpp *t, uint64_t ref, ts_t now);
/* Its domain answers no pings. */
void to_xmpp_push_unproven(struct to_xmpp *t, uint64_t ref, ts_t now);
void to_xmpp_push_lost(struct to_xmpp *t, uint64_t ref, ts_t now);
/* An error stanza that came over that link.  True when its message was acknowledged and its sender
 * is to hear of it: *ret lives until the next push. */
bool to_xmpp_push_error(
	struct to_xmpp *t, unsigned link, const struct stanza *s, struct report *ret, ts_t now);
void to_xmpp_push_gone(struct to_xmpp *t, uint64_t ref, ts_t now); /* who waits for the answer is */
/* Answers those that have settled, while there is room. */
void to_xmpp_push_time(struct to_xmpp *t, ts_t now);
void to_xmpp_stop(struct to_xmpp *t); /* nothing new is taken */
uint32_t to_xmpp_count(const struct to_xmpp *t);
ts_t to_xmpp_oldest(const struct to_xmpp *t); /* when it came; TS_NEVER: there is none */
ts_t to_xmpp_deadline(const struct to_xmpp *t);

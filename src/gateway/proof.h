/* proof.h - what shows that the far side of a link has taken a message: the pings of one stream.
 *
 * Behind the messages an XEP-0199 ping goes to the receiver's domain, on the
 * same stream.  XMPP delivers in order between two entities (RFC 6120 section
 * 10.1), so its reply, result or error, says that everything before it was
 * processed.  Where a domain answers no pings the window answers, once the
 * server has shown that it reads: a ping to ourselves comes back.
 *
 * One for each link; the pings are written into the link's stream.  An item
 * is part of its message and can be withdrawn at any time.
 */
#pragma once

#include "base/list.h"
#include "gateway/lent.h"
#include "xmpp/stream.h"

struct proof;
struct proof_domain;

enum proof_event_type {
	PROOF_EV_PROVEN,   /* ref */
	PROOF_EV_UNPROVEN, /* ref: the server has read it, but its domain answered no ping */
	PROOF_EV_LOST,     /* ref: the stream is gone, and nothing was shown */
	PROOF_EV_DEAD,     /* the server does not read: give the stream up */
};

/* Zeroed by its owner before its first use. */
struct proof_item {
	uint64_t ref;
	uint64_t ping; /* the first ping behind it; 0: none yet; UINT64_MAX: none could be sent */
	uint64_t mark; /* how many pings are in front of it, to whomever */
	struct proof_domain *domain; /* stays behind the proof: it says who may refuse */
	struct list fifo;            /* by time sent; then of what is proven or lost */
	struct list wait;            /* of the domain */
	ts_t sent;
	ts_t asked; /* when the server was first asked behind it; 0: not as the first in the fifo */
	enum proof_event_type told;
};

struct proof_cfg {
	const char *from; /* the name in whose name pings go out; borrowed */
	const char *own;  /* the same, prepared */
	ts_t window;
};

enum proof_reply {
	PROOF_REPLY_NONE,
	PROOF_REPLY_OURS,
	PROOF_REPLY_ANOTHERS,
};

struct proof_event {
	enum proof_event_type type;
	uint64_t ref;
};

int proof_new(struct proof **ret, const struct proof_cfg *cfg, const struct lent *lent);
struct proof *proof_free(struct proof *p); /* no item of it may be used after that */

/* NULL: no memory, or too many domains. */
struct proof_domain *proof_domain_get(struct proof *p, struct slice name);
struct slice proof_domain_name(const struct proof_domain *d);
/* It has not answered for so long that it is not even asked now. */
bool proof_domain_is_silent(const struct proof *p, struct slice name, ts_t now);

void proof_sent(
	struct proof *p, struct proof_item *item, uint64_t ref, struct proof_domain *d, ts_t now);
void proof_forget(struct proof_item *item); /* no event of it follows; fine at any time */
/* An iq, of any type: a ping to ourselves may come back as it went.  ANOTHERS: to a ping of ours it
 * would be a reply, and this process sent none such. */
enum proof_reply proof_push_pong(
	struct proof *p, struct xstream *x /* NULL: not ready */, const struct stanza *s, ts_t now);
/* A whole stanza came: a server that goes on sending is busy, and its replies may wait behind that.
 */
void proof_push_heard(struct proof *p, ts_t now);
void proof_push_time(struct proof *p, struct xstream *x, ts_t now);
void proof_push_lost(struct proof *p); /* the stream is gone; the next one is new */
/* Without `room` nothing of what is proven or lost is told: later. */
bool proof_take_event(struct proof *p, bool room, struct proof_event *ret);
ts_t proof_deadline(const struct proof *p); /* now, while some wait for room */

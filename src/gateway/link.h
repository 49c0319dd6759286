/* link.h - a way into XMPP, whatever kind it is: what it takes, and what it tells.
 *
 * A kind is a set of operations (component.c); the gateway and its messages
 * know this header and links.h alone.
 */
#pragma once

#include "gateway/proof.h"
#include "xmpp/xhost.h"

struct link;

enum link_event_type {
	LINK_EV_PROVEN,   /* ref: the far side has taken it */
	LINK_EV_UNPROVEN, /* ref: the server has read it, and more is not known */
	LINK_EV_LOST,     /* ref: nothing was shown, and nothing will be */
	LINK_EV_STANZA,   /* stanza: a message, of type error or not; to whom is not checked */
};

struct link_event {
	enum link_event_type type;
	unsigned link; /* its number */
	uint64_t ref;
	const struct stanza *stanza; /* valid until the next take or push */
};

enum link_take { /* each worse than the one before */
	LINK_TAKES,
	LINK_FULL, /* what was written before waits */
	LINK_DOWN,
	LINK_REFUSED, /* down, for the server refuses its secret */
};

struct link_ops {
	/* What befell its stream; true when that goes up, as *ret. */
	bool (*event)(
		struct link *, const struct xhost_event *ev, struct link_event *ret, ts_t now);
	/* The stanza of the last event answers what another process under our name sent. */
	void (*pass_on)(struct link *, const struct stanza *, ts_t now);
	/* The server does not read: the stream is to be given up. */
	void (*give_up)(struct link *, ts_t now);
	void (*connect)(struct link *, ts_t now); /* at `connect_at` */
	struct link *(*free)(struct link *);
};

/* The first member of each kind, which fills it in. */
struct link {
	const struct link_ops *ops;
	unsigned number;
	struct xhost *host; /* of the stream that it sends on; NULL between two connections */
	struct proof *proof;
	ts_t connect_at;
	bool stopping;
	bool is_refused; /* as what it is, by its server, when it tried the last time */
};

/* ---- component.c, XEP-0114 ---- */

/* By lent->cfg; it begins to connect.  0, or -ENOMEM, ERR_SYNTAX, ERR_LIMIT (its name). */
int component_new(struct link **ret, const struct lent *lent, ts_t now);

/* ---- what is the same for all kinds: for messages ... ---- */

enum link_take link_takes(const struct link *l); /* not between link_begin() and its commit */
/* A buffer to write one stanza into; NULL when it is down, or its memory is full.  While it is FULL
 * only because its flow is blocked, an answer to the server still goes out, as nobody would repeat
 * it.  One at a time; without a commit nothing is sent. */
struct buf *link_begin(struct link *l);
int link_commit(struct link *l, ts_t now); /* a reply: nothing is to be shown */
/* A message to a user of `d`: PROVEN or LOST follows for its ref, unless it is withdrawn by
 * proof_forget(item). */
int link_commit_message(
	struct link *l, struct proof_item *item, uint64_t ref, struct proof_domain *d, ts_t now);
void link_pass_on(struct link *l, const struct stanza *s, ts_t now); /* see link_ops */
/* Its domain answers no pings: nothing that is sent to it can be proven now. */
bool link_is_silent(const struct link *l, struct slice domain, ts_t now);
struct proof_domain *link_domain(struct link *l, struct slice name);

/* ---- ... for links.c ... ---- */

bool link_push(struct link *l, const struct fact *in, ts_t now); /* false: it is not for it */
void link_push_time(struct link *l, ts_t now);
void link_stop(struct link *l, ts_t now);
bool link_take_output(struct link *l, struct output *ret);
bool link_take_event(struct link *l, bool room, struct link_event *ret, ts_t now);
ts_t link_deadline(const struct link *l);
bool link_is_over(const struct link *l); /* there is no stream that could be ended */

/* ---- ... and for a kind ---- */

struct xstream *link_stream(const struct link *l); /* NULL unless stanzas flow */
void link_lost(struct link *l); /* its host goes, and what was not shown is lost */

/* link.h - a way into XMPP, whatever kind it is: what it takes, and what it tells.
 *
 * A kind is a set of operations (component.c); the gateway and its messages
 * know this header and links.h alone.
 */
#pragma once

#include "gateway/proof.h"

struct link;

enum link_event_type {
	LINK_EV_UP,     /* it takes messages */
	LINK_EV_DOWN,   /* it does not: LOST comes for each that was not shown to have arrived */
	LINK_EV_ROOM,   /* it took no more, and does again */
	LINK_EV_PROVEN, /* ref: the far side has taken it */
	LINK_EV_LOST,   /* ref: nothing was shown, and nothing will be */
	LINK_EV_STANZA, /* stanza: a message for one of our users, or an error about one of theirs
			 */
};

struct link_event {
	enum link_event_type type;
	unsigned link; /* its number */
	uint64_t ref;
	const struct stanza *stanza; /* valid until the next take or push */
};

enum link_take {
	LINK_TAKES,
	LINK_FULL, /* what was written before waits */
	LINK_DOWN,
};

struct link_ops {
	bool (*is_for)(const struct link *, const struct fact *in);
	void (*push)(struct link *, const struct fact *in, ts_t now);
	void (*push_time)(struct link *, ts_t now);
	void (*stop)(struct link *, ts_t now);
	bool (*take_output)(struct link *, struct output *ret);
	bool (*take_event)(struct link *, bool room, struct link_event *ret, ts_t now);
	bool (*is_holding)(const struct link *);
	ts_t (*deadline)(const struct link *);
	enum link_take (*takes)(const struct link *);
	struct buf *(*begin)(struct link *);
	int (*commit)(struct link *, ts_t now);
	struct proof *(*proof)(struct link *); /* NULL: its kind needs none */
	int (*set_secret)(struct link *, struct slice secret);
	struct link *(*free)(struct link *);
};

/* The first member of each kind. */
struct link {
	const struct link_ops *ops;
	unsigned number;
};

/* ---- component.c, XEP-0114 ---- */

/* By lent->cfg; it begins to connect.  0, or -ENOMEM, ERR_SYNTAX, ERR_LIMIT (its name). */
int component_new(struct link **ret, const struct lent *lent, ts_t now);

/* ---- what is the same for all kinds ---- */

enum link_take link_takes(const struct link *l);
/* A buffer to write one stanza into; NULL unless it takes one.  One at a time; without a commit
 * nothing is sent. */
struct buf *link_begin(struct link *l);
int link_commit(struct link *l, ts_t now); /* a reply: nothing is to be shown */
/* A message to a user of `d`: PROVEN or LOST follows for its ref, unless it is withdrawn by
 * proof_forget(item). */
int link_commit_message(
	struct link *l, struct proof_item *item, uint64_t ref, struct proof_domain *d, ts_t now);
struct proof_domain *link_domain(struct link *l, struct slice name);

#include "gateway/conns.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "gateway/drops.h"
#include "sip/frame.h"

enum {
	CONNS_OWN = 16, /* of these: for the next hop, however many others there are */
	/* With the window more than any answer is owed for: RFC 3261 section 18 keeps a connection
	 * until its transactions are over. */
	IDLE_MS = 5000,
	FRAME_BYTES_MAX = 32 << 20, /* of unfinished messages, on all of them */
	FRAME_SMALL = SIP_FRAME_KEPT,
	/* Connections whose peers read no answers: each may have 1 MiB of them in the
	 * driver, which says BLOCKED at 64. */
	BLOCKED_MAX = 32,
};

struct conn {
	struct map_node node; /* by flow */
	struct origin origin;
	bool up;             /* an outgoing one may still be connecting */
	bool accepted;       /* not one of ours */
	ts_t heard;          /* the last whole message; else when it was accepted */
	size_t bytes;        /* of conns.frame_bytes */
	struct list idle;    /* of conns.accepted */
	struct list blocked; /* of conns.blocked */
};

struct conns {
	const struct lent *lent;
	struct tl *tl;
	struct map map;
	struct list accepted; /* the longest idle first */
	unsigned n_accepted;
	struct list blocked; /* the longest blocked first */
	unsigned n_blocked;
	size_t frame_bytes;
};

int conns_new(struct conns **ret, const struct lent *lent, struct tl *tl)
{
	struct conns *cs = mem_alloc0(sizeof(*cs));

	if (!cs)
		return -ENOMEM;
	cs->lent = lent;
	cs->tl = tl;
	map_init(&cs->map, CONNS_MAX, lent->rng);
	list_init(&cs->accepted);
	list_init(&cs->blocked);
	*ret = cs;
	return 0;
}

static struct conn *conn_new(struct conns *cs, const struct origin *o)
{
	struct conn *c = mem_alloc0(sizeof(*c));

	if (!c)
		return NULL;
	c->origin = *o;
	list_init(&c->idle);
	list_init(&c->blocked);
	if (tl_flow_add(cs->tl, o))
		return mem_free(c);
	if (map_insert(&cs->map, &c->node, slice_of(&c->origin.flow, sizeof(c->origin.flow)))) {
		tl_flow_gone(cs->tl, o->flow, 0);
		return mem_free(c);
	}
	return c;
}

struct conn *conns_find(const struct conns *cs, flow_t flow)
{
	return MAP_FIND(&cs->map, slice_of(&flow, sizeof(flow)), struct conn, node);
}

static void set_blocked(struct conns *cs, struct conn *c, bool blocked)
{
	if (blocked == !list_empty(&c->blocked))
		return;
	list_remove(&c->blocked);
	if (blocked) {
		list_append(&cs->blocked, &c->blocked);
		cs->n_blocked++;
	} else {
		cs->n_blocked--;
	}
}

void conn_lost(struct conns *cs, struct conn *c)
{
	tl_flow_gone(cs->tl, c->origin.flow, ECONNRESET);
	set_blocked(cs, c, false);
	cs->n_accepted -= c->accepted;
	cs->frame_bytes -= c->bytes;
	list_remove(&c->idle);
	map_remove(&cs->map, &c->node);
	mem_free(c);
}

void conn_close(struct conns *cs, struct conn *c, enum want_type how)
{
	shell_want(cs->lent->shell, how)->flow = c->origin.flow;
	conn_lost(cs, c);
}

struct conns *conns_free(struct conns *cs)
{
	if (!cs)
		return NULL;
	for (struct map_node *n; (n = map_next(&cs->map, NULL));)
		conn_lost(cs, LIST_OWNER(n, struct conn, node));
	map_done(&cs->map);
	return mem_free(cs);
}

/* ---- how many ---- */

/* One of theirs goes by a limit of ours. */
static void drop(struct conns *cs, struct conn *c, const char *cause, enum want_type how, ts_t now)
{
	cs->lent->stats->conns_dropped++;
	drops_note(cs->lent, DROP_CONN, &c->origin.peer, cause, now);
	conn_close(cs, c, how);
}

/* RFC 3261 section 18 leaves open for how long a connection is kept.  False when all of them may
 * still be owed an answer. */
static bool make_room(struct conns *cs, ts_t now)
{
	if (cs->n_accepted < CONNS_MAX - CONNS_OWN)
		return true;
	struct conn *c = LIST_FIRST(&cs->accepted, struct conn, idle);
	cs->lent->stats->conns_full++;
	if (ts_add(ts_add(c->heard, cs->lent->cfg->window), TS_MS(IDLE_MS)) > now)
		return false;
	drop(cs, c, "idle, and a new one needs its place", WANT_CLOSE_FLOW, now);
	return true;
}

void conns_push_accepted(struct conns *cs, const struct fact *in, bool is_trusted, ts_t now)
{
	const struct origin o = { .flow = in->flow,
		.listener = in->listener,
		.transport = TRANSPORT_TCP,
		.peer = *in->peer,
		.local = *in->local };
	struct conn *c = NULL;

	if (!is_trusted) {
		cs->lent->stats->sip_untrusted++;
		drops_untrusted(cs->lent, in->peer, "a connection, and not in trusted_peers", now);
	} else if (make_room(cs, now)) {
		c = conn_new(cs, &o);
	}
	if (!c && is_trusted) {
		cs->lent->stats->conns_dropped++;
		drops_note(cs->lent, DROP_CONN, in->peer, "no room for one more", now);
	}
	if (!c) { /* nothing is owed to it */
		shell_want(cs->lent->shell, WANT_DROP_FLOW)->flow = in->flow;
		return;
	}
	c->up = c->accepted = true;
	cs->n_accepted++;
	conn_heard(cs, c, now);
}

struct conn *conns_connect(struct conns *cs, const struct addr *peer)
{
	const struct origin o = {
		.flow = ++*cs->lent->last_flow, .transport = TRANSPORT_TCP, .peer = *peer
	};
	struct conn *c = conn_new(cs, &o);

	if (!c)
		return NULL;
	struct want *w = shell_want(cs->lent->shell, WANT_FLOW);
	w->flow = o.flow;
	w->transport = TRANSPORT_TCP;
	w->addr = *peer;
	return c;
}

void conn_push_up(struct conns *cs, struct conn *c, const struct fact *in)
{
	c->up = true;
	c->origin.local = *in->local;
	tl_flow_up(cs->tl, c->origin.flow, in->local, in->peer);
}

bool conn_is_up(const struct conn *c)
{
	return c->up;
}

const struct origin *conn_origin(const struct conn *c)
{
	return &c->origin;
}

void conn_heard(struct conns *cs, struct conn *c, ts_t now)
{
	c->heard = now;
	if (!c->accepted)
		return;
	list_remove(&c->idle);
	list_append(&cs->accepted, &c->idle);
}

/* ---- how much ---- */

static struct conn *longest_unfinished(const struct conns *cs)
{
	struct list *n, *t;

	LIST_EACH(n, t, &cs->accepted)
	{
		struct conn *c = LIST_OWNER(n, struct conn, idle);

		if (c->bytes > FRAME_SMALL)
			return c;
	}
	return NULL;
}

void conns_weigh(struct conns *cs, struct conn *c, ts_t now)
{
	const size_t bytes = tl_flow_bytes(cs->tl, c->origin.flow);

	cs->frame_bytes += bytes - c->bytes;
	c->bytes = bytes;
	while (cs->frame_bytes > FRAME_BYTES_MAX && (c = longest_unfinished(cs)))
		drop(cs, c, "too many bytes of unfinished messages", WANT_DROP_FLOW, now);
}

/* Whoever reads no answers is asked for no more requests.  Not so the next hop on a connection of
 * ours: it may read nothing because its answers wait for us. */
void conn_push_blocked(struct conns *cs, struct conn *c, bool blocked, ts_t now)
{
	if (!c->accepted)
		return;
	shell_want(cs->lent->shell, blocked ? WANT_PAUSE : WANT_RESUME)->flow = c->origin.flow;
	set_blocked(cs, c, blocked);
	if (cs->n_blocked > BLOCKED_MAX)
		drop(cs, LIST_FIRST(&cs->blocked, struct conn, blocked),
			"it does not read its answers", WANT_DROP_FLOW, now);
}

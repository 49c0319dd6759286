/* The SIP connections: what their number, their unfinished messages and their unread answers may
 * take.  Only trusted peers have any; but a pool sends what its users make it send, and one that
 * hangs leaves its connections behind. */
#include "base/mem.h"
#include "gateway/private.h"

enum {
	CONNS_OWN = 16, /* of CONNS_MAX: for the next hop, however many others there are */
	/* With the window more than any answer is owed for: RFC 3261 section 18 keeps a connection
	 * until its transactions are over. */
	IDLE_MS = 5000,
	FRAME_BYTES_MAX = 32 << 20, /* of unfinished messages, on all of them */
	FRAME_SMALL = SIP_FRAME_KEPT,
	/* Connections whose peers read no answers: each may have 1 MiB of them in the
	 * driver, which says BLOCKED at 64. */
	BLOCKED_MAX = 32,
};

void gateway_conns_init(struct gateway *g)
{
	map_init(&g->conns, CONNS_MAX, g->rng);
	list_init(&g->accepted);
	list_init(&g->blocked_conns);
}

struct conn *gateway_conn_new(struct gateway *g, flow_t flow)
{
	struct conn *c = mem_alloc0(sizeof(*c));

	if (!c)
		return NULL;
	c->flow = flow;
	list_init(&c->idle);
	list_init(&c->blocked);
	sip_frame_init(&c->frame);
	if (map_insert(&g->conns, &c->node, slice_of(&c->flow, sizeof(c->flow)))) {
		sip_frame_done(&c->frame);
		return mem_free(c);
	}
	return c;
}

struct conn *gateway_conn_find(struct gateway *g, flow_t flow)
{
	struct map_node *n = map_find(&g->conns, slice_of(&flow, sizeof(flow)));

	return n ? LIST_OWNER(n, struct conn, node) : NULL;
}

static void set_blocked(struct gateway *g, struct conn *c, bool blocked)
{
	if (blocked == !list_empty(&c->blocked))
		return;
	list_remove(&c->blocked);
	if (blocked) {
		list_append(&g->blocked_conns, &c->blocked);
		g->n_blocked++;
	} else {
		g->n_blocked--;
	}
}

static void conn_free(struct gateway *g, struct conn *c)
{
	if (g->hop_conn == c)
		g->hop_conn = NULL;
	set_blocked(g, c, false);
	g->n_accepted -= c->accepted;
	g->frame_bytes -= c->bytes;
	list_remove(&c->idle);
	map_remove(&g->conns, &c->node);
	sip_frame_done(&c->frame);
	mem_free(c);
}

void gateway_conns_done(struct gateway *g)
{
	for (struct map_node *n; (n = map_next(&g->conns, NULL));)
		conn_free(g, LIST_OWNER(n, struct conn, node));
	map_done(&g->conns);
}

void gateway_conn_lost(struct gateway *g, struct conn *c, ts_t now)
{
	gateway_uac_conn_lost(g, c, now);
	gateway_uas_conn_lost(g, c->flow);
	conn_free(g, c);
}

void gateway_conn_close(struct gateway *g, struct conn *c, enum want_type how, ts_t now)
{
	gateway_want(g, how)->flow = c->flow;
	gateway_conn_lost(g, c, now);
}

/* ---- how many ---- */

/* RFC 3261 section 18 leaves open for how long a connection is kept.  False when all of them may
 * still be owed an answer. */
static bool make_room(struct gateway *g, ts_t now)
{
	if (g->n_accepted < CONNS_MAX - CONNS_OWN)
		return true;
	struct conn *c = LIST_OWNER(list_first(&g->accepted), struct conn, idle);
	g->stats.conns_full++;
	if (ts_add(ts_add(c->heard, gateway_window(g)), TS_MS(IDLE_MS)) > now)
		return false;
	gateway_conn_close(g, c, WANT_CLOSE_FLOW, now);
	return true;
}

void gateway_conn_accepted(struct gateway *g, const struct fact *in, ts_t now)
{
	struct conn *c = NULL;

	if (!gateway_is_trusted(g, in->peer))
		g->stats.sip_untrusted++;
	else if (make_room(g, now))
		c = gateway_conn_new(g, in->flow);
	if (!c) { /* nothing is owed to it */
		gateway_want(g, WANT_DROP_FLOW)->flow = in->flow;
		return;
	}
	c->up = c->accepted = true;
	g->n_accepted++;
	gateway_conn_heard(g, c, now);
	c->origin = (struct origin){ .flow = in->flow,
		.listener = in->listener,
		.transport = TRANSPORT_TCP,
		.peer = *in->peer,
		.local = *in->local };
}

void gateway_conn_heard(struct gateway *g, struct conn *c, ts_t now)
{
	c->heard = now;
	if (!c->accepted)
		return;
	list_remove(&c->idle);
	list_append(&g->accepted, &c->idle);
}

/* ---- how much ---- */

static struct conn *longest_unfinished(const struct gateway *g)
{
	struct list *n, *t;

	LIST_EACH(n, t, &g->accepted)
	{
		struct conn *c = LIST_OWNER(n, struct conn, idle);

		if (c->bytes > FRAME_SMALL)
			return c;
	}
	return NULL;
}

void gateway_conn_weigh(struct gateway *g, struct conn *c, ts_t now)
{
	sip_frame_trim(&c->frame);
	g->frame_bytes += c->frame.in.cap - c->bytes;
	c->bytes = c->frame.in.cap;
	while (g->frame_bytes > FRAME_BYTES_MAX && (c = longest_unfinished(g)))
		gateway_conn_close(g, c, WANT_DROP_FLOW, now);
}

/* Whoever reads no answers is asked for no more requests.  Not so the next hop on a connection of
 * ours: it may read nothing because its answers wait for us. */
void gateway_conn_blocked(struct gateway *g, struct conn *c, bool blocked, ts_t now)
{
	if (!c->accepted)
		return;
	gateway_want(g, blocked ? WANT_PAUSE : WANT_RESUME)->flow = c->flow;
	set_blocked(g, c, blocked);
	if (g->n_blocked > BLOCKED_MAX)
		gateway_conn_close(g,
			LIST_OWNER(list_first(&g->blocked_conns), struct conn, blocked),
			WANT_DROP_FLOW, now);
}

#include <string.h>

#include "base/mem.h"
#include "gateway/private.h"

enum {
	HOP_DNS_FIRST = 1 << 30, /* the numbers below are the stream's */
	HOP_AGAIN_S = 5,
};

static void ask(struct gateway *g)
{
	struct locate_question q;

	while (locate_take_question(g->hop_locate, &q)) {
		struct want *w = gateway_want(g, WANT_DNS);

		w->dns_id = g->hop_dns_base + q.id;
		w->dns_type = q.type;
		memcpy(w->name, q.name, sizeof(w->name));
	}
}

static unsigned toward_listener(const struct gateway *g)
{
	return g->cfg.n_listens + 1;
}

/* Is one of the UDP sockets, bound or asked for, of the hop's family? */
static bool has_socket(const struct gateway *g)
{
	for (unsigned i = 0; i < g->cfg.n_listens; i++)
		if (g->cfg.listens[i].transport == TRANSPORT_UDP &&
			g->cfg.listens[i].addr.family == g->hop.addr.family)
			return true;
	return g->toward.family == g->hop.addr.family;
}

/* A socket of its own where no listener serves: bound to the address from which the hop is
 * reached. */
static void need_socket(struct gateway *g)
{
	if (!g->hop_known || g->hop.transport != TRANSPORT_UDP || has_socket(g))
		return;
	if (g->toward.family)
		gateway_want(g, WANT_UNLISTEN)->listener = toward_listener(g);
	g->toward = g->hop.addr;
	g->listeners[toward_listener(g)] = (struct listener){ .transport = TRANSPORT_UDP };
	struct want *w = gateway_want(g, WANT_LISTEN);
	w->listener = toward_listener(g);
	w->transport = TRANSPORT_UDP;
	w->toward = true;
	w->addr = g->hop.addr;
}

static void hop_next(struct gateway *g)
{
	g->hop_known = locate_take_target(g->hop_locate, &g->hop);
	g->hop_turn++;
	need_socket(g);
}

int gateway_hop_find(struct gateway *g, ts_t now)
{
	const struct locate_cfg cfg = {
		.uri = slice_str(g->cfg.next_hop),
		.can = { [TRANSPORT_UDP] = true, [TRANSPORT_TCP] = true },
		.fallback = TRANSPORT_UDP,
	};

	g->hop_locate = locate_free(g->hop_locate);
	g->hop_dns_base += LOCATE_QUESTIONS_MAX;
	g->hop_again = ts_add(now, TS_S(HOP_AGAIN_S));
	int err = locate_new(&g->hop_locate, &cfg, g->rng);
	if (err)
		return err;
	ask(g);
	hop_next(g);
	return 0;
}

void gateway_hop_dns(struct gateway *g, const struct fact *in, ts_t now)
{
	(void)now;
	if (!g->hop_locate || in->dns_id <= g->hop_dns_base)
		return;
	locate_push_answer(g->hop_locate, in->dns_id - g->hop_dns_base, in->dns);
	ask(g);
	if (!g->hop_known)
		hop_next(g);
	if (locate_state(g->hop_locate) != LOCATE_FAILED)
		return;
	struct locate_failure failure;
	locate_failure(g->hop_locate, &failure);
	struct buf *b = gateway_log(g, "sip", "next-hop-not-found");
	log_str(b, "name", slice_str(failure.name));
	log_str(b, "status", slice_str(dns_status_name(failure.status)));
	gateway_emit(g, GATEWAY_EV_LOG, LOG_LEVEL_ERROR);
}

void gateway_hop_failed(struct gateway *g, unsigned turn, ts_t now)
{
	if (turn != g->hop_turn)
		return;
	hop_next(g);
	if (!g->hop_known && now >= g->hop_again)
		gateway_hop_find(g, now);
}

/* The UDP socket that the next hop is written to: a listener of its family, or one of its own. */
unsigned gateway_hop_listener(const struct gateway *g)
{
	for (unsigned i = 1; i <= toward_listener(g); i++)
		if (g->listeners[i].transport == TRANSPORT_UDP &&
			g->listeners[i].local.family == g->hop.addr.family)
			return i;
	return 0;
}

int gateway_hop_init(struct gateway *g, ts_t now)
{
	g->hop_dns_base = HOP_DNS_FIRST;
	return gateway_hop_find(g, now);
}

/* The network to the hop may not be there yet, and the next target may be of another family. */
bool gateway_hop_listen_failed(struct gateway *g, const struct fact *in, ts_t now)
{
	char text[ADDR_TEXT_MAX];

	if (in->listener != toward_listener(g))
		return false;
	struct buf *b = gateway_log(g, "sip", "next-hop-not-reached");
	log_str(b, "address", slice_str(addr_text(&g->toward, text)));
	log_str(b, "error", slice_str(err_text(in->err)));
	gateway_emit(g, GATEWAY_EV_LOG, LOG_LEVEL_ERROR);
	g->toward.family = 0;
	gateway_hop_failed(g, g->hop_turn, now);
	return true;
}

static void connect_hop(struct gateway *g)
{
	struct conn *c = gateway_conn_new(g, ++g->next_flow);

	if (!c)
		return;
	c->origin =
		(struct origin){ .flow = c->flow, .transport = TRANSPORT_TCP, .peer = g->hop.addr };
	c->hop_turn = g->hop_turn;
	g->hop_conn = c;
	struct want *w = gateway_want(g, WANT_FLOW);
	w->flow = c->flow;
	w->transport = TRANSPORT_TCP;
	w->addr = g->hop.addr;
}

bool gateway_hop_path(struct gateway *g, struct origin *ret)
{
	if (g->hop.transport == TRANSPORT_TCP) {
		/* One that leads to the target before this one finishes what it has. */
		if (g->hop_conn && !addr_eq(&g->hop_conn->origin.peer, &g->hop.addr))
			g->hop_conn = NULL;
		if (!g->hop_conn)
			connect_hop(g);
		if (!g->hop_conn)
			return false;
		*ret = g->hop_conn->origin;
		return g->hop_conn->up;
	}
	unsigned listener = gateway_hop_listener(g);
	*ret = (struct origin){
		.listener = listener, .transport = TRANSPORT_UDP, .peer = g->hop.addr
	};
	if (listener)
		ret->local = g->listeners[listener].local;
	return listener != 0;
}

#include <string.h>

#include "base/mem.h"
#include "gateway/private.h"

enum {
	HOP_DNS_FIRST = 1 << 30, /* the numbers below are the stream's */
	HOP_AGAIN_S = 5,
};

static void ask(struct gateway *g)
{
	struct targets_question q;

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

static unsigned probe_listener(const struct gateway *g)
{
	return g->cfg.n_listens + 2;
}

/* The UDP listener of the configuration that the hop is written from: the first of its family. */
static const struct gateway_listen *listen_for_hop(const struct gateway *g)
{
	for (unsigned i = 0; i < g->cfg.n_listens; i++)
		if (g->cfg.listens[i].transport == TRANSPORT_UDP &&
			g->cfg.listens[i].addr.family == g->hop.addr.family)
			return &g->cfg.listens[i];
	return NULL;
}

static void want_toward(struct gateway *g, unsigned listener)
{
	struct want *w = gateway_want(g, WANT_LISTEN);

	w->listener = listener;
	w->transport = TRANSPORT_UDP;
	w->toward = true;
	w->addr = g->hop.addr;
}

/* Via names the address that a request leaves from (RFC 3261 section 18.1.1), and a wildcard is
 * none. A socket that is bound toward the hop knows it, and is not kept.  One at a time. */
static void probe(struct gateway *g)
{
	g->hop_local.family = 0;
	if (g->probed.family)
		return;
	g->probed = g->hop.addr;
	want_toward(g, probe_listener(g));
}

/* A socket of its own where no listener serves: bound to the address from which the hop is
 * reached. */
static void need_socket(struct gateway *g)
{
	if (!g->hop_known || g->hop.transport != TRANSPORT_UDP)
		return;
	const struct gateway_listen *l = listen_for_hop(g);
	if (l) {
		if (addr_is_wildcard(&l->addr))
			probe(g);
		return;
	}
	if (g->toward.family == g->hop.addr.family)
		return;
	if (g->toward.family)
		gateway_want(g, WANT_UNLISTEN)->listener = toward_listener(g);
	g->toward = g->hop.addr;
	g->listeners[toward_listener(g)] = (struct listener){ .transport = TRANSPORT_UDP };
	want_toward(g, toward_listener(g));
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
	g->hop_dns_base += TARGETS_QUESTIONS_MAX;
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
	if (locate_state(g->hop_locate) != TARGETS_FAILED)
		return;
	struct targets_failure failure;
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
unsigned gateway_hop_listener(const struct gateway *g, struct addr *local)
{
	unsigned i = 1;

	while (g->listeners[i].transport != TRANSPORT_UDP ||
		g->listeners[i].local.family != g->hop.addr.family)
		if (++i > toward_listener(g))
			return 0;
	*local = g->listeners[i].local;
	if (!addr_is_wildcard(local))
		return i;
	*local = g->hop_local;
	local->port = g->listeners[i].local.port;
	return local->family ? i : 0;
}

int gateway_hop_init(struct gateway *g, ts_t now)
{
	g->hop_dns_base = HOP_DNS_FIRST;
	return gateway_hop_find(g, now);
}

/* The answer to probe() is here.  False when it is about a target before this one. */
static bool end_probe(struct gateway *g)
{
	const bool current = g->hop_known && addr_eq(&g->probed, &g->hop.addr);

	g->probed.family = 0;
	if (!current)
		need_socket(g);
	return current;
}

bool gateway_hop_listen_up(struct gateway *g, const struct fact *in, ts_t now)
{
	if (in->listener != probe_listener(g))
		return false;
	gateway_want(g, WANT_UNLISTEN)->listener = in->listener;
	if (end_probe(g)) {
		g->hop_local = *in->local;
		gateway_uac_path_up(g, now);
	}
	return true;
}

/* The network to the hop may not be there yet, and the next target may be of another family. */
static void path_failed(struct gateway *g, const struct addr *toward, int err, ts_t now)
{
	char text[ADDR_TEXT_MAX];
	struct buf *b = gateway_log(g, "sip", "next-hop-not-reached");

	log_str(b, "address", slice_str(addr_text(toward, text)));
	log_str(b, "error", slice_str(err_text(err)));
	gateway_emit(g, GATEWAY_EV_LOG, LOG_LEVEL_ERROR);
	gateway_hop_failed(g, g->hop_turn, now);
	gateway_uac_path_failed(g, now);
}

bool gateway_hop_listen_failed(struct gateway *g, const struct fact *in, ts_t now)
{
	if (in->listener == probe_listener(g)) {
		if (end_probe(g))
			path_failed(g, &g->hop.addr, in->err, now);
		return true;
	}
	if (in->listener != toward_listener(g))
		return false;
	const struct addr toward = g->toward;
	g->toward.family = 0;
	path_failed(g, &toward, in->err, now);
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
	*ret = (struct origin){ .transport = TRANSPORT_UDP, .peer = g->hop.addr };
	ret->listener = gateway_hop_listener(g, &ret->local);
	return ret->listener != 0;
}

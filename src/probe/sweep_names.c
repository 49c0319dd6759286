#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/server.h"
#include "probe/sweep_private.h"

enum { IN_FLIGHT_MAX = 32 };

/* ---- questions ---- */

void sweep_names_ask(struct sweep *s)
{
	const struct questions *qs = &s->targets.questions;
	struct targets_question q;

	while (qs->n_taken - qs->n_answered < IN_FLIGHT_MAX &&
		targets_take_question(&s->targets, &q)) {
		struct want *w = outbox_want(&s->out, WANT_DNS);

		w->dns_id = q.id;
		w->dns_type = q.type;
		w->is_host = q.is_host;
		memcpy(w->name, q.name, sizeof(w->name));
	}
}

bool sweep_names_are_complete(const struct sweep *s)
{
	return s->targets.questions.n_answered == s->targets.questions.n;
}

void sweep_names_give_up(struct sweep *s)
{
	for (uint32_t i = 0; i < s->targets.questions.n_taken; i++)
		if (!s->targets.asked[i].answered)
			outbox_want(&s->out, WANT_DROP_DNS)->dns_id = i + 1;
}

/* ---- services ---- */

static struct targets_service service(
	enum sweep_kind kind, enum sweep_plan plan, enum targets_source source)
{
	return (struct targets_service){ .plan = plan,
		.kind = kind,
		.source = source,
		.transport = sweep_kind_info(kind)->transport };
}

static void add_srv(struct sweep *s, enum sweep_kind kind, enum sweep_plan plan, const char *domain)
{
	const struct targets_service sv = service(kind, plan, TARGETS_SRV);

	targets_add_srv(&s->targets, &sv, sweep_kind_info(kind)->name, domain);
}

/* One host at one port (0: the kind's), without any SRV record. */
static void add_host(struct sweep *s, enum sweep_kind kind, enum targets_source source,
	const char *host, uint16_t port)
{
	const struct sweep_kind_info *info = sweep_kind_info(kind);
	struct targets_service sv = service(kind, info->plan, source);

	/* As a test finds it: a pool's name is that of a host, a domain is none. */
	sv.is_host = source == TARGETS_GIVEN || s->cfg.side == SWEEP_POOL;
	/* Both families are asked for: there is no other that it could be of. */
	(void)targets_add_host(&s->targets, &sv, host, port ? port : info->port);
}

static bool is_numeric(const char *name)
{
	struct addr ignored;

	return addr_decode_ip(slice_str(name), &ignored);
}

/* ---- the pool ---- */

static int read_way(struct sweep *s, struct text *why)
{
	struct locate_way *w = &s->way;
	struct buf uri;

	buf_init(&uri, SIP_URI_MAX);
	server_put_registrar(&uri, s->cfg.server, slice_str(s->ascii), s->cfg.registrar_port);
	w->transport = s->cfg.server.n ? TRANSPORT_UDP : TRANSPORT_TLS;
	int err = buf_err(&uri) ? buf_err(&uri) : locate_read_way(w, buf_slice(&uri), false);
	buf_done(&uri);
	if (err && err != -ENOMEM) {
		*why = TEXT(N_("`{1}` is no SIP URI of a registrar"), text_str(s->server));
		err = ERR_CONFIG;
	}
	s->by_hand = w->port || w->numeric;
	w->asks_naptr |= s->by_hand; /* for who comes by the DNS */
	return err;
}

/* Where the registrar is named by hand, others still come by the pool's own records. */
static enum sweep_plan plan_of(const struct sweep *s, enum locate_kind kind)
{
	return !s->by_hand && locate_way_can(&s->way, kind) ? SWEEP_PLAN_SIP : SWEEP_PLAN_NONE;
}

static int init_pool(struct sweep *s, struct text *why)
{
	int err = read_way(s, why);

	if (err)
		return err;
	const enum sweep_kind own = sweep_kind_of(s->way.transport);
	const char *base = s->by_hand ? s->ascii : s->way.host;
	if (s->by_hand)
		add_host(s, own, TARGETS_GIVEN, s->way.host, s->way.port);
	if (is_numeric(base) || (s->by_hand && s->cfg.extent != SWEEP_ALL))
		return 0;
	questions_ask(&s->targets.questions, DNS_NAPTR, base);
	for (enum locate_kind k = 0; k < LOCATE_KINDS; k++)
		add_srv(s, (enum sweep_kind)k, plan_of(s, k), base);
	for (unsigned i = 0; i < s->cfg.n_domains; i++)
		add_srv(s, SWEEP_SIP_FEDERATION, SWEEP_PLAN_NONE, s->domains[i]);
	/* Beside the records, not after them: a round trip saved where there are none. */
	if (!s->by_hand)
		add_host(s, own, TARGETS_FALLBACK, base, 0);
	return 0;
}

/* ---- the partner ---- */

/* A server of that kind that is named by hand: 1 when there is one. */
static int add_by_hand(struct sweep *s, enum sweep_kind kind, struct slice server, struct text *why)
{
	char host[256] = "";
	uint16_t port = 0;

	if (server.n == 0)
		return 0;
	if (!server_read(server, host, &port) || !host[0]) {
		*why = TEXT(N_("the server `{1}` is not HOST or HOST:PORT"), text_slice(server));
		return ERR_CONFIG;
	}
	add_host(s, kind, TARGETS_GIVEN, host, port);
	return 1;
}

/* The servers for clients, or those for other servers: `direct` and `plain` are their kinds. */
static int add_partner_plan(struct sweep *s, enum sweep_kind direct, enum sweep_kind plain,
	struct slice server, struct text *why)
{
	const enum sweep_plan plan = sweep_kind_info(plain)->plan;

	if (!sweep_has_plan(s, plan))
		return 0;
	const int by_hand = add_by_hand(s, plain, server, why);
	if (by_hand < 0)
		return by_hand;
	if (by_hand && s->cfg.extent != SWEEP_ALL)
		return 0;
	if (!is_numeric(s->ascii)) {
		add_srv(s, direct, by_hand ? SWEEP_PLAN_NONE : plan, s->ascii);
		add_srv(s, plain, by_hand ? SWEEP_PLAN_NONE : plan, s->ascii);
	}
	add_host(s, plain, TARGETS_FALLBACK, s->ascii, 0);
	return 0;
}

static int init_partner(struct sweep *s, struct text *why)
{
	const int err =
		add_partner_plan(s, SWEEP_XMPPS_CLIENT, SWEEP_XMPP_CLIENT, s->cfg.server, why);

	return err ? err
		   : add_partner_plan(
			     s, SWEEP_XMPPS_SERVER, SWEEP_XMPP_SERVER, s->cfg.peer_server, why);
}

int sweep_names_init(struct sweep *s, struct text *why)
{
	const bool pool = s->cfg.side == SWEEP_POOL;

	targets_init(&s->targets, s->ascii, 0, !pool, NULL);
	return pool ? init_pool(s, why) : init_partner(s, why);
}

/* ---- answers ---- */

static void push_naptr(struct sweep *s, struct question *q, const struct dns_answer *a)
{
	const bool have_say = s->way.asks_naptr;
	unsigned plans[LOCATE_KINDS];

	for (enum locate_kind k = 0; k < LOCATE_KINDS; k++)
		plans[k] = have_say ? plan_of(s, k) : SWEEP_PLAN_NONE;
	locate_push_naptr(&s->targets, q, a, plans, have_say);
}

static int by_number(const void *pa, const void *pb)
{
	return memcmp(((const struct addr *)pa)->ip, ((const struct addr *)pb)->ip, 16);
}

void sweep_names_answer(struct sweep *s, uint32_t id, const struct dns_answer *a)
{
	struct question *q = targets_push_answer(&s->targets, id, a);

	if (!q)
		return;
	if (q->type == DNS_NAPTR) {
		push_naptr(s, q, a);
	} else if (q->type != DNS_SRV) {
		s->result.left_out_addresses += q->n_usable - q->n_addresses;
		qsort(q->addresses, q->n_addresses, sizeof(q->addresses[0]), by_number);
	}
}

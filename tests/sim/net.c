#include "net.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
	MEMBERS_MAX = 4,
	LISTENERS_MAX = 64,
	FLOWS_MAX = 256,
	FIRST_PORT = 20000,
};

struct member {
	struct engine e;
	void (*drained)(void *arg);
	void *arg;
};

struct listener {
	struct member *m;
	uint32_t id;
	bool udp;
	struct addr addr;
};

/* One connection: two ends, each with its engine's number for it. */
struct flow {
	bool open[2];
	struct member *m[2];
	flow_t id[2];
	struct addr addr[2];
	ts_t last[2];      /* when what was sent last to this end arrives: bytes never overtake */
	ts_t wants_tls[2]; /* since when; 0: not */
};

struct event {
	struct event *next;
	ts_t at;
	unsigned long order;
	struct member *m;
	struct flow *flow; /* dropped when that end is closed before */
	int end;
	struct fact in;
	struct addr local, peer;
	struct dns_answer dns;
	struct tls_facts tls;
	uint8_t *bytes;
};

struct net {
	struct net_cfg cfg;
	struct rng rng;
	ts_t now;
	struct member members[MEMBERS_MAX];
	unsigned n_members;
	struct listener listeners[LISTENERS_MAX];
	unsigned n_listeners;
	struct flow flows[FLOWS_MAX];
	unsigned n_flows;
	struct event *events; /* ordered */
	uint16_t next_port;
	flow_t next_accepted;
	unsigned long steps, order;
	const void *far; /* NULL: nobody is nearer than others */
};

struct net *net_new(const struct net_cfg *cfg)
{
	struct net *n = calloc(1, sizeof(*n));

	assert(n);
	n->cfg = *cfg;
	n->now = TS_S(1000);
	n->next_port = FIRST_PORT;
	rng_init_number(&n->rng, cfg->seed);
	return n;
}

struct net *net_free(struct net *n)
{
	for (struct event *e = n->events, *next; e; e = next) {
		next = e->next;
		free(e->bytes);
		free(e);
	}
	free(n);
	return NULL;
}

struct rng *net_rng(struct net *n)
{
	return &n->rng;
}

ts_t net_now(const struct net *n)
{
	return n->now;
}

unsigned long net_steps(const struct net *n)
{
	return n->steps;
}

void net_set_far(struct net *n, const void *self)
{
	n->far = self;
}

static ts_t delay(struct net *n, const struct member *from, const struct member *to)
{
	ts_t span = n->cfg.delay_max - n->cfg.delay_min;

	if (n->far && from->e.self != n->far && to->e.self != n->far)
		return 0;
	return n->cfg.delay_min + (span ? rng_below(&n->rng, (uint32_t)span + 1) : 0);
}

static bool chance(struct net *n, unsigned percent)
{
	return rng_below(&n->rng, 100) < percent;
}

static struct event *schedule(struct net *n, struct member *m, ts_t at, const struct fact *in)
{
	struct event *e = calloc(1, sizeof(*e)), **place = &n->events;

	assert(e);
	e->at = at;
	e->order = n->order++;
	e->m = m;
	e->in = *in;
	if (in->bytes.n) {
		e->bytes = malloc(in->bytes.n);
		assert(e->bytes);
		memcpy(e->bytes, in->bytes.p, in->bytes.n);
		e->in.bytes.p = e->bytes;
	}
	while (*place && (*place)->at <= at)
		place = &(*place)->next;
	e->next = *place;
	*place = e;
	return e;
}

static void set_ends(struct event *e, const struct addr *local, const struct addr *peer)
{
	e->local = *local;
	e->peer = *peer;
	e->in.local = &e->local;
	e->in.peer = &e->peer;
}

static struct listener *find_listener(struct net *n, bool udp, const struct addr *a)
{
	for (unsigned i = 0; i < n->n_listeners; i++)
		if (n->listeners[i].udp == udp && addr_eq(&n->listeners[i].addr, a))
			return &n->listeners[i];
	return NULL;
}

static struct listener *own_listener(struct net *n, const struct member *m, uint32_t id)
{
	for (unsigned i = 0; i < n->n_listeners; i++)
		if (n->listeners[i].m == m && n->listeners[i].id == id)
			return &n->listeners[i];
	return NULL;
}

/* ---- datagrams ---- */

static void send_datagram(struct net *n, struct member *m, const struct output *o)
{
	struct listener *from = own_listener(n, m, o->listener);
	struct listener *to = find_listener(n, true, &o->peer);
	unsigned copies =
		chance(n, n->cfg.loss_percent) ? 0 : 1 + chance(n, n->cfg.duplicate_percent);

	assert(from);
	if (!to) { /* nothing listens there: an ICMP error comes back */
		const struct fact in = {
			.type = FACT_DATAGRAM_FAILED, .listener = from->id, .err = ECONNREFUSED
		};
		set_ends(schedule(n, m, n->now + 2 * delay(n, m, m), &in), &from->addr, &o->peer);
		return;
	}
	for (unsigned i = 0; i < copies; i++) {
		const struct fact in = {
			.type = FACT_DATAGRAM, .listener = to->id, .bytes = o->bytes
		};
		set_ends(schedule(n, to->m, n->now + delay(n, m, to->m), &in), &to->addr,
			&from->addr);
	}
}

/* ---- connections ---- */

static struct flow *find_flow(struct net *n, const struct member *m, flow_t id, int *end)
{
	for (unsigned i = 0; i < n->n_flows; i++)
		for (int k = 0; k < 2; k++)
			if (n->flows[i].open[k] && n->flows[i].m[k] == m &&
				n->flows[i].id[k] == id) {
				*end = k;
				return &n->flows[i];
			}
	return NULL;
}

static void to_end(struct net *n, struct flow *f, int end, struct fact in)
{
	ts_t at = n->now + delay(n, f->m[0], f->m[1]);

	f->last[end] = at > f->last[end] ? at : f->last[end];
	in.flow = f->id[end];
	struct event *e = schedule(n, f->m[end], f->last[end], &in);
	e->flow = f;
	e->end = end;
	set_ends(e, &f->addr[end], &f->addr[!end]);
}

static void connect_flow(struct net *n, struct member *m, const struct want *w)
{
	struct listener *l = find_listener(n, false, &w->addr);
	struct addr local = { .family = 4, .port = n->next_port++, .ip = { 127, 0, 0, 1 } };
	const ts_t before = n->now;

	if (!l) {
		const struct fact in = { .type = FACT_FLOW_FAILED,
			.flow = w->flow,
			.err = ECONNREFUSED,
			.step = FLOW_STEP_CONNECT };
		set_ends(schedule(n, m, n->now + 2 * delay(n, m, m), &in), &local, &w->addr);
		return;
	}
	assert(n->n_flows < FLOWS_MAX);
	struct flow *f = &n->flows[n->n_flows++];
	*f = (struct flow){ .open = { true, true },
		.m = { m, l->m },
		.id = { w->flow, FLOW_ACCEPTED_BIT | ++n->next_accepted },
		.addr = { local, l->addr } };
	to_end(n, f, 1, (struct fact){ .type = FACT_FLOW_ACCEPTED, .listener = l->id });
	n->now = f->last[1]; /* what goes back leaves when that has arrived */
	to_end(n, f, 0, (struct fact){ .type = FACT_FLOW_UP });
	n->now = before;
	if (n->cfg.cut_after) {
		const struct fact cut = { .type = FACT_FLOW_FAILED,
			.err = ECONNRESET,
			.step = FLOW_STEP_OPEN,
			.flow = f->id[0] };
		for (int k = 0; k < 2; k++) {
			struct fact in = cut;

			in.flow = f->id[k];
			struct event *e = schedule(n, f->m[k], n->now + n->cfg.cut_after, &in);
			e->flow = f;
			e->end = k;
			set_ends(e, &f->addr[k], &f->addr[!k]);
		}
		n->cfg.cut_after = 0;
	}
}

static void close_end(struct net *n, struct member *m, flow_t id, bool reset)
{
	int end;
	struct flow *f = find_flow(n, m, id, &end);

	if (!f)
		return;
	f->open[end] = false;
	if (!f->open[!end])
		return;
	to_end(n, f, !end,
		(struct fact){ .type = reset ? FACT_FLOW_FAILED : FACT_FLOW_EOF,
			.step = FLOW_STEP_OPEN,
			.err = reset ? ECONNRESET : 0 });
}

static void send_bytes(struct net *n, struct member *m, const struct output *o)
{
	int end;
	struct flow *f = find_flow(n, m, o->flow, &end);

	if (f && f->open[!end])
		to_end(n, f, !end, (struct fact){ .type = FACT_FLOW_BYTES, .bytes = o->bytes });
}

/* ---- TLS: the times of a handshake of 1.3, and no cryptography ---- */

static void tls_up(struct net *n, struct flow *f, int end, ts_t at)
{
	static const struct tls_facts facts = { .version = "TLSv1.3",
		.cipher = "simulated",
		.exporter = "the same at both ends",
		.n_exporter = 32 };
	const struct fact in = { .type = FACT_TLS_UP, .flow = f->id[end] };

	f->last[end] = at > f->last[end] ? at : f->last[end];
	struct event *e = schedule(n, f->m[end], f->last[end], &in);
	e->flow = f;
	e->end = end;
	e->tls = facts;
	e->in.tls = &e->tls;
	set_ends(e, &f->addr[end], &f->addr[!end]);
}

/* ClientHello, then all that the server has, then Finished: the connecting end is up after one
 * round trip, the other half a one later. */
static void want_tls(struct net *n, struct member *m, flow_t id)
{
	int end;
	struct flow *f = find_flow(n, m, id, &end);

	if (!f)
		return;
	f->wants_tls[end] = n->now;
	if (!f->wants_tls[!end])
		return;
	const ts_t there = f->wants_tls[0] + delay(n, f->m[0], f->m[1]);
	const ts_t begins = there > f->wants_tls[1] ? there : f->wants_tls[1];
	const ts_t up = begins + delay(n, f->m[0], f->m[1]);
	tls_up(n, f, 0, up);
	tls_up(n, f, 1, up + delay(n, f->m[0], f->m[1]));
}

/* ---- wants ---- */

static void listen_at(struct net *n, struct member *m, const struct want *w)
{
	struct addr a = w->addr;
	const struct fact in = { .type = FACT_LISTEN_UP, .listener = w->listener };

	if (w->toward || a.port == 0)
		a = (struct addr){ .family = 4, .port = n->next_port++, .ip = { 127, 0, 0, 1 } };
	assert(n->n_listeners < LISTENERS_MAX);
	n->listeners[n->n_listeners++] =
		(struct listener){ m, w->listener, w->transport == TRANSPORT_UDP, a };
	set_ends(schedule(n, m, n->now, &in), &a, &a);
}

static void do_want(struct net *n, struct member *m, const struct want *w)
{
	switch (w->type) {
	case WANT_FLOW: connect_flow(n, m, w); break;
	case WANT_LISTEN: listen_at(n, m, w); break;
	case WANT_CLOSE_FLOW:
	case WANT_DROP_FLOW: close_end(n, m, w->flow, w->reset); break;
	case WANT_DNS: {
		const struct fact in = { .type = FACT_DNS, .dns_id = w->dns_id };
		struct event *e = schedule(n, m, n->now + delay(n, m, m), &in);

		e->dns = (struct dns_answer){ .status = DNS_NXDOMAIN };
		e->in.dns = &e->dns;
		break;
	}
	case WANT_TLS: want_tls(n, m, w->flow); break;
	case WANT_UNLISTEN:
	case WANT_PAUSE:
	case WANT_RESUME:
	case WANT_DROP_DNS: break;
	}
}

static void drain(struct net *n, struct member *m)
{
	struct output out;
	struct want want;

	for (;;) {
		while (m->e.ops->take_output(m->e.self, &out)) {
			if (out.flow)
				send_bytes(n, m, &out);
			else
				send_datagram(n, m, &out);
		}
		if (m->drained)
			m->drained(m->arg);
		if (!m->e.ops->take_want(m->e.self, &want))
			return;
		do_want(n, m, &want);
	}
}

void net_add(struct net *n, struct engine e, void (*drained)(void *arg), void *arg)
{
	assert(n->n_members < MEMBERS_MAX);
	struct member *m = &n->members[n->n_members++];

	*m = (struct member){ e, drained, arg };
	drain(n, m);
}

/* ---- time ---- */

static void deliver(struct net *n, struct event *e)
{
	bool alive = !e->flow || e->flow->open[e->end];

	if (alive) {
		if (e->in.type == FACT_FLOW_FAILED && e->flow)
			e->flow->open[e->end] = false;
		e->m->e.ops->push(e->m->e.self, &e->in, n->now);
		drain(n, e->m);
	}
	free(e->bytes);
	free(e);
}

static struct member *earliest(struct net *n, ts_t *at)
{
	struct member *first = NULL;

	*at = TS_NEVER;
	for (unsigned i = 0; i < n->n_members; i++) {
		ts_t d = n->members[i].e.ops->deadline(n->members[i].e.self);

		if (d < *at) {
			*at = d;
			first = &n->members[i];
		}
	}
	return first;
}

bool net_run(struct net *n, const bool *stop, ts_t limit)
{
	while (!*stop) {
		ts_t due;
		struct member *m = earliest(n, &due);
		struct event *e = n->events;
		ts_t at = e && e->at <= due ? e->at : due;

		if (at == TS_NEVER)
			return true;
		n->now = at > n->now ? at : n->now;
		if (n->now > limit)
			return false;
		n->steps++;
		if (e && e->at <= due) {
			n->events = e->next;
			deliver(n, e);
			continue;
		}
		m->e.ops->push_time(m->e.self, n->now);
		drain(n, m);
	}
	return true;
}

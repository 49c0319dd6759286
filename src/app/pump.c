#include "app/pump.h"

#include <stdlib.h>
#include <unistd.h>

#include "app/pump_private.h"
#include "base/err.h"
#include "base/mem.h"

enum {
	FLUSH_LAST_MS = 1000, /* for what was written before pump_stop() */
	ACCEPTS_MAX = 64,     /* of one listener in one wake-up */
	SERIAL_SHIFT = 32,    /* a question's number in the resolver: its engine's serial above */
	WALL_CHECK_S = 10,
	WALL_JUMP_MS = 50, /* the wall clock was set, rather than slewed */
};

/* ---- from engines to sockets ---- */

static void write_output(struct pump *p, struct member *m, const struct output *o)
{
	if (o->flow) {
		struct link *l = pump_find_link(p, m, o->flow);

		if (l)
			flow_write(l->flow, o->bytes);
		return;
	}
	struct listener *l = pump_find_listener(m, o->listener);
	if (l && l->udp)
		datagram_send(l->udp, &o->local, &o->peer, o->bytes);
}

static void want_flow(struct pump *p, struct member *m, const struct want *w)
{
	struct link *l = pump_add_link(p, m, w->flow);
	int err = l ? flow_connect(&l->flow, &p->flows, w->flow, &w->addr, l) : -ENOMEM;

	if (!err)
		return;
	if (l)
		pump_remove_link(p, l);
	/* On loopback the far side's refusal is here before connect() returns; anything else that
	 * comes at once is this machine's own. */
	const struct fact in = { .type = FACT_FLOW_FAILED,
		.flow = w->flow,
		.err = -err,
		.here = err != -ECONNREFUSED && err != -ECONNRESET,
		.step = FLOW_STEP_CONNECT,
		.peer = &w->addr,
		.local = &w->addr };
	pump_push_later(p, m, &in);
}

/* ---- wants ---- */

static uint64_t question_id(const struct member *m, uint32_t dns_id)
{
	return (uint64_t)m->serial << SERIAL_SHIFT | dns_id;
}

static void want_dns(struct pump *p, struct member *m, const struct want *w)
{
	static const struct dns_answer failed = { .status = DNS_CANCELLED };

	if (resolver_ask(
		    p->resolver, question_id(m, w->dns_id), w->dns_type, w->name, w->is_host) == 0)
		return;
	const struct fact in = { .type = FACT_DNS, .dns_id = w->dns_id, .dns = &failed };
	pump_push_later(p, m, &in);
}

static void want_on_flow(struct pump *p, struct member *m, const struct want *w)
{
	struct link *l = pump_find_link(p, m, w->flow);

	if (!l)
		return; /* it failed meanwhile; the fact is told or on its way */
	switch (w->type) {
	case WANT_TLS: flow_start_tls(l->flow, &w->tls); break;
	case WANT_PAUSE: flow_pause(l->flow, true); break;
	case WANT_RESUME: flow_pause(l->flow, false); break;
	case WANT_CLOSE_FLOW:
		flow_close(l->flow);
		pump_remove_link(p, l);
		break;
	case WANT_DROP_FLOW:
		if (w->reset)
			flow_reset(l->flow);
		else
			flow_drop(l->flow);
		pump_remove_link(p, l);
		break;
	case WANT_FLOW:
	case WANT_LISTEN:
	case WANT_UNLISTEN:
	case WANT_DNS:
	case WANT_DROP_DNS: break;
	}
}

static void do_want(struct pump *p, struct member *m, const struct want *w)
{
	switch (w->type) {
	case WANT_FLOW: want_flow(p, m, w); break;
	case WANT_TLS:
	case WANT_PAUSE:
	case WANT_RESUME:
	case WANT_CLOSE_FLOW:
	case WANT_DROP_FLOW: want_on_flow(p, m, w); break;
	case WANT_LISTEN: pump_listen(p, m, w); break;
	case WANT_UNLISTEN: {
		struct listener *l = pump_find_listener(m, w->listener);
		if (l)
			pump_unlisten(l);
		break;
	}
	case WANT_DNS: want_dns(p, m, w); break;
	case WANT_DROP_DNS: resolver_drop(p->resolver, question_id(m, w->dns_id)); break;
	}
}

/* Outputs of one push go out before its wants are acted on: a handshake begins behind <proceed/>.
 * The owner may stop the pump in drained(), or remove the engine. */
static void drain(struct pump *p, struct member *m)
{
	const uint32_t serial = m->serial;
	struct output out;
	struct want want;

	while (m->e.ops->take_output(m->e.self, &out))
		write_output(p, m, &out);
	while (m->e.ops->take_want(m->e.self, &want))
		do_want(p, m, &want);
	if (m->guest && m->guest->cfg.drained)
		m->guest->cfg.drained(m->guest->cfg.arg);
	if (p->cfg.drained)
		p->cfg.drained(p->cfg.arg);
	if (!m->in_use || m->serial != serial)
		return;
	/* What the owner made the engine say. */
	while (m->e.ops->take_output(m->e.self, &out))
		write_output(p, m, &out);
	while (m->e.ops->take_want(m->e.self, &want))
		do_want(p, m, &want);
	if (m->guest)
		pump_arm_guest(p, m->guest);
}

static void pump_push(struct pump *p, struct member *m, const struct fact *in)
{
	if (!m->in_use)
		return;
	m->e.ops->push(m->e.self, in, loop_now(p->loop));
	drain(p, m);
}

static void push_those_of_later(struct pump *p)
{
	for (struct later *l; (l = LIST_FIRST(&p->later, struct later, node));) {
		list_remove(&l->node);
		if (l->m->serial == l->serial)
			pump_push(p, l->m, &l->in);
		mem_free(l);
	}
}

/* ---- from sockets to engines ---- */

static void on_flow(void *arg, struct flow *f, const struct fact *in)
{
	struct pump *p = arg;
	struct link *l = flow_owner(f);
	struct member *m = l->m;

	if (in->type == FACT_FLOW_FAILED)
		pump_remove_link(p, l);
	pump_push(p, m, in);
}

static void on_datagram(void *arg, struct datagram *d, const struct fact *in)
{
	struct listener *l = datagram_owner(d);

	if (!l->dead)
		pump_push(arg, l->m, in);
}

static void on_answer(void *arg, uint64_t id, const struct dns_answer *answer)
{
	struct pump *p = arg;
	const struct fact in = { .type = FACT_DNS, .dns_id = (uint32_t)id, .dns = answer };
	struct member *m = pump_find_member(p, (uint32_t)(id >> SERIAL_SHIFT));

	if (m)
		pump_push(p, m, &in);
}

/* ---- one wake-up ---- */

/* NULL: nobody is in that place. */
static struct member *member_at(struct pump *p, unsigned i)
{
	return p->members[i].in_use ? &p->members[i] : NULL;
}

static void accept_from(struct pump *p, struct listener *l)
{
	struct fact in;
	int err = 0;

	for (unsigned i = 0; i < ACCEPTS_MAX && !l->dead && err != -EAGAIN; i++) {
		err = pump_accept(p, l, &in);
		if (!err)
			pump_push(p, l->m, &in);
	}
}

static void accept_from_all(struct pump *p)
{
	for (struct listener *l; (l = pump_take_ready(p));)
		accept_from(p, l);
	pump_resume_accepting(p);
}

static void push_signals(struct pump *p)
{
	const struct fact in = { .type = FACT_STOP };
	const unsigned n = loop_signals(p->loop, LOOP_STOP);
	struct list *g, *t;

	if (n == p->signals_seen)
		return;
	if (p->interrupted)
		p->stopping = true; /* the second one: at once */
	p->signals_seen = n;
	p->interrupted = true;
	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++)
		if (member_at(p, i))
			pump_push(p, member_at(p, i), &in);
	/* One that is dismissed meanwhile stays on the list until the next wake-up. */
	LIST_EACH(g, t, &p->guests.all)
	{
		pump_push(p, &LIST_OWNER(g, struct pump_guest, all)->m, &in);
	}
}

static void push_time(struct pump *p)
{
	ts_t now = loop_now(p->loop);
	struct list due;

	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++) {
		struct member *m = member_at(p, i);

		if (!m || m->e.ops->deadline(m->e.self) > now)
			continue;
		m->e.ops->push_time(m->e.self, now);
		drain(p, m);
	}
	pump_take_due(p, now, &due);
	for (struct pump_guest *g; (g = LIST_FIRST(&due, struct pump_guest, state));) {
		list_remove(&g->state);
		g->m.e.ops->push_time(g->m.e.self, now);
		drain(p, &g->m);
	}
}

/* One that came after it was set knows it already. */
static void tell_wall(struct pump *p, struct member *m, int64_t wall)
{
	const int64_t jump = (int64_t)TS_MS(WALL_JUMP_MS);

	if (!m->in_use || (wall - m->wall < jump && m->wall - wall < jump))
		return;
	m->wall = wall;
	pump_push(p, m, &(struct fact){ .type = FACT_CLOCK, .wall = wall });
}

/* A clock that was set is told; one that is slewed is true enough. */
static void check_wall(struct pump *p)
{
	ts_t now = loop_now(p->loop);
	struct list *n, *t;

	if (now < p->wall_check_at)
		return;
	p->wall_check_at = ts_add(now, TS_S(WALL_CHECK_S));
	const int64_t wall = pump_wall_offset(p);
	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++)
		if (member_at(p, i))
			tell_wall(p, member_at(p, i), wall);
	LIST_EACH(n, t, &p->guests.all)
	{
		tell_wall(p, &LIST_OWNER(n, struct pump_guest, all)->m, wall);
	}
}

/* Flushing can tell facts (blocked, failed), and these make new output: it is ready at once. */
static void flush(struct pump *p)
{
	flows_flush(&p->flows);
	datagrams_flush(&p->datagrams);
}

static ts_t next_deadline(struct pump *p)
{
	ts_t at = ts_min(flows_deadline(&p->flows), resolver_deadline(p->resolver));

	if (p->err || !list_empty(&p->later) || flows_ready(&p->flows) ||
		datagrams_ready(&p->datagrams))
		return 0;
	at = ts_min(at, pump_accept_deadline(p));
	at = ts_min(at, timers_deadline(&p->guests.timers));
	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++) {
		const struct member *m = member_at(p, i);

		if (m)
			at = ts_min(at, m->e.ops->deadline(m->e.self));
	}
	return at;
}

static int wake(struct pump *p, ts_t until)
{
	int err = loop_wait(p->loop, until);

	if (err)
		return err;
	push_signals(p);
	push_those_of_later(p);
	pump_reap_guests(p);
	check_wall(p);
	datagrams_process(&p->datagrams);
	flows_process(&p->flows);
	accept_from_all(p);
	resolver_process(p->resolver);
	push_time(p);
	if (p->cfg.woken)
		p->cfg.woken(p->cfg.arg);
	flush(p);
	pump_close_listeners(p);
	flows_reap(&p->flows);
	return p->err;
}

int pump_run(struct pump *p)
{
	int err = 0;

	while (!err && !p->stopping)
		err = wake(p, next_deadline(p));
	/* What was written last (a clean-up, an end of stream) leaves before the sockets close. */
	ts_t last = ts_add(loop_now(p->loop), TS_MS(FLUSH_LAST_MS));
	while (!err && flows_pending(&p->flows) && loop_now(p->loop) < last)
		err = wake(p, ts_min(last, next_deadline(p)));
	p->stopping = false;
	return err;
}

void pump_stop(struct pump *p)
{
	p->stopping = true;
}

bool pump_was_interrupted(const struct pump *p)
{
	return p->interrupted;
}

/* ---- life ---- */

static void seed(struct pump *p)
{
	uint8_t bytes[32];

	getentropy(bytes, sizeof(bytes)); /* cannot fail for so few */
	rng_init(&p->rng, bytes);
}

int pump_new(struct pump **ret, const struct pump_cfg *cfg)
{
	struct pump *p = mem_alloc0(sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->cfg = *cfg;
	pump_listen_init(p);
	list_init(&p->later);
	p->flows.loop = NULL;
	seed(p);
	map_init(&p->links, PUMP_FLOWS_MAX, &p->rng);
	pump_members_init(p);
	const struct resolver_cfg names = {
		.servers = { cfg->dns }, .search = !cfg->dns.family, .answer = on_answer, .arg = p
	};
	int err = loop_new(&p->loop);
	if (!err)
		err = trust_new(&p->trust);
	if (!err)
		err = flows_init(&p->flows, p->loop, p->trust, on_flow, p);
	if (!err)
		err = datagrams_init(&p->datagrams, p->loop, on_datagram, p);
	if (!err)
		err = resolver_new(&p->resolver, p->loop, &names);
	if (err) {
		pump_free(p);
		return err;
	}
	*ret = p;
	return 0;
}

struct pump *pump_free(struct pump *p)
{
	if (!p)
		return NULL;
	resolver_free(p->resolver);
	for (struct later *l; (l = LIST_FIRST(&p->later, struct later, node));) {
		list_remove(&l->node);
		mem_free(l);
	}
	pump_members_done(p);
	pump_close_listeners(p);
	map_done(&p->links);
	if (p->flows.loop)
		flows_done(&p->flows);
	datagrams_done(&p->datagrams);
	trust_free(p->trust);
	loop_free(p->loop);
	return mem_free(p);
}

struct trust *pump_trust(struct pump *p)
{
	return p->trust;
}

struct loop *pump_loop(struct pump *p)
{
	return p->loop;
}

ts_t pump_now(struct pump *p)
{
	return loop_now(p->loop);
}

void pump_use_dns(struct pump *p, const struct addr *server)
{
	resolver_use(p->resolver, server);
}

void pump_jump_clock(struct pump *p, ts_t ahead)
{
	p->wall_ahead += (int64_t)ahead;
	p->wall_check_at = 0;
}

int pump_add(struct pump *p, struct engine e)
{
	/* From its first want on an engine has something to end: a signal is a fact for it. */
	int err = loop_catch(p->loop, LOOP_STOP);

	if (err)
		return err;
	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++) {
		struct member *m = &p->members[i];

		if (m->in_use)
			continue;
		pump_begin_member(p, m, e);
		const struct fact in = { .type = FACT_CLOCK, .wall = m->wall };
		drain(p, m);
		pump_push(p, m, &in);
		return 0;
	}
	return -ENOBUFS;
}

void pump_remove(struct pump *p, struct engine e)
{
	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++) {
		struct member *m = member_at(p, i);

		if (m && m->e.self == e.self)
			pump_end_member(p, m);
	}
}

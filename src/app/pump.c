#include "app/pump.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/datagram.h"
#include "net/flow.h"
#include "net/resolver.h"
#include "net/sock.h"

enum {
	LISTENERS_MAX = 32,
	FLOWS_MAX = 65536,
	ACCEPTS_MAX = 64, /* of one listener in one wake-up */
	FLUSH_LAST_MS = 1000,
	DNS_SHIFT = 32, /* a question's number in the resolver: the engine's above, its own below */
};

struct member {
	struct engine e;
	bool in_use;
};

struct listener {
	bool in_use, dead;
	uint32_t id;
	struct member *m;
	struct datagram *udp; /* or */
	int fd;               /* TCP */
	struct event *ev;
	bool ready;
	struct addr local;
};

/* From (engine, flow) to the socket. */
struct link {
	struct map_node node;
	struct {
		uintptr_t engine;
		flow_t flow;
	} key;
	struct flow *flow;
	struct member *m;
};

struct pump {
	struct pump_cfg cfg;
	struct loop *loop;
	struct trust *trust;
	struct resolver *resolver;
	struct flows flows;
	struct datagrams datagrams;
	struct map links;
	struct rng rng;
	struct member members[PUMP_ENGINES_MAX];
	struct listener listeners[LISTENERS_MAX];
	flow_t next_accepted;
	bool stopping;
	unsigned signals_seen;
	bool interrupted;
};

/* ---- from engines to sockets ---- */

static struct link *find_link(struct pump *p, const struct member *m, flow_t id)
{
	struct link wanted = { .key = { (uintptr_t)m, id } };
	struct map_node *n = map_find(&p->links, slice_of(&wanted.key, sizeof(wanted.key)));

	return n ? LIST_OWNER(n, struct link, node) : NULL;
}

static struct link *add_link(struct pump *p, struct member *m, flow_t id)
{
	struct link *l = mem_alloc0(sizeof(*l));

	if (!l)
		return NULL;
	l->key.engine = (uintptr_t)m;
	l->key.flow = id;
	l->m = m;
	if (map_insert(&p->links, &l->node, slice_of(&l->key, sizeof(l->key))))
		return mem_free(l);
	return l;
}

static void remove_link(struct pump *p, struct link *l)
{
	map_remove(&p->links, &l->node);
	mem_free(l);
}

static struct listener *find_listener(struct pump *p, const struct member *m, uint32_t id)
{
	for (unsigned i = 0; i < LISTENERS_MAX; i++) {
		struct listener *l = &p->listeners[i];

		if (l->in_use && !l->dead && l->m == m && l->id == id)
			return l;
	}
	return NULL;
}

static void push(struct pump *p, struct member *m, const struct fact *in);

static void write_output(struct pump *p, struct member *m, const struct output *o)
{
	if (o->flow) {
		struct link *l = find_link(p, m, o->flow);

		if (l)
			flow_write(l->flow, o->bytes);
		return;
	}
	struct listener *l = find_listener(p, m, o->listener);
	if (l && l->udp)
		datagram_send(l->udp, &o->peer, o->bytes);
}

static void want_flow(struct pump *p, struct member *m, const struct want *w)
{
	struct link *l = add_link(p, m, w->flow);
	int err = l ? flow_connect(&l->flow, &p->flows, w->flow, &w->addr, l) : -ENOMEM;

	if (!err)
		return;
	if (l)
		remove_link(p, l);
	const struct fact in = { .type = FACT_FLOW_FAILED,
		.flow = w->flow,
		.err = -err,
		.step = FLOW_STEP_CONNECT,
		.peer = &w->addr,
		.local = &w->addr };
	push(p, m, &in);
}

/* ---- listening ---- */

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	l->ready = true;
}

static int listen_tcp(struct pump *p, struct listener *l, const struct addr *addr)
{
	l->fd = sock_open(addr, SOCK_STREAM);
	if (l->fd < 0)
		return l->fd;
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	int err = sock_bind(l->fd, addr);
	if (!err && listen(l->fd, SOMAXCONN) < 0)
		err = -errno;
	if (!err)
		err = sock_local(l->fd, &l->local);
	if (err)
		return err;
	l->ev = event_new(loop_base(p->loop), l->fd, EV_READ | EV_PERSIST, on_connection, l);
	return l->ev && event_add(l->ev, NULL) == 0 ? 0 : -ENOMEM;
}

static void close_listener(struct listener *l)
{
	datagram_free(l->udp);
	if (l->ev)
		event_free(l->ev);
	if (l->fd >= 0)
		close(l->fd);
	*l = (struct listener){ .fd = -1 };
}

static struct listener *free_listener(struct pump *p)
{
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		if (!p->listeners[i].in_use)
			return &p->listeners[i];
	return NULL;
}

static void want_listen(struct pump *p, struct member *m, const struct want *w)
{
	struct listener *l = free_listener(p);
	int err = -EMFILE;

	if (l) {
		*l = (struct listener){ .in_use = true, .id = w->listener, .m = m, .fd = -1 };
		if (w->transport == TRANSPORT_UDP)
			err = datagram_new(
				&l->udp, &p->datagrams, w->listener, &w->addr, w->toward, m);
		else
			err = listen_tcp(p, l, &w->addr);
		if (!err && l->udp)
			l->local = *datagram_local(l->udp);
		if (err)
			close_listener(l);
	}
	const struct fact in = { .type = err ? FACT_LISTEN_FAILED : FACT_LISTEN_UP,
		.listener = w->listener,
		.err = -err,
		.local = err ? &w->addr : &l->local,
		.peer = &w->addr };
	push(p, m, &in);
}

/* ---- wants ---- */

static void want_dns(struct pump *p, struct member *m, const struct want *w)
{
	const uint64_t id = (uint64_t)(m - p->members) << DNS_SHIFT | w->dns_id;
	static const struct dns_answer failed = { .status = DNS_MALFORMED };

	if (resolver_ask(p->resolver, id, w->dns_type, w->name) == 0)
		return;
	const struct fact in = { .type = FACT_DNS, .dns_id = w->dns_id, .dns = &failed };
	push(p, m, &in);
}

static void want_on_flow(struct pump *p, struct member *m, const struct want *w)
{
	struct link *l = find_link(p, m, w->flow);

	if (!l)
		return; /* it failed meanwhile; the fact is told or on its way */
	switch (w->type) {
	case WANT_TLS: flow_start_tls(l->flow, &w->tls); break;
	case WANT_PAUSE: flow_pause(l->flow, true); break;
	case WANT_RESUME: flow_pause(l->flow, false); break;
	case WANT_CLOSE_FLOW:
		flow_close(l->flow);
		remove_link(p, l);
		break;
	case WANT_DROP_FLOW:
		flow_drop(l->flow);
		remove_link(p, l);
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
	case WANT_LISTEN: want_listen(p, m, w); break;
	case WANT_UNLISTEN: {
		struct listener *l = find_listener(p, m, w->listener);
		if (l)
			l->dead = true; /* closed at the end of the wake-up: it may be in use now */
		break;
	}
	case WANT_DNS: want_dns(p, m, w); break;
	case WANT_DROP_DNS:
		resolver_drop(p->resolver, (uint64_t)(m - p->members) << DNS_SHIFT | w->dns_id);
		break;
	}
}

/* Outputs of one push go out before its wants are acted on: a handshake begins behind <proceed/>.
 * Acting on a want may push a fact, which drains again; the outer loops then find nothing left. */
static void drain(struct pump *p, struct member *m)
{
	struct output out;
	struct want want;

	for (;;) {
		while (m->e.ops->take_output(m->e.self, &out))
			write_output(p, m, &out);
		p->cfg.drained(p->cfg.arg);
		if (!m->in_use || !m->e.ops->take_want(m->e.self, &want))
			return;
		do_want(p, m, &want);
		if (!m->in_use)
			return;
	}
}

static void push(struct pump *p, struct member *m, const struct fact *in)
{
	if (!m->in_use)
		return;
	m->e.ops->push(m->e.self, in, loop_now(p->loop));
	drain(p, m);
}

/* ---- from sockets to engines ---- */

static void on_flow(void *arg, struct flow *f, const struct fact *in)
{
	struct pump *p = arg;
	struct link *l = flow_owner(f);
	struct member *m = l->m;

	if (in->type == FACT_FLOW_FAILED)
		remove_link(p, l);
	push(p, m, in);
}

static void on_datagram(void *arg, struct datagram *d, const struct fact *in)
{
	push(arg, datagram_owner(d), in);
}

static void on_answer(void *arg, uint64_t id, const struct dns_answer *answer)
{
	struct pump *p = arg;
	const struct fact in = { .type = FACT_DNS, .dns_id = (uint32_t)id, .dns = answer };

	push(p, &p->members[id >> DNS_SHIFT], &in);
}

static void accept_one(struct pump *p, struct listener *l, int fd, const union sock_addr *from)
{
	flow_t id = FLOW_ACCEPTED_BIT | ++p->next_accepted;
	struct addr peer, local;
	struct link *link = add_link(p, l->m, id);

	sock_get_addr(&peer, from);
	if (!link || flow_adopt(&link->flow, &p->flows, id, fd, link)) {
		if (link)
			remove_link(p, link);
		else
			close(fd);
		return;
	}
	sock_local(fd, &local);
	const struct fact in = { .type = FACT_FLOW_ACCEPTED,
		.flow = id,
		.listener = l->id,
		.peer = &peer,
		.local = &local };
	push(p, l->m, &in);
}

static void accept_all(struct pump *p, struct listener *l)
{
	l->ready = false;
	for (unsigned i = 0; i < ACCEPTS_MAX && !l->dead; i++) {
		union sock_addr from;
		socklen_t n = sizeof(from);
		int fd = accept4(l->fd, &from.sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd < 0)
			return;
		accept_one(p, l, fd, &from);
	}
}

static void accept_everywhere(struct pump *p)
{
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		if (p->listeners[i].in_use && p->listeners[i].ready)
			accept_all(p, &p->listeners[i]);
}

static void reap(struct pump *p)
{
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		if (p->listeners[i].in_use && p->listeners[i].dead)
			close_listener(&p->listeners[i]);
	flows_reap(&p->flows);
}

/* ---- one wake-up ---- */

static void push_signals(struct pump *p)
{
	const struct fact in = { .type = FACT_STOP };
	unsigned n = loop_signals(p->loop);

	if (n == p->signals_seen)
		return;
	if (p->interrupted)
		p->stopping = true; /* the second one: at once */
	p->signals_seen = n;
	p->interrupted = true;
	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++)
		push(p, &p->members[i], &in);
}

static void push_time(struct pump *p)
{
	ts_t now = loop_now(p->loop);

	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++) {
		struct member *m = &p->members[i];

		if (!m->in_use || m->e.ops->deadline(m->e.self) > now)
			continue;
		m->e.ops->push_time(m->e.self, now);
		drain(p, m);
	}
}

/* Flushing can tell facts (blocked, failed), and these make new output. */
static void flush(struct pump *p)
{
	datagrams_flush(&p->datagrams);
	flows_flush(&p->flows);
	datagrams_flush(&p->datagrams);
}

static ts_t next_deadline(struct pump *p)
{
	ts_t at = ts_min(flows_deadline(&p->flows), resolver_deadline(p->resolver));

	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++) {
		const struct member *m = &p->members[i];

		if (m->in_use)
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
	datagrams_process(&p->datagrams);
	flows_process(&p->flows);
	accept_everywhere(p);
	resolver_push_time(p->resolver);
	push_time(p);
	flush(p);
	reap(p);
	return 0;
}

int pump_run(struct pump *p)
{
	int err = loop_catch_signals(p->loop);

	flush(p);
	while (!err && !p->stopping)
		err = wake(p, next_deadline(p));
	/* What was written last (a clean-up, an end of stream) leaves before the sockets close. */
	flush(p);
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
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		p->listeners[i].fd = -1;
	seed(p);
	map_init(&p->links, FLOWS_MAX, &p->rng);
	int err = loop_new(&p->loop);
	if (!err)
		err = trust_new(&p->trust);
	if (!err)
		err = flows_init(&p->flows, p->loop, p->trust, on_flow, p);
	if (!err)
		err = datagrams_init(&p->datagrams, p->loop, on_datagram, p);
	if (!err)
		err = resolver_new(&p->resolver, p->loop, &cfg->dns, on_answer, p);
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
	for (unsigned i = 0; i < LISTENERS_MAX; i++)
		if (p->listeners[i].in_use)
			close_listener(&p->listeners[i]);
	for (struct map_node *n; (n = map_next(&p->links, NULL));) {
		struct link *l = LIST_OWNER(n, struct link, node);

		flow_drop(l->flow);
		remove_link(p, l);
	}
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

ts_t pump_now(struct pump *p)
{
	return loop_now(p->loop);
}

int pump_add(struct pump *p, struct engine e)
{
	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++) {
		struct member *m = &p->members[i];

		if (m->in_use)
			continue;
		*m = (struct member){ .e = e, .in_use = true };
		const struct fact in = { .type = FACT_CLOCK, .wall = loop_wall_offset() };
		drain(p, m);
		push(p, m, &in);
		return 0;
	}
	return -ENOBUFS;
}

void pump_remove(struct pump *p, struct engine e)
{
	for (unsigned i = 0; i < PUMP_ENGINES_MAX; i++) {
		struct member *m = &p->members[i];

		if (!m->in_use || m->e.self != e.self)
			continue;
		m->in_use = false;
		for (unsigned k = 0; k < LISTENERS_MAX; k++)
			if (p->listeners[k].in_use && p->listeners[k].m == m)
				p->listeners[k].dead = true;
	}
}

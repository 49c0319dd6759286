/* Listeners: datagram sockets, and those from which connections are taken. */
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/pump_private.h"
#include "base/err.h"
#include "net/sock.h"

enum {
	/* When descriptors or memory ran out: the connection stays in the kernel's queue, and
	 * asking at once would be a busy loop. */
	ACCEPT_PAUSE_MS = 100,
};

static struct listener *free_listener(struct pump *p)
{
	for (unsigned i = 0; i < PUMP_LISTENERS_MAX; i++)
		if (!p->listeners[i].in_use)
			return &p->listeners[i];
	return NULL;
}

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	l->ready = true;
}

static int listen_tcp(struct listener *l, const struct want *w)
{
	struct addr at = w->addr;
	int err = w->toward ? sock_toward(&w->addr, &at) : 0;

	if (err)
		return err;
	l->fd = sock_open(&at, SOCK_STREAM);
	if (l->fd < 0)
		return l->fd;
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	err = sock_bind(l->fd, &at);
	if (!err && listen(l->fd, SOMAXCONN) < 0)
		err = -errno;
	if (!err)
		err = sock_local(l->fd, &l->local);
	if (err)
		return err;
	l->ev = event_new(loop_base(l->p->loop), l->fd, EV_READ | EV_PERSIST, on_connection, l);
	return l->ev && event_add(l->ev, NULL) == 0 ? 0 : -ENOMEM;
}

static void close_listener(struct listener *l)
{
	struct pump *p = l->p;

	datagram_free(l->udp);
	if (l->ev)
		event_free(l->ev);
	if (l->fd >= 0)
		close(l->fd);
	*l = (struct listener){ .p = p, .fd = -1, .again = TS_NEVER };
}

void pump_listen_init(struct pump *p)
{
	for (unsigned i = 0; i < PUMP_LISTENERS_MAX; i++) {
		p->listeners[i] = (struct listener){ .p = p, .fd = -1 };
		close_listener(&p->listeners[i]);
	}
}

void pump_listen(struct pump *p, struct member *m, const struct want *w)
{
	struct listener *l = free_listener(p);
	int err = -EMFILE;

	if (l) {
		l->in_use = true;
		l->id = w->listener;
		l->m = m;
		err = w->transport == TRANSPORT_UDP ? datagram_new(&l->udp, &p->datagrams,
							      w->listener, &w->addr, w->toward, l)
						    : listen_tcp(l, w);
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
	pump_push_later(p, m, &in);
}

struct listener *pump_find_listener(struct pump *p, const struct member *m, uint32_t id)
{
	for (unsigned i = 0; i < PUMP_LISTENERS_MAX; i++) {
		struct listener *l = &p->listeners[i];

		if (l->in_use && !l->dead && l->m == m && l->id == id)
			return l;
	}
	return NULL;
}

static int accept_one(struct pump *p, struct listener *l, struct fact *ret)
{
	if (flows_count(&p->flows) >= PUMP_FLOWS_MAX)
		return -EMFILE;
	union sock_addr sa = { .sa = { 0 } };
	socklen_t n = sizeof(sa);
	struct addr peer;
	int fd = accept4(l->fd, &sa.sa, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return -errno;
	sock_get_addr(&peer, &sa);
	flow_t id = FLOW_ACCEPTED_BIT | ++p->next_accepted;
	struct link *link = pump_add_link(p, l->m, id);
	if (!link) {
		close(fd);
		return -ENOMEM;
	}
	if (flow_adopt(&link->flow, &p->flows, id, fd, &peer, link)) {
		pump_remove_link(p, link);
		return -ENOMEM;
	}
	*ret = (struct fact){ .type = FACT_FLOW_ACCEPTED,
		.flow = id,
		.listener = l->id,
		.peer = flow_peer(link->flow),
		.local = flow_local(link->flow) };
	return 0;
}

static bool ran_out(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -ENOMEM || err == -ENOBUFS;
}

int pump_accept(struct pump *p, struct listener *l, struct fact *ret)
{
	int err = l->again == TS_NEVER ? accept_one(p, l, ret) : -EAGAIN;

	if (!ran_out(err))
		return err;
	event_del(l->ev);
	l->again = ts_add(loop_now(p->loop), TS_MS(ACCEPT_PAUSE_MS));
	*ret = (struct fact){
		.type = FACT_ACCEPT_FAILED, .listener = l->id, .err = -err, .local = &l->local
	};
	return 0;
}

bool pump_is_ready(struct pump *p, struct listener *l)
{
	const bool was_ready = l->in_use && l->ready;

	if (l->in_use && !l->dead && l->again <= loop_now(p->loop)) {
		l->again = TS_NEVER;
		event_add(l->ev, NULL);
	}
	l->ready = false;
	return was_ready;
}

ts_t pump_accept_deadline(const struct pump *p)
{
	ts_t at = TS_NEVER;

	for (unsigned i = 0; i < PUMP_LISTENERS_MAX; i++)
		at = ts_min(at, p->listeners[i].again);
	return at;
}

void pump_close_listeners(struct pump *p, bool all)
{
	for (unsigned i = 0; i < PUMP_LISTENERS_MAX; i++)
		if (p->listeners[i].in_use && (all || p->listeners[i].dead))
			close_listener(&p->listeners[i]);
}

/* Listeners: datagram sockets, and those from which connections are taken. */
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app/pump_private.h"
#include "base/err.h"
#include "base/mem.h"
#include "net/sock.h"

enum {
	/* When descriptors or memory ran out: the connection stays in the kernel's queue, and
	 * asking at once would be a busy loop. */
	ACCEPT_PAUSE_MS = 100,
};

static void on_connection(evutil_socket_t fd, short what, void *arg)
{
	struct listener *l = arg;

	(void)fd;
	(void)what;
	if (l->dead)
		return;
	list_remove(&l->state);
	list_append(&l->p->listeners.ready, &l->state);
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
	datagram_free(l->udp);
	if (l->ev)
		event_free(l->ev);
	if (l->fd >= 0)
		close(l->fd);
	if (l->m)
		l->m->n_listeners--;
	l->p->listeners.n--;
	list_remove(&l->all);
	list_remove(&l->state);
	mem_free(l);
}

void pump_listen_init(struct pump *p)
{
	list_init(&p->listeners.ready);
	list_init(&p->listeners.paused);
	list_init(&p->listeners.closing);
}

static struct listener *new_listener(struct pump *p, struct member *m, uint32_t id)
{
	struct listener *l = mem_alloc0(sizeof(*l));

	if (!l)
		return NULL;
	*l = (struct listener){ .p = p, .id = id, .m = m, .fd = -1, .again = TS_NEVER };
	list_init(&l->state);
	list_append(&m->listeners, &l->all);
	m->n_listeners++;
	p->listeners.n++;
	return l;
}

static int open_listener(
	struct pump *p, struct member *m, const struct want *w, struct listener **ret)
{
	if (m->n_listeners == PUMP_LISTENERS_MAX || p->listeners.n == PUMP_LISTENERS_ALL_MAX)
		return -EMFILE;
	struct listener *l = new_listener(p, m, w->listener);
	if (!l)
		return -ENOMEM;
	int err = w->transport == TRANSPORT_UDP ? datagram_new(&l->udp, &p->datagrams, w->listener,
							  &w->addr, w->toward, l)
						: listen_tcp(l, w);
	if (err) {
		close_listener(l);
		return err;
	}
	if (l->udp)
		l->local = *datagram_local(l->udp);
	*ret = l;
	return 0;
}

void pump_listen(struct pump *p, struct member *m, const struct want *w)
{
	struct listener *l = NULL;
	int err = open_listener(p, m, w, &l);

	const struct fact in = { .type = err ? FACT_LISTEN_FAILED : FACT_LISTEN_UP,
		.listener = w->listener,
		.err = -err,
		.local = err ? &w->addr : &l->local,
		.peer = &w->addr };
	pump_push_later(p, m, &in);
}

struct listener *pump_find_listener(const struct member *m, uint32_t id)
{
	for (struct list *n = m->listeners.next; n != &m->listeners; n = n->next) {
		struct listener *l = LIST_OWNER(n, struct listener, all);

		if (!l->dead && l->id == id)
			return l;
	}
	return NULL;
}

/* It may be in use now. */
void pump_unlisten(struct listener *l)
{
	l->dead = true;
	list_remove(&l->state);
	list_append(&l->p->listeners.closing, &l->state);
}

void pump_drop_listeners(struct member *m)
{
	for (struct listener *l; (l = LIST_FIRST(&m->listeners, struct listener, all));) {
		pump_unlisten(l);
		list_remove(&l->all);
		l->m = NULL;
	}
	m->n_listeners = 0;
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
	list_remove(&l->state);
	list_append(&p->listeners.paused, &l->state);
	*ret = (struct fact){
		.type = FACT_ACCEPT_FAILED, .listener = l->id, .err = -err, .local = &l->local
	};
	return 0;
}

struct listener *pump_take_ready(struct pump *p)
{
	struct listener *l = LIST_FIRST(&p->listeners.ready, struct listener, state);

	if (l)
		list_remove(&l->state);
	return l;
}

void pump_resume_accepting(struct pump *p)
{
	for (struct listener *l; (l = LIST_FIRST(&p->listeners.paused, struct listener, state));) {
		if (l->again > loop_now(p->loop))
			return;
		list_remove(&l->state);
		l->again = TS_NEVER;
		event_add(l->ev, NULL);
	}
}

/* They pause for the same time: who began first goes on first. */
ts_t pump_accept_deadline(const struct pump *p)
{
	const struct listener *l = LIST_FIRST(&p->listeners.paused, struct listener, state);

	return l ? l->again : TS_NEVER;
}

void pump_close_listeners(struct pump *p)
{
	for (struct listener *l; (l = LIST_FIRST(&p->listeners.closing, struct listener, state));)
		close_listener(l);
}

#include "web/server.h"

#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/loop.h"
#include "net/sock.h"
#include "web/conn.h"

enum { BACKLOG = 64 };

/* ---- who gets a place ---- */

/* When all are taken the one to whom nothing is owed for longest makes room.  False: nobody can
 * now. */
static bool has_room(struct web_server *s)
{
	const ts_t now = loop_clock();

	if (s->counts.n_places < s->cfg.places)
		return true;
	const struct web_conn *k = LIST_FIRST(&s->idle, struct web_conn, place);
	if (!k) {
		acceptor_hold(&s->acceptor); /* who ends, or is answered, goes on */
		return false;
	}
	if (k->stays > now) {
		acceptor_pause(&s->acceptor, k->stays - now);
		return false;
	}
	return true;
}

static void give_way(struct web_conn *k)
{
	if (k->state != WEB_CONN_AWAIT_END && !k->is_silent)
		web_conn_refuse(k, WEB_REFUSED_PLACES);
	web_conn_end(k);
}

/* An address that has its share takes a place from itself only. */
static bool make_room(struct web_server *s, const struct addr *peer)
{
	struct web_conn *k = NULL;

	if (!web_has_share(s, peer, false)) {
		k = web_idle_find(s, peer, loop_clock());
		if (!k)
			return false;
	} else if (s->counts.n_places >= s->cfg.places) {
		k = LIST_FIRST(&s->idle, struct web_conn, place);
	}
	if (k)
		give_way(k);
	return true;
}

/* One a turn of the loop: who asks something is read before he would have to make room. */
static void on_ready(int listener, short what, void *arg)
{
	struct web_server *s = arg;
	struct addr peer;

	(void)listener;
	(void)what;
	if (!has_room(s))
		return;
	const int fd = acceptor_take(&s->acceptor, &peer);
	if (fd < 0)
		return;
	s->counts.connections++;
	addr_unmap(&peer);
	if (make_room(s, &peer)) {
		web_conn_new(s, fd, &peer);
		return;
	}
	web_refuse(s, WEB_REFUSED_SHARE, &peer);
	close(fd);
}

/* ---- life ---- */

static int listen_at(int fd, const struct addr *addr)
{
	const int on = 1;

	/* A restart is not kept from its port by what is left of connections before it. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	const int err = sock_bind(fd, addr);
	if (err)
		return err;
	return listen(fd, BACKLOG) < 0 ? -errno : 0;
}

static int open_socket(struct web_server *s)
{
	const int fd = sock_open(&s->cfg.addr, SOCK_STREAM);
	struct addr at = { 0 };

	if (fd < 0)
		return fd;
	int err = listen_at(fd, &s->cfg.addr);
	if (!err)
		err = sock_local(fd, &at);
	s->port = at.port;
	if (!err)
		return acceptor_init(&s->acceptor, s->base, fd, on_ready, s);
	close(fd);
	return err;
}

static void on_beat(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	web_streams_beat(arg);
}

static int begin_beat(struct web_server *s)
{
	static const struct timeval beat = { .tv_sec = WEB_HEARTBEAT_S };

	if (!s->cfg.streams)
		return 0;
	s->heartbeat = event_new(s->base, -1, EV_PERSIST, on_beat, s);
	return s->heartbeat && event_add(s->heartbeat, &beat) == 0 ? 0 : -ENOMEM;
}

static void set_cfg(struct web_server *s, const struct web_server_cfg *cfg)
{
	s->cfg = *cfg;
	s->cfg.places = cfg->places ? cfg->places : WEB_PLACES;
	s->cfg.part_s = cfg->part_s ? cfg->part_s : WEB_PART_S;
	s->cfg.answer_s = cfg->answer_s ? cfg->answer_s : WEB_ANSWER_S;
	s->cfg.body_max = cfg->body_max ? cfg->body_max : WEB_PART_MAX;
}

int web_server_new(
	struct web_server **ret, struct event_base *base, const struct web_server_cfg *cfg)
{
	struct web_server *s = mem_alloc0(sizeof(*s));

	if (!s)
		return -ENOMEM;
	set_cfg(s, cfg);
	s->base = base;
	s->acceptor.fd = -1;
	list_init(&s->conns);
	list_init(&s->idle);
	list_init(&s->streams);
	int err = open_socket(s);
	if (!err)
		err = begin_beat(s);
	if (err)
		web_server_free(s);
	else
		*ret = s;
	return err;
}

struct web_server *web_server_free(struct web_server *s)
{
	struct list *n, *t;

	if (!s)
		return NULL;
	LIST_EACH(n, t, &s->conns)
	web_conn_end(LIST_OWNER(n, struct web_conn, all));
	if (s->cfg.who)
		s->cfg.who->forget(s->cfg.who->arg, s);
	acceptor_done(&s->acceptor);
	if (s->heartbeat)
		event_free(s->heartbeat);
	return mem_free(s);
}

uint16_t web_server_port(const struct web_server *s)
{
	return s->port;
}

void web_server_set_hosts(struct web_server *s, const char *const *hosts)
{
	s->cfg.hosts = hosts;
}

struct web_counts web_server_counts(const struct web_server *s)
{
	return s->counts;
}

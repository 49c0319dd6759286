#include "web/server.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"
#include "net/loop.h"
#include "net/sock.h"

enum {
	BACKLOG = 64,
	LAST_S = 1, /* for the end of who has been answered */
	/* In which nobody who has just come makes room: in a flood the request may be a
	 * retransmission behind its connection. */
	GRACE_MS = 250,
	/* What the kernel keeps for who does not read; without it that is megabytes each. */
	UNREAD_BYTES = 128 << 10,
	PAUSE_MS = 100, /* when a connection cannot be taken, as without descriptors */
};

enum state {
	FREE,
	AWAIT_HEAD,
	ANSWERING,
	AWAIT_END, /* all is sent: what it still says is thrown away */
};

struct client {
	struct web_server *server;
	enum state state;
	struct list place; /* of server.idle, but while it is answered */
	ts_t stays;        /* until then it makes no room */
	ts_t answer_by;
	struct bufferevent *io;
	struct event *timer;
	struct web_answer answer;
	bool is_chunked, is_over;
};

struct web_server {
	struct web_server_cfg cfg;
	struct event_base *base;
	int fd;
	uint16_t port;
	struct event *ready;
	struct event *again; /* the pause is over */
	struct list idle;    /* to whom nothing is owed, the longest first */
	struct client clients[WEB_CLIENTS_MAX];
};

/* ---- the end of a connection ---- */

static void reset_at_close(const struct client *k)
{
	const struct linger now = { .l_onoff = 1 };

	(void)setsockopt(
		bufferevent_getfd(k->io), SOL_SOCKET, SO_LINGER, &now, sizeof(now)); /* else not */
}

static void end(struct client *k)
{
	list_remove(&k->place);
	if (k->state == ANSWERING)
		reset_at_close(k);
	if (k->io)
		bufferevent_free(k->io);
	if (k->timer)
		event_free(k->timer);
	if (k->answer.done)
		k->answer.done(k->answer.parts);
	buf_done(&k->answer.body);
	*k = (struct client){ .server = k->server };
	list_init(&k->place);
	event_add(k->server->ready, NULL);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	end(arg);
}

static void wait_for(const struct client *k, ts_t us)
{
	const struct timeval patience = { (time_t)(us / 1000000), (suseconds_t)(us % 1000000) };

	evtimer_add(k->timer, &patience);
}

static void enter(struct client *k, enum state state, unsigned seconds)
{
	k->state = state;
	wait_for(k, TS_S(seconds));
}

/* Who takes nothing keeps no place from others for as long as who takes slowly. */
static void await_taken(const struct client *k)
{
	const ts_t now = loop_clock(), left = k->answer_by > now ? k->answer_by - now : 0;

	wait_for(k, ts_min(left, TS_S(WEB_PART_S)));
}

/* RFC 9112 section 9.6: with something unread a close would be a reset, which takes what was sent
 * with it. */
static void await_end(struct client *k)
{
	shutdown(bufferevent_getfd(k->io), SHUT_WR);
	bufferevent_disable(k->io, EV_WRITE);
	bufferevent_setwatermark(k->io, EV_READ, 0, 0);
	k->stays = 0;
	list_append(&k->server->idle, &k->place);
	enter(k, AWAIT_END, LAST_S);
	bufferevent_enable(k->io, EV_READ);
}

/* ---- the answer ---- */

/* What memory does not suffice for ends the connection, as a reader cannot take for whole. */
static void send_part(struct client *k, const struct buf *part)
{
	struct evbuffer *out = bufferevent_get_output(k->io);
	const struct slice bytes = buf_slice(part);
	int err = buf_err(part) || bytes.n == 0;

	if (!err && k->is_chunked)
		err = evbuffer_add_printf(out, "%zx\r\n", bytes.n) < 0;
	if (!err)
		err = evbuffer_add(out, bytes.p, bytes.n);
	if (!err && k->is_chunked)
		err = k->is_over ? evbuffer_add(out, "\r\n0\r\n\r\n", 7)
				 : evbuffer_add(out, "\r\n", 2);
	if (err)
		end(k);
}

static void send_next(struct client *k)
{
	struct buf part;

	buf_init(&part, WEB_PART_MAX);
	k->is_over = !k->answer.more(k->answer.parts, &part);
	await_taken(k);
	send_part(k, &part);
	buf_done(&part);
}

static int put_head(struct client *k, const struct web_request *r)
{
	const struct web_answer *a = &k->answer;
	struct evbuffer *out = bufferevent_get_output(k->io);
	int n = evbuffer_add_printf(out,
		"HTTP/1.1 %u %s\r\nContent-Type: %s\r\nConnection: close\r\n"
		"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n%s",
		a->status, web_phrase(a->status), a->type,
		a->status == 405 ? "Allow: GET, HEAD\r\n" : "");

	if (n < 0)
		return -ENOMEM;
	if (!a->more)
		n = evbuffer_add_printf(out, "Content-Length: %zu\r\n\r\n", buf_len(&a->body));
	else
		n = evbuffer_add_printf(
			out, "%s\r\n", r->is_http_1_0 ? "" : "Transfer-Encoding: chunked\r\n");
	return n < 0 ? -ENOMEM : 0;
}

static void answer(struct client *k, unsigned status, const struct web_request *r)
{
	struct web_answer *a = &k->answer;

	list_remove(&k->place);
	k->state = ANSWERING;
	k->answer_by = ts_add(loop_clock(), TS_S(WEB_ANSWER_S));
	await_taken(k);
	bufferevent_disable(k->io, EV_READ);
	a->status = 500;
	a->type = "text/plain; charset=utf-8";
	if (status == WEB_DONE) {
		k->server->cfg.handle(k->server->cfg.arg, r, a);
	} else {
		a->status = status;
		buf_printf(&a->body, "%s\n", web_phrase(status));
	}
	k->is_over = r->is_head || !a->more;
	k->is_chunked = a->more && !r->is_http_1_0;
	if (buf_err(&a->body) || put_head(k, r))
		end(k);
	else if (!r->is_head)
		send_part(k, &a->body);
}

/* ---- a connection ---- */

static void on_read(struct bufferevent *io, void *arg)
{
	struct client *k = arg;
	struct evbuffer *in = bufferevent_get_input(io);
	const size_t n = evbuffer_get_length(in);
	struct web_request r = { 0 };

	if (k->state != AWAIT_HEAD) {
		evbuffer_drain(in, n);
		return;
	}
	const uint8_t *p = evbuffer_pullup(in, (ev_ssize_t)n);
	if (!p) {
		end(k);
		return;
	}
	const unsigned status = web_request_decode(&r, slice_of(p, n));
	if (status != WEB_MORE)
		answer(k, status, &r);
}

/* All that was written is with the kernel. */
static void on_written(struct bufferevent *io, void *arg)
{
	struct client *k = arg;

	(void)io;
	if (k->state != ANSWERING)
		return;
	if (k->is_over)
		await_end(k);
	else
		send_next(k);
}

static void on_end(struct bufferevent *io, short what, void *arg)
{
	(void)io;
	(void)what;
	end(arg);
}

static struct client *free_place(struct web_server *s)
{
	for (unsigned i = 0; i < WEB_CLIENTS_MAX; i++)
		if (s->clients[i].state == FREE)
			return &s->clients[i];
	return NULL;
}

/* What cannot be taken now stays in the kernel, and the socket ready: it is not to be looked at all
 * the time. */
static void pause_taking(struct web_server *s, ts_t pause)
{
	const struct timeval tv = { (time_t)(pause / 1000000), (suseconds_t)(pause % 1000000) };

	event_del(s->ready);
	event_add(s->again, &tv);
}

/* Somebody waits: the one to whom nothing is owed for longest makes room.  NULL: nobody can. */
static struct client *get_place(struct web_server *s)
{
	struct client *k = free_place(s);
	const ts_t now = loop_clock();

	if (k)
		return k;
	k = LIST_FIRST(&s->idle, struct client, place);
	if (!k) {
		event_del(s->ready); /* end() goes on */
		return NULL;
	}
	if (k->stays > now) {
		pause_taking(s, k->stays - now);
		return NULL;
	}
	end(k);
	return k;
}

static void serve(struct client *k, int fd)
{
	struct web_server *s = k->server;
	const int unread = UNREAD_BYTES;

	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &unread, sizeof(unread)); /* else more */
	buf_init(&k->answer.body, WEB_PART_MAX);
	k->io = bufferevent_socket_new(s->base, fd, BEV_OPT_CLOSE_ON_FREE);
	k->timer = evtimer_new(s->base, on_time, k);
	if (!k->io)
		close(fd);
	if (!k->io || !k->timer) {
		end(k);
		return;
	}
	k->stays = ts_add(loop_clock(), TS_MS(GRACE_MS));
	list_append(&s->idle, &k->place);
	enter(k, AWAIT_HEAD, WEB_HEAD_S);
	bufferevent_setcb(k->io, on_read, on_written, on_end, k);
	bufferevent_setwatermark(k->io, EV_READ, 0, WEB_HEAD_MAX);
	bufferevent_enable(k->io, EV_READ | EV_WRITE);
}

/* ---- the listener ---- */

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	struct web_server *s = arg;

	(void)fd;
	(void)what;
	event_add(s->ready, NULL);
}

/* One a turn of the loop: who asks something is read before he would have to make room. */
static void on_ready(evutil_socket_t listener, short what, void *arg)
{
	struct web_server *s = arg;
	struct client *k = get_place(s);

	(void)what;
	if (!k)
		return;
	const int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0) {
		serve(k, fd);
		return;
	}
	if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
		pause_taking(s, TS_MS(PAUSE_MS));
}

static int open_socket(struct web_server *s)
{
	const int on = 1;
	struct addr at = { 0 };

	s->fd = sock_open(&s->cfg.addr, SOCK_STREAM);
	if (s->fd < 0)
		return s->fd;
	/* A restart is not kept from its port by what is left of connections before it. */
	if (setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -errno;
	int err = sock_bind(s->fd, &s->cfg.addr);
	if (!err && listen(s->fd, BACKLOG) < 0)
		err = -errno;
	if (!err)
		err = sock_local(s->fd, &at);
	s->port = at.port;
	return err;
}

int web_server_new(
	struct web_server **ret, struct event_base *base, const struct web_server_cfg *cfg)
{
	struct web_server *s = mem_alloc0(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->cfg = *cfg;
	s->base = base;
	list_init(&s->idle);
	for (unsigned i = 0; i < WEB_CLIENTS_MAX; i++) {
		s->clients[i].server = s;
		list_init(&s->clients[i].place);
	}
	int err = open_socket(s);
	if (!err) {
		s->ready = event_new(base, s->fd, EV_READ | EV_PERSIST, on_ready, s);
		s->again = evtimer_new(base, on_again, s);
		err = s->ready && s->again && event_add(s->ready, NULL) == 0 ? 0 : -ENOMEM;
	}
	if (err)
		web_server_free(s);
	else
		*ret = s;
	return err;
}

struct web_server *web_server_free(struct web_server *s)
{
	if (!s)
		return NULL;
	for (unsigned i = 0; i < WEB_CLIENTS_MAX; i++)
		if (s->clients[i].state != FREE)
			end(&s->clients[i]);
	if (s->ready)
		event_free(s->ready);
	if (s->again)
		event_free(s->again);
	if (s->fd >= 0)
		close(s->fd);
	return mem_free(s);
}

uint16_t web_server_port(const struct web_server *s)
{
	return s->port;
}

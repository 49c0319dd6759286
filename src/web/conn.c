#include "web/conn.h"

#include <event2/bufferevent.h>
#include <event2/event.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/loop.h"
#include "web/fields.h"

enum {
	LAST_S = 1, /* for the end of who has been answered */
	/* In which nobody who has just come makes room: in a flood the request may be a
	 * retransmission behind its connection. */
	GRACE_MS = 250,
	UNSENT_BYTES = 128 << 10,
	UNSENT_EVENTS_BYTES = 16 << 10, /* of a stream */
};

/* ---- small helpers ---- */

static void wait_for(const struct web_conn *k, ts_t us)
{
	const struct timeval patience = { (time_t)(us / 1000000), (suseconds_t)(us % 1000000) };

	evtimer_add(k->timer, &patience);
}

/* Who takes nothing keeps no place from others for as long as who takes slowly. */
static void await_taken(const struct web_conn *k)
{
	const ts_t now = loop_clock(), left = k->answer_by > now ? k->answer_by - now : 0;

	wait_for(k, ts_min(left, TS_S(k->server->cfg.part_s)));
}

/* Nothing is owed: who waits for a place may have it. */
static void become_idle(struct web_conn *k)
{
	k->stays = 0;
	list_append(&k->server->idle, &k->place);
	acceptor_go_on(&k->server->acceptor);
}

void web_conn_end(struct web_conn *k)
{
	struct web_server *s = k->server;

	list_remove(&k->all);
	list_remove(&k->place);
	list_remove(&k->reader);
	if (k->state == WEB_CONN_STREAMING) {
		k->call.answer.stream->n_readers--;
		s->counts.n_streams--;
	} else {
		s->counts.n_places--;
	}
	if (k->state == WEB_CONN_ANSWERING)
		web_wire_reset(&k->wire);
	web_reply_forget(k);
	web_wire_done(&k->wire);
	if (k->timer)
		event_free(k->timer);
	mem_free(k);
	acceptor_go_on(&s->acceptor);
}

/* RFC 9112 section 9.6: with something unread a close would be a reset, which takes what was sent
 * with it. */
static void await_end(struct web_conn *k)
{
	web_reply_forget(k);
	web_wire_shut(&k->wire);
	k->state = WEB_CONN_AWAIT_END;
	become_idle(k);
	wait_for(k, TS_S(LAST_S));
	web_wire_listen(&k->wire, true);
}

/* ---- answering ---- */

/* It has a place no more, so that readers of streams and of pages do not wait for each other. */
static void begin_stream(struct web_conn *k)
{
	struct web_stream *st = k->call.answer.stream;

	k->state = WEB_CONN_STREAMING;
	k->server->counts.n_places--;
	k->server->counts.n_streams++;
	k->heard = k->heard_at_beat = st->begin + buf_len(&st->kept);
	list_append(&st->readers, &k->reader);
	st->n_readers++;
	evtimer_del(k->timer);
	web_wire_keep_unsent(&k->wire, UNSENT_EVENTS_BYTES);
	web_wire_listen(&k->wire, true);
	acceptor_go_on(&k->server->acceptor);
}

static void send_answer(struct web_conn *k)
{
	const struct web_server_cfg *cfg = &k->server->cfg;

	list_remove(&k->place);
	k->state = WEB_CONN_ANSWERING;
	k->answer_by = ts_add(loop_clock(), TS_S(cfg->answer_s));
	await_taken(k);
	web_wire_listen(&k->wire, false);
	int err = web_reply_begin(k);
	if (!err && k->call.answer.stream && !k->call.request.is_head) {
		begin_stream(k);
		return;
	}
	if (!err && !k->is_over)
		err = web_reply_next(k);
	if (err)
		web_conn_end(k);
}

/* What is behind it is not known to be a request. */
static void begin_refusal(struct web_conn *k, unsigned status, enum web_refusal why)
{
	web_conn_refuse(k, why);
	web_answer_init(&k->call.answer, k->server->cfg.body_max, k->server->cfg.takes_post);
	web_answer_refuse(&k->call.answer, status);
	k->framing.is_last = true;
}

static void refuse_request(struct web_conn *k, unsigned status, enum web_refusal why)
{
	begin_refusal(k, status, why);
	send_answer(k);
}

static void refuse_for_now(
	struct web_conn *k, unsigned status, enum web_refusal why, const char *again_s)
{
	begin_refusal(k, status, why);
	web_answer_field(&k->call.answer, "Retry-After", slice_str(again_s));
	send_answer(k);
}

static void await_answer(struct web_conn *k)
{
	k->state = WEB_CONN_AWAIT_ANSWER;
	wait_for(k, TS_S(k->call.answer.later_s));
}

static void handle(struct web_conn *k)
{
	struct web_server *s = k->server;

	list_remove(&k->place);
	k->state = WEB_CONN_HANDLING;
	s->counts.requests++;
	web_answer_init(&k->call.answer, s->cfg.body_max, s->cfg.takes_post);
	s->cfg.handle(s->cfg.arg, &k->call.request, &k->call.answer);
	if (k->call.id)
		await_answer(k);
	else
		send_answer(k);
}

/* ---- who asks ---- */

static void refuse_user(struct web_conn *k)
{
	const struct web_who *who = k->server->cfg.who;

	begin_refusal(k, 401, WEB_REFUSED_CREDENTIAL);
	who->ask_for(who->arg, &k->call.answer);
	send_answer(k);
}

static void await_user(struct web_conn *k, uint64_t id)
{
	list_remove(&k->place);
	k->state = WEB_CONN_AWAIT_USER;
	k->asked = id;
	wait_for(k, TS_S(WEB_CALL_S));
}

static void take_user(struct web_conn *k)
{
	struct web_server *s = k->server;
	const struct web_who *who = s->cfg.who;
	const struct web_asker asker = { .tell = web_conn_tell_user, .arg = s, .id = ++s->last_id };

	switch (who->check(who->arg, &k->call.request, &asker, k->user)) {
	case WEB_WHO_USER:
		k->call.request.user = k->user;
		handle(k);
		break;
	case WEB_WHO_NOBODY: handle(k); break;
	case WEB_WHO_LATER: await_user(k, asker.id); break;
	case WEB_WHO_WRONG: refuse_user(k); break;
	case WEB_WHO_GUESSING: refuse_for_now(k, 429, WEB_REFUSED_GUESSING, "60"); break;
	case WEB_WHO_BUSY: refuse_for_now(k, 503, WEB_REFUSED_PASSWORDS, "5"); break;
	}
}

void web_conn_tell_user(void *server, uint64_t id, const char *user)
{
	struct web_server *s = server;
	struct list *n, *t;

	LIST_EACH(n, t, &s->conns)
	{
		struct web_conn *k = LIST_OWNER(n, struct web_conn, all);
		if (k->asked != id)
			continue;
		k->asked = 0;
		if (!user) {
			refuse_user(k);
			return;
		}
		slice_cstr(slice_str(user), k->user, sizeof(k->user));
		k->call.request.user = k->user;
		handle(k);
		return;
	}
}

static void take_request(struct web_conn *k)
{
	struct web_request *r = &k->call.request;

	r->body = slice_cut(buf_slice(&k->wire.in), r->n_head, r->n_head + r->n_body);
	r->peer = k->peer;
	r->tls = web_wire_tls(&k->wire);
	if (k->server->cfg.who)
		take_user(k);
	else
		handle(k);
}

/* ---- reading ---- */

/* The alert is sent, then it ends. */
static void leave(struct web_conn *k)
{
	web_conn_refuse(k, WEB_REFUSED_TLS);
	if (!web_wire_has_unsent(&k->wire)) {
		web_conn_end(k);
		return;
	}
	list_remove(&k->place);
	k->state = WEB_CONN_ANSWERING;
	k->is_over = k->framing.is_last = true;
	web_wire_listen(&k->wire, false);
	wait_for(k, TS_S(k->server->cfg.part_s));
}

/* False: there is no connection any more. */
static bool pull(struct web_conn *k, size_t until)
{
	const int err = web_wire_pull(&k->wire, until);

	if (err == -EPIPE)
		k->is_done = true;
	else if (err == -EPROTO)
		leave(k);
	else if (err)
		web_conn_end(k);
	return !err || err == -EPIPE;
}

/* What a head says may be refused before its body comes. */
static bool is_refused(struct web_conn *k)
{
	const struct web_server_cfg *cfg = &k->server->cfg;
	const struct web_request *r = &k->call.request;

	if (r->is_post && !cfg->takes_post)
		refuse_request(k, r->n_body ? 413 : 405, WEB_REFUSED_HEAD);
	else if (cfg->hosts && r->host.n && !web_host_is_own(r->host, cfg->hosts))
		refuse_request(k, 421, WEB_REFUSED_HOST);
	else if (r->is_post && web_is_foreign(r))
		refuse_request(k, 403, WEB_REFUSED_FOREIGN);
	else
		return false;
	return true;
}

static void read_body(struct web_conn *k)
{
	struct web_request *r = &k->call.request;
	const size_t need = r->n_head + r->n_body;

	if (!pull(k, need))
		return;
	if (buf_len(&k->wire.in) >= need) {
		/* Its bytes have moved as they grew. */
		(void)web_request_decode(r, buf_slice(&k->wire.in));
		take_request(k);
	} else if (k->is_done) {
		web_conn_end(k);
	}
}

static void await_body(struct web_conn *k)
{
	const struct web_request *r = &k->call.request;

	k->state = WEB_CONN_AWAIT_BODY;
	wait_for(k, TS_S(WEB_BODY_S));
	if (r->is_awaiting && buf_len(&k->wire.in) == r->n_head &&
		web_wire_put(&k->wire, SLICE("HTTP/1.1 100 Continue\r\n\r\n")))
		web_conn_end(k);
	else
		read_body(k);
}

/* Its end is looked for in what is new: one that comes byte by byte costs no more. */
static bool may_be_whole(struct web_conn *k, struct slice in)
{
	const struct slice fresh = slice_skip(in, k->looked > 2 ? k->looked - 2 : 0);

	k->looked = in.n;
	return in.n >= WEB_HEAD_MAX || slice_find(fresh, SLICE("\n\r\n")) != SIZE_MAX ||
	       slice_find(fresh, SLICE("\n\n")) != SIZE_MAX;
}

static void read_head(struct web_conn *k)
{
	if (!pull(k, WEB_HEAD_MAX))
		return;
	const struct slice in = buf_slice(&k->wire.in);
	if (in.n && k->is_silent) {
		k->is_silent = false;
		wait_for(k, TS_S(WEB_HEAD_S));
	}
	const unsigned status =
		may_be_whole(k, in) ? web_request_decode(&k->call.request, in) : WEB_MORE;
	if (status == WEB_MORE) {
		if (k->is_done)
			web_conn_end(k);
		return;
	}
	if (status != WEB_DONE)
		refuse_request(k, status, WEB_REFUSED_HEAD);
	else if (is_refused(k))
		return;
	else if (in.n >= k->call.request.n_head + k->call.request.n_body)
		take_request(k);
	else
		await_body(k);
}

/* Those that were sent together are answered one a turn of the loop. */
static void next_request(struct web_conn *k)
{
	const size_t n = k->call.request.n_head + k->call.request.n_body;

	web_reply_forget(k);
	buf_consume(&k->wire.in, n);
	if (!buf_len(&k->wire.in))
		buf_done(&k->wire.in);
	k->call.request = (struct web_request){ .n_head = 0 };
	k->framing = (struct web_framing){ .is_last = false };
	k->state = WEB_CONN_AWAIT_HEAD;
	k->looked = 0;
	k->is_silent = true;
	become_idle(k);
	wait_for(k, TS_S(k->server->cfg.idle_s));
	web_wire_listen(&k->wire, true);
	read_head(k);
}

/* ---- what happens to it ---- */

static void on_read(struct bufferevent *io, void *arg)
{
	struct web_conn *k = arg;

	(void)io;
	switch (k->state) {
	case WEB_CONN_AWAIT_HEAD: read_head(k); break;
	case WEB_CONN_AWAIT_BODY: read_body(k); break;
	case WEB_CONN_AWAIT_USER:
	case WEB_CONN_HANDLING:
	case WEB_CONN_AWAIT_ANSWER: /* the next one waits; only the end is looked for */
	case WEB_CONN_ANSWERING: break;
	case WEB_CONN_STREAMING:
	case WEB_CONN_AWAIT_END: web_wire_throw_away(&k->wire); break;
	}
}

/* All that was written is with the kernel. */
static void on_written(struct bufferevent *io, void *arg)
{
	struct web_conn *k = arg;
	int err = 0;

	(void)io;
	if (k->state == WEB_CONN_STREAMING) {
		err = web_reply_feed(k);
	} else if (k->state != WEB_CONN_ANSWERING) {
		return;
	} else if (!k->is_over) {
		await_taken(k);
		err = web_reply_next(k);
	} else if (k->framing.is_last) {
		await_end(k);
	} else {
		next_request(k);
	}
	if (err)
		web_conn_end(k);
}

static void on_end(struct bufferevent *io, short what, void *arg)
{
	(void)io;
	(void)what;
	web_conn_end(arg);
}

static void answer_late(struct web_conn *k)
{
	web_conn_refuse(k, WEB_REFUSED_CALL_LATE);
	k->server->counts.n_calls--;
	k->call.id = 0;
	web_answer_refuse(&k->call.answer, 504);
	send_answer(k);
}

static void on_time(evutil_socket_t fd, short what, void *arg)
{
	struct web_conn *k = arg;

	(void)fd;
	(void)what;
	if (k->state == WEB_CONN_AWAIT_ANSWER) {
		answer_late(k);
		return;
	}
	if (k->state == WEB_CONN_AWAIT_USER) {
		k->asked = 0;
		refuse_for_now(k, 503, WEB_REFUSED_PASSWORDS, "5");
		return;
	}
	if (k->state == WEB_CONN_ANSWERING)
		web_conn_refuse(k, WEB_REFUSED_UNREAD);
	else if (k->state != WEB_CONN_AWAIT_END && !k->is_silent)
		web_conn_refuse(k, WEB_REFUSED_LATE);
	web_conn_end(k);
}

void web_conn_new(struct web_server *s, int fd, const struct addr *peer)
{
	struct web_conn *k = mem_alloc0(sizeof(*k));

	if (!k) {
		web_refuse(s, WEB_REFUSED_MEMORY, peer);
		close(fd);
		return;
	}
	k->server = s;
	k->peer = *peer;
	s->counts.n_places++;
	list_append(&s->conns, &k->all);
	list_init(&k->reader);
	k->stays = ts_add(loop_clock(), TS_MS(GRACE_MS));
	list_append(&s->idle, &k->place);
	k->timer = evtimer_new(s->base, on_time, k);
	if (web_wire_init(&k->wire, s->base, fd, s->cfg.trust, s->cfg.tls) || !k->timer) {
		web_conn_refuse(k, WEB_REFUSED_MEMORY);
		web_conn_end(k);
		return;
	}
	web_wire_keep_unsent(&k->wire, UNSENT_BYTES);
	wait_for(k, TS_S(WEB_HEAD_S));
	bufferevent_setcb(k->wire.io, on_read, on_written, on_end, k);
	bufferevent_enable(k->wire.io, EV_READ | EV_WRITE);
}

/* ---- answers that come later ---- */

static struct web_conn *conn_of(struct web_call *c)
{
	return LIST_OWNER(c, struct web_conn, call);
}

struct web_call *web_answer_later(struct web_answer *a)
{
	struct web_call *c = LIST_OWNER(a, struct web_call, answer);
	struct web_server *s = conn_of(c)->server;

	if (s->counts.n_calls >= s->cfg.calls) {
		web_conn_refuse(conn_of(c), WEB_REFUSED_CALLS);
		web_answer_refuse(a, 503);
		web_answer_field(a, "Retry-After", SLICE("5"));
		return NULL;
	}
	s->counts.n_calls++;
	c->id = ++s->last_id;
	return c;
}

void web_answer_refuse_foreign(struct web_answer *a)
{
	web_conn_refuse(conn_of(LIST_OWNER(a, struct web_call, answer)), WEB_REFUSED_FOREIGN);
	web_answer_refuse(a, 403);
}

uint64_t web_call_id(const struct web_call *c)
{
	return c->id;
}

struct web_call *web_call_find(struct web_server *s, uint64_t id)
{
	struct list *n, *t;

	LIST_EACH(n, t, &s->conns)
	{
		struct web_conn *k = LIST_OWNER(n, struct web_conn, all);
		if (id && k->call.id == id)
			return &k->call;
	}
	return NULL;
}

const struct web_request *web_call_request(const struct web_call *c)
{
	return &c->request;
}

struct web_answer *web_call_answer(struct web_call *c)
{
	return &c->answer;
}

void web_call_send(struct web_call *c)
{
	struct web_conn *k = conn_of(c);

	k->server->counts.n_calls--;
	c->id = 0;
	if (k->state == WEB_CONN_AWAIT_ANSWER) /* else the handler has not returned */
		send_answer(k);
}

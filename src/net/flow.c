#include <netinet/tcp.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "net/flow_private.h"
#include "net/sock.h"

enum {
	PLAIN_MAX = 262144, /* out of one piece, in clear */
	/* A closed flow has this long to be written, from the last byte that went; then the peer
	 * this long to close, so that what was written is not cut off by a reset. */
	WRITE_MS = 30000,
	LINGER_MS = 1000,
};

/* ---- life ---- */

int flows_init(struct flows *fs, struct loop *loop, struct trust *trust, flow_tell *tell, void *arg)
{
	*fs = (struct flows){ .loop = loop, .trust = trust, .tell = tell, .arg = arg };
	list_init(&fs->ready);
	list_init(&fs->busy);
	list_init(&fs->dirty);
	list_init(&fs->ending);
	timers_init(&fs->timers);
	list_init(&fs->dead);
	buf_init(&fs->plain, PLAIN_MAX);
	fs->read_buf = malloc(FLOW_PIECE);
	return fs->read_buf ? 0 : -ENOMEM;
}

void flows_done(struct flows *fs)
{
	struct list *n, *t;

	LIST_EACH(n, t, &fs->ending)
	{
		flow_drop(LIST_OWNER(n, struct flow, all));
	}
	flows_reap(fs);
	timers_done(&fs->timers);
	free(fs->read_buf);
	buf_done(&fs->plain);
}

void flow_make_ready(struct flow *f)
{
	if (list_empty(&f->ready))
		list_append(f->is_busy ? &f->fs->busy : &f->fs->ready, &f->ready);
}

void flow_make_dirty(struct flow *f)
{
	list_remove(&f->dirty);
	list_append(&f->fs->dirty, &f->dirty);
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	struct flow *f = arg;

	(void)fd;
	(void)what;
	f->can_read = true;
	flow_make_ready(f);
}

static void on_write(evutil_socket_t fd, short what, void *arg)
{
	struct flow *f = arg;

	(void)fd;
	(void)what;
	f->write_armed = false;
	if (f->state == FLOW_CONNECTING)
		flow_make_ready(f);
	else
		flow_make_dirty(f);
}

static void arm_write(struct flow *f)
{
	if (!f->write_armed)
		event_add(&f->write, NULL);
	f->write_armed = true;
}

static int flow_new(struct flow **ret, struct flows *fs, flow_t id, int fd, void *owner)
{
	struct flow *f = mem_alloc0(sizeof(*f));

	if (!f) {
		close(fd);
		return -ENOMEM;
	}
	f->fs = fs;
	f->id = id;
	f->fd = fd;
	f->owner = owner;
	list_init(&f->ready);
	list_init(&f->dirty);
	list_init(&f->all);
	f->end.at = TS_NEVER;
	buf_init(&f->out, FLOW_MAX_BYTES);
	event_assign(&f->read, loop_base(fs->loop), fd, EV_READ | EV_PERSIST, on_read, f);
	event_assign(&f->write, loop_base(fs->loop), fd, EV_WRITE, on_write, f);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	fs->n++;
	*ret = f;
	return 0;
}

int flow_connect(struct flow **ret, struct flows *fs, flow_t id, const struct addr *to, void *owner)
{
	union sock_addr sa;
	socklen_t n = sock_put_addr(&sa, to);
	int fd = sock_open(to, SOCK_STREAM);

	if (fd < 0)
		return fd;
	if (connect(fd, &sa.sa, n) < 0 && errno != EINPROGRESS) {
		int err = -errno;

		close(fd);
		return err;
	}
	int err = flow_new(ret, fs, id, fd, owner);
	if (err)
		return err;
	(*ret)->peer = *to;
	(*ret)->state = FLOW_CONNECTING;
	(*ret)->opened = true;
	arm_write(*ret);
	return 0;
}

int flow_adopt(struct flow **ret, struct flows *fs, flow_t id, int fd, const struct addr *peer,
	void *owner)
{
	int err = flow_new(ret, fs, id, fd, owner);

	if (err)
		return err;
	(*ret)->peer = *peer;
	(void)sock_local(fd, &(*ret)->local);
	(*ret)->state = FLOW_OPEN;
	event_add(&(*ret)->read, NULL);
	return 0;
}

const struct addr *flow_local(const struct flow *f)
{
	return &f->local;
}

const struct addr *flow_peer(const struct flow *f)
{
	return &f->peer;
}

void *flow_owner(const struct flow *f)
{
	return f->owner;
}

void flow_drop(struct flow *f)
{
	if (f->state == FLOW_DEAD)
		return;
	f->state = FLOW_DEAD;
	list_remove(&f->ready);
	list_remove(&f->dirty);
	list_remove(&f->all);
	timers_set(&f->fs->timers, &f->end, TS_NEVER);
	event_del(&f->read);
	event_del(&f->write);
	close(f->fd);
	list_append(&f->fs->dead, &f->all);
}

/* Closing a socket that lingers for no time is what makes the kernel send a reset: socket(7). */
void flow_reset(struct flow *f)
{
	const struct linger none = { .l_onoff = 1, .l_linger = 0 };

	if (f->state != FLOW_DEAD)
		setsockopt(f->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	flow_drop(f);
}

void flows_reap(struct flows *fs)
{
	for (struct flow *f; (f = LIST_FIRST(&fs->dead, struct flow, all));) {
		list_remove(&f->all);
		channel_free(f->tls);
		buf_done(&f->out);
		mem_free(f);
		fs->n--;
	}
}

/* ---- facts ---- */

bool flow_is_told(const struct flow *f)
{
	return f->state == FLOW_CONNECTING || f->state == FLOW_OPEN;
}

void flow_tell_fact(struct flow *f, struct fact in)
{
	in.flow = f->id;
	in.local = &f->local;
	in.peer = &f->peer;
	f->fs->tell(f->fs->arg, f, &in);
}

static enum flow_step step(const struct flow *f)
{
	if (f->state == FLOW_CONNECTING)
		return FLOW_STEP_CONNECT;
	return f->handshaking ? FLOW_STEP_TLS : FLOW_STEP_OPEN;
}

void flow_fail(struct flow *f, int err, const struct tls_facts *tls)
{
	struct fact in = { .type = FACT_FLOW_FAILED, .err = err, .step = step(f), .tls = tls };
	bool told = flow_is_told(f);

	flow_drop(f);
	if (told)
		flow_tell_fact(f, in);
}

/* ---- writing ---- */

static void check_room(struct flow *f)
{
	size_t n = buf_len(&f->out);

	if (!flow_is_told(f))
		return;
	if (!f->blocked && n > FLOW_BLOCKED_BYTES) {
		f->blocked = true;
		flow_tell_fact(f, (struct fact){ .type = FACT_FLOW_BLOCKED });
	} else if (f->blocked && n < FLOW_READY_BYTES) {
		f->blocked = false;
		flow_tell_fact(f, (struct fact){ .type = FACT_FLOW_READY });
	}
}

/* Fails only when it is the first one of this flow: -ENOMEM. */
static int end_within(struct flow *f, ts_t span)
{
	return timers_set(&f->fs->timers, &f->end, ts_add(loop_now(f->fs->loop), span));
}

/* A peer without TCP_NODELAY keeps what it says second until what it said first is acknowledged:
 * Prosody its stream features behind the session tickets of TLS 1.3, and each stanza behind the one
 * before.  Linux waits 40 ms for bytes of ours to send that with.  So what nothing was sent behind
 * is acknowledged at the end of the wake-up, on the flows that we open: it costs a packet. */
static void acknowledge(struct flow *f)
{
	if (f->owes_ack && f->state == FLOW_OPEN)
		setsockopt(f->fd, IPPROTO_TCP, TCP_QUICKACK, &(int){ 1 }, sizeof(int));
	f->owes_ack = false;
}

void flow_write_out(struct flow *f)
{
	struct slice out = buf_slice(&f->out);

	if (buf_err(&f->out) && !f->err)
		f->err = buf_err(&f->out) == -EMSGSIZE ? ENOBUFS : ENOMEM;
	if (f->state == FLOW_CONNECTING || f->write_armed)
		return;
	while (out.n && !f->err) {
		ssize_t n = send(f->fd, out.p, out.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			arm_write(f);
			return;
		}
		if (n < 0) {
			f->err = errno;
			return;
		}
		buf_consume(&f->out, (size_t)n);
		out = buf_slice(&f->out);
		f->owes_ack = false;
		if (f->state == FLOW_CLOSING)
			end_within(f, TS_MS(WRITE_MS));
	}
}

void flow_write(struct flow *f, struct slice bytes)
{
	if (!flow_is_told(f))
		return;
	if (f->tls)
		channel_write(f->tls, bytes, &f->out);
	else
		buf_put(&f->out, bytes);
	flow_make_dirty(f);
	/* Only what the socket does not take counts against the limits. */
	if (buf_len(&f->out) > FLOW_BLOCKED_BYTES)
		flow_write_out(f);
}

static void linger(struct flow *f)
{
	if (f->told_eof) {
		flow_drop(f); /* both ends have spoken */
		return;
	}
	shutdown(f->fd, SHUT_WR);
	f->state = FLOW_LINGER;
	end_within(f, TS_MS(LINGER_MS));
}

static void flush(struct flow *f)
{
	flow_write_out(f);
	acknowledge(f);
	if (f->err)
		flow_fail(f, f->err, NULL);
	else if (buf_len(&f->out) == 0 && f->state == FLOW_CLOSING)
		linger(f);
	else
		check_room(f);
	if (buf_len(&f->out) == 0 && f->out.cap > FLOW_BLOCKED_BYTES)
		buf_done(&f->out); /* a peer that was slow once is not one for ever */
}

void flows_flush(struct flows *fs)
{
	for (struct flow *f; (f = LIST_FIRST(&fs->dirty, struct flow, dirty));) {
		list_remove(&f->dirty);
		flush(f);
	}
}

void flow_close(struct flow *f)
{
	if (f->state == FLOW_CONNECTING) {
		flow_drop(f);
		return;
	}
	if (f->state != FLOW_OPEN)
		return;
	if (f->tls)
		channel_close(f->tls, &f->out);
	if (f->paused && !f->told_eof)
		event_add(&f->read, NULL); /* to see the peer's end */
	f->paused = false;
	f->state = FLOW_CLOSING;
	list_append(&f->fs->ending, &f->all);
	flow_make_dirty(f);
	if (end_within(f, TS_MS(WRITE_MS)))
		flow_drop(f);
}

void flow_pause(struct flow *f, bool pause)
{
	if (f->state != FLOW_OPEN || f->paused == pause)
		return;
	f->paused = pause;
	if (pause) {
		event_del(&f->read);
		return;
	}
	if (!f->told_eof)
		event_add(&f->read, NULL); /* tells again of what has not been read yet */
}

/* ---- TLS ---- */

void flow_start_tls(struct flow *f, const struct tls_policy *policy)
{
	if (f->state != FLOW_OPEN || f->tls)
		return;
	f->handshaking = true;
	int err = channel_new(&f->tls, f->fs->trust, policy);
	if (!err)
		err = channel_push(f->tls, SLICE_NONE, &f->fs->plain, &f->out);
	f->tls_refused = err == -EINVAL;
	if (err && !f->tls_refused)
		f->err = ENOMEM;
	flow_make_dirty(f);
	if (err)
		flow_make_ready(f);
}

/* ---- all ---- */

ts_t flows_deadline(const struct flows *fs)
{
	return timers_deadline(&fs->timers);
}

bool flows_ready(const struct flows *fs)
{
	return !list_empty(&fs->ready) || !list_empty(&fs->busy);
}

bool flows_pending(const struct flows *fs)
{
	for (struct list *n = fs->ending.next; n != &fs->ending; n = n->next)
		if (LIST_OWNER(n, struct flow, all)->state == FLOW_CLOSING)
			return true;
	return false;
}

size_t flows_count(const struct flows *fs)
{
	return fs->n;
}

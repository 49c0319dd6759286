/* What comes on flows, and whose turn it is. */
#include <errno.h>
#include <sys/socket.h>

#include "net/flow_private.h"
#include "net/sock.h"

enum {
	/* Of one that we have opened, in one wake-up: behind our servers there are many, and they
	 * are ours. */
	OPENED_PIECES_MAX = 8,
	/* Behind it the flows wait for the next wake-up, which begins with the datagrams: whoever
	 * fills connections may not be why an OPTIONS over UDP waits. */
	SPELL_MS = 2,
};

static void tell_bytes(struct flow *f, struct slice bytes)
{
	if (bytes.n == 0 || f->state != FLOW_OPEN)
		return;
	f->told_bytes = f->tls != NULL;
	flow_tell_fact(f, (struct fact){ .type = FACT_FLOW_BYTES, .bytes = bytes });
}

static void tell_eof(struct flow *f)
{
	if (f->told_eof || f->state != FLOW_OPEN)
		return;
	f->told_eof = true;
	event_del(&f->read);
	flow_tell_fact(f, (struct fact){ .type = FACT_FLOW_EOF, .step = FLOW_STEP_OPEN });
}

static void push_tls(struct flow *f, struct slice in)
{
	struct buf *plain = &f->fs->plain;
	bool was_up = !f->handshaking;

	buf_clear(plain);
	int err = channel_push(f->tls, in, plain, &f->out);
	flow_make_dirty(f);
	if (err) {
		flow_fail(f, ENOMEM, NULL);
		return;
	}
	enum channel_state state = channel_state(f->tls);
	if (was_up)
		tell_bytes(f, buf_slice(plain));
	if (f->state == FLOW_DEAD)
		return;
	if (state == CHANNEL_FAILED) {
		flow_write_out(f); /* the alert that says why, if the peer still listens */
		/* With TLS 1.3 a server refuses our certificate, or the lack of one, when we are
		 * up already: that is still the handshake's failure. */
		f->handshaking |= !f->told_bytes;
		flow_fail(f, f->handshaking ? 0 : EPROTO, channel_facts(f->tls));
		return;
	}
	if (!was_up && state != CHANNEL_HANDSHAKE) {
		f->handshaking = false;
		flow_tell_fact(
			f, (struct fact){ .type = FACT_TLS_UP, .tls = channel_facts(f->tls) });
		tell_bytes(f, buf_slice(plain));
	}
	if (state == CHANNEL_EOF)
		tell_eof(f);
}

/* What a call from outside has found. */
static bool tell_late(struct flow *f)
{
	static const struct tls_facts none = { .failure = TLS_FAILURE_OTHER,
		.alert = -1,
		.detail = "no such trust store or certificate is loaded" };

	bool failed = f->tls && channel_state(f->tls) == CHANNEL_FAILED;

	if (!f->err && !f->tls_refused && !failed)
		return false;
	flow_fail(f, f->err, failed ? channel_facts(f->tls) : f->tls_refused ? &none : NULL);
	return true;
}

static void read_end(struct flow *f)
{
	if (f->handshaking) {
		channel_push_eof(f->tls);
		flow_fail(f, 0, channel_facts(f->tls));
		return;
	}
	if (f->state == FLOW_OPEN) {
		tell_eof(f);
		return;
	}
	/* It has closed first: what is left is still written. */
	event_del(&f->read);
	f->told_eof = true;
	if (f->state == FLOW_LINGER)
		flow_drop(f);
}

/* True when there may be more. */
static bool read_piece(struct flow *f)
{
	ssize_t n = recv(f->fd, f->fs->read_buf, FLOW_PIECE, 0);

	if (n < 0 && errno == EINTR)
		return true;
	if (n < 0) {
		if (errno != EAGAIN)
			flow_fail(f, errno, NULL);
		return false;
	}
	if (n == 0) {
		read_end(f);
		return false;
	}
	struct slice in = slice_of(f->fs->read_buf, (size_t)n);
	if (f->state != FLOW_OPEN)
		return true; /* nobody listens any more */
	if (f->opened) {
		f->owes_ack = true;
		flow_make_dirty(f);
	}
	if (f->tls)
		push_tls(f, in);
	else
		tell_bytes(f, in);
	return n == FLOW_PIECE && f->state != FLOW_DEAD;
}

static void connected(struct flow *f)
{
	int err = 0;
	socklen_t n = sizeof(err);

	getsockopt(f->fd, SOL_SOCKET, SO_ERROR, &err, &n);
	if (err) {
		flow_fail(f, err, NULL);
		return;
	}
	f->state = FLOW_OPEN;
	sock_local(f->fd, &f->local);
	event_add(&f->read, NULL);
	flow_make_dirty(f);
	flow_tell_fact(f, (struct fact){ .type = FACT_FLOW_UP });
}

/* ---- whose turn it is ---- */

static bool is_late(const struct flows *fs)
{
	return loop_clock() > fs->late_at;
}

/* One piece; true when there may be more, and it may be read at once. */
static bool process(struct flow *f)
{
	if (tell_late(f))
		return false;
	if (f->state == FLOW_CONNECTING)
		connected(f); /* only the loop makes it ready */
	if (!f->can_read || f->paused)
		return false;
	f->can_read = read_piece(f);
	if (!f->can_read || f->paused)
		return false;
	/* Else its owner hears at the end of this wake-up that it is blocked. */
	return buf_len(&f->out) <= FLOW_BLOCKED_BYTES;
}

/* Who says little has its turn first: behind a piece there are those that have more to say. */
static void process_ready(struct flow *f)
{
	const unsigned pieces = f->opened ? OPENED_PIECES_MAX : 1;
	bool more = true;

	for (unsigned i = 0; i < pieces && more && (i == 0 || !is_late(f->fs)); i++)
		more = process(f);
	f->is_busy = f->can_read && !f->opened;
	if (more)
		flow_make_ready(f);
}

static void process_all_ready(struct flows *fs)
{
	struct list mark; /* those that become ready meanwhile are behind it, for the next time */
	struct list *n;

	list_append(&fs->ready, &mark);
	while ((n = fs->ready.next) != &mark) {
		list_remove(n);
		process_ready(LIST_OWNER(n, struct flow, ready));
		if (is_late(fs))
			break; /* the rest is first in the next wake-up */
	}
	list_remove(&mark);
}

/* Those in turn, a piece each, and at least one. */
static void process_busy(struct flows *fs)
{
	struct flow *f;

	do {
		f = LIST_FIRST(&fs->busy, struct flow, ready);
		if (!f)
			return;
		list_remove(&f->ready);
		const bool more = process(f);
		f->is_busy = f->can_read;
		if (more)
			flow_make_ready(f);
	} while (!is_late(fs));
}

void flows_process(struct flows *fs)
{
	fs->late_at = ts_add(loop_now(fs->loop), TS_MS(SPELL_MS));
	process_all_ready(fs);
	process_busy(fs);
	for (struct timer *due; (due = timers_due(&fs->timers, loop_now(fs->loop)));)
		flow_drop(LIST_OWNER(due, struct flow, end));
}

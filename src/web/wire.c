#include "web/wire.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/channel.h"
#include "web/request.h"

enum {
	READ_BYTES = WEB_HEAD_MAX,
	RECORD_BYTES = 16 << 10, /* RFC 8446 section 5.1 */
	IN_MAX = WEB_HEAD_MAX + WEB_BODY_MAX + READ_BYTES + 2 * RECORD_BYTES,
	CIPHER_MAX = 1 << 20, /* of what is put at once, and its records' frames */
};

int web_wire_init(struct web_wire *w, struct event_base *base, int fd, struct trust *trust,
	const struct tls_policy *policy)
{
	buf_init(&w->in, IN_MAX);
	w->io = bufferevent_socket_new(base, fd, BEV_OPT_CLOSE_ON_FREE);
	if (!w->io) {
		close(fd);
		return -ENOMEM;
	}
	bufferevent_setwatermark(w->io, EV_READ, 0, READ_BYTES);
	return policy ? channel_new(&w->tls, trust, policy) : 0;
}

void web_wire_done(struct web_wire *w)
{
	if (w->io)
		bufferevent_free(w->io);
	w->io = NULL;
	w->tls = channel_free(w->tls);
	buf_done(&w->in);
}

/* ---- in ---- */

static int send_cipher(struct web_wire *w, struct buf *cipher)
{
	const struct slice bytes = buf_slice(cipher);
	int err = buf_err(cipher);

	if (!err && bytes.n && evbuffer_add(bufferevent_get_output(w->io), bytes.p, bytes.n) < 0)
		err = -ENOMEM;
	buf_done(cipher);
	return err;
}

/* An idle connection keeps no room for a record, but what came in it. */
static int push_cipher(struct web_wire *w, struct slice bytes)
{
	struct buf cipher, plain;

	buf_init(&cipher, CIPHER_MAX);
	buf_init(&plain, READ_BYTES + 2 * RECORD_BYTES);
	const int pushed = channel_push(w->tls, bytes, &plain, &cipher);
	const int sent = send_cipher(w, &cipher);
	buf_put(&w->in, buf_slice(&plain));
	buf_done(&plain);
	if (pushed || sent || buf_err(&w->in))
		return -ENOMEM;
	if (channel_state(w->tls) == CHANNEL_FAILED)
		return -EPROTO;
	return channel_state(w->tls) == CHANNEL_EOF ? -EPIPE : 0;
}

int web_wire_pull(struct web_wire *w, size_t until)
{
	struct evbuffer *in = bufferevent_get_input(w->io);
	int err = 0;

	while (!err && buf_len(&w->in) < until) {
		const size_t n = evbuffer_get_length(in);
		if (n == 0)
			break;
		const uint8_t *p = evbuffer_pullup(in, (ev_ssize_t)n);
		if (!p)
			return -ENOMEM;
		if (w->tls)
			err = push_cipher(w, slice_of(p, n));
		else
			buf_put(&w->in, slice_of(p, n));
		if (!err)
			err = buf_err(&w->in);
		evbuffer_drain(in, n);
	}
	return err;
}

void web_wire_throw_away(struct web_wire *w)
{
	struct evbuffer *in = bufferevent_get_input(w->io);

	evbuffer_drain(in, evbuffer_get_length(in));
}

void web_wire_listen(struct web_wire *w, bool is_listening)
{
	if (is_listening)
		bufferevent_enable(w->io, EV_READ);
	else
		bufferevent_disable(w->io, EV_READ);
}

/* ---- out ---- */

int web_wire_put(struct web_wire *w, struct slice bytes)
{
	struct buf cipher;

	if (!w->tls)
		return evbuffer_add(bufferevent_get_output(w->io), bytes.p, bytes.n) < 0 ? -ENOMEM
											 : 0;
	buf_init(&cipher, CIPHER_MAX);
	const int err = channel_write(w->tls, bytes, &cipher);
	const int sent = send_cipher(w, &cipher);
	return err ? err : sent;
}

void web_wire_put_end(struct web_wire *w)
{
	struct buf cipher;

	if (!w->tls)
		return;
	buf_init(&cipher, CIPHER_MAX);
	channel_close(w->tls, &cipher);
	(void)send_cipher(w, &cipher); /* without it the end is that of the connection */
}

bool web_wire_has_unsent(const struct web_wire *w)
{
	return evbuffer_get_length(bufferevent_get_output(w->io)) > 0;
}

void web_wire_shut(struct web_wire *w)
{
	shutdown(bufferevent_getfd(w->io), SHUT_WR);
	bufferevent_disable(w->io, EV_WRITE);
	bufferevent_setwatermark(w->io, EV_READ, 0, 0);
}

void web_wire_reset(struct web_wire *w)
{
	const struct linger now = { .l_onoff = 1 };

	(void)setsockopt(
		bufferevent_getfd(w->io), SOL_SOCKET, SO_LINGER, &now, sizeof(now)); /* else not */
}

void web_wire_keep_unsent(struct web_wire *w, int bytes)
{
	(void)setsockopt(bufferevent_getfd(w->io), SOL_SOCKET, SO_SNDBUF, &bytes,
		sizeof(bytes)); /* else more */
}

const struct tls_facts *web_wire_tls(const struct web_wire *w)
{
	return w->tls ? channel_facts(w->tls) : NULL;
}

/* Whether the server reads what we write.  A domain that answers no pings (its server may not be
 * there yet) leaves a message to the window, and no error within it says nothing while the bytes
 * are still in a buffer of ours or of the system: a server that hangs, or a connection that is half
 * open, sends no errors either.  So a ping to ourselves goes out behind the message.  Only the
 * server itself sends that back, and it has read all in front of it then.  RFC 6120 section 10.3:
 * what is for a component is delivered to it, or answered. */
#include "gateway/private.h"

enum {
	/* With the window below 3.5 s: from there on RFC 4320 section 4.1 would want a 100. */
	READ_MS = 3000,
	ID_MAX = 24,
};

static bool is_known(const struct gateway *g, const struct uas *u)
{
	return g->own_back > u->mark;
}

static void ask(struct gateway *g, ts_t now)
{
	const struct slice own = slice_str(g->domain);
	struct buf id;
	struct buf *b = xstream_begin(g->stream);

	/* One that cannot be written does not come back, as one that is not read. */
	if (g->own_sent++ == g->own_back)
		g->own_asked = now;
	if (!b)
		return;
	buf_init(&id, ID_MAX);
	buf_putc(&id, 'r');
	buf_putu(&id, g->own_sent);
	stanza_put_ping(b, own, own, buf_slice(&id));
	if (!buf_err(&id))
		(void)xstream_commit(g->stream, now);
	buf_done(&id);
}

bool gateway_was_read(struct gateway *g, const struct uas *u, ts_t now)
{
	if (is_known(g, u))
		return true;
	if (g->own_sent == u->mark && gateway_is_up(g))
		ask(g, now);
	return false;
}

ts_t gateway_read_by(const struct gateway *g, const struct uas *u)
{
	if (g->own_sent == u->mark || is_known(g, u))
		return ts_add(u->sent, gateway_window(g));
	/* From the question on, not from the window's end: this process may have been stopped. */
	return ts_add(g->own_asked, TS_MS(READ_MS));
}

/* The server lets nobody else speak in our name, and a user is not the domain. */
static bool is_ourselves(const struct gateway *g, struct slice from)
{
	struct where where;
	struct jid jid;

	return jid_decode(from, &jid, &where) == 0 && slice_eqs(jid_full(&jid), g->domain);
}

bool gateway_own_ping(struct gateway *g, const struct stanza *s, ts_t now)
{
	uint64_t n;

	if (s->id.n < 2 || s->id.p[0] != 'r' || !slice_u64(slice_skip(s->id, 1), g->own_sent, &n) ||
		!is_ourselves(g, s->from))
		return false;
	if (n > g->own_back) {
		g->own_back = n;
		g->own_asked = now; /* the next one is owed from here on */
	}
	gateway_uas_window(g, now);
	return true;
}

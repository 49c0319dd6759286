/* What a stream leaves behind: its state, its events, its bytes and its last word. */
#include <assert.h>
#include <stdio.h>

#include "xmpp/stream_private.h"

#define CLOSE_WAIT TS_S(2) /* for the other side's end, RFC 6120 section 4.4 item 3 */

/* ---- state and events ---- */

/* "while awaiting ..." */
static const char *const state_names[] = {
	[XSTREAM_AWAIT_TLS] = "the TLS handshake",
	[XSTREAM_AWAIT_HEADER] = "the stream header",
	[XSTREAM_AWAIT_FEATURES] = "stream features",
	[XSTREAM_AWAIT_PROCEED] = "the answer to STARTTLS",
	[XSTREAM_AWAIT_SASL] = "the answer to SASL",
	[XSTREAM_AWAIT_BOUND] = "the answer to bind",
	[XSTREAM_AWAIT_SESSION] = "the answer to session",
	[XSTREAM_AWAIT_PRESENCE] = "the answer to presence",
	[XSTREAM_AWAIT_ACCEPTED] = "the answer to the handshake",
	[XSTREAM_AWAIT_AUTH] = "starttls or auth",
	[XSTREAM_AWAIT_ACCOUNT] = "the account",
	[XSTREAM_AWAIT_RESPONSE] = "the SASL response",
	[XSTREAM_AWAIT_BIND] = "bind",
	[XSTREAM_AWAIT_RESOURCE] = "the resource",
	[XSTREAM_AWAIT_SECRET] = "the secret",
	[XSTREAM_AWAIT_HANDSHAKE] = "the handshake",
	[XSTREAM_READY] = "stanzas",
	[XSTREAM_CLOSING] = "the end of the stream",
	[XSTREAM_OVER] = "nothing",
};
_Static_assert(COUNT(state_names) == XSTREAM_STATES, "every state has its name");

const char *xstream_state_name(const struct xstream *x)
{
	return state_names[x->state];
}

bool xstream_is_ready(const struct xstream *x)
{
	return x->state == XSTREAM_READY && !x->eof;
}

void xstream_enter(struct xstream *x, enum xstream_state state)
{
	if (x->state == XSTREAM_OVER)
		return; /* the last event was made; whoever failed inside a handler returns here */
	x->state = state;
	if (state == XSTREAM_CLOSING)
		x->close_by = ts_add(x->now, CLOSE_WAIT);
}

void xstream_emit(struct xstream *x, struct xstream_event ev)
{
	if (x->state == XSTREAM_OVER)
		return;
	assert(x->ring_n < RING_MAX);
	x->ring[(x->ring_head + x->ring_n++) % RING_MAX] = ev;
	if (ev.type == XSTREAM_EV_FEATURES)
		x->node_held = true;
}

void xstream_ready(struct xstream *x)
{
	xstream_enter(x, XSTREAM_READY);
	xstream_emit(x, (struct xstream_event){ .type = XSTREAM_EV_READY,
				.jid = x->jid.text,
				.presence_unseen = x->presence_unseen });
}

/* ---- the last word ---- */

/* Everything that ends a stream comes through here, once. */
void xstream_over(struct xstream *x, struct xstream_event ev)
{
	if (x->has_last)
		return;
	x->last = ev;
	x->has_last = true;
	xstream_enter(x, XSTREAM_OVER);
}

void xstream_fail(struct xstream *x, enum xstream_failure f, const char *condition)
{
	xstream_over(x, (struct xstream_event){
				.type = XSTREAM_EV_FAILED,
				.failure = f,
				.condition = condition ? condition : "",
				.text = x->text,
				.plus_missing = x->client && sasl_client_plus_missing(x->client),
			});
}

void xstream_fail_internal(struct xstream *x)
{
	snprintf(x->text, sizeof(x->text), "out of memory");
	xstream_fail(x, XSTREAM_FAIL_INTERNAL, NULL);
}

/* ---- output ---- */

/* Stanzas come, and may be answered. */
static bool is_bound(const struct xstream *x)
{
	return (x->state == XSTREAM_READY || x->state == XSTREAM_AWAIT_PRESENCE) && !x->eof;
}

/* Forgets what was begun and not committed, with its error. */
struct buf *xstream_write(struct xstream *x)
{
	struct buf *b = &x->out[x->cur];

	b->err = 0;
	buf_truncate(b, x->committed);
	return b;
}

static int commit(struct xstream *x, size_t max)
{
	struct buf *b = &x->out[x->cur];
	int err = buf_err(b) ? buf_err(b) : buf_len(b) > max ? -EMSGSIZE : 0;

	if (err) {
		xstream_write(x);
		return err;
	}
	x->committed = buf_len(b);
	x->last_sent = x->now;
	return 0;
}

void xstream_send(struct xstream *x)
{
	if (commit(x, OUT_MAX + OUT_RESERVE))
		xstream_fail_internal(x);
}

struct buf *xstream_begin(struct xstream *x)
{
	if (!is_bound(x) || x->committed >= OUT_FULL)
		return NULL;
	return xstream_write(x);
}

int xstream_commit(struct xstream *x, ts_t now)
{
	x->now = now;
	return is_bound(x) ? commit(x, OUT_MAX) : -EINVAL;
}

bool xstream_take_output(struct xstream *x, struct slice *ret)
{
	if (x->committed == 0)
		return false;
	*ret = buf_slice(xstream_write(x));
	x->committed = 0;
	x->cur ^= 1;
	struct buf *b = &x->out[x->cur];
	if (b->cap > OUT_KEPT)
		buf_done(b);
	buf_clear(b);
	return true;
}

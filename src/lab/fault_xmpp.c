#include <string.h>

#include "base/mem.h"
#include "lab/private.h"

/* ---- a client's stream ---- */

void lab_fault_stream_cfg(const struct lab *l, struct xstream_cfg *cfg)
{
	const struct fault_stream *f = &l->fault->stream;

	/* What a fault says is of RFC 6120's SASL. */
	if (f->does == FAULT_STREAM_SAY)
		cfg->sasl2 = false;
	if (f->at != FAULT_AT_START)
		return;
	if (f->does == FAULT_STREAM_NO_TLS)
		cfg->tls = XSTREAM_TLS_NONE;
	else if (f->does == FAULT_STREAM_DOMAIN)
		cfg->domain = slice_str(f->text);
}

static enum fault_moment moment_of(const struct xstream_event *ev)
{
	struct stanza s;

	switch (ev->type) {
	case XSTREAM_EV_WANT_ACCOUNT: return FAULT_AT_AUTH;
	case XSTREAM_EV_WANT_BIND: return FAULT_AT_BIND;
	case XSTREAM_EV_STANZA:
		stanza_read(&s, ev->node);
		return s.kind == STANZA_PRESENCE ? FAULT_AT_PRESENCE : FAULT_AT_NONE;
	case XSTREAM_EV_OPENED:
	case XSTREAM_EV_FEATURES:
	case XSTREAM_EV_WANT_TLS:
	case XSTREAM_EV_AUTHENTICATED:
	case XSTREAM_EV_READY:
	case XSTREAM_EV_WANT_SECRET:
	case XSTREAM_EV_CLOSED:
	case XSTREAM_EV_FAILED: break;
	}
	return FAULT_AT_NONE;
}

static enum fault_event strike(struct lab *l, struct conn *c, const struct fault_stream *f)
{
	switch (f->does) {
	case FAULT_STREAM_SAY:
		/* Past the stream, which waits for its driver and says nothing more. */
		buf_puts(shell_out(&l->shell), f->text);
		shell_send(&l->shell, &c->origin);
		return FAULT_EVENT_TAKEN;
	case FAULT_STREAM_ERROR: xstream_abort(c->stream, f->text, l->now); break;
	case FAULT_STREAM_CLOSE: return FAULT_EVENT_ENDS;
	case FAULT_STREAM_REFUSE: xstream_push_bind(c->stream, SLICE_NONE, l->now); break;
	case FAULT_STREAM_NO_TLS:
	case FAULT_STREAM_DOMAIN:
	case FAULT_STREAM_IGNORE: break;
	}
	return FAULT_EVENT_TAKEN;
}

enum fault_event lab_fault_event(struct lab *l, struct conn *c, const struct xstream_event *ev)
{
	const struct fault_stream *f = &l->fault->stream;

	if (f->at == FAULT_AT_NONE || c->kind != CONN_XMPP_CLIENT || moment_of(ev) != f->at)
		return FAULT_EVENT_NONE;
	return strike(l, c, f);
}

/* ---- a message on its way ---- */

static void end_streams(struct lab *l, const struct jid *user)
{
	struct list *n, *t;

	LIST_EACH(n, t, &l->all_conns)
	{
		struct conn *c = LIST_OWNER(n, struct conn, all);

		if (lab_xroute_is_for(c, user))
			xstream_abort(c->stream, "conflict", l->now);
	}
}

bool lab_fault_stanza(struct lab *l, struct conn *from, const struct stanza *s,
	const struct jid *to, struct slice sender)
{
	const struct fault_stanza *f = &l->fault->stanza;
	const bool answer = from->kind == CONN_XMPP_CLIENT;

	if (s->kind != STANZA_MESSAGE || slice_eqs(s->type, "error") || answer != f->answer)
		return false;
	switch (f->does) {
	case FAULT_STANZA_NONE: return false;
	case FAULT_STANZA_DROP: break;
	case FAULT_STANZA_HOLD: lab_xroute_put(&l->faulty.held, s->node, sender); break;
	case FAULT_STANZA_TWICE: lab_xroute_deliver(l, s, to, sender); return false;
	case FAULT_STANZA_BOUNCE: lab_xroute_bounce(l, from, s, sender, f->condition); break;
	case FAULT_STANZA_CONFLICT: end_streams(l, to); break;
	case FAULT_STANZA_REPORT: lab_fault_report(l, to, sender, s->id); break;
	}
	return true;
}

/* What was held comes now: later than any deadline. */
void lab_fault_leaving(struct lab *l, struct conn *c)
{
	struct buf *held = &l->faulty.held;
	struct buf *b = buf_len(held) ? xstream_begin(c->stream) : NULL;

	if (!b)
		return;
	buf_put(b, buf_slice(held));
	buf_clear(held);
	lab_xserver_commit(l, c);
}

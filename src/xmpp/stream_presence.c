/* Making a client's resource available, RFC 6121 section 4.2. */
#include "xmpp/stream_private.h"

/* How much later than the answer to a ping the presence in front of it may come.  RFC 6120 section
 * 10.1 has stanzas handled in order, but servers with a thread for each kind of request (Tigase) do
 * not keep their answers in order. */
#define LATE TS_S(1)

#define PING_ID "available"

/* The ping behind the presence tells a server that drops presences from one that is slow. */
void xstream_presence_await(struct xstream *x)
{
	struct buf *b = xstream_write(x);

	xstream_enter(x, XSTREAM_AWAIT_PRESENCE);
	x->asked = true;
	if (x->cfg.priority)
		buf_printf(b, "<presence><priority>%d</priority></presence>", x->cfg.priority);
	else
		buf_puts(b, "<presence/>");
	stanza_put_ping(b, SLICE_NONE, x->cfg.domain, SLICE(PING_ID));
	xstream_send(x);
}

/* What the server says for itself or in the name of the account; others may send us what they like.
 */
static bool is_of_server(const struct xstream *x, const struct stanza *s)
{
	struct where where;
	struct jid from;

	if (s->from.n == 0)
		return true;
	return jid_decode(s->from, &from, &where) == 0 &&
	       (jid_eq(&from, &x->domain) || jid_bare_eq(&from, &x->jid));
}

static bool is_answer(const struct xstream *x, const struct stanza *s)
{
	return s->kind == STANZA_IQ &&
	       (slice_eqs(s->type, "result") || slice_eqs(s->type, "error")) && is_of_server(x, s);
}

static void refused(struct xstream *x, const struct stanza *s)
{
	struct stanza_error e = { .condition = COND_UNDEFINED_CONDITION };

	(void)stanza_error_read(&e, s->node);
	xstream_give_up(x, XSTREAM_FAIL_NO_PRESENCE, stanza_condition_name(e.condition), "%.*s",
		SLICE_FMT(e.text));
}

/* True when the presence is the driver's. */
static bool presence(struct xstream *x, const struct stanza *s)
{
	struct where where;
	struct jid from;

	if (slice_eqs(s->type, "error") && is_of_server(x, s)) {
		refused(x, s);
		return false;
	}
	if (s->type.n || jid_decode(s->from, &from, &where) || !jid_eq(&from, &x->jid))
		return true;
	xstream_ready(x);
	return false;
}

bool xstream_presence_stanza(struct xstream *x, const struct xml_node *node)
{
	struct stanza s;

	stanza_read(&s, node);
	if (s.kind == STANZA_PRESENCE)
		return x->state != XSTREAM_AWAIT_PRESENCE || presence(x, &s);
	if (!slice_eqs(s.id, PING_ID) || !is_answer(x, &s))
		return true;
	if (x->state == XSTREAM_AWAIT_PRESENCE)
		x->presence_by = ts_add(x->now, LATE);
	return false;
}

/* Against RFC 6121 section 4.2.2, but there are servers that never send it back (jabberd2): whether
 * messages arrive is for the messages to show. */
void xstream_presence_late(struct xstream *x)
{
	x->presence_unseen = true;
	xstream_ready(x);
}

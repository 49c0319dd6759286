/* Making a client's resource available, RFC 6121 section 4.2. */
#include <stdio.h>

#include "xmpp/stream_private.h"

/* How much later than the answer to a ping the presence in front of it may come.  RFC 6120 section
 * 10.1 has stanzas handled in order, but servers with a thread for each kind of request (Tigase) do
 * not keep their answers in order. */
#define LATE TS_S(1)

#define PING_ID "available-" /* and a number */

/* The ping behind the presence tells a server that drops presences from one that is slow. */
void xstream_presence_put(struct xstream *x, struct buf *b)
{
	char id[32];

	snprintf(id, sizeof(id), PING_ID "%u", ++x->pings);
	x->early = x->state != XSTREAM_AWAIT_PRESENCE;
	if (x->cfg.priority)
		buf_printf(b, "<presence><priority>%d</priority></presence>", x->cfg.priority);
	else
		buf_puts(b, "<presence/>");
	stanza_put_ping(b, SLICE_NONE, x->cfg.domain, slice_str(id));
}

static void put_now(struct xstream *x)
{
	xstream_presence_put(x, xstream_write(x));
	xstream_send(x);
}

void xstream_presence_await(struct xstream *x)
{
	xstream_enter(x, XSTREAM_AWAIT_PRESENCE);
	if (!x->pings || x->early_answered)
		put_now(x);
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

/* The number of the ping that was answered; 0: it is something else. */
static unsigned answered_ping(const struct xstream *x, const struct stanza *s)
{
	const struct slice prefix = SLICE(PING_ID);
	uint64_t n;

	if (!slice_starts(s->id, prefix) || !is_answer(x, s) ||
		!slice_u64(slice_skip(s->id, prefix.n), x->pings, &n))
		return 0;
	return (unsigned)n;
}

bool xstream_presence_early(struct xstream *x, const struct xml_node *node)
{
	struct stanza s;

	stanza_read(&s, node);
	unsigned n = answered_ping(x, &s);
	x->early_answered |= n && n == x->pings;
	return n || (x->pings && s.kind == STANZA_PRESENCE);
}

/* A presence that went ahead of the resource may have been dropped for that reason alone (by a
 * server that wants a session first, or that does not keep the order): it goes once more. */
static void answered(struct xstream *x)
{
	if (x->early)
		put_now(x);
	else
		x->presence_by = ts_add(x->now, LATE);
}

static void refused(struct xstream *x, const struct stanza *s)
{
	struct stanza_error e = { .condition = COND_UNDEFINED_CONDITION };

	if (x->early)
		return; /* the answer to the ping behind it decides */
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

/* RFC 3921 section 3, where a server requires it. */
static void session(struct xstream *x, const struct stanza *s)
{
	x->session = false;
	if (x->state == XSTREAM_AWAIT_PRESENCE)
		(void)xstream_result(x, s->node, XSTREAM_SESSION_ID);
}

bool xstream_presence_stanza(struct xstream *x, const struct xml_node *node)
{
	struct stanza s;

	stanza_read(&s, node);
	if (s.kind == STANZA_PRESENCE)
		return x->state != XSTREAM_AWAIT_PRESENCE || presence(x, &s);
	bool of_session = x->session && slice_eqs(s.id, XSTREAM_SESSION_ID) && is_answer(x, &s);
	unsigned n = answered_ping(x, &s);
	if (!of_session && !n)
		return true;
	if (of_session)
		session(x, &s);
	else if (n == x->pings && x->state == XSTREAM_AWAIT_PRESENCE)
		answered(x);
	return false;
}

/* Against RFC 6121 section 4.2.2, but there are servers that never send it back (jabberd2): whether
 * messages arrive is for the messages to show. */
void xstream_presence_late(struct xstream *x)
{
	x->presence_unseen = true;
	xstream_ready(x);
}

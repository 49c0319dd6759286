/* Stream errors (RFC 6120 section 4.9), and every way in which a stream ends. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "xmpp/stream_private.h"

/* RFC 6120 section 4.9.3, in its order; what each means to whoever asked for the stream. */
static const struct {
	const char *name;
	enum xstream_failure failure;
} conditions[] = {
	{ "bad-format", XSTREAM_FAIL_STREAM_ERROR },
	{ "bad-namespace-prefix", XSTREAM_FAIL_STREAM_ERROR },
	{ "conflict", XSTREAM_FAIL_CONFLICT },
	{ "connection-timeout", XSTREAM_FAIL_STREAM_ERROR },
	{ "host-gone", XSTREAM_FAIL_HOST_UNKNOWN },
	{ "host-unknown", XSTREAM_FAIL_HOST_UNKNOWN },
	{ "improper-addressing", XSTREAM_FAIL_STREAM_ERROR },
	{ "internal-server-error", XSTREAM_FAIL_STREAM_ERROR },
	{ "invalid-from", XSTREAM_FAIL_STREAM_ERROR },
	{ "invalid-namespace", XSTREAM_FAIL_STREAM_ERROR },
	{ "invalid-xml", XSTREAM_FAIL_STREAM_ERROR },
	{ "not-authorized", XSTREAM_FAIL_STREAM_ERROR },
	{ "not-well-formed", XSTREAM_FAIL_STREAM_ERROR },
	{ "policy-violation", XSTREAM_FAIL_STREAM_ERROR },
	{ "remote-connection-failed", XSTREAM_FAIL_STREAM_ERROR },
	{ "reset", XSTREAM_FAIL_STREAM_ERROR },
	{ "resource-constraint", XSTREAM_FAIL_STREAM_ERROR },
	{ "restricted-xml", XSTREAM_FAIL_STREAM_ERROR },
	{ "see-other-host", XSTREAM_FAIL_STREAM_ERROR },
	{ "system-shutdown", XSTREAM_FAIL_STREAM_ERROR },
	{ "undefined-condition", XSTREAM_FAIL_STREAM_ERROR },
	{ "unsupported-encoding", XSTREAM_FAIL_STREAM_ERROR },
	{ "unsupported-feature", XSTREAM_FAIL_STREAM_ERROR },
	{ "unsupported-stanza-type", XSTREAM_FAIL_STREAM_ERROR },
	{ "unsupported-version", XSTREAM_FAIL_STREAM_ERROR },
	/* Not of the list but of RFC 3920, and still sent. */
	{ "invalid-id", XSTREAM_FAIL_STREAM_ERROR },
	{ "xml-not-well-formed", XSTREAM_FAIL_STREAM_ERROR },
};
enum { CONDITIONS = 25 }; /* that we may send */

static const char *const failure_names[] = {
	[XSTREAM_FAIL_NONE] = "none",
	[XSTREAM_FAIL_HOST_UNKNOWN] = "host-unknown",
	[XSTREAM_FAIL_TLS_NOT_OFFERED] = "tls-not-offered",
	[XSTREAM_FAIL_TLS_REFUSED] = "tls-refused",
	[XSTREAM_FAIL_INJECTION] = "injection",
	[XSTREAM_FAIL_NO_MECHANISM] = "no-mechanism",
	[XSTREAM_FAIL_BAD_CREDENTIALS] = "bad-credentials",
	[XSTREAM_FAIL_SASL] = "sasl",
	[XSTREAM_FAIL_SERVER_PROOF] = "server-proof",
	[XSTREAM_FAIL_DOWNGRADE] = "downgrade",
	[XSTREAM_FAIL_BIND] = "bind",
	[XSTREAM_FAIL_NO_PRESENCE] = "no-presence",
	[XSTREAM_FAIL_CONFLICT] = "conflict",
	[XSTREAM_FAIL_STREAM_ERROR] = "stream-error",
	[XSTREAM_FAIL_UNPARSABLE] = "unparsable",
	[XSTREAM_FAIL_PROTOCOL] = "protocol",
	[XSTREAM_FAIL_TIMEOUT] = "timeout",
	[XSTREAM_FAIL_CLOSED] = "closed",
	[XSTREAM_FAIL_INTERNAL] = "internal",
};
_Static_assert(COUNT(failure_names) == XSTREAM_FAIL_INTERNAL + 1, "a name for every failure");

const char *xstream_failure_name(enum xstream_failure f)
{
	return failure_names[f];
}

static size_t find_condition(struct slice name)
{
	size_t i = 0;

	while (i < COUNT(conditions) && !slice_eqs(name, conditions[i].name))
		i++;
	return i;
}

/* A peer's text may have been cut to fit: never inside a character. */
static void end_text(struct xstream *x, int n)
{
	size_t end = sizeof(x->text) - 1;

	if (n < 0)
		x->text[0] = '\0';
	if (n < (int)sizeof(x->text))
		return;
	while (end > 0 && ((uint8_t)x->text[end - 1] & 0xc0) == 0x80)
		end--;
	if (end > 0 && (uint8_t)x->text[end - 1] >= 0xc0)
		end--;
	x->text[end] = '\0';
}

/* RFC 6120 section 4.9.1.2: an error in answer to a header still comes behind one of ours. */
static void put_error(struct xstream *x, struct buf *b, const char *condition)
{
	if (!x->header_sent)
		xstream_answer_header(x, b);
	buf_printf(b, "<stream:error><%s xmlns='" NS_STREAMS "'/></stream:error>", condition);
}

/* The last bytes, when it is a time at which there may be any: not inside a TLS handshake, not
 * behind our own end. */
static void put_end(struct xstream *x, const char *condition)
{
	if (x->state == XSTREAM_AWAIT_TLS || x->state >= XSTREAM_CLOSING || x->eof)
		return;
	if (!x->header_sent && (!condition || !xstream_accepts(x)))
		return;
	struct buf *b = xstream_write(x);
	if (condition)
		put_error(x, b, condition);
	buf_puts(b, "</stream:stream>");
	xstream_send(x);
}

/* `told` is the condition that the peer is told, NULL for none. */
__attribute__((format(printf, 5, 0))) static void fail_in_words(struct xstream *x,
	enum xstream_failure f, const char *condition, const char *told, const char *fmt,
	va_list ap)
{
	if (x->has_last)
		return;
	end_text(x, vsnprintf(x->text, sizeof(x->text), fmt, ap));
	put_end(x, told);
	xstream_fail(x, f, condition);
}

void xstream_refuse(
	struct xstream *x, enum xstream_failure f, const char *condition, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail_in_words(x, f, condition, condition, fmt, ap);
	va_end(ap);
}

void xstream_give_up(
	struct xstream *x, enum xstream_failure f, const char *condition, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fail_in_words(x, f, condition, NULL, fmt, ap);
	va_end(ap);
}

void xstream_unexpected(struct xstream *x, const struct xml_node *node, const char *condition)
{
	xstream_refuse(x, XSTREAM_FAIL_PROTOCOL, condition, "unexpected <%.*s/> while awaiting %s",
		SLICE_FMT(slice_cut(node->name, 0, 64)), xstream_state_name(x));
}

bool xstream_result(struct xstream *x, const struct xml_node *node, const char *id)
{
	struct stanza s;
	struct stanza_error e;

	stanza_read(&s, node);
	if (s.kind != STANZA_IQ || !slice_eqs(s.id, id)) {
		xstream_unexpected(x, node, "unsupported-stanza-type");
		return false;
	}
	if (slice_eqs(s.type, "result"))
		return true;
	if (slice_eqs(s.type, "error") && stanza_error_read(&e, node))
		xstream_give_up(x, XSTREAM_FAIL_BIND, stanza_condition_name(e.condition),
			"%s: %.*s", id, SLICE_FMT(e.text));
	else
		xstream_give_up(x, XSTREAM_FAIL_BIND, NULL,
			"%s: the answer is neither result nor error", id);
	return false;
}

void xstream_sasl_abort(struct xstream *x, enum xstream_failure f, const char *text)
{
	buf_printf(xstream_write(x), "<abort xmlns='%s'/>", xstream_sasl_ns(x));
	xstream_send(x);
	xstream_give_up(x, f, NULL, "%s", text);
}

void xstream_closed(struct xstream *x)
{
	xstream_over(x, (struct xstream_event){ .type = XSTREAM_EV_CLOSED });
}

void xstream_leave(struct xstream *x)
{
	put_end(x, NULL);
	xstream_closed(x);
}

/* RFC 6120 section 4.4: the end is answered with ours.  Whoever wanted a stream and did not get one
 * has failed; whoever offered one, or only looked, has not. */
void xstream_peer_closed(struct xstream *x)
{
	if (x->state < XSTREAM_READY && !xstream_accepts(x) && !xstream_looks(x)) {
		xstream_give_up(x, XSTREAM_FAIL_CLOSED, NULL,
			"the other side closed the stream while awaiting %s",
			xstream_state_name(x));
		return;
	}
	xstream_leave(x);
}

void xstream_unparsable(struct xstream *x, const struct xml_event *ev)
{
	/* The reader's own word for having no memory. */
	bool ours = strcmp(ev->condition, "internal-server-error") == 0;

	xstream_refuse(x, ours ? XSTREAM_FAIL_INTERNAL : XSTREAM_FAIL_UNPARSABLE, ev->condition,
		"%s at byte %zu", ev->where.what ? ev->where.what : ev->condition,
		ev->where.offset);
	x->last.where = ev->where;
}

/* Before it is decided, not-authorized says what a <failure/> would have: RFC 6120 section 6.4.5,
 * and XEP-0114 example 3. */
static enum xstream_failure failure_of(const struct xstream *x, size_t i)
{
	bool deciding = x->state == XSTREAM_AWAIT_SASL || x->state == XSTREAM_AWAIT_ACCEPTED;

	if (deciding && strcmp(conditions[i].name, "not-authorized") == 0)
		return XSTREAM_FAIL_BAD_CREDENTIALS;
	return conditions[i].failure;
}

/* Prosody's mod_c2s of a stream without any features, which is how it offers nothing: in clear that
 * would be STARTTLS, for which it has no certificate, and in TLS a way to sign in. */
static bool has_no_features(const struct xstream *x, struct slice words)
{
	return x->state == XSTREAM_AWAIT_FEATURES && !x->authenticated &&
	       slice_starts(words, SLICE("No stream features"));
}

static enum xstream_failure without_features(const struct xstream *x)
{
	return x->secure || x->cfg.tls == XSTREAM_TLS_NONE ? XSTREAM_FAIL_NO_MECHANISM
							   : XSTREAM_FAIL_TLS_NOT_OFFERED;
}

bool xstream_peer_error(struct xstream *x, const struct xml_node *node)
{
	const struct xml_node *c;

	if (!xml_is(node, NS_STREAM, "error"))
		return false;

	const struct xml_node *text = xml_child(node, NS_STREAMS, "text");
	struct slice words = text ? slice_trim(text->text) : SLICE_NONE;
	size_t i = COUNT(conditions);
	struct slice more = SLICE_NONE; /* the host of see-other-host, section 4.9.3.19 */

	for (c = node->child; c && i == COUNT(conditions); c = c->next) {
		if (!slice_eqs(c->ns, NS_STREAMS) || slice_eqs(c->name, "text"))
			continue;
		i = find_condition(c->name);
		more = slice_trim(c->text);
	}
	if (i == COUNT(conditions)) /* section 4.9.2: unknown ones are as undefined-condition */
		i = find_condition(SLICE("undefined-condition"));
	xstream_give_up(x, has_no_features(x, words) ? without_features(x) : failure_of(x, i),
		conditions[i].name, "%.*s%s%.*s", SLICE_FMT(more), more.n && words.n ? ": " : "",
		SLICE_FMT(words));
	return true;
}

void xstream_abort(struct xstream *x, const char *condition, ts_t now)
{
	size_t i = find_condition(slice_str(condition));

	x->now = now;
	if (x->state == XSTREAM_OVER)
		return;
	xstream_refuse(x, XSTREAM_FAIL_STREAM_ERROR,
		i < CONDITIONS ? conditions[i].name : "undefined-condition", "ended by this side");
}

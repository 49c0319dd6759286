/* A client's features, STARTTLS, binding and session, RFC 6120 sections 5 and 7. */
#include "xmpp/stream_private.h"

/* What a client asks for before it is ready is little: the ids need not be random. */
#define BIND_ID "bind"

void xstream_client_open(struct xstream *x, const struct xml_event *ev)
{
	struct slice version = xml_attr(ev->node, "version");
	unsigned major = 0;

	if (version.n && !xstream_major_version(version, &major))
		major = 0;
	/* A server that is about to refuse us need not give its version: who looks waits for what
	 * it says. */
	if (major == 1 || (version.n == 0 && xstream_looks(x))) {
		xstream_enter(x, XSTREAM_AWAIT_FEATURES);
		return;
	}
	/* RFC 6120 section 4.7.5 items 3 and 4: 0.9 has no features, so no TLS and no SASL. */
	xstream_refuse(x, XSTREAM_FAIL_PROTOCOL, "unsupported-version",
		"the server's stream is of version %.*s: it has no stream features",
		SLICE_FMT(version.n ? slice_cut(version, 0, 32) : SLICE("0.9 (none given)")));
}

void xstream_send_starttls(struct xstream *x)
{
	buf_puts(xstream_write(x), "<starttls xmlns='" NS_TLS "'/>");
	xstream_send(x);
	x->starttls_sent = true;
}

/* True when the features were answered. */
static bool start_tls(struct xstream *x, const struct xml_node *features)
{
	if (x->secure || x->cfg.tls == XSTREAM_TLS_NONE)
		return false;
	if (xml_child(features, NS_TLS, "starttls")) {
		if (!x->starttls_sent)
			xstream_send_starttls(x);
		xstream_enter(x, XSTREAM_AWAIT_PROCEED);
		return true;
	}
	if (x->cfg.tls == XSTREAM_TLS_OPTIONAL)
		return false;
	xstream_give_up(
		x, XSTREAM_FAIL_TLS_NOT_OFFERED, NULL, "the server does not offer STARTTLS");
	return true;
}

static bool session_required(const struct xml_node *features)
{
	const struct xml_node *session = xml_child(features, NS_SESSION, "session");

	return session && !xml_child(session, NULL, "optional");
}

static void put_bind(struct xstream *x, struct buf *b)
{
	buf_puts(b, "<iq id='" BIND_ID "' type='set'><bind xmlns='" NS_BIND "'>");
	if (x->cfg.resource.n)
		xml_put_element(b, "resource", x->cfg.resource);
	buf_puts(b, "</bind></iq>");
}

/* Every server offers to bind (RFC 6120 section 7.4), and handles a stream in order (section 10.1):
 * the offer need not be awaited, and neither the result for what is addressed to the server itself
 * (section 7.1), as the presence and the ping are.  XEP-0305 sends no later. */
void xstream_client_bind(struct xstream *x)
{
	struct buf *b = xstream_write(x);

	put_bind(x, b);
	if (x->cfg.presence)
		xstream_presence_put(x, b);
	xstream_send(x);
}

/* RFC 3921 section 3: a server that requires a session may have dropped the presence before it. */
static void put_session(struct xstream *x)
{
	struct buf *b = xstream_write(x);

	buf_puts(b, "<iq id='" XSTREAM_SESSION_ID "' type='set'><session xmlns='" NS_SESSION
		    "'/></iq>");
	if (x->cfg.presence)
		xstream_presence_put(x, b);
	xstream_send(x);
}

/* The request is on its way already. */
static void bind_offered(struct xstream *x, const struct xml_node *features)
{
	if (!xml_child(features, NS_BIND, "bind")) {
		xstream_give_up(
			x, XSTREAM_FAIL_BIND, NULL, "the server does not offer resource binding");
		return;
	}
	x->session = session_required(features);
	if (x->session)
		put_session(x);
	xstream_enter(x, XSTREAM_AWAIT_BOUND);
}

void xstream_client_features(struct xstream *x, const struct xml_node *node)
{
	if (!xml_is(node, NS_STREAM, "features")) {
		xstream_unexpected(x, node, "unsupported-stanza-type");
		return;
	}
	xstream_emit(x, (struct xstream_event){ .type = XSTREAM_EV_FEATURES, .node = node });
	if (start_tls(x, node))
		return;
	if (xstream_looks(x))
		xstream_leave(x);
	else if (x->authenticated)
		bind_offered(x, node);
	else
		xstream_sasl_start(x, node);
}

void xstream_client_proceed(struct xstream *x, const struct xml_node *node)
{
	if (xml_is(node, NS_TLS, "proceed"))
		xstream_enter(x, XSTREAM_AWAIT_TLS);
	else if (xml_is(node, NS_TLS, "failure"))
		xstream_give_up(x, XSTREAM_FAIL_TLS_REFUSED, NULL, "the server refused STARTTLS");
	else
		xstream_unexpected(x, node, "unsupported-stanza-type");
}

bool xstream_client_result(struct xstream *x, const struct xml_node *node, const char *id)
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

void xstream_client_has_resource(struct xstream *x)
{
	if (x->cfg.presence)
		xstream_presence_await(x);
	else
		xstream_ready(x);
}

/* RFC 6120 section 4.3.6: the address is what the server says, not what was asked for. */
bool xstream_client_take_jid(struct xstream *x, struct slice text)
{
	struct where where;
	struct jid jid;

	if (jid_decode(slice_trim(text), &jid, &where) || jid_local(&jid).n == 0 ||
		jid_resource(&jid).n == 0)
		return false;
	x->jid = jid;
	return true;
}

void xstream_client_bound(struct xstream *x, const struct xml_node *node)
{
	if (xstream_presence_early(x, node) || !xstream_client_result(x, node, BIND_ID))
		return;
	const struct xml_node *b = xml_child(node, NS_BIND, "bind");
	const struct xml_node *jid = b ? xml_child(b, NS_BIND, "jid") : NULL;
	if (!jid || !xstream_client_take_jid(x, jid->text))
		xstream_give_up(x, XSTREAM_FAIL_BIND, NULL, "the bind result has no full JID");
	else if (x->session && !x->cfg.presence)
		xstream_enter(x, XSTREAM_AWAIT_SESSION);
	else
		xstream_client_has_resource(x);
}

void xstream_client_session(struct xstream *x, const struct xml_node *node)
{
	if (xstream_client_result(x, node, XSTREAM_SESSION_ID))
		xstream_ready(x);
}

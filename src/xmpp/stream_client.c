/* A client's features and STARTTLS, RFC 6120 section 5; and who only looks at them. */
#include "xmpp/stream_private.h"

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
		xstream_bind_offered(x, node);
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

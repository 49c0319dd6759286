/* A client's resource and session, RFC 6120 section 7 and RFC 3921 section 3. */
#include "xmpp/stream_private.h"

/* What a client asks for before it is ready is little: the ids need not be random. */
#define BIND_ID    "bind"
#define SESSION_ID "session"

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

/* Every server offers to bind (RFC 6120 section 7.4): the offer need not be awaited.  The result
 * must be, before anything else is said: jabberd2 ends a stream for a stanza that comes before its
 * session, and no server announces that it would not until it has bound. */
void xstream_bind(struct xstream *x)
{
	put_bind(x, xstream_write(x));
	xstream_send(x);
}

static void put_session(struct xstream *x)
{
	buf_puts(xstream_write(x),
		"<iq id='" SESSION_ID "' type='set'><session xmlns='" NS_SESSION "'/></iq>");
	xstream_send(x);
}

/* The request is on its way already. */
void xstream_bind_offered(struct xstream *x, const struct xml_node *features)
{
	if (!xml_child(features, NS_BIND, "bind")) {
		xstream_give_up(
			x, XSTREAM_FAIL_BIND, NULL, "the server does not offer resource binding");
		return;
	}
	x->session = session_required(features);
	xstream_enter(x, XSTREAM_AWAIT_BOUND);
}

void xstream_has_resource(struct xstream *x)
{
	if (x->cfg.presence)
		xstream_presence_await(x);
	else
		xstream_ready(x);
}

/* RFC 6120 section 4.3.6: the address is what the server says, not what was asked for. */
bool xstream_take_jid(struct xstream *x, struct slice text)
{
	struct where where;
	struct jid jid;

	if (jid_decode(slice_trim(text), &jid, &where) || jid_local(&jid).n == 0 ||
		jid_resource(&jid).n == 0)
		return false;
	x->jid = jid;
	return true;
}

void xstream_bound(struct xstream *x, const struct xml_node *node)
{
	if (!xstream_result(x, node, BIND_ID))
		return;
	const struct xml_node *b = xml_child(node, NS_BIND, "bind");
	const struct xml_node *jid = b ? xml_child(b, NS_BIND, "jid") : NULL;
	if (!jid || !xstream_take_jid(x, jid->text)) {
		xstream_give_up(x, XSTREAM_FAIL_BIND, NULL, "the bind result has no full JID");
	} else if (x->session) {
		put_session(x);
		xstream_enter(x, XSTREAM_AWAIT_SESSION);
	} else {
		xstream_has_resource(x);
	}
}

void xstream_session(struct xstream *x, const struct xml_node *node)
{
	if (xstream_result(x, node, SESSION_ID))
		xstream_has_resource(x);
}

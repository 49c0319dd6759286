/* The accepting side of a client's stream: header, STARTTLS, binding, its stanzas. */
#include "xmpp/stream_private.h"

/* RFC 6120 section 4.7.1 and 6.4.6: a protected `from` is remembered, to be held against the
 * account. */
static bool read_from(struct xstream *x, const struct xml_node *node)
{
	struct slice from = xml_attr(node, "from");
	struct where where;

	x->has_peer = from.n && jid_decode(from, &x->peer, &where) == 0;
	if (!x->has_peer || !x->authenticated || jid_bare_eq(&x->peer, &x->jid))
		return true;
	xstream_refuse(x, XSTREAM_FAIL_PROTOCOL, "invalid-from",
		"the stream is from another address than the one that signed in");
	return false;
}

/* Streams after RFC 3920 may leave `to` out: section 4.7.2. */
static bool check_to(struct xstream *x, const struct xml_node *node)
{
	struct slice to = xml_attr(node, "to");
	struct where where;
	struct jid jid;

	if (to.n == 0)
		return true;
	if (jid_decode(to, &jid, &where) == 0 && jid_eq(&jid, &x->domain))
		return true;
	xstream_refuse(x, XSTREAM_FAIL_HOST_UNKNOWN, "host-unknown", "`%.*s` is not served here",
		SLICE_FMT(slice_cut(to, 0, 128)));
	return false;
}

static bool check_version(struct xstream *x, const struct xml_node *node)
{
	struct slice version = xml_attr(node, "version");
	unsigned major = 0;

	if (xstream_major_version(version, &major) && major == 1)
		return true;
	xstream_refuse(x, XSTREAM_FAIL_PROTOCOL, "unsupported-version",
		"a stream of version `%.*s`", SLICE_FMT(slice_cut(version, 0, 32)));
	return false;
}

void xstream_accept_open(struct xstream *x, const struct xml_event *ev)
{
	if (!read_from(x, ev->node) || !check_to(x, ev->node) || !check_version(x, ev->node))
		return;
	struct buf *b = xstream_write(x);

	xstream_answer_header(x, b);
	xstream_accept_put_features(x, b);
	xstream_send(x);
	xstream_enter(x, x->authenticated ? XSTREAM_AWAIT_BIND : XSTREAM_AWAIT_AUTH);
}

/* RFC 6120 section 5.4.2.2 */
static void refuse_tls(struct xstream *x)
{
	buf_puts(xstream_write(x), "<failure xmlns='" NS_TLS "'/>");
	xstream_send(x);
	xstream_give_up(x, XSTREAM_FAIL_PROTOCOL, NULL, "STARTTLS was not offered");
}

void xstream_accept_auth(struct xstream *x, const struct xml_node *node)
{
	bool offered = !x->secure && x->cfg.tls != XSTREAM_TLS_NONE;

	if (xml_is(node, NS_TLS, "starttls")) {
		if (offered)
			xstream_enter(x, XSTREAM_AWAIT_TLS);
		else
			refuse_tls(x);
	} else if (xstream_accept_sasl_is(x, node)) {
		xstream_accept_sasl_auth(x, node);
	} else { /* RFC 6120 section 4.3.5 */
		xstream_unexpected(x, node, "not-authorized");
	}
}

/* ---- binding ---- */

static void put_iq(struct buf *b, struct slice id, const char *type)
{
	stanza_put_start(b, "iq", SLICE_NONE, SLICE_NONE, id, slice_str(type));
}

static void send_result(struct xstream *x, struct slice id)
{
	struct buf *b = xstream_write(x);

	put_iq(b, id, "result");
	stanza_put_end(b, "iq");
	xstream_send(x);
}

static void send_error(struct xstream *x, struct slice id, enum stanza_condition condition,
	enum stanza_error_type type)
{
	struct buf *b = xstream_write(x);

	put_iq(b, id, "error");
	stanza_put_error(b, &(struct stanza_error){ .condition = condition, .type = type });
	stanza_put_end(b, "iq");
	xstream_send(x);
}

/* RFC 6120 section 7.7.3 */
static void refuse_bind(struct xstream *x, struct slice id, enum stanza_condition condition,
	enum stanza_error_type type)
{
	send_error(x, id, condition, type);
	xstream_enter(x, XSTREAM_AWAIT_BIND);
	if (++x->tries >= BIND_TRIES_MAX)
		xstream_refuse(x, XSTREAM_FAIL_BIND, "policy-violation",
			"too many attempts to bind a resource");
}

static const struct xml_node *bind_of(const struct stanza *s)
{
	return s->kind == STANZA_IQ ? xml_child(s->node, NS_BIND, "bind") : NULL;
}

/* The wanted resource in its prepared form into x->want; false when it is none. */
static bool read_resource(struct xstream *x, const struct xml_node *bind)
{
	const struct xml_node *resource = xml_child(bind, NS_BIND, "resource");
	struct where where;
	struct jid jid;

	x->want[0] = '\0';
	if (!resource || resource->text.n == 0)
		return true;
	return jid_make(&jid, jid_local(&x->jid), jid_domain(&x->jid), resource->text, &where) ==
		       0 &&
	       slice_cstr(jid_resource(&jid), x->want, sizeof(x->want));
}

void xstream_accept_bind(struct xstream *x, const struct xml_node *node)
{
	struct stanza s;

	stanza_read(&s, node);
	const struct xml_node *bind = bind_of(&s);
	if (!bind) { /* RFC 6120 section 7.1: no stanza before it */
		xstream_unexpected(x, node, "not-authorized");
		return;
	}
	if (!slice_eqs(s.type, "set") || !read_resource(x, bind)) {
		refuse_bind(x, s.id, COND_BAD_REQUEST, ERROR_TYPE_MODIFY);
		return;
	}
	x->bind = node;
	xstream_enter(x, XSTREAM_AWAIT_RESOURCE);
	xstream_emit(
		x, (struct xstream_event){
			   .type = XSTREAM_EV_WANT_BIND, .text = x->want, .jid = x->jid.text });
}

void xstream_accept_resource(struct xstream *x, struct slice resource)
{
	if (x->bind2) {
		xstream_accept_sasl_resource(x, resource);
		return;
	}
	struct slice id = xml_attr(x->bind, "id");
	struct where where;
	struct jid full;

	if (resource.n == 0) {
		refuse_bind(x, id, COND_CONFLICT, ERROR_TYPE_CANCEL);
		return;
	}
	if (jid_make(&full, jid_local(&x->jid), jid_domain(&x->jid), resource, &where)) {
		refuse_bind(x, id, COND_BAD_REQUEST, ERROR_TYPE_MODIFY);
		return;
	}
	x->jid = full;
	struct buf *b = xstream_write(x);
	put_iq(b, id, "result");
	buf_puts(b, "<bind xmlns='" NS_BIND "'>");
	xml_put_element(b, "jid", jid_full(&x->jid));
	buf_puts(b, "</bind>");
	stanza_put_end(b, "iq");
	xstream_send(x);
	xstream_ready(x);
}

/* ---- stanzas of a bound client ---- */

/* RFC 6120 section 8.1.2.1: none, the bare JID or the full one. */
static bool is_from_ours(const struct xstream *x, struct slice from)
{
	struct where where;
	struct jid jid;

	if (from.n == 0 || slice_eq(from, jid_full(&x->jid)) || slice_eq(from, jid_bare(&x->jid)))
		return true;
	if (jid_decode(from, &jid, &where))
		return false;
	return jid_eq(&jid, &x->jid) || (jid_resource(&jid).n == 0 && jid_bare_eq(&jid, &x->jid));
}

/* What is the stream's own business, once bound: a second bind, the session of RFC 3921. */
static bool answer(struct xstream *x, const struct stanza *s)
{
	if (s->kind != STANZA_IQ || !slice_eqs(s->type, "set"))
		return false;
	if (bind_of(s)) {
		send_error(x, s->id, COND_NOT_ALLOWED, ERROR_TYPE_CANCEL);
		return true;
	}
	if (xml_child(s->node, NS_SESSION, "session")) {
		send_result(x, s->id);
		return true;
	}
	return false;
}

bool xstream_accept_stanza(struct xstream *x, const struct xml_node *node)
{
	struct stanza s;

	stanza_read(&s, node);
	if (s.kind == STANZA_OTHER) {
		xstream_unexpected(x, node, "unsupported-stanza-type");
		return false;
	}
	if (!is_from_ours(x, s.from)) {
		xstream_refuse(x, XSTREAM_FAIL_PROTOCOL, "invalid-from",
			"a stanza from another address than the bound one");
		return false;
	}
	/* Behind our own end there are no more answers. */
	return x->state == XSTREAM_CLOSING || !answer(x, &s);
}

/* The accepting side of RFC 6120 section 6, XEP-0388 and XEP-0386. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "xmpp/stream_private.h"

/* RFC 6120 section 6.4.5: another try is allowed, within reason.  XEP-0388 has the same conditions,
 * in their own namespace. */
static void refuse(struct xstream *x, const char *condition, const char *text)
{
	struct buf *b = xstream_write(x);

	buf_printf(b, "<failure xmlns='%s'><%s%s/>", xstream_sasl_ns(x), condition,
		x->sasl2 ? " xmlns='" NS_SASL "'" : "");
	if (text)
		buf_printf(b, "<text xml:lang='en'>%s</text>", text);
	buf_puts(b, "</failure>");
	xstream_send(x);
	x->server = sasl_server_free(x->server);
	xstream_enter(x, XSTREAM_AWAIT_AUTH);
	if (++x->tries >= AUTH_TRIES_MAX)
		xstream_refuse(x, XSTREAM_FAIL_BAD_CREDENTIALS, "policy-violation",
			"too many attempts to sign in; the last: %s", condition);
}

static void send_message(struct xstream *x, const char *element)
{
	struct buf *b = xstream_write(x);

	buf_printf(b, "<%s xmlns='%s'>", element, xstream_sasl_ns(x));
	base64_put(b, buf_slice(&x->message));
	buf_printf(b, "</%s>", element);
	if (buf_err(&x->message))
		xstream_fail_internal(x);
	else
		xstream_send(x);
	buf_clear(&x->message);
}

/* XEP-0388 section 2.6.1: who has signed in, and the features of a stream that goes on. */
static void send_success2(struct xstream *x, bool bound)
{
	struct buf *b = xstream_write(x);

	buf_puts(b, "<success xmlns='" NS_SASL2 "'>");
	if (buf_len(&x->message)) {
		buf_puts(b, "<additional-data>");
		base64_put(b, buf_slice(&x->message));
		buf_puts(b, "</additional-data>");
	}
	xml_put_element(
		b, "authorization-identifier", bound ? jid_full(&x->jid) : jid_bare(&x->jid));
	buf_puts(b,
		bound ? "<bound xmlns='" NS_BIND2 "'/></success><stream:features/>" : "</success>");
	if (!bound)
		xstream_accept_put_features(x, b);
	if (buf_err(&x->message))
		xstream_fail_internal(x);
	else
		xstream_send(x);
	buf_clear(&x->message);
}

static void success2(struct xstream *x)
{
	if (!x->bind2) {
		send_success2(x, false);
		xstream_enter(x, XSTREAM_AWAIT_BIND);
		return;
	}
	slice_cstr(slice_str(x->tag), x->want, sizeof(x->want));
	xstream_enter(x, XSTREAM_AWAIT_RESOURCE);
	xstream_emit(
		x, (struct xstream_event){
			   .type = XSTREAM_EV_WANT_BIND, .text = x->want, .jid = x->jid.text });
}

/* Without a resource the client is let in all the same: it may bind as RFC 6120 has it. */
void xstream_accept_sasl_resource(struct xstream *x, struct slice resource)
{
	struct where where;
	struct jid full;
	bool ok = resource.n &&
		  jid_make(&full, jid_local(&x->jid), jid_domain(&x->jid), resource, &where) == 0;

	x->bind2 = false;
	if (ok)
		x->jid = full;
	send_success2(x, ok);
	if (ok)
		xstream_ready(x);
	else
		xstream_enter(x, XSTREAM_AWAIT_BIND);
}

/* Section 6.4.6: the address of the header, when it could be trusted, is that of the account. */
static bool is_peer(const struct xstream *x)
{
	return !x->secure || !x->has_peer || jid_bare_eq(&x->peer, &x->jid);
}

static void success(struct xstream *x)
{
	if (!is_peer(x)) {
		xstream_refuse(x, XSTREAM_FAIL_PROTOCOL, "invalid-from",
			"the stream is from another address than the one that signs in");
		return;
	}
	if (!x->sasl2)
		send_message(x, "success");
	snprintf(x->auth, sizeof(x->auth), "%s", sasl_mechanism_name(x->mechanism));
	xstream_emit(
		x, (struct xstream_event){
			   .type = XSTREAM_EV_AUTHENTICATED, .text = x->auth, .jid = x->jid.text });
	x->authenticated = true;
	x->tries = 0;
	x->server = sasl_server_free(x->server);
	x->facts = mem_free(x->facts);
	if (x->sasl2)
		success2(x);
	else
		xstream_restart(x);
}

static void step(struct xstream *x, enum sasl_result r);

/* Section 6.3.8: nobody acts as another here. */
static bool is_authzid(const struct xstream *x)
{
	struct slice authzid = sasl_server_authzid(x->server);
	struct where where;
	struct jid jid;

	return authzid.n == 0 || (jid_decode(authzid, &jid, &where) == 0 && jid_eq(&jid, &x->jid));
}

/* The account's address is made before it is looked up: equal names have equal bytes. */
static void want_account(struct xstream *x)
{
	struct where where;
	int err = jid_make(&x->jid, sasl_server_username(x->server), jid_domain(&x->domain),
		SLICE_NONE, &where);

	if (err == -ENOMEM) {
		xstream_fail_internal(x);
		return;
	}
	if (err ||
		jid_local(&x->jid).n == 0) { /* no JID, no user: the same refusal as for others */
		step(x, sasl_server_account(x->server, NULL, &x->message));
		return;
	}
	if (!is_authzid(x)) {
		refuse(x, "invalid-authzid", NULL);
		return;
	}
	slice_cstr(jid_local(&x->jid), x->want, sizeof(x->want));
	xstream_enter(x, XSTREAM_AWAIT_ACCOUNT);
	xstream_emit(
		x, (struct xstream_event){
			   .type = XSTREAM_EV_WANT_ACCOUNT, .text = x->want, .jid = x->jid.text });
}

static void step(struct xstream *x, enum sasl_result r)
{
	switch (r) {
	case SASL_CONTINUE:
		if (sasl_server_wants_account(x->server)) {
			want_account(x);
			return;
		}
		send_message(x, "challenge");
		xstream_enter(x, XSTREAM_AWAIT_RESPONSE);
		return;
	case SASL_DONE: success(x); return;
	case SASL_FAIL_SYNTAX: refuse(x, "malformed-request", NULL); return;
	case SASL_FAIL_BINDING: refuse(x, "not-authorized", "channel-bindings-dont-match"); return;
	case SASL_FAIL_CREDENTIALS:
	case SASL_FAIL_SERVER_PROOF:
	case SASL_FAIL_ITERATIONS:
	case SASL_FAIL_NONCE: refuse(x, "not-authorized", NULL); return;
	case SASL_FAIL_INTERNAL: xstream_fail_internal(x); return;
	}
}

/* 0 with the message in *ret; else it was refused. */
static int decode(struct xstream *x, struct slice text, struct buf *ret)
{
	if (slice_eqs(text, "="))
		return 0;
	int err = base64_decode(ret, text);

	if (err == ERR_SYNTAX || err == -EMSGSIZE)
		refuse(x, "incorrect-encoding", NULL);
	else if (err)
		xstream_fail_internal(x);
	return err;
}

/* A message of the client: the first of its mechanism, or the next. */
static void message(struct xstream *x, struct slice text, bool first)
{
	struct buf in;

	buf_init(&in, SASL_BYTES_MAX);
	if (decode(x, slice_trim(text), &in) == 0)
		step(x, first ? sasl_server_start(
					x->server, x->mechanism, buf_slice(&in), &x->message)
			      : sasl_server_push(x->server, buf_slice(&in), &x->message));
	if (in.p)
		mem_wipe(in.p, in.cap);
	buf_done(&in);
}

static void auth(struct xstream *x, const struct xml_node *node, struct slice initial)
{
	if (!x->secure && x->cfg.tls == XSTREAM_TLS_REQUIRED)
		refuse(x, "encryption-required", NULL);
	else if (!xstream_accept_new_server(x))
		return;
	else if (!sasl_mechanism_find(xml_attr(node, "mechanism"), &x->mechanism) ||
		 !sasl_server_offers(x->server, x->mechanism) ||
		 (x->sasl2 && !xstream_sasl2_may_use(x->mechanism)))
		refuse(x, "invalid-mechanism", NULL);
	else
		message(x, initial, true);
}

/* A tag that cannot be in a resource is as none: XEP-0386 section 3.2.1. */
static void read_tag(struct xstream *x, const struct xml_node *bind)
{
	const struct xml_node *tag = xml_child(bind, NS_BIND2, "tag");
	struct where where;
	struct jid jid;

	x->tag[0] = '\0';
	if (tag && tag->text.n &&
		jid_make(&jid, SLICE_NONE, jid_domain(&x->domain), tag->text, &where) == 0)
		slice_cstr(jid_resource(&jid), x->tag, sizeof(x->tag));
}

static void authenticate(struct xstream *x, const struct xml_node *node)
{
	const struct xml_node *initial = xml_child(node, NS_SASL2, "initial-response");
	const struct xml_node *bind = xml_child(node, NS_BIND2, "bind");

	x->bind2 = bind != NULL;
	if (bind)
		read_tag(x, bind);
	auth(x, node, initial ? initial->text : SLICE_NONE);
}

bool xstream_accept_sasl_is(const struct xstream *x, const struct xml_node *node)
{
	return slice_eqs(node->ns, NS_SASL) ||
	       (slice_eqs(node->ns, NS_SASL2) && xstream_accept_offers_sasl2(x));
}

void xstream_accept_sasl_auth(struct xstream *x, const struct xml_node *node)
{
	x->sasl2 = slice_eqs(node->ns, NS_SASL2);
	x->bind2 = false; /* of a try that was refused */
	if (xml_is(node, NS_SASL, "auth"))
		auth(x, node, node->text);
	else if (xml_is(node, NS_SASL2, "authenticate"))
		authenticate(x, node);
	else if (slice_eqs(node->name, "abort"))
		refuse(x, "aborted", NULL);
	else if (slice_eqs(node->name, "response")) /* to nothing */
		refuse(x, "malformed-request", NULL);
	else
		xstream_unexpected(x, node, "not-authorized");
}

/* Section 6.4.2: a new <auth/> discards the handshake that is under way.  In XEP-0388 there is
 * nothing but the next response or the end of it. */
void xstream_accept_sasl_response(struct xstream *x, const struct xml_node *node)
{
	bool other = !slice_eqs(node->ns, xstream_sasl_ns(x));

	if (!other && slice_eqs(node->name, "response")) {
		message(x, node->text, false);
	} else if (other || (x->sasl2 && !slice_eqs(node->name, "abort"))) {
		xstream_unexpected(x, node, "not-authorized");
	} else {
		if (slice_eqs(node->name, "auth"))
			x->server = sasl_server_free(x->server);
		xstream_accept_sasl_auth(x, node);
	}
}

void xstream_accept_sasl_account(struct xstream *x, const struct sasl_secret *secret)
{
	xstream_enter(x, XSTREAM_AWAIT_RESPONSE);
	step(x, sasl_server_account(x->server, secret, &x->message));
}

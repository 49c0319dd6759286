#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "xmpp/stream_private.h"

/* RFC 6120 section 6.5; what each means to whoever signs in. */
static const struct {
	const char *name;
	enum xstream_failure failure;
} conditions[] = {
	{ "aborted", XSTREAM_FAIL_SASL },
	{ "account-disabled", XSTREAM_FAIL_SASL },
	{ "credentials-expired", XSTREAM_FAIL_SASL },
	{ "encryption-required", XSTREAM_FAIL_SASL },
	{ "incorrect-encoding", XSTREAM_FAIL_SASL },
	{ "invalid-authzid", XSTREAM_FAIL_SASL },
	{ "invalid-mechanism", XSTREAM_FAIL_SASL },
	{ "malformed-request", XSTREAM_FAIL_SASL },
	{ "mechanism-too-weak", XSTREAM_FAIL_SASL },
	{ "not-authorized", XSTREAM_FAIL_BAD_CREDENTIALS },
	{ "temporary-auth-failure", XSTREAM_FAIL_SASL },
};

/* RFC 5802 section 7: what a server says when the channel is not what one of us thinks. */
static const char *const binding_errors[] = {
	"server-does-support-channel-binding",
	"channel-bindings-dont-match",
	"unsupported-channel-binding-type",
};

static void read_bindings(struct sasl_client_cfg *cfg, const struct xml_node *parent)
{
	const struct xml_node *list =
		parent ? xml_child(parent, NS_SASL_CB, "sasl-channel-binding") : NULL;
	enum sasl_binding binding;

	for (const struct xml_node *c = list ? list->child : NULL; c; c = c->next)
		if (xml_is(c, NS_SASL_CB, "channel-binding") &&
			sasl_binding_find(xml_attr(c, "type"), &binding))
			cfg->binding_offered[binding] = true;
}

static void read_mechanisms(struct sasl_client_cfg *cfg, const struct xml_node *list)
{
	enum sasl_mechanism m;

	for (const struct xml_node *c = list ? list->child : NULL; c; c = c->next)
		if (xml_is(c, NS_SASL, "mechanism") && sasl_mechanism_find(slice_trim(c->text), &m))
			cfg->offered[m] = true;
}

static void no_mechanism(
	struct xstream *x, const struct xml_node *features, const struct xml_node *list)
{
	char names[256] = "";
	size_t n = 0;

	for (const struct xml_node *c = list ? list->child : NULL; c; c = c->next) {
		if (!xml_is(c, NS_SASL, "mechanism") || n + c->text.n + 2 > sizeof(names))
			continue;
		n += (size_t)snprintf(
			names + n, sizeof(names) - n, " %.*s", SLICE_FMT(slice_trim(c->text)));
	}
	if (n)
		xstream_give_up(x, XSTREAM_FAIL_NO_MECHANISM, NULL, "offered:%s", names);
	else if (!x->secure && xml_child(features, NS_TLS, "starttls"))
		xstream_give_up(x, XSTREAM_FAIL_NO_MECHANISM, NULL, "none is offered without TLS");
	else
		xstream_give_up(x, XSTREAM_FAIL_NO_MECHANISM, NULL, "none is offered");
}

/* RFC 6120 section 6.4.2: "=" is a message of no bytes. */
static void put_message(struct xstream *x, const char *element, const char *mechanism)
{
	struct buf *b = xstream_write(x);

	buf_printf(b, "<%s xmlns='" NS_SASL "'", element);
	if (mechanism)
		buf_printf(b, " mechanism='%s'", mechanism);
	buf_puts(b, ">");
	if (buf_len(&x->message))
		base64_put(b, buf_slice(&x->message));
	else if (mechanism)
		buf_puts(b, "=");
	buf_printf(b, "</%s>", element);
	if (buf_err(&x->message))
		xstream_fail_internal(x);
	else
		xstream_send(x);
	if (x->message.p)
		mem_wipe(x->message.p, x->message.cap);
	buf_clear(&x->message);
}

static void new_client(
	struct xstream *x, const struct xml_node *features, const struct xml_node *list)
{
	const struct xstream_cfg *cfg = &x->cfg;
	struct sasl_client_cfg sasl = {
		.username = cfg->username,
		.password = cfg->password,
		.tls = x->facts,
		/* A certificate that does not verify may be of somebody else. */
		.allow_plain = cfg->allow_plain_without_tls || (x->facts && x->facts->faults == 0),
		.cache = cfg->cache,
	};

	read_mechanisms(&sasl, list);
	read_bindings(&sasl, features);
	read_bindings(&sasl, list); /* where early versions of XEP-0440 had it */
	switch (sasl_client_new(&x->client, &sasl, x->rng)) {
	case 0: break;
	case ERR_UNSUPPORTED: no_mechanism(x, features, list); break;
	case ERR_SYNTAX:
		xstream_give_up(x, XSTREAM_FAIL_BAD_CREDENTIALS, NULL,
			"the name or the password has characters that SASL forbids");
		break;
	default: xstream_fail_internal(x); break;
	}
}

void xstream_sasl_start(struct xstream *x, const struct xml_node *features)
{
	new_client(x, features, xml_child(features, NS_SASL, "mechanisms"));
	if (!x->client)
		return;

	enum sasl_result r = sasl_client_first(x->client, &x->message);
	if (r != SASL_CONTINUE && r != SASL_DONE) {
		xstream_fail_internal(x);
		return;
	}
	x->sasl_done = r == SASL_DONE;
	put_message(x, "auth", sasl_mechanism_name(sasl_client_mechanism(x->client)));
	xstream_enter(x, XSTREAM_AWAIT_SASL);
}

/* RFC 6120 section 6.4.4: who does not go on says so. */
static void abort_sasl(struct xstream *x, enum xstream_failure f, const char *text)
{
	buf_puts(xstream_write(x), "<abort xmlns='" NS_SASL "'/>");
	xstream_send(x);
	xstream_give_up(x, f, NULL, "%s", text);
}

/* `last`: the server has already said <success/>. */
static void refuse_message(struct xstream *x, enum sasl_result r, bool last)
{
	static const struct {
		enum xstream_failure failure;
		const char *text;
	} refusals[] = {
		[SASL_CONTINUE] = { XSTREAM_FAIL_SERVER_PROOF,
			"success before the exchange was over" },
		[SASL_DONE] = { XSTREAM_FAIL_PROTOCOL, "a challenge after the exchange was over" },
		[SASL_FAIL_CREDENTIALS] = { XSTREAM_FAIL_BAD_CREDENTIALS,
			"refused by the mechanism" },
		[SASL_FAIL_SERVER_PROOF] = { XSTREAM_FAIL_SERVER_PROOF,
			"the server does not know the password" },
		[SASL_FAIL_SYNTAX] = { XSTREAM_FAIL_SASL,
			"the server's SASL message is malformed" },
		[SASL_FAIL_ITERATIONS] = { XSTREAM_FAIL_SASL,
			"the server's iteration count is below 4096 or above 1000000" },
		[SASL_FAIL_BINDING] = { XSTREAM_FAIL_DOWNGRADE,
			"the channel binding does not match" },
		[SASL_FAIL_NONCE] = { XSTREAM_FAIL_SASL,
			"the server's nonce does not begin with ours" },
		[SASL_FAIL_INTERNAL] = { XSTREAM_FAIL_INTERNAL, "out of memory" },
	};
	enum xstream_failure f = refusals[r].failure;

	if (r == SASL_FAIL_INTERNAL) {
		xstream_fail_internal(x);
	} else if (!last) {
		abort_sasl(x, f, refusals[r].text);
	} else {
		if (r == SASL_FAIL_SYNTAX) /* success without the proof, or with something else */
			f = XSTREAM_FAIL_SERVER_PROOF;
		xstream_give_up(x, f, NULL, "%s", refusals[r].text);
	}
}

/* 0, or a failure was made. */
static int decode(struct xstream *x, struct slice text, struct buf *ret)
{
	if (slice_eqs(text, "="))
		return 0;
	int err = base64_decode(ret, text);

	if (err == ERR_SYNTAX)
		abort_sasl(x, XSTREAM_FAIL_SASL, "the server's SASL message is not base64");
	else if (err)
		xstream_fail_internal(x);
	return err;
}

static void challenge(struct xstream *x, const struct xml_node *node)
{
	struct buf in;

	buf_init(&in, SASL_BYTES_MAX);
	if (decode(x, slice_trim(node->text), &in) == 0) {
		enum sasl_result r =
			x->sasl_done ? SASL_DONE
				     : sasl_client_push(x->client, buf_slice(&in), &x->message);

		if (!x->sasl_done && (r == SASL_CONTINUE || r == SASL_DONE)) {
			x->sasl_done = r == SASL_DONE; /* the last message came as a challenge */
			put_message(x, "response", NULL);
		} else {
			refuse_message(x, r, false);
		}
	}
	buf_done(&in);
}

static void authenticated(struct xstream *x)
{
	enum sasl_binding binding = sasl_client_binding(x->client);

	snprintf(x->auth, sizeof(x->auth), "%s%s%s",
		sasl_mechanism_name(sasl_client_mechanism(x->client)), binding ? " " : "",
		binding ? sasl_binding_name(binding) : "");
	xstream_emit(x, (struct xstream_event){
				.type = XSTREAM_EV_AUTHENTICATED,
				.text = x->auth,
				.plus_missing = sasl_client_plus_missing(x->client),
			});
	x->authenticated = true;
	x->client = sasl_client_free(x->client);
	x->facts = mem_free(x->facts);
	xstream_restart(x);
	xstream_client_bind(x);
}

static void success(struct xstream *x, const struct xml_node *node)
{
	struct slice text = slice_trim(node->text);
	enum sasl_result r = SASL_DONE;
	struct buf in;

	buf_init(&in, SASL_BYTES_MAX);
	if (decode(x, text, &in))
		goto out;
	if (!x->sasl_done || buf_len(&in))
		r = sasl_client_push(x->client, buf_slice(&in), &x->message);
	buf_clear(&x->message);
	if (r == SASL_DONE)
		authenticated(x);
	else
		refuse_message(x, r, true);
out:
	buf_done(&in);
}

static bool is_binding_error(struct slice text)
{
	for (size_t i = 0; i < COUNT(binding_errors); i++)
		if (slice_eqs(text, binding_errors[i]))
			return true;
	return false;
}

static void failure(struct xstream *x, const struct xml_node *node)
{
	const struct xml_node *text = xml_child(node, NS_SASL, "text");
	struct slice words = text ? slice_trim(text->text) : SLICE_NONE;
	/* RFC 6120 section 6.5: unknown ones are as not-authorized. */
	const char *condition = "not-authorized";
	enum xstream_failure f = XSTREAM_FAIL_BAD_CREDENTIALS;

	for (const struct xml_node *c = node->child; c; c = c->next)
		for (size_t i = 0; i < COUNT(conditions); i++)
			if (xml_is(c, NS_SASL, conditions[i].name)) {
				condition = conditions[i].name;
				f = conditions[i].failure;
			}
	if (is_binding_error(words))
		f = XSTREAM_FAIL_DOWNGRADE;
	xstream_give_up(x, f, condition, "%.*s", SLICE_FMT(words));
}

void xstream_sasl_element(struct xstream *x, const struct xml_node *node)
{
	if (xml_is(node, NS_SASL, "challenge"))
		challenge(x, node);
	else if (xml_is(node, NS_SASL, "success"))
		success(x, node);
	else if (xml_is(node, NS_SASL, "failure"))
		failure(x, node);
	else
		xstream_unexpected(x, node, "unsupported-stanza-type");
}

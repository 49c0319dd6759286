/* The client's side of RFC 6120 section 6. */
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

static void read_mechanisms(
	bool offered[SASL_MECHANISMS], const struct xml_node *list, const char *ns)
{
	enum sasl_mechanism m;

	for (const struct xml_node *c = list ? list->child : NULL; c; c = c->next)
		if (xml_is(c, ns, "mechanism") && sasl_mechanism_find(slice_trim(c->text), &m))
			offered[m] = true;
}

static void no_mechanism(
	struct xstream *x, const struct xml_node *features, const struct xml_node *list)
{
	char names[256] = "";
	size_t n = 0;

	for (const struct xml_node *c = list ? list->child : NULL; c; c = c->next) {
		if (!xml_is(c, NULL, "mechanism") || n + c->text.n + 2 > sizeof(names))
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

/* The message goes out; its bytes, which may hold a password, go. */
static void send_message(struct xstream *x)
{
	if (buf_err(&x->message))
		xstream_fail_internal(x);
	else
		xstream_send(x);
	if (x->message.p)
		mem_wipe(x->message.p, x->message.cap);
	buf_clear(&x->message);
}

/* RFC 6120 section 6.4.2: "=" is a message of no bytes. */
static void put_first(struct xstream *x)
{
	const char *mechanism = sasl_mechanism_name(sasl_client_mechanism(x->client));
	struct buf *b = xstream_write(x);

	if (x->sasl2) {
		xstream_sasl2_put_authenticate(x, b, mechanism);
	} else {
		buf_printf(b, "<auth xmlns='" NS_SASL "' mechanism='%s'>", mechanism);
		if (buf_len(&x->message))
			base64_put(b, buf_slice(&x->message));
		else
			buf_puts(b, "=");
		buf_puts(b, "</auth>");
	}
	send_message(x);
}

static void put_response(struct xstream *x)
{
	struct buf *b = xstream_write(x);

	buf_printf(b, "<response xmlns='%s'>", xstream_sasl_ns(x));
	base64_put(b, buf_slice(&x->message));
	buf_puts(b, "</response>");
	send_message(x);
}

static int new_client(struct xstream *x, const struct xml_node *features,
	const struct xml_node *list, const bool offered[SASL_MECHANISMS])
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

	memcpy(sasl.offered, offered, sizeof(sasl.offered));
	read_bindings(&sasl, features);
	read_bindings(&sasl, list); /* where early versions of XEP-0440 had it */
	return sasl_client_new(&x->client, &sasl, x->rng);
}

/* XEP-0388 is for protected streams only. */
static int choose(struct xstream *x, const struct xml_node *features, const struct xml_node *sasl,
	const struct xml_node *sasl2)
{
	bool offered[SASL_MECHANISMS] = { false }, offered2[SASL_MECHANISMS] = { false };
	int err = ERR_UNSUPPORTED;

	read_mechanisms(offered, sasl, NS_SASL);
	read_mechanisms(offered2, sasl2, NS_SASL2);
	for (unsigned m = 0; m < SASL_MECHANISMS; m++)
		offered2[m] = offered2[m] && xstream_sasl2_may_use((enum sasl_mechanism)m);
	if (x->secure && xstream_sasl2_is_as_good(offered, offered2))
		err = new_client(x, features, sasl2, offered2);
	x->sasl2 = err == 0;
	x->bind2 = x->sasl2 && xstream_sasl2_binds(sasl2);
	return err == ERR_UNSUPPORTED ? new_client(x, features, sasl, offered) : err;
}

static void start(struct xstream *x)
{
	enum sasl_result r = sasl_client_first(x->client, &x->message);

	if (r != SASL_CONTINUE && r != SASL_DONE) {
		xstream_fail_internal(x);
		return;
	}
	x->sasl_done = r == SASL_DONE;
	put_first(x);
	xstream_enter(x, XSTREAM_AWAIT_SASL);
}

void xstream_sasl_start(struct xstream *x, const struct xml_node *features)
{
	const struct xml_node *sasl = xml_child(features, NS_SASL, "mechanisms");
	const struct xml_node *sasl2 = xml_child(features, NS_SASL2, "authentication");

	switch (choose(x, features, sasl, sasl2)) {
	case 0: start(x); break;
	case ERR_UNSUPPORTED: no_mechanism(x, features, sasl ? sasl : sasl2); break;
	case ERR_SYNTAX:
		xstream_give_up(x, XSTREAM_FAIL_BAD_CREDENTIALS, NULL,
			"the name or the password has characters that SASL forbids");
		break;
	default: xstream_fail_internal(x); break;
	}
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
		xstream_sasl_abort(x, f, refusals[r].text);
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
		xstream_sasl_abort(x, XSTREAM_FAIL_SASL, "the server's SASL message is not base64");
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
			put_response(x);
		} else {
			refuse_message(x, r, false);
		}
	}
	buf_done(&in);
}

static void authenticated(struct xstream *x, const struct xml_node *success)
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
	if (x->sasl2) {
		xstream_sasl2_success(x, success);
		return;
	}
	xstream_restart(x);
	xstream_bind(x);
}

static void success(struct xstream *x, const struct xml_node *node)
{
	const struct xml_node *data =
		x->sasl2 ? xml_child(node, NS_SASL2, "additional-data") : node;
	struct slice text = data ? slice_trim(data->text) : SLICE_NONE;
	enum sasl_result r = SASL_DONE;
	struct buf in;

	buf_init(&in, SASL_BYTES_MAX);
	if (decode(x, text, &in))
		goto out;
	if (!x->sasl_done || buf_len(&in))
		r = sasl_client_push(x->client, buf_slice(&in), &x->message);
	buf_clear(&x->message);
	if (r == SASL_DONE)
		authenticated(x, node);
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
	const struct xml_node *text = xml_child(node, xstream_sasl_ns(x), "text");
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
	const char *ns = xstream_sasl_ns(x);

	if (xml_is(node, ns, "challenge"))
		challenge(x, node);
	else if (xml_is(node, ns, "success"))
		success(x, node);
	else if (xml_is(node, ns, "failure"))
		failure(x, node);
	else if (xml_is(node, NS_SASL2, "continue") && x->sasl2)
		xstream_sasl2_continue(x, node);
	else
		xstream_unexpected(x, node, "unsupported-stanza-type");
}

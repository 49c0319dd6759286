/* XEP-0114, both sides. */
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "xmpp/stream_private.h"

/* XEP-0114 example 3: SHA-1 over the stream id and the secret, in lower case hex.  False when out
 * of memory. */
static bool handshake(char hex[HANDSHAKE_CHARS + 1], struct slice id, struct slice secret)
{
	uint8_t sum[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestInit_ex(ctx, EVP_sha1(), NULL) &&
		  EVP_DigestUpdate(ctx, id.p, id.n) && EVP_DigestUpdate(ctx, secret.p, secret.n) &&
		  EVP_DigestFinal_ex(ctx, sum, NULL);

	EVP_MD_CTX_free(ctx);
	for (size_t i = 0; ok && i < HANDSHAKE_CHARS; i++)
		hex[i] = "0123456789abcdef"[i % 2 ? sum[i / 2] & 15 : sum[i / 2] >> 4];
	hex[HANDSHAKE_CHARS] = '\0';
	return ok;
}

/* ---- the component ---- */

void xstream_component_open(struct xstream *x, const struct xml_event *ev)
{
	struct slice id = xml_attr(ev->node, "id");

	/* RFC 6120 section 4.9.1.2: of a server that refuses the name the error comes behind the
	 * header, and Prosody's header has no id then. */
	if (id.n == 0) {
		x->has_no_id = true;
		xstream_enter(x, XSTREAM_AWAIT_ACCEPTED);
		return;
	}
	if (!handshake(x->handshake, id, x->cfg.password)) {
		xstream_fail_internal(x);
		return;
	}
	buf_printf(xstream_write(x), "<handshake>%s</handshake>", x->handshake);
	xstream_send(x);
	mem_wipe(x->handshake, sizeof(x->handshake));
	xstream_enter(x, XSTREAM_AWAIT_ACCEPTED);
}

void xstream_component_accepted(struct xstream *x, const struct xml_node *node)
{
	if (x->has_no_id)
		xstream_give_up(x, XSTREAM_FAIL_PROTOCOL, NULL, "the server's stream has no id");
	else if (xml_is(node, NS_COMPONENT, "handshake"))
		xstream_ready(x);
	else
		xstream_unexpected(x, node, "unsupported-stanza-type");
}

/* ---- the server ---- */

void xstream_component_accept_open(struct xstream *x, const struct xml_event *ev)
{
	struct slice to = xml_attr(ev->node, "to");
	struct where where;
	bool one = jid_domain(&x->domain).n > 0;
	bool ok = jid_decode(to, &x->jid, &where) == 0 && jid_local(&x->jid).n == 0 &&
		  jid_resource(&x->jid).n == 0 && (!one || jid_eq(&x->jid, &x->domain)) &&
		  slice_cstr(jid_domain(&x->jid), x->want, sizeof(x->want));

	if (!ok) {
		x->jid = x->domain; /* for the header that goes before the error */
		xstream_refuse(x, XSTREAM_FAIL_HOST_UNKNOWN, "host-unknown",
			"`%.*s` is no component here", SLICE_FMT(slice_cut(to, 0, 128)));
		return;
	}
	xstream_enter(x, XSTREAM_AWAIT_SECRET);
	xstream_emit(x, (struct xstream_event){ .type = XSTREAM_EV_WANT_SECRET, .text = x->want });
}

void xstream_component_accept_secret(struct xstream *x, struct slice secret)
{
	if (secret.n == 0) {
		x->jid = x->domain;
		xstream_refuse(x, XSTREAM_FAIL_HOST_UNKNOWN, "host-unknown",
			"`%.128s` is no component here", x->want);
		return;
	}
	struct buf *b = xstream_write(x);
	xstream_answer_header(x, b);
	xstream_send(x);
	if (!handshake(x->handshake, slice_str(x->stream_id), secret)) {
		xstream_fail_internal(x);
		return;
	}
	xstream_enter(x, XSTREAM_AWAIT_HANDSHAKE);
}

void xstream_component_accept_handshake(struct xstream *x, const struct xml_node *node)
{
	struct slice text = slice_trim(node->text);

	if (!xml_is(node, NS_COMPONENT, "handshake")) {
		xstream_unexpected(x, node, "not-authorized");
		return;
	}
	if (text.n != HANDSHAKE_CHARS || CRYPTO_memcmp(text.p, x->handshake, HANDSHAKE_CHARS)) {
		xstream_refuse(x, XSTREAM_FAIL_BAD_CREDENTIALS, "not-authorized",
			"the handshake is not that of the secret");
		return;
	}
	mem_wipe(x->handshake, sizeof(x->handshake));
	buf_puts(xstream_write(x), "<handshake/>");
	xstream_send(x);
	xstream_ready(x);
}

/* Bare bytes first: every stanza of a gateway passes here. */
static bool is_from_component(const struct xstream *x, struct slice from)
{
	struct slice rest = slice_cut(from, 0, slice_chr(from, '/'));
	size_t at = slice_chr(rest, '@');
	struct where where;
	struct jid jid;

	if (slice_eq(at < rest.n ? slice_skip(rest, at + 1) : rest, jid_domain(&x->jid)))
		return true;
	return jid_decode(from, &jid, &where) == 0 &&
	       slice_eq(jid_domain(&jid), jid_domain(&x->jid));
}

bool xstream_component_accept_stanza(struct xstream *x, const struct xml_node *node)
{
	struct stanza s;

	stanza_read(&s, node);
	if (s.kind == STANZA_OTHER) {
		xstream_unexpected(x, node, "unsupported-stanza-type");
		return false;
	}
	if (s.from.n == 0 || s.to.n == 0) { /* RFC 6120 section 4.9.3.7 */
		xstream_refuse(x, XSTREAM_FAIL_PROTOCOL, "improper-addressing",
			"a component's stanza without `from` or `to`");
		return false;
	}
	if (!is_from_component(x, s.from)) { /* section 8.1.2.2 */
		xstream_refuse(x, XSTREAM_FAIL_PROTOCOL, "invalid-from",
			"a stanza from another domain than the component's");
		return false;
	}
	return true;
}

/* What is offered to a client: STARTTLS, SASL, binding. */
#include <string.h>

#include "xmpp/stream_private.h"

bool xstream_accept_new_server(struct xstream *x)
{
	struct sasl_server_cfg cfg = { .tls = x->facts, .fake_iterations = x->cfg.fake_iterations };

	if (x->server)
		return true;
	memcpy(cfg.offer, x->cfg.offer, sizeof(cfg.offer));
	if (!x->secure && !x->cfg.allow_plain_without_tls)
		cfg.offer[SASL_PLAIN] = false;
	memcpy(cfg.fake_key, x->fake_key, sizeof(cfg.fake_key));
	int err = sasl_server_new(&x->server, &cfg, x->rng);
	mem_wipe(cfg.fake_key, sizeof(cfg.fake_key));
	if (err)
		xstream_fail_internal(x);
	return err == 0;
}

/* XEP-0440: without it a client has to guess. */
static void put_bindings(const struct xstream *x, struct buf *b)
{
	const struct tls_facts *f = x->facts;
	const bool has[SASL_BINDINGS] = {
		[SASL_BINDING_TLS_EXPORTER] = f && f->n_exporter,
		[SASL_BINDING_TLS_UNIQUE] = f && f->n_unique,
		[SASL_BINDING_TLS_SERVER_END_POINT] = f && f->n_end_point,
	};

	buf_puts(b, "<sasl-channel-binding xmlns='" NS_SASL_CB "'>");
	for (unsigned i = 0; i < SASL_BINDINGS; i++)
		if (has[i])
			buf_printf(b, "<channel-binding type='%s'/>",
				sasl_binding_name((enum sasl_binding)i));
	buf_puts(b, "</sasl-channel-binding>");
}

/* XEP-0388: offered under TLS only, to whoever asked for it to be. */
bool xstream_accept_offers_sasl2(const struct xstream *x)
{
	return x->cfg.sasl2 && x->secure;
}

/* The best first, RFC 6120 section 6.3.3. */
static bool put_mechanisms(const struct xstream *x, struct buf *b, bool sasl2)
{
	bool any = false;

	for (unsigned i = SASL_MECHANISMS; i-- > 0;) {
		const enum sasl_mechanism m = (enum sasl_mechanism)i;

		if (!sasl_server_offers(x->server, m) || (sasl2 && !xstream_sasl2_may_use(m)))
			continue;
		xml_put_element(b, "mechanism", slice_str(sasl_mechanism_name(m)));
		any = true;
	}
	return any;
}

/* XEP-0388 section 2.1: never without a mechanism. */
static void put_sasl2(const struct xstream *x, struct buf *b)
{
	const size_t before = buf_len(b);

	buf_puts(b, "<authentication xmlns='" NS_SASL2 "'>");
	bool any = put_mechanisms(x, b, true);
	buf_puts(b, "<inline><bind xmlns='" NS_BIND2 "'/></inline></authentication>");
	if (!any)
		buf_truncate(b, before);
}

static void put_sasl(struct xstream *x, struct buf *b)
{
	if (!xstream_accept_new_server(x))
		return;
	buf_puts(b, "<mechanisms xmlns='" NS_SASL "'>");
	put_mechanisms(x, b, false);
	buf_puts(b, "</mechanisms>");
	if (xstream_accept_offers_sasl2(x))
		put_sasl2(x, b);
	if (sasl_server_offers(x->server, SASL_SCRAM_SHA1_PLUS) ||
		sasl_server_offers(x->server, SASL_SCRAM_SHA256_PLUS) ||
		sasl_server_offers(x->server, SASL_SCRAM_SHA512_PLUS))
		put_bindings(x, b);
}

void xstream_accept_put_features(struct xstream *x, struct buf *b)
{
	buf_puts(b, "<stream:features>");
	if (!x->secure && x->cfg.tls == XSTREAM_TLS_REQUIRED)
		buf_puts(b, "<starttls xmlns='" NS_TLS "'><required/></starttls>");
	if (!x->secure && x->cfg.tls == XSTREAM_TLS_OPTIONAL)
		buf_puts(b, "<starttls xmlns='" NS_TLS "'/>");
	if (x->authenticated)
		buf_puts(b, "<bind xmlns='" NS_BIND "'/>"
			    "<session xmlns='" NS_SESSION "'><optional/></session>");
	else if (x->secure || x->cfg.tls != XSTREAM_TLS_REQUIRED)
		put_sasl(x, b);
	buf_puts(b, "</stream:features>");
}

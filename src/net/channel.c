#include "net/channel.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/addr.h"
#include "base/mem.h"
#include "net/cert.h"

struct channel {
	struct trust *trust;
	SSL *ssl;
	BIO *in, *out; /* owned by ssl */
	struct tls_policy policy;
	enum channel_state state;
	bool first_bytes;        /* none came yet */
	bool is_ip;              /* the policy's name */
	bool wanted_certificate; /* the peer asked for ours, and there is none */
	int first_error;         /* X509_V_ERR_..., of the chain */
	struct tls_facts facts;
};

/* ---- certificates ---- */

static int ssl_index(void)
{
	static int index = -1;

	if (index < 0)
		index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
	return index;
}

static void note_fault(struct channel *c, int error, struct tls_cert *cert)
{
	const unsigned fault = cert_fault(error);

	if (!fault)
		return;
	c->facts.faults |= fault;
	if (!c->first_error)
		c->first_error = error;
	if (!cert)
		return;
	if (!cert->faults)
		snprintf(cert->error, sizeof(cert->error), "%s",
			X509_verify_cert_error_string(error));
	cert->faults |= fault;
}

/* Always goes on: after a failed verification the certificate would be gone, and only the first
 * fault known. */
static int on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct channel *c = SSL_get_ex_data(ssl, ssl_index());
	X509 *x = X509_STORE_CTX_get_current_cert(store);
	struct tls_cert *cert =
		x ? cert_at(&c->facts, X509_STORE_CTX_get_error_depth(store), x) : NULL;

	if (!ok)
		note_fault(c, X509_STORE_CTX_get_error(store), cert);
	return 1;
}

/* The library looks for hosts only. */
static void check_name(struct channel *c, X509 *x)
{
	if (x && c->policy.naming != TLS_NAMING_HOST && c->policy.name[0] && !c->is_ip &&
		!cert_is_for(x, c->policy.naming, c->policy.name))
		note_fault(c, X509_V_ERR_HOSTNAME_MISMATCH, cert_at(&c->facts, 0, x));
}

/* The chain is looked at whole; then the policy decides, so that the alert says why. */
static int verify_all(X509_STORE_CTX *store, void *arg)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct channel *c = SSL_get_ex_data(ssl, ssl_index());

	(void)arg;
	if (X509_verify_cert(store) != 1) {
		/* on_verify() never refuses: it could not be looked at, and is not trusted. */
		c->facts.faults |= TLS_FAULT_OTHER;
		if (!c->first_error)
			c->first_error = X509_V_ERR_UNSPECIFIED;
	}
	check_name(c, X509_STORE_CTX_get0_cert(store));
	ERR_clear_error(); /* what was wrong is in the facts; the handshake's own error follows */
	bool refused = c->facts.faults && c->policy.verify == TLS_VERIFY_PEER;
	X509_STORE_CTX_set_error(store, refused ? c->first_error : X509_V_OK);
	return !refused;
}

/* ---- life ---- */

static int on_certificate_wanted(SSL *ssl, X509 **x, EVP_PKEY **key)
{
	struct channel *c = SSL_get_ex_data(ssl, ssl_index());

	(void)x;
	(void)key;
	c->wanted_certificate = true;
	return 0; /* none; only asked when the context has no identity */
}

static int on_alpn(SSL *ssl, const unsigned char **ret, unsigned char *ret_n,
	const unsigned char *offered, unsigned n, void *arg)
{
	struct channel *c = SSL_get_ex_data(ssl, ssl_index());

	(void)arg;
	for (unsigned i = 0; i < n && i + 1 + offered[i] <= n; i += 1u + offered[i]) {
		if (!slice_eqs(slice_of(offered + i + 1, offered[i]), c->policy.alpn))
			continue;
		*ret = offered + i + 1;
		*ret_n = offered[i];
		return SSL_TLSEXT_ERR_OK;
	}
	return SSL_TLSEXT_ERR_NOACK;
}

static void prepare(SSL_CTX *ctx);

/* SNI (RFC 6066 section 3).  An identity that cannot be shown ends the handshake: the client would
 * see another one's certificate, and nobody would know why. */
static int on_server_name(SSL *ssl, int *alert, void *arg)
{
	struct channel *c = SSL_get_ex_data(ssl, ssl_index());
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct tls_policy policy = c->policy;
	SSL_CTX *ctx;

	(void)arg;
	policy.identity = trust_find_identity(c->trust, &c->policy, name);
	if (policy.identity == c->policy.identity)
		return SSL_TLSEXT_ERR_NOACK;
	if (trust_context(c->trust, &policy, prepare, &ctx) || !SSL_set_SSL_CTX(ssl, ctx)) {
		*alert = SSL_AD_INTERNAL_ERROR;
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	}
	return SSL_TLSEXT_ERR_OK;
}

static void prepare(SSL_CTX *ctx)
{
	SSL_CTX_set_cert_verify_callback(ctx, verify_all, NULL);
	SSL_CTX_set_client_cert_cb(ctx, on_certificate_wanted);
	SSL_CTX_set_alpn_select_cb(ctx, on_alpn, NULL);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_server_name);
}

static int verify_mode(const struct tls_policy *p)
{
	if (!p->accept)
		return SSL_VERIFY_PEER;
	if (!p->request_certificate)
		return SSL_VERIFY_NONE;
	return p->verify == TLS_VERIFY_PEER ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT
					    : SSL_VERIFY_PEER;
}

static int set_name(struct channel *c)
{
	const char *name = c->policy.name;
	struct addr a;

	SSL_set_verify(c->ssl, verify_mode(&c->policy), on_verify);
	if (!name[0])
		return 0;
	c->is_ip = addr_decode_ip(slice_str(name), &a);
	if (c->is_ip) {
		X509_VERIFY_PARAM *p = SSL_get0_param(c->ssl);
		return X509_VERIFY_PARAM_set1_ip(p, a.ip, a.family == 4 ? 4 : 16) ? 0 : -ENOMEM;
	}
	SSL_set_hostflags(
		c->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	if (c->policy.naming == TLS_NAMING_HOST && !SSL_set1_host(c->ssl, name))
		return -ENOMEM;
	return c->policy.accept || SSL_set_tlsext_host_name(c->ssl, name) ? 0 : -ENOMEM;
}

static int set_alpn(struct channel *c)
{
	unsigned char wire[sizeof(c->policy.alpn)]; /* the length in the NUL's place */
	size_t n = strlen(c->policy.alpn);

	if (n == 0 || c->policy.accept)
		return 0;
	wire[0] = (unsigned char)n;
	memcpy(wire + 1, c->policy.alpn, n);
	return SSL_set_alpn_protos(c->ssl, wire, (unsigned)n + 1) == 0 ? 0 : -ENOMEM;
}

int channel_new(struct channel **ret, struct trust *trust, const struct tls_policy *policy)
{
	SSL_CTX *ctx;
	int err = trust_context(trust, policy, prepare, &ctx);
	if (err)
		return err;
	struct channel *c = mem_alloc0(sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->trust = trust;
	c->policy = *policy;
	c->first_bytes = true;
	c->facts.alert = -1;
	c->ssl = SSL_new(ctx);
	c->in = BIO_new(BIO_s_mem());
	c->out = BIO_new(BIO_s_mem());
	if (!c->ssl || !c->in || !c->out) {
		BIO_free(c->in);
		BIO_free(c->out);
		SSL_free(c->ssl);
		mem_free(c);
		return -ENOMEM;
	}
	if (policy->max_version)
		SSL_set_max_proto_version(c->ssl, (int)policy->max_version);
	SSL_set_bio(c->ssl, c->in, c->out);
	if (policy->accept)
		SSL_set_accept_state(c->ssl);
	else
		SSL_set_connect_state(c->ssl);
	err = SSL_set_ex_data(c->ssl, ssl_index(), c) ? set_name(c) : -ENOMEM;
	if (!err)
		err = set_alpn(c);
	if (err) {
		channel_free(c);
		return err;
	}
	*ret = c;
	return 0;
}

struct channel *channel_free(struct channel *c)
{
	if (!c)
		return NULL;
	SSL_free(c->ssl);
	return mem_free(c);
}

enum channel_state channel_state(const struct channel *c)
{
	return c->state;
}

const struct tls_facts *channel_facts(const struct channel *c)
{
	return &c->facts;
}

/* ---- the handshake's end ---- */

static void fail(struct channel *c, enum tls_failure failure, const char *detail)
{
	c->state = CHANNEL_FAILED;
	c->facts.failure = failure;
	snprintf(c->facts.detail, sizeof(c->facts.detail), "%s", detail ? detail : "");
}

/* RFC 5929 section 4: the hash of the certificate's signature, SHA-256 at least. */
static void end_point(struct channel *c)
{
	X509 *x =
		c->policy.accept ? SSL_get_certificate(c->ssl) : SSL_get0_peer_certificate(c->ssl);
	int digest = NID_undef;
	unsigned n = 0;

	if (!x || !X509_get_signature_info(x, &digest, NULL, NULL, NULL))
		return;
	if (digest == NID_md5 || digest == NID_sha1 || digest == NID_undef)
		digest = NID_sha256;
	const EVP_MD *md = EVP_get_digestbynid(digest);
	if (md && EVP_MD_get_size(md) <= (int)sizeof(c->facts.end_point) &&
		X509_digest(x, md, c->facts.end_point, &n))
		c->facts.n_end_point = n;
}

/* tls-unique: the first Finished, which is the client's in a full handshake (no session is
 * resumed). */
static void bindings(struct channel *c)
{
	static const char label[] = "EXPORTER-Channel-Binding"; /* RFC 9266 */
	struct tls_facts *f = &c->facts;
	const bool old = SSL_version(c->ssl) < TLS1_3_VERSION;

	end_point(c);
	if ((!old || SSL_get_extms_support(c->ssl) == 1) &&
		SSL_export_keying_material(c->ssl, f->exporter, sizeof(f->exporter), label,
			sizeof(label) - 1, NULL, 0, 1) == 1)
		f->n_exporter = sizeof(f->exporter);
	if (old)
		f->n_unique = c->policy.accept
				      ? SSL_get_peer_finished(c->ssl, f->unique, sizeof(f->unique))
				      : SSL_get_finished(c->ssl, f->unique, sizeof(f->unique));
}

static void note_alpn(struct channel *c)
{
	const unsigned char *p;
	unsigned n;

	SSL_get0_alpn_selected(c->ssl, &p, &n);
	if (n < sizeof(c->facts.alpn))
		memcpy(c->facts.alpn, p ? (const char *)p : "", n);
}

static void note_version(struct channel *c)
{
	snprintf(c->facts.version, sizeof(c->facts.version), "%s", SSL_get_version(c->ssl));
	snprintf(c->facts.cipher, sizeof(c->facts.cipher), "%s", SSL_get_cipher_name(c->ssl));
}

static void up(struct channel *c)
{
	note_version(c);
	note_alpn(c);
	bindings(c);
	c->state = CHANNEL_UP;
}

static const struct {
	int reason;
	enum tls_failure failure;
} failure_rows[] = {
	{ SSL_R_CERTIFICATE_VERIFY_FAILED, TLS_FAILURE_CERTIFICATE },
	{ SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, TLS_FAILURE_CERTIFICATE },
	{ SSL_R_WRONG_VERSION_NUMBER, TLS_FAILURE_PLAIN_PEER },
	{ SSL_R_HTTP_REQUEST, TLS_FAILURE_PLAIN_PEER },
	{ SSL_R_HTTPS_PROXY_REQUEST, TLS_FAILURE_PLAIN_PEER },
	{ SSL_R_RECORD_LENGTH_MISMATCH, TLS_FAILURE_PLAIN_PEER },
	{ SSL_R_PACKET_LENGTH_TOO_LONG, TLS_FAILURE_PLAIN_PEER },
	{ SSL_R_UNSUPPORTED_PROTOCOL, TLS_FAILURE_VERSION },
	{ SSL_R_VERSION_TOO_LOW, TLS_FAILURE_VERSION },
	{ SSL_R_WRONG_SSL_VERSION, TLS_FAILURE_VERSION },
	{ SSL_R_NO_PROTOCOLS_AVAILABLE, TLS_FAILURE_VERSION },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, TLS_FAILURE_VERSION },
	{ SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED, TLS_FAILURE_CLIENT_CERTIFICATE },
};

/* What the library's error means; each is mended in another place. */
static enum tls_failure failure_of(const struct channel *c, unsigned long e)
{
	int reason = ERR_GET_REASON(e);
	int alert = c->facts.alert;

	if (ERR_GET_LIB(e) != ERR_LIB_SSL)
		return TLS_FAILURE_OTHER;
	/* Before TLS 1.3 there is no alert of its own for a certificate that is missing. */
	if (c->wanted_certificate &&
		(alert == SSL_AD_HANDSHAKE_FAILURE || alert == SSL_AD_BAD_CERTIFICATE))
		return TLS_FAILURE_CLIENT_CERTIFICATE;
	for (size_t i = 0; i < COUNT(failure_rows); i++)
		if (failure_rows[i].reason == reason)
			return failure_rows[i].failure;
	return alert >= 0 ? TLS_FAILURE_ALERT : TLS_FAILURE_OTHER;
}

static void classify(struct channel *c)
{
	unsigned long e = ERR_peek_error();
	int reason = ERR_GET_REASON(e);
	const char *words = ERR_reason_error_string(e);

	if (ERR_GET_LIB(e) == ERR_LIB_SSL && reason > SSL_AD_REASON_OFFSET)
		c->facts.alert = reason - SSL_AD_REASON_OFFSET;
	enum tls_failure failure = failure_of(c, e);
	if (failure == TLS_FAILURE_CERTIFICATE && c->first_error)
		words = X509_verify_cert_error_string(c->first_error);
	if (c->facts.n_certs)
		note_version(c);
	fail(c, failure, words ? words : "no reason is known");
	ERR_clear_error();
}

/* The first byte of a TLS record is 20 to 23 (or 0x80 of an SSLv2 hello): all else is not TLS. */
static bool looks_plain(const struct channel *c, struct slice in)
{
	return c->first_bytes && in.n && (in.p[0] < 20 || in.p[0] > 23) && !(in.p[0] & 0x80);
}

static void fail_plain(struct channel *c, struct slice in)
{
	char said[33];
	size_t n;

	for (n = 0; n < in.n && n < sizeof(said) - 1; n++)
		said[n] = (char)(in.p[n] >= ' ' && in.p[n] < 127 ? in.p[n] : '.');
	said[n] = '\0';
	fail(c, TLS_FAILURE_PLAIN_PEER, "");
	snprintf(c->facts.detail, sizeof(c->facts.detail), "it said: %s", said);
}

static void handshake(struct channel *c)
{
	ERR_clear_error();
	int n = SSL_do_handshake(c->ssl);
	if (n == 1) {
		up(c);
		return;
	}
	int e = SSL_get_error(c->ssl, n);
	if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE)
		classify(c);
}

/* ---- bytes ---- */

static int take_wire(struct channel *c, struct buf *wire)
{
	size_t pending = BIO_ctrl_pending(c->out);

	if (pending == 0)
		return 0;
	uint8_t *p = buf_reserve(wire, pending);
	if (!p)
		return buf_err(wire);
	int n = BIO_read(c->out, p, (int)pending);
	buf_commit(wire, n > 0 ? (size_t)n : 0);
	return 0;
}

static int read_plain(struct channel *c, struct buf *plain)
{
	enum { PIECE = 16384 };

	while (c->state == CHANNEL_UP) {
		uint8_t *p = buf_reserve(plain, PIECE);
		if (!p)
			return buf_err(plain);
		ERR_clear_error();
		int n = SSL_read(c->ssl, p, PIECE);
		if (n > 0) {
			buf_commit(plain, (size_t)n);
			continue;
		}
		int e = SSL_get_error(c->ssl, n);
		if (e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE)
			break;
		if (e == SSL_ERROR_ZERO_RETURN)
			c->state = CHANNEL_EOF;
		else
			classify(c);
	}
	return 0;
}

int channel_push(struct channel *c, struct slice in, struct buf *plain, struct buf *wire)
{
	if (looks_plain(c, in)) {
		fail_plain(c, in);
		return 0;
	}
	c->first_bytes = c->first_bytes && in.n == 0;
	if (in.n && BIO_write(c->in, in.p, (int)in.n) != (int)in.n)
		return -ENOMEM;
	if (c->state == CHANNEL_HANDSHAKE)
		handshake(c);
	int err = c->state == CHANNEL_UP ? read_plain(c, plain) : 0;
	int wire_err = take_wire(c, wire);
	return err ? err : wire_err;
}

int channel_write(struct channel *c, struct slice in, struct buf *wire)
{
	size_t n = 0;

	if (in.n && SSL_write_ex(c->ssl, in.p, in.n, &n) != 1)
		return -ENOMEM; /* a memory BIO takes everything or there is no memory */
	return take_wire(c, wire);
}

void channel_close(struct channel *c, struct buf *wire)
{
	if (c->state == CHANNEL_UP || c->state == CHANNEL_EOF)
		SSL_shutdown(c->ssl);
	take_wire(c, wire);
}

void channel_push_eof(struct channel *c)
{
	if (c->state == CHANNEL_HANDSHAKE)
		fail(c, TLS_FAILURE_CLOSED, "the peer closed the connection during the handshake");
}

/* SASL for who signs in: which mechanism and binding, and the exchange. */
#include <openssl/crypto.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "xmpp/sasl_scram.h"

enum client_state {
	CLIENT_START,
	CLIENT_AWAIT_SUCCESS, /* PLAIN, EXTERNAL: nothing more to say */
	CLIENT_AWAIT_SERVER_FIRST,
	CLIENT_AWAIT_SERVER_FINAL,
	CLIENT_DONE,
	CLIENT_FAILED,
};

struct sasl_client {
	enum client_state state;
	enum sasl_mechanism mechanism;
	enum scram_hash hash;
	bool plus, plus_missing;
	enum sasl_binding binding;
	struct scram_binding binding_data;

	char *username, *password, *authzid;
	char nonce[SCRAM_NONCE + 1];
	struct buf gs2;
	struct buf auth; /* RFC 5802's AuthMessage, as it grows */
	uint8_t server_signature[SCRAM_KEY_MAX];
	struct sasl_cache *cache;
};

/* ---- the choice ---- */

static bool can_bind(const struct tls_facts *tls, enum sasl_binding type)
{
	struct scram_binding data;

	scram_binding_of(tls, type, &data);
	return data.n > 0;
}

/* What both sides take for granted: RFC 9266 section 3 for TLS 1.3, RFC 5802 section 6 below. */
static enum sasl_binding default_binding(const struct tls_facts *tls)
{
	enum sasl_binding type = SASL_BINDING_TLS_UNIQUE;

	if (tls && slice_eqs(slice_str(tls->version), "TLSv1.3"))
		type = SASL_BINDING_TLS_EXPORTER;
	return can_bind(tls, type) ? type : SASL_BINDING_NONE;
}

static enum sasl_binding choose_binding(const struct sasl_client_cfg *cfg)
{
	bool announced = false;

	for (unsigned i = SASL_BINDING_NONE + 1; i < SASL_BINDINGS; i++) {
		if (!cfg->binding_offered[i])
			continue;
		announced = true;
		if (can_bind(cfg->tls, (enum sasl_binding)i))
			return (enum sasl_binding)i;
	}
	if (announced)
		return SASL_BINDING_NONE;
	/* A server that names no type (XEP-0440) is older than RFC 9266: over TLS 1.3 it checks
	 * something of its own (ejabberd 23.01) and would refuse the right password. */
	enum sasl_binding type = default_binding(cfg->tls);
	return type == SASL_BINDING_TLS_EXPORTER ? SASL_BINDING_NONE : type;
}

static bool can_use(
	const struct sasl_client_cfg *cfg, enum sasl_mechanism m, enum sasl_binding binding)
{
	if (!cfg->offered[m])
		return false;
	switch (m) {
	case SASL_PLAIN: return cfg->allow_plain;
	case SASL_SCRAM_SHA1:
	case SASL_SCRAM_SHA256:
	case SASL_SCRAM_SHA512: return true;
	case SASL_SCRAM_SHA1_PLUS:
	case SASL_SCRAM_SHA256_PLUS:
	case SASL_SCRAM_SHA512_PLUS: return binding != SASL_BINDING_NONE;
	case SASL_EXTERNAL: return cfg->external;
	case SASL_MECHANISMS: break;
	}
	return false;
}

static int choose(struct sasl_client *c, const struct sasl_client_cfg *cfg)
{
	enum sasl_binding binding = choose_binding(cfg);

	for (unsigned i = SASL_MECHANISMS; i-- > 0;) {
		enum sasl_mechanism m = (enum sasl_mechanism)i;

		if (!can_use(cfg, m, binding))
			continue;
		c->mechanism = m;
		bool scram = sasl_is_scram(m, &c->hash, &c->plus);
		c->binding = c->plus ? binding : SASL_BINDING_NONE;
		scram_binding_of(cfg->tls, c->binding, &c->binding_data);
		c->plus_missing = scram && !sasl_any_plus(cfg->offered) &&
				  default_binding(cfg->tls) != SASL_BINDING_NONE;
		return 0;
	}
	return ERR_UNSUPPORTED;
}

/* ---- life ---- */

static int prepare_texts(struct sasl_client *c, const struct sasl_client_cfg *cfg)
{
	int err = sasl_prepare(cfg->authzid, &c->authzid);

	if (!err)
		err = sasl_prepare(cfg->username, &c->username);
	if (!err)
		err = sasl_prepare(cfg->password, &c->password);
	if (!err && c->mechanism != SASL_EXTERNAL && !c->username[0])
		err = ERR_SYNTAX;
	return err;
}

int sasl_client_new(struct sasl_client **ret, const struct sasl_client_cfg *cfg, struct rng *rng)
{
	struct sasl_client *c = mem_alloc0(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->cache = cfg->cache;
	buf_init(&c->gs2, SASL_MESSAGE_MAX);
	buf_init(&c->auth, 4 * SASL_MESSAGE_MAX);
	rng_token(rng, c->nonce, SCRAM_NONCE);
	int err = choose(c, cfg);
	if (!err)
		err = prepare_texts(c, cfg);
	if (err) {
		sasl_client_free(c);
		return err;
	}
	*ret = c;
	return 0;
}

struct sasl_client *sasl_client_free(struct sasl_client *c)
{
	if (!c)
		return NULL;
	sasl_wipe_text(c->username);
	sasl_wipe_text(c->password);
	sasl_wipe_text(c->authzid);
	buf_done(&c->gs2);
	buf_done(&c->auth);
	mem_wipe(c, sizeof(*c));
	mem_free(c);
	return NULL;
}

void sasl_client_set_nonce(struct sasl_client *c, const char *nonce)
{
	(void)slice_cstr(slice_str(nonce), c->nonce, sizeof(c->nonce));
}

enum sasl_mechanism sasl_client_mechanism(const struct sasl_client *c)
{
	return c->mechanism;
}

enum sasl_binding sasl_client_binding(const struct sasl_client *c)
{
	return c->binding;
}

bool sasl_client_plus_missing(const struct sasl_client *c)
{
	return c->plus_missing;
}

/* ---- the exchange ---- */

static enum sasl_result enter(
	struct sasl_client *c, enum client_state state, enum sasl_result result)
{
	c->state = state;
	if (state == CLIENT_DONE || state == CLIENT_FAILED)
		c->password = sasl_wipe_text(c->password);
	return result;
}

static enum sasl_result fail(struct sasl_client *c, enum sasl_result result)
{
	return enter(c, CLIENT_FAILED, result);
}

/* RFC 4616 section 2 */
static enum sasl_result first_plain(struct sasl_client *c, struct buf *out)
{
	buf_puts(out, c->authzid);
	buf_putc(out, 0);
	buf_puts(out, c->username);
	buf_putc(out, 0);
	buf_puts(out, c->password);
	if (buf_err(out))
		return fail(c, SASL_FAIL_INTERNAL);
	return enter(c, CLIENT_AWAIT_SUCCESS, SASL_CONTINUE);
}

static enum sasl_result first_external(struct sasl_client *c, struct buf *out)
{
	buf_puts(out, c->authzid);
	if (buf_err(out))
		return fail(c, SASL_FAIL_INTERNAL);
	return enter(c, CLIENT_AWAIT_SUCCESS, SASL_CONTINUE);
}

static enum sasl_result first_scram(struct sasl_client *c, struct buf *out)
{
	if (c->plus)
		buf_printf(&c->gs2, "p=%s,", sasl_binding_name(c->binding));
	else
		buf_puts(&c->gs2, c->plus_missing ? "y," : "n,");
	if (c->authzid[0]) {
		buf_puts(&c->gs2, "a=");
		scram_put_name(&c->gs2, slice_str(c->authzid));
	}
	buf_putc(&c->gs2, ',');

	buf_puts(&c->auth, "n=");
	scram_put_name(&c->auth, slice_str(c->username));
	buf_puts(&c->auth, ",r=");
	buf_puts(&c->auth, c->nonce);

	buf_put(out, buf_slice(&c->gs2));
	buf_put(out, buf_slice(&c->auth));
	if (buf_err(&c->gs2) || buf_err(&c->auth) || buf_err(out))
		return fail(c, SASL_FAIL_INTERNAL);
	return enter(c, CLIENT_AWAIT_SERVER_FIRST, SASL_CONTINUE);
}

enum sasl_result sasl_client_first(struct sasl_client *c, struct buf *out)
{
	if (c->state != CLIENT_START)
		return fail(c, SASL_FAIL_SYNTAX);
	if (c->mechanism == SASL_PLAIN)
		return first_plain(c, out);
	if (c->mechanism == SASL_EXTERNAL)
		return first_external(c, out);
	return first_scram(c, out);
}

struct server_first {
	struct slice nonce;
	uint8_t salt[SCRAM_SALT_MAX];
	size_t n_salt;
	unsigned iterations;
};

/* server-first-message, RFC 5802 section 7; extensions behind it are ignored, a mandatory one (m=)
 * is not where the nonce should be. */
static enum sasl_result read_server_first(
	const struct sasl_client *c, struct slice message, struct server_first *ret)
{
	struct slice salt, iterations;
	uint64_t n;

	if (!scram_take_attr(&message, 'r', &ret->nonce) ||
		!scram_take_attr(&message, 's', &salt) ||
		!scram_take_attr(&message, 'i', &iterations) || !scram_is_nonce(ret->nonce))
		return SASL_FAIL_SYNTAX;
	if (!slice_starts(ret->nonce, slice_str(c->nonce)) || ret->nonce.n == strlen(c->nonce))
		return SASL_FAIL_NONCE;

	int err = scram_get_base64(salt, ret->salt, sizeof(ret->salt), &ret->n_salt);
	if (err)
		return err == -ENOMEM ? SASL_FAIL_INTERNAL : SASL_FAIL_SYNTAX;
	if (ret->n_salt == 0 || !slice_u64(iterations, UINT32_MAX, &n))
		return SASL_FAIL_SYNTAX;
	if (n < SASL_ITERATIONS_MIN || n > SASL_ITERATIONS_MAX)
		return SASL_FAIL_ITERATIONS;
	ret->iterations = (unsigned)n;
	return SASL_CONTINUE;
}

/* Proof and server signature from the whole AuthMessage, RFC 5802 section 3. */
static bool compute_proof(
	struct sasl_client *c, const struct server_first *sf, uint8_t proof[SCRAM_KEY_MAX])
{
	struct scram_params params = {
		.hash = c->hash,
		.salt = slice_of(sf->salt, sf->n_salt),
		.iterations = sf->iterations,
	};
	uint8_t salted[SCRAM_KEY_MAX];
	struct scram_keys keys;
	size_t n = scram_size(c->hash);
	struct slice auth = buf_slice(&c->auth);
	bool ok = sasl_cache_salted(c->cache, &params, slice_str(c->password), salted) &&
		  scram_derive(c->hash, salted, &keys) &&
		  scram_hmac(c->hash, slice_of(keys.stored, n), auth, proof) &&
		  scram_hmac(c->hash, slice_of(keys.server, n), auth, c->server_signature);

	if (ok)
		scram_xor(proof, keys.client, n);
	mem_wipe(salted, sizeof(salted));
	mem_wipe(&keys, sizeof(keys));
	return ok;
}

static enum sasl_result push_server_first(
	struct sasl_client *c, struct slice message, struct buf *out)
{
	struct server_first sf = { .n_salt = 0 };
	uint8_t proof[SCRAM_KEY_MAX];
	enum sasl_result result = read_server_first(c, message, &sf);

	if (result != SASL_CONTINUE)
		return fail(c, result);
	buf_putc(&c->auth, ',');
	buf_put(&c->auth, message);
	buf_putc(&c->auth, ',');
	size_t start = buf_len(&c->auth);
	scram_put_binding(&c->auth, buf_slice(&c->gs2), &c->binding_data);
	buf_puts(&c->auth, ",r=");
	buf_put(&c->auth, sf.nonce);
	if (buf_err(&c->auth) || !compute_proof(c, &sf, proof))
		return fail(c, SASL_FAIL_INTERNAL);

	buf_put(out, slice_skip(buf_slice(&c->auth), start));
	buf_puts(out, ",p=");
	base64_put(out, slice_of(proof, scram_size(c->hash)));
	if (buf_err(out))
		return fail(c, SASL_FAIL_INTERNAL);
	return enter(c, CLIENT_AWAIT_SERVER_FINAL, SASL_CONTINUE);
}

/* RFC 5802 section 7, server-error-value */
static enum sasl_result server_error(struct slice error)
{
	static const char *const binding_errors[] = {
		"server-does-support-channel-binding",
		"channel-bindings-dont-match",
		"channel-binding-not-supported",
		"unsupported-channel-binding-type",
	};

	for (unsigned i = 0; i < COUNT(binding_errors); i++)
		if (slice_eqs(error, binding_errors[i]))
			return SASL_FAIL_BINDING;
	return SASL_FAIL_CREDENTIALS;
}

static enum sasl_result push_server_final(struct sasl_client *c, struct slice message)
{
	uint8_t signature[SCRAM_KEY_MAX];
	size_t n = scram_size(c->hash), n_signature;
	struct slice value;

	if (message.n == 0)
		return fail(c, SASL_FAIL_SERVER_PROOF); /* a success that proves nothing */
	if (scram_take_attr(&message, 'e', &value))
		return fail(c, server_error(value));
	if (!scram_take_attr(&message, 'v', &value))
		return fail(c, SASL_FAIL_SYNTAX);
	int err = scram_get_base64(value, signature, sizeof(signature), &n_signature);
	if (err)
		return fail(c, err == -ENOMEM ? SASL_FAIL_INTERNAL : SASL_FAIL_SYNTAX);
	if (n_signature != n || CRYPTO_memcmp(signature, c->server_signature, n) != 0)
		return fail(c, SASL_FAIL_SERVER_PROOF);
	return enter(c, CLIENT_DONE, SASL_DONE);
}

enum sasl_result sasl_client_push(struct sasl_client *c, struct slice message, struct buf *out)
{
	if (message.n > SASL_MESSAGE_MAX)
		return fail(c, SASL_FAIL_SYNTAX);
	switch (c->state) {
	case CLIENT_AWAIT_SUCCESS:
	case CLIENT_DONE:
		if (message.n > 0)
			break;
		return enter(c, CLIENT_DONE, SASL_DONE);
	case CLIENT_AWAIT_SERVER_FIRST: return push_server_first(c, message, out);
	case CLIENT_AWAIT_SERVER_FINAL: return push_server_final(c, message);
	case CLIENT_START:
	case CLIENT_FAILED: break;
	}
	return fail(c, SASL_FAIL_SYNTAX);
}

/* SASL for who lets others in: what is offered, and the exchange. */
#include <openssl/crypto.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "xmpp/sasl_scram.h"

enum server_state {
	SERVER_START,
	SERVER_AWAIT_FIRST, /* the mechanism is chosen, its first message is not here */
	SERVER_AWAIT_ACCOUNT,
	SERVER_AWAIT_FINAL,
	SERVER_DONE,
	SERVER_FAILED,
};

struct sasl_server {
	enum server_state state;
	bool offer[SASL_MECHANISMS];
	struct scram_binding bindings[SASL_BINDINGS]; /* what the connection has, of each type */
	uint8_t fake_key[32];
	unsigned fake_iterations;

	enum sasl_mechanism mechanism;
	enum scram_hash hash;
	bool plus;
	enum sasl_binding binding; /* that the client chose */
	char *username, *authzid, *password;
	char nonce[SCRAM_NONCE + 1];
	struct buf gs2;
	struct buf auth; /* RFC 5802's AuthMessage, as it grows */
	struct buf client_nonce;
	bool known;
	struct sasl_secret secret;
};

static bool is_bindable(const struct sasl_server *s)
{
	for (unsigned i = SASL_BINDING_NONE + 1; i < SASL_BINDINGS; i++)
		if (s->bindings[i].n > 0)
			return true;
	return false;
}

static void read_offers(struct sasl_server *s, const struct sasl_server_cfg *cfg)
{
	for (unsigned i = SASL_BINDING_NONE + 1; i < SASL_BINDINGS; i++)
		scram_binding_of(cfg->tls, (enum sasl_binding)i, &s->bindings[i]);
	for (unsigned i = 0; i < SASL_MECHANISMS; i++) {
		enum scram_hash hash;
		bool plus = false;

		if (!sasl_is_scram((enum sasl_mechanism)i, &hash, &plus))
			plus = false;
		s->offer[i] = cfg->offer[i] && (!plus || is_bindable(s));
	}
}

int sasl_server_new(struct sasl_server **ret, const struct sasl_server_cfg *cfg, struct rng *rng)
{
	struct sasl_server *s = mem_alloc0(sizeof(*s));

	if (!s)
		return -ENOMEM;
	read_offers(s, cfg);
	memcpy(s->fake_key, cfg->fake_key, sizeof(s->fake_key));
	s->fake_iterations = cfg->fake_iterations ? cfg->fake_iterations : SASL_ITERATIONS_DEFAULT;
	rng_token(rng, s->nonce, SCRAM_NONCE);
	buf_init(&s->gs2, SASL_MESSAGE_MAX);
	buf_init(&s->auth, 4 * SASL_MESSAGE_MAX);
	buf_init(&s->client_nonce, SASL_MESSAGE_MAX);
	*ret = s;
	return 0;
}

struct sasl_server *sasl_server_free(struct sasl_server *s)
{
	if (!s)
		return NULL;
	sasl_wipe_text(s->username);
	sasl_wipe_text(s->authzid);
	sasl_wipe_text(s->password);
	buf_done(&s->gs2);
	buf_done(&s->auth);
	buf_done(&s->client_nonce);
	mem_wipe(s, sizeof(*s));
	mem_free(s);
	return NULL;
}

void sasl_server_set_nonce(struct sasl_server *s, const char *nonce)
{
	(void)slice_cstr(slice_str(nonce), s->nonce, sizeof(s->nonce));
}

bool sasl_server_offers(const struct sasl_server *s, enum sasl_mechanism m)
{
	return s->offer[m];
}

bool sasl_server_wants_account(const struct sasl_server *s)
{
	return s->state == SERVER_AWAIT_ACCOUNT;
}

struct slice sasl_server_username(const struct sasl_server *s)
{
	return slice_str(s->username);
}

struct slice sasl_server_authzid(const struct sasl_server *s)
{
	return slice_str(s->authzid);
}

static enum sasl_result enter(
	struct sasl_server *s, enum server_state state, enum sasl_result result)
{
	s->state = state;
	if (state == SERVER_DONE || state == SERVER_FAILED)
		s->password = sasl_wipe_text(s->password);
	return result;
}

static enum sasl_result fail(struct sasl_server *s, enum sasl_result result)
{
	return enter(s, SERVER_FAILED, result);
}

static enum sasl_result fail_by(struct sasl_server *s, int err)
{
	return fail(s, err == -ENOMEM ? SASL_FAIL_INTERNAL : SASL_FAIL_SYNTAX);
}

/* ---- the first message ---- */

/* authzid NUL authcid NUL passwd, RFC 4616 section 2 */
static enum sasl_result first_plain(struct sasl_server *s, struct slice message)
{
	size_t end_authzid = slice_chr(message, 0);
	struct slice authcid = slice_skip(message, end_authzid + 1);
	size_t end_authcid = slice_chr(authcid, 0);
	struct slice password = slice_skip(authcid, end_authcid + 1);

	if (end_authzid == message.n || end_authcid == authcid.n || end_authcid == 0 ||
		password.n == 0 || slice_chr(password, 0) < password.n)
		return fail(s, SASL_FAIL_SYNTAX);
	int err = sasl_prepare(slice_cut(message, 0, end_authzid), &s->authzid);
	if (!err)
		err = sasl_prepare(slice_cut(authcid, 0, end_authcid), &s->username);
	if (!err)
		err = sasl_prepare(password, &s->password);
	if (err)
		return fail_by(s, err);
	return enter(s, SERVER_AWAIT_ACCOUNT, SASL_CONTINUE);
}

static enum sasl_result first_external(struct sasl_server *s, struct slice message)
{
	int err = sasl_prepare(message, &s->username);

	if (!err)
		err = sasl_prepare(message, &s->authzid);
	if (err)
		return fail_by(s, err);
	return enter(s, SERVER_AWAIT_ACCOUNT, SASL_CONTINUE);
}

/* gs2-cbind-flag, RFC 5802 sections 6 and 7. */
static enum sasl_result read_flag(struct sasl_server *s, struct slice flag)
{
	if (slice_eqs(flag, "n"))
		return s->plus ? SASL_FAIL_BINDING : SASL_CONTINUE;
	/* The client can bind and was told that we cannot: the list was tampered with. */
	if (slice_eqs(flag, "y"))
		return s->plus || sasl_any_plus(s->offer) ? SASL_FAIL_BINDING : SASL_CONTINUE;
	if (!slice_starts(flag, SLICE("p=")))
		return SASL_FAIL_SYNTAX;
	if (!s->plus || !sasl_binding_find(slice_skip(flag, 2), &s->binding))
		return SASL_FAIL_BINDING;
	return s->bindings[s->binding].n > 0 ? SASL_CONTINUE : SASL_FAIL_BINDING;
}

static int read_name(struct slice text, char **ret)
{
	char name[SASL_TEXT_MAX + 1];

	if (text.n == 0 || !scram_get_name(text, name))
		return ERR_SYNTAX;
	return sasl_prepare(slice_str(name), ret);
}

/* client-first-message-bare; an extension that must be understood (m=) is not where n= should be.
 */
static enum sasl_result read_bare(struct sasl_server *s, struct slice bare)
{
	struct slice rest = bare, name, nonce;

	if (!scram_take_attr(&rest, 'n', &name) || !scram_take_attr(&rest, 'r', &nonce) ||
		!scram_is_nonce(nonce))
		return fail(s, SASL_FAIL_SYNTAX);
	int err = read_name(name, &s->username);
	if (err)
		return fail_by(s, err);
	buf_put(&s->client_nonce, nonce);
	buf_put(&s->auth, bare);
	if (buf_err(&s->client_nonce) || buf_err(&s->auth))
		return fail(s, SASL_FAIL_INTERNAL);
	return enter(s, SERVER_AWAIT_ACCOUNT, SASL_CONTINUE);
}

static enum sasl_result first_scram(struct sasl_server *s, struct slice message)
{
	struct slice rest = message;
	enum sasl_result result = read_flag(s, slice_split(&rest, ','));
	size_t comma = slice_chr(rest, ',');
	struct slice authzid = slice_cut(rest, 0, comma);

	if (result != SASL_CONTINUE)
		return fail(s, result);
	if (comma == rest.n || (authzid.n > 0 && !slice_starts(authzid, SLICE("a="))))
		return fail(s, SASL_FAIL_SYNTAX);
	int err = authzid.n > 0 ? read_name(slice_skip(authzid, 2), &s->authzid) : 0;
	if (err)
		return fail_by(s, err);
	rest = slice_skip(rest, comma + 1);
	buf_put(&s->gs2, slice_cut(message, 0, message.n - rest.n));
	if (buf_err(&s->gs2))
		return fail(s, SASL_FAIL_INTERNAL);
	return read_bare(s, rest);
}

static enum sasl_result push_first(struct sasl_server *s, struct slice message)
{
	if (message.n > SASL_MESSAGE_MAX)
		return fail(s, SASL_FAIL_SYNTAX);
	if (s->mechanism == SASL_EXTERNAL)
		return first_external(s, message);
	if (s->mechanism == SASL_PLAIN)
		return first_plain(s, message);
	return first_scram(s, message);
}

enum sasl_result sasl_server_start(
	struct sasl_server *s, enum sasl_mechanism m, struct slice initial, struct buf *out)
{
	(void)out; /* the first output needs the account */
	if (s->state != SERVER_START || !s->offer[m])
		return fail(s, SASL_FAIL_SYNTAX);
	s->mechanism = m;
	if (!sasl_is_scram(m, &s->hash, &s->plus))
		s->plus = false;
	if (initial.n == 0 && m != SASL_EXTERNAL)
		return enter(s, SERVER_AWAIT_FIRST, SASL_CONTINUE);
	return push_first(s, initial);
}

/* ---- the account ---- */

/* The same salt for the same name each time, and as much work as for a name that exists. */
static bool make_fake(struct sasl_server *s)
{
	uint8_t bytes[SCRAM_KEY_MAX];
	bool ok = scram_hmac(SCRAM_SHA256, slice_of(s->fake_key, sizeof(s->fake_key)),
		sasl_server_username(s), bytes);

	s->secret = (struct sasl_secret){ .iterations = s->fake_iterations };
	memcpy(s->secret.salt, bytes, sizeof(s->secret.salt));
	mem_wipe(bytes, sizeof(bytes));
	return ok;
}

static enum sasl_result account_plain(struct sasl_server *s)
{
	struct scram_params params = {
		.hash = SCRAM_SHA256,
		.salt = slice_of(s->secret.salt, sizeof(s->secret.salt)),
		.iterations = s->secret.iterations,
	};
	uint8_t salted[SCRAM_KEY_MAX];
	struct scram_keys keys;
	bool ok = scram_salted(&params, slice_str(s->password), salted) &&
		  scram_derive(SCRAM_SHA256, salted, &keys);
	bool same = ok && CRYPTO_memcmp(keys.stored, s->secret.stored_sha256,
				  sizeof(s->secret.stored_sha256)) == 0;

	mem_wipe(salted, sizeof(salted));
	mem_wipe(&keys, sizeof(keys));
	if (!ok)
		return fail(s, SASL_FAIL_INTERNAL);
	if (!same || !s->known)
		return fail(s, SASL_FAIL_CREDENTIALS);
	return enter(s, SERVER_DONE, SASL_DONE);
}

static enum sasl_result account_scram(struct sasl_server *s, struct buf *out)
{
	buf_putc(&s->auth, ',');
	size_t start = buf_len(&s->auth);
	buf_puts(&s->auth, "r=");
	buf_put(&s->auth, buf_slice(&s->client_nonce));
	buf_puts(&s->auth, s->nonce);
	buf_puts(&s->auth, ",s=");
	base64_put(&s->auth, slice_of(s->secret.salt, sizeof(s->secret.salt)));
	buf_puts(&s->auth, ",i=");
	buf_putu(&s->auth, s->secret.iterations);
	buf_put(out, slice_skip(buf_slice(&s->auth), start));
	if (buf_err(&s->auth) || buf_err(out))
		return fail(s, SASL_FAIL_INTERNAL);
	return enter(s, SERVER_AWAIT_FINAL, SASL_CONTINUE);
}

enum sasl_result sasl_server_account(
	struct sasl_server *s, const struct sasl_secret *secret, struct buf *out)
{
	if (s->state != SERVER_AWAIT_ACCOUNT)
		return fail(s, SASL_FAIL_SYNTAX);
	s->known = secret != NULL;
	if (secret)
		s->secret = *secret;
	else if (!make_fake(s))
		return fail(s, SASL_FAIL_INTERNAL);

	if (s->mechanism == SASL_EXTERNAL && !s->known)
		return fail(s, SASL_FAIL_CREDENTIALS);
	if (s->mechanism == SASL_EXTERNAL)
		return enter(s, SERVER_DONE, SASL_DONE);
	if (s->mechanism == SASL_PLAIN)
		return account_plain(s);
	return account_scram(s, out);
}

/* ---- the last message ---- */

struct client_final {
	struct slice without_proof;
	struct slice binding; /* base64 */
	struct slice nonce;
	uint8_t proof[SCRAM_KEY_MAX];
};

static size_t find_proof(struct slice message)
{
	for (size_t i = message.n; i-- > 0;)
		if (message.p[i] == ',')
			return i;
	return message.n;
}

static int read_client_final(
	const struct sasl_server *s, struct slice message, struct client_final *ret)
{
	size_t at = find_proof(message), n_proof = 0;
	struct slice rest = slice_cut(message, 0, at), last = slice_skip(message, at + 1), proof;

	ret->without_proof = rest;
	if (!scram_take_attr(&rest, 'c', &ret->binding) ||
		!scram_take_attr(&rest, 'r', &ret->nonce) || !scram_take_attr(&last, 'p', &proof))
		return ERR_SYNTAX;
	int err = scram_get_base64(proof, ret->proof, sizeof(ret->proof), &n_proof);
	if (err)
		return err;
	return n_proof == scram_size(s->hash) ? 0 : ERR_SYNTAX;
}

/* The client repeats the header that it began with and the binding that it sees. */
static enum sasl_result check_binding(const struct sasl_server *s, struct slice binding)
{
	const struct scram_binding *data = &s->bindings[s->binding];
	enum sasl_result result = SASL_CONTINUE;
	struct buf want;

	buf_init(&want, 2 * SASL_MESSAGE_MAX);
	scram_put_binding(&want, buf_slice(&s->gs2), data);
	if (buf_err(&want))
		result = SASL_FAIL_INTERNAL;
	else if (!slice_eq(slice_skip(buf_slice(&want), 2), binding))
		result = SASL_FAIL_BINDING;
	buf_done(&want);
	return result;
}

static bool is_nonce(const struct sasl_server *s, struct slice nonce)
{
	struct slice client = buf_slice(&s->client_nonce);

	return slice_starts(nonce, client) && slice_eqs(slice_skip(nonce, client.n), s->nonce);
}

static const uint8_t *stored_key(const struct sasl_server *s)
{
	switch (s->hash) {
	case SCRAM_SHA1: return s->secret.stored_sha1;
	case SCRAM_SHA256: return s->secret.stored_sha256;
	case SCRAM_SHA512: break;
	}
	return s->secret.stored_sha512;
}

static const uint8_t *server_key(const struct sasl_server *s)
{
	switch (s->hash) {
	case SCRAM_SHA1: return s->secret.server_sha1;
	case SCRAM_SHA256: return s->secret.server_sha256;
	case SCRAM_SHA512: break;
	}
	return s->secret.server_sha512;
}

/* The proof is ClientKey XOR ClientSignature; the account has only the hash of ClientKey. */
static enum sasl_result check_proof(struct sasl_server *s, uint8_t proof[SCRAM_KEY_MAX])
{
	size_t n = scram_size(s->hash);
	const uint8_t *stored = stored_key(s);
	uint8_t signature[SCRAM_KEY_MAX], got[SCRAM_KEY_MAX];
	bool ok = scram_hmac(s->hash, slice_of(stored, n), buf_slice(&s->auth), signature);

	if (ok) {
		scram_xor(proof, signature, n);
		ok = scram_digest(s->hash, slice_of(proof, n), got);
	}
	if (!ok)
		return SASL_FAIL_INTERNAL;
	bool same = CRYPTO_memcmp(got, stored, n) == 0;
	return same && s->known ? SASL_CONTINUE : SASL_FAIL_CREDENTIALS;
}

static enum sasl_result put_server_final(struct sasl_server *s, struct buf *out)
{
	const uint8_t *key = server_key(s);
	size_t n = scram_size(s->hash);
	uint8_t signature[SCRAM_KEY_MAX];

	if (!scram_hmac(s->hash, slice_of(key, n), buf_slice(&s->auth), signature))
		return fail(s, SASL_FAIL_INTERNAL);
	buf_puts(out, "v=");
	base64_put(out, slice_of(signature, n));
	if (buf_err(out))
		return fail(s, SASL_FAIL_INTERNAL);
	return enter(s, SERVER_DONE, SASL_DONE);
}

static enum sasl_result push_final(struct sasl_server *s, struct slice message, struct buf *out)
{
	struct client_final cf;
	int err = read_client_final(s, message, &cf);

	if (err)
		return fail_by(s, err);
	enum sasl_result result = check_binding(s, cf.binding);
	if (result != SASL_CONTINUE)
		return fail(s, result);
	if (!is_nonce(s, cf.nonce))
		return fail(s, SASL_FAIL_NONCE);
	buf_putc(&s->auth, ',');
	buf_put(&s->auth, cf.without_proof);
	if (buf_err(&s->auth))
		return fail(s, SASL_FAIL_INTERNAL);
	result = check_proof(s, cf.proof);
	mem_wipe(cf.proof, sizeof(cf.proof)); /* it became ClientKey */
	if (result != SASL_CONTINUE)
		return fail(s, result);
	return put_server_final(s, out);
}

enum sasl_result sasl_server_push(struct sasl_server *s, struct slice message, struct buf *out)
{
	if (message.n > SASL_MESSAGE_MAX)
		return fail(s, SASL_FAIL_SYNTAX);
	switch (s->state) {
	case SERVER_AWAIT_FIRST: return push_first(s, message);
	case SERVER_AWAIT_FINAL: return push_final(s, message, out);
	case SERVER_DONE: return message.n == 0 ? SASL_DONE : fail(s, SASL_FAIL_SYNTAX);
	case SERVER_START:
	case SERVER_AWAIT_ACCOUNT:
	case SERVER_FAILED: break;
	}
	return fail(s, SASL_FAIL_SYNTAX);
}

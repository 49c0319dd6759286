/* What both sides of SASL need: names, SASLprep, salted passwords and their cache. */
#include "xmpp/sasl.h"

#include <openssl/crypto.h>
#include <string.h>
#include <stringprep.h>

#include "base/mem.h"
#include "base/str.h"
#include "xmpp/sasl_scram.h"

/* ---- names ---- */

static const char *const mechanism_names[] = {
	[SASL_PLAIN] = "PLAIN",
	[SASL_SCRAM_SHA1] = "SCRAM-SHA-1",
	[SASL_SCRAM_SHA256] = "SCRAM-SHA-256",
	[SASL_SCRAM_SHA512] = "SCRAM-SHA-512",
	[SASL_SCRAM_SHA1_PLUS] = "SCRAM-SHA-1-PLUS",
	[SASL_SCRAM_SHA256_PLUS] = "SCRAM-SHA-256-PLUS",
	[SASL_SCRAM_SHA512_PLUS] = "SCRAM-SHA-512-PLUS",
	[SASL_EXTERNAL] = "EXTERNAL",
};
_Static_assert(COUNT(mechanism_names) == SASL_MECHANISMS, "a name for every mechanism");

static const char *const binding_names[] = {
	[SASL_BINDING_NONE] = "none",
	[SASL_BINDING_TLS_EXPORTER] = "tls-exporter",
	[SASL_BINDING_TLS_UNIQUE] = "tls-unique",
	[SASL_BINDING_TLS_SERVER_END_POINT] = "tls-server-end-point",
};
_Static_assert(COUNT(binding_names) == SASL_BINDINGS, "a name for every binding");

static const char *const result_names[] = {
	[SASL_CONTINUE] = "continue",
	[SASL_DONE] = "done",
	[SASL_FAIL_CREDENTIALS] = "bad credentials",
	[SASL_FAIL_SERVER_PROOF] = "the server does not know the password",
	[SASL_FAIL_SYNTAX] = "malformed message",
	[SASL_FAIL_ITERATIONS] = "iteration count out of bounds",
	[SASL_FAIL_BINDING] = "channel binding does not match",
	[SASL_FAIL_NONCE] = "nonce does not match",
	[SASL_FAIL_INTERNAL] = "out of memory",
};

const char *sasl_mechanism_name(enum sasl_mechanism m)
{
	return mechanism_names[m];
}

bool sasl_mechanism_find(struct slice name, enum sasl_mechanism *ret)
{
	for (unsigned i = 0; i < SASL_MECHANISMS; i++) {
		if (slice_eqs(name, mechanism_names[i])) {
			*ret = (enum sasl_mechanism)i;
			return true;
		}
	}
	return false;
}

const char *sasl_binding_name(enum sasl_binding b)
{
	return binding_names[b];
}

bool sasl_binding_find(struct slice name, enum sasl_binding *ret)
{
	for (unsigned i = SASL_BINDING_NONE + 1; i < SASL_BINDINGS; i++) {
		if (slice_eqs(name, binding_names[i])) {
			*ret = (enum sasl_binding)i;
			return true;
		}
	}
	return false;
}

const char *sasl_result_name(enum sasl_result r)
{
	return result_names[r];
}

/* ---- saslprep ---- */

static bool is_plain_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < 0x20 || s.p[i] > 0x7E)
			return false;
	return true;
}

static int prepare_by_libidn(struct slice in, char *text, size_t size)
{
	if (!utf8_valid(in, NULL) || !slice_cstr(in, text, size))
		return ERR_SYNTAX;
	int rc = stringprep(text, size, 0, stringprep_saslprep);
	if (rc == STRINGPREP_MALLOC_ERROR)
		return -ENOMEM;
	if (rc == STRINGPREP_TOO_SMALL_BUFFER)
		return ERR_LIMIT;
	return rc == STRINGPREP_OK && text[0] ? 0 : ERR_SYNTAX;
}

int sasl_prepare(struct slice in, char **ret)
{
	char text[4 * SASL_TEXT_MAX + 1];
	char *copy;
	int err;

	if (in.n > SASL_TEXT_MAX)
		return ERR_LIMIT;
	if (is_plain_ascii(in)) {
		copy = mem_strndup(in.p ? in.p : (const uint8_t *)"", in.n);
	} else {
		err = prepare_by_libidn(in, text, sizeof(text));
		size_t n = err ? 0 : strlen(text);
		if (!err && n > SASL_TEXT_MAX)
			err = ERR_LIMIT;
		copy = err ? NULL : mem_strndup(text, n);
		mem_wipe(text, sizeof(text));
		if (err)
			return err;
	}
	if (!copy)
		return -ENOMEM;
	*ret = copy;
	return 0;
}

char *sasl_wipe_text(char *text)
{
	if (text)
		mem_wipe(text, strlen(text));
	mem_free(text);
	return NULL;
}

/* ---- salted passwords ---- */

struct entry {
	uint8_t id[SCRAM_KEY_MAX]; /* a hash of all that the key is made from: no password is kept
				    */
	uint8_t key[SCRAM_KEY_MAX];
};

struct sasl_cache {
	size_t n, max;
	size_t next; /* the oldest is replaced */
	struct entry entries[];
};

int sasl_cache_new(struct sasl_cache **ret, size_t max)
{
	struct sasl_cache *c;

	if (max == 0 || max > (SIZE_MAX - sizeof(*c)) / sizeof(c->entries[0]))
		return -EINVAL;
	c = mem_alloc0(sizeof(*c) + max * sizeof(c->entries[0]));
	if (!c)
		return -ENOMEM;
	c->max = max;
	*ret = c;
	return 0;
}

struct sasl_cache *sasl_cache_free(struct sasl_cache *c)
{
	if (c)
		mem_wipe(c->entries, c->max * sizeof(c->entries[0]));
	mem_free(c);
	return NULL;
}

/* Keyed by the password, over the rest: each part has its length or is the last. */
static bool entry_id(
	const struct scram_params *params, struct slice password, uint8_t ret[SCRAM_KEY_MAX])
{
	uint8_t text[16 + SCRAM_SALT_MAX] = { (uint8_t)params->hash };

	if (params->salt.n > SCRAM_SALT_MAX)
		return false;
	memcpy(text + 1, &params->iterations, sizeof(params->iterations));
	memcpy(text + 16, params->salt.p, params->salt.n);
	return scram_hmac(SCRAM_SHA256, password, slice_of(text, 16 + params->salt.n), ret);
}

bool sasl_cache_salted(struct sasl_cache *c, const struct scram_params *params,
	struct slice password, uint8_t ret[SCRAM_KEY_MAX])
{
	struct entry fresh = { 0 };

	if (!c || !entry_id(params, password, fresh.id))
		return scram_salted(params, password, ret);
	for (size_t i = 0; i < c->n; i++) {
		if (CRYPTO_memcmp(c->entries[i].id, fresh.id, sizeof(fresh.id)) == 0) {
			memcpy(ret, c->entries[i].key, SCRAM_KEY_MAX);
			return true;
		}
	}
	bool ok = scram_salted(params, password, fresh.key);
	if (ok) {
		memcpy(ret, fresh.key, SCRAM_KEY_MAX);
		c->entries[c->next] = fresh;
		c->next = (c->next + 1) % c->max;
		c->n += c->n < c->max;
	}
	mem_wipe(&fresh, sizeof(fresh));
	return ok;
}

/* ---- what an account stores ---- */

static bool make_keys(enum scram_hash h, const struct sasl_secret *secret, struct slice password,
	struct scram_keys *ret)
{
	struct scram_params params = {
		.hash = h,
		.salt = slice_of(secret->salt, sizeof(secret->salt)),
		.iterations = secret->iterations,
	};
	uint8_t salted[SCRAM_KEY_MAX];
	bool ok = scram_salted(&params, password, salted) && scram_derive(h, salted, ret);

	mem_wipe(salted, sizeof(salted));
	return ok;
}

int sasl_secret_make(
	struct sasl_secret *ret, struct slice password, unsigned iterations, struct rng *rng)
{
	struct sasl_secret secret = { .iterations = iterations };
	struct scram_keys sha1, sha256, sha512;
	char *text;

	if (iterations < SASL_ITERATIONS_MIN || iterations > SASL_ITERATIONS_MAX)
		return ERR_LIMIT;
	int err = sasl_prepare(password, &text);
	if (err)
		return err;
	rng_bytes(rng, secret.salt, sizeof(secret.salt));
	if (make_keys(SCRAM_SHA1, &secret, slice_str(text), &sha1) &&
		make_keys(SCRAM_SHA256, &secret, slice_str(text), &sha256) &&
		make_keys(SCRAM_SHA512, &secret, slice_str(text), &sha512)) {
		memcpy(secret.stored_sha1, sha1.stored, sizeof(secret.stored_sha1));
		memcpy(secret.server_sha1, sha1.server, sizeof(secret.server_sha1));
		memcpy(secret.stored_sha256, sha256.stored, sizeof(secret.stored_sha256));
		memcpy(secret.server_sha256, sha256.server, sizeof(secret.server_sha256));
		memcpy(secret.stored_sha512, sha512.stored, sizeof(secret.stored_sha512));
		memcpy(secret.server_sha512, sha512.server, sizeof(secret.server_sha512));
		*ret = secret;
	} else {
		err = -ENOMEM;
	}
	sasl_wipe_text(text);
	mem_wipe(&sha1, sizeof(sha1));
	mem_wipe(&sha256, sizeof(sha256));
	mem_wipe(&sha512, sizeof(sha512));
	mem_wipe(&secret, sizeof(secret));
	return err;
}

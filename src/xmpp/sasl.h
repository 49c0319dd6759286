/* sasl.h - SASL for XMPP: SCRAM (RFC 5802, RFC 7677, and the same with SHA-512) with channel
 * binding, PLAIN (RFC 4616), EXTERNAL (RFC 4422 appendix A), both sides.
 *
 * Messages are raw bytes here; base64 and XML are the stream's.
 */
#pragma once

#include "base/buf.h"
#include "base/rng.h"
#include "base/tls.h"

/* By preference, the best last.  A binding comes before a better hash: without it, whoever sits in
 * between could take SHA-256-PLUS off the list and nobody would notice. */
enum sasl_mechanism {
	SASL_PLAIN,
	SASL_SCRAM_SHA1,
	SASL_SCRAM_SHA256,
	SASL_SCRAM_SHA512,
	SASL_SCRAM_SHA1_PLUS,
	SASL_SCRAM_SHA256_PLUS,
	SASL_SCRAM_SHA512_PLUS,
	SASL_EXTERNAL,
	SASL_MECHANISMS,
};
const char *sasl_mechanism_name(enum sasl_mechanism m);
bool sasl_mechanism_find(struct slice name, enum sasl_mechanism *ret);

enum sasl_binding {
	SASL_BINDING_NONE,
	SASL_BINDING_TLS_EXPORTER,
	SASL_BINDING_TLS_UNIQUE,
	SASL_BINDING_TLS_SERVER_END_POINT,
	SASL_BINDINGS,
};
const char *sasl_binding_name(enum sasl_binding b); /* "tls-exporter" */
bool sasl_binding_find(struct slice name, enum sasl_binding *ret);

/* Salted passwords, in memory only: (hash, salt, iterations, password) -> key.  Bounded, wiped. */
struct sasl_cache;
int sasl_cache_new(struct sasl_cache **ret, size_t max);
struct sasl_cache *sasl_cache_free(struct sasl_cache *c);

#define SASL_ITERATIONS_MIN     4096u
#define SASL_ITERATIONS_MAX     1000000u
#define SASL_ITERATIONS_DEFAULT 10000u /* for new accounts */
#define SASL_MESSAGE_MAX        4096u  /* a longer one is SASL_FAIL_SYNTAX */

enum sasl_result {
	SASL_CONTINUE, /* the message in `out` goes to the peer */
	SASL_DONE,     /* server: success, `out` is its last message (may be empty); client: the
			  server has proved itself (or the mechanism has no such proof) */
	SASL_FAIL_CREDENTIALS,  /* server: the proof is wrong or there is no such user; client: the
				   server's last message says so ("e=...") */
	SASL_FAIL_SERVER_PROOF, /* client: the server does not know the password: an impostor */
	SASL_FAIL_SYNTAX,       /* malformed message */
	SASL_FAIL_ITERATIONS,   /* under 4,096 or over 1,000,000 */
	SASL_FAIL_BINDING,      /* channel binding does not match, or a downgrade was detected */
	SASL_FAIL_NONCE,    /* the server's nonce does not begin with ours; server: not our nonce */
	SASL_FAIL_INTERNAL, /* ours: out of memory */
};
const char *sasl_result_name(enum sasl_result r); /* "bad credentials": for logs and reports */

/* ---- client ---- */
struct sasl_client;
struct sasl_client_cfg {
	struct slice username, password; /* copied, saslprep'd, wiped at the end */
	struct slice authzid;            /* "" for none */
	bool offered[SASL_MECHANISMS];
	bool binding_offered[SASL_BINDINGS]; /* XEP-0440; all false when not announced */
	const struct tls_facts *tls;         /* NULL on a clear stream; read during new only */
	bool allow_plain;                    /* only over verified TLS, decided by the caller */
	bool external;                       /* we have a certificate for it */
	struct sasl_cache *cache;            /* borrowed, may be NULL */
};
/* 0; ERR_UNSUPPORTED when no offered mechanism can be used; ERR_SYNTAX when saslprep refuses the
 * name or password; -ENOMEM. */
int sasl_client_new(struct sasl_client **ret, const struct sasl_client_cfg *cfg, struct rng *rng);
struct sasl_client *sasl_client_free(struct sasl_client *c);
enum sasl_mechanism sasl_client_mechanism(const struct sasl_client *c);
enum sasl_binding sasl_client_binding(const struct sasl_client *c);
/* True when we could have bound the channel, and the server offers SCRAM but no -PLUS: said to the
 * server as "y" (it will refuse if it did offer -PLUS), and worth a warning. */
bool sasl_client_plus_missing(const struct sasl_client *c);
enum sasl_result sasl_client_first(struct sasl_client *c, struct buf *out);
/* A challenge, or the content of <success/> ("" when it has none): with <success/>, anything but
 * SASL_DONE means that the server has not proved itself.  A server may send its proof in a
 * challenge already: SASL_DONE, an empty response is due, and the empty <success/> is SASL_DONE
 * again. */
enum sasl_result sasl_client_push(struct sasl_client *c, struct slice message, struct buf *out);

/* ---- server ---- */
struct sasl_secret { /* what an account stores: no password */
	uint8_t salt[16];
	unsigned iterations;
	uint8_t stored_sha1[20], server_sha1[20];
	uint8_t stored_sha256[32], server_sha256[32];
	uint8_t stored_sha512[64], server_sha512[64];
};
/* Runs PBKDF2 three times.  0, ERR_SYNTAX (saslprep), ERR_LIMIT (iterations), -ENOMEM. */
int sasl_secret_make(
	struct sasl_secret *ret, struct slice password, unsigned iterations, struct rng *rng);

struct sasl_server;
struct sasl_server_cfg {
	bool offer[SASL_MECHANISMS];
	const struct tls_facts *tls; /* NULL on a clear stream; read during new only */
	uint8_t fake_key[32]; /* unknown users get a salt made from it: nobody learns who exists */
	unsigned fake_iterations; /* and this many; should be what accounts have.  0: the default */
};
int sasl_server_new(struct sasl_server **ret, const struct sasl_server_cfg *cfg, struct rng *rng);
struct sasl_server *sasl_server_free(struct sasl_server *s);
bool sasl_server_offers(const struct sasl_server *s, enum sasl_mechanism m); /* after bindings */
/* Begins with the client's choice and initial response.  Result SASL_CONTINUE with
 * sasl_server_username() set and no output yet means: look the account up and call _account().
 * SASL_CONTINUE without either is an empty challenge: the client sent no initial response. */
enum sasl_result sasl_server_start(
	struct sasl_server *s, enum sasl_mechanism m, struct slice initial, struct buf *out);
bool sasl_server_wants_account(const struct sasl_server *s);
struct slice sasl_server_username(const struct sasl_server *s); /* EXTERNAL: the authzid */
/* As whom the client wants to act, "" for itself.  Who does not look lets nobody act as another:
 * the username is what was proved. */
struct slice sasl_server_authzid(const struct sasl_server *s);
/* `secret` NULL: no such user (the exchange goes on to the same refusal).  Copied.  With EXTERNAL
 * the caller has looked at the certificate: any secret accepts, NULL refuses. */
enum sasl_result sasl_server_account(
	struct sasl_server *s, const struct sasl_secret *secret, struct buf *out);
enum sasl_result sasl_server_push(struct sasl_server *s, struct slice message, struct buf *out);

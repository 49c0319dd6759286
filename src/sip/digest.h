/* digest.h - Digest access authentication, RFC 7616 as RFC 8760 and RFC 3261 section 22 use it.
 *
 * MD5, SHA-256 and SHA-512-256, each also as -sess; qop=auth (and none, RFC 2069, client only).
 */
#pragma once

#include "base/rng.h"
#include "base/ts.h"
#include "sip/msg.h"

enum digest_algorithm { /* by strength: the strongest known challenge wins */
	DIGEST_MD5,
	DIGEST_MD5_SESS,
	DIGEST_SHA256,
	DIGEST_SHA256_SESS,
	DIGEST_SHA512_256,
	DIGEST_SHA512_256_SESS,
	DIGEST_ALGORITHMS,
};

const char *digest_algorithm_name(enum digest_algorithm a); /* "SHA-512-256-sess" */

/* One challenge or one set of credentials.  Slices into the header; quoted values without their
 * quotes, escapes inside as they came. */
struct digest {
	bool known_algorithm;
	enum digest_algorithm algorithm; /* MD5 when the parameter is absent */
	struct slice realm, nonce, opaque, username, uri, response, cnonce, nc, qop, domain;
	bool stale;
	bool qop_auth; /* challenge: "auth" is among the offers; credentials: qop=auth */
	bool userhash;
};

/* The value of a WWW-/Proxy-Authenticate or (Proxy-)Authorization row.  ERR_UNSUPPORTED for another
 * scheme than Digest, ERR_SYNTAX. */
int digest_decode(struct slice value, struct digest *ret, struct where *where);

/* The strongest known challenge of a 401 (WWW-Authenticate) or 407 (Proxy-Authenticate).
 * False when there is none: *ret_schemes then has "NTLM, Kerberos" or so for the report. */
bool digest_choose(const struct sip_msg *response, struct digest *ret, struct buf *ret_schemes);

/* ---- client ---- */

/* One user's login.  Up to four challenges are kept, by realm and header: a registrar's 401 and a
 * proxy's 407 are answered side by side, each with its own nonce and count. */
struct digest_client;

struct digest_client_cfg {
	struct slice username, password; /* copied and wiped at the end */
};

int digest_client_new(struct digest_client **ret, const struct digest_client_cfg *cfg,
	struct rng *rng /* borrowed */);
struct digest_client *digest_client_free(struct digest_client *c);
/* Takes the challenges of a 401 or 407: the strongest known of each realm.  0: try again with the
 * credentials.  ERR_AUTH: the server refused credentials that were made from a fresh nonce of its
 * own: the password or the name is wrong.  ERR_LIMIT: it calls each fresh nonce stale, again and
 * again.  ERR_UNSUPPORTED: no challenge that we know. */
int digest_client_push_challenge(struct digest_client *c, const struct sip_msg *response);
/* Writes the whole header row(s), "Authorization: Digest ...\r\n" or Proxy-Authorization, or
 * nothing when no challenge was taken yet.  Counts nc up.  Until a proxy has given a challenge, any
 * request but REGISTER has Proxy-Authorization from the registrar's, too. */
void digest_client_put(
	struct digest_client *c, struct buf *b, const char *method, struct slice uri);
const char *digest_client_algorithm(const struct digest_client *c); /* "" before a challenge */

/* ---- server ---- */

/* HA1 of one user: hash(user:realm:password), in hex, for one base algorithm. */
struct digest_secret {
	char md5[33], sha256[65], sha512_256[65];
};
int digest_secret_make(
	struct digest_secret *ret, struct slice user, struct slice realm, struct slice password);

struct digest_server_cfg {
	char realm[128];
	enum digest_algorithm offer[DIGEST_ALGORITHMS];
	unsigned n_offer;
	ts_t nonce_life; /* then stale=true */
	uint8_t key[32]; /* nonces are HMACs of their time: nothing is stored for a challenge */
};

enum digest_verdict {
	DIGEST_OK,
	DIGEST_ABSENT, /* no credentials for our realm: challenge */
	DIGEST_STALE, /* proved, but the nonce is too old or forgotten: challenge with stale=true */
	DIGEST_WRONG, /* the proof is wrong, or the nonce is not ours */
	DIGEST_REPLAY, /* nonce count not above the last seen one */
	DIGEST_BAD,    /* the header cannot be parsed: 400 */
};

struct digest_server;

int digest_server_new(struct digest_server **ret, const struct digest_server_cfg *cfg);
struct digest_server *digest_server_free(struct digest_server *s);
/* WWW-Authenticate (401) or Proxy-Authenticate (407) rows, one an algorithm, strongest first. */
void digest_server_put_challenge(
	struct digest_server *s, struct buf *b, int status, bool stale, ts_t now);
/* The user that the request's credentials name, in our realm, unescaped; "" when there
 * are none.  Valid until the next call. */
struct slice digest_server_username(struct digest_server *s, const struct sip_msg *req,
	int status /* 401 or 407: which header to look at */);
/* Judges the request's credentials against the user's secret.  Remembers nonce counts, bounded. */
enum digest_verdict digest_server_check(struct digest_server *s, const struct sip_msg *req,
	int status, const struct digest_secret *secret, ts_t now);

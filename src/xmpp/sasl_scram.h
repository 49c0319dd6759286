/* sasl_scram.h - what both sides of SCRAM need, RFC 5802 and RFC 7677 (private to sasl*.c and its
 * tests). */
#pragma once

#include "xmpp/sasl.h"

enum {
	SCRAM_KEY_MAX = 64,
	SCRAM_NONCE = 32, /* characters of 5 bits */
	SCRAM_SALT_MAX = 256,
	SASL_TEXT_MAX = 1023, /* of a name or a password */
};

enum scram_hash {
	SCRAM_SHA1,
	SCRAM_SHA256,
	SCRAM_SHA512,
};

struct scram_binding {
	uint8_t bytes[TLS_BINDING_MAX];
	size_t n;
};

struct scram_params {
	struct slice salt;
	enum scram_hash hash;
	unsigned iterations;
};

struct scram_keys { /* of a salted password */
	uint8_t client[SCRAM_KEY_MAX], stored[SCRAM_KEY_MAX], server[SCRAM_KEY_MAX];
};

size_t scram_size(enum scram_hash h);
bool sasl_is_scram(enum sasl_mechanism m, enum scram_hash *ret_hash, bool *ret_plus);
bool sasl_any_plus(const bool offered[SASL_MECHANISMS]);

/* OpenSSL's; false is out of memory. */
bool scram_digest(enum scram_hash h, struct slice data, uint8_t ret[SCRAM_KEY_MAX]);
bool scram_hmac(enum scram_hash h, struct slice key, struct slice data, uint8_t ret[SCRAM_KEY_MAX]);
bool scram_salted(
	const struct scram_params *params, struct slice password, uint8_t ret[SCRAM_KEY_MAX]);
bool scram_derive(enum scram_hash h, const uint8_t salted[SCRAM_KEY_MAX], struct scram_keys *ret);
void scram_xor(uint8_t *a, const uint8_t *b, size_t n);

/* scram_salted() through the cache, which may be NULL. */
bool sasl_cache_salted(struct sasl_cache *c, const struct scram_params *params,
	struct slice password, uint8_t ret[SCRAM_KEY_MAX]);

/* saslprep of a query string (RFC 4013), as a C string to be freed with sasl_wipe_text().  0,
 * ERR_SYNTAX, ERR_LIMIT, -ENOMEM. */
int sasl_prepare(struct slice in, char **ret);
char *sasl_wipe_text(char *text); /* NULL is fine; returns NULL */

/* ---- messages ---- */

/* Takes "x=value" and the comma behind it off the front; false when it is something else. */
bool scram_take_attr(struct slice *rest, char name, struct slice *ret);
void scram_put_name(struct buf *b, struct slice name); /* ',' and '=' escaped */
/* The reverse, into out of SASL_TEXT_MAX + 1; false when it is no saslname. */
bool scram_get_name(struct slice text, char *out);
bool scram_is_nonce(struct slice text);
/* 0, ERR_SYNTAX (also when it is longer than size), -ENOMEM. */
int scram_get_base64(struct slice text, uint8_t *out, size_t size, size_t *ret_n);
/* "c=" with the GS2 header and the binding, RFC 5802 section 7. */
void scram_put_binding(struct buf *b, struct slice gs2, const struct scram_binding *binding);

/* What the connection offers of a binding type; n is 0 when nothing. */
void scram_binding_of(
	const struct tls_facts *tls, enum sasl_binding type, struct scram_binding *ret);

/* For the RFCs' own vectors: the nonce of the next exchange, up to SCRAM_NONCE characters. */
void sasl_client_set_nonce(struct sasl_client *c, const char *nonce);
void sasl_server_set_nonce(struct sasl_server *s, const char *nonce);

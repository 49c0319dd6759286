/* digest_private.h - the arithmetic that both sides of a digest share. */
#pragma once

#include <openssl/evp.h>

#include "sip/digest.h"

#define DIGEST_HEX_MAX (2 * EVP_MAX_MD_SIZE + 1)

const EVP_MD *digest_hash(enum digest_algorithm a);
bool digest_is_sess(enum digest_algorithm a);
/* hex(hash(parts, ':' between)).  0 or -ENOMEM. */
int digest_hex(
	enum digest_algorithm a, const struct slice *parts, size_t n, char hex[DIGEST_HEX_MAX]);
/* A quoted string's content as a C string, its escapes undone; false when it does not fit. */
bool digest_unescape(struct slice in, char *ret, size_t size);
/* The next challenge of that header at or behind row *at that we know how to answer. */
bool digest_next(
	const struct sip_msg *response, enum sip_hdr_id id, unsigned *at, struct digest *ret);
/* The `response` for the values in d (nonce, nc, cnonce, uri, qop_auth, algorithm). */
int digest_response(const struct digest *d, const char *secret_ha1, struct slice method,
	char hex[DIGEST_HEX_MAX]);
const char *digest_secret_ha1(const struct digest_secret *s, enum digest_algorithm a);

/* authority.h - a certificate authority made on the spot, for the lab and for tests. */
#pragma once

#include "base/buf.h"

struct authority;

int authority_new(struct authority **ret); /* P-256; valid from yesterday, for 90 days */
struct authority *authority_free(struct authority *a);
int authority_put_ca(const struct authority *a, struct buf *pem);
/* A server's certificate and key, PEM in one: for these DNS names (comma between), valid from
 * `from_s` to `to_s` seconds relative to now.  0; ERR_SYNTAX (no name, or an empty one); ERR_LIMIT
 * (over 500 bytes of names); -ENOMEM or the buffer's error. */
int authority_put_identity(
	struct authority *a, const char *names, long from_s, long to_s, struct buf *pem);
/* The same with a key that no policy of today takes: RSA of 1,024 bits. */
int authority_put_weak_identity(
	struct authority *a, const char *names, long from_s, long to_s, struct buf *pem);
/* The list of what it revoked, which is the certificate that was made last.  0, -ENOMEM or the
 * buffer's error. */
int authority_put_revocation(const struct authority *a, struct buf *pem);

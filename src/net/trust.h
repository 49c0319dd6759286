/* trust.h - whom TLS believes and who we are: one context a policy, shared by all connections.
 *
 * Numbers are the driver's, but for TLS_TRUST_SYSTEM and TLS_IDENTITY_NONE.
 * Contexts are made at their first use: a program that needs no TLS pays
 * nothing for it.
 */
#pragma once

#include <openssl/ssl.h>

#include "base/buf.h"
#include "base/tls.h"

#define TRUST_MAX    2048
#define IDENTITY_MAX 64 /* the bits of tls_policy.identities */

struct trust;

int trust_new(struct trust **ret);
struct trust *trust_free(struct trust *t);
/* CA certificates, PEM; also a certificate that is no CA's is believed when it is in here.  Lists
 * of revoked certificates (RFC 5280 section 5) may stand beside them: whom they name is a fault.
 * 0; ERR_SYNTAX when there is no certificate in it, or something damaged; ERR_LIMIT (number, or
 * over 16 MiB); -ENOMEM. */
int trust_add_ca(struct trust *t, unsigned number, struct slice pem);
/* Nobody begins a handshake with it any more: its number is free again.  Those that have begun one
 * keep what they need.  One that was never added is ignored. */
void trust_forget_ca(struct trust *t, unsigned number);
/* Certificate chain and key, PEM in one; the key without a pass phrase.  0; ERR_SYNTAX (also when
 * it is not the certificate's key); ERR_LIMIT; -ENOMEM. */
int trust_add_identity(struct trust *t, unsigned number, struct slice pem);

/* The accepting side may have keys and versions that nobody should use: a lab's must be as bad as
 * those that are met.  Before the first context. */
void trust_permit_weak(struct trust *t);

/* The context for a side of a handshake; owned by `t`.  A new one goes through `prepare` first.  0;
 * -EINVAL when a number was never added, when a server has no identity, or one too weak for the
 * library; -ENOMEM. */
int trust_context(struct trust *t, const struct tls_policy *policy, void (*prepare)(SSL_CTX *),
	SSL_CTX **ret);
/* Which identity of a policy, whose context there is, the accepting side shows to who looks for
 * this server name: one with that very name, else with a wildcard for its first label (RFC 6125
 * section 6.4.3), the policy's first one before the others; without any, or without a name, the
 * first one. */
unsigned trust_find_identity(const struct trust *t, const struct tls_policy *p, const char *name);

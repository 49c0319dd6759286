/* cert.h - what a certificate says, as facts of the handshake that showed it. */
#pragma once

#include <openssl/x509.h>

#include "base/tls.h"

/* What is wrong with a certificate that the library finds this wrong (X509_V_ERR_...): a bit of
 * enum tls_fault, or 0 where it is nothing that the peer has done. */
unsigned cert_fault(int error);
/* Seconds since 1970, UTC; 0 for what is no time. */
int64_t cert_time(const ASN1_TIME *t);
/* RFC 2253's form, cut to the size. */
void cert_put_name(char *ret, size_t size, X509_NAME *name);
/* By the rules of another protocol than TLS_NAMING_HOST, which are the library's own. */
bool cert_is_for(X509 *x, enum tls_naming naming, const char *name);
/* The place of the chain's certificate at this depth, which is read when it is first met.  NULL:
 * there are TLS_CHAIN_MAX nearer to the peer's own. */
struct tls_cert *cert_at(struct tls_facts *f, int depth, X509 *x);

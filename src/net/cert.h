/* cert.h - what a certificate says, as facts of the handshake that showed it. */
#pragma once

#include <openssl/x509.h>

#include "base/tls.h"

/* What is wrong with a certificate that the library finds this wrong (X509_V_ERR_...): a bit of
 * enum tls_fault, or 0 where it is nothing that the peer has done. */
unsigned cert_fault(int error);
/* The place of the chain's certificate at this depth, which is read when it is first met.  NULL:
 * the chain is longer than TLS_CHAIN_MAX. */
/* By the rules of another protocol than TLS_NAMING_HOST, which are the library's own. */
bool cert_is_for(X509 *x, enum tls_naming naming, const char *name);
struct tls_cert *cert_at(struct tls_facts *f, int depth, X509 *x);

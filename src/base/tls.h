/* tls.h - what a TLS handshake showed, as values.  net fills it in; probe, lab and the streams
 * read it. */
#pragma once

#include "base/slice.h"

#define TLS_CHAIN_MAX   8
#define TLS_BINDING_MAX 64
#define TLS_NAMES_MAX   128  /* of a whole chain; public authorities allow 100 in a certificate */
#define TLS_NAMES_BYTES 3072 /* their text */

/* Every fault of a chain, not the first only.  A set of bits. */
enum tls_fault {
	TLS_FAULT_EXPIRED = 1 << 0,
	TLS_FAULT_NOT_YET_VALID = 1 << 1,
	TLS_FAULT_NAME = 1 << 2,      /* none of the wanted names is in the certificate */
	TLS_FAULT_UNTRUSTED = 1 << 3, /* issuer unknown, or self-signed and not trusted */
	TLS_FAULT_WEAK = 1 << 4,      /* key or signature too weak */
	TLS_FAULT_REVOKED = 1 << 5,
	TLS_FAULT_PURPOSE = 1 << 6, /* not for servers (or clients) */
	TLS_FAULT_OTHER = 1 << 7,   /* text is in the certificate's error */
};

/* Why there is no handshake at all. */
enum tls_failure {
	TLS_FAILURE_NONE,
	TLS_FAILURE_CERTIFICATE,        /* the chain's faults, under a policy that verifies */
	TLS_FAILURE_PLAIN_PEER,         /* the peer does not speak TLS */
	TLS_FAILURE_VERSION,            /* no common protocol version */
	TLS_FAILURE_ALERT,              /* the peer sent an alert; `alert` says which */
	TLS_FAILURE_CLOSED,             /* the peer closed during the handshake */
	TLS_FAILURE_CLIENT_CERTIFICATE, /* the peer wants one of us */
	TLS_FAILURE_OTHER,
};

/* What a certificate calls its owner (subjectAltName, RFC 5280 section 4.2.1.6). */
enum tls_name_kind {
	TLS_NAME_DNS,
	TLS_NAME_IP,        /* in its usual text form */
	TLS_NAME_URI,       /* "sip:pool.test" is whom RFC 5922 section 7.1 looks for */
	TLS_NAME_SRV,       /* SRVName, RFC 4985: "_xmpp-server.contoso.test" */
	TLS_NAME_XMPP_ADDR, /* XmppAddr, RFC 6120 section 13.7.1.4 */
};

/* The bytes are as the peer has them: a NUL or a control character may be among them.  Compare the
 * whole slice; for people there is tls_names_text(). */
struct tls_name {
	enum tls_name_kind kind;
	struct slice text;
};

/* The names of all certificates, those of one together; their text without anything between. */
struct tls_names {
	uint16_t n;
	uint16_t ends[TLS_NAMES_MAX];
	uint8_t kinds[TLS_NAMES_MAX];
	uint8_t text[TLS_NAMES_BYTES];
};

struct tls_cert {
	int depth; /* 0 is the peer's own */
	char subject[160], issuer[160];
	unsigned first_name, n_names;  /* in the names of the facts */
	unsigned n_left_out;           /* names that found no room there */
	int64_t not_before, not_after; /* seconds since 1970, UTC */
	unsigned faults;               /* enum tls_fault */
	char error[96];                /* the library's text for the first fault here, or "" */
};

struct tls_facts {
	char version[16]; /* "TLSv1.3" */
	char cipher[64];
	char alpn[32];
	unsigned faults; /* union of the chain's and of the name check */
	unsigned n_certs;
	struct tls_cert certs[TLS_CHAIN_MAX];
	struct tls_names names;
	/* Channel bindings (RFC 5929, RFC 9266): empty when the connection has none. */
	uint8_t exporter[32], unique[TLS_BINDING_MAX], end_point[TLS_BINDING_MAX];
	size_t n_exporter, n_unique, n_end_point;
	/* On the accepting side end_point is the hash of our own certificate. */
	enum tls_failure failure;
	int alert;        /* TLS alert number, or -1 */
	char detail[128]; /* the library's words for a failure */
};

enum tls_verify {
	TLS_VERIFY_PEER, /* refuse the chain if it has a fault */
	TLS_VERIFY_NOTE, /* collect the faults and go on */
};

/* As whom a certificate shows its owner. */
enum tls_naming {
	TLS_NAMING_HOST,        /* RFC 6125: DNS names, and a wildcard for the first label */
	TLS_NAMING_SIP,         /* RFC 5922 section 7: sip URIs, else DNS names; no wildcards */
	TLS_NAMING_XMPP_CLIENT, /* RFC 6120 section 13.7.1.2.1: as a host, or by SRVName or XmppAddr
				 */
	TLS_NAMING_XMPP_SERVER,
};

/* `trust` and `identity` name what the driver has loaded under a number; these it always has. */
#define TLS_TRUST_SYSTEM  0 /* the system's store */
#define TLS_IDENTITY_NONE 0 /* no certificate of our own */

#define TLS_IDENTITY_BIT(number) (UINT64_C(1) << (number))

/* What an engine asks of a handshake. */
struct tls_policy {
	bool accept; /* the server's side */
	/* Accepting: the client is asked for a certificate, and TLS_VERIFY_PEER refuses one that
	 * has none.  Otherwise nothing is verified, and `trust` says nothing. */
	bool request_certificate;
	enum tls_verify verify;
	unsigned trust;
	unsigned identity;
	/* Accepting: further identities, a set of TLS_IDENTITY_BIT().  The one whose certificate
	 * is for the server name of the client (SNI, RFC 6066 section 3) takes the place of
	 * `identity`. */
	uint64_t identities;
	unsigned max_version; /* 0x0302 is TLS 1.1; 0: the newest */
	char name[256];       /* SNI and the name that the certificate must have; "" for neither */
	enum tls_naming naming; /* what is such a name */
	char alpn[32];          /* one protocol, or "" */
};

const char *tls_failure_name(enum tls_failure f);
/* The names of the bits of `faults`, one a call: "expired", NULL at the end.  *at begins as 0. */
const char *tls_fault_name(unsigned faults, unsigned *at);

/* Behind the names that this certificate has; no other one of the facts may have got any since its
 * first.  Without room it is only counted. */
void tls_add_name(
	struct tls_facts *f, struct tls_cert *c, enum tls_name_kind kind, struct slice text);
/* i < n_names; borrowed from the facts. */
struct tls_name tls_get_name(const struct tls_facts *f, const struct tls_cert *c, unsigned i);

#define TLS_NAMES_TEXT_MAX 256

/* The DNS names and addresses, ", " between and "..." for what does not fit; what could disturb a
 * terminal is a '?'.  Returns ret. */
const char *tls_names_text(
	const struct tls_facts *f, const struct tls_cert *c, char ret[TLS_NAMES_TEXT_MAX]);

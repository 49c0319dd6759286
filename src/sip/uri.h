/* uri.h - SIP, SIPS and neighbouring URIs, RFC 3261 sections 19.1 and 25.1.
 *
 * Decoding is zero-copy: every slice points into the input.  Escapes stay as
 * they came; sip_unescape() undoes them.
 */
#pragma once

#include "base/buf.h"

#define SIP_URI_MAX 4096 /* bytes; longer is ERR_LIMIT (a server answers 414) */

enum sip_scheme {
	SIP_SCHEME_SIP,
	SIP_SCHEME_SIPS,
	SIP_SCHEME_TEL,
	SIP_SCHEME_IM,    /* RFC 3860 */
	SIP_SCHEME_PRES,  /* RFC 3859 */
	SIP_SCHEME_OTHER, /* only `text` and `scheme_text` are set: a server answers 416 */
};

struct sip_uri {
	enum sip_scheme scheme;
	struct slice text; /* the whole URI */
	struct slice scheme_text;
	struct slice user;     /* escaped; for tel: the number */
	struct slice password; /* escaped; never map, print or log it */
	bool has_password;
	struct slice host;    /* name, IPv4, or IPv6 with its brackets */
	uint16_t port;        /* 0 when absent */
	struct slice params;  /* behind the first ';', without it */
	struct slice headers; /* behind '?', without it */
};

/* 0, ERR_SYNTAX or ERR_LIMIT (then *where says the place and the reason). */
int sip_uri_decode(struct slice in, struct sip_uri *ret, struct where *where);

/* One parameter by name (case ignored).  True when present; *value is SLICE_NONE for a flag. */
bool sip_uri_param(const struct sip_uri *uri, const char *name, struct slice *value);

/* RFC 3261 section 19.1.4. */
bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b);

/* %hexhex undone.  0 or ERR_SYNTAX (a bad escape).  NULs are let through: the caller judges. */
int sip_unescape(struct slice in, struct buf *out, struct where *where);

/* Every byte escaped that the user part does not allow raw (unreserved and user-unreserved stay).
 */
void sip_put_escaped_user(struct buf *b, struct slice raw);
/* The same for a URI parameter's value (unreserved and param-unreserved stay). */
void sip_put_escaped_param(struct buf *b, struct slice raw);

/* jid.h - XMPP addresses, RFC 7622 and (for the profiles that servers use) RFC 6122.
 *
 * A jid owns its text: prepared by nodeprep, resourceprep and IDNA, so that
 * equal addresses have equal bytes.  ASCII takes a short way without libidn.
 * nodeprep and resourceprep are wider than RFC 7622 in places (a symbol in a
 * localpart, a leading space in a resource): what servers let in must come in.
 */
#pragma once

#include "base/buf.h"

#define JID_PART_MAX 1023
#define JID_MAX      (3 * JID_PART_MAX + 2)

struct jid {
	uint16_t n_local, n_domain, n_resource; /* bytes; 0 when the part is absent */
	char text[JID_MAX + 1];                 /* local@domain/resource and a NUL */
};

/* 0, ERR_SYNTAX or ERR_LIMIT (jid-malformed in both cases), -ENOMEM.  The domain is lower case with
 * U-labels (RFC 7622 section 3.2), without a final dot; an IPv6 address has its brackets. */
int jid_decode(struct slice in, struct jid *ret, struct where *where);
/* From parts that are not prepared yet; an empty local or resource means absent.  The offset in
 * `where` (NULL is fine) is the one in the part that is refused. */
int jid_make(struct jid *ret, struct slice local, struct slice domain, struct slice resource,
	struct where *where);

/* Of a text that may be no address: what stands where the domain does. */
struct slice jid_domain_in(struct slice text);
struct slice jid_local(const struct jid *j);
struct slice jid_domain(const struct jid *j);
struct slice jid_resource(const struct jid *j);
struct slice jid_bare(const struct jid *j);
struct slice jid_full(const struct jid *j); /* the whole text */
bool jid_eq(const struct jid *a, const struct jid *b);
bool jid_bare_eq(const struct jid *a, const struct jid *b);

/* The domain with A-labels (for DNS, TLS and SIP), an IPv6 address in brackets.  0, ERR_SYNTAX,
 * ERR_LIMIT or -ENOMEM. */
int jid_domain_ascii(struct slice domain, char *ret, size_t size);
/* A-labels to U-labels, lower case, final dot stripped.  Refuses IP literals and empty labels. */
int jid_domain_unicode(struct slice domain, char *ret, size_t size);

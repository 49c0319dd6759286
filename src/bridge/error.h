/* error.h - errors of one world in the words of the other, RFC 7247 section 7.
 *
 * Both tables are complete: 22 conditions, 48 status codes and 4 classes.
 * They are not each other's inverse and are tested per direction.
 */
#pragma once

#include "sip/msg.h"
#include "xmpp/stanza.h"

struct error_context {
	bool full_jid;   /* the address that failed has a resource (notes 1 and 2) */
	bool invite;     /* the request is an INVITE: 408 is allowed (RFC 4320 section 4.2) */
	bool unresolved; /* remote-server-not-found: could not be resolved, rather than no such host
			  */
	bool has_address; /* <gone/> or <redirect/> names a new one that SIP can say (note 3) */
	bool challenge;   /* we challenge for credentials: 401 and 407 are allowed; else 403 */
};

/* 22 rows. */
int error_to_sip(enum stanza_condition condition, const struct error_context *ctx);

struct error_to_xmpp {
	enum stanza_condition condition;
	enum stanza_error_type type;
};
/* 52 rows; any 300..699. */
struct error_to_xmpp error_to_xmpp(int status);
/* With `private`: item-not-found and recipient-unavailable become service-unavailable (RFC 6120
 * sections 8.3.3.7 and 8.3.3.13: who exists is not told to strangers). */
struct error_to_xmpp error_to_xmpp_private(int status, bool private);

/* The tables themselves, for the generated tests and doc. */
struct error_row_sip {
	enum stanza_condition condition;
	enum stanza_error_type type;
	int status, other_status; /* other_status 0 when there is one answer only */
};
struct error_row_xmpp {
	int first, last; /* a single code, or a class */
	enum stanza_condition condition;
};
const struct error_row_sip *error_rows_sip(size_t *n);
const struct error_row_xmpp *error_rows_xmpp(size_t *n);

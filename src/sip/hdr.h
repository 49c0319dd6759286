/* hdr.h - values of SIP headers, RFC 3261 sections 20 and 25. */
#pragma once

#include "sip/msg.h"

/* The next of several values of one row: splits at commas outside quotes and <>.  Start with the
 * row's value in *rest; false at the end. */
bool sip_hdr_next(struct slice *rest, struct slice *value);

/* One value of Via.  0 or ERR_SYNTAX, and then *ret is what could be read of it. */
int sip_via_decode(struct slice in, struct sip_via *ret, struct where *where);
/* One value of From, To, Contact ("*" is refused: see sip_contact_is_star), Route ... */
int sip_nameaddr_decode(struct slice in, struct sip_nameaddr *ret, struct where *where);
bool sip_contact_is_star(struct slice value);

/* The next `;name=value` of a parameter list.  A quoted value comes with its quotes.  *has_value
 * tells `;lr` from `;lr=`.  False at the end or at the first thing that is no parameter. */
struct sip_param {
	struct slice name, value;
	bool has_value;
};
bool sip_param_next(struct slice *rest, struct sip_param *ret);
bool sip_param_find(struct slice params, const char *name, struct slice *value);

/* "..." with its backslash escapes undone, or a token as it is. */
void sip_put_unquoted(struct buf *b, struct slice value);
/* Writes "..." with escapes.  CR, LF and NUL become a space: nothing can break out of the header.
 */
void sip_put_quoted(struct buf *b, struct slice raw);
/* Header text that a peer had a hand in (Subject, reason phrases): CR, LF, NUL and other controls
 * become one space each. */
void sip_put_header_text(struct buf *b, struct slice raw);

/* What a Content-Type value says; "" for what is absent, without the quotes that were there. */
struct sip_media {
	struct slice type, subtype, charset, boundary;
};
int sip_media_decode(struct slice in, struct sip_media *ret, struct where *where);

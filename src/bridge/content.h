/* content.h - what a message holds: a text that SIP can carry, or what else.
 *
 * RFC 6120 section 8.4 lets a receiver ignore what it does not know; a gateway
 * that cannot deliver a message is none, and says so (section 8.3.1), as
 * <feature-not-implemented/>: an intermediate that does not do this, section
 * 8.3.3.3.
 */
#pragma once

#include "xmpp/stanza.h"

enum content { /* of several the last one counts */
	CONTENT_NOTHING,
	CONTENT_OTHER,
	CONTENT_SILENT, /* chat states, receipts, markers and the like: nobody misses an answer */
	CONTENT_REACTION,
	CONTENT_CALL,
	CONTENT_INVITATION, /* to a room */
	CONTENT_FILE,       /* without an address that others could fetch it from */
	CONTENT_ENCRYPTED,
	CONTENT_TEXT, /* a body, or the address of a link or file */
	CONTENT_COUNT,
};

enum content content_of(const struct stanza *s);
/* It is neither carried nor answered; the rest is one of both. */
bool content_is_silent(enum content c);
/* What its sender is told, and whether once in a conversation is enough. */
const char *content_refusal(enum content c, bool *once);

/* The next address of a link (XEP-0066) or file (XEP-0447, XEP-0385) behind *at, which starts with
 * NULL. */
bool content_next_url(const struct stanza *s, const struct xml_node **at, struct slice *ret);

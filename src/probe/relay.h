/* relay.h - what real proxies answer when they cannot pass a message on to their next hop.
 *
 * RFC 3261 has 503 for it, and section 16.7 item 6 forbids to pass that on: what
 * a sender sees of a gateway that is stopped, unroutable or not connected is
 * each product's own.  Read in their sources and seen from those in tests/interop.
 */
#pragma once

#include "base/slice.h"
#include "probe/reason.h"

struct relay_row {
	int status;
	const char *who; /* the product, or several */
	const char
		*phrase; /* stands in the reason phrase, whatever its case; NULL: whatever it is */
	enum reason reason;
	const char *sentence; /* {1} receiver, {2} status, {3} phrase, {4}{5} who said it */
};

/* NULL when no proxy is known to say that of a next hop. */
const struct relay_row *relay_find(int status, struct slice phrase);
/* All of them, by number; NULL behind the last. */
const struct relay_row *relay_at(size_t i);
/* A registrar's words on a user that has as many contacts as it may have. */
bool relay_is_contact_limit(struct slice words);

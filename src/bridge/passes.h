/* passes.h - how many more times a message may pass from hop to hop, also across XMPP, where
 * nothing counts them: as SHIM header Max-Forwards (XEP-0131), which RFC 7247 section 8 names.
 * Without it two gateways that lead to each other would hand a message round for ever
 * (RFC 7332 section 5).
 */
#pragma once

#include "sip/msg.h"
#include "xmpp/stanza.h"

#define PASSES_MAX 70 /* RFC 3261 section 8.1.1.6 */

/* Writes what is left when `req`, which has some left, is handed on in a message stanza: nothing
 * where it has no count itself. */
void passes_put(struct buf *b, const struct sip_msg *req);
/* False when the stanza must not be handed on; else what its request says: all where it has no
 * count. */
bool passes_of_stanza(const struct stanza *s, unsigned *ret);

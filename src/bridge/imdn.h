/* imdn.h - reports about a message, RFC 5438: who asks for them, and the one that says that a
 * message was not delivered.
 */
#pragma once

#include "bridge/message.h"

enum { IMDN_FIELD_MAX = 255 }; /* bytes; a longer one is as none */

struct imdn_ask {
	struct slice message_id;          /* never "" */
	struct slice date_time;           /* that the sender gave it, or "" */
	struct slice recipient, original; /* URIs, or "" */
};

/* Does the sender want to hear that it was not delivered?  He asks for it in the headers of a
 * message/cpim (section 7.1.1.3); a report asks for none (section 7.2.1).  The slices are in the
 * request. */
bool imdn_wants_failure(const struct sip_msg *req, struct imdn_ask *ret);

/* A MESSAGE that says so (section 8.2), whole but for its topmost Via, as message_to_sip() makes
 * one.  Its route is not the asker's IMDN-Record-Route: we write to nobody but him.  0, -EMSGSIZE,
 * ERR_SYNTAX (an address has no form in SIP), or the buffer's error. */
int imdn_put_failure(const struct imdn_ask *ask, const struct jid *from, const struct jid *to,
	const struct message_route *route, struct buf *request);

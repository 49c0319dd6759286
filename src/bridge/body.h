/* body.h - the text of a SIP MESSAGE, whatever it is wrapped in: RFC 3428 section 4, RFC 7572
 * section 7.
 *
 * text/plain is carried as it is (in UTF-8), text/html as its text; of a
 * multipart/alternative (RFC 2046) the part that is nearest to text, of any
 * other multipart all that are text, one behind the other; of a message/cpim
 * (RFC 3862) what it is about.  A part that is not text is left out and
 * counted, unless its sender wants it understood: handling=required, RFC 3261
 * section 20.11.
 */
#pragma once

#include "base/buf.h"
#include "bridge/refused.h"
#include "sip/msg.h"

enum {
	BODY_LEVELS_MAX = 4,
	BODY_PARTS_MAX = 32,
};

struct body {
	struct slice text;   /* text that XML can carry; in the request or in `room` */
	unsigned n_left_out; /* parts */
	struct buf room;
};

/* 0, and body_done() is due; ERR_LEGAL with *refused; or -ENOMEM. */
int body_read(const struct sip_msg *req, struct body *ret, enum refused *refused);
void body_done(struct body *b);

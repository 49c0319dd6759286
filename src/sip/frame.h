/* frame.h - SIP messages on a stream, RFC 3261 section 18.3 and RFC 5626 section 3.5.1.
 *
 * Push bytes, take whole messages.  A message is cut by its Content-Length,
 * which is required on a stream.  CRLFs between messages are keep-alives: a
 * double CRLF is a ping that wants one CRLF back.  (Two answers to pings of
 * our own look like one: who sends pings ignores sip_frame_take_ping().)
 */
#pragma once

#include "sip/msg.h"

struct sip_frame {
	struct buf in;
	size_t scanned; /* bytes of the head already searched for its end */
	struct where where;
	int err; /* sticky: ERR_SYNTAX (no or bad Content-Length) or ERR_LIMIT; close the flow */
	unsigned pings; /* double CRLFs seen and not yet taken */
	size_t need;    /* length of the message whose head has come, else 0 */
	size_t taken;   /* length of the message that was handed out */
};

void sip_frame_init(struct sip_frame *f);
void sip_frame_done(struct sip_frame *f);
/* Takes all of `in` unless the frame is in error (then 0, or the error). */
int sip_frame_push(struct sip_frame *f, struct slice in);
/* One whole message; valid until the next push or take.  False when more bytes are needed or
 * f->err is set. */
bool sip_frame_take(struct sip_frame *f, struct slice *ret);
/* What came and is of no message that was taken; valid as a message is. */
struct slice sip_frame_rest(const struct sip_frame *f);
/* An empty frame gives back what it holds of large messages, over SIP_FRAME_KEPT bytes. */
#define SIP_FRAME_KEPT 16384
void sip_frame_trim(struct sip_frame *f);
/* True when a CRLF (pong) should be sent now; one call a ping. */
bool sip_frame_take_ping(struct sip_frame *f);

/* write.h - SIP messages to bytes, RFC 3261 section 8.1.1 and 8.2.6.
 *
 * Straight into a struct buf whose sticky error is checked once by the caller.
 */
#pragma once

#include "base/addr.h"
#include "sip/msg.h"

/* "METHOD uri SIP/2.0\r\n" */
void sip_put_request_line(struct buf *b, const char *method, struct slice uri);
void sip_put_status_line(
	struct buf *b, int status, struct slice reason /* "" takes the standard one */);
/* "Name: value\r\n"; the value is written through sip_put_header_text(). */
void sip_put_header(struct buf *b, const char *name, struct slice value);
/* "Via: SIP/2.0/UDP host:port;branch=z9hG4bK...;rport\r\n" */
void sip_put_via(
	struct buf *b, enum transport transport, const struct addr *sent_by, struct slice branch);
/* Content-Length, the empty line and the body: the end of every message. */
void sip_put_body(struct buf *b, struct slice body);

/* What a response to `req` repeats of it (RFC 3261 section 8.2.6.2): all Via (with received and
 * rport filled in from `source`, RFC 3581), From, To (with `to_tag`, unless it is "" or To has
 * one), Call-ID, CSeq.  Behind a status line; the caller adds its headers and ends with
 * sip_put_body(). */
void sip_put_response_fields(
	struct buf *b, const struct sip_msg *req, struct slice to_tag, const struct addr *source);
/* Where the response to a datagram goes, RFC 3261 section 18.2.2: to the address that the request
 * came from, but to the port in its Via, unless the sender asked for its own (RFC 3581).  `maddr`
 * is not followed: it would have us send to whom a stranger names. */
struct addr sip_response_addr(const struct sip_via *via, const struct addr *source);
/* A status line with the standard phrase, and the fields; 100 gets no tag. */
void sip_put_response_head(struct buf *b, const struct sip_msg *req, int status,
	struct slice to_tag, const struct addr *source /* NULL: leave Via as it is */);

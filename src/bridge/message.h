/* message.h - one instant message from one world to the other, RFC 7572 with RFC 3428. */
#pragma once

#include "base/rng.h"
#include "bridge/address.h"
#include "bridge/error.h"
#include "bridge/refused.h"

struct message_loss {         /* what a stanza cannot hold */
	enum refused refused; /* ERR_LEGAL: why all of it */
	unsigned n_left_out;  /* 0: so many parts that are not text */
};

/* SIP MESSAGE to stanza (RFC 7572 section 5): the text of its body, Subject, Call-ID as thread,
 * Content-Language, From (with gr: full JID), Request-URI as `to`; no type.  `id` is the stanza id
 * (made by the caller from the transaction).  The addresses were mapped by the caller (it needs
 * them for the partner check).  0; ERR_LEGAL, and nothing was written; or the buffer's error. */
int message_to_xmpp(const struct sip_msg *req, const struct jid *from, const struct jid *to,
	struct slice id, struct buf *stanza, struct message_loss *loss);

/* Why a stanza does not cross. */
struct message_refusal {
	enum stanza_condition condition;
	enum stanza_error_type type;
	const char *text; /* literal */
	bool once;        /* in a conversation is enough: it comes in floods */
};

/* What the caller knows of the way out. */
struct message_route {
	size_t via_bytes; /* of the topmost Via, which is written when the way out is known */
	struct slice from_tag;
	uint32_t cseq;        /* counts up where a thread gives several messages one Call-ID */
	struct slice call_id; /* "" takes the thread, else a fresh one from the rng */
	struct slice route;   /* a Route header value, or "" */
	size_t *line_bytes;   /* becomes how many stand in front of the topmost Via */
	unsigned max_forwards;
	struct rng *rng; /* for a fresh Call-ID */
};

#define MESSAGE_SIP_MAX 1300 /* RFC 3428 section 8, RFC 7572 section 6 */

/* Stanza to a SIP MESSAGE (RFC 7572 section 4), whole but for its topmost Via: that belongs behind
 * the first *route->line_bytes of `request`.  ERR_LEGAL with *refusal when it does not
 * cross (over 1,300 bytes: policy-violation; no text in it: content.h).  The addresses of links and
 * files stand behind the body, unless that has them.  What content_is_silent() is not for it. */
int message_to_sip(const struct stanza *s, const struct jid *from, const struct jid *to,
	const struct message_route *route, struct buf *request, struct message_refusal *refusal);

/* The error stanza for an XMPP sender whose message got this final SIP status (or 408 for timer
 * F): condition, type, reason phrase as text, a 301's or 302's Contact as address.  `private` is
 * error_to_xmpp_private()'s: where it hides the condition, the phrase is left out too. */
void message_put_sip_failure(struct buf *b, struct slice from, struct slice to, struct slice id,
	const struct sip_msg *response /* NULL: timeout */, bool private);

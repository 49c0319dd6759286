/* answer.h - every decision about a message or request, in the words of both worlds: a status with
 * its phrase and header fields in SIP, a condition with its text in XMPP.  Pure tables.
 */
#pragma once

#include "base/buf.h"
#include "bridge/error.h"
#include "bridge/refused.h"

enum answer {
	ANSWER_MAPPED, /* the status alone, standard phrase: an error stanza's, or 202 */
	/* SIP to XMPP */
	ANSWER_STREAM_DOWN,
	ANSWER_STREAM_REFUSED,
	ANSWER_STREAM_LOST,
	ANSWER_UNPROVEN, /* the domain answers no pings: it cannot be told whether it arrived */
	ANSWER_STOPPING,
	ANSWER_OVERLOAD,
	ANSWER_NOT_PARTNER, /* these three both ways */
	ANSWER_NOT_OWN,
	ANSWER_BOTH_OWN,
	ANSWER_NO_COMPONENT,
	ANSWER_UNTRUSTED,
	ANSWER_SIPS,
	ANSWER_BAD_FROM,
	ANSWER_BAD_TO,
	ANSWER_SCHEME,
	ANSWER_TOO_LONG,
	ANSWER_HOPS,
	ANSWER_REQUIRE,
	ANSWER_METHOD,
	ANSWER_NO_METHOD, /* one that nobody here knows */
	ANSWER_OPTIONS,
	ANSWER_OPTIONS_DOWN, /* nothing can be carried */
	ANSWER_OPTIONS_REFUSED,
	ANSWER_CANCEL, /* the request goes on: RFC 3261 section 9.2 */
	ANSWER_NO_DIALOG,
	ANSWER_TOO_LARGE,
	ANSWER_HEAD_TOO_LARGE, /* its answer would repeat too much of it */
	ANSWER_CONTENT,        /* what is in it does not cross: `refused` says why */
	ANSWER_SIP_COUNT,
	/* XMPP to SIP */
	ANSWER_MAY_NOT_BEGIN = ANSWER_SIP_COUNT, /* users of this partner may only answer */
	ANSWER_TO_GATEWAY,                       /* the gateway itself reads no messages */
	ANSWER_CIRCLE,                           /* it was here before */
	ANSWER_NO_HOP,                           /* the pool cannot be reached */
	ANSWER_HOP_SILENT,                       /* the pool did not answer */
	ANSWER_HOP_LOST,                         /* its connection broke before it did */
	ANSWER_NO_TURN, /* those before it for the same receiver were not answered */
	ANSWER_ID_TOO_LONG,
	ANSWER_NO_MEMORY, /* these ask the sender to wait */
	ANSWER_MANY_IN_HAND,
	ANSWER_MANY_FOR_URI,
	ANSWER_MANY_OF_SENDER_FOR_URI,
	ANSWER_MANY_OF_DOMAIN_FOR_URI,
	ANSWER_MANY_OF_SENDER,
	ANSWER_MANY_OF_DOMAIN,
	ANSWER_MANY_OF_ALL,
	ANSWER_COUNT,
};

/* A decision and, for an error stanza's, its condition: RFC 3326 `Reason: XMPP;text="..."` tells
 * the SIP side which it was, as several conditions share a status. */
struct verdict {
	enum answer answer;
	int status;           /* of ANSWER_MAPPED */
	enum refused refused; /* of ANSWER_CONTENT */
	bool has_condition;
	enum stanza_condition condition;
	struct slice contact; /* a 301's or 302's, else "" */
};

/* ---- to SIP ---- */

int answer_status(const struct verdict *v);
const char *answer_reason(const struct verdict *v); /* NULL: the standard phrase */
/* The header fields behind those that repeat the request's.  `request`, where it is at hand, is
 * needed for a 420's; else NULL. */
void answer_put_fields(struct buf *b, const struct verdict *v, const struct sip_msg *request,
	const char *component_name);
/* A verdict in the 16 bits that a finished transaction keeps beside its status. */
uint16_t answer_pack(const struct verdict *v);
struct verdict answer_unpack(int status, uint16_t packed);
/* 202 and its like: the message was handed over. */
bool answer_is_good(const struct verdict *v);

/* ---- to XMPP ---- */

/* Of one that is told there; asserted. */
struct stanza_error answer_error(enum answer a);
/* It asks its sender to wait: an overload. */
bool answer_is_wait(enum answer a);

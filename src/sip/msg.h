/* msg.h - a SIP message, RFC 3261 sections 7, 20 and 25.
 *
 * sip_msg_decode() is one pass over the bytes and copies nothing: every slice
 * points into the input, which must outlive the message.  The headers that
 * every element needs (Via, From, To, Call-ID, CSeq, Max-Forwards,
 * Content-Length, Content-Type) are decoded in that pass; all others are found
 * with sip_msg_find() and decoded by hdr.h when somebody asks.
 *
 * What no element needs is not looked at (section 16.3): a display name is
 * anything in front of its <, a Call-ID is bytes, an empty tag is none.  What is
 * refused can still be answered where its topmost Via is good for it; a control
 * character that may not be there becomes a space in that answer.
 */
#pragma once

#include "sip/uri.h"

#define SIP_MSG_MAX  65535 /* bytes of one message, on any transport */
#define SIP_HDRS_MAX 96    /* header field rows */
#define SIP_UNSET    (-1)

enum sip_method {
	SIP_METHOD_INVITE,
	SIP_METHOD_ACK,
	SIP_METHOD_BYE,
	SIP_METHOD_CANCEL,
	SIP_METHOD_OPTIONS,
	SIP_METHOD_REGISTER,
	SIP_METHOD_MESSAGE,
	SIP_METHOD_SUBSCRIBE,
	SIP_METHOD_NOTIFY,
	SIP_METHOD_PUBLISH,
	SIP_METHOD_REFER,
	SIP_METHOD_INFO,
	SIP_METHOD_UPDATE,
	SIP_METHOD_PRACK,
	SIP_METHOD_OTHER,
};

/* The headers that somebody here reads.  Compact forms are the same header. */
enum sip_hdr_id {
	SIP_HDR_OTHER,
	SIP_HDR_ACCEPT,
	SIP_HDR_ALLOW,
	SIP_HDR_AUTHENTICATION_INFO,
	SIP_HDR_AUTHORIZATION,
	SIP_HDR_CALL_ID,          /* i */
	SIP_HDR_CONTACT,          /* m */
	SIP_HDR_CONTENT_ENCODING, /* e */
	SIP_HDR_CONTENT_LANGUAGE,
	SIP_HDR_CONTENT_LENGTH, /* l */
	SIP_HDR_CONTENT_TYPE,   /* c */
	SIP_HDR_CSEQ,
	SIP_HDR_DATE,
	SIP_HDR_EVENT, /* o */
	SIP_HDR_EXPIRES,
	SIP_HDR_FROM, /* f */
	SIP_HDR_MAX_BREADTH,
	SIP_HDR_MAX_FORWARDS,
	SIP_HDR_MIN_EXPIRES,
	SIP_HDR_P_ASSERTED_IDENTITY,
	SIP_HDR_PATH,
	SIP_HDR_PROXY_AUTHENTICATE,
	SIP_HDR_PROXY_AUTHORIZATION,
	SIP_HDR_PROXY_REQUIRE,
	SIP_HDR_REASON,
	SIP_HDR_RECORD_ROUTE,
	SIP_HDR_REQUIRE,
	SIP_HDR_RETRY_AFTER,
	SIP_HDR_ROUTE,
	SIP_HDR_SERVER,
	SIP_HDR_SUBJECT,   /* s */
	SIP_HDR_SUPPORTED, /* k */
	SIP_HDR_TO,        /* t */
	SIP_HDR_UNSUPPORTED,
	SIP_HDR_USER_AGENT,
	SIP_HDR_VIA, /* v */
	SIP_HDR_WARNING,
	SIP_HDR_WWW_AUTHENTICATE,
	SIP_HDR_MS_DIAGNOSTICS,
	SIP_HDR_MS_DIAGNOSTICS_PUBLIC,
	SIP_HDR_COUNT,
};

struct sip_hdr {
	enum sip_hdr_id id;
	struct slice name;  /* as it came */
	struct slice value; /* trimmed; a folded value still has its CRLF and white space inside */
};

struct sip_via {
	struct slice text;      /* this one Via value */
	struct slice transport; /* "UDP" */
	struct slice host;      /* sent-by */
	uint16_t port;          /* 0 when absent */
	struct slice branch, received;
	bool has_rport; /* the parameter is there, with or without a value */
	uint16_t rport; /* 0 when without */
	bool is_broken; /* read in part: an answer repeats it as it came, and goes to its source */
};

/* name-addr or addr-spec with header parameters: From, To, Contact, Route ... */
struct sip_nameaddr {
	struct slice text;
	struct slice display; /* as it came, a quoted string with its quotes */
	struct slice uri_text;
	struct sip_uri uri;
	struct slice params; /* header parameters behind the first ';' */
	struct slice tag;    /* "" when absent */
	struct slice no_tag; /* an empty `;tag=` in the text, which is none; else "" */
};

struct sip_msg {
	struct slice text; /* from the start line to the end of the body */
	bool is_request;
	enum sip_method method; /* a response: of its CSeq */
	struct slice method_text;
	struct slice ruri_text; /* requests */
	struct sip_uri ruri;
	int status; /* responses: 100..699 */
	struct slice reason;

	struct sip_via via;           /* the topmost */
	struct sip_nameaddr from, to; /* of one that was refused: perhaps no more than its text */
	struct slice call_id;
	uint32_t cseq;
	int max_forwards;          /* SIP_UNSET when absent */
	struct slice content_type; /* the whole value, "" when absent */
	struct slice body;

	bool has_controls; /* that may not be there: of one that was refused */
	unsigned n_hdrs;
	struct sip_hdr hdrs[SIP_HDRS_MAX];
};

/* How much a refused request still lets us answer (RFC 3261 section 16.3: 400 where possible). */
enum sip_answerable {
	SIP_NOT_ANSWERABLE, /* no usable Via, an ACK or a response: drop and count */
	SIP_ANSWERABLE,     /* answer with the status below, from the rows that there are */
};

struct sip_refusal {
	struct where where;
	struct slice field; /* what is wrong with it: its name as it came; "" when `what` says it */
	int status;         /* what a server answers: 400, 414, 416 ... 505, 513 */
	enum sip_answerable answerable;
};

/* A complete message: one datagram, or what frame.h cut from a stream.  On a datagram a body longer
 * than Content-Length is cut, a shorter one refused (RFC 3261 section 18.3).
 * 0, ERR_SYNTAX, ERR_LIMIT or ERR_UNSUPPORTED (not SIP/2.0); then *refusal says all, and *ret
 * holds what was decoded before it. */
int sip_msg_decode(struct slice in, struct sip_msg *ret, struct sip_refusal *refusal);

/* RFC 3261 section 21.4.1: the reason phrase of a 400, which says what is wrong with what. */
#define SIP_PHRASE_MAX 160
const char *sip_refusal_phrase(const struct sip_refusal *refusal, char text[SIP_PHRASE_MAX]);

/* The first row with this id at or behind row `*at` (start with 0); *at becomes its number + 1.
 * NULL when there is none. */
const struct sip_hdr *sip_msg_find(const struct sip_msg *msg, enum sip_hdr_id id, unsigned *at);
/* The only or first value; SLICE_NONE when absent. */
struct slice sip_msg_value(const struct sip_msg *msg, enum sip_hdr_id id);
/* For headers without an id. */
struct slice sip_msg_value_named(const struct sip_msg *msg, const char *name);

const char *sip_method_name(enum sip_method method); /* "OTHER" for SIP_METHOD_OTHER */
const char *sip_hdr_name(enum sip_hdr_id id);        /* canonical long form */
const char *sip_reason_phrase(int status); /* RFC 3261 section 21 and IANA; "" if unknown */

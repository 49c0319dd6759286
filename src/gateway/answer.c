#include "gateway/answer.h"

#include <assert.h>

#include "base/mem.h"
#include "sip/hdr.h"
#include "sip/write.h"

enum { RETRY_AFTER_S = 5 };

enum answer_end { /* what an answer carries behind Call-ID and CSeq */
	END_PLAIN,
	END_RETRY,
	END_PARTNER_DOWN,
	END_DOWN,
	END_ALLOW,
	END_OPTIONS,
	END_CONTENT,
	END_UNSUPPORTED,
	END_PARTNER,
	END_POLICY,
};

/* The reason phrase is read by people at the far end; what a machine needs is in the headers. */
static const struct {
	int status;
	const char *reason; /* NULL: the standard phrase */
	enum answer_end end;
} answers[] = {
	[ANSWER_MAPPED] = { 0, NULL, END_PLAIN },
	/* A partner's way is not the gateway: 503 would say that of it, and a proxy hands 503 on as
	 * 500 without our header fields (RFC 3261 section 16.7). */
	[ANSWER_STREAM_DOWN] = { 504, "XMPP Server Not Connected", END_PARTNER_DOWN },
	[ANSWER_STREAM_REFUSED] = { 504, "XMPP Server Refuses The Secret", END_PARTNER_DOWN },
	[ANSWER_STREAM_LOST] = { 504, "XMPP Connection Lost", END_PARTNER_DOWN },
	[ANSWER_UNPROVEN] = { 504, "XMPP Domain Answers No Ping", END_PARTNER_DOWN },
	[ANSWER_STOPPING] = { 503, "Gateway Is Stopping", END_DOWN },
	[ANSWER_OVERLOAD] = { 503, "Too Many Messages In Hand", END_RETRY },
	[ANSWER_NOT_PARTNER] = { 403, "Not An Allowed Partner", END_PARTNER },
	[ANSWER_NOT_OWN] = { 403, "From Domain Is Not Ours", END_POLICY },
	[ANSWER_BOTH_OWN] = { 403, "Both Domains Are Ours", END_POLICY },
	[ANSWER_NO_COMPONENT] = { 403, "From Domain Has No Component Here", END_POLICY },
	[ANSWER_UNTRUSTED] = { 403, "Peer Is Not Trusted", END_PLAIN },
	[ANSWER_SIPS] = { 416, "sips Cannot Be Carried", END_PLAIN }, /* RFC 7247 section 8 */
	[ANSWER_BAD_FROM] = { 400, "Bad From Address", END_PLAIN },
	[ANSWER_BAD_TO] = { 400, "Bad Request-URI", END_PLAIN },
	[ANSWER_SCHEME] = { 416, NULL, END_PLAIN },
	[ANSWER_TOO_LONG] = { 414, NULL, END_PLAIN },
	[ANSWER_HOPS] = { 483, NULL, END_PLAIN },
	[ANSWER_REQUIRE] = { 420, NULL, END_UNSUPPORTED },
	[ANSWER_METHOD] = { 405, NULL, END_ALLOW },
	[ANSWER_NO_METHOD] = { 501, NULL, END_ALLOW },
	[ANSWER_OPTIONS] = { 200, NULL, END_OPTIONS },
	[ANSWER_OPTIONS_DOWN] = { 503, "XMPP Server Not Connected", END_DOWN },
	[ANSWER_OPTIONS_REFUSED] = { 503, "XMPP Server Refuses The Secret", END_DOWN },
	[ANSWER_CANCEL] = { 200, NULL, END_PLAIN },
	[ANSWER_NO_DIALOG] = { 481, NULL, END_PLAIN },
	[ANSWER_TOO_LARGE] = { 413, NULL, END_PLAIN },
	[ANSWER_HEAD_TOO_LARGE] = { 513, NULL, END_PLAIN },
	[ANSWER_CONTENT] = { 0, NULL, END_CONTENT }, /* bridge/refused.c has them */
};
static_assert(COUNT(answers) == ANSWER_SIP_COUNT, "one row an answer");

int answer_status(const struct verdict *v)
{
	if (v->answer == ANSWER_CONTENT)
		return refused_row(v->refused)->status;
	return answers[v->answer].status ? answers[v->answer].status : v->status;
}

const char *answer_reason(const struct verdict *v)
{
	return v->answer == ANSWER_CONTENT ? refused_row(v->refused)->reason
					   : answers[v->answer].reason;
}

bool answer_is_good(const struct verdict *v)
{
	return answer_status(v) / 100 == 2;
}

/* The codes are those of Lync's ms-diagnostics header: the tools of its administrators know them.
 */
static void put_diagnostics(
	struct buf *b, const char *component_name, const char *code, const char *reason)
{
	buf_printf(b, "ms-diagnostics: %s;source=\"%s\";reason=\"%s\"\r\n", code, component_name,
		reason);
}

/* RFC 3261 section 8.2.2.3: the options that were required and are not known, so all of them. */
static void put_unsupported(struct buf *b, const struct sip_msg *req)
{
	unsigned at = 0;

	for (const struct sip_hdr *h; req && (h = sip_msg_find(req, SIP_HDR_REQUIRE, &at));)
		sip_put_header(b, "Unsupported", h->value);
}

/* RFC 3261 section 21.4.13: what would have been taken.  Other forms are, too (OPTIONS lists them);
 * this is the one that each client has. */
static void put_help(struct buf *b, enum refused refused)
{
	switch (refused_row(refused)->help) {
	case REFUSED_HELP_NONE: break;
	case REFUSED_HELP_ACCEPT: buf_puts(b, "Accept: text/plain;charset=UTF-8\r\n"); break;
	case REFUSED_HELP_ACCEPT_ENCODING: buf_puts(b, "Accept-Encoding: identity\r\n"); break;
	}
}

void answer_put_fields(struct buf *b, const struct verdict *v, const struct sip_msg *request,
	const char *component_name)
{
	if (v->contact.n) {
		buf_puts(b, "Contact: <");
		buf_put(b, v->contact);
		buf_puts(b, ">\r\n");
	}
	if (v->has_condition)
		buf_printf(b, "Reason: XMPP;text=\"%s\"\r\n", stanza_condition_name(v->condition));
	switch (answers[v->answer].end) {
	case END_PLAIN: break;
	case END_PARTNER_DOWN: /* RFC 3326: what it would be between the two of us */
		buf_printf(b, "Reason: SIP;cause=503;text=\"%s\"\r\n", answer_reason(v));
		put_diagnostics(b, component_name, "1007", "Temporarily cannot route");
		break;
	case END_DOWN: /* told apart from a server that is only busy */
		put_diagnostics(b, component_name, "1007", "Temporarily cannot route");
		buf_printf(b, "Retry-After: %d\r\n", RETRY_AFTER_S);
		break;
	case END_RETRY: buf_printf(b, "Retry-After: %d\r\n", RETRY_AFTER_S); break;
	case END_ALLOW: buf_puts(b, "Allow: MESSAGE, OPTIONS\r\n"); break;
	case END_OPTIONS:
		buf_puts(b, "Allow: MESSAGE, OPTIONS\r\nAccept: text/plain;charset=UTF-8, "
			    "text/html, multipart/*, message/cpim\r\n"
			    "Accept-Encoding: identity\r\nSupported:\r\n");
		break;
	case END_CONTENT: put_help(b, v->refused); break;
	case END_UNSUPPORTED: put_unsupported(b, request); break;
	case END_PARTNER:
		put_diagnostics(b, component_name, "1005",
			"The receiver's domain is not an allowed partner");
		break;
	case END_POLICY:
		put_diagnostics(b, component_name, "1017",
			"Cannot route From and To domains in this combination");
		break;
	}
}

/* What belongs to the answer: the condition, or why the content was refused. */
static unsigned detail_of(const struct verdict *v)
{
	if (v->answer == ANSWER_CONTENT)
		return v->refused;
	return v->has_condition ? v->condition + 1u : 0;
}

uint16_t answer_pack(const struct verdict *v)
{
	return (uint16_t)(v->answer << 8 | detail_of(v));
}

struct verdict answer_unpack(int status, uint16_t packed)
{
	const unsigned detail = packed & 255;
	struct verdict v = { .answer = (enum answer)(packed >> 8), .status = status };

	assert(v.answer < ANSWER_COUNT);
	if (v.answer == ANSWER_CONTENT) {
		assert(detail < REFUSED_COUNT);
		v.refused = (enum refused)detail;
	} else if (detail) {
		assert(detail <= COND_COUNT);
		v.has_condition = true;
		v.condition = (enum stanza_condition)(detail - 1);
	}
	return v;
}

/* ---- to XMPP ---- */

static const struct {
	enum stanza_condition condition;
	enum stanza_error_type type;
	const char *text; /* NULL: it has no form there */
} errors[ANSWER_COUNT] = {
	[ANSWER_NOT_PARTNER] = { COND_POLICY_VIOLATION, ERROR_TYPE_CANCEL,
		"The sender's domain is not an allowed partner" },
	[ANSWER_NOT_OWN] = { COND_ITEM_NOT_FOUND, ERROR_TYPE_CANCEL,
		"The receiver's domain is not one of the pool's" },
	[ANSWER_BOTH_OWN] = { COND_POLICY_VIOLATION, ERROR_TYPE_CANCEL,
		"Both domains are the pool's own" },
	[ANSWER_MAY_NOT_BEGIN] = { COND_POLICY_VIOLATION, ERROR_TYPE_CANCEL,
		"Users of this domain may not write first" },
	[ANSWER_TO_GATEWAY] = { COND_SERVICE_UNAVAILABLE, ERROR_TYPE_CANCEL,
		"The gateway itself reads no messages" },
	/* As 483 and 482, RFC 7247 section 7.2. */
	[ANSWER_HOPS] = { COND_NOT_ACCEPTABLE, ERROR_TYPE_MODIFY,
		"The message has passed too many gateways" },
	[ANSWER_CIRCLE] = { COND_NOT_ACCEPTABLE, ERROR_TYPE_MODIFY,
		"The message came back to a gateway that had carried it" },
	[ANSWER_NO_HOP] = { COND_REMOTE_SERVER_TIMEOUT, ERROR_TYPE_WAIT,
		"The SIP pool cannot be reached" },
	[ANSWER_HOP_SILENT] = { COND_REMOTE_SERVER_TIMEOUT, ERROR_TYPE_WAIT,
		"The SIP pool did not answer in time; it may have arrived" },
	[ANSWER_HOP_LOST] = { COND_REMOTE_SERVER_TIMEOUT, ERROR_TYPE_WAIT,
		"The SIP pool was lost before it answered; it may have arrived" },
	[ANSWER_NO_TURN] = { COND_REMOTE_SERVER_TIMEOUT, ERROR_TYPE_WAIT,
		"It was not sent: the receiver does not answer the messages before it" },
	[ANSWER_STOPPING] = { COND_REMOTE_SERVER_TIMEOUT, ERROR_TYPE_WAIT,
		"The gateway is stopping" },
	[ANSWER_ID_TOO_LONG] = { COND_POLICY_VIOLATION, ERROR_TYPE_MODIFY, "The id is too long" },
	[ANSWER_NO_MEMORY] = { COND_RESOURCE_CONSTRAINT, ERROR_TYPE_WAIT, "out of memory" },
	[ANSWER_MANY_IN_HAND] = { COND_RESOURCE_CONSTRAINT, ERROR_TYPE_WAIT,
		"Too many messages are in hand" },
	[ANSWER_MANY_FOR_URI] = { COND_RESOURCE_CONSTRAINT, ERROR_TYPE_WAIT,
		"Too many messages wait for this receiver" },
	[ANSWER_MANY_OF_SENDER_FOR_URI] = { COND_RESOURCE_CONSTRAINT, ERROR_TYPE_WAIT,
		"Too many of your messages wait for this receiver" },
	[ANSWER_MANY_OF_DOMAIN_FOR_URI] = { COND_RESOURCE_CONSTRAINT, ERROR_TYPE_WAIT,
		"Too many messages of your domain wait for this receiver" },
	[ANSWER_MANY_OF_SENDER] = { COND_RESOURCE_CONSTRAINT, ERROR_TYPE_WAIT,
		"Too many of your messages wait" },
	[ANSWER_MANY_OF_DOMAIN] = { COND_RESOURCE_CONSTRAINT, ERROR_TYPE_WAIT,
		"Too many messages of your domain wait" },
	[ANSWER_MANY_OF_ALL] = { COND_RESOURCE_CONSTRAINT, ERROR_TYPE_WAIT,
		"Too many messages wait" },
};

struct stanza_error answer_error(enum answer a)
{
	assert(errors[a].text);
	return (struct stanza_error){ .condition = errors[a].condition,
		.type = errors[a].type,
		.text = slice_str(errors[a].text) };
}

bool answer_is_wait(enum answer a)
{
	return errors[a].text && errors[a].condition == COND_RESOURCE_CONSTRAINT;
}

#include "bridge/message.h"

#include "base/str.h"
#include "bridge/body.h"
#include "bridge/content.h"
#include "bridge/passes.h"
#include "sip/hdr.h"
#include "sip/write.h"

enum {
	FIELD_MAX = 4096,   /* bytes of a subject or thread that is carried over */
	CALL_ID_MAX = 255,  /* a thread longer than that gets a fresh Call-ID */
	CALL_ID_TOKEN = 26, /* 130 bits of chance */
	LANGUAGE_MAX = 35,  /* RFC 5646 section 4.4.1 */
	REASON_MAX = 1024,  /* a longer reason phrase gives place to the standard one */
};

static int refuse_xmpp(struct message_refusal *refusal, enum stanza_condition condition,
	enum stanza_error_type type, const char *text)
{
	*refusal = (struct message_refusal){ .condition = condition, .type = type, .text = text };
	return ERR_LEGAL;
}

/* RFC 5646 syntax as far as it keeps anything else out: letters, digits and single hyphens. */
static bool is_language(struct slice tag)
{
	if (tag.n == 0 || tag.n > LANGUAGE_MAX || tag.p[0] == '-' || tag.p[tag.n - 1] == '-')
		return false;
	for (size_t i = 0; i < tag.n; i++)
		if (!ascii_is_alpha(tag.p[i]) && !ascii_is_digit(tag.p[i]) && tag.p[i] != '-')
			return false;
	return true;
}

/* ---- SIP to XMPP ---- */

/* What stands in the head of the message. */
static int check_fields(const struct sip_msg *req, enum refused *refused)
{
	const struct slice subject = sip_msg_value(req, SIP_HDR_SUBJECT);

	if (subject.n > FIELD_MAX || !utf8_is_xml_text(subject, NULL)) {
		*refused = REFUSED_SUBJECT;
		return ERR_LEGAL;
	}
	if (req->call_id.n > FIELD_MAX) {
		*refused = REFUSED_CALL_ID;
		return ERR_LEGAL;
	}
	return 0;
}

static void put_optional(struct buf *b, const char *name, struct slice text)
{
	if (text.n)
		xml_put_element(b, name, text);
}

/* A folded header line is one line: RFC 3261 section 7.3.1. */
static void put_subject(struct buf *b, struct slice subject)
{
	struct buf line;

	buf_init(&line, FIELD_MAX + 1);
	sip_put_header_text(&line, subject);
	if (buf_err(&line))
		b->err = buf_err(&line);
	else
		put_optional(b, "subject", buf_slice(&line));
	buf_done(&line);
}

static void put_stanza(struct buf *b, const struct sip_msg *req, const struct jid *from,
	const struct jid *to, struct slice id, struct slice text)
{
	struct slice languages = sip_msg_value(req, SIP_HDR_CONTENT_LANGUAGE);
	struct slice language = slice_trim(slice_split(&languages, ','));
	struct slice subject = sip_msg_value(req, SIP_HDR_SUBJECT);

	buf_puts(b, "<message");
	xml_put_attr(b, "from", jid_full(from));
	xml_put_attr(b, "to", jid_full(to));
	xml_put_attr(b, "id", id);
	if (is_language(language))
		xml_put_attr(b, "xml:lang", language);
	buf_putc(b, '>');
	if (subject.n)
		put_subject(b, subject);
	xml_put_element(b, "body", text);
	/* A Call-ID is bytes; one that XML cannot hold is no thread. */
	if (utf8_is_xml_text(req->call_id, NULL))
		xml_put_element(b, "thread", req->call_id);
	passes_put(b, req);
	stanza_put_end(b, "message");
}

int message_to_xmpp(const struct sip_msg *req, const struct jid *from, const struct jid *to,
	struct slice id, struct buf *stanza, struct message_loss *loss)
{
	struct body body;

	int err = check_fields(req, &loss->refused);
	if (!err)
		err = body_read(req, &body, &loss->refused);
	if (err)
		return err;
	loss->n_left_out = body.n_left_out;
	put_stanza(stanza, req, from, to, id, body.text);
	body_done(&body);
	return buf_err(stanza);
}

/* ---- XMPP to SIP ---- */

/* RFC 3261 section 25.1 callid = word [ "@" word ]; quotes and brackets are left out on purpose. */
static bool is_call_id(struct slice s)
{
	static const char marks[] = "-.!%*_+`'~@";

	if (s.n == 0 || s.n > CALL_ID_MAX || s.p[0] == '@' || s.p[s.n - 1] == '@')
		return false;
	unsigned ats = 0;
	for (size_t i = 0; i < s.n; i++) {
		ats += s.p[i] == '@';
		if (!ascii_is_alpha(s.p[i]) && !ascii_is_digit(s.p[i]) &&
			slice_chr(slice_str(marks), s.p[i]) == sizeof(marks) - 1)
			return false;
	}
	return ats <= 1;
}

/* The one in the stanza's own language: RFC 6121 section 5.2.3 allows one body a language. */
static const struct xml_node *child_of(const struct stanza *s, const char *name)
{
	struct slice lang = xml_lang(s->node);
	const struct xml_node *first = NULL;

	for (const struct xml_node *n = s->node->child; n; n = n->next) {
		if (!slice_eqs(n->name, name) || !slice_eq(n->ns, s->node->ns) || n->text.n == 0)
			continue;
		if (slice_eq(xml_lang(n), lang))
			return n;
		if (!first)
			first = n;
	}
	return first;
}

static struct slice text_of(const struct stanza *s, const char *name)
{
	const struct xml_node *n = child_of(s, name);

	return n ? n->text : SLICE_NONE;
}

static void put_call_id(struct buf *b, const struct message_route *route, struct slice thread)
{
	char token[CALL_ID_TOKEN + 1];

	buf_puts(b, "Call-ID: ");
	if (route->call_id.n) {
		buf_put(b, route->call_id);
	} else if (is_call_id(thread)) {
		buf_put(b, thread);
	} else {
		rng_token(route->rng, token, CALL_ID_TOKEN);
		buf_puts(b, token);
	}
	buf_puts(b, "\r\n");
}

/* From with gr (RFC 7572 section 4: MUST), To without a tag, no Contact (RFC 3428 section 4). */
static int put_addresses(
	struct buf *b, const struct jid *from, const struct jid *to, struct slice from_tag)
{
	struct where where;

	buf_puts(b, "From: <");
	int err = address_to_sip(from, true, b, &where);
	if (err)
		return err;
	buf_puts(b, ">;tag=");
	buf_put(b, from_tag);
	buf_puts(b, "\r\nTo: <");
	err = address_to_sip(to, true, b, &where);
	buf_puts(b, ">\r\n");
	return err;
}

/* Is it there as a whole?  One address may begin as another does. */
static bool has_url(struct slice text, struct slice url)
{
	static const struct slice ends = { (const uint8_t *)" \t\r\n>)\"'", 8 };

	for (size_t at; (at = slice_find(text, url)) != SIZE_MAX;) {
		text = slice_skip(text, at + url.n);
		if (text.n == 0 || slice_chr(ends, text.p[0]) < ends.n)
			return true;
	}
	return false;
}

/* The body, and behind it, a line each, the addresses that it does not have. */
static void put_text(struct buf *b, const struct stanza *s, struct slice body)
{
	const struct xml_node *at = NULL;
	struct buf text;
	struct slice url;

	buf_init(&text, MESSAGE_SIP_MAX);
	while (content_next_url(s, &at, &url)) {
		if (buf_len(&text) == 0 && slice_trim(body).n)
			buf_put(&text, body);
		if (has_url(buf_slice(&text), url))
			continue;
		if (buf_len(&text))
			buf_putc(&text, '\n');
		buf_put(&text, url);
	}
	if (buf_err(&text))
		b->err = buf_err(&text);
	else
		sip_put_body(b, buf_len(&text) ? buf_slice(&text) : body);
	buf_done(&text);
}

static int put_request(const struct stanza *s, const struct jid *from, const struct jid *to,
	const struct message_route *route, struct buf *b)
{
	const size_t before = buf_len(b);
	struct where where;

	buf_puts(b, "MESSAGE ");
	int err = address_to_sip(to, true, b, &where);
	if (err)
		return err;
	buf_puts(b, " SIP/2.0\r\n");
	*route->line_bytes = buf_len(b) - before;
	buf_printf(b, "Max-Forwards: %u\r\n", route->max_forwards);
	if (route->route.n)
		sip_put_header(b, "Route", route->route);
	err = put_addresses(b, from, to, route->from_tag);
	if (err)
		return err;
	put_call_id(b, route, text_of(s, "thread"));
	buf_printf(b, "CSeq: %u MESSAGE\r\n", route->cseq);
	struct slice subject = text_of(s, "subject");
	if (subject.n)
		sip_put_header(b, "Subject", subject);
	const struct xml_node *body = child_of(s, "body");
	if (body && is_language(xml_lang(body)))
		sip_put_header(b, "Content-Language", xml_lang(body));
	buf_puts(b, "Content-Type: text/plain;charset=UTF-8\r\n");
	put_text(b, s, body ? body->text : SLICE_NONE);
	return buf_err(b);
}

int message_to_sip(const struct stanza *s, const struct jid *from, const struct jid *to,
	const struct message_route *route, struct buf *request, struct message_refusal *refusal)
{
	const enum content content = content_of(s);

	if (slice_eqs(s->type, "groupchat"))
		return refuse_xmpp(refusal, COND_FEATURE_NOT_IMPLEMENTED, ERROR_TYPE_CANCEL,
			"Group chat is not carried to SIP");
	if (content != CONTENT_TEXT) {
		refuse_xmpp(refusal, COND_FEATURE_NOT_IMPLEMENTED, ERROR_TYPE_CANCEL, NULL);
		refusal->text = content_refusal(content, &refusal->once);
		return ERR_LEGAL;
	}

	size_t before = buf_len(request);
	int err = put_request(s, from, to, route, request);
	if (err == ERR_SYNTAX || err == ERR_LIMIT)
		return refuse_xmpp(refusal, COND_JID_MALFORMED, ERROR_TYPE_MODIFY,
			"The address has no form in SIP");
	if (err == -EMSGSIZE ||
		(!err && buf_len(request) - before + route->via_bytes > MESSAGE_SIP_MAX))
		return refuse_xmpp(refusal, COND_POLICY_VIOLATION, ERROR_TYPE_MODIFY,
			"The message is longer than 1300 bytes as SIP");
	return err;
}

/* The new address that a 301 or 302 names, in XMPP's words where it has some. */
static void put_contact(struct buf *b, const struct sip_msg *response)
{
	struct slice rest = sip_msg_value(response, SIP_HDR_CONTACT), value;
	struct sip_nameaddr contact;
	struct where where;
	struct jid jid;

	if (!sip_hdr_next(&rest, &value) || sip_nameaddr_decode(value, &contact, &where) ||
		contact.uri.has_password)
		return;
	if (address_to_jid(&contact.uri, &jid, &where)) {
		buf_put(b, contact.uri_text);
		return;
	}
	address_put_iri(&jid, b);
}

/* The peer's words; none where the condition was hidden, as they would tell it. */
static struct slice failure_text(
	int status, const struct sip_msg *response, const struct error_to_xmpp *mapped)
{
	if (mapped->condition != error_to_xmpp(status).condition)
		return SLICE_NONE;
	const struct slice reason = response ? response->reason : SLICE_NONE;

	return reason.n && reason.n <= REASON_MAX ? reason : slice_str(sip_reason_phrase(status));
}

void message_put_sip_failure(struct buf *b, struct slice from, struct slice to, struct slice id,
	const struct sip_msg *response, bool private)
{
	int status = response ? response->status : 408; /* timer F: remote-server-timeout */
	struct error_to_xmpp mapped = error_to_xmpp_private(status, private);
	struct buf address;

	buf_init(&address, FIELD_MAX);
	/* RFC 7247 section 7.2 note 1: 301 carries an address, 410 MUST NOT. */
	if (status == 301 || status == 302)
		put_contact(&address, response);
	struct stanza_error error = {
		.condition = mapped.condition,
		.type = mapped.type,
		.text = failure_text(status, response, &mapped),
		.address = buf_err(&address) ? SLICE_NONE : buf_slice(&address),
	};
	stanza_put_start(b, "message", from, to, id, SLICE("error"));
	stanza_put_error(b, &error);
	stanza_put_end(b, "message");
	buf_done(&address);
}

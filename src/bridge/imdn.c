#include "bridge/imdn.h"

#include "bridge/cpim.h"
#include "sip/hdr.h"
#include "sip/write.h"

enum {
	TOKEN = 26,            /* 130 bits of chance: section 6.3 */
	URI_MAX = 3 * JID_MAX, /* what is escaped grows */
};

/* ---- who asks ---- */

static bool is_of_type(struct slice content_type, const char *type, const char *subtype)
{
	struct sip_media media;
	struct where where;

	return sip_media_decode(content_type, &media, &where) == 0 &&
	       slice_ieqs(media.type, type) && slice_ieqs(media.subtype, subtype);
}

/* "negative-delivery" among the values of one header, each with parameters perhaps. */
static bool names_failure(struct slice value)
{
	while (value.n) {
		struct slice one = slice_split(&value, ',');

		if (slice_eqs(slice_trim(slice_split(&one, ';')), "negative-delivery"))
			return true;
	}
	return false;
}

static bool asks(const struct cpim *c)
{
	struct slice value;
	size_t at = 0;

	while (cpim_find(c, CPIM_NS_IMDN, "Disposition-Notification", &at, &value))
		if (names_failure(value))
			return true;
	return false;
}

static struct slice bounded(struct slice value)
{
	return value.n <= IMDN_FIELD_MAX ? value : SLICE_NONE;
}

/* [ Formal-name ] "<" URI ">" */
static struct slice uri_in(struct slice value)
{
	struct slice rest = slice_skip(value, slice_chr(value, '<') + 1);

	return bounded(slice_split(&rest, '>'));
}

bool imdn_wants_failure(const struct sip_msg *req, struct imdn_ask *ret)
{
	struct where where;
	struct cpim c;

	if (!is_of_type(req->content_type, "message", "cpim") ||
		cpim_decode(req->body, &c, &where) || !asks(&c) ||
		is_of_type(cpim_field(&c, "Content-Type"), "message", "imdn+xml"))
		return false;
	*ret = (struct imdn_ask){
		.message_id = bounded(cpim_value(&c, CPIM_NS_IMDN, "Message-ID")),
		.date_time = bounded(cpim_value(&c, CPIM_NS, "DateTime")),
		.recipient = uri_in(cpim_value(&c, CPIM_NS, "To")),
		.original = uri_in(cpim_value(&c, CPIM_NS_IMDN, "Original-To")),
	};
	return ret->message_id.n > 0;
}

/* ---- the report ---- */

static void put_optional(struct buf *b, const char *name, struct slice text)
{
	if (text.n)
		xml_put_element(b, name, text);
}

/* Section 11.1. */
static void put_xml(struct buf *b, const struct imdn_ask *ask)
{
	buf_puts(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
		    "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">");
	xml_put_element(b, "message-id", ask->message_id);
	xml_put_element(b, "datetime", ask->date_time);
	put_optional(b, "recipient-uri", ask->recipient);
	put_optional(b, "original-recipient-uri", ask->original);
	buf_puts(b, "<delivery-notification><status><failed/></status></delivery-notification>"
		    "</imdn>\r\n");
}

static void put_uri_header(struct buf *b, const char *name, struct slice uri)
{
	buf_printf(b, "%s: <%.*s>\r\n", name, SLICE_FMT(uri));
}

/* Section 7.2.1.1; it asks for nothing itself. */
static void put_cpim(struct buf *b, const struct imdn_ask *ask, struct slice from, struct slice to,
	struct rng *rng)
{
	char token[TOKEN + 1];
	struct buf xml;

	buf_init(&xml, MESSAGE_SIP_MAX);
	put_xml(&xml, ask);
	rng_token(rng, token, TOKEN);
	put_uri_header(b, "From", from);
	put_uri_header(b, "To", to);
	buf_puts(b, "NS: imdn <" CPIM_NS_IMDN ">\r\n");
	buf_printf(b, "imdn.Message-ID: %s\r\n\r\n", token);
	buf_puts(b, "Content-Type: message/imdn+xml\r\nContent-Disposition: notification\r\n");
	sip_put_body(b, buf_slice(&xml));
	if (buf_err(&xml))
		b->err = buf_err(&xml);
	buf_done(&xml);
}

static void put_request(struct buf *b, const struct message_route *route, struct slice from,
	struct slice to, struct slice body)
{
	const size_t before = buf_len(b);
	char token[TOKEN + 1];

	sip_put_request_line(b, "MESSAGE", to);
	*route->line_bytes = buf_len(b) - before;
	buf_printf(b, "Max-Forwards: %u\r\nFrom: <%.*s>;tag=%.*s\r\nTo: <%.*s>\r\n",
		route->max_forwards, SLICE_FMT(from), SLICE_FMT(route->from_tag), SLICE_FMT(to));
	rng_token(route->rng, token, TOKEN);
	buf_printf(b, "Call-ID: %s\r\nCSeq: %u MESSAGE\r\n", token, route->cseq);
	buf_puts(b, "Content-Type: message/cpim\r\n");
	sip_put_body(b, body);
}

int imdn_put_failure(const struct imdn_ask *ask, const struct jid *from, const struct jid *to,
	const struct message_route *route, struct buf *request)
{
	const size_t before = buf_len(request);
	struct buf from_uri, to_uri, body;
	struct where where;

	buf_init(&from_uri, URI_MAX);
	buf_init(&to_uri, URI_MAX);
	buf_init(&body, MESSAGE_SIP_MAX);
	int err = address_to_sip(from, true, &from_uri, &where);
	if (!err)
		err = address_to_sip(to, true, &to_uri, &where);
	if (!err) {
		put_cpim(&body, ask, buf_slice(&from_uri), buf_slice(&to_uri), route->rng);
		put_request(
			request, route, buf_slice(&from_uri), buf_slice(&to_uri), buf_slice(&body));
		err = buf_err(&body) ? buf_err(&body) : buf_err(request);
	}
	if (!err && buf_len(request) - before + route->via_bytes > MESSAGE_SIP_MAX)
		err = -EMSGSIZE;
	buf_done(&from_uri);
	buf_done(&to_uri);
	buf_done(&body);
	return err;
}

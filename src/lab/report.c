#include "lab/report.h"

#include "bridge/address.h"
#include "sip/write.h"
#include "xmpp/xml.h"

enum {
	DELAY_MS = 100,
	BYTES_MAX = 16 << 10,
	TOKEN = 16,
	URI_MAX = 3 * JID_MAX,
};

void report_init(struct report *r, const struct lab_cfg *cfg, struct rng *rng)
{
	*r = (struct report){ .cfg = cfg, .rng = rng, .at = TS_NEVER };
	buf_init(&r->text, BYTES_MAX);
}

void report_done(struct report *r)
{
	buf_done(&r->text);
}

static void put_body(struct buf *b, struct slice id)
{
	buf_puts(b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n"
		    "<imdn xmlns=\"urn:ietf:params:xml:ns:imdn\">");
	xml_put_element(b, "message-id", id);
	/* The schema wants one; a lab has no calendar. */
	buf_puts(b, "<datetime>1970-01-01T00:00:00Z</datetime>"
		    "<delivery-notification><status><failed/></status></delivery-notification>"
		    "</imdn>\r\n");
}

/* As it comes from the gateway. */
static void put_message(struct report *r, struct slice from, struct slice to, struct slice body)
{
	char branch[TOKEN + 8] = "z9hG4bK", call_id[TOKEN + 1], tag[TOKEN + 1];
	struct buf *b = &r->text;

	rng_token(r->rng, branch + 7, TOKEN);
	rng_token(r->rng, call_id, TOKEN);
	rng_token(r->rng, tag, TOKEN);
	buf_clear(b);
	sip_put_request_line(b, "MESSAGE", to);
	sip_put_via(b, r->cfg->gateway_transport, &r->cfg->gateway, slice_str(branch));
	buf_printf(b, "Max-Forwards: 70\r\nFrom: <%.*s>;tag=%s\r\nTo: <%.*s>\r\n", SLICE_FMT(from),
		tag, SLICE_FMT(to));
	buf_printf(b, "Call-ID: %s\r\nCSeq: 1 MESSAGE\r\n", call_id);
	buf_puts(b, "Content-Type: message/imdn+xml\r\n");
	sip_put_body(b, body);
}

void report_plan(struct report *r, const struct jid *receiver, struct slice sender, struct slice id,
	ts_t now)
{
	struct buf from, to, body;
	struct where where;
	struct jid user;

	buf_init(&from, URI_MAX);
	buf_init(&to, URI_MAX);
	buf_init(&body, BYTES_MAX);
	put_body(&body, id);
	if (jid_decode(sender, &user, &where) == 0 &&
		address_to_sip(receiver, false, &from, &where) == 0 &&
		address_to_sip(&user, false, &to, &where) == 0) {
		put_message(r, buf_slice(&from), buf_slice(&to), buf_slice(&body));
		r->at = ts_add(now, TS_MS(DELAY_MS));
	}
	buf_done(&from);
	buf_done(&to);
	buf_done(&body);
}

bool report_take(struct report *r, struct slice *ret, ts_t now)
{
	if (now < r->at)
		return false;
	r->at = TS_NEVER;
	*ret = buf_slice(&r->text);
	return true;
}

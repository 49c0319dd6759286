#include <assert.h>

#include "base/mem.h"
#include "gateway/private.h"
#include "sip/hdr.h"

enum answer_end { /* what an answer carries behind Call-ID and CSeq */
	END_PLAIN,
	END_RETRY,
	END_DOWN,
	END_ALLOW,
	END_OPTIONS,
	END_ACCEPT,
	END_ENCODING,
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
	[ANSWER_STREAM_DOWN] = { 503, "XMPP Server Not Connected", END_DOWN },
	[ANSWER_STREAM_LOST] = { 503, "XMPP Connection Lost", END_DOWN },
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
	[ANSWER_OPTIONS] = { 200, NULL, END_OPTIONS },
	[ANSWER_NO_DIALOG] = { 481, NULL, END_PLAIN },
	[ANSWER_TYPE] = { 415, NULL, END_ACCEPT },
	[ANSWER_ENCODING] = { 415, NULL, END_ENCODING },
	[ANSWER_TOO_LARGE] = { 413, NULL, END_PLAIN },
	[ANSWER_CONTENT] = { 400, "Body Is Not UTF-8 Text", END_PLAIN },
};
static_assert(COUNT(answers) == ANSWER_COUNT, "one row an answer");

int gateway_answer_status(const struct verdict *v)
{
	return answers[v->answer].status ? answers[v->answer].status : v->status;
}

void gateway_put_answer_line(struct buf *b, const struct verdict *v)
{
	sip_put_status_line(b, gateway_answer_status(v), slice_str(answers[v->answer].reason));
}

/* The codes are those of Lync's ms-diagnostics header: the tools of its administrators know them.
 */
static void put_diagnostics(struct gateway *g, struct buf *b, const char *code, const char *reason)
{
	buf_printf(b, "ms-diagnostics: %s;source=\"%s\";reason=\"%s\"\r\n", code,
		g->cfg.component_name, reason);
}

void gateway_put_answer_end(struct gateway *g, struct buf *b, const struct verdict *v)
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
	case END_DOWN: /* told apart from a server that is only busy */
		put_diagnostics(g, b, "1007", "Temporarily cannot route");
		buf_printf(b, "Retry-After: %d\r\n", RETRY_AFTER_S);
		break;
	case END_RETRY: buf_printf(b, "Retry-After: %d\r\n", RETRY_AFTER_S); break;
	case END_ALLOW: buf_puts(b, "Allow: MESSAGE, OPTIONS\r\n"); break;
	case END_OPTIONS:
		buf_puts(b, "Allow: MESSAGE, OPTIONS\r\nAccept: text/plain\r\n"
			    "Accept-Encoding: identity\r\nSupported:\r\n");
		break;
	case END_ACCEPT: buf_puts(b, "Accept: text/plain\r\n"); break;
	case END_ENCODING: buf_puts(b, "Accept-Encoding: identity\r\n"); break;
	case END_UNSUPPORTED: break; /* written by who has the request at hand */
	case END_PARTNER:
		put_diagnostics(g, b, "1005", "The receiver's domain is not an allowed partner");
		break;
	case END_POLICY:
		put_diagnostics(
			g, b, "1017", "Cannot route From and To domains in this combination");
		break;
	}
	sip_put_body(b, SLICE_NONE);
}

/* RFC 3261 section 8.2.2.3: the options that were required and are not known, so all of them. */
static void put_unsupported(struct buf *b, const struct sip_msg *req)
{
	unsigned at = 0;

	for (const struct sip_hdr *h; (h = sip_msg_find(req, SIP_HDR_REQUIRE, &at));)
		sip_put_header(b, "Unsupported", h->value);
}

void gateway_answer_stateless(struct gateway *g, const struct origin *o, const struct nist_key *key,
	const struct verdict *v)
{
	char tag[NIST_TAG_MAX];
	struct buf *b = gateway_out(g);

	gateway_put_answer_line(b, v);
	sip_put_response_fields(b, &g->msg, slice_str(nist_to_tag(key, g->salt, tag)), &o->peer);
	if (answers[v->answer].end == END_UNSUPPORTED)
		put_unsupported(b, &g->msg);
	gateway_put_answer_end(g, b, v);
	gateway_send(g, o);
}

/* The way back for the request in hand; `room` is where it is when it is not the way it came. */
static const struct origin *way_back(
	const struct gateway *g, const struct origin *o, struct origin *room)
{
	if (o->transport != TRANSPORT_UDP || g->msg.via.has_rport)
		return o;
	*room = *o;
	room->peer = sip_response_addr(&g->msg.via, &o->peer);
	return room;
}

/* RFC 3261 section 16.3: a malformed request is answered where it can be, else dropped. */
static void refuse(struct gateway *g, const struct origin *o, const struct sip_refusal *refusal)
{
	struct nist_key key;
	struct origin room;

	g->stats.sip_malformed++;
	if (refusal->answerable == SIP_NOT_ANSWERABLE || !g->msg.is_request ||
		g->msg.method == SIP_METHOD_ACK)
		return;
	nist_key_make(&key, g->salt, &g->msg);
	gateway_answer_stateless(
		g, way_back(g, o, &room), &key, &(struct verdict){ .status = refusal->status });
}

static bool to_is_sips(const struct sip_msg *req)
{
	return req->ruri.scheme == SIP_SCHEME_SIPS || req->to.uri.scheme == SIP_SCHEME_SIPS;
}

/* Everything that is judged before the method's own rules; ANSWER_MAPPED: nothing to object. */
static enum answer judge(const struct gateway *g)
{
	const struct sip_msg *req = &g->msg;
	unsigned at = 0;

	if (req->method == SIP_METHOD_OPTIONS)
		return ANSWER_OPTIONS; /* also while the stream is down: a ping of who we are */
	if (req->method == SIP_METHOD_CANCEL || req->to.tag.n)
		return ANSWER_NO_DIALOG;
	if (req->method != SIP_METHOD_MESSAGE)
		return ANSWER_METHOD;
	if (to_is_sips(req))
		return ANSWER_SIPS;
	if (req->max_forwards == 0)
		return ANSWER_HOPS;
	if (sip_msg_find(req, SIP_HDR_REQUIRE, &at))
		return ANSWER_REQUIRE;
	return ANSWER_MAPPED;
}

static void request(struct gateway *g, const struct origin *o, ts_t now)
{
	struct nist_key key;

	g->stats.sip_requests++;
	if (g->msg.method == SIP_METHOD_ACK)
		return;
	enum answer answer = judge(g);
	/* The next hop may be asked for nothing but answers: then its connection is not a way in.
	 */
	if (answer == ANSWER_MAPPED && o->flow && !gateway_is_trusted(g, &o->peer)) {
		g->stats.sip_untrusted++;
		answer = ANSWER_UNTRUSTED;
	}
	if (answer == ANSWER_MAPPED) {
		gateway_uas_request(g, o, now);
		return;
	}
	nist_key_make(&key, g->salt, &g->msg);
	gateway_answer_stateless(g, o, &key, &(struct verdict){ .answer = answer });
}

void gateway_sip_message(struct gateway *g, struct slice bytes, const struct origin *o, ts_t now)
{
	struct sip_refusal refusal;
	struct origin room;

	if (slice_trim(bytes).n == 0)
		return; /* RFC 5626 section 3.5: keep-alives of clients behind NATs */
	if (sip_msg_decode(bytes, &g->msg, &refusal))
		refuse(g, o, &refusal);
	else if (g->msg.is_request)
		request(g, way_back(g, o, &room), now);
	else
		gateway_uac_response(g, o, now);
}

/* ---- connections ---- */

void gateway_sip_stream(struct gateway *g, struct conn *c, struct slice bytes, ts_t now)
{
	struct slice message;

	int err = sip_frame_push(&c->frame, bytes);
	while (!err && sip_frame_take(&c->frame, &message)) {
		gateway_conn_heard(g, c, now);
		gateway_sip_message(g, message, &c->origin, now);
	}
	while (sip_frame_take_ping(&c->frame)) {
		gateway_conn_heard(g, c, now);
		buf_puts(gateway_out(g), "\r\n");
		gateway_send(g, &c->origin);
	}
	if (!err && !c->frame.err) {
		gateway_conn_weigh(g, c, now);
		return;
	}
	/* Where one message ends is not known any more: nothing on this connection can be trusted.
	 */
	g->stats.sip_malformed++;
	gateway_conn_close(g, c, WANT_CLOSE_FLOW, now);
}

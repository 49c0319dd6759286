#include <string.h>

#include "base/mem.h"
#include "bridge/address.h"
#include "lab/private.h"

enum {
	REPORT_MS = 100, /* behind the 202, before any time-out */
	TOKEN = 16,
	URI_MAX = 3 * JID_MAX,
};

/* Over UDP each request comes again: RFC 3261 section 17.1.2.2. */
static bool is_first_copy(struct lab *l, const struct origin *o)
{
	struct fault_state *f = &l->faulty;
	struct nist_key key;

	if (o->transport != TRANSPORT_UDP)
		return false;
	nist_key_make(&key, l->salt, &l->msg);
	for (unsigned i = 0; i < FAULT_SEEN_MAX; i++)
		if (memcmp(&f->seen[i], &key, sizeof(key)) == 0)
			return false;
	f->seen[f->n_seen++ % FAULT_SEEN_MAX] = key;
	return true;
}

static void answer_status(struct lab *l, const struct origin *o)
{
	buf_puts(lab_answer_begin(l, o, l->fault->answer.status), l->fault->answer.text);
	lab_answer_end(l, o);
}

static void answer(struct lab *l, const struct origin *o)
{
	switch (l->fault->answer.does) {
	case FAULT_ANSWER_STATUS: answer_status(l, o); break;
	case FAULT_ANSWER_STALE: lab_challenge(l, o, 401, true); break;
	case FAULT_ANSWER_RAW:
		buf_puts(shell_out(&l->shell), l->fault->answer.text);
		shell_send(&l->shell, o);
		break;
	case FAULT_ANSWER_NONE:
	case FAULT_ANSWER_NOTHING:
	case FAULT_ANSWER_REPEATED: break;
	}
}

/* Nobody is told that all is well, or how much of it is, who has shown nothing. */
static bool is_too_early(const struct lab *l)
{
	return l->fault->answer.status / 100 == 2 &&
	       sip_msg_value(&l->msg, SIP_HDR_AUTHORIZATION).n == 0;
}

bool lab_fault_request(struct lab *l, const struct origin *o)
{
	const struct fault_answer *f = &l->fault->answer;

	if (f->does == FAULT_ANSWER_REPEATED)
		return is_first_copy(l, o);
	if (f->does == FAULT_ANSWER_NONE || f->to != SIP_METHOD_REGISTER ||
		l->msg.method != SIP_METHOD_REGISTER || is_too_early(l))
		return false;
	answer(l, o);
	return true;
}

/* Its sender has signed in and was recognised. */
bool lab_fault_to_gateway(struct lab *l, const struct origin *o)
{
	if (l->fault->answer.does == FAULT_ANSWER_NONE ||
		l->fault->answer.to != SIP_METHOD_MESSAGE || l->msg.method != SIP_METHOD_MESSAGE)
		return false;
	answer(l, o);
	return true;
}

/* ---- a failure report, RFC 5438 section 7.2.1 ---- */

static void put_report_body(struct buf *b, struct slice id)
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
static void put_report(
	struct lab *l, struct buf *b, struct slice from, struct slice to, struct slice id)
{
	char branch[TOKEN + 8] = "z9hG4bK", call_id[TOKEN + 1], tag[TOKEN + 1];

	rng_token(l->rng, branch + 7, TOKEN);
	rng_token(l->rng, call_id, TOKEN);
	rng_token(l->rng, tag, TOKEN);
	sip_put_request_line(b, "MESSAGE", to);
	sip_put_via(b, l->cfg.gateway_transport, &l->cfg.gateway, slice_str(branch));
	buf_printf(b, "Max-Forwards: 70\r\nFrom: <%.*s>;tag=%s\r\nTo: <%.*s>\r\n", SLICE_FMT(from),
		tag, SLICE_FMT(to));
	buf_printf(b, "Call-ID: %s\r\nCSeq: 1 MESSAGE\r\n", call_id);
	buf_puts(b, "Content-Type: message/imdn+xml\r\n");
	buf_clear(&l->scratch);
	put_report_body(&l->scratch, id);
	sip_put_body(b, buf_slice(&l->scratch));
}

void lab_fault_report(
	struct lab *l, const struct jid *receiver, struct slice sender, struct slice id)
{
	struct fault_state *f = &l->faulty;
	struct buf from, to;
	struct where where;
	struct jid user;

	buf_init(&from, URI_MAX);
	buf_init(&to, URI_MAX);
	buf_clear(&f->report);
	if (jid_decode(sender, &user, &where) == 0 &&
		address_to_sip(receiver, false, &from, &where) == 0 &&
		address_to_sip(&user, false, &to, &where) == 0) {
		put_report(l, &f->report, buf_slice(&from), buf_slice(&to), id);
		f->report_at = ts_add(l->now, TS_MS(REPORT_MS));
	}
	buf_done(&from);
	buf_done(&to);
}

void lab_fault_time(struct lab *l)
{
	const struct origin gateway = { .listener = LAB_LISTEN_SIP_UDP,
		.transport = l->cfg.gateway_transport,
		.peer = l->cfg.gateway,
		.local = l->listeners[LAB_LISTEN_SIP_UDP] };

	if (l->now < l->faulty.report_at)
		return;
	l->faulty.report_at = TS_NEVER;
	lab_pool_message(l, buf_slice(&l->faulty.report), &gateway);
}

ts_t lab_fault_deadline(const struct lab *l)
{
	return l->faulty.report_at;
}

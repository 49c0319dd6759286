#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "probe/private.h"
#include "sip/hdr.h"

/* ---- DNS ---- */

void probe_fail_dns(struct probe *p, enum probe_phase phase, const char *name, enum dns_type type,
	enum dns_status status, const struct addr *server)
{
	static const struct {
		enum reason reason;
		const char *what;
	} rows[] = {
		[DNS_OK] = { REASON_DNS_NO_RECORDS, "has no usable records" },
		[DNS_NXDOMAIN] = { REASON_DNS_NXDOMAIN, "does not exist in the DNS" },
		[DNS_NODATA] = { REASON_DNS_NO_RECORDS, "has no such records" },
		[DNS_TIMEOUT] = { REASON_DNS_TIMEOUT,
			"could not be looked up: the DNS server is silent" },
		[DNS_REFUSED] = { REASON_DNS_REFUSED,
			"could not be looked up: the DNS server refuses" },
		[DNS_SERVFAIL] = { REASON_DNS_SERVER_FAILURE,
			"could not be looked up: the DNS server failed" },
		[DNS_UNREACHABLE] = { REASON_DNS_SERVER_FAILURE,
			"could not be looked up: nothing answers where the DNS server should be" },
		[DNS_MALFORMED] = { REASON_DNS_SERVER_FAILURE,
			"could not be looked up: the DNS server's answer is malformed" },
		[DNS_CANCELLED] = { REASON_DNS_TIMEOUT, "could not be looked up in time" },
	};
	char text[ADDR_TEXT_MAX];

	probe_fail(p, phase, rows[status].reason, "%s (%s) %s%s%s.", name, dns_type_name(type),
		rows[status].what, server->family ? "; asked: " : "",
		server->family ? addr_text(server, text) : "");
}

/* ---- TCP and TLS ---- */

static enum reason tcp_reason(int err)
{
	static const struct {
		int err;
		enum reason reason;
	} rows[] = {
		{ ECONNREFUSED, REASON_TCP_REFUSED },
		{ ETIMEDOUT, REASON_TCP_TIMEOUT },
		{ EHOSTUNREACH, REASON_TCP_UNREACHABLE },
		{ ENETUNREACH, REASON_TCP_UNREACHABLE },
		{ EHOSTDOWN, REASON_TCP_UNREACHABLE },
		{ ECONNRESET, REASON_TCP_RESET },
		{ EPIPE, REASON_TCP_RESET },
		{ ECONNABORTED, REASON_TCP_RESET },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (rows[i].err == err)
			return rows[i].reason;
	return REASON_LOCAL_NETWORK;
}

static const struct {
	unsigned fault;
	enum reason reason;
	const char *what;
} cert_rows[] = {
	/* By what a user must mend first; the message tells all of them. */
	{ TLS_FAULT_UNTRUSTED, REASON_TLS_UNTRUSTED_ISSUER, "its issuer is not trusted" },
	{ TLS_FAULT_EXPIRED, REASON_TLS_CERT_EXPIRED, "it has expired" },
	{ TLS_FAULT_NOT_YET_VALID, REASON_TLS_CERT_NOT_YET_VALID, "it is not valid yet" },
	{ TLS_FAULT_REVOKED, REASON_TLS_CERTIFICATE_REVOKED, "it was revoked" },
	{ TLS_FAULT_NAME, REASON_TLS_NAME_MISMATCH, "it is for another name" },
	{ TLS_FAULT_WEAK, REASON_TLS_CERTIFICATE_WEAK, "its key or signature is too weak" },
	{ TLS_FAULT_PURPOSE, REASON_TLS_HANDSHAKE_FAILED, "it is not for servers" },
	{ TLS_FAULT_OTHER, REASON_TLS_HANDSHAKE_FAILED, "it cannot be verified" },
};

static void fail_certificate(
	struct probe *p, enum probe_phase phase, const struct tls_facts *tls, const char *peer)
{
	enum reason reason = REASON_NONE;
	struct buf *b = &p->scratch;

	buf_clear(b);
	for (size_t i = 0; i < COUNT(cert_rows); i++) {
		if (!(tls->faults & cert_rows[i].fault))
			continue;
		if (reason == REASON_NONE)
			reason = cert_rows[i].reason;
		buf_puts(b, buf_len(b) ? ", " : "");
		buf_puts(b, cert_rows[i].what);
	}
	const struct tls_cert *c = &tls->certs[0];
	probe_fail(p, phase, reason ? reason : REASON_TLS_HANDSHAKE_FAILED,
		"The certificate of %s is refused: %s (subject %s, issuer %s, names %s).", peer,
		buf_cstr(b), c->subject, c->issuer, c->names[0] ? c->names : "none");
}

static void fail_tls(
	struct probe *p, enum probe_phase phase, const struct tls_facts *tls, const char *peer)
{
	static const struct {
		enum reason reason;
		const char *what;
	} rows[] = {
		[TLS_FAILURE_NONE] = { REASON_TLS_HANDSHAKE_FAILED, "the handshake failed" },
		[TLS_FAILURE_CERTIFICATE] = { REASON_TLS_HANDSHAKE_FAILED,
			"the certificate is refused" },
		[TLS_FAILURE_PLAIN_PEER] = { REASON_TLS_PLAIN_PEER,
			"what answers there does not speak TLS" },
		[TLS_FAILURE_VERSION] = { REASON_TLS_VERSION_UNSUPPORTED,
			"there is no common version of TLS (1.2 or newer is wanted)" },
		[TLS_FAILURE_ALERT] = { REASON_TLS_HANDSHAKE_FAILED,
			"the peer refused the handshake" },
		[TLS_FAILURE_CLOSED] = { REASON_TLS_HANDSHAKE_FAILED,
			"the peer closed in the middle" },
		[TLS_FAILURE_CLIENT_CERTIFICATE] = { REASON_TLS_CLIENT_CERTIFICATE_WANTED,
			"the peer wants a certificate of ours" },
		[TLS_FAILURE_OTHER] = { REASON_TLS_HANDSHAKE_FAILED, "the handshake failed" },
	};

	if (tls->failure == TLS_FAILURE_CERTIFICATE) {
		fail_certificate(p, phase, tls, peer);
		return;
	}
	probe_fail(p, phase, rows[tls->failure].reason, "No TLS with %s: %s%s%s%s.", peer,
		rows[tls->failure].what, tls->detail[0] ? " (" : "", tls->detail,
		tls->detail[0] ? ")" : "");
}

void probe_fail_flow(struct probe *p, enum probe_phase connect, enum probe_phase tls,
	const struct fact *in, const struct addr *peer)
{
	char text[ADDR_TEXT_MAX];

	addr_text(peer, text);
	if (in->type == FACT_FLOW_EOF)
		probe_fail(
			p, probe_sip_phase(p), REASON_TCP_RESET, "%s closed the connection.", text);
	else if (in->step == FLOW_STEP_TLS && in->tls)
		fail_tls(p, tls, in->tls, text);
	else if (in->step == FLOW_STEP_CONNECT)
		probe_fail(p, connect, tcp_reason(in->err), "No connection to %s: %s.", text,
			err_text(in->err));
	else
		probe_fail(p, in->step == FLOW_STEP_TLS ? tls : probe_sip_phase(p),
			tcp_reason(in->err), "The connection to %s broke: %s.", text,
			err_text(in->err));
}

/* ---- XMPP ---- */

static const struct {
	enum reason reason;
	const char *what;
} stream_rows[] = {
	[XSTREAM_FAIL_NONE] = { REASON_XMPP_STREAM_CLOSED, "the server closed the stream" },
	[XSTREAM_FAIL_HOST_UNKNOWN] = { REASON_XMPP_HOST_UNKNOWN,
		"the server does not serve this domain" },
	[XSTREAM_FAIL_TLS_NOT_OFFERED] = { REASON_TLS_NOT_OFFERED,
		"the server offers no STARTTLS" },
	[XSTREAM_FAIL_TLS_REFUSED] = { REASON_TLS_NOT_OFFERED, "the server refused STARTTLS" },
	[XSTREAM_FAIL_INJECTION] = { REASON_XMPP_DOWNGRADE,
		"bytes in clear came behind <proceed/>: somebody may be in the middle" },
	[XSTREAM_FAIL_NO_MECHANISM] = { REASON_XMPP_NO_MECHANISM,
		"there is no common SASL mechanism" },
	[XSTREAM_FAIL_BAD_CREDENTIALS] = { REASON_XMPP_BAD_CREDENTIALS,
		"the server refused the receiver's name or password" },
	[XSTREAM_FAIL_SASL] = { REASON_XMPP_SASL_FAILED, "the authentication failed" },
	[XSTREAM_FAIL_SERVER_PROOF] = { REASON_XMPP_SERVER_UNPROVED,
		"the server did not prove that it knows the password" },
	[XSTREAM_FAIL_DOWNGRADE] = { REASON_XMPP_DOWNGRADE,
		"the offered mechanisms were tampered with on the way" },
	[XSTREAM_FAIL_BIND] = { REASON_XMPP_BIND_REFUSED, "the server gave no resource" },
	[XSTREAM_FAIL_CONFLICT] = { REASON_XMPP_CONFLICT, "another session took this one's place" },
	[XSTREAM_FAIL_STREAM_ERROR] = { REASON_XMPP_STREAM_ERROR, "the server ended the stream" },
	[XSTREAM_FAIL_UNPARSABLE] = { REASON_XMPP_UNPARSABLE,
		"the server sent what is not well-formed XML" },
	[XSTREAM_FAIL_PROTOCOL] = { REASON_XMPP_PROTOCOL,
		"the server sent what may not come there" },
	[XSTREAM_FAIL_TIMEOUT] = { REASON_XMPP_NO_ANSWER, "the server does not answer" },
	[XSTREAM_FAIL_CLOSED] = { REASON_XMPP_STREAM_CLOSED, "the connection ended in the middle" },
	[XSTREAM_FAIL_INTERNAL] = { REASON_LOCAL_INTERNAL, "out of memory" },
};

void probe_fail_stream(struct probe *p, enum probe_phase phase, const struct xstream_event *ev)
{
	char text[ADDR_TEXT_MAX];
	const char *detail = ev->text && ev->text[0] ? ev->text
			     : ev->condition         ? ev->condition
						     : "";
	bool tls = ev->failure == XSTREAM_FAIL_TLS_NOT_OFFERED ||
		   ev->failure == XSTREAM_FAIL_TLS_REFUSED;

	probe_fail(p, tls ? PHASE_XMPP_TLS : phase, stream_rows[ev->failure].reason,
		"XMPP server %s: %s%s%s%s.", addr_text(&p->xmpp.target.addr, text),
		stream_rows[ev->failure].what, detail[0] ? " (" : "", detail, detail[0] ? ")" : "");
}

/* ---- SIP ---- */

struct status_row {
	int first, last;
	enum reason reason;
	const char *what;
};

static const struct status_row message_rows[] = {
	{ 403, 403, REASON_SIP_FORBIDDEN, "the message is forbidden" },
	{ 404, 404, REASON_SIP_NOT_FOUND, "the receiver was not found" },
	{ 604, 604, REASON_SIP_NOT_FOUND, "the receiver does not exist anywhere" },
	{ 408, 408, REASON_SIP_GATEWAY_TIMEOUT, "the next hop did not answer in time" },
	{ 504, 504, REASON_SIP_GATEWAY_TIMEOUT,
		"the gateway or the partner did not answer in time" },
	{ 410, 410, REASON_SIP_RECEIVER_UNAVAILABLE, "the receiver is gone" },
	{ 480, 480, REASON_SIP_RECEIVER_UNAVAILABLE, "the receiver is not available" },
	{ 486, 486, REASON_SIP_RECEIVER_UNAVAILABLE, "the receiver is busy" },
	{ 600, 600, REASON_SIP_RECEIVER_UNAVAILABLE, "the receiver is not available anywhere" },
	{ 603, 603, REASON_SIP_RECEIVER_UNAVAILABLE, "the receiver declined" },
	{ 482, 483, REASON_SIP_LOOP, "the message went in circles" },
	{ 502, 503, REASON_SIP_GATEWAY_DOWN, "the way to the gateway, or the gateway, is down" },
	{ 500, 599, REASON_SIP_SERVER_ERROR, "a server failed" },
	{ 300, 699, REASON_SIP_REJECTED, "the message was rejected" },
};

static const struct status_row *find_row(const struct status_row *rows, int status)
{
	while (status < rows->first || status > rows->last)
		rows++;
	return rows;
}

/* ms-diagnostics: the codes with which Lync and our gateway say that a domain is not allowed. */
static bool says_not_partner(const struct sip_msg *m, uint64_t *code)
{
	static const unsigned codes[] = { 1001, 1002, 1005, 1012, 1017, 1027 };
	struct slice value = sip_msg_value(m, SIP_HDR_MS_DIAGNOSTICS);

	if (value.n == 0)
		value = sip_msg_value(m, SIP_HDR_MS_DIAGNOSTICS_PUBLIC);
	*code = 0;
	if (!slice_u64(slice_trim(slice_split(&value, ';')), UINT32_MAX, code))
		return false;
	for (size_t i = 0; i < COUNT(codes); i++)
		if (*code == codes[i])
			return true;
	return false;
}

/* Reason: XMPP;text="item-not-found" (RFC 3326): a gateway that tells what the far side said. */
static bool says_condition(const struct sip_msg *m, char condition[64])
{
	struct slice value = sip_msg_value(m, SIP_HDR_REASON), text;
	struct slice protocol = slice_trim(slice_split(&value, ';'));

	if (!slice_ieqs(protocol, "XMPP") || !sip_param_find(value, "text", &text) || text.n < 2)
		return false;
	return slice_cstr(slice_cut(text, 1, text.n - 1), condition, 64);
}

static enum reason condition_reason(const char *condition)
{
	if (strcmp(condition, "remote-server-not-found") == 0)
		return REASON_XMPP_REMOTE_SERVER_NOT_FOUND;
	if (strcmp(condition, "remote-server-timeout") == 0)
		return REASON_XMPP_REMOTE_SERVER_TIMEOUT;
	return REASON_XMPP_BOUNCED;
}

static struct slice short_reason(const struct sip_msg *m)
{
	return slice_cut(m->reason, 0, 80);
}

void probe_fail_message(struct probe *p, const struct sip_msg *m)
{
	char condition[64];
	uint64_t code;
	const struct status_row *row = find_row(message_rows, m->status);
	struct slice reason = short_reason(m);

	if (says_condition(m, condition)) {
		probe_end(p, PHASE_SIP_SEND, PHASE_OK);
		probe_fail(p, PHASE_DELIVER, condition_reason(condition),
			"The XMPP side sent the message to %s back: %s (%d %.*s).",
			p->result.receiver, condition, m->status, SLICE_FMT(reason));
	} else if (says_not_partner(m, &code)) {
		probe_fail(p, PHASE_SIP_SEND, REASON_SIP_PARTNER_NOT_ALLOWED,
			"%.*s is not an allowed partner of the gateway (%d %.*s, ms-diagnostics "
			"%u).",
			SLICE_FMT(jid_domain(&p->receiver)), m->status, SLICE_FMT(reason),
			(unsigned)code);
	} else {
		probe_fail(p, PHASE_SIP_SEND, row->reason,
			"The message to %s failed: %s (%d %.*s).", p->result.receiver, row->what,
			m->status, SLICE_FMT(reason));
	}
}

static const struct status_row register_rows[] = {
	{ 403, 403, REASON_SIP_FORBIDDEN, "the pool forbids this user to sign in" },
	{ 404, 404, REASON_SIP_USER_UNKNOWN, "the pool does not know this user" },
	{ 604, 604, REASON_SIP_USER_UNKNOWN, "the pool does not know this user" },
	{ 408, 408, REASON_SIP_NO_ANSWER, "the registrar did not answer in time" },
	{ 500, 599, REASON_SIP_SERVER_ERROR, "the registrar failed" },
	{ 300, 699, REASON_SIP_REJECTED, "the pool rejected the sign-in" },
};

void probe_fail_register(
	struct probe *p, enum reg_outcome outcome, int status, const struct sip_msg *m)
{
	const struct status_row *row = find_row(register_rows, status < 300 ? 699 : status);
	struct slice reason = short_reason(m);

	switch (outcome) {
	case REG_BAD_CREDENTIALS:
		probe_fail(p, PHASE_SIP_REGISTER, REASON_SIP_BAD_CREDENTIALS,
			"The pool refused the name or password of %s (%d %.*s).", p->result.user,
			status, SLICE_FMT(reason));
		break;
	case REG_NO_CREDENTIALS:
	case REG_UNSUPPORTED_AUTH:
		probe_fail(p, PHASE_SIP_REGISTER, REASON_SIP_NO_MECHANISM,
			"The pool asks for an authentication scheme that is not supported (%d "
			"%.*s).",
			status, SLICE_FMT(reason));
		break;
	case REG_NO_BINDING:
		probe_fail(p, PHASE_SIP_REGISTER, REASON_SIP_NO_BINDING,
			"The pool said %d, but %s's contact is not among its bindings.", status,
			p->result.user);
		break;
	case REG_OK:
	case REG_REJECTED:
	case REG_TIMEOUT:
		probe_fail(p, PHASE_SIP_REGISTER, row->reason, "Sign-in of %s: %s (%d %.*s).",
			p->result.user, row->what, status, SLICE_FMT(reason));
		break;
	}
}

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "probe/private.h"

enum {
	ENDS_SOON_DAYS = 14, /* what certificate monitors warn at */
	DAY_S = 86400,
};

/* ---- DNS ---- */

void probe_fail_dns(struct probe *p, enum probe_phase phase, const struct dns_failure *f)
{
	static const struct {
		enum reason reason;
		const char *sentence;
	} rows[] = {
		[DNS_OK] = { REASON_DNS_NO_RECORDS,
			N_("{1} ({2}) has no usable records; asked: {3}.") },
		[DNS_NXDOMAIN] = { REASON_DNS_NXDOMAIN,
			N_("{1} ({2}) does not exist in the DNS; asked: {3}.") },
		[DNS_NODATA] = { REASON_DNS_NO_RECORDS,
			N_("{1} has no {2} records in the DNS; asked: {3}.") },
		[DNS_TIMEOUT] = { REASON_DNS_TIMEOUT,
			N_("{1} ({2}) could not be looked up: {3} does not answer.") },
		[DNS_REFUSED] = { REASON_DNS_REFUSED,
			N_("{1} ({2}) could not be looked up: {3} refuses to answer.") },
		[DNS_SERVFAIL] = { REASON_DNS_SERVER_FAILURE,
			N_("{1} ({2}) could not be looked up: {3} answers SERVFAIL.") },
		[DNS_UNREACHABLE] = { REASON_DNS_UNREACHABLE,
			N_("{1} ({2}) could not be looked up: no DNS answers at {3}.") },
		[DNS_MALFORMED] = { REASON_DNS_MALFORMED,
			N_("{1} ({2}) could not be looked up: the answer of {3} cannot be read.") },
		[DNS_CANCELLED] = { REASON_DNS_TIMEOUT,
			N_("{1} ({2}) could not be looked up in time; asked: {3}.") },
	};
	struct evidence *e = &p->result.evidence;

	if (probe_is_decided(p))
		return;
	e->has_dns = true;
	slice_cstr(slice_str(f->name), e->dns_name, sizeof(e->dns_name));
	e->dns_type = f->type;
	e->dns_status = f->status;
	e->dns_server = *f->server;
	const struct text_arg server =
		f->server->family ? text_addr(f->server) : text_id(N_("the system's DNS servers"));
	if (f->srv_says_no)
		probe_fail(p, phase, REASON_DNS_SRV_NOT_OFFERED,
			TEXT(N_("The SRV record of {1} says that the service is not offered there; "
				"asked: {2}."),
				text_str(f->name), server));
	else
		probe_fail(p, phase, rows[f->status].reason,
			TEXT(rows[f->status].sentence, text_str(f->name),
				text_str(dns_type_name(f->type)), server));
}

/* ---- TCP ---- */

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

const struct addr *probe_peer(const struct probe *p, enum probe_side side)
{
	return side == SIDE_SIP ? &p->sip.target.addr : &p->xmpp.target.addr;
}

/* ---- certificates ---- */

static const struct {
	unsigned fault;
	enum reason reason;
	const char *what;
} cert_rows[] = {
	/* By what a user must mend first; the message tells all of them. */
	{ TLS_FAULT_UNTRUSTED, REASON_TLS_UNTRUSTED_ISSUER, N_("its issuer is not trusted") },
	{ TLS_FAULT_EXPIRED, REASON_TLS_CERT_EXPIRED, N_("it has expired") },
	{ TLS_FAULT_NOT_YET_VALID, REASON_TLS_CERT_NOT_YET_VALID, N_("it is not valid yet") },
	{ TLS_FAULT_REVOKED, REASON_TLS_CERTIFICATE_REVOKED, N_("it was revoked") },
	{ TLS_FAULT_NAME, REASON_TLS_NAME_MISMATCH, N_("it is for another name") },
	{ TLS_FAULT_WEAK, REASON_TLS_CERTIFICATE_WEAK, N_("its key or signature is too weak") },
	{ TLS_FAULT_PURPOSE, REASON_TLS_CERTIFICATE_PURPOSE, N_("it is not for servers") },
	{ TLS_FAULT_OTHER, REASON_TLS_HANDSHAKE_FAILED, N_("it cannot be verified") },
};
enum { FAULTS_SHOWN = 3 }; /* beside the first; all of them are in the evidence */

/* The certificate that has this fault, else the server's own. */
static const struct tls_cert *faulty(const struct tls_facts *tls, unsigned fault)
{
	for (unsigned i = 0; i < tls->n_certs; i++)
		if (tls->certs[i].faults & fault)
			return &tls->certs[i];
	return &tls->certs[0];
}

static void fail_certificate(
	struct probe *p, enum probe_phase phase, enum probe_side side, const struct tls_facts *tls)
{
	static const char *const sentences[FAULTS_SHOWN] = {
		N_("The certificate of {1} is refused: {2} (subject {3}, issuer {4})."),
		N_("The certificate of {1} is refused: {2}, {5} (subject {3}, issuer {4})."),
		N_("The certificate of {1} is refused: {2}, {5}, {6} (subject {3}, issuer {4})."),
	};
	size_t found[FAULTS_SHOWN] = { COUNT(cert_rows) - 1 };
	unsigned n = 0;

	for (size_t i = 0; i < COUNT(cert_rows) && n < FAULTS_SHOWN; i++)
		if (tls->faults & cert_rows[i].fault)
			found[n++] = i;
	n = n ? n : 1;
	const struct tls_cert *c = faulty(tls, cert_rows[found[0]].fault);
	probe_fail(p, phase, cert_rows[found[0]].reason,
		TEXT(sentences[n - 1], text_addr(probe_peer(p, side)),
			text_id(cert_rows[found[0]].what), text_str(c->subject),
			text_str(c->issuer), text_id(n > 1 ? cert_rows[found[1]].what : ""),
			text_id(n > 2 ? cert_rows[found[2]].what : "")));
}

/* ---- TLS ---- */

static void fail_tls(
	struct probe *p, enum probe_phase phase, enum probe_side side, const struct tls_facts *tls)
{
	static const struct {
		enum reason reason;
		const char *sentence;
	} rows[] = {
		[TLS_FAILURE_NONE] = { REASON_TLS_HANDSHAKE_FAILED,
			N_("The TLS handshake with {1} failed.") },
		[TLS_FAILURE_CERTIFICATE] = { REASON_TLS_HANDSHAKE_FAILED,
			N_("The certificate of {1} is refused: {2}.") },
		[TLS_FAILURE_PLAIN_PEER] = { REASON_TLS_PLAIN_PEER,
			N_("What answers at {1} does not speak TLS.") },
		[TLS_FAILURE_VERSION] = { REASON_TLS_VERSION_UNSUPPORTED,
			N_("{1} has no version of TLS in common with us (1.2 or newer): {2}.") },
		[TLS_FAILURE_ALERT] = { REASON_TLS_HANDSHAKE_FAILED,
			N_("{1} refused the TLS handshake: {2}.") },
		[TLS_FAILURE_CLOSED] = { REASON_TLS_CLOSED,
			N_("{1} closed the connection in the middle of the TLS handshake.") },
		[TLS_FAILURE_CLIENT_CERTIFICATE] = { REASON_TLS_CLIENT_CERTIFICATE_WANTED,
			N_("{1} wants a certificate of its client: {2}.") },
		[TLS_FAILURE_OTHER] = { REASON_TLS_HANDSHAKE_FAILED,
			N_("The TLS handshake with {1} failed: {2}.") },
	};

	probe_keep_tls(p, side, tls);
	p->result.evidence.has_tls = true;
	p->result.evidence.tls_side = side;
	if (tls->failure == TLS_FAILURE_CERTIFICATE)
		fail_certificate(p, phase, side, tls);
	else
		probe_fail(p, phase, rows[tls->failure].reason,
			TEXT(rows[tls->failure].sentence, text_addr(probe_peer(p, side)),
				text_str(tls->detail[0] ? tls->detail : "?")));
}

/* The certificate of the chain that ends first. */
static const struct tls_cert *first_to_end(const struct tls_facts *tls)
{
	const struct tls_cert *first = NULL;

	for (unsigned i = 0; i < tls->n_certs; i++)
		if (!first || tls->certs[i].not_after < first->not_after)
			first = &tls->certs[i];
	return first;
}

void probe_keep_tls(struct probe *p, enum probe_side side, const struct tls_facts *tls)
{
	const struct tls_cert *c = first_to_end(tls);

	p->result.tls[side] = *tls;
	if (!c || !p->knows_wall)
		return;
	int64_t now_s = (p->wall + (int64_t)p->now) / 1000000, left = c->not_after - now_s;
	if (left >= 0 && left < ENDS_SOON_DAYS * DAY_S)
		probe_note(p, NOTE_CERTIFICATE_ENDS_SOON,
			TEXT(N_("the certificate {1} of {2} ends on {3}"), text_str(c->subject),
				text_addr(probe_peer(p, side)), text_date(c->not_after)));
}

/* ---- a connection ---- */

static enum probe_phase phase_of(const struct probe *p, enum probe_side side, enum flow_step step)
{
	static const enum probe_phase connect[] = { PHASE_SIP_CONNECT, PHASE_XMPP_CONNECT };
	static const enum probe_phase tls[] = { PHASE_SIP_TLS, PHASE_XMPP_TLS };

	switch (step) {
	case FLOW_STEP_CONNECT: return connect[side];
	case FLOW_STEP_TLS: return tls[side];
	case FLOW_STEP_OPEN: break;
	}
	if (side == SIDE_SIP)
		return probe_sip_phase(p);
	return p->xmpp.state == XMPP_READY ? PHASE_DELIVER : p->xmpp.phase;
}

void probe_fail_flow(struct probe *p, enum probe_side side, const struct fact *in)
{
	const struct text_arg peer = text_addr(probe_peer(p, side));
	const enum probe_phase phase = phase_of(p, side, in->step);

	if (probe_is_decided(p))
		return;
	p->result.evidence.address = *probe_peer(p, side);
	if (in->type == FACT_FLOW_EOF) {
		probe_fail(p, phase_of(p, side, FLOW_STEP_OPEN), REASON_TCP_RESET,
			TEXT(N_("{1} closed the connection."), peer));
		return;
	}
	if (in->step == FLOW_STEP_TLS && in->tls) {
		fail_tls(p, phase, side, in->tls);
		return;
	}
	p->result.evidence.err = in->err;
	if (in->here)
		probe_fail(p, phase, REASON_LOCAL_NETWORK,
			TEXT(N_("This machine cannot connect to {1}: {2}."), peer,
				text_errno(in->err)));
	else if (in->step == FLOW_STEP_CONNECT)
		probe_fail(p, phase, tcp_reason(in->err),
			TEXT(N_("No connection to {1}: {2}."), peer, text_errno(in->err)));
	else
		probe_fail(p, phase, tcp_reason(in->err),
			TEXT(N_("The connection to {1} broke: {2}."), peer, text_errno(in->err)));
}

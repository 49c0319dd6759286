#include "probe/blame.h"

#include <string.h>

#include "base/mem.h"

/* ---- DNS ---- */

/* A CNAME record that leads nowhere. */
static struct blame blame_alias(const struct targets_failure *f, struct text_arg server)
{
	const bool gone = f->status == DNS_NXDOMAIN;

	return (struct blame){ gone ? REASON_DNS_DANGLING_ALIAS : REASON_DNS_NO_RECORDS,
		TEXT(gone ? N_("{1} is an alias (CNAME) of {4}, which does not exist; asked: {3}.")
			  : N_("{1} is an alias (CNAME) of {4}, which has no {2} records; asked: "
			       "{3}."),
			text_str(f->name), text_str(dns_type_name(f->type)), server,
			text_str(f->alias)) };
}

struct blame blame_dns(const struct targets_failure *f)
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
			N_("{1} ({2}) could not be looked up: {3} cannot be reached.") },
		[DNS_MALFORMED] = { REASON_DNS_MALFORMED,
			N_("{1} ({2}) could not be looked up: the answer of {3} cannot be read.") },
		[DNS_TCP_REFUSED] = { REASON_DNS_TCP_REFUSED,
			N_("{1} ({2}) could not be looked up: {3} answers over UDP that it is too "
			   "much for it, and takes no TCP.") },
		[DNS_CANCELLED] = { REASON_DNS_TIMEOUT,
			N_("{1} ({2}) could not be looked up in time; asked: {3}.") },
	};
	static const char *const searched =
		N_("{1} ({2}) does not exist in the DNS, nor below a search domain of "
		   "/etc/resolv.conf; asked: {3}.");
	const struct text_arg server =
		f->server.family ? text_addr(&f->server) : text_id(N_("the DNS"));

	if (f->srv_says_no)
		return (struct blame){ REASON_DNS_SRV_NOT_OFFERED,
			TEXT(N_("The SRV record of {1} says that the service is not offered there; "
				"asked: {2}."),
				text_str(f->name), server) };
	if (f->alias[0] && (f->status == DNS_NXDOMAIN || f->status == DNS_NODATA))
		return blame_alias(f, server);
	return (struct blame){ rows[f->status].reason,
		TEXT(f->searched && f->status == DNS_NXDOMAIN ? searched : rows[f->status].sentence,
			text_str(f->name), text_str(dns_type_name(f->type)), server) };
}

void evidence_keep_dns(struct evidence *e, const struct targets_failure *f)
{
	e->has_dns = true;
	memcpy(e->dns_name, f->name, sizeof(e->dns_name));
	e->dns_type = f->type;
	e->dns_status = f->status;
	e->dns_server = f->server;
	e->dns_searched = f->searched;
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

struct blame blame_connect(const struct addr *peer, int err, bool here)
{
	if (here)
		return (struct blame){ REASON_LOCAL_NETWORK,
			TEXT(N_("This machine cannot connect to {1}: {2}."), text_addr(peer),
				text_errno(err)) };
	return (struct blame){ tcp_reason(err),
		TEXT(N_("No connection to {1}: {2}."), text_addr(peer), text_errno(err)) };
}

struct blame blame_broken(const struct addr *peer, int err)
{
	return (struct blame){ tcp_reason(err),
		TEXT(N_("The connection to {1} broke: {2}."), text_addr(peer), text_errno(err)) };
}

struct blame blame_closed(const struct addr *peer)
{
	return (struct blame){ REASON_TCP_RESET,
		TEXT(N_("{1} closed the connection."), text_addr(peer)) };
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

struct blame blame_certificate(const struct addr *peer, const struct tls_facts *tls)
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
	return (struct blame){ cert_rows[found[0]].reason,
		TEXT(sentences[n - 1], text_addr(peer), text_id(cert_rows[found[0]].what),
			text_str(c->subject), text_str(c->issuer),
			text_id(n > 1 ? cert_rows[found[1]].what : ""),
			text_id(n > 2 ? cert_rows[found[2]].what : "")) };
}

const struct tls_cert *blame_first_to_end(const struct tls_facts *tls)
{
	const struct tls_cert *first = NULL;

	for (unsigned i = 0; i < tls->n_certs; i++)
		if (!first || tls->certs[i].not_after < first->not_after)
			first = &tls->certs[i];
	return first;
}

/* ---- TLS ---- */

struct blame blame_tls(const struct addr *peer, const struct tls_facts *tls)
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

	if (tls->failure == TLS_FAILURE_CERTIFICATE)
		return blame_certificate(peer, tls);
	return (struct blame){ rows[tls->failure].reason,
		TEXT(rows[tls->failure].sentence, text_addr(peer),
			text_str(tls->detail[0] ? tls->detail : "?")) };
}

/* ---- SIP ---- */

/* A TLS record of type alert where SIP was awaited (RFC 8446 section 5.1). */
bool blame_is_tls_alert(struct slice bytes)
{
	return bytes.n >= 2 && bytes.p[0] == 21 && bytes.p[1] == 3;
}

struct blame blame_tls_expected(const struct addr *peer)
{
	return (struct blame){ REASON_TLS_EXPECTED,
		TEXT(N_("{1} wants TLS, and was spoken to in plain SIP."), text_addr(peer)) };
}

struct blame blame_datagram(const struct addr *peer, int err)
{
	return (struct blame){ REASON_UDP_REFUSED,
		TEXT(N_("Nothing takes UDP datagrams at {1}: {2}."), text_addr(peer),
			text_errno(err)) };
}

struct blame blame_unparsable(const struct addr *peer, const struct where *where)
{
	return (struct blame){ REASON_SIP_UNPARSABLE,
		TEXT(N_("{1} sent something that is not SIP: {2}, at byte {3}."), text_addr(peer),
			text_str(where->what), text_u64(where->offset)) };
}

struct blame blame_overloaded(const struct addr *peer, const struct evidence *e)
{
	return (struct blame){ REASON_SIP_OVERLOADED,
		TEXT(N_("{1} asks to be left alone for {2} s ({3} {4})."), text_addr(peer),
			text_u64(e->retry_after_s), text_u64((unsigned)e->sip_status),
			text_str(e->sip_reason)) };
}

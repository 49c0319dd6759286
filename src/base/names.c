/* Names of the enums that both columns share. */
#include "base/mem.h"
#include "base/world.h"

const char *dns_type_name(enum dns_type type)
{
	static const char *const names[] = {
		[DNS_A] = "A", [DNS_AAAA] = "AAAA", [DNS_SRV] = "SRV", [DNS_NAPTR] = "NAPTR"
	};

	return names[type];
}

const char *dns_status_name(enum dns_status status)
{
	static const char *const names[] = {
		[DNS_OK] = "ok",
		[DNS_NXDOMAIN] = "nxdomain",
		[DNS_NODATA] = "nodata",
		[DNS_TIMEOUT] = "timeout",
		[DNS_REFUSED] = "refused",
		[DNS_SERVFAIL] = "servfail",
		[DNS_UNREACHABLE] = "unreachable",
		[DNS_MALFORMED] = "malformed",
		[DNS_TCP_REFUSED] = "tcp_refused",
		[DNS_CANCELLED] = "cancelled",
	};

	return names[status];
}

const char *tls_failure_name(enum tls_failure f)
{
	static const char *const names[] = {
		[TLS_FAILURE_NONE] = "none",
		[TLS_FAILURE_CERTIFICATE] = "certificate",
		[TLS_FAILURE_PLAIN_PEER] = "plain-peer",
		[TLS_FAILURE_VERSION] = "version",
		[TLS_FAILURE_ALERT] = "alert",
		[TLS_FAILURE_CLOSED] = "closed",
		[TLS_FAILURE_CLIENT_CERTIFICATE] = "client-certificate",
		[TLS_FAILURE_OTHER] = "other",
	};

	return names[f];
}

const char *tls_fault_name(unsigned faults, unsigned *at)
{
	static const struct {
		unsigned fault;
		const char *name;
	} names[] = {
		{ TLS_FAULT_EXPIRED, "expired" },
		{ TLS_FAULT_NOT_YET_VALID, "not_yet_valid" },
		{ TLS_FAULT_NAME, "name_mismatch" },
		{ TLS_FAULT_UNTRUSTED, "untrusted_issuer" },
		{ TLS_FAULT_WEAK, "weak" },
		{ TLS_FAULT_REVOKED, "revoked" },
		{ TLS_FAULT_PURPOSE, "purpose" },
		{ TLS_FAULT_OTHER, "other" },
	};

	while (*at < COUNT(names)) {
		unsigned i = (*at)++;

		if (faults & names[i].fault)
			return names[i].name;
	}
	return NULL;
}

bool fact_is_of_flow(enum fact_type type)
{
	static const bool yes[] = {
		[FACT_FLOW_UP] = true,
		[FACT_FLOW_BYTES] = true,
		[FACT_FLOW_EOF] = true,
		[FACT_FLOW_FAILED] = true,
		[FACT_FLOW_BLOCKED] = true,
		[FACT_FLOW_READY] = true,
		[FACT_TLS_UP] = true,
		[FACT_STOP] = false,
	};

	return yes[type];
}

const char *fact_type_name(enum fact_type type)
{
	static const char *const names[] = {
		[FACT_FLOW_UP] = "flow-up",
		[FACT_FLOW_ACCEPTED] = "flow-accepted",
		[FACT_FLOW_BYTES] = "flow-bytes",
		[FACT_FLOW_EOF] = "flow-eof",
		[FACT_FLOW_FAILED] = "flow-failed",
		[FACT_FLOW_BLOCKED] = "flow-blocked",
		[FACT_FLOW_READY] = "flow-ready",
		[FACT_TLS_UP] = "tls-up",
		[FACT_LISTEN_UP] = "listen-up",
		[FACT_LISTEN_FAILED] = "listen-failed",
		[FACT_DATAGRAM] = "datagram",
		[FACT_DATAGRAM_FAILED] = "datagram-failed",
		[FACT_DNS] = "dns",
		[FACT_CLOCK] = "clock",
		[FACT_STOP] = "stop",
	};

	return names[type];
}

const char *want_type_name(enum want_type type)
{
	static const char *const names[] = {
		[WANT_FLOW] = "flow",
		[WANT_TLS] = "tls",
		[WANT_LISTEN] = "listen",
		[WANT_UNLISTEN] = "unlisten",
		[WANT_PAUSE] = "pause",
		[WANT_RESUME] = "resume",
		[WANT_CLOSE_FLOW] = "close-flow",
		[WANT_DROP_FLOW] = "drop-flow",
		[WANT_DNS] = "dns",
		[WANT_DROP_DNS] = "drop-dns",
	};

	return names[type];
}

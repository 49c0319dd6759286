/* dns.h - what the DNS said, as values.  Who asks is net; who decides is sip and xmpp. */
#pragma once

#include "base/addr.h"

#define DNS_NAME_MAX    254 /* 253 characters and a NUL; without the final dot */
#define DNS_RECORDS_MAX 64

enum dns_type {
	DNS_A,
	DNS_AAAA,
	DNS_SRV,
	DNS_NAPTR,
};

/* Never merged: a user mends each of these in another place. */
enum dns_status {
	DNS_OK,       /* at least one record of the type that was asked for */
	DNS_NXDOMAIN, /* the name does not exist */
	DNS_NODATA,   /* the name exists, not with this type */
	DNS_TIMEOUT,
	DNS_REFUSED,     /* the server's REFUSED */
	DNS_SERVFAIL,    /* the server's SERVFAIL or NOTIMP */
	DNS_UNREACHABLE, /* nothing listens where the server should be */
	DNS_MALFORMED,
	DNS_TCP_REFUSED, /* it answers over UDP, cut, and takes no TCP: RFC 7766 section 5 */
	DNS_CANCELLED,
};

struct dns_record {
	enum dns_type type;
	uint32_t ttl_s;
	union {
		struct addr addr; /* A, AAAA; port 0 */
		struct {
			uint16_t priority, weight, port;
			char target[DNS_NAME_MAX]; /* "" stands for "." */
		} srv;
		struct {
			uint16_t order, preference;
			char flags[4];
			char service[32];
			bool has_regexp;
			char replacement[DNS_NAME_MAX];
		} naptr;
	};
};

struct dns_answer {
	enum dns_status status;
	bool from_hosts_file;
	bool searched;      /* it was completed by the domains of resolv.conf(5), in vain or not */
	const char *alias;  /* where a chain of CNAME records led; NULL or "": there is none */
	struct addr server; /* who answered, or who did not; family 0 when not known */
	const struct dns_record *records;
	size_t n_records;
};

const char *dns_type_name(enum dns_type type);       /* "A", "SRV" */
const char *dns_status_name(enum dns_status status); /* "nxdomain", "timeout" */

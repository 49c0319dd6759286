/* nameserver.h - an authoritative name server of a few names: one datagram in, one out.
 *
 * RFC 1034 and RFC 1035 section 4, SRV (RFC 2782), NAPTR (RFC 3403), negative
 * answers (RFC 2308, RFC 8020), EDNS0 (RFC 6891).  What is not its own is
 * REFUSED, what does not fit is cut with TC.  A value without memory of its
 * own: nothing to free.
 */
#pragma once

#include "base/buf.h"
#include "base/dns.h"

#define NAMESERVER_ZONES_MAX  4
#define NAMESERVER_ROWS_MAX   32
#define NAMESERVER_ANSWER_MAX 1232 /* bytes with EDNS0: never a fragment; 512 without */

/* What is wrong with it, whatever it is asked. */
enum nameserver_fault {
	NAMESERVER_RIGHT,
	NAMESERVER_SILENT,
	NAMESERVER_REFUSES,
	NAMESERVER_FAILS,   /* SERVFAIL */
	NAMESERVER_CUTS,    /* every answer is cut, and nothing listens on TCP */
	NAMESERVER_DANGLES, /* every name is an alias of one that does not exist */
	NAMESERVER_GARBLES, /* a name that points at itself, and no end */
};

struct nameserver_name { /* as on the wire, in lower case, with the final 0 */
	uint8_t n;
	uint8_t bytes[255];
};

struct nameserver {
	enum nameserver_fault fault;
	struct nameserver_name zones[NAMESERVER_ZONES_MAX];
	unsigned n_zones;
	struct nameserver_row {
		struct nameserver_name name;
		struct dns_record record;
	} rows[NAMESERVER_ROWS_MAX];
	unsigned n_rows;
};

/* Both: 0; ERR_SYNTAX when `name` is none; ERR_LIMIT.  Names are text without the final dot. */
int nameserver_add_zone(struct nameserver *s, const char *name);
int nameserver_add(struct nameserver *s, const char *name, const struct dns_record *record);

/* Appends the answer to `query`; false when there is none to give: what came is no question, or
 * the server is silent.  Never longer than what the asker takes. */
bool nameserver_answer(const struct nameserver *s, struct slice query, struct buf *out);

/* addr.h - an IP address with its port, as a value. */
#pragma once

#include "base/buf.h"

enum transport {
	TRANSPORT_UDP,
	TRANSPORT_TCP,
	TRANSPORT_TLS,
};

struct addr {
	uint8_t family; /* 0 none, 4, 6 */
	uint16_t port;  /* host order */
	uint32_t scope; /* IPv6 zone index, else 0 */
	uint8_t ip[16]; /* network order; the first 4 for IPv4, the rest 0 */
};

/* A network, or with all bits one address.  What is in it differs in the other bits alone. */
struct addr_net {
	struct addr addr;
	uint8_t bits;
};

#define ADDR_TEXT_MAX 64 /* "[v6%zone]:port" and a NUL */

const char *transport_name(enum transport t); /* "udp", "tcp", "tls" */
bool transport_find(struct slice name, enum transport *ret);

/* "192.0.2.1", "2001:db8::1" or "[2001:db8::1]"; no port.  false when it is no IP literal. */
bool addr_decode_ip(struct slice text, struct addr *ret);
/* "192.0.2.1:5060" or "[::1]:5060"; the port is required. */
bool addr_decode(struct slice text, struct addr *ret);
void addr_put_ip(struct buf *b, const struct addr *a); /* without brackets, RFC 5952 */
void addr_put(struct buf *b, const struct addr *a);    /* with brackets (v6) and port */
const char *addr_text(const struct addr *a, char text[ADDR_TEXT_MAX]); /* returns text */
bool addr_eq(const struct addr *a, const struct addr *b);
bool addr_ip_eq(const struct addr *a, const struct addr *b); /* ports are ignored */
/* ::ffff:192.0.2.1, as an IPv6 socket shows IPv4 (RFC 4291 section 2.5.5.2), becomes 192.0.2.1:
 * they are one address, so that who is trusted is under either name. */
void addr_unmap(struct addr *a);
/* "10.0.0.0/8", or an address.  Mapped ones are read as IPv4.  False also for bits behind the
 * prefix: 10.1.0.0/8 is a slip in one of its two parts. */
bool addr_net_decode(struct slice text, struct addr_net *ret);
void addr_net_put(struct buf *b, const struct addr_net *net);
bool addr_net_has(const struct addr_net *net, const struct addr *a); /* the port is ignored */
bool addr_is_loopback(const struct addr *a);
bool addr_is_wildcard(const struct addr *a); /* 0.0.0.0 or ::, all of this machine's */

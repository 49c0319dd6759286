/* srv.h - SRV records: which are of use, and the order in which they are tried, RFC 2782.
 *
 * Both worlds find their servers by them.  Nothing is owned here: the owner
 * gives each record a number of its own and finds it again by that.
 */
#pragma once

#include "base/dns.h"
#include "base/rng.h"

struct srv {
	uint16_t priority, weight;
	unsigned number; /* of equals the lower one stands first before chance decides */
};

/* An SRV record that leads somewhere: with a port, and no target ".". */
bool srv_is_usable(const struct dns_record *r);
/* Sorts by priority, and by chance and weight within one.  For lists as long as an answer. */
void srv_order(struct rng *rng, struct srv *list, size_t n);

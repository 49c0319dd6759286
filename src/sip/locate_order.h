/* locate_order.h - the order in which SRV records are tried, RFC 2782. */
#pragma once

#include "base/dns.h"
#include "base/rng.h"

/* Sorts `list` by priority, and by chance and weight within one. */
void locate_order(struct rng *rng, const struct dns_record **list, size_t n);

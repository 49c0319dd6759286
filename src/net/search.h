/* search.h - domains that complete the name of a host, resolv.conf(5). */
#pragma once

#include <ares.h>

#include "base/dns.h"

enum { SEARCH_MAX = 8 };

struct search {
	char domains[SEARCH_MAX][DNS_NAME_MAX];
	unsigned n;
	unsigned ndots; /* a name with as many is asked as it is before it is completed */
};

/* The system's, as c-ares has read them; 0 or -ENOMEM. */
int search_read(struct search *s, ares_channel channel);
/* The i-th candidate, of n + 1: the name as it is or completed; "" for one that is too long. */
void search_put(const struct search *s, const char *name, unsigned i, char ret[DNS_NAME_MAX]);

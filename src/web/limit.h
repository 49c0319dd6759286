/* limit.h - how often an address may be wrong: a burst, then one more each few seconds.
 *
 * Pure.
 */
#pragma once

#include "base/addr.h"
#include "base/ts.h"

enum {
	WEB_LIMIT_ROWS = 1024, /* then the one that may be wrong again soonest is forgotten */
	WEB_LIMIT_BURST = 10,
	WEB_LIMIT_EACH_S = 6,
};

struct web_limit {
	struct {
		struct addr who;
		ts_t until; /* what it has been wrong is forgotten then */
	} rows[WEB_LIMIT_ROWS];
};

/* The same stranger: of IPv6 he has a /64 at least. */
bool web_peer_eq(const struct addr *a, const struct addr *b);
/* Zeroed nobody has been wrong. */
bool web_limit_is_reached(const struct web_limit *l, const struct addr *who, ts_t now);
void web_limit_count(struct web_limit *l, const struct addr *who, ts_t now);
void web_limit_forgive(struct web_limit *l, const struct addr *who); /* one that was counted */

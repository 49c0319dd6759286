/* moved.h - the Contact of a 301 or 302, until timer J: all else of an answer is made again from
 * the repeated request, and this is in none.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "sip/nist.h"

struct moved {
	struct map map;   /* by key */
	struct list fifo; /* they linger equally long: the first one is the oldest */
};

#define MOVED_CONTACT_MAX 512 /* bytes */

void moved_init(struct moved *m, struct rng *rng);
void moved_done(struct moved *m);
/* False where there is no room for it: then no new address must be told. */
bool moved_keep(struct moved *m, const struct nist_key *key, struct slice contact, ts_t now);
struct slice moved_find(const struct moved *m, const struct nist_key *key); /* "" for none */

/* queue.h - who waits for whom: one pending MESSAGE for each SIP URI, RFC 3428 section 8. */
#pragma once

#include "base/list.h"
#include "base/map.h"

struct queue; /* of one URI */

struct queues {
	struct map map; /* by URI */
	unsigned each_max;
};

/* Part of whoever waits; zeroed before its first use. */
struct queue_item {
	struct queue *queue; /* NULL: in none */
	struct list place;
};

void queues_init(struct queues *qs, size_t max, unsigned each_max, struct rng *rng);
void queues_done(struct queues *qs); /* no item of them may be used after that */
/* 0; ERR_LIMIT when too many wait for this URI; -ENOMEM. */
int queue_join(struct queues *qs, struct queue_item *item, struct slice uri);
/* Is it this one's turn? */
bool queue_is_first(const struct queue_item *item);
/* It is through.  Whose turn it is now; NULL when nobody waits, or it was not the first. */
struct queue_item *queue_leave(struct queues *qs, struct queue_item *item);

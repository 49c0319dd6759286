/* queue.h - who waits for whom: one pending MESSAGE for each SIP URI, RFC 3428 section 8.
 *
 * A receiver whose phone is silent keeps all waiting that is written to him.  So his places are
 * shared: one domain has half of them and one sender a quarter, and nobody takes them all away.
 */
#pragma once

#include "base/list.h"
#include "base/map.h"
#include "gateway/answer.h"
#include "xmpp/jid.h"

struct queue; /* of one URI */

enum {
	QUEUE_MAX = 64, /* messages that wait for one URI ... */
	QUEUE_OF_DOMAIN = QUEUE_MAX / 2,
	QUEUE_OF_SENDER = QUEUE_MAX / 4, /* ... of one address without its resource */
};

struct queues {
	struct map map; /* by URI */
	uint8_t salt[16];
};

/* Part of whoever waits; zeroed before its first use. */
struct queue_item {
	struct queue *queue;     /* NULL: in none */
	uint64_t sender, domain; /* whose share it takes, as hashes */
	struct list place;
};

void queues_init(struct queues *qs, size_t max, struct rng *rng);
void queues_done(struct queues *qs); /* no item of them may be used after that */
/* ANSWER_MAPPED, or of what there is too much: then it is in no queue. */
enum answer queue_join(
	struct queues *qs, struct queue_item *item, struct slice uri, const struct jid *from);
/* Is it this one's turn? */
bool queue_is_first(const struct queue_item *item);
/* It is through.  Whose turn it is now; NULL when nobody waits, or it was not the first. */
struct queue_item *queue_leave(struct queues *qs, struct queue_item *item);

#include "gateway/queue.h"

#include <string.h>

#include "base/mem.h"

struct queue {
	struct map_node node;
	struct list waiting; /* struct queue_item.place; the first one is pending */
	unsigned n;
	char uri[]; /* no NUL */
};

void queues_init(struct queues *qs, size_t max, struct rng *rng)
{
	map_init(&qs->map, max, rng);
	rng_bytes(rng, qs->salt, sizeof(qs->salt));
}

static void queue_free(struct queues *qs, struct queue *q)
{
	map_remove(&qs->map, &q->node);
	mem_free(q);
}

void queues_done(struct queues *qs)
{
	for (struct map_node *n; (n = map_next(&qs->map, NULL));)
		queue_free(qs, LIST_OWNER(n, struct queue, node));
	map_done(&qs->map);
}

static struct queue *queue_get(struct queues *qs, struct slice uri)
{
	struct queue *q = MAP_FIND(&qs->map, uri, struct queue, node);

	if (q)
		return q;
	q = mem_alloc0(sizeof(*q) + uri.n);
	if (!q)
		return NULL;
	list_init(&q->waiting);
	memcpy(q->uri, uri.p, uri.n);
	if (map_insert(&qs->map, &q->node, slice_of(q->uri, uri.n)))
		return mem_free(q);
	return q;
}

static enum answer judge(struct queue *q, const struct queue_item *item)
{
	unsigned of_sender = 0, of_domain = 0;
	struct list *n, *t;

	if (q->n == QUEUE_MAX)
		return ANSWER_MANY_FOR_URI;
	LIST_EACH(n, t, &q->waiting)
	{
		const struct queue_item *other = LIST_OWNER(n, struct queue_item, place);

		of_sender += other->sender == item->sender;
		of_domain += other->domain == item->domain;
	}
	if (of_sender >= QUEUE_OF_SENDER)
		return ANSWER_MANY_OF_SENDER_FOR_URI;
	return of_domain >= QUEUE_OF_DOMAIN ? ANSWER_MANY_OF_DOMAIN_FOR_URI : ANSWER_MAPPED;
}

enum answer queue_join(
	struct queues *qs, struct queue_item *item, struct slice uri, const struct jid *from)
{
	struct queue *q = queue_get(qs, uri);

	if (!q)
		return ANSWER_NO_MEMORY;
	item->sender = siphash(qs->salt, jid_bare(from));
	item->domain = siphash(qs->salt, jid_domain(from));
	const enum answer answer = judge(q, item);
	if (answer != ANSWER_MAPPED)
		return answer;
	q->n++;
	item->queue = q;
	list_init(&item->place);
	list_append(&q->waiting, &item->place);
	return ANSWER_MAPPED;
}

bool queue_is_first(const struct queue_item *item)
{
	return item->queue && item->queue->waiting.next == &item->place;
}

struct queue_item *queue_leave(struct queues *qs, struct queue_item *item)
{
	struct queue *q = item->queue;
	const bool was_first = queue_is_first(item);

	if (!q)
		return NULL;
	list_remove(&item->place);
	item->queue = NULL;
	if (--q->n == 0) {
		queue_free(qs, q);
		return NULL;
	}
	return was_first ? LIST_FIRST(&q->waiting, struct queue_item, place) : NULL;
}

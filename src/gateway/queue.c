#include "gateway/queue.h"

#include <string.h>

#include "base/err.h"
#include "base/mem.h"

struct queue {
	struct map_node node;
	struct list waiting; /* struct queue_item.place; the first one is pending */
	unsigned n;
	char uri[]; /* no NUL */
};

void queues_init(struct queues *qs, size_t max, unsigned each_max, struct rng *rng)
{
	map_init(&qs->map, max, rng);
	qs->each_max = each_max;
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

int queue_join(struct queues *qs, struct queue_item *item, struct slice uri)
{
	struct queue *q = queue_get(qs, uri);

	if (!q)
		return -ENOMEM;
	if (q->n == qs->each_max)
		return ERR_LIMIT;
	q->n++;
	item->queue = q;
	list_init(&item->place);
	list_append(&q->waiting, &item->place);
	return 0;
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

#include "base/srv.h"

#include <stdlib.h>
#include <string.h>

bool srv_is_usable(const struct dns_record *r)
{
	return r->type == DNS_SRV && r->srv.target[0] && r->srv.port;
}

/* By priority; weight 0 first, so that it has its small chance (RFC 2782); else by number. */
static int by_priority(const void *pa, const void *pb)
{
	const struct srv *a = pa, *b = pb;
	const bool light_a = a->weight == 0, light_b = b->weight == 0;

	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (light_a != light_b)
		return light_a ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* RFC 2782: of those that are left, each is next with a chance in proportion to its weight. */
static void draw(struct rng *rng, struct srv *list, size_t n)
{
	for (; n > 1; list++, n--) {
		uint32_t sum = 0, running = list[0].weight;
		size_t i = 0;

		for (size_t k = 0; k < n; k++)
			sum += list[k].weight;
		for (const uint32_t pick = rng_below(rng, sum + 1); running < pick;)
			running += list[++i].weight;
		const struct srv chosen = list[i];
		memmove(&list[1], &list[0], i * sizeof(list[0]));
		list[0] = chosen;
	}
}

void srv_order(struct rng *rng, struct srv *list, size_t n)
{
	if (n == 0)
		return; /* `list` may be NULL, which qsort() must not be given */
	qsort(list, n, sizeof(list[0]), by_priority);
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && list[to].priority == list[from].priority;)
			to++;
		draw(rng, list + from, to - from);
	}
}

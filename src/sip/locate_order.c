#include "sip/locate_order.h"

#include <stdlib.h>
#include <string.h>

/* By priority; weight 0 first, so that it has its small chance (RFC 2782); else as they came. */
static int by_priority(const void *pa, const void *pb)
{
	const struct dns_record *a = *(const struct dns_record *const *)pa;
	const struct dns_record *b = *(const struct dns_record *const *)pb;
	const bool light_a = a->srv.weight == 0, light_b = b->srv.weight == 0;

	if (a->srv.priority != b->srv.priority)
		return a->srv.priority < b->srv.priority ? -1 : 1;
	if (light_a != light_b)
		return light_a ? -1 : 1;
	return a < b ? -1 : a > b;
}

/* RFC 2782: of those that are left, each is next with a chance in proportion to its weight. */
static void draw(struct rng *rng, const struct dns_record **list, size_t n)
{
	for (size_t place = 0; place + 1 < n; place++) {
		uint32_t sum = 0, running;
		size_t i = place;

		for (size_t k = place; k < n; k++)
			sum += list[k]->srv.weight;
		const uint32_t pick = rng_below(rng, sum + 1);
		for (running = list[i]->srv.weight; running < pick;)
			running += list[++i]->srv.weight;
		const struct dns_record *chosen = list[i];
		memmove(&list[place + 1], &list[place], (i - place) * sizeof(const void *));
		list[place] = chosen;
	}
}

void locate_order(struct rng *rng, const struct dns_record **list, size_t n)
{
	qsort(list, n, sizeof(const void *), by_priority);
	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && list[to]->srv.priority == list[from]->srv.priority;)
			to++;
		draw(rng, list + from, to - from);
	}
}

#include "gateway/peers.h"

#include <string.h>

static uint64_t weight(const struct peer *p)
{
	return p->refused + p->timeouts;
}

static struct peer *get(struct peers *p, struct slice name)
{
	struct peer *least = &p->list[0];

	name = slice_cut(name, 0, PEER_NAME_MAX);
	for (size_t i = 0; i < PEERS_MAX; i++) {
		struct peer *one = &p->list[i];

		if (slice_eq(slice_of(one->name, one->n_name), name))
			return one;
		if (weight(one) < weight(least))
			least = one;
	}
	*least = (struct peer){ .n_name = (uint8_t)name.n };
	memcpy(least->name, name.p, name.n);
	return least;
}

void peers_refused(struct peers *p, struct slice name)
{
	if (name.n)
		get(p, name)->refused++;
}

void peers_timed_out(struct peers *p, struct slice name)
{
	if (name.n)
		get(p, name)->timeouts++;
}

/* Of two that weigh the same the one with the lower number comes first. */
static size_t rank(const struct peers *p, size_t of)
{
	size_t n = 0;

	for (size_t i = 0; i < PEERS_MAX; i++)
		n += weight(&p->list[i]) > weight(&p->list[of]) ||
		     (i < of && weight(&p->list[i]) == weight(&p->list[of]));
	return n;
}

const struct peer *peers_at(const struct peers *p, size_t i)
{
	for (size_t k = 0; k < PEERS_MAX; k++)
		if (p->list[k].n_name && rank(p, k) == i)
			return &p->list[k];
	return NULL;
}

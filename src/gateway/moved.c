#include "gateway/moved.h"

#include <string.h>

#include "base/mem.h"

enum {
	MOVED_MAX = 1024, /* beyond, a message gets no new address */
	LINGER_S = 32,    /* timer J: 64*T1, RFC 3261 section 17.2.2 */
};

struct row {
	struct map_node node;
	struct list fifo;
	struct nist_key key;
	ts_t until;
	size_t n;
	char contact[MOVED_CONTACT_MAX];
};

void moved_init(struct moved *m, struct rng *rng)
{
	map_init(&m->map, MOVED_MAX, rng);
	list_init(&m->fifo);
}

static struct row *oldest(const struct moved *m)
{
	return LIST_FIRST(&m->fifo, struct row, fifo);
}

static void forget(struct moved *m, struct row *r)
{
	list_remove(&r->fifo);
	map_remove(&m->map, &r->node);
	mem_free(r);
}

void moved_done(struct moved *m)
{
	for (struct row *r; (r = oldest(m));)
		forget(m, r);
	map_done(&m->map);
}

bool moved_keep(struct moved *m, const struct nist_key *key, struct slice contact, ts_t now)
{
	for (struct row *r; (r = oldest(m)) && r->until <= now;)
		forget(m, r);
	if (contact.n > MOVED_CONTACT_MAX)
		return false;
	struct row *r = mem_alloc0(sizeof(*r));
	if (!r)
		return false;
	r->key = *key;
	r->until = ts_add(now, TS_S(LINGER_S));
	r->n = contact.n;
	memcpy(r->contact, contact.p, contact.n);
	if (map_insert(&m->map, &r->node, slice_of(&r->key, sizeof(r->key)))) {
		mem_free(r);
		return false;
	}
	list_append(&m->fifo, &r->fifo);
	return true;
}

struct slice moved_find(const struct moved *m, const struct nist_key *key)
{
	const struct row *r = MAP_FIND(&m->map, slice_of(key, sizeof(*key)), struct row, node);

	return r ? slice_of(r->contact, r->n) : SLICE_NONE;
}

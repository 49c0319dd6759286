#include <string.h>

#include "base/mem.h"
#include "gateway/private.h"

/* The Contact of a 301 or 302, until timer J: all else of an answer is made again from the repeated
 * request, and this is in none. */
struct moved {
	struct map_node node; /* by key */
	struct list fifo;     /* they linger equally long: the first one is the oldest */
	struct nist_key key;
	ts_t until;
	size_t n;
	char contact[CONTACT_MAX];
};

void gateway_moved_init(struct gateway *g)
{
	map_init(&g->moved, MOVED_MAX, g->rng);
	list_init(&g->moved_fifo);
}

static void forget(struct gateway *g, struct moved *m)
{
	list_remove(&m->fifo);
	map_remove(&g->moved, &m->node);
	mem_free(m);
}

void gateway_moved_done(struct gateway *g)
{
	for (struct list *n; (n = list_first(&g->moved_fifo));)
		forget(g, LIST_OWNER(n, struct moved, fifo));
	map_done(&g->moved);
}

void gateway_moved_time(struct gateway *g, ts_t now)
{
	for (struct list *n; (n = list_first(&g->moved_fifo));) {
		struct moved *m = LIST_OWNER(n, struct moved, fifo);

		if (m->until > now)
			return;
		forget(g, m);
	}
}

bool gateway_moved_keep(
	struct gateway *g, const struct nist_key *key, struct slice contact, ts_t until)
{
	if (contact.n > CONTACT_MAX)
		return false;
	struct moved *m = mem_alloc0(sizeof(*m));
	if (!m)
		return false;
	m->key = *key;
	m->until = until;
	m->n = contact.n;
	memcpy(m->contact, contact.p, contact.n);
	if (map_insert(&g->moved, &m->node, slice_of(&m->key, sizeof(m->key)))) {
		mem_free(m);
		return false;
	}
	list_append(&g->moved_fifo, &m->fifo);
	return true;
}

struct slice gateway_moved_find(const struct gateway *g, const struct nist_key *key)
{
	struct map_node *n = map_find(&g->moved, slice_of(key, sizeof(*key)));

	if (!n)
		return SLICE_NONE;
	const struct moved *m = LIST_OWNER(n, struct moved, node);
	return slice_of(m->contact, m->n);
}

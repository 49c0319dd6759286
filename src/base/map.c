#include "base/map.h"

#include <assert.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"

enum { FIRST_SLOTS = 16 };

static inline uint64_t rotl(uint64_t x, int b)
{
	return x << b | x >> (64 - b);
}

/* A value in and out: the four words stay in registers. */
struct sip_state {
	uint64_t a, b, c, d;
};

static inline struct sip_state sip_round(struct sip_state v)
{
	v.a += v.b;
	v.b = rotl(v.b, 13) ^ v.a;
	v.a = rotl(v.a, 32);
	v.c += v.d;
	v.d = rotl(v.d, 16) ^ v.c;
	v.a += v.d;
	v.d = rotl(v.d, 21) ^ v.a;
	v.c += v.b;
	v.b = rotl(v.b, 17) ^ v.c;
	v.c = rotl(v.c, 32);
	return v;
}

static inline uint64_t load64(const uint8_t *p)
{
	/* Written out, so that compilers see one load. */
	return (uint64_t)p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 | (uint64_t)p[3] << 24 |
	       (uint64_t)p[4] << 32 | (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	       (uint64_t)p[7] << 56;
}

static struct sip_state sip_begin(const uint8_t salt[16])
{
	const uint64_t k0 = load64(salt), k1 = load64(salt + 8);

	return (struct sip_state){ k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
		k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 };
}

static struct sip_state sip_block(struct sip_state v, uint64_t m)
{
	v.d ^= m;
	v = sip_round(sip_round(v));
	v.a ^= m;
	return v;
}

static struct sip_state sip_text(struct sip_state v, struct slice s)
{
	uint64_t last = (uint64_t)s.n << 56;
	size_t i = 0;

	for (; i + 8 <= s.n; i += 8)
		v = sip_block(v, load64(s.p + i));
	for (size_t k = 0; i + k < s.n; k++)
		last |= (uint64_t)s.p[i + k] << (8 * k);
	return sip_block(v, last);
}

static struct sip_state sip_end(struct sip_state v)
{
	return sip_round(sip_round(sip_round(sip_round(v))));
}

uint64_t siphash(const uint8_t salt[16], struct slice s)
{
	struct sip_state v = sip_text(sip_begin(salt), s);

	v.c ^= 0xff;
	v = sip_end(v);
	return v.a ^ v.b ^ v.c ^ v.d;
}

void siphash128(const uint8_t salt[16], struct slice s, uint64_t ret[2])
{
	struct sip_state v = sip_begin(salt);

	v.b ^= 0xee;
	v = sip_text(v, s);
	v.c ^= 0xee;
	v = sip_end(v);
	ret[0] = v.a ^ v.b ^ v.c ^ v.d;
	v.b ^= 0xdd;
	v = sip_end(v);
	ret[1] = v.a ^ v.b ^ v.c ^ v.d;
}

void map_init(struct map *m, size_t max_nodes, struct rng *rng)
{
	*m = (struct map){ .max = max_nodes };
	rng_bytes(rng, m->salt, sizeof(m->salt));
}

void map_done(struct map *m)
{
	mem_free(m->slots);
	m->slots = NULL;
	m->n_slots = m->n = 0;
}

uint64_t map_hash(const struct map *m, struct slice key)
{
	return siphash(m->salt, key);
}

static struct map_node *find(const struct map *m, struct slice key, uint64_t hash)
{
	struct map_node *n = m->n_slots ? m->slots[hash & (m->n_slots - 1)] : NULL;

	while (n && (n->hash != hash || !slice_eq(n->key, key)))
		n = n->next;
	return n;
}

struct map_node *map_find(const struct map *m, struct slice key)
{
	return m->n ? find(m, key, map_hash(m, key)) : NULL;
}

static int grow(struct map *m)
{
	size_t n_slots = m->n_slots ? 2 * m->n_slots : FIRST_SLOTS;
	struct map_node **slots = mem_alloc0(n_slots * sizeof(struct map_node *));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < m->n_slots; i++)
		for (struct map_node *n = m->slots[i], *next; n; n = next) {
			struct map_node **head = &slots[n->hash & (n_slots - 1)];

			next = n->next;
			n->next = *head;
			*head = n;
		}
	mem_free(m->slots);
	m->slots = slots;
	m->n_slots = n_slots;
	return 0;
}

int map_insert(struct map *m, struct map_node *node, struct slice key)
{
	uint64_t hash = map_hash(m, key);

	if (find(m, key, hash))
		return -EEXIST;
	if (m->n == m->max)
		return ERR_LIMIT;
	if (m->n == m->n_slots) {
		int err = grow(m);

		if (err)
			return err;
	}
	struct map_node **head = &m->slots[hash & (m->n_slots - 1)];
	*node = (struct map_node){ .next = *head, .hash = hash, .key = key };
	*head = node;
	m->n++;
	return 0;
}

void map_remove(struct map *m, struct map_node *node)
{
	struct map_node **at = &m->slots[node->hash & (m->n_slots - 1)];

	while (*at != node) {
		assert(*at && "the node is in this map");
		at = &(*at)->next;
	}
	*at = node->next;
	node->next = NULL;
	m->n--;
}

struct map_node *map_next(const struct map *m, const struct map_node *node)
{
	size_t i = 0;

	if (node && node->next)
		return node->next;
	if (node)
		i = (node->hash & (m->n_slots - 1)) + 1;
	for (; i < m->n_slots; i++)
		if (m->slots[i])
			return m->slots[i];
	return NULL;
}

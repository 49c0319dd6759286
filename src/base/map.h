/* map.h - intrusive hash table keyed by bytes.
 *
 * The owner embeds a struct map_node, keeps the key's bytes alive and
 * unchanged while the node is in the map, and frees the node after
 * map_remove().  SipHash with a salt from the rng: peers choose keys.
 */
#pragma once

#include <stddef.h>

#include "base/rng.h"
#include "base/slice.h"

struct map_node {
	struct map_node *next;
	uint64_t hash;
	struct slice key; /* borrowed from the owner */
};

struct map {
	struct map_node **slots;
	size_t n_slots; /* power of two, or 0 */
	size_t n;
	size_t max;
	uint8_t salt[16];
};

void map_init(struct map *m, size_t max_nodes, struct rng *rng);
void map_done(struct map *m); /* frees the table, not the nodes */
uint64_t map_hash(const struct map *m, struct slice key);
struct map_node *map_find(const struct map *m, struct slice key);
/* Its owner; NULL when there is none. */
#define MAP_FIND(m, key, type, member) ((type *)map_find_owner((m), (key), offsetof(type, member)))
static inline void *map_find_owner(const struct map *m, struct slice key, size_t offset)
{
	struct map_node *n = map_find(m, key);

	return n ? (char *)n - offset : NULL;
}
/* 0; -EEXIST; ERR_LIMIT at max_nodes; -ENOMEM.  Nothing changes on failure. */
int map_insert(struct map *m, struct map_node *node, struct slice key);
void map_remove(struct map *m, struct map_node *node); /* must be in the map */
/* Walk in no order: pass NULL first.  The returned node may be removed only after the next call. */
struct map_node *map_next(const struct map *m, const struct map_node *node);

/* SipHash-2-4, for tables that are not this one. */
uint64_t siphash(const uint8_t salt[16], struct slice s);
/* The same with 128 bits, in one go. */
void siphash128(const uint8_t salt[16], struct slice s, uint64_t ret[2]);

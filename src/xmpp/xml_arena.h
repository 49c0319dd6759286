/* xml_arena.h - memory of the stanza trees (private to xml_read.c).
 *
 * A stanza's tree lives in chunks of its own, bump allocated; released chunks
 * go to a pool and serve the next stanza, so that a steady stream allocates
 * nothing.
 */
#pragma once

#include "base/slice.h"

enum {
	XML_CHUNK = 2032, /* with malloc's own bytes just under 2 KiB: one usual stanza */
	XML_CHUNKS_KEPT = 64,
};

struct xml_chunk {
	struct xml_chunk *next;
	size_t cap, used;
	uint8_t data[];
};

struct xml_pool {
	struct xml_chunk *free; /* all of XML_CHUNK bytes */
	unsigned n_free;
};

struct xml_arena {
	struct xml_chunk *chunks; /* the first is the one that grows */
};

/* Zeroed and aligned for any struct of xml.h; NULL when out of memory. */
void *xml_arena_alloc(struct xml_arena *a, struct xml_pool *pool, size_t n);
/* n bytes without alignment or zeroing; n may be 0. */
uint8_t *xml_arena_bytes(struct xml_arena *a, struct xml_pool *pool, size_t n);
/* Grows the piece at p from n to `more` bytes where it lies; false when it is not the last. */
bool xml_arena_extend(struct xml_arena *a, const uint8_t *p, size_t n, size_t more);
/* Everything back into the pool. */
void xml_arena_release(struct xml_arena *a, struct xml_pool *pool);
void xml_pool_done(struct xml_pool *pool);

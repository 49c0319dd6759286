#include "xmpp/xml_arena.h"

#include <stdalign.h>
#include <string.h>

#include "base/mem.h"

static struct xml_chunk *chunk_new(struct xml_pool *pool, size_t n)
{
	size_t cap = n > XML_CHUNK ? n : XML_CHUNK;
	struct xml_chunk *c = pool->free;

	if (n <= XML_CHUNK && c) {
		pool->free = c->next;
		pool->n_free--;
		c->used = 0;
		return c;
	}
	if (cap > SIZE_MAX - sizeof(*c))
		return NULL;
	c = mem_realloc(NULL, sizeof(*c) + cap);
	if (!c)
		return NULL;
	c->cap = cap;
	c->used = 0;
	return c;
}

uint8_t *xml_arena_bytes(struct xml_arena *a, struct xml_pool *pool, size_t n)
{
	struct xml_chunk *c = a->chunks;

	if (!c || n > c->cap - c->used) {
		c = chunk_new(pool, n);
		if (!c)
			return NULL;
		c->next = a->chunks;
		a->chunks = c;
	}
	uint8_t *p = c->data + c->used;
	c->used += n;
	return p;
}

void *xml_arena_alloc(struct xml_arena *a, struct xml_pool *pool, size_t n)
{
	const size_t align = alignof(void *);

	if (a->chunks) {
		struct xml_chunk *c = a->chunks;
		size_t used = (c->used + align - 1) / align * align;

		c->used = used < c->cap ? used : c->cap;
	}
	uint8_t *p = xml_arena_bytes(a, pool, n);
	if (p)
		memset(p, 0, n);
	return p;
}

bool xml_arena_extend(struct xml_arena *a, const uint8_t *p, size_t n, size_t more)
{
	struct xml_chunk *c = a->chunks;

	if (!p || !c || p + n != c->data + c->used || p < c->data)
		return false;
	if (more - n > c->cap - c->used)
		return false;
	c->used += more - n;
	return true;
}

void xml_arena_release(struct xml_arena *a, struct xml_pool *pool)
{
	struct xml_chunk *next;

	for (struct xml_chunk *c = a->chunks; c; c = next) {
		next = c->next;
		if (c->cap != XML_CHUNK || pool->n_free == XML_CHUNKS_KEPT) {
			mem_free(c);
			continue;
		}
		c->next = pool->free;
		pool->free = c;
		pool->n_free++;
	}
	a->chunks = NULL;
}

void xml_pool_done(struct xml_pool *pool)
{
	struct xml_chunk *next;

	for (struct xml_chunk *c = pool->free; c; c = next) {
		next = c->next;
		mem_free(c);
	}
	*pool = (struct xml_pool){ 0 };
}

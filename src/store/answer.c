#include "store/answer.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"

enum { FIRST = 16 }; /* items of a list that grows */

struct block {
	struct block *next;
	_Alignas(max_align_t) uint8_t bytes[];
};

struct store_answer_memory {
	struct block *blocks;
	size_t bytes;
};

struct store_answer *answer_new(enum store_query_type type)
{
	struct store_answer *a = mem_alloc0(sizeof(*a));

	if (!a)
		return NULL;
	a->type = type;
	a->memory = mem_alloc0(sizeof(*a->memory));
	return a->memory ? a : mem_free(a);
}

struct store_answer *store_answer_free(struct store_answer *a)
{
	if (!a)
		return NULL;
	for (struct block *b = a->memory->blocks, *next; b; b = next) {
		next = b->next;
		mem_free(b);
	}
	mem_free(a->memory);
	return mem_free(a);
}

void *answer_alloc(struct store_answer *a, size_t bytes)
{
	struct store_answer_memory *m = a->memory;

	if (bytes > ANSWER_BYTES_MAX - m->bytes)
		return NULL;
	struct block *b = mem_alloc0(sizeof(*b) + bytes);
	if (!b)
		return NULL;
	b->next = m->blocks;
	m->blocks = b;
	m->bytes += bytes;
	return b->bytes;
}

/* Room for 16, 32, 64 ...: full when the number is one of these. */
void *answer_grow(struct store_answer *a, void *items, size_t n, size_t item_bytes)
{
	const bool is_full = n == 0 || (n >= FIRST && (n & (n - 1)) == 0);

	if (!is_full)
		return items;
	void *more = answer_alloc(a, (n ? 2 * n : FIRST) * item_bytes);
	if (more && n)
		memcpy(more, items, n * item_bytes);
	return more;
}

const char *answer_text(struct store_answer *a, struct slice s)
{
	char *copy = s.n ? answer_alloc(a, s.n + 1) : NULL;

	if (!copy)
		return "";
	memcpy(copy, s.p, s.n);
	return copy;
}

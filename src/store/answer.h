/* answer.h - the memory of an answer: all that its rows point at, freed in one go. */
#pragma once

#include "store/query.h"

enum { ANSWER_BYTES_MAX = 64 << 20 };

struct store_answer *answer_new(enum store_query_type type); /* NULL: no memory */
/* Zeroed; NULL: no memory, or over ANSWER_BYTES_MAX. */
void *answer_alloc(struct store_answer *a, size_t bytes);
/* `items` of `n` becomes one with room for one more; the old one stays until the answer is freed.
 * NULL: as above. */
void *answer_grow(struct store_answer *a, void *items, size_t n, size_t item_bytes);
/* Never NULL; "" without memory. */
const char *answer_text(struct store_answer *a, struct slice s);

/* slots.h - numbered places, each with an unguessable word beside its number.
 *
 * What stands on the wire in our name (a stanza's id, a branch) is number and
 * word, so that an answer finds its place without a search and nobody can
 * answer what he has not seen.  A place is a struct of the owner that begins
 * with a struct slot.  One that was given back is as it was for its next
 * user, what it points to included, so that the steady state allocates
 * nothing.
 */
#pragma once

#include "base/rng.h"
#include "base/slice.h"

struct slot {
	uint32_t number, chance;
	bool in_use;
};

struct slots {
	struct slot **all;
	uint32_t *free;
	uint32_t n, n_free, max;
	size_t size;
};

/* Room for `max` of them, of `size` bytes each: 0 or -ENOMEM. */
int slots_init(struct slots *s, uint32_t max, size_t size);
void slots_done(struct slots *s); /* the places too, not what they point to */
/* One that was given back, or else a new one, zeroed.  NULL: no memory, or `max` are in use. */
void *slots_get(struct slots *s);
/* In use from here on, under a word that it has not had before: one that nobody can guess, or
 * (NULL) the next one, for what never stands on the wire. */
void slots_take(struct slot *slot, struct rng *rng);
void slots_give(struct slots *s, struct slot *slot);
/* NULL when it is not, or not any more, the one of that id. */
void *slots_find(const struct slots *s, uint64_t id);
void *slots_at(const struct slots *s, uint32_t number); /* used or not; NULL behind the last */
uint32_t slots_count(const struct slots *s);            /* in use */
uint32_t slots_idle(const struct slots *s);             /* given back */

/* It was never taken: its owner has to fill it in. */
static inline bool slot_is_new(const struct slot *slot)
{
	return slot->chance == 0;
}

/* Never 0, so that 0 is none. */
static inline uint64_t slot_id(const struct slot *slot)
{
	return (uint64_t)slot->number << 32 | slot->chance;
}

#define SLOT_TEXT 16 /* hexadecimal digits */
const char *slot_text(uint64_t id, char text[SLOT_TEXT + 1]);
bool slot_read(struct slice text, uint64_t *ret);

/* slots.h - numbered places, each with an unguessable word beside its number.
 *
 * What stands on the wire in our name (a stanza's id, a branch) is number and
 * word, so that an answer finds its place without a search and nobody can
 * answer what he has not seen.  The owner embeds a struct slot and owns the
 * memory around it: a place that was given back keeps it for the next user,
 * so that the steady state allocates nothing.
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
};

/* Room for `max` of them: 0 or -ENOMEM. */
int slots_init(struct slots *s, uint32_t max);
void slots_done(struct slots *s); /* frees the tables, not the slots */
/* One that was given back; NULL when there is none: then slots_add() a new one. */
struct slot *slots_reuse(struct slots *s);
/* 0, or ERR_LIMIT when `max` are there.  From now on slots_at() finds it, to be freed at the end.
 */
int slots_add(struct slots *s, struct slot *slot);
/* In use from here on, under a word that it has not had before: one that nobody can guess, or (NULL)
 * the next one, for what never stands on the wire. */
void slots_take(struct slot *slot, struct rng *rng);
void slots_give(struct slots *s, struct slot *slot);
/* NULL when it is not, or not any more, the one of that id. */
struct slot *slots_find(const struct slots *s, uint64_t id);
struct slot *slots_at(const struct slots *s, uint32_t number); /* NULL from the number's end on */
uint32_t slots_count(const struct slots *s);                   /* in use */
uint32_t slots_idle(const struct slots *s);                    /* given back */

/* Never 0, so that 0 is none. */
static inline uint64_t slot_id(const struct slot *slot)
{
	return (uint64_t)slot->number << 32 | slot->chance;
}

#define SLOT_TEXT 16 /* hexadecimal digits */
const char *slot_text(uint64_t id, char text[SLOT_TEXT + 1]);
bool slot_read(struct slice text, uint64_t *ret);

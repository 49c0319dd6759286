#include "base/slots.h"

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

int slots_init(struct slots *s, uint32_t max, size_t size)
{
	*s = (struct slots){ .max = max, .size = size };
	s->all = mem_alloc0(max * sizeof(struct slot *));
	s->free = mem_alloc0(max * sizeof(*s->free));
	return s->all && s->free ? 0 : -ENOMEM;
}

void slots_done(struct slots *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		mem_free(s->all[i]);
	s->all = mem_free(s->all);
	s->free = mem_free(s->free);
}

void *slots_get(struct slots *s)
{
	if (s->n_free)
		return s->all[s->free[--s->n_free]];
	struct slot *slot = s->n < s->max ? mem_alloc0(s->size) : NULL;
	if (!slot)
		return NULL;
	slot->number = s->n;
	s->all[s->n++] = slot;
	return slot;
}

void slots_take(struct slot *slot, struct rng *rng)
{
	slot->chance = rng ? (uint32_t)rng_u64(rng) | 1 : (slot->chance + 2) | 1;
	slot->in_use = true;
}

void slots_give(struct slots *s, struct slot *slot)
{
	slot->in_use = false;
	s->free[s->n_free++] = slot->number;
}

void *slots_find(const struct slots *s, uint64_t id)
{
	struct slot *slot = slots_at(s, (uint32_t)(id >> 32));

	return slot && slot->in_use && slot->chance == (uint32_t)id ? slot : NULL;
}

void *slots_at(const struct slots *s, uint32_t number)
{
	return number < s->n ? s->all[number] : NULL;
}

uint32_t slots_count(const struct slots *s)
{
	return s->n - s->n_free;
}

uint32_t slots_idle(const struct slots *s)
{
	return s->n_free;
}

const char *slot_text(uint64_t id, char text[SLOT_TEXT + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < SLOT_TEXT; i++)
		text[i] = digits[id >> (60 - 4 * i) & 15];
	text[SLOT_TEXT] = '\0';
	return text;
}

bool slot_read(struct slice text, uint64_t *ret)
{
	uint64_t v = 0;

	if (text.n != SLOT_TEXT)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		int d = hex_digit(text.p[i]);

		if (d < 0)
			return false;
		v = v << 4 | (unsigned)d;
	}
	*ret = v;
	return true;
}

#include "xmpp/xml_names.h"

#include <string.h>

#include "base/err.h"
#include "base/map.h"
#include "base/mem.h"

enum { SLOTS_MIN = 64 };

void xml_names_init(struct xml_names *s, size_t max_bytes, uint64_t salt)
{
	*s = (struct xml_names){ .max_bytes = max_bytes };
	memcpy(s->salt, &salt, sizeof(salt));
}

void xml_names_done(struct xml_names *s)
{
	s->slots = mem_free(s->slots);
	s->n_slots = s->n = s->bytes = 0;
}

void xml_names_clear(struct xml_names *s)
{
	if (s->n > 0)
		memset(s->slots, 0, s->n_slots * sizeof(*s->slots));
	s->n = s->bytes = 0;
}

/* The slot of this hash, or the free one where it belongs. */
static uint64_t *slot(uint64_t *slots, size_t n_slots, uint64_t hash)
{
	size_t i = (size_t)hash & (n_slots - 1);

	while (slots[i] && slots[i] != hash)
		i = (i + 1) & (n_slots - 1);
	return &slots[i];
}

static int grow(struct xml_names *s)
{
	size_t n_slots = s->n_slots ? 2 * s->n_slots : SLOTS_MIN;
	uint64_t *slots = mem_alloc0(n_slots * sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < s->n_slots; i++)
		if (s->slots[i])
			*slot(slots, n_slots, s->slots[i]) = s->slots[i];
	mem_free(s->slots);
	s->slots = slots;
	s->n_slots = n_slots;
	return 0;
}

int xml_names_add(struct xml_names *s, struct slice name)
{
	uint64_t hash = siphash(s->salt, name);

	hash = hash ? hash : 1;
	if (s->n > 0 && *slot(s->slots, s->n_slots, hash) == hash)
		return 0;
	if (name.n + XML_NAME_COST > s->max_bytes - s->bytes)
		return ERR_LIMIT;
	if (2 * (s->n + 1) > s->n_slots && grow(s))
		return -ENOMEM;
	*slot(s->slots, s->n_slots, hash) = hash;
	s->bytes += name.n + XML_NAME_COST;
	s->n++;
	return 0;
}

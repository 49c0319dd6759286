#include "gateway/outcomes.h"

#include <errno.h>

#include "base/mem.h"

enum { PLACES_LOG2 = 12 };

struct place {
	uint64_t ref; /* 0: free */
	uint64_t receiver, domain;
	enum outcome outcome;
};

struct outcomes {
	struct place places[1 << PLACES_LOG2]; /* 32 bytes each */
};

/* Both halves of a slot's id, its number and its chance, have their part. */
static size_t place_of(uint64_t ref)
{
	return ref * 0x9e3779b97f4a7c15 >> (64 - PLACES_LOG2);
}

static const struct place *find(const struct outcomes *o, uint64_t ref)
{
	const struct place *p = &o->places[place_of(ref)];

	return p->ref == ref ? p : NULL;
}

void outcomes_keep(
	struct outcomes *o, uint64_t ref, enum outcome outcome, uint64_t receiver, uint64_t domain)
{
	o->places[place_of(ref)] = (struct place){ ref, receiver, domain, outcome };
}

enum outcome outcomes_find(const struct outcomes *o, uint64_t ref)
{
	const struct place *p = find(o, ref);

	return p ? p->outcome : OUTCOME_UNKNOWN;
}

bool outcomes_is_of(const struct outcomes *o, uint64_t ref, uint64_t who)
{
	const struct place *p = find(o, ref);

	return p && (who == p->receiver || who == p->domain);
}

int outcomes_new(struct outcomes **ret)
{
	*ret = mem_alloc0(sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

struct outcomes *outcomes_free(struct outcomes *o)
{
	return mem_free(o);
}

#include "gateway/outcomes.h"

#include <errno.h>

#include "base/mem.h"

enum { PLACES_LOG2 = 12 };

struct place {
	uint64_t ref; /* 0: free */
	struct ended ended;
};

struct outcomes {
	struct place places[1 << PLACES_LOG2]; /* 40 bytes each */
};

/* Both halves of a slot's id, its number and its chance, have their part. */
static size_t place_of(uint64_t ref)
{
	return ref * 0x9e3779b97f4a7c15 >> (64 - PLACES_LOG2);
}

void outcomes_keep(struct outcomes *o, uint64_t ref, const struct ended *e)
{
	o->places[place_of(ref)] = (struct place){ ref, *e };
}

struct ended *outcomes_find(struct outcomes *o, uint64_t ref)
{
	struct place *p = &o->places[place_of(ref)];

	return p->ref == ref ? &p->ended : NULL;
}

bool ended_is_of(const struct ended *e, uint64_t who)
{
	return who == e->receiver || who == e->domain;
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

#include "gateway/once.h"

#include "base/map.h"
#include "base/mem.h"

enum {
	CONVERSATION_S = 3600,
};

void once_init(struct once *o, struct rng *rng)
{
	*o = (struct once){ 0 };
	rng_bytes(rng, o->salt, sizeof(o->salt));
}

bool once_is_first(struct once *o, struct slice from, struct slice to, struct slice what, ts_t now)
{
	const uint64_t all[] = { siphash(o->salt, from), siphash(o->salt, to),
		siphash(o->salt, what) };
	const uint64_t hash = siphash(o->salt, slice_of(all, sizeof(all)));
	struct once_place *p = &o->places[hash % ONCE_PLACES];

	if (p->hash == hash && now < p->until)
		return false;
	*p = (struct once_place){ .hash = hash, .until = ts_add(now, TS_S(CONVERSATION_S)) };
	return true;
}

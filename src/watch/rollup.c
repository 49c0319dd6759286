#include "watch/rollup.h"

#include <assert.h>

void rollup_add(struct rollup *r, enum watch_state s)
{
	r->counts[s]++;
}

void rollup_remove(struct rollup *r, enum watch_state s)
{
	assert(r->counts[s] > 0);
	r->counts[s]--;
}

void rollup_move(struct rollup *r, enum watch_state from, enum watch_state to)
{
	rollup_remove(r, from);
	rollup_add(r, to);
}

uint32_t rollup_count(const struct rollup *r)
{
	uint32_t n = 0;

	for (unsigned i = 0; i < WATCH_STATES; i++)
		n += r->counts[i];
	return n;
}

enum watch_state rollup_worst(const struct rollup *r)
{
	enum watch_state worst = WATCH_OK;

	if (rollup_count(r) == 0)
		return WATCH_UNKNOWN;
	for (unsigned i = 0; i < WATCH_STATES; i++)
		if (r->counts[i] && watch_state_is_worse((enum watch_state)i, worst))
			worst = (enum watch_state)i;
	return worst;
}

#include "gateway/recent.h"

struct recent_message *recent_next(struct recent *r)
{
	return &r->list[r->n++ % RECENT_MESSAGES];
}

const struct recent_message *recent_at(const struct recent *r, size_t i)
{
	return i < RECENT_MESSAGES && i < r->n ? &r->list[(r->n - 1 - i) % RECENT_MESSAGES] : NULL;
}

struct slice recent_text(const struct recent_message *m, enum recent_text which)
{
	size_t at = 0;

	for (unsigned i = 0; i < which; i++)
		at += m->n[i];
	return slice_of(m->texts + at, m->n[which]);
}

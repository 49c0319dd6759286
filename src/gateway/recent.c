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

/* ---- names ---- */

const char *gateway_way_name(enum gateway_way way)
{
	static const char *const names[] = { [GATEWAY_TO_XMPP] = "xmpp", [GATEWAY_TO_SIP] = "sip" };

	return names[way];
}

const char *gateway_outcome_name(enum gateway_outcome outcome)
{
	static const char *const names[] = { [GATEWAY_CARRIED] = "carried",
		[GATEWAY_REFUSED] = "refused",
		[GATEWAY_UNANSWERED] = "unanswered" };

	return names[outcome];
}

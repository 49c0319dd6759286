#include "web/limit.h"

#include <string.h>

bool web_peer_eq(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->ip, b->ip, a->family == 6 ? 8 : 4) == 0;
}

static size_t row_of(const struct web_limit *l, const struct addr *who)
{
	size_t i = 0;

	while (i < WEB_LIMIT_ROWS && !(l->rows[i].until && web_peer_eq(&l->rows[i].who, who)))
		i++;
	return i;
}

bool web_limit_is_reached(const struct web_limit *l, const struct addr *who, ts_t now)
{
	const size_t i = row_of(l, who);

	return i < WEB_LIMIT_ROWS &&
	       l->rows[i].until > now + TS_S((WEB_LIMIT_BURST - 1) * WEB_LIMIT_EACH_S);
}

static size_t soonest(const struct web_limit *l)
{
	size_t found = 0;

	for (size_t i = 1; i < WEB_LIMIT_ROWS; i++)
		if (l->rows[i].until < l->rows[found].until)
			found = i;
	return found;
}

void web_limit_count(struct web_limit *l, const struct addr *who, ts_t now)
{
	size_t i = row_of(l, who);

	if (i == WEB_LIMIT_ROWS) {
		i = soonest(l);
		l->rows[i].who = *who;
		l->rows[i].until = 0;
	}
	if (l->rows[i].until < now)
		l->rows[i].until = now;
	l->rows[i].until += TS_S(WEB_LIMIT_EACH_S);
}

void web_limit_forgive(struct web_limit *l, const struct addr *who)
{
	const size_t i = row_of(l, who);

	if (i < WEB_LIMIT_ROWS && l->rows[i].until > TS_S(WEB_LIMIT_EACH_S))
		l->rows[i].until -= TS_S(WEB_LIMIT_EACH_S);
}

#include "watch/window.h"

enum {
	DAY_S = 86400,
	DAYS_MAX = 9, /* a window lasts 7 days, and clocks move by less than 2 */
};

static struct zone_span span_of(
	const struct zone *z, const struct civil *begin, const struct civil *end)
{
	struct zone_span span = { zone_to_utc(z, begin).first, zone_to_utc(z, end).last };

	if (span.end <= span.begin)
		span.end = span.begin + (civil_seconds(end) - civil_seconds(begin)) * 1000000;
	return span;
}

static bool next_weekly(
	const struct window *w, const struct zone *z, int64_t at, struct zone_span *ret)
{
	const struct civil today = zone_to_local(z, at).civil;
	const int64_t day = civil_days(today.year, today.month, today.day);

	for (int64_t d = day - DAYS_MAX; d <= day + DAYS_MAX; d++) {
		if (!(w->days >> civil_weekday(d) & 1))
			continue;
		struct civil begin = civil_of(d * DAY_S), end = begin;
		begin.minute = w->begin_minute;
		end.minute = w->end_minute;
		const struct zone_span span = span_of(z, &begin, &end);
		if (span.end <= at)
			continue;
		*ret = span;
		return true;
	}
	return false;
}

bool window_next(const struct window *w, const struct zone *z, int64_t at, struct zone_span *ret)
{
	struct zone_span span;

	switch (w->kind) {
	case WINDOW_WEEKLY: return next_weekly(w, z, at, ret);
	case WINDOW_ONCE:
		span = span_of(z, &w->begin, &w->end);
		if (span.end <= at)
			return false;
		*ret = span;
		return true;
	}
	return false;
}

bool window_is_open(const struct window *w, const struct zone *z, int64_t at)
{
	struct zone_span span;

	return window_next(w, z, at, &span) && span.begin <= at;
}

/* A time zone's file: whatever its bytes are, local time and back agree, and days follow one
 * another. */
#include <assert.h>

#include "watch/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SECOND INT64_C(1000000)
#define DAY    (86400 * SECOND)

static void look_at(const struct zone *z, int64_t at)
{
	const struct zone_local l = zone_to_local(z, at);
	const struct zone_utc u = zone_to_utc(z, &l.civil);
	struct zone_span day = zone_day(z, at, NULL);

	assert(u.times != ZONE_NEVER && u.first <= at && at <= u.last);
	assert(day.begin <= at && at < day.end);
	for (unsigned i = 0; i < 3; i++) {
		const struct zone_span next = zone_day(z, day.end, NULL);

		assert(next.begin == day.end && next.end > next.begin);
		day = next;
	}
	assert(zone_next_change(z, at) > at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t moments[] = { 0, 1700000000 * SECOND, -2000000000 * SECOND,
		951782400 * SECOND, 4102444800 * SECOND };
	struct where where;
	struct zone z;

	if (zone_open(&z, slice_of(data, size), &where) != 0) {
		assert(where.what);
		return 0;
	}
	for (unsigned i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		int64_t at = moments[i];

		look_at(&z, at);
		at = zone_next_change(&z, at);
		if (at == INT64_MAX || at > ZONE_TIME_MAX - 10 * DAY)
			continue;
		look_at(&z, at - SECOND);
		look_at(&z, at);
		look_at(&z, at + 3600 * SECOND);
	}
	return 0;
}

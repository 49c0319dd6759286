/* Spans of days as they stand in addresses. */
#include "watcher/span.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define DAY (INT64_C(86400) * 1000000)

static const struct {
	const char *text;
	int64_t begin_day, n_days; /* since 1970; 0: it is none */
	bool is_month;
	int64_t before_days;
} rows[] = {
	{ "2026-11", 20758, 30, true, 31 },
	{ "2026-12", 20788, 31, true, 30 },
	{ "2026-02-28", 20512, 1, false, 1 },
	{ "2026-11-03..2026-11-17", 20760, 15, false, 15 },
	{ "2026-11-01..2026-11-30", 20758, 30, true, 31 },
	{ "2026-13", 0, 0, false, 0 },
	{ "2026-00", 0, 0, false, 0 },
	{ "2026-1", 0, 0, false, 0 },
	{ "2026-02-29", 0, 0, false, 0 },
	{ "2026-11-17..2026-11-03", 0, 0, false, 0 },
	{ "2026-11-03..", 0, 0, false, 0 },
	{ "..2026-11-03", 0, 0, false, 0 },
	{ "2026-11..2026-12", 0, 0, false, 0 },
	{ "0000-01", 0, 0, false, 0 },
	{ "9999-12", 0, 0, false, 0 },
	{ "2026-11-03x", 0, 0, false, 0 },
	{ "", 0, 0, false, 0 },
};

static void spans_are_whole_days(void **state)
{
	struct zone zone;

	(void)state;
	zone_open_utc(&zone);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zone_span span = { -1, -1 };
		const bool is_span = span_read(slice_str(rows[i].text), &zone, &span);

		if (is_span != (rows[i].n_days != 0))
			fail_msg("%s: %d", rows[i].text, is_span);
		if (!is_span)
			continue;
		if (span.begin != rows[i].begin_day * DAY ||
			span.end != span.begin + rows[i].n_days * DAY)
			fail_msg("%s: %lld to %lld", rows[i].text, (long long)(span.begin / DAY),
				(long long)(span.end / DAY));
		assert_int_equal(span_is_month(&zone, span), rows[i].is_month);
		const struct zone_span before = span_before(&zone, span);
		assert_int_equal(before.end, span.begin);
		assert_int_equal(before.begin, span.begin - rows[i].before_days * DAY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(spans_are_whole_days) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

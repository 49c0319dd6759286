#include "watch/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "zone_file_of.h"

#define SECOND INT64_C(1000000)

static int64_t utc(const struct civil *c)
{
	return civil_seconds(c) * SECOND;
}

static struct window decode(const char *text)
{
	struct window w;
	struct where where;

	if (window_decode(&w, slice_str(text), &where) != 0)
		fail_msg("%s: %s at %zu", text, where.what, where.offset);
	return w;
}

/* Each row: the window in its zone, a moment, and the span that it is in or that is next: UTC. */
static const struct {
	const char *text, *zone;
	struct civil at, begin, end;
} span_rows[] = {
	/* an ordinary week: Sunday is the 1st of November */
	{ "Sun 02:00-04:00", "paris", { 2026, 10, 30, 12, 0, 0 }, { 2026, 11, 1, 1, 0, 0 },
		{ 2026, 11, 1, 3, 0, 0 } },
	{ "Sun 02:00-04:00", "paris", { 2026, 11, 1, 1, 0, 0 }, { 2026, 11, 1, 1, 0, 0 },
		{ 2026, 11, 1, 3, 0, 0 } },
	{ "Sun 02:00-04:00", "paris", { 2026, 11, 1, 3, 0, 0 }, { 2026, 11, 8, 1, 0, 0 },
		{ 2026, 11, 8, 3, 0, 0 } },
	{ "Mon-Fri 22:00-06:00", "paris", { 2026, 11, 7, 4, 0, 0 }, { 2026, 11, 6, 21, 0, 0 },
		{ 2026, 11, 7, 5, 0, 0 } },
	{ "Mon-Fri 22:00-06:00", "paris", { 2026, 11, 7, 5, 0, 0 }, { 2026, 11, 9, 21, 0, 0 },
		{ 2026, 11, 10, 5, 0, 0 } },
	{ "Fri 22:00-Mon 06:00", "paris", { 2026, 11, 8, 12, 0, 0 }, { 2026, 11, 6, 21, 0, 0 },
		{ 2026, 11, 9, 5, 0, 0 } },
	{ "daily 00:00-24:00", "kathmandu", { 2026, 11, 7, 12, 0, 0 }, { 2026, 11, 6, 18, 15, 0 },
		{ 2026, 11, 7, 18, 15, 0 } },
	/* the clocks go from 02:00 to 03:00 */
	{ "Sun 02:00-04:00", "paris", { 2026, 3, 28, 0, 0, 0 }, { 2026, 3, 29, 1, 0, 0 },
		{ 2026, 3, 29, 2, 0, 0 } },
	{ "Sun 01:30-02:30", "paris", { 2026, 3, 28, 0, 0, 0 }, { 2026, 3, 29, 0, 30, 0 },
		{ 2026, 3, 29, 1, 30, 0 } },
	{ "Sun 02:30-03:15", "paris", { 2026, 3, 28, 0, 0, 0 }, { 2026, 3, 29, 1, 0, 0 },
		{ 2026, 3, 29, 1, 15, 0 } },
	{ "Sun 02:15-02:45", "paris", { 2026, 3, 28, 0, 0, 0 }, { 2026, 3, 29, 1, 0, 0 },
		{ 2026, 3, 29, 1, 45, 0 } },
	{ "Sun 02:30-03:00", "paris", { 2026, 3, 28, 0, 0, 0 }, { 2026, 3, 29, 1, 0, 0 },
		{ 2026, 3, 29, 1, 30, 0 } },
	/* and from 03:00 to 02:00 */
	{ "Sun 02:00-04:00", "paris", { 2026, 10, 24, 12, 0, 0 }, { 2026, 10, 25, 0, 0, 0 },
		{ 2026, 10, 25, 3, 0, 0 } },
	{ "Sun 02:30-02:45", "paris", { 2026, 10, 24, 12, 0, 0 }, { 2026, 10, 25, 0, 30, 0 },
		{ 2026, 10, 25, 1, 45, 0 } },
	{ "Sun 01:00-02:30", "paris", { 2026, 10, 24, 12, 0, 0 }, { 2026, 10, 24, 23, 0, 0 },
		{ 2026, 10, 25, 1, 30, 0 } },
	/* a Sunday without 00:00, a Saturday that ends twice */
	{ "Sun 00:00-02:00", "santiago", { 2026, 9, 5, 12, 0, 0 }, { 2026, 9, 6, 4, 0, 0 },
		{ 2026, 9, 6, 5, 0, 0 } },
	{ "Sat 23:30-24:00", "santiago", { 2026, 4, 4, 12, 0, 0 }, { 2026, 4, 5, 2, 30, 0 },
		{ 2026, 4, 5, 4, 0, 0 } },
	{ "Fri 00:00-00:30", "cairo", { 2026, 4, 23, 12, 0, 0 }, { 2026, 4, 23, 22, 0, 0 },
		{ 2026, 4, 23, 22, 30, 0 } },
	/* half an hour */
	{ "Sun 01:30-02:30", "lord-howe", { 2026, 4, 4, 0, 0, 0 }, { 2026, 4, 4, 14, 30, 0 },
		{ 2026, 4, 4, 16, 0, 0 } },
	/* once */
	{ "2026-12-24 18:00-2026-12-25 06:00", "paris", { 2026, 1, 1, 0, 0, 0 },
		{ 2026, 12, 24, 17, 0, 0 }, { 2026, 12, 25, 5, 0, 0 } },
	{ "2026-07-14 12:00-13:30", "paris", { 2026, 7, 14, 11, 29, 59 }, { 2026, 7, 14, 10, 0, 0 },
		{ 2026, 7, 14, 11, 30, 0 } },
	{ "2026-10-25 02:15-02:45", "paris", { 2026, 1, 1, 0, 0, 0 }, { 2026, 10, 25, 0, 15, 0 },
		{ 2026, 10, 25, 1, 45, 0 } },
};

static void spans(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(span_rows); i++) {
		const struct window w = decode(span_rows[i].text);
		const struct zone z = zone_of(span_rows[i].zone);
		const int64_t begin = utc(&span_rows[i].begin), end = utc(&span_rows[i].end),
			      at = utc(&span_rows[i].at);
		struct zone_span got;

		if (!window_next(&w, &z, at, &got) || got.begin != begin || got.end != end)
			fail_msg("%s, %s: %lld..%lld, not %lld..%lld", span_rows[i].text,
				span_rows[i].zone, (long long)(got.begin / SECOND),
				(long long)(got.end / SECOND), (long long)(begin / SECOND),
				(long long)(end / SECOND));
		assert_int_equal(window_is_open(&w, &z, at), begin <= at);
		assert_true(window_is_open(&w, &z, begin - 1) ==
			    (w.days == 0x7f)); /* one day after another */
		assert_true(window_is_open(&w, &z, begin));
		assert_true(window_is_open(&w, &z, end - 1));
		assert_true(window_is_open(&w, &z, end) == (w.days == 0x7f));
	}
}

static void one_that_is_over_does_not_come_again(void **state)
{
	const struct window w = decode("2026-07-14 12:00-13:30 Europe/Paris");
	const struct zone z = zone_of("paris");
	const struct civil end = { 2026, 7, 14, 11, 30, 0 };
	struct zone_span got;

	(void)state;
	assert_false(window_next(&w, &z, utc(&end), &got));
	assert_true(slice_eqs(w.zone, "Europe/Paris"));
}

/* Ten years of nights: each Sunday has its window, and they follow one another. */
static void no_sunday_is_left_out(void **state)
{
	static const char *const zones[] = { "paris", "santiago", "cairo", "lord-howe", "dublin",
		"kathmandu", "st-johns" };
	static const char *const texts[] = { "Sun 02:00-04:00", "Sun 02:30-02:45",
		"Sun 00:00-00:15", "Sun 23:30-00:30" };
	static const struct civil start = { 2026, 1, 1, 0, 0, 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(zones) * COUNT(texts); i++) {
		const struct window w = decode(texts[i % COUNT(texts)]);
		const struct zone z = zone_of(zones[i / COUNT(texts)]);
		struct zone_span span = { 0, utc(&start) };

		for (unsigned n = 0; n < 520; n++) {
			const int64_t before = span.begin;

			assert_true(window_next(&w, &z, span.end, &span));
			assert_true(span.begin < span.end);
			if (n > 0)
				assert_in_range(span.begin - before, (7 * 24 - 2) * 3600 * SECOND,
					(7 * 24 + 2) * 3600 * SECOND);
		}
	}
}

static void what_is_written_is_read(void **state)
{
	static const struct {
		const char *text;
		unsigned days;
		int begin, end;
		const char *zone;
	} rows[] = {
		{ "Sun 02:00-04:00 Europe/Paris", 0x01, 120, 240, "Europe/Paris" },
		{ "  sun  02:00 - 04:00  Etc/GMT+5 ", 0x01, 120, 240, "Etc/GMT+5" },
		{ "Mon,Wed,FRI 22:00-06:00", 0x2a, 1320, 1800, "" },
		{ "Fri-Mon 22:00-24:00", 0x63, 1320, 1440, "" },
		{ "Sun-Sat 00:00-00:00", 0x7f, 0, 1440, "" },
		{ "daily 00:00-24:00 UTC", 0x7f, 0, 1440, "UTC" },
		{ "Sat 22:00-Sun 06:00", 0x40, 1320, 1440 + 360, "" },
		{ "Sun 04:00-Sun 02:00", 0x01, 240, 7 * 1440 + 120, "" },
		{ "Sun 04:00-Sun 05:00 America/Port-au-Prince", 0x01, 240, 300,
			"America/Port-au-Prince" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct window w = decode(rows[i].text);

		if (w.kind != WINDOW_WEEKLY || w.days != rows[i].days ||
			w.begin_minute != rows[i].begin || w.end_minute != rows[i].end ||
			!slice_eqs(w.zone, rows[i].zone))
			fail_msg("%s: %x %d %d %.*s", rows[i].text, w.days, w.begin_minute,
				w.end_minute, SLICE_FMT(w.zone));
	}
}

static void what_is_wrong_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
	} rows[] = {
		{ "", 0 },
		{ "Sunday 02:00-04:00", 3 },
		{ "Son 02:00-04:00", 0 },
		{ "Sun,02:00-04:00", 4 },
		{ "Mon-", 4 },
		{ "Sun 2:00-04:00", 4 },
		{ "Sun 24:00-04:00", 4 },
		{ "Sun 02:60-04:00", 4 },
		{ "Sun 02:00", 9 },
		{ "Sun 02:00-04:60", 10 },
		{ "Sun 02:00-24:01", 10 },
		{ "Sun,Mon 02:00-Tue 04:00", 14 },
		{ "Sun 02:00-Tag 04:00", 10 },
		{ "Sun 02:00-04:00Europe/Paris", 15 },
		{ "Sun 02:00-04:00 ../../etc/passwd", 16 },
		{ "Sun 02:00-04:00 /etc/localtime", 16 },
		{ "Sun 02:00-04:00 Europe//Paris", 16 },
		{ "Sun 02:00-04:00 Europe/", 16 },
		{ "Sun 02:00-04:00 Europe/Paris x", 16 },
		{ "2026-02-29 02:00-04:00", 0 },
		{ "2026-13-01 02:00-04:00", 0 },
		{ "0000-01-01 02:00-04:00", 0 },
		{ "2026-01-01 02:00-2026-01-32 04:00", 17 },
		{ "2026-01-01 04:00-02:00", 22 },
		{ "2026-01-02 02:00-2026-01-01 04:00", 33 },
	};
	char longer[WINDOW_TEXT_MAX + 2];
	struct where where;
	struct window w;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		where.what = NULL;
		if (window_decode(&w, slice_str(rows[i].text), &where) != ERR_SYNTAX)
			fail_msg("%s: was taken", rows[i].text);
		if (where.offset != rows[i].offset || !where.what)
			fail_msg("%s: %s at %zu", rows[i].text, where.what, where.offset);
	}
	memset(longer, ' ', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(window_decode(&w, slice_str(longer), &where), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans),
		cmocka_unit_test(one_that_is_over_does_not_come_again),
		cmocka_unit_test(no_sunday_is_left_out),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_is_wrong_is_refused_with_its_place),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}

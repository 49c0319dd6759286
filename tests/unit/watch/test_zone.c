#include "watch/zone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"
#include "zone_file_of.h"

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

static int64_t utc(int32_t year, int month, int day, int hour, int minute)
{
	const struct civil c = { year, month, day, hour, minute, 0 };

	return civil_seconds(&c) * SECOND;
}

/* ---- what libc says, over all zones of the machine ---- */

static void assert_local(const struct zone *z, const char *name, int64_t s)
{
	const struct zone_local l = zone_to_local(z, s * SECOND);
	const time_t t = (time_t)s;
	struct tm tm;

	localtime_r(&t, &tm);
	if (l.offset_s != tm.tm_gmtoff || l.is_dst != (tm.tm_isdst > 0) ||
		!slice_eqs(l.name, tm.tm_zone) || l.civil.year != tm.tm_year + 1900 ||
		l.civil.month != tm.tm_mon + 1 || l.civil.day != tm.tm_mday ||
		l.civil.hour != tm.tm_hour || l.civil.minute != tm.tm_min ||
		l.civil.second != tm.tm_sec)
		fail_msg("%s: %lld: %d %.*s, not %ld %s", name, (long long)s, (int)l.offset_s,
			SLICE_FMT(l.name), tm.tm_gmtoff, tm.tm_zone);
}

static void assert_back(const struct zone *z, const char *name, int64_t local_s)
{
	const struct civil c = civil_of(local_s);
	const struct zone_utc u = zone_to_utc(z, &c);
	struct tm tm = { .tm_year = c.year - 1900,
		.tm_mon = c.month - 1,
		.tm_mday = c.day,
		.tm_hour = c.hour,
		.tm_min = c.minute,
		.tm_sec = c.second,
		.tm_isdst = -1 };
	const int64_t got = (int64_t)mktime(&tm);
	const bool exists = tm.tm_hour == c.hour && tm.tm_min == c.minute &&
			    tm.tm_sec == c.second && tm.tm_mday == c.day;

	if (exists != (u.times != ZONE_NEVER))
		fail_msg("%s: %lld local: %d, mktime %lld", name, (long long)local_s, u.times,
			(long long)got);
	if (exists && got * SECOND != u.first && got * SECOND != u.last)
		fail_msg("%s: %lld local: %lld, %lld, mktime %lld", name, (long long)local_s,
			(long long)(u.first / SECOND), (long long)(u.last / SECOND),
			(long long)got);
	if (u.times == ZONE_TWICE)
		assert_true(u.first < u.last);
	else if (u.times == ZONE_ONCE)
		assert_true(u.first == u.last);
}

static void compare_zone(const char *name, const char *path)
{
	static const int64_t from = -1800000000, to = 3500000000;
	char tz[600];
	struct zone z;

	snprintf(tz, sizeof(tz), ":%s", path);
	setenv("TZ", tz, 1);
	tzset();
	if (!zone_load(&z, path))
		fail_msg("%s: not read", path);
	for (int64_t s = from; s < to; s = zone_next_change(&z, s * SECOND) / SECOND) {
		static const int steps[] = { -90000, -5400, -3600, -1, 0, 1, 1800, 5400, 90000 };

		for (size_t i = 0; i < COUNT(steps); i++) {
			assert_local(&z, name, s + steps[i]);
			assert_back(
				&z, name, s + steps[i] + zone_to_local(&z, s * SECOND).offset_s);
			assert_back(&z, name,
				s + steps[i] + zone_to_local(&z, (s - 1) * SECOND).offset_s);
		}
	}
	for (int64_t s = from; s < to; s += 86400 * 41 + 7919)
		assert_local(&z, name, s);
}

static void it_agrees_with_libc_over_the_corpus(void **state)
{
	static const char *const names[] = { "paris", "santiago", "cairo", "apia", "kathmandu",
		"dublin", "utc", "lord-howe", "st-johns" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		char path[512];

		snprintf(path, sizeof(path), ZONE_CORPUS "%s", names[i]);
		compare_zone(names[i], path);
	}
	unsetenv("TZ");
	tzset();
}

/* Where the machine has them. */
static void it_agrees_with_libc_over_all_zones(void **state)
{
	FILE *f = fopen("/usr/share/zoneinfo/zone1970.tab", "r");
	char line[512];
	unsigned n = 0;

	(void)state;
	if (!f)
		skip();
	while (fgets(line, sizeof(line), f)) {
		char name[128], path[512];

		if (line[0] == '#' || sscanf(line, "%*s %*s %127s", name) != 1)
			continue;
		snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
		compare_zone(name, path);
		n++;
	}
	fclose(f);
	unsetenv("TZ");
	tzset();
	assert_true(n > 200);
}

/* ---- gaps and overlaps ---- */

static void local_times_that_are_not_or_are_twice(void **state)
{
	static const struct {
		const char *zone;
		struct civil local;
		enum zone_times times;
		struct civil first, last; /* UTC */
	} rows[] = {
		{ "paris", { 2026, 3, 29, 2, 30, 0 }, ZONE_NEVER, { 2026, 3, 29, 1, 0, 0 },
			{ 2026, 3, 29, 1, 30, 0 } },
		{ "paris", { 2026, 3, 29, 1, 59, 59 }, ZONE_ONCE, { 2026, 3, 29, 0, 59, 59 },
			{ 2026, 3, 29, 0, 59, 59 } },
		{ "paris", { 2026, 3, 29, 2, 0, 0 }, ZONE_NEVER, { 2026, 3, 29, 1, 0, 0 },
			{ 2026, 3, 29, 1, 0, 0 } },
		{ "paris", { 2026, 3, 29, 3, 0, 0 }, ZONE_ONCE, { 2026, 3, 29, 1, 0, 0 },
			{ 2026, 3, 29, 1, 0, 0 } },
		{ "paris", { 2026, 10, 25, 2, 30, 0 }, ZONE_TWICE, { 2026, 10, 25, 0, 30, 0 },
			{ 2026, 10, 25, 1, 30, 0 } },
		{ "paris", { 2026, 10, 25, 3, 0, 0 }, ZONE_ONCE, { 2026, 10, 25, 2, 0, 0 },
			{ 2026, 10, 25, 2, 0, 0 } },
		{ "paris", { 2126, 7, 1, 12, 0, 0 }, ZONE_ONCE, { 2126, 7, 1, 10, 0, 0 },
			{ 2126, 7, 1, 10, 0, 0 } },
		{ "lord-howe", { 2026, 4, 5, 1, 45, 0 }, ZONE_TWICE, { 2026, 4, 4, 14, 45, 0 },
			{ 2026, 4, 4, 15, 15, 0 } },
		{ "lord-howe", { 2026, 10, 4, 2, 15, 0 }, ZONE_NEVER, { 2026, 10, 3, 15, 30, 0 },
			{ 2026, 10, 3, 15, 45, 0 } },
		{ "kathmandu", { 2026, 1, 1, 0, 0, 0 }, ZONE_ONCE, { 2025, 12, 31, 18, 15, 0 },
			{ 2025, 12, 31, 18, 15, 0 } },
		{ "apia", { 2011, 12, 30, 12, 0, 0 }, ZONE_NEVER, { 2011, 12, 30, 10, 0, 0 },
			{ 2011, 12, 30, 22, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct zone z = zone_of(rows[i].zone);
		const struct zone_utc u = zone_to_utc(&z, &rows[i].local);

		if (u.times != rows[i].times || u.first != civil_seconds(&rows[i].first) * SECOND ||
			u.last != civil_seconds(&rows[i].last) * SECOND)
			fail_msg("row %zu, %s: %d, %lld, %lld", i, rows[i].zone, u.times,
				(long long)(u.first / SECOND), (long long)(u.last / SECOND));
	}
}

static void parts_of_a_second_are_not_rounded(void **state)
{
	const struct zone z = zone_of("paris");

	(void)state;
	assert_int_equal(zone_to_local(&z, utc(2026, 3, 29, 1, 0) - 1).civil.hour, 1);
	assert_int_equal(zone_to_local(&z, utc(2026, 3, 29, 1, 0)).civil.hour, 3);
	assert_int_equal(zone_to_local(&z, -1).civil.second, 59);
}

static void the_ends_of_time(void **state)
{
	const struct zone z = zone_of("paris");

	(void)state;
	assert_int_equal(zone_to_local(&z, INT64_MAX).civil.year, 10000);
	assert_true(zone_to_local(&z, INT64_MIN).civil.year <= 1);
	assert_true(zone_next_change(&z, INT64_MAX) == INT64_MAX);
}

/* ---- days ---- */

static void days_are_as_long_as_they_are(void **state)
{
	static const struct {
		const char *zone;
		int32_t year;
		int month, day;
		struct civil begin; /* UTC */
		int minutes;
	} rows[] = {
		{ "paris", 2026, 1, 15, { 2026, 1, 14, 23, 0, 0 }, 1440 },
		{ "paris", 2026, 3, 29, { 2026, 3, 28, 23, 0, 0 }, 1380 },
		{ "paris", 2026, 10, 25, { 2026, 10, 24, 22, 0, 0 }, 1500 },
		{ "kathmandu", 2026, 6, 1, { 2026, 5, 31, 18, 15, 0 }, 1440 },
		{ "lord-howe", 2026, 4, 5, { 2026, 4, 4, 13, 0, 0 }, 1470 },
		{ "santiago", 2026, 9, 6, { 2026, 9, 6, 4, 0, 0 }, 1380 }, /* begins at 01:00 */
		{ "santiago", 2026, 4, 4, { 2026, 4, 4, 3, 0, 0 },
			1500 }, /* 23:00 to 24:00 twice */
		{ "cairo", 2026, 4, 24, { 2026, 4, 23, 22, 0, 0 }, 1380 },
		{ "cairo", 2026, 10, 29, { 2026, 10, 28, 21, 0, 0 }, 1500 },
		{ "apia", 2011, 12, 29, { 2011, 12, 29, 10, 0, 0 }, 1440 },
		{ "apia", 2011, 12, 30, { 2011, 12, 30, 10, 0, 0 }, 0 },
		{ "apia", 2011, 12, 31, { 2011, 12, 30, 10, 0, 0 }, 1440 },
		{ "utc", 2016, 12, 31, { 2016, 12, 31, 0, 0, 0 },
			1440 }, /* the leap second is not counted */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct zone z = zone_of(rows[i].zone);
		const struct zone_span d =
			zone_day_of(&z, rows[i].year, rows[i].month, rows[i].day);
		struct civil date;

		if (d.begin != civil_seconds(&rows[i].begin) * SECOND ||
			d.end - d.begin != rows[i].minutes * 60 * SECOND)
			fail_msg("%s, %d-%d-%d: %lld, %lld minutes", rows[i].zone,
				(int)rows[i].year, rows[i].month, rows[i].day,
				(long long)(d.begin / SECOND),
				(long long)((d.end - d.begin) / SECOND / 60));
		if (d.begin == d.end)
			continue;
		const struct zone_span same = zone_day(&z, d.end - 1, &date);
		assert_true(same.begin == d.begin && same.end == d.end);
		assert_int_equal(date.day, rows[i].day);
	}
}

/* St. John's once went back at one minute past midnight: a day was shown again. */
static void days_follow_one_another(void **state)
{
	static const char *const names[] = { "st-johns", "santiago", "cairo", "apia", "lord-howe",
		"dublin" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		const struct zone z = zone_of(names[i]);
		struct zone_span day = zone_day(&z, utc(1985, 1, 1, 12, 0), NULL);

		for (unsigned n = 0; n < 366 * 45; n++) {
			const struct zone_span next = zone_day(&z, day.end, NULL);

			assert_true(next.begin == day.end);
			assert_true(next.end - next.begin >= 22 * HOUR &&
				    next.end - next.begin <= 26 * HOUR);
			day = next;
		}
	}
	const struct zone z = zone_of("st-johns");
	struct civil date;
	zone_day(&z, utc(2006, 10, 29, 2, 31), &date); /* 00:01 became 23:01 of the day before */
	assert_int_equal(date.day, 29);
}

/* ---- files ---- */

static void utc_needs_no_file(void **state)
{
	struct zone z;

	(void)state;
	zone_open_utc(&z);
	assert_int_equal(zone_to_local(&z, utc(2026, 7, 1, 12, 0)).civil.hour, 12);
	assert_true(slice_eqs(zone_to_local(&z, 0).name, "UTC"));
	assert_true(zone_next_change(&z, 0) == INT64_MAX);
}

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 3; i >= 0; i--, v >>= 8)
		p[i] = (uint8_t)v;
}

/* UTC's file has two blocks without transitions: its length, and where the second one is. */
enum { UTC_BYTES = 114, SECOND_AT = 54 };

static void hostile_files_are_refused(void **state)
{
	static const struct {
		const char *name;
		size_t at;
		uint32_t value;
		int err;
	} rows[] = {
		{ "another magic", 0, 0x545a6966 + 1, ERR_SYNTAX },
		{ "another magic, the second", SECOND_AT, 0x545a6967, ERR_SYNTAX },
		{ "a first block that ends behind the file", 36, 0xffffffff, ERR_SYNTAX },
		{ "types behind the file", SECOND_AT + 36, 0xffffffff, ERR_SYNTAX },
		{ "no types", SECOND_AT + 36, 0, ERR_SYNTAX },
		{ "times behind the file", SECOND_AT + 32, 0xffffffff, ERR_SYNTAX },
		{ "no names", SECOND_AT + 40, 0, ERR_SYNTAX },
		{ "leap seconds behind the file", SECOND_AT + 28, 1, ERR_SYNTAX },
		{ "an offset of more than a day", SECOND_AT + 44, 200000, ERR_LIMIT },
		{ "a daylight saving time of 2", SECOND_AT + 48, 0x02005554, ERR_SYNTAX },
		{ "a name behind the names", SECOND_AT + 48, 0x00045554, ERR_SYNTAX },
		{ "a name without its end", SECOND_AT + 50, 0x55544343, ERR_SYNTAX },
		{ "a footer without its line", SECOND_AT + 58, 0x30580000, ERR_SYNTAX },
	};
	struct zone z;
	struct where where;

	(void)state;
	(void)zone_of("utc");
	uint8_t good[UTC_BYTES], bad[UTC_BYTES + 4];
	memcpy(good, zone_bytes, UTC_BYTES);
	for (size_t n = 0; n < UTC_BYTES; n++) /* cut anywhere */
		assert_int_equal(zone_open(&z, slice_of(good, n), &where), ERR_SYNTAX);
	assert_int_equal(zone_open(&z, slice_of(good, UTC_BYTES), &where), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		memcpy(bad, good, UTC_BYTES);
		put32(bad + rows[i].at, rows[i].value);
		where.what = NULL;
		const int err = zone_open(&z, slice_of(bad, UTC_BYTES), &where);
		if (err != rows[i].err || !where.what)
			fail_msg("%s: %d, %s", rows[i].name, err, where.what ? where.what : "");
	}
}

static void a_file_with_leap_seconds_is_refused(void **state)
{
	struct where where;
	struct zone z;

	(void)state;
	FILE *f = fopen(ZONE_CORPUS "leap-seconds", "rb");
	assert_non_null(f);
	const size_t n = fread(zone_bytes, 1, sizeof(zone_bytes), f);
	fclose(f);
	assert_int_equal(zone_open(&z, slice_of(zone_bytes, n), &where), ERR_UNSUPPORTED);
	assert_string_equal(where.what, "leap seconds");
}

static void the_oldest_files_have_no_rule(void **state)
{
	struct where where;
	struct zone z = zone_of("paris");
	struct zone old;

	(void)state;
	zone_bytes[4] = 0; /* then only the first block counts */
	assert_int_equal(zone_open(&old, slice_of(zone_bytes, 2962), &where), 0);
	assert_int_equal(old.time_bytes, 4);
	assert_int_equal(zone_to_local(&old, utc(2026, 7, 1, 12, 0)).offset_s, 7200);
	assert_true(zone_next_change(&old, utc(2038, 1, 1, 0, 0)) == INT64_MAX);
	zone_bytes[4] = '2';
	assert_int_equal(z.time_bytes, 8);
	assert_int_equal(zone_to_local(&z, utc(2050, 7, 1, 12, 0)).offset_s, 7200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_agrees_with_libc_over_the_corpus),
		cmocka_unit_test(it_agrees_with_libc_over_all_zones),
		cmocka_unit_test(local_times_that_are_not_or_are_twice),
		cmocka_unit_test(parts_of_a_second_are_not_rounded),
		cmocka_unit_test(the_ends_of_time),
		cmocka_unit_test(days_are_as_long_as_they_are),
		cmocka_unit_test(days_follow_one_another),
		cmocka_unit_test(utc_needs_no_file),
		cmocka_unit_test(hostile_files_are_refused),
		cmocka_unit_test(a_file_with_leap_seconds_is_refused),
		cmocka_unit_test(the_oldest_files_have_no_rule),
	};

	return cmocka_run_group_tests_name("zone", tests, NULL, NULL);
}

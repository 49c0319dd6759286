#include "watch/civil.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"

static void days_have_their_numbers(void **state)
{
	static const struct {
		int32_t year;
		int month, day;
		int64_t days;
		int weekday;
	} rows[] = {
		{ 1970, 1, 1, 0, 4 }, { 1969, 12, 31, -1, 3 }, { 2000, 2, 29, 11016, 2 },
		{ 2000, 3, 1, 11017, 3 }, { 2026, 11, 30, 20787, 1 }, { 2100, 3, 1, 47541, 1 },
		{ 1, 1, 1, -719162, 1 }, { 9999, 12, 31, 2932896, 5 },
		{ 2026, 2, 31, 20515, 2 }, /* carries: the third of March */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
			civil_days(rows[i].year, rows[i].month, rows[i].day), rows[i].days);
		assert_int_equal(civil_weekday(rows[i].days), rows[i].weekday);
	}
}

static void it_agrees_with_libc(void **state)
{
	(void)state;
	for (int64_t s = -62135596800; s < 253402300800; s += 86400 * 97 + 12345) {
		const time_t t = (time_t)s;
		const struct civil c = civil_of(s);
		struct tm tm;

		gmtime_r(&t, &tm);
		assert_int_equal(c.year, tm.tm_year + 1900);
		assert_int_equal(c.month, tm.tm_mon + 1);
		assert_int_equal(c.day, tm.tm_mday);
		assert_int_equal(c.hour * 3600 + c.minute * 60 + c.second,
			tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec);
		assert_int_equal(civil_weekday(civil_days(c.year, c.month, c.day)), tm.tm_wday);
		assert_int_equal(civil_seconds(&c), s);
	}
}

static void months_have_their_lengths(void **state)
{
	(void)state;
	assert_int_equal(civil_month_days(2026, 2), 28);
	assert_int_equal(civil_month_days(2028, 2), 29);
	assert_int_equal(civil_month_days(2000, 2), 29);
	assert_int_equal(civil_month_days(2100, 2), 28);
	assert_int_equal(civil_month_days(2026, 12), 31);
	assert_int_equal(civil_month_days(2026, 4), 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(days_have_their_numbers),
		cmocka_unit_test(it_agrees_with_libc),
		cmocka_unit_test(months_have_their_lengths),
	};

	return cmocka_run_group_tests_name("civil", tests, NULL, NULL);
}

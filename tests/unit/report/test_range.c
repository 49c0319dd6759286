/* Ranges of the plugin guidelines, as its table of examples has them. */
#include "report/range.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static struct range read_range(const char *text)
{
	struct range r;
	struct where where;

	assert_int_equal(range_read(slice_str(text), &r, &where), 0);
	return r;
}

static void a_range_alerts_as_the_guidelines_say(void **state)
{
	static const struct {
		const char *text;
		ts_t value;
		bool alerts;
	} rows[] = {
		{ "10", 0, false },
		{ "10", TS_S(10), false },
		{ "10", TS_S(10) + 1, true },
		{ "10:", TS_S(10) - 1, true },
		{ "10:", TS_S(10), false },
		{ "10:", UINT64_MAX, false },
		{ "~:10", 0, false },
		{ "~:10", TS_S(11), true },
		{ "10:20", TS_S(9), true },
		{ "10:20", TS_S(10), false },
		{ "10:20", TS_S(20), false },
		{ "10:20", TS_S(21), true },
		{ "@10:20", TS_S(9), false },
		{ "@10:20", TS_S(10), true },
		{ "@10:20", TS_S(20), true },
		{ "@10:20", TS_S(21), false },
		{ "0.000001", 1, false },
		{ "0.000001", 2, true },
		{ "-5:10", 0, false },
		{ "-5:-1", 0, true },
		{ "0", 0, false },
		{ "0", 1, true },
		{ "@~:10", TS_S(3), true },
		{ "~:", UINT64_MAX, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct range r = read_range(rows[i].text);

		if (range_alerts(&r, rows[i].value) != rows[i].alerts)
			fail_msg("%s with %llu", rows[i].text, (unsigned long long)rows[i].value);
	}
}

static void one_that_is_not_set_never_alerts_and_shows_nothing(void **state)
{
	const struct range none = { .is_set = false };
	struct buf b;

	(void)state;
	assert_false(range_alerts(&none, 0));
	assert_false(range_alerts(&none, TS_S(10)));
	assert_false(range_can_alert(&none, &none, TS_S(10)));
	buf_init(&b, 64);
	range_put(&b, &none);
	assert_int_equal(buf_len(&b), 0);
	buf_done(&b);
}

static void what_is_no_range_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *text;
		int err;
		size_t offset;
	} rows[] = {
		{ "", ERR_SYNTAX, 0 },
		{ "x", ERR_SYNTAX, 0 },
		{ "@", ERR_SYNTAX, 1 },
		{ ":10", ERR_SYNTAX, 0 },
		{ "10:x", ERR_SYNTAX, 3 },
		{ "@10:x", ERR_SYNTAX, 4 },
		{ "10:20:30", ERR_SYNTAX, 3 },
		{ "5s", ERR_SYNTAX, 0 },
		{ "1.", ERR_SYNTAX, 0 },
		{ "1.0000001", ERR_SYNTAX, 0 },
		{ "1e3", ERR_SYNTAX, 0 },
		{ "--1", ERR_SYNTAX, 0 },
		{ "1000000001", ERR_SYNTAX, 0 },
		{ "~", ERR_SYNTAX, 0 },
		{ "20:10", ERR_LIMIT, 0 },
		{ "@0.2:0.1", ERR_LIMIT, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct range r = { .end_us = 77 };
		struct where where = { .offset = 99 };

		assert_int_equal(range_read(slice_str(rows[i].text), &r, &where), rows[i].err);
		assert_int_equal(where.offset, rows[i].offset);
		assert_non_null(where.what);
		assert_int_equal(r.end_us, 77);
	}
}

static void a_range_is_shown_as_it_was_meant(void **state)
{
	static const char *const rows[][2] = {
		{ "10", "10" },
		{ "0:10", "10" },
		{ "10:", "10:" },
		{ "0:", "0:" },
		{ "~:10", "~:10" },
		{ "~:", "~:" },
		{ "@10:20", "@10:20" },
		{ "0.5:2.25", "0.5:2.25" },
		{ "-0.5:100", "-0.5:100" },
		{ "007.100000", "7.1" },
		{ "0", "0" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct range r = read_range(rows[i][0]);
		struct buf b;

		buf_init(&b, 64);
		buf_puts(&b, "10;"); /* what stands in front stays */
		range_put(&b, &r);
		assert_string_equal(buf_cstr(&b) + 3, rows[i][1]);
		buf_done(&b);
	}
}

static void a_range_that_can_never_alert_is_known(void **state)
{
	static const struct {
		const char *range, *unless;
		bool can;
	} rows[] = {
		{ "2", NULL, true },
		{ "9.999998", NULL, true },
		{ "9.999999", NULL, false },
		{ "10", NULL, false },
		{ "~:", NULL, false },
		{ "0:", NULL, false },
		{ "@0:", NULL, true },
		{ "@10:20", NULL, false },
		{ "@9:20", NULL, true },
		{ "@0", NULL, false }, /* nothing takes no time */
		{ "0", NULL, true },
		{ "1:", NULL, true },
		{ "2", "5", true },
		{ "5", "2", false },
		{ "5", "5", false },
		{ "5", "@3:4", true },
		{ "@3:4", "5", true },
		{ "@3:4", "@2:5", false },
		{ "@2:5", "@3:4", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct range r = read_range(rows[i].range);
		struct range unless = { .is_set = false };

		if (rows[i].unless)
			unless = read_range(rows[i].unless);
		if (range_can_alert(&r, &unless, TS_S(10)) != rows[i].can)
			fail_msg("%s unless %s", rows[i].range,
				rows[i].unless ? rows[i].unless : "-");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_range_alerts_as_the_guidelines_say),
		cmocka_unit_test(one_that_is_not_set_never_alerts_and_shows_nothing),
		cmocka_unit_test(what_is_no_range_is_refused_with_its_place),
		cmocka_unit_test(a_range_is_shown_as_it_was_meant),
		cmocka_unit_test(a_range_that_can_never_alert_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The name of a run: written and read again, and nothing else is read. */
#include "watcher/run_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void written_and_read(void **state)
{
	static const struct {
		int64_t test, at;
		const char *id;
	} rows[] = {
		{ 1, 0, "1-0" },
		{ 17, 35, "17-z" },
		{ 17, 36, "17-10" },
		{ 20000, INT64_C(1764460800000000), "20000-hdg63naio0" },
		{ INT64_MAX, INT64_MAX, "9223372036854775807-1y2p0ij32e8e7" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char id[RUN_ID_MAX];
		int64_t test = -1, at = -1;

		run_id_put(id, rows[i].test, rows[i].at);
		assert_string_equal(id, rows[i].id);
		assert_true(run_id_read(slice_str(id), &test, &at));
		assert_int_equal(test, rows[i].test);
		assert_int_equal(at, rows[i].at);
	}
}

static void nothing_else_is_read(void **state)
{
	static const char *const rows[] = { "", "-", "1", "1-", "-1", "01-1", "1-01", "1-A",
		"1-1-1", " 1-1", "1-1 ", "+1-1", "1--1", "a-1", "9223372036854775808-1",
		"1-1y2p0ij32e8e8", "1-zzzzzzzzzzzzzzzzzzzz", "1/1" };
	int64_t test, at;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		if (run_id_read(slice_str(rows[i]), &test, &at))
			fail_msg("`%s` was read", rows[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_and_read),
		cmocka_unit_test(nothing_else_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "watch/rollup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void the_worst_of_all_is_shown(void **state)
{
	static const struct {
		uint32_t counts[WATCH_STATES]; /* ok, unstable, failed, unknown, maintenance */
		enum watch_state want;
	} rows[] = {
		{ { 0, 0, 0, 0, 0 }, WATCH_UNKNOWN },
		{ { 9, 0, 0, 0, 0 }, WATCH_OK },
		{ { 9, 0, 0, 0, 1 }, WATCH_MAINTENANCE },
		{ { 9, 0, 0, 1, 1 }, WATCH_UNKNOWN },
		{ { 9, 1, 0, 1, 1 }, WATCH_UNSTABLE },
		{ { 9, 1, 1, 1, 1 }, WATCH_FAILED },
		{ { 0, 0, 0, 0, 2 }, WATCH_MAINTENANCE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct rollup r = { 0 };
		uint32_t n = 0;

		for (unsigned s = 0; s < WATCH_STATES; s++)
			for (uint32_t j = 0; j < rows[i].counts[s]; j++, n++)
				rollup_add(&r, (enum watch_state)s);
		assert_int_equal(rollup_count(&r), n);
		assert_int_equal(rollup_worst(&r), rows[i].want);
	}
}

static void it_follows_its_tests(void **state)
{
	struct rollup r = { 0 };

	(void)state;
	rollup_add(&r, WATCH_OK);
	rollup_add(&r, WATCH_OK);
	rollup_move(&r, WATCH_OK, WATCH_FAILED);
	assert_int_equal(rollup_worst(&r), WATCH_FAILED);
	rollup_move(&r, WATCH_FAILED, WATCH_UNSTABLE);
	assert_int_equal(rollup_worst(&r), WATCH_UNSTABLE);
	rollup_remove(&r, WATCH_UNSTABLE);
	assert_int_equal(rollup_worst(&r), WATCH_OK);
	assert_int_equal(rollup_count(&r), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_of_all_is_shown),
		cmocka_unit_test(it_follows_its_tests),
	};

	return cmocka_run_group_tests_name("rollup", tests, NULL, NULL);
}

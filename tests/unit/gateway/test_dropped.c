/* A line in a while for each who and why. */
#include "gateway/dropped.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static bool is_due(struct dropped *d, const char *from, const char *cause, uint64_t *n, ts_t now)
{
	const struct dropped_what what = {
		.from = slice_str(from), .cause = cause, .quiet = TS_S(60)
	};

	return dropped_is_due(d, &what, n, now);
}

static void a_pair_has_a_line_a_minute(void **state)
{
	struct dropped *d;
	struct rng rng;
	uint64_t n = 0;

	(void)state;
	rng_init_number(&rng, 1);
	assert_int_equal(dropped_new(&d, &rng), 0);
	assert_true(is_due(d, "a", "x", &n, 0));
	assert_int_equal(n, 1);
	assert_true(is_due(d, "b", "x", &n, 0));
	assert_true(is_due(d, "a", "y", &n, 0));
	for (unsigned i = 0; i < 5; i++)
		assert_false(is_due(d, "a", "x", &n, TS_S(60) - 1));
	assert_true(is_due(d, "a", "x", &n, TS_S(60)));
	assert_int_equal(n, 6);
	assert_false(is_due(d, "a", "x", &n, TS_S(60)));
	const struct dropped_what what = { SLICE("a"), SLICE("b"), "x", TS_S(3600) };
	assert_true(dropped_is_due(d, &what, &n, TS_S(60))); /* a conversation is its own */
	assert_false(dropped_is_due(d, &what, &n, TS_S(3659)));
	assert_true(dropped_is_due(d, &what, &n, TS_S(3660)));
	dropped_free(d);
}

/* Who sends under a million names costs no more memory; what is forgotten is told once more. */
static void what_is_kept_is_bounded(void **state)
{
	struct dropped *d;
	struct rng rng;
	uint64_t n;

	(void)state;
	rng_init_number(&rng, 1);
	assert_int_equal(dropped_new(&d, &rng), 0);
	for (unsigned i = 0; i < 100000; i++) {
		char who[16];

		snprintf(who, sizeof(who), "user%u", i);
		assert_true(is_due(d, who, "x", &n, 0));
		assert_int_equal(n, 1);
	}
	dropped_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pair_has_a_line_a_minute),
		cmocka_unit_test(what_is_kept_is_bounded),
	};

	return cmocka_run_group_tests_name("dropped", tests, NULL, NULL);
}

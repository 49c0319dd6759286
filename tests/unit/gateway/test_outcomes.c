/* How the last messages ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gateway/outcomes.h"

enum { RECEIVER = 7, DOMAIN = 8, MANY = 100000 };

static void the_last_ones_are_known(void **state)
{
	struct outcomes *o;

	(void)state;
	assert_int_equal(outcomes_new(&o), 0);
	assert_int_equal(outcomes_find(o, 1), OUTCOME_UNKNOWN);
	assert_false(outcomes_is_of(o, 1, RECEIVER));
	outcomes_keep(o, 1, OUTCOME_REFUSED, RECEIVER, DOMAIN);
	assert_int_equal(outcomes_find(o, 1), OUTCOME_REFUSED);
	assert_true(outcomes_is_of(o, 1, RECEIVER));
	assert_true(outcomes_is_of(o, 1, DOMAIN));
	assert_false(outcomes_is_of(o, 1, 9));
	/* However many come: the last is known, and of the others none is another. */
	for (uint64_t ref = 2; ref < MANY; ref++)
		outcomes_keep(o, ref << 32 | 5, OUTCOME_ACKNOWLEDGED, ref, ref);
	assert_true(outcomes_is_of(o, (uint64_t)(MANY - 1) << 32 | 5, MANY - 1));
	assert_int_not_equal(outcomes_find(o, 1), OUTCOME_ACKNOWLEDGED);
	assert_null(outcomes_free(o));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_last_ones_are_known) };

	return cmocka_run_group_tests_name("outcomes", tests, NULL, NULL);
}

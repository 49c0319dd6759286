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
	struct ended e = { .outcome = OUTCOME_REFUSED, .receiver = RECEIVER, .domain = DOMAIN };
	const struct ended *found;
	struct outcomes *o;

	(void)state;
	assert_int_equal(outcomes_new(&o), 0);
	assert_null(outcomes_find(o, 1));
	outcomes_keep(o, 1, &e);
	found = outcomes_find(o, 1);
	assert_non_null(found);
	assert_int_equal(found->outcome, OUTCOME_REFUSED);
	assert_true(ended_is_of(found, RECEIVER));
	assert_true(ended_is_of(found, DOMAIN));
	assert_false(ended_is_of(found, 9));
	/* However many come: the last is known, and of the others none is another. */
	e.outcome = OUTCOME_ACKNOWLEDGED;
	for (uint64_t ref = 2; ref < MANY; ref++) {
		e.receiver = e.domain = ref;
		outcomes_keep(o, ref << 32 | 5, &e);
	}
	assert_true(ended_is_of(outcomes_find(o, (uint64_t)(MANY - 1) << 32 | 5), MANY - 1));
	found = outcomes_find(o, 1);
	assert_true(!found || found->outcome == OUTCOME_REFUSED);
	assert_null(outcomes_free(o));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(the_last_ones_are_known) };

	return cmocka_run_group_tests_name("outcomes", tests, NULL, NULL);
}

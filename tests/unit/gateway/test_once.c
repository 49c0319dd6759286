/* What is said once in a conversation. */
#include "gateway/once.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct once once;

static bool is_first(const char *from, const char *to, const char *what, ts_t now)
{
	return once_is_first(&once, slice_str(from), slice_str(to), slice_str(what), now);
}

static void a_conversation_hears_it_once_an_hour(void **state)
{
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	once_init(&once, &rng);
	assert_true(is_first("a", "b", "x", 0));
	assert_false(is_first("a", "b", "x", TS_S(3599)));
	assert_true(is_first("b", "a", "x", 0));
	assert_true(is_first("a", "b", "y", 0));
	assert_true(is_first("ab", "", "x", 0)); /* no two lists of words are one */
	assert_true(is_first("a", "b", "x", TS_S(3600)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_conversation_hears_it_once_an_hour),
	};

	return cmocka_run_group_tests_name("once", tests, NULL, NULL);
}

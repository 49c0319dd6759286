#include "base/tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/mem.h"

static struct tally t;
static const char one[] = "one", two[] = "two";

static int set_up(void **state)
{
	(void)state;
	t = (struct tally){ 0 };
	return 0;
}

static bool add(const char *cause, const char *who, ts_t now)
{
	return tally_add(&t, 7, cause, slice_str(who), now);
}

static void assert_sum(ts_t now, const char *cause, const char *who, uint64_t count)
{
	struct tally_sum sum;

	assert_true(tally_take(&t, &sum, now));
	assert_ptr_equal(sum.cause, cause);
	assert_true(slice_eqs(sum.who, who));
	assert_int_equal(sum.count, count);
	assert_int_equal(sum.what, cause ? 7 : 0);
}

static void assert_no_sum(ts_t now)
{
	struct tally_sum sum;

	assert_false(tally_take(&t, &sum, now));
}

static void the_first_of_a_kind_is_told_and_the_rest_counted(void **state)
{
	(void)state;
	assert_true(add(one, "a", TS_S(10)));
	assert_true(add(two, "a", TS_S(11)));
	assert_true(add(one, "b", TS_S(11)));
	assert_int_equal(tally_deadline(&t), TS_NEVER); /* there is nothing to be added */
	for (unsigned i = 0; i < 5; i++)
		assert_false(add(one, "a", TS_S(12)));
	assert_false(add(two, "a", TS_S(13)));
	assert_int_equal(tally_deadline(&t), TS_S(70));
	assert_no_sum(TS_S(70) - 1);
	assert_sum(TS_S(70), one, "a", 5);
	assert_no_sum(TS_S(70));
	assert_int_equal(tally_deadline(&t), TS_S(71));
	assert_sum(TS_S(71), two, "a", 1);
	assert_no_sum(TS_S(71));
	assert_int_equal(tally_deadline(&t), TS_NEVER);
}

static void what_goes_on_is_told_once_a_minute(void **state)
{
	unsigned told = 0, sums = 0;
	struct tally_sum sum;

	(void)state;
	for (unsigned i = 0; i < 3600; i++) {
		told += add(one, "a", TS_S(i));
		while (tally_take(&t, &sum, TS_S(i)))
			sums++;
	}
	assert_int_equal(told, 1);
	assert_int_equal(sums, 59);
}

static void after_a_minute_of_silence_it_is_new(void **state)
{
	(void)state;
	assert_true(add(one, "a", 0));
	assert_false(add(one, "a", TS_S(59)));
	assert_sum(TS_S(60), one, "a", 1);
	assert_false(add(one, "a", TS_S(119))); /* still of it */
	assert_sum(TS_S(120), one, "a", 1);
	assert_true(add(one, "a", TS_S(180)));
}

/* Forged sources: the table does not grow, and every one is counted. */
static void a_flood_of_peers_has_its_bound(void **state)
{
	static char causes[TALLY_CAUSES + 4][8];
	uint64_t told = 0, count = 0;
	struct tally_sum sum;
	char who[16];
	bool many = false, all = false;

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(who, sizeof(who), "%u", i);
		told += add(causes[i % COUNT(causes)], who, 1);
	}
	assert_int_equal(told, TALLY_ROWS + TALLY_CAUSES);
	while (tally_take(&t, &sum, TS_S(61))) {
		many |= sum.cause && sum.who.n == 0;
		all |= !sum.cause;
		count += sum.count;
	}
	assert_int_equal(told + count, 10000);
	assert_true(many && all);
	/* And when it is over there is room again. */
	assert_true(add(one, "a", TS_S(200)));
	assert_false(add(one, "a", TS_S(200)));
	assert_sum(TS_S(260), one, "a", 1);
}

static void all_that_is_left_can_be_taken(void **state)
{
	(void)state;
	assert_true(add(one, "a", TS_S(10)));
	assert_false(add(one, "a", TS_S(11)));
	assert_sum(TS_NEVER, one, "a", 1);
	assert_no_sum(TS_NEVER);
}

static void a_long_name_is_cut(void **state)
{
	char who[2 * TALLY_WHO_MAX + 1];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof(who); i++)
		who[i] = 'x';
	who[sizeof(who) - 1] = '\0';
	assert_true(add(one, who, 0));
	assert_false(add(one, who, 0));
	who[TALLY_WHO_MAX] = '\0';
	assert_sum(TS_S(60), one, who, 1);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_of_a_kind_is_told_and_the_rest_counted),
		TEST(what_goes_on_is_told_once_a_minute),
		TEST(after_a_minute_of_silence_it_is_new),
		TEST(a_flood_of_peers_has_its_bound),
		TEST(all_that_is_left_can_be_taken),
		TEST(a_long_name_is_cut),
	};

	return cmocka_run_group_tests_name("tally", tests, NULL, NULL);
}

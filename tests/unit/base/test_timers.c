#include "base/timers.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"

static void nothing_is_due_when_nothing_is_armed(void **state)
{
	struct timer unarmed = { .at = TS_NEVER };
	struct timers t;

	(void)state;
	timers_init(&t);
	assert_true(timers_deadline(&t) == TS_NEVER);
	assert_null(timers_due(&t, TS_NEVER));
	assert_int_equal(timers_set(&t, &unarmed, TS_NEVER), 0);
	assert_null(timers_due(&t, TS_NEVER));
	timers_done(&t);
}

static void a_timer_is_due_once_from_its_time_on(void **state)
{
	struct timer a = { .at = TS_NEVER };
	struct timers t;

	(void)state;
	timers_init(&t);
	assert_int_equal(timers_set(&t, &a, 100), 0);
	assert_true(timers_deadline(&t) == 100);
	assert_null(timers_due(&t, 99));
	assert_ptr_equal(timers_due(&t, 100), &a);
	assert_true(a.at == TS_NEVER);
	assert_int_equal(a.index, 0);
	assert_null(timers_due(&t, 1000));

	/* It arms itself again, also at once. */
	assert_int_equal(timers_set(&t, &a, 0), 0);
	assert_ptr_equal(timers_due(&t, 1000), &a);
	timers_done(&t);
}

static void timers_come_in_the_order_of_their_times(void **state)
{
	static const ts_t at[] = { 50, 20, 90, 20, 10, 70, 0, TS_NEVER - 1 };
	struct timer timer[COUNT(at)];
	struct timers t;
	ts_t last = 0;

	(void)state;
	timers_init(&t);
	for (size_t i = 0; i < COUNT(at); i++) {
		timer[i] = (struct timer){ .at = TS_NEVER };
		assert_int_equal(timers_set(&t, &timer[i], at[i]), 0);
	}
	for (size_t i = 0; i < COUNT(at); i++) {
		ts_t deadline = timers_deadline(&t);
		struct timer *due = timers_due(&t, TS_NEVER - 1);

		assert_non_null(due);
		assert_true(at[due - timer] == deadline);
		assert_true(deadline >= last);
		last = deadline;
	}
	assert_null(timers_due(&t, TS_NEVER));
	timers_done(&t);
}

static void a_timer_can_be_moved_and_disarmed(void **state)
{
	struct timer a = { .at = TS_NEVER }, b = { .at = TS_NEVER };
	struct timers t;

	(void)state;
	timers_init(&t);
	assert_int_equal(timers_set(&t, &a, 10), 0);
	assert_int_equal(timers_set(&t, &b, 20), 0);
	assert_int_equal(timers_set(&t, &a, 30), 0);
	assert_true(timers_deadline(&t) == 20);
	assert_int_equal(timers_set(&t, &a, 5), 0);
	assert_true(timers_deadline(&t) == 5);
	assert_int_equal(timers_set(&t, &a, TS_NEVER), 0);
	assert_int_equal(timers_set(&t, &a, TS_NEVER), 0);
	assert_true(timers_deadline(&t) == 20);
	assert_ptr_equal(timers_due(&t, 100), &b);
	assert_null(timers_due(&t, 100));
	timers_done(&t);
}

static void done_disarms_all(void **state)
{
	struct timer timer[20];
	struct timers t;

	(void)state;
	timers_init(&t);
	for (size_t i = 0; i < COUNT(timer); i++) {
		timer[i] = (struct timer){ .at = TS_NEVER };
		assert_int_equal(timers_set(&t, &timer[i], i), 0);
	}
	timers_done(&t);
	for (size_t i = 0; i < COUNT(timer); i++) {
		assert_true(timer[i].at == TS_NEVER);
		assert_int_equal(timer[i].index, 0);
	}
	assert_true(timers_deadline(&t) == TS_NEVER);
	assert_int_equal(timers_set(&t, &timer[0], 7), 0);
	assert_ptr_equal(timers_due(&t, 7), &timer[0]);
	timers_done(&t);
}

/* The reference: all timers in a row, the least is looked for. */
static ts_t least_of(const ts_t *at, size_t n)
{
	ts_t least = TS_NEVER;

	for (size_t i = 0; i < n; i++)
		least = ts_min(least, at[i]);
	return least;
}

static void random_steps(uint64_t seed)
{
	enum { N = 70 };
	struct timer timer[N];
	ts_t at[N];
	struct timers t;
	struct rng rng;

	rng_init_number(&rng, seed);
	timers_init(&t);
	for (size_t i = 0; i < N; i++) {
		timer[i] = (struct timer){ .at = TS_NEVER };
		at[i] = TS_NEVER;
	}
	for (int step = 0; step < 3000; step++) {
		size_t i = rng_below(&rng, N);
		uint32_t what = rng_below(&rng, 8);

		if (what < 6) {
			at[i] = what == 0 ? TS_NEVER : rng_below(&rng, 50); /* many ties */
			assert_int_equal(timers_set(&t, &timer[i], at[i]), 0);
		} else {
			ts_t now = rng_below(&rng, 50);
			struct timer *due = timers_due(&t, now);

			if ((due != NULL) != (least_of(at, N) <= now))
				fail_msg("seed %u, step %d", (unsigned)seed, step);
			if (due) {
				assert_true(at[due - timer] == least_of(at, N));
				at[due - timer] = TS_NEVER;
			}
		}
		if (timers_deadline(&t) != least_of(at, N))
			fail_msg("deadline: seed %u, step %d", (unsigned)seed, step);
		for (size_t k = 0; k < N; k++)
			assert_true(timer[k].at == at[k] &&
				    (timer[k].index != 0) == (at[k] != TS_NEVER));
	}
	timers_done(&t);
}

static void the_heap_agrees_with_a_linear_search(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < 30; seed++)
		random_steps(seed);
}

static void out_of_memory_leaves_the_timer_unarmed(void **state)
{
	struct timer timer[100];
	struct timers t;
	unsigned refused = 0;

	(void)state;
	timers_init(&t);
	for (size_t i = 0; i < COUNT(timer); i++) {
		timer[i] = (struct timer){ .at = TS_NEVER };
		mem_fail_after(0);
		int err = timers_set(&t, &timer[i], 1000 - i);
		mem_fail_after(-1);
		if (err == 0)
			continue;
		refused++;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(timer[i].index, 0);
		assert_true(timer[i].at == TS_NEVER);
		assert_true(timers_deadline(&t) == (i ? 1000 - i + 1 : TS_NEVER));
		assert_int_equal(timers_set(&t, &timer[i], 1000 - i), 0);
	}
	assert_in_range(refused, 2, 10);
	assert_true(timers_deadline(&t) == 1000 - 99);
	timers_done(&t);
}

static void what_is_reserved_or_armed_needs_no_memory(void **state)
{
	struct timer timer[100];
	struct timers t;

	(void)state;
	timers_init(&t);
	mem_fail_after(0);
	assert_int_equal(timers_reserve(&t, COUNT(timer)), -ENOMEM);
	assert_int_equal(timers_reserve(&t, COUNT(timer)), 0);
	mem_fail_after(0);
	assert_int_equal(timers_reserve(&t, 1), 0);
	for (size_t i = 0; i < COUNT(timer); i++) {
		timer[i] = (struct timer){ .at = TS_NEVER };
		assert_int_equal(timers_set(&t, &timer[i], i), 0);
	}
	for (size_t i = 0; i < COUNT(timer); i++)
		assert_int_equal(timers_set(&t, &timer[i], 1000 - i), 0);
	mem_fail_after(-1);
	timers_done(&t);
}

static void time_never_wraps(void **state)
{
	(void)state;
	assert_true(ts_add(1, 2) == 3);
	assert_true(ts_add(5, TS_NEVER) == TS_NEVER);
	assert_true(ts_add(0, TS_NEVER) == TS_NEVER);
	assert_true(ts_add(TS_NEVER, 0) == TS_NEVER);
	assert_true(ts_add(TS_NEVER, TS_NEVER) == TS_NEVER);
	assert_true(ts_add(TS_NEVER - 5, 4) == TS_NEVER - 1);
	assert_true(ts_add(TS_NEVER - 5, 6) == TS_NEVER);
	assert_true(ts_min(TS_MS(1500), TS_S(1)) == 1000000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_due_when_nothing_is_armed),
		cmocka_unit_test(a_timer_is_due_once_from_its_time_on),
		cmocka_unit_test(timers_come_in_the_order_of_their_times),
		cmocka_unit_test(a_timer_can_be_moved_and_disarmed),
		cmocka_unit_test(done_disarms_all),
		cmocka_unit_test(the_heap_agrees_with_a_linear_search),
		cmocka_unit_test(out_of_memory_leaves_the_timer_unarmed),
		cmocka_unit_test(what_is_reserved_or_armed_needs_no_memory),
		cmocka_unit_test(time_never_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

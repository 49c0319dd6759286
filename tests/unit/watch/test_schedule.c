#include "watch/schedule.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"

#define EPOCH  (INT64_C(1700000000) * 1000000) /* UTC when the monotonic clock was 0 */
#define MINUTE INT64_C(60000000)

enum { TESTS = 64, ACCOUNTS = 16, IDS = 4096 };

static struct schedule s;
static struct schedule_test tests_of[TESTS];
static struct schedule_account accounts[ACCOUNTS];
static ts_t ends[TESTS]; /* of its run; 0: none */
static ts_t now, duration;
static struct {
	uint64_t started, missed[SCHEDULE_MISSES], by_hand;
	ts_t waited, waited_max;
	int64_t late_max, jump;
	unsigned at_once, at_once_max;
} seen;
static int64_t ids[IDS];
static unsigned n_ids;

static void set_up_with(unsigned room, ts_t late_max)
{
	const struct schedule_cfg cfg = { .room = room, .late_max = late_max };

	memset(tests_of, 0, sizeof(tests_of));
	memset(accounts, 0, sizeof(accounts));
	memset(ends, 0, sizeof(ends));
	memset(&seen, 0, sizeof(seen));
	n_ids = 0;
	now = TS_S(1000);
	duration = TS_S(1);
	assert_int_equal(schedule_init(&s, &cfg, EPOCH), 0);
}

static int set_up(void **state)
{
	(void)state;
	set_up_with(1000, TS_S(10));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	schedule_done(&s);
	return 0;
}

static struct schedule_test *add(unsigned i, int64_t interval, int a, int b)
{
	struct schedule_test *t = &tests_of[i];

	t->id = i + 1;
	t->interval_us = interval;
	t->accounts[0] = a >= 0 ? &accounts[a] : NULL;
	t->accounts[1] = b >= 0 ? &accounts[b] : NULL;
	assert_int_equal(schedule_add(&s, t, 0, now), 0);
	return t;
}

static void take_start(const struct schedule_event *e)
{
	const unsigned i = (unsigned)(e->test - tests_of);

	assert_int_equal(ends[i], 0);
	for (unsigned k = 0; k < SCHEDULE_ACCOUNTS_MAX; k++)
		if (e->test->accounts[k])
			assert_ptr_equal(e->test->accounts[k]->user, e->test);
	if (!e->is_by_hand)
		assert_int_equal((e->slot - schedule_offset(e->test->id, e->test->interval_us)) %
					 e->test->interval_us,
			0);
	ends[i] = now + duration;
	seen.started++;
	seen.by_hand += e->is_by_hand;
	seen.waited += e->waited;
	seen.waited_max = e->waited > seen.waited_max ? e->waited : seen.waited_max;
	seen.late_max = e->late_us > seen.late_max ? e->late_us : seen.late_max;
	assert_true(e->late_us >= 0);
	assert_true(e->late_us == (int64_t)now + s.ahead_us - e->slot);
	if (++seen.at_once > seen.at_once_max)
		seen.at_once_max = seen.at_once;
	assert_true(n_ids < IDS);
	ids[n_ids++] = e->scheduled_at;
}

static void drain(void)
{
	struct schedule_event e;

	while (schedule_take_event(&s, &e, now)) {
		switch (e.type) {
		case SCHEDULE_EV_START: take_start(&e); break;
		case SCHEDULE_EV_MISSED: seen.missed[e.why] += e.n; break;
		case SCHEDULE_EV_CLOCK: seen.jump += e.jump_us; break;
		}
	}
}

static void end_runs(void)
{
	for (unsigned i = 0; i < TESTS; i++) {
		if (!ends[i] || ends[i] > now)
			continue;
		ends[i] = 0;
		seen.at_once--;
		schedule_push_done(&s, &tests_of[i], now);
	}
}

static void go_on_until(ts_t until)
{
	while (now < until) {
		ts_t next = ts_min(until, schedule_deadline(&s));

		for (unsigned i = 0; i < TESTS; i++)
			if (ends[i])
				next = ts_min(next, ends[i]);
		now = next > now ? next : now;
		end_runs();
		schedule_push_time(&s, now);
		drain();
	}
}

static uint64_t missed(void)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < SCHEDULE_MISSES; i++)
		n += seen.missed[i];
	return n;
}

/* ---- slots ---- */

static void offsets_are_spread_and_nested(void **state)
{
	unsigned in_second[60] = { 0 };

	(void)state;
	for (uint64_t id = 0; id < 6000; id++) {
		const int64_t offset = schedule_offset(id, MINUTE);

		assert_in_range(offset, 0, MINUTE - 1);
		assert_int_equal(offset % (MINUTE / 2), schedule_offset(id, MINUTE / 2));
		in_second[offset / 1000000]++;
	}
	for (unsigned i = 0; i < 60; i++)
		assert_in_range(in_second[i], 60, 140);
	assert_int_equal(schedule_offset(17, MINUTE), schedule_offset(17, MINUTE));
}

static void each_slot_has_its_run_in_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TESTS; i++)
		add(i, MINUTE, -1, -1);
	go_on_until(now + TS_S(3600));
	assert_int_equal(seen.started, 60 * TESTS);
	assert_int_equal(seen.late_max, 0);
	assert_int_equal(missed(), 0);
}

static void a_run_that_takes_too_long_misses_its_slots(void **state)
{
	(void)state;
	add(0, MINUTE, -1, -1);
	duration = TS_S(150);
	go_on_until(now + TS_S(3600));
	assert_int_equal(seen.started, 20);
	assert_int_equal(seen.missed[SCHEDULE_ITSELF], 40);
	assert_int_equal(tests_of[0].n_missed[SCHEDULE_ITSELF], 40);
}

static void a_stall_is_counted_and_not_made_up_for(void **state)
{
	(void)state;
	struct schedule_test *t = add(0, MINUTE, -1, -1);
	const ts_t slot = (ts_t)(t->slot - EPOCH);

	now = slot + TS_S(600) + TS_S(5); /* ten slots behind, the eleventh can be run */
	schedule_push_time(&s, now);
	drain();
	assert_int_equal(seen.missed[SCHEDULE_STALL], 10);
	assert_int_equal(seen.started, 1);
	assert_int_equal(seen.late_max, 5000000);
	end_runs();
	go_on_until(now + TS_S(10));
	now = slot + TS_S(1200) + TS_S(30); /* this one comes too late as well */
	schedule_push_time(&s, now);
	drain();
	assert_int_equal(seen.missed[SCHEDULE_STALL], 20);
	assert_int_equal(seen.started, 1);
}

static void a_restart_runs_the_present_slot_if_it_is_missing(void **state)
{
	static const struct {
		const char *name;
		int64_t behind,
			last; /* the slot, in microseconds; the last run, in slots before it */
		unsigned want;
	} rows[] = {
		{ "it was run", 5000000, 0, 0 },
		{ "it was not run", 5000000, 1, 1 },
		{ "it was not run for long", 5000000, 100, 1 },
		{ "it is too old", 15000000, 1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct schedule_test *t = &tests_of[0];

		*t = (struct schedule_test){ .id = 9, .interval_us = MINUTE };
		const int64_t slot =
			20 * MINUTE + EPOCH / MINUTE * MINUTE + schedule_offset(9, MINUTE);
		now = (ts_t)(slot + rows[i].behind - EPOCH);
		seen.started = 0;
		assert_int_equal(schedule_add(&s, t, slot - rows[i].last * MINUTE, now), 0);
		schedule_push_time(&s, now);
		drain();
		if (seen.started != rows[i].want)
			fail_msg("%s: %u", rows[i].name, (unsigned)seen.started);
		schedule_remove(&s, t, now);
		ends[0] = 0;
	}
}

static void another_interval_keeps_the_rhythm(void **state)
{
	static const int64_t intervals[] = { MINUTE / 2, MINUTE, 5 * MINUTE, MINUTE / 4, 7000000,
		60 * MINUTE, MINUTE };
	struct schedule_test *t = add(0, MINUTE, -1, -1);

	(void)state;
	duration = TS_MS(100);
	go_on_until(now + TS_S(200));
	for (size_t i = 0; i < COUNT(intervals); i++) {
		go_on_until(now + TS_S(3));
		const int64_t last = ids[n_ids - 1], since = (int64_t)now + EPOCH - last;
		const unsigned n = n_ids;
		assert_int_equal(schedule_set_interval(&s, t, intervals[i], now), 0);
		go_on_until(now + (ts_t)(2 * intervals[i]));
		assert_true(n_ids > n);
		assert_true(ids[n] - last >= intervals[i] / 2);
		assert_true(ids[n] - last <= intervals[i] * 3 / 2 + since);
	}
	assert_int_equal(missed(), 0);
	assert_int_equal(schedule_set_interval(&s, t, 0, now), -EINVAL);
}

static void half_the_interval_has_the_old_slots_too(void **state)
{
	struct schedule_test *t = add(0, MINUTE, -1, -1);
	const int64_t slot = t->slot;

	(void)state;
	assert_int_equal(schedule_set_interval(&s, t, MINUTE / 2, now), 0);
	go_on_until(now + TS_S(121));
	bool has_old = false;
	for (unsigned i = 0; i < n_ids; i++)
		has_old |= ids[i] == slot;
	assert_true(has_old);
	assert_in_range(n_ids, 4, 5);
}

/* ---- accounts and room ---- */

static void an_account_is_used_by_one_at_a_time(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add(i, MINUTE, 3, -1);
	duration = TS_S(4);
	go_on_until(now + TS_S(3600));
	assert_int_equal(seen.at_once_max, 1);
	assert_true(seen.waited > 0);
	assert_int_equal(seen.started + missed(), 600);
	assert_int_equal(seen.missed[SCHEDULE_ACCOUNT], missed());
	assert_true(seen.waited_max <= TS_S(10));
	assert_int_equal(accounts[3].used / TS_S(4), seen.started - (accounts[3].user ? 1 : 0));
}

static void what_waits_too_long_is_missed_and_told(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		add(i, MINUTE, 0, -1);
	duration = TS_S(45);
	go_on_until(now + TS_S(6000));
	assert_int_equal(seen.at_once_max, 1);
	assert_int_equal(seen.started + missed(), 300);
	assert_true(seen.started >= 90); /* the account is never idle for long */
	assert_true(seen.missed[SCHEDULE_ACCOUNT] >= 150);
}

/* Pools and partners: each test needs one account of both. */
static void a_matrix_of_two_accounts_each_has_no_deadlock(void **state)
{
	set_up_with(1000, TS_S(30));
	(void)state;
	for (unsigned i = 0; i < TESTS; i++)
		add(i, MINUTE, (int)(i % 8), (int)(8 + i / 8));
	duration = TS_S(2);
	go_on_until(now + TS_S(3600));
	assert_int_equal(seen.started + missed(), 60 * TESTS);
	assert_int_equal(missed(), 0);
	assert_true(seen.at_once_max > 1 && seen.at_once_max <= 8);
}

static void who_waits_longest_is_first(void **state)
{
	struct schedule_event e;

	set_up_with(1000, TS_S(60));
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		add(i, 60 * MINUTE, 0, i == 1 ? 1 : -1);
	add(3, 60 * MINUTE, 1, -1);
	for (unsigned i = 0; i < 4; i++) /* the fourth has account 1, the second waits for both */
		assert_int_equal(schedule_push_asked(&s, &tests_of[i], now + i), 0);
	now += 4;
	assert_true(schedule_take_event(&s, &e, now));
	assert_ptr_equal(e.test, &tests_of[0]);
	assert_true(schedule_take_event(&s, &e, now));
	assert_ptr_equal(e.test, &tests_of[3]);
	assert_false(schedule_take_event(&s, &e, now));
	schedule_push_done(&s, &tests_of[0], now); /* the second goes over to account 1 */
	assert_true(schedule_take_event(&s, &e, now));
	assert_ptr_equal(e.test, &tests_of[2]);
	schedule_push_done(&s, &tests_of[3], now); /* and comes back, to the front */
	assert_int_equal(schedule_push_asked(&s, &tests_of[0], now), 0);
	schedule_push_done(&s, &tests_of[2], now);
	assert_true(schedule_take_event(&s, &e, now));
	assert_ptr_equal(e.test, &tests_of[1]);
	assert_int_equal(e.waited, 3);
}

static void room_is_bounded(void **state)
{
	set_up_with(3, TS_S(20));
	(void)state;
	for (unsigned i = 0; i < TESTS; i++)
		add(i, MINUTE, -1, -1);
	duration = TS_S(6);
	go_on_until(now + TS_S(3600));
	assert_int_equal(seen.at_once_max, 3);
	assert_in_range(
		seen.started + missed(), 60 * TESTS - TESTS / 3, 60 * TESTS); /* some wait */
	assert_int_equal(seen.missed[SCHEDULE_ROOM], missed());
	assert_true(seen.started >= 1700); /* of 1800 that fit */
}

static void a_run_by_hand_goes_by_the_same_rules(void **state)
{
	struct schedule_test *t = add(0, 10 * MINUTE, 0, -1);

	(void)state;
	add(1, 10 * MINUTE, 0, -1);
	assert_int_equal(schedule_push_asked(&s, t, now), 0);
	assert_int_equal(schedule_push_asked(&s, &tests_of[1], now), 0);
	assert_int_equal(schedule_push_asked(&s, t, now), -EBUSY);
	drain();
	assert_int_equal(seen.by_hand, 1);
	assert_int_equal(ids[0], (int64_t)now + EPOCH);
	now += duration;
	end_runs();
	drain();
	assert_int_equal(seen.by_hand, 2);
	assert_int_equal(seen.waited, duration);
}

/* ---- the clock ---- */

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void a_clock_that_jumps_makes_no_burst_and_no_silence(void **state)
{
	static const int64_t jumps[] = { INT64_C(3600), INT64_C(-3600), INT64_C(-1),
		INT64_C(86400 * 365), INT64_C(-86400 * 365), INT64_C(31), INT64_C(-30),
		INT64_C(-7200), INT64_C(7200) };
	int64_t ahead = EPOCH;

	(void)state;
	add(0, MINUTE, -1, -1);
	go_on_until(now + TS_S(300));
	for (size_t i = 0; i < COUNT(jumps); i++) {
		const uint64_t before = seen.started;

		seen.jump = 0;
		ahead += jumps[i] * 1000000;
		schedule_push_clock(&s, ahead, now);
		go_on_until(now + TS_S(600));
		assert_int_equal(seen.jump, jumps[i] * 1000000);
		assert_in_range(seen.started - before, 9, 11);
	}
	assert_int_equal(missed(), 0);
	assert_int_equal(seen.late_max, 0);
	/* No two runs have one id. */
	qsort(ids, n_ids, sizeof(ids[0]), compare);
	for (unsigned i = 1; i < n_ids; i++)
		assert_true(ids[i] > ids[i - 1]);
}

static void a_clock_put_right_slowly_moves_the_starts(void **state)
{
	int64_t ahead = EPOCH;

	(void)state;
	for (unsigned i = 0; i < 10; i++)
		add(i, MINUTE, -1, -1);
	for (unsigned i = 0; i < 1200; i++) { /* 500 ppm, forward, then back */
		ahead += i < 600 ? 500 : -500;
		schedule_push_clock(&s, ahead, now);
		go_on_until(now + TS_S(1));
	}
	assert_int_equal(seen.started, 200);
	assert_int_equal(missed(), 0);
	assert_true(seen.late_max <= 2500);
	assert_int_equal(seen.jump, 0);
}

static void a_clock_that_was_set_back_before_a_restart(void **state)
{
	struct schedule_test *t = &tests_of[0];

	(void)state;
	t->id = 1;
	t->interval_us = MINUTE;
	assert_int_equal(schedule_add(&s, t, EPOCH + 3600 * INT64_C(1000000), now), 0);
	go_on_until(now + TS_S(300));
	assert_in_range(seen.started, 4, 5);
	assert_int_equal((ids[0] - t->offset_us) % MINUTE, 1); /* its slot may have had a run */
}

/* ---- life ---- */

static void a_test_may_go_in_any_state(void **state)
{
	set_up_with(2, TS_S(30));
	(void)state;
	for (unsigned i = 0; i < 6; i++)
		add(i, 60 * MINUTE, i < 3 ? 0 : (int)i, -1);
	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(schedule_push_asked(&s, &tests_of[i], now), 0);
	assert_int_equal(tests_of[0].state, SCHEDULE_STARTING);
	assert_int_equal(tests_of[1].state, SCHEDULE_AWAIT_ACCOUNT);
	assert_int_equal(tests_of[3].state, SCHEDULE_STARTING);
	assert_int_equal(tests_of[4].state, SCHEDULE_AWAIT_ROOM);
	schedule_remove(&s, &tests_of[0], now); /* 1 has the account, and waits for room behind 5 */
	drain();
	assert_int_equal(tests_of[3].state, SCHEDULE_RUNNING);
	assert_int_equal(tests_of[4].state, SCHEDULE_RUNNING);
	assert_int_equal(tests_of[1].state, SCHEDULE_AWAIT_ROOM);
	schedule_remove(&s, &tests_of[2], now); /* waits for the account */
	schedule_remove(&s, &tests_of[3], now); /* runs */
	assert_int_equal(tests_of[5].state, SCHEDULE_STARTING);
	schedule_remove(&s, &tests_of[1], now); /* waits for room */
	schedule_remove(&s, &tests_of[5], now);
	schedule_remove(&s, &tests_of[4], now);
	assert_int_equal(s.n_running, 0);
	assert_null(accounts[0].user);
	assert_int_equal(schedule_deadline(&s), TS_NEVER);
}

static void bad_ones_are_refused(void **state)
{
	static const struct schedule_cfg no_room = { .late_max = 1 }, no_time = { .room = 1 };
	struct schedule_test *t = &tests_of[0];
	struct schedule other;

	(void)state;
	assert_int_equal(schedule_init(&other, &no_room, 0), -EINVAL);
	assert_int_equal(schedule_init(&other, &no_time, 0), -EINVAL);
	assert_int_equal(schedule_add(&s, t, 0, now), -EINVAL);
	*t = (struct schedule_test){
		.id = 1, .interval_us = 1000000, .accounts = { &accounts[0], &accounts[0] }
	};
	assert_int_equal(schedule_add(&s, t, 0, now), -EINVAL);
	t->accounts[1] = NULL;
	mem_fail_after(0);
	assert_int_equal(schedule_add(&s, t, 0, now), -ENOMEM);
	mem_fail_after(-1);
	assert_int_equal(schedule_add(&s, t, 0, now), 0);
}

/* ---- many, and any order ---- */

static void a_hundred_thousand_tests_are_cheap(void **state)
{
	enum { MANY = 100000 };
	struct schedule_test *many = mem_alloc0(MANY * sizeof(*many));
	struct schedule_event e;
	uint64_t started = 0;

	(void)state;
	assert_non_null(many);
	for (unsigned i = 0; i < MANY; i++) {
		many[i].id = i;
		many[i].interval_us = MINUTE;
		assert_int_equal(schedule_add(&s, &many[i], 0, now), 0);
	}
	for (const ts_t until = now + TS_S(180); schedule_deadline(&s) < until;) {
		now = schedule_deadline(&s);
		schedule_push_time(&s, now);
		while (schedule_take_event(&s, &e, now)) {
			assert_int_equal(e.type, SCHEDULE_EV_START);
			assert_int_equal(e.late_us, 0);
			started++;
			schedule_push_done(&s, e.test, now);
		}
	}
	assert_int_equal(started, 3 * MANY);
	schedule_done(&s);
	assert_int_equal(
		schedule_init(&s, &(struct schedule_cfg){ .room = 1, .late_max = 1 }, 0), 0);
	mem_free(many);
}

static void every_slot_is_a_start_or_a_miss(void **state)
{
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 11);
	for (unsigned round = 0; round < 20; round++) {
		uint64_t slots = 0;
		int64_t first[TESTS];

		schedule_done(&s);
		set_up_with(1 + rng_below(&rng, 8), TS_S(1 + rng_below(&rng, 90)));
		for (unsigned i = 0; i < 30; i++) {
			const int a = (int)rng_below(&rng, 8), b = (int)rng_below(&rng, 8);

			add(i, (5 + rng_below(&rng, 60)) * INT64_C(1000000), a, a == b ? -1 : b);
			first[i] = tests_of[i].slot;
		}
		for (unsigned step = 0; step < 60; step++) {
			duration = TS_MS(1 + rng_below(&rng, 9000));
			if (rng_below(&rng, 10) == 0)
				now += TS_S(rng_below(&rng, 40)); /* a stall */
			go_on_until(now + TS_MS(rng_below(&rng, 8000)));
		}
		for (unsigned i = 0; i < 30; i++) {
			const bool waits = tests_of[i].state == SCHEDULE_AWAIT_ACCOUNT ||
					   tests_of[i].state == SCHEDULE_AWAIT_ROOM;

			slots += (uint64_t)((tests_of[i].slot - first[i]) /
					    tests_of[i].interval_us) -
				 waits;
		}
		assert_int_equal(seen.started + missed(), slots);
		assert_true(seen.at_once_max <= s.cfg.room);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

/* Another watcher had it, and did not run the present slot: its age does not matter, and the one
 * behind it has its own time. */
static void what_is_inherited_starts_at_once(void **state)
{
	static const struct {
		const char *name;
		int64_t since_last; /* run, in intervals */
		bool is_new, starts;
	} rows[] = {
		{ "missing", 1, false, true },
		{ "missing for long", 9, false, true },
		{ "it was run", 0, false, false },
		{ "it never ran", 0, true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct schedule_test *t = &tests_of[i];
		struct schedule_event e;

		*t = (struct schedule_test){ .id = i + 1, .interval_us = MINUTE };
		const int64_t offset = schedule_offset(t->id, MINUTE), wall = EPOCH + (int64_t)now;
		const int64_t present = (wall - offset) / MINUTE * MINUTE + offset;
		now = (ts_t)(present + MINUTE - 1000000 - EPOCH); /* far behind late_max */
		assert_int_equal(
			schedule_inherit(&s, t,
				rows[i].is_new ? 0 : present - rows[i].since_last * MINUTE, now),
			0);
		schedule_push_time(&s, now);
		const bool starts = schedule_take_event(&s, &e, now);
		if (starts != rows[i].starts)
			fail_msg("%s", rows[i].name);
		if (starts)
			assert_int_equal(e.scheduled_at, present);
		schedule_remove(&s, t, now);
	}
}

/* What is late for another watcher's sake must not cost the slot behind it. */
static void the_slot_behind_an_inherited_run_waits_for_its_end(void **state)
{
	static const struct {
		ts_t ends_after; /* the slot behind it was due */
		bool starts;
	} rows[] = { { TS_S(3), true }, { TS_S(30), false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct schedule_test *t = &tests_of[i];
		struct schedule_event e;

		*t = (struct schedule_test){ .id = i + 1, .interval_us = MINUTE };
		const int64_t offset = schedule_offset(t->id, MINUTE);
		const int64_t next =
			(EPOCH + (int64_t)now - offset) / MINUTE * MINUTE + offset + MINUTE;
		now = (ts_t)(next - 1000000 - EPOCH);
		assert_int_equal(schedule_inherit(&s, t, next - 2 * MINUTE, now), 0);
		schedule_push_time(&s, now);
		assert_true(schedule_take_event(&s, &e, now));
		assert_int_equal(e.scheduled_at, next - MINUTE);
		now = (ts_t)(next - EPOCH);
		schedule_push_time(&s, now);
		assert_false(schedule_take_event(&s, &e, now));
		now += rows[i].ends_after;
		schedule_push_done(&s, t, now);
		assert_true(schedule_take_event(&s, &e, now));
		if (rows[i].starts) {
			assert_int_equal(e.type, SCHEDULE_EV_START);
			assert_int_equal(e.scheduled_at, next);
			assert_int_equal(e.late_us, rows[i].ends_after);
		} else {
			assert_int_equal(e.type, SCHEDULE_EV_MISSED);
			assert_int_equal(e.why, SCHEDULE_ITSELF);
		}
		schedule_remove(&s, t, now);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(offsets_are_spread_and_nested),
		TEST(each_slot_has_its_run_in_time),
		TEST(a_run_that_takes_too_long_misses_its_slots),
		TEST(a_stall_is_counted_and_not_made_up_for),
		TEST(a_restart_runs_the_present_slot_if_it_is_missing),
		TEST(what_is_inherited_starts_at_once),
		TEST(the_slot_behind_an_inherited_run_waits_for_its_end),
		TEST(another_interval_keeps_the_rhythm),
		TEST(half_the_interval_has_the_old_slots_too),
		TEST(an_account_is_used_by_one_at_a_time),
		TEST(what_waits_too_long_is_missed_and_told),
		TEST(a_matrix_of_two_accounts_each_has_no_deadlock),
		TEST(who_waits_longest_is_first),
		TEST(room_is_bounded),
		TEST(a_run_by_hand_goes_by_the_same_rules),
		TEST(a_clock_that_jumps_makes_no_burst_and_no_silence),
		TEST(a_clock_put_right_slowly_moves_the_starts),
		TEST(a_clock_that_was_set_back_before_a_restart),
		TEST(a_test_may_go_in_any_state),
		TEST(bad_ones_are_refused),
		TEST(a_hundred_thousand_tests_are_cheap),
		TEST(every_slot_is_a_start_or_a_miss),
	};

	return cmocka_run_group_tests_name("schedule", tests, NULL, NULL);
}

/* The tests at work, from one plan to the next: what is known goes over, what is gone leaves when
 * its run is over, accounts are shared and let go.
 */
#include "watcher/roster.h"

#include <string.h>

#include "base/mem.h"
#include "plan_rig.h"

#define A_TO_X "a.test/x.test/to"
#define B_TO_X "b.test/x.test/to"

static struct rng rng;
static struct roster roster;
static const ts_t start = TS_S(1000);
static const int64_t ahead = INT64_C(1700000000) * 1000000;

/* Pools and partners, whose names begin with a letter. */
static struct made make_many(char letter)
{
	enum { POOLS = 64, PARTNERS = 180 };
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_puts(&text, "pools:\n");
	for (unsigned i = 0; i < POOLS; i++)
		buf_printf(&text,
			"  - { fqdn: p%u.test, domains: [p%u.test], test_users: "
			"[{ address: u@p%u.test, password_file: p }] }\n",
			i, i, i);
	buf_puts(&text, "partners:\n");
	for (unsigned i = 0; i < PARTNERS; i++)
		buf_printf(&text, "  - { domain: %c%u.test, receiver: { address: r@%c%u.test } }\n",
			letter, i, letter, i);
	buf_puts(&text, "watch: {}\n");
	const struct made m = make_of(buf_slice(&text));
	buf_done(&text);
	return m;
}

static int set_up(void **state)
{
	const struct schedule_cfg cfg = { .room = 10, .late_max = TS_S(30) };

	(void)state;
	rng_init_number(&rng, 1);
	return roster_init(&roster, &cfg, ahead, &rng);
}

static int tear_down(void **state)
{
	(void)state;
	roster_done(&roster);
	return 0;
}

static struct watched *find(const char *key)
{
	return roster_find(&roster, slice_str(key));
}

/* The next one that starts; NULL: none. */
static struct watched *started(ts_t now)
{
	struct schedule_event ev;

	schedule_push_time(&roster.schedule, now);
	while (schedule_take_event(&roster.schedule, &ev, now))
		if (ev.type == SCHEDULE_EV_START)
			return roster_of_place(ev.test);
	return NULL;
}

static void what_the_history_knows_is_resumed(void **state)
{
	struct made m = make("  time_zone: UTC\n");
	const struct store_known known[] = {
		{ .id = 7,
			.kept = { .state = WATCH_FAILED,
				.since_at = ahead - 50,
				.last_at = ahead - 10,
				.last_failed_at = ahead - 10,
				.incident = { .begin_at = ahead - 50,
					.last_at = ahead - 10,
					.reason = REASON_TCP_REFUSED,
					.runs = 3,
					.times = 1 } },
			.newest_at = ahead - 10 },
		{ .id = 9 },
	};

	(void)state;
	assert_int_equal(roster_take(&roster, m.plan, known, start), 0);
	assert_int_equal(roster.n, 2);
	struct watched *t = find(A_TO_X);
	assert_ptr_equal(roster_find_id(&roster, 7), t);
	assert_int_equal(t->state.state, WATCH_FAILED);
	assert_int_equal(t->state.incident.runs, 3);
	assert_int_equal(find(B_TO_X)->id, 9);
	assert_int_equal(find(B_TO_X)->state.since_at, 0);
	assert_null(find("a.test/y.test/to"));
	assert_null(roster_find_id(&roster, 1));
	tear_down(NULL);
	set_up(NULL);
	done(&m);
}

static void another_plan_keeps_what_it_has_too(void **state)
{
	struct made one = make("  tests: [{ interval: 60 }]\n");
	struct made two = make("  tests: [{ interval: 30, pool: a.test }, { kind: register }]\n");
	const struct watch_run run = { .scheduled_at = ahead, .reason = REASON_TCP_REFUSED };

	(void)state;
	assert_int_equal(roster_take(&roster, one.plan, NULL, start), 0);
	struct watched *t = find(A_TO_X);
	const int64_t id = t->id;
	state_push_run(&t->state, &run);
	assert_int_equal(roster_take(&roster, two.plan, NULL, start), 0);
	done(&one);
	assert_ptr_equal(find(A_TO_X), t);
	assert_int_equal(t->id, id);
	assert_int_equal(t->state.last_failed_at, ahead);
	assert_int_equal(t->place.interval_us, 30 * 1000000);
	assert_string_equal(t->plan->key, A_TO_X);
	assert_null(find(B_TO_X)); /* it did not run: it is gone at once */
	assert_true(list_empty(&roster.leaving));
	assert_non_null(find("a.test/register"));
	assert_int_equal(roster.n, 3);
	tear_down(NULL);
	set_up(NULL);
	done(&two);
}

static void one_that_runs_leaves_when_it_is_over(void **state)
{
	struct made one = make("  tests: [{ interval: 60 }]\n");
	struct made two = make("  tests: [{ pool: b.test }]\n");

	(void)state;
	assert_int_equal(roster_take(&roster, one.plan, NULL, start), 0);
	assert_int_equal(schedule_push_asked(&roster.schedule, &find(A_TO_X)->place, start), 0);
	struct watched *t = started(start);
	assert_ptr_equal(t, find(A_TO_X));
	assert_int_equal(roster_take(&roster, two.plan, NULL, start), 0);
	done(&one);
	assert_null(find(A_TO_X));
	assert_true(roster_is_leaving(t));
	assert_false(list_empty(&roster.leaving));
	roster_push_done(&roster, t, start);
	assert_true(list_empty(&roster.leaving));
	tear_down(NULL);
	set_up(NULL);
	done(&two);
}

/* r@x.test is one account: its tests take turns, also behind a change. */
static void tests_of_one_account_take_turns(void **state)
{
	struct made one = make_with(BOTH_SIGN_IN, "  tests: [{ interval: 60, direction: to }]\n");
	struct made two = make_with(BOTH_SIGN_IN,
		"  tests: [{ interval: 60, enabled: false, pool: a.test, direction: to },"
		" { direction: to }]\n");

	(void)state;
	assert_int_equal(roster_take(&roster, one.plan, NULL, start), 0);
	struct watched *a = find(A_TO_X), *b = find(B_TO_X);
	assert_int_equal(schedule_push_asked(&roster.schedule, &a->place, start), 0);
	assert_int_equal(schedule_push_asked(&roster.schedule, &b->place, start), 0);
	assert_ptr_equal(started(start), a);
	assert_null(started(start));
	assert_int_equal(roster_take(&roster, two.plan, NULL, start), 0); /* while it runs */
	done(&one);
	assert_true(a->is_scheduled);
	roster_push_done(&roster, a, start);
	assert_false(a->is_scheduled);
	assert_ptr_equal(started(start), b);
	roster_push_done(&roster, b, start);
	tear_down(NULL);
	set_up(NULL);
	done(&two);
}

/* One that waits for room holds its accounts: they are given back before they are let go. */
static void one_that_waits_for_room_may_get_other_accounts(void **state)
{
	struct made one = make("  tests: [{ kind: register }]\n");
	struct made two = make_with(OTHER_USER, "  tests: [{ kind: register }]\n");

	(void)state;
	roster.schedule.cfg.room = 1;
	assert_int_equal(roster_take(&roster, one.plan, NULL, start), 0);
	struct watched *a = find("a.test/register"), *b = find("b.test/register");
	assert_int_equal(schedule_push_asked(&roster.schedule, &a->place, start), 0);
	assert_int_equal(schedule_push_asked(&roster.schedule, &b->place, start), 0);
	assert_ptr_equal(started(start), a);
	assert_int_equal(b->place.state, SCHEDULE_AWAIT_ROOM);
	assert_int_equal(roster_take(&roster, two.plan, NULL, start), 0);
	done(&one);
	roster_push_done(&roster, a, start);
	assert_int_equal(schedule_push_asked(&roster.schedule, &b->place, start), 0);
	assert_ptr_equal(started(start), b);
	roster_push_done(&roster, b, start);
	tear_down(NULL);
	set_up(NULL);
	done(&two);
}

/* Two plans while it runs, and the second takes back what the first changed. */
static void what_was_taken_back_does_not_happen(void **state)
{
	struct made one = make("  tests: [{}]\n");
	struct made two = make_with(OTHER_USER, "  tests: [{}]\n");
	struct made three = make("  tests: [{}]\n");

	(void)state;
	assert_int_equal(roster_take(&roster, one.plan, NULL, start), 0);
	struct watched *b = find(B_TO_X);
	struct account *account = b->accounts[0];
	assert_int_equal(schedule_push_asked(&roster.schedule, &b->place, start), 0);
	assert_ptr_equal(started(start), b);
	assert_int_equal(roster_take(&roster, two.plan, NULL, start), 0);
	done(&one);
	assert_true(b->is_changed);
	assert_int_equal(roster_take(&roster, three.plan, NULL, start), 0);
	done(&two);
	assert_false(b->is_changed);
	roster_push_done(&roster, b, start);
	assert_ptr_equal(b->accounts[0], account);
	tear_down(NULL);
	set_up(NULL);
	done(&three);
}

/* Two plans of which each has nearly all that there may be, and no test in common. */
static void all_tests_may_be_others(void **state)
{
	struct made one = make_many('o'), two = make_many('t');

	(void)state;
	assert_true(one.plan->n_tests > PLAN_TESTS_MAX / 2);
	assert_int_equal(roster_take(&roster, one.plan, NULL, start), 0);
	assert_int_equal(roster_take(&roster, two.plan, NULL, start), 0);
	done(&one);
	for (unsigned i = 0; i < two.plan->n_tests; i++)
		assert_ptr_equal(find(two.plan->tests[i].key), roster.tests[i]);
	assert_int_equal(roster_take(&roster, two.plan, NULL, start), 0);
	tear_down(NULL);
	set_up(NULL);
	done(&two);
}

static void without_memory_nothing_changes(void **state)
{
	struct made one = make("  tests: [{ interval: 60 }]\n");
	struct made two = make("  tests: [{ interval: 30 }, { kind: register }]\n");

	(void)state;
	assert_int_equal(roster_take(&roster, one.plan, NULL, start), 0);
	for (long n = 0; n < 20; n++) {
		mem_fail_after(n);
		const int err = roster_take(&roster, two.plan, NULL, start);
		mem_fail_after(-1);
		if (err == 0)
			break;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(roster.n, 2);
		assert_int_equal(find(A_TO_X)->place.interval_us, 60 * 1000000);
		assert_null(find("a.test/register"));
	}
	assert_non_null(find("a.test/register"));
	tear_down(NULL);
	set_up(NULL);
	done(&one);
	done(&two);
}

/* ---- several watchers ---- */

static const struct store_known at_once = {
	.kept = { .state = WATCH_FAILED,
		.since_at = INT64_C(1700000000) * 1000000,
		.last_at = INT64_C(1700000900) * 1000000,
		.incident = { .begin_at = INT64_C(1700000000) * 1000000, .runs = 15, .times = 1 } },
	.newest_at = INT64_C(1700000900) * 1000000
};

static void a_test_of_several_watchers_waits_until_it_is_owned(void **state)
{
	struct made m = make("  tests: [{ interval: 60 }]\n");
	const ts_t hour = TS_S(3600);

	(void)state;
	roster.is_shared = true;
	assert_int_equal(roster_take(&roster, m.plan, NULL, start), 0);
	assert_null(started(start + hour));
	struct watched *t = find(A_TO_X);
	assert_false(t->is_scheduled);
	assert_true(watched_is_on(t));
	roster_own(&roster, t, &at_once, 4, start + hour);
	assert_int_equal(t->fence, 4);
	assert_int_equal(t->state.incident.runs, 15);
	/* The present slot was missed by whoever had it, however long ago that is. */
	assert_ptr_equal(started(start + hour), t);
	assert_int_equal(roster_take(&roster, m.plan, NULL, start + hour), 0);
	assert_true(t->is_owned);
	roster_push_done(&roster, t, start + hour);
	tear_down(NULL);
	set_up(NULL);
	done(&m);
}

static void what_is_lost_stops_and_what_leaves_ends_its_run(void **state)
{
	struct made m = make("  tests: [{ interval: 60 }]\n");

	(void)state;
	roster.is_shared = true;
	assert_int_equal(roster_take(&roster, m.plan, NULL, start), 0);
	struct watched *a = find(A_TO_X), *b = find(B_TO_X);
	roster_own(&roster, a, &at_once, 1, start);
	roster_own(&roster, b, &at_once, 1, start);
	assert_false(roster_lose(&roster, b, start)); /* it waits for the account of the other */
	struct watched *t = started(start);
	assert_ptr_equal(t, a);
	roster_leave(&roster, a, start);
	assert_true(a->is_scheduled);
	assert_false(roster.has_left);
	roster_push_done(&roster, a, start);
	assert_true(roster.has_left);
	assert_false(a->is_owned || a->is_scheduled);
	roster_own(&roster, a, &at_once, 3, start + TS_S(60));
	assert_ptr_equal(started(start + TS_S(60)), a);
	assert_true(roster_lose(&roster, a, start));
	roster_push_done(&roster, a, start); /* it was dropped */
	assert_false(a->is_scheduled);
	assert_null(started(start + TS_S(600)));
	tear_down(NULL);
	set_up(NULL);
	done(&m);
}

/* Its lease is given back, and may be another watcher's when it is enabled again. */
static void one_that_is_enabled_again_waits_until_it_is_owned(void **state)
{
	struct made on = make("  tests: [{ kind: register }]\n");
	struct made off = make("  tests: [{ kind: register, enabled: false }]\n");

	(void)state;
	roster.is_shared = true;
	for (int runs = 0; runs < 2; runs++) {
		const ts_t now = start + TS_S(3600 * runs);

		assert_int_equal(roster_take(&roster, on.plan, NULL, now), 0);
		struct watched *a = find("a.test/register");
		roster_own(&roster, a, &at_once, 1, now);
		if (runs) {
			assert_ptr_equal(started(now), a);
			roster_leave(&roster, a, now);
		}
		assert_int_equal(roster_take(&roster, off.plan, NULL, now), 0);
		assert_false(a->is_owned || a->is_to_leave);
		assert_int_equal(roster_take(&roster, on.plan, NULL, now), 0);
		if (runs)
			roster_push_done(&roster, a, now);
		assert_false(a->is_scheduled);
		assert_true(watched_is_on(a));
		assert_null(started(now + TS_S(3000)));
		roster_own(&roster, a, &at_once, 2, now + TS_S(3000));
		assert_true(a->is_scheduled);
		assert_false(roster_lose(&roster, a, now + TS_S(3000)));
	}
	tear_down(NULL);
	set_up(NULL);
	done(&on);
	done(&off);
}

/* Other accounts while a run is on that another watcher has taken. */
static void a_change_behind_a_loss_schedules_nothing(void **state)
{
	struct made one = make("  tests: [{ kind: register }]\n");
	struct made two = make_with(OTHER_USER, "  tests: [{ kind: register }]\n");

	(void)state;
	roster.is_shared = true;
	assert_int_equal(roster_take(&roster, one.plan, NULL, start), 0);
	struct watched *b = find("b.test/register");
	roster_own(&roster, b, &at_once, 1, start);
	assert_ptr_equal(started(start), b);
	assert_true(roster_lose(&roster, b, start));
	assert_int_equal(roster_take(&roster, two.plan, NULL, start), 0);
	done(&one);
	roster_push_done(&roster, b, start);
	assert_false(b->is_scheduled);
	assert_non_null(b->accounts[0]);
	roster_own(&roster, b, &at_once, 2, start);
	assert_true(b->is_scheduled);
	tear_down(NULL);
	set_up(NULL);
	done(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_the_history_knows_is_resumed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			another_plan_keeps_what_it_has_too, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_that_runs_leaves_when_it_is_over, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tests_of_one_account_take_turns, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_that_waits_for_room_may_get_other_accounts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_was_taken_back_does_not_happen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_tests_may_be_others, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_test_of_several_watchers_waits_until_it_is_owned, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_lost_stops_and_what_leaves_ends_its_run, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			one_that_is_enabled_again_waits_until_it_is_owned, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_change_behind_a_loss_schedules_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(without_memory_nothing_changes, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

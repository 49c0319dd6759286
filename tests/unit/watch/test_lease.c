#include "watch/lease.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

enum { TESTS = 6, ME = 7 };
#define LENGTH TS_S(48) /* renewed each 16 s, looked for each 4 s */
#define EPOCH  (INT64_C(1700000000) * 1000000)

static struct lease *l;
static ts_t now;
static struct lease_want want;
static unsigned n_watchers, n_here, n_enabled;

static int set_up(void **state)
{
	const struct lease_cfg cfg = { .me = ME, .length = LENGTH };

	(void)state;
	now = TS_S(1000);
	n_watchers = n_here = 1;
	n_enabled = TESTS;
	return lease_new(&l, &cfg, now);
}

static int tear_down(void **state)
{
	(void)state;
	l = lease_free(l);
	return 0;
}

static void push_tests(size_t n, size_t n_local)
{
	struct lease_test tests[TESTS];

	for (size_t i = 0; i < n; i++)
		tests[i] =
			(struct lease_test){ .id = (int64_t)(n - i), .is_local = n - i <= n_local };
	assert_int_equal(lease_push_tests(l, tests, n, now), 0);
}

static void awaits(enum lease_want_type type)
{
	assert_true(lease_take_want(l, &want, now));
	assert_int_equal(want.type, type);
	assert_int_equal(want.me, ME);
	assert_int_equal(want.length_us, LENGTH);
}

static void awaits_nothing(void)
{
	assert_false(lease_take_want(l, &want, now));
}

static void answer(enum lease_result result, const int64_t *ids, size_t n, int64_t fence)
{
	struct lease_held held[2 * TESTS];

	for (size_t i = 0; i < n; i++)
		held[i] = (struct lease_held){ ids[i], fence };
	const struct lease_answer a = { .type = want.type,
		.number = want.number,
		.result = result,
		.sent_at = now,
		.done_at = now,
		.server_at = EPOCH + (int64_t)now,
		.n_watchers = n_watchers,
		.n_here = n_here,
		.n_tests = n_enabled,
		.held = held,
		.n_held = n };
	lease_push_answer(l, &a, now);
}

/* As "O1 O2 v3 x4": owned, to be left, lost. */
static void tells(const char *wanted)
{
	char told[128] = "";
	struct lease_event e;

	while (lease_take_event(l, &e))
		snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%c%d",
			*told ? " " : "", "Ovx"[e.type], (int)e.test_id);
	assert_string_equal(told, wanted);
}

static const int64_t all[] = { 1, 2, 3, 4, 5, 6 };

/* It holds the first `n` of its six. */
static void hold(size_t n)
{
	push_tests(TESTS, 0);
	awaits(LEASE_RENEW);
	answer(LEASE_DONE, NULL, 0, 0);
	awaits(LEASE_CLAIM);
	answer(LEASE_DONE, all, n, 1);
	while (n < TESTS && lease_take_want(l, &want, now))
		answer(LEASE_DONE, NULL, 0, 0);
	struct lease_event e;
	for (size_t i = 0; i < n; i++)
		assert_true(lease_take_event(l, &e));
	assert_int_equal(lease_counts(l).held, n);
}

static void wait_for(ts_t at)
{
	now = at;
	lease_push_time(l, now);
}

static void it_says_that_it_is_there_and_claims_its_share(void **state)
{
	(void)state;
	push_tests(TESTS, 0);
	n_watchers = 4;
	awaits(LEASE_RENEW);
	awaits_nothing();
	assert_int_equal(lease_deadline(l), TS_NEVER);
	answer(LEASE_DONE, NULL, 0, 0);
	awaits(LEASE_CLAIM);
	assert_int_equal(want.max, 2); /* six among four */
	assert_int_equal(want.n_ids, TESTS);
	assert_int_equal(want.grace_us, 0);
	answer(LEASE_DONE, (const int64_t[]){ 2, 5 }, 2, 9);
	struct lease_event e;
	assert_true(lease_take_event(l, &e));
	assert_int_equal(e.fence, 9);
	assert_true(e.is_taken_over);
	tells("O5");
	assert_true(lease_holds(l, 2));
	assert_false(lease_holds(l, 1));
	assert_int_equal(lease_deadline(l), now + LENGTH / 12);
}

static void a_lease_that_is_not_renewed_ends_before_the_server_ends_it(void **state)
{
	(void)state;
	hold(TESTS);
	wait_for(now + LENGTH / 3);
	awaits(LEASE_RENEW);
	answer(LEASE_DONE, all, TESTS, 1);
	const ts_t renewed = now;
	wait_for(now + LENGTH / 3);
	awaits(LEASE_RENEW); /* never answered */
	wait_for(renewed + LENGTH - 1);
	tells("");
	assert_int_equal(lease_deadline(l), renewed + LENGTH);
	wait_for(renewed + LENGTH);
	tells("x1 x2 x3 x4 x5 x6");
	assert_int_equal(lease_counts(l).lost, TESTS);
}

static void without_a_connection_it_goes_on(void **state)
{
	(void)state;
	hold(TESTS);
	wait_for(now + LENGTH / 3);
	awaits(LEASE_RENEW);
	answer(LEASE_UNREACHABLE, NULL, 0, 0);
	assert_int_equal(lease_counts(l).failed, 1);
	wait_for(now + 10 * LENGTH);
	tells("");
	awaits(LEASE_RENEW);
	answer(LEASE_DONE, all, 5, 1); /* one was taken by another watcher */
	tells("x6");
	/* The others are to be back before their tests are taken for nobody's. */
	assert_int_equal(lease_deadline(l), now + LENGTH / 6);
	awaits_nothing();
	wait_for(now + LENGTH / 6);
	awaits(LEASE_RENEW);
}

static void a_server_that_refuses_is_no_reason_to_go_on(void **state)
{
	(void)state;
	hold(TESTS);
	wait_for(now + LENGTH / 3);
	awaits(LEASE_RENEW);
	answer(LEASE_REFUSED, NULL, 0, 0);
	wait_for(now + LENGTH);
	tells("x1 x2 x3 x4 x5 x6");
}

static void with_another_fence_it_is_lost(void **state)
{
	(void)state;
	hold(2);
	wait_for(now + LENGTH / 3);
	awaits(LEASE_RENEW);
	answer(LEASE_DONE, all, 2, 2);
	tells("x1 x2");
}

static void who_has_too_many_gives_some_back(void **state)
{
	(void)state;
	hold(TESTS);
	n_watchers = 2;
	wait_for(now + LENGTH / 3);
	awaits(LEASE_RENEW);
	answer(LEASE_DONE, all, TESTS, 1);
	tells("v4 v5 v6");
	awaits_nothing();
	lease_push_idle(l, 5, now);
	lease_push_idle(l, 1, now); /* it was not asked for */
	awaits(LEASE_RELEASE);
	assert_int_equal(want.n_ids, 1);
	assert_int_equal(want.ids[0], 5);
	answer(LEASE_UNREACHABLE, NULL, 0, 0);
	lease_push_idle(l, 4, now);
	wait_for(now + LENGTH / 12);
	awaits(LEASE_RELEASE);
	assert_int_equal(want.n_ids, 2);
	answer(LEASE_DONE, NULL, 0, 0);
	assert_int_equal(lease_counts(l).held, 4);
	assert_false(lease_holds(l, 5));
	assert_true(lease_holds(l, 6)); /* its run is still on */
}

static void what_is_held_there_and_not_here_is_released(void **state)
{
	(void)state;
	push_tests(2, 0);
	awaits(LEASE_RENEW);
	answer(LEASE_DONE, (const int64_t[]){ 2, 99 }, 2, 1);
	tells("");
	awaits(LEASE_RELEASE);
	assert_int_equal(want.n_ids, 2);
	assert_int_equal(want.ids[0], 2);
	assert_int_equal(want.ids[1], 99);
	answer(LEASE_DONE, NULL, 0, 0);
	awaits(LEASE_CLAIM);
	assert_int_equal(want.n_ids, 2);
}

static void what_nobody_takes_is_taken_above_the_share_and_kept(void **state)
{
	(void)state;
	n_watchers = 2;
	push_tests(TESTS, 0);
	awaits(LEASE_RENEW);
	answer(LEASE_DONE, NULL, 0, 0);
	awaits(LEASE_CLAIM);
	answer(LEASE_DONE, all, 3, 1);
	tells("O1 O2 O3");
	wait_for(now + LENGTH / 12);
	awaits(LEASE_CLAIM);
	assert_int_equal(want.grace_us, LENGTH);
	assert_int_equal(want.max, 3);
	answer(LEASE_DONE, all + 3, 1, 1);
	tells("O4");
	wait_for(now + LENGTH / 12);
	awaits(LEASE_CLAIM); /* who is there, and no more */
	assert_int_equal(want.max, 0);
	assert_int_equal(want.n_ids, 0);
	answer(LEASE_DONE, NULL, 0, 0);
	wait_for(now + LENGTH / 3);
	awaits(LEASE_RENEW);
	answer(LEASE_DONE, all, 4, 1);
	tells("v3");    /* one that others have too makes it even */
	n_watchers = 3; /* he may have it */
	wait_for(now + LENGTH / 3);
	awaits(LEASE_RENEW);
	answer(LEASE_DONE, all, 4, 1);
	tells("v4");
}

static void tests_of_a_location_are_shared_by_those_who_stand_there(void **state)
{
	(void)state;
	n_watchers = 6;
	n_here = 1;
	push_tests(TESTS, 2);
	awaits(LEASE_RENEW);
	answer(LEASE_DONE, NULL, 0, 0);
	size_t max[2] = { 0 };
	for (unsigned i = 0; i < 2; i++) {
		awaits(LEASE_CLAIM);
		max[want.ids[0] <= 2] = want.max;
		answer(LEASE_DONE, NULL, 0, 0);
		wait_for(now + LENGTH / 12);
	}
	assert_int_equal(max[0], 1); /* four among six */
	assert_int_equal(max[1], 2); /* both of its own */
}

static void another_configuration_keeps_what_it_has_too(void **state)
{
	(void)state;
	hold(3);
	n_enabled = 9;
	push_tests(2, 0);
	assert_true(lease_holds(l, 2));
	awaits(LEASE_RELEASE);
	assert_int_equal(want.n_ids, 1);
	assert_int_equal(want.ids[0], 3);
	answer(LEASE_DONE, NULL, 0, 0);
	wait_for(now + LENGTH / 3);
	awaits(LEASE_RENEW);
	answer(LEASE_DONE, all, 2, 1);
	assert_int_equal(lease_counts(l).foreign, 7);
	const struct lease_test twice[] = { { .id = 4 }, { .id = 4 } };
	assert_int_equal(lease_push_tests(l, twice, 2, now), -EINVAL);
	assert_int_equal(lease_push_tests(l, twice, LEASE_TESTS_MAX + 1, now), -EINVAL);
	assert_true(lease_holds(l, 2));
}

static void at_its_end_it_releases_all(void **state)
{
	(void)state;
	hold(3);
	wait_for(now + LENGTH / 3);
	awaits(LEASE_RENEW);
	lease_push_stop(l, now);
	awaits(LEASE_RELEASE);
	assert_int_equal(want.n_ids, 0);
	awaits_nothing();
	answer(LEASE_DONE, NULL, 0, 0);
	awaits_nothing();
	assert_int_equal(lease_deadline(l), TS_NEVER);
}

static void the_time_is_the_server_s(void **state)
{
	static const struct {
		const char *name;
		ts_t at, sent, done; /* around the server's moment, which is at `at` */
		int64_t set;
		int64_t wanted, off_by;
	} rows[] = {
		{ "slow", TS_S(10), TS_MS(100), TS_MS(300), 0, 0, 100000 },
		{ "quick", TS_S(20), TS_MS(1), TS_MS(1), 0, 0, 1000 },
		{ "slow again", TS_S(21), TS_MS(300), TS_MS(10), 0, 0, 2000 },
		{ "set back", TS_S(40), TS_MS(2), TS_MS(2), -3600000000, -3600000000, 2000 },
	};
	int64_t ahead;

	(void)state;
	assert_false(lease_ahead(l, &ahead));
	for (size_t i = 0; i < COUNT(rows); i++) {
		now = TS_S(2000) + rows[i].at;
		assert_true(lease_take_want(l, &want, now));
		const struct lease_answer a = { .type = want.type,
			.number = want.number,
			.sent_at = now - rows[i].sent,
			.done_at = now + rows[i].done,
			.server_at = EPOCH + (int64_t)now + rows[i].set,
			.n_watchers = 1,
			.n_here = 1 };
		lease_push_answer(l, &a, now);
		assert_true(lease_ahead(l, &ahead));
		const int64_t off = ahead - EPOCH - rows[i].wanted;
		if (off > rows[i].off_by || off < -rows[i].off_by)
			fail_msg("%s: off by %ld us", rows[i].name, (long)off);
		push_tests(1, 0);
		now += LENGTH / 3;
	}
}

static void without_memory_nothing_changes(void **state)
{
	const struct lease_cfg bad[] = { { .length = LENGTH }, { .me = 1 } };
	const struct lease_test test = { .id = 1 };
	struct lease *none;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(lease_new(&none, &bad[i], now), -EINVAL);
	hold(3);
	for (unsigned i = 0; i < 2; i++) {
		mem_fail_after((int)i);
		assert_int_equal(lease_push_tests(l, &test, 1, now), -ENOMEM);
		mem_fail_after(-1);
		assert_int_equal(lease_counts(l).held, 3);
	}
}

int main(void)
{
#define ROW(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		ROW(it_says_that_it_is_there_and_claims_its_share),
		ROW(a_lease_that_is_not_renewed_ends_before_the_server_ends_it),
		ROW(without_a_connection_it_goes_on),
		ROW(a_server_that_refuses_is_no_reason_to_go_on),
		ROW(with_another_fence_it_is_lost),
		ROW(who_has_too_many_gives_some_back),
		ROW(what_is_held_there_and_not_here_is_released),
		ROW(what_nobody_takes_is_taken_above_the_share_and_kept),
		ROW(tests_of_a_location_are_shared_by_those_who_stand_there),
		ROW(another_configuration_keeps_what_it_has_too),
		ROW(at_its_end_it_releases_all),
		ROW(the_time_is_the_server_s),
		ROW(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

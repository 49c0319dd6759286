#include "history.h"

#include <inttypes.h>

static void a_new_file_is_the_watchers_alone(void **state)
{
	struct history *h = *state;
	struct stat st;

	history_open(h);
	assert_int_equal(stat(h->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(history_number(h, "pragma auto_vacuum"), 2);
	assert_int_equal(history_number(h, "pragma user_version"), 2);
	assert_int_equal(history_number(h, "pragma application_id"), 0x53746f78);
	history_close(h);
	assert_int_equal(history_number(h, "select is_open from about"), 0);
}

static void a_test_keeps_its_id(void **state)
{
	struct history *h = *state;
	struct store_test tests[] = { a_test("paris", "contoso.test"),
		a_test("lyon", "contoso.test"), a_test("paris", "fabrikam.test") };
	int64_t ids[3];

	history_open(h);
	store_sync_tests(h->store, tests, 3);
	struct store_event e = history_await(h, STORE_EV_SYNCED);
	assert_int_equal(e.count, 3);
	for (size_t i = 0; i < 3; i++) {
		ids[i] = e.known[i].id;
		assert_int_equal(e.known[i].newest_at, 0);
		assert_int_equal(e.known[i].kept.since_at, 0);
		assert_int_equal(e.known[i].kept.state, WATCH_UNKNOWN);
	}
	assert_true(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
	store_event_done(&e);
	history_close(h);

	/* Another order, another interval, one less. */
	history_open(h);
	tests[0].interval_us = 5 * MINUTE;
	const struct store_test again[] = { tests[2], tests[0] };
	const uint64_t number = store_sync_tests(h->store, again, 2);
	e = history_await(h, STORE_EV_SYNCED);
	assert_int_equal(e.number, number);
	assert_int_equal(e.known[0].id, ids[2]);
	assert_int_equal(e.known[1].id, ids[0]);
	store_event_done(&e);
	assert_int_equal(
		history_number(h, "select interval_us from test where id = 1"), 5 * MINUTE);
	assert_int_equal(history_number(h, "select is_enabled from test where pool = 'lyon'"), 0);
	assert_int_equal(history_number(h, "select count(*) from test where is_enabled"), 2);
}

static const struct state failing = {
	.state = WATCH_FAILED,
	.since_at = T0,
	.last_at = T0 + MINUTE,
	.last_ok_at = T0 - MINUTE,
	.last_failed_at = T0 + MINUTE,
	.streak = 2,
	.incident = { .begin_at = T0,
		.last_at = T0 + MINUTE,
		.reason = REASON_IM_NO_ANSWER,
		.runs = 2,
		.times = 1,
		.is_flapping = true },
};

/* A failed run behind which the test fails, and with which the incident before is over. */
static void push_failing(struct history *h, int64_t id)
{
	const struct incident before = {
		.begin_at = T0 - HOUR,
		.end_at = T0 - MINUTE,
		.last_at = T0 - 2 * MINUTE,
		.runs = 1,
		.times = 1,
	};
	const struct incident incidents[] = { before, failing.incident };
	const struct store_run run = {
		.row = a_failed_row(id, T0 + MINUTE),
		.state = &failing,
		.incidents = incidents,
		.n_incidents = 2,
	};

	history_await_written(h, store_push_run(h->store, &run));
}

static void assert_is_failing(const struct state *s)
{
	assert_int_equal(s->state, WATCH_FAILED);
	assert_int_equal(s->since_at, failing.since_at);
	assert_int_equal(s->last_at, failing.last_at);
	assert_int_equal(s->last_ok_at, failing.last_ok_at);
	assert_int_equal(s->last_failed_at, failing.last_failed_at);
	assert_int_equal(s->streak, 2);
	assert_int_equal(s->incident.begin_at, T0);
	assert_int_equal(s->incident.end_at, 0);
	assert_int_equal(s->incident.last_at, T0 + MINUTE);
	assert_int_equal(s->incident.reason, REASON_IM_NO_ANSWER);
	assert_int_equal(s->incident.runs, 2);
	assert_int_equal(s->incident.times, 1);
	assert_true(s->incident.is_flapping);
}

static void what_was_written_is_known_again(void **state)
{
	struct history *h = *state;
	const struct store_test t = a_test("paris", "contoso.test");

	history_open(h);
	const int64_t id = history_sync(h);
	push_failing(h, id);
	struct store_row row = a_row(id, T0 + 2 * MINUTE);
	row.is_by_hand = true;
	history_push(h, row);
	history_close(h);

	history_open(h);
	store_sync_tests(h->store, &t, 1);
	struct store_event e = history_await(h, STORE_EV_SYNCED);
	assert_int_equal(e.known->id, id);
	assert_int_equal(e.known->newest_at, T0 + 2 * MINUTE);
	assert_is_failing(&e.known->kept);
	store_event_done(&e);
	assert_int_equal(history_number(h, "select count(*) from incident"), 2);
	assert_int_equal(
		history_number(h, "select count(*) from incident where end_at is not null"), 1);
	assert_int_equal(history_number(h, "select count(*) from result where reason ="
					   " 'im_no_answer' and fail_phase = 'answer'"),
		1);
}

static void a_state_changes_without_a_run(void **state)
{
	struct history *h = *state;
	const struct state unknown = { .state = WATCH_UNKNOWN };

	history_open(h);
	const int64_t id = history_sync(h);
	push_failing(h, id);
	history_await_written(h, store_push_state(h->store, id, &unknown, NULL, 0));
	assert_int_equal(history_number(h, "select state from test_state"), WATCH_UNKNOWN);
	assert_int_equal(history_number(h, "select incident_at from test_state"), 0);
	/* What the last run left stays. */
	assert_int_equal(
		history_number(h, "select count(*) from test_state where reason is not null"), 1);
}

static void a_second_one_changes_nothing(void **state)
{
	struct history *h = *state;

	history_open(h);
	const int64_t id = history_sync(h);
	const struct state s = { .state = WATCH_OK, .since_at = T0, .last_at = T0 };
	struct store_run run = { .row = a_row(id, T0), .state = &s };
	store_push_run(h->store, &run);
	const struct state other = { .state = WATCH_FAILED, .since_at = T0 + 1 };
	run.row.state = WATCH_FAILED;
	run.state = &other;
	history_await_written(h, store_push_run(h->store, &run));
	assert_int_equal(history_number(h, "select count(*) from result where state = 0"), 1);
	assert_int_equal(history_number(h, "select state from test_state"), WATCH_OK);
	const struct store_stats stats = store_stats(h->store);
	assert_int_equal(stats.written, 1);
	assert_int_equal(stats.duplicates, 1);
	assert_int_equal(stats.dropped_runs, 0);
}

static void many_wait_for_one_disk(void **state)
{
	struct history *h = *state;
	uint64_t last = 0;

	history_open(h);
	const int64_t id = history_sync(h);
	for (int64_t i = 0; i < 5000; i++) {
		const uint64_t number = history_push(h, a_row(id, T0 + i * MINUTE));

		assert_int_equal(number, last ? last + 1 : number);
		last = number;
	}
	history_await_written(h, last);
	assert_int_equal(history_number(h, "select count(*) from result"), 5000);
	assert_int_equal(store_stats(h->store).written, 5000);
	assert_true(store_stats(h->store).groups < 2500);
}

/* O: OK, F: failed, space: no run.  A minute each.  Where `want` has the letter the evidence is
 * there in the end. */
static void evidence_of_a_selection_is_kept(void **state)
{
	static const struct {
		const char *name, *runs, *want;
	} rows[] = {
		{ "the last OK one, and the hour's", "OOOOOO", "O    O" },
		{ "what failed, the OK one before it and behind it", "OOOFFOOO", "O OFFO O" },
		{ "another hour's first",
			"OOO                                                          OOO",
			"O                                                            O O" },
	};
	struct history *h = *state;

	history_open(h);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int64_t id = (int64_t)i + 100, begin = T0 - T0 % HOUR;
		uint64_t number = 0;
		char sql[200];

		for (size_t j = 0; rows[i].runs[j]; j++) {
			const int64_t at = begin + (int64_t)j * MINUTE;
			struct store_run run = { .row = a_row(id, at),
				.result_json = SLICE("{\"a\":1}"),
				.trace_json = SLICE("[]") };

			if (rows[i].runs[j] == 'F')
				run.row = a_failed_row(id, at);
			if (rows[i].runs[j] != ' ')
				number = store_push_run(h->store, &run);
		}
		history_await_written(h, number);
		for (size_t j = 0; rows[i].runs[j]; j++) {
			const int64_t at = begin + (int64_t)j * MINUTE;

			snprintf(sql, sizeof(sql),
				"select count(*) from evidence where test_id = %d"
				" and scheduled_at = %" PRId64,
				(int)id, at);
			if (history_number(h, sql) != (rows[i].want[j] != ' '))
				fail_msg("%s: run %zu", rows[i].name, j);
		}
	}
}

static void the_audit_log_is_appended_to(void **state)
{
	struct history *h = *state;

	history_open(h);
	const struct store_audit a = { .at = T0,
		.who = SLICE("ann"),
		.what = SLICE("run 17\n\x1b[2J"),
		.source = SLICE("[2001:db8::1]:4711"),
		.result = SLICE("ok") };
	history_await_written(h, store_push_audit(h->store, &a));
	assert_int_equal(history_number(h, "select count(*) from audit where who = 'ann'"
					   " and what = 'run 17??[2J'"),
		1);
	sqlite3 *db = NULL;
	assert_int_equal(sqlite3_open(h->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "update audit set who = 'bob'", NULL, NULL, NULL),
		SQLITE_CONSTRAINT);
	sqlite3_close(db);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_new_file_is_the_watchers_alone, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_test_keeps_its_id, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_was_written_is_known_again, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_state_changes_without_a_run, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_second_one_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(many_wait_for_one_disk, set_up, tear_down),
		cmocka_unit_test_setup_teardown(evidence_of_a_selection_is_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_audit_log_is_appended_to, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

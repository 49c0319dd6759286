/* Whom an incident was told: over a restart, of tests that left, in a file of an earlier version.
 */
#include "history.h"

static struct incident an_incident(int64_t begin, int64_t end)
{
	return (struct incident){ .begin_at = begin,
		.end_at = end,
		.last_at = begin,
		.reason = REASON_IM_NO_ANSWER,
		.runs = 1,
		.times = 1 };
}

static void push_incident(struct history *h, int64_t id, struct incident i)
{
	const struct state state = { .state = WATCH_FAILED, .incident = i };

	assert_true(store_push_state(h->store, id, &state, &i, 1) > 0);
}

static uint64_t push_mark(
	struct history *h, int64_t id, int64_t begin, const char *who, enum store_told told)
{
	const struct store_mark mark = { .test_id = id,
		.begin_at = begin,
		.receiver = slice_str(who),
		.told = told,
		.at = begin + 1 };

	return store_push_mark(h->store, &mark);
}

/* Of the one test, or of none.  The caller ends it. */
static struct store_event sync_again(struct history *h, unsigned n)
{
	const struct store_test t = a_test("paris", "contoso.test");

	assert_true(store_sync_tests(h->store, &t, n) > 0);
	struct store_event e = history_await(h, STORE_EV_SYNCED);
	assert_non_null(e.answer);
	assert_int_equal(e.answer->type, STORE_SYNCED);
	return e;
}

static void assert_mark(
	const struct store_mark *m, const char *who, int64_t begin, enum store_told told)
{
	assert_true(slice_eq(m->receiver, slice_str(who)));
	assert_int_equal(m->begin_at, begin);
	assert_int_equal(m->told, told);
	assert_int_equal(m->at, begin + 1);
}

static void marks_outlive_a_restart(void **state)
{
	struct history *h = *state;

	history_open(h);
	const int64_t id = history_sync(h);
	push_incident(h, id, an_incident(T0, 0));
	push_mark(h, id, T0, "ops", STORE_TOLD_NOTHING);
	push_mark(h, id, T0, "ops", STORE_TOLD_FAILING);
	history_await_written(h, push_mark(h, id, T0, "boss", STORE_TOLD_NOTHING));
	history_close(h);
	history_open(h);
	struct store_event e = sync_again(h, 1);
	const struct store_synced *s = e.answer->synced;
	assert_int_equal(e.known[0].newest.begin_at, T0);
	assert_int_equal(s->n_marks, 2);
	assert_int_equal(s->n_left, 0);
	assert_mark(&s->marks[0], "boss", T0, STORE_TOLD_NOTHING);
	assert_mark(&s->marks[1], "ops", T0, STORE_TOLD_FAILING);
	store_event_done(&e);
}

static void an_older_incident_changes_nothing(void **state)
{
	struct history *h = *state;

	history_open(h);
	const int64_t id = history_sync(h);
	push_incident(h, id, an_incident(T0, T0 + MINUTE));
	push_incident(h, id, an_incident(T0 + HOUR, 0));
	push_mark(h, id, T0 + HOUR, "ops", STORE_TOLD_NOTHING);
	push_mark(h, id, T0, "ops", STORE_TOLD_END);
	struct store_event e = sync_again(h, 1);
	assert_int_equal(e.known[0].newest.begin_at, T0 + HOUR);
	assert_int_equal(e.answer->synced->n_marks, 1);
	assert_mark(&e.answer->synced->marks[0], "ops", T0 + HOUR, STORE_TOLD_NOTHING);
	store_event_done(&e);
}

static void a_test_that_left_is_named(void **state)
{
	struct history *h = *state;

	history_open(h);
	const int64_t id = history_sync(h);
	push_incident(h, id, an_incident(T0, 0));
	push_mark(h, id, T0, "ops", STORE_TOLD_FAILING);
	struct store_event e = sync_again(h, 0);
	const struct store_synced *s = e.answer->synced;
	assert_int_equal(s->n_left, 1);
	assert_int_equal(s->left[0].id, id);
	assert_string_equal(s->left[0].pool, "paris");
	assert_string_equal(s->left[0].partner, "contoso.test");
	assert_int_equal(s->left[0].newest.begin_at, T0);
	assert_int_equal(s->n_marks, 1);
	store_event_done(&e);

	/* It is over, and not yet told; then that too. */
	const struct incident over = an_incident(T0, T0 + MINUTE);
	assert_true(store_push_state(h->store, id, &(struct state){ .since_at = 1 }, &over, 1));
	e = sync_again(h, 0);
	assert_int_equal(e.answer->synced->n_left, 1);
	assert_int_equal(e.answer->synced->left[0].newest.end_at, T0 + MINUTE);
	store_event_done(&e);
	push_mark(h, id, T0, "ops", STORE_TOLD_END);
	e = sync_again(h, 0);
	assert_int_equal(e.answer->synced->n_left, 0);
	store_event_done(&e);
}

static void a_file_without_marks_gets_them(void **state)
{
	struct history *h = *state;
	sqlite3 *db = NULL;

	history_open(h);
	const int64_t id = history_sync(h);
	push_incident(h, id, an_incident(T0, 0));
	history_close(h);
	assert_int_equal(sqlite3_open(h->path, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "drop table told; pragma user_version = 1", NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	history_open(h);
	struct store_event e = sync_again(h, 1);
	assert_int_equal(e.known[0].newest.begin_at, T0);
	assert_int_equal(e.answer->synced->n_marks, 0);
	store_event_done(&e);
	history_await_written(h, push_mark(h, id, T0, "ops", STORE_TOLD_END));
	assert_int_equal(history_number(h, "select count(*) from told"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(marks_outlive_a_restart, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			an_older_incident_changes_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_test_that_left_is_named, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_file_without_marks_gets_them, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

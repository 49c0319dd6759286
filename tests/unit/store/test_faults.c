#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "history.h"

static int open_with(struct history *h)
{
	const int err = store_open(&h->store, &h->cfg, &h->why);

	if (!err)
		history_close(h);
	return err;
}

static void sql(const struct history *h, const char *text)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(h->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

static void put(const struct history *h, off_t at, const void *bytes, size_t n)
{
	const int fd = open(h->path, O_RDWR | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, n, at), n);
	close(fd);
}

/* ---- what is refused, and stays as it is ---- */

static void a_second_process_is_refused(void **state)
{
	struct history *h = *state;
	struct store *second = NULL;

	history_open(h);
	assert_int_equal(store_open(&second, &h->cfg, &h->why), -EBUSY);
	assert_non_null(strstr(h->why.id, "Another process"));
}

static void another_programs_file_stays(void **state)
{
	struct history *h = *state;
	static const char text[] = "root:x:0:0:root:/root:/bin/bash\n";
	char back[sizeof(text)] = "";

	put(h, 0, text, sizeof(text));
	assert_int_equal(open_with(h), ERR_SYNTAX);
	assert_non_null(strstr(h->why.id, "is not a history"));
	const int fd = open(h->path, O_RDONLY);
	assert_int_equal(read(fd, back, sizeof(back)), sizeof(text));
	close(fd);
	assert_memory_equal(back, text, sizeof(text));
	unlink(h->path);

	sql(h, "create table x(a); pragma user_version = 1");
	assert_int_equal(open_with(h), ERR_SYNTAX);
	assert_int_equal(history_number(h, "select count(*) from sqlite_master"), 1);
}

static void a_later_version_stays(void **state)
{
	struct history *h = *state;

	assert_int_equal(open_with(h), 0);
	sql(h, "pragma user_version = 99");
	assert_int_equal(open_with(h), ERR_UNSUPPORTED);
	assert_non_null(strstr(h->why.id, "later version"));
	assert_int_equal(history_number(h, "pragma user_version"), 99);
}

static void a_folder_that_is_not_there(void **state)
{
	struct history *h = *state;

	h->cfg.path = "/nonexistent/history.db";
	assert_int_equal(open_with(h), -ENOENT);
	assert_non_null(strstr(h->why.id, "folder"));
	h->cfg.path = h->path;
}

/* ---- when it cannot be written ---- */

static void a_lock_is_waited_for(void **state)
{
	struct history *h = *state;
	sqlite3 *db = NULL;

	history_open(h);
	const int64_t id = history_sync(h);
	assert_int_equal(sqlite3_open(h->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "begin immediate", NULL, NULL, NULL), SQLITE_OK);
	uint64_t number = 0;
	for (int i = 0; i < 100; i++)
		number = history_push(h, a_row(id, T0 + i));
	struct store_event e = history_await(h, STORE_EV_HELD);
	assert_non_null(strstr(e.text.id, "locked"));
	assert_true(store_stats(h->store).is_held);
	/* Reading goes on. */
	store_answer_free(history_ask(h, (struct store_query){ .type = STORE_TESTS }));
	assert_int_equal(sqlite3_exec(db, "commit", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	e = history_await(h, STORE_EV_RESUMED);
	assert_int_equal(e.count, 100);
	history_await_written(h, number);
	assert_int_equal(history_number(h, "select count(*) from result"), 100);
}

/* A limit of the process stands for the disk's: writes end with EFBIG. */
static void a_full_disk_is_waited_for(void **state)
{
	struct history *h = *state;
	struct rlimit before, small;
	uint64_t number = 0;

	signal(SIGXFSZ, SIG_IGN);
	history_open(h);
	const int64_t id = history_sync(h);
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 512 << 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int64_t i = 0; i < 20000; i++)
		number = history_push(h, a_row(id, T0 + i * MINUTE));
	(void)history_await(h, STORE_EV_HELD);
	store_answer_free(history_ask(h, (struct store_query){ .type = STORE_TESTS }));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	const struct store_event e = history_await(h, STORE_EV_RESUMED);
	assert_true(e.count > 0);
	history_await_written(h, number);
	assert_int_equal(history_number(h, "select count(*) from result"), 20000);
	assert_int_equal(store_stats(h->store).dropped_runs, 0);
}

/* Evidence of OK runs goes first, then the oldest of these; a failed one stays with all it has. */
static void a_full_queue_drops_what_is_least_missed(void **state)
{
	enum { JSON = 1 << 20 };
	struct history *h = *state;
	sqlite3 *db = NULL;
	uint8_t *json = mem_alloc0(JSON);
	uint64_t number = 0;

	memset(json, ' ', JSON);
	history_open(h);
	const int64_t id = history_sync(h);
	assert_int_equal(sqlite3_open(h->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "begin immediate", NULL, NULL, NULL), SQLITE_OK);
	for (int64_t i = 0; i < 200; i++) {
		struct store_run run = { .row = a_row(id, T0 + i), .result_json = { json, JSON } };

		if (i % 20 == 0)
			run.row = a_failed_row(id, T0 + i);
		number = store_push_run(h->store, &run);
	}
	(void)history_await(h, STORE_EV_HELD);
	struct store_stats stats = store_stats(h->store);
	assert_true(stats.queued_bytes <= STORE_QUEUE_BYTES_MAX);
	assert_true(stats.dropped_evidence > 100);
	assert_int_equal(stats.dropped_runs, 0);
	for (int64_t i = 200; i < 250000; i++)
		number = history_push(h, a_row(id, T0 + i));
	const struct store_event e = history_await(h, STORE_EV_DROPPED);
	assert_true(e.count + e.evidence > 0);
	stats = store_stats(h->store);
	assert_true(stats.queued <= STORE_QUEUE_MAX);
	assert_true(stats.dropped_runs > 100000);
	assert_int_equal(sqlite3_exec(db, "commit", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	history_await_written(h, number);
	assert_int_equal(history_number(h, "select count(*) from result where state = 2"), 10);
	assert_int_equal(history_number(h, "select count(*) from evidence where is_kept"), 10);
	assert_int_equal(history_number(h, "select count(*) from result"),
		(int64_t)(250000 - store_stats(h->store).dropped_runs));
	mem_free(json);
}

static void what_is_held_at_the_end_is_counted(void **state)
{
	struct history *h = *state;
	sqlite3 *db = NULL;

	history_open(h);
	const int64_t id = history_sync(h);
	assert_int_equal(sqlite3_open(h->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "begin immediate", NULL, NULL, NULL), SQLITE_OK);
	for (int i = 0; i < 7; i++)
		history_push(h, a_row(id, T0 + i));
	struct store_event e = history_await(h, STORE_EV_HELD);
	(void)e;
	assert_int_equal(store_close(h->store), 7);
	h->store = NULL;
	sqlite3_close(db);
}

/* ---- an end without an end ---- */

static void killed_it_has_what_was_acknowledged(void **state)
{
	struct history *h = *state;
	int fds[2], status;
	uint64_t acknowledged = 0;

	assert_int_equal(pipe(fds), 0);
	const pid_t child = fork();
	if (child == 0) {
		history_open(h);
		const int64_t id = history_sync(h);
		for (int64_t i = 0;; i++) {
			history_await_written(h, history_push(h, a_row(id, T0 + i * MINUTE)));
			acknowledged = (uint64_t)i + 1;
			if (write(fds[1], &acknowledged, sizeof(acknowledged)) < 0)
				_exit(1);
		}
	}
	close(fds[1]);
	while (acknowledged < 50)
		assert_int_equal(read(fds[0], &acknowledged, sizeof(acknowledged)), 8);
	kill(child, SIGKILL);
	while (read(fds[0], &acknowledged, sizeof(acknowledged)) > 0)
		;
	waitpid(child, &status, 0);
	close(fds[0]);

	history_open(h);
	store_push_time(h->store, T0 + DAY);
	struct store_event e = history_await(h, STORE_EV_CHECKED);
	(void)e;
	assert_true(history_number(h, "select count(*) from result") >= (int64_t)acknowledged);
	history_await_number(h, "select count(*) from dirty_hour", 0);
	assert_int_equal(history_number(h, "select sum(n_ok) from roll_hour"),
		history_number(h, "select count(*) from result"));
}

/* ---- damage ---- */

static void fill(struct history *h, int64_t *ret_id)
{
	uint64_t number = 0;

	history_open(h);
	*ret_id = history_sync(h);
	for (int64_t i = 0; i < 20000; i++)
		number = history_push(h, a_row(*ret_id, T0 + i * MINUTE));
	history_await_written(h, number);
	history_close(h);
}

static bool has_file_aside(const struct history *h)
{
	char pattern[200];
	glob_t found = { 0 };

	snprintf(pattern, sizeof(pattern), "%s.damaged-*", h->path);
	const bool is_there = glob(pattern, 0, NULL, &found) == 0;
	globfree(&found);
	return is_there;
}

static void a_damaged_header_is_set_aside(void **state)
{
	struct history *h = *state;
	int64_t id;

	fill(h, &id);
	put(h, 0, "xxxxxxxxxxxxxxxxxxxxxxxx", 24);
	history_open(h);
	struct store_event e = history_await(h, STORE_EV_DAMAGED);
	assert_non_null(strstr(e.text.id, "was set aside"));
	assert_true(has_file_aside(h));
	assert_true(history_sync(h) > 1000); /* not an id whose runs are in the other file */
	history_await_written(h, history_push(h, a_row(id, T0)));
}

/* Some pages of runs are gone: all others come back, and the test has its id. */
static void a_damaged_file_is_salvaged(void **state)
{
	struct history *h = *state;
	static const uint8_t garbage[3 * 4096] = { 0xff, 0xff, 0xff };
	int64_t id;

	fill(h, &id);
	sql(h, "update about set is_open = 1");
	put(h, 40 * 4096, garbage, sizeof(garbage));
	history_open(h);
	store_push_time(h->store, T0 + 15 * DAY);
	while (!h->is_salvaged) {
		struct store_event e = history_event(h);

		store_event_done(&e);
	}
	assert_true(h->is_damaged);
	assert_true(has_file_aside(h));
	assert_in_range(h->salvaged, 19000, 20000);
	assert_int_equal(history_number(h, "select count(*) from result"), (int64_t)h->salvaged);
	assert_int_equal(history_sync(h), id);
	history_await_written(h, history_push(h, a_row(id, T0 - MINUTE)));
	history_await_number(h, "select count(*) from dirty_hour", 0);
	assert_int_equal(
		history_number(h, "select sum(n_ok) from roll_hour"), (int64_t)h->salvaged + 1);
	assert_int_equal(history_number(h, "select salvage = '' from about"), 1);
}

/* While it runs, with runs that come: the watcher's ids go on. */
static void damage_while_it_runs(void **state)
{
	struct history *h = *state;
	static const uint8_t garbage[4096] = { 0xff, 0xff, 0xff };
	int64_t id;

	fill(h, &id);
	history_open(h);
	assert_int_equal(history_sync(h), id);
	for (int page = 10; page < 120; page++)
		put(h, page * 4096, garbage, sizeof(garbage));
	const struct store_query q = {
		.type = STORE_SERIES, .test_id = id, .from = T0, .to = T0 + 20000 * MINUTE
	};
	store_answer_free(history_ask(h, q)); /* whoever meets it first */
	uint64_t number = 0;
	for (int64_t i = 0; i < 100; i++)
		number = history_push(h, a_row(id, T0 + (20000 + i) * MINUTE));
	store_push_time(h->store, T0 + 15 * DAY);
	while (!h->is_salvaged) {
		struct store_event e = history_event(h);

		store_event_done(&e);
	}
	history_await_written(h, number);
	assert_true(h->is_damaged);
	assert_int_equal(history_sync(h), id);
	char text[200];
	snprintf(text, sizeof(text), "select count(*) from result where scheduled_at >= %lld",
		(long long)(T0 + 20000 * MINUTE));
	assert_int_equal(history_number(h, text), 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_second_process_is_refused, set_up, tear_down),
		cmocka_unit_test_setup_teardown(another_programs_file_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_later_version_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_folder_that_is_not_there, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_lock_is_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_full_disk_is_waited_for, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_full_queue_drops_what_is_least_missed, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			what_is_held_at_the_end_is_counted, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			killed_it_has_what_was_acknowledged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_header_is_set_aside, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_damaged_file_is_salvaged, set_up, tear_down),
		cmocka_unit_test_setup_teardown(damage_while_it_runs, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

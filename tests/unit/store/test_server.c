#include <sys/resource.h>

#include "history.h"

static void await_held(struct history *h)
{
	struct store_event e = history_await(h, STORE_EV_HELD);

	store_event_done(&e);
	assert_true(store_stats(h->store).is_held);
}

static void await_resumed(struct history *h)
{
	struct store_event e = history_await(h, STORE_EV_RESUMED);

	store_event_done(&e);
}

static int64_t count_results(const struct history *h)
{
	return history_number(h, "select count(*) from result");
}

/* Until the spool is empty: its answers pass the time. */
static void await_unspooled(struct history *h)
{
	const time_t until = time(NULL) + 4 * AWAIT_MS / 1000;

	while (store_stats(h->store).spooled && time(NULL) < until)
		store_answer_free(history_ask(h, (struct store_query){ .type = STORE_TESTS }));
	assert_int_equal(store_stats(h->store).spooled, 0);
}

/* ---- away ---- */

/* What comes meanwhile is safe, and there once when the server is back. */
static void a_server_that_went_is_waited_for(void **state)
{
	struct history *h = *state;
	uint64_t number = 0;

	history_open(h);
	const int64_t id = history_sync(h);
	history_await_written(h, history_push(h, a_row(id, T0)));
	server_stop();
	for (int i = 1; i <= 300; i++)
		number = history_push(h, a_row(id, T0 + i * MINUTE));
	await_held(h);
	history_await_written(h, number); /* in the spool */
	assert_int_equal(store_stats(h->store).spooled, 300);
	server_start();
	await_resumed(h);
	await_unspooled(h);
	history_await_written(h, history_push(h, a_row(id, T0 + 301 * MINUTE)));
	assert_int_equal(count_results(h), 302);
	assert_int_equal(store_stats(h->store).dropped_runs, 0);
}

static const struct state failing = { .state = WATCH_FAILED,
	.since_at = T0,
	.last_at = T0 + MINUTE,
	.last_failed_at = T0 + MINUTE,
	.streak = 2,
	.incident = { .begin_at = T0,
		.last_at = T0 + MINUTE,
		.reason = REASON_IM_LATE,
		.runs = 2,
		.times = 1 } };

/* All of it: states, incidents, evidence and the audit log, and over a restart. */
static void what_waited_outlives_a_restart(void **state)
{
	struct history *h = *state;
	const struct store_audit audit = { .at = T0, .who = SLICE("ann"), .what = SLICE("run") };

	history_open(h);
	const int64_t id = history_sync(h);
	history_await_written(h, history_push(h, a_row(id, T0)));
	server_stop();
	const struct store_run run = { .row = a_failed_row(id, T0 + MINUTE),
		.state = &failing,
		.incidents = &failing.incident,
		.n_incidents = 1,
		.fence = 3,
		.result_json = SLICE("{\"a\":1}"),
		.trace_json = SLICE("[]") };
	store_push_run(h->store, &run);
	const struct store_mark mark = { .test_id = id,
		.begin_at = T0,
		.receiver = SLICE("ops"),
		.told = STORE_TOLD_FAILING,
		.at = T0 + 1 };
	store_push_mark(h->store, &mark);
	const uint64_t number = store_push_audit(h->store, &audit);
	await_held(h);
	history_await_written(h, number);
	history_close(h);

	history_open(h); /* still away */
	await_held(h);
	assert_int_equal(store_stats(h->store).spooled, 3);
	server_start();
	await_resumed(h);
	await_unspooled(h);
	assert_int_equal(count_results(h), 2);
	assert_int_equal(
		history_number(h, "select count(*) from test_state where state = 2 and fence = 3"
				  " and streak = 2"),
		1);
	assert_int_equal(history_number(h, "select count(*) from incident where reason = 'im_late'"
					   " and end_at is null and runs = 2 and fence = 3"),
		1);
	assert_int_equal(history_number(h, "select count(*) from audit where who = 'ann'"), 1);
	assert_int_equal(history_number(h, "select count(*) from told where receiver = 'ops'"
					   " and told = 1"),
		1);
	const struct store_query q = { .type = STORE_RUN, .test_id = id, .at = T0 + MINUTE };
	struct store_answer *a = history_ask(h, q);
	assert_true(a->run->is_found);
	assert_int_equal(a->run->row.reason, REASON_IM_NO_ANSWER);
	assert_true(slice_eqs(a->run->result_json, "{\"a\":1}"));
	assert_true(slice_eqs(a->run->trace_json, "[]"));
	store_answer_free(a);
}

/* A restart of the server is no time without it: the next group finds it there. */
static void a_server_that_restarts_costs_nothing(void **state)
{
	struct history *h = *state;

	history_open(h);
	const int64_t id = history_sync(h);
	store_answer_free(history_ask(h, (struct store_query){ .type = STORE_TESTS }));
	server_stop();
	server_start();
	struct store_answer *a = history_ask(h, (struct store_query){ .type = STORE_TESTS });
	assert_int_equal(a->err, 0);
	assert_int_equal(a->names->n, 1);
	store_answer_free(a);
	history_await_written(h, history_push(h, a_row(id, T0)));
	assert_int_equal(count_results(h), 1);
	assert_false(store_stats(h->store).is_held);
}

/* Evidence of OK runs goes first, then the oldest of these; a failed one stays with all it has. */
static void a_full_spool_drops_what_is_least_missed(void **state)
{
	enum { JSON = 40 << 10, MAX = 512 << 10 };
	struct history *h = *state;
	uint8_t *json = mem_alloc0(JSON);
	uint64_t number = 0;
	uint32_t random = 1;

	for (size_t i = 0; i < JSON; i++) { /* zlib makes little of it */
		random = random * 1664525 + 1013904223;
		json[i] = (uint8_t)(random >> 24);
	}
	h->cfg.spool_bytes_max = MAX;
	history_open(h);
	const int64_t id = history_sync(h);
	server_stop();
	for (int64_t i = 0; i < 200; i++) {
		struct store_run run = { .row = a_row(id, T0 + i * MINUTE),
			.result_json = { json, JSON } };

		if (i % 40 == 0)
			run.row = a_failed_row(id, T0 + i * MINUTE);
		number = store_push_run(h->store, &run);
	}
	history_await_written(h, number);
	struct store_stats stats = store_stats(h->store);
	assert_in_range(stats.spooled_bytes, MAX / 4, MAX + MAX / 2);
	assert_true(stats.dropped_evidence > 50);
	assert_int_equal(stats.dropped_runs, 0);
	for (int64_t i = 200; i < 7000; i++)
		number = history_push(h, a_row(id, T0 + i * MINUTE));
	history_await_written(h, number);
	stats = store_stats(h->store);
	assert_in_range(stats.spooled_bytes, MAX / 2, MAX);
	assert_true(stats.dropped_runs > 100);
	server_start();
	await_unspooled(h);
	assert_int_equal(count_results(h), 7000 - (int64_t)stats.dropped_runs);
	assert_int_equal(history_number(h, "select count(*) from result where state = 2"), 5);
	assert_int_equal(history_number(h, "select count(*) from evidence e join result r"
					   " on r.test_id = e.test_id and r.scheduled_at ="
					   " e.scheduled_at where r.state = 2"),
		5);
	mem_free(json);
}

/* Then the queue holds it, as it does for a file. */
static void a_full_disk_of_the_spool_is_waited_for(void **state)
{
	struct history *h = *state;
	struct rlimit before, small;
	uint64_t number = 0;

	signal(SIGXFSZ, SIG_IGN);
	history_open(h);
	const int64_t id = history_sync(h);
	server_stop();
	getrlimit(RLIMIT_FSIZE, &before);
	small = before;
	small.rlim_cur = 200 << 10;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (int64_t i = 0; i < 2000; i++)
		number = history_push(h, a_row(id, T0 + i * MINUTE));
	await_held(h);
	store_answer_free(history_ask(h, (struct store_query){ .type = STORE_TESTS }));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	history_await_written(h, number);
	server_start();
	await_resumed(h);
	await_unspooled(h);
	assert_int_equal(count_results(h), 2000);
	assert_int_equal(store_stats(h->store).dropped_runs, 0);
}

/* It is asked once whether it is there; a stop does not wait for it. */
static void a_stop_keeps_what_the_server_did_not_take(void **state)
{
	struct history *h = *state;

	history_open(h);
	const int64_t id = history_sync(h);
	server_stop();
	for (int64_t i = 0; i < 300; i++)
		assert_true(history_push(h, a_row(id, T0 + i * MINUTE)) > 0);
	history_close(h); /* and nothing is lost */
	server_start();
	history_open(h);
	await_unspooled(h);
	assert_int_equal(count_results(h), 300);
}

/* ---- a pooler ---- */

/* In transaction mode, with one connection for all: a session that somebody leaves something in is
 * another one's next. */
static void a_pooler_stands_between(void **state)
{
	struct history *h = *state;
	char file[100], text[1000];
	const char *const argv[] = { "/usr/sbin/pgbouncer", "-q", "-d", file, NULL };

	snprintf(file, sizeof(file), "%.63s/bouncer.ini", the_server.folder);
	snprintf(text, sizeof(text),
		"[databases]\n* = host=%s port=%d user=stox\n[pgbouncer]\nlisten_port = %d\n"
		"unix_socket_dir = %s\nauth_type = any\npool_mode = transaction\n"
		"default_pool_size = 2\nserver_lifetime = 1\npidfile = %s/bouncer.pid\n"
		"logfile = %s/bouncer.log\n",
		the_server.folder, SERVER_PORT, SERVER_PORT + 1, the_server.folder,
		the_server.folder, the_server.folder);
	FILE *f = fopen(file, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	if (geteuid() == 0) /* what the server's user is to read */
		assert_int_equal(chown(file, the_server.uid, the_server.gid), 0);
	assert_int_equal(server_call(&the_server, argv), 0);
	snprintf(text, sizeof(text), "host=%s port=%d user=stox dbname=t%u", the_server.folder,
		SERVER_PORT + 1, the_server.n);
	h->cfg.connection = text;
	history_open(h);
	const int64_t id = history_sync(h);
	uint64_t number = 0;
	for (int i = 0; i < 100; i++) {
		number = history_push(h, a_row(id, T0 + i * MINUTE));
		store_answer_free(history_ask(h, (struct store_query){ .type = STORE_TESTS }));
	}
	history_await_written(h, number);
	assert_int_equal(count_results(h), 100);
	/* It hangs where the server is away, and is not waited for for ever. */
	server_stop();
	number = history_push(h, a_row(id, T0 + DAY));
	await_held(h);
	history_await_written(h, number);
	server_start();
	await_resumed(h);
	await_unspooled(h);
	assert_int_equal(count_results(h), 101);
	history_close(h);
	snprintf(file, sizeof(file), "%.63s/bouncer.pid", the_server.folder);
	f = fopen(file, "r");
	char line[20];
	assert_true(f && fgets(line, sizeof(line), f));
	fclose(f);
	const long pid = strtol(line, NULL, 10);
	assert_true(pid > 1); /* 0 and -1 are more than one process */
	assert_int_equal(kill((pid_t)pid, SIGTERM), 0);
}

/* ---- others ---- */

/* The setting of a server was added, and `history.file` stayed. */
static void another_file_is_not_made_a_spool(void **state)
{
	struct history *h = *state;
	char text[20] = "";

	h->cfg.connection = NULL;
	history_open(h);
	history_close(h);
	h->cfg.connection = h->connection;
	assert_int_equal(store_open(&h->store, &h->cfg, &h->why), ERR_SYNTAX);
	assert_non_null(strstr(h->why.id, "not a spool"));
	h->store = NULL;
	h->cfg.connection = NULL;
	history_open(h); /* as it was */
	history_close(h);
	h->cfg.connection = h->connection;
	FILE *f = fopen(h->path, "w");
	assert_true(f && fputs("a shopping list\n", f) >= 0 && fclose(f) == 0);
	assert_int_equal(store_open(&h->store, &h->cfg, &h->why), ERR_SYNTAX);
	h->store = NULL;
	f = fopen(h->path, "r");
	assert_true(f && fgets(text, sizeof(text), f) && fclose(f) == 0);
	assert_string_equal(text, "a shopping list\n");
}

static void a_later_version_is_left_alone(void **state)
{
	struct history *h = *state;

	history_open(h);
	history_close(h);
	server_number(h->connection, "update schema_version set version = 99");
	history_open(h); /* of which it says that this one may use it */
	history_close(h);
	server_number(h->connection, "update schema_version set min_reader = 98");
	assert_int_equal(store_open(&h->store, &h->cfg, &h->why), ERR_UNSUPPORTED);
	assert_non_null(strstr(h->why.id, "later version"));
	assert_int_equal(history_number(h, "select version from schema_version"), 99);
}

static void two_begin_with_an_empty_database(void **state)
{
	struct history *h = *state;
	enum { N = 4 };
	pid_t children[N];

	for (int i = 0; i < N; i++) {
		children[i] = fork();
		if (children[i])
			continue;
		snprintf(h->path, sizeof(h->path), "%s/spool%d.db", h->folder, i);
		history_open(h);
		const int64_t id = history_sync(h);
		history_await_written(h, history_push(h, a_row(id, T0)));
		_exit(store_close(h->store) ? 1 : 0);
	}
	for (int i = 0; i < N; i++) {
		int status = -1;

		waitpid(children[i], &status, 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(history_number(h, "select count(*) from test"), 1);
	assert_int_equal(count_results(h), 1);
	assert_int_equal(history_number(h, "select version from schema_version"), 3);
}

static void a_password_is_not_taken_from_the_setting(void **state)
{
	struct history *h = *state;
	static const struct {
		const char *name, *connection, *password_file;
		int err;
	} rows[] = {
		{ "in words", "host=/x password=hunter2", NULL, ERR_SYNTAX },
		{ "in a URI", "postgresql://ann:hunter2@h.test/d", NULL, ERR_SYNTAX },
		{ "no connection", "postgresql://[", NULL, ERR_SYNTAX },
		{ "no file", "host=/x", "/nonexistent/pw", -ENOENT },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		h->cfg.connection = rows[i].connection;
		h->cfg.password_file = rows[i].password_file;
		if (store_open(&h->store, &h->cfg, &h->why) != rows[i].err)
			fail_msg("%s: %s", rows[i].name, h->why.id);
		assert_null(strstr(h->why.id, "hunter2"));
		assert_null(memmem(h->why.store, sizeof(h->why.store), "hunter2", 7));
	}
	h->store = NULL;
}

/* ---- months ---- */

static void the_months_are_made_and_go(void **state)
{
	struct history *h = *state;
	const int64_t border = INT64_C(1790812800000000); /* 2026-10-01 */

	h->cfg.raw_days = 35;
	history_open(h);
	const int64_t id = history_sync(h);
	for (int i = -2; i <= 2; i++)
		history_await_written(h, history_push(h, a_row(id, border + i * MINUTE)));
	assert_int_equal(history_number(h, "select count(*) from result_202609"), 2);
	assert_int_equal(history_number(h, "select count(*) from result_202610"), 3);
	/* Two ahead of the clock; what ended 35 days ago goes. */
	store_push_time(h->store, border + 10 * DAY);
	history_await_number(h, "select count(*) from pg_class where relname = 'result_202612'", 1);
	history_await_number(h, "select count(*) from dirty_hour", 0);
	assert_int_equal(count_results(h), 5);
	store_push_time(h->store, border + 34 * DAY);
	/* One time at once: the next one is for when this one is done. */
	history_await_number(h, "select count(*) from pg_class where relname = 'result_202701'", 1);
	history_await_number(h, "select count(*) from dirty_hour", 0);
	store_push_time(h->store, border + 36 * DAY);
	history_await_number(h, "select count(*) from pg_class where relname = 'result_202609'", 0);
	assert_int_equal(count_results(h), 3);
	assert_int_equal(history_number(h, "select raw_from from about"), border);
	assert_int_equal(history_number(h, "select sum(n_ok) from roll_day"), 5);
	/* One that comes so late still is a measurement. */
	history_await_written(h, history_push(h, a_row(id, border - 3 * MINUTE)));
	assert_int_equal(count_results(h), 4);
}

static void push_with_state(struct history *h, int64_t id, int64_t at)
{
	const struct state ok = { .state = WATCH_OK, .since_at = at, .last_at = at };
	const struct store_run run = { .row = a_row(id, at), .state = &ok };

	history_await_written(h, store_push_run(h->store, &run));
}

/* What it does with a wrong clock, and that every later month goes as the first did. */
static void a_clock_far_ahead_drops_no_month(void **state)
{
	struct history *h = *state;
	const int64_t border = INT64_C(1790812800000000); /* 2026-10-01 */

	history_open(h);
	const int64_t id = history_sync(h);
	push_with_state(h, id, border - MINUTE);
	push_with_state(h, id, border);
	store_push_time(h->store, border + 3650 * DAY);
	history_await_number(h, "select count(*) from pg_class where relname = 'result_203611'", 1);
	history_await_number(h, "select count(*) from dirty_hour", 0);
	history_await_number(h, "select count(*) from dirty_day", 0);
	for (int i = 0; i < 20; i++)
		store_answer_free(history_ask(h, (struct store_query){ .type = STORE_TESTS }));
	assert_int_equal(count_results(h), 2);
	push_with_state(h, id, border + 36 * DAY);
	store_push_time(h->store, border + 36 * DAY);
	history_await_number(h, "select count(*) from pg_class where relname = 'result_202609'", 0);
	assert_int_equal(count_results(h), 2);
	push_with_state(h, id, border + 67 * DAY);
	store_push_time(h->store, border + 67 * DAY);
	history_await_number(h, "select count(*) from pg_class where relname = 'result_202610'", 0);
	assert_int_equal(count_results(h), 2);
	assert_int_equal(history_number(h, "select raw_from from about"), border + 31 * DAY);
}

/* ---- fences ---- */

static void an_old_fence_changes_no_state(void **state)
{
	struct history *h = *state;
	const struct state ok = { .state = WATCH_OK, .since_at = T0, .last_at = T0 };

	history_open(h);
	const int64_t id = history_sync(h);
	struct store_run run = { .row = a_row(id, T0), .state = &ok, .fence = 7 };
	history_await_written(h, store_push_run(h->store, &run));
	run = (struct store_run){ .row = a_failed_row(id, T0 + MINUTE),
		.state = &failing,
		.incidents = &failing.incident,
		.n_incidents = 1,
		.fence = 6 };
	const uint64_t number = store_push_run(h->store, &run);
	struct store_event e = history_await(h, STORE_EV_FENCED);
	assert_int_equal(e.number, number);
	assert_int_equal(e.test_id, id);
	assert_int_equal(e.fence, 6);
	history_await_written(h, number);
	assert_int_equal(count_results(h), 2);
	server_stop(); /* by way of the spool, too */
	run.row.scheduled_at += MINUTE;
	run.fence = 5;
	history_await_written(h, store_push_run(h->store, &run));
	server_start();
	e = history_await(h, STORE_EV_FENCED);
	assert_int_equal(e.test_id, id);
	assert_int_equal(e.fence, 5);
	await_unspooled(h);
	assert_int_equal(count_results(h), 3);
	assert_int_equal(history_number(h, "select state from test_state"), WATCH_OK);
	assert_int_equal(history_number(h, "select count(*) from incident"), 0);
}

/* ---- leases ---- */

static struct store_lease *want(struct history *h, struct lease_want w)
{
	assert_true(store_push_lease(h->store, &w) > 0);
	struct store_event e = history_await(h, STORE_EV_LEASE);
	assert_int_equal(e.lease->answer.number, w.number);
	assert_int_equal(e.lease->answer.type, w.type);
	store_answer_free(e.answer);
	return e.lease;
}

static struct lease_want a_want(enum lease_want_type type, uint64_t number, int64_t me)
{
	return (struct lease_want){
		.type = type, .number = number, .me = me, .length_us = 10 * MINUTE
	};
}

/* How many it then holds, or got; the fence of the first. */
static size_t held_by(struct history *h, struct lease_want w, int64_t *ret_fence)
{
	struct store_lease *l = want(h, w);
	const size_t n = l->answer.n_held;

	assert_int_equal(l->answer.result, LEASE_DONE);
	if (n)
		*ret_fence = l->answer.held[0].fence;
	if (n && w.type == LEASE_CLAIM)
		assert_int_equal(l->known[0].id, l->answer.held[0].test_id);
	mem_free(l);
	return n;
}

static void leases_go_from_one_to_another(void **state)
{
	struct history *h = *state;
	int64_t fence = 0;

	history_open(h);
	const int64_t ids[] = { history_sync(h), 4711 };
	assert_true(store_is_shared(h->store));
	assert_int_equal(held_by(h, a_want(LEASE_RENEW, 1, 11), &fence), 0);
	struct lease_want claim = a_want(LEASE_CLAIM, 2, 11);
	claim.max = 5;
	claim.ids = ids;
	claim.n_ids = 2;
	assert_int_equal(held_by(h, claim, &fence), 1);
	assert_int_equal(fence, 1);
	claim.me = 12; /* another one gets nothing, with shorter leases either */
	claim.number = 3;
	claim.length_us = MINUTE / 10;
	assert_int_equal(held_by(h, claim, &fence), 0);
	claim.length_us = 10 * MINUTE;
	assert_int_equal(held_by(h, a_want(LEASE_RELEASE, 4, 11), &fence), 0);
	claim.number = 5;
	claim.grace_us = 60 * MINUTE; /* it has not been nobody's for so long yet */
	assert_int_equal(held_by(h, claim, &fence), 0);
	claim.number = 6;
	claim.grace_us = 0;
	assert_int_equal(held_by(h, claim, &fence), 1);
	assert_int_equal(fence, 2);
	assert_int_equal(held_by(h, a_want(LEASE_RENEW, 7, 12), &fence), 1);
}

static void an_answer_says_who_is_there(void **state)
{
	struct history *h = *state;

	history_open(h);
	(void)history_sync(h);
	mem_free(want(h, a_want(LEASE_RENEW, 1, 11)));
	struct store_lease *l = want(h, a_want(LEASE_RENEW, 2, 12));
	assert_int_equal(l->answer.n_watchers, 2);
	assert_int_equal(l->answer.n_here, 2);
	assert_int_equal(l->answer.n_tests, 1);
	assert_true(l->answer.server_at > T0 && l->answer.done_at >= l->answer.sent_at);
	mem_free(l);
	mem_free(want(h, a_want(LEASE_RELEASE, 3, 12)));
	l = want(h, a_want(LEASE_CLAIM, 4, 11));
	assert_int_equal(l->answer.n_watchers, 1);
	mem_free(l);
	server_stop();
	l = want(h, a_want(LEASE_RENEW, 5, 11));
	assert_int_equal(l->answer.result, LEASE_UNREACHABLE);
	mem_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_SERVER(a_server_that_went_is_waited_for),
		ON_SERVER(what_waited_outlives_a_restart),
		ON_SERVER(a_server_that_restarts_costs_nothing),
		ON_SERVER(a_full_spool_drops_what_is_least_missed),
		ON_SERVER(a_full_disk_of_the_spool_is_waited_for),
		ON_SERVER(a_stop_keeps_what_the_server_did_not_take),
		ON_SERVER(a_pooler_stands_between),
		ON_SERVER(a_later_version_is_left_alone),
		ON_SERVER(another_file_is_not_made_a_spool),
		ON_SERVER(two_begin_with_an_empty_database),
		ON_SERVER(a_password_is_not_taken_from_the_setting),
		ON_SERVER(the_months_are_made_and_go),
		ON_SERVER(a_clock_far_ahead_drops_no_month),
		ON_SERVER(an_old_fence_changes_no_state),
		ON_SERVER(leases_go_from_one_to_another),
		ON_SERVER(an_answer_says_who_is_there),
	};

	return cmocka_run_group_tests(tests, server_set_up, server_tear_down);
}

/* watch_history - a history of many runs, how fast it is written, and what each question costs.
 *
 * usage: bench_watch_history FILE [TESTS [DAYS]]: FILE is made, with a run a minute of each test
 * (100 for 30 days), unless it is there.  Then each question is asked warm and cold (the file is
 * thrown out of the system's cache first), and again while 10,000 runs a second are written.
 */
#include <fcntl.h>
#include <poll.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "store/store.h"

#define MINUTE INT64_C(60000000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define BEGIN  (INT64_C(1788220800) * 1000000) /* 2026-09-01 00:00 UTC */

enum {
	WARM = 21,
	COLD = 3,
	QUEUE = 20000, /* at most, while the file is made */
	LOAD_RATE = 10000,
	LOAD_S = 10,
	SAMPLES_MAX = 100000,
};

static struct store *store;
static const char *path;
static int64_t n_tests = 100, n_days = 30;
static uint64_t written;
static uint32_t seed = 1;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void die(const char *what)
{
	fprintf(stderr, "watch_history: %s\n", what);
	exit(1);
}

static void open_store(void)
{
	const struct store_cfg cfg = { .path = path, .raw_days = 40 };
	struct text why;

	if (store_open(&store, &cfg, &why))
		die(why.id);
}

static struct store_event next_event(void)
{
	struct pollfd p = { .fd = store_fd(store), .events = POLLIN };
	struct store_event e;

	while (!store_take_event(store, &e))
		poll(&p, 1, -1);
	if (e.type == STORE_EV_WRITTEN)
		written = e.number;
	return e;
}

static struct store_event await(enum store_event_type type)
{
	for (;;) {
		struct store_event e = next_event();

		if (e.type == type)
			return e;
		store_event_done(&e);
	}
}

/* ---- making it ---- */

static uint32_t rnd(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (uint32_t)(((uint64_t)seed * below) >> 32);
}

static void sync_tests(void)
{
	struct store_test *tests = mem_alloc0((size_t)n_tests * sizeof(*tests));
	char(*names)[16] = mem_alloc0((size_t)n_tests * sizeof(*names));

	for (int64_t i = 0; i < n_tests; i++) {
		snprintf(names[i], sizeof(names[i]), "p%d", (int)i);
		tests[i] = (struct store_test){ .kind = SLICE("im"),
			.pool = SLICE("paris"),
			.partner = slice_str(names[i]),
			.interval_us = MINUTE };
	}
	store_sync_tests(store, tests, (size_t)n_tests);
	struct store_event e = await(STORE_EV_SYNCED);
	store_event_done(&e);
	mem_free(tests);
	mem_free(names);
}

static void put_phases(struct store_row *row)
{
	ts_t at = 0;

	for (unsigned p = 0; p < PHASE_SETTLE; p++) {
		row->phases.ran |= 1U << p;
		row->phases.started[p] = at;
		row->phases.duration[p] = 500 + rnd(40000);
		at += row->phases.duration[p];
	}
}

static struct store_row a_run(int64_t test, int64_t minute)
{
	struct store_row row = {
		.test_id = test,
		.scheduled_at = BEGIN + minute * MINUTE + test * 7919 % MINUTE,
		.late_us = rnd(2000),
		.attempts = 1,
		.fail_phase = PHASE_COUNT,
		.has_passed = true,
		.signin_us = 80000 + rnd(100000),
		.there_us = 30000 + rnd(60000),
		.back_us = 30000 + rnd(60000),
	};

	row.latency_us = row.signin_us + row.there_us + row.back_us;
	put_phases(&row);
	if (rnd(100) == 0 || (test % 10 == 0 && minute % 10000 < 30)) {
		row.state = WATCH_FAILED;
		row.reason = (enum reason)(1 + rnd(12));
		row.fail_phase = PHASE_DELIVER;
		row.has_passed = false;
		row.latency_us = row.signin_us = row.there_us = row.back_us = STORE_NONE;
	}
	return row;
}

static uint64_t push(int64_t test, int64_t minute)
{
	const struct store_row row = a_run(test, minute);
	const struct state s = { .state = row.state,
		.since_at = BEGIN,
		.last_at = row.scheduled_at,
		.last_ok_at = row.scheduled_at };
	const struct incident i = { .begin_at = row.scheduled_at,
		.end_at = row.scheduled_at + MINUTE,
		.last_at = row.scheduled_at,
		.reason = row.reason,
		.runs = 1,
		.times = 1 };
	const bool has_incident = row.state == WATCH_FAILED && rnd(20) == 0;

	return store_push_run(store,
		&(struct store_run){
			.row = row, .state = &s, .incidents = &i, .n_incidents = has_incident });
}

static void await_written(uint64_t number)
{
	while (written < number) {
		struct store_event e = next_event();

		store_event_done(&e);
	}
}

/* Of days before: what pages show of a year. */
static void copy_days(void)
{
	static const char *const texts[] = {
		"insert or ignore into roll_day select test_id, begin_at - 86400000000 * %d * %d,"
		" n_ok, n_unstable, n_failed, n_unknown, n_maintenance, n_maintenance_failed,"
		" worst, latency_us, signin_us, there_us, back_us, p95_us, max_us,"
		" end_at - 86400000000 * %d * %d, bad_us from roll_day where begin_at >= %lld",
		"insert or ignore into roll_day_hist select test_id,"
		" begin_at - 86400000000 * %d * %d + 0 * %d * %d, hist, phases"
		" from roll_day_hist where begin_at >= %lld",
	};
	sqlite3 *db = NULL;
	char sql[800];

	sqlite3_open(path, &db);
	sqlite3_exec(db, "begin", NULL, NULL, NULL);
	for (int i = 1; i <= 365 / n_days; i++)
		for (size_t j = 0; j < COUNT(texts); j++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(sql, sizeof(sql), texts[j], i, (int)n_days, i, (int)n_days,
				(long long)BEGIN);
#pragma GCC diagnostic pop
			if (sqlite3_exec(db, sql, NULL, NULL, NULL))
				die(sqlite3_errmsg(db));
		}
	sqlite3_exec(db, "commit", NULL, NULL, NULL);
	sqlite3_close(db);
}

/* Until all that is due was rolled up. */
static void await_upkeep(void)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	int n = -1;

	sqlite3_open(path, &db);
	sqlite3_busy_timeout(db, 60000);
	while (n != 0) {
		sqlite3_prepare_v2(db,
			"select (select count(*) from dirty_hour)"
			" + (select count(*) from dirty_day)",
			-1, &s, NULL);
		n = sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int(s, 0) : -1;
		sqlite3_finalize(s);
		poll(NULL, 0, 200);
	}
	sqlite3_close(db);
}

static void fill(void)
{
	const int64_t minutes = n_days * 1440;
	const double began = now_ms();
	uint64_t last = 0;

	for (int64_t m = 0; m < minutes; m++) {
		for (int64_t t = 1; t <= n_tests; t++)
			last = push(t, m);
		store_push_time(store, BEGIN + m * MINUTE);
		if (last > QUEUE)
			await_written(last - QUEUE);
	}
	await_written(last);
	const double took = now_ms() - began;
	printf("%lld runs written in %.0f s, hours and days with them: %.0f a second\n",
		(long long)(minutes * n_tests), took / 1000,
		(double)(minutes * n_tests) / took * 1000);
	store_push_time(store, BEGIN + minutes * MINUTE + 2 * HOUR);
	await_upkeep();
	store_close(store);
	copy_days();
	open_store();
}

/* ---- asking ---- */

struct question {
	const char *name;
	struct store_query query;
};

static double ask(const struct store_query *q)
{
	const double began = now_ms();

	store_ask(store, q);
	struct store_event e = await(STORE_EV_ANSWER);
	if (e.answer->err)
		die("an error");
	const double took = now_ms() - began;
	store_event_done(&e);
	return took;
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(double *values, int n, int permille)
{
	qsort(values, (size_t)n, sizeof(*values), compare);
	return values[(n - 1) * permille / 1000];
}

static void forget_file(void)
{
	const int fd = open(path, O_RDONLY);

	if (fd < 0 || fsync(fd) || posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED))
		die("the file cannot be thrown out of the cache");
	close(fd);
}

static void time_question(const struct question *q)
{
	double warm[WARM], cold[COLD];

	for (int i = 0; i < COLD; i++) {
		store_close(store);
		forget_file();
		open_store();
		cold[i] = ask(&q->query);
	}
	for (int i = 0; i < WARM; i++)
		warm[i] = ask(&q->query);
	printf("%-40s %8.1f %8.1f %8.1f\n", q->name, quantile(warm, WARM, 500),
		quantile(warm, WARM, 1000), quantile(cold, COLD, 500));
	fflush(stdout);
}

/* ---- while it is written ---- */

static void load(const struct question *questions, size_t n)
{
	static double answers[SAMPLES_MAX], commits[SAMPLES_MAX];
	int n_answers = 0, n_commits = 0;
	const double began = now_ms();
	int64_t pushed = 0;
	uint64_t last = 0;
	size_t next = 0;
	const struct store_stats before = store_stats(store);

	while (now_ms() - began < LOAD_S * 1000.0) {
		const int64_t due = (int64_t)((now_ms() - began) * LOAD_RATE / 1000);

		for (; pushed < due; pushed++)
			last = push(1 + pushed % n_tests, n_days * 1440 + 10 + pushed / n_tests);
		answers[n_answers++] = ask(&questions[next++ % n].query);
		commits[n_commits++] = (double)store_stats(store).commit_last_us / 1000;
	}
	const double asked = now_ms();
	await_written(last);
	const struct store_stats after = store_stats(store);
	printf("%lld runs in %.1f s (%.1f s behind the last one) in %llu groups; commit p50 %.1f, "
	       "p99 %.1f, max %.1f ms; %d answers, p50 %.1f, p95 %.1f ms\n",
		(long long)pushed, (asked - began) / 1000, (now_ms() - asked) / 1000,
		(unsigned long long)(after.groups - before.groups),
		quantile(commits, n_commits, 500), quantile(commits, n_commits, 990),
		(double)after.commit_max_us / 1000, n_answers, quantile(answers, n_answers, 500),
		quantile(answers, n_answers, 950));
}

static void ask_all(void)
{
	const int64_t now = BEGIN + n_days * DAY, last = now - MINUTE + 7919;
	const struct question questions[] = {
		{ "overview", { .type = STORE_OVERVIEW, .now_at = now } },
		{ "a test, 6 h",
			{ STORE_SERIES, .test_id = 1, .from = now - 6 * HOUR, .to = now } },
		{ "a test, 24 h", { STORE_SERIES, .test_id = 1, .from = now - DAY, .to = now } },
		{ "a test, 7 d", { STORE_SERIES, .test_id = 1, .from = now - 7 * DAY, .to = now } },
		{ "a test, 30 d of runs",
			{ STORE_SERIES, .test_id = 1, .from = now - 30 * DAY, .to = now } },
		{ "a test, 24 h by phase", { STORE_SERIES, .test_id = 1, .from = now - DAY,
						   .to = now, .by_phase = true } },
		{ "a test, 7 d by phase", { STORE_SERIES, .test_id = 1, .from = now - 7 * DAY,
						  .to = now, .by_phase = true } },
		{ "a test, 30 d of runs by phase",
			{ STORE_SERIES, .test_id = 1, .from = now - 30 * DAY, .to = now,
				.by_phase = true } },
		{ "a test, 35 d of hours", { STORE_SERIES, .test_id = 1, .from = now - 35 * DAY,
						   .to = now, .source = STORE_HOURS } },
		{ "a test, 35 d of hours by phase",
			{ STORE_SERIES, .test_id = 1, .from = now - 35 * DAY, .to = now,
				.source = STORE_HOURS, .by_phase = true } },
		{ "a test, 1 y of days", { STORE_SERIES, .test_id = 1, .from = now - 365 * DAY,
						 .to = now, .source = STORE_DAILY } },
		{ "a test's last 20 runs", { STORE_RUNS, .test_id = 1 } },
		{ "a test's last 20 failed runs",
			{ STORE_RUNS, .test_id = 1, .states = 1U << WATCH_FAILED } },
		{ "the last 100 runs of all", { STORE_RUNS, .limit = 100 } },
		{ "the last 100 failed runs of all",
			{ STORE_RUNS, .limit = 100, .states = 1U << WATCH_FAILED } },
		{ "a run", { STORE_RUN, .test_id = 1, .at = last } },
		{ "incidents", { STORE_INCIDENTS, .limit = 50 } },
		{ "an incident", { STORE_INCIDENT, .incident_id = 1 } },
		{ "reasons, 24 h", { STORE_REASONS, .from = now - DAY, .to = now } },
		{ "reasons, 30 d", { STORE_REASONS, .from = now - 30 * DAY, .to = now } },
		{ "the report of 30 d", { STORE_REPORT, .from = now - 30 * DAY, .to = now } },
		{ "tests", { .type = STORE_TESTS } },
	};

	printf("%-40s %8s %8s %8s  (ms)\n", "", "warm", "max", "cold");
	for (size_t i = 0; i < COUNT(questions); i++)
		time_question(&questions[i]);
	load(questions, 4);
}

int main(int argc, char **argv)
{
	struct stat st;

	if (argc < 2)
		die("usage: bench_watch_history FILE [TESTS [DAYS]]");
	path = argv[1];
	if (argc > 2)
		n_tests = atoi(argv[2]);
	if (argc > 3)
		n_days = atoi(argv[3]);
	const bool is_there = stat(path, &st) == 0;
	open_store();
	sync_tests();
	if (!is_there)
		fill();
	ask_all();
	store_close(store);
	return 0;
}

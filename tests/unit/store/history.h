/* history.h - a history of its own, in a file or in a server, for the tests of store. */
#pragma once

#include <dirent.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "base/mem.h"
#include "store/store.h"

#include "server.h"

#define MINUTE INT64_C(60000000)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define T0     INT64_C(1790000000000000) /* 2026-09-21 14:13:20 UTC */

enum { AWAIT_MS = 60000 };

struct history {
	char folder[64], path[96], connection[200]; /* "": a file */
	struct store_cfg cfg;
	struct store *store;
	struct text why;
	uint64_t written; /* of the last WRITTEN */
	bool is_checked, is_damaged, is_salvaged;
	uint64_t salvaged;
};

__attribute__((unused)) static void history_open(struct history *h)
{
	const int err = store_open(&h->store, &h->cfg, &h->why);

	if (err)
		print_message("%s %s\n", h->why.id, h->why.store);
	assert_int_equal(err, 0);
}

__attribute__((unused)) static int set_up(void **state)
{
	struct history *h = mem_alloc0(sizeof(*h));

	strcpy(h->folder, "/tmp/stox-store-XXXXXX");
	if (!mkdtemp(h->folder))
		return -1;
	snprintf(h->path, sizeof(h->path), "%s/history.db", h->folder);
	h->cfg = (struct store_cfg){ .path = h->path, .pause_ms = 1 };
	*state = h;
	return 0;
}

__attribute__((unused)) static int set_up_server(void **state)
{
	if (set_up(state))
		return -1;
	struct history *h = *state;
	server_start();
	server_make_database(h->connection, sizeof(h->connection));
	snprintf(h->path, sizeof(h->path), "%s/spool.db", h->folder);
	h->cfg.connection = h->connection;
	return 0;
}

/* The same of a file and of a server. */
#define ON_FILE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define ON_SERVER(f)                                                                               \
	{                                                                                          \
#f ", server", f, set_up_server, tear_down, NULL                                   \
	}
#define ON_BOTH(f) ON_FILE(f), ON_SERVER(f)

__attribute__((unused)) static void history_close(struct history *h)
{
	assert_int_equal(store_close(h->store), 0);
	h->store = NULL;
}

__attribute__((unused)) static int tear_down(void **state)
{
	struct history *h = *state;
	char path[512];

	if (h->store)
		store_close(h->store);
	DIR *folder = opendir(h->folder);
	for (const struct dirent *e; folder && (e = readdir(folder));) {
		snprintf(path, sizeof(path), "%s/%s", h->folder, e->d_name);
		unlink(path); /* not of "." and ".." */
	}
	if (folder)
		closedir(folder);
	const int rc = rmdir(h->folder);
	mem_free(h);
	return rc;
}

/* The next event, which the caller ends; what is always noted is noted. */
__attribute__((unused)) static struct store_event history_event(struct history *h)
{
	struct pollfd p = { .fd = store_fd(h->store), .events = POLLIN };
	struct store_event e = { .number = 0 };

	while (!store_take_event(h->store, &e))
		assert_int_equal(poll(&p, 1, AWAIT_MS), 1);
	if (e.type == STORE_EV_WRITTEN)
		h->written = e.number;
	h->is_checked |= e.type == STORE_EV_CHECKED;
	h->is_damaged |= e.type == STORE_EV_DAMAGED;
	if (e.type == STORE_EV_SALVAGED) {
		h->is_salvaged = true;
		h->salvaged = e.count;
	}
	return e;
}

__attribute__((unused)) static struct store_event history_await(
	struct history *h, enum store_event_type type)
{
	for (;;) {
		struct store_event e = history_event(h);

		if (e.type == type)
			return e;
		store_event_done(&e);
	}
}

__attribute__((unused)) static void history_await_written(struct history *h, uint64_t number)
{
	assert_true(number > 0);
	while (h->written < number) {
		struct store_event e = history_event(h);

		store_event_done(&e);
	}
}

__attribute__((unused)) static struct store_test a_test(const char *pool, const char *partner)
{
	return (struct store_test){
		.kind = SLICE("im"),
		.pool = slice_str(pool),
		.partner = slice_str(partner),
		.direction = SLICE("to"),
		.interval_us = MINUTE,
		.offset_us = 17,
		.spec = SLICE("{}"),
	};
}

/* One test's id. */
__attribute__((unused)) static int64_t history_sync(struct history *h)
{
	const struct store_test t = a_test("paris", "contoso.test");

	assert_true(store_sync_tests(h->store, &t, 1) > 0);
	struct store_event e = history_await(h, STORE_EV_SYNCED);
	const int64_t id = e.known[0].id;
	store_event_done(&e);
	return id;
}

__attribute__((unused)) static struct store_row a_row(int64_t test_id, int64_t at)
{
	return (struct store_row){
		.test_id = test_id,
		.scheduled_at = at,
		.late_us = 300,
		.state = WATCH_OK,
		.has_passed = true,
		.fail_phase = PHASE_COUNT,
		.attempts = 1,
		.latency_us = 400000,
		.signin_us = 200000,
		.there_us = 150000,
		.back_us = 50000,
	};
}

__attribute__((unused)) static struct store_row a_failed_row(int64_t test_id, int64_t at)
{
	struct store_row row = a_row(test_id, at);

	row.state = WATCH_FAILED;
	row.has_passed = false;
	row.reason = REASON_IM_NO_ANSWER;
	row.fail_phase = PHASE_ANSWER;
	row.latency_us = row.signin_us = row.there_us = row.back_us = STORE_NONE;
	return row;
}

__attribute__((unused)) static uint64_t history_push(struct history *h, struct store_row row)
{
	return store_push_run(h->store, &(struct store_run){ .row = row });
}

/* What another connection reads: the first column of the first row. */
__attribute__((unused)) static int64_t history_number(const struct history *h, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;

	if (h->connection[0])
		return server_number(h->connection, sql);
	assert_int_equal(sqlite3_open(h->path, &db), SQLITE_OK);
	sqlite3_busy_timeout(db, AWAIT_MS);
	if (sqlite3_prepare_v2(db, sql, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	const int rc = sqlite3_step(s);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	const int64_t n = rc == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;
	sqlite3_finalize(s);
	sqlite3_close(db);
	return n;
}

/* The answer, which the caller frees. */
__attribute__((unused)) static struct store_answer *history_ask(
	struct history *h, struct store_query q)
{
	const uint64_t id = store_ask(h->store, &q);

	assert_true(id > 0);
	const struct store_event e = history_await(h, STORE_EV_ANSWER);
	assert_int_equal(e.answer->id, id);
	assert_int_equal(e.answer->type, q.type);
	return e.answer;
}

/* Until the writer's upkeep has brought this number about: its answers pass the time. */
__attribute__((unused)) static void history_await_number(
	struct history *h, const char *sql, int64_t want)
{
	const time_t until = time(NULL) + AWAIT_MS / 1000;

	while (history_number(h, sql) != want && time(NULL) < until)
		store_answer_free(history_ask(h, (struct store_query){ .type = STORE_TESTS }));
	const int64_t n = history_number(h, sql);
	if (n != want)
		fail_msg("%s: %lld instead of %lld", sql, (long long)n, (long long)want);
}

#include "history.h"

/* A run each minute of [from, to); all take as long as their number in the hour says. */
static void push_minutes(struct history *h, int64_t id, int64_t from, int64_t to)
{
	uint64_t number = 0;

	for (int64_t at = from; at < to; at += MINUTE) {
		struct store_row row = a_row(id, at);

		row.latency_us = 100000 + at / MINUTE % 60 * 1000;
		number = history_push(h, row);
	}
	history_await_written(h, number);
}

static void push_failed(struct history *h, int64_t id, int64_t at)
{
	history_await_written(h, history_push(h, a_failed_row(id, at)));
}

/* The days are those of a file of the fuzzer's corpus. */
static void use_zone(struct history *h, const char *name)
{
	static uint8_t bytes[ZONE_FILE_MAX];
	char path[512];

	snprintf(path, sizeof(path), TEST_DATA "/../fuzz/corpus/zone/%s", name);
	FILE *f = fopen(path, "rb");
	assert_non_null(f);
	h->cfg.zone_name = name;
	h->cfg.zone_file = slice_of(bytes, fread(bytes, 1, sizeof(bytes), f));
	fclose(f);
}

static const int64_t hour0 = T0 - T0 % HOUR;

static void an_hour_that_ended_is_computed(void **state)
{
	struct history *h = *state;

	history_open(h);
	const int64_t id = history_sync(h);
	push_minutes(h, id, hour0, hour0 + HOUR);
	struct store_row by_hand = a_failed_row(id, hour0 + 1);
	by_hand.is_by_hand = true;
	history_await_written(h, history_push(h, by_hand));
	store_push_time(h->store, hour0 + HOUR + 2 * MINUTE);
	history_await_number(h, "select n_ok from roll_hour", 60);
	assert_int_equal(history_number(h, "select n_failed from roll_hour"), 0);
	assert_int_equal(history_number(h, "select latency_us from roll_hour"), 129000);
	assert_int_equal(history_number(h, "select p95_us from roll_hour"), 156000);
	assert_int_equal(history_number(h, "select max_us from roll_hour"), 159000);
	assert_int_equal(history_number(h, "select signin_us from roll_hour"), 200000);
	history_await_number(h, "select count(*) from dirty_hour", 0);
	history_await_number(h, "select count(*) from dirty_day", 0);
	assert_int_equal(history_number(h, "select n_ok from roll_day"), 60);

	/* A late result: the hour and the day know it. */
	push_failed(h, id, hour0 + MINUTE / 2);
	store_push_time(h->store, hour0 + HOUR + 3 * MINUTE);
	history_await_number(h, "select n_failed from roll_hour", 1);
	history_await_number(h, "select n_failed from roll_day", 1);
	assert_int_equal(history_number(h, "select worst from roll_day"), WATCH_FAILED);
	assert_int_equal(history_number(h, "select bad_us from roll_day"), MINUTE / 2);
	assert_int_equal(
		history_number(h, "select runs from roll_day_reason where reason = 'im_no_answer'"),
		1);
}

static void the_present_hour_is_shown_too(void **state)
{
	struct history *h = *state;

	history_open(h);
	const int64_t id = history_sync(h);
	push_minutes(h, id, hour0, hour0 + 10 * MINUTE);
	store_push_time(h->store, hour0 + 10 * MINUTE);
	history_await_number(h, "select n_ok from roll_hour", 10);
	assert_int_equal(history_number(h, "select count(*) from dirty_hour"), 1);
	push_minutes(h, id, hour0 + 10 * MINUTE, hour0 + 16 * MINUTE);
	store_push_time(h->store, hour0 + 16 * MINUTE);
	history_await_number(h, "select n_ok from roll_hour", 16);
}

/* The watcher was killed behind the hour's end. */
static void what_was_not_computed_is_behind_a_start(void **state)
{
	struct history *h = *state;

	history_open(h);
	const int64_t id = history_sync(h);
	push_minutes(h, id, hour0, hour0 + HOUR);
	history_close(h);
	history_open(h);
	store_push_time(h->store, hour0 + 30 * HOUR);
	history_await_number(h, "select n_ok from roll_hour", 60);
	history_await_number(h, "select n_ok from roll_day", 60);
}

/* Europe/Paris: 25 hours on 25 October 2026, from 22:00 UTC on the 24th; 23 on 28 March 2027. */
static void days_are_those_of_the_zone(void **state)
{
	static const struct {
		const char *zone;
		int64_t begin_s, hours;
	} rows[] = {
		{ "paris", 1792879200, 25 },
		{ "paris", 1806188400, 23 },
		{ "kathmandu", 1792865700, 24 },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct history *h;
		char sql[200];

		h = *state;
		const bool is_server = h->connection[0];
		tear_down(state);
		assert_int_equal(is_server ? set_up_server(state) : set_up(state), 0);
		h = *state;
		use_zone(h, rows[i].zone);
		history_open(h);
		const int64_t id = history_sync(h), begin = rows[i].begin_s * 1000000;
		const int64_t end = begin + rows[i].hours * HOUR;
		push_minutes(h, id, begin - 30 * MINUTE, end + 30 * MINUTE);
		store_push_time(h->store, end + 3 * HOUR);
		snprintf(sql, sizeof(sql), "select n_ok from roll_day where begin_at = %lld",
			(long long)begin);
		history_await_number(h, sql, rows[i].hours * 60);
		snprintf(sql, sizeof(sql), "select end_at from roll_day where begin_at = %lld",
			(long long)begin);
		assert_int_equal(history_number(h, sql), end);
		history_await_number(h, "select count(*) from roll_day", 3);
		history_await_number(h, "select sum(n_ok) from roll_day", rows[i].hours * 60 + 60);
	}
}

static void another_zone_has_other_days(void **state)
{
	struct history *h = *state;
	const int64_t day = hour0 - hour0 % (DAY);

	history_open(h);
	const int64_t id = history_sync(h);
	push_minutes(h, id, day, day + 2 * DAY);
	store_push_time(h->store, day + 60 * HOUR);
	history_await_number(h, "select count(*) from roll_day where n_ok = 1440", 2);
	history_await_number(h, "select count(*) from dirty_day", 0);
	history_close(h);

	use_zone(h, "paris"); /* two hours earlier */
	history_open(h);
	store_push_time(h->store, day + 60 * HOUR);
	history_await_number(h, "select n_ok from roll_day order by begin_at limit 1", 22 * 60);
	history_await_number(h, "select count(*) from roll_day", 3);
	history_await_number(h, "select count(*) from dirty_day", 0);
	assert_int_equal(history_number(h, "select sum(n_ok) from roll_day"), 2880);
	assert_int_equal(history_number(h, "select count(*) from roll_day_hist"), 3);
}

/* A pass of retention takes a day at most: until all before `want` is gone. */
static void await_raw_from(struct history *h, int64_t now, int64_t want)
{
	char sql[100];

	snprintf(sql, sizeof(sql), "select raw_from = %lld from about", (long long)want);
	store_push_time(h->store, now);
	history_await_number(h, sql, 1);
	snprintf(sql, sizeof(sql), "select count(*) from result where scheduled_at < %lld",
		(long long)want);
	history_await_number(h, sql, 0);
}

static void what_is_too_old_goes(void **state)
{
	struct history *h = *state;
	const int64_t day = hour0 - hour0 % DAY;
	const struct store_audit old = { .at = day - 1200 * DAY }, young = { .at = day };

	h->cfg.raw_days = 2;
	h->cfg.hour_days = 3;
	history_open(h);
	const int64_t id = history_sync(h);
	store_push_audit(h->store, &old);
	store_push_audit(h->store, &young);
	await_raw_from(h, day + DAY, day - DAY);
	const struct store_run with = { .row = a_row(id, day + 1), .result_json = SLICE("{}") };
	store_push_run(h->store, &with);
	push_minutes(h, id, day, day + 3 * DAY);
	assert_int_equal(history_number(h, "select count(*) from evidence"), 1);
	await_raw_from(h, day + 3 * DAY + HOUR, day);
	await_raw_from(h, day + 3 * DAY + 2 * HOUR, day + DAY);
	assert_int_equal(history_number(h, "select count(*) from result"), 2 * 1440);
	history_await_number(h, "select count(*) from evidence", 0);
	history_await_number(h, "select count(*) from audit", 1);
	history_await_number(h, "select min(begin_at) from roll_hour", day);
	assert_int_equal(history_number(h, "select sum(n_ok) from roll_day"), 3 * 1440 + 1);

	/* What comes for a day whose runs are gone leaves that day as it was. */
	push_failed(h, id, day + 7);
	store_push_time(h->store, day + 3 * DAY + 2 * HOUR + MINUTE);
	history_await_number(h, "select count(*) from dirty_hour", 0);
	assert_int_equal(history_number(h, "select sum(n_failed) from roll_day"), 0);

	/* Hours go a day later, days never. */
	await_raw_from(h, day + 4 * DAY + HOUR, day + 2 * DAY);
	history_await_number(h, "select min(begin_at) from roll_hour", day + DAY);
	assert_int_equal(history_number(h, "select sum(n_ok) from roll_day"), 3 * 1440 + 1);
}

/* Ten years ahead for a moment. */
static void a_clock_that_is_wrong_costs_a_day(void **state)
{
	struct history *h = *state;
	const int64_t day = hour0 - hour0 % DAY;

	history_open(h);
	const int64_t id = history_sync(h);
	for (int i = 0; i < 36; i++)
		history_push(h, a_row(id, day + i * DAY));
	await_raw_from(h, day + 35 * DAY, day);
	await_raw_from(h, day + 3650 * DAY, day + DAY);
	store_push_time(h->store, day + 3650 * DAY + MINUTE);
	history_await_number(h, "select count(*) from dirty_day", 0);
	assert_int_equal(history_number(h, "select count(*) from result"), 35);
	store_push_time(h->store, day + 35 * DAY + HOUR);
	history_close(h);
	assert_int_equal(history_number(h, "select count(*) from result"), 35);
}

static void the_file_has_a_size(void **state)
{
	struct history *h = *state;
	const int64_t day = hour0 - hour0 % DAY;

	h->cfg.size_max_bytes = 512 << 10;
	history_open(h);
	const int64_t id = history_sync(h);
	push_minutes(h, id, day, day + 10 * DAY); /* 0.9 MB */
	store_push_time(h->store, day + 10 * DAY);
	struct store_event e = history_await(h, STORE_EV_SHRUNK);
	assert_non_null(strstr(e.text.id, "were given up"));
	const int64_t n = history_number(h, "select count(*) from result");
	assert_in_range(n, 2 * 1440, 9 * 1440);
	assert_int_equal(
		history_number(h, "select min(scheduled_at) % 86400000000 from result"), 0);
	assert_true(history_number(h, "pragma page_count") * 4096 -
			    history_number(h, "pragma freelist_count") * 4096 <=
		    512 << 10);

	/* Two days stay in any case. */
	history_close(h);
	h->cfg.size_max_bytes = 1;
	history_open(h);
	store_push_time(h->store, day + 10 * DAY + HOUR);
	e = history_await(h, STORE_EV_SHRUNK);
	assert_non_null(strstr(e.text.id, "larger than it may be"));
	assert_in_range(history_number(h, "select count(*) from result"), 2 * 1440, 3 * 1440);
	assert_int_equal(history_number(h, "select sum(n_ok) from roll_day"), 10 * 1440);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_BOTH(an_hour_that_ended_is_computed),
		ON_BOTH(the_present_hour_is_shown_too),
		ON_BOTH(what_was_not_computed_is_behind_a_start),
		ON_BOTH(days_are_those_of_the_zone),
		ON_BOTH(another_zone_has_other_days),
		ON_FILE(what_is_too_old_goes),
		ON_FILE(a_clock_that_is_wrong_costs_a_day),
		ON_FILE(the_file_has_a_size),
	};

	return cmocka_run_group_tests(tests, server_set_up, server_tear_down);
}

#include "history.h"

#include "watch/histogram.h"

enum { TESTS = 3 };

/* Three tests, a run a minute for two days; of the second one every tenth failed on the first day,
 * the third one never ran. */
static const int64_t day0 = T0 - T0 % DAY, now = T0 - T0 % DAY + 2 * DAY + 30 * MINUTE;

static void sync_three(struct history *h, int64_t ids[TESTS])
{
	const struct store_test tests[TESTS] = {
		a_test("paris", "contoso.test"),
		a_test("lyon", "contoso.test"),
		a_test("lille", "contoso.test"),
	};

	store_sync_tests(h->store, tests, TESTS);
	struct store_event e = history_await(h, STORE_EV_SYNCED);
	for (unsigned i = 0; i < TESTS; i++)
		ids[i] = e.known[i].id;
	store_event_done(&e);
}

static struct store_row nth(int64_t id, int64_t i)
{
	struct store_row row = a_row(id, day0 + i * MINUTE + id);

	row.latency_us = 100000 + i % 60 * 1000;
	row.phases.ran = 1U << PHASE_DELIVER | 1U << PHASE_ANSWER;
	row.phases.started[PHASE_DELIVER] = 5;
	row.phases.duration[PHASE_DELIVER] = (ts_t)(i % 60) * 10;
	row.phases.duration[PHASE_ANSWER] = 7;
	return row;
}

static void push_days(struct history *h, const int64_t ids[TESTS])
{
	uint64_t number = 0;

	for (int64_t i = 0; i < (now - day0) / MINUTE; i++) {
		const bool fails = i < 1440 && i % 10 == 9;

		history_push(h, nth(ids[0], i));
		number = history_push(h,
			fails ? a_failed_row(ids[1], day0 + i * MINUTE + ids[1]) : nth(ids[1], i));
	}
	history_await_written(h, number);
}

/* An incident of the first day, and one that is open. */
static void push_states(struct history *h, const int64_t ids[TESTS])
{
	const struct incident over = { .begin_at = day0 + HOUR,
		.end_at = day0 + 2 * HOUR,
		.last_at = day0 + 2 * HOUR - MINUTE,
		.reason = REASON_IM_NO_ANSWER,
		.runs = 6,
		.times = 1 };
	const struct incident open = { .begin_at = now - HOUR,
		.last_at = now - MINUTE,
		.reason = REASON_IM_LATE,
		.runs = 60,
		.times = 2 };
	const struct state failing = { .state = WATCH_FAILED,
		.since_at = now - HOUR,
		.last_at = now - MINUTE,
		.streak = 60,
		.incident = open };
	const struct incident both[] = { over, open };

	history_await_written(h, store_push_state(h->store, ids[1], &failing, both, 2));
}

static int fill(void **state)
{
	struct history *h;
	int64_t ids[TESTS];

	if (set_up(state))
		return -1;
	h = *state;
	history_open(h);
	sync_three(h, ids);
	assert_int_equal(ids[0], 1);
	assert_int_equal(ids[2], 3);
	push_days(h, ids);
	push_states(h, ids);
	store_push_time(h->store, now);
	/* The last hour of the second day is over, and its day computed; the present one is, too.
	 */
	history_await_number(h, "select count(*) from dirty_hour", 2);
	history_await_number(h, "select count(*) from dirty_day", 0);
	history_await_number(h, "select count(*) from roll_hour", 2 * 49);
	return 0;
}

static struct store_answer *ask(struct history *h, struct store_query q)
{
	struct store_answer *a = history_ask(h, q);

	assert_int_equal(a->err, 0);
	return a;
}

static void the_overview(void **state)
{
	struct history *h = *state;
	struct store_answer *a =
		ask(h, (struct store_query){ .type = STORE_OVERVIEW, .now_at = now });
	const struct store_overview *o = a->overview;

	assert_int_equal(o->n, TESTS);
	assert_int_equal(o->hours[STORE_SPARK_BINS - 1].begin, day0 + 2 * DAY);
	assert_int_equal(o->hours[0].begin, day0 + DAY);
	assert_int_equal(o->days[STORE_DAYS - 1].begin, day0 + 2 * DAY);
	assert_int_equal(o->days[0].begin, day0 - 87 * DAY);
	const struct store_overview_test *t = &o->tests[1];
	assert_int_equal(t->test_id, 2);
	assert_int_equal(t->state, WATCH_FAILED);
	assert_int_equal(t->since_at, now - HOUR);
	assert_int_equal(t->open.id, 2);
	assert_int_equal(t->open.incident.reason, REASON_IM_LATE);
	assert_int_equal(t->spark[0].runs, 60);
	assert_int_equal(t->spark[0].failed, 0);
	assert_int_equal(t->spark[0].latency_us, 129000);
	assert_int_equal(t->spark[STORE_SPARK_BINS - 1].runs, 30);
	assert_int_equal(t->day.n[WATCH_OK], 24 * 60 + 30);
	assert_int_equal(t->days.n[WATCH_FAILED], 144);
	assert_int_equal(t->days.n[WATCH_OK], 2 * 1440 - 144);
	assert_int_equal(t->strip[STORE_DAYS - 3].bad_s, 144 * 60 - 1); /* it ends with the day */
	assert_int_equal(t->strip[STORE_DAYS - 3].worst, WATCH_FAILED);
	assert_int_equal(t->strip[STORE_DAYS - 2].worst, WATCH_OK);
	assert_int_equal(t->strip[STORE_DAYS - 2].runs, 1440);
	assert_int_equal(t->strip[STORE_DAYS - 4].runs, 0);
	assert_in_range(t->median30_us, 127000, 131000);
	assert_int_equal(o->tests[2].state, WATCH_UNKNOWN);
	assert_int_equal(o->tests[2].open.id, 0);
	assert_int_equal(o->tests[2].spark[3].runs, 0);
	assert_int_equal(o->tests[2].spark[3].latency_us, STORE_NONE);
	store_answer_free(a);
}

static uint64_t runs_of(const struct store_series *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->n; i++)
		for (unsigned j = 0; j < WATCH_STATES; j++)
			n += s->bins[i].counts.n[j];
	return n;
}

/* Each source has all runs of the span, in bins that follow one another. */
static void a_test_over_time(void **state)
{
	static const struct {
		const char *name;
		enum store_source source;
		int64_t from, to;
		unsigned bins;
		unsigned want_bins;
		uint64_t want_runs;
	} rows[] = {
		{ "two days of runs", STORE_RAW, 0, 2 * DAY, 300, 300, 2880 },
		{ "an hour of runs", STORE_RAW, 5 * HOUR, 6 * HOUR, 60, 60, 60 },
		{ "before all", STORE_RAW, -2 * DAY, -DAY, 24, 24, 0 },
		{ "two days of hours", STORE_HOURS, 0, 2 * DAY, 300, 48, 2880 },
		{ "in few bins", STORE_HOURS, 0, 2 * DAY, 10, 10, 2880 },
		{ "days", STORE_DAILY, -10 * DAY, 2 * DAY, 300, 12, 2880 },
		{ "days in few bins", STORE_DAILY, -10 * DAY, 2 * DAY, 5, 4, 2880 },
	};
	struct history *h = *state;

	for (size_t i = 0; i < COUNT(rows); i++)
		for (int by_phase = 0; by_phase < 2; by_phase++) {
			struct store_answer *a = ask(h, (struct store_query){ .type = STORE_SERIES,
								.test_id = 2,
								.source = rows[i].source,
								.from = day0 + rows[i].from,
								.to = day0 + rows[i].to,
								.bins = rows[i].bins,
								.by_phase = by_phase });
			const struct store_series *s = a->series;

			if (s->n != rows[i].want_bins || runs_of(s) != rows[i].want_runs)
				fail_msg("%s: %u bins, %u runs", rows[i].name, s->n,
					(unsigned)runs_of(s));
			for (unsigned j = 1; j < s->n; j++)
				assert_int_equal(s->bins[j].begin_at, s->bins[j - 1].end_at);
			assert_true(s->bins[s->n - 1].end_at >= day0 + rows[i].to);
			assert_true((s->phases != NULL) == by_phase);
			store_answer_free(a);
		}
}

static void what_a_series_says(void **state)
{
	struct history *h = *state;
	struct store_query q = { .type = STORE_SERIES,
		.test_id = 2,
		.from = day0,
		.to = day0 + 2 * DAY,
		.bins = 48,
		.by_phase = true };

	for (q.source = STORE_RAW; q.source <= STORE_DAILY; q.source++) {
		struct store_answer *a = ask(h, q);
		const struct store_series *s = a->series;
		const struct store_bin *first = &s->bins[0], *last = &s->bins[s->n - 1];

		assert_int_equal(s->counts.n[WATCH_FAILED], 144);
		assert_int_equal(s->counts.n[WATCH_OK], 2880 - 144);
		assert_in_range(s->p50_us, 127000, 131000);
		assert_in_range(s->p99_us, 157000, 161000);
		assert_int_equal(s->max_us, 159000);
		assert_int_equal(first->worst, WATCH_FAILED);
		assert_int_equal(last->worst, WATCH_OK);
		assert_int_equal(last->median.latency_us, 129000);
		assert_int_equal(last->p95_us, 156000);
		assert_int_equal(last->max_us, 159000);
		assert_int_equal(s->phases[s->n - 1][PHASE_DELIVER], 290);
		assert_int_equal(s->phases[s->n - 1][PHASE_ANSWER], 7);
		assert_int_equal(s->phases[s->n - 1][PHASE_SETTLE], STORE_NONE);
		assert_in_range(s->phase_p50[PHASE_DELIVER], 270, 300);
		assert_int_equal(s->n_reasons, 1);
		assert_int_equal(s->reasons[0].reason, REASON_IM_NO_ANSWER);
		assert_int_equal(s->reasons[0].runs, 144);
		store_answer_free(a);
	}
}

static struct store_query runs_query(int64_t test_id, unsigned states)
{
	return (struct store_query){
		.type = STORE_RUNS, .test_id = test_id, .states = states, .limit = 7
	};
}

/* Page by page, newest first, each once. */
static void runs_page_by_page(void **state)
{
	static const struct {
		const char *name;
		int64_t test_id;
		unsigned states;
		int64_t from;
		size_t want;
	} rows[] = {
		{ "a test's", 2, 0, 2 * DAY - HOUR, 60 + 30 },
		{ "a test's failed", 2, 1U << WATCH_FAILED, 0, 144 },
		{ "all", 0, 0, 2 * DAY - HOUR, 2 * 90 },
		{ "all failed", 0, 1U << WATCH_FAILED, 0, 144 },
		{ "all unknown", 0, 1U << WATCH_UNKNOWN, 0, 0 },
		{ "of nobody", 99, 0, 0, 0 },
	};
	struct history *h = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store_query q = runs_query(rows[i].test_id, rows[i].states);
		struct store_key last = { INT64_MAX, INT64_MAX };
		size_t n = 0;
		bool has_more = true;

		q.from = day0 + rows[i].from;
		while (has_more) {
			struct store_answer *a = ask(h, q);
			const struct store_runs *r = a->runs;

			for (size_t j = 0; j < r->n; j++) {
				const struct store_key k = { r->rows[j].scheduled_at,
					r->rows[j].test_id };

				assert_true(k.at < last.at ||
					    (k.at == last.at && k.test_id < last.test_id));
				last = k;
			}
			n += r->n;
			has_more = r->has_more;
			assert_true(!has_more || r->n == q.limit);
			q.before = last;
			store_answer_free(a);
		}
		if (n != rows[i].want)
			fail_msg("%s: %zu", rows[i].name, n);
	}
}

static void all_runs_far_back(void **state)
{
	struct history *h = *state;
	struct store_answer *a =
		ask(h, (struct store_query){ .type = STORE_RUNS, .limit = 5000, .to = day0 + DAY });

	assert_int_equal(a->runs->n, 2 * 1440);
	assert_false(a->runs->has_more);
	assert_int_equal(a->runs->rows[0].scheduled_at, day0 + DAY - MINUTE + 2);
	assert_int_equal(a->runs->rows[2 * 1440 - 1].scheduled_at, day0 + 1);
	store_answer_free(a);
}

static void one_run(void **state)
{
	struct history *h = *state;
	const int64_t at = day0 + 99 * MINUTE + 2; /* a failed one */
	struct store_run run = { .row = a_row(2, now), .result_json = SLICE("{\"a\": [1, 2]}") };
	struct store_answer *a =
		ask(h, (struct store_query){ .type = STORE_RUN, .test_id = 2, .at = at });
	const struct store_one *one = a->run;

	assert_true(one->is_found);
	assert_int_equal(one->row.state, WATCH_FAILED);
	assert_int_equal(one->row.fail_phase, PHASE_ANSWER);
	assert_int_equal(one->row.reason, REASON_IM_NO_ANSWER);
	assert_int_equal(one->row.latency_us, STORE_NONE);
	assert_true(one->has_good);
	assert_int_equal(one->good.scheduled_at, at - MINUTE);
	assert_int_equal(one->good.phases.duration[PHASE_DELIVER], 380);
	assert_int_equal(one->previous_at, at - MINUTE);
	assert_int_equal(one->next_at, at + MINUTE);
	assert_int_equal(one->oldest_at, day0 + 2);
	assert_int_equal(one->incident.id, 1);
	assert_int_equal(one->result_json.n, 0);
	store_answer_free(a);

	run.trace_json = SLICE("[]");
	history_await_written(h, store_push_run(h->store, &run));
	a = ask(h, (struct store_query){ .type = STORE_RUN, .test_id = 2, .at = now });
	assert_true(slice_eqs(a->run->result_json, "{\"a\": [1, 2]}"));
	assert_true(slice_eqs(a->run->trace_json, "[]"));
	assert_int_equal(a->run->next_at, 0);
	assert_int_equal(a->run->incident.id, 2);
	store_answer_free(a);

	a = ask(h, (struct store_query){ .type = STORE_RUN, .test_id = 2, .at = day0 - DAY });
	assert_false(a->run->is_found);
	assert_false(a->run->has_good);
	assert_int_equal(a->run->previous_at, 0);
	assert_int_equal(a->run->next_at, day0 + 2);
	assert_int_equal(a->run->incident.id, 0);
	store_answer_free(a);
}

static void incidents(void **state)
{
	struct history *h = *state;
	struct store_query q = { .type = STORE_INCIDENTS, .limit = 1 };
	struct store_answer *a = ask(h, q);

	assert_int_equal(a->incidents->n, 1);
	assert_int_equal(a->incidents->n_open, 1);
	assert_true(a->incidents->has_more);
	assert_int_equal(a->incidents->rows[0].incident.begin_at, now - HOUR);
	assert_int_equal(a->incidents->rows[0].incident.end_at, 0);
	q.before = (struct store_key){ now - HOUR, 2 };
	store_answer_free(a);
	a = ask(h, q);
	assert_int_equal(a->incidents->n, 1);
	assert_false(a->incidents->has_more);
	const struct store_incident over = a->incidents->rows[0];
	assert_int_equal(over.incident.end_at, day0 + 2 * HOUR);
	store_answer_free(a);

	q = (struct store_query){ .type = STORE_INCIDENTS, .test_id = 1 };
	a = ask(h, q);
	assert_int_equal(a->incidents->n, 0);
	store_answer_free(a);
	q.test_id = 2;
	q.from = day0 + 3 * HOUR;
	a = ask(h, q);
	assert_int_equal(a->incidents->n, 1); /* the other one was over */
	store_answer_free(a);

	a = ask(h,
		(struct store_query){ .type = STORE_INCIDENT, .incident_id = over.id, .limit = 4 });
	assert_int_equal(a->incident->incident.incident.runs, 6);
	assert_int_equal(a->incident->n, 4);
	assert_true(a->incident->has_more);
	assert_int_equal(a->incident->rows[0].scheduled_at, day0 + 69 * MINUTE + 2);
	store_answer_free(a);
	a = ask(h, (struct store_query){ .type = STORE_INCIDENT, .incident_id = 77 });
	assert_int_equal(a->incident->incident.id, 0);
	store_answer_free(a);
}

static void reasons(void **state)
{
	static const struct {
		const char *name;
		int64_t test_id, from, to;
		uint64_t want;
	} rows[] = {
		{ "of all, exactly", 0, HOUR, 2 * HOUR, 6 },
		{ "of one, exactly", 2, HOUR, 2 * HOUR, 6 },
		{ "of another", 1, HOUR, 2 * HOUR, 0 },
		{ "of all, by days", 0, HOUR, 60 * DAY, 144 },
		{ "of one, by days", 2, -DAY, 60 * DAY, 144 },
		{ "of another, by days", 1, -DAY, 60 * DAY, 0 },
	};
	struct history *h = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store_answer *a = ask(h, (struct store_query){ .type = STORE_REASONS,
							.test_id = rows[i].test_id,
							.from = day0 + rows[i].from,
							.to = day0 + rows[i].to });
		const struct store_reasons *r = a->reasons;

		if (r->n != (rows[i].want ? 1U : 0U) || (r->n && r->rows[0].runs != rows[i].want))
			fail_msg("%s: %zu", rows[i].name, r->n);
		if (r->n) {
			assert_int_equal(r->rows[0].reason, REASON_IM_NO_ANSWER);
			assert_int_equal(r->rows[0].tests, 1);
		}
		store_answer_free(a);
	}
}

static void the_report(void **state)
{
	struct history *h = *state;
	struct store_answer *a =
		ask(h, (struct store_query){
			       .type = STORE_REPORT, .from = day0 - DAY, .to = day0 + 2 * DAY });
	const struct store_report *r = a->report;

	assert_int_equal(r->span.begin, day0 - DAY);
	assert_int_equal(r->span.end, day0 + 2 * DAY);
	assert_int_equal(r->covered_from, day0);
	assert_int_equal(r->covered_to, day0 + 2 * DAY);
	assert_int_equal(r->n, 2);
	const struct store_report_test *t = &r->tests[1];
	assert_int_equal(t->test_id, 2);
	assert_int_equal(t->counts.n[WATCH_OK], 2880 - 144);
	assert_int_equal(t->counts.n[WATCH_FAILED], 144);
	assert_in_range(t->p50_us, 127000, 131000);
	assert_in_range(t->p99_us, 157000, 161000);
	assert_int_equal(t->incidents, 2);
	assert_int_equal(t->ended, 1);
	assert_int_equal(t->repair_us, HOUR);
	assert_true(t->bad_us > 143 * MINUTE);
	struct histogram hist;
	assert_int_equal(histogram_decode(t->hist, &hist), 0);
	assert_int_equal(histogram_quantile(&hist, 500), t->p50_us);
	assert_int_equal(t->n_days, 2);
	const struct store_report_day *day = &r->days[t->first_day];
	assert_int_equal(day[0].begin_at, day0);
	assert_int_equal(day[1].begin_at, day0 + DAY);
	assert_int_equal(day[0].judged + day[1].judged, 2880);
	assert_int_equal(day[0].passed + day[1].passed, 2880 - 144);
	assert_int_equal(r->n_days, 4);
	assert_int_equal(r->tests[0].incidents, 0);
	assert_in_range(r->tests[0].p95_us, 154000, 158000);
	assert_int_equal(r->n_worst, 2);
	assert_int_equal(r->n_reasons, 1);
	store_answer_free(a);

	/* A span that begins within a day: from the next one on. */
	a = ask(h, (struct store_query){
			   .type = STORE_REPORT, .from = day0 + HOUR, .to = day0 + DAY + HOUR });
	assert_int_equal(a->report->span.begin, day0 + DAY);
	assert_int_equal(a->report->span.end, day0 + 2 * DAY);
	store_answer_free(a);
}

static void the_audit_log(void **state)
{
	struct history *h = *state;
	struct store_query q = { .type = STORE_AUDIT, .limit = 2 };
	char who[16];
	uint64_t number = 0;

	for (int i = 0; i < 5; i++) {
		snprintf(who, sizeof(who), "u%d", i);
		const struct store_audit a = { .at = day0 + i, .who = slice_str(who) };
		number = store_push_audit(h->store, &a);
	}
	history_await_written(h, number);
	static const char *const want[] = { "u4", "u3", "u2", "u1", "u0" };
	for (size_t n = 0; n < COUNT(want);) {
		struct store_answer *a = ask(h, q);

		assert_true(a->audit->n > 0);
		assert_true(a->audit->has_more == (n + a->audit->n < COUNT(want)));
		for (size_t i = 0; i < a->audit->n; i++, n++) {
			assert_string_equal(a->audit->rows[i].who, want[n]);
			assert_string_equal(a->audit->rows[i].result, "");
			q.before.at = a->audit->rows[i].number;
		}
		store_answer_free(a);
	}
	q = (struct store_query){ .type = STORE_AUDIT, .from = day0 + 1, .to = day0 + 3 };
	struct store_answer *a = ask(h, q);
	assert_int_equal(a->audit->n, 2);
	store_answer_free(a);
}

static void all_tests(void **state)
{
	struct history *h = *state;
	struct store_answer *a = ask(h, (struct store_query){ .type = STORE_TESTS });

	assert_int_equal(a->names->n, TESTS);
	assert_string_equal(a->names->rows[1].pool, "lyon");
	assert_string_equal(a->names->rows[1].location, "");
	assert_true(a->names->rows[1].is_enabled);
	assert_int_equal(a->names->oldest_at, day0);
	store_answer_free(a);
}

static void a_question_may_be_wrong(void **state)
{
	static const struct store_query rows[] = {
		{ .type = STORE_SERIES, .test_id = 1, .from = 10, .to = 5 },
		{ .type = STORE_SERIES,
			.test_id = 1,
			.from = INT64_MIN,
			.to = INT64_MAX,
			.source = STORE_DAILY },
		{ .type = STORE_REPORT, .from = 10, .to = 10 },
		{ .type = STORE_REPORT, .from = 10 },
	};
	struct history *h = *state;

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct store_answer *a = history_ask(h, rows[i]);

		if (a->err != -22 || a->series)
			fail_msg("row %zu: %d", i, a->err);
		store_answer_free(a);
	}
}

static void too_many_questions_are_refused(void **state)
{
	struct history *h = *state;
	const struct store_query q = { .type = STORE_RUNS, .limit = 300 };
	unsigned n = 0;

	while (n < 100000 && store_ask(h->store, &q))
		n++;
	assert_in_range(n, STORE_ASKED_MAX, 99999);
	for (; n > 0; n--) {
		struct store_event e = history_await(h, STORE_EV_ANSWER);

		store_event_done(&e);
	}
	for (int i = 0; i < 9; i++) /* not answered, and freed */
		store_ask(h->store, &q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_overview),
		cmocka_unit_test(a_test_over_time),
		cmocka_unit_test(what_a_series_says),
		cmocka_unit_test(runs_page_by_page),
		cmocka_unit_test(all_runs_far_back),
		cmocka_unit_test(incidents),
		cmocka_unit_test(reasons),
		cmocka_unit_test(the_report),
		cmocka_unit_test(the_audit_log),
		cmocka_unit_test(all_tests),
		cmocka_unit_test(a_question_may_be_wrong),
		cmocka_unit_test(one_run),
		cmocka_unit_test(too_many_questions_are_refused),
	};

	return cmocka_run_group_tests(tests, fill, tear_down);
}

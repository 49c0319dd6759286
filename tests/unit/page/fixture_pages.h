/* fixture_pages.h - a model for each page, of one fixture. */
#pragma once

#include "fixture.h"

typedef int fixture_put(struct buf *b, struct fixture *f);

static inline struct slice fixture_odd(const struct fixture *f, const char *plain)
{
	return f->mood == MOOD_HOSTILE ? SLICE(HOSTILE) : slice_str(plain);
}

static inline int put_overview(struct buf *b, struct fixture *f)
{
	return page_overview(b, &f->view, &f->overview);
}

static inline int put_partner(struct buf *b, struct fixture *f)
{
	struct page_overview m = f->overview;

	m.only = f->partners;
	m.history_is_away = true;
	m.away_since_at = NOW - HOUR;
	return page_overview(b, &f->view, &m);
}

static inline int put_test(struct buf *b, struct fixture *f)
{
	static const struct page_quantiles quantiles[] = {
		{ N_("24 h"), { 1097, 1415 }, 1415, 403000, 497000, 871000, 1920000 },
		{ N_("7 d"), { 9733, 10055 }, 10055, 405000, 488000, 640000, 3100000 },
		{ N_("35 d"), { 50049, 50371 }, 50371, 401000, 480000, 612000, 4870000 },
	};
	static const struct page_cause causes[] = {
		{ REASON_IM_NOT_DELIVERED, PHASE_DELIVER, 318, false },
		{ REASON_XMPP_NO_ANSWER, PHASE_XMPP_AUTH, 4, false },
		{ REASON_IM_LATE, PHASE_DELIVER, 7, true },
	};
	const struct page_where where[] = {
		{ fixture_odd(f, "inside"), SLICE("paris-1"), WATCH_FAILED, 398000, 482000 },
		{ fixture_odd(f, "outside"), SLICE("dmz-1"), WATCH_OK, 441000, 530000 },
	};
	struct page_run_row runs[] = {
		{ SLICE("17-a"), NOW - 14000000, WATCH_FAILED, PAGE_NO_SPAN,
			REASON_IM_NOT_DELIVERED, SLICE("outside"), 1, 314 },
		{ SLICE("17-b"), NOW - 5 * HOUR - 17 * MINUTE, WATCH_FAILED, PAGE_NO_SPAN,
			REASON_IM_NOT_DELIVERED, SLICE("inside"), 1, 0 },
		{ SLICE("17-c"), NOW - 5 * HOUR - 18 * MINUTE, WATCH_UNSTABLE, 1402000,
			REASON_IM_LATE, SLICE("outside"), 2, 0 },
		{ SLICE("17-d"), NOW - DAY, WATCH_OK, 397000, REASON_NONE, SLICE("inside"), 1, 0 },
	};
	struct page_test_model m = { .set = &f->overview.set,
		.test = f->tests[0],
		.range = PAGE_24H,
		.chart = fixture_chart(f),
		.last_ok_at = NOW - 5 * HOUR - 18 * MINUTE,
		.next_at = NOW + 46000000,
		.share_24h = { 1097, 1415 },
		.share_30d = { 42878, 43200 },
		.p50_us = 403000,
		.p95_us = 497000,
		.where = where,
		.n_where = COUNT(where),
		.quantiles = quantiles,
		.n_quantiles = COUNT(quantiles),
		.causes = causes,
		.n_causes = COUNT(causes),
		.runs = runs,
		.n_runs = COUNT(runs),
		.older = fixture_odd(f, "17-d"),
		.days = &f->days[0] };

	return page_test(b, &f->view, &m);
}

/* A test that has never run, of a pool by itself. */
static inline int put_new_test(struct buf *b, struct fixture *f)
{
	struct page_test_model m = { .set = &f->overview.set,
		.test = { .id = 1,
			.partner = PAGE_NONE,
			.kind = PAGE_REGISTER,
			.state = WATCH_UNKNOWN,
			.median_us = PAGE_NO_SPAN },
		.p50_us = PAGE_NO_SPAN,
		.p95_us = PAGE_NO_SPAN };

	return page_test(b, &f->view, &m);
}

static inline struct phases fixture_phases(bool is_good)
{
	static const struct {
		enum probe_phase phase;
		unsigned started_ms, took_ms, good_ms;
	} rows[] = { { PHASE_SIP_RESOLVE, 0, 4, 3 }, { PHASE_SIP_CONNECT, 4, 3, 3 },
		{ PHASE_SIP_TLS, 7, 21, 20 }, { PHASE_SIP_REGISTER, 28, 38, 36 },
		{ PHASE_XMPP_RESOLVE, 0, 6, 5 }, { PHASE_XMPP_CONNECT, 6, 11, 12 },
		{ PHASE_XMPP_TLS, 17, 34, 33 }, { PHASE_XMPP_AUTH, 51, 52, 51 },
		{ PHASE_XMPP_BIND, 103, 66, 64 }, { PHASE_SIP_SEND, 169, 74, 72 },
		{ PHASE_DELIVER, 169, 10000, 130 }, { PHASE_ANSWER, 299, 0, 105 } };
	struct phases p = { 0 };

	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].phase == PHASE_ANSWER && !is_good)
			continue;
		p.ran |= 1u << rows[i].phase;
		p.started[rows[i].phase] = TS_MS(rows[i].started_ms);
		p.duration[rows[i].phase] = TS_MS(is_good ? rows[i].good_ms : rows[i].took_ms);
	}
	return p;
}

static inline int put_run(struct buf *b, struct fixture *f)
{
	const struct phases good = fixture_phases(true);
	const struct page_fact facts[] = {
		{ N_("Proof"), SLICE("accepted"), SLICE_NONE, true },
		{ N_("Started"), fixture_odd(f, "2026-11-30T06:58:00.004117Z"),
			fixture_odd(f, "/runs/17-mf3v9c7k.json"), false },
	};
	struct slice details[PHASE_COUNT] = { [PHASE_SIP_RESOLVE] = SLICE("10.20.0.11:5061"),
		[PHASE_SIP_CONNECT] = SLICE("tls"),
		[PHASE_SIP_TLS] = SLICE("TLSv1.3"),
		[PHASE_SIP_REGISTER] = fixture_odd(f, "granted for 300 s"),
		[PHASE_XMPP_RESOLVE] = SLICE("SRV, 2 records"),
		[PHASE_XMPP_CONNECT] = SLICE("198.51.100.7:5222"),
		[PHASE_XMPP_TLS] = SLICE("TLSv1.3"),
		[PHASE_XMPP_AUTH] = SLICE("SCRAM-SHA-256-PLUS"),
		[PHASE_SIP_SEND] = SLICE("202 Accepted"),
		[PHASE_DELIVER] = SLICE("nothing arrived in 10.0 s") };
	struct page_run_model m = { .set = &f->overview.set,
		.test = f->tests[0],
		.id = fixture_odd(f, "17-mf3v9c7k"),
		.at = NOW - 14000000,
		.state = WATCH_FAILED,
		.reason = REASON_IM_NOT_DELIVERED,
		.fail_phase = PHASE_DELIVER,
		.message = fixture_odd(f, "The message was accepted, but did not arrive at "
					  "adelany@contoso.test within 10.0 s."),
		.watcher = SLICE("dmz-1"),
		.location = fixture_odd(f, "outside"),
		.latency_us = PAGE_NO_SPAN,
		.attempts = 2,
		.phases = fixture_phases(false),
		.has_phases = true,
		.details = details,
		.sip_name = fixture_odd(f, "pool-paris.litware.test"),
		.xmpp_name = fixture_odd(f, "contoso.test"),
		.facts = facts,
		.n_facts = COUNT(facts),
		.good_id = SLICE("17-mf3a0000"),
		.good_at = NOW - 5 * HOUR - 18 * MINUTE,
		.good = &good,
		.before = SLICE("17-mf3v9c6j"),
		.after = SLICE("17-mf3v9c8l"),
		.incident = fixture_odd(f, "118"),
		.has_trace = true };

	return page_run(b, &f->view, &m);
}

static inline int put_good_run(struct buf *b, struct fixture *f)
{
	struct page_run_model m = { .set = &f->overview.set,
		.test = f->tests[2],
		.id = SLICE("18-mf3v9c7k"),
		.at = NOW - 14000000,
		.state = WATCH_OK,
		.fail_phase = PHASE_COUNT,
		.latency_us = 404000,
		.attempts = 1,
		.phases = fixture_phases(true),
		.has_phases = true };

	return page_run(b, &f->view, &m);
}

/* ---- incidents ---- */

static inline struct page_incident fixture_incident(
	const struct fixture *f, const struct page_moment *moments, size_t n)
{
	struct page_incident i = { .row = f->rows[0],
		.n_tests = 2,
		.moments = moments,
		.n_moments = n,
		.first_run = SLICE("17-b"),
		.last_run = SLICE("17-a"),
		.good_run = SLICE("17-c"),
		.first_at = NOW - 5 * HOUR - 17 * MINUTE,
		.last_at = NOW - 14000000,
		.good_at = NOW - 5 * HOUR - 18 * MINUTE,
		.test_path = fixture_odd(f, "/t/Paris/contoso.test/to") };

	i.row.id = fixture_odd(f, "118");
	i.row.begin_at = NOW - 5 * HOUR - 17 * MINUTE;
	i.row.end_at = 0;
	i.row.is_both = true;
	i.row.reason = REASON_IM_NOT_DELIVERED;
	i.row.n_runs = 635;
	return i;
}

static inline void fixture_moments(const struct fixture *f, struct page_moment ret[4])
{
	ret[0] = (struct page_moment){ NOW - 5 * HOUR - 17 * MINUTE, N_("first failure"),
		SLICE_NONE };
	ret[1] = (struct page_moment){ NOW - 5 * HOUR - 15 * MINUTE, N_("failed ({1} runs)"),
		SLICE("3") };
	ret[2] = (struct page_moment){ NOW - 5 * HOUR - 14 * MINUTE, N_("alert to {1}"),
		fixture_odd(f, "ops-oncall") };
	ret[3] = (struct page_moment){ NOW - HOUR - 14 * MINUTE, N_("reminder"), SLICE_NONE };
}

static inline int put_incidents(struct buf *b, struct fixture *f)
{
	const struct page_choice pools[] = { { fixture_odd(f, "paris"), fixture_odd(f, "Paris"),
						     true },
		{ SLICE("lyon"), SLICE("Lyon"), false } };
	const struct page_choice causes[] = { { SLICE("im_late"), SLICE("im_late"), false } };
	const struct page_filter filters[] = { { "pool", N_("Pool"), pools, COUNT(pools) },
		{ "cause", N_("Cause"), causes, COUNT(causes) } };
	struct page_moment moments[4];

	fixture_moments(f, moments);
	struct page_incident open[2] = { fixture_incident(f, moments, COUNT(moments)) };
	open[1] = (struct page_incident){ .row = f->rows[2],
		.times = 9,
		.is_flapping = true,
		.last_run = SLICE("31-x"),
		.last_at = NOW - 17 * MINUTE,
		.acked_by = fixture_odd(f, "marie"),
		.acked_at = NOW - HOUR };
	open[1].row.end_at = 0;
	open[1].row.begin_at = NOW - 40 * HOUR;
	struct page_incidents_model m = { .set = &f->overview.set,
		.open = open,
		.n_open = f->mood == MOOD_CALM ? 0 : 2,
		.over = f->rows,
		.n_over = COUNT(f->rows),
		.n_over_all = COUNT(f->rows),
		.down_us = 129 * MINUTE,
		.recover_us = 18 * MINUTE,
		.filters = filters,
		.n_filters = COUNT(filters),
		.older = SLICE("109") };

	return page_incidents(b, &f->view, &m);
}

static inline int put_incident(struct buf *b, struct fixture *f)
{
	const struct page_run_row runs[] = { { SLICE("17-a"), NOW - 14000000, WATCH_FAILED,
		PAGE_NO_SPAN, REASON_IM_NOT_DELIVERED, SLICE("outside"), 1, 316 } };
	struct page_moment moments[4];

	fixture_moments(f, moments);
	struct page_incident_model m = { .set = &f->overview.set,
		.incident = fixture_incident(f, moments, COUNT(moments)) };
	m.incident.runs = runs;
	m.incident.n_runs = COUNT(runs);
	return page_incident(b, &f->view, &m);
}

/* ---- the short ones ---- */

static inline int put_tests(struct buf *b, struct fixture *f)
{
	const struct page_choice states[] = { { SLICE("failed"), fixture_odd(f, "Failed"),
		false } };
	const struct page_filter filters[] = { { "state", N_("State"), states, COUNT(states) } };
	struct page_tests_model m = { .set = f->overview.set,
		.filters = filters,
		.n_filters = COUNT(filters),
		.n_all = f->overview.set.n_tests };

	return page_tests(b, &f->view, &m);
}

static inline int put_maintenance(struct buf *b, struct fixture *f)
{
	struct page_planned running = f->planned[0];
	struct page_maintenance_model m = { .planned = &running,
		.n_planned = f->mood == MOOD_CALM ? 0 : 1,
		.past = f->planned,
		.n_past = 1 };

	running.is_running = true;
	running.begin_at = NOW - HOUR;
	return page_maintenance(b, &f->view, &m);
}

static inline int put_error(struct buf *b, struct fixture *f, int status)
{
	struct page_error e = { .status = status,
		.role = fixture_odd(f, "administrator"),
		.incident = fixture_odd(f, "118"),
		.since_at = NOW - HOUR };

	return page_error(b, &f->view, &e);
}

static inline int put_403(struct buf *b, struct fixture *f)
{
	return put_error(b, f, 403);
}

static inline int put_404(struct buf *b, struct fixture *f)
{
	return put_error(b, f, 404);
}

static inline int put_410(struct buf *b, struct fixture *f)
{
	return put_error(b, f, 410);
}

static inline int put_503(struct buf *b, struct fixture *f)
{
	return put_error(b, f, 503);
}

static const struct {
	const char *name;
	fixture_put *put;
} fixture_pages[] = { { "overview", put_overview }, { "partner", put_partner },
	{ "test", put_test }, { "new-test", put_new_test }, { "run", put_run },
	{ "good-run", put_good_run }, { "incidents", put_incidents }, { "incident", put_incident },
	{ "tests", put_tests }, { "maintenance", put_maintenance }, { "403", put_403 },
	{ "404", put_404 }, { "410", put_410 }, { "503", put_503 } };

/* fixture_pages.h - a model for each page, of one fixture. */
#pragma once

#include "fixture.h"

#include "page/month.h"
#include "page/public.h"

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

static inline int put_older_runs(struct buf *b, struct fixture *f)
{
	const struct page_run_row runs[] = { { fixture_odd(f, "17-d"), NOW - DAY, WATCH_OK, 397000,
		REASON_NONE, fixture_odd(f, "inside"), 1, 0 } };
	struct page_runs_model m = { .set = &f->overview.set,
		.test = f->tests[0],
		.runs = runs,
		.n_runs = f->mood == MOOD_CALM ? 0 : 1,
		.older = fixture_odd(f, "17-c") };

	return page_runs(b, &f->view, &m);
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

static inline int put_audit(struct buf *b, struct fixture *f)
{
	const struct page_act acts[] = {
		{ NOW - HOUR, fixture_odd(f, "user:alice"), fixture_odd(f, "test a.test/x.test/to"),
			SLICE("192.0.2.1:40000"), SLICE("accepted") },
		{ NOW - DAY, SLICE("anonymous"), SLICE("view"), fixture_odd(f, "192.0.2.7"),
			SLICE("refused: wrong credentials, 4711 times more") },
	};
	const struct page_audit_model m = {
		.acts = acts, .n_acts = COUNT(acts), .older = fixture_odd(f, "1-9")
	};

	return page_audit(b, &f->view, &m);
}

static inline int put_roles(struct buf *b, struct fixture *f)
{
	static const char *const pools[] = { "a.test", "b.test" };
	const struct role_member members[] = { { ROLE_BY_USER, fixture_odd(f, "alice") },
		{ ROLE_BY_LOOPBACK, SLICE_NONE } };
	const struct role v[] = {
		{ .name = "administrator", .commands = ~0u },
		{ .name = "help-desk",
			.commands = 1u << ROLE_TEST,
			.members = members,
			.n_members = COUNT(members),
			.pools = pools,
			.n_pools = COUNT(pools) },
	};
	const struct roles roles = { v, COUNT(v) };

	return page_roles(b, &f->view, &roles);
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

/* ---- for a partner, for the management ---- */

static inline int put_public(struct buf *b, struct fixture *f)
{
	const struct public_update updates[] = {
		{ NOW - 53 * MINUTE, NOW + HOUR, fixture_odd(f, "Working on it"),
			fixture_odd(f, "A gateway accepts messages and does not pass them on. "
				       "Messages to other sites arrive.") },
		{ NOW - 5 * HOUR - 14 * MINUTE, 0, SLICE("Noticed"),
			SLICE("Messages between one site and Contoso are lost.") },
	};
	const struct public_incident before[] = {
		{ NOW - 18 * HOUR, NOW - 18 * HOUR + 4 * MINUTE, PUBLIC_TO_THEM, PUBLIC_THEIRS },
		{ NOW - 48 * DAY, NOW - 48 * DAY + 41 * MINUTE, PUBLIC_BOTH, PUBLIC_NOT_KNOWN },
	};
	const struct public_planned planned[] = { { NOW + 14 * HOUR, NOW + 18 * HOUR } };
	static struct page_public m;

	m = (struct page_public){ .look_up = f->view.look_up,
		.zone = &f->zone,
		.zone_name = SLICE("Europe/Paris"),
		.now_at = NOW,
		.site = fixture_odd(f, "Litware"),
		.partner = f->mood == MOOD_LONG ? f->partners[0].name : fixture_odd(f, "Contoso"),
		.state = f->mood == MOOD_CALM      ? WATCH_OK
			 : f->mood == MOOD_UNKNOWN ? WATCH_UNKNOWN
						   : WATCH_FAILED,
		.since_at = NOW - 5 * HOUR - 17 * MINUTE,
		.is_part = f->mood != MOOD_FAILED,
		.side = PUBLIC_OURS,
		.checked_at = NOW,
		.interval_us = MINUTE,
		.updates = updates,
		.n_updates = f->mood == MOOD_CALM ? 0 : COUNT(updates),
		.before = before,
		.n_before = COUNT(before),
		.planned = planned,
		.n_planned = COUNT(planned),
		.feed = SLICE("/p/8c1f/feed.atom") };
	memcpy(m.to_them.days, f->days[0].days, sizeof(m.to_them.days));
	memcpy(m.from_them.days, f->days[1].days, sizeof(m.from_them.days));
	m.to_them.share = f->days[0].share;
	m.from_them.share = f->days[1].share;
	m.to_them.state = m.from_them.state = m.state;
	return page_public(b, &m);
}

static inline int put_month_report(struct buf *b, struct fixture *f)
{
	static struct month_row rows[PLACES_MAX];
	const struct month_failure failures[] = {
		{ f->rows[0], fixture_odd(f, "Gateway restarted at 08:21; a check of its queue was "
					     "added.") },
		{ f->rows[3], SLICE("Recovered by itself.") },
	};
	const struct month_cause causes[] = { { REASON_IM_NOT_DELIVERED, 340 * MINUTE, 680 },
		{ REASON_XMPP_NO_ANSWER, 4 * MINUTE, 4 } };
	const size_t n = f->overview.n_days;

	for (size_t i = 0; i < n; i++) {
		rows[i] = (struct month_row){ .name = f->partners[i].name,
			.share = f->days[i].share,
			.with_maintenance = { 517000, 518000 },
			.n_failures = i == 0 ? 2 : 0,
			.down_us = i == 0 ? 344 * MINUTE : 0,
			.p50_us = 250000 + (int64_t)i * 20000,
			.p95_us = 340000 + (int64_t)i * 20000 };
		memcpy(rows[i].days, &f->days[i].days[PAGE_DAYS - 30],
			30 * sizeof(struct page_day));
	}
	struct page_month m = { .begin_at = NOW - 29 * DAY - 7 * HOUR,
		.end_at = NOW + 16 * HOUR,
		.n_days = 30,
		.is_over = true,
		.target = 9990,
		.sum = { { n ? 2331900 : 0, n ? 2332800 : 0 }, 2, 344 * MINUTE },
		.before = { { 2331999, 2332800 }, 2, 44 * MINUTE },
		.with_maintenance = { 2331200, 2332800 },
		.recover_us = 172 * MINUTE,
		.p50_us = 332000,
		.p95_us = 431000,
		.set = &f->overview.set,
		.rows = rows,
		.n_rows = n,
		.failures = failures,
		.n_failures = f->mood == MOOD_CALM ? 0 : COUNT(failures),
		.causes = causes,
		.n_causes = f->mood == MOOD_CALM ? 0 : COUNT(causes),
		.maintenance_us = 450 * MINUTE,
		.unknown_us = 632 * MINUTE,
		.n_maintenance = 900,
		.n_unknown = 1474,
		.n_tests = 54,
		.n_runs = 2332800 };

	return page_month(b, &f->view, &m);
}

static inline int put_months(struct buf *b, struct fixture *f)
{
	const int64_t begins[] = { NOW - 29 * DAY, NOW - 59 * DAY };
	const struct month_sum sums[] = { { { 2331900, 2332800 }, 2, 344 * MINUTE },
		{ { 2332800, 2332800 }, 0, 0 } };
	struct page_months m = { begins, sums, f->mood == MOOD_CALM ? 0 : 2 };

	return page_months(b, &f->view, &m);
}

static const struct {
	const char *name;
	fixture_put *put;
} fixture_pages[] = { { "overview", put_overview }, { "partner", put_partner },
	{ "test", put_test }, { "new-test", put_new_test }, { "older-runs", put_older_runs },
	{ "run", put_run }, { "good-run", put_good_run }, { "incidents", put_incidents },
	{ "incident", put_incident }, { "tests", put_tests }, { "maintenance", put_maintenance },
	{ "audit", put_audit }, { "roles", put_roles }, { "403", put_403 }, { "404", put_404 },
	{ "410", put_410 }, { "503", put_503 }, { "public", put_public },
	{ "month", put_month_report }, { "months", put_months } };

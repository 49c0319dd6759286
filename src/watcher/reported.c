#include "watcher/reported.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "watch/histogram.h"
#include "watcher/shown.h"

enum { MONTHS_MAX = 24 };

/* ---- names ---- */

const struct store_name *reported_name(const struct store_names *names, int64_t id)
{
	size_t from = 0, to = names->n;

	while (from < to) {
		const size_t middle = (from + to) / 2;

		if (names->rows[middle].id == id)
			return &names->rows[middle];
		if (names->rows[middle].id < id)
			from = middle + 1;
		else
			to = middle;
	}
	return NULL;
}

/* Of a partner; else it is in the files alone. */
static const struct store_name *partners_test(const struct reported *r, int64_t id)
{
	const struct store_name *n = reported_name(r->cfg.names, id);

	return n && n->partner[0] ? n : NULL;
}

static uint32_t place_of(struct page_place *places, uint32_t *n, const char *name)
{
	if (!name[0])
		return PAGE_NONE;
	for (uint32_t i = 0; i < *n; i++)
		if (slice_eqs(places[i].id, name))
			return i;
	places[*n] = (struct page_place){ .id = slice_str(name), .name = slice_str(name) };
	return (*n)++;
}

static enum page_kind kind_of(const struct store_name *n)
{
	static const struct {
		const char *kind, *direction;
		enum page_kind is;
	} rows[] = {
		{ "im", "to", PAGE_TO },
		{ "im", "from", PAGE_FROM },
		{ "register", "", PAGE_REGISTER },
		{ "im-internal", "", PAGE_INTERNAL },
		{ "partner", "", PAGE_FEDERATION },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(n->kind, rows[i].kind) == 0 &&
			strcmp(n->direction, rows[i].direction) == 0)
			return rows[i].is;
	return n->pool[0] ? PAGE_SERVERS : PAGE_PARTNER;
}

/* ---- a partner ---- */

static void add_share(struct page_share *ret, uint64_t passed, uint64_t judged)
{
	ret->passed += passed;
	ret->judged += judged;
}

static void add_test(struct month_row *row, const struct store_report_test *t)
{
	const struct page_share share = shown_share(&t->counts);

	add_share(&row->share, share.passed, share.judged);
	add_share(&row->with_maintenance, share.passed,
		share.judged + t->counts.n[WATCH_MAINTENANCE]);
	row->n_failures += t->incidents;
	row->down_us += t->bad_us;
}

static unsigned day_number(const struct reported *r, int64_t at)
{
	unsigned i = 0;

	for (int64_t day = r->cfg.span.begin; day < at; i++)
		day = zone_day(r->cfg.view->zone, day, NULL).end;
	return i;
}

static void add_days(struct reported *r, struct month_row *row, const struct store_report_test *t)
{
	for (size_t i = 0; r->month.n_days <= MONTH_DAYS_MAX && i < t->n_days; i++) {
		const struct store_report_day *d = &r->cfg.report->days[t->first_day + i];
		const unsigned at = day_number(r, d->begin_at);
		const int64_t bad_us = (int64_t)d->day.bad_s * 1000000;

		if (at >= MONTH_DAYS_MAX || !d->day.runs)
			continue;
		struct page_day *day = &row->days[at];
		if (day->kind == PAGE_DAY_GONE || watch_state_is_worse(d->day.worst, day->worst))
			day->worst = d->day.worst;
		day->kind = PAGE_DAY_MEASURED;
		if (bad_us > day->bad_us)
			day->bad_us = bad_us;
	}
}

/* All latencies of one partner, or of all. */
static void put_quantiles(const struct reported *r, uint32_t partner, struct histogram room[2],
	int64_t *ret_p50, int64_t *ret_p95)
{
	room[0] = (struct histogram){ .n = 0 };
	for (size_t i = 0; i < r->cfg.report->n; i++) {
		const struct store_report_test *t = &r->cfg.report->tests[i];
		const struct store_name *n = partners_test(r, t->test_id);

		if (!n || !t->hist.n ||
			(partner != PAGE_NONE && !slice_eqs(r->partners[partner].id, n->partner)))
			continue;
		if (histogram_decode(t->hist, &room[1]) == 0)
			(void)histogram_merge(&room[0], &room[1]); /* one that is full stays */
	}
	*ret_p50 = room[0].n ? (int64_t)histogram_quantile(&room[0], 500) : PAGE_NO_SPAN;
	*ret_p95 = room[0].n ? (int64_t)histogram_quantile(&room[0], 950) : PAGE_NO_SPAN;
}

static int by_share(const void *a, const void *b)
{
	const struct month_row *x = a, *y = b;
	/* Compared as fractions: the figures shown are cut. */
	const double left = (double)x->share.passed * (double)y->share.judged,
		     right = (double)y->share.passed * (double)x->share.judged;

	if (!x->share.judged != !y->share.judged)
		return x->share.judged ? -1 : 1;
	return left < right ? -1 : left > right ? 1 : slice_cmp(x->name, y->name);
}

/* ---- all of them ---- */

static void add_sum(struct reported *r, const struct store_report_test *t,
	const struct store_name *n, int64_t *repair_us, unsigned *ended)
{
	struct page_month *m = &r->month;
	const struct store_counts *c = &t->counts;
	struct month_row sum = { .share = m->sum.share, .with_maintenance = m->with_maintenance };

	add_test(&sum, t);
	m->sum.share = sum.share;
	m->with_maintenance = sum.with_maintenance;
	m->sum.n_failures += t->incidents;
	m->sum.down_us += t->bad_us;
	m->n_maintenance += c->n[WATCH_MAINTENANCE];
	m->n_unknown += c->n[WATCH_UNKNOWN];
	m->maintenance_us += (int64_t)c->n[WATCH_MAINTENANCE] * n->interval_us;
	m->unknown_us += (int64_t)c->n[WATCH_UNKNOWN] * n->interval_us;
	m->n_tests++;
	for (unsigned i = 0; i < WATCH_STATES; i++)
		m->n_runs += c->n[i];
	*repair_us += t->repair_us;
	*ended += t->ended;
}

static void add_all(struct reported *r)
{
	int64_t repair_us = 0;
	unsigned ended = 0;

	for (size_t i = 0; i < r->cfg.report->n; i++) {
		const struct store_report_test *t = &r->cfg.report->tests[i];
		const struct store_name *n = partners_test(r, t->test_id);

		if (!n)
			continue;
		const uint32_t at = place_of(r->partners, &r->set.n_partners, n->partner);
		r->rows[at].name = r->partners[at].name;
		add_test(&r->rows[at], t);
		add_days(r, &r->rows[at], t);
		add_sum(r, t, n, &repair_us, &ended);
	}
	r->month.recover_us = ended ? repair_us / ended : PAGE_NO_SPAN;
	r->month.n_rows = r->set.n_partners;
}

static int add_quantiles(struct reported *r)
{
	struct histogram *room = mem_alloc0(2 * sizeof(*room));

	if (!room)
		return -ENOMEM;
	put_quantiles(r, PAGE_NONE, room, &r->month.p50_us, &r->month.p95_us);
	for (uint32_t i = 0; i < r->month.n_rows; i++)
		put_quantiles(r, i, room, &r->rows[i].p50_us, &r->rows[i].p95_us);
	mem_free(room);
	qsort(r->rows, r->month.n_rows, sizeof(*r->rows), by_share);
	return 0;
}

static void add_before(struct reported *r)
{
	const struct store_report *b = r->cfg.before;

	for (size_t i = 0; b && i < b->n; i++) {
		if (!partners_test(r, b->tests[i].test_id))
			continue;
		const struct page_share share = shown_share(&b->tests[i].counts);
		add_share(&r->month.before.share, share.passed, share.judged);
		r->month.before.n_failures += b->tests[i].incidents;
		r->month.before.down_us += b->tests[i].bad_us;
	}
}

/* ---- why ---- */

static int64_t cut_span(const struct reported *r, const struct incident *i)
{
	const int64_t now_at = r->cfg.view->now_at;
	const int64_t last = r->cfg.span.end < now_at ? r->cfg.span.end : now_at;
	const int64_t end = i->end_at && i->end_at < last ? i->end_at : last;
	const int64_t begin = i->begin_at > r->cfg.span.begin ? i->begin_at : r->cfg.span.begin;

	return end > begin ? end - begin : 0;
}

static void add_failures(struct reported *r)
{
	for (size_t i = 0; i < r->cfg.report->n_worst; i++) {
		const struct store_incident *one = &r->cfg.report->worst[i];
		const struct store_name *n = partners_test(r, one->test_id);

		if (!n || r->month.n_failures == REPORTED_SHOWN)
			continue;
		const size_t at = r->month.n_failures++;
		snprintf(r->ids[at], sizeof(*r->ids), "%" PRId64, one->id);
		r->failures[at].row = (struct page_incident_row){ .id = slice_str(r->ids[at]),
			.begin_at = one->incident.begin_at,
			.end_at = one->incident.end_at,
			.state = WATCH_FAILED,
			.pool = place_of(r->pools, &r->set.n_pools, n->pool),
			.partner = place_of(r->partners, &r->set.n_partners, n->partner),
			.kind = kind_of(n),
			.reason = one->incident.reason,
			.n_runs = one->incident.runs };
	}
}

static int by_cost(const void *a, const void *b)
{
	const struct month_cause *x = a, *y = b;

	if (x->us != y->us)
		return x->us < y->us ? 1 : -1;
	return (x->n_runs < y->n_runs) - (x->n_runs > y->n_runs);
}

static void add_causes(struct reported *r)
{
	const struct store_report *from = r->cfg.report;

	for (size_t i = 0; i < from->n_reasons && i < REASON_COUNT; i++) {
		struct month_cause *c = &r->causes[r->month.n_causes++];

		*c = (struct month_cause){ from->reasons[i].reason, 0, from->reasons[i].runs };
		for (size_t k = 0; k < from->n_worst; k++)
			if (from->worst[k].incident.reason == c->reason)
				c->us += cut_span(r, &from->worst[k].incident);
	}
	qsort(r->causes, r->month.n_causes, sizeof(*r->causes), by_cost);
	if (r->month.n_causes > REPORTED_SHOWN)
		r->month.n_causes = REPORTED_SHOWN;
}

/* ---- the whole ---- */

int reported_init(struct reported *r, const struct reported_cfg *cfg)
{
	const size_t n = cfg->names->n + 1;

	*r = (struct reported){ .cfg = *cfg,
		.pools = mem_alloc0(n * sizeof(*r->pools)),
		.partners = mem_alloc0(n * sizeof(*r->partners)),
		.rows = mem_alloc0(n * sizeof(*r->rows)),
		.failures = mem_alloc0(REPORTED_SHOWN * sizeof(*r->failures)),
		.causes = mem_alloc0(REASON_COUNT * sizeof(*r->causes)),
		.ids = mem_alloc0(REPORTED_SHOWN * sizeof(*r->ids)) };
	if (!r->pools || !r->partners || !r->rows || !r->failures || !r->causes || !r->ids)
		return -ENOMEM;
	r->month = (struct page_month){ .begin_at = cfg->span.begin,
		.end_at = cfg->span.end,
		.n_days = day_number(r, cfg->span.end),
		.is_over = cfg->span.end <= cfg->view->now_at,
		.set = &r->set,
		.rows = r->rows,
		.failures = r->failures,
		.causes = r->causes };
	add_all(r);
	add_before(r);
	add_failures(r);
	add_causes(r);
	const int err = add_quantiles(r);
	r->set.pools = r->pools;
	r->set.partners = r->partners;
	return err;
}

void reported_done(struct reported *r)
{
	mem_free(r->pools);
	mem_free(r->partners);
	mem_free(r->rows);
	mem_free(r->failures);
	mem_free(r->causes);
	mem_free(r->ids);
}

/* ---- months ---- */

/* SIZE_MAX: it is older than what is listed. */
static size_t month_at(const struct reported_months *m, int64_t at)
{
	for (size_t i = 0; i < m->list.n; i++)
		if (at >= m->begins[i])
			return i;
	return SIZE_MAX;
}

static void list_months(struct reported_months *m, const struct reported_cfg *cfg)
{
	const struct store_report *r = cfg->report;

	for (int64_t at = cfg->view->now_at;
		r->covered_from && at >= r->covered_from && m->list.n < MONTHS_MAX;) {
		const struct civil c = zone_to_local(cfg->view->zone, at).civil;
		const int64_t begin = zone_day_of(cfg->view->zone, c.year, c.month, 1).begin;

		m->begins[m->list.n++] = begin;
		at = begin - 1;
	}
}

static void add_to_months(struct reported_months *m, const struct reported_cfg *cfg)
{
	const struct store_report *r = cfg->report;

	for (size_t i = 0; i < r->n; i++) {
		const struct store_report_test *t = &r->tests[i];
		const struct store_name *n = reported_name(cfg->names, t->test_id);

		for (size_t k = 0; n && n->partner[0] && k < t->n_days; k++) {
			const struct store_report_day *d = &r->days[t->first_day + k];
			const size_t at = month_at(m, d->begin_at);

			if (at == SIZE_MAX)
				continue;
			add_share(&m->sums[at].share, d->passed, d->judged);
			m->sums[at].down_us += (int64_t)d->day.bad_s * 1000000;
		}
	}
	for (size_t i = 0; i < r->n_worst; i++) {
		const struct store_name *n = reported_name(cfg->names, r->worst[i].test_id);
		const size_t at = month_at(m, r->worst[i].incident.begin_at);

		if (n && n->partner[0] && at != SIZE_MAX)
			m->sums[at].n_failures++;
	}
}

int reported_months_init(struct reported_months *m, const struct reported_cfg *cfg)
{
	*m = (struct reported_months){ .begins = mem_alloc0(MONTHS_MAX * sizeof(*m->begins)),
		.sums = mem_alloc0(MONTHS_MAX * sizeof(*m->sums)) };
	if (!m->begins || !m->sums)
		return -ENOMEM;
	list_months(m, cfg);
	add_to_months(m, cfg);
	m->list.begins = m->begins;
	m->list.sums = m->sums;
	return 0;
}

void reported_months_done(struct reported_months *m)
{
	mem_free(m->begins);
	mem_free(m->sums);
}

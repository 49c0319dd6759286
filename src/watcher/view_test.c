/* The page of one test, and its older runs. */
#include <string.h>

#include "base/mem.h"
#include "watcher/as_json.h"
#include "watcher/shown.h"
#include "watcher/visit.h"

enum { SERIES, RUNS, MONTH, DAY, RUNS_SHOWN = 20, CAUSES_MAX = 12, MONTH_DAYS = 30 };

static const struct {
	int64_t span_us;
	enum store_source source;
} ranges[PAGE_RANGES] = {
	[PAGE_6H] = { INT64_C(6) * 3600 * 1000000, STORE_RAW },
	[PAGE_24H] = { INT64_C(24) * 3600 * 1000000, STORE_RAW },
	[PAGE_7D] = { INT64_C(7) * 86400 * 1000000, STORE_RAW },
	[PAGE_35D] = { INT64_C(35) * 86400 * 1000000, STORE_HOURS },
	[PAGE_1Y] = { INT64_C(366) * 86400 * 1000000, STORE_DAILY },
};

/* ---- the chart ---- */

static void put_bin(struct page_bin *ret, const struct store_bin *b)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < WATCH_STATES; i++)
		n += b->counts.n[i];
	*ret = (struct page_bin){ .signin_us = shown_span(b->median.signin_us),
		.there_us = shown_span(b->median.there_us),
		.back_us = shown_span(b->median.back_us),
		.p95_us = shown_span(b->p95_us),
		.n_runs = (uint32_t)n,
		.n_failed = (uint32_t)b->counts.n[WATCH_FAILED],
		.is_measured = n > 0,
		.worst = b->worst };
}

static int put_chart(struct page_chart *ret, const struct store_series *s,
	const struct page_test *test, struct page_bin **ret_bins)
{
	const unsigned n = s->n < PAGE_BINS_MAX ? s->n : PAGE_BINS_MAX;
	struct page_bin *bins = mem_alloc0((n + 1) * sizeof(*bins));

	if (!bins)
		return -ENOMEM;
	for (unsigned i = 0; i < n; i++)
		put_bin(&bins[i], &s->bins[s->n - n + i]);
	*ret_bins = bins;
	*ret = (struct page_chart){ .bins = bins, .n_bins = n, .p99_us = shown_span(s->p99_us) };
	if (n) {
		ret->begin_at = s->bins[s->n - n].begin_at;
		ret->bin_us = (s->bins[s->n - 1].end_at - ret->begin_at) / n;
	}
	if (test->state == WATCH_FAILED)
		ret->failed_since_at = test->since_at;
	return 0;
}

/* The chart has more bins than a line: the slowest of those that fall into one is shown. */
static void put_phase(
	struct page_phase_row *ret, const struct store_series *s, enum probe_phase phase)
{
	*ret = (struct page_phase_row){ .phase = phase,
		.p50_us = shown_span(s->phase_p50[phase]),
		.p95_us = shown_span(s->source == STORE_RAW ? s->phase_p95[phase] : STORE_NONE) };
	ret->spark.median_us = s->phase_p50[phase];
	for (unsigned i = 0; i < s->n; i++) {
		const int64_t us = s->phases[i][phase];
		uint32_t *bin = &ret->spark.us[(uint64_t)i * PAGE_SPARK_BINS / s->n];

		if (us > *bin)
			*bin = (uint32_t)(us < UINT32_MAX ? us : UINT32_MAX);
	}
}

static size_t put_phases(struct page_phase_row ret[PHASE_COUNT], const struct store_series *s)
{
	size_t n = 0;

	for (unsigned p = 0; s->phases && p < PHASE_COUNT; p++)
		if (s->phase_p50[p] != STORE_NONE)
			put_phase(&ret[n++], s, (enum probe_phase)p);
	return n;
}

/* ---- runs and causes ---- */

struct rows {
	struct page_run_row *runs;
	char (*ids)[RUN_ID_MAX];
	char older[RUN_ID_MAX];
	struct page_cause causes[CAUSES_MAX];
	size_t n_causes;
};

static int put_runs(struct rows *r, const struct store_runs *from)
{
	r->runs = mem_alloc0((from->n + 1) * sizeof(*r->runs));
	r->ids = mem_alloc0((from->n + 1) * sizeof(*r->ids));
	if (!r->runs || !r->ids)
		return -ENOMEM;
	for (size_t i = 0; i < from->n; i++)
		r->runs[i] = shown_run(&from->rows[i], r->ids[i]);
	if (from->has_more && from->n)
		run_id_put(r->older, from->rows[0].test_id, from->rows[from->n - 1].scheduled_at);
	return 0;
}

static void put_causes(struct rows *r, const struct store_series *s)
{
	for (unsigned i = 0; i < s->n_reasons && r->n_causes < CAUSES_MAX; i++)
		r->causes[r->n_causes++] = (struct page_cause){ .reason = s->reasons[i].reason,
			.phase = PHASE_COUNT,
			.n_runs = s->reasons[i].runs };
}

static void free_rows(struct rows *r)
{
	mem_free(r->runs);
	mem_free(r->ids);
}

/* ---- the page ---- */

static struct store_query series(const struct visit *v, int64_t test_id, enum page_range range)
{
	return (struct store_query){ .type = STORE_SERIES,
		.now_at = v->reader.now_at,
		.from = v->reader.now_at - ranges[range].span_us,
		.to = v->reader.now_at,
		.test_id = test_id,
		.source = ranges[range].source,
		.bins = PAGE_BINS_MAX };
}

static struct store_query runs(const struct visit *v, int64_t test_id)
{
	return (struct store_query){ .type = STORE_RUNS,
		.now_at = v->reader.now_at,
		.test_id = test_id,
		.before = v->before,
		.limit = RUNS_SHOWN };
}

static bool ask_test(struct visit *v)
{
	const struct watched *t = visit_test(v);

	if (!t)
		return false;
	v->asks[SERIES] = series(v, t->id, v->range);
	v->asks[SERIES].by_phase = v->by_phase;
	if (v->by_phase && v->range > PAGE_24H && v->asks[SERIES].source == STORE_RAW)
		v->asks[SERIES].source = STORE_HOURS; /* of many runs it costs too much */
	v->asks[RUNS] = runs(v, t->id);
	/* From the runs: the hours lack the one that is not over. */
	v->asks[MONTH] = series(v, t->id, PAGE_35D);
	v->asks[MONTH].from = v->reader.now_at - MONTH_DAYS * SHOWN_DAY_US;
	v->asks[MONTH].source = STORE_RAW;
	v->asks[MONTH].bins = 1;
	v->asks[DAY] = series(v, t->id, PAGE_24H);
	v->asks[DAY].bins = 1;
	v->n_asks = 4;
	return true;
}

static int64_t next_run(const struct watched *t)
{
	return t->is_scheduled ? t->place.slot : 0;
}

/* Its figures for the range on show, and for a month. */
static void put_quantiles(struct page_quantiles ret[2], const struct store_series *shown,
	const struct store_series *month, enum page_range range)
{
	static const char *const names[PAGE_RANGES] = {
		[PAGE_6H] = N_("6 h"),
		[PAGE_24H] = N_("24 h"),
		[PAGE_7D] = N_("7 d"),
		[PAGE_35D] = N_("35 d"),
		[PAGE_1Y] = N_("1 y"),
	};
	const struct store_series *const all[] = { shown, month };

	for (unsigned i = 0; i < COUNT(all); i++) {
		const struct page_share share = shown_share(&all[i]->counts);

		ret[i] = (struct page_quantiles){ .range = i ? N_("30 d") : names[range],
			.share = share,
			.n_runs = share.judged,
			.p50_us = shown_span(all[i]->p50_us),
			.p95_us = shown_span(all[i]->p95_us),
			.p99_us = shown_span(all[i]->p99_us),
			.max_us = shown_span(all[i]->max_us) };
	}
}

static int show_it(struct visit *v, struct web_answer *ret, struct board *b, size_t at)
{
	const struct watched *t = visit_test(v);
	const struct store_series *s = v->answers[SERIES]->series,
				  *month = v->answers[MONTH]->series;
	struct page_phase_row phases[PHASE_COUNT];
	struct page_quantiles quantiles[2];
	struct page_bin *bins = NULL;
	struct rows rows = { 0 };
	struct page_test_model model = { .set = &b->set,
		.test = b->tests[at],
		.range = v->range,
		.by_phase = v->by_phase,
		.phases = phases,
		.n_phases = put_phases(phases, s),
		.last_ok_at = t->state.last_ok_at,
		.next_at = next_run(t),
		.share_24h = shown_share(&v->answers[DAY]->series->counts),
		.share_30d = shown_share(&month->counts),
		.p50_us = shown_span(s->p50_us),
		.p95_us = shown_span(s->p95_us),
		.quantiles = quantiles,
		.n_quantiles = COUNT(quantiles) };

	if (!access_may(&v->access, ROLE_TEST, t))
		v->reader.may &= ~(1U << PAGE_MAY_RUN);
	int err = put_chart(&model.chart, s, &model.test, &bins);
	if (!err)
		err = put_runs(&rows, v->answers[RUNS]->runs);
	put_causes(&rows, month);
	put_quantiles(quantiles, s, month, v->range);
	model.runs = rows.runs;
	model.n_runs = v->answers[RUNS]->runs->n;
	model.older = slice_str(rows.older);
	model.causes = rows.causes;
	model.n_causes = rows.n_causes;
	if (!err)
		err = v->is_json ? as_json_test(&ret->body, &v->reader, &model)
				 : page_test(&ret->body, &v->reader, &model);
	free_rows(&rows);
	mem_free(bins);
	return visit_page(v, ret, err);
}

static int show_test(struct visit *v, struct web_answer *ret)
{
	static const struct page_error gone = { .status = 404 };
	const struct watched *t = visit_test(v);
	struct board b;

	if (!t) /* another configuration, since it was asked for */
		return visit_error(v, ret, &gone);
	if (visit_has_failed(v, ret))
		return 0;
	int err = board_new(&b, v->w, &v->reader, SLICE_NONE, SLICE_NONE);
	const size_t at = err ? SIZE_MAX : board_find(&b, t->id);
	if (!err)
		err = at == SIZE_MAX ? visit_error(v, ret, &gone) : show_it(v, ret, &b, at);
	board_done(&b);
	return err;
}

const struct view view_test = { "/t/{}/{}/{}", "/api/v1/tests/{}/{}/{}", ask_test, show_test,
	ROLE_VIEW };
const struct view view_test_alone = { "/t/{}/{}", "/api/v1/tests/{}/{}", ask_test, show_test,
	ROLE_VIEW };
const struct view view_runs_alone = { "/t/{}/{}/runs", NULL, ask_test, show_test, ROLE_HISTORY };
const struct view view_runs = { "/t/{}/{}/{}/runs", NULL, ask_test, show_test, ROLE_HISTORY };

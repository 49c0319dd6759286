#include <errno.h>

#include "store/read.h"
#include "store/row.h"
#include "store/sum.h"
#include "store/write.h"

static const char select_runs[] =
	"select " ROW_COLUMNS_PLAIN " from result where test_id = $1 and scheduled_at >= $2"
	" and scheduled_at < $3 and is_by_hand = 0 order by scheduled_at";
static const char select_runs_phases[] =
	"select " ROW_COLUMNS " from result where test_id = $1 and scheduled_at >= $2"
	" and scheduled_at < $3 and is_by_hand = 0 order by scheduled_at";
#define FIGURES "worst, latency_us, signin_us, there_us, back_us, p95_us, max_us"
static const char select_hours[] = "select begin_at, " ROW_COUNTS ", " FIGURES ", hist, phases"
				   " from roll_hour where test_id = $1 and begin_at >= $2"
				   " and begin_at < $3 order by begin_at";
static const char select_days[] =
	"select d.begin_at, " ROW_COUNTS ", " FIGURES ", h.hist, h.phases"
	" from roll_day d left join roll_day_hist h"
	" on h.test_id = d.test_id and h.begin_at = d.begin_at"
	" where d.test_id = $1 and d.begin_at >= $2 and d.begin_at < $3 order by d.begin_at";
enum { DAYS_MAX = 40000 }; /* of a series: a century */
enum { FIGURES_AT = 1 + ROW_COUNTS_COUNT, HIST_AT = FIGURES_AT + 7, PHASES_AT };

/* The sums of the present bin and of the whole. */
struct folding {
	struct reading *r;
	struct store_series *series;
	struct sum bin, all;
	unsigned at;    /* the present bin */
	int64_t p95_us; /* of its one piece, when it has no more than that */
	unsigned n_pieces;
};

/* ---- bins ---- */

static int make_bins(struct folding *f, unsigned n)
{
	struct store_series *s = f->series;

	s->bins = answer_alloc(f->r->answer, n * sizeof(*s->bins));
	if (f->r->query->by_phase)
		s->phases = answer_alloc(f->r->answer, n * sizeof(*s->phases));
	return !s->bins || (f->r->query->by_phase && !s->phases) ? -ENOMEM : 0;
}

static void add_bin(struct store_series *s, int64_t begin, int64_t end)
{
	s->bins[s->n++] = (struct store_bin){
		.begin_at = begin,
		.end_at = end,
		.median = { STORE_NONE, STORE_NONE, STORE_NONE, STORE_NONE },
		.p95_us = STORE_NONE,
		.max_us = STORE_NONE,
	};
}

/* Of equal width, a multiple of `unit`. */
static int make_equal_bins(struct folding *f, int64_t from, int64_t to, int64_t unit)
{
	const unsigned most = f->r->query->bins;
	const int64_t units = (to - from + unit - 1) / unit;
	const int64_t width = (units + most - 1) / most * unit;
	const int err = make_bins(f, most);

	for (int64_t at = from; at < to && !err; at += width)
		add_bin(f->series, at, at + width < to ? at + width : to);
	return err;
}

static unsigned count_days(const struct zone *zone, int64_t from, int64_t to, unsigned max)
{
	unsigned n = 0;

	for (int64_t at = from; at < to && n < max; at = zone_day(zone, at, NULL).end)
		n++;
	return n;
}

static int make_day_bins(struct folding *f, int64_t from, int64_t to)
{
	const unsigned most = f->r->query->bins;
	const unsigned n = count_days(f->r->zone, from, to, DAYS_MAX);
	const unsigned each = (n + most - 1) / most;
	const int err = n < DAYS_MAX ? make_bins(f, most) : -EINVAL;

	for (int64_t at = from; at < to && f->series->n < most && !err;) {
		int64_t end = at;

		for (unsigned i = 0; i < each; i++)
			end = zone_day(f->r->zone, end, NULL).end;
		add_bin(f->series, at, end);
		at = end;
	}
	return err;
}

/* ---- folding ---- */

static void finish_bin(struct folding *f)
{
	struct store_bin *b = &f->series->bins[f->at];

	b->counts = f->bin.counts;
	b->worst = f->bin.worst;
	b->median = sum_median(&f->bin);
	b->max_us = f->bin.max_us;
	if (f->n_pieces == 0)
		b->p95_us = sum_quantile(&f->bin, 950);
	else if (f->n_pieces == 1)
		b->p95_us = f->p95_us;
	else if (f->bin.hist.n)
		b->p95_us = (int64_t)histogram_quantile(&f->bin.hist, 950);
	for (unsigned p = 0; f->series->phases && p < PHASE_COUNT; p++)
		f->series->phases[f->at][p] = sum_phase_quantile(&f->bin, (enum probe_phase)p, 500);
	f->n_pieces = 0;
	sum_clear(&f->bin);
}

static void go_to(struct folding *f, int64_t at)
{
	while (f->at + 1 < f->series->n && at >= f->series->bins[f->at].end_at) {
		finish_bin(f);
		f->at++;
	}
}

static int fold_runs(struct folding *f, int64_t from, int64_t to)
{
	const struct store_query *q = f->r->query;
	struct db_rows rows = DB_BEGIN(f->r->db, q->by_phase ? select_runs_phases : select_runs,
		db_int(q->test_id), db_int(from), db_int(to));
	int next = db_next(&rows), err = 0;
	struct store_row row;

	for (; next > 0 && !err; next = db_next(&rows)) {
		row_read(&rows, &row);
		go_to(f, row.scheduled_at);
		err = sum_add(&f->bin, &row);
		if (!err)
			err = sum_add(&f->all, &row);
	}
	db_end(&rows);
	return next < 0 ? next : err;
}

static int fold_piece(struct folding *f, const struct db_rows *rows)
{
	struct sum_piece piece = { .has_hist = false };

	row_read_counts(rows, 1, &piece.counts);
	piece.worst = row_state(db_get_int(rows, FIGURES_AT));
	row_read_split(rows, FIGURES_AT + 1, &piece.median);
	f->p95_us = db_get_int_or(rows, FIGURES_AT + 5, STORE_NONE);
	piece.max_us = db_get_int_or(rows, FIGURES_AT + 6, STORE_NONE);
	piece.has_hist = histogram_decode(db_get(rows, HIST_AT), &piece.hist) == 0;
	if (f->r->query->by_phase)
		phases_decode(db_get(rows, PHASES_AT), &piece.phases);
	f->n_pieces++;
	const int err = sum_add_piece(&f->bin, &piece);
	return err ? err : sum_add_piece(&f->all, &piece);
}

static int fold_pieces(struct folding *f, const char *sql, int64_t from, int64_t to)
{
	struct db_rows rows =
		DB_BEGIN(f->r->db, sql, db_int(f->r->query->test_id), db_int(from), db_int(to));
	int next = db_next(&rows), err = 0;

	for (; next > 0 && !err; next = db_next(&rows)) {
		go_to(f, db_get_int(&rows, 0));
		err = fold_piece(f, &rows);
	}
	db_end(&rows);
	return next < 0 ? next : err;
}

static int fold(struct folding *f, int64_t from, int64_t to)
{
	int err = 0;

	switch (f->r->query->source) {
	case STORE_RAW:
		err = make_equal_bins(f, from, to, 1);
		return err ? err : fold_runs(f, from, to);
	case STORE_HOURS:
		from = write_hour_of(from);
		err = make_equal_bins(f, from, to, STORE_HOUR_US);
		return err ? err : fold_pieces(f, select_hours, from, to);
	case STORE_DAILY:
		from = zone_day(f->r->zone, from, NULL).begin;
		err = make_day_bins(f, from, to);
		return err ? err : fold_pieces(f, select_days, from, to);
	}
	return -EINVAL;
}

/* ---- the whole ---- */

/* Of runs: exact.  Of hours and days: by their histograms. */
static int64_t quantile(struct folding *f, unsigned permille)
{
	if (f->series->source == STORE_RAW)
		return sum_quantile(&f->all, permille);
	return f->all.hist.n ? (int64_t)histogram_quantile(&f->all.hist, permille) : STORE_NONE;
}

static int put_own_reasons(struct folding *f)
{
	struct store_series *s = f->series;

	s->reasons = answer_alloc(f->r->answer, REASON_COUNT * sizeof(*s->reasons));
	if (!s->reasons)
		return -ENOMEM;
	for (unsigned i = 0; i < REASON_COUNT; i++)
		if (f->all.reasons[i].runs)
			s->reasons[s->n_reasons++] = f->all.reasons[i];
	read_sort_reasons(s->reasons, s->n_reasons);
	return 0;
}

static int put_whole(struct folding *f)
{
	struct store_series *s = f->series;

	s->counts = f->all.counts;
	s->p50_us = quantile(f, 500);
	s->p90_us = quantile(f, 900);
	s->p95_us = quantile(f, 950);
	s->p99_us = quantile(f, 990);
	s->max_us = f->all.max_us;
	s->median = sum_median(&f->all);
	for (unsigned p = 0; p < PHASE_COUNT; p++) {
		s->phase_p50[p] = sum_phase_quantile(&f->all, (enum probe_phase)p, 500);
		s->phase_p95[p] = s->source == STORE_RAW
					  ? sum_phase_quantile(&f->all, (enum probe_phase)p, 950)
					  : STORE_NONE;
	}
	if (s->source == STORE_RAW)
		return put_own_reasons(f);
	return read_day_reasons(f->r, f->r->query->test_id, &s->reasons, &s->n_reasons);
}

static int fold_all(struct folding *f, int64_t from, int64_t to)
{
	int err = fold(f, from, to);

	while (!err && f->at < f->series->n) {
		finish_bin(f);
		f->at++;
	}
	return err ? err : put_whole(f);
}

int read_series(struct reading *r)
{
	const struct store_query *q = r->query;
	struct folding *f = answer_alloc(r->answer, sizeof(*f));
	struct store_series *s = answer_alloc(r->answer, sizeof(*s));
	const int64_t to = q->to ? q->to : q->now_at;

	if (!f || !s)
		return -ENOMEM;
	if (to <= q->from)
		return -EINVAL;
	r->answer->series = s;
	s->source = q->source;
	f->r = r;
	f->series = s;
	sum_init(&f->bin, 0, q->by_phase);
	sum_init(&f->all, 0, q->by_phase);
	const int err = fold_all(f, q->from, to);
	sum_done(&f->bin);
	sum_done(&f->all);
	return err;
}

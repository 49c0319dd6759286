#include "store/roll.h"

#include <errno.h>

#include "store/row.h"

#define GRACE_US (INT64_C(60) * 1000000)  /* for runs that began in the hour and are not over */
#define PART_US  (INT64_C(300) * 1000000) /* how old the present hour's may be */
enum {
	MEDIAN_DAYS = 30,
	FALLBACK_INTERVAL_US = 60000000, /* of a test that is not known */
};

static const struct db_texts select_about = { { "select zone, raw_from from about",
	"select zone, raw_from from about for update" } };
static const char set_zone[] = "update about set zone = $1";
/* Of several who roll up each takes another mark, and whoever writes a run of it waits. */
#define MINE " for update skip locked"
#define DIRTY_HOUR                                                                                 \
	"select test_id, begin_at from dirty_hour where begin_at <= $1"                            \
	" order by begin_at, test_id limit 1"
#define DIRTY_DAY "select test_id, begin_at from dirty_day order by begin_at, test_id limit 1"
static const struct db_texts select_dirty_hour = { { DIRTY_HOUR, DIRTY_HOUR MINE } };
static const struct db_texts select_dirty_day = { { DIRTY_DAY, DIRTY_DAY MINE } };
static const char select_part_hour[] = "select test_id, begin_at from dirty_hour"
				       " where begin_at = $1 and test_id > $2"
				       " order by test_id limit 1";
static const char delete_dirty_hour[] =
	"delete from dirty_hour where begin_at = $2 and test_id = $1";
static const char insert_dirty_day[] = "insert into dirty_day(test_id, begin_at) values($1, $2)"
				       " on conflict(begin_at, test_id)"
				       " do update set begin_at = excluded.begin_at";
static const char delete_dirty_day[] = "delete from dirty_day where begin_at = $2 and test_id = $1";
static const char select_runs[] =
	"select " ROW_COLUMNS " from result where test_id = $1 and scheduled_at >= $2"
	" and scheduled_at < $3 and is_by_hand = 0 order by scheduled_at";
static const char select_interval[] = "select interval_us from test where id = $1";

#define FIGURES                                                                                    \
	"n_ok, n_unstable, n_failed, n_unknown, n_maintenance, n_maintenance_failed, worst,"       \
	" latency_us, signin_us, there_us, back_us, p95_us, max_us"
#define FIGURES_UPDATE                                                                             \
	"n_ok = excluded.n_ok, n_unstable = excluded.n_unstable, n_failed = excluded.n_failed,"    \
	" n_unknown = excluded.n_unknown, n_maintenance = excluded.n_maintenance,"                 \
	" n_maintenance_failed = excluded.n_maintenance_failed, worst = excluded.worst,"           \
	" latency_us = excluded.latency_us, signin_us = excluded.signin_us,"                       \
	" there_us = excluded.there_us, back_us = excluded.back_us, p95_us = excluded.p95_us,"     \
	" max_us = excluded.max_us"
enum { FIGURE_COUNT = 13 };

static const char upsert_hour[] =
	"insert into roll_hour(test_id, begin_at, " FIGURES ", hist, phases)"
	" values($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
	" on conflict(test_id, begin_at) do update set " FIGURES_UPDATE
	", hist = excluded.hist, phases = excluded.phases";
static const char upsert_day[] =
	"insert into roll_day(test_id, begin_at, " FIGURES ", end_at, bad_us)"
	" values($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
	" on conflict(test_id, begin_at) do update set " FIGURES_UPDATE
	", end_at = excluded.end_at, bad_us = excluded.bad_us";
static const char upsert_day_hist[] =
	"insert into roll_day_hist(test_id, begin_at, hist, phases) values($1, $2, $3, $4)"
	" on conflict(test_id, begin_at) do update set hist = excluded.hist,"
	" phases = excluded.phases";
static const char delete_day_reasons[] =
	"delete from roll_day_reason where test_id = $1 and begin_at = $2";
static const char insert_day_reason[] =
	"insert into roll_day_reason(test_id, begin_at, reason, runs, last_at)"
	" values($1, $2, $3, $4, $5)";
static const char select_day_hists[] =
	"select hist from roll_day_hist where test_id = $1 and begin_at <= $2"
	" order by begin_at desc limit $3";
static const char update_median[] = "update test_state set median30_us = $2 where test_id = $1";

static const char select_tests[] = "select id from test where id > $1 order by id limit 1";
static const char select_span[] = "select min(scheduled_at) from result where test_id = $1";
static const char select_last[] = "select max(scheduled_at) from result where test_id = $1";
static const char delete_days[] = "delete from roll_day where test_id = $1 and end_at > $2";
static const char delete_day_hists[] =
	"delete from roll_day_hist where test_id = $1 and begin_at not in"
	" (select begin_at from roll_day where test_id = $1)";
static const char delete_lost_reasons[] =
	"delete from roll_day_reason where test_id = $1 and begin_at not in"
	" (select begin_at from roll_day where test_id = $1)";

int roll_init(struct roll *r, struct writes *writes, struct slice zone_file)
{
	struct where where;

	*r = (struct roll){ .writes = writes };
	sum_init(&r->sum, FALLBACK_INTERVAL_US, true);
	buf_init(&r->hist, HISTOGRAM_BLOB_MAX);
	buf_init(&r->phases, PHASES_BLOB_MAX);
	if (zone_file.n)
		return zone_open(&r->zone, zone_file, &where);
	zone_open_utc(&r->zone);
	return 0;
}

void roll_done(struct roll *r)
{
	sum_done(&r->sum);
	buf_done(&r->hist);
	buf_done(&r->phases);
}

static int failed(int64_t changes)
{
	return changes < 0 ? (int)changes : 0;
}

/* ---- another zone ---- */

/* From the first day of the new zone all of whose runs are there. */
static int mark_days(struct roll *r, int64_t test_id)
{
	int64_t first = 0, last = 0;
	int64_t err = DB_FIRST(&first, r->db, select_span, db_int(test_id));

	if (err >= 0)
		err = DB_FIRST(&last, r->db, select_last, db_int(test_id));
	if (err < 0 || first == 0)
		return failed(err);
	struct zone_span day = zone_day(&r->zone, first, NULL);
	if (day.begin < r->raw_from)
		day = zone_day(&r->zone, day.end, NULL);
	err = DB_RUN(r->db, delete_days, db_int(test_id), db_int(day.begin));
	if (err >= 0)
		err = DB_RUN(r->db, delete_day_hists, db_int(test_id));
	if (err >= 0)
		err = DB_RUN(r->db, delete_lost_reasons, db_int(test_id));
	for (; day.begin <= last && err >= 0; day = zone_day(&r->zone, day.end, NULL))
		err = DB_RUN(r->db, insert_dirty_day, db_int(test_id), db_int(day.begin));
	return failed(err);
}

static int change_zone(struct roll *r, const char *name)
{
	int64_t id = 0, before = -1;
	int err = failed(DB_RUN(r->db, set_zone, db_text(slice_str(name))));

	while (!err && id != before) {
		before = id;
		err = failed(DB_FIRST(&id, r->db, select_tests, db_int(before)));
		if (!err && id != before)
			err = mark_days(r, id);
	}
	return err;
}

int roll_begin(struct roll *r, struct db *db, const char *zone_name)
{
	r->db = db;
	r->part_at = 0;
	struct db_rows rows = db_begin(db, db_text_of(db, &select_about), NULL, 0);
	const int next = db_next(&rows);
	const bool is_other = next > 0 && !slice_eqs(db_get(&rows, 0), zone_name);

	if (next > 0)
		r->raw_from = db_get_int(&rows, 1);
	db_end(&rows);
	if (next < 0)
		return next;
	return is_other ? change_zone(r, zone_name) : 0;
}

/* ---- hours and days ---- */

static int add_runs(struct roll *r, int64_t test_id, struct zone_span span)
{
	int64_t interval = FALLBACK_INTERVAL_US;
	int err = failed(DB_FIRST(&interval, r->db, select_interval, db_int(test_id)));
	struct store_row row;

	if (err)
		return err;
	sum_clear(&r->sum);
	r->sum.gap_max = 2 * interval;
	struct db_rows rows =
		DB_BEGIN(r->db, select_runs, db_int(test_id), db_int(span.begin), db_int(span.end));
	int next = db_next(&rows);
	for (; next > 0 && !err; next = db_next(&rows)) {
		row_read(&rows, &row);
		err = sum_add(&r->sum, &row);
	}
	db_end(&rows);
	sum_end(&r->sum, span.end);
	return next < 0 ? next : err;
}

static void put_figures(struct sum *s, struct db_value ret[FIGURE_COUNT])
{
	const struct store_split median = sum_median(s);
	const struct db_value values[FIGURE_COUNT] = {
		db_int((int64_t)s->counts.n[WATCH_OK]),
		db_int((int64_t)s->counts.n[WATCH_UNSTABLE]),
		db_int((int64_t)s->counts.n[WATCH_FAILED]),
		db_int((int64_t)s->counts.n[WATCH_UNKNOWN]),
		db_int((int64_t)s->counts.n[WATCH_MAINTENANCE]),
		db_int((int64_t)s->counts.maint_failed),
		db_int(s->worst),
		db_int_or_null(median.latency_us, STORE_NONE),
		db_int_or_null(median.signin_us, STORE_NONE),
		db_int_or_null(median.there_us, STORE_NONE),
		db_int_or_null(median.back_us, STORE_NONE),
		db_int_or_null(sum_quantile(s, 950), STORE_NONE),
		db_int_or_null(s->max_us, STORE_NONE),
	};

	for (unsigned i = 0; i < FIGURE_COUNT; i++)
		ret[i] = values[i];
}

/* A phase's median and its p95 stand where a run has its start and duration. */
static void put_blobs(struct roll *r)
{
	struct phases p = { .ran = 0 };

	for (unsigned i = 0; i < PHASE_COUNT; i++) {
		if (r->sum.phases[i].n == 0)
			continue;
		p.ran |= 1U << i;
		p.started[i] = (ts_t)sum_phase_quantile(&r->sum, (enum probe_phase)i, 500);
		p.duration[i] = (ts_t)sum_phase_quantile(&r->sum, (enum probe_phase)i, 950);
	}
	buf_clear(&r->hist);
	buf_clear(&r->phases);
	histogram_encode(&r->sum.hist, &r->hist);
	if (p.ran)
		phases_encode(&p, &r->phases);
}

static int compute_hour(struct roll *r, int64_t test_id, int64_t begin_at)
{
	struct db_value values[FIGURE_COUNT + 4] = { db_int(test_id), db_int(begin_at) };
	const int err =
		add_runs(r, test_id, (struct zone_span){ begin_at, begin_at + STORE_HOUR_US });

	if (err || r->sum.n == 0)
		return err;
	put_figures(&r->sum, values + 2);
	put_blobs(r);
	values[FIGURE_COUNT + 2] = db_blob(buf_slice(&r->hist));
	values[FIGURE_COUNT + 3] = db_blob_or_null(buf_slice(&r->phases));
	return failed(db_run(r->db, upsert_hour, values, COUNT(values), NULL));
}

static int put_reasons(struct roll *r, int64_t test_id, int64_t begin_at)
{
	int err = failed(DB_RUN(r->db, delete_day_reasons, db_int(test_id), db_int(begin_at)));

	for (unsigned i = 0; i < REASON_COUNT && !err; i++) {
		const struct store_reason *of = &r->sum.reasons[i];
		const char *const id = i == REASON_NONE ? "" : reason_id((enum reason)i);

		if (of->runs)
			err = failed(DB_RUN(r->db, insert_day_reason, db_int(test_id),
				db_int(begin_at), db_text(slice_str(id)), db_int((int64_t)of->runs),
				db_int(of->last_at)));
	}
	return err;
}

/* The sparkline's scale: the median of 30 days, up to this one. */
static int put_median(struct roll *r, int64_t test_id, int64_t begin_at)
{
	struct histogram one, *all = &r->sum.hist; /* its own day is in the table by now */
	struct db_rows rows = DB_BEGIN(
		r->db, select_day_hists, db_int(test_id), db_int(begin_at), db_int(MEDIAN_DAYS));
	int next = db_next(&rows);

	*all = (struct histogram){ .n = 0 };
	for (; next > 0; next = db_next(&rows))
		if (histogram_decode(db_get(&rows, 0), &one) == 0)
			histogram_merge(all, &one);
	db_end(&rows);
	if (next < 0 || all->n == 0)
		return next;
	return failed(DB_RUN(r->db, update_median, db_int(test_id),
		db_int((int64_t)histogram_quantile(all, 500))));
}

static int compute_day(struct roll *r, int64_t test_id, int64_t begin_at)
{
	const struct zone_span day = zone_day(&r->zone, begin_at, NULL);
	struct db_value values[FIGURE_COUNT + 4] = { db_int(test_id), db_int(day.begin) };
	int err = add_runs(r, test_id, day);

	if (err || r->sum.n == 0)
		return err;
	put_figures(&r->sum, values + 2);
	put_blobs(r);
	values[FIGURE_COUNT + 2] = db_int(day.end);
	values[FIGURE_COUNT + 3] = db_int(r->sum.bad_us);
	err = failed(db_run(r->db, upsert_day, values, COUNT(values), NULL));
	if (!err)
		err = failed(DB_RUN(r->db, upsert_day_hist, db_int(test_id), db_int(day.begin),
			db_blob(buf_slice(&r->hist)), db_blob_or_null(buf_slice(&r->phases))));
	if (!err)
		err = put_reasons(r, test_id, day.begin);
	return err ? err : put_median(r, test_id, day.begin);
}

/* ---- steps ---- */

struct mark {
	int64_t test_id, begin_at;
};

/* 1, 0, or an error. */
static int find_mark(struct db_rows rows, struct mark *ret)
{
	const int next = db_next(&rows);

	if (next > 0)
		*ret = (struct mark){ db_get_int(&rows, 0), db_get_int(&rows, 1) };
	db_end(&rows);
	return next;
}

/* An hour may lie in two days: Kathmandu's begin at 18:15 UTC. */
static int mark_days_of(struct roll *r, const struct mark *m)
{
	const int64_t ends[] = { m->begin_at, m->begin_at + STORE_HOUR_US - 1 };
	int err = 0;

	for (unsigned i = 0; i < COUNT(ends) && !err; i++) {
		const int64_t begin = zone_day(&r->zone, ends[i], NULL).begin;

		if (begin >= r->raw_from)
			err = failed(
				DB_RUN(r->db, insert_dirty_day, db_int(m->test_id), db_int(begin)));
	}
	return err;
}

static int step_hour(struct roll *r, int64_t now_at)
{
	struct mark m;
	const int found = find_mark(DB_BEGIN(r->db, db_text_of(r->db, &select_dirty_hour),
					    db_int(now_at - STORE_HOUR_US - GRACE_US)),
		&m);

	if (found <= 0)
		return found;
	/* Runs of before are deleted, or are to be: what was computed from all of them stays. */
	int err = m.begin_at < r->raw_from ? 0 : compute_hour(r, m.test_id, m.begin_at);
	if (!err)
		err = mark_days_of(r, &m);
	if (!err)
		err = failed(
			DB_RUN(r->db, delete_dirty_hour, db_int(m.test_id), db_int(m.begin_at)));
	write_forget_hour(r->writes, m.test_id, m.begin_at);
	return err ? err : 1;
}

static int step_day(struct roll *r)
{
	struct mark m;
	const int found =
		find_mark(db_begin(r->db, db_text_of(r->db, &select_dirty_day), NULL, 0), &m);

	if (found <= 0)
		return found;
	int err = m.begin_at < r->raw_from ? 0 : compute_day(r, m.test_id, m.begin_at);
	if (!err)
		err = failed(
			DB_RUN(r->db, delete_dirty_day, db_int(m.test_id), db_int(m.begin_at)));
	return err ? err : 1;
}

static int step_part(struct roll *r, int64_t now_at)
{
	const int64_t hour = write_hour_of(now_at);
	struct mark m;

	if (hour != r->part_hour || now_at >= r->part_at + PART_US || now_at < r->part_at) {
		r->part_hour = hour;
		r->part_at = now_at;
		r->part_test = 0;
	}
	const int found = find_mark(
		DB_BEGIN(r->db, select_part_hour, db_int(hour), db_int(r->part_test)), &m);
	if (found <= 0) {
		r->part_test = INT64_MAX;
		return found;
	}
	const int err = compute_hour(r, m.test_id, m.begin_at);
	r->part_test = m.test_id;
	return err ? err : 1;
}

int roll_step(struct roll *r, int64_t now_at)
{
	int done = step_hour(r, now_at);

	if (done == 0)
		done = step_day(r);
	if (done == 0)
		done = step_part(r, now_at);
	return done;
}

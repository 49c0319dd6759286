#include <errno.h>

#include "store/read.h"
#include "store/row.h"
#include "store/sum.h"
#include "store/write.h"

#define DAY_US (24 * STORE_HOUR_US)

static const char select_tests[] =
	"select t.id, s.state, s.since_at, s.last_at, s.last_ok_at, s.last_failed_at, s.streak,"
	" s.reason, s.latency_us, s.median30_us, i.id, i.test_id, i.begin_at, i.end_at, i.last_at,"
	" i.reason, i.runs, i.times, i.is_flapping from test t"
	" left join test_state s on s.test_id = t.id"
	" left join incident i on i.test_id = t.id and i.begin_at = s.incident_at"
	" where t.is_enabled = 1 order by t.id";
static const char select_hours[] =
	"select test_id, begin_at, " ROW_COUNTS ", latency_us from roll_hour"
	" where test_id in (select id from test where is_enabled = 1)"
	" and begin_at >= $1 and begin_at <= $2 order by test_id, begin_at";
static const char select_days[] =
	"select test_id, begin_at, " ROW_COUNTS ", end_at, worst, bad_us from roll_day"
	" where test_id in (select id from test where is_enabled = 1)"
	" and begin_at > $1 and begin_at <= $2 order by test_id, begin_at";

static void put_spans(struct store_overview *o, const struct zone *zone, int64_t now_at)
{
	int64_t at = write_hour_of(now_at);

	for (unsigned i = STORE_SPARK_BINS; i-- > 0; at -= STORE_HOUR_US)
		o->hours[i] = (struct zone_span){ at, at + STORE_HOUR_US };
	at = now_at;
	for (unsigned i = STORE_DAYS; i-- > 0;) {
		o->days[i] = zone_day(zone, at, NULL);
		at = o->days[i].begin - 1;
	}
}

static void read_one(const struct db_rows *rows, struct store_overview_test *t)
{
	t->test_id = db_get_int(rows, 0);
	t->state = db_is_null(rows, 1) ? WATCH_UNKNOWN : row_state(db_get_int(rows, 1));
	t->since_at = db_get_int(rows, 2);
	t->last_at = db_get_int(rows, 3);
	t->last_ok_at = db_get_int(rows, 4);
	t->last_failed_at = db_get_int(rows, 5);
	t->streak = (unsigned)db_get_int(rows, 6);
	t->reason = row_reason(db_get(rows, 7));
	t->latency_us = db_get_int_or(rows, 8, STORE_NONE);
	t->median30_us = db_get_int_or(rows, 9, STORE_NONE);
	row_read_incident_named(rows, 10, &t->open);
	for (unsigned i = 0; i < STORE_SPARK_BINS; i++)
		t->spark[i].latency_us = STORE_NONE;
}

static int read_tests_of(struct reading *r, struct store_overview *o)
{
	struct db_rows rows = db_begin(r->db, select_tests, NULL, 0);
	int next = db_next(&rows);

	for (; next > 0; next = db_next(&rows)) {
		o->tests = answer_grow(r->answer, o->tests, o->n, sizeof(*o->tests));
		if (!o->tests) {
			next = -ENOMEM;
			break;
		}
		read_one(&rows, &o->tests[o->n++]);
	}
	db_end(&rows);
	return next;
}

/* Rows come in the order of the tests: *at is where the last one was. */
static struct store_overview_test *find(struct store_overview *o, int64_t test_id, size_t *at)
{
	while (*at < o->n && o->tests[*at].test_id < test_id)
		++*at;
	return *at < o->n && o->tests[*at].test_id == test_id ? &o->tests[*at] : NULL;
}

static void add_hour(const struct db_rows *rows, struct store_overview_test *t, size_t bin)
{
	struct store_counts c;
	struct store_spark *s = &t->spark[bin];

	row_read_counts(rows, 2, &c);
	sum_counts_add(&t->day, &c);
	s->failed = (uint32_t)c.n[WATCH_FAILED];
	s->runs = (uint32_t)(c.n[WATCH_OK] + c.n[WATCH_UNSTABLE] + c.n[WATCH_FAILED]);
	s->latency_us = db_get_int_or(rows, 2 + ROW_COUNTS_COUNT, STORE_NONE);
}

static int read_hours(struct reading *r, struct store_overview *o)
{
	const int64_t begin = o->hours[0].begin;
	struct db_rows rows = DB_BEGIN(
		r->db, select_hours, db_int(begin), db_int(o->hours[STORE_SPARK_BINS - 1].begin));
	int next = db_next(&rows);
	size_t at = 0;

	for (; next > 0; next = db_next(&rows)) {
		struct store_overview_test *t = find(o, db_get_int(&rows, 0), &at);

		if (t)
			add_hour(
				&rows, t, (size_t)((db_get_int(&rows, 1) - begin) / STORE_HOUR_US));
	}
	db_end(&rows);
	return next;
}

/* A day of another zone is where its noon is.  -1: before all. */
static int day_of(const struct store_overview *o, int64_t begin, int64_t end)
{
	const int64_t noon = begin + (end - begin) / 2;
	int low = 0, high = STORE_DAYS;

	while (low < high) {
		const int middle = (low + high) / 2;

		if (o->days[middle].begin <= noon)
			low = middle + 1;
		else
			high = middle;
	}
	return low - 1;
}

static void add_day(
	const struct db_rows *rows, const struct store_overview *o, struct store_overview_test *t)
{
	const int at = day_of(o, db_get_int(rows, 1), db_get_int(rows, 2 + ROW_COUNTS_COUNT));
	struct store_counts c;

	if (at < 0)
		return;
	struct store_day *day = &t->strip[at];
	row_read_counts(rows, 2, &c);
	sum_counts_add(&t->days, &c);
	day->runs += (uint32_t)sum_counts_all(&c);
	day->worst = sum_worst(day->worst, row_state(db_get_int(rows, 3 + ROW_COUNTS_COUNT)));
	day->bad_s += (uint32_t)(db_get_int(rows, 4 + ROW_COUNTS_COUNT) / 1000000);
}

static int read_days(struct reading *r, struct store_overview *o)
{
	struct db_rows rows = DB_BEGIN(r->db, select_days, db_int(o->days[0].begin - DAY_US),
		db_int(o->days[STORE_DAYS - 1].begin));
	int next = db_next(&rows);
	size_t at = 0;

	for (; next > 0; next = db_next(&rows)) {
		struct store_overview_test *t = find(o, db_get_int(&rows, 0), &at);

		if (t)
			add_day(&rows, o, t);
	}
	db_end(&rows);
	return next;
}

int read_overview(struct reading *r)
{
	struct store_overview *o = answer_alloc(r->answer, sizeof(*o));

	if (!o)
		return -ENOMEM;
	r->answer->overview = o;
	put_spans(o, r->zone, r->query->now_at);
	int err = read_tests_of(r, o);
	if (!err)
		err = read_hours(r, o);
	return err ? err : read_days(r, o);
}

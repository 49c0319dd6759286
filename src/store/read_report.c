#include <errno.h>
#include <string.h>

#include "store/read.h"
#include "store/row.h"
#include "store/sum.h"

#define OF_ALL " where test_id in (select id from test) and begin_at >= $1 and begin_at < $2"

static const char select_days[] =
	"select test_id, begin_at, " ROW_COUNTS ", end_at, bad_us, worst from roll_day" OF_ALL
	" order by test_id, begin_at";
static const char select_hists[] =
	"select test_id, hist from roll_day_hist" OF_ALL " order by test_id, begin_at";
static const char select_incidents[] =
	"select test_id, count(*), count(end_at),"
	" cast(coalesce(sum(case when end_at is not null then end_at - begin_at end), 0)"
	" as bigint) from incident where begin_at >= $1 and begin_at < $2"
	" group by test_id order by test_id";
static const char select_worst[] =
	"select " ROW_INCIDENT_NAMED " from incident where begin_at < $2"
	" and coalesce(end_at, $2) > $1 order by coalesce(end_at, $2) - begin_at desc limit $3";

struct counting {
	struct reading *r;
	struct store_report *a;
	size_t at;
	struct histogram sum, one; /* of the present test */
};

/* ---- the tests ---- */

/* The one of this id, which is the last one or new: rows come by id. */
static struct store_report_test *last_or_new(struct counting *c, int64_t id)
{
	struct store_report *a = c->a;

	if (a->n && a->tests[a->n - 1].test_id == id)
		return &a->tests[a->n - 1];
	a->tests = answer_grow(c->r->answer, a->tests, a->n, sizeof(*a->tests));
	if (!a->tests)
		return NULL;
	struct store_report_test *t = &a->tests[a->n++];
	*t = (struct store_report_test){
		.test_id = id, .p50_us = STORE_NONE, .p95_us = STORE_NONE, .p99_us = STORE_NONE
	};
	return t;
}

static struct store_report_test *find(struct counting *c, int64_t id)
{
	while (c->at < c->a->n && c->a->tests[c->at].test_id < id)
		c->at++;
	return c->at < c->a->n && c->a->tests[c->at].test_id == id ? &c->a->tests[c->at] : NULL;
}

static uint32_t runs_of(const struct store_counts *c)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < WATCH_STATES; i++)
		n += c->n[i];
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static int add_day(struct counting *c, struct store_report_test *t, const struct db_rows *rows)
{
	const int64_t begin = db_get_int(rows, 1), end = db_get_int(rows, 2 + ROW_COUNTS_COUNT),
		      bad_us = db_get_int(rows, 3 + ROW_COUNTS_COUNT);
	struct store_report *a = c->a;
	struct store_counts counts;

	a->days = answer_grow(c->r->answer, a->days, a->n_days, sizeof(*a->days));
	if (!a->days)
		return -ENOMEM;
	row_read_counts(rows, 2, &counts);
	sum_counts_add(&t->counts, &counts);
	t->bad_us += bad_us;
	if (!t->n_days++)
		t->first_day = a->n_days;
	a->days[a->n_days++] = (struct store_report_day){ begin,
		{ .bad_s = (uint32_t)(bad_us / 1000000),
			.runs = runs_of(&counts),
			.worst = row_state(db_get_int(rows, 4 + ROW_COUNTS_COUNT)) },
		counts.n[WATCH_OK] + counts.n[WATCH_UNSTABLE],
		counts.n[WATCH_OK] + counts.n[WATCH_UNSTABLE] + counts.n[WATCH_FAILED] };
	if (a->covered_from == 0 || begin < a->covered_from)
		a->covered_from = begin;
	if (end > a->covered_to)
		a->covered_to = end;
	return 0;
}

static int read_days(struct counting *c)
{
	struct db_rows rows =
		DB_BEGIN(c->r->db, select_days, db_int(c->a->span.begin), db_int(c->a->span.end));
	int next = db_next(&rows);

	for (; next > 0; next = db_next(&rows)) {
		struct store_report_test *t = last_or_new(c, db_get_int(&rows, 0));

		if (!t || add_day(c, t, &rows)) {
			next = -ENOMEM;
			break;
		}
	}
	db_end(&rows);
	return next;
}

/* ---- percentiles ---- */

/* As a blob it is small: a quantile of several tests is read from their sum. */
static int keep_hist(struct counting *c, struct store_report_test *t)
{
	struct buf b;

	buf_init(&b, HISTOGRAM_BLOB_MAX);
	histogram_encode(&c->sum, &b);
	uint8_t *bytes = buf_err(&b) ? NULL : answer_alloc(c->r->answer, buf_len(&b));
	if (bytes) {
		memcpy(bytes, buf_slice(&b).p, buf_len(&b));
		t->hist = slice_of(bytes, buf_len(&b));
	}
	buf_done(&b);
	return bytes ? 0 : -ENOMEM;
}

static int put_quantiles(struct counting *c, int64_t id)
{
	struct store_report_test *t = find(c, id);

	if (!t || c->sum.n == 0)
		return 0;
	t->p50_us = (int64_t)histogram_quantile(&c->sum, 500);
	t->p95_us = (int64_t)histogram_quantile(&c->sum, 950);
	t->p99_us = (int64_t)histogram_quantile(&c->sum, 990);
	return keep_hist(c, t);
}

static int read_hists(struct counting *c)
{
	struct db_rows rows =
		DB_BEGIN(c->r->db, select_hists, db_int(c->a->span.begin), db_int(c->a->span.end));
	int next = db_next(&rows);
	int64_t id = 0;
	int err = 0;

	c->at = 0;
	for (; next > 0 && !err; next = db_next(&rows)) {
		if (db_get_int(&rows, 0) != id) {
			err = put_quantiles(c, id);
			c->sum = (struct histogram){ .n = 0 };
			id = db_get_int(&rows, 0);
		}
		if (histogram_decode(db_get(&rows, 1), &c->one) == 0)
			histogram_merge(&c->sum, &c->one);
	}
	db_end(&rows);
	if (!err)
		err = put_quantiles(c, id);
	return next < 0 ? next : err;
}

/* ---- incidents ---- */

static int count_incidents(struct counting *c)
{
	struct db_rows rows = DB_BEGIN(
		c->r->db, select_incidents, db_int(c->a->span.begin), db_int(c->a->span.end));
	int next = db_next(&rows);

	c->at = 0;
	for (; next > 0; next = db_next(&rows)) {
		struct store_report_test *t = find(c, db_get_int(&rows, 0));

		if (!t)
			continue; /* without a day in the span: its runs are gone, too */
		t->incidents = (unsigned)db_get_int(&rows, 1);
		t->ended = (unsigned)db_get_int(&rows, 2);
		t->repair_us = db_get_int(&rows, 3);
	}
	db_end(&rows);
	return next;
}

static int read_worst(struct counting *c)
{
	struct store_report *a = c->a;
	struct db_rows rows = DB_BEGIN(c->r->db, select_worst, db_int(a->span.begin),
		db_int(a->span.end), db_int(c->r->query->limit));
	int next = db_next(&rows);

	for (; next > 0; next = db_next(&rows)) {
		a->worst = answer_grow(c->r->answer, a->worst, a->n_worst, sizeof(*a->worst));
		if (!a->worst) {
			next = -ENOMEM;
			break;
		}
		row_read_incident_named(&rows, 0, &a->worst[a->n_worst++]);
	}
	db_end(&rows);
	return next;
}

/* [from, to) becomes whole days: those that begin in it. */
static struct zone_span whole_days(const struct zone *zone, int64_t from, int64_t to)
{
	const struct zone_span first = zone_day(zone, from, NULL);
	const struct zone_span last = zone_day(zone, to - 1, NULL);

	return (struct zone_span){ first.begin < from ? first.end : from, last.end };
}

int read_report(struct reading *r)
{
	const struct store_query *q = r->query;
	struct counting *c = answer_alloc(r->answer, sizeof(*c));
	struct store_report *a = answer_alloc(r->answer, sizeof(*a));

	if (!c || !a)
		return -ENOMEM;
	if (q->to <= q->from)
		return -EINVAL;
	r->answer->report = a;
	a->span = whole_days(r->zone, q->from, q->to);
	*c = (struct counting){ .r = r, .a = a };
	int err = read_days(c);
	if (!err)
		err = read_hists(c);
	if (!err)
		err = count_incidents(c);
	if (!err)
		err = read_worst(c);
	return err ? err : read_day_reasons(r, 0, &a->reasons, &a->n_reasons);
}

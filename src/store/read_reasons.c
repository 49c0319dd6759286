#include <errno.h>
#include <stdlib.h>

#include "store/read.h"
#include "store/row.h"

static const char select_runs[] =
	"select reason, count(*), count(distinct test_id), max(scheduled_at) from result"
	" where scheduled_at >= $1 and scheduled_at < $2 and state <> 0 and state = 2"
	" and is_by_hand = 0 group by reason";
static const char select_runs_of[] =
	"select reason, count(*), 1, max(scheduled_at) from result where test_id = $3"
	" and scheduled_at >= $1 and scheduled_at < $2 and state = 2 and is_by_hand = 0"
	" group by reason";
/* In the order of the tables: to fold 30,000 rows costs less than to have them sorted. */
static const char select_days[] =
	"select reason, test_id, runs, last_at from roll_day_reason"
	" where test_id in (select id from test) and begin_at >= $1 and begin_at < $2"
	" order by test_id, begin_at";
static const char select_days_of[] =
	"select reason, test_id, runs, last_at from roll_day_reason"
	" where test_id = $3 and begin_at >= $1 and begin_at < $2 order by begin_at";

static int compare(const void *a, const void *b)
{
	const struct store_reason *x = a, *y = b;

	if (x->runs != y->runs)
		return x->runs < y->runs ? 1 : -1;
	return (int)x->reason - (int)y->reason;
}

void read_sort_reasons(struct store_reason *rows, size_t n)
{
	if (n)
		qsort(rows, n, sizeof(*rows), compare);
}

static int read(struct reading *r, struct db_rows rows, struct store_reason **ret, size_t *ret_n)
{
	int next = db_next(&rows);

	*ret = NULL;
	*ret_n = 0;
	for (; next > 0; next = db_next(&rows)) {
		*ret = answer_grow(r->answer, *ret, *ret_n, sizeof(**ret));
		if (!*ret) {
			next = -ENOMEM;
			break;
		}
		(*ret)[(*ret_n)++] = (struct store_reason){
			.reason = row_reason(db_get(&rows, 0)),
			.runs = (uint64_t)db_get_int(&rows, 1),
			.tests = (unsigned)db_get_int(&rows, 2),
			.last_at = db_get_int(&rows, 3),
		};
	}
	db_end(&rows);
	read_sort_reasons(*ret, next < 0 ? 0 : *ret_n);
	return next;
}

struct folding {
	struct store_reason reasons[REASON_COUNT];
	int64_t last_test[REASON_COUNT];
};

static int fold(struct folding *f, struct db_rows rows)
{
	int next = db_next(&rows);

	for (; next > 0; next = db_next(&rows)) {
		const enum reason reason = row_reason(db_get(&rows, 0));
		struct store_reason *r = &f->reasons[reason];
		const int64_t test_id = db_get_int(&rows, 1), at = db_get_int(&rows, 3);

		r->reason = reason;
		r->runs += (uint64_t)db_get_int(&rows, 2);
		r->tests += test_id != f->last_test[reason];
		r->last_at = at > r->last_at ? at : r->last_at;
		f->last_test[reason] = test_id;
	}
	db_end(&rows);
	return next;
}

int read_day_reasons(struct reading *r, int64_t test_id, struct store_reason **ret, size_t *ret_n)
{
	const struct db_value from = db_int(zone_day(r->zone, r->query->from, NULL).begin);
	const struct db_value to = db_int(read_to(r->query));
	struct folding *f = answer_alloc(r->answer, sizeof(*f));

	if (!f)
		return -ENOMEM;
	const int err = fold(f, test_id ? DB_BEGIN(r->db, select_days_of, from, to, db_int(test_id))
					: DB_BEGIN(r->db, select_days, from, to));
	*ret = f->reasons;
	*ret_n = 0;
	for (unsigned i = 0; i < REASON_COUNT && !err; i++)
		if (f->reasons[i].runs)
			f->reasons[(*ret_n)++] = f->reasons[i];
	read_sort_reasons(*ret, *ret_n);
	return err;
}

/* Of a short time exactly, from the runs; otherwise of the days that it touches. */
int read_reasons(struct reading *r)
{
	const struct store_query *q = r->query;
	struct store_reasons *a = answer_alloc(r->answer, sizeof(*a));
	const struct db_value from = db_int(q->from), to = db_int(read_to(q));

	if (!a)
		return -ENOMEM;
	r->answer->reasons = a;
	if (read_to(q) - q->from > READ_SHORT_US)
		return read_day_reasons(r, q->test_id, &a->rows, &a->n);
	return read(r,
		q->test_id ? DB_BEGIN(r->db, select_runs_of, from, to, db_int(q->test_id))
			   : DB_BEGIN(r->db, select_runs, from, to),
		&a->rows, &a->n);
}

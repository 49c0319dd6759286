#include <errno.h>

#include "store/read.h"

static const char select_audit[] =
	"select number, at, who, what, source, result from audit where number < $1 and at >= $2"
	" and at < $3 order by number desc limit $4";
static const char select_tests[] =
	"select id, kind, pool, partner, direction, location, is_enabled, interval_us"
	" from test order by id";
static const char select_oldest[] =
	"select min(at) from (select (select min(begin_at) from roll_day d"
	" where d.test_id = t.id) as at from test t) as oldest";

static int add_audit(struct reading *r, const struct db_rows *rows)
{
	struct store_audit_page *a = r->answer->audit;

	a->rows = answer_grow(r->answer, a->rows, a->n, sizeof(*a->rows));
	if (!a->rows)
		return -ENOMEM;
	a->rows[a->n++] = (struct store_audit_row){
		.number = db_get_int(rows, 0),
		.at = db_get_int(rows, 1),
		.who = answer_text(r->answer, db_get(rows, 2)),
		.what = answer_text(r->answer, db_get(rows, 3)),
		.source = answer_text(r->answer, db_get(rows, 4)),
		.result = answer_text(r->answer, db_get(rows, 5)),
	};
	return 0;
}

int read_audit(struct reading *r)
{
	const struct store_query *q = r->query;
	struct store_audit_page *a = answer_alloc(r->answer, sizeof(*a));

	if (!a)
		return -ENOMEM;
	r->answer->audit = a;
	struct db_rows rows =
		DB_BEGIN(r->db, select_audit, db_int(q->before.at ? q->before.at : INT64_MAX),
			db_int(q->from), db_int(read_to(q)), db_int((int64_t)q->limit + 1));
	int next = db_next(&rows), err = 0;
	for (; next > 0 && !err; next = db_next(&rows)) {
		if (a->n == q->limit) {
			a->has_more = true;
			break;
		}
		err = add_audit(r, &rows);
	}
	db_end(&rows);
	return next < 0 ? next : err;
}

static int add_test(struct reading *r, const struct db_rows *rows)
{
	struct store_names *a = r->answer->names;

	a->rows = answer_grow(r->answer, a->rows, a->n, sizeof(*a->rows));
	if (!a->rows)
		return -ENOMEM;
	a->rows[a->n++] = (struct store_name){
		.id = db_get_int(rows, 0),
		.kind = answer_text(r->answer, db_get(rows, 1)),
		.pool = answer_text(r->answer, db_get(rows, 2)),
		.partner = answer_text(r->answer, db_get(rows, 3)),
		.direction = answer_text(r->answer, db_get(rows, 4)),
		.location = answer_text(r->answer, db_get(rows, 5)),
		.is_enabled = db_get_int(rows, 6),
		.interval_us = db_get_int(rows, 7),
	};
	return 0;
}

int read_tests(struct reading *r)
{
	struct store_names *a = answer_alloc(r->answer, sizeof(*a));

	if (!a)
		return -ENOMEM;
	r->answer->names = a;
	struct db_rows rows = db_begin(r->db, select_tests, NULL, 0);
	int next = db_next(&rows), err = 0;
	for (; next > 0 && !err; next = db_next(&rows))
		err = add_test(r, &rows);
	db_end(&rows);
	if (next < 0 || err)
		return next < 0 ? next : err;
	const int64_t n = db_run(r->db, select_oldest, NULL, 0, &a->oldest_at);
	return n < 0 ? (int)n : 0;
}

/* A file has one, who needs no row to know that he is there. */
int read_watchers(struct reading *r)
{
	r->answer->watchers = answer_alloc(r->answer, sizeof(*r->answer->watchers));
	return r->answer->watchers ? 0 : -ENOMEM;
}

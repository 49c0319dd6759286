#include <errno.h>

#include "store/read.h"
#include "store/row.h"

/* $1, $2: the span that they touch; $3: the test or 0; $4: how many; $5, $6: before which one. */
#define TOUCHES " where begin_at < $2 and ($3 = 0 or test_id = $3)"
#define NEWEST  " order by begin_at desc, test_id desc limit $4"

static const char select_open[] =
	"select " ROW_INCIDENT_NAMED " from incident" TOUCHES " and end_at is null" NEWEST;
static const char select_over[] =
	"select " ROW_INCIDENT_NAMED " from incident" TOUCHES
	" and begin_at <= $5 and (begin_at < $5 or test_id < $6) and end_at > $1" NEWEST;
static const char select_over_of[] =
	"select " ROW_INCIDENT_NAMED " from incident where test_id = $3 and begin_at < $2"
	" and begin_at <= $5 and (begin_at < $5 or test_id < $6) and end_at > $1" NEWEST;
static const char count_open[] =
	"select count(*) from incident where end_at is null and ($1 = 0 or test_id = $1)"
	" and begin_at < $2";
static const char select_one[] = "select " ROW_INCIDENT_NAMED " from incident where id = $1";
static const char select_runs[] =
	"select " ROW_COLUMNS " from result where test_id = $1 and scheduled_at >= $2"
	" and scheduled_at <= $3 and state <> 0 order by scheduled_at limit $4";

static int add(struct reading *r, const char *sql, struct store_key before)
{
	const struct store_query *q = r->query;
	struct store_incidents *a = r->answer->incidents;
	struct db_rows rows = DB_BEGIN(r->db, sql, db_int(q->from), db_int(read_to(q)),
		db_int(q->test_id), db_int((int64_t)q->limit - (int64_t)a->n + 1),
		db_int(before.at), db_int(before.test_id));
	int next = db_next(&rows);

	for (; next > 0; next = db_next(&rows)) {
		if (a->n == q->limit) {
			a->has_more = true;
			break;
		}
		a->rows = answer_grow(r->answer, a->rows, a->n, sizeof(*a->rows));
		if (!a->rows) {
			next = -ENOMEM;
			break;
		}
		row_read_incident_named(&rows, 0, &a->rows[a->n++]);
	}
	db_end(&rows);
	return next < 0 ? next : 0;
}

int read_incidents(struct reading *r)
{
	const struct store_query *q = r->query;
	struct store_incidents *a = answer_alloc(r->answer, sizeof(*a));
	const struct store_key newest = { INT64_MAX, INT64_MAX };
	int64_t n_open = 0;
	int err = 0;

	if (!a)
		return -ENOMEM;
	r->answer->incidents = a;
	const int64_t counted =
		DB_FIRST(&n_open, r->db, count_open, db_int(q->test_id), db_int(read_to(q)));
	if (counted < 0)
		return (int)counted;
	a->n_open = (uint64_t)n_open;
	if (q->before.at == 0)
		err = add(r, select_open, newest);
	if (!err && !a->has_more)
		err = add(r, q->test_id ? select_over_of : select_over,
			q->before.at ? q->before : newest);
	return err;
}

static int read_its_runs(struct reading *r, struct store_incident_one *a)
{
	const struct incident *i = &a->incident.incident;
	struct db_rows rows = DB_BEGIN(r->db, select_runs, db_int(a->incident.test_id),
		db_int(i->begin_at), db_int(i->last_at), db_int((int64_t)r->query->limit + 1));
	int next = db_next(&rows);

	for (; next > 0; next = db_next(&rows)) {
		if (a->n == r->query->limit) {
			a->has_more = true;
			break;
		}
		a->rows = answer_grow(r->answer, a->rows, a->n, sizeof(*a->rows));
		if (!a->rows) {
			next = -ENOMEM;
			break;
		}
		row_read(&rows, &a->rows[a->n++]);
	}
	db_end(&rows);
	return next < 0 ? next : 0;
}

int read_incident(struct reading *r)
{
	struct store_incident_one *a = answer_alloc(r->answer, sizeof(*a));

	if (!a)
		return -ENOMEM;
	r->answer->incident = a;
	struct db_rows rows = DB_BEGIN(r->db, select_one, db_int(r->query->incident_id));
	const int next = db_next(&rows);
	if (next > 0)
		row_read_incident_named(&rows, 0, &a->incident);
	db_end(&rows);
	return next <= 0 ? next : read_its_runs(r, a);
}

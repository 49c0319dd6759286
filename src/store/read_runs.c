#include <errno.h>

#include "store/read.h"
#include "store/row.h"
#include "store/write.h"

#define OK_TOO  " and (($5 >> state) & 1) = 1"
#define IN_SPAN " where scheduled_at >= $1 and scheduled_at <= $2"
#define BEFORE  " and (scheduled_at < $2 or test_id < $3)"
#define NEWEST  " order by scheduled_at desc, test_id desc limit $4"

static const char select_of_test[] =
	"select " ROW_COLUMNS " from result" IN_SPAN BEFORE " and test_id = $6" OK_TOO NEWEST;
static const char select_not_ok[] =
	"select " ROW_COLUMNS " from result" IN_SPAN BEFORE " and state <> 0" OK_TOO NEWEST;
static const char select_of_all[] = "select " ROW_COLUMNS " from result" IN_SPAN BEFORE
				    " and test_id in (select id from test)" OK_TOO NEWEST;
static const char select_newest[] =
	"select max(at) from (select (select max(scheduled_at) from result r"
	" where r.test_id = t.id) as at from test t) as newest";
static const char select_oldest[] =
	"select min(at) from (select (select min(scheduled_at) from result r"
	" where r.test_id = t.id) as at from test t) as oldest";

#define FIRST_WINDOW_US (STORE_HOUR_US / 6)
enum { WIDER = 4 };

/* From the row `from`, exclusive, down to `to`. */
struct window {
	int64_t from, to;
	int64_t before_test;
};

static int add_rows(struct reading *r, struct db_rows rows, unsigned limit)
{
	struct store_runs *a = r->answer->runs;
	int next = db_next(&rows);

	for (; next > 0; next = db_next(&rows)) {
		if (a->n == limit) {
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

static int add_window(struct reading *r, const char *sql, struct window w)
{
	const struct store_query *q = r->query;
	const int64_t left = (int64_t)q->limit - (int64_t)r->answer->runs->n;

	return add_rows(r,
		DB_BEGIN(r->db, sql, db_int(w.to), db_int(w.from), db_int(w.before_test),
			db_int(left + 1), db_int(q->states), db_int(q->test_id)),
		q->limit);
}

/* Runs of all tests do not stand in the order of time: a short span is sorted, and a longer one
 * before it, until there are enough. */
static int add_windows(struct reading *r, struct window all)
{
	const struct store_runs *a = r->answer->runs;
	int64_t newest = all.to, oldest = INT64_MAX, width = FIRST_WINDOW_US;
	int64_t err = db_run(r->db, select_newest, NULL, 0, &newest);

	if (err >= 0)
		err = db_run(r->db, select_oldest, NULL, 0, &oldest);
	if (newest < all.from) {
		all.from = newest;
		all.before_test = INT64_MAX;
	}
	if (oldest > all.to)
		all.to = oldest;
	while (err >= 0 && all.from >= all.to && !a->has_more) {
		struct window w = all;

		w.to = all.from - all.to > width ? all.from - width : all.to;
		err = add_window(r, select_of_all, w);
		all.from = w.to - 1;
		all.before_test = INT64_MAX;
		width *= WIDER;
	}
	return err < 0 ? (int)err : 0;
}

int read_runs(struct reading *r)
{
	const struct store_query *q = r->query;
	struct store_runs *a = answer_alloc(r->answer, sizeof(*a));
	const int64_t to = read_to(q);
	struct window w = { .from = to - 1, .to = q->from, .before_test = INT64_MAX };

	if (!a)
		return -ENOMEM;
	r->answer->runs = a;
	if (q->before.at && q->before.at < to) {
		w.from = q->before.at;
		w.before_test = q->before.test_id;
	}
	if (q->test_id)
		return add_window(r, select_of_test, w);
	if (!(q->states & 1U << WATCH_OK))
		return add_window(r, select_not_ok, w);
	return add_windows(r, w);
}

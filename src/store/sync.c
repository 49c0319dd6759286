#include "store/sync.h"

#include <stdlib.h>

#include "store/row.h"
#include "store/told.h"

#define TEST_COLUMNS                                                                               \
	"kind, pool, partner, direction, location, interval_us, offset_us, is_enabled, spec"
enum { TEST_VALUES = 8 };

static const char select_test[] =
	"select id, interval_us, offset_us, is_enabled, spec from test where kind = $1"
	" and pool = $2 and partner = $3 and direction = $4 and location = $5";
static const char insert_test[] =
	"insert into test(" TEST_COLUMNS ") values($1, $2, $3, $4, $5, $6, $7, 1, $8) returning id";
static const char insert_test_with_id[] =
	"insert into test(" TEST_COLUMNS ", id) values($1, $2, $3, $4, $5, $6, $7, 1, $8, $9)"
	" on conflict do nothing";
static const char update_test[] =
	"update test set interval_us = $2, offset_us = $3, is_enabled = 1, spec = $4 where id = $1";
static const char select_enabled[] = "select id from test where is_enabled = 1";
static const char disable_test[] = "update test set is_enabled = 0 where id = $1";
static const char select_state[] =
	"select state, since_at, last_at, last_ok_at, last_failed_at, streak, incident_at"
	" from test_state where test_id = $1";
static const char select_incident[] = "select " ROW_INCIDENT " from incident"
				      " where test_id = $1 and begin_at = $2";
static const char select_newest[] =
	"select scheduled_at from result where test_id = $1 order by scheduled_at desc limit 1";

static int failed(int64_t changes)
{
	return changes < 0 ? (int)changes : 0;
}

static void values_of(const struct store_test *t, struct db_value ret[TEST_VALUES])
{
	ret[0] = db_text(t->kind);
	ret[1] = db_text(t->pool);
	ret[2] = db_text(t->partner);
	ret[3] = db_text(t->direction);
	ret[4] = db_text(t->location);
	ret[5] = db_int(t->interval_us);
	ret[6] = db_int(t->offset_us);
	ret[7] = db_text(t->spec);
}

/* Its id, 0 when there is none.  *ret_is_same: nothing is to be changed. */
static int find(struct db *db, const struct store_test *t, int64_t *ret, bool *ret_is_same)
{
	struct db_value values[TEST_VALUES];

	values_of(t, values);
	struct db_rows rows = db_begin(db, select_test, values, 5);
	const int next = db_next(&rows);
	if (next > 0) {
		*ret = db_get_int(&rows, 0);
		*ret_is_same = db_get_int(&rows, 1) == t->interval_us &&
			       db_get_int(&rows, 2) == t->offset_us && db_get_int(&rows, 3) &&
			       slice_eq(db_get(&rows, 4), t->spec);
	}
	db_end(&rows);
	return next < 0 ? next : 0;
}

static int sync_one(struct db *db, const struct store_test *t, int64_t *ret)
{
	struct db_value values[TEST_VALUES];
	bool is_same = false;
	int64_t id = 0;
	int err = find(db, t, &id, &is_same);

	if (err)
		return err;
	*ret = id;
	if (is_same)
		return 0;
	if (id)
		return failed(DB_RUN(db, update_test, db_int(id), db_int(t->interval_us),
			db_int(t->offset_us), db_text(t->spec)));
	values_of(t, values);
	return failed(db_run(db, insert_test, values, TEST_VALUES, ret));
}

/* ---- those that are no longer configured ---- */

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int read_enabled(struct db *db, int64_t *ids, size_t max, size_t *ret)
{
	struct db_rows rows = db_begin(db, select_enabled, NULL, 0);
	int next = db_next(&rows);
	size_t n = 0;

	for (; next > 0 && n < max; next = db_next(&rows))
		ids[n++] = db_get_int(&rows, 0);
	db_end(&rows);
	*ret = n;
	return next < 0 ? next : 0;
}

static int disable(struct db *db, const int64_t *enabled, size_t n_enabled, const int64_t *wanted,
	size_t n_wanted)
{
	int err = 0;

	for (size_t i = 0; i < n_enabled && !err; i++)
		if (!bsearch(&enabled[i], wanted, n_wanted, sizeof(*wanted), compare))
			err = failed(DB_RUN(db, disable_test, db_int(enabled[i])));
	return err;
}

static int disable_others(struct db *db, const struct entry *e)
{
	const size_t max = 2 * STORE_TESTS_MAX; /* the enabled ones: two configurations' */
	int64_t *ids = mem_alloc0((max + e->n_tests) * sizeof(*ids));
	size_t n = 0;

	if (!ids)
		return -ENOMEM;
	int64_t *const wanted = ids + max;
	for (size_t i = 0; i < e->n_tests; i++)
		wanted[i] = e->known[i].id;
	qsort(wanted, e->n_tests, sizeof(*wanted), compare);
	int err = read_enabled(db, ids, max, &n);
	if (!err)
		err = disable(db, ids, n, wanted, e->n_tests);
	mem_free(ids);
	return err;
}

/* ---- what is known of one ---- */

static int read_incident(struct db *db, int64_t test_id, int64_t begin_at, struct incident *ret)
{
	struct db_rows rows = DB_BEGIN(db, select_incident, db_int(test_id), db_int(begin_at));
	const int next = db_next(&rows);

	if (next > 0)
		row_read_incident(&rows, 0, ret);
	db_end(&rows);
	return next < 0 ? next : 0;
}

static int read_state(struct db *db, int64_t test_id, struct state *ret)
{
	struct db_rows rows = DB_BEGIN(db, select_state, db_int(test_id));
	const int next = db_next(&rows);
	int64_t incident_at = 0;

	*ret = (struct state){ .state = WATCH_UNKNOWN };
	if (next > 0) {
		ret->state = row_state(db_get_int(&rows, 0));
		ret->since_at = db_get_int(&rows, 1);
		ret->last_at = db_get_int(&rows, 2);
		ret->last_ok_at = db_get_int(&rows, 3);
		ret->last_failed_at = db_get_int(&rows, 4);
		ret->streak = (unsigned)db_get_int(&rows, 5);
		incident_at = db_get_int(&rows, 6);
	}
	db_end(&rows);
	if (next < 0)
		return next;
	return incident_at ? read_incident(db, test_id, incident_at, &ret->incident) : 0;
}

/* A group that could not be written is written again: with the memory of a first time. */
static int begin_marks(struct store_event *e)
{
	store_answer_free(e->answer);
	e->answer = answer_new(STORE_SYNCED);
	if (e->answer)
		e->answer->synced = answer_alloc(e->answer, sizeof(*e->answer->synced));
	return e->answer && e->answer->synced ? 0 : -ENOMEM;
}

int sync_tests(struct db *db, struct entry *e)
{
	int err = begin_marks(&e->synced->event);
	struct store_answer *told = e->synced->event.answer;

	for (size_t i = 0; i < e->n_tests && !err; i++)
		err = sync_one(db, &e->tests[i], &e->known[i].id);
	if (!err)
		err = disable_others(db, e);
	for (size_t i = 0; i < e->n_tests && !err; i++) {
		struct store_known *k = &e->known[i];

		err = read_state(db, k->id, &k->kept);
		if (!err)
			err = failed(DB_FIRST(&k->newest_at, db, select_newest, db_int(k->id)));
		if (!err)
			err = told_read_newest(db, k->id, &k->newest);
		if (!err)
			err = told_read(db, k->id, told);
	}
	if (!err)
		err = told_read_left(db, told);
	for (size_t i = 0; !err && i < told->synced->n_left; i++)
		err = read_state(db, told->synced->left[i].id, &told->synced->left[i].kept);
	return err;
}

int sync_restore(
	struct db *db, const struct store_test *tests, const struct store_known *known, size_t n)
{
	struct db_value values[TEST_VALUES + 1];
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		values_of(&tests[i], values);
		values[TEST_VALUES] = db_int(known[i].id);
		err = failed(db_run(db, insert_test_with_id, values, COUNT(values), NULL));
	}
	return err;
}

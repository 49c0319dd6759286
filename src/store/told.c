#include "store/told.h"

#include <errno.h>

#include "store/row.h"

static const char upsert_told[] =
	"insert into told(test_id, receiver, begin_at, told, at) values($1, $2, $3, $4, $5)"
	" on conflict(test_id, receiver) do update set begin_at = excluded.begin_at,"
	" told = excluded.told, at = excluded.at where told.begin_at <= excluded.begin_at";
static const char select_told[] =
	"select receiver, begin_at, told, at from told where test_id = $1 order by receiver";
static const char select_newest[] = "select " ROW_INCIDENT " from incident where test_id = $1"
				    " order by begin_at desc limit 1";
static const char select_left[] =
	"select t.id, t.kind, t.pool, t.partner, t.direction, t.spec from test t"
	" where t.is_enabled = 0 and (exists (select 1 from test_state s"
	" where s.test_id = t.id and s.incident_at <> 0) or exists (select 1 from told d"
	" where d.test_id = t.id and d.told <> 2)) order by t.id";
_Static_assert(STORE_TOLD_END == 2, "as the text says");

int told_write(struct db *db, const struct store_mark *m)
{
	const int64_t n = DB_RUN(db, upsert_told, db_int(m->test_id), db_text(m->receiver),
		db_int(m->begin_at), db_int(m->told), db_int(m->at));

	return n < 0 ? (int)n : 0;
}

/* A number that this version does not know is as good as none: it is told once more. */
static enum store_told told_of(int64_t n)
{
	return n == STORE_TOLD_FAILING || n == STORE_TOLD_END ? (enum store_told)n
							      : STORE_TOLD_NOTHING;
}

static int add_mark(struct store_answer *ret, int64_t test_id, const struct db_rows *rows)
{
	struct store_synced *s = ret->synced;

	s->marks = answer_grow(ret, s->marks, s->n_marks, sizeof(*s->marks));
	if (!s->marks)
		return -ENOMEM;
	s->marks[s->n_marks++] = (struct store_mark){ .test_id = test_id,
		.receiver = slice_str(answer_text(ret, db_get(rows, 0))),
		.begin_at = db_get_int(rows, 1),
		.told = told_of(db_get_int(rows, 2)),
		.at = db_get_int(rows, 3) };
	return 0;
}

int told_read(struct db *db, int64_t test_id, struct store_answer *ret)
{
	struct db_rows rows = DB_BEGIN(db, select_told, db_int(test_id));
	int next = db_next(&rows), err = 0;

	for (; next > 0 && !err; next = db_next(&rows))
		err = add_mark(ret, test_id, &rows);
	db_end(&rows);
	return next < 0 ? next : err;
}

int told_read_newest(struct db *db, int64_t test_id, struct incident *ret)
{
	struct db_rows rows = DB_BEGIN(db, select_newest, db_int(test_id));
	const int next = db_next(&rows);

	*ret = (struct incident){ 0 };
	if (next > 0)
		row_read_incident(&rows, 0, ret);
	db_end(&rows);
	return next < 0 ? next : 0;
}

/* ---- those that are not tested any more ---- */

static int add_left(struct store_answer *ret, const struct db_rows *rows)
{
	struct store_synced *s = ret->synced;

	s->left = answer_grow(ret, s->left, s->n_left, sizeof(*s->left));
	if (!s->left)
		return -ENOMEM;
	s->left[s->n_left++] = (struct store_left){ .id = db_get_int(rows, 0),
		.kind = answer_text(ret, db_get(rows, 1)),
		.pool = answer_text(ret, db_get(rows, 2)),
		.partner = answer_text(ret, db_get(rows, 3)),
		.direction = answer_text(ret, db_get(rows, 4)),
		.spec = answer_text(ret, db_get(rows, 5)) };
	return 0;
}

int told_read_left(struct db *db, struct store_answer *ret)
{
	struct db_rows rows = db_begin(db, select_left, NULL, 0);
	int next = db_next(&rows), err = 0;

	for (; next > 0 && !err; next = db_next(&rows))
		err = add_left(ret, &rows);
	db_end(&rows);
	if (next < 0)
		return next;
	for (size_t i = 0; i < ret->synced->n_left && !err; i++) {
		struct store_left *left = &ret->synced->left[i];

		err = told_read_newest(db, left->id, &left->newest);
		if (!err)
			err = told_read(db, left->id, ret);
	}
	return err;
}

#include "store/salvage.h"

#include <errno.h>

enum {
	PIECE = 500, /* rows of one step */
	COLUMNS_MAX = 18,
	ID_GAP = 1000000, /* behind ids that could not be read */
};

#define FIGURES                                                                                    \
	"n_ok, n_unstable, n_failed, n_unknown, n_maintenance, n_maintenance_failed, worst,"       \
	" latency_us, signin_us, there_us, back_us, p95_us, max_us"

/* Whole tables, at once. */
#define WHOLE(name, columns, values)                                                               \
	{                                                                                          \
		"select " columns " from " name,                                                   \
			"insert into " name "(" columns ") values(" values ")"                     \
			" on conflict do nothing"                                                  \
	}
static const struct {
	const char *read, *write;
} wholes[] = {
	WHOLE("test",
		"id, kind, pool, partner, direction, location, interval_us, offset_us, is_enabled,"
		" spec",
		"$1, $2, $3, $4, $5, $6, $7, $8, $9, $10"),
	WHOLE("test_state",
		"test_id, state, since_at, last_at, last_ok_at, last_failed_at, streak,"
		" incident_at, reason, latency_us, median30_us",
		"$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11"),
	WHOLE("incident",
		"id, test_id, begin_at, end_at, last_at, reason, runs, times, is_flapping",
		"$1, $2, $3, $4, $5, $6, $7, $8, $9"),
	WHOLE("told", "test_id, receiver, begin_at, told, at", "$1, $2, $3, $4, $5"),
	WHOLE("audit", "number, at, who, what, source, result", "$1, $2, $3, $4, $5, $6"),
};

/* A test's rows, by their time.  The key is the second column. */
#define OF_TEST(name, key, columns, values)                                                        \
	{                                                                                          \
		"select test_id, " key ", " columns " from " name " where test_id = $1 and " key   \
		" > $2 and " key " < $3 order by " key " limit $4",                                \
			"select test_id, " key ", " columns " from " name                          \
			" where test_id = $1 and " key " > $2 and " key " < $3 order by " key      \
			" desc limit $4",                                                          \
			"insert into " name "(test_id, " key ", " columns ") values(" values ")"   \
			" on conflict do nothing"                                                  \
	}
static const struct {
	const char *up, *down, *write;
} tables[] = {
	OF_TEST("result", "scheduled_at",
		"late_us, state, has_passed, is_by_hand, reason, fail_phase, attempts, latency_us,"
		" signin_us, there_us, back_us, phases",
		"$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14"),
	OF_TEST("roll_hour", "begin_at", FIGURES ", hist, phases",
		"$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17"),
	OF_TEST("roll_day", "begin_at", FIGURES ", end_at, bad_us",
		"$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17"),
	OF_TEST("roll_day_hist", "begin_at", "hist, phases", "$1, $2, $3, $4"),
	OF_TEST("evidence", "scheduled_at", "is_kept, codec, result, trace",
		"$1, $2, $3, $4, $5, $6"),
};
enum { TABLE_RESULT, TABLES = COUNT(tables) };

static const char read_reasons[] = "select test_id, begin_at, reason, runs, last_at"
				   " from roll_day_reason where test_id = $1";
static const char write_reasons[] =
	"insert into roll_day_reason(test_id, begin_at, reason, runs, last_at)"
	" values($1, $2, $3, $4, $5) on conflict do nothing";
static const char next_test[] = "select id from test where id > $1 order by id limit 1";
static const char read_about[] = "select zone, raw_from from about";
static const char write_about[] = "update about set zone = $1, raw_from = $2";
static const char last_id[] = "select max(id) from test";
static const char skip_ids[] =
	"insert into test(id, kind, pool, partner, direction, location, interval_us, offset_us,"
	" is_enabled, spec) values($1, 'gap', '', '', '', '', 1, 0, 0, '')";
static const char skipped_ids[] = "delete from test where id = $1";
/* Hours that were lost, or not yet computed. */
static const char mark_hours[] =
	"insert into dirty_hour(test_id, begin_at)"
	" select distinct test_id, scheduled_at - scheduled_at % 3600000000 from result r"
	" where test_id = $1 and not exists (select 1 from roll_hour h where h.test_id = r.test_id"
	" and h.begin_at = scheduled_at - scheduled_at % 3600000000) on conflict do nothing";

static int failed(int64_t changes)
{
	return changes < 0 ? (int)changes : 0;
}

/* One row of the old file into the new one. */
static int copy_row(struct salvage *s, const struct db_rows *rows, unsigned n, const char *write)
{
	struct db_value values[COLUMNS_MAX];

	for (unsigned i = 0; i < n; i++)
		values[i] = db_get_value(rows, i);
	const int64_t changed = db_run(s->to, write, values, n, NULL);
	/* A row that the new file does not take is damaged, too. */
	return changed == -EINVAL ? 0 : failed(changed);
}

/* *ret_is_read: to its end. */
static int copy_rows(struct salvage *s, struct db_rows rows, const char *write, bool *ret_is_read)
{
	int next = db_next(&rows), err = 0;

	for (; next > 0 && !err; next = db_next(&rows))
		err = copy_row(s, &rows, db_columns(&rows), write);
	db_end(&rows);
	*ret_is_read = next == 0;
	return err;
}

/* ---- at once ---- */

static int copy_about(struct salvage *s)
{
	struct db_rows rows = db_begin(s->from, read_about, NULL, 0);
	bool is_read;

	return copy_rows(s, rows, write_about, &is_read);
}

/* An id that could not be read must not become another test's. */
static int leave_gap(struct salvage *s)
{
	int64_t id = 0;
	int err = failed(db_run(s->to, last_id, NULL, 0, &id));

	id += ID_GAP;
	if (!err)
		err = failed(DB_RUN(s->to, skip_ids, db_int(id)));
	return err ? err : failed(DB_RUN(s->to, skipped_ids, db_int(id)));
}

static int copy_wholes(struct salvage *s)
{
	int err = copy_about(s);

	for (unsigned i = 0; i < COUNT(wholes) && !err; i++) {
		struct db_rows rows = db_begin(s->from, wholes[i].read, NULL, 0);
		bool is_read;

		err = copy_rows(s, rows, wholes[i].write, &is_read);
		if (!err && i == 0 && !is_read)
			err = leave_gap(s);
	}
	return err;
}

int salvage_begin(struct salvage *s, const char *name, struct db *to)
{
	*s = (struct salvage){ .to = to, .at = { .table = TABLES } };
	if (sqlite_open(&s->from, name, DB_LOOK)) {
		s->from = NULL;
		return leave_gap(s);
	}
	return copy_wholes(s);
}

void salvage_done(struct salvage *s)
{
	s->from = db_close(s->from);
}

/* ---- step by step ---- */

static void begin_table(struct salvage_at *at)
{
	at->low = INT64_MIN;
	at->high = INT64_MAX;
	at->is_descending = false;
}

/* The next piece of a table; it is over at its end, or where both ways are barred. */
static int copy_piece(struct salvage *s)
{
	struct salvage_at *at = &s->at;
	const char *const sql = at->is_descending ? tables[at->table].down : tables[at->table].up;
	struct db_rows rows = DB_BEGIN(s->from, sql, db_int(at->test_id), db_int(at->low),
		db_int(at->high), db_int(PIECE));
	int next = db_next(&rows), err = 0;
	unsigned n = 0;

	for (; next > 0 && !err; next = db_next(&rows), n++) {
		*(at->is_descending ? &at->high : &at->low) = db_get_int(&rows, 1);
		err = copy_row(s, &rows, db_columns(&rows), tables[at->table].write);
		at->runs += at->table == TABLE_RESULT;
	}
	db_end(&rows);
	if (err)
		return err;
	if (next < 0 && !at->is_descending) {
		at->is_descending = true;
	} else if (next < 0 || n < PIECE) {
		at->table++;
		begin_table(at);
	}
	return 1;
}

static int end_test(struct salvage *s)
{
	const struct db_value id = db_int(s->at.test_id);
	bool is_read;
	int err = copy_rows(s, DB_BEGIN(s->from, read_reasons, id), write_reasons, &is_read);

	return err ? err : failed(DB_RUN(s->to, mark_hours, id));
}

int salvage_step(struct salvage *s)
{
	int64_t id = 0;
	int err = 0;

	if (!s->from)
		return 0;
	if (s->at.table < TABLES)
		return copy_piece(s);
	if (s->at.test_id)
		err = end_test(s);
	if (!err)
		err = failed(DB_FIRST(&id, s->to, next_test, db_int(s->at.test_id)));
	if (err || id == 0)
		return err;
	s->at.test_id = id;
	s->at.table = 0;
	begin_table(&s->at);
	return 1;
}

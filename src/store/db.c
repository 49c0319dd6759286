#include "store/db.h"

#include <time.h>

static const struct db_texts begin_write = { { "begin immediate", "begin" } };

ts_t db_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return TS_S((ts_t)t.tv_sec) + (ts_t)t.tv_nsec / 1000;
}

struct db *db_close(struct db *db)
{
	if (db)
		db->ops->close(db);
	return NULL;
}

void db_limit(struct db *db, ts_t deadline, const atomic_bool *stop)
{
	db->ops->limit(db, deadline, stop);
}

bool db_is_lost(const struct db *db)
{
	return db->ops->is_lost(db);
}

int db_exec(struct db *db, const char *sql)
{
	return db->ops->exec(db, sql);
}

struct db_rows db_begin(struct db *db, const char *sql, const struct db_value *args, unsigned n)
{
	struct db_rows rows = { .db = db };

	db->ops->begin(&rows, sql, args, n);
	return rows;
}

int db_next(struct db_rows *rows)
{
	return rows->err ? rows->err : rows->db->ops->next(rows);
}

int64_t db_get_int(const struct db_rows *rows, unsigned column)
{
	return rows->db->ops->get_int(rows, column);
}

int64_t db_get_int_or(const struct db_rows *rows, unsigned column, int64_t none)
{
	return db_is_null(rows, column) ? none : db_get_int(rows, column);
}

struct slice db_get(const struct db_rows *rows, unsigned column)
{
	return rows->db->ops->get(rows, column);
}

bool db_is_null(const struct db_rows *rows, unsigned column)
{
	return rows->db->ops->is_null(rows, column);
}

void db_end(struct db_rows *rows)
{
	if (rows->statement)
		rows->db->ops->end(rows);
	rows->statement = NULL;
}

int64_t db_run(
	struct db *db, const char *sql, const struct db_value *args, unsigned n, int64_t *ret)
{
	struct db_rows rows = db_begin(db, sql, args, n);
	int next = db_next(&rows);

	if (next > 0 && ret && !db_is_null(&rows, 0))
		*ret = db_get_int(&rows, 0);
	while (next > 0)
		next = db_next(&rows);
	db_end(&rows);
	return next < 0 ? next : db->ops->changed(db);
}

int db_simple(struct db *db, const char *sql)
{
	const int64_t n = db_run(db, sql, NULL, 0, NULL);

	return n < 0 ? (int)n : 0;
}

int db_begin_write(struct db *db)
{
	return db_simple(db, db_text_of(db, &begin_write));
}

void db_rollback(struct db *db)
{
	db->ops->rollback(db);
}

const char *db_error(const struct db *db)
{
	return db->ops->error(db);
}

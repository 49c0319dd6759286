#include "store/sqlite.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <time.h>

enum {
	INSTRUCTIONS = 10000, /* of SQLite's machine between two looks at the clock: under 1 ms */
	WAIT_MS = 50,         /* for the lock of another process, who may be quick */
	MEMORY_LEAST = 3 << 20,
	MEMORY_OF_TEST = 32 << 10, /* its last leaves of each table, and an index's */
	MEMORY_MOST = 32 << 20,
};

struct prepared {
	const char *sql;
	sqlite3_stmt *statement;
	int places[DB_ARGS_MAX]; /* of $1 .. in it: SQLite numbers names as they come; 0: not there
				  */
	bool is_running;
};

struct db {
	sqlite3 *sqlite;
	unsigned n;
	struct prepared prepared[DB_TEXTS_MAX];
	ts_t deadline;
	const atomic_bool *stop;
};

static int error_of(int rc)
{
	static const struct {
		int rc, err;
	} errors[] = {
		{ SQLITE_OK, 0 },
		{ SQLITE_ROW, 0 },
		{ SQLITE_DONE, 0 },
		{ SQLITE_FULL, -ENOSPC },
		{ SQLITE_BUSY, -EBUSY },
		{ SQLITE_LOCKED, -EBUSY },
		{ SQLITE_PROTOCOL, -EBUSY },
		{ SQLITE_CORRUPT, -EBADMSG },
		{ SQLITE_NOTADB, -EBADMSG },
		{ SQLITE_INTERRUPT, -ETIMEDOUT },
		{ SQLITE_NOMEM, -ENOMEM },
		{ SQLITE_READONLY, -EROFS },
		{ SQLITE_PERM, -EACCES },
		{ SQLITE_AUTH, -EACCES },
		{ SQLITE_CANTOPEN, -EACCES },
		{ SQLITE_ERROR, -EINVAL },
		{ SQLITE_CONSTRAINT, -EINVAL },
		{ SQLITE_MISMATCH, -EINVAL },
		{ SQLITE_MISUSE, -EINVAL },
		{ SQLITE_RANGE, -EINVAL },
		{ SQLITE_TOOBIG, -EINVAL },
		{ SQLITE_SCHEMA, -EINVAL },
	};

	for (size_t i = 0; i < COUNT(errors); i++)
		if (errors[i].rc == (rc & 0xff))
			return errors[i].err;
	return -EIO;
}

ts_t sqlite_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return TS_S((ts_t)t.tv_sec) + (ts_t)t.tv_nsec / 1000;
}

/* ---- life ---- */

static int has_to_stop(void *arg)
{
	const struct db *db = arg;

	return (db->stop && atomic_load(db->stop)) ||
	       (db->deadline != TS_NEVER && sqlite_clock() >= db->deadline);
}

void sqlite_limit(struct db *db, ts_t deadline, const atomic_bool *stop)
{
	db->deadline = deadline;
	db->stop = stop;
	sqlite3_progress_handler(db->sqlite, INSTRUCTIONS, has_to_stop, db);
}

/* Of ten tests a cache has nothing that the system's own does not give as fast. */
void sqlite_set_memory(size_t n_tests)
{
	const size_t bytes = MEMORY_LEAST + n_tests * MEMORY_OF_TEST;

	sqlite3_soft_heap_limit64((sqlite3_int64)(bytes < MEMORY_MOST ? bytes : MEMORY_MOST));
}

/* Memory is for pages of the file: what a month's report reads, and no more. */
static int configure(struct db *db, enum db_mode mode)
{
	if (mode != DB_WRITER) {
		sqlite3_db_config(
			db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, mode == DB_LOOK, NULL);
		return db_exec(db, "pragma query_only = 1; pragma cache_size = -16000;"
				   "pragma temp_store = memory");
	}
	return db_exec(db, "pragma synchronous = full; pragma temp_store = memory;"
			   "pragma cache_size = -8000; pragma journal_size_limit = 67108864");
}

int sqlite_open(struct db **ret, const char *path, enum db_mode mode)
{
	struct db *db = mem_alloc0(sizeof(*db));

	if (!db)
		return -ENOMEM;
	db->deadline = TS_NEVER;
	int err = error_of(sqlite3_open_v2(
		path, &db->sqlite, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL));
	if (!err) {
		sqlite3_busy_timeout(db->sqlite, WAIT_MS);
		err = configure(db, mode);
	}
	if (err)
		db_close(db);
	else
		*ret = db;
	return err;
}

void sqlite_leave_log(struct db *db)
{
	if (db)
		sqlite3_db_config(db->sqlite, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

struct db *db_close(struct db *db)
{
	if (!db)
		return NULL;
	for (unsigned i = 0; i < db->n; i++)
		sqlite3_finalize(db->prepared[i].statement);
	sqlite3_close_v2(db->sqlite);
	return mem_free(db);
}

/* ---- statements ---- */

int db_exec(struct db *db, const char *sql)
{
	return error_of(sqlite3_exec(db->sqlite, sql, NULL, NULL, NULL));
}

static void find_places(struct prepared *p)
{
	char name[] = "$00";

	for (unsigned i = 0; i < DB_ARGS_MAX; i++) {
		const unsigned n = i + 1;
		unsigned at = 1;

		if (n >= 10)
			name[at++] = (char)('0' + n / 10);
		name[at++] = (char)('0' + n % 10);
		name[at] = '\0';
		p->places[i] = sqlite3_bind_parameter_index(p->statement, name);
	}
}

static int prepare(struct db *db, const char *sql, struct prepared **ret)
{
	for (unsigned i = 0; i < db->n; i++)
		if (db->prepared[i].sql == sql) {
			*ret = &db->prepared[i];
			return 0;
		}
	assert(db->n < DB_TEXTS_MAX);
	struct prepared *p = &db->prepared[db->n];
	const int err = error_of(sqlite3_prepare_v3(
		db->sqlite, sql, -1, SQLITE_PREPARE_PERSISTENT, &p->statement, NULL));

	if (err)
		return err;
	p->sql = sql;
	find_places(p);
	db->n++;
	*ret = p;
	return 0;
}

static int bind(const struct prepared *p, unsigned i, const struct db_value *v)
{
	const int place = p->places[i];
	const void *bytes = v->s.p ? (const void *)v->s.p : "";

	if (place == 0)
		return 0;
	switch (v->type) {
	case DB_NULL: return sqlite3_bind_null(p->statement, place);
	case DB_INT: return sqlite3_bind_int64(p->statement, place, v->i);
	case DB_TEXT:
		return sqlite3_bind_text64(
			p->statement, place, bytes, v->s.n, SQLITE_STATIC, SQLITE_UTF8);
	case DB_BLOB: return sqlite3_bind_blob64(p->statement, place, bytes, v->s.n, SQLITE_STATIC);
	}
	return SQLITE_MISUSE;
}

struct db_rows db_begin(struct db *db, const char *sql, const struct db_value *args, unsigned n)
{
	struct prepared *p = NULL;
	struct db_rows rows = { .db = db };

	assert(n <= DB_ARGS_MAX);
	rows.err = prepare(db, sql, &p);
	if (rows.err)
		return rows;
	assert(!p->is_running);
	for (unsigned i = 0; i < n && !rows.err; i++)
		rows.err = error_of(bind(p, i, &args[i]));
	p->is_running = true;
	rows.statement = p;
	return rows;
}

int db_next(struct db_rows *rows)
{
	const struct prepared *p = rows->statement;

	if (rows->err)
		return rows->err;
	const int rc = sqlite3_step(p->statement);
	if (rc == SQLITE_ROW)
		return 1;
	rows->err = error_of(rc);
	return rows->err;
}

static sqlite3_stmt *of(const struct db_rows *rows)
{
	return ((const struct prepared *)rows->statement)->statement;
}

int64_t db_get_int(const struct db_rows *rows, unsigned column)
{
	return sqlite3_column_int64(of(rows), (int)column);
}

bool db_is_null(const struct db_rows *rows, unsigned column)
{
	return sqlite3_column_type(of(rows), (int)column) == SQLITE_NULL;
}

int64_t db_get_int_or(const struct db_rows *rows, unsigned column, int64_t none)
{
	return db_is_null(rows, column) ? none : db_get_int(rows, column);
}

struct slice db_get(const struct db_rows *rows, unsigned column)
{
	const void *p = sqlite3_column_blob(of(rows), (int)column);

	return slice_of(p, p ? (size_t)sqlite3_column_bytes(of(rows), (int)column) : 0);
}

unsigned db_columns(const struct db_rows *rows)
{
	return (unsigned)sqlite3_column_count(of(rows));
}

struct db_value db_get_value(const struct db_rows *rows, unsigned column)
{
	switch (sqlite3_column_type(of(rows), (int)column)) {
	case SQLITE_INTEGER: return db_int(db_get_int(rows, column));
	case SQLITE_BLOB: return db_blob(db_get(rows, column));
	case SQLITE_NULL: return (struct db_value){ .type = DB_NULL };
	default: return db_text(db_get(rows, column));
	}
}

void db_end(struct db_rows *rows)
{
	struct prepared *p = rows->statement;

	if (!p)
		return;
	sqlite3_reset(p->statement);
	sqlite3_clear_bindings(p->statement);
	p->is_running = false;
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
	return next < 0 ? next : sqlite3_changes64(db->sqlite);
}

int db_simple(struct db *db, const char *sql)
{
	const int64_t n = db_run(db, sql, NULL, 0, NULL);

	return n < 0 ? (int)n : 0;
}

void db_rollback(struct db *db)
{
	if (!sqlite3_get_autocommit(db->sqlite))
		db_exec(db, "rollback");
}

const char *db_error(const struct db *db)
{
	return sqlite3_errmsg(db->sqlite);
}

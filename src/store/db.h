/* db.h - one connection to the history's database, as the queries see it.
 *
 * All that is asked goes through here: the texts are SQL that SQLite and PostgreSQL both take, with
 * $1, $2 ... for what is bound, and sums and counts cast to bigint.  The few that differ are a
 * struct db_texts.  What else an engine wants done its own way is its own business (store/engine.h)
 * and stands in the texts of the schema (store/schema.h).  A text is a literal: SQLite prepares it
 * once and knows it again by its address.
 *
 * A connection is one thread's.  One text is run once at a time.
 */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/ts.h"

enum {
	DB_TEXTS_MAX = 96, /* that one connection has prepared */
	DB_ARGS_MAX = 32,
};

enum db_type { DB_NULL, DB_INT, DB_TEXT, DB_BLOB };

struct db_value {
	enum db_type type;
	int64_t i;
	struct slice s; /* borrowed until the statement has run */
};

static inline struct db_value db_int(int64_t i)
{
	return (struct db_value){ .type = DB_INT, .i = i };
}
static inline struct db_value db_int_or_null(int64_t i, int64_t none)
{
	return (struct db_value){ .type = i == none ? DB_NULL : DB_INT, .i = i };
}
static inline struct db_value db_text(struct slice s)
{
	return (struct db_value){ .type = DB_TEXT, .s = s };
}
static inline struct db_value db_text_or_null(struct slice s)
{
	return (struct db_value){ .type = s.n ? DB_TEXT : DB_NULL, .s = s };
}
static inline struct db_value db_blob(struct slice s)
{
	return (struct db_value){ .type = DB_BLOB, .s = s };
}
static inline struct db_value db_blob_or_null(struct slice s)
{
	return (struct db_value){ .type = s.n ? DB_BLOB : DB_NULL, .s = s };
}

enum db_kind { DB_SQLITE, DB_POSTGRES, DB_KINDS };

struct db_texts { /* a statement that each engine has its own way */
	const char *of[DB_KINDS];
};

struct db { /* the first member of an engine's own */
	const struct db_ops *ops;
};

struct db_rows { /* plain data; of a statement that runs */
	struct db *db;
	void *statement;
	int row;
	int err; /* of its begin: told by db_next() */
};

struct db_ops { /* an engine: as the functions of these names below */
	enum db_kind kind;
	void (*close)(struct db *db);
	int (*exec)(struct db *db, const char *sql);
	void (*begin)(
		struct db_rows *rows, const char *sql, const struct db_value *args, unsigned n);
	int (*next)(struct db_rows *rows);
	int64_t (*get_int)(const struct db_rows *rows, unsigned column);
	struct slice (*get)(const struct db_rows *rows, unsigned column);
	bool (*is_null)(const struct db_rows *rows, unsigned column);
	void (*end)(struct db_rows *rows);
	int64_t (*changed)(const struct db *db);
	void (*limit)(struct db *db, ts_t deadline, const atomic_bool *stop);
	void (*rollback)(struct db *db);
	bool (*is_lost)(const struct db *db);
	const char *(*error)(const struct db *db);
};

ts_t db_clock(void); /* CLOCK_MONOTONIC */
struct db *db_close(struct db *db);
static inline bool db_is_shared(const struct db *db) /* with other watchers */
{
	return db->ops->kind == DB_POSTGRES;
}
static inline const char *db_text_of(const struct db *db, const struct db_texts *texts)
{
	return texts->of[db->ops->kind];
}
/* What runs longer than until `deadline`, or when *stop becomes true, ends with -ETIMEDOUT.  `stop`
 * may be NULL; borrowed until the next call. */
void db_limit(struct db *db, ts_t deadline, const atomic_bool *stop);
/* The server went away, or was too slow: nothing but db_close() is of use. */
bool db_is_lost(const struct db *db);
/* Statements without rows and arguments, divided by ';'.  0 or an error, see db_next(). */
int db_exec(struct db *db, const char *sql);

struct db_rows db_begin(struct db *db, const char *sql, const struct db_value *args, unsigned n);
#define DB_BEGIN(db, sql, ...)                                                                     \
	db_begin(db, sql, (const struct db_value[]){ __VA_ARGS__ },                                \
		COUNT(((const struct db_value[]){ __VA_ARGS__ })))
/* 1: a row; 0: there are no more.  -ENOSPC: the disk is full; -EBUSY: locked; -EBADMSG: damaged;
 * -ETIMEDOUT: it was told to stop; -ENOMEM, -EIO, -EROFS; -EINVAL: the statement or a value is not
 * possible.  Of a server also -ECONNRESET: it went away; -EAGAIN: another one was in the way, the
 * transaction is to be tried again; -ESTALE: there is no partition for it; -EACCES.  The
 * transaction may be gone behind an error; db_rollback() knows. */
int db_next(struct db_rows *rows);
/* Of the present row; valid until the next db_next().  NULL is 0 and empty. */
int64_t db_get_int(const struct db_rows *rows, unsigned column);
int64_t db_get_int_or(const struct db_rows *rows, unsigned column, int64_t none);
struct slice db_get(const struct db_rows *rows, unsigned column);
bool db_is_null(const struct db_rows *rows, unsigned column);
void db_end(struct db_rows *rows);

/* A statement without rows, or of whose rows the first one is wanted in `ret` (may be NULL; NULL
 * leaves it as it is).  The number of rows that it changed, or an error. */
int64_t db_run(
	struct db *db, const char *sql, const struct db_value *args, unsigned n, int64_t *ret);
#define DB_RUN(db, sql, ...)                                                                       \
	db_run(db, sql, (const struct db_value[]){ __VA_ARGS__ },                                  \
		COUNT(((const struct db_value[]){ __VA_ARGS__ })), NULL)
#define DB_FIRST(ret, db, sql, ...)                                                                \
	db_run(db, sql, (const struct db_value[]){ __VA_ARGS__ },                                  \
		COUNT(((const struct db_value[]){ __VA_ARGS__ })), ret)

int db_simple(struct db *db, const char *sql); /* prepared; without arguments.  0 or an error */
int db_begin_write(struct db *db);             /* a transaction */
void db_rollback(struct db *db);               /* if there is a transaction */
/* What the engine says of the last error: for the log. */
const char *db_error(const struct db *db);

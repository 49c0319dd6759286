/* sqlite.h - a connection to a file of SQLite. */
#pragma once

#include <stdatomic.h>

#include "base/ts.h"
#include "store/db.h"

enum db_mode {
	DB_WRITER,
	DB_READER, /* changes nothing */
	DB_LOOK,   /* changes nothing, and closing does not write the log into the file */
};

/* 0; errors as of db_next(). */
int sqlite_open(struct db **ret, const char *path, enum db_mode mode);
/* What runs longer than until `deadline` (CLOCK_MONOTONIC), or when *stop becomes true, ends with
 * -ETIMEDOUT.  `stop` may be NULL; borrowed until the next call. */
void sqlite_limit(struct db *db, ts_t deadline, const atomic_bool *stop);
void sqlite_leave_log(struct db *db); /* closing does not write the log into the file */
/* How much of the file all connections together keep in memory, by the tests that there are. */
void sqlite_set_memory(size_t n_tests);
ts_t sqlite_clock(void); /* CLOCK_MONOTONIC */

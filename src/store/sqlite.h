/* sqlite.h - a connection to a file of SQLite. */
#pragma once

#include "store/db.h"

enum db_mode {
	DB_WRITER,
	DB_READER, /* changes nothing */
	DB_LOOK,   /* changes nothing, and closing does not write the log into the file */
};

/* 0; errors as of db_next(). */
int sqlite_open(struct db **ret, const char *path, enum db_mode mode);
void sqlite_leave_log(struct db *db); /* closing does not write the log into the file */
/* Of any type, as it is; for who copies whole tables. */
struct db_value sqlite_value(const struct db_rows *rows, unsigned column);
unsigned sqlite_columns(const struct db_rows *rows);
/* How much of the file all connections together keep in memory, by the tests that there are. */
void sqlite_set_memory(size_t n_tests);

/* write.h - an entry as statements, within a transaction of the caller's. */
#pragma once

#include "store/db.h"
#include "store/entry.h"

enum { WRITE_HOURS = 4096 };
#define STORE_HOUR_US (INT64_C(3600) * 1000000)

struct writes {
	struct db *db;
	/* What is known to stand in dirty_hour: a test's runs of an hour need no more than one. */
	struct write_hour {
		int64_t test_id, begin_at;
	} hours[WRITE_HOURS];
	uint64_t written, duplicates;     /* runs; in this transaction so far */
	struct buf phases, result, trace; /* scratch */
};

void write_init(struct writes *w);
void write_done(struct writes *w);
/* The transaction was rolled back, the database is another one, or the hour was taken out. */
void write_forget_hours(struct writes *w);
void write_forget_hour(struct writes *w, int64_t test_id, int64_t begin_at);
/* SYNC apart.  0, or an error of db_next(). */
int write_entry(struct writes *w, struct entry *e);
/* Rounded down, before 1970 too. */
int64_t write_hour_of(int64_t at);

/* row.h - a run between its struct and its columns. */
#pragma once

#include "store/db.h"
#include "store/query.h"

#define ROW_COLUMNS                                                                                \
	"test_id, scheduled_at, late_us, state, has_passed, is_by_hand, reason, fail_phase,"       \
	" attempts, latency_us, signin_us, there_us, back_us, phases"
enum { ROW_COLUMN_COUNT = 14 };
/* The same without the phases, whose reading costs as much as the rest. */
#define ROW_COLUMNS_PLAIN                                                                          \
	"test_id, scheduled_at, late_us, state, has_passed, is_by_hand, reason, fail_phase,"       \
	" attempts, latency_us, signin_us, there_us, back_us, null"
#define ROW_INCIDENT       "begin_at, end_at, last_at, reason, runs, times, is_flapping"
#define ROW_INCIDENT_NAMED "id, test_id, " ROW_INCIDENT
#define ROW_COUNTS         "n_ok, n_unstable, n_failed, n_unknown, n_maintenance, n_maintenance_failed"
enum { ROW_COUNTS_COUNT = 6 };

/* One that the history cannot name (it knew it, and this version does not) is the watcher's own. */
enum reason row_reason(struct slice id);
struct db_value row_reason_value(enum reason r); /* NULL: none */
enum watch_state row_state(int64_t number);
void row_read(const struct db_rows *rows, struct store_row *ret); /* from column 0 on */
void row_read_incident(const struct db_rows *rows, unsigned column, struct incident *ret);
void row_read_incident_named(
	const struct db_rows *rows, unsigned column, struct store_incident *ret);
void row_read_counts(const struct db_rows *rows, unsigned column, struct store_counts *ret);
void row_read_split(const struct db_rows *rows, unsigned column, struct store_split *ret);
/* Room for the phases' blob is `phases`, which lives as long as the values. */
void row_values(
	const struct store_row *row, struct buf *phases, struct db_value ret[ROW_COLUMN_COUNT]);

/* read.h - the answers, each from one read transaction of the caller's. */
#pragma once

#include "store/answer.h"
#include "store/db.h"

struct reading {
	struct db *db;
	const struct zone *zone;
	const struct store_query *query; /* within its limits */
	struct store_answer *answer;
};

/* 0, or an error of db_next(). */
int read_answer(struct reading *r);

int read_overview(struct reading *r);
int read_series(struct reading *r);
int read_runs(struct reading *r);
int read_run(struct reading *r);
int read_incidents(struct reading *r);
int read_incident(struct reading *r);
int read_reasons(struct reading *r);
int read_report(struct reading *r);
int read_audit(struct reading *r);
int read_tests(struct reading *r);
int read_states(struct reading *r);
int read_watchers(struct reading *r);

#define READ_SHORT_US (INT64_C(48) * 3600 * 1000000)

/* Most frequent first, of the answer's memory; from the days' rows, of one test or (0) of all. */
int read_day_reasons(struct reading *r, int64_t test_id, struct store_reason **ret, size_t *ret_n);
void read_sort_reasons(struct store_reason *rows, size_t n);
static inline int64_t read_to(const struct store_query *q) /* the end of time for 0 */
{
	return q->to ? q->to : INT64_MAX;
}

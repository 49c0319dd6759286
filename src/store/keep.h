/* keep.h - how long what is kept: runs, hours, the audit log; and how large the file may be.
 *
 * Runs go by whole days, in small pieces, a test at a time; then the file gives back what is free.
 * Of a server they go by whole months, each at once, and how much room there is is its business.
 * Where it is too large the oldest evidence goes first, then the oldest runs, then the oldest
 * hours, a day at a time, and the last two days stay.
 */
#pragma once

#include "store/partition.h"
#include "store/roll.h"

enum { KEEP_AUDIT_DAYS = 1100 };

struct keep {
	struct db *db;
	struct roll *roll;             /* whose raw_from it moves */
	struct partitions *partitions; /* of a server, where runs and evidence go by months */
	int64_t raw_us, hours_us;
	uint64_t size_max_bytes;

	int64_t next_at; /* of the next pass */
	bool is_passing, is_vacuuming;
	bool has_months; /* that may have to go */
	int64_t test_id; /* up to which this pass is */
	unsigned part;   /* of that test: which table */
	int64_t raw_cut, evidence_cut, hour_cut, audit_cut, watcher_cut;
	int64_t evidence_to, hour_to; /* how far the size has made it go */
	bool is_squeezing, is_told, has_news;
};

void keep_init(struct keep *k, struct roll *roll, unsigned raw_days, unsigned hour_days,
	uint64_t size_max_bytes);
void keep_begin(struct keep *k, struct db *db); /* another database */
/* As roll_step(). */
int keep_step(struct keep *k, int64_t now_at);
/* Something was given up for the size, since this was asked last: all before *ret_runs, the
 * evidence before *ret_evidence; false in *ret_fits: and it is still too large. */
bool keep_take_squeezed(struct keep *k, int64_t *ret_runs, int64_t *ret_evidence, bool *ret_fits);

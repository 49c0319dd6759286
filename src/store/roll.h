/* roll.h - the hours and days of tests, computed from their runs and kept behind these.
 *
 * Each run that is written leaves a mark for its hour, in the same transaction.  When the hour has
 * ended it is computed, and leaves a mark for its day; a late run makes the marks anew.  So an end
 * at any moment costs nothing.  The present hour is computed now and then, and the present day
 * with each of its hours: what pages show is at most some minutes old.
 *
 * Days are those of the zone, of 23 to 25 hours or another length, and are computed from the runs
 * themselves: they need not begin with an hour.  When the zone changes, days are computed anew as
 * far back as there are runs.
 */
#pragma once

#include "store/sum.h"
#include "store/write.h"

struct roll {
	struct writes *writes;
	struct db *db;
	struct zone zone;
	int64_t raw_from; /* from then on all runs are there */
	struct sum sum;
	struct buf hist, phases;               /* scratch */
	int64_t part_hour, part_test, part_at; /* of the present hour: up to which test, and when */
};

/* `zone_file` is borrowed; empty: UTC. 0; errors of zone_open(). */
int roll_init(struct roll *r, struct writes *writes, struct slice zone_file);
void roll_done(struct roll *r);
/* In a transaction: what stands in the database, which is of this zone from now on. */
int roll_begin(struct roll *r, struct db *db, const char *zone_name);
/* One piece of what is to be done, some milliseconds, in a transaction.  1: it was something; 0:
 * nothing is due; errors of db_next(). */
int roll_step(struct roll *r, int64_t now_at);

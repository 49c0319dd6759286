/* upkeep.h - what the writer does besides: roll-ups, then retention, in slices of a few
 * milliseconds, so that no run waits long for it. */
#pragma once

#include "store/keep.h"

struct upkeep {
	struct db *db;
	struct roll roll;
	struct keep keep;
};

/* 0; errors of zone_open().  What `cfg` points at is borrowed. */
int upkeep_init(struct upkeep *u, struct writes *writes, const struct store_cfg *cfg);
void upkeep_done(struct upkeep *u);
/* Another database. */
int upkeep_begin(struct upkeep *u, struct db *db, const char *zone_name);
/* One transaction of some steps.  1: there may be more; 0: nothing is due; errors of db_next(). */
int upkeep_slice(struct upkeep *u, int64_t now_at, ts_t budget);

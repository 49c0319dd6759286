/* partition.h - the months of runs and evidence in PostgreSQL.
 *
 * A month (UTC) is a table of its own, made before there is a row for it: without one the row is
 * refused, and with a partition for all the rest none could be made beside it.  CREATE ... LIKE and
 * ATTACH wait for no reader (CREATE ... PARTITION OF does).  What is old goes by DROP, whole months
 * at a time, which takes no more than a moment and leaves nothing to be cleaned up.
 */
#pragma once

#include "store/db.h"

enum { PARTITION_KNOWN = 64 };

struct partitions {
	int known[PARTITION_KNOWN]; /* months since 1970 that are there, at month % PARTITION_KNOWN;
				     * 0: none */
};

/* The month of `at`, made where it is missing; outside of a transaction.  0, or an error of
 * db_next(). */
int partition_make(struct partitions *p, struct db *db, int64_t at);
void partition_forget(struct partitions *p);
/* In a transaction: the months that ended before `cut` go.  1: one went, there may be more; 0: none
 * was left.  *ret_from becomes the first moment of which all is there, where that is later. */
int partition_drop(struct partitions *p, struct db *db, int64_t cut, int64_t *ret_from);

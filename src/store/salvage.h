/* salvage.h - what can still be read of a damaged file, taken over into a new one.
 *
 * Tests, their states and incidents at once, so that a test keeps its id; then, in small steps,
 * each test's rows: ascending until the first place that cannot be read, then descending to it.
 * What the new file has already is newer and stays.  (SQLite's own .recover is not in Debian's.)
 */
#pragma once

#include "store/sqlite.h"

struct salvage_at { /* plain data: who rolls back goes back to it */
	int64_t test_id;
	unsigned table;
	int64_t low, high; /* what lies between them was not looked at yet */
	bool is_descending;
	uint64_t runs; /* taken over */
};

struct salvage {
	struct db *from, *to;
	struct salvage_at at;
};

/* In a transaction of `to`.  `name` is the damaged file's.  0 or an error of `to`; a file that
 * cannot be opened at all is an empty one. */
int salvage_begin(struct salvage *s, const char *name, struct db *to);
/* As roll_step(): 1, 0: it is over, or an error of `to`. */
int salvage_step(struct salvage *s);
void salvage_done(struct salvage *s);

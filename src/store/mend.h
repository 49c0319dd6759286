/* mend.h - a damaged file is set aside, a new one takes its place, and what can be read of the old
 * one is taken over. */
#pragma once

#include "store/entry.h"
#include "store/reader.h"
#include "store/salvage.h"
#include "store/upkeep.h"

struct mend {
	const struct file *file;
	struct reader *reader;
	struct outlet *outlet;
	const char *zone_name;
	struct writes *writes;
	struct upkeep *upkeep;
	const struct entry *last_sync; /* whose tests keep their ids; NULL: none yet */
	struct salvage salvage;
	char *name; /* of the file that is being taken over, or is to be; NULL: none */
	bool is_aside;
};

/* The file, opened, and its upkeep begun: at the start, and again when `*db` was found damaged
 * (it is closed then).  0; errors of file_open() that are no damage; *why is only written then.
 * *db is NULL on failure, and it may be called again. */
int mend_open(struct mend *m, struct db **db, bool *ret_was_open, struct text *why);
/* It is damaged: nobody uses it any more. */
void mend_give_up(struct mend *m, struct db **db);
/* One transaction of taking over.  1: there is more; 0: there is nothing (more). */
int mend_slice(struct mend *m, struct db *db, ts_t budget);
void mend_done(struct mend *m);

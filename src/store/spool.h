/* spool.h - what waits on this machine's disk while the server is away: a file of SQLite.
 *
 * What was put is safe.  It goes to the server in the order in which it came, and from here once
 * it is there: an end in between sends it twice, and the second time changes nothing.  Bounded as
 * the queue is (store/entry.h): full, the evidence of OK runs goes first, then the oldest OK runs;
 * both are counted.  What is left may take twice the room; then what comes is refused.
 *
 * Runs, states and the audit log wait here.  They name tests by the ids of their database.
 */
#pragma once

#include "store/entry.h"
#include "store/file.h"

struct spool {
	struct db *db;
	uint64_t bytes_max; /* 0: STORE_SPOOL_BYTES_MAX */
	uint64_t n, bytes;
	int64_t last;                            /* the number of the last one that was taken */
	uint64_t dropped_runs, dropped_evidence; /* ever */
};

/* `f` is locked; a damaged spool is set aside.  0; ERR_SYNTAX: another's file, left as it is;
 * errors of file_lock(). */
int spool_open(struct spool *s, const struct file *f, struct text *why);
void spool_close(struct spool *s);
/* All of them, or none.  0; -ENOSPC and other errors of db_next(); ERR_LIMIT: it has no room. */
int spool_put(struct spool *s, struct list *entries);
/* The oldest ones, at most `max`, behind the end of the empty list `ret`.  0 or an error. */
int spool_take(struct spool *s, struct list *ret, unsigned max);
int spool_remove(struct spool *s); /* those that were taken last */

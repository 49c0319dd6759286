/* writer.h - the thread that writes: groups of entries, each in one transaction.
 *
 * While nothing can be written it holds what there is and tries again with pauses.  An entry that
 * the database refuses for itself (there is none that is known) holds up nobody: it is tried alone,
 * dropped and counted.  A damaged file is replaced (store/mend.h), whoever found it so.  What is
 * held for a server goes into the spool, and from there first when it is back.
 */
#pragma once

#include "store/check.h"
#include "store/engine.h"
#include "store/mend.h"
#include "store/partition.h"
#include "store/spool.h"

enum { WRITER_GROUP_MAX = 256 };

struct writer {
	struct queue queue; /* its mutex guards `stats`, too */
	struct outlet *outlet;
	const struct engine *engine;
	struct reader *reader;
	struct file file; /* the history's, or the spool's */
	struct store_cfg cfg;
	struct store_stats stats;
	pthread_t thread;

	struct db *db; /* NULL: to be opened again */
	struct writes writes;
	struct upkeep upkeep;
	struct mend mend;
	struct check check;
	bool has_upkeep;
	ts_t upkeep_after;
	struct entry *last_sync; /* whose ids the watcher has */
	int64_t seen_at;         /* of queue.now_at */
	bool is_held;
	ts_t pause, retry_at;
	size_t n_singles;                        /* to be tried alone */
	uint64_t dropped_runs, dropped_evidence; /* that were told */
	ts_t closing_until;
	bool was_marked_open;

	/* Of a server. */
	struct spool spool;
	struct list waiting; /* entries that only a database can take: a synchronisation */
	struct partitions partitions;
	bool is_of_spool; /* the group in hand */
	unsigned tries;   /* of it, that others were in the way of */
	bool was_lost;    /* the connection, since something was written */
	ts_t spool_after; /* its disk is full */
};

/* `w` is zeroed but for queue, outlet, engine, file and cfg; the reader runs.  Opens the file:
 * errors of store_open(). */
int writer_start(struct writer *w, struct reader *reader, struct text *why);
/* How many entries are lost. */
uint64_t writer_stop(struct writer *w);
void writer_done(struct writer *w); /* behind writer_stop(), or when it could not be started */
void writer_tell(struct writer *w, enum store_event_type type, uint64_t count, struct text text);
/* Nothing can be written: a pause, and it is told once. */
void writer_hold(struct writer *w, const struct text *why);

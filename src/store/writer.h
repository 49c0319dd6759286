/* writer.h - the thread that writes: groups of entries, each in one transaction.
 *
 * While nothing can be written it holds what there is and tries again with pauses.  An entry that
 * the database refuses for itself (there is none that is known) holds up nobody: it is tried alone,
 * dropped and counted.  A damaged file is replaced (store/mend.h), whoever found it so.
 */
#pragma once

#include "store/check.h"
#include "store/mend.h"

struct writer {
	struct queue queue; /* its mutex guards `stats`, too */
	struct outlet *outlet;
	struct file file;
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
};

/* `w` is zeroed but for queue, outlet, file and cfg; the reader runs.  Opens the file: errors of
 * store_open(). */
int writer_start(struct writer *w, struct reader *reader, struct text *why);
/* How many entries are lost. */
uint64_t writer_stop(struct writer *w);
void writer_done(struct writer *w); /* behind writer_stop(), or when it could not be started */

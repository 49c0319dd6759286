/* reader.h - the thread that answers: one question after the other, each in a transaction of its
 * own, so that none holds an old view of the file for long (its log could not shrink).
 *
 * The file may be exchanged for another one (it was damaged): who does it keeps the thread out
 * with reader_pause() and tells it with reader_resume().
 */
#pragma once

#include "store/engine.h"
#include "store/file.h"
#include "store/outlet.h"
#include "store/read.h"

struct reader {
	pthread_mutex_t mutex;
	pthread_cond_t news;
	struct list jobs;
	unsigned n_jobs;
	uint64_t last_id;
	uint64_t asked;
	ts_t answer_last, answer_max;
	bool is_closing;

	struct outlet *outlet;
	const struct engine *engine;
	const struct store_cfg *cfg;
	struct zone zone;
	pthread_mutex_t file;   /* held while a question is answered */
	struct db *db;          /* NULL: to be opened */
	atomic_bool stop;       /* the one in hand, too */
	atomic_bool is_damaged; /* it met damage; whoever mends it takes this back */
	pthread_t thread;
};

/* Both are borrowed. */
int reader_start(struct reader *r, struct outlet *outlet, const struct engine *engine,
	const struct store_cfg *cfg);
void reader_stop(struct reader *r); /* what was not answered yet is not */
uint64_t reader_push(struct reader *r, const struct store_query *q); /* as store_ask() */
void reader_pause(struct reader *r);
void reader_resume(struct reader *r);

/* entry.h - what was pushed and is not yet in the file: a queue between two threads.
 *
 * Bounded in entries and bytes.  When it is full the evidence of OK runs goes first, oldest first,
 * then the oldest OK runs that change no incident; both are counted.  What is left may take twice
 * the room; then what comes is refused.
 *
 * The mutex is the queue's own.  Entries that were taken are the taker's until he frees them or
 * puts them back.
 */
#pragma once

#include <pthread.h>

#include "store/outlet.h"

enum entry_kind { ENTRY_RUN, ENTRY_STATE, ENTRY_MARK, ENTRY_AUDIT, ENTRY_SYNC };

struct kept_state { /* of struct state, what the history has */
	enum watch_state state;
	int64_t since_at, last_at, last_ok_at, last_failed_at, incident_at;
	unsigned streak;
};

struct entry {
	struct list node;
	uint64_t number;
	enum entry_kind kind;
	size_t bytes; /* all of it */

	struct store_row row; /* RUN; STATE: test_id alone */
	bool has_state;
	struct kept_state state;
	struct incident incidents[STORE_INCIDENTS_MAX];
	unsigned n_incidents;
	struct slice result_json, trace_json; /* of `evidence` */
	void *evidence;

	struct store_mark mark;
	struct store_audit audit; /* of `text`, as the mark's and the tests' names are */
	struct store_test *tests;
	struct store_known *known; /* to be filled in */
	struct parcel *synced;     /* with room for its copy */
	size_t n_tests;
	void *text;
};

struct entry *entry_of_run(const struct store_run *run); /* these five: NULL without memory */
struct entry *entry_of_state(int64_t test_id, const struct state *state,
	const struct incident *incidents, unsigned n_incidents);
struct entry *entry_of_mark(const struct store_mark *mark);
struct entry *entry_of_audit(const struct store_audit *audit);
struct entry *entry_of_sync(const struct store_test *tests, size_t n);
struct entry *entry_free(struct entry *e);

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t news; /* an entry, the time, the end */
	struct list entries;
	size_t n, bytes;
	size_t n_passed; /* that may be dropped */
	uint64_t last_number;
	int64_t now_at;
	bool is_closing;
	uint64_t dropped_runs, dropped_evidence;
};

int queue_init(struct queue *q);
void queue_done(struct queue *q);
/* Its number; 0: there is no room, or `e` is NULL.  Takes `e` in any case. */
uint64_t queue_push(struct queue *q, struct entry *e);
/* At most `max` of the oldest entries, moved behind the end of the empty list `ret`. */
size_t queue_take(struct queue *q, struct list *ret, size_t max);
void queue_put_back(struct queue *q, struct list *entries); /* in front, in their order */

#include "store/writer.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>

#include "store/leases.h"
#include "store/sync.h"

enum {
	PAUSES = 64, /* the longest pause, in shortest ones */
};
#define CLOSING_MAX  TS_S(5)
#define SLICE_IDLE   TS_MS(10) /* of upkeep: so long a run may wait for it */
#define UPKEEP_PAUSE TS_S(10)  /* behind one that failed */

static const char begin[] = "begin";
static const char commit[] = "commit";

void writer_tell(struct writer *w, enum store_event_type type, uint64_t count, struct text text)
{
	outlet_put(w->outlet, &(struct store_event){ .type = type, .count = count, .text = text });
}

/* ---- waiting ---- */

static void await_until(struct queue *q, ts_t until)
{
	const struct timespec t = {
		.tv_sec = (time_t)(until / TS_S(1)),
		.tv_nsec = (long)(until % TS_S(1)) * 1000,
	};

	if (until == TS_NEVER)
		pthread_cond_wait(&q->news, &q->mutex);
	else
		pthread_cond_timedwait(&q->news, &q->mutex, &t);
}

static bool can_spool(const struct writer *w)
{
	return w->spool.db && w->queue.n > 0;
}

static bool has_work(const struct writer *w)
{
	const struct queue *q = &w->queue;

	if (q->is_closing || check_has_result(&w->check))
		return true;
	if (w->is_held)
		return db_clock() >= w->retry_at || (can_spool(w) && db_clock() >= w->spool_after);
	return q->n > 0 || w->spool.n > 0 || q->now_at != w->seen_at || w->has_upkeep;
}

static ts_t next_look(const struct writer *w)
{
	if (!w->is_held)
		return TS_NEVER;
	return can_spool(w) ? ts_min(w->retry_at, w->spool_after) : w->retry_at;
}

/* False: it is over.  At the end what is held gets one more try. */
static bool await_work(struct writer *w)
{
	struct queue *q = &w->queue;

	pthread_mutex_lock(&q->mutex);
	while (!has_work(w))
		await_until(q, next_look(w));
	w->seen_at = q->now_at;
	bool goes_on = true;
	if (q->is_closing) {
		if (w->closing_until == 0)
			w->closing_until = ts_add(db_clock(), CLOSING_MAX);
		else if (w->is_held || db_clock() >= w->closing_until)
			goes_on = false;
		if (q->n == 0)
			goes_on = false;
	}
	pthread_mutex_unlock(&q->mutex);
	return goes_on;
}

/* ---- a group ---- */

static int write_one(struct writer *w, struct entry *e)
{
	switch (e->kind) {
	case ENTRY_SYNC: return sync_tests(w->db, e);
	case ENTRY_LEASE: return leases_run(w->db, &w->cfg, e->lease);
	case ENTRY_RUN:
	case ENTRY_STATE:
	case ENTRY_MARK:
	case ENTRY_AUDIT: return write_entry(&w->writes, e);
	}
	return -EINVAL;
}

static bool is_sync_alone(const struct list *group)
{
	const struct entry *e = LIST_FIRST(group, struct entry, node);

	return e->kind == ENTRY_SYNC && group->next == group->prev;
}

static int write_all(struct writer *w, struct list *group)
{
	struct list *n, *t;
	int err = is_sync_alone(group) ? 0 : w->engine->mark(w);

	LIST_EACH(n, t, group)
	{
		if (err)
			break;
		err = write_one(w, LIST_OWNER(n, struct entry, node));
	}
	return err;
}

static int try_group(struct writer *w, struct list *group)
{
	const bool marks = !is_sync_alone(group);
	int err = w->engine->prepare(w, group);

	w->writes.written = w->writes.duplicates = 0;
	if (!err)
		err = marks ? db_begin_write(w->db) : db_simple(w->db, begin);
	if (!err)
		err = write_all(w, group);
	if (!err)
		err = db_simple(w->db, commit);
	if (err) {
		db_rollback(w->db);
		write_forget_hours(&w->writes);
		return err;
	}
	w->was_marked_open |= marks;
	return 0;
}

static void send_synced(struct writer *w, struct entry *e)
{
	struct parcel *p = e->synced;

	assert(p && "made with the entry, and sent once");
	p->event.number = e->number;
	for (size_t i = 0; i < e->n_tests; i++)
		p->event.known[i] = e->known[i];
	e->synced = NULL;
	outlet_send(w->outlet, p);
	entry_free(w->last_sync);
	w->mend.last_sync = w->last_sync = e;
}

/* Where there is no memory for its own, one of several is told. */
static void send_fenced(struct writer *w, const struct entry *e)
{
	struct parcel *p = parcel_new(STORE_EV_FENCED);
	const struct store_event event = { .type = STORE_EV_FENCED,
		.number = e->number,
		.test_id = e->row.test_id,
		.fence = e->state.fence };

	if (p) {
		p->event = event;
		outlet_send(w->outlet, p);
	} else {
		outlet_put(w->outlet, &event);
	}
}

static uint64_t finish_entries(struct writer *w, struct list *group)
{
	uint64_t last = 0;

	while (!list_empty(group)) {
		struct entry *e = LIST_FIRST(group, struct entry, node);

		list_remove(&e->node);
		last = e->number;
		if (e->is_fenced)
			send_fenced(w, e);
		if (e->kind == ENTRY_LEASE)
			leases_send(w->outlet, &e->lease);
		if (e->kind == ENTRY_SYNC)
			send_synced(w, e);
		else
			entry_free(e);
	}
	return last;
}

static void count_group(struct writer *w, ts_t took)
{
	struct store_stats *s = &w->stats;

	pthread_mutex_lock(&w->queue.mutex);
	s->groups++;
	s->written += w->writes.written;
	s->duplicates += w->writes.duplicates;
	s->commit_last_us = took;
	if (took > s->commit_max_us)
		s->commit_max_us = took;
	pthread_mutex_unlock(&w->queue.mutex);
}

static void resume(struct writer *w, size_t n)
{
	w->is_held = false;
	w->pause = 0;
	pthread_mutex_lock(&w->queue.mutex);
	w->stats.is_held = false;
	n += w->queue.n + w->spool.n;
	pthread_mutex_unlock(&w->queue.mutex);
	writer_tell(w, STORE_EV_RESUMED, n, TEXT_PLAIN(NULL));
}

/* ---- when it cannot be written ---- */

void writer_hold(struct writer *w, const struct text *why)
{
	const ts_t shortest = TS_MS(w->cfg.pause_ms);

	/* Before it is told: who hears of it may look. */
	pthread_mutex_lock(&w->queue.mutex);
	w->stats.is_held = true;
	pthread_mutex_unlock(&w->queue.mutex);
	if (!w->is_held)
		writer_tell(w, STORE_EV_HELD, 0, *why);
	w->is_held = true;
	w->tries = 0;
	w->pause = w->pause ? ts_min(2 * w->pause, PAUSES * shortest) : shortest;
	w->retry_at = ts_add(db_clock(), w->pause);
}

static void hold_for_spool(struct writer *w, int err)
{
	const struct text why = file_text(&w->file, err);

	writer_hold(w, &why);
}

/* It is at the server: here it can go. */
static void clear_spool(struct writer *w)
{
	const int err = spool_remove(&w->spool);

	pthread_mutex_lock(&w->queue.mutex);
	w->stats.spooled = w->spool.n;
	w->stats.spooled_bytes = w->spool.bytes;
	pthread_mutex_unlock(&w->queue.mutex);
	if (err)
		hold_for_spool(w, err);
}

static void finish(struct writer *w, struct list *group, size_t n, ts_t took)
{
	const uint64_t last = finish_entries(w, group);

	count_group(w, took);
	w->was_lost = false;
	w->tries = 0;
	if (w->is_held)
		resume(w, w->is_of_spool ? 0 : n);
	w->n_singles -= w->n_singles ? 1 : 0;
	if (w->is_of_spool)
		clear_spool(w);
	else
		outlet_put(w->outlet,
			&(struct store_event){ .type = STORE_EV_WRITTEN, .number = last });
}

static void drop(struct writer *w, struct list *group)
{
	struct entry *e = LIST_FIRST(group, struct entry, node);

	pthread_mutex_lock(&w->queue.mutex);
	w->queue.dropped_runs++;
	pthread_mutex_unlock(&w->queue.mutex);
	if (e->kind == ENTRY_LEASE)
		leases_refuse(w->outlet, &e->lease, LEASE_REFUSED);
	entry_free(e);
	w->n_singles -= w->n_singles ? 1 : 0;
	if (w->is_of_spool)
		clear_spool(w);
}

static void close_lost(struct writer *w)
{
	if (w->db && db_is_lost(w->db))
		w->db = db_close(w->db);
}

/* What is of the spool is still there. */
static void put_back(struct writer *w, struct list *group)
{
	struct list *n, *t;

	if (!w->is_of_spool) {
		queue_put_back(&w->queue, group);
		return;
	}
	LIST_EACH(n, t, group)
	entry_free(LIST_OWNER(n, struct entry, node));
}

static void refuse(struct writer *w, struct list *group, size_t n, int err)
{
	const struct text why = w->engine->text(w, err);

	if (err == -EINVAL && n == 1) {
		drop(w, group);
		return;
	}
	put_back(w, group);
	if (err == -EINVAL)
		w->n_singles = n;
	else if (!w->engine->failed(w, err))
		writer_hold(w, &why);
	close_lost(w);
}

/* What waited longest. 0: nothing does, or it cannot be read. */
static size_t take(struct writer *w, struct list *group)
{
	const unsigned max = w->n_singles ? 1 : WRITER_GROUP_MAX;
	size_t n = 0;

	w->is_of_spool = w->spool.n > 0;
	if (!w->is_of_spool)
		return queue_take(&w->queue, group, max);
	const int err = spool_take(&w->spool, group, max);
	for (struct list *i = group->next; i != group; i = i->next)
		n++;
	if (!err)
		return n;
	put_back(w, group);
	hold_for_spool(w, err);
	return 0;
}

/* How many were taken. */
static size_t write_group(struct writer *w)
{
	struct list group;

	list_init(&group);
	const size_t n = take(w, &group);
	if (n == 0 && w->is_held && !w->is_of_spool)
		resume(w, 0); /* all that was held was dropped */
	if (n == 0)
		return 0;
	const ts_t began = db_clock();
	const int err = try_group(w, &group);
	if (err)
		refuse(w, &group, n, err);
	else
		finish(w, &group, n, db_clock() - began);
	return n;
}

static void tell_dropped(struct writer *w)
{
	struct queue *q = &w->queue;

	pthread_mutex_lock(&q->mutex);
	const uint64_t runs = q->dropped_runs - w->dropped_runs;
	const uint64_t evidence = q->dropped_evidence - w->dropped_evidence;
	w->dropped_runs = q->dropped_runs;
	w->dropped_evidence = q->dropped_evidence;
	pthread_mutex_unlock(&q->mutex);
	if (runs || evidence)
		outlet_put(w->outlet,
			&(struct store_event){
				.type = STORE_EV_DROPPED, .count = runs, .evidence = evidence });
}

/* ---- besides ---- */

static void tell_squeezed(struct writer *w)
{
	static const char gone[] =
		N_("The history {1} had its largest size: evidence of before {2} "
		   "and runs of before {3} were given up for it. Allow it more, or "
		   "test less often.");
	static const char stays[] =
		N_("The history {1} is larger than it may be, and only its last two days could "
		   "still go. Allow it more, or test less often.");
	const struct text_arg path = text_str(w->file.path);
	int64_t runs, evidence;
	bool fits;

	if (!keep_take_squeezed(&w->upkeep.keep, &runs, &evidence, &fits))
		return;
	writer_tell(w, STORE_EV_SHRUNK, 0,
		fits ? TEXT(gone, path, text_date(evidence / 1000000), text_date(runs / 1000000))
		     : TEXT(stays, path));
}

/* Nothing is lost when it fails: what is to be done stands in the database. */
static void do_upkeep(struct writer *w, ts_t budget)
{
	const ts_t now = db_clock();

	w->has_upkeep = false;
	if (!w->db || w->is_held || now < w->upkeep_after)
		return;
	const int done = w->engine->work(w, budget);
	if (done < 0) {
		const struct text why = w->engine->text(w, done);

		write_forget_hours(&w->writes);
		if (w->engine->failed(w, done) && !w->db)
			return;
		if (db_is_lost(w->db))
			writer_hold(w, &why);
		w->tries = 0;
		w->upkeep_after = ts_add(now, UPKEEP_PAUSE);
		close_lost(w);
	} else {
		w->was_lost = false;
	}
	w->has_upkeep = done > 0;
	tell_squeezed(w);
}

static bool has_db(struct writer *w)
{
	struct text why;

	if (w->db)
		return true;
	if (w->engine->open(w, &why) == 0)
		return true;
	writer_hold(w, &why);
	return false;
}

/* ---- life ---- */

static bool is_paused(const struct writer *w)
{
	return w->is_held && !w->closing_until && db_clock() < w->retry_at;
}

static void *run(void *arg)
{
	struct writer *w = arg;

	while (await_work(w)) {
		w->engine->look(w);
		tell_dropped(w);
		if (is_paused(w) || !has_db(w))
			continue;
		const size_t n = write_group(w);
		tell_dropped(w);
		do_upkeep(w, n ? 0 : SLICE_IDLE);
	}
	w->engine->stop(w);
	return NULL;
}

static int start(struct writer *w, struct text *why)
{
	const int err = upkeep_init(&w->upkeep, &w->writes, &w->cfg);

	list_init(&w->waiting);
	w->has_upkeep = true; /* something may have to be taken over */
	if (!err)
		return w->engine->start(w, why);
	*why = TEXT_PLAIN(N_("The file of the time zone cannot be read."));
	return err;
}

int writer_start(struct writer *w, struct reader *reader, struct text *why)
{
	sigset_t all, before;

	write_init(&w->writes);
	w->reader = reader;
	int err = start(w, why);
	if (err)
		return err;
	sigfillset(&all); /* a signal is the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		*why = w->engine->text(w, err);
	return err;
}

uint64_t writer_stop(struct writer *w)
{
	pthread_mutex_lock(&w->queue.mutex);
	w->queue.is_closing = true;
	pthread_cond_signal(&w->queue.news);
	pthread_mutex_unlock(&w->queue.mutex);
	pthread_join(w->thread, NULL);
	return w->queue.n;
}

void writer_done(struct writer *w)
{
	w->engine->done(w);
	entry_free(w->last_sync);
	upkeep_done(&w->upkeep);
	write_done(&w->writes);
	db_close(w->db);
}

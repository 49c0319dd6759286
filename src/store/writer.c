#include "store/writer.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>

#include "store/sync.h"

enum {
	GROUP_MAX = 256,
	PAUSES = 64, /* the longest pause, in shortest ones */
};
#define CLOSING_MAX  TS_S(5)
#define SLICE_IDLE   TS_MS(10) /* of upkeep: so long a run may wait for it */
#define UPKEEP_PAUSE TS_S(10)  /* behind one that failed */

static const char begin[] = "begin";
static const char begin_write[] = "begin immediate";
static const char commit[] = "commit";
static const char mark_open[] = "update about set is_open = 1 where is_open = 0";
static const char mark_closed[] = "update about set is_open = 0";

static void tell(struct writer *w, enum store_event_type type, uint64_t count, struct text text)
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

static bool has_work(const struct writer *w)
{
	const struct queue *q = &w->queue;

	if (q->is_closing || check_has_result(&w->check))
		return true;
	if (w->is_held)
		return db_clock() >= w->retry_at;
	return q->n > 0 || q->now_at != w->seen_at || w->has_upkeep;
}

/* False: it is over.  At the end what is held gets one more try. */
static bool await_work(struct writer *w)
{
	struct queue *q = &w->queue;

	pthread_mutex_lock(&q->mutex);
	while (!has_work(w))
		await_until(q, w->is_held ? w->retry_at : TS_NEVER);
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
	return e->kind == ENTRY_SYNC ? sync_tests(w->db, e) : write_entry(&w->writes, e);
}

/* A start beside a full disk whose tests are known has nothing to write but this. */
static int mark(struct writer *w)
{
	return w->was_marked_open ? 0 : db_simple(w->db, mark_open);
}

static bool is_sync_alone(const struct list *group)
{
	const struct entry *e = LIST_FIRST(group, struct entry, node);

	return e->kind == ENTRY_SYNC && group->next == group->prev;
}

static int write_all(struct writer *w, struct list *group)
{
	struct list *n, *t;
	int err = is_sync_alone(group) ? 0 : mark(w);

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
	int err = db_simple(w->db, marks ? begin_write : begin);

	w->writes.written = w->writes.duplicates = 0;
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

static uint64_t finish_entries(struct writer *w, struct list *group)
{
	uint64_t last = 0;

	while (!list_empty(group)) {
		struct entry *e = LIST_FIRST(group, struct entry, node);

		list_remove(&e->node);
		last = e->number;
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
	n += w->queue.n;
	pthread_mutex_unlock(&w->queue.mutex);
	tell(w, STORE_EV_RESUMED, n, TEXT_PLAIN(NULL));
}

static void finish(struct writer *w, struct list *group, size_t n, ts_t took)
{
	const uint64_t last = finish_entries(w, group);

	count_group(w, took);
	if (w->is_held)
		resume(w, n);
	w->n_singles -= w->n_singles ? 1 : 0;
	outlet_put(w->outlet, &(struct store_event){ .type = STORE_EV_WRITTEN, .number = last });
}

/* ---- when it cannot be written ---- */

static void hold(struct writer *w, int err)
{
	const ts_t shortest = TS_MS(w->cfg.pause_ms);

	/* Before it is told: who hears of it may look. */
	pthread_mutex_lock(&w->queue.mutex);
	w->stats.is_held = true;
	pthread_mutex_unlock(&w->queue.mutex);
	if (!w->is_held)
		tell(w, STORE_EV_HELD, 0, file_text(&w->file, err));
	w->is_held = true;
	w->pause = w->pause ? ts_min(2 * w->pause, PAUSES * shortest) : shortest;
	w->retry_at = ts_add(db_clock(), w->pause);
}

static void drop(struct writer *w, struct list *group)
{
	pthread_mutex_lock(&w->queue.mutex);
	w->queue.dropped_runs++;
	pthread_mutex_unlock(&w->queue.mutex);
	entry_free(LIST_FIRST(group, struct entry, node));
	w->n_singles -= w->n_singles ? 1 : 0;
}

/* What is held goes into the file that takes its place. */
static void give_up_file(struct writer *w)
{
	if (!w->db)
		return;
	check_stop(&w->check);
	mend_give_up(&w->mend, &w->db);
	w->was_marked_open = false;
	w->has_upkeep = true; /* the next round opens another one, whether or not there is news */
}

static void refuse(struct writer *w, struct list *group, size_t n, int err)
{
	if (err == -EINVAL && n == 1) {
		drop(w, group);
		return;
	}
	queue_put_back(&w->queue, group);
	if (err == -EINVAL)
		w->n_singles = n;
	else if (err == -EBADMSG)
		give_up_file(w);
	else
		hold(w, err);
}

/* How many were taken. */
static size_t write_group(struct writer *w)
{
	struct list group;

	list_init(&group);
	const size_t n = queue_take(&w->queue, &group, w->n_singles ? 1 : GROUP_MAX);
	if (n == 0 && w->is_held)
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
	tell(w, STORE_EV_SHRUNK, 0,
		fits ? TEXT(gone, path, text_date(evidence / 1000000), text_date(runs / 1000000))
		     : TEXT(stays, path));
}

/* Nothing is lost when it fails: what is to be done stands in the file. */
static void do_upkeep(struct writer *w, ts_t budget)
{
	const ts_t now = db_clock();

	w->has_upkeep = false;
	if (!w->db || w->is_held || now < w->upkeep_after)
		return;
	int done = mend_slice(&w->mend, w->db, budget);
	if (done == 0 && w->seen_at)
		done = upkeep_slice(&w->upkeep, w->seen_at, budget);
	if (done == -EBADMSG) {
		give_up_file(w);
		return;
	}
	if (done < 0) {
		write_forget_hours(&w->writes);
		w->upkeep_after = ts_add(now, UPKEEP_PAUSE);
	}
	w->has_upkeep = done > 0;
	tell_squeezed(w);
}

/* ---- the file ---- */

static void look_for_damage(struct writer *w)
{
	const enum check_result found = check_take(&w->check);

	if (found == CHECK_WHOLE)
		tell(w, STORE_EV_CHECKED, 0, TEXT_PLAIN(NULL));
	if (found == CHECK_DAMAGED || atomic_load(&w->mend.reader->is_damaged))
		give_up_file(w);
}

static bool has_file(struct writer *w)
{
	struct text why;
	bool was_open = false;

	if (w->db)
		return true;
	const int err = mend_open(&w->mend, &w->db, &was_open, &why);
	if (err)
		hold(w, err);
	return !err;
}

/* ---- life ---- */

static void *run(void *arg)
{
	struct writer *w = arg;

	while (await_work(w)) {
		look_for_damage(w);
		if (!has_file(w))
			continue;
		const size_t n = write_group(w);
		tell_dropped(w);
		do_upkeep(w, n ? 0 : SLICE_IDLE);
	}
	if (w->db && !w->is_held)
		db_simple(w->db, mark_closed);
	return NULL;
}

static int open_file(struct writer *w, struct reader *reader, struct text *why)
{
	bool was_open = false;

	w->mend = (struct mend){
		.file = &w->file,
		.reader = reader,
		.outlet = w->outlet,
		.zone_name = w->cfg.zone_name,
		.writes = &w->writes,
		.upkeep = &w->upkeep,
	};
	int err = upkeep_init(&w->upkeep, &w->writes, &w->cfg);
	if (err) {
		*why = TEXT_PLAIN(N_("The file of the time zone cannot be read."));
		return err;
	}
	err = mend_open(&w->mend, &w->db, &was_open, why);
	w->was_marked_open = was_open;
	w->has_upkeep = true; /* something may have to be taken over */
	if (!err && was_open)
		err = check_start(&w->check, w->file.path, &w->queue);
	return err;
}

int writer_start(struct writer *w, struct reader *reader, struct text *why)
{
	sigset_t all, before;

	write_init(&w->writes);
	int err = open_file(w, reader, why);
	if (err)
		return err;
	sigfillset(&all); /* a signal is the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		*why = file_text(&w->file, err);
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
	check_stop(&w->check);
	mend_done(&w->mend);
	entry_free(w->last_sync);
	upkeep_done(&w->upkeep);
	write_done(&w->writes);
	db_close(w->db);
}

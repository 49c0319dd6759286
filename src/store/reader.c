#include "store/reader.h"

#include <errno.h>
#include <signal.h>

#include "store/store.h"

enum { LIMIT = 20, BINS = 300 };

struct job {
	struct list node;
	struct store_query query;
	struct parcel *parcel; /* with the answer to be filled in */
};

static struct job *job_free(struct job *j)
{
	if (!j)
		return NULL;
	parcel_free(j->parcel);
	return mem_free(j);
}

static struct job *job_new(const struct store_query *q)
{
	struct job *j = mem_alloc0(sizeof(*j));

	if (!j)
		return NULL;
	list_init(&j->node);
	j->query = *q;
	j->query.from = q->from > 0 ? q->from : 0;
	j->query.to = q->to < ZONE_TIME_MAX ? q->to : ZONE_TIME_MAX;
	if (q->limit == 0 || q->limit > STORE_LIMIT_MAX)
		j->query.limit = q->limit ? STORE_LIMIT_MAX : LIMIT;
	if (q->bins == 0 || q->bins > STORE_BINS_MAX)
		j->query.bins = q->bins ? STORE_BINS_MAX : BINS;
	if (q->states == 0)
		j->query.states = (1U << WATCH_STATES) - 1;
	j->parcel = parcel_new(STORE_EV_ANSWER);
	if (j->parcel)
		j->parcel->event.answer = answer_new(q->type);
	return j->parcel && j->parcel->event.answer ? j : job_free(j);
}

uint64_t reader_push(struct reader *r, const struct store_query *q)
{
	struct job *j = job_new(q);
	uint64_t id = 0;

	pthread_mutex_lock(&r->mutex);
	if (j && r->n_jobs < STORE_ASKED_MAX) {
		id = j->parcel->event.answer->id = ++r->last_id;
		list_append(&r->jobs, &j->node);
		r->n_jobs++;
		r->asked++;
		j = NULL;
		pthread_cond_signal(&r->news);
	}
	pthread_mutex_unlock(&r->mutex);
	job_free(j);
	return id;
}

/* ---- answering ---- */

static const struct db_texts begin = { { "begin",
	"begin transaction isolation level repeatable read, read only" } };

/* *ret_was_idle: the connection went with the first statement, which may have been gone before. */
static int answer_in(struct reader *r, struct reading *reading, bool *ret_was_idle)
{
	const bool is_new = !r->db;
	int err = r->db ? 0 : r->engine->connect(&r->db, r->cfg);

	*ret_was_idle = false;
	if (err)
		return err;
	db_limit(r->db, db_clock() + STORE_ANSWER_TIME_MAX, &r->stop);
	reading->db = r->db;
	err = db_simple(r->db, db_text_of(r->db, &begin));
	*ret_was_idle = err && !is_new && db_is_lost(r->db);
	if (!err)
		err = read_answer(reading);
	db_rollback(r->db);
	if (db_is_lost(r->db))
		r->db = db_close(r->db);
	return err;
}

/* Half an answer is none. */
static void spoil(struct store_answer *a, int err)
{
	a->err = err;
	a->overview = NULL;
}

static void answer(struct reader *r, struct job *j)
{
	struct store_answer *a = j->parcel->event.answer;
	struct reading reading = { .zone = &r->zone, .query = &j->query, .answer = a };
	const ts_t began = db_clock();

	pthread_mutex_lock(&r->file);
	bool was_idle = false;
	int err = answer_in(r, &reading, &was_idle);
	if (was_idle)
		err = answer_in(r, &reading, &was_idle);
	pthread_mutex_unlock(&r->file);
	if (err)
		spoil(a, err);
	if (err == -EBADMSG)
		atomic_store(&r->is_damaged, true);
	const ts_t took = db_clock() - began;
	pthread_mutex_lock(&r->mutex);
	r->answer_last = took;
	if (took > r->answer_max)
		r->answer_max = took;
	pthread_mutex_unlock(&r->mutex);
	outlet_send(r->outlet, j->parcel);
	j->parcel = NULL;
}

/* NULL: it is over. */
static struct job *take(struct reader *r)
{
	pthread_mutex_lock(&r->mutex);
	while (!r->is_closing && list_empty(&r->jobs))
		pthread_cond_wait(&r->news, &r->mutex);
	struct job *j = r->is_closing ? NULL : LIST_FIRST(&r->jobs, struct job, node);
	if (j) {
		list_remove(&j->node);
		r->n_jobs--;
	}
	pthread_mutex_unlock(&r->mutex);
	return j;
}

static void *run(void *arg)
{
	struct reader *r = arg;

	for (struct job *j = take(r); j; j = take(r)) {
		answer(r, j);
		job_free(j);
	}
	return NULL;
}

/* ---- the file ---- */

void reader_pause(struct reader *r)
{
	pthread_mutex_lock(&r->file);
	r->db = db_close(r->db);
}

void reader_resume(struct reader *r)
{
	pthread_mutex_unlock(&r->file);
}

/* ---- life ---- */

static int open_zone(struct reader *r, struct slice file)
{
	struct where where;

	if (file.n)
		return zone_open(&r->zone, file, &where);
	zone_open_utc(&r->zone);
	return 0;
}

int reader_start(struct reader *r, struct outlet *outlet, const struct engine *engine,
	const struct store_cfg *cfg)
{
	sigset_t all, before;
	int err = open_zone(r, cfg->zone_file);

	if (err)
		return err;
	list_init(&r->jobs);
	r->outlet = outlet;
	r->engine = engine;
	r->cfg = cfg;
	pthread_mutex_init(&r->mutex, NULL);
	pthread_mutex_init(&r->file, NULL);
	pthread_cond_init(&r->news, NULL);
	sigfillset(&all); /* a signal is the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = -pthread_create(&r->thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

void reader_stop(struct reader *r)
{
	struct list *n, *t;

	atomic_store(&r->stop, true);
	pthread_mutex_lock(&r->mutex);
	r->is_closing = true;
	pthread_cond_signal(&r->news);
	pthread_mutex_unlock(&r->mutex);
	pthread_join(r->thread, NULL);
	LIST_EACH(n, t, &r->jobs)
	{
		list_remove(n);
		job_free(LIST_OWNER(n, struct job, node));
	}
	db_close(r->db);
	pthread_cond_destroy(&r->news);
	pthread_mutex_destroy(&r->file);
	pthread_mutex_destroy(&r->mutex);
}

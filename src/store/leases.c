#include "store/leases.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "store/postgres.h"
#include "store/sync.h"

enum {
	TRIES = 3,
	ID_BYTES = 21, /* of one in a list */
};

#define SERVER_TIME "cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)"
#define WITH_TIME   "with t as (select " SERVER_TIME " as at)"
/* Of $1: who is there, he too, and who is there at his location. */
#define WHO                                                                                        \
	" (select count(*) + 1 from watcher where seen_until > t.at and id <> $1),"                \
	" (select count(*) + 1 from watcher where seen_until > t.at and id <> $1"                  \
	" and location = $2), (select count(*) from test where is_enabled = 1)"
/* Twice the longest that `watch.lease` may be: another watcher's may be longer than one's own. */
#define LENGTHS_US "1200000000"
/* Nobody's for $3, or its end lies where no clock of a server could have put it. */
#define IS_FREE                                                                                    \
	" (lease_until <= (select at from t) - $3"                                                 \
	" or lease_until > (select at from t) + " LENGTHS_US ")"

static const char renew[] =
	WITH_TIME ", me as (insert into watcher(id, name, location, started_at, seen_until)"
		  " select $1, $4, $2, at, at + $3 from t on conflict(id) do update"
		  " set seen_until = excluded.seen_until returning id),"
		  " mine as (update lease set lease_until = (select at from t) + $3"
		  " where holder = $1 returning test_id, fence)"
		  " select t.at," WHO ", mine.test_id, mine.fence from t left join mine on true";
static const char select_free[] =
	WITH_TIME " select test_id from lease where test_id = any(cast($1 as bigint[])) and" IS_FREE
		  " limit $2";
static const char claim[] = WITH_TIME
	", mine as (update lease set holder = $1, fence = fence + 1,"
	" lease_until = (select at from t) + $4"
	" where test_id = any(cast($5 as bigint[])) and" IS_FREE " returning test_id, fence)"
	" select t.at," WHO ", mine.test_id, mine.fence from t left join mine on true";
static const char release_some[] =
	WITH_TIME ", mine as (update lease set holder = 0, lease_until = (select at from t)"
		  " where holder = $1 and test_id = any(cast($3 as bigint[])) returning test_id)"
		  " select t.at," WHO ", null, null from t";
static const char release_all[] =
	WITH_TIME ", mine as (update lease set holder = 0, lease_until = (select at from t)"
		  " where holder = $1 returning test_id),"
		  " me as (update watcher set seen_until = (select at from t) where id = $1"
		  " returning id)"
		  " select t.at," WHO ", null, null from t";
enum { AT, N_WATCHERS, N_HERE, N_TESTS, TEST_ID, FENCE };

static ts_t boot_clock(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return TS_S((ts_t)t.tv_sec) + (ts_t)t.tv_nsec / 1000;
}

/* ---- jobs ---- */

struct lease_job *lease_job_free(struct lease_job *j)
{
	if (!j)
		return NULL;
	parcel_free(j->parcel);
	mem_free(j->ids);
	return mem_free(j);
}

struct lease_job *lease_job_new(const struct lease_want *want)
{
	struct lease_job *j = mem_alloc0(sizeof(*j));

	if (!j || want->n_ids > LEASE_TESTS_MAX)
		return lease_job_free(j);
	list_init(&j->node);
	j->want = *want;
	j->ids = mem_alloc0((want->n_ids + 1) * sizeof(*j->ids));
	j->parcel = parcel_new(STORE_EV_LEASE);
	if (j->parcel)
		j->parcel->event.lease = mem_alloc0(sizeof(*j->parcel->event.lease));
	if (!j->ids || !j->parcel || !j->parcel->event.lease)
		return lease_job_free(j);
	if (want->n_ids)
		memcpy(j->ids, want->ids, want->n_ids * sizeof(*j->ids));
	j->want.ids = j->ids;
	j->parcel->event.number = want->number;
	j->parcel->event.lease->answer = (struct lease_answer){
		.type = want->type, .number = want->number, .result = LEASE_REFUSED
	};
	return j;
}

void leases_send(struct outlet *o, struct lease_job **j)
{
	outlet_send(o, (*j)->parcel);
	(*j)->parcel = NULL;
	*j = lease_job_free(*j);
}

void leases_refuse(struct outlet *o, struct lease_job **j, enum lease_result result)
{
	(*j)->parcel->event.lease->answer.result = result;
	leases_send(o, j);
}

/* ---- statements ---- */

/* '{17,4711}' */
static void put_ids(struct buf *b, const int64_t *ids, size_t n)
{
	buf_puts(b, "{");
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%s%lld", i ? "," : "", (long long)ids[i]);
	buf_puts(b, "}");
}

/* The answer with room for `n` leases, and for what is known of them. */
static struct store_lease *grow(struct lease_job *j, size_t n, size_t n_known)
{
	struct store_lease *old = j->parcel->event.lease;
	struct store_lease *new = mem_alloc0(sizeof(*new) + n_known * sizeof(struct store_known) +
					     n * sizeof(struct lease_held));

	if (!new)
		return NULL;
	new->answer = old->answer;
	new->known = (struct store_known *)(new + 1);
	new->answer.held = (struct lease_held *)(new->known + n_known);
	mem_free(old);
	j->parcel->event.lease = new;
	return new;
}

static int count_rows(
	struct db_rows *rows, struct lease_answer *a, struct lease_held *held, size_t max)
{
	int next = db_next(rows);

	for (; next > 0; next = db_next(rows)) {
		a->server_at = db_get_int(rows, AT);
		a->n_watchers = (unsigned)db_get_int(rows, N_WATCHERS);
		a->n_here = (unsigned)db_get_int(rows, N_HERE);
		a->n_tests = (unsigned)db_get_int(rows, N_TESTS);
		if (!db_is_null(rows, TEST_ID) && a->n_held < max)
			held[a->n_held++] = (struct lease_held){ db_get_int(rows, TEST_ID),
				db_get_int(rows, FENCE) };
	}
	return next;
}

/* One statement, with its answer. */
static int run(struct db *db, const char *sql, const struct db_value *args, unsigned n,
	struct lease_job *j, size_t max)
{
	const ts_t sent_at = boot_clock();
	const size_t n_known = j->want.type == LEASE_CLAIM ? max : 0;
	struct store_lease *l = grow(j, max, n_known);

	if (!l)
		return -ENOMEM;
	l->answer.n_held = 0;
	struct db_rows rows = db_begin(db, sql, args, n);
	const int err =
		count_rows(&rows, &l->answer, (struct lease_held *)(l->known + n_known), max);
	db_end(&rows);
	l->answer.sent_at = sent_at;
	l->answer.done_at = boot_clock();
	return err;
}

static int compare(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* `n` of them at random stand in front, in ascending order: two watchers at once take different
 * ones, and whoever wants the same ones locks them in the same order. */
static size_t draw(int64_t *ids, size_t n, size_t max)
{
	for (size_t i = 0; i < n && i < max; i++) {
		uint32_t random = 0;

		if (getrandom(&random, sizeof(random), 0) < 0)
			random = 0;
		const size_t other = i + random % (n - i);
		const int64_t id = ids[i];
		ids[i] = ids[other];
		ids[other] = id;
	}
	const size_t drawn = n < max ? n : max;
	if (drawn)
		qsort(ids, drawn, sizeof(*ids), compare);
	return drawn;
}

static int find_free(struct db *db, struct lease_job *j, size_t *ret)
{
	const struct lease_want *w = &j->want;
	struct buf ids;

	buf_init(&ids, (LEASE_TESTS_MAX + 1) * ID_BYTES);
	put_ids(&ids, j->ids, w->n_ids);
	struct db_rows rows = DB_BEGIN(db, select_free, db_text(buf_slice(&ids)),
		db_int(2 * (int64_t)w->max), db_int(w->grace_us));
	int next = db_next(&rows);
	for (*ret = 0; next > 0 && *ret < w->n_ids; next = db_next(&rows))
		j->ids[(*ret)++] = db_get_int(&rows, 0);
	db_end(&rows);
	buf_done(&ids);
	return next < 0 ? next : 0;
}

/* What the history knows of those that it got. */
static int read_known(struct db *db, struct store_event *e)
{
	struct store_lease *l = e->lease;
	int err = sync_begin_marks(e);

	for (size_t i = 0; i < l->answer.n_held && !err; i++) {
		l->known[i].id = l->answer.held[i].test_id;
		err = sync_read_known(db, &l->known[i], e->answer);
	}
	return err;
}

static int run_claim(struct db *db, const struct store_cfg *cfg, struct lease_job *j)
{
	const struct lease_want *w = &j->want;
	struct buf ids;
	size_t n = 0;
	int err = w->max ? find_free(db, j, &n) : 0;

	if (err)
		return err;
	n = draw(j->ids, n, w->max);
	buf_init(&ids, (LEASE_TESTS_MAX + 1) * ID_BYTES);
	put_ids(&ids, j->ids, n);
	const struct db_value args[] = { db_int(w->me), db_text(slice_str(cfg->location)),
		db_int(w->grace_us), db_int(w->length_us), db_text(buf_slice(&ids)) };
	err = run(db, claim, args, COUNT(args), j, n);
	buf_done(&ids);
	return err ? err : read_known(db, &j->parcel->event);
}

static int run_release(struct db *db, const struct store_cfg *cfg, struct lease_job *j)
{
	const struct lease_want *w = &j->want;
	struct buf ids;

	buf_init(&ids, (LEASE_TESTS_MAX + 1) * ID_BYTES);
	put_ids(&ids, j->ids, w->n_ids);
	const struct db_value args[] = { db_int(w->me), db_text(slice_str(cfg->location)),
		db_text(buf_slice(&ids)) };
	const int err = w->n_ids ? run(db, release_some, args, 3, j, 0)
				 : run(db, release_all, args, 2, j, 0);
	buf_done(&ids);
	return err;
}

static int run_once(struct db *db, const struct store_cfg *cfg, struct lease_job *j)
{
	const struct lease_want *w = &j->want;

	switch (w->type) {
	case LEASE_RENEW: {
		const struct db_value args[] = { db_int(w->me), db_text(slice_str(cfg->location)),
			db_int(w->length_us), db_text(slice_str(cfg->watcher_name)) };

		return run(db, renew, args, COUNT(args), j, LEASE_TESTS_MAX);
	}
	case LEASE_CLAIM: return run_claim(db, cfg, j);
	case LEASE_RELEASE: return run_release(db, cfg, j);
	}
	return -EINVAL;
}

int leases_run(struct db *db, const struct store_cfg *cfg, struct lease_job *j)
{
	const int err = run_once(db, cfg, j);

	if (!err)
		j->parcel->event.lease->answer.result = LEASE_DONE;
	return err;
}

/* ---- the thread ---- */

static void answer(struct leases *l, struct lease_job *j)
{
	struct text why;
	int err = l->db ? 0 : postgres_open(&l->db, l->cfg, &why);

	if (!err)
		db_limit(l->db, TS_NEVER, &l->stop);
	for (unsigned i = 0; i < TRIES && l->db; i++) {
		err = leases_run(l->db, l->cfg, j);
		if (err != -EAGAIN)
			break;
	}
	const bool is_lost = !l->db || db_is_lost(l->db);
	if (is_lost)
		l->db = db_close(l->db);
	if (err)
		leases_refuse(l->outlet, &j, is_lost ? LEASE_UNREACHABLE : LEASE_REFUSED);
	else
		leases_send(l->outlet, &j);
}

/* NULL: it is over. */
static struct lease_job *take(struct leases *l)
{
	pthread_mutex_lock(&l->mutex);
	while (!l->is_closing && list_empty(&l->jobs))
		pthread_cond_wait(&l->news, &l->mutex);
	struct lease_job *j = l->is_closing ? NULL : LIST_FIRST(&l->jobs, struct lease_job, node);
	if (j)
		list_remove(&j->node);
	pthread_mutex_unlock(&l->mutex);
	return j;
}

static void *serve(void *arg)
{
	struct leases *l = arg;

	for (struct lease_job *j = take(l); j; j = take(l))
		answer(l, j);
	return NULL;
}

int leases_start(struct leases *l, struct outlet *outlet, const struct store_cfg *cfg)
{
	sigset_t all, before;

	list_init(&l->jobs);
	l->outlet = outlet;
	l->cfg = cfg;
	pthread_mutex_init(&l->mutex, NULL);
	pthread_cond_init(&l->news, NULL);
	sigfillset(&all); /* a signal is the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	const int err = pthread_create(&l->thread, NULL, serve, l);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	l->is_running = err == 0;
	return -err;
}

void leases_stop(struct leases *l)
{
	struct list *n, *t;

	if (!l->is_running)
		return;
	atomic_store(&l->stop, true);
	pthread_mutex_lock(&l->mutex);
	l->is_closing = true;
	pthread_cond_signal(&l->news);
	pthread_mutex_unlock(&l->mutex);
	pthread_join(l->thread, NULL);
	LIST_EACH(n, t, &l->jobs)
	{
		list_remove(n);
		lease_job_free(LIST_OWNER(n, struct lease_job, node));
	}
	db_close(l->db);
	pthread_cond_destroy(&l->news);
	pthread_mutex_destroy(&l->mutex);
}

void leases_push(struct leases *l, struct lease_job *j)
{
	pthread_mutex_lock(&l->mutex);
	list_append(&l->jobs, &j->node);
	pthread_cond_signal(&l->news);
	pthread_mutex_unlock(&l->mutex);
}

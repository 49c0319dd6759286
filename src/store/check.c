#include "store/check.h"

#include <errno.h>
#include <signal.h>

static const char quick_check[] = "pragma quick_check(1)";

/* Nothing else is damage: a file that cannot be read at the moment may be whole. */
static enum check_result judge(struct db *db)
{
	struct db_rows rows = db_begin(db, quick_check, NULL, 0);
	const int next = db_next(&rows);
	const bool is_whole = next > 0 && slice_eqs(db_get(&rows, 0), "ok");

	db_end(&rows);
	if (next > 0)
		return is_whole ? CHECK_WHOLE : CHECK_DAMAGED;
	return next == -EBADMSG ? CHECK_DAMAGED : CHECK_NONE;
}

static void *run(void *arg)
{
	struct check *c = arg;
	struct db *db = NULL;
	const int err = sqlite_open(&db, c->path, DB_READER);
	enum check_result result = err == -EBADMSG ? CHECK_DAMAGED : CHECK_NONE;

	if (!err) {
		db_limit(db, TS_NEVER, &c->stop);
		result = judge(db);
	}
	db_close(db);
	pthread_mutex_lock(&c->queue->mutex);
	atomic_store(&c->result, (int)result);
	pthread_cond_signal(&c->queue->news);
	pthread_mutex_unlock(&c->queue->mutex);
	return NULL;
}

int check_start(struct check *c, const char *path, struct queue *queue)
{
	sigset_t all, before;

	c->path = path;
	c->queue = queue;
	sigfillset(&all); /* a signal is the loop's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	const int err = pthread_create(&c->thread, NULL, run, c);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	c->is_running = err == 0;
	return -err;
}

void check_stop(struct check *c)
{
	atomic_store(&c->stop, true);
	if (c->is_running)
		pthread_join(c->thread, NULL);
	c->is_running = false;
	atomic_store(&c->stop, false);
	atomic_store(&c->result, CHECK_NONE);
}

bool check_has_result(const struct check *c)
{
	return atomic_load(&c->result) != CHECK_NONE;
}

enum check_result check_take(struct check *c)
{
	return (enum check_result)atomic_exchange(&c->result, CHECK_NONE);
}

#include <pthread.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "base/mem.h"
#include "deliver/private.h"

struct deliver {
	struct deliver_cfg cfg; /* of the next three */
	char *agent, *host, *external_url;
	pthread_mutex_t mutex;
	struct worker *mail, *others;
	struct list done;
	size_t n; /* waiting, on their way, done and not taken */
	bool is_ending;
	int fd;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_ALL);
}

ts_t deliver_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return TS_S((ts_t)t.tv_sec) + (ts_t)t.tv_nsec / 1000;
}

void deliver_lock(struct deliver *d)
{
	pthread_mutex_lock(&d->mutex);
}

void deliver_unlock(struct deliver *d)
{
	pthread_mutex_unlock(&d->mutex);
}

bool deliver_is_ending(const struct deliver *d)
{
	return d->is_ending;
}

/* ---- from its making to its end ---- */

/* False: memory is out. */
static bool copy(struct deliver *d, const struct deliver_cfg *cfg)
{
	d->agent = mem_strdup(cfg->agent);
	d->host = mem_strdup(cfg->host);
	d->external_url = mem_strdup(cfg->external_url ? cfg->external_url : "");
	d->cfg = (struct deliver_cfg){ d->agent, d->host, d->external_url };
	return d->agent && d->host && d->external_url;
}

int deliver_new(struct deliver **ret, const struct deliver_cfg *cfg)
{
	struct deliver *d = mem_alloc0(sizeof(*d));
	int err = -ENOMEM;

	if (!d)
		return err;
	pthread_once(&once, init_curl);
	pthread_mutex_init(&d->mutex, NULL);
	list_init(&d->done);
	d->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (copy(d, cfg))
		err = d->fd < 0 ? -EMFILE : 0;
	if (!err)
		err = worker_new(&d->mail, d);
	if (!err)
		err = worker_new(&d->others, d);
	if (err)
		deliver_free(d);
	else
		*ret = d;
	return err;
}

struct deliver *deliver_free(struct deliver *d)
{
	struct job *j;

	if (!d)
		return NULL;
	deliver_lock(d);
	d->is_ending = true;
	deliver_unlock(d);
	if (d->mail)
		worker_wake(d->mail); /* both end at once */
	worker_free(d->others);
	worker_free(d->mail);
	while ((j = LIST_FIRST(&d->done, struct job, node)) != NULL) {
		list_remove(&j->node);
		job_free(j);
	}
	if (d->fd >= 0)
		close(d->fd);
	pthread_mutex_destroy(&d->mutex);
	mem_free(d->agent);
	mem_free(d->host);
	mem_free(d->external_url);
	return mem_free(d);
}

/* ---- in ---- */

/* Takes the job over, if it returns 0. */
static int push(struct deliver *d, struct job *j, uint64_t delivery)
{
	struct worker *w = j->form == DELIVER_MAIL ? d->mail : d->others;
	int err = -ENOBUFS;

	j->delivery = delivery;
	j->deadline = ts_add(deliver_now(), j->timeout);
	deliver_lock(d);
	if (d->n < DELIVER_MAX) {
		d->n++;
		list_append(worker_waiting(w), &j->node);
		err = 0;
	}
	deliver_unlock(d);
	if (!err)
		worker_wake(w);
	return err;
}

int deliver_send(struct deliver *d, const struct deliver_receiver *r,
	const struct deliver_notice *n, uint64_t delivery)
{
	struct job *j = NULL;
	struct text why;
	int err;

	if (r->form == DELIVER_PING || !deliver_check(r, &why))
		return -EINVAL;
	err = job_new_notice(&j, &d->cfg, r, n);
	if (!err)
		err = push(d, j, delivery);
	if (err)
		job_free(j);
	return err;
}

int deliver_ping(struct deliver *d, const struct deliver_receiver *r, enum deliver_ping ping,
	struct slice text, uint64_t delivery)
{
	struct job *j = NULL;
	struct text why;
	int err;

	if (r->form != DELIVER_PING || !deliver_check(r, &why))
		return -EINVAL;
	err = job_new_ping(&j, &d->cfg, r, ping, text);
	if (!err)
		err = push(d, j, delivery);
	if (err)
		job_free(j);
	return err;
}

static struct job *find(struct list *l, uint64_t delivery)
{
	struct list *n, *next;

	LIST_EACH(n, next, l)
	if (LIST_OWNER(n, struct job, node)->delivery == delivery)
		return LIST_OWNER(n, struct job, node);
	return NULL;
}

/* ---- out; under the mutex ---- */

static void signal_done(struct deliver *d)
{
	const uint64_t one = 1;
	const ssize_t n = write(d->fd, &one, sizeof(one));

	(void)n; /* it fails only when it is readable already */
}

static void remove_done(struct deliver *d, struct job *j)
{
	uint64_t count;

	list_remove(&j->node);
	d->n--;
	if (list_empty(&d->done) && read(d->fd, &count, sizeof(count)) < 0)
		return;
}

void deliver_push_done(struct deliver *d, struct job *j)
{
	if (list_empty(&d->done))
		signal_done(d);
	list_append(&d->done, &j->node);
}

/* ---- what the caller drops or takes ---- */

static bool drop_of(struct deliver *d, struct worker *w, uint64_t delivery)
{
	struct job *j = find(worker_waiting(w), delivery);

	if (j) {
		list_remove(&j->node);
		job_free(j);
		d->n--;
		return true;
	}
	j = find(worker_running(w), delivery);
	if (!j || j->is_dropped)
		return false;
	j->is_dropped = true;
	d->n--;
	return true;
}

void deliver_drop(struct deliver *d, uint64_t delivery)
{
	struct job *j;

	deliver_lock(d);
	if (!drop_of(d, d->mail, delivery) && !drop_of(d, d->others, delivery)) {
		j = find(&d->done, delivery);
		if (j)
			remove_done(d, j);
		job_free(j);
	}
	deliver_unlock(d);
	worker_wake(d->mail);
	worker_wake(d->others);
}

int deliver_fd(const struct deliver *d)
{
	return d->fd;
}

bool deliver_take(struct deliver *d, struct deliver_done *ret)
{
	struct job *j;

	deliver_lock(d);
	j = LIST_FIRST(&d->done, struct job, node);
	if (j) {
		*ret = j->done;
		remove_done(d, j);
	}
	deliver_unlock(d);
	job_free(j);
	return j != NULL;
}

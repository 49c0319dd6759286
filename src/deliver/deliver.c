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
	struct worker *worker;
	struct list mails, done; /* mails: on their way */
	pthread_cond_t no_mail;
	size_t n, n_mails; /* n: waiting, on their way, done and not taken; n_mails: threads */
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
	pthread_cond_init(&d->no_mail, NULL);
	list_init(&d->mails);
	list_init(&d->done);
	d->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (copy(d, cfg))
		err = d->fd < 0 ? -EMFILE : 0;
	if (!err)
		err = worker_new(&d->worker, d);
	if (err)
		deliver_free(d);
	else
		*ret = d;
	return err;
}

static void end_all(struct deliver *d)
{
	struct list *n, *next;

	deliver_lock(d);
	d->is_ending = true;
	LIST_EACH(n, next, &d->mails)
	mail_break(LIST_OWNER(n, struct job, node));
	deliver_unlock(d);
	worker_free(d->worker);
	deliver_lock(d);
	while (d->n_mails > 0)
		pthread_cond_wait(&d->no_mail, &d->mutex);
	deliver_unlock(d);
}

struct deliver *deliver_free(struct deliver *d)
{
	struct job *j;

	if (!d)
		return NULL;
	end_all(d);
	while ((j = LIST_FIRST(&d->done, struct job, node)) != NULL) {
		list_remove(&j->node);
		job_free(j);
	}
	if (d->fd >= 0)
		close(d->fd);
	pthread_cond_destroy(&d->no_mail);
	pthread_mutex_destroy(&d->mutex);
	mem_free(d->agent);
	mem_free(d->host);
	mem_free(d->external_url);
	return mem_free(d);
}

/* ---- in ---- */

/* Under the mutex: it cannot end before it is on the list. */
static int begin_mail(struct deliver *d, struct job *j)
{
	const int err = d->n_mails < DELIVER_MAILS_MAX ? mail_start(j) : -ENOBUFS;

	if (!err) {
		d->n_mails++;
		list_append(&d->mails, &j->node);
	}
	return err;
}

/* Takes the job over, if it returns 0. */
static int push(struct deliver *d, struct job *j, uint64_t delivery)
{
	int err = -ENOBUFS;

	j->deliver = d;
	j->delivery = delivery;
	j->deadline = ts_add(deliver_now(), j->timeout);
	deliver_lock(d);
	if (d->n < DELIVER_MAX && j->form == DELIVER_MAIL) {
		err = begin_mail(d, j);
	} else if (d->n < DELIVER_MAX) {
		list_append(worker_waiting(d->worker), &j->node);
		err = 0;
	}
	d->n += err == 0;
	deliver_unlock(d);
	if (!err)
		worker_wake(d->worker);
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

void deliver_end_mail(struct deliver *d, struct job *j)
{
	deliver_lock(d);
	list_remove(&j->node);
	if (j->is_dropped)
		job_free(j);
	else
		deliver_push_done(d, j);
	if (--d->n_mails == 0)
		pthread_cond_signal(&d->no_mail);
	deliver_unlock(d);
}

/* ---- what the caller drops or takes ---- */

/* Who carries it ends it. */
static bool drop_running(struct deliver *d, uint64_t delivery)
{
	struct job *j = find(worker_running(d->worker), delivery);
	struct job *mail = find(&d->mails, delivery);

	if (mail && !mail->is_dropped)
		mail_break(mail);
	else if (j && !j->is_dropped)
		j->is_dropped = true;
	else
		return false;
	d->n--;
	return true;
}

/* What nobody carries, taken off its list; or NULL. */
static struct job *take_resting(struct deliver *d, uint64_t delivery)
{
	struct job *j = find(worker_waiting(d->worker), delivery);

	if (j) {
		list_remove(&j->node);
		d->n--;
		return j;
	}
	j = find(&d->done, delivery);
	if (j)
		remove_done(d, j);
	return j;
}

void deliver_drop(struct deliver *d, uint64_t delivery)
{
	struct job *j = NULL;

	deliver_lock(d);
	if (!drop_running(d, delivery))
		j = take_resting(d, delivery);
	deliver_unlock(d);
	job_free(j);
	worker_wake(d->worker);
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

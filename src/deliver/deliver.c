#include <pthread.h>

#include "base/mem.h"
#include "deliver/private.h"

struct deliver {
	struct deliver_cfg cfg; /* of the next three */
	char *agent, *host, *external_url;
	struct post post;
	struct worker *worker;
	size_t n; /* waiting, on their way, done and not taken; under the mutex */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void init_curl(void)
{
	curl_global_init(CURL_GLOBAL_ALL);
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
	const int post_err = post_init(&d->post);
	if (copy(d, cfg))
		err = post_err;
	if (!err)
		err = worker_new(&d->worker, &d->post);
	if (err)
		deliver_free(d);
	else
		*ret = d;
	return err;
}

static void end_all(struct deliver *d)
{
	struct list *n, *next;

	post_lock(&d->post);
	d->post.is_ending = true;
	LIST_EACH(n, next, &d->post.mails)
	mail_break(LIST_OWNER(n, struct job, node));
	post_unlock(&d->post);
	worker_free(d->worker);
	post_lock(&d->post);
	post_await_mails(&d->post);
	post_unlock(&d->post);
}

struct deliver *deliver_free(struct deliver *d)
{
	struct job *j;

	if (!d)
		return NULL;
	end_all(d);
	while ((j = LIST_FIRST(&d->post.done, struct job, node)) != NULL) {
		list_remove(&j->node);
		job_free(j);
	}
	post_done(&d->post);
	mem_free(d->agent);
	mem_free(d->host);
	mem_free(d->external_url);
	return mem_free(d);
}

/* ---- in ---- */

/* Under the mutex: it cannot end before it is on the list. */
static int begin_mail(struct deliver *d, struct job *j)
{
	const int err = d->post.n_mails < DELIVER_MAILS_MAX ? mail_start(j) : -ENOBUFS;

	if (!err) {
		d->post.n_mails++;
		list_append(&d->post.mails, &j->node);
	}
	return err;
}

/* Takes the job over, if it returns 0. */
static int push(struct deliver *d, struct job *j, uint64_t delivery)
{
	int err = -ENOBUFS;

	j->post = &d->post;
	j->delivery = delivery;
	j->deadline = ts_add(post_now(), j->timeout);
	post_lock(&d->post);
	if (d->n < DELIVER_MAX && j->form == DELIVER_MAIL) {
		err = begin_mail(d, j);
	} else if (d->n < DELIVER_MAX) {
		list_append(worker_waiting(d->worker), &j->node);
		err = 0;
	}
	d->n += err == 0;
	post_unlock(&d->post);
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

static void remove_done(struct deliver *d, struct job *j)
{
	post_remove(&d->post, j);
	d->n--;
}

/* ---- what the caller drops or takes ---- */

/* Who carries it ends it. */
static bool drop_running(struct deliver *d, uint64_t delivery)
{
	struct job *j = find(worker_running(d->worker), delivery);
	struct job *mail = find(&d->post.mails, delivery);

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
	j = find(&d->post.done, delivery);
	if (j)
		remove_done(d, j);
	return j;
}

void deliver_drop(struct deliver *d, uint64_t delivery)
{
	struct job *j = NULL;

	post_lock(&d->post);
	if (!drop_running(d, delivery))
		j = take_resting(d, delivery);
	post_unlock(&d->post);
	job_free(j);
	worker_wake(d->worker);
}

int deliver_fd(const struct deliver *d)
{
	return d->post.fd;
}

bool deliver_take(struct deliver *d, struct deliver_done *ret)
{
	struct job *j;

	post_lock(&d->post);
	j = LIST_FIRST(&d->post.done, struct job, node);
	if (j) {
		*ret = j->done;
		remove_done(d, j);
	}
	post_unlock(&d->post);
	job_free(j);
	return j != NULL;
}

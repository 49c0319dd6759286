#include "base/mem.h"
#include "deliver/private.h"

struct deliver {
	struct deliver_cfg cfg; /* of the next three */
	char *agent, *host, *external_url;
	struct hub hub;
	struct worker *worker;
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
	int err;

	if (!d)
		return -ENOMEM;
	pthread_once(&once, init_curl);
	err = hub_init(&d->hub);
	if (!err && !copy(d, cfg))
		err = -ENOMEM;
	if (!err)
		err = worker_new(&d->worker, &d->hub);
	if (err)
		deliver_free(d);
	else
		*ret = d;
	return err;
}

static void end_all(struct deliver *d)
{
	struct hub *h = &d->hub;
	struct list *n, *next;

	hub_lock(h);
	h->is_ending = true;
	LIST_EACH(n, next, &h->mails)
	{
		mail_break(LIST_OWNER(n, struct job, node));
	}
	hub_unlock(h);
	worker_free(d->worker);
	hub_lock(h);
	while (h->n_mails > 0)
		pthread_cond_wait(&h->no_mail, &h->mutex);
	hub_unlock(h);
}

struct deliver *deliver_free(struct deliver *d)
{
	if (!d)
		return NULL;
	end_all(d);
	hub_done(&d->hub);
	mem_free(d->agent);
	mem_free(d->host);
	mem_free(d->external_url);
	return mem_free(d);
}

/* ---- in ---- */

/* Under the mutex: it cannot end before it is on the list. */
static int begin_mail(struct hub *h, struct job *j)
{
	const int err = h->n_mails < DELIVER_MAILS_MAX ? mail_start(j) : -ENOBUFS;

	if (!err) {
		h->n_mails++;
		list_append(&h->mails, &j->node);
	}
	return err;
}

/* Takes the job over, if it returns 0. */
static int push(struct deliver *d, struct job *j, uint64_t delivery)
{
	struct hub *h = &d->hub;
	int err = -ENOBUFS;

	j->hub = h;
	j->delivery = delivery;
	j->deadline = ts_add(hub_now(), j->timeout);
	hub_lock(h);
	if (h->n < DELIVER_MAX && j->form == DELIVER_MAIL) {
		err = begin_mail(h, j);
	} else if (h->n < DELIVER_MAX) {
		list_append(&h->waiting, &j->node);
		err = 0;
	}
	h->n += err == 0;
	hub_unlock(h);
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

/* ---- out ---- */

/* Who carries it ends it.  Under the mutex. */
static bool drop_running(struct hub *h, uint64_t delivery)
{
	struct job *j = hub_find(&h->running, delivery);
	struct job *mail = hub_find(&h->mails, delivery);

	if (mail)
		mail_break(mail);
	else if (j)
		j->is_dropped = true;
	else
		return false;
	h->n--;
	return true;
}

void deliver_drop(struct deliver *d, uint64_t delivery)
{
	struct job *j = NULL;

	hub_lock(&d->hub);
	if (!drop_running(&d->hub, delivery))
		j = hub_take_resting(&d->hub, delivery);
	hub_unlock(&d->hub);
	job_free(j);
	worker_wake(d->worker);
}

int deliver_fd(const struct deliver *d)
{
	return d->hub.fd;
}

bool deliver_take(struct deliver *d, struct deliver_done *ret)
{
	hub_lock(&d->hub);
	struct job *j = hub_take_done(&d->hub);
	hub_unlock(&d->hub);
	if (j)
		*ret = j->done;
	const bool is_taken = j;
	job_free(j);
	return is_taken;
}

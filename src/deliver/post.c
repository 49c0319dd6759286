#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "deliver/private.h"

int post_init(struct post *p)
{
	pthread_mutex_init(&p->mutex, NULL);
	pthread_cond_init(&p->no_mail, NULL);
	list_init(&p->mails);
	list_init(&p->done);
	p->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return p->fd < 0 ? -EMFILE : 0;
}

void post_done(struct post *p)
{
	if (p->fd >= 0)
		close(p->fd);
	pthread_cond_destroy(&p->no_mail);
	pthread_mutex_destroy(&p->mutex);
}

void post_lock(struct post *p)
{
	pthread_mutex_lock(&p->mutex);
}

void post_unlock(struct post *p)
{
	pthread_mutex_unlock(&p->mutex);
}

static void signal_done(struct post *p)
{
	const uint64_t one = 1;
	const ssize_t n = write(p->fd, &one, sizeof(one));

	(void)n; /* it fails only when it is readable already */
}

void post_push(struct post *p, struct job *j)
{
	if (list_empty(&p->done))
		signal_done(p);
	list_append(&p->done, &j->node);
}

void post_remove(struct post *p, struct job *j)
{
	uint64_t count;

	list_remove(&j->node);
	if (list_empty(&p->done) && read(p->fd, &count, sizeof(count)) < 0)
		return;
}

void post_await_mails(struct post *p)
{
	while (p->n_mails > 0)
		pthread_cond_wait(&p->no_mail, &p->mutex);
}

void post_end_mail(struct post *p, struct job *j)
{
	post_lock(p);
	list_remove(&j->node);
	if (j->is_dropped)
		job_free(j);
	else
		post_push(p, j);
	if (--p->n_mails == 0)
		pthread_cond_signal(&p->no_mail);
	post_unlock(p);
}

ts_t post_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return TS_S((ts_t)t.tv_sec) + (ts_t)t.tv_nsec / 1000;
}

#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "deliver/private.h"

ts_t hub_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return TS_S((ts_t)t.tv_sec) + (ts_t)t.tv_nsec / 1000;
}

int hub_init(struct hub *h)
{
	*h = (struct hub){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	pthread_mutex_init(&h->mutex, NULL);
	pthread_cond_init(&h->no_mail, NULL);
	list_init(&h->waiting);
	list_init(&h->running);
	list_init(&h->mails);
	list_init(&h->done);
	return h->fd < 0 ? -EMFILE : 0;
}

void hub_done(struct hub *h)
{
	struct job *j;

	while ((j = LIST_FIRST(&h->done, struct job, node)) != NULL) {
		list_remove(&j->node);
		job_free(j);
	}
	if (h->fd >= 0)
		close(h->fd);
	pthread_cond_destroy(&h->no_mail);
	pthread_mutex_destroy(&h->mutex);
}

void hub_lock(struct hub *h)
{
	pthread_mutex_lock(&h->mutex);
}

void hub_unlock(struct hub *h)
{
	pthread_mutex_unlock(&h->mutex);
}

/* ---- under the mutex ---- */

void hub_push_done(struct hub *h, struct job *j)
{
	const uint64_t one = 1;

	/* It fails only when it is readable already. */
	if (list_empty(&h->done) && write(h->fd, &one, sizeof(one)) < 0)
		(void)0;
	list_append(&h->done, &j->node);
}

static void remove_done(struct hub *h, struct job *j)
{
	uint64_t count;

	list_remove(&j->node);
	h->n--;
	if (list_empty(&h->done) && read(h->fd, &count, sizeof(count)) < 0)
		(void)0;
}

struct job *hub_take_done(struct hub *h)
{
	struct job *j = LIST_FIRST(&h->done, struct job, node);

	if (j)
		remove_done(h, j);
	return j;
}

struct job *hub_find(struct list *l, uint64_t delivery)
{
	struct list *n, *next;

	LIST_EACH(n, next, l)
	{
		struct job *j = LIST_OWNER(n, struct job, node);

		if (j->delivery == delivery && !j->is_dropped)
			return j;
	}
	return NULL;
}

struct job *hub_take_resting(struct hub *h, uint64_t delivery)
{
	struct job *j = hub_find(&h->waiting, delivery);

	if (j) {
		list_remove(&j->node);
		h->n--;
		return j;
	}
	j = hub_find(&h->done, delivery);
	if (j)
		remove_done(h, j);
	return j;
}

void hub_end_mail(struct hub *h, struct job *j)
{
	hub_lock(h);
	list_remove(&j->node);
	if (j->is_dropped)
		job_free(j);
	else
		hub_push_done(h, j);
	if (--h->n_mails == 0)
		pthread_cond_signal(&h->no_mail);
	hub_unlock(h);
}

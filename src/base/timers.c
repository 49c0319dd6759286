#include "base/timers.h"

#include <errno.h>

#include "base/mem.h"

enum { FIRST_CAP = 16 };

void timers_init(struct timers *t)
{
	*t = (struct timers){ 0 };
}

void timers_done(struct timers *t)
{
	for (size_t i = 0; i < t->n; i++)
		*t->heap[i] = (struct timer){ .at = TS_NEVER };
	mem_free(t->heap);
	timers_init(t);
}

int timers_reserve(struct timers *t, size_t n)
{
	if (n <= t->cap)
		return 0;
	size_t cap = t->cap ? t->cap : FIRST_CAP;
	while (cap < n)
		cap *= 2;
	struct timer **heap = mem_realloc(t->heap, cap * sizeof(struct timer *));
	if (!heap)
		return -ENOMEM;
	t->heap = heap;
	t->cap = cap;
	return 0;
}

static void place(struct timers *t, struct timer *timer, size_t i)
{
	t->heap[i] = timer;
	timer->index = i + 1;
}

static void sift_up(struct timers *t, struct timer *timer, size_t i)
{
	while (i > 0 && timer->at < t->heap[(i - 1) / 2]->at) {
		place(t, t->heap[(i - 1) / 2], i);
		i = (i - 1) / 2;
	}
	place(t, timer, i);
}

static void sift_down(struct timers *t, struct timer *timer, size_t i)
{
	while (2 * i + 1 < t->n) {
		size_t child = 2 * i + 1;

		if (child + 1 < t->n && t->heap[child + 1]->at < t->heap[child]->at)
			child++;
		if (timer->at <= t->heap[child]->at)
			break;
		place(t, t->heap[child], i);
		i = child;
	}
	place(t, timer, i);
}

static void disarm(struct timers *t, struct timer *timer)
{
	size_t i = timer->index - 1;
	struct timer *last = t->heap[--t->n];

	timer->index = 0;
	timer->at = TS_NEVER;
	if (last == timer)
		return;
	if (i > 0 && last->at < t->heap[(i - 1) / 2]->at)
		sift_up(t, last, i);
	else
		sift_down(t, last, i);
}

int timers_set(struct timers *t, struct timer *timer, ts_t at)
{
	if (at == TS_NEVER) {
		if (timer->index)
			disarm(t, timer);
		return 0;
	}
	if (!timer->index) {
		int err = timers_reserve(t, t->n + 1);

		if (err)
			return err;
		timer->at = at;
		sift_up(t, timer, t->n++);
		return 0;
	}
	bool earlier = at < timer->at;
	timer->at = at;
	if (earlier)
		sift_up(t, timer, timer->index - 1);
	else
		sift_down(t, timer, timer->index - 1);
	return 0;
}

ts_t timers_deadline(const struct timers *t)
{
	return t->n ? t->heap[0]->at : TS_NEVER;
}

struct timer *timers_due(struct timers *t, ts_t now)
{
	if (t->n == 0 || t->heap[0]->at > now)
		return NULL;
	struct timer *timer = t->heap[0];
	disarm(t, timer);
	return timer;
}

/* A thread that carries deliveries.  Only it changes the list of those that are on their way; who
 * drops one marks it, under the mutex, and wakes the thread. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "base/mem.h"
#include "deliver/private.h"

enum {
	FDS = 3 * DELIVER_RUNNING_MAX,
	REAP = 1000, /* ms behind SIGKILL: then a program is left, stuck in the kernel as it is */
	IDLE = 60000,
};

struct worker {
	struct hub *hub;
	pthread_t thread;
	CURLM *multi;
	unsigned n_running;
	struct curl_waitfd fds[FDS];
};

void worker_wake(struct worker *w)
{
	curl_multi_wakeup(w->multi);
}

/* ---- one delivery ---- */

static void stop(struct worker *w, struct job *j)
{
	if (j->form == DELIVER_EXEC)
		child_end(j);
	else
		transfer_close(j, w->multi);
}

/* Its text is made. */
static void finish(struct worker *w, struct job *j)
{
	stop(w, j);
	hub_lock(w->hub);
	list_remove(&j->node);
	w->n_running--;
	if (j->is_dropped)
		job_free(j);
	else
		hub_push_done(w->hub, j);
	hub_unlock(w->hub);
}

static void finish_unsent(struct worker *w, struct job *j, int err)
{
	if (j->form == DELIVER_EXEC)
		child_judge(j, err);
	else
		job_say_unsent(j, err);
	finish(w, j);
}

static void finish_late(struct worker *w, struct job *j)
{
	job_say(j, false, N_("too much was on its way: {1} was not tried within {2} s"),
		text_seconds(j->timeout), text_str(NULL));
	finish(w, j);
}

static void start(struct worker *w, struct job *j)
{
	int err;

	j->is_started = true;
	if (hub_now() >= j->deadline) {
		finish_late(w, j);
		return;
	}
	err = j->form == DELIVER_EXEC ? child_start(j) : transfer_start(j, w->multi);
	if (err)
		finish_unsent(w, j, err);
}

static void turn_child(struct worker *w, struct job *j, bool is_dropped)
{
	const ts_t now = hub_now();

	if (child_turn(j)) {
		finish(w, j);
		return;
	}
	if (!j->child.is_killed && (is_dropped || now >= j->deadline)) {
		child_kill(j);
		j->deadline = now;
	}
	if (j->child.is_killed && now >= j->deadline + TS_MS(REAP)) {
		job_say(j, false, N_("{1} did not end within {2} s, and cannot be killed"),
			text_seconds(j->timeout), text_str(NULL));
		finish(w, j);
	}
}

static void turn_transfer(struct worker *w, struct job *j, bool is_dropped)
{
	const bool is_late = hub_now() >= j->deadline;

	if (is_late && !is_dropped)
		transfer_judge(j, CURLE_OPERATION_TIMEDOUT);
	if (is_late || is_dropped)
		finish(w, j);
}

static void turn(struct worker *w, struct job *j, bool is_dropped)
{
	if (!j->is_started && is_dropped)
		finish(w, j);
	else if (!j->is_started)
		start(w, j);
	else if (j->form == DELIVER_EXEC)
		turn_child(w, j, is_dropped);
	else
		turn_transfer(w, j, is_dropped);
}

/* ---- the loop ---- */

/* False: it is the end.  What is late is taken out of its turn, and then found to be late. */
static bool take_waiting(struct worker *w)
{
	const ts_t now = hub_now();
	struct list *n, *next;

	hub_lock(w->hub);
	LIST_EACH(n, next, &w->hub->waiting)
	{
		if (w->n_running >= DELIVER_RUNNING_MAX &&
			LIST_OWNER(n, struct job, node)->deadline > now)
			continue;
		list_remove(n);
		list_append(&w->hub->running, n);
		w->n_running++;
	}
	const bool ret = !w->hub->is_ending;
	hub_unlock(w->hub);
	return ret;
}

static bool is_dropped(struct worker *w, const struct job *j)
{
	hub_lock(w->hub);
	const bool ret = j->is_dropped;
	hub_unlock(w->hub);
	return ret;
}

static void turn_all(struct worker *w)
{
	struct list *n, *next;

	LIST_EACH(n, next, &w->hub->running)
	{
		struct job *j = LIST_OWNER(n, struct job, node);

		turn(w, j, is_dropped(w, j));
	}
}

static void turn_transfers(struct worker *w)
{
	struct CURLMsg *msg;
	int n;

	curl_multi_perform(w->multi, &n);
	while ((msg = curl_multi_info_read(w->multi, &n)) != NULL) {
		const CURLcode result = msg->data.result;
		char *owner = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &owner);
		struct job *j = (struct job *)(void *)owner;
		transfer_judge(j, result);
		finish(w, j);
	}
}

static ts_t waiting_deadline(struct worker *w)
{
	ts_t ret = TS_NEVER;
	struct list *n, *next;

	hub_lock(w->hub);
	LIST_EACH(n, next, &w->hub->waiting)
	{
		ret = ts_min(ret, LIST_OWNER(n, struct job, node)->deadline);
	}
	hub_unlock(w->hub);
	return w->n_running < DELIVER_RUNNING_MAX && ret != TS_NEVER ? 0 : ret;
}

/* Until something can go on. */
static void rest(struct worker *w)
{
	ts_t deadline = waiting_deadline(w);
	unsigned n_fds = 0;
	struct list *n, *next;

	LIST_EACH(n, next, &w->hub->running)
	{
		const struct job *j = LIST_OWNER(n, struct job, node);

		deadline = ts_min(
			deadline, j->child.is_killed ? j->deadline + TS_MS(REAP) : j->deadline);
		if (j->form == DELIVER_EXEC)
			n_fds += child_fds(j, w->fds + n_fds);
	}
	const ts_t now = hub_now();
	const ts_t left_ms = deadline > now ? (deadline - now) / 1000 + 1 : 0;
	curl_multi_poll(w->multi, w->fds, n_fds, left_ms < IDLE ? (int)left_ms : IDLE, NULL);
}

/* Nobody asks for them any more. */
static void end_all(struct worker *w)
{
	struct list *n, *next;
	struct job *j;

	LIST_EACH(n, next, &w->hub->running)
	{
		j = LIST_OWNER(n, struct job, node);
		if (j->form == DELIVER_EXEC && j->is_started)
			child_kill(j);
	}
	for (ts_t end = hub_now() + TS_MS(REAP); !list_empty(&w->hub->running);) {
		j = LIST_FIRST(&w->hub->running, struct job, node);
		while (j->child.pid > 0 && !child_turn(j) && hub_now() < end)
			curl_multi_poll(w->multi, w->fds, child_fds(j, w->fds), 10, NULL);
		stop(w, j);
		list_remove(&j->node);
		job_free(j);
	}
	while ((j = LIST_FIRST(&w->hub->waiting, struct job, node)) != NULL) {
		list_remove(&j->node);
		job_free(j);
	}
}

static void *run(void *arg)
{
	struct worker *w = arg;

	while (take_waiting(w)) {
		turn_transfers(w); /* what has come is in time */
		turn_all(w);
		rest(w);
	}
	end_all(w);
	return NULL;
}

/* ---- the thread ---- */

/* Signals are the loop's; a broken pipe is an error here and no signal. */
static int start_thread(struct worker *w)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&w->thread, NULL, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

int worker_new(struct worker **ret, struct hub *hub)
{
	struct worker *w = mem_alloc0(sizeof(*w));
	int err = -ENOMEM;

	if (!w)
		return err;
	w->hub = hub;
	w->multi = curl_multi_init();
	if (w->multi)
		err = start_thread(w);
	if (err) {
		curl_multi_cleanup(w->multi);
		mem_free(w);
		return err;
	}
	*ret = w;
	return 0;
}

struct worker *worker_free(struct worker *w)
{
	if (!w)
		return NULL;
	worker_wake(w);
	pthread_join(w->thread, NULL);
	curl_multi_cleanup(w->multi);
	return mem_free(w);
}

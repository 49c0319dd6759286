/* Another configuration while tests run.  A file with a fault changes
 * nothing.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/process.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/loop.h"
#include "watcher/alarms.h"
#include "watcher/parted.h"
#include "watcher/private.h"
#include "watcher/share.h"
#include "watcher/site.h"
#include "watcher/via.h"

enum { LINES_MAX = 1 << 16 };

/* ---- taking over ---- */

static uint64_t sync_tests(struct watcher *w, const struct plan *plan)
{
	struct store_test *tests = mem_alloc0((plan->n_tests + 1) * sizeof(*tests));
	char **specs = mem_alloc0((plan->n_tests + 1) * sizeof(char *));
	uint64_t number = 0;

	for (unsigned i = 0; tests && specs && i < plan->n_tests; i++) {
		const struct plan_test *p = &plan->tests[i];

		specs[i] = parted_spec(p);

		tests[i] = (struct store_test){ .kind = slice_str(conf_test_kind_name(p->kind)),
			.pool = slice_str(p->pool),
			.partner = slice_str(p->domain),
			.direction = slice_str(p->direction),
			.location = slice_str(p->location),
			.interval_us = (int64_t)p->interval,
			.spec = slice_str(specs[i]) };
	}
	if (tests && specs)
		number = store_sync_tests(w->store, tests, plan->n_tests);
	for (unsigned i = 0; specs && i < plan->n_tests; i++)
		free(specs[i]);
	mem_free(specs);
	mem_free(tests);
	return number;
}

int watcher_sync(struct watcher *w)
{
	w->sync = sync_tests(w, w->next.plan);
	return w->sync ? 0 : -ENOMEM;
}

static void log_not_reloaded(struct watcher *w, const char *cause)
{
	struct buf *b = watch_log_begin(&w->log, WATCH_NOT_RELOADED);

	log_str(b, "cause", slice_str(cause));
	log_str(b, "advice", SLICE("mend the file and reload; the one before stays in force"));
	watch_log_end(&w->log, WATCH_NOT_RELOADED);
	w->is_refused = true;
}

static void give_up_next(struct watcher *w)
{
	log_not_reloaded(w, "out of memory");
	watch_config_done(&w->next);
	site_drop_plan(w->site);
	w->sync = 0;
	if (w->is_ready)
		return;
	/* Nothing would ever be tested: whoever started it starts it again. */
	w->status = PROCESS_NOT_HERE;
	pump_stop(w->pump);
}

/* ---- tests that leave ---- */

/* Whose tests are gone hears no more of them. */
static void end_those_that_leave(struct watcher *w)
{
	struct list *n, *next;

	LIST_EACH(n, next, &w->roster.leaving)
	runs_drop(w->runs, LIST_OWNER(n, struct watched, leaving)->run);
}

/* Nobody tests it any more: an incident that was open is over, which is kept and told. */
static void stop_test(struct watcher *w, int64_t id, int64_t fence, struct state *state, ts_t now)
{
	struct incident incidents[STORE_INCIDENTS_MAX];
	struct state_event ev;
	unsigned n = 0;

	state_push_stop(state, watcher_wall(w, now));
	while (state_take_event(state, &ev)) {
		alarms_push_stop(w->alarms, id, &ev, now);
		if (n < STORE_INCIDENTS_MAX)
			incidents[n++] = ev.incident;
	}
	(void)store_push_state(w->store, id, fence, state, incidents, n);
}

static void stop_all(struct watcher *w, const struct list *tests, ts_t now)
{
	struct list *n, *next;

	LIST_EACH(n, next, tests)
	{
		struct watched *t = LIST_OWNER(n, struct watched, leaving);

		if (t->plan && w->store && t->is_owned)
			stop_test(w, t->id, t->fence, &t->state, now);
	}
}

static bool has_stopped(const struct list *tests, int64_t id)
{
	struct list *n, *next;

	LIST_EACH(n, next, tests)
	if (LIST_OWNER(n, struct watched, leaving)->id == id)
		return true;
	return false;
}

/* Those that left while no watcher ran, or one that was killed. */
static void stop_left(struct watcher *w, const struct store_synced *synced, ts_t now)
{
	static const struct state_cfg any = { .fail_n = 1, .fail_m = 1, .recover_k = 1 };

	/* Of several watchers each would tell it. */
	for (size_t i = 0; synced && !w->share && i < synced->n_left; i++) {
		const struct store_left *left = &synced->left[i];
		struct store_left over = *left;
		struct state state;

		if (has_stopped(&w->roster.retired, left->id) ||
			has_stopped(&w->roster.leaving, left->id))
			continue;
		(void)state_init(&state, &any);
		state_resume(&state, &left->kept);
		if (!over.newest.end_at)
			over.newest.end_at = watcher_wall(w, now);
		alarms_push_left(w->alarms, &over, synced, now);
		if (state.incident.begin_at)
			stop_test(w, left->id, 0, &state, now);
	}
}

static unsigned count_enabled(const struct plan *plan)
{
	unsigned n = 0;

	for (unsigned i = 0; i < plan->n_tests; i++)
		n += plan->tests[i].is_enabled;
	return n;
}

static void log_taken(struct watcher *w)
{
	const enum watch_event e = w->is_ready ? WATCH_RELOADED : WATCH_READY;
	struct buf *b = watch_log_begin(&w->log, e);

	if (w->is_ready)
		log_str(b, "file", slice_str(w->file.path));
	log_u64(b, "tests", w->file.plan->n_tests);
	if (!w->is_ready)
		log_u64(b, "enabled", count_enabled(w->file.plan));
	watch_log_end(&w->log, e);
}

static void ready(struct watcher *w, ts_t now)
{
	log_taken(w);
	w->n_reloads += w->is_ready;
	w->is_ready = true;
	w->is_refused = false;
	w->loaded_at = watcher_wall(w, now);
	notify_say(&w->notify, "READY=1\nSTATUS=watching");
	site_push_plan(w->site);
}

void watcher_take_plan(struct watcher *w, const struct store_event *synced)
{
	const ts_t now = pump_now(w->pump);
	struct watch_config old = w->file;

	int err = alarms_prepare(w->alarms, w->next.plan);
	if (!err)
		err = roster_take(&w->roster, w->next.plan, synced ? synced->known : NULL, now);
	if (err) {
		give_up_next(w);
		return;
	}
	w->file = w->next;
	w->next = (struct watch_config){ 0 };
	w->sync = 0;
	alarms_take_plan(w->alarms, w->file.plan, synced, now);
	end_those_that_leave(w);
	stop_all(w, &w->roster.retired, now);
	stop_all(w, &w->roster.leaving, now);
	stop_left(w, synced ? synced->answer->synced : NULL, now);
	roster_free_retired(&w->roster);
	share_push_plan(w->share);
	via_push_plan(w);
	if (old.plan)
		watcher_compare_started(w, w->file.plan);
	ready(w, now);
	watch_config_done(&old);
}

/* Nobody waits for what a pipe or a terminal has to say. */
static int read_again(struct watcher *w, struct watch_config *ret, struct buf *why)
{
	struct stat st;

	if (stat(w->file.path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return watch_config_open(ret, w->options->config, NULL, why);
	buf_printf(why, "%s: only a regular file is read again\n", w->file.path);
	return ERR_CONFIG;
}

static void log_lines(struct watcher *w, struct slice lines)
{
	while (lines.n) {
		log_str(watch_log_begin(&w->log, WATCH_FAULT), "text", slice_split(&lines, '\n'));
		watch_log_end(&w->log, WATCH_FAULT);
	}
}

bool watcher_reload(struct watcher *w, struct buf *lines)
{
	const uint64_t before = w->sync;
	struct watch_config again = { 0 };
	struct text fault;
	struct buf why;

	notify_say(&w->notify, "RELOADING=1");
	buf_init(&why, LINES_MAX);
	if (read_again(w, &again, &why)) {
		/* One that the history has not answered for yet is still to be taken over. */
		watch_config_done(&again);
		log_lines(w, buf_slice(&why));
		log_not_reloaded(w, "it has a fault");
	} else if (site_prepare(w->site, &again, &fault)) {
		watch_config_done(&again);
		text_put(&why, &fault, NULL);
		log_lines(w, buf_slice(&why));
		log_not_reloaded(w, "it has a fault");
	} else {
		watch_config_done(&w->next);
		store_event_done(&w->synced);
		w->next = again;
		if (watcher_sync(w))
			give_up_next(w);
		else if (w->held_since) /* it waits for the history, and says so */
			watch_log_text(&w->log, WATCH_HISTORY_HELD, &w->held);
	}
	if (lines)
		buf_put(lines, buf_slice(&why));
	buf_done(&why);
	if (!w->next.plan)
		notify_say(&w->notify, "READY=1");
	return w->next.plan && w->sync != before;
}

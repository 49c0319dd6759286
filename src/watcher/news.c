/* What the schedule and the history tell: starts, what was missed, a clock that jumped, a disk that
 * takes nothing.
 */
#include "base/log.h"
#include "base/mem.h"
#include "watcher/alarms.h"
#include "watcher/private.h"
#include "watcher/prober.h"
#include "watcher/share.h"
#include "watcher/site.h"

enum { ALERTS_MAX_S = 5 }; /* so long a reload waits for receivers */

/* ---- the schedule ---- */

static void missed(struct watcher *w, const struct schedule_event *ev)
{
	const struct watched *t = roster_of_place(ev->test);

	if (w->once || roster_is_leaving(t)) /* who runs all once waits for no interval */
		return;
	struct buf *b = watch_log_begin(&w->log, WATCH_MISSED);
	log_str(b, "test", slice_str(t->plan->key));
	log_str(b, "why", slice_str(schedule_miss_name(ev->why)));
	log_u64(b, "n", ev->n);
	watch_log_end(&w->log, WATCH_MISSED);
}

static void clock_jumped(struct watcher *w, const struct schedule_event *ev, ts_t now)
{
	const bool is_back = ev->jump_us < 0;
	const uint64_t span = is_back ? 0 - (uint64_t)ev->jump_us : (uint64_t)ev->jump_us;
	struct buf *b = watch_log_begin(&w->log, WATCH_CLOCK);

	log_u64(b, "seconds", span / 1000000);
	log_str(b, "direction", slice_str(is_back ? "back" : "forward"));
	watch_log_end(&w->log, WATCH_CLOCK);
	for (unsigned i = 0; is_back && i < w->roster.n; i++)
		state_push_clock(&w->roster.tests[i]->state, watcher_wall(w, now));
}

static void take_schedule(struct watcher *w, ts_t now)
{
	struct schedule_event ev;

	while (schedule_take_event(&w->roster.schedule, &ev, now))
		switch (ev.type) {
		case SCHEDULE_EV_START: watcher_begin(w, &ev); break;
		case SCHEDULE_EV_MISSED: missed(w, &ev); break;
		case SCHEDULE_EV_CLOCK: clock_jumped(w, &ev, now); break;
		}
}

/* ---- the history ---- */

static void log_count(
	struct watcher *w, enum watch_event e, const char *key, uint64_t n, const struct text *text)
{
	struct buf *line = watch_log_begin(&w->log, e);

	log_u64(line, key, n);
	if (text->id)
		watch_log_put(line, text);
	watch_log_end(&w->log, e);
}

static void dropped(struct watcher *w, const struct store_event *ev)
{
	struct buf *b = watch_log_begin(&w->log, WATCH_HISTORY_DROPPED);

	log_u64(b, "runs", ev->count);
	log_u64(b, "evidence", ev->evidence);
	watch_log_end(&w->log, WATCH_HISTORY_DROPPED);
}

static void keep_synced(struct watcher *w, struct store_event *ev, ts_t now)
{
	store_event_done(&w->synced);
	w->synced = *ev;
	w->synced_until = ts_add(now, TS_S(ALERTS_MAX_S));
	ev->known = NULL;
	ev->answer = NULL;
}

/* What is on its way would be sent anew by the next plan's alerts. */
static void take_plan(struct watcher *w, ts_t now)
{
	if (!w->synced.known || (alarms_are_sending(w->alarms) && now < w->synced_until))
		return;
	watcher_take_plan(w, &w->synced);
	store_event_done(&w->synced);
}

static void push(struct watcher *w, struct store_event *ev, ts_t now)
{
	switch (ev->type) {
	case STORE_EV_ANSWER:
		if (!share_push_states(w->share, ev->answer))
			site_push_answer(w->site, ev->answer);
		ev->answer = NULL;
		break;
	case STORE_EV_SYNCED:
		if (ev->number == w->sync)
			keep_synced(w, ev, now);
		break;
	case STORE_EV_LEASE:
		if (w->share)
			share_push_answer(w->share, ev);
		break;
	case STORE_EV_FENCED: share_push_fenced(w->share, ev->test_id, ev->fence); break;
	case STORE_EV_WRITTEN: alarms_push_written(w->alarms, ev->number); break;
	case STORE_EV_CHECKED: break;
	case STORE_EV_HELD:
		w->held_since = watcher_wall(w, now);
		w->held = ev->text;
		watch_log_text(&w->log, WATCH_HISTORY_HELD, &ev->text);
		break;
	case STORE_EV_RESUMED:
		w->held_since = 0;
		log_count(w, WATCH_HISTORY_RESUMED, "waited", ev->count, &(struct text){ 0 });
		break;
	case STORE_EV_DROPPED: dropped(w, ev); break;
	case STORE_EV_DAMAGED: watch_log_text(&w->log, WATCH_HISTORY_DAMAGED, &ev->text); break;
	case STORE_EV_SALVAGED:
		log_count(w, WATCH_HISTORY_SALVAGED, "runs", ev->count, &ev->text);
		break;
	case STORE_EV_SHRUNK: watch_log_text(&w->log, WATCH_HISTORY_SHRUNK, &ev->text); break;
	case STORE_EVENTS: break;
	}
}

static void take_store(struct watcher *w, ts_t now)
{
	struct store_event ev;

	while (w->store && store_take_event(w->store, &ev)) {
		push(w, &ev, now);
		store_event_done(&ev);
	}
}

void watcher_take_news(struct watcher *w)
{
	const ts_t now = pump_now(w->pump);

	take_store(w, now);
	watcher_take_done(w);
	prober_take_done(w->prober);
	take_schedule(w, now);
	alarms_push_time(w->alarms, now);
	take_plan(w, now);
	if (share_take_news(w->share))
		site_push_tests(w->site);
	site_push_time(w->site, now);
}

/* A run is over: what it says of its test, to the history, the alerts and the pages. */
#include <jansson.h>

#include "base/log.h"
#include "base/mem.h"
#include "watcher/alarms.h"
#include "watcher/once.h"
#include "watcher/private.h"
#include "watcher/row_split.h"
#include "watcher/run_id.h"
#include "watcher/site.h"
#include "watcher/via.h"

/* ---- the row ---- */

static struct store_row row_of(
	const struct watched *t, const struct watcher_end *end, enum watch_state state)
{
	struct store_row row = { .test_id = t->id,
		.scheduled_at = t->scheduled_at,
		.late_us = t->late_us,
		.state = state,
		.has_passed = end->has_passed,
		.reason = end->reason,
		.fail_phase = end->has_passed ? PHASE_COUNT : end->phase,
		.attempts = end->attempts,
		.is_by_hand = t->is_by_hand,
		.latency_us = STORE_NONE,
		.signin_us = STORE_NONE,
		.there_us = STORE_NONE,
		.back_us = STORE_NONE };

	if (end->has_passed && end->result)
		row_split(end->result->phases, end->latency, &row);
	if (end->result)
		phases_of(end->result->phases, &row.phases);
	return row;
}

/* ---- log ---- */

static void log_run(struct watcher *w, const struct watched *t, const struct watcher_end *end,
	enum watch_state state)
{
	char id[RUN_ID_MAX];

	if (w->log.level < LOG_LEVEL_DEBUG)
		return;
	struct buf *b = watch_log_begin(&w->log, WATCH_RUN);
	log_str(b, "test", slice_str(t->plan->key));
	log_str(b, "run", slice_str(run_id_put(id, t->id, t->scheduled_at)));
	log_str(b, "state", slice_str(watch_state_name(state)));
	if (end->reason)
		log_str(b, "reason", slice_str(reason_id(end->reason)));
	log_u64(b, "ms", end->latency / 1000);
	log_u64(b, "attempts", end->attempts);
	log_u64(b, "late_ms", (uint64_t)t->late_us / 1000);
	watch_log_end(&w->log, WATCH_RUN);
}

static void log_change(struct watcher *w, const struct watched *t, const struct watcher_end *end,
	enum watch_state from)
{
	char id[RUN_ID_MAX];
	struct buf *b = watch_log_begin(&w->log, WATCH_STATE_CHANGED);

	log_str(b, "test", slice_str(t->plan->key));
	log_str(b, "from", slice_str(watch_state_name(from)));
	log_str(b, "to", slice_str(watch_state_name(t->state.state)));
	if (end->reason)
		log_str(b, "reason", slice_str(reason_id(end->reason)));
	log_str(b, "run", slice_str(run_id_put(id, t->id, t->scheduled_at)));
	if (end->why)
		watch_log_put(b, end->why);
	watch_log_end(&w->log, WATCH_STATE_CHANGED);
}

static void log_stalled(struct watcher *w, const struct watched *t)
{
	char id[RUN_ID_MAX];
	struct buf *b = watch_log_begin(&w->log, WATCH_STALLED);

	log_str(b, "test", slice_str(t->plan->key));
	log_str(b, "run", slice_str(run_id_put(id, t->id, t->scheduled_at)));
	watch_log_end(&w->log, WATCH_STALLED);
}

/* ---- what it changes ---- */

/* What the last run said, for alerts and pages in any language. */
static void keep_why(struct watched *t, const struct watcher_end *end)
{
	t->reason = end->reason;
	if (!end->why) {
		t->why = mem_free(t->why);
		return;
	}
	if (!t->why)
		t->why = mem_alloc0(sizeof(*t->why));
	if (t->why) /* without memory the reason speaks for itself */
		*t->why = *end->why;
}

/* True: it came in time, and is news. */
static bool push_state(struct watcher *w, struct watched *t, const struct watch_run *run,
	struct store_run *ret, struct incident incidents[STORE_INCIDENTS_MAX])
{
	const ts_t now = pump_now(w->pump);
	struct state_event ev;

	if (t->is_by_hand || !state_push_run(&t->state, run))
		return false;
	alarms_push_muted(w->alarms, t, run->in_maintenance, now);
	while (state_take_event(&t->state, &ev)) {
		alarms_push_event(w->alarms, t, &ev, now);
		if (ret->n_incidents < STORE_INCIDENTS_MAX)
			incidents[ret->n_incidents++] = ev.incident;
	}
	ret->state = &t->state;
	ret->incidents = incidents;
	return true;
}

/* Of the diagnosis in the result, the first step: it has the names that the reason's own text
 * leaves open. */
static void keep_step(struct watched *t, struct slice result)
{
	json_t *o = json_loadb((const char *)result.p, result.n, 0, NULL);
	const json_t *next = json_object_get(json_object_get(o, "diagnosis"), "next");

	t->step = mem_free(t->step);
	if (json_array_size(next))
		t->step = mem_strdup(json_string_value(json_array_get(next, 0)));
	json_decref(o);
}

static void store(
	struct watcher *w, struct watched *t, const struct watcher_end *end, struct store_run *run)
{
	struct buf result, trace;

	if (!w->store)
		return;
	buf_init(&result, RUNS_RESULT_BYTES);
	buf_init(&trace, STORE_EVIDENCE_MAX);
	if (end->done && runs_put_result(w->runs, end->done, &result) == 0)
		run->result_json = buf_slice(&result);
	if (end->done && runs_put_trace(w->runs, end->done, &trace) == 0)
		run->trace_json = buf_slice(&trace);
	if (run->state && run->row.state != WATCH_OK)
		keep_step(t, run->result_json);
	const uint64_t number = store_push_run(w->store, run);
	if (number && run->n_incidents) /* 0: it is counted there, and told */
		alarms_push_pushed(w->alarms, number, pump_now(w->pump));
	buf_done(&result);
	buf_done(&trace);
}

void watcher_finish(struct watcher *w, struct watched *t, const struct watcher_end *end)
{
	const struct watch_run run = { .scheduled_at = t->scheduled_at,
		.has_passed = end->has_passed,
		.reason = end->reason,
		.expected = t->plan->expected,
		.attempts = end->attempts,
		.is_own_fault = end->is_own_fault,
		.in_maintenance = t->in_maintenance };
	const enum watch_state state = watch_judge(&run), before = t->state.state;
	struct incident incidents[STORE_INCIDENTS_MAX];
	struct store_run stored = { .row = row_of(t, end, state) };
	const bool was_tested = t->state.since_at != 0;

	t->runs[state]++;
	histogram_add(&w->late, (uint64_t)t->late_us);
	log_run(w, t, end, state);
	if (push_state(w, t, &run, &stored, incidents)) {
		keep_why(t, end);
		if (end->has_passed)
			t->latency_us = stored.row.latency_us;
		if (t->state.state != before || !was_tested)
			log_change(w, t, end, before);
	}
	store(w, t, end, &stored);
	once_push(w->once, t, end, state);
	via_push_end(w, t, end);
	site_push_test(w->site, t);
	roster_push_done(&w->roster, t, pump_now(w->pump));
}

/* ---- those that ran ---- */

static void finish(struct watcher *w, const struct runs_done *done)
{
	struct watched *t = done->owner;
	const struct watcher_end end = { .has_passed = done->last.has_passed,
		.is_own_fault = done->is_stalled,
		.reason = done->last.reason,
		.phase = done->kind == RUN_SERVERS ? PHASE_COUNT : done->last.phase,
		.attempts = done->attempts,
		.latency = done->last.latency,
		.result = done->result,
		.done = done,
		.why = done->last.message.id ? &done->last.message : NULL };

	if (done->is_dropped || roster_is_leaving(t)) {
		via_push_dropped(w, t);
		roster_push_done(&w->roster, t, pump_now(w->pump));
		return;
	}
	if (done->is_stalled)
		log_stalled(w, t);
	watcher_finish(w, t, &end);
}

void watcher_take_done(struct watcher *w)
{
	struct runs_done done;

	while (runs_take_done(w->runs, &done))
		finish(w, &done);
}

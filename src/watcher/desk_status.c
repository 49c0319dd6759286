/* What a watcher does, and has done. */
#include <unistd.h>

#include "watcher/desk_private.h"
#include "watcher/site.h"

static json_t *time_or_null(int64_t us)
{
	return us ? report_json_time(us) : json_null();
}

static json_t *integer(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *configuration(const struct watcher *w)
{
	json_t *o = json_object();

	report_json_set(o, "file", report_json_string_or_null(w->file.path));
	report_json_set(o, "read_at", time_or_null(w->loaded_at));
	report_json_set(o, "last_reload_refused", json_boolean(w->is_refused));
	return o;
}

static json_t *tests(const struct watcher *w)
{
	uint64_t states[WATCH_STATES] = { 0 }, n_unknown = 0;
	json_t *o = json_object(), *by_state = json_object();

	for (unsigned i = 0; i < w->roster.n; i++) {
		const struct watched *t = w->roster.tests[i];

		if (t->state.since_at)
			states[t->state.state]++;
		else
			n_unknown++;
	}
	for (unsigned i = 0; i < WATCH_STATES; i++)
		report_json_set(
			by_state, watch_state_name((enum watch_state)i), integer(states[i]));
	report_json_set(o, "all", integer(w->roster.n));
	report_json_set(o, "running", integer(runs_n(w->runs)));
	report_json_set(o, "not_tested", integer(n_unknown));
	report_json_set(o, "states", by_state);
	return o;
}

static json_t *history(const struct watcher *w)
{
	const struct store_stats s = store_stats(w->store);
	json_t *o = json_object();

	report_json_set(o, "written", integer(s.written));
	report_json_set(o, "queued", integer(s.queued));
	report_json_set(o, "bytes", integer(s.file_bytes));
	report_json_set(o, "held_since", time_or_null(w->held_since));
	return o;
}

void desk_put_status(const struct watcher *w, struct buf *b)
{
	json_t *o = json_object();

	report_json_set(o, "schema", json_string("stox.watch-status/1"));
	report_json_set(o, "version", json_string(STOX_VERSION));
	report_json_set(o, "pid", json_integer(getpid()));
	report_json_set(o, "started_at", time_or_null(w->started_at));
	report_json_set(o, "ready", json_boolean(w->is_ready && !w->is_stopping));
	report_json_set(o, "configuration", configuration(w));
	report_json_set(o, "tests", tests(w));
	report_json_set(o, "runs", integer(w->n_runs));
	report_json_set(o, "history", history(w));
	report_json_set(o, "last_warning", report_json_string_or_null(w->log.last_warning));
	report_json_set(o, "last_warning_at", time_or_null(w->log.warned));
	desk_put(b, o);
}

#include "watcher/metrics.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "watcher/alarms.h"
#include "watcher/site.h"
#include "web/fields.h"

enum {
	PART_BYTES = 16 << 10, /* as much as is made while others wait */
};

struct exposition_at {
	const struct watcher *w;
	bool is_open; /* OpenMetrics */
	size_t family;
	bool is_begun;
	unsigned test;
	struct access access;
	uint64_t plan; /* which one is in force: with another one the tests are others */
};

/* ---- values ---- */

static void put_escaped(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '\\' || *s == '"')
			buf_putc(b, '\\');
		if (*s == '\n')
			buf_puts(b, "\\n");
		else
			buf_putc(b, (uint8_t)*s);
	}
}

static void put_name(struct buf *b, const char *name, const struct watched *t)
{
	const struct plan_test *p = t->plan;

	buf_printf(b, "%s{kind=\"%s\",pool=\"", name, conf_test_kind_name(p->kind));
	put_escaped(b, p->pool ? p->pool : "");
	buf_puts(b, "\",partner=\"");
	put_escaped(b, p->domain ? p->domain : "");
	buf_printf(b, "\",direction=\"%s\"", p->direction);
}

static void put_seconds(struct buf *b, int64_t us)
{
	buf_printf(b, "} %" PRId64 ".%06u\n", us / 1000000, (unsigned)(us % 1000000));
}

static void put_u64(struct buf *b, uint64_t n)
{
	buf_printf(b, "} %" PRIu64 "\n", n);
}

/* ---- of a test ---- */

static void success(struct buf *b, const char *name, const struct watched *t)
{
	if (!t->state.since_at || !watch_state_is_judged(t->state.state))
		return;
	put_name(b, name, t);
	put_u64(b, t->state.state != WATCH_FAILED);
}

static void duration(struct buf *b, const char *name, const struct watched *t)
{
	if (t->latency_us == STORE_NONE)
		return;
	put_name(b, name, t);
	put_seconds(b, t->latency_us);
}

static void state(struct buf *b, const char *name, const struct watched *t)
{
	for (unsigned i = 0; i < WATCH_STATES; i++) {
		put_name(b, name, t);
		buf_printf(b, ",state=\"%s\"", watch_state_name((enum watch_state)i));
		put_u64(b, t->state.since_at != 0 && t->state.state == (enum watch_state)i);
	}
}

static void failure(struct buf *b, const char *name, const struct watched *t)
{
	if (!t->reason || t->state.state == WATCH_OK)
		return;
	put_name(b, name, t);
	buf_printf(b, ",reason=\"%s\"", reason_id(t->reason));
	put_u64(b, 1);
}

static void runs(struct buf *b, const char *name, const struct watched *t)
{
	for (unsigned i = 0; i < WATCH_STATES; i++) {
		put_name(b, name, t);
		buf_printf(b, ",state=\"%s\"", watch_state_name((enum watch_state)i));
		put_u64(b, t->runs[i]);
	}
}

static void missed(struct buf *b, const char *name, const struct watched *t)
{
	for (unsigned i = 0; i < SCHEDULE_MISSES; i++) {
		put_name(b, name, t);
		buf_printf(b, ",why=\"%s\"", schedule_miss_name((enum schedule_miss)i));
		put_u64(b, t->place.n_missed[i]);
	}
}

static void last_run(struct buf *b, const char *name, const struct watched *t)
{
	if (!t->state.last_at)
		return;
	put_name(b, name, t);
	put_seconds(b, t->state.last_at);
}

static void waited(struct buf *b, const char *name, const struct watched *t)
{
	put_name(b, name, t);
	put_seconds(b, (int64_t)t->waited);
}

/* ---- of the watcher ---- */

static void build_info(struct buf *b, const char *name, const struct watcher *w)
{
	(void)w;
	buf_printf(b, "%s{version=\"%s\"} 1\n", name, STOX_VERSION);
}

static void is_ready(struct buf *b, const char *name, const struct watcher *w)
{
	buf_printf(b, "%s %d\n", name, w->is_ready && !w->is_stopping && !w->held_since);
}

static void running(struct buf *b, const char *name, const struct watcher *w)
{
	buf_printf(b, "%s %u\n", name, runs_n(w->runs));
}

static void stalls(struct buf *b, const char *name, const struct watcher *w)
{
	buf_printf(b, "%s %" PRIu64 "\n", name, runs_n_stalls(w->runs));
}

static void reload_good(struct buf *b, const char *name, const struct watcher *w)
{
	buf_printf(b, "%s %d\n", name, !w->is_refused);
}

static void reload_time(struct buf *b, const char *name, const struct watcher *w)
{
	buf_printf(b, "%s %" PRId64 "\n", name, w->loaded_at / 1000000);
}

static void alerts(struct buf *b, const char *name, const struct watcher *w)
{
	/* Before the history has answered no plan is in force. */
	for (unsigned i = 0; w->is_ready && i < w->file.plan->n_receivers; i++) {
		const struct alert_counts c = alarms_counts(w->alarms, i);
		const struct {
			const char *outcome;
			uint64_t n;
		} rows[] = { { "delivered", c.delivered }, { "failed", c.failed },
			{ "given-up", c.given_up } };

		for (size_t k = 0; k < COUNT(rows); k++) {
			buf_printf(b, "%s{receiver=\"", name);
			put_escaped(b, w->file.plan->receivers[i].name);
			buf_printf(b, "\",outcome=\"%s\"", rows[k].outcome);
			put_u64(b, rows[k].n);
		}
	}
}

static void history_runs(struct buf *b, const char *name, const struct watcher *w)
{
	const struct store_stats s = store_stats(w->store);

	buf_printf(b, "%s{outcome=\"written\"} %" PRIu64 "\n", name, s.written);
	buf_printf(b, "%s{outcome=\"duplicate\"} %" PRIu64 "\n", name, s.duplicates);
	buf_printf(b, "%s{outcome=\"dropped\"} %" PRIu64 "\n", name, s.dropped_runs);
}

static void history_queued(struct buf *b, const char *name, const struct watcher *w)
{
	buf_printf(b, "%s %" PRIu64 "\n", name, store_stats(w->store).queued);
}

static void history_bytes(struct buf *b, const char *name, const struct watcher *w)
{
	buf_printf(b, "%s %" PRIu64 "\n", name, store_stats(w->store).file_bytes);
}

static void history_held(struct buf *b, const char *name, const struct watcher *w)
{
	buf_printf(b, "%s %d\n", name, store_stats(w->store).is_held);
}

static void web_requests(struct buf *b, const char *name, const struct watcher *w)
{
	buf_printf(b, "%s %" PRIu64 "\n", name, site_counts(w->site).requests);
}

static void web_refused(struct buf *b, const char *name, const struct watcher *w)
{
	const struct web_counts c = site_counts(w->site);

	for (unsigned i = 0; i < WEB_REFUSALS; i++)
		buf_printf(b, "%s{cause=\"%s\"} %" PRIu64 "\n", name,
			web_refusal_name((enum web_refusal)i), c.refusals[i]);
}

static void log_dropped(struct buf *b, const char *name, const struct watcher *w)
{
	buf_printf(b, "%s %" PRIu64 "\n", name, log_out_dropped(w->log.out));
}

/* ---- the families ---- */

static const struct family {
	const char *name, *ending, *type, *help;
	void (*of_test)(struct buf *b, const char *name, const struct watched *t);
	void (*of_all)(struct buf *b, const char *name, const struct watcher *w);
} families[] = {
	{ "probe_success", "", "gauge",
		"Whether the test passes: 0 is FAILED. Absent while it is unknown "
		"or in maintenance.",
		success, NULL },
	{ "probe_duration_seconds", "", "gauge", "How long the last run that passed took.",
		duration, NULL },
	{ "stox_watch_test_state", "", "gauge", "1 for the state that the test is in.", state,
		NULL },
	{ "stox_watch_test_failure_info", "", "gauge", "Why the test is not OK.", failure, NULL },
	{ "stox_watch_runs", "_total", "counter", "Runs by what they said of the test.", runs,
		NULL },
	{ "stox_watch_missed", "_total", "counter", "Runs that did not start in time, by why.",
		missed, NULL },
	{ "stox_watch_last_run_timestamp_seconds", "", "gauge", "When the last run was due.",
		last_run, NULL },
	{ "stox_watch_last_wait_seconds", "", "gauge",
		"How long the last run waited for its accounts and for room.", waited, NULL },
	{ "stox_watch_build_info", "", "gauge", "The version that runs.", NULL, build_info },
	{ "stox_watch_ready", "", "gauge", "Whether tests run and are kept.", NULL, is_ready },
	{ "stox_watch_running", "", "gauge", "Runs that are on.", NULL, running },
	{ "stox_watch_stalls", "_total", "counter",
		"How often the watcher itself stood still for over a second while tests ran.", NULL,
		stalls },
	{ "stox_watch_config_last_reload_successful", "", "gauge",
		"Whether the last reload was taken over.", NULL, reload_good },
	{ "stox_watch_config_last_reload_success_timestamp_seconds", "", "gauge",
		"When the configuration in force was taken over.", NULL, reload_time },
	{ "stox_watch_alerts", "_total", "counter", "Alerts by receiver and what became of them.",
		NULL, alerts },
	{ "stox_watch_history_runs", "_total", "counter", "Runs by what the history did with them.",
		NULL, history_runs },
	{ "stox_watch_history_queued", "", "gauge", "Entries that wait to be written.", NULL,
		history_queued },
	{ "stox_watch_history_held", "", "gauge", "Whether the history cannot be written.", NULL,
		history_held },
	{ "stox_watch_history_bytes", "", "gauge", "The size of the history's file.", NULL,
		history_bytes },
	{ "stox_watch_http_requests", "_total", "counter", "Requests that were read.", NULL,
		web_requests },
	{ "stox_watch_http_refused", "_total", "counter", "Requests that were refused, by cause.",
		NULL, web_refused },
	{ "stox_watch_log_lines_dropped", "_total", "counter",
		"Lines of log that nobody read in time.", NULL, log_dropped },
};

static void put_head(struct exposition_at *x, const struct family *f, struct buf *b)
{
	const char *ending = x->is_open ? "" : f->ending;

	if (x->is_begun)
		return;
	x->is_begun = true;
	buf_printf(b, "# HELP %s%s %s\n", f->name, ending, f->help);
	buf_printf(b, "# TYPE %s%s %s\n", f->name, ending, f->type);
}

/* False: the family is done with. */
static bool put_next(struct exposition_at *x, const struct family *f, struct buf *b)
{
	char name[128];

	snprintf(name, sizeof(name), "%s%s", f->name, f->ending);
	if (f->of_all) {
		f->of_all(b, name, x->w);
		return false;
	}
	if (x->test >= x->w->roster.n)
		return false;
	const struct watched *t = x->w->roster.tests[x->test++];
	if (access_may(&x->access, ROLE_METRICS, t))
		f->of_test(b, name, t);
	return true;
}

static bool put_part(void *parts, struct buf *b)
{
	struct exposition_at *x = parts;

	/* Another plan has other tests: what was begun with the old ones must not look whole. */
	if (x->plan != x->w->n_reloads)
		return false;
	while (x->family < COUNT(families) && buf_len(b) < PART_BYTES) {
		const struct family *f = &families[x->family];
		const bool is_his = !f->of_all || access_may(&x->access, ROLE_METRICS, NULL);

		if (is_his)
			put_head(x, f, b);
		if (is_his && put_next(x, f, b))
			continue;
		x->family++;
		x->is_begun = false;
		x->test = 0;
	}
	if (x->family < COUNT(families))
		return true;
	if (x->is_open)
		buf_puts(b, "# EOF\n");
	return false;
}

static void free_parts(void *parts)
{
	mem_free(parts);
}

void metrics_put(const struct watcher *w, const struct web_request *r, const struct access *a,
	struct web_answer *ret)
{
	const struct slice accept = web_field_find(r, "Accept");
	struct exposition_at *x = mem_alloc0(sizeof(*x));

	if (!x)
		return;
	x->w = w;
	x->access = *a;
	x->plan = w->n_reloads;
	x->is_open = web_accepts(accept, "application", "openmetrics-text", "1.0.0") >
		     web_accepts(accept, "text", "plain", "0.0.4");
	ret->status = 200;
	ret->type = x->is_open ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
			       : "text/plain; version=0.0.4; charset=utf-8";
	ret->cache = "no-store";
	ret->parts = x;
	ret->done = free_parts;
	if (put_part(x, &ret->body))
		ret->more = put_part;
}

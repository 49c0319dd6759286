#include "watcher/as_json.h"

#include "probe/reason.h"
#include "report/json.h"
#include "web/request.h"
#include "web/uri.h"

/* ---- values ---- */

static json_t *time_or_null(int64_t at)
{
	return at ? report_json_time(at) : json_null();
}

static json_t *span_or_null(int64_t us)
{
	return us == PAGE_NO_SPAN ? json_null() : report_json_seconds(us);
}

static json_t *text_or_null(struct slice text)
{
	return text.n ? report_json_slice(text) : json_null();
}

static json_t *count(uint64_t n)
{
	return json_integer((json_int_t)n);
}

static json_t *state(enum watch_state s)
{
	return json_string(watch_state_name(s));
}

static json_t *reason_or_null(enum reason r)
{
	return r == REASON_NONE ? json_null() : json_string(reason_id(r));
}

static json_t *phase_or_null(enum probe_phase p)
{
	return p == PHASE_COUNT ? json_null() : json_string(phase_name(p));
}

static json_t *share(struct page_share s)
{
	json_t *o = json_object();

	report_json_set(o, "passed", count(s.passed));
	report_json_set(o, "judged", count(s.judged));
	return o;
}

static json_t *place(const struct page_place *places, uint32_t n, uint32_t at)
{
	return at < n ? text_or_null(places[at].id) : json_null();
}

static int put(struct buf *b, json_t *o)
{
	const int err = report_json_put(b, o, JSON_INDENT(2));

	if (!err)
		buf_putc(b, '\n');
	return err ? err : buf_err(b);
}

/* ---- a test ---- */

/* As in addresses, "pool/partner/to": its segments are escaped. */
static json_t *name_of(const struct page_set *set, const struct page_test *t)
{
	enum { BEFORE = sizeof("/t/") - 1 };
	struct buf path;

	buf_init(&path, 3 * WEB_PATH_MAX);
	page_put_test_path(&path, set, t);
	const struct slice whole = buf_slice(&path);
	json_t *name = report_json_slice(slice_cut(whole, BEFORE, whole.n));
	buf_done(&path);
	return name;
}

static json_t *trouble(const struct page_trouble *t)
{
	json_t *o = t ? json_object() : json_null();

	if (!t)
		return o;
	report_json_set(o, "reason", reason_or_null(t->reason));
	report_json_set(o, "message", text_or_null(t->message));
	report_json_set(o, "step", text_or_null(t->step));
	report_json_set(o, "run", text_or_null(t->run));
	report_json_set(o, "good_run", text_or_null(t->good_run));
	report_json_set(o, "incident", text_or_null(t->incident));
	report_json_set(o, "runs", count(t->n_runs));
	report_json_set(o, "failed", count(t->n_failed));
	report_json_set(o, "is_flapping", json_boolean(t->is_flapping));
	return o;
}

static json_t *test(const struct page_set *set, const struct page_test *t)
{
	json_t *o = json_object();

	report_json_set(o, "test", name_of(set, t));
	report_json_set(o, "pool", place(set->pools, set->n_pools, t->pool));
	report_json_set(o, "partner", place(set->partners, set->n_partners, t->partner));
	report_json_set(o, "state", page_test_is_judged(t) ? state(t->state) : json_null());
	report_json_set(o, "since", time_or_null(t->since_at));
	report_json_set(o, "last", time_or_null(t->last_at));
	report_json_set(
		o, "median_seconds", t->median_us ? span_or_null(t->median_us) : json_null());
	report_json_set(o, "interval_seconds",
		t->interval_us ? report_json_seconds(t->interval_us) : json_null());
	report_json_set(o, "day", share(t->share));
	report_json_set(o, "trouble", trouble(t->trouble));
	return o;
}

static json_t *tests(const struct page_set *set)
{
	json_t *list = json_array();

	for (size_t i = 0; i < set->n_tests; i++)
		json_array_append_new(list, test(set, &set->tests[i]));
	return list;
}

int as_json_tests(struct buf *b, const struct page_view *v, const struct page_tests_model *m)
{
	json_t *o = json_object();

	(void)v;
	report_json_set(o, "tests", tests(&m->set));
	report_json_set(o, "all", count(m->n_all));
	return put(b, o);
}

/* ---- runs ---- */

static json_t *runs(const struct page_run_row *rows, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();

		report_json_set(o, "run", report_json_slice(rows[i].id));
		report_json_set(o, "time", report_json_time(rows[i].at));
		report_json_set(o, "state", state(rows[i].state));
		report_json_set(o, "latency_seconds", span_or_null(rows[i].latency_us));
		report_json_set(o, "reason", reason_or_null(rows[i].reason));
		report_json_set(o, "attempts", count(rows[i].attempts));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *causes(const struct page_cause *all, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();

		report_json_set(o, "reason", reason_or_null(all[i].reason));
		report_json_set(o, "runs", count(all[i].n_runs));
		json_array_append_new(list, o);
	}
	return list;
}

int as_json_test(struct buf *b, const struct page_view *v, const struct page_test_model *m)
{
	json_t *o = test(m->set, &m->test);

	report_json_set(o, "may_run", json_boolean(v->may & 1U << PAGE_MAY_RUN));
	report_json_set(o, "last_ok", time_or_null(m->last_ok_at));
	report_json_set(o, "next", time_or_null(m->next_at));
	report_json_set(o, "day", share(m->share_24h));
	report_json_set(o, "month", share(m->share_30d));
	report_json_set(o, "range", json_string(page_range_names[m->range]));
	report_json_set(o, "p50_seconds", span_or_null(m->p50_us));
	report_json_set(o, "p95_seconds", span_or_null(m->p95_us));
	report_json_set(o, "causes", causes(m->causes, m->n_causes));
	report_json_set(o, "runs", runs(m->runs, m->n_runs));
	report_json_set(o, "older", text_or_null(m->older));
	return put(b, o);
}

int as_json_run(
	struct buf *b, const struct page_view *v, const struct page_run_model *m, json_t *result)
{
	json_t *o = json_object();

	(void)v;
	report_json_set(o, "run", report_json_slice(m->id));
	report_json_set(o, "test", name_of(m->set, &m->test));
	report_json_set(o, "time", report_json_time(m->at));
	report_json_set(o, "state", state(m->state));
	report_json_set(o, "reason", reason_or_null(m->reason));
	report_json_set(o, "phase", phase_or_null(m->fail_phase));
	report_json_set(o, "latency_seconds", span_or_null(m->latency_us));
	report_json_set(o, "attempts", count(m->attempts));
	report_json_set(o, "good_run", text_or_null(m->good_id));
	report_json_set(o, "before", text_or_null(m->before));
	report_json_set(o, "after", text_or_null(m->after));
	report_json_set(o, "incident", text_or_null(m->incident));
	report_json_set(o, "has_trace", json_boolean(m->has_trace));
	report_json_set(o, "result", result ? json_incref(result) : json_null());
	return put(b, o);
}

/* ---- incidents ---- */

static json_t *row(const struct page_set *set, const struct page_incident_row *r)
{
	json_t *o = json_object();

	report_json_set(o, "incident", report_json_slice(r->id));
	report_json_set(o, "pool", place(set->pools, set->n_pools, r->pool));
	report_json_set(o, "partner", place(set->partners, set->n_partners, r->partner));
	report_json_set(o, "begin", report_json_time(r->begin_at));
	report_json_set(o, "end", time_or_null(r->end_at));
	report_json_set(o, "reason", reason_or_null(r->reason));
	report_json_set(o, "failed_runs", count(r->n_runs));
	return o;
}

static json_t *rows(const struct page_set *set, const struct page_incident_row *all, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, row(set, &all[i]));
	return list;
}

static json_t *incident(const struct page_set *set, const struct page_incident *i)
{
	json_t *o = row(set, &i->row);

	report_json_set(o, "test", report_json_slice(slice_cut(i->test_path, 3, i->test_path.n)));
	report_json_set(o, "first_run", text_or_null(i->first_run));
	report_json_set(o, "last_run", text_or_null(i->last_run));
	report_json_set(o, "good_run", text_or_null(i->good_run));
	report_json_set(o, "times", count(i->times));
	report_json_set(o, "is_flapping", json_boolean(i->is_flapping));
	return o;
}

int as_json_incidents(
	struct buf *b, const struct page_view *v, const struct page_incidents_model *m)
{
	json_t *o = json_object(), *open = json_array();

	(void)v;
	for (size_t i = 0; i < m->n_open; i++)
		json_array_append_new(open, incident(m->set, &m->open[i]));
	report_json_set(o, "open", open);
	report_json_set(o, "over", rows(m->set, m->over, m->n_over));
	report_json_set(o, "older", text_or_null(m->older));
	return put(b, o);
}

int as_json_incident(struct buf *b, const struct page_view *v, const struct page_incident_model *m)
{
	json_t *o = incident(m->set, &m->incident);

	(void)v;
	report_json_set(o, "runs", runs(m->incident.runs, m->incident.n_runs));
	return put(b, o);
}

/* ---- all of it ---- */

static json_t *planned(const struct page_planned *all, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++) {
		json_t *o = json_object();

		report_json_set(o, "begin", report_json_time(all[i].begin_at));
		report_json_set(o, "end", report_json_time(all[i].end_at));
		report_json_set(o, "what", report_json_slice(all[i].what));
		report_json_set(o, "why", text_or_null(all[i].why));
		report_json_set(o, "is_running", json_boolean(all[i].is_running));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *counts(const struct page_set *set)
{
	uint64_t n[WATCH_STATES] = { 0 };
	json_t *o = json_object();

	for (size_t i = 0; i < set->n_tests; i++)
		if (page_test_is_judged(&set->tests[i]))
			n[set->tests[i].state]++;
	for (unsigned i = 0; i < WATCH_STATES; i++)
		report_json_set(o, watch_state_name((enum watch_state)i), count(n[i]));
	return o;
}

int as_json_overview(struct buf *b, const struct page_view *v, const struct page_overview *m)
{
	json_t *o = json_object();

	report_json_set(o, "time", report_json_time(v->now_at));
	report_json_set(o, "state", state(m->sentence.state));
	report_json_set(o, "counts", counts(&m->set));
	report_json_set(o, "tests", tests(&m->set));
	report_json_set(o, "over", rows(&m->set, m->over, m->n_over));
	report_json_set(o, "planned", planned(m->planned, m->n_planned));
	report_json_set(o, "history_is_away", json_boolean(m->history_is_away));
	return put(b, o);
}

int as_json_maintenance(
	struct buf *b, const struct page_view *v, const struct page_maintenance_model *m)
{
	json_t *o = json_object();

	(void)v;
	report_json_set(o, "planned", planned(m->planned, m->n_planned));
	return put(b, o);
}

int as_json_watchers(struct buf *b, const struct page_view *v, const struct page_watchers_model *m)
{
	json_t *o = json_object(), *list = json_array();

	(void)v;
	for (size_t i = 0; i < m->n; i++) {
		const struct page_watcher_row *w = &m->rows[i];
		json_t *one = json_object();

		report_json_set(one, "name", report_json_slice(w->name));
		report_json_set(one, "location", text_or_null(w->location));
		report_json_set(one, "is_there", json_boolean(w->is_there));
		report_json_set(one, "started", time_or_null(w->started_at));
		report_json_set(one, "seen", time_or_null(w->seen_at));
		report_json_set(one, "tests", m->is_partial ? json_null() : count(w->n_tests));
		json_array_append_new(list, one);
	}
	report_json_set(o, "watchers", list);
	report_json_set(o, "unheld_tests", m->is_partial ? json_null() : count(m->n_unheld));
	return put(b, o);
}

int as_json_months(struct buf *b, const struct page_view *v, const struct page_months *m)
{
	json_t *o = json_object(), *list = json_array();

	(void)v;
	for (size_t i = 0; i < m->n; i++) {
		json_t *one = json_object();

		report_json_set(one, "begin", report_json_time(m->begins[i]));
		report_json_set(one, "share", share(m->sums[i].share));
		report_json_set(one, "failures", count(m->sums[i].n_failures));
		report_json_set(one, "down_seconds", report_json_seconds(m->sums[i].down_us));
		json_array_append_new(list, one);
	}
	report_json_set(o, "months", list);
	return put(b, o);
}

int as_json_accepted(struct buf *b, struct slice path)
{
	json_t *o = json_object();

	report_json_set(o, "href", report_json_slice(path));
	return put(b, o);
}

/* ---- errors ---- */

int as_json_problem(struct buf *b, const struct page_error *error)
{
	json_t *o = json_object();

	/* RFC 9457, 4.2.1: no type of its own, so that the title is the status' phrase. */
	report_json_set(o, "type", json_string("about:blank"));
	report_json_set(o, "title", json_string(web_phrase((unsigned)error->status)));
	report_json_set(o, "status", json_integer(error->status));
	if (error->why)
		report_json_set(o, "detail", json_string(error->why));
	if (error->role.n)
		report_json_set(o, "role", report_json_slice(error->role));
	if (error->incident.n)
		report_json_set(o, "incident", report_json_slice(error->incident));
	return put(b, o);
}

#include "page/rows.h"

#include "base/mem.h"

/* ---- incidents ---- */

static enum words_way way_of(const struct page_incident_row *r)
{
	if (r->is_both)
		return WORDS_BOTH;
	return r->kind == PAGE_FROM ? WORDS_FROM : WORDS_TO;
}

void rows_put_between(
	const struct html *h, const struct page_set *set, const struct page_incident_row *r)
{
	const struct page_test t = { .pool = r->pool, .partner = r->partner, .kind = r->kind };

	if (r->kind == PAGE_TO || r->kind == PAGE_FROM)
		html_between(h, set, r->pool, r->partner, way_of(r));
	else
		html_test_name(h, set, &t);
}

/* Where nobody says from where, there is no column for it. */
static void put_incident(const struct html *h, const struct page_set *set,
	const struct page_incident_row *r, enum rows_width width, bool has_locations)
{
	html_puts(h, "<tr><td class=\"nw\">");
	html_time(h, format_time, r->begin_at);
	html_puts(h, "</td><td class=\"n\">");
	html_put(h, format_span, (r->end_at ? r->end_at : h->v->now_at) - r->begin_at);
	html_puts(h, "</td>");
	if (width == ROWS_ALL) {
		html_puts(h, "<td class=\"full\">");
		html_state(h, r->state, false);
		html_puts(h, "</td>");
	}
	html_puts(h, "<td class=\"full\">");
	html_begin_link(h, "/incidents/", r->id, "");
	rows_put_between(h, set, r);
	html_puts(h, "</a></td><td class=\"full\">");
	html_look(h, words_reason(r->reason));
	html_puts(h, " ");
	html_reason(h, r->reason);
	html_puts(h, "</td>");
	if (width == ROWS_ALL) {
		html_puts(h, "<td class=\"n opt\">");
		html_count(h, r->n_runs);
		html_puts(h, "</td>");
	}
	if (has_locations) {
		html_puts(h, "<td class=\"opt\">");
		html_text(h, r->locations);
		html_puts(h, "</td>");
	}
	html_puts(h, "</tr>\n");
}

static bool is_same_month(const struct html *h, int64_t a, int64_t b)
{
	const struct civil x = zone_to_local(h->v->zone, a).civil,
			   y = zone_to_local(h->v->zone, b).civil;

	return x.year == y.year && x.month == y.month;
}

void rows_put_incidents(const struct html *h, const struct page_set *set,
	const struct page_incident_row *rows, size_t n, enum rows_width width)
{
	bool has_locations = false;

	for (size_t i = 0; i < n; i++)
		has_locations |= width == ROWS_ALL && rows[i].locations.n > 0;
	html_puts(h, width == ROWS_ALL ? "<table class=\"stack it\">" : "<table class=\"stack\">");
	html_puts(h, "<thead><tr>");
	html_th(h, N_("Began"), false);
	html_th(h, N_("Lasted"), true);
	if (width == ROWS_ALL)
		html_th(h, N_("State"), false);
	html_th(h, N_("Between"), false);
	html_th(h, N_("Cause"), false);
	if (width == ROWS_ALL)
		html_th(h, N_("Runs"), true);
	if (has_locations)
		html_th(h, N_("Seen from"), false);
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < n; i++) {
		if (width == ROWS_ALL &&
			(i == 0 || !is_same_month(h, rows[i].begin_at, rows[i - 1].begin_at))) {
			buf_printf(h->b, "<tr class=\"mo\"><th colspan=\"%u\" scope=\"colgroup\">",
				6u + has_locations);
			html_put(h, format_month, rows[i].begin_at);
			html_puts(h, "</th></tr>\n");
		}
		put_incident(h, set, &rows[i], width, has_locations);
	}
	html_puts(h, "</tbody></table>\n");
}

/* ---- runs ---- */

static void put_run(const struct html *h, const struct page_run_row *r, bool has_locations)
{
	html_puts(h, "<tr><td class=\"nw\">");
	html_begin_link(h, "/runs/", r->id, "");
	html_time(h, format_run_time, r->at);
	html_puts(h, "</a></td><td>");
	html_state(h, r->state, false);
	html_puts(h, "</td>");
	html_td_latency(h,
		r->state == WATCH_OK || r->state == WATCH_UNSTABLE ? r->latency_us : PAGE_NO_SPAN);
	if (has_locations) {
		html_puts(h, "<td class=\"opt\">");
		html_text(h, r->location);
		html_puts(h, "</td>");
	}
	html_puts(h, "<td class=\"full\">");
	if (r->reason != REASON_NONE) {
		html_look(h, words_reason(r->reason));
		html_puts(h, " ");
		html_reason(h, r->reason);
	}
	if (r->attempts > 1) {
		const struct text t = TEXT(N_("{1} attempts"), text_u64(r->attempts));

		html_puts(h, r->reason == REASON_NONE ? "" : " \xc2\xb7 ");
		html_say(h, &t);
	}
	html_puts(h, "</td></tr>\n");
	if (r->n_same) {
		const struct text t = TEXT(N_("{1} more, all the same"), text_u64(r->n_same));

		buf_printf(h->b, "<tr class=\"fold\"><td colspan=\"%u\" class=\"dim full\">",
			4u + has_locations);
		html_say(h, &t);
		html_puts(h, "</td></tr>\n");
	}
}

void rows_put_runs(const struct html *h, const struct page_run_row *rows, size_t n)
{
	bool has_locations = false;

	for (size_t i = 0; i < n; i++)
		has_locations |= rows[i].location.n > 0;
	html_puts(h, "<table class=\"stack rn\"><thead><tr>");
	html_th(h, N_("Began"), false);
	html_th(h, N_("Result"), false);
	html_th(h, N_("Latency"), true);
	if (has_locations)
		html_th(h, N_("From"), false);
	html_th(h, N_("Cause"), false);
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < n; i++)
		put_run(h, &rows[i], has_locations);
	html_puts(h, "</tbody></table>\n");
}

/* ---- maintenance ---- */

void rows_put_planned(
	const struct html *h, const struct page_planned *rows, size_t n, const char *title)
{
	if (n == 0)
		return;
	html_puts(h, "<h2>");
	html_look(h, title);
	html_puts(h, "</h2><ul class=\"plan\">\n");
	for (size_t i = 0; i < n; i++) {
		const struct page_planned *p = &rows[i];

		html_puts(h, "<li>");
		if (p->is_running) {
			html_state(h, WATCH_MAINTENANCE, true);
			html_puts(h, " ");
		}
		html_time(h, format_time, p->begin_at);
		html_puts(h, " \xe2\x80\x93 ");
		html_time(h, format_time, p->end_at);
		html_puts(h, ", ");
		html_text(h, p->what);
		if (p->why.n) {
			html_look(h, N_(": "));
			html_text(h, p->why);
		}
		html_puts(h, "</li>\n");
	}
	html_puts(h, "</ul>\n");
}

/* ---- tests ---- */

void rows_put_test(const struct html *h, const struct page_set *set, size_t test)
{
	const struct page_test *t = &set->tests[test];

	buf_printf(h->b, "<tr id=\"r%u\"><td>", t->id);
	html_test_state(h, t, t->state == WATCH_FAILED);
	html_puts(h, "</td><th scope=\"row\"><a href=\"");
	html_test_path(h, set, t);
	html_puts(h, "\">");
	html_test_name(h, set, t);
	html_puts(h, "</a></th><td class=\"nw opt\">");
	if (t->since_at)
		html_time(h, format_time, t->since_at);
	html_puts(h, "</td>");
	html_td_latency(h, t->median_us);
	html_puts(h, "<td class=\"n\">");
	html_share(h, t->share);
	html_puts(h, "</td><td class=\"nw opt\">");
	if (t->interval_us)
		html_put(h, format_span, t->interval_us);
	else
		html_look(h, N_("not enabled"));
	html_puts(h, "</td><td class=\"full\">");
	if (t->trouble) {
		html_look(h, words_reason(t->trouble->reason));
		html_puts(h, " ");
		html_reason(h, t->trouble->reason);
	}
	html_puts(h, "</td></tr>\n");
}

void rows_put_tests(const struct html *h, const struct page_set *set)
{
	static const enum watch_state order[] = { WATCH_FAILED, WATCH_UNSTABLE, WATCH_UNKNOWN,
		WATCH_MAINTENANCE, WATCH_OK };
	size_t shown = 0;

	html_puts(h, "<table class=\"stack ts\"><thead><tr>");
	html_th(h, N_("State"), false);
	html_th(h, N_("Test"), false);
	html_th(h, N_("Since"), false);
	html_th(h, N_("Median"), true);
	html_th(h, N_("24 h"), true);
	html_th(h, N_("Every"), false);
	html_th(h, N_("Cause"), false);
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t k = 0; k < COUNT(order); k++)
		for (size_t i = 0; i < set->n_tests && shown < PAGE_LIST_MAX; i++)
			if (set->tests[i].state == order[k]) {
				rows_put_test(h, set, i);
				shown++;
			}
	html_puts(h, "</tbody></table>\n");
}

/* ---- filters ---- */

static void put_filter(const struct html *h, const struct page_filter *f)
{
	html_puts(h, "<label>");
	html_look(h, f->label);
	buf_printf(h->b, "<select name=\"%s\"><option value=\"\">", f->name);
	html_look(h, N_("all"));
	html_puts(h, "</option>");
	for (size_t i = 0; i < f->n_choices; i++) {
		html_puts(h, "<option value=\"");
		html_text(h, f->choices[i].value);
		html_puts(h, f->choices[i].is_chosen ? "\" selected=\"\">" : "\">");
		html_text(h, f->choices[i].name);
		html_puts(h, "</option>");
	}
	html_puts(h, "</select></label>");
}

void rows_put_filters(
	const struct html *h, const char *path, const struct page_filter *filters, size_t n)
{
	if (n == 0)
		return;
	buf_printf(h->b, "<form class=\"flt\" action=\"%s\" role=\"search\" aria-label=\"", path);
	html_look(h, N_("Filter"));
	html_puts(h, "\">");
	for (size_t i = 0; i < n; i++)
		put_filter(h, &filters[i]);
	html_puts(h, "<button class=\"btn\">");
	html_look(h, N_("Show"));
	html_puts(h, "</button></form>\n");
}

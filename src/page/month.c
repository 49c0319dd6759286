#include "page/month.h"

#include "base/mem.h"
#include "page/draw.h"
#include "page/page.h"
#include "page/rows.h"

enum { ROOM = 512 };

/* ---- the answer ---- */

/* As exact as the figure that is shown. */
static bool is_met(const struct page_month *m, struct page_share share)
{
	return share.judged == 0 ||
	       (double)share.passed * 10000.0 >= (double)share.judged * m->target;
}

static void put_headline(const struct html *h, const struct page_month *m, struct buf *ret)
{
	uint8_t room[ROOM];
	struct buf share;

	if (m->sum.share.judged == 0) {
		const struct text none = TEXT_PLAIN(N_("Nothing was measured"));

		text_put(ret, &none, h->v->look_up);
		return;
	}
	buf_init_in(&share, room, sizeof(room));
	format_share(&share, h->v, m->sum.share);
	const struct text t = TEXT(N_("Messages with partners were available {1} of the time"),
		text_slice(buf_slice(&share)));
	text_put(ret, &t, h->v->look_up);
}

static void put_target(const struct html *h, const struct page_month *m)
{
	unsigned n_missed = 0;

	if (m->target == 0 || m->sum.share.judged == 0)
		return;
	html_puts(h, "<p>");
	html_look(h, N_("Target"));
	html_puts(h, " ");
	html_share(h, (struct page_share){ m->target, 10000 });
	html_look(h, N_(": "));
	html_puts(h, "<b>");
	html_look(h, is_met(m, m->sum.share) ? N_("met over all") : N_("missed over all"));
	html_puts(h, "</b>");
	for (size_t i = 0; i < m->n_rows; i++) {
		if (is_met(m, m->rows[i].share))
			continue;
		html_puts(h, n_missed++ ? ", " : ", <b>");
		if (n_missed == 1) {
			html_look(h, N_("missed for"));
			html_puts(h, "</b> ");
		}
		html_text(h, m->rows[i].name);
		html_puts(h, " (");
		html_share(h, m->rows[i].share);
		html_puts(h, ")");
	}
	html_puts(h, ".</p>");
}

/* A month, or else from when to when: the last day is in it. */
static bool is_month(const struct html *h, const struct page_month *m)
{
	const struct civil begin = zone_to_local(h->v->zone, m->begin_at).civil,
			   last = zone_to_local(h->v->zone, m->end_at - 1).civil;

	return begin.day == 1 && begin.month == last.month && begin.year == last.year &&
	       last.day == civil_month_days(last.year, last.month);
}

static void put_period(const struct html *h, const struct page_month *m)
{
	if (is_month(h, m)) {
		html_put(h, format_month, m->begin_at);
		return;
	}
	html_put(h, format_whole_date, m->begin_at);
	if (m->n_days == 1)
		return;
	html_puts(h, " \xe2\x80\x93 ");
	html_put(h, format_whole_date, m->end_at - 1);
}

static void put_head(const struct html *h, const struct page_month *m, struct slice headline)
{
	const struct text zone = TEXT(N_("Times: {1}"), text_slice(h->v->zone_name));

	html_puts(h, "<div class=\"rh\"><p class=\"dim\">");
	html_text(h, h->v->site);
	html_puts(h, h->v->site.n ? " \xc2\xb7 " : "");
	html_look(h, N_("report of the watcher"));
	html_puts(h, " \xc2\xb7 ");
	put_period(h, m);
	if (!m->is_over) {
		html_puts(h, ", ");
		html_look(h, N_("not over"));
	}
	html_puts(h, " \xc2\xb7 ");
	html_say(h, &zone);
	html_puts(h, "</p><h1>");
	html_text(h, headline);
	html_puts(h, "</h1>");
	put_target(h, m);
	html_puts(h, "</div>\n");
}

/* ---- figures ---- */

static void begin_figure(const struct html *h, const char *label)
{
	html_puts(h, "<div><dt>");
	html_look(h, label);
	html_puts(h, "</dt><dd><b>");
}

/* Beside each figure stands the month before. */
static void end_figure(
	const struct html *h, const struct page_month *m, html_format *f, int64_t before)
{
	html_puts(h, "</b>");
	if (f && m->before.share.judged) {
		uint8_t room[ROOM];
		struct buf b;

		buf_init_in(&b, room, sizeof(room));
		f(&b, h->v, before);
		const struct text t = TEXT(N_("before: {1}"), text_slice(buf_slice(&b)));
		html_say(h, &t);
	}
	html_puts(h, "</dd></div>\n");
}

static void put_count(struct buf *b, const struct page_view *v, int64_t n)
{
	format_count(b, v, (uint64_t)n);
}

static void put_available(const struct html *h, const struct page_month *m)
{
	begin_figure(h, N_("Available"));
	html_share(h, m->sum.share);
	html_puts(h, "</b>");
	if (m->before.share.judged) {
		uint8_t room[ROOM];
		struct buf b;

		buf_init_in(&b, room, sizeof(room));
		format_share(&b, h->v, m->before.share);
		const struct text t = TEXT(N_("before: {1}"), text_slice(buf_slice(&b)));
		html_say(h, &t);
	}
	html_puts(h, "</dd></div>\n");
}

static void put_figures(const struct html *h, const struct page_month *m)
{
	html_puts(h, "<dl class=\"facts kp\">");
	put_available(h, m);
	begin_figure(h, N_("Maintenance counted as down"));
	html_share(h, m->with_maintenance);
	end_figure(h, m, NULL, 0);
	begin_figure(h, N_("Failures"));
	html_count(h, m->sum.n_failures);
	end_figure(h, m, put_count, m->before.n_failures);
	begin_figure(h, N_("Down in all"));
	html_put(h, format_span, m->sum.down_us);
	end_figure(h, m, format_span, m->before.down_us);
	begin_figure(h, N_("Time to recover, mean"));
	html_put(h, format_span, m->recover_us);
	end_figure(h, m, NULL, 0);
	begin_figure(h, N_("Latency, median and p95"));
	html_put(h, format_latency, m->p50_us);
	html_puts(h, " / ");
	html_put(h, format_latency, m->p95_us);
	end_figure(h, m, NULL, 0);
	html_puts(h, "</dl>\n");
}

/* ---- tables ---- */

static void put_row(const struct html *h, const struct page_month *m, const struct month_row *r)
{
	html_puts(h, "<tr><th scope=\"row\">");
	html_text(h, r->name);
	html_puts(h, "</th><td class=\"n\"><b>");
	html_share(h, r->share);
	html_puts(h, "</b></td><td class=\"n opt\">");
	html_share(h, r->with_maintenance);
	html_puts(h, "</td><td class=\"n opt\">");
	html_count(h, r->n_failures);
	html_puts(h, "</td><td class=\"n opt\">");
	if (r->down_us)
		html_put(h, format_span, r->down_us);
	else
		html_puts(h, "0");
	html_puts(h, "</td>");
	html_td_latency(h, r->p50_us);
	html_td_latency(h, r->p95_us);
	if (m->n_days <= MONTH_DAYS_MAX) {
		html_puts(h, "<td class=\"st30 full\">");
		draw_month(h, r->days, m->n_days);
		html_puts(h, "</td>");
	}
	html_puts(h, "</tr>\n");
}

static void put_partners(const struct html *h, const struct page_month *m)
{
	static const char *const heads[] = { N_("Partner"), N_("Available"), N_("with maint."),
		N_("Failures"), N_("Down"), N_("Median"), N_("p95") };

	html_puts(h, "<h2>");
	html_look(h, N_("Each partner"));
	html_puts(h, "</h2><table class=\"stack rp\"><thead><tr>");
	for (size_t i = 0; i < COUNT(heads); i++)
		html_th(h, heads[i], i > 0);
	if (m->n_days <= MONTH_DAYS_MAX) {
		html_puts(h, "<th scope=\"col\" class=\"st30\">");
		if (is_month(h, m))
			put_period(h, m);
		else
			html_look(h, N_("Days"));
		html_puts(h, "</th>");
	}
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < m->n_rows; i++)
		put_row(h, m, &m->rows[i]);
	html_puts(h, "</tbody></table>\n");
}

static bool has_done(const struct page_month *m)
{
	for (size_t i = 0; i < m->n_failures; i++)
		if (m->failures[i].done.n)
			return true;
	return false;
}

static void put_failure(
	const struct html *h, const struct page_month *m, const struct month_failure *f)
{
	html_puts(h, "<tr><td class=\"nw\">");
	html_time(h, format_time, f->row.begin_at);
	html_puts(h, "</td><td class=\"n\">");
	html_put(h, format_span, (f->row.end_at ? f->row.end_at : m->end_at) - f->row.begin_at);
	html_puts(h, "</td><td class=\"full\">");
	if (!h->v->is_alone)
		html_begin_link(h, "/incidents/", f->row.id, "");
	rows_put_between(h, m->set, &f->row);
	html_puts(h, h->v->is_alone ? "" : "</a>");
	html_puts(h, "</td><td class=\"full\">");
	html_look(h, words_reason(f->row.reason));
	html_puts(h, "</td>");
	if (has_done(m)) {
		html_puts(h, "<td class=\"full\">");
		html_text(h, f->done);
		html_puts(h, "</td>");
	}
	html_puts(h, "</tr>\n");
}

static void put_failures(const struct html *h, const struct page_month *m)
{
	html_puts(h, "<h2>");
	html_look(h, N_("Failures, longest first"));
	html_puts(h, "</h2>");
	if (m->n_failures == 0) {
		html_puts(h, "<p>");
		html_look(h, N_("There was none."));
		html_puts(h, "</p>\n");
		return;
	}
	html_puts(h, "<table class=\"stack\"><thead><tr>");
	html_th(h, N_("Began"), false);
	html_th(h, N_("Lasted"), true);
	html_th(h, N_("Between"), false);
	html_th(h, N_("Cause"), false);
	if (has_done(m))
		html_th(h, N_("What was done"), false);
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < m->n_failures; i++)
		put_failure(h, m, &m->failures[i]);
	html_puts(h, "</tbody></table>\n");
}

static void put_cause(const struct html *h, const struct month_cause *c, int64_t most_us)
{
	const unsigned width = most_us > 0 ? (unsigned)(c->us * 1000 / most_us) : 0;

	html_puts(h, "<tr><th scope=\"row\">");
	html_reason(h, c->reason);
	if (c->reason == REASON_NONE)
		html_look(h, words_reason(c->reason));
	buf_printf(h->b,
		"</th><td class=\"hb\"><svg aria-hidden=\"true\"><rect class=\"f\" y=\"3\" "
		"height=\"14\" width=\"%u.%u%%\"/></svg></td><td class=\"n\">",
		width / 10, width % 10);
	html_put(h, format_span, c->us);
	html_puts(h, "</td><td class=\"n\">");
	html_count(h, c->n_runs);
	html_puts(h, "</td></tr>\n");
}

static void put_causes(const struct html *h, const struct page_month *m)
{
	if (m->n_causes == 0)
		return;
	html_puts(h, "<section><h2>");
	html_look(h, N_("Why runs failed"));
	html_puts(h, "</h2><table><thead><tr>");
	html_th(h, N_("Cause"), false);
	html_puts(h, "<td class=\"hb\"></td>");
	html_th(h, N_("Time"), true);
	html_th(h, N_("Runs"), true);
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < m->n_causes; i++)
		put_cause(h, &m->causes[i], m->causes[0].us);
	html_puts(h, "</tbody></table></section>\n");
}

static void put_left_out(const struct html *h, const char *why, int64_t us, uint64_t n_runs)
{
	html_puts(h, "<tr><th scope=\"row\">");
	html_look(h, why);
	html_puts(h, "</th><td class=\"n\">");
	html_put(h, format_span, us);
	html_puts(h, "</td><td class=\"n\">");
	html_count(h, n_runs);
	html_puts(h, "</td></tr>\n");
}

static void put_not_counted(const struct html *h, const struct page_month *m)
{
	html_puts(h, "<section><h2>");
	html_look(h, N_("Not counted"));
	html_puts(h, "</h2><table><thead><tr>");
	html_th(h, N_("Why"), false);
	html_th(h, N_("Time"), true);
	html_th(h, N_("Runs"), true);
	html_puts(h, "</tr></thead>\n<tbody>");
	put_left_out(h, N_("Maintenance, announced"), m->maintenance_us, m->n_maintenance);
	put_left_out(h, N_("Unknown: the watcher's own fault"), m->unknown_us, m->n_unknown);
	html_puts(h, "</tbody></table></section>\n");
}

static void put_formula(const struct html *h, const struct page_month *m)
{
	uint8_t room[ROOM];
	struct buf runs;

	buf_init_in(&runs, room, sizeof(room));
	format_count(&runs, h->v, m->n_runs);
	const struct text t = TEXT(N_("Tests: {1}, runs: {2}. Available is the share of runs in "
				      "which a message arrived and "
				      "an answer came back: passed, divided by all without those "
				      "in maintenance and the "
				      "unknown ones. Digits are cut, never rounded up. A run that "
				      "passed at the second "
				      "attempt counts as passed and is shown as unstable."),
		text_u64(m->n_tests), text_slice(buf_slice(&runs)));
	html_puts(h, "<h2>");
	html_look(h, N_("How this is counted"));
	html_puts(h, "</h2><p class=\"sm\">");
	html_say(h, &t);
	html_puts(h, "</p>\n");
}

static void put_file(
	const struct html *h, const struct page_month *m, const char *ending, const char *name)
{
	const struct civil c = zone_to_local(h->v->zone, m->begin_at).civil,
			   last = zone_to_local(h->v->zone, m->end_at - 1).civil;

	buf_printf(h->b, "<a href=\"/reports/%04d-%02d", c.year, c.month);
	if (!is_month(h, m))
		buf_printf(h->b, "-%02d..%04d-%02d-%02d", c.day, last.year, last.month, last.day);
	buf_printf(h->b, "%s\">%s</a> ", ending, name);
}

static void put_files(const struct html *h, const struct page_month *m)
{
	if (h->v->is_alone)
		return;
	html_puts(h, "<p class=\"acts\">");
	put_file(h, m, ".html", "HTML");
	put_file(h, m, ".csv", "CSV");
	put_file(h, m, ".json", "JSON");
	html_puts(h, "</p>\n");
}

int page_month(struct buf *b, const struct page_view *v, const struct page_month *m)
{
	const struct html h = { b, v };
	uint8_t room[ROOM];
	struct buf headline;

	buf_init_in(&headline, room, sizeof(room));
	put_headline(&h, m, &headline);
	html_open(&h, &(const struct html_head){ .title = buf_slice(&headline),
			      .state = is_met(m, m->sum.share) ? WATCH_OK : WATCH_FAILED,
			      .nav = NAV_REPORTS });
	put_head(&h, m, buf_slice(&headline));
	put_figures(&h, m);
	put_partners(&h, m);
	put_failures(&h, m);
	html_puts(&h, "<div class=\"two\">");
	put_causes(&h, m);
	put_not_counted(&h, m);
	html_puts(&h, "</div>\n");
	put_formula(&h, m);
	put_files(&h, m);
	return html_close(&h);
}

/* ---- the list ---- */

static void put_month(const struct html *h, int64_t begin_at, const struct month_sum *sum)
{
	const struct civil c = zone_to_local(h->v->zone, begin_at).civil;

	buf_printf(h->b, "<tr><th scope=\"row\"><a href=\"/reports/%04d-%02d\">", c.year, c.month);
	html_put(h, format_month, begin_at);
	html_puts(h, "</a></th><td class=\"n\">");
	html_share(h, sum->share);
	html_puts(h, "</td><td class=\"n\">");
	html_count(h, sum->n_failures);
	html_puts(h, "</td><td class=\"n\">");
	html_put(h, format_span, sum->down_us);
	html_puts(h, "</td></tr>\n");
}

int page_months(struct buf *b, const struct page_view *v, const struct page_months *m)
{
	static const char *const heads[] = { N_("Month"), N_("Available"), N_("Failures"),
		N_("Down") };
	const struct html h = { b, v };
	const char *title = v->look_up ? v->look_up(N_("Reports")) : N_("Reports");

	html_open(&h, &(const struct html_head){
			      .title = slice_str(title), .state = WATCH_OK, .nav = NAV_REPORTS });
	html_puts(&h, "<h1>");
	html_str(&h, title);
	html_puts(&h, "</h1>\n");
	if (m->n == 0) {
		html_puts(&h, "<p>");
		html_look(&h, N_("Nothing was measured"));
		html_puts(&h, ".</p>\n");
		return html_close(&h);
	}
	html_puts(&h, "<table class=\"ms\"><thead><tr>");
	for (size_t i = 0; i < COUNT(heads); i++)
		html_th(&h, heads[i], i > 0);
	html_puts(&h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < m->n; i++)
		put_month(&h, m->begins[i], &m->sums[i]);
	html_puts(&h, "</tbody></table>\n");
	return html_close(&h);
}

/* A test: how it stands, its latency over time, percentiles, why it failed, its runs. */
#include "base/mem.h"
#include "page/draw.h"
#include "page/page.h"
#include "page/phases.h"
#include "page/rows.h"

enum { TITLE_MAX = 2048 };

const char *const page_range_names[PAGE_RANGES] = { "6h", "24h", "7d", "35d", "1y" };
static const char *const range_labels[PAGE_RANGES] = { N_("6 h"), N_("24 h"), N_("7 d"), N_("35 d"),
	N_("1 y") };

/* ---- the verdict ---- */

static void put_place(const struct html *h, const char *folder, const struct page_place *places,
	uint32_t n, uint32_t i)
{
	if (i >= n)
		return;
	html_puts(h, " / ");
	html_begin_link(h, folder, places[i].id, "");
	html_text(h, places[i].name);
	html_puts(h, "</a>");
}

static void put_crumb(const struct html *h, const struct page_test_model *m)
{
	html_puts(h, "<p class=\"crumb\"><a href=\"/\">");
	html_look(h, N_("Overview"));
	html_puts(h, "</a>");
	put_place(h, "/pools/", m->set->pools, m->set->n_pools, m->test.pool);
	put_place(h, "/partners/", m->set->partners, m->set->n_partners, m->test.partner);
	html_puts(h, "</p>\n");
}

static void put_reason(const struct html *h, const struct page_trouble *t)
{
	if (!t)
		return;
	html_puts(h, "<p>");
	if (t->message.n)
		html_text(h, t->message);
	else
		html_look(h, words_reason(t->reason));
	html_puts(h, " ");
	html_reason(h, t->reason);
	html_puts(h, "</p>");
}

static void put_links(const struct html *h, const struct page_trouble *t)
{
	if (!t)
		return;
	if (t->incident.n) {
		const struct text id = TEXT(N_("Incident {1}"), text_slice(t->incident));

		html_puts(h, " ");
		html_begin_link(h, "/incidents/", t->incident, "");
		html_say(h, &id);
		html_puts(h, "</a>");
	}
	if (t->run.n) {
		html_puts(h, " \xc2\xb7 ");
		html_begin_link(h, "/runs/", t->run, "");
		html_look(h, N_("last run, with what to do"));
		html_puts(h, "</a>");
	}
}

static void put_since(const struct html *h, const struct page_test *t)
{
	uint8_t room[256];
	struct buf since;

	if (t->since_at == 0)
		return;
	buf_init_in(&since, room, sizeof(room));
	words_since(&since, h->v, t->since_at);
	html_puts(h, "<p class=\"sm first\">");
	html_text(h, buf_slice(&since));
	if (t->trouble && t->trouble->n_runs) {
		const struct text runs = TEXT(N_("{1} of {2} runs"), text_u64(t->trouble->n_failed),
			text_u64(t->trouble->n_runs));

		html_puts(h, ", ");
		html_say(h, &runs);
	}
	html_puts(h, ".");
	put_links(h, t->trouble);
	html_puts(h, "</p>");
}

static void put_verdict(const struct html *h, const struct page_test_model *m)
{
	const struct page_test *t = &m->test;

	buf_printf(h->b, "<section class=\"verdict %s\" aria-labelledby=\"v\"><h1 id=\"v\">",
		html_state_class(t->state));
	html_icon(h, t->state);
	html_puts(h, "<span>");
	html_test_name(h, m->set, t);
	html_look(h, N_(": "));
	html_look(h, t->is_refused ? N_("refused, as it has to be") : words_test_state(t));
	html_puts(h, "</span></h1>");
	put_reason(h, t->trouble);
	put_since(h, t);
	html_puts(h, "</section>\n");
}

/* ---- figures ---- */

static void begin_figure(const struct html *h, const char *label)
{
	html_puts(h, "<div><dt>");
	html_look(h, label);
	html_puts(h, "</dt><dd><b>");
}

static void put_share(const struct html *h, const char *label, struct page_share share)
{
	begin_figure(h, label);
	html_share(h, share);
	html_puts(h, "</b></dd></div>\n");
}

static void put_latency(const struct html *h, const char *label, int64_t us)
{
	begin_figure(h, label);
	html_put(h, format_latency, us);
	html_puts(h, "</b></dd></div>\n");
}

static void put_last_ok(const struct html *h, const struct page_test_model *m)
{
	uint8_t room[64];
	struct buf span;

	begin_figure(h, N_("Last success"));
	if (m->last_ok_at == 0) {
		html_look(h, N_("never"));
		html_puts(h, "</b></dd></div>\n");
		return;
	}
	html_time(h, format_time, m->last_ok_at);
	html_puts(h, "</b>");
	buf_init_in(&span, room, sizeof(room));
	format_span(&span, h->v, h->v->now_at - m->last_ok_at);
	const struct text ago = TEXT(N_("{1} ago"), text_slice(buf_slice(&span)));
	html_say(h, &ago);
	html_puts(h, "</dd></div>\n");
}

static void put_next(const struct html *h, const struct page_test_model *m)
{
	uint8_t room[64];
	struct buf span;

	begin_figure(h, N_("Next run"));
	if (m->next_at == 0 || m->test.interval_us == 0) {
		html_look(h, N_("not enabled"));
		html_puts(h, "</b></dd></div>\n");
		return;
	}
	html_time(h, format_time, m->next_at);
	html_puts(h, "</b>");
	buf_init_in(&span, room, sizeof(room));
	format_span(&span, h->v, m->test.interval_us);
	const struct text every = TEXT(N_("every {1}"), text_slice(buf_slice(&span)));
	html_say(h, &every);
	html_puts(h, "</dd></div>\n");
}

static void put_figures(const struct html *h, const struct page_test_model *m)
{
	html_puts(h, "<dl class=\"facts\">");
	put_share(h, N_("Available, 24 h"), m->share_24h);
	put_share(h, N_("Available, 30 days"), m->share_30d);
	put_latency(h, m->test.state == WATCH_FAILED ? N_("Median before it failed") : N_("Median"),
		m->p50_us);
	put_latency(h, N_("95th percentile"), m->p95_us);
	put_last_ok(h, m);
	put_next(h, m);
	html_puts(h, "</dl>\n");
}

/* ---- the chart ---- */

#define BY_PHASE "&amp;by=phase"

static void put_ranges(const struct html *h, enum page_range range, bool by_phase)
{
	html_puts(h, "<nav aria-label=\"");
	html_look(h, N_("Range"));
	html_puts(h, "\"><ul class=\"seg\">");
	for (unsigned i = 0; i < PAGE_RANGES; i++) {
		buf_printf(h->b, "<li><a href=\"?range=%s%s\"%s>", page_range_names[i],
			by_phase ? BY_PHASE : "", i == range ? " aria-current=\"true\"" : "");
		html_look(h, range_labels[i]);
		html_puts(h, "</a></li>");
	}
	html_puts(h, "</ul></nav>");
}

static void put_other_chart(const struct html *h, const struct page_test_model *m)
{
	buf_printf(h->b, "<p class=\"sm\"><a href=\"?range=%s%s\">", page_range_names[m->range],
		m->by_phase ? "" : BY_PHASE);
	html_look(h, m->by_phase ? N_("All together") : N_("By phase"));
	html_puts(h, "</a></p>\n");
}

static void put_chart(const struct html *h, const struct page_test_model *m)
{
	html_puts(h, "<div class=\"row\"><h2>");
	html_look(h, N_("Latency"));
	html_puts(h, "</h2>");
	put_ranges(h, m->range, m->by_phase);
	html_puts(h, "</div>\n");
	if (m->chart.n_bins) {
		if (m->by_phase)
			phases_put(h, m->phases, m->n_phases);
		else
			draw_latency(h, m);
		put_other_chart(h, m);
		return;
	}
	html_puts(h, "<p class=\"dim\">");
	html_look(h, N_("Nothing was measured in this time."));
	html_puts(h, "</p>\n");
}

/* ---- tables ---- */

static void put_where(const struct html *h, const struct page_test_model *m)
{
	if (m->n_where == 0)
		return;
	html_puts(h, "<section><h2>");
	html_look(h, N_("From where"));
	html_puts(h, "</h2><table><thead><tr>");
	html_th(h, N_("Location"), false);
	html_th(h, N_("State"), false);
	html_th(h, N_("Median"), true);
	html_th(h, N_("p95"), true);
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < m->n_where; i++) {
		html_puts(h, "<tr><th scope=\"row\">");
		html_text(h, m->where[i].location);
		html_puts(h, " <small>");
		html_text(h, m->where[i].watcher);
		html_puts(h, "</small></th><td>");
		html_state(h, m->where[i].state, false);
		html_puts(h, "</td>");
		html_td_latency(h, m->where[i].median_us);
		html_td_latency(h, m->where[i].p95_us);
		html_puts(h, "</tr>\n");
	}
	html_puts(h, "</tbody></table></section>\n");
}

static void put_causes(const struct html *h, const struct page_test_model *m)
{
	html_puts(h, "<section><h2>");
	html_look(h, N_("Why it failed, 30 days"));
	html_puts(h, "</h2>");
	if (m->n_causes == 0) {
		html_puts(h, "<p>");
		html_look(h, N_("It did not."));
		html_puts(h, "</p></section>\n");
		return;
	}
	html_puts(h, "<table><thead><tr>");
	html_th(h, N_("Cause"), false);
	html_th(h, N_("Phase"), false);
	html_th(h, N_("Runs"), true);
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < m->n_causes; i++) {
		const struct page_cause *c = &m->causes[i];

		html_puts(h, "<tr><td>");
		if (c->reason == REASON_NONE)
			html_look(h, words_reason(c->reason));
		html_reason(h, c->reason);
		if (c->has_passed) {
			html_puts(h, ", ");
			html_look(h, N_("the second attempt passed"));
		}
		html_puts(h, "</td><td>");
		html_str(h, c->phase < PHASE_COUNT ? phase_name(c->phase) : "\xe2\x80\x93");
		html_puts(h, "</td><td class=\"n\">");
		html_count(h, c->n_runs);
		html_puts(h, "</td></tr>\n");
	}
	html_puts(h, "</tbody></table></section>\n");
}

static void put_quantiles(const struct html *h, const struct page_test_model *m)
{
	static const char *const heads[] = { N_("Range"), N_("Runs"), N_("Available"), N_("p50"),
		N_("p95"), N_("p99"), N_("Max") };

	if (m->n_quantiles == 0)
		return;
	html_puts(h, "<h2>");
	html_look(h, N_("Percentiles"));
	html_puts(h, "</h2><div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"");
	html_look(h, N_("Percentiles"));
	html_puts(h, "\"><table><thead><tr>");
	for (size_t i = 0; i < COUNT(heads); i++)
		html_th(h, heads[i], i > 0);
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < m->n_quantiles; i++) {
		const struct page_quantiles *q = &m->quantiles[i];

		html_puts(h, "<tr><th scope=\"row\">");
		html_look(h, q->range);
		html_puts(h, "</th><td class=\"n\">");
		html_count(h, q->n_runs);
		html_puts(h, "</td><td class=\"n\">");
		html_share(h, q->share);
		html_puts(h, "</td>");
		html_td_latency(h, q->p50_us);
		html_td_latency(h, q->p95_us);
		html_td_latency(h, q->p99_us);
		html_td_latency(h, q->max_us);
		html_puts(h, "</tr>\n");
	}
	html_puts(h, "</tbody></table></div>\n");
}

static void put_older(const struct html *h, const struct page_set *set,
	const struct page_test *test, struct slice older)
{
	if (older.n == 0)
		return;
	html_puts(h, "<p class=\"sm\"><a href=\"");
	html_test_path(h, set, test);
	html_puts(h, "/runs?before=");
	html_segment(h, older);
	html_puts(h, "\">");
	html_look(h, N_("Older runs"));
	html_puts(h, "</a></p>\n");
}

static void put_runs(const struct html *h, const struct page_test_model *m)
{
	html_puts(h, "<div class=\"row\"><h2>");
	html_look(h, N_("Runs"));
	html_puts(h, "</h2>");
	if (m->test.interval_us && (h->v->may & 1u << PAGE_MAY_RUN)) {
		html_puts(h, "<form method=\"post\" action=\"");
		html_test_path(h, m->set, &m->test);
		html_puts(h, "/run\">");
		html_token(h);
		html_puts(h, "<button class=\"btn\">");
		html_look(h, N_("Run it now"));
		html_puts(h, "</button></form>");
	}
	html_puts(h, "</div>\n");
	if (m->n_runs == 0) {
		html_puts(h, "<p class=\"dim\">");
		html_look(h, N_("It has not run yet."));
		html_puts(h, "</p>\n");
		return;
	}
	rows_put_runs(h, m->runs, m->n_runs);
	put_older(h, m->set, &m->test, m->older);
}

static void put_days(const struct html *h, const struct page_test_model *m)
{
	uint8_t room[64];
	struct buf first;

	if (!m->days)
		return;
	buf_init_in(&first, room, sizeof(room));
	format_day(&first, h->v, PAGE_DAYS - 1, true);
	html_puts(h, "<h2>");
	html_look(h, N_("90 days"));
	html_puts(h, "</h2>");
	draw_days(h, m->days);
	html_puts(h, "<div class=\"ends\" aria-hidden=\"true\"><span>");
	html_text(h, buf_slice(&first));
	html_puts(h, "</span><span>");
	html_look(h, N_("today"));
	html_puts(h, "</span></div><p class=\"sm dim\" aria-hidden=\"true\">");
	draw_days_words(h, m->days);
	html_puts(h, ".</p>\n");
}

static void put_title(const struct html *h, const struct page_test_model *m, struct buf *ret)
{
	const struct text state = TEXT_PLAIN(words_test_state(&m->test));

	text_put(ret, &state, h->v->look_up);
	words_colon(ret, h->v);
	words_test(ret, m->set, &m->test, h->v);
}

int page_test(struct buf *b, const struct page_view *v, const struct page_test_model *m)
{
	const struct html h = { b, v };
	uint8_t room[TITLE_MAX];
	struct buf title;

	buf_init_in(&title, room, sizeof(room));
	put_title(&h, m, &title);
	html_open(
		&h, &(const struct html_head){
			    .title = buf_slice(&title), .state = m->test.state, .nav = NAV_TESTS });
	put_crumb(&h, m);
	put_verdict(&h, m);
	put_figures(&h, m);
	put_chart(&h, m);
	html_puts(&h, "<div class=\"two\">");
	put_where(&h, m);
	if (m->n_runs)
		put_causes(&h, m);
	html_puts(&h, "</div>\n");
	put_quantiles(&h, m);
	put_runs(&h, m);
	put_days(&h, m);
	return html_close(&h);
}

/* ---- older runs ---- */

int page_runs(struct buf *b, const struct page_view *v, const struct page_runs_model *m)
{
	const struct html h = { b, v };
	uint8_t room[TITLE_MAX];
	struct buf title;

	buf_init_in(&title, room, sizeof(room));
	words_test(&title, m->set, &m->test, v);
	html_open(
		&h, &(const struct html_head){
			    .title = buf_slice(&title), .state = m->test.state, .nav = NAV_TESTS });
	html_puts(&h, "<p class=\"crumb\"><a href=\"/\">");
	html_look(&h, N_("Overview"));
	html_puts(&h, "</a> / <a href=\"");
	html_test_path(&h, m->set, &m->test);
	html_puts(&h, "\">");
	html_test_name(&h, m->set, &m->test);
	html_puts(&h, "</a></p>\n<h1>");
	html_look(&h, N_("Older runs"));
	html_puts(&h, "</h1>\n");
	if (m->n_runs) {
		rows_put_runs(&h, m->runs, m->n_runs);
	} else {
		html_puts(&h, "<p>");
		html_look(&h, N_("There are none."));
		html_puts(&h, "</p>\n");
	}
	put_older(&h, m->set, &m->test, m->older);
	return html_close(&h);
}

#include "base/mem.h"
#include "page/page.h"
#include "page/rows.h"

enum { TITLE_MAX = 2048 };

/* ---- one that is open ---- */

static void put_dot(const struct html *h, bool *any)
{
	html_puts(h, *any ? " \xc2\xb7 " : "");
	*any = true;
}

static void put_facts(const struct html *h, const struct page_incident *i)
{
	const struct text runs = TEXT(N_("{1} runs failed"), text_u64(i->row.n_runs)),
			  tests = TEXT(N_("{1} tests"), text_u64(i->n_tests)),
			  times = TEXT(N_("on and off {1} times, kept as one incident"),
				  text_u64(i->times)),
			  from = TEXT(N_("seen from {1}"), text_slice(i->row.locations)),
			  acked = TEXT(N_("taken by {1}"), text_slice(i->acked_by));
	bool any = false;

	html_puts(h, "<p class=\"sm dim\">");
	if (i->n_tests > 1) {
		put_dot(h, &any);
		html_say(h, &tests);
	}
	put_dot(h, &any);
	html_say(h, &runs);
	if (i->is_flapping) {
		put_dot(h, &any);
		html_say(h, &times);
	}
	if (i->row.locations.n) {
		put_dot(h, &any);
		html_say(h, &from);
	}
	if (i->acked_by.n) {
		put_dot(h, &any);
		html_say(h, &acked);
		html_puts(h, " ");
		html_time(h, format_time, i->acked_at);
	}
	html_puts(h, "</p>\n");
}

static void put_moments(const struct html *h, const struct page_incident *i)
{
	if (i->n_moments == 0)
		return;
	html_puts(h, "<ol class=\"line\">");
	for (size_t k = 0; k < i->n_moments; k++) {
		const struct page_moment *m = &i->moments[k];
		const struct text what = TEXT(m->what, text_slice(m->value));

		html_puts(h, "<li><b>");
		html_time(h, format_time, m->at);
		html_puts(h, "</b> ");
		html_say(h, &what);
		html_puts(h, "</li>");
	}
	html_puts(h, "</ol>\n");
}

static void put_ack(const struct html *h, const struct page_incident *i)
{
	if (!(h->v->may & 1u << PAGE_MAY_ACK) || i->acked_by.n || i->row.end_at)
		return;
	html_puts(h, "<form method=\"post\" action=\"/incidents/");
	html_segment(h, i->row.id);
	html_puts(h, "/ack\">");
	html_token(h);
	html_puts(h, "<button class=\"btn\">");
	html_look(h, N_("I take it"));
	html_puts(h, "</button></form>");
}

static void put_links(const struct html *h, const struct page_incident *i)
{
	html_puts(h, "<div class=\"acts\">");
	html_run_link(h, i->last_run, i->last_at, N_("Last run, {1}"));
	html_run_link(h, i->first_run, i->first_at, N_("First failed run, {1}"));
	html_run_link(h, i->good_run, i->good_at, N_("Last good run, {1}"));
	if (i->test_path.n) {
		html_puts(h, "<a ");
		html_path(h, i->test_path);
		html_puts(h, ">");
		html_look(h, N_("History"));
		html_puts(h, "</a>");
	}
	put_ack(h, i);
	html_puts(h, "</div>");
}

static void put_reason(const struct html *h, enum reason r)
{
	html_puts(h, "<p>");
	html_look(h, words_reason(r));
	html_puts(h, " ");
	html_reason(h, r);
	html_puts(h, "</p>\n");
}

static void put_open(
	const struct html *h, const struct page_set *set, const struct page_incident *i)
{
	html_puts(h, "<li><div>");
	html_state(h, i->row.state, true);
	html_puts(h, "</div><div class=\"what\"><h3>");
	html_begin_link(h, "/incidents/", i->row.id, "");
	html_text(h, i->row.id);
	html_puts(h, " \xc2\xb7 ");
	rows_put_between(h, set, &i->row);
	html_puts(h, "</a></h3>\n");
	put_reason(h, i->row.reason);
	put_facts(h, i);
	put_moments(h, i);
	put_links(h, i);
	html_puts(h, "</div><div class=\"when nw\">");
	html_when(h, i->row.begin_at);
	html_puts(h, "</div></li>\n");
}

/* ---- the list ---- */

static void put_all_open(const struct html *h, const struct page_incidents_model *m)
{
	const struct text open = TEXT(N_("Open: {1}"), text_u64(m->n_open));

	html_puts(h, "<h2>");
	html_say(h, &open);
	html_puts(h, "</h2>\n");
	if (m->n_open == 0) {
		html_puts(h, "<p>");
		html_look(h, N_("Nothing fails now."));
		html_puts(h, "</p>\n");
		return;
	}
	html_puts(h, "<ul class=\"att inc\">\n");
	for (size_t i = 0; i < m->n_open; i++)
		put_open(h, m->set, &m->open[i]);
	html_puts(h, "</ul>\n");
}

static void put_sums(const struct html *h, const struct page_incidents_model *m)
{
	uint8_t room[64], median_room[64];
	struct buf down, median;

	buf_init_in(&down, room, sizeof(room));
	buf_init_in(&median, median_room, sizeof(median_room));
	format_span(&down, h->v, m->down_us);
	format_span(&median, h->v, m->recover_us);
	const struct text t = TEXT(
		N_("Down in all {1}. Median time to recover {2}. Times when the watcher itself was "
		   "at fault are listed, not counted."),
		text_slice(buf_slice(&down)), text_slice(buf_slice(&median)));
	html_puts(h, "<p class=\"sub sm dim\">");
	html_say(h, &t);
	html_puts(h, "</p>\n");
}

static void put_over(const struct html *h, const struct page_incidents_model *m)
{
	const struct text over = TEXT(N_("Over: {1}"), text_u64(m->n_over_all));

	html_puts(h, "<h2>");
	html_say(h, &over);
	html_puts(h, "</h2>");
	if (m->n_over_all == 0 && m->n_over == 0) {
		html_puts(h, "<p>");
		html_look(h, N_("Nothing failed in 90 days."));
		html_puts(h, "</p>\n");
		return;
	}
	put_sums(h, m);
	rows_put_filters(h, "/incidents", m->filters, m->n_filters);
	rows_put_incidents(h, m->set, m->over, m->n_over, ROWS_ALL);
	if (m->older.n) {
		html_puts(h, "<p class=\"sm\"><a href=\"?before=");
		html_segment(h, m->older);
		html_puts(h, "\">");
		html_look(h, N_("Older incidents"));
		html_puts(h, "</a></p>\n");
	}
}

int page_incidents(struct buf *b, const struct page_view *v, const struct page_incidents_model *m)
{
	const struct html h = { b, v };
	const char *title = v->look_up ? v->look_up(N_("Incidents")) : N_("Incidents");

	html_open(&h, &(const struct html_head){ .title = slice_str(title),
			      .state = m->n_open ? WATCH_FAILED : WATCH_OK,
			      .nav = NAV_INCIDENTS });
	html_puts(&h, "<div class=\"row\"><h1>");
	html_str(&h, title);
	html_puts(&h, "</h1><a href=\"/feed.atom\" class=\"sm\">");
	html_look(&h, N_("Atom feed"));
	html_puts(&h, "</a></div>\n");
	put_all_open(&h, m);
	put_over(&h, m);
	return html_close(&h);
}

/* ---- one ---- */

static void put_head(const struct html *h, const struct page_incident_model *m)
{
	const struct page_incident *i = &m->incident;
	const enum watch_state s = i->row.end_at ? WATCH_OK : i->row.state;

	buf_printf(h->b, "<section class=\"verdict %s\" aria-labelledby=\"v\"><h1 id=\"v\">",
		html_state_class(s));
	html_icon(h, s);
	html_puts(h, "<span>");
	rows_put_between(h, m->set, &i->row);
	html_puts(h, "</span></h1>");
	put_reason(h, i->row.reason);
	html_puts(h, "<p>");
	html_time(h, format_time, i->row.begin_at);
	html_puts(h, " \xe2\x80\x93 ");
	if (i->row.end_at)
		html_time(h, format_time, i->row.end_at);
	else
		html_look(h, N_("not over"));
	html_puts(h, " (");
	html_put(h, format_span, (i->row.end_at ? i->row.end_at : h->v->now_at) - i->row.begin_at);
	html_puts(h, ")</p>");
	put_facts(h, i);
	html_puts(h, "</section>\n");
}

static void put_incident_title(
	const struct html *h, const struct page_incident_model *m, struct buf *ret)
{
	const struct page_incident_row *r = &m->incident.row;
	const struct text t = TEXT(N_("Incident {1}"), text_slice(r->id));

	text_put(ret, &t, h->v->look_up);
	if (r->kind > PAGE_FROM)
		return;
	words_colon(ret, h->v);
	words_between(ret, m->set, r->pool, r->partner,
		r->is_both             ? WORDS_BOTH
		: r->kind == PAGE_FROM ? WORDS_FROM
				       : WORDS_TO,
		h->v);
}

int page_incident(struct buf *b, const struct page_view *v, const struct page_incident_model *m)
{
	const struct html h = { b, v };
	uint8_t room[TITLE_MAX];
	struct buf title;

	buf_init_in(&title, room, sizeof(room));
	put_incident_title(&h, m, &title);
	html_open(&h, &(const struct html_head){ .title = buf_slice(&title),
			      .state = m->incident.row.end_at ? WATCH_OK : m->incident.row.state,
			      .nav = NAV_INCIDENTS });
	html_puts(&h, "<p class=\"crumb\"><a href=\"/incidents\">");
	html_look(&h, N_("Incidents"));
	html_puts(&h, "</a> / ");
	html_text(&h, m->incident.row.id);
	html_puts(&h, "</p>\n");
	put_head(&h, m);
	put_moments(&h, &m->incident);
	put_links(&h, &m->incident);
	if (m->incident.n_runs) {
		html_puts(&h, "<h2>");
		html_look(&h, N_("Runs"));
		html_puts(&h, "</h2>");
		rows_put_runs(&h, m->incident.runs, m->incident.n_runs);
	}
	return html_close(&h);
}

/* A run: what happened, what to do, why it may be; then when which phase was. */
#include "base/mem.h"
#include "page/draw.h"
#include "page/page.h"

enum { TITLE_MAX = 2048 };

static void put_crumb(const struct html *h, const struct page_run_model *m)
{
	uint8_t room[128];
	struct buf at;

	buf_init_in(&at, room, sizeof(room));
	format_date(&at, h->v, m->at);
	buf_puts(&at, ", ");
	format_seconds(&at, h->v, m->at);
	const struct text run = TEXT(N_("run of {1}"), text_slice(buf_slice(&at)));
	html_puts(h, "<p class=\"crumb\"><a href=\"/\">");
	html_look(h, N_("Overview"));
	html_puts(h, "</a> / <a href=\"");
	html_test_path(h, m->set, &m->test);
	html_puts(h, "\">");
	html_test_name(h, m->set, &m->test);
	html_puts(h, "</a> / ");
	html_say(h, &run);
	html_puts(h, "</p>\n");
}

static void put_where(const struct html *h, const struct page_run_model *m)
{
	html_puts(h, "<p class=\"sm\">");
	if (m->reason != REASON_NONE) {
		html_reason(h, m->reason);
		if (m->fail_phase < PHASE_COUNT) {
			html_puts(h, " ");
			html_look(h, N_("in"));
			buf_printf(h->b, " <code>%s</code>", phase_name(m->fail_phase));
		}
		html_puts(h, " \xc2\xb7 ");
	}
	html_test_name(h, m->set, &m->test);
	if (m->watcher.n) {
		const struct text from = TEXT(N_("from {1}"), text_slice(m->watcher));

		html_puts(h, " \xc2\xb7 ");
		html_say(h, &from);
	}
	if (m->location.n) {
		html_puts(h, ", ");
		html_text(h, m->location);
	}
	if (m->attempts > 1) {
		const struct text t = TEXT(N_("{1} attempts"), text_u64(m->attempts));

		html_puts(h, " \xc2\xb7 ");
		html_say(h, &t);
	}
	html_puts(h, "</p>");
}

static void put_verdict(const struct html *h, const struct page_run_model *m)
{
	const bool has_passed = m->state == WATCH_OK || m->state == WATCH_UNSTABLE;

	buf_printf(h->b, "<section class=\"verdict %s\" aria-labelledby=\"v\"><h1 id=\"v\">",
		html_state_class(m->state));
	html_icon(h, m->state);
	html_puts(h, "<span>");
	html_look(h, words_state(m->state));
	if (has_passed) {
		html_look(h, N_(": "));
		html_put(h, format_latency, m->latency_us);
	}
	html_puts(h, "</span></h1>");
	if (m->message.n) {
		html_puts(h, "<p>");
		html_text(h, m->message);
		html_puts(h, "</p>");
	} else if (m->reason != REASON_NONE) {
		html_puts(h, "<p>");
		html_look(h, words_reason(m->reason));
		html_puts(h, "</p>");
	}
	put_where(h, m);
	html_puts(h, "</section>\n");
}

/* ---- what to do, and why ---- */

static void put_step(const struct html *h, struct slice what, struct slice command)
{
	html_puts(h, "<li>");
	html_text(h, what);
	if (command.n) {
		html_puts(h, "<code class=\"cmd\">");
		html_text(h, command);
		html_puts(h, "</code>");
	}
	html_puts(h, "</li>\n");
}

static void put_steps(const struct html *h, const struct page_run_model *m)
{
	const struct reason_info *info = reason_info(m->reason);

	html_puts(h, "<section><h2>");
	html_look(h, N_("What to do next"));
	html_puts(h, "</h2><ol class=\"nx\">\n");
	for (size_t i = 0; i < m->n_steps; i++)
		put_step(h, m->steps[i].what, m->steps[i].command);
	for (size_t i = 0; m->n_steps == 0 && i < REASON_STEPS_MAX && info->next[i].what; i++)
		put_step(h,
			slice_str(h->v->look_up ? h->v->look_up(info->next[i].what)
						: info->next[i].what),
			slice_str(info->next[i].command));
	html_puts(h, "</ol></section>\n");
}

static void put_causes(const struct html *h, const struct page_run_model *m)
{
	const struct reason_info *info = reason_info(m->reason);

	html_puts(h, "<section><h2>");
	html_look(h, N_("Likely causes, likeliest first"));
	html_puts(h, "</h2><ul class=\"b\">\n");
	for (size_t i = 0; i < REASON_CAUSES_MAX && info->causes[i]; i++) {
		html_puts(h, "<li>");
		html_look(h, info->causes[i]);
		html_puts(h, "</li>\n");
	}
	html_puts(h, "</ul></section>\n");
}

/* ---- evidence ---- */

static void begin_fact(const struct html *h, const char *label)
{
	html_puts(h, "<div><dt>");
	html_look(h, label);
	html_puts(h, "</dt><dd>");
}

static void put_fact(const struct html *h, const struct page_fact *f)
{
	begin_fact(h, f->label);
	html_puts(h, f->is_code ? "<code>" : "");
	if (f->href.n) {
		html_puts(h, "<a ");
		html_path(h, f->href);
		html_puts(h, ">");
	}
	html_text(h, f->value);
	html_puts(h, f->href.n ? "</a>" : "");
	html_puts(h, f->is_code ? "</code></dd></div>\n" : "</dd></div>\n");
}

static void put_good(const struct html *h, const struct page_run_model *m)
{
	if (m->good_id.n == 0)
		return;
	begin_fact(h, N_("Last good run"));
	html_begin_link(h, "/runs/", m->good_id, "");
	html_time(h, format_time, m->good_at);
	html_puts(h, "</a></dd></div>\n");
}

static void put_incident(const struct html *h, const struct page_run_model *m)
{
	if (m->incident.n == 0)
		return;
	begin_fact(h, N_("Incident"));
	html_begin_link(h, "/incidents/", m->incident, "");
	html_text(h, m->incident);
	html_puts(h, "</a></dd></div>\n");
}

static void put_evidence(const struct html *h, const struct page_run_model *m)
{
	if (m->n_facts == 0 && m->good_id.n == 0 && m->incident.n == 0)
		return;
	html_puts(h, "<h2>");
	html_look(h, N_("Evidence"));
	html_puts(h, "</h2><dl class=\"ev\">\n");
	for (size_t i = 0; i < m->n_facts; i++)
		put_fact(h, &m->facts[i]);
	put_good(h, m);
	put_incident(h, m);
	html_puts(h, "</dl>\n");
}

/* ---- links ---- */

static void put_link(const struct html *h, struct slice id, const char *tail, const char *title)
{
	html_begin_link(h, "/runs/", id, tail);
	html_look(h, title);
	html_puts(h, "</a>");
}

static void put_said(const struct html *h, const struct page_run_model *m)
{
	html_puts(h, "<h2>");
	html_look(h, N_("What was said"));
	html_puts(h, "</h2>");
	if (!m->has_trace) {
		html_puts(h, "<p class=\"dim\">");
		html_look(h,
			N_("The messages of this run were not kept: of good runs one an hour is, "
			   "and all that failed."));
		html_puts(h, "</p>");
	}
	if (m->n_said)
		draw_ladder(h, m);
}

static void put_links(const struct html *h, const struct page_run_model *m)
{
	html_puts(h, "<div class=\"acts lnk\">");
	if (m->has_trace) {
		put_link(h, m->id, "/trace.json", N_("The messages, as JSON"));
		put_link(h, m->id, "/trace.pcapng", N_("The messages, for Wireshark"));
	}
	put_link(h, m->id, ".json", N_("JSON"));
	html_puts(h, "</div>\n<nav class=\"acts\" aria-label=\"");
	html_look(h, N_("Runs before and after"));
	html_puts(h, "\">");
	if (m->before.n)
		put_link(h, m->before, "", N_("Run before"));
	if (m->after.n)
		put_link(h, m->after, "", N_("Run after"));
	html_puts(h, "</nav>\n");
}

static void put_title(const struct html *h, const struct page_run_model *m, struct buf *ret)
{
	const struct text state = TEXT_PLAIN(words_state(m->state));

	text_put(ret, &state, h->v->look_up);
	words_colon(ret, h->v);
	words_test(ret, m->set, &m->test, h->v);
	buf_puts(ret, ", ");
	format_time(ret, h->v, m->at);
}

int page_run(struct buf *b, const struct page_view *v, const struct page_run_model *m)
{
	const struct html h = { b, v };
	uint8_t room[TITLE_MAX];
	struct buf title;

	buf_init_in(&title, room, sizeof(room));
	put_title(&h, m, &title);
	html_open(&h, &(const struct html_head){
			      .title = buf_slice(&title), .state = m->state, .nav = NAV_TESTS });
	put_crumb(&h, m);
	put_verdict(&h, m);
	if (m->reason != REASON_NONE) {
		html_puts(&h, "<div class=\"two dx\">");
		put_steps(&h, m);
		put_causes(&h, m);
		html_puts(&h, "</div>\n");
	}
	put_evidence(&h, m);
	if (m->has_phases) {
		html_puts(&h, "<h2>");
		html_look(&h, N_("Time"));
		html_puts(&h, "</h2>");
		draw_waterfall(&h, m);
	}
	put_said(&h, m);
	put_links(&h, m);
	return html_close(&h);
}

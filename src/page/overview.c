/* The overview: how things stand in a sentence, what to do about it, the matrix, 90 days. */
#include "base/mem.h"
#include "page/asset.h"
#include "page/draw.h"
#include "page/matrix.h"
#include "page/page.h"
#include "page/rows.h"
#include "page/trouble.h"
#include "watch/rollup.h"

enum { TITLE_MAX = 4096 };

/* ---- the verdict ---- */

static void put_tally(const struct html *h, const struct page_set *set)
{
	static const enum watch_state order[] = { WATCH_FAILED, WATCH_UNSTABLE, WATCH_UNKNOWN,
		WATCH_MAINTENANCE, WATCH_OK };
	struct rollup all = { 0 };

	for (size_t i = 0; i < set->n_tests; i++)
		if (page_test_is_judged(&set->tests[i]))
			rollup_add(&all, set->tests[i].state);
	if (rollup_count(&all) == all.counts[WATCH_OK])
		return;
	html_puts(h, "<ul class=\"tally\">");
	for (size_t i = 0; i < COUNT(order); i++) {
		uint8_t room[128];
		struct buf said;

		if (all.counts[order[i]] == 0)
			continue;
		buf_init_in(&said, room, sizeof(room));
		words_tally(&said, h->v, order[i], all.counts[order[i]]);
		buf_printf(h->b, "<li><a href=\"/tests?state=%s\"><span class=\"st %s\">",
			watch_state_name(order[i]), html_state_class(order[i]));
		html_icon(h, order[i]);
		html_text(h, buf_slice(&said));
		html_puts(h, "</span></a></li>");
	}
	html_puts(h, "</ul>");
}

static bool is_tested_since_90_days(const struct page_overview *m)
{
	for (size_t i = 0; i < m->n_days; i++)
		if (m->days[i].days[0].kind != PAGE_DAY_GONE)
			return true;
	return false;
}

static void put_calm(const struct html *h, const struct page_overview *m)
{
	uint8_t room[128], span_room[64];
	struct buf at, span;

	if (m->failed_last_at == 0) {
		html_look(h, is_tested_since_90_days(m)
				     ? N_("Nothing failed in 90 days.")
				     : N_("Nothing has failed since the tests began."));
		return;
	}
	buf_init_in(&at, room, sizeof(room));
	buf_init_in(&span, span_room, sizeof(span_room));
	format_time(&at, h->v, m->failed_last_at);
	format_span(&span, h->v, h->v->now_at - m->failed_last_at);
	const struct text t = TEXT(N_("Nothing failed for {1}; the last time was {2}."),
		text_slice(buf_slice(&span)), text_slice(buf_slice(&at)));
	html_say(h, &t);
}

static void put_explanation(const struct html *h, const struct page_overview *m)
{
	uint8_t room[TITLE_MAX];
	struct buf said;

	buf_init_in(&said, room, sizeof(room));
	words_explain(&said, &m->sentence, &m->set, h->v);
	html_puts(h, "<p>");
	if (m->sentence.kind == SENTENCE_OK)
		put_calm(h, m);
	else
		html_text(h, buf_slice(&said));
	if (m->sentence.kind == SENTENCE_NOT_YET || m->sentence.kind == SENTENCE_NO_TEST) {
		html_puts(h, " ");
		html_look(h, N_("By hand:"));
		html_puts(h, " <code>stox watch --once</code>");
	}
	html_puts(h, "</p>");
}

static void put_away(const struct html *h, const struct page_overview *m)
{
	uint8_t room[128];
	struct buf at;

	if (!m->history_is_away)
		return;
	buf_init_in(&at, room, sizeof(room));
	format_time(&at, h->v, m->away_since_at);
	const struct text t = TEXT(N_("The history cannot be read since {1}: the states are from "
				      "memory, and what is measured waits on the disk."),
		text_slice(buf_slice(&at)));
	html_puts(h, "<p class=\"note\">");
	html_say(h, &t);
	html_puts(h, "</p>\n");
}

static void put_title(const struct html *h, const struct page_overview *m, struct buf *ret)
{
	if (m->only) {
		text_put_clean(ret, m->only->name);
		words_colon(ret, h->v);
	}
	words_title(ret, &m->sentence, &m->set, h->v);
}

static void put_verdict(const struct html *h, const struct page_overview *m)
{
	const enum watch_state s = m->sentence.state;
	uint8_t room[TITLE_MAX];
	struct buf said;

	buf_init_in(&said, room, sizeof(room));
	words_headline(&said, &m->sentence, &m->set, h->v);
	buf_printf(h->b, "<section class=\"verdict %s\" id=\"verdict\" aria-labelledby=\"v\">",
		html_state_class(s));
	html_puts(h, "<h1 id=\"v\">");
	html_icon(h, s);
	html_puts(h, "<span>");
	html_text(h, buf_slice(&said));
	html_puts(h, "</span></h1>");
	put_explanation(h, m);
	put_tally(h, &m->set);
	html_puts(h, "</section>\n");
}

static void put_attention(const struct html *h, const struct page_overview *m)
{
	html_puts(h, "<div id=\"attention\">");
	trouble_put_list(h, &m->set);
	html_puts(h, "</div>\n");
}

/* ---- below it ---- */

static void put_days_row(const struct html *h, const struct page_days *d)
{
	html_puts(h, "<li class=\"days\"><div class=\"nm\">");
	if (d->href_id.n) {
		html_begin_link(h, "/partners/", d->href_id, "");
		html_text(h, d->name);
		html_puts(h, "</a>");
	} else {
		html_text(h, d->name);
	}
	html_puts(h, "<small>");
	html_text(h, d->address);
	html_puts(h, "</small></div>");
	draw_days(h, d);
	html_puts(h, "<div class=\"pc\">");
	html_share(h, d->share);
	html_puts(h, "</div><p aria-hidden=\"true\">");
	draw_days_words(h, d);
	html_puts(h, "</p></li>\n");
}

static void put_days_head(const struct html *h)
{
	uint8_t room[64];
	struct buf first;

	buf_init_in(&first, room, sizeof(room));
	format_day(&first, h->v, PAGE_DAYS - 1, true);
	html_puts(h, "<div class=\"days hd\" aria-hidden=\"true\"><span></span><div "
		     "class=\"ends\"><span>");
	html_text(h, buf_slice(&first));
	html_puts(h, "</span><span>");
	html_look(h, N_("today"));
	html_puts(h, "</span></div><div class=\"pc\">");
	html_look(h, N_("available"));
	html_puts(h, "</div><span>");
	html_look(h, N_("days that were not fine"));
	html_puts(h, "</span></div>\n");
}

static void put_days(const struct html *h, const struct page_overview *m)
{
	const bool is_folding = m->n_days > PAGE_ROWS_WHOLE;
	size_t folded = 0;

	if (m->n_days == 0)
		return;
	html_puts(h, "<h2>");
	html_look(h, N_("90 days"));
	html_puts(h, "</h2><p class=\"sub sm dim\">");
	html_look(h, N_("A low green mark is a good day. What rises above it was not: height by "
			"duration (under 5 min, 1 h, 4 h, more), form and colour by state."));
	html_puts(h, "</p>");
	put_days_head(h);
	html_puts(h, "<ul class=\"rows\">");
	for (size_t i = 0; i < m->n_days; i++) {
		if (is_folding && draw_days_are_fine(&m->days[i]))
			folded++;
		else
			put_days_row(h, &m->days[i]);
	}
	html_puts(h, "</ul>");
	if (folded) {
		const struct text t = TEXT(N_("{1} others: every day was fine."), text_u64(folded));

		html_puts(h, "<p class=\"sm dim\">");
		html_say(h, &t);
		html_puts(h, "</p>\n");
	}
}

static void put_over(const struct html *h, const struct page_overview *m)
{
	if (m->n_over == 0)
		return;
	html_puts(h, "<h2>");
	html_look(h, N_("Recently over"));
	html_puts(h, "</h2>");
	rows_put_incidents(h, &m->set, m->over, m->n_over, ROWS_FEW);
}

static void put_crumb(const struct html *h, const struct page_overview *m)
{
	if (!m->only)
		return;
	html_puts(h, "<p class=\"crumb\"><a href=\"/\">");
	html_look(h, N_("Overview"));
	html_puts(h, "</a> / ");
	html_text(h, m->only->name);
	if (m->only->address.n) {
		html_puts(h, " (");
		html_text(h, m->only->address);
		html_puts(h, ")");
	}
	html_puts(h, "</p>\n");
}

int page_overview(struct buf *b, const struct page_view *v, const struct page_overview *m)
{
	const struct html h = { b, v };
	uint8_t room[TITLE_MAX];
	struct buf title;

	buf_init_in(&title, room, sizeof(room));
	put_title(&h, m, &title);
	html_open(&h, &(const struct html_head){ .title = buf_slice(&title),
			      .state = m->sentence.state,
			      .nav = NAV_OVERVIEW,
			      .is_live = true });
	put_crumb(&h, m);
	put_verdict(&h, m);
	put_away(&h, m);
	put_attention(&h, m);
	if (m->set.n_tests) {
		html_puts(&h, "<h2 id=\"now\">");
		html_look(&h, N_("Now"));
		html_puts(&h, "</h2>\n");
		matrix_put(&h, &m->set);
	}
	put_days(&h, m);
	put_over(&h, m);
	rows_put_planned(&h, m->planned, m->n_planned, N_("Planned"));
	return html_close(&h);
}

/* ---- the stream ---- */

/* Every line of the data has its field's name (section 9.2.6); there is one line: what is written
 * below has no newline but those of our own markup. */
static void put_event(struct buf *b, const char *name, struct slice data)
{
	buf_printf(b, "event: %s\ndata: ", name);
	for (size_t i = 0; i < data.n; i++)
		buf_putc(b, data.p[i] == '\n' || data.p[i] == '\r' ? ' ' : data.p[i]);
	buf_puts(b, "\n\n");
}

int page_event_test(
	struct buf *b, const struct page_view *v, const struct page_set *set, size_t test)
{
	struct buf part;
	const struct html h = { &part, v };

	buf_init(&part, PAGE_BYTES_MAX);
	matrix_put_cell(&h, set, test);
	put_event(b, "part", buf_slice(&part));
	buf_clear(&part);
	rows_put_test(&h, set, test);
	put_event(b, "part", buf_slice(&part));
	if (buf_err(&part))
		b->err = buf_err(&part);
	buf_done(&part);
	return buf_err(b);
}

int page_event_overview(struct buf *b, const struct page_view *v, const struct page_overview *m)
{
	struct buf part;
	const struct html h = { &part, v };

	buf_init(&part, PAGE_BYTES_MAX);
	put_verdict(&h, m);
	put_event(b, "part", buf_slice(&part));
	buf_clear(&part);
	put_attention(&h, m);
	put_event(b, "part", buf_slice(&part));
	buf_clear(&part);
	put_title(&h, m, &part);
	put_event(b, "title", buf_slice(&part));
	buf_clear(&part);
	html_puts(&h, page_asset_href(page_icon_path(m->sentence.state)));
	put_event(b, "icon", buf_slice(&part));
	if (buf_err(&part))
		b->err = buf_err(&part);
	buf_done(&part);
	return buf_err(b);
}

int page_event_live(struct buf *b, const struct page_view *v)
{
	uint8_t room[1024];
	struct buf part;
	const struct html h = { &part, v };

	buf_init_in(&part, room, sizeof(room));
	html_live(&h);
	put_event(b, "part", buf_slice(&part));
	return buf_err(b);
}

void page_put_test_path(struct buf *b, const struct page_set *set, const struct page_test *test)
{
	const struct html h = { b, NULL };

	html_test_path(&h, set, test);
}

/* Who watches: the list of several watchers with one history. */
#include "base/mem.h"
#include "page/page.h"
#include "page/rows.h"

static void put_watcher(const struct html *h, const struct page_watcher_row *w, bool is_partial)
{
	html_puts(h, "<tr><td>");
	html_text(h, w->name);
	html_puts(h, "</td><td>");
	html_text(h, w->location);
	html_puts(h, "</td><td>");
	html_icon(h, w->is_there ? WATCH_OK : WATCH_UNKNOWN);
	html_puts(h, " ");
	html_look(h, w->is_there ? N_("is there") : N_("gone"));
	html_puts(h, "</td><td class=\"nw\">");
	html_time(h, format_time, w->started_at);
	html_puts(h, "</td><td class=\"nw\">");
	if (w->seen_at)
		html_time(h, format_time, w->seen_at);
	html_puts(h, "</td><td class=\"num\">");
	if (!is_partial)
		html_count(h, w->n_tests);
	html_puts(h, "</td></tr>\n");
}

static void put_rows(const struct html *h, const struct page_watchers_model *m)
{
	html_puts(h, "<table class=\"stack\"><thead><tr>");
	html_th(h, N_("Watcher"), false);
	html_th(h, N_("Location"), false);
	html_th(h, N_("State"), false);
	html_th(h, N_("Since"), false);
	html_th(h, N_("Last result, or gone since"), false);
	html_th(h, N_("Tests"), true);
	html_puts(h, "</tr></thead>\n<tbody>");
	for (size_t i = 0; i < m->n; i++)
		put_watcher(h, &m->rows[i], m->is_partial);
	html_puts(h, "</tbody></table>\n");
}

int page_watchers(struct buf *b, const struct page_view *v, const struct page_watchers_model *m)
{
	static const char heading[] = N_("Watchers");
	const struct html h = { b, v };
	const bool is_unheld = m->n_unheld && !m->is_partial;
	const struct text unheld = TEXT(N_("Tests that nobody runs: {1}"), text_u64(m->n_unheld));

	html_open(&h, &(const struct html_head){
			      .title = slice_str(v->look_up ? v->look_up(heading) : heading),
			      .state = is_unheld ? WATCH_UNKNOWN : WATCH_OK,
			      .nav = NAV_NONE });
	html_puts(&h, "<h1>");
	html_look(&h, heading);
	html_puts(&h, "</h1>\n<p class=\"dim\">");
	if (m->n == 0)
		html_look(
			&h, N_("This watcher is the only one: its history is a file of its own."));
	else if (is_unheld)
		html_say(&h, &unheld);
	else if (!m->is_partial)
		html_look(&h, N_("Each test is run by one of them."));
	html_puts(&h, "</p>\n");
	if (m->n)
		put_rows(&h, m);
	return html_close(&h);
}

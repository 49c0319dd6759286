#include "page/feed.h"

#include "page/rows.h"

static void put_base(const struct html *h, const struct page_feed *m, const char *path)
{
	html_text(h, m->base);
	html_puts(h, path);
}

static void put_updated(const struct html *h, int64_t at)
{
	html_puts(h, "<updated>");
	format_utc(h->b, at);
	html_puts(h, "</updated>");
}

static void put_entry(
	const struct html *h, const struct page_feed *m, const struct page_incident_row *r)
{
	/* Its address is what names it for ever (section 4.2.6). */
	html_puts(h, "<entry><id>");
	put_base(h, m, "/incidents/");
	html_segment(h, r->id);
	html_puts(h, "</id><title>");
	html_look(h, words_state(r->state));
	html_look(h, N_(": "));
	rows_put_between(h, m->set, r);
	if (r->end_at) {
		html_puts(h, " (");
		html_look(h, N_("over"));
		html_puts(h, ", ");
		html_put(h, format_span, r->end_at - r->begin_at);
		html_puts(h, ")");
	}
	html_puts(h, "</title>");
	put_updated(h, r->end_at ? r->end_at : r->begin_at);
	html_puts(h, "<published>");
	format_utc(h->b, r->begin_at);
	html_puts(h, "</published><link href=\"");
	put_base(h, m, "/incidents/");
	html_segment(h, r->id);
	html_puts(h, "\"/><summary>");
	html_look(h, words_reason(r->reason));
	if (r->reason != REASON_NONE)
		buf_printf(h->b, " (%s)", reason_id(r->reason));
	html_puts(h, "</summary></entry>\n");
}

int page_feed(struct buf *b, const struct page_view *v, const struct page_feed *m)
{
	const struct html h = { b, v };
	int64_t newest = 0;

	for (size_t i = 0; i < m->n_rows; i++) {
		newest = m->rows[i].begin_at > newest ? m->rows[i].begin_at : newest;
		newest = m->rows[i].end_at > newest ? m->rows[i].end_at : newest;
	}
	html_puts(&h, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed "
		      "xmlns=\"http://www.w3.org/2005/Atom\" xml:lang=\"");
	html_look(&h, N_("en"));
	html_puts(&h, "\"><id>");
	put_base(&h, m, "/feed.atom");
	html_puts(&h, "</id><title>");
	html_look(&h, N_("Incidents"));
	html_puts(&h, " \xc2\xb7 ");
	html_text(&h, v->site.n ? v->site : SLICE("stox"));
	html_puts(&h, "</title><author><name>stox</name></author>");
	put_updated(&h, newest ? newest : v->now_at);
	html_puts(&h, "<link rel=\"self\" href=\"");
	put_base(&h, m, "/feed.atom");
	html_puts(&h, "\"/><link href=\"");
	put_base(&h, m, "/incidents");
	html_puts(&h, "\"/>\n");
	for (size_t i = 0; i < m->n_rows; i++)
		put_entry(&h, m, &m->rows[i]);
	html_puts(&h, "</feed>\n");
	return buf_err(b);
}

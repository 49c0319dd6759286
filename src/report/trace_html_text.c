/* Text on the page: whatever a peer sent becomes text and nothing else. */
#include "base/mem.h"
#include "report/trace_html_private.h"

void page_text(struct buf *b, struct slice s)
{
	static const struct {
		uint8_t c;
		const char *as;
	} escapes[] = { { '&', "&amp;" }, { '<', "&lt;" }, { '>', "&gt;" }, { '"', "&quot;" },
		{ '\'', "&#39;" } };
	struct buf plain;

	buf_init(&plain, 8 * s.n + 64);
	trace_put_plain(&plain, s);
	s = buf_slice(&plain);
	for (size_t i = 0; i < s.n; i++) {
		size_t k = 0;

		while (k < COUNT(escapes) && s.p[i] != escapes[k].c)
			k++;
		if (k < COUNT(escapes))
			buf_puts(b, escapes[k].as);
		else
			buf_putc(b, s.p[i]);
	}
	trace_part_done(&plain, b);
}

void page_str(struct buf *b, const char *s)
{
	page_text(b, slice_str(s));
}

void page_look(const struct page *p, const char *id)
{
	page_str(p->b, report_look(p->run, id));
}

void page_sentence(const struct page *p, const struct text *t)
{
	struct buf b;

	buf_init(&b, 16384);
	text_put(&b, t, p->run->look_up);
	page_text(p->b, buf_slice(&b));
	trace_part_done(&b, p->b);
}

void page_where(const struct page *p)
{
	struct buf b;

	buf_init(&b, 1024);
	report_put_where(&b, p->run);
	page_text(p->b, buf_slice(&b));
	trace_part_done(&b, p->b);
}

void page_begin_section(const struct page *p, const char *title)
{
	buf_puts(p->b, "<section>\n<h2>");
	page_look(p, title);
	buf_puts(p->b, "</h2>\n");
}

#include "app/page.h"

#include "app/language.h"
#include "app/terminal.h"

enum { TEXT_MAX = 64 << 20 }; /* --all may have many rows */

void page_begin(struct page *p, FILE *to, unsigned width)
{
	const unsigned terminal = terminal_width(to);
	const struct sheet_style style = { .width = terminal ? terminal : width };

	p->to = to;
	buf_init(&p->text, TEXT_MAX);
	sheet_init(&p->sheet, &p->text, &style);
}

void page_end(struct page *p)
{
	fputs(buf_cstr(&p->text), p->to);
	sheet_done(&p->sheet);
	buf_done(&p->text);
}

void page_say(struct page *p, const struct text *t, unsigned indent)
{
	text_put(&p->sheet.line, t, language_look_up);
	sheet_end(&p->sheet, indent);
}

void page_row(struct page *p, const char *name, unsigned column, const char *what)
{
	buf_puts(&p->sheet.line, name);
	sheet_tab(&p->sheet, column);
	buf_puts(&p->sheet.line, what);
	sheet_end(&p->sheet, column);
}

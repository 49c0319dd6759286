#include "base/sheet.h"

#include "base/mem.h"
#include "base/str.h"

enum {
	LINE_MAX = 64 << 10,
	TEXT_COLUMNS_MIN = 20, /* so few are left beside an indent: then there is none */
	MARK = 0x01,           /* a byte in a line: colour 0 begins; the next ones are the others */
};

static const char *const sgr[] = {
	[SHEET_PLAIN] = "\033[0m",
	[SHEET_GOOD] = "\033[32m",
	[SHEET_WARNING] = "\033[33m",
	[SHEET_BAD] = "\033[31m",
	[SHEET_DIM] = "\033[2m",
};
_Static_assert(COUNT(sgr) == SHEET_COLOURS, "one sequence a colour");

/* Ranges of code points, in order.  Zero: combining marks, joiners, variation selectors.  Two:
 * those that UAX #11 calls wide, coarsely. */
static const struct {
	uint32_t first, last;
	unsigned width;
} widths[] = {
	{ 0x0300, 0x036f, 0 },
	{ 0x1100, 0x115f, 2 },
	{ 0x1ab0, 0x1aff, 0 },
	{ 0x1dc0, 0x1dff, 0 },
	{ 0x200b, 0x200d, 0 },
	{ 0x20d0, 0x20ff, 0 },
	{ 0x2e80, 0x303e, 2 },
	{ 0x3041, 0xa4cf, 2 },
	{ 0xac00, 0xd7a3, 2 },
	{ 0xf900, 0xfaff, 2 },
	{ 0xfe00, 0xfe0f, 0 },
	{ 0xfe20, 0xfe2f, 0 },
	{ 0xfe30, 0xfe6f, 2 },
	{ 0xff01, 0xff60, 2 },
	{ 0xffe0, 0xffe6, 2 },
	{ 0x1f300, 0x1f64f, 2 },
	{ 0x1f680, 0x1f6ff, 2 },
	{ 0x1f900, 0x1f9ff, 2 },
	{ 0x20000, 0x3fffd, 2 },
	{ 0xe0100, 0xe01ef, 0 },
};

static bool is_mark(uint8_t c)
{
	return c >= MARK && c < MARK + SHEET_COLOURS;
}

static unsigned width_of(uint32_t c)
{
	if (c < 0x80)
		return !is_mark((uint8_t)c);
	for (size_t i = 0; i < COUNT(widths) && c >= widths[i].first; i++)
		if (c <= widths[i].last)
			return widths[i].width;
	return 1;
}

unsigned sheet_width(struct slice text)
{
	unsigned n = 0;

	while (text.n) {
		uint32_t c = 0;
		size_t bytes = utf8_decode(text, &c);

		n += bytes ? width_of(c) : 1;
		text = slice_skip(text, bytes ? bytes : 1);
	}
	return n;
}

void sheet_init(struct sheet *p, struct buf *out, const struct sheet_style *style)
{
	*p = (struct sheet){ .out = out };
	if (style)
		p->style = *style;
	buf_init(&p->line, LINE_MAX);
}

void sheet_done(struct sheet *p)
{
	buf_done(&p->line);
}

void sheet_colour(struct sheet *p, enum sheet_colour colour)
{
	if (p->style.colour)
		buf_putc(&p->line, (uint8_t)(MARK + colour));
}

void sheet_whole(struct sheet *p, struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		buf_putc(&p->line, text.p[i] == ' ' ? SHEET_SPACE : text.p[i]);
}

unsigned sheet_column(const struct sheet *p)
{
	return sheet_width(buf_slice(&p->line));
}

void sheet_tab(struct sheet *p, unsigned column)
{
	for (unsigned at = sheet_column(p); at < column; at++)
		buf_putc(&p->line, ' ');
}

static void put_word(struct sheet *p, struct slice word)
{
	for (size_t i = 0; i < word.n; i++) {
		const uint8_t c = word.p[i];

		if (is_mark(c))
			buf_puts(p->out, sgr[c - MARK]);
		else
			buf_putc(p->out, c == SHEET_SPACE ? ' ' : c);
	}
}

static void put_spaces(struct sheet *p, size_t n)
{
	while (n--)
		buf_putc(p->out, ' ');
}

/* The spaces at the start of *text; *text goes on behind them. */
static size_t take_spaces(struct slice *text)
{
	size_t n = 0;

	while (n < text->n && text->p[n] == ' ')
		n++;
	*text = slice_skip(*text, n);
	return n;
}

/* A word that is too long is moved down only where that gains room for it. */
static void wrap(struct sheet *p, unsigned indent)
{
	struct slice rest = buf_slice(&p->line);
	size_t column = 0;

	if (indent + TEXT_COLUMNS_MIN > p->style.width)
		indent = 2;
	while (rest.n) {
		size_t spaces = take_spaces(&rest);
		const struct slice word = slice_cut(rest, 0, slice_chr(rest, ' '));
		const unsigned width = sheet_width(word);

		if (word.n == 0)
			break;
		if (column > 0 && column + spaces > indent &&
			column + spaces + width > p->style.width) {
			buf_putc(p->out, '\n');
			column = 0;
			spaces = indent;
		}
		put_spaces(p, spaces);
		put_word(p, word);
		column += spaces + width;
		rest = slice_skip(rest, word.n);
	}
}

void sheet_end(struct sheet *p, unsigned indent)
{
	if (p->style.width)
		wrap(p, indent);
	else
		put_word(p, buf_slice(&p->line));
	buf_putc(p->out, '\n');
	if (buf_err(&p->line) && !p->out->err)
		p->out->err = buf_err(&p->line);
	buf_clear(&p->line);
}

#include "bridge/html.h"

#include <assert.h>

#include "base/mem.h"
#include "base/str.h"
#include "bridge/charset.h"

enum {
	ENTITY_MAX = 10, /* bytes of a name, or of a number's digits */
	LINES_MAX = 2,   /* ends of line one behind the other: one line stays empty */
};

/* ---- characters ---- */

/* HTML 4.01 section 24.2: U+00A0 to U+00FF. */
static const char *const latin_1[] = { "nbsp", "iexcl", "cent", "pound", "curren", "yen", "brvbar",
	"sect", "uml", "copy", "ordf", "laquo", "not", "shy", "reg", "macr", "deg", "plusmn",
	"sup2", "sup3", "acute", "micro", "para", "middot", "cedil", "sup1", "ordm", "raquo",
	"frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde", "Auml",
	"Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute",
	"Icirc", "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times",
	"Oslash", "Ugrave", "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave",
	"aacute", "acirc", "atilde", "auml", "aring", "aelig", "ccedil", "egrave", "eacute",
	"ecirc", "euml", "igrave", "iacute", "icirc", "iuml", "eth", "ntilde", "ograve", "oacute",
	"ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute", "ucirc", "uuml",
	"yacute", "thorn", "yuml" };
static_assert(COUNT(latin_1) == 0x100 - 0xa0, "one name a character");

static const struct {
	const char *name;
	uint16_t c;
} others[] = {
	{ "amp", '&' },
	{ "lt", '<' },
	{ "gt", '>' },
	{ "quot", '"' },
	{ "apos", '\'' },
	{ "OElig", 0x152 },
	{ "oelig", 0x153 },
	{ "Scaron", 0x160 },
	{ "scaron", 0x161 },
	{ "ensp", 0x2002 },
	{ "emsp", 0x2003 },
	{ "thinsp", 0x2009 },
	{ "zwnj", 0x200c },
	{ "zwj", 0x200d },
	{ "ndash", 0x2013 },
	{ "mdash", 0x2014 },
	{ "lsquo", 0x2018 },
	{ "rsquo", 0x2019 },
	{ "sbquo", 0x201a },
	{ "ldquo", 0x201c },
	{ "rdquo", 0x201d },
	{ "bdquo", 0x201e },
	{ "bull", 0x2022 },
	{ "hellip", 0x2026 },
	{ "lsaquo", 0x2039 },
	{ "rsaquo", 0x203a },
	{ "euro", 0x20ac },
	{ "trade", 0x2122 },
	{ "larr", 0x2190 },
	{ "rarr", 0x2192 },
};

static uint32_t named(struct slice name)
{
	for (size_t i = 0; i < COUNT(others); i++)
		if (slice_eqs(name, others[i].name))
			return others[i].c;
	for (size_t i = 0; i < COUNT(latin_1); i++)
		if (slice_eqs(name, latin_1[i]))
			return 0xa0 + (uint32_t)i;
	return 0;
}

/* Behind "#".  What XML cannot carry becomes U+FFFD. */
static uint32_t numbered(struct slice digits)
{
	const bool is_hex = digits.n && ascii_lower(digits.p[0]) == 'x';
	const uint32_t base = is_hex ? 16 : 10;
	uint32_t c = 0;

	digits = slice_skip(digits, is_hex);
	if (digits.n == 0)
		return 0;
	for (size_t i = 0; i < digits.n; i++) {
		const int digit = hex_digit(digits.p[i]);

		if (digit < 0 || digit >= (int)base)
			return 0;
		c = c > 0x10ffff ? c : c * base + (uint32_t)digit;
	}
	if ((c < ' ' && c != '\n' && c != '\t' && c != '\r') || (c & 0xfffe) == 0xfffe)
		return 0xfffd;
	return c;
}

/* A reference at the start of s becomes its character, anything else is one byte.  Its length. */
static size_t take_char(struct slice s, struct buf *one)
{
	const size_t end = slice_chr(slice_cut(s, 0, ENTITY_MAX + 2), ';');
	const struct slice name = slice_cut(s, 1, end);
	uint32_t c = 0;

	buf_clear(one);
	if (s.p[0] == '&' && name.n && end < s.n && s.p[end] == ';')
		c = name.p[0] == '#' ? numbered(slice_skip(name, 1)) : named(name);
	if (c == 0) {
		buf_putc(one, s.p[0]);
		return 1;
	}
	if (c >= 0x80 && c < 0xa0) /* what old programs mean by them */
		c = charset_of_windows_1252((uint8_t)c);
	utf8_put(one, c == 0xa0 ? ' ' : c);
	return end + 1;
}

/* ---- what is written ---- */

struct out {
	struct buf *b;
	size_t from;    /* where this text begins in it */
	unsigned lines; /* ends of line, and a space, in front of what comes next */
	bool space;
	bool pre; /* white space counts */
	struct slice link;
	size_t link_from;
};

static void put_gap(struct out *o)
{
	const bool is_first = buf_len(o->b) == o->from;

	for (; o->lines && !is_first; o->lines--) {
		buf_putc(o->b, '\n');
		o->space = false;
	}
	if (o->space && !is_first)
		buf_putc(o->b, ' ');
	o->lines = 0;
	o->space = false;
}

static void end_line(struct out *o, bool is_forced)
{
	o->space = false;
	if (o->lines == 0 || (is_forced && o->lines < LINES_MAX))
		o->lines++;
}

static bool is_white(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f';
}

static void put_words(struct out *o, struct slice s)
{
	uint8_t room[8];
	struct buf one;

	buf_init_in(&one, room, sizeof(room));
	while (s.n) {
		const size_t n = take_char(s, &one);

		if (n > 1 || !is_white(s.p[0])) {
			put_gap(o);
			buf_put(o->b, buf_slice(&one));
		} else if (!o->pre) {
			o->space = true;
		} else if (s.p[0] == '\n') {
			end_line(o, true);
		} else if (s.p[0] != '\r') {
			put_gap(o);
			buf_putc(o->b, ' ');
		}
		s = slice_skip(s, n);
	}
}

/* ---- tags ---- */

struct tag {
	struct slice name, href;
	bool is_end;
};

static size_t skip_white(struct slice s, size_t i)
{
	while (i < s.n && (is_white(s.p[i]) || s.p[i] == '/'))
		i++;
	return i;
}

static size_t skip_name(struct slice s, size_t i)
{
	while (i < s.n && !is_white(s.p[i]) && s.p[i] != '>' && s.p[i] != '/' && s.p[i] != '=')
		i++;
	return i;
}

/* `=value`, quoted or not, at i; where it ends. */
static size_t take_value(struct slice s, size_t i, struct slice *ret)
{
	i = skip_white(s, i + 1);
	if (i < s.n && (s.p[i] == '"' || s.p[i] == '\'')) {
		const struct slice rest = slice_skip(s, i + 1);
		const size_t n = slice_chr(rest, s.p[i]);

		*ret = slice_cut(rest, 0, n);
		return i + n + 2;
	}
	const size_t from = i;
	while (i < s.n && !is_white(s.p[i]) && s.p[i] != '>')
		i++;
	*ret = slice_cut(s, from, i);
	return i;
}

/* `s` begins with "<" or "</" and a letter.  What is behind the tag; nothing when it has no end. */
static struct slice take_tag(struct slice s, struct tag *ret)
{
	*ret = (struct tag){ .is_end = s.p[1] == '/' };
	size_t from = ret->is_end ? 2 : 1, i = skip_name(s, from);

	ret->name = slice_cut(s, from, i);
	while ((i = skip_white(s, i)) < s.n && s.p[i] != '>') {
		struct slice value = SLICE_NONE;

		from = i;
		i = skip_name(s, i);
		const struct slice name = slice_cut(s, from, i);
		size_t at = i;
		while (at < s.n && is_white(s.p[at]))
			at++;
		if (at < s.n && s.p[at] == '=')
			i = take_value(s, at, &value);
		if (slice_ieqs(name, "href"))
			ret->href = value;
	}
	return slice_skip(s, i + 1);
}

/* What is behind the end tag of `name`; nothing when there is none. */
static struct slice behind_end(struct slice s, struct slice name)
{
	while (s.n) {
		s = slice_skip(s, slice_chr(s, '<'));
		if (slice_starts(s, SLICE("</")) &&
			slice_ieq(slice_cut(s, 2, skip_name(s, 2)), name))
			return slice_skip(s, slice_chr(s, '>') + 1);
		s = slice_skip(s, 1);
	}
	return s;
}

/* ---- elements ---- */

enum element {
	ELEMENT_OTHER,
	ELEMENT_BLOCK,
	ELEMENT_BREAK,
	ELEMENT_PRE,
	ELEMENT_LINK,
	ELEMENT_HIDDEN, /* what is in it is no text of the page */
};

static const struct {
	const char *name;
	enum element is;
} elements[] = {
	{ "br", ELEMENT_BREAK },
	{ "a", ELEMENT_LINK },
	{ "pre", ELEMENT_PRE },
	{ "script", ELEMENT_HIDDEN },
	{ "style", ELEMENT_HIDDEN },
	{ "title", ELEMENT_HIDDEN },
	{ "template", ELEMENT_HIDDEN },
	{ "p", ELEMENT_BLOCK },
	{ "div", ELEMENT_BLOCK },
	{ "body", ELEMENT_BLOCK },
	{ "blockquote", ELEMENT_BLOCK },
	{ "center", ELEMENT_BLOCK },
	{ "h1", ELEMENT_BLOCK },
	{ "h2", ELEMENT_BLOCK },
	{ "h3", ELEMENT_BLOCK },
	{ "h4", ELEMENT_BLOCK },
	{ "h5", ELEMENT_BLOCK },
	{ "h6", ELEMENT_BLOCK },
	{ "hr", ELEMENT_BLOCK },
	{ "ul", ELEMENT_BLOCK },
	{ "ol", ELEMENT_BLOCK },
	{ "li", ELEMENT_BLOCK },
	{ "dl", ELEMENT_BLOCK },
	{ "dt", ELEMENT_BLOCK },
	{ "dd", ELEMENT_BLOCK },
	{ "table", ELEMENT_BLOCK },
	{ "tr", ELEMENT_BLOCK },
	{ "caption", ELEMENT_BLOCK },
	{ "address", ELEMENT_BLOCK },
	{ "article", ELEMENT_BLOCK },
	{ "section", ELEMENT_BLOCK },
	{ "header", ELEMENT_BLOCK },
	{ "footer", ELEMENT_BLOCK },
};

static enum element element_of(struct slice name)
{
	for (size_t i = 0; i < COUNT(elements); i++)
		if (slice_ieqs(name, elements[i].name))
			return elements[i].is;
	return ELEMENT_OTHER;
}

static void begin_link(struct out *o, const struct tag *tag)
{
	o->link = tag->href;
	o->link_from = buf_len(o->b);
}

/* A page's address that the words do not say themselves. */
static void end_link(struct out *o)
{
	const struct slice href = slice_trim(o->link);
	const struct slice words = slice_trim(slice_skip(buf_slice(o->b), o->link_from));
	uint8_t room[8];
	struct buf one;

	o->link = SLICE_NONE;
	if (!slice_starts(href, SLICE("http")) || slice_eq(words, href))
		return;
	buf_init_in(&one, room, sizeof(room));
	o->space = true;
	put_gap(o);
	buf_putc(o->b, '<');
	for (struct slice rest = href; rest.n;) {
		rest = slice_skip(rest, take_char(rest, &one));
		buf_put(o->b, buf_slice(&one));
	}
	buf_putc(o->b, '>');
}

static struct slice obey(struct out *o, const struct tag *tag, struct slice rest)
{
	switch (element_of(tag->name)) {
	case ELEMENT_OTHER: break;
	case ELEMENT_BREAK: end_line(o, true); break;
	case ELEMENT_PRE:
		o->pre = !tag->is_end;
		end_line(o, false);
		break;
	case ELEMENT_BLOCK: end_line(o, false); break;
	case ELEMENT_LINK:
		if (!tag->is_end)
			begin_link(o, tag);
		else if (o->link.n)
			end_link(o);
		break;
	case ELEMENT_HIDDEN: return tag->is_end ? rest : behind_end(rest, tag->name);
	}
	return rest;
}

/* `s` begins with "<". */
static struct slice take_markup(struct out *o, struct slice s)
{
	const struct slice behind = slice_skip(s, slice_starts(s, SLICE("</")) ? 2 : 1);
	struct tag tag;

	if (slice_starts(s, SLICE("<!--"))) {
		const size_t end = slice_find(slice_skip(s, 2), SLICE("-->"));

		return end == SIZE_MAX ? SLICE_NONE : slice_skip(s, end + 5);
	}
	if (behind.n && (behind.p[0] == '!' || behind.p[0] == '?'))
		return slice_skip(s, slice_chr(s, '>') + 1);
	if (behind.n == 0 || !ascii_is_alpha(behind.p[0])) {
		put_words(o, SLICE("<"));
		return slice_skip(s, 1);
	}
	s = take_tag(s, &tag);
	return obey(o, &tag, s);
}

void html_put_text(struct buf *b, struct slice html)
{
	struct out o = { .b = b, .from = buf_len(b) };

	while (html.n) {
		const size_t words = slice_chr(html, '<');

		put_words(&o, slice_cut(html, 0, words));
		html = slice_skip(html, words);
		if (html.n)
			html = take_markup(&o, html);
	}
}

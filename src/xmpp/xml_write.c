/* XML to bytes. */
#include "xmpp/xml.h"

#include "base/str.h"

#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

/* What must not stand as itself.  White space but SP in a value, and CR everywhere, would be
 * changed by the reader (XML 1.0 sections 2.11 and 3.3.3). */
enum escape_where {
	ESCAPE_NEVER,
	ESCAPE_VALUE, /* in the value of an attribute only */
	ESCAPE_ALWAYS,
};

static const struct {
	enum escape_where where;
	const char *text;
} escapes[256] = {
	['&'] = { ESCAPE_ALWAYS, "&amp;" },
	['<'] = { ESCAPE_ALWAYS, "&lt;" },
	['>'] = { ESCAPE_ALWAYS, "&gt;" }, /* "]]>" must not stand in text */
	['\r'] = { ESCAPE_ALWAYS, "&#13;" },
	['\''] = { ESCAPE_VALUE, "&apos;" },
	['"'] = { ESCAPE_VALUE, "&quot;" },
	['\t'] = { ESCAPE_VALUE, "&#9;" },
	['\n'] = { ESCAPE_VALUE, "&#10;" },
};

static void put_good(struct buf *b, struct slice s, bool in_value)
{
	const enum escape_where least = in_value ? ESCAPE_VALUE : ESCAPE_ALWAYS;
	size_t from = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (escapes[s.p[i]].where < least)
			continue;
		buf_put(b, slice_cut(s, from, i));
		buf_puts(b, escapes[s.p[i]].text);
		from = i + 1;
	}
	buf_put(b, slice_skip(s, from));
}

/* Length of the character that XML cannot carry at the start of s: one lead and what belongs to it.
 */
static size_t bad_length(struct slice s)
{
	size_t n = 1;

	while (s.p[0] >= 0xC0 && n < s.n && n < 4 && (s.p[n] & 0xC0) == 0x80)
		n++;
	return n;
}

static void put_escaped(struct buf *b, struct slice s, bool in_value)
{
	size_t bad;

	while (!utf8_is_xml_text(s, &bad)) {
		put_good(b, slice_cut(s, 0, bad), in_value);
		buf_puts(b, REPLACEMENT);
		s = slice_skip(s, bad);
		s = slice_skip(s, bad_length(s));
	}
	put_good(b, s, in_value);
}

void xml_put_text(struct buf *b, struct slice text)
{
	put_escaped(b, text, false);
}

static void put_value(struct buf *b, struct slice value)
{
	buf_puts(b, "='");
	put_escaped(b, value, true);
	buf_putc(b, '\'');
}

void xml_put_attr(struct buf *b, const char *name, struct slice value)
{
	buf_putc(b, ' ');
	buf_puts(b, name);
	put_value(b, value);
}

void xml_put_element(struct buf *b, const char *name, struct slice text)
{
	buf_putc(b, '<');
	buf_puts(b, name);
	buf_putc(b, '>');
	put_escaped(b, text, false);
	buf_puts(b, "</");
	buf_puts(b, name);
	buf_putc(b, '>');
}

/* Prefixes of the sender are not kept; xml: is the only one that everybody knows. */
static void put_node_attr(struct buf *b, const struct xml_attr *a, unsigned i)
{
	if (slice_eqs(a->ns, NS_XML)) {
		buf_puts(b, " xml:");
	} else if (a->ns.n > 0) {
		buf_printf(b, " xmlns:a%u", i);
		put_value(b, a->ns);
		buf_printf(b, " a%u:", i);
	} else {
		buf_putc(b, ' ');
	}
	buf_put(b, a->name);
	put_value(b, a->value);
}

/* An element of the xml: namespace, which may not be declared as a default, needs its prefix. */
static void put_tag_name(struct buf *b, const struct xml_node *n)
{
	if (slice_eqs(n->ns, NS_XML))
		buf_puts(b, "xml:");
	buf_put(b, n->name);
}

/* Recursion is bounded by the reader's depth limit. */
static void put_node(struct buf *b, const struct xml_node *n, struct slice outer_ns)
{
	struct slice ns = slice_eqs(n->ns, NS_XML) ? outer_ns : n->ns;
	unsigned i = 0;

	buf_putc(b, '<');
	put_tag_name(b, n);
	if (!slice_eq(ns, outer_ns)) {
		buf_puts(b, " xmlns");
		put_value(b, ns);
	}
	for (const struct xml_attr *a = n->attrs; a; a = a->next)
		put_node_attr(b, a, i++);
	if (n->text.n == 0 && !n->child) {
		buf_puts(b, "/>");
		return;
	}
	buf_putc(b, '>');
	put_escaped(b, n->text, false);
	for (const struct xml_node *c = n->child; c; c = c->next)
		put_node(b, c, ns);
	buf_puts(b, "</");
	put_tag_name(b, n);
	buf_putc(b, '>');
}

void xml_put_node(struct buf *b, const struct xml_node *n, const char *outer_ns)
{
	put_node(b, n, slice_str(outer_ns));
}

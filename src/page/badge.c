#include "page/badge.h"

#include "base/str.h"
#include "page/html.h"

enum {
	ROOM = 256,
	PADDING = 6,
	ICON = 16,
	GLYPH = 7, /* px of a letter at 11 px; textLength makes it fit in any font */
	LABEL_MAX = 40,
};

static const struct {
	const char *colour, *shields;
} looks[WATCH_STATES] = {
	[WATCH_OK] = { "#17633a", "brightgreen" },
	[WATCH_UNSTABLE] = { "#7a4d00", "orange" },
	[WATCH_FAILED] = { "#b3261e", "red" },
	[WATCH_UNKNOWN] = { "#4f5965", "lightgrey" },
	[WATCH_MAINTENANCE] = { "#3b4a9c", "blue" },
};

static const char *const icons[WATCH_STATES] = {
	[WATCH_OK] = "<circle cx=\"10\" cy=\"10\" r=\"8\"/><path d=\"M6 10.4l2.8 2.8 5.4-5.8\"/>",
	[WATCH_UNSTABLE] = "<path d=\"M10 2.6l8.4 15H1.6z\"/><path d=\"M6 13.8q2-2 4-.5t4-.5\"/>",
	[WATCH_FAILED] = "<path d=\"M6.4 1.6h7.2l4.8 4.8v7.2l-4.8 4.8H6.4l-4.8-4.8V6.4z\"/>"
			 "<path d=\"M6.6 6.6l6.8 6.8M13.4 6.6l-6.8 6.8\"/>",
	[WATCH_UNKNOWN] = "<circle cx=\"10\" cy=\"10\" r=\"8\" stroke-dasharray=\"3.2 1.95\"/>"
			  "<path d=\"M7.6 8a2.4 2.4 0 1 1 3.6 2.1c-.8.5-1.2.9-1.2 1.9M10 "
			  "14.2v1.4\"/>",
	[WATCH_MAINTENANCE] = "<rect x=\"2\" y=\"2\" width=\"16\" height=\"16\" rx=\"2\"/>"
			      "<path d=\"M7.4 6v8M12.6 6v8\"/>",
};

static void put_message(struct buf *b, const struct page_badge *m)
{
	const struct page_view v = { .look_up = m->look_up };
	const struct text state = TEXT_PLAIN(words_state(m->state));

	text_put(b, &state, m->look_up);
	if (m->has_share) {
		buf_puts(b, ", ");
		format_share(b, &v, m->share);
	}
}

/* The name as far as it fits, on one line. */
static void put_label(struct buf *b, const struct page_badge *m)
{
	struct slice rest = m->label;
	uint32_t c;

	for (unsigned i = 0; i < LABEL_MAX && rest.n; i++) {
		const size_t n = utf8_decode(rest, &c);

		text_put_clean(b, slice_cut(rest, 0, n ? n : 1));
		rest = slice_skip(rest, n ? n : 1);
	}
}

static void put_part(const struct html *h, struct slice text, unsigned x, unsigned width)
{
	buf_printf(h->b, "<text x=\"%u\" y=\"14\" textLength=\"%u\">", x, width);
	html_text(h, text);
	html_puts(h, "</text>");
}

int page_badge_svg(struct buf *b, const struct page_badge *m)
{
	const struct page_view v = { .look_up = m->look_up };
	const struct html h = { b, &v };
	uint8_t label_room[ROOM], room[ROOM];
	struct buf label, message;

	buf_init_in(&label, label_room, sizeof(label_room));
	buf_init_in(&message, room, sizeof(room));
	put_label(&label, m);
	put_message(&message, m);
	const unsigned label_width = (unsigned)utf8_count(buf_slice(&label)) * GLYPH,
		       width = (unsigned)utf8_count(buf_slice(&message)) * GLYPH,
		       middle = label_width + 2 * PADDING,
		       whole = middle + width + ICON + 3 * PADDING;
	buf_printf(b,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"20\" "
		"role=\"img\" aria-label=\"",
		whole);
	html_text(&h, buf_slice(&label));
	html_look(&h, N_(": "));
	html_text(&h, buf_slice(&message));
	buf_printf(b,
		"\"><rect width=\"%u\" height=\"20\" rx=\"3\" fill=\"#39424c\"/><path fill=\"%s\" "
		"d=\"M%u 0h%ua3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H%uz\"/><svg x=\"%u\" y=\"3\" "
		"width=\"14\" height=\"14\" viewBox=\"0 0 20 20\" fill=\"none\" stroke=\"#fff\" "
		"stroke-width=\"2\">%s</svg><g fill=\"#fff\" font-size=\"11\" "
		"font-family=\"DejaVu Sans,Verdana,sans-serif\">",
		whole, looks[m->state].colour, middle, whole - middle - 3, middle, middle + PADDING,
		icons[m->state]);
	put_part(&h, buf_slice(&label), PADDING, label_width);
	put_part(&h, buf_slice(&message), middle + PADDING + ICON, width);
	html_puts(&h, "</g></svg>\n");
	return buf_err(b);
}

/* RFC 8259 section 7; what else had to be escaped was replaced when it was cleaned. */
static void put_json(struct buf *b, struct slice s)
{
	buf_putc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || s.p[i] == '\\')
			buf_putc(b, '\\');
		buf_putc(b, s.p[i]);
	}
	buf_putc(b, '"');
}

int page_badge_json(struct buf *b, const struct page_badge *m)
{
	uint8_t label_room[ROOM], room[ROOM];
	struct buf label, message;

	buf_init_in(&label, label_room, sizeof(label_room));
	buf_init_in(&message, room, sizeof(room));
	put_label(&label, m);
	put_message(&message, m);
	buf_puts(b, "{\"schemaVersion\":1,\"label\":");
	put_json(b, buf_slice(&label));
	buf_puts(b, ",\"message\":");
	put_json(b, buf_slice(&message));
	buf_printf(b, ",\"color\":\"%s\"%s}\n", looks[m->state].shields,
		m->state == WATCH_FAILED ? ",\"isError\":true" : "");
	return buf_err(b);
}

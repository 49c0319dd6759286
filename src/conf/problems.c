#include "conf/problems.h"

#include <stdio.h>

void problems_add(struct problems *p, struct conf_place at, struct text t)
{
	if (problems_full(p)) {
		p->left_out++;
		return;
	}
	p->n++;
	buf_printf(p->out, "%s:%u:%u: ", p->file_name, at.line, at.column);
	text_put(p->out, &t, p->look_up);
	buf_putc(p->out, '\n');
}

/* U+0080 to U+009F: U+009B does to a terminal what ESC [ does. */
static bool is_c1(struct slice s)
{
	return s.n > 1 && s.p[0] == 0xc2 && s.p[1] < 0xa0;
}

const char *shown(struct slice s, char text[SHOWN_MAX])
{
	enum { LONGEST_PIECE = 4, DOTS = 3 };
	size_t n = 0;
	size_t i = 0;

	for (; i < s.n && n + LONGEST_PIECE + DOTS < SHOWN_MAX; i++) {
		uint8_t c = s.p[i];

		if (is_c1(slice_skip(s, i)))
			n += (size_t)snprintf(text + n, SHOWN_MAX - n, "\\x%02x", s.p[++i]);
		else if (c < 0x20 || c == 0x7f)
			n += (size_t)snprintf(text + n, SHOWN_MAX - n, "\\x%02x", c);
		else
			text[n++] = (char)c;
	}
	/* Never half a character. */
	while (i < s.n && n > 0 && (s.p[i] & 0xc0) == 0x80) {
		i--;
		n--;
	}
	snprintf(text + n, SHOWN_MAX - n, "%s", i < s.n ? "..." : "");
	return text;
}

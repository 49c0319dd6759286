#include "base/log_json.h"

#include "base/str.h"
#include "base/text.h"

static void put_char(struct buf *b, struct slice c, uint32_t code)
{
	if (c.n == 0)
		buf_puts(b, "\\ufffd");
	else if (text_is_control(code)) /* none is above U+FFFF */
		buf_printf(b, "\\u%04x", (unsigned)code);
	else if (code == '"' || code == '\\')
		buf_printf(b, "\\%c", (int)code);
	else
		buf_put(b, c);
}

static void put_string(struct buf *b, struct slice s)
{
	buf_putc(b, '"');
	while (s.n) {
		uint32_t code = 0;
		const size_t n = utf8_decode(s, &code);

		put_char(b, slice_cut(s, 0, n), code);
		s = slice_skip(s, n ? n : 1);
	}
	buf_putc(b, '"');
}

static bool is_number(struct slice s)
{
	uint64_t n;

	return slice_u64(s, UINT64_MAX, &n);
}

/* Behind a backslash: `xhh` is a byte, else the character itself. */
static size_t put_unescaped(struct buf *b, struct slice s)
{
	const bool is_hex = s.n >= 3 && s.p[0] == 'x';

	if (s.n == 0)
		return 0;
	const int byte = is_hex ? hex_digit(s.p[1]) << 4 | hex_digit(s.p[2]) : s.p[0];
	buf_putc(b, (uint8_t)byte);
	return is_hex ? 3 : 1;
}

/* The value in quotes at the beginning of *s, which goes on behind it. */
static void take_quoted(struct slice *s, struct buf *ret)
{
	*s = slice_skip(*s, 1);
	while (s->n && s->p[0] != '"') {
		const uint8_t c = s->p[0];

		*s = slice_skip(*s, 1);
		if (c == '\\')
			*s = slice_skip(*s, put_unescaped(ret, *s));
		else
			buf_putc(ret, c);
	}
	*s = slice_skip(*s, 1);
}

static void put_value(struct buf *b, struct slice *s)
{
	if (s->n && s->p[0] == '"') {
		struct buf value;

		buf_init(&value, s->n + 1);
		take_quoted(s, &value);
		put_string(b, buf_slice(&value));
		buf_done(&value);
		return;
	}
	const struct slice value = slice_cut(*s, 0, slice_chr(*s, ' '));

	*s = slice_skip(*s, value.n);
	if (is_number(value))
		buf_put(b, value);
	else
		put_string(b, value);
}

void log_json_put(struct buf *b, struct slice line)
{
	buf_puts(b, "\"subsystem\":");
	put_string(b, slice_split(&line, ' '));
	buf_puts(b, ",\"event\":");
	put_string(b, slice_cut(line, 0, slice_chr(line, ' ')));
	line = slice_skip(line, slice_chr(line, ' '));
	while (line.n) {
		line = slice_skip(line, 1); /* the blank */
		buf_putc(b, ',');
		put_string(b, slice_cut(line, 0, slice_chr(line, '=')));
		buf_putc(b, ':');
		line = slice_skip(line, slice_chr(line, '=') + 1);
		put_value(b, &line);
	}
}

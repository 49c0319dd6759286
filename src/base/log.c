#include "base/log.h"

#include <string.h>

#include "base/str.h"
#include "base/text.h"

const char *log_level_name(enum log_level level)
{
	static const char *const names[] = {
		[LOG_LEVEL_ERROR] = "error",
		[LOG_LEVEL_WARNING] = "warning",
		[LOG_LEVEL_INFO] = "info",
		[LOG_LEVEL_DEBUG] = "debug",
	};

	return names[level];
}

void log_begin(struct buf *b, const char *subsystem, const char *event)
{
	buf_puts(b, subsystem);
	buf_putc(b, ' ');
	buf_puts(b, event);
}

/* The first character of s, or the byte that is none: may it stand as it is? */
static bool take(struct slice *s, struct slice *ret)
{
	uint32_t c = 0;
	const size_t n = utf8_decode(*s, &c);

	*ret = slice_cut(*s, 0, n ? n : 1);
	*s = slice_skip(*s, ret->n);
	return n > 0 && !text_is_control(c);
}

static bool is_special(uint8_t c)
{
	return c == ' ' || c == '"' || c == '=' || c == '\\';
}

/* Nearly all values are ASCII: a line for each message must not cost more than it has to. */
static size_t count_plain(struct slice s)
{
	size_t n = 0;

	while (n < s.n && s.p[n] > ' ' && s.p[n] < 0x7f && !is_special(s.p[n]))
		n++;
	return n;
}

/* A text of digits is quoted, too: what has no quotes and is digits is a number. */
static bool is_number(struct slice s)
{
	size_t n = 0;

	while (n < s.n && ascii_is_digit(s.p[n]))
		n++;
	return n == s.n;
}

static bool must_quote(struct slice s)
{
	struct slice c;

	if (is_number(s)) /* or empty */
		return true;
	for (s = slice_skip(s, count_plain(s)); s.n;)
		if (!take(&s, &c) || is_special(c.p[0]))
			return true;
	return false;
}

static void put_escaped(struct buf *b, struct slice c)
{
	for (size_t i = 0; i < c.n; i++) {
		buf_puts(b, "\\x");
		hex_put(b, slice_cut(c, i, i + 1));
	}
}

static void put_key(struct buf *b, const char *key)
{
	const struct slice s = slice_str(key);
	uint8_t *p = buf_reserve(b, s.n + 2);

	if (!p)
		return;
	p[0] = ' ';
	memcpy(p + 1, s.p, s.n);
	p[s.n + 1] = '=';
	buf_commit(b, s.n + 2);
}

void log_str(struct buf *b, const char *key, struct slice value)
{
	struct slice c;

	put_key(b, key);
	if (!must_quote(value)) {
		buf_put(b, value);
		return;
	}
	buf_putc(b, '"');
	while (value.n) {
		if (!take(&value, &c)) {
			put_escaped(b, c);
			continue;
		}
		if (c.p[0] == '"' || c.p[0] == '\\')
			buf_putc(b, '\\');
		buf_put(b, c);
	}
	buf_putc(b, '"');
}

void log_u64(struct buf *b, const char *key, uint64_t value)
{
	put_key(b, key);
	buf_putu(b, value);
}

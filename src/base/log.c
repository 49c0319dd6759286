#include "base/log.h"

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
	buf_printf(b, "%s %s", subsystem, event);
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

static bool must_quote(struct slice s)
{
	struct slice c;

	if (s.n == 0)
		return true;
	while (s.n)
		if (!take(&s, &c) || slice_chr(SLICE(" \"=\\"), c.p[0]) < 4)
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

void log_str(struct buf *b, const char *key, struct slice value)
{
	struct slice c;

	buf_printf(b, " %s=", key);
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
	buf_printf(b, " %s=", key);
	buf_putu(b, value);
}

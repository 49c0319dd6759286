#include "base/log.h"

#include "base/str.h"

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

static bool must_escape(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

static bool must_quote(struct slice s)
{
	if (s.n == 0)
		return true;
	for (size_t i = 0; i < s.n; i++)
		if (must_escape(s.p[i]) || s.p[i] == ' ' || s.p[i] == '"' || s.p[i] == '=' ||
			s.p[i] == '\\')
			return true;
	return false;
}

static void put_escaped(struct buf *b, uint8_t c)
{
	if (must_escape(c)) {
		buf_puts(b, "\\x");
		hex_put(b, slice_of(&c, 1));
		return;
	}
	if (c == '"' || c == '\\')
		buf_putc(b, '\\');
	buf_putc(b, c);
}

void log_str(struct buf *b, const char *key, struct slice value)
{
	buf_printf(b, " %s=", key);
	if (!must_quote(value)) {
		buf_put(b, value);
		return;
	}
	buf_putc(b, '"');
	for (size_t i = 0; i < value.n; i++)
		put_escaped(b, value.p[i]);
	buf_putc(b, '"');
}

void log_u64(struct buf *b, const char *key, uint64_t value)
{
	buf_printf(b, " %s=", key);
	buf_putu(b, value);
}

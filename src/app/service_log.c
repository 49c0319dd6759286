#include "app/service_log.h"

#include <stdlib.h>

/* systemd reads the level from a prefix: sd-daemon(3). */
static const char *level_prefix(enum log_level level)
{
	static const struct {
		const char *journal, *people;
	} prefixes[] = {
		[LOG_LEVEL_ERROR] = { "<3>", "error: " },
		[LOG_LEVEL_WARNING] = { "<4>", "warning: " },
		[LOG_LEVEL_INFO] = { "<6>", "info: " },
		[LOG_LEVEL_DEBUG] = { "<7>", "debug: " },
	};

	return getenv("JOURNAL_STREAM") ? prefixes[level].journal : prefixes[level].people;
}

int service_log_open(struct service_log *l, int fd)
{
	return log_out_new(&l->out, fd, level_prefix(LOG_LEVEL_WARNING));
}

void service_log_close(struct service_log *l)
{
	l->out = log_out_free(l->out);
}

void service_log_line(struct service_log *l, enum log_level level, struct slice line)
{
	if (level > l->level)
		return;
	log_out_line(l->out, slice_str(level_prefix(level)), line);
	if (!l->copy)
		return;
	buf_put(l->copy, line);
	buf_putc(l->copy, '\n');
}

void service_log_lines(struct service_log *l, enum log_level level, struct slice lines)
{
	while (lines.n)
		service_log_line(l, level, slice_split(&lines, '\n'));
}

void service_log_text(struct service_log *l, enum log_level level, const struct text *t)
{
	struct buf line;

	buf_init(&line, 8192);
	text_put(&line, t, NULL); /* logs are English */
	service_log_line(l, level, buf_slice(&line));
	buf_done(&line);
}

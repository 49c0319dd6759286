#include "watcher/log.h"

enum { LINE_TEXT_MAX = 8192 };

struct buf *watch_log_begin(struct service_log *l, enum watch_event e)
{
	buf_clear(&l->line);
	log_begin(&l->line, watch_event_row(e)->subsystem, watch_event_row(e)->name);
	return &l->line;
}

void watch_log_end(struct service_log *l, enum watch_event e)
{
	if (!buf_err(&l->line))
		service_log_line(l, watch_event_row(e)->level, buf_slice(&l->line));
}

void watch_log_put(struct buf *line, const struct text *t)
{
	struct buf text;

	buf_init(&text, LINE_TEXT_MAX);
	text_put(&text, t, NULL); /* logs are English */
	log_str(line, "text", buf_slice(&text));
	buf_done(&text);
}

void watch_log_text(struct service_log *l, enum watch_event e, const struct text *t)
{
	watch_log_put(watch_log_begin(l, e), t);
	watch_log_end(l, e);
}

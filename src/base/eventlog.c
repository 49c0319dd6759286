#include "base/eventlog.h"

static const size_t no_line = SIZE_MAX; /* where there was no room for one */

void eventlog_init(struct eventlog *j, size_t max_bytes)
{
	*j = (struct eventlog){ 0 };
	buf_init(&j->lines, max_bytes);
}

void eventlog_done(struct eventlog *j)
{
	buf_done(&j->lines);
}

void eventlog_begin(struct eventlog *j)
{
	if (j->next < j->n)
		return;
	j->n = j->next = 0;
	j->begun = 0;
	buf_clear(&j->lines);
}

struct buf *eventlog_line(struct eventlog *j, const char *subsystem, const char *event)
{
	buf_truncate(&j->lines, j->begun); /* a line that became no event */
	log_begin(&j->lines, subsystem, event);
	return &j->lines;
}

bool eventlog_add(struct eventlog *j, bool is_mere_line, unsigned *ret)
{
	if (j->n >= EVENTLOG_EVENTS_MAX - (is_mere_line ? EVENTLOG_KEPT : 0))
		return false;
	buf_putc(&j->lines, '\0');
	j->line_at[j->n] = buf_err(&j->lines) ? no_line : j->begun;
	j->begun = buf_len(&j->lines);
	*ret = j->n++;
	return true;
}

bool eventlog_is_full(const struct eventlog *j)
{
	return buf_err(&j->lines) != 0;
}

bool eventlog_take(struct eventlog *j, unsigned *ret, const char **line)
{
	if (j->next == j->n)
		return false;
	const size_t at = j->line_at[j->next];

	/* Not buf_cstr(): after a line that had no room those before it are still good. */
	*line = at == no_line ? "" : (const char *)buf_slice(&j->lines).p + at;
	*ret = j->next++;
	return true;
}

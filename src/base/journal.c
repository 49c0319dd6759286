#include "base/journal.h"

static const size_t no_line = SIZE_MAX; /* where there was no room for one */

void journal_init(struct journal *j, size_t max_bytes)
{
	*j = (struct journal){ 0 };
	buf_init(&j->lines, max_bytes);
}

void journal_done(struct journal *j)
{
	buf_done(&j->lines);
}

void journal_begin(struct journal *j)
{
	if (j->next < j->n)
		return;
	j->n = j->next = 0;
	j->begun = 0;
	buf_clear(&j->lines);
}

struct buf *journal_line(struct journal *j, const char *subsystem, const char *event)
{
	buf_truncate(&j->lines, j->begun); /* a line that became no event */
	log_begin(&j->lines, subsystem, event);
	return &j->lines;
}

bool journal_add(struct journal *j, bool is_mere_line, unsigned *ret)
{
	if (j->n >= JOURNAL_EVENTS_MAX - (is_mere_line ? JOURNAL_KEPT : 0))
		return false;
	buf_putc(&j->lines, '\0');
	j->line_at[j->n] = buf_err(&j->lines) ? no_line : j->begun;
	j->begun = buf_len(&j->lines);
	*ret = j->n++;
	return true;
}

bool journal_take(struct journal *j, unsigned *ret, const char **line)
{
	if (j->next == j->n)
		return false;
	const size_t at = j->line_at[j->next];

	/* Not buf_cstr(): after a line that had no room those before it are still good. */
	*line = at == no_line ? "" : (const char *)buf_slice(&j->lines).p + at;
	*ret = j->next++;
	return true;
}

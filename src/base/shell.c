#include "base/shell.h"

int shell_init(struct shell *s, const struct shell_limits *limits)
{
	eventlog_init(&s->log, limits->log_bytes);
	return outbox_init(&s->out, limits->out_bytes, limits->outputs, limits->wants);
}

void shell_done(struct shell *s)
{
	outbox_done(&s->out);
	eventlog_done(&s->log);
}

void shell_begin(struct shell *s)
{
	outbox_begin(&s->out);
	eventlog_begin(&s->log);
}

bool shell_has_room(const struct shell *s)
{
	return outbox_has_room(&s->out);
}

struct buf *shell_out(struct shell *s)
{
	return outbox_bytes(&s->out);
}

void shell_send(struct shell *s, const struct origin *to)
{
	(void)outbox_send(&s->out, to->flow, to->listener, &to->peer, &to->local);
}

struct want *shell_want(struct shell *s, enum want_type type)
{
	return outbox_want(&s->out, type);
}

struct buf *shell_log(struct shell *s, const char *subsystem, const char *event)
{
	return eventlog_line(&s->log, subsystem, event);
}

struct shell_event *shell_emit(struct shell *s, int type, bool is_mere_line, enum log_level level)
{
	unsigned i;

	const bool is_added = eventlog_add(&s->log, is_mere_line, &i);

	s->lost[level] += !is_added || eventlog_is_full(&s->log);
	if (!is_added)
		return NULL;
	s->events[i] = (struct shell_event){ .type = type, .level = level };
	return &s->events[i];
}

bool shell_take_event(struct shell *s, struct shell_event *ret)
{
	const char *line;
	unsigned i;

	if (!eventlog_take(&s->log, &i, &line))
		return false;
	*ret = s->events[i];
	ret->log = line;
	return true;
}

uint64_t shell_take_lost(struct shell *s, enum log_level level)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < LOG_LEVELS; i++) {
		n += i <= level ? s->lost[i] : 0;
		s->lost[i] = 0;
	}
	return n;
}

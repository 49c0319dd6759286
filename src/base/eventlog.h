/* eventlog.h - what one push of a composite engine has to tell: events in order, each with a line.
 *
 * The owner keeps the events themselves, in a list of EVENTLOG_EVENTS_MAX, and
 * the log their lines of log (base/log.h) and their order; the driver
 * takes them before the next push, which begins with eventlog_begin().
 * Everything is bounded: in a flood the events over the bound are lost, and a
 * line for which there is no room is ""; the owner counts both.
 */
#pragma once

#include "base/log.h"

enum {
	/* Of one push, which may end a thousand messages: each with its line, and one of why. */
	EVENTLOG_EVENTS_MAX = 2048,
	EVENTLOG_KEPT = 8, /* of these: not for mere lines, of which a peer can cause many */
};

struct eventlog {
	struct buf lines; /* each with a NUL behind it */
	size_t line_at[EVENTLOG_EVENTS_MAX];
	size_t begun; /* where the line in hand begins */
	unsigned n, next;
};

void eventlog_init(struct eventlog *j, size_t max_bytes); /* of all lines */
void eventlog_done(struct eventlog *j);                   /* fine on a zeroed one too */
void eventlog_begin(struct eventlog *j); /* of a push: what was taken is forgotten */
/* Begins a line; what is put there belongs to it until eventlog_add(). */
struct buf *eventlog_line(struct eventlog *j, const char *subsystem, const char *event);
/* One more event, with the line that was begun since the last one, else "": the owner's event
 * number *ret is its.  `is_mere_line`: the driver does no more than show it.  False when there is
 * no room for it. */
bool eventlog_add(struct eventlog *j, bool is_mere_line, unsigned *ret);
/* The line of the last event that was added had no room. */
bool eventlog_is_full(const struct eventlog *j);
/* The next event's number and its line, valid until the next push. */
bool eventlog_take(struct eventlog *j, unsigned *ret, const char **line);

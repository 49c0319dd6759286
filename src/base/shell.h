/* shell.h - what one push of a composite engine leaves behind: outputs, wants, and events with
 * their lines of log, in order.
 *
 * An engine has one and lends it to its parts, which write into it; the
 * driver takes everything before the next push, which begins with
 * shell_begin().  All is bounded.  A datagram over the bound is as lost on
 * the way, so that what must not be lost is made only while
 * shell_has_room(): the part that makes it holds it back, and its deadline
 * is now.
 */
#pragma once

#include "base/eventlog.h"
#include "base/outbox.h"

struct shell_event {
	int type; /* of the owner's enum */
	int what; /* the owner's, as addr and transport */
	enum log_level level;
	enum transport transport;
	struct addr addr;
	const char *log; /* one line, without time and level; valid until the next push */
};

struct shell_limits {
	size_t out_bytes, outputs, wants, log_bytes; /* of one push */
};

struct shell {
	struct outbox out;
	struct eventlog log;
	struct shell_event events[EVENTLOG_EVENTS_MAX];
	uint64_t lost[LOG_LEVELS];
};

/* 0 or -ENOMEM; shell_done() is fine after either, and on a zeroed one. */
int shell_init(struct shell *s, const struct shell_limits *limits);
void shell_done(struct shell *s);
void shell_begin(struct shell *s);

/* Is there room for one more of what may wait (base/outbox.h)? */
bool shell_has_room(const struct shell *s);
struct buf *shell_out(struct shell *s);                        /* write one output here, then ... */
void shell_send(struct shell *s, const struct origin *to);     /* ... send what was written */
struct want *shell_want(struct shell *s, enum want_type type); /* zeroed but for the type */

/* Begins a line of log; it ends with shell_emit(). */
struct buf *shell_log(struct shell *s, const char *subsystem, const char *event);
/* One more event, with the line that was begun since the last one, else "".  `is_mere_line`: the
 * driver does no more than show it, and in a flood it is lost first.  NULL when it is lost. */
struct shell_event *shell_emit(struct shell *s, int type, bool is_mere_line, enum log_level level);
bool shell_take_event(struct shell *s, struct shell_event *ret);
/* The lines of this level and of those of more weight that were lost since it was asked last: they
 * are to be told as a number. */
uint64_t shell_take_lost(struct shell *s, enum log_level level);

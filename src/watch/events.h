/* events.h - the words of the watcher's log: each line is an event of this table, with its level,
 * its fields, what it means and what to do about it.
 *
 * A warning is for what an operator of the watcher has to mend.  That a test fails is what a
 * watcher is for: it is told at info.  stox-watch(1) lists them.
 */
#pragma once

#include "base/log.h"

enum watch_event {
	/* watch */
	WATCH_READY,
	WATCH_STOPPED,
	WATCH_RUN,
	WATCH_STATE_CHANGED,
	WATCH_NOT_RUN,
	WATCH_MISSED,
	WATCH_CLOCK,
	WATCH_STALLED,
	/* history */
	WATCH_HISTORY_OPENED,
	WATCH_HISTORY_HELD,
	WATCH_HISTORY_RESUMED,
	WATCH_HISTORY_DROPPED,
	WATCH_HISTORY_DAMAGED,
	WATCH_HISTORY_SALVAGED,
	WATCH_HISTORY_SHRUNK,
	WATCH_HISTORY_LOST,
	WATCH_HISTORY_UNREADABLE,
	/* alert */
	WATCH_ALERT_DELIVERED,
	WATCH_ALERT_FAILED,
	WATCH_ALERT_GAVE_UP,
	WATCH_ALERT_LOST,
	WATCH_PING_FAILED,
	/* http */
	WATCH_HTTP_LISTENING,
	WATCH_HTTP_REFUSED,
	WATCH_AUDIT,
	/* config */
	WATCH_RELOADED,
	WATCH_NOT_RELOADED,
	WATCH_FAULT,
	WATCH_NEEDS_RESTART,
	WATCH_EVENTS,
};

struct watch_event_row {
	const char *subsystem, *name;
	enum log_level level;
	const char *fields;
	const char *meaning; /* and what to do, to be looked up; the second may be NULL */
	const char *advice;
};

const struct watch_event_row *watch_event_row(enum watch_event e);

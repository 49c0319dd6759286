/* events.h - the words of the log: each line that a gateway writes is an event of this table, with
 * its level, its fields, what it means and what to do about it.
 *
 * A line begins here and nowhere else, so that none is written that the table
 * does not have; stox-gateway(8) lists it.  A warning is for what an operator
 * has to mend, an error for a fault of our own, or an end; an orderly stop gives
 * neither.
 */
#pragma once

#include "base/shell.h"

enum log_event {
	/* gateway */
	EVENT_MESSAGE,
	EVENT_STATE,
	EVENT_COUNTERS,
	EVENT_STOPPED,
	/* sip */
	EVENT_LISTENING,
	EVENT_CANNOT_LISTEN,
	EVENT_CANNOT_ACCEPT,
	EVENT_UDP_TRUST,
	EVENT_SIP_REFUSED,
	EVENT_UNTRUSTED,
	EVENT_MALFORMED,
	EVENT_STRAY_RESPONSE,
	EVENT_LATE_RESPONSE,
	EVENT_CONN_DROPPED,
	EVENT_CONN_CUT,
	EVENT_ANSWER_NOT_SENT,
	EVENT_PARTS_LEFT_OUT,
	EVENT_SIP_DROPPED,
	EVENT_NEXT_HOP_NOT_FOUND,
	EVENT_NEXT_HOP_NOT_REACHED,
	EVENT_NEXT_HOP_IS_US,
	EVENT_NEXT_HOP_REACHED,
	EVENT_CIRCLE,
	EVENT_TOO_MUCH_WAITS,
	/* xmpp */
	EVENT_UP,
	EVENT_DOWN,
	EVENT_SHARED,
	EVENT_PINGS_UNANSWERED,
	EVENT_XMPP_REFUSED,
	EVENT_XMPP_DROPPED,
	EVENT_WRONG_STANZA,
	EVENT_NOT_TOLD,
	EVENT_ATTRIBUTE_LEFT_OUT,
	EVENT_NEEDS_NO_ANSWER,
	EVENT_LATE_ERROR,
	EVENT_UNANSWERED_ERROR,
	EVENT_REFUSED_AGAIN,
	/* of the process around the gateway */
	EVENT_RELOADED,
	EVENT_NOT_RELOADED,
	EVENT_FAULT,
	EVENT_NEEDS_RESTART,
	EVENT_SECRET_NOT_READ,
	EVENT_TRACE_NOT_WRITTEN,
	EVENT_LEVEL_CHANGED,
	EVENT_METRICS_LISTENING,
	EVENT_LINES_DROPPED,
	EVENT_COUNT,
};

struct event_row {
	const char *subsystem, *name;
	enum log_level level;
	const char *fields;           /* with blanks between; those in [] may be missing */
	const char *meaning, *advice; /* for people; no advice: nothing has to be done */
};

const struct event_row *event_row(enum log_event e);
/* Begins a line; event_tell(), or shell_emit() for one that the driver acts on, ends it. */
struct buf *event_begin(struct shell *shell, enum log_event e);
/* For one that the driver only shows. */
void event_tell(struct shell *shell, enum log_event e);

/* trace_private.h - what the forms of a trace share. */
#pragma once

#include "report/private.h"
#include "report/trace.h"

/* Of a buffer whose content goes into `whole`: what it could not take is missing there. */
static inline void trace_part_clear(struct buf *part, struct buf *whole)
{
	if (buf_err(part) && !buf_err(whole))
		whole->err = buf_err(part);
	buf_clear(part);
}

static inline void trace_part_done(struct buf *part, struct buf *whole)
{
	trace_part_clear(part, whole);
	buf_done(part);
}

enum trace_lane {
	LANE_USER,
	LANE_POOL,
	LANE_SERVER,
	LANE_RECEIVER,
	LANES,
};

/* "SIP test user": to be looked up. */
const char *trace_lane_name(enum trace_lane lane);
enum trace_lane trace_from(const struct probe_event *ev);
enum trace_lane trace_to(const struct probe_event *ev);

/* Where a phase is drawn: over the lanes of one side, or between them. */
enum trace_column {
	COLUMN_SIP,
	COLUMN_BETWEEN, /* what the gateway does, and the whole */
	COLUMN_XMPP,
	COLUMNS,
};
enum trace_column trace_column(enum probe_phase phase);

/* The step in front of which the verdict stands; trace_count() when it is behind all. */
size_t trace_verdict_at(const struct trace *t);
/* The end of the phase that begins at step i; NULL when it has none. */
const struct probe_event *trace_phase_end(const struct trace *t, size_t i);
/* Step i is the beginning of a phase that was needed: its name belongs into the ladder. */
bool trace_is_shown(const struct trace *t, size_t i);
/* A message that came out of the gateway, and so ends a way that nobody here sees. */
bool trace_is_crossing(const struct probe_event *ev);

/* What an arrow says: the first line of a SIP message, the first tag of a stanza and what tells it
 * from others.  As it came: the form escapes it. */
void trace_put_label(struct buf *b, const struct probe_event *ev);

/* The next character of *s, which goes behind it: itself, or with *ret.n 0 one that a page or a
 * terminal would obey, or no UTF-8; then *code is what it was. */
struct slice trace_next_char(struct slice *s, unsigned *code);
/* Line ends become "\n"; what would be obeyed, "\x1b" or "\u202e". */
void trace_put_plain(struct buf *b, struct slice s);

/* report.h - a result in the forms that people and tools read.
 *
 * Each form is one function in a file of its own; the table below is what
 * options, help and completions are made from.  What is for people goes
 * through `look_up`; names, identifiers and numbers never do.
 */
#pragma once

#include "probe/probe.h"

struct report_run {
	const struct probe_result *result;
	int64_t started_at_us; /* since 1970, UTC */
	text_look_up *look_up; /* NULL: English */
	unsigned verbosity;    /* text: 1 adds evidence and the phases */
	const char *trace;     /* where the trace was left, or NULL */
	ts_t max_latency;      /* a success over it is exit status 4; 0: no limit */
};

/* 0, -ENOMEM or the buffer's error. */
typedef int report_fn(struct buf *b, const struct report_run *run);

struct report_format {
	const char *name, *what;
	report_fn *put;
};

extern const struct report_format report_formats[];
extern const size_t n_report_formats;
const struct report_format *report_format_find(struct slice name); /* NULL: unknown */

/* 0 success, 1 the target failed, 2 configuration, 3 not here, 4 over max_latency. */
int report_exit_status(const struct report_run *run);

report_fn report_text; /* the ancestor's five lines, and more below them */
report_fn report_json; /* one object, "schema": "stox.test/1", and a newline */

/* One step of the ladder of -vv. */
void report_trace(struct buf *b, const struct probe_event *ev);
/* All of a reason: `stox explain`.  As text for a terminal, or as a section of Markdown. */
void report_reason(struct buf *b, enum reason r, text_look_up *look_up);
void report_reason_markdown(struct buf *b, enum reason r);

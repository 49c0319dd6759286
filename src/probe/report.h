/* report.h - a result in words and in JSON (design: "the result of a test"). */
#pragma once

#include "base/buf.h"
#include "probe/probe.h"

struct report_run {
	const struct probe_result *result;
	int64_t started_at_us; /* since 1970, UTC */
};

/* The ancestor's five lines; verbosity 1 adds the phases with durations and addresses. */
void report_text(struct buf *b, const struct report_run *run, unsigned verbosity);
/* One object, "schema": "stox.test/1", and a newline.  0 or -ENOMEM. */
int report_json(struct buf *b, const struct report_run *run);
/* One step of the ladder of -vv. */
void report_trace(struct buf *b, const struct probe_event *ev);
int report_exit_status(const struct probe_result *result); /* 0, 1, 2, 3 */

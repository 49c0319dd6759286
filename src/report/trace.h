/* trace.h - the messages and phases of one test, in order, to be shown when it is over.
 *
 * Bounded: of a long test the sign-in and the end are kept, and how many
 * messages were left out between them.  Texts come masked (mask.h); bodies are
 * left out here when only others want them.
 *
 * A form is one function in a file of its own; how a file's name ends says which.
 */
#pragma once

#include "report/report.h"

enum {
	TRACE_HEAD = 100,      /* steps from the start that stay, whatever comes */
	TRACE_STEPS = 400,     /* in all */
	TRACE_BYTES = 1 << 20, /* of text in all; the head has half of it */
};

struct trace;

struct trace_cfg {
	bool strip_bodies; /* the events have bodies, the trace must not */
};

struct trace_step {
	struct probe_event ev; /* a phase or a message; its text is the trace's own */
	unsigned left_out;     /* messages in front of it for which no room was */
};

int trace_new(struct trace **ret, const struct trace_cfg *cfg);
struct trace *trace_free(struct trace *t);
/* Never fails: what finds no room, or no memory, is counted. */
void trace_push(struct trace *t, const struct probe_event *ev);

size_t trace_count(const struct trace *t);
const struct trace_step *trace_get(const struct trace *t, size_t i); /* in order of time */
unsigned trace_left_out(const struct trace *t);                      /* of all of it */
unsigned trace_left_out_at_end(const struct trace *t);               /* behind the last step */

/* 0, -ENOMEM or the buffer's error. */
typedef int trace_fn(struct buf *b, const struct trace *t, const struct report_run *run);

struct trace_form {
	const char *ending, *what; /* ".html" */
	trace_fn *put;
};

extern const struct trace_form trace_forms[];
extern const size_t n_trace_forms;
const struct trace_form *trace_form_find(struct slice path); /* by its ending; NULL: unknown */

trace_fn trace_html;   /* one page that needs nothing else */
trace_fn trace_txt;    /* the ladder in characters, the messages below it */
trace_fn trace_json;   /* "schema": "stox.trace/1" */
trace_fn trace_pcapng; /* exported PDUs, for Wireshark */

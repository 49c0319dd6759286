/* traces.h - the trace of a test in files: those that were asked for, and one of a failed test that
 * nobody asked for.
 *
 * What was asked for is checked before anything is sent.  A file is whole or
 * not there: it is written under another name, mode 0600, and then renamed; no
 * link is followed.  Of failed tests the newest 20 pages, 10 MiB in all, stay
 * in $XDG_STATE_HOME/stox/traces (~/.local/state/stox/traces), which nobody
 * else can enter.
 */
#pragma once

#include "app/outputs.h"
#include "report/trace.h"

struct traces {
	/* set by the command */
	const struct opt_command *command; /* who complains */
	const struct opt_list *named;      /* --trace; NULL: none can be named */
	bool bodies;                       /* --trace-bodies */
	bool keep;                         /* the page of a failed test */
	/* its own */
	struct trace *trace;
	char *path; /* the one that is told */
	bool warned;
};

/* Also against files that the result goes to.  0, or 2 after one line that says what is wrong. */
int traces_check(const struct traces *t, const struct outputs *outputs);
bool traces_are_wanted(const struct traces *t);
/* Of a new test; the one before is forgotten.  `with_bodies`: its events will have them, whether
 * they are wanted here or not.  0 or -ENOMEM. */
int traces_begin(struct traces *t, bool with_bodies);
void traces_push(struct traces *t, const struct probe_event *ev);
/* Writes what `run` deserves, and sets run->trace to where it is, or NULL.  False, with one line on
 * standard error, when one that was asked for could not be written; for one that was not, a warning
 * is all. */
bool traces_write(struct traces *t, struct report_run *run);
void traces_done(struct traces *t);

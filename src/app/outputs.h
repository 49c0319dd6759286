/* outputs.h - where the result of a test goes: one form to standard output, others to files, a line
 * of the user's own.
 *
 * All of it is planned, and what cannot be is named, before anything is sent.
 */
#pragma once

#include "app/terminal.h"
#include "report/report.h"

/* As the options say it. */
struct output_options {
	const char *format;          /* --format, or NULL */
	const char *colour;          /* --color, or NULL */
	const struct opt_list *list; /* --output FORMAT=FILE, or NULL */
	const char *write_out;       /* --write-out, or NULL */
	const char *warning, *critical;
	ts_t max_latency; /* TS_NEVER: none */
	ts_t timeout;     /* no success takes longer */
};

struct outputs {
	const struct opt_command *cmd;
	const struct report_format *standard; /* NULL: nothing but what write_out says */
	struct sheet_style style;             /* of standard output */
	struct {
		const struct report_format *format;
		const char *path;
	} files[OPT_LIST_MAX];
	unsigned n_files;
	struct buf write_out; /* the format; empty: none */
	ts_t max_latency;     /* 0: none */
	struct range warning, critical;
};

/* 0; 2 after one line that says what is wrong.  The strings are borrowed until outputs_done(). */
int outputs_plan(
	struct outputs *o, const struct opt_command *cmd, const struct output_options *options);
/* Is anything planned but the text for people? */
bool outputs_are_for_programs(const struct outputs *o);
/* Writes the result everywhere; returns the exit status.  A file that cannot be written makes a
 * success a 3. */
int outputs_write(const struct outputs *o, const struct report_run *run);
void outputs_done(struct outputs *o);

/* The forms and the names of --write-out: `--help`. */
void outputs_help(struct sheet *p);

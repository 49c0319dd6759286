/* check.h - what a sweep found, in the forms that people and tools read. */
#pragma once

#include "base/sheet.h"
#include "base/text.h"
#include "probe/sweep.h"

/* A command that gives advice, and what its advice can name. */
struct report_caller {
	const char *command; /* "stox check partner"; its argument is the sweep's name */
	const char *options; /* " --dns --ca-file -v ", each between spaces */
};

struct report_check {
	const struct sweep_result *result;
	int64_t started_at_us;    /* since 1970, UTC */
	text_look_up *look_up;    /* NULL: English */
	struct sheet_style style; /* text: of the terminal; all 0 for a file or a pipe */
	unsigned verbosity;       /* text: 1 adds the answers of the DNS, likely causes, evidence */
	bool strict;              /* a warning alone is exit status 1 */
	const struct report_caller *caller; /* NULL: `stox test` */
	const char *config;                 /* the --config of the command line, or NULL */
};

/* 0, -ENOMEM or the buffer's error. */
typedef int report_check_fn(struct buf *b, const struct report_check *check);

/* A head like the ancestor's, a table that fits into 80 columns, findings with their causes and
 * next steps. */
report_check_fn report_check_text;
/* One object, "schema": "stox.check/1", and a newline. */
report_check_fn report_check_json;

struct report_check_format {
	const char *name, *what;
	report_check_fn *put;
};

extern const struct report_check_format report_check_formats[];
extern const size_t n_report_check_formats;

/* Why a test ends up at this row: "the NAPTR record of order 10 comes first; ..."; nothing for one
 * that is not used. */
void report_check_put_why(struct buf *b, const struct sweep_row *row, text_look_up *look_up);

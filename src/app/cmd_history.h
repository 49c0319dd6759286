/* cmd_history.h - the options of `stox history` and `stox report`, which stox-watch answers: the
 * history's library is in no other program.
 */
#pragma once

#include "app/opt.h"

struct history_values {
	const char *config, *format, *test, *from, *to, *state;
	unsigned limit;
};

struct report_values {
	const char *config, *format, *from, *to, *output;
};

extern const struct opt_command history_command, report_command;

/* OPT_OK when the values can be used together; else it is told. */
enum opt_result history_values_read(struct history_values *ret, int argc, char **argv);
enum opt_result report_values_read(struct report_values *ret, int argc, char **argv);

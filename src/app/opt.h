/* opt.h - the options of a command as one table: parsing, help and man page come from it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/ts.h"

enum opt_type {
	OPT_TEXT,    /* const char * */
	OPT_NUMBER,  /* unsigned, min..max */
	OPT_SECONDS, /* ts_t, decimal seconds, min..max in seconds */
	OPT_FLAG,    /* bool */
	OPT_COUNT,   /* unsigned, one up each time: -v -vv */
};

struct opt {
	const char *name; /* without the dashes */
	char letter;      /* 0 for none */
	const char *arg;  /* NULL for flags */
	enum opt_type type;
	size_t offset; /* in the command's struct */
	unsigned min, max;
	const char *help;
};

struct opt_command {
	const char *name, *summary;
	const struct opt *opts;
	size_t n_opts;
	const char *argument;   /* the name of the one that may stand without a dash, or NULL */
	size_t argument_offset; /* of a const char * in the command's struct */
};

enum opt_result {
	OPT_OK,
	OPT_HELP, /* it was printed: exit 0 */
	OPT_BAD,  /* one line was printed: exit 2 */
};

enum opt_result opt_parse(const struct opt_command *cmd, int argc, char **argv, void *values);
void opt_help(const struct opt_command *cmd);
/* One line on standard error, "stox COMMAND: ...". */
void opt_complain(const struct opt_command *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

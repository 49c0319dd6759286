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
	OPT_LIST,    /* struct opt_list, one more each time */
};

#define OPT_LIST_MAX 16

struct opt_list {
	const char *items[OPT_LIST_MAX];
	unsigned n;
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
	void (*more)(void);     /* prints what else --help says, or NULL */
	/* Not NULL: a monitoring plugin, which says what is wrong on standard output, as UNKNOWN of
	 * this service; its name stands alone. */
	const char *service;
};

enum opt_result {
	OPT_OK,
	OPT_HELP, /* it was printed: exit 0, of a plugin 3 */
	OPT_BAD,  /* one line was printed: exit 2, of a plugin 3 */
};

enum opt_result opt_parse(const struct opt_command *cmd, int argc, char **argv, void *values);
void opt_help(const struct opt_command *cmd);
/* One line on standard error, "stox COMMAND: ..."; of a plugin on standard output. */
void opt_complain(const struct opt_command *cmd, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* Lines that need no name in front. */
void opt_complain_lines(const struct opt_command *cmd, const char *lines);

/* opt.h - the options of a command as one table: parsing, help, completions and the manual page
 * come from it.
 *
 * What is for people in it is English that is looked up when it is shown (N_).
 */
#pragma once

#include "base/sheet.h"
#include "base/text.h"

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

/* Of a command with more options than a screen has lines, --help lists the first kind and names the
 * others, by these groups. */
enum opt_group {
	OPT_GROUP_FIRST,
	OPT_GROUP_SIGN_IN,
	OPT_GROUP_SERVERS,
	OPT_GROUP_PORTS,
	OPT_GROUP_TIMES,
	OPT_GROUP_RESULT,
	OPT_GROUP_TRACE,
	OPT_GROUPS,
};

/* The i-th of the words that a value can be; false behind the last.  *what says what it means, to
 * be looked up, or is NULL. */
typedef bool opt_words(size_t i, const char **word, const char **what);
bool opt_text_or_json(size_t i, const char **word, const char **what); /* of --format */

struct opt {
	const char *name; /* without the dashes */
	char letter;      /* 0 for none */
	const char *arg;  /* NULL for flags; a FILE and a DIR are completed as such */
	enum opt_type type;
	size_t offset; /* in the command's struct */
	unsigned min, max;
	const char *help;   /* NULL: for the build, shown to nobody */
	const char *manual; /* for the manual page: lines of mdoc(7) */
	opt_words *words;   /* NULL: anything */
	bool may_be_empty;  /* a text; every other value has something in it */
	enum opt_group group;
};

struct opt_command {
	const char *name;
	const char *summary; /* no sentence: "carry messages between SIP and XMPP" */
	const struct opt *opts;
	size_t n_opts;
	const char *argument;   /* the name of the one that may stand without a dash, or NULL */
	size_t argument_offset; /* of a const char * in the command's struct */
	size_t second_offset;   /* of one that may stand behind it; 0: there is none */
	opt_words *argument_words;
	unsigned section;              /* of its manual page stox-NAME; 0: it has none of its own */
	void (*more)(struct sheet *p); /* adds what else --help says, or NULL */
	/* Not NULL: a monitoring plugin, which says what is wrong on standard output, as UNKNOWN of
	 * this service; its name stands alone. */
	const char *service;
	bool is_program; /* its name is the program's: not a word behind `stox` */
};

enum opt_result {
	OPT_OK,
	OPT_HELP, /* it was printed: exit 0, of a plugin 3 */
	OPT_BAD,  /* one line was printed: exit 2, of a plugin 3 */
};

enum opt_result opt_parse(const struct opt_command *cmd, int argc, char **argv, void *values);
/* At most a screen of 24 lines, unless `all` is wanted. */
void opt_help(const struct opt_command *cmd, bool all);
/* What is typed to call it, "stox test" or "check_stox", in `ret`, which is returned. */
#define OPT_PROGRAM_MAX 64
const char *opt_program(const struct opt_command *cmd, char ret[OPT_PROGRAM_MAX]);
/* All its options as they are typed, each between spaces: " --dns -v --verbose ". */
void opt_names(const struct opt_command *cmd, struct buf *b);
/* One line on standard error, "stox COMMAND: ..."; of a plugin on standard output. */
void opt_complain(const struct opt_command *cmd, struct text t);
/* Why the program does not run, by an errno. */
void opt_cannot_start(const struct opt_command *cmd, int err);
/* Lines that need no name in front. */
void opt_complain_lines(const struct opt_command *cmd, const char *lines);

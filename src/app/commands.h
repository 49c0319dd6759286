/* commands.h - the commands of stox as one table: the program, its help, the completions and the
 * manual pages are made from it.
 */
#pragma once

#include <stdio.h>

#include "app/opt.h"

struct command {
	const struct opt_command *opt;
	int (*run)(int argc, char **argv); /* argv[0] is the command; returns the exit status */
	/* Of one with a second word, "check pool": each has options of its own.  Else NULL. */
	const struct opt_command *parts;
	size_t n_parts;
};

extern const struct command command_test, command_check, command_explain, command_gateway,
	command_lab, command_ctl, command_watch, command_roles, command_completion, command_help;
/* The monitoring plugin: the program called by that name. */
extern const struct command command_check_stox;
/* The test under its name in Lync Server: the program called by that name. */
extern const struct command command_csxmppim;
/* Two more of its names there: they print lines of stox.yaml. */
extern const struct command command_csxmpp_partner, command_csxmpp_gateway;

extern const struct command *const commands[];
extern const size_t n_commands;

/* What `stox ctl reload --config CONFIG` does; NULL: where the configuration is looked for. */
int ctl_reload(const char *config);

const struct command *command_find(const char *name); /* NULL: unknown */
opt_words command_words;
/* "pool" of "check pool". */
const char *command_part_name(const struct opt_command *part);
/* What `stox --help` prints. */
void commands_usage(FILE *to);

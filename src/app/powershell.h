/* powershell.h - a command line as PowerShell reads one, for the programs that have the names of
 * Lync Server's cmdlets.
 *
 * Parameters are found in any case, by an alias or by the beginning of one name
 * alone, with the value behind a space or a colon, and with the dashes that
 * pages make of hyphens.
 */
#pragma once

#include "app/opt.h"

struct powershell_parameter {
	const char *name, *alias;
	bool is_switch;      /* it needs no value */
	size_t offset;       /* of a const char * in the program's struct */
	const char *instead; /* not NULL: it has no meaning here, and what to use */
};

struct powershell {
	const struct opt_command *command; /* whose name complaints have */
	const struct powershell_parameter *parameters;
	size_t n_parameters;
	size_t first; /* the one whose value may stand without its name: its place in the list */
};

enum { POWERSHELL_BAD = 2 };

bool powershell_asks_help(int argc, char **argv);
/* 0, or POWERSHELL_BAD after a sentence.  A switch alone has the value "". */
int powershell_read(const struct powershell *p, int argc, char **argv, void *values);
/* Of a parameter that was read; NULL: it was not given. */
const char *powershell_value(const void *values, size_t offset);
/* A sentence; POWERSHELL_BAD. */
int powershell_complain(const struct powershell *p, struct text t);
/* "$true", "1", ...; "" is a switch alone.  False: it is neither that nor false. */
bool powershell_flag(const char *value, bool *ret);

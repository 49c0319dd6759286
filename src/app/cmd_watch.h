/* cmd_watch.h - the options of the watcher: `stox watch` reads them and runs stox-watch, which
 * reads them again. */
#pragma once

#include "app/opt.h"

struct watch_values {
	const char *config, *listen, *format, *log_format, *test_alert;
	unsigned verbose;
	bool check, once;
};

extern const struct opt_command watch_command;

/* Where it is: beside this one in a build, in libexec when it is installed.  False, and it is told:
 * nowhere. */
bool watch_find_program(char *ret, size_t size);
/* Runs stox-watch as "stox-watch ARGS...", argv[0] being the first of them; returns only when it
 * cannot: an exit status behind a line that says why. */
int watch_program_run(int argc, char **argv);
/* OPT_OK when the values can be used together; else it is told. */
enum opt_result watch_values_read(struct watch_values *ret, int argc, char **argv);

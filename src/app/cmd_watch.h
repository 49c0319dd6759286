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

/* OPT_OK when the values can be used together; else it is told. */
enum opt_result watch_values_read(struct watch_values *ret, int argc, char **argv);

/* Becomes stox-watch; `command` is its first word, but of `stox watch` itself.  An exit status: it
 * cannot be run, and that was told. */
int watch_program_run(const struct opt_command *command, int argc, char **argv);

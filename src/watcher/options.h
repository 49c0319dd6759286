/* options.h - the command line of stox-watch.
 *
 * `stox watch` in stox is the same table with the same words: it runs this program.
 */
#pragma once

#include "app/service_log.h"

struct watch_options {
	const char *config;     /* NULL: where it is looked for */
	const char *format;     /* of --once: "text" or "json" */
	const char *listen;     /* IP:PORT instead of the configuration's, or NULL */
	const char *test_alert; /* the name of a receiver, or NULL */
	unsigned verbose;
	enum log_format log_format;
	bool once;
};

/* -1: run.  Else the exit status: --help, --check and what is wrong were answered. */
int watch_options_read(struct watch_options *ret, int argc, char **argv);

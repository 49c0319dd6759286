/* options.h - the command line of stox-watch, which is that of `stox watch` (app/cmd_watch.h). */
#pragma once

#include "app/service_log.h"

struct watch_options {
	const char *config;     /* NULL: where it is looked for */
	const char *listen;     /* instead of the configuration's, or NULL; a loopback IP:PORT */
	const char *test_alert; /* the name of a receiver: tell it a trial, and end; or NULL */
	bool once;              /* run each test now, and end */
	bool is_json;           /* of `once` */
	enum log_format log_format;
	unsigned verbose;
};

/* -1: run.  Else the exit status: --help, --check, and what is wrong, are done with. */
int watch_options_read(struct watch_options *ret, int argc, char **argv);

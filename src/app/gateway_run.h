/* gateway_run.h - the gateway as a service: in a pump until a signal, with a log, a service manager
 * that hears of it, and a configuration that may change (SIGHUP) while messages are on their way.
 */
#pragma once

#include "app/gateway_config.h"
#include "app/opt.h"
#include "app/service_log.h"

struct gateway_run {
	const struct opt_command *command; /* for what is said before there is a log */
	const char *config;                /* FILE, or NULL */
	const char *trace_engine;          /* FILE, or NULL */
	enum log_format log_format;
	unsigned verbose;
};

int gateway_run(const struct gateway_run *run); /* the exit status */

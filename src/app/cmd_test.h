/* cmd_test.h - one test as its options say: `stox test`, and the monitoring plugin. */
#pragma once

#include "app/opt.h"
#include "app/pump.h"
#include "probe/probe.h"

struct test_values {
	const char *target, *receiver, *partner, *user, *auth_user, *password_file, *registrar;
	const char *receiver_password_file, *receiver_server, *ca_file, *dns, *config;
	const char *via; /* the socket or URL of a watcher that runs it */
	const char *token_file, *certificate_file, *key_file; /* who asks, of a URL */
	const char *direction, *format, *color, *write_out, *warning, *critical;
	struct opt_list outputs, traces, accepts;
	unsigned registrar_port, count, verbose;
	bool all, ipv4, ipv6, version, sweep, trace_bodies, no_trace, no_lock;
	ts_t timeout, interval, settle, max_latency;
};

#define TEST_VALUES_DEFAULT                                                                        \
	{                                                                                          \
		.timeout = TS_S(10), .count = 1, .settle = PROBE_SETTLE, .max_latency = TS_NEVER   \
	}

/* How a watcher is asked by URL: 0 with its answer, or an exit status behind a line that says why.
 * stox itself does not know: it has stox-watch do it. */
typedef int test_post(const struct opt_command *cmd, const struct test_values *v, const char *query,
	struct buf *ret);

/* `stox test`, argv[0] being the command; `post` may be NULL. */
int test_main(int argc, char **argv, test_post *post);

/* The exit status.  With the form nagios on standard output it is a plugin's. */
int test_run(const struct opt_command *cmd, const struct test_values *values);

/* What `stox check` has in common with it: an address and a port, 53 when there is none; issuers
 * from a file under a number: 0, or 2 after one line that says what is wrong. */
bool test_read_dns(const char *text, struct addr *ret);
int test_load_ca(
	const struct opt_command *cmd, struct pump *pump, unsigned number, const char *path);

#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/lab_private.h"
#include "base/mem.h"

#define AT(member) offsetof(struct lab_values, member)

static const struct opt opts[] = {
	{ "test", 't', NULL, OPT_FLAG, AT(test), 0, 0,
		"run the test against this lab and exit with its status" },
	{ "fault", 'f', "NAME", OPT_TEXT, AT(fault), 0, 0, "inject a fault" },
	{ "list-faults", 0, NULL, OPT_FLAG, AT(list_faults), 0, 0,
		"list the faults and what a test says of them" },
	{ "write-config", 'w', "DIR", OPT_TEXT, AT(write_config), 0, 0,
		"leave stox.yaml and its secrets in DIR" },
	{ "sip-port", 0, "N", OPT_NUMBER, AT(sip_port), 1, 65535,
		"of the pool, UDP and TCP (a free one)" },
	{ "sip-tls-port", 0, "N", OPT_NUMBER, AT(sip_tls_port), 1, 65535,
		"of the pool, TLS (a free one)" },
	{ "xmpp-port", 0, "N", OPT_NUMBER, AT(xmpp_port), 1, 65535,
		"of the partner's clients (a free one)" },
	{ "component-port", 0, "N", OPT_NUMBER, AT(component_port), 1, 65535,
		"of its components (a free one)" },
	{ "gateway-port", 0, "N", OPT_NUMBER, AT(gateway_port), 1, 65535,
		"of the gateway, UDP and TCP (a free one)" },
	{ "dns-port", 0, "N", OPT_NUMBER, AT(dns_port), 1, 65535,
		"of the DNS server, UDP (a free one)" },
	{ "timeout", 0, "SECONDS", OPT_SECONDS, AT(timeout), 1, 3600,
		"of --test (10; 2 with a fault that it fails by)" },
	{ "count", 'n', "N", OPT_NUMBER, AT(count), 1, 1000000, "round trips of --test (1)" },
	{ "format", 0, "FORMAT", OPT_TEXT, AT(format), 0, 0, "of --test, as for stox test" },
	{ "trace", 0, "FILE", OPT_LIST, AT(traces), 0, 0,
		"of --test: leave its trace there: .html, .txt, .json or .pcapng" },
	{ "trace-bodies", 0, NULL, OPT_FLAG, AT(trace_bodies), 0, 0,
		"with the bodies of the messages" },
	{ "verbose", 'v', NULL, OPT_COUNT, AT(verbose), 0, 0,
		"with --test as for stox test; else log lines" },
};

static const struct opt_command command = { .name = "lab",
	.summary = "A pool, a gateway and an XMPP partner on loopback, with faults to inject.",
	.opts = opts,
	.n_opts = COUNT(opts) };

static void give_up(struct bench *b, int status)
{
	b->status = status;
	pump_stop(b->pump);
}

/* Everything that was asked for is up. */
static void all_ready(struct bench *b)
{
	b->told = true;
	if ((!b->v.test || b->v.write_config) && lab_write_files(b)) {
		give_up(b, 2);
		return;
	}
	int status = b->v.test ? lab_start_test(b) : 0;
	if (status)
		give_up(b, status);
	if (!b->v.test)
		lab_print_table(b);
}

/* ---- events ---- */

static void log_line(const struct bench *b, enum log_level level, const char *line)
{
	/* With --test a warning is what the fault is for, and the test tells it. */
	const enum log_level most = b->v.test      ? LOG_LEVEL_ERROR
				    : b->v.verbose ? LOG_LEVEL_DEBUG
						   : LOG_LEVEL_WARNING;

	if (level <= most)
		fprintf(stderr, "%s: %s\n", log_level_name(level), line);
}

static void take_lab_events(struct bench *b)
{
	struct lab_event ev;

	while (b->lab && lab_take_event(b->lab, &ev)) {
		switch (ev.type) {
		case LAB_EV_LISTENING: b->at[ev.what] = ev.addr; break;
		case LAB_EV_READY:
			b->lab_ready = true;
			if (lab_start_gateway(b))
				give_up(b, 3);
			break;
		case LAB_EV_FAILED:
			opt_complain(&command, "%s", ev.log);
			give_up(b, 3);
			break;
		case LAB_EV_LOG: log_line(b, ev.level, ev.log); break;
		}
	}
}

static void take_gateway_events(struct bench *b)
{
	struct gateway_event ev;

	while (b->gateway && gateway_take_event(b->gateway, &ev)) {
		if (ev.type == GATEWAY_EV_LISTENING && ev.transport == TRANSPORT_UDP) {
			b->gateway_at = ev.addr;
			lab_set_gateway(b->lab, &ev.addr);
		}
		b->gateway_ready |= ev.type == GATEWAY_EV_UP;
		if (ev.type == GATEWAY_EV_FAILED)
			give_up(b, 3);
		log_line(b, ev.level, ev.log);
	}
}

static void drained(void *arg)
{
	struct bench *b = arg;

	take_lab_events(b);
	take_gateway_events(b);
	if (b->testing && runner_drained(&b->runner))
		pump_stop(b->pump);
	if (!b->testing && b->pump && pump_was_interrupted(b->pump))
		pump_stop(b->pump);
	if (b->lab_ready && b->gateway_ready && !b->told)
		all_ready(b);
}

/* ---- life ---- */

static int find_fault(struct bench *b)
{
	b->fault = b->v.fault ? lab_fault_find(slice_str(b->v.fault)) : &lab_fault_none;
	if (!b->fault) {
		opt_complain(&command, "unknown fault `%s`; `stox lab --list-faults` lists them",
			b->v.fault);
		return 2;
	}
	if (b->fault->setup == FAULT_CLOCK_JUMP && !b->v.test) {
		opt_complain(&command,
			"the fault `%s` is inside the test's own process: give --test",
			b->fault->name);
		return 2;
	}
	return 0;
}

static int check(struct bench *b)
{
	b->runner.verbosity = b->v.verbose;
	/* Failures that were asked for are not kept: they would push out those that were not. */
	b->runner.traces = (struct traces){
		.command = &command, .named = &b->v.traces, .bodies = b->v.trace_bodies
	};
	int status = outputs_plan(&b->runner.outputs, &command,
		&(struct output_options){ .format = b->v.format, .max_latency = TS_NEVER });
	if (!status)
		status = traces_check(&b->runner.traces, &b->runner.outputs);
	return status ? status : find_fault(b);
}

static int run(struct bench *b)
{
	const struct pump_cfg cfg = { .drained = drained, .arg = b };

	runner_seed(&b->rng);
	buf_init(&b->ca, LAB_PEM_MAX);
	int err = pump_new(&b->pump, &cfg);
	if (!err)
		err = lab_make_certificates(b);
	if (!err)
		err = lab_start(b);
	if (err) {
		opt_complain(&command, "the lab cannot start: %s", err_text(err));
		return 3;
	}
	if (!b->status && pump_run(b->pump))
		return 3;
	if (b->status || !b->testing || !b->runner.probe)
		return b->status;
	return runner_report(&b->runner);
}

int cmd_lab(int argc, char **argv)
{
	struct bench b = {
		.command = &command, .v = { .count = 1 }, .dead = { .fd = -1, .filler = -1 }
	};
	enum opt_result r = opt_parse(&command, argc, argv, &b.v);

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	if (b.v.list_faults) {
		lab_list_faults();
		return 0;
	}
	int status = check(&b);
	if (!status)
		status = run(&b);
	b.pump = pump_free(b.pump);
	runner_done(&b.runner);
	gateway_free(b.gateway);
	lab_free(b.lab);
	partners_free(b.partners);
	authority_free(b.authority);
	buf_done(&b.ca);
	dead_end_close(&b.dead);
	lab_files_done(&b.files, b.v.write_config != NULL);
	mem_wipe(&b.lab_cfg, sizeof(b.lab_cfg));
	return status;
}

/* `stox lab`: options, and the run: which engine is up, what comes next. */
#include <stdio.h>
#include <string.h>

#include "app/commands.h"
#include "app/lab_private.h"
#include "base/mem.h"

#define AT(member) offsetof(struct lab_values, member)

static bool fault_words(size_t i, const char **word, const char **what)
{
	const struct lab_fault *fault = lab_fault_at(i);

	if (!fault)
		return false;
	*word = fault->name;
	*what = fault->does;
	return true;
}

#define PORT(name_, member, help_, manual_)                                                        \
	{                                                                                          \
		name_, 0, N_("N"), OPT_NUMBER, AT(member), 1, 65535, help_,                        \
			.manual = (manual_), .group = OPT_GROUP_PORTS                              \
	}

static const struct opt opts[] = {
	{ "test", 't', NULL, OPT_FLAG, AT(test), 0, 0,
		N_("run the test against this lab and exit with its status"),
		.manual = N_("Run the test against this lab and exit with its status.") },
	{ "watch", 0, NULL, OPT_FLAG, AT(watch), 0, 0,
		N_("watch this lab: a page that shows its tests"),
		.manual = N_("Watch this lab: a watcher tests it every few seconds and shows what "
			     "comes of it on a page, whose address is printed.\n"
			     "It ends with the lab; see\n.Xr stox-watch 1 .") },
	{ "fault", 'f', N_("NAME"), OPT_TEXT, AT(fault), 0, 0, N_("inject a fault"),
		.manual =
			N_("Inject a fault: in DNS, TCP, TLS, SIP, the gateway, XMPP or on this "
			   "machine's own side.\nThe configuration that is written and the command "
			   "that is printed are those with which another process meets it; where "
			   "names must be resolved, the command has\n.Fl -dns ."),
		.words = fault_words },
	{ "list-faults", 0, NULL, OPT_FLAG, AT(list_faults), 0, 0,
		N_("list the faults and what a test says of them"),
		.manual = N_("List the faults and what a test says of each: reason, phase and exit "
			     "status, or a warning.") },
	{ "write-config", 'w', N_("DIR"), OPT_TEXT, AT(write_config), 0, 0,
		N_("leave stox.yaml and its secrets in DIR"),
		.manual = N_("Leave\n.Pa stox.yaml\nand its secrets in\n.Ar DIR .\n"
			     "Without it they are in a folder that is removed at the end.") },
	PORT("sip-port", sip_port, N_("of the pool, UDP and TCP (a free one)"),
		N_("The pool's port, UDP and TCP.\nLeft out, a free one.")),
	PORT("sip-tls-port", sip_tls_port, N_("of the pool, TLS (a free one)"),
		N_("The pool's port, TLS.\nLeft out, a free one.")),
	PORT("xmpp-port", xmpp_port, N_("of the partner's clients (a free one)"),
		N_("The partner's port for clients.\nLeft out, a free one.")),
	PORT("component-port", component_port, N_("of its components (a free one)"),
		N_("The partner's port for components.\nLeft out, a free one.")),
	PORT("gateway-port", gateway_port, N_("of the gateway, UDP and TCP (a free one)"),
		N_("The gateway's port, UDP and TCP.\nLeft out, a free one.")),
	PORT("dns-port", dns_port, N_("of the DNS server, UDP (a free one)"),
		N_("The DNS server's port, UDP.\nLeft out, a free one.")),
	PORT("watch-port", watch_port, N_("of the page of --watch (a free one)"),
		N_("The port of the page of\n.Fl -watch .\nLeft out, a free one.")),
	{ "timeout", 0, N_("SECONDS"), OPT_SECONDS, AT(timeout), 1, 3600,
		N_("of --test (10; 2 with a fault that it fails by)"),
		.manual = N_("Of\n.Fl -test\n(10; 2 with a fault that it fails by)."),
		.group = OPT_GROUP_TIMES },
	{ "count", 'n', N_("N"), OPT_NUMBER, AT(count), 1, 1000000, N_("round trips of --test (1)"),
		.manual = N_("Round trips of\n.Fl -test\n(1)."), .group = OPT_GROUP_TIMES },
	{ "format", 0, N_("FORMAT"), OPT_TEXT, AT(format), 0, 0,
		N_("form of the result of --test (text)"),
		.manual = N_("The form of the result of\n.Fl -test ,\nas for\n.Xr stox-test 1 ."),
		.words = report_format_words, .group = OPT_GROUP_RESULT },
	{ "trace", 0, N_("FILE"), OPT_LIST, AT(traces), 0, 0,
		N_("of --test: leave its trace there: .html, .txt, .json or .pcapng"),
		.manual =
			N_("Of\n.Fl -test ,\nas for\n.Xr stox-test 1 .\nNo trace is kept without "
			   "being asked for: failures that were ordered would push out those that "
			   "were not."),
		.group = OPT_GROUP_TRACE },
	{ "trace-bodies", 0, NULL, OPT_FLAG, AT(trace_bodies), 0, 0,
		N_("with the bodies of the messages"),
		.manual = N_("With the bodies of the messages."), .group = OPT_GROUP_TRACE },
	{ "color", 0, N_("WHEN"), OPT_TEXT, AT(color), 0, 0,
		N_("colours: auto, always or never (auto)"),
		.manual = N_("Whether the result of\n.Fl -test\nhas colours (auto); see\n"
			     ".Xr stox-test 1 ."),
		.words = terminal_colour_words, .group = OPT_GROUP_RESULT },
	{ "verbose", 'v', NULL, OPT_COUNT, AT(verbose), 0, 0,
		N_("with --test as for stox test; else log lines"),
		.manual = N_("With\n.Fl -test\nas for\n.Xr stox-test 1 ,\nelse more log lines.") },
};

static const struct opt_command command = { .name = "lab",
	.summary = N_("a pool, a gateway and an XMPP partner on loopback"),
	.opts = opts,
	.n_opts = COUNT(opts),
	.section = 1 };

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
	if (!status && b->v.watch && lab_start_watch(b))
		status = 3;
	if (status)
		give_up(b, status);
	if (!b->v.test && !status)
		lab_print_table(b);
}

/* ---- events ---- */

static void log_line(struct bench *b, enum log_level level, const char *line)
{
	/* With --test a warning is what the fault is for, and the test tells it. */
	const enum log_level most = b->v.test      ? LOG_LEVEL_ERROR
				    : b->v.verbose ? LOG_LEVEL_DEBUG
						   : LOG_LEVEL_WARNING;

	/* What goes down because all ends is no error. */
	if (level > most || (b->pump && pump_was_interrupted(b->pump)))
		return;
	runner_clear(&b->runner);
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
			/* A log line: English. */
			opt_complain(&command, TEXT("{1}", text_str(ev.log)));
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
		opt_complain(&command,
			TEXT(N_("unknown fault `{1}`; `stox lab --list-faults` lists them"),
				text_str(b->v.fault)));
		return 2;
	}
	if (b->fault->setup == FAULT_CLOCK_JUMP && !b->v.test) {
		opt_complain(&command,
			TEXT(N_("the fault `{1}` is inside the test's own process: give --test"),
				text_str(b->fault->name)));
		return 2;
	}
	return 0;
}

static int refuse(struct text why)
{
	opt_complain(&command, why);
	return 2;
}

static int check_watch(struct bench *b)
{
	const struct lab_values *v = &b->v;

	if (v->watch_port && !v->watch)
		return refuse(TEXT_PLAIN(N_("--watch-port is for --watch")));
	if (!v->watch)
		return 0;
	if (v->test)
		return refuse(TEXT_PLAIN(N_("--test and --watch exclude each other")));
	if (lab_needs_dns(b))
		return refuse(TEXT(N_("the fault `{1}` is one of names, and a watcher asks this "
				      "machine's own DNS: give --test instead of --watch"),
			text_str(b->fault->name)));
	const int err = lab_find_watch_port(b);
	if (!err)
		return 0;
	opt_complain(&command, TEXT(N_("the page of --watch cannot be at port {1}: {2}"),
				       text_u64(v->watch_port), text_errno(-err)));
	return 3;
}

/* Nobody waits for a trace that is never written. */
static int check_for_test(const struct bench *b)
{
	const struct lab_values *v = &b->v;
	const struct {
		const char *name;
		bool given;
	} options[] = {
		{ "timeout", v->timeout != 0 },
		{ "count", v->count != 1 },
		{ "format", v->format },
		{ "trace", v->traces.n > 0 },
		{ "trace-bodies", v->trace_bodies },
		{ "color", v->color },
	};

	for (size_t i = 0; i < COUNT(options) && !v->test; i++)
		if (options[i].given) {
			opt_complain(&command,
				TEXT(N_("`--{1}` is for --test"), text_str(options[i].name)));
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
		&(struct output_options){
			.format = b->v.format, .colour = b->v.color, .max_latency = TS_NEVER });
	if (!status)
		status = traces_check(&b->runner.traces, &b->runner.outputs);
	if (!status)
		status = check_for_test(b);
	if (!status)
		status = find_fault(b);
	return status ? status : check_watch(b);
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
		opt_complain(&command, TEXT(N_("the lab cannot start: {1}"), text_errno(err)));
		return 3;
	}
	if (!b->status && pump_run(b->pump))
		return 3;
	if (b->status || !b->testing || !b->runner.probe)
		return b->status;
	return runner_report(&b->runner);
}

static int cmd_lab(int argc, char **argv)
{
	struct bench b = { .command = &command,
		.v = { .count = 1 },
		.dead = { .fd = -1, .filler = -1 },
		.watch = { .fd = -1 } };
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
	lab_end_watch(&b);
	b.pump = pump_free(b.pump);
	runner_done(&b.runner);
	gateway_free(b.gateway);
	lab_free(b.lab);
	partners_free(b.partners);
	authority_free(b.authority);
	buf_done(&b.ca);
	dead_end_close(&b.dead);
	lab_files_done(&b.files, b.v.write_config != NULL);
	mem_wipe(b.sip_users, sizeof(b.sip_users));
	mem_wipe(&b.xmpp_user, sizeof(b.xmpp_user));
	mem_wipe(&b.lab_cfg, sizeof(b.lab_cfg));
	return status;
}

const struct command command_lab = { .opt = &command, .run = cmd_lab };

/* `stox gateway`: its options, and the check of its configuration. */
#include <stdio.h>
#include <unistd.h>

#include "app/check_config.h"
#include "app/commands.h"
#include "app/file_out.h"
#include "app/gateway_run.h"
#include "app/language.h"
#include "base/mem.h"

struct values {
	const char *config;
	const char *trace_engine, *log_format;
	unsigned verbose;
	bool check, reload;
};

#define AT(member) offsetof(struct values, member)

static const struct opt opts[] = {
	{ "config", 'c', N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),
		.manual = N_("The configuration, see\n.Xr stox.yaml 5 .") },
	{ "check", 0, NULL, OPT_FLAG, AT(check), 0, 0,
		N_("check the configuration and its secrets, start nothing"),
		.manual = N_("Check the configuration and its secrets and start nothing.\nWhat the "
			     "start "
			     "would refuse is told with status 2; what only tests need is a "
			     "warning.\nSee\n.Cm config\nin\n.Xr stox-check 1 .") },
	{ "reload", 0, NULL, OPT_FLAG, AT(reload), 0, 0,
		N_("have the running gateway read its configuration again"),
		.manual = N_("Have the gateway that runs read its configuration again, as\n"
			     ".Cm reload\nof\n.Xr stox-ctl 1\ndoes, and say what it has read.") },
	{ "trace-engine", 0, N_("FILE"), OPT_TEXT, AT(trace_engine), 0, 0,
		N_("write there all that the engine is told and does"),
		.manual = N_(
			"Write a line to\n.Ar FILE\nfor each thing that the gateway's engine is "
			"told, sends or wants: to look for a fault in\n.Nm\nitself.\n"
			"Of bytes it has the number, and the first line of SIP or the name of an "
			"XML element:\nno body, no secret.\n"
			"The file is new, for its owner only, and grows without a bound.") },
	{ "log-format", 0, N_("FORMAT"), OPT_TEXT, AT(log_format), 0, 0,
		N_("form of the log lines (text; journal where systemd reads them)"),
		.manual = N_(
			"The form of the log lines, see\n.Sx LOG ;\ntext, or journal where "
			"standard error is the stream that systemd names in\n.Ev JOURNAL_STREAM ."),
		.words = log_format_words },
	{ "verbose", 'v', NULL, OPT_COUNT, AT(verbose), 0, 0, N_("more log lines"),
		.manual = N_(
			"More log lines: one for each message, at its end, and of what goes on "
			"silently.\nThe level can be changed while it runs, with\n.Xr stox-ctl 1 "
			".") },
};

static const struct opt_command command = { .name = "gateway",
	.summary = N_("carry messages between SIP and XMPP"),
	.opts = opts,
	.n_opts = COUNT(opts),
	.section = 8 };

/* As the start would find them; nothing is opened. */
static int check(const struct values *v)
{
	struct text why = { 0 };

	if (v->trace_engine && file_out_check(v->trace_engine, &why)) {
		opt_complain(&command, language_around("--trace-engine {1}", why));
		return 2;
	}
	return check_config_for_gateway(v->config);
}

static int cmd_gateway(int argc, char **argv)
{
	struct values v = { 0 };
	enum opt_result r = opt_parse(&command, argc, argv, &v);

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	enum log_format format;
	if (!log_format_find(v.log_format, STDERR_FILENO, &format)) {
		opt_complain(&command, TEXT(N_("--log-format {1}: text, json or journal is a form"),
					       text_str(v.log_format)));
		return 2;
	}
	if (v.check)
		return check(&v);
	if (v.reload)
		return ctl_reload(v.config);
	const struct gateway_run run = { .command = &command,
		.config = v.config,
		.trace_engine = v.trace_engine,
		.log_format = format,
		.verbose = v.verbose };
	return gateway_run(&run);
}

const struct command command_gateway = { .opt = &command, .run = cmd_gateway };

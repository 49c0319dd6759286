/* check_stox: the same test under the options and exit statuses of the monitoring plugins'
 * guidelines. */
#include <stdio.h>

#include "app/cmd_test.h"
#include "app/commands.h"
#include "app/opt_rows.h"
#include "base/mem.h"

enum { UNKNOWN = 3 };

#define AT(member) offsetof(struct test_values, member)

static const struct opt opts[] = {
	{ "hostname", 'H', N_("FQDN"), OPT_TEXT, AT(target), 0, 0, N_("the pool that is tested"),
		.manual = N_("The pool that is tested.") },
	{ "target", 0, N_("FQDN"), OPT_TEXT, AT(target), 0, 0, N_("the same"),
		.manual = N_("The same."), .group = OPT_GROUP_SIGN_IN },
	{ "warning", 'w', N_("RANGE"), OPT_TEXT, AT(warning), 0, 0,
		N_("of the latency in seconds: [@]start:end"),
		.manual = N_("WARNING when the latency in seconds is outside the range\n.Op Li @ "
			     "Ns\n.Ar start : Ns Ar end .\n.Li 2\nis 0 to 2,\n.Li 0.5:2\nwhat it "
			     "says,\n.Li 2:\n2 and more,\n.Li ~:2\nanything up to 2; with\n.Li "
			     "@\ninside.") },
	{ "critical", 'c', N_("RANGE"), OPT_TEXT, AT(critical), 0, 0, N_("the same"),
		.manual = N_("CRITICAL, likewise.") },
	{ "timeout", 't', N_("SECONDS"), OPT_SECONDS, AT(timeout), 0, 3600,
		N_("for the whole test (10)"),
		.manual = N_("For the whole test (10).\nWhat has not come by then is CRITICAL.") },
	{ "ipv4", '4', NULL, OPT_FLAG, AT(ipv4), 0, 0, N_("use IPv4 addresses only"),
		.manual = N_("Use IPv4 addresses only."), .group = OPT_GROUP_SERVERS },
	{ "ipv6", '6', NULL, OPT_FLAG, AT(ipv6), 0, 0, N_("use IPv6 addresses only"),
		.manual = N_("Use IPv6 addresses only."), .group = OPT_GROUP_SERVERS },
	{ "receiver", 0, N_("ADDRESS"), OPT_TEXT, AT(receiver), 0, 0,
		N_("the XMPP user who is written to"),
		.manual = N_("The XMPP user who is written to."), .group = OPT_GROUP_SIGN_IN },
	{ "partner", 0, N_("DOMAIN"), OPT_TEXT, AT(partner), 0, 0,
		N_("the partner whose receiver is written to"),
		.manual = N_("The partner of the configuration whose receiver is written to.") },
	{ "user", 0, N_("ADDRESS"), OPT_TEXT, AT(user), 0, 0, N_("the SIP test user who writes"),
		.manual = N_("The SIP test user who writes."), .group = OPT_GROUP_SIGN_IN },
	{ "auth-user", 0, N_("NAME"), OPT_TEXT, AT(auth_user), 0, 0, N_("its name for signing in"),
		.manual =
			N_("Its name for signing in, if that is not the user part of the address."),
		.group = OPT_GROUP_SIGN_IN },
	{ "password-file", 0, N_("FILE"), OPT_TEXT, AT(password_file), 0, 0, N_("its password"),
		.manual = N_("A file with its password that nobody else can read."),
		.group = OPT_GROUP_SIGN_IN },
	{ "registrar", 0, N_("URI"), OPT_TEXT, AT(registrar), 0, 0,
		N_("where it signs in; else NAPTR and SRV"),
		.manual = N_("Where it signs in, such as\n.Li sip:192.0.2.1:5061;transport=tls "
			     ",\ninstead of NAPTR and SRV records."),
		.group = OPT_GROUP_SERVERS },
	OPT_ROW_REGISTRAR_PORT('p', AT(registrar_port)),
	{ "receiver-password-file", 0, N_("FILE"), OPT_TEXT, AT(receiver_password_file), 0, 0,
		N_("the receiver's password: arrival is proved"),
		.manual = N_("The receiver's password, with which its arrival is proved."),
		.group = OPT_GROUP_SIGN_IN },
	OPT_ROW_RECEIVER_SERVER(AT(receiver_server)),
	OPT_ROW_DIRECTION(AT(direction)),
	OPT_ROW_CA_FILE(AT(ca_file)),
	OPT_ROW_DNS(AT(dns)),
	{ "trace", 0, N_("FILE"), OPT_LIST, AT(traces), 0, 0,
		N_("leave the trace there: .html, .txt, .json or .pcapng"),
		.manual =
			N_("As for\n.Xr stox-test 1 ;\nthe page of a failed test is kept here too, "
			   "and\n.Fl v\nsays where.\nWhere none can be kept nothing is said."),
		.group = OPT_GROUP_TRACE },
	{ "trace-bodies", 0, NULL, OPT_FLAG, AT(trace_bodies), 0, 0,
		N_("with the bodies of the messages"),
		.manual = N_("With the bodies of the messages."), .group = OPT_GROUP_TRACE },
	{ "no-trace", 0, NULL, OPT_FLAG, AT(no_trace), 0, 0, N_("keep none of a failed test"),
		.manual = N_("Keep none of a failed test."), .group = OPT_GROUP_TRACE },
	OPT_ROW_ACCEPT(AT(accepts)),
	OPT_ROW_NO_LOCK(AT(no_lock)),
	{ "config", 0, N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),
		.manual = N_("The configuration.\nWhat it has need not be given as an option.") },
	{ "verbose", 'v', NULL, OPT_COUNT, AT(verbose), 0, 0, N_("more lines; up to three"),
		.manual = N_("More lines below the first: the result in words; twice, evidence and "
			     "phases; three times, all messages on standard error.") },
	{ "version", 'V', NULL, OPT_FLAG, AT(version), 0, 0, N_("show the version"),
		.manual = N_("Show the version.") },
};

static const struct opt_command command = { .name = "check_stox",
	.summary = N_("the test of stox as a monitoring plugin"),
	.opts = opts,
	.n_opts = COUNT(opts),
	.section = 1,
	.service = "STOX" };

static int cmd_check_stox(int argc, char **argv)
{
	struct test_values v = TEST_VALUES_DEFAULT;

	v.format = "nagios";
	if (opt_parse(&command, argc, argv, &v) != OPT_OK)
		return UNKNOWN;
	if (v.version) {
		puts("check_stox " STOX_VERSION);
		return UNKNOWN;
	}
	return test_run(&command, &v);
}

const struct command command_check_stox = { .opt = &command, .run = cmd_check_stox };

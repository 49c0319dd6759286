/* `stox test`: its options. */
#include <string.h>

#include "app/cmd_watch.h"
#include "app/commands.h"
#include "app/opt_rows.h"
#include "app/test_private.h"
#include "base/mem.h"

#define AT(member) offsetof(struct test_values, member)

static const struct opt opts[] = {
	{ "target", 't', N_("FQDN"), OPT_TEXT, AT(target), 0, 0, N_("the pool that is tested"),
		.manual = N_("The pool that is tested.\nIts certificate must have this name.") },
	{ "receiver", 'r', N_("ADDRESS"), OPT_TEXT, AT(receiver), 0, 0,
		N_("the XMPP user who is written to"),
		.manual = N_("The XMPP user who is written to.") },
	{ "partner", 0, N_("DOMAIN"), OPT_TEXT, AT(partner), 0, 0,
		N_("the partner whose receiver is written to"),
		.manual = N_("The partner of the configuration whose receiver is written to; "
			     "without it the first that has one.") },
	{ "all", 'a', NULL, OPT_FLAG, AT(all), 0, 0, N_("each pool with each partner"),
		.manual = N_("Each pool of the configuration that has a test user, with each "
			     "partner that has a receiver, one after the other, and a table at the "
			     "end;\n.Fl -target\nand\n.Fl -partner\nname one.\nA file of\n.Fl "
			     "-output\nor\n.Fl -trace\nis one for each, with both names before the "
			     "ending.\nThe exit status is the worst: 1, else 3, 2, 4.") },
	{ "via", 0, N_("SOCKET|URL"), OPT_TEXT, AT(via), 0, 0, N_("have a running watcher do it"),
		.manual =
			N_("Have a running watcher do it, with its own accounts: no secret is "
			   "needed here, but a role there, see ROLES in\n.Xr stox-watch 1 .\nIt is "
			   "the "
			   "path of its control socket, such as\n.Pa /run/stox-watch/control ,\nor "
			   "the "
			   "URL of its pages; there\n.Fl -user\nand\n.Fl -password-file ,\n.Fl "
			   "-token-file\nor\n.Fl -certificate-file\nsay who asks.\n"
			   "The test is the first of its configuration that\n.Fl -target\nand\n.Fl "
			   "-partner\nleave; its rules say the rest.") },
	{ "token-file", 0, N_("FILE"), OPT_TEXT, AT(token_file), 0, 0,
		N_("a bearer token for --via URL"),
		.manual = N_("A file with a bearer token, for\n.Fl -via Ar URL ."),
		.group = OPT_GROUP_SIGN_IN },
	{ "certificate-file", 0, N_("FILE"), OPT_TEXT, AT(certificate_file), 0, 0,
		N_("a client's certificate for --via URL"),
		.manual = N_("A client's certificate in PEM, for\n.Fl -via Ar URL ."),
		.group = OPT_GROUP_SIGN_IN },
	{ "key-file", 0, N_("FILE"), OPT_TEXT, AT(key_file), 0, 0, N_("its private key"),
		.manual = N_("Its private key."), .group = OPT_GROUP_SIGN_IN },
	{ "user", 'u', N_("ADDRESS"), OPT_TEXT, AT(user), 0, 0, N_("the SIP test user who writes"),
		.manual = N_("The SIP test user who writes.") },
	{ "auth-user", 0, N_("NAME"), OPT_TEXT, AT(auth_user), 0, 0, N_("its name for signing in"),
		.manual = N_("Its name for signing in, if that is not the user part of the "
			     "address."),
		.group = OPT_GROUP_SIGN_IN },
	{ "password-file", 0, N_("FILE"), OPT_TEXT, AT(password_file), 0, 0,
		N_("its password; - asks"),
		.manual = N_("A file with its password that nobody else can read;\n.Li -\nasks on "
			     "the terminal.") },
	{ "registrar", 0, N_("URI"), OPT_TEXT, AT(registrar), 0, 0,
		N_("where it signs in; else NAPTR and SRV"),
		.manual = N_("Where it signs in, such as\n.Li sip:192.0.2.1:5061;transport=tls .\n"
			     "Without it NAPTR and SRV records of the target are followed, and "
			     "without those port 5061 over TLS, with a warning."),
		.group = OPT_GROUP_SERVERS },
	OPT_ROW_REGISTRAR_PORT(0, AT(registrar_port)),
	{ "receiver-password-file", 0, N_("FILE"), OPT_TEXT, AT(receiver_password_file), 0, 0,
		N_("the receiver's password: arrival is proved"),
		.manual = N_("The receiver's password.\nWithout it the best proof is that the "
			     "message was accepted, and the result says so."),
		.group = OPT_GROUP_SIGN_IN },
	OPT_ROW_RECEIVER_SERVER(AT(receiver_server)),
	OPT_ROW_DIRECTION(AT(direction)),
	OPT_ROW_CA_FILE(AT(ca_file)),
	OPT_ROW_DNS(AT(dns)),
	{ "timeout", 0, N_("SECONDS"), OPT_SECONDS, AT(timeout), 0, 3600,
		N_("for the whole test (10)"),
		.manual =
			N_("For the whole test, everything included (10).\nWith\n.Fl -count ,\nfor "
			   "each round trip.\nBefore that another test of the same accounts is "
			   "waited for, as long at most.") },
	{ "count", 'n', N_("N"), OPT_NUMBER, AT(count), 1, 1000000,
		N_("round trips with one sign-in (1)"),
		.manual = N_("Round trips with the same sign-ins (1); the result has minimum, "
			     "median, 95th percentile and maximum a phase."),
		.group = OPT_GROUP_TIMES },
	{ "interval", 'i', N_("SECONDS"), OPT_SECONDS, AT(interval), 0, 86400,
		N_("between round trips (0)"),
		.manual = N_("Between the beginnings of two round trips (0: at once)."),
		.group = OPT_GROUP_TIMES },
	{ "settle", 0, N_("SECONDS"), OPT_SECONDS, AT(settle), 0, 60,
		N_("wait for a second copy after a success (0.05)"),
		.manual = N_("How long to wait after a success for a second copy of the message or "
			     "its answer, which makes it a failure (0.05).\nIt is a phase of its "
			     "own and no part of the latency; with\n.Fl -count\nit comes once, "
			     "after the last round trip."),
		.group = OPT_GROUP_TIMES },
	{ "ipv4", '4', NULL, OPT_FLAG, AT(ipv4), 0, 0, N_("use IPv4 addresses only"),
		.manual = N_("Use IPv4 addresses only, also where names have both."),
		.group = OPT_GROUP_SERVERS },
	{ "ipv6", '6', NULL, OPT_FLAG, AT(ipv6), 0, 0, N_("use IPv6 addresses only"),
		.manual = N_("Use IPv6 addresses only, also where names have both."),
		.group = OPT_GROUP_SERVERS },
	{ "max-latency", 0, N_("SECONDS"), OPT_SECONDS, AT(max_latency), 0, 3600,
		N_("a success that took longer is exit status 4"),
		.manual = N_("A success that took longer has exit status 4.\nWith\n.Fl -count\nthe "
			     "slowest round trip counts."),
		.group = OPT_GROUP_TIMES },
	{ "format", 'f', N_("FORMAT"), OPT_TEXT, AT(format), 0, 0,
		N_("the form of the result (text)"),
		.manual = N_("The form of the result on standard output\n.Pq Cm text ;\nsee\n.Sx "
			     "FORMS ."),
		.words = report_format_words },
	{ "output", 'o', N_("FORMAT=FILE"), OPT_LIST, AT(outputs), 0, 0,
		N_("one more form to a file; - is stdout"),
		.manual = N_("One more form, to a file, which is replaced as a whole when the test "
			     "is over; can be given several times.\n.Li -\nis standard "
			     "output.\nA link, and whatever else is no regular file, is refused "
			     "before anything is sent."),
		.group = OPT_GROUP_RESULT },
	{ "write-out", 'w', N_("TEXT"), OPT_TEXT, AT(write_out), 0, 0,
		N_("print TEXT with %{names}; @FILE reads it"),
		.manual = N_("Print\n.Ar TEXT\nafter the form on standard output, or, if none was "
			     "asked for, alone; see\n.Sx WRITE-OUT ."),
		.may_be_empty = true, .group = OPT_GROUP_RESULT },
	{ "warning", 0, N_("RANGE"), OPT_TEXT, AT(warning), 0, 0,
		N_("of the latency, for the form nagios"),
		.manual = N_("Of the latency, for the form\n.Cm nagios ;\nsee\n.Xr check_stox 1 ."),
		.group = OPT_GROUP_RESULT },
	{ "critical", 0, N_("RANGE"), OPT_TEXT, AT(critical), 0, 0, N_("the same"),
		.manual = N_("Likewise."), .group = OPT_GROUP_RESULT },
	{ "sweep", 0, NULL, OPT_FLAG, AT(sweep), 0, 0,
		N_("then try every server and address of both sides"),
		.manual = N_("When the test is over, try every server, address and transport of "
			     "both sides, each alone, as\n.Xr stox-check 1\ndoes; the forms\n.Cm "
			     "text\nand\n.Cm json\nhave what was found.\nAfter a success its exit "
			     "status counts."),
		.group = OPT_GROUP_RESULT },
	{ "trace", 0, N_("FILE"), OPT_LIST, AT(traces), 0, 0,
		N_("leave the trace there: .html, .txt, .json or .pcapng"),
		.manual = N_("Leave the trace of the test there, whether it succeeds or not; can "
			     "be given several times.\nHow the name ends says the form; see\n.Sx "
			     "TRACES ."),
		.group = OPT_GROUP_TRACE },
	{ "trace-bodies", 0, NULL, OPT_FLAG, AT(trace_bodies), 0, 0,
		N_("with the bodies of the messages"),
		.manual = N_("With the bodies of the messages, in every trace of this test."),
		.group = OPT_GROUP_TRACE },
	{ "no-trace", 0, NULL, OPT_FLAG, AT(no_trace), 0, 0, N_("keep none of a failed test"),
		.manual = N_("Keep no trace of a failed test; see\n.Sx FILES .\nA round trip "
			     "of\n.Fl -count\nthen takes some microseconds less."),
		.group = OPT_GROUP_TRACE },
	OPT_ROW_ACCEPT(AT(accepts)),
	OPT_ROW_NO_LOCK(AT(no_lock)),
	{ "color", 0, N_("WHEN"), OPT_TEXT, AT(color), 0, 0,
		N_("colours: auto, always or never (auto)"),
		.manual = N_("Whether the result on standard output has colours (auto); see\n.Sx "
			     "ENVIRONMENT ."),
		.words = terminal_colour_words, .group = OPT_GROUP_RESULT },
	{ "config", 'c', N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),
		.manual = N_("The configuration.") },
	{ "verbose", 'v', NULL, OPT_COUNT, AT(verbose), 0, 0, N_("phases; twice: all messages"),
		.manual = N_("Show the phases with their durations and addresses.\nTwice: all "
			     "messages of both sides, secrets masked.") },
};

static const struct opt_command command = { .name = "test",
	.summary = N_("carry a message across and back, and say where it broke"),
	.opts = opts,
	.n_opts = COUNT(opts),
	.section = 1,
	.more = outputs_help };

int test_main(int argc, char **argv, test_post *post)
{
	struct test_values v = TEST_VALUES_DEFAULT;
	enum opt_result r = opt_parse(&command, argc, argv, &v);

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	if (v.via && strstr(v.via, "://") && !post)
		return watch_program_run(argc, argv);
	if (v.via)
		return test_run_via(&command, &v, post);
	return v.all ? test_run_all(&command, &v) : test_run(&command, &v);
}

static int cmd_test(int argc, char **argv)
{
	return test_main(argc, argv, NULL);
}

const struct command command_test = { .opt = &command, .run = cmd_test };

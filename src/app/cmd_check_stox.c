/* check_stox: the same test under the options and exit statuses of the monitoring plugins'
 * guidelines. */
#include <stdio.h>

#include "app/cmd_test.h"
#include "app/commands.h"
#include "base/mem.h"

enum { UNKNOWN = 3 };

#define AT(member) offsetof(struct test_values, member)

static const struct opt opts[] = {
	{ "hostname", 'H', "FQDN", OPT_TEXT, AT(target), 0, 0, "the pool that is tested" },
	{ "target", 0, "FQDN", OPT_TEXT, AT(target), 0, 0, "the same" },
	{ "warning", 'w', "RANGE", OPT_TEXT, AT(warning), 0, 0,
		"of the latency in seconds: [@]start:end" },
	{ "critical", 'c', "RANGE", OPT_TEXT, AT(critical), 0, 0, "the same" },
	{ "timeout", 't', "SECONDS", OPT_SECONDS, AT(timeout), 0, 3600, "for the whole test (10)" },
	{ "ipv4", '4', NULL, OPT_FLAG, AT(ipv4), 0, 0, "use IPv4 addresses only" },
	{ "ipv6", '6', NULL, OPT_FLAG, AT(ipv6), 0, 0, "use IPv6 addresses only" },
	{ "receiver", 0, "ADDRESS", OPT_TEXT, AT(receiver), 0, 0,
		"the XMPP user who is written to" },
	{ "user", 0, "ADDRESS", OPT_TEXT, AT(user), 0, 0, "the SIP test user who writes" },
	{ "auth-user", 0, "NAME", OPT_TEXT, AT(auth_user), 0, 0, "its name for signing in" },
	{ "password-file", 0, "FILE", OPT_TEXT, AT(password_file), 0, 0, "its password" },
	{ "registrar", 0, "URI", OPT_TEXT, AT(registrar), 0, 0,
		"where it signs in; else NAPTR and SRV" },
	{ "registrar-port", 'p', "N", OPT_NUMBER, AT(registrar_port), 1, 65535,
		"TLS port of the target" },
	{ "receiver-password-file", 0, "FILE", OPT_TEXT, AT(receiver_password_file), 0, 0,
		"the receiver's password: arrival is proved" },
	{ "receiver-server", 0, "HOST[:PORT]", OPT_TEXT, AT(receiver_server), 0, 0,
		"the receiver's XMPP server; else SRV" },
	{ "ca-file", 0, "FILE", OPT_TEXT, AT(ca_file), 0, 0,
		"trust these issuers, not the system's" },
	{ "dns", 0, "HOST[:PORT]", OPT_TEXT, AT(dns), 0, 0,
		"ask this DNS server, not the system's" },
	{ "trace", 0, "FILE", OPT_LIST, AT(traces), 0, 0,
		"leave the trace there: .html, .txt, .json or .pcapng" },
	{ "trace-bodies", 0, NULL, OPT_FLAG, AT(trace_bodies), 0, 0,
		"with the bodies of the messages" },
	{ "no-trace", 0, NULL, OPT_FLAG, AT(no_trace), 0, 0, "keep none of a failed test" },
	{ "config", 0, "FILE", OPT_TEXT, AT(config), 0, 0, "the configuration" },
	{ "verbose", 'v', NULL, OPT_COUNT, AT(verbose), 0, 0, "more lines; up to three" },
	{ "version", 'V', NULL, OPT_FLAG, AT(version), 0, 0, "show the version" },
};

static const struct opt_command command = { .name = "check_stox",
	.summary = "Carries a message from a SIP user to an XMPP user and back.",
	.opts = opts,
	.n_opts = COUNT(opts),
	.service = "STOX" };

int cmd_check_stox(int argc, char **argv)
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

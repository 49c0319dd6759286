/* Test-CsXmppIM: the same test under the name and the parameters that it had in Lync Server 2013,
 * so that a command line of that time runs as it stands.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/cmd_test.h"
#include "app/commands.h"
#include "app/language.h"
#include "app/powershell.h"
#include "base/mem.h"

enum { VALUE_MAX = 512 };

struct ancestor {
	struct test_values test;
	const char *credential, *log, *port, *verbose;
	char auth_user[VALUE_MAX], trace[VALUE_MAX];
};

#define AT(member) offsetof(struct ancestor, member)

static const struct powershell_parameter parameters[] = {
	{ "TargetFqdn", "t", false, AT(test.target), NULL },
	{ "Receiver", "", false, AT(test.receiver), NULL },
	{ "UserSipAddress", "ua", false, AT(test.user), NULL },
	{ "UserCredential", "uc", false, AT(credential), NULL },
	{ "RegistrarPort", "rp", false, AT(port), NULL },
	{ "OutLoggerVariable", "olv", false, AT(log), NULL },
	{ "Verbose", "vb", true, AT(verbose), NULL },
	{ "Authentication", "Ath", false, 0,
		N_("a test user signs in by digest (SCRAM on the XMPP side); there is nothing to "
		   "choose") },
	{ "OutVerboseVariable", "ovv", false, 0,
		N_("there are no variables; -Verbose prints it, and `stox test --output` writes "
		   "files") },
	{ "Force", "", true, 0,
		N_("only a failure is an error here; `stox test --accept` silences a warning") },
	{ "WarningAction", "wa", false, 0, N_("`stox test --accept` silences a warning") },
	{ "Debug", "db", true, 0, N_("`stox test -vv` shows all messages") },
	{ "ErrorAction", "ea", false, 0, N_("the exit status says whether it failed") },
	{ "ErrorVariable", "ev", false, 0, N_("`stox test --output json=FILE` keeps the result") },
	{ "WarningVariable", "wv", false, 0,
		N_("`stox test --output json=FILE` keeps the result") },
	{ "OutVariable", "ov", false, 0, N_("`stox test --output json=FILE` keeps the result") },
	{ "OutBuffer", "ob", false, 0, N_("nothing is buffered") },
	{ "PipelineVariable", "pv", false, 0,
		N_("`stox test --output json=FILE` keeps the result") },
};

static const struct opt_command command = { .name = "Test-CsXmppIM",
	.summary = N_("the test of stox under its name in Lync Server"),
	.is_program = true };

static const struct powershell powershell = { &command, parameters, COUNT(parameters), 0 };

static int complain(struct text t)
{
	return powershell_complain(&powershell, t);
}

/* "litwareinc\kenmyer" as Get-Credential took it: the name is what a digest has, and the password
 * is asked for. */
static int use_credential(struct ancestor *a)
{
	const char *name = a->credential;

	if (!name)
		return 0;
	if (name[0] == '$')
		return complain(TEXT(N_("there are no variables: -UserCredential takes the name "
					"itself, such as 'litwareinc\\kenmyer', not {1}"),
			text_str(name)));
	const char *backslash = strrchr(name, '\\');
	snprintf(a->auth_user, sizeof(a->auth_user), "%s", backslash ? backslash + 1 : name);
	a->test.auth_user = a->auth_user;
	a->test.password_file = "-";
	return 0;
}

/* A page, where the name has no ending. */
static void use_log(struct ancestor *a)
{
	const char *slash = strrchr(a->log, '/'), *name = slash ? slash + 1 : a->log;

	snprintf(a->trace, sizeof(a->trace), "%s%s", a->log, strchr(name, '.') ? "" : ".html");
	a->test.traces.items[a->test.traces.n++] = a->trace;
}

static int use_values(struct ancestor *a)
{
	bool is_verbose = false;
	uint64_t port;

	if (a->verbose && !powershell_flag(a->verbose, &is_verbose))
		return complain(TEXT(N_("-Verbose: it must be '$true' or '$false', not {1}"),
			text_str(a->verbose)));
	a->test.verbose = is_verbose;
	if (!a->test.receiver)
		return complain(TEXT_PLAIN(N_("-Receiver is missing: whom the message is for")));
	if (a->port && !slice_u64(slice_str(a->port), UINT16_MAX, &port))
		return complain(TEXT(
			N_("-RegistrarPort is a number up to 65535, not {1}"), text_str(a->port)));
	if (a->port)
		a->test.registrar_port = (unsigned)port;
	if (a->log)
		use_log(a);
	return use_credential(a);
}

static int usage(void)
{
	say(stdout, TEXT_PLAIN(N_("usage: Test-CsXmppIM -TargetFqdn FQDN -Receiver ADDRESS "
				  "[-UserSipAddress ADDRESS]")));
	say(stdout, TEXT_PLAIN(N_("       [-UserCredential NAME] [-RegistrarPort N] "
				  "[-OutLoggerVariable FILE] [-Verbose]")));
	say(stdout, TEXT_PLAIN(N_("It is `stox test` under the name and the parameters that it had "
				  "in Lync Server 2013.")));
	return 0;
}

static int cmd_csxmppim(int argc, char **argv)
{
	struct ancestor a = { .test = TEST_VALUES_DEFAULT };

	if (powershell_asks_help(argc, argv))
		return usage();
	int status = powershell_read(&powershell, argc, argv, &a);
	if (!status)
		status = use_values(&a);
	return status ? status : test_run(&command, &a.test);
}

const struct command command_csxmppim = { .opt = &command, .run = cmd_csxmppim };

/* Test-CsXmppIM: the same test under the name and the parameters that it had in Lync Server 2013,
 * so that a command line of that time runs as it stands.
 *
 * Parameters are found as PowerShell finds them: in any case, by an alias or by
 * the beginning of one name alone, with the value behind a space or a colon, and
 * with the dashes that pages make of hyphens.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/cmd_test.h"
#include "app/commands.h"
#include "app/language.h"
#include "base/mem.h"

enum {
	BAD = 2,
	VALUE_MAX = 512,
};

struct ancestor {
	struct test_values test;
	const char *credential, *log, *port;
	char auth_user[VALUE_MAX], trace[VALUE_MAX];
};

#define AT(member) offsetof(struct ancestor, member)

/* Its parameters.  One that has no meaning here has a sentence that says what to use instead. */
static const struct parameter {
	const char *name, *alias;
	bool is_switch;
	size_t offset; /* of a const char * */
	const char *instead;
} parameters[] = {
	{ "TargetFqdn", "t", false, AT(test.target), NULL },
	{ "Receiver", "", false, AT(test.receiver), NULL },
	{ "UserSipAddress", "ua", false, AT(test.user), NULL },
	{ "UserCredential", "uc", false, AT(credential), NULL },
	{ "RegistrarPort", "rp", false, AT(port), NULL },
	{ "OutLoggerVariable", "olv", false, AT(log), NULL },
	{ "Verbose", "vb", true, 0, NULL },
	{ "Authentication", "Ath", false, 0,
		N_("a test user signs in by digest (SCRAM on the XMPP side); there is nothing to "
		   "choose") },
	{ "OutVerboseVariable", "ovv", false, 0,
		N_("there are no variables; -Verbose prints it, and `stox test --output` writes "
		   "files") },
	{ "Force", "", true, 0,
		N_("what is no failure is no error here; a warning is silenced by "
		   "`stox test --accept`") },
	{ "Debug", "db", true, 0, N_("all messages are shown by `stox test -vv`") },
	{ "ErrorAction", "ea", false, 0, N_("the exit status says whether it failed") },
	{ "WarningAction", "wa", false, 0, N_("a warning is silenced by `stox test --accept`") },
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

static int complain(struct text t)
{
	opt_complain(&command, t);
	return BAD;
}

/* What is behind "-", or behind the en dash (U+2013) and its kin; NULL: a value. */
static const char *parameter_name(const char *word)
{
	static const char *const dashes[] = { "-", "\xe2\x80\x93", "\xe2\x80\x94", "\xe2\x80\x95" };

	for (size_t i = 0; i < COUNT(dashes); i++) {
		const size_t n = strlen(dashes[i]);

		if (strncmp(word, dashes[i], n) == 0 && word[n])
			return word + n;
	}
	return NULL;
}

/* NULL after a sentence. */
static const struct parameter *find(const char *name, size_t n)
{
	const struct parameter *found = NULL;
	unsigned matches = 0;

	for (size_t i = 0; n > 0 && i < COUNT(parameters); i++) {
		const struct parameter *p = &parameters[i];

		if (strncasecmp(name, p->alias, n) == 0 && n == strlen(p->alias))
			return p;
		if (strncasecmp(name, p->name, n) != 0)
			continue;
		if (n == strlen(p->name))
			return p;
		found = p;
		matches++;
	}
	if (matches == 1)
		return found;
	char word[64];
	snprintf(word, sizeof(word), "-%.*s", (int)n, name);
	complain(TEXT(matches ? N_("{1} is the beginning of more than one parameter")
			      : N_("there is no parameter {1}"),
		text_str(word)));
	return NULL;
}

static void set(struct ancestor *a, const struct parameter *p, const char *value)
{
	if (p->instead) {
		char name[32];

		snprintf(name, sizeof(name), "-%s", p->name);
		opt_complain(&command, TEXT(N_("{1} has no meaning here: {2}"), text_str(name),
					       text_id(p->instead)));
	} else if (p->is_switch)
		a->test.verbose = strcasecmp(value, "$false") == 0 ? 0 : 1;
	else
		memcpy((char *)a + p->offset, &value, sizeof(value));
}

/* How many words it takes, or 0 after a sentence. */
static int take_parameter(struct ancestor *a, const char *name, const char *next)
{
	const size_t n = strcspn(name, ":");
	const struct parameter *p = find(name, n);
	const char *value = name[n] == ':' ? name + n + 1 : p && p->is_switch ? "" : next;

	if (!p)
		return 0;
	if (!value) {
		complain(TEXT(N_("-{1} needs a value"), text_str(p->name)));
		return 0;
	}
	set(a, p, value);
	return value == next && !p->is_switch ? 2 : 1;
}

static int read_words(struct ancestor *a, int argc, char **argv)
{
	for (int i = 1; i < argc;) {
		const char *name = parameter_name(argv[i]);

		if (name) {
			const int n = take_parameter(a, name, i + 1 < argc ? argv[i + 1] : NULL);

			if (!n)
				return BAD;
			i += n;
		} else if (!a->test.target)
			a->test.target = argv[i++];
		else
			return complain(
				TEXT(N_("`{1}` belongs to no parameter"), text_str(argv[i])));
	}
	return 0;
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
	uint64_t port;

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

	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "-?") == 0 || strcmp(argv[i], "--help") == 0)
			return usage();
	int status = read_words(&a, argc, argv);
	if (!status)
		status = use_values(&a);
	return status ? status : test_run(&command, &a.test);
}

const struct command command_csxmppim = { .opt = &command, .run = cmd_csxmppim };

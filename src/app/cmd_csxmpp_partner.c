/* New-CsXmppAllowedPartner, by its name in Lync Server: it prints the partner of stox.yaml that its
 * parameters stand for, and changes nothing.
 */
#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "app/commands.h"
#include "app/language.h"
#include "app/powershell.h"
#include "base/err.h"
#include "base/mem.h"
#include "conf/conf.h"

enum { LINES_MAX = 1 << 16 };

struct values {
	const char *domain, *additional, *type, *tls, *sasl, *dialback, *description;
};

#define AT(member) offsetof(struct values, member)
#define OF_THE_XMPP_SERVER                                                                         \
	N_("the XMPP server makes the links to partners; it is a setting of that server")
#define PRINTS_ONLY N_("it only prints, and changes nothing")

static const struct powershell_parameter parameters[] = {
	{ "Domain", "", false, AT(domain), NULL },
	{ "Identity", "", false, AT(domain), NULL },
	{ "AdditionalDomains", "", false, AT(additional), NULL },
	{ "PartnerType", "", false, AT(type), NULL },
	{ "TlsNegotiation", "", false, AT(tls), NULL },
	{ "SaslNegotiation", "", false, AT(sasl), NULL },
	{ "SupportDialbackNegotiation", "", false, AT(dialback), NULL },
	{ "Description", "", false, AT(description), NULL },
	{ "EnableKeepAlive", "", false, 0, OF_THE_XMPP_SERVER },
	{ "ConnectionLimit", "", false, 0, OF_THE_XMPP_SERVER },
	{ "ProxyFqdn", "", false, 0,
		N_("the XMPP server finds the partner's by its SRV records; where it must not, its "
		   "own settings name it") },
	{ "Instance", "", false, 0, N_("there are no objects: give each parameter by itself") },
	{ "Force", "", true, 0, PRINTS_ONLY },
	{ "InMemory", "", true, 0, PRINTS_ONLY },
	{ "WhatIf", "wi", true, 0, PRINTS_ONLY },
	{ "Confirm", "cf", true, 0, PRINTS_ONLY },
	{ "Verbose", "vb", true, 0, PRINTS_ONLY },
};

static const struct opt_command command = { .name = "New-CsXmppAllowedPartner",
	.summary = N_("print a partner as stox.yaml has it"),
	.is_program = true };
static const struct powershell powershell = { &command, parameters, COUNT(parameters), 0 };

static int complain(struct text t)
{
	return powershell_complain(&powershell, t);
}

struct word {
	const char *there, *here;
};

static const struct word types[] = {
	{ "PublicUnverified", "public-unverified" }, /* its default comes first */
	{ "PublicVerified", "public-verified" },
	{ "Federated", "federated" },
};
static const struct word needs[] = {
	{ "Required", "required" },
	{ "Optional", "optional" },
	{ "NotSupported", "none" },
};
static_assert(COUNT(types) == COUNT(needs), "find() looks through three");

/* NULL after a sentence. */
static const char *find(const struct word *words, const char *parameter, const char *value)
{
	if (!value)
		return words[0].here;
	for (size_t i = 0; i < COUNT(needs); i++)
		if (strcasecmp(value, words[i].there) == 0)
			return words[i].here;
	complain(TEXT(N_("-{1} must be {2}, {3} or {4}, not {5}"), text_str(parameter),
		text_str(words[0].there), text_str(words[1].there), text_str(words[2].there),
		text_str(value)));
	return NULL;
}

/* "a.test,b.test": an array of PowerShell, as a shell leaves it. */
static void put_domains(struct buf *b, const char *list)
{
	const char *between = "";

	buf_puts(b, "    additional_domains: [");
	for (struct slice rest = slice_str(list ? list : ""); rest.n;) {
		buf_puts(b, between);
		buf_put(b, slice_trim(slice_split(&rest, ',')));
		between = ", ";
	}
	buf_puts(b, "]\n");
}

static void put_description(struct buf *b, const char *description)
{
	if (!description)
		return;
	buf_puts(b, "    # ");
	text_put_clean(b, slice_str(description));
	buf_putc(b, '\n');
}

/* What YAML would read otherwise, such as PowerShell's @{Add="a.test"}. */
static bool is_list(const char *domains)
{
	return !domains || !domains[strcspn(domains, "[]{}#:\"'\t\r\n")];
}

static int put_partner(const struct values *v, struct buf *b)
{
	const char *type = find(types, "PartnerType", v->type);
	const char *tls = type ? find(needs, "TlsNegotiation", v->tls) : NULL;
	const char *sasl = tls ? find(needs, "SaslNegotiation", v->sasl) : NULL;
	bool dialback = true;

	if (!sasl)
		return POWERSHELL_BAD;
	if (v->dialback && !powershell_flag(v->dialback, &dialback))
		return complain(TEXT(N_("-{1} must be '$true' or '$false', not {2}"),
			text_str("SupportDialbackNegotiation"), text_str(v->dialback)));
	if (!is_list(v->domain) || strchr(v->domain, ',') || !is_list(v->additional))
		return complain(TEXT_PLAIN(N_("-Domain must be a domain, and -AdditionalDomains "
					      "domains with commas between, such as "
					      "a.test,b.test")));
	buf_printf(b, "  - domain: %s\n", v->domain);
	put_description(b, v->description);
	put_domains(b, v->additional);
	buf_printf(b, "    type: %s\n    tls: %s\n    sasl: %s\n    dialback: %s\n", type, tls,
		sasl, dialback ? "true" : "false");
	return buf_err(b) ? complain(TEXT_PLAIN(err_text(buf_err(b)))) : 0;
}

/* What is printed is what a file can hold: it is read as one, and refused in the words for one. */
static int check(const struct buf *partner)
{
	struct buf file, why;
	struct conf *conf = NULL;

	buf_init(&file, LINES_MAX);
	buf_init(&why, LINES_MAX);
	buf_puts(&file, "partners:\n");
	buf_put(&file, buf_slice(partner));
	int err = conf_load(&conf, buf_slice(&file), "stox.yaml", language_look_up, &why);
	for (struct slice rest = buf_slice(&why); rest.n;) {
		struct slice line = slice_split(&rest, '\n');
		for (unsigned i = 0; i < 3; i++) /* its place: nobody has the file yet */
			(void)slice_split(&line, ':');
		complain(TEXT("{1}", text_slice(slice_trim(line))));
	}
	conf_free(conf);
	buf_done(&file);
	buf_done(&why);
	return err ? POWERSHELL_BAD : 0;
}

static int usage(void)
{
	say(stdout, TEXT_PLAIN(N_("usage: New-CsXmppAllowedPartner -Domain DOMAIN "
				  "[-AdditionalDomains DOMAIN,...]")));
	say(stdout, TEXT_PLAIN(N_("       [-PartnerType Federated|PublicVerified|PublicUnverified] "
				  "[-Description TEXT]")));
	say(stdout, TEXT_PLAIN(N_("       [-TlsNegotiation NEED] [-SaslNegotiation NEED] "
				  "[-SupportDialbackNegotiation '$true']")));
	say(stdout, TEXT_PLAIN(N_("It prints the partner of stox.yaml that says the same, and "
				  "changes nothing.")));
	return 0;
}

static int cmd_partner(int argc, char **argv)
{
	struct values v = { 0 };
	struct buf b;

	if (powershell_asks_help(argc, argv))
		return usage();
	int status = powershell_read(&powershell, argc, argv, &v);
	if (status)
		return status;
	if (!v.domain)
		return complain(
			TEXT_PLAIN(N_("-Domain is missing: the XMPP domain of the partner")));
	buf_init(&b, LINES_MAX);
	status = put_partner(&v, &b);
	if (!status)
		status = check(&b);
	if (!status) {
		say(stdout, TEXT_PLAIN(N_("# To stand below partners: in stox.yaml; then `stox "
					  "check config`.")));
		fputs(buf_cstr(&b), stdout);
	}
	buf_done(&b);
	return status;
}

const struct command command_csxmpp_partner = { .opt = &command, .run = cmd_partner };

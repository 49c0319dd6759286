/* Set-CsXmppGatewayConfiguration, by its name in Lync Server.  What it set is the XMPP server's or
 * nobody's here, so what it prints are comments for stox.yaml that say whose; nothing is changed.
 */
#include <stdio.h>

#include "app/commands.h"
#include "app/language.h"
#include "app/powershell.h"
#include "base/mem.h"

struct values {
	const char *identity;
	const char *connections, *of_partner, *establishment, *inactivity, *keep_alive, *refresh;
	const char *passphrase, *bodies;
};

#define AT(member) offsetof(struct values, member)

static const struct powershell_parameter parameters[] = {
	{ "Identity", "", false, AT(identity), NULL },
	{ "ConnectionLimit", "", false, AT(connections), NULL },
	{ "PartnerConnectionLimit", "", false, AT(of_partner), NULL },
	{ "StreamEstablishmentTimeout", "", false, AT(establishment), NULL },
	{ "StreamInactivityTimeout", "", false, AT(inactivity), NULL },
	{ "KeepAliveInterval", "", false, AT(keep_alive), NULL },
	{ "SubscriptionRefreshInterval", "", false, AT(refresh), NULL },
	{ "DialbackPassphrase", "", false, AT(passphrase), NULL },
	{ "EnableLoggingAllMessageBodies", "", false, AT(bodies), NULL },
	{ "Instance", "", false, 0, N_("there are no objects: give each parameter by itself") },
	{ "Force", "", true, 0, N_("it only prints, and changes nothing") },
	{ "WhatIf", "wi", true, 0, N_("it only prints, and changes nothing") },
	{ "Confirm", "cf", true, 0, N_("it only prints, and changes nothing") },
	{ "Verbose", "vb", true, 0, N_("it only prints, and changes nothing") },
};

/* Whose it is here.  A secret is not repeated. */
static const struct setting {
	const char *name;
	size_t offset;
	bool is_secret;
	const char *here;
} settings[] = {
	{ "ConnectionLimit", AT(connections), false,
		N_("the XMPP server's connections; stox has limits of its own for messages in "
		   "hand, "
		   "see stox-gateway(8)") },
	{ "PartnerConnectionLimit", AT(of_partner), false,
		N_("the XMPP server's connections (ejabberd: max_s2s_connections)") },
	{ "StreamEstablishmentTimeout", AT(establishment), false,
		N_("a setting of the XMPP server (Prosody: s2s_timeout; ejabberd: "
		   "negotiation_timeout)") },
	{ "StreamInactivityTimeout", AT(inactivity), false,
		N_("a setting of the XMPP server (ejabberd: s2s_timeout)") },
	{ "KeepAliveInterval", AT(keep_alive), false,
		N_("a setting of the XMPP server; the gateway's own link is pinged always") },
	{ "SubscriptionRefreshInterval", AT(refresh), false, N_("presence is not carried yet") },
	{ "DialbackPassphrase", AT(passphrase), true,
		N_("a setting of the XMPP server (Prosody: dialback_secret)") },
	{ "EnableLoggingAllMessageBodies", AT(bodies), false,
		N_("a body is never logged; gateway.log_users names the users of each message in "
		   "the "
		   "log") },
};

static const struct opt_command command = { .name = "Set-CsXmppGatewayConfiguration",
	.summary = N_("print where each setting of Lync's gateway is made here"),
	.is_program = true };
static const struct powershell powershell = { &command, parameters, COUNT(parameters), 0 };

/* A comment each, so that all of it can stand in the file. */
static unsigned put_settings(const struct values *v, struct buf *b)
{
	unsigned n = 0;

	for (size_t i = 0; i < COUNT(settings); i++) {
		const struct setting *s = &settings[i];
		const char *value = powershell_value(v, s->offset);

		if (!value)
			continue;
		const struct text t = TEXT(N_("# {1} {2}: {3}."), text_str(s->name),
			text_str(s->is_secret ? "***" : value), text_id(s->here));
		text_put(b, &t, language_look_up);
		buf_putc(b, '\n');
		n++;
	}
	return n;
}

static int usage(void)
{
	say(stdout, TEXT_PLAIN(N_("usage: Set-CsXmppGatewayConfiguration -PARAMETER VALUE ...")));
	for (size_t i = 0; i < COUNT(settings); i++)
		printf("       -%s\n", settings[i].name);
	say(stdout,
		TEXT_PLAIN(N_("It prints, as comments for stox.yaml, where each setting is made "
			      "here, and changes nothing.")));
	return 0;
}

static int cmd_gateway_configuration(int argc, char **argv)
{
	struct values v = { 0 };
	struct buf b;

	if (powershell_asks_help(argc, argv))
		return usage();
	int status = powershell_read(&powershell, argc, argv, &v);
	if (status)
		return status;
	buf_init(&b, 1 << 16);
	if (put_settings(&v, &b))
		fputs(buf_cstr(&b), stdout);
	else
		status = powershell_complain(
			&powershell, TEXT_PLAIN(N_("no setting was given; --help lists them")));
	buf_done(&b);
	return status;
}

const struct command command_csxmpp_gateway = { .opt = &command, .run = cmd_gateway_configuration };

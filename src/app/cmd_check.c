/* `stox check pool` and `stox check partner`: options and configuration into sweeps. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/check_config.h"
#include "app/cmd_test.h"
#include "app/commands.h"
#include "app/files.h"
#include "app/language.h"
#include "app/opt_rows.h"
#include "app/page.h"
#include "app/sweeper.h"
#include "app/terminal.h"
#include "base/mem.h"
#include "probe/server.h"

enum { PART_CONFIG = SWEEP_PARTNER + 1 };

enum { TRUST_CHECK = 1, REPORT_MAX = 16 << 20, OPTIONS_MAX = 4096, BAD = 2, NOT_HERE = 3 };

struct values {
	const char *name; /* the argument */
	const char *server, *peer_server, *from, *ca_file, *dns, *format, *color, *config;
	unsigned registrar_port, verbose;
	bool strict;
	ts_t timeout, row_timeout;
};

#define AT(member) offsetof(struct values, member)
/* Of both sides. */
#define COMMON                                                                                     \
	OPT_ROW_CA_FILE(AT(ca_file)), OPT_ROW_DNS(AT(dns)),                                        \
		{ "timeout", 0, N_("SECONDS"), OPT_SECONDS, AT(timeout), 0, 3600,                  \
			N_("for everything (30)"),                                                 \
			.manual = N_("For everything (30); half of it is for the DNS.") },         \
		{ "address-timeout", 0, N_("SECONDS"), OPT_SECONDS, AT(row_timeout), 0, 3600,      \
			N_("for each address (5)"),                                                \
			.manual =                                                                  \
				N_("For each address (5); twelve are tried at the same time.") },  \
		{ "strict", 0, NULL, OPT_FLAG, AT(strict), 0, 0,                                   \
			N_("a warning alone is exit status 1"),                                    \
			.manual = N_("A warning alone is exit status 1.") },                       \
		{ "format", 'f', N_("FORMAT"), OPT_TEXT, AT(format), 0, 0,                         \
			N_("the form of the result (text)"),                                       \
			.manual = N_("The form of the result (text).\nThe schema of the object "   \
				     "is\n.Pa stox.check.schema.json ,\ninstalled below\n.Pa "     \
				     "share/stox ."),                                              \
			.words = format_words },                                                   \
		{ "color", 0, N_("WHEN"), OPT_TEXT, AT(color), 0, 0,                               \
			N_("colours: auto, always or never (auto)"),                               \
			.manual = N_(                                                              \
				"Whether the result has colours (auto); see\n.Xr stox-test 1 ."),  \
			.words = terminal_colour_words },                                          \
		{ "config", 'c', N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),  \
			.manual = N_("The configuration.") },                                      \
	{                                                                                          \
		"verbose", 'v', NULL, OPT_COUNT, AT(verbose), 0, 0,                                \
			N_("chains, answers of the DNS, likely causes"),                           \
			.manual = N_("Show certificates, likely causes and what the DNS said.")    \
	}

static bool format_words(size_t i, const char **word, const char **what)
{
	if (i >= n_report_check_formats)
		return false;
	*word = report_check_formats[i].name;
	*what = report_check_formats[i].what;
	return true;
}

static const struct opt pool_opts[] = {
	{ "registrar", 0, N_("URI"), OPT_TEXT, AT(server), 0, 0,
		N_("where users sign in; else NAPTR and SRV"),
		.manual = N_(
			"Where users sign in, such as\n.Li sip:192.0.2.1:5061;transport=tls "
			".\nWhat the DNS says is tried as well, but is not a test's way then.") },
	{ "registrar-port", 0, N_("N"), OPT_NUMBER, AT(registrar_port), 1, 65535,
		N_("TLS port of the pool"),
		.manual = N_("The pool's TLS port; with\n.Fl -registrar\nthe port of that one.") },
	COMMON,
};

static const struct opt partner_opts[] = {
	{ "receiver-server", 0, N_("HOST[:PORT]"), OPT_TEXT, AT(server), 0, 0,
		N_("the XMPP server for clients; else SRV"),
		.manual = N_("The server for clients, instead of its SRV records, as in\n.Xr "
			     "stox-test 1 "
			     ".") },
	{ "server", 0, N_("HOST[:PORT]"), OPT_TEXT, AT(peer_server), 0, 0,
		N_("the XMPP server for other servers; else SRV"),
		.manual =
			N_("The server for other domains' servers, instead of its SRV records.") },
	{ "from", 0, N_("DOMAIN"), OPT_TEXT, AT(from), 0, 0,
		N_("the domain to come from at the server port (stox.invalid)"),
		.manual = N_("The domain that the check comes from at the server port\n.Pq Li "
			     "stox.invalid .\nA server that takes only domains it knows needs one "
			     "of those here; no server takes its own.") },
	COMMON,
};

static const struct opt_command parts[] = {
	[SWEEP_POOL] = { .name = "check pool",
		.summary = N_("try every server, address and transport of a SIP pool"),
		.opts = pool_opts,
		.n_opts = COUNT(pool_opts),
		.argument = N_("NAME"),
		.argument_offset = AT(name) },
	[SWEEP_PARTNER] = { .name = "check partner",
		.summary = N_("try every server and address of an XMPP domain, for clients and "
			      "for servers"),
		.opts = partner_opts,
		.n_opts = COUNT(partner_opts),
		.argument = N_("DOMAIN"),
		.argument_offset = AT(name) },
	[PART_CONFIG] = { .name = "check config",
		.summary = CHECK_CONFIG_SUMMARY,
		.opts = check_config_opts,
		.n_opts = CHECK_CONFIG_OPTS },
};

static bool side_words(size_t i, const char **word, const char **what)
{
	if (i >= COUNT(parts))
		return false;
	*word = strchr(parts[i].name, ' ') + 1;
	*what = parts[i].summary;
	return true;
}

static const struct opt_command both = { .name = "check",
	.summary = N_("try every server of a pool or a partner, or check stox.yaml"),
	.argument_words = side_words,
	.section = 1 };

struct check {
	const struct opt_command *command;
	enum sweep_side side;
	struct values v;
	const struct report_check_format *format;
	struct sheet_style style;
	struct conf *conf;
	char *conf_path, *ca_path, *registrar;
	const struct conf_texts *domains; /* of the pool, or NULL */
	struct addr dns;
	struct pump *pump;
	struct sweeper sweeper;
};

/* ---- what the configuration adds ---- */

static void take(const char **to, const struct conf_text *from)
{
	if (!*to)
		*to = from->s;
}

static void take_ca(struct check *c, const struct conf_text *from)
{
	if (c->v.ca_file || !from->s)
		return;
	c->ca_path = config_path(c->conf_path, from->s);
	c->v.ca_file = c->ca_path ? c->ca_path : from->s;
}

static bool is_named(const struct check *c, const struct conf_text *name)
{
	return !c->v.name || strcasecmp(c->v.name, name->s) == 0;
}

static bool is_among(const struct check *c, const struct conf_texts *names)
{
	for (size_t i = 0; c->v.name && i < names->n; i++)
		if (is_named(c, &names->v[i]))
			return true;
	return false;
}

/* The option changes the port and nothing else. */
static void use_registrar(struct check *c, const struct conf_pool *p)
{
	if (c->v.server)
		return;
	if (c->v.registrar_port && p->registrar.s) {
		c->registrar = server_without_port(p->registrar.s);
		c->v.server = c->registrar;
		return;
	}
	take(&c->v.server, &p->registrar);
	if (!c->v.registrar_port)
		c->v.registrar_port = (unsigned)p->registrar_port.n;
}

static void use_pool(struct check *c)
{
	for (size_t i = 0; i < c->conf->n_pools; i++) {
		const struct conf_pool *p = &c->conf->pools[i];

		if (!is_named(c, &p->fqdn))
			continue;
		take(&c->v.name, &p->fqdn);
		use_registrar(c, p);
		c->domains = &p->domains;
		take_ca(c, &p->ca_file);
		return;
	}
}

/* The receiver's server is that of its own domain. */
static bool serves(const struct check *c, const struct conf_receiver *r)
{
	const char *at = r->at.line ? strrchr(r->address.s, '@') : NULL;

	return at && strcasecmp(at + 1, c->v.name) == 0;
}

static void use_partner(struct check *c)
{
	for (size_t i = 0; i < c->conf->n_partners; i++) {
		const struct conf_partner *p = &c->conf->partners[i];

		if (!is_named(c, &p->domain) && !is_among(c, &p->additional_domains))
			continue;
		take(&c->v.name, &p->domain);
		if (serves(c, &p->receiver))
			take(&c->v.server, &p->receiver.server);
		take(&c->v.peer_server, &p->server);
		take_ca(c, &p->ca_file);
		break;
	}
}

static int use_config(struct check *c)
{
	struct buf why;

	buf_init(&why, 1 << 16);
	int err = config_read(c->v.config, &c->conf, &c->conf_path, language_look_up, &why);
	if (err)
		opt_complain_lines(c->command, buf_cstr(&why));
	buf_done(&why);
	if (err || !c->conf)
		return err ? BAD : 0;
	if (c->side == SWEEP_POOL)
		use_pool(c);
	else
		use_partner(c);
	return 0;
}

/* ---- checks ---- */

static int refuse(const struct check *c, struct text why)
{
	opt_complain(c->command, why);
	return BAD;
}

static int find_format(struct check *c)
{
	const char *name = c->v.format ? c->v.format : report_check_formats[0].name;

	for (size_t i = 0; i < n_report_check_formats; i++)
		if (strcmp(name, report_check_formats[i].name) == 0)
			c->format = &report_check_formats[i];
	if (c->format)
		return 0;
	return refuse(c, TEXT(N_("unknown format `{1}`; there are {2}"), text_str(name),
				 text_str("text, json")));
}

static int check_values(struct check *c)
{
	enum terminal_colour when;

	if (c->v.timeout == 0 || c->v.row_timeout == 0)
		return refuse(c,
			TEXT_PLAIN(
				N_("`--timeout` and `--address-timeout` must be greater than 0")));
	if (c->v.dns && !test_read_dns(c->v.dns, &c->dns))
		return refuse(c, TEXT(N_("`--dns {1}`: give the IP address of a DNS server, such "
					 "as 127.0.0.1:53"),
					 text_str(c->v.dns)));
	if (c->v.registrar_port && server_names_port(slice_str(c->v.server)))
		return refuse(c, TEXT(N_("`--registrar {1}` names a port already: leave "
					 "--registrar-port out"),
					 text_str(c->v.server)));
	if (!terminal_colour_find(c->v.color, &when))
		return refuse(c, TEXT(N_("`--color {1}`: give auto, always or never"),
					 text_str(c->v.color)));
	c->style = terminal_style(stdout, when);
	return find_format(c);
}

/* ---- the run ---- */

static void drained(void *arg)
{
	struct check *c = arg;

	if (c->pump && sweeper_is_done(&c->sweeper))
		pump_stop(c->pump);
}

static int start(struct check *c)
{
	struct sweep_cfg cfg = { .side = c->side,
		.name = slice_str(c->v.name),
		.server = slice_str(c->v.server),
		.peer_server = slice_str(c->v.peer_server),
		.registrar_port = (uint16_t)c->v.registrar_port,
		.from = slice_str(c->v.from),
		.trust = c->v.ca_file ? TRUST_CHECK : TLS_TRUST_SYSTEM,
		.timeout = c->v.timeout,
		.row_timeout = c->v.row_timeout };
	struct text why;

	for (size_t i = 0; c->domains && i < c->domains->n && i < SWEEP_DOMAINS_MAX; i++)
		cfg.domains[cfg.n_domains++] = slice_str(c->domains->v[i].s);
	int status = sweeper_add(&c->sweeper, c->pump, &cfg, &why);
	if (status)
		opt_complain(c->command, why);
	return status;
}

static int report(struct check *c)
{
	char command[OPT_PROGRAM_MAX];
	struct buf b, options;
	c->sweeper.config = c->v.config;
	int status = sweeper_report(&c->sweeper, c->v.verbose, c->v.strict);

	buf_init(&b, REPORT_MAX);
	buf_init(&options, OPTIONS_MAX);
	opt_names(c->command, &options);
	const struct report_caller caller = { opt_program(c->command, command),
		buf_cstr(&options) };
	c->sweeper.checks[0].style = c->style;
	c->sweeper.checks[0].caller = &caller;
	int err = c->format->put(&b, &c->sweeper.checks[0]);
	fwrite(buf_slice(&b).p, 1, buf_len(&b), stdout);
	buf_done(&options);
	buf_done(&b);
	return err || fflush(stdout) ? NOT_HERE : status;
}

static int run(struct check *c)
{
	const struct pump_cfg cfg = { .dns = c->dns, .drained = drained, .arg = c };

	if (!c->v.name)
		return refuse(c, TEXT(N_("give a {1}, or name one in stox.yaml"),
					 text_id(c->command->argument)));
	int err = pump_new(&c->pump, &cfg);
	if (err) {
		opt_cannot_start(c->command, err);
		return NOT_HERE;
	}
	int status =
		c->v.ca_file ? test_load_ca(c->command, c->pump, TRUST_CHECK, c->v.ca_file) : 0;
	if (!status)
		status = start(c);
	if (status)
		return status;
	if (!sweeper_is_done(&c->sweeper) && pump_run(c->pump)) {
		opt_complain(c->command, TEXT_PLAIN(N_("the check could not be run here")));
		return NOT_HERE;
	}
	return report(c);
}

static int usage(FILE *to, int status)
{
	const struct text lines[] = {
		TEXT_PLAIN(N_("usage: stox check pool [options] [NAME]")),
		TEXT_PLAIN(N_("       stox check partner [options] [DOMAIN]")),
		TEXT_PLAIN(N_("       stox check config [options]")),
		TEXT_PLAIN(both.summary),
		TEXT_PLAIN(""),
		TEXT_PLAIN(N_("`stox check pool --help`, `stox check partner --help` and `stox "
			      "check config --help` list the options.")),
	};
	struct page p;

	page_begin(&p, to, PAGE_COLUMNS_IN_A_FILE);
	for (size_t i = 0; i < COUNT(lines); i++)
		page_say(&p, &lines[i], 0);
	page_end(&p);
	return status;
}

static bool find_side(const char *word, enum sweep_side *ret)
{
	for (*ret = SWEEP_POOL; *ret <= SWEEP_PARTNER; ++*ret)
		if (strcmp(word, sweep_side_name(*ret)) == 0)
			return true;
	return false;
}

static int cmd_check(int argc, char **argv)
{
	struct check c = { .v = { .timeout = SWEEPER_TIMEOUT,
				   .row_timeout = SWEEPER_ROW_TIMEOUT } };

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return usage(stdout, 0);
	if (argc < 2)
		return usage(stderr, BAD);
	if (strcmp(argv[1], "config") == 0)
		return check_config(&parts[PART_CONFIG], argc - 1, argv + 1);
	if (!find_side(argv[1], &c.side)) {
		opt_complain(&both,
			TEXT(N_("there is no `check {1}`: `pool`, `partner` or `config` comes "
				"first"),
				text_str(argv[1])));
		return usage(stderr, BAD);
	}
	c.command = &parts[c.side];
	enum opt_result r = opt_parse(c.command, argc - 1, argv + 1, &c.v);
	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : BAD;
	int status = check_values(&c);
	if (!status)
		status = use_config(&c);
	if (!status)
		status = run(&c);
	c.pump = pump_free(c.pump);
	sweeper_done(&c.sweeper);
	conf_free(c.conf);
	free(c.conf_path);
	free(c.ca_path);
	mem_free(c.registrar);
	return status;
}

const struct command command_check = {
	.opt = &both, .run = cmd_check, .parts = parts, .n_parts = COUNT(parts)
};

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/cmd_test.h"
#include "app/commands.h"
#include "app/files.h"
#include "app/sweeper.h"
#include "base/mem.h"

enum { TRUST_CHECK = 1, REPORT_MAX = 16 << 20, BAD = 2, NOT_HERE = 3 };

struct values {
	const char *name; /* the argument */
	const char *server, *from, *ca_file, *dns, *format, *config;
	unsigned registrar_port, verbose;
	bool strict;
	ts_t timeout, row_timeout;
};

#define AT(member) offsetof(struct values, member)
#define COMMON                                                                                     \
	{ "ca-file", 0, "FILE", OPT_TEXT, AT(ca_file), 0, 0,                                       \
		"trust these issuers, not the system's" },                                         \
		{ "dns", 0, "HOST[:PORT]", OPT_TEXT, AT(dns), 0, 0,                                \
			"ask this DNS server, not the system's" },                                 \
		{ "timeout", 0, "SECONDS", OPT_SECONDS, AT(timeout), 0, 3600,                      \
			"for everything (30)" },                                                   \
		{ "address-timeout", 0, "SECONDS", OPT_SECONDS, AT(row_timeout), 0, 3600,          \
			"for each address (5)" },                                                  \
		{ "strict", 0, NULL, OPT_FLAG, AT(strict), 0, 0,                                   \
			"a warning alone is exit status 1" },                                      \
		{ "format", 'f', "FORMAT", OPT_TEXT, AT(format), 0, 0, "text or json" },           \
		{ "config", 'c', "FILE", OPT_TEXT, AT(config), 0, 0, "the configuration" },        \
	{                                                                                          \
		"verbose", 'v', NULL, OPT_COUNT, AT(verbose), 0, 0,                                \
			"chains, answers of the DNS, likely causes"                                \
	}

static const struct opt pool_opts[] = {
	{ "registrar", 0, "URI", OPT_TEXT, AT(server), 0, 0,
		"where users sign in; else NAPTR and SRV" },
	{ "registrar-port", 0, "N", OPT_NUMBER, AT(registrar_port), 1, 65535,
		"TLS port of the pool" },
	COMMON,
};

static const struct opt partner_opts[] = {
	{ "server", 0, "HOST[:PORT]", OPT_TEXT, AT(server), 0, 0,
		"the XMPP server for clients; else SRV" },
	{ "from", 0, "DOMAIN", OPT_TEXT, AT(from), 0, 0,
		"in whose name servers are spoken to (" SWEEP_NOBODY ")" },
	COMMON,
};

static const struct opt_command commands[] = {
	[SWEEP_POOL] = { .name = "check pool",
		.summary = "Tries every server, address and transport of a SIP pool.",
		.opts = pool_opts,
		.n_opts = COUNT(pool_opts),
		.argument = "NAME",
		.argument_offset = AT(name) },
	[SWEEP_PARTNER] = { .name = "check partner",
		.summary = "Tries every server and address of an XMPP domain, for clients and for "
			   "servers.",
		.opts = partner_opts,
		.n_opts = COUNT(partner_opts),
		.argument = "DOMAIN",
		.argument_offset = AT(name) },
};

struct check {
	const struct opt_command *command;
	enum sweep_side side;
	struct values v;
	const struct report_check_format *format;
	struct conf *conf;
	char *conf_path, *ca_path;
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

static void use_pool(struct check *c)
{
	for (size_t i = 0; i < c->conf->n_pools; i++) {
		const struct conf_pool *p = &c->conf->pools[i];

		if (!is_named(c, &p->fqdn))
			continue;
		take(&c->v.name, &p->fqdn);
		if (!c->v.registrar_port)
			take(&c->v.server, &p->registrar);
		if (!c->v.registrar_port)
			c->v.registrar_port = (unsigned)p->registrar_port.n;
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
		take_ca(c, &p->ca_file);
		break;
	}
}

static int use_config(struct check *c)
{
	struct buf why;

	buf_init(&why, 1 << 16);
	int err = config_read(c->v.config, &c->conf, &c->conf_path, &why);
	if (err && !slice_ends(buf_slice(&why), SLICE("\n")))
		buf_putc(&why, '\n');
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

static int find_format(struct check *c)
{
	const char *name = c->v.format ? c->v.format : report_check_formats[0].name;

	for (size_t i = 0; i < n_report_check_formats; i++)
		if (strcmp(name, report_check_formats[i].name) == 0)
			c->format = &report_check_formats[i];
	if (c->format)
		return 0;
	opt_complain(c->command, "unknown format `%s`; there are text, json", name);
	return BAD;
}

static int check_values(struct check *c)
{
	if (c->v.timeout == 0 || c->v.row_timeout == 0) {
		opt_complain(c->command, "a time-out above 0 is wanted");
		return BAD;
	}
	if (c->v.dns && !test_read_dns(c->v.dns, &c->dns)) {
		opt_complain(c->command,
			"`--dns %s`: the address of a DNS server is wanted, such as 127.0.0.1:53",
			c->v.dns);
		return BAD;
	}
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
		.registrar_port = (uint16_t)c->v.registrar_port,
		.from = slice_str(c->v.from),
		.trust = c->v.ca_file ? TRUST_CHECK : 0,
		.timeout = c->v.timeout,
		.row_timeout = c->v.row_timeout };
	struct buf why;

	for (size_t i = 0; c->domains && i < c->domains->n && i < SWEEP_DOMAINS_MAX; i++)
		cfg.domains[cfg.n_domains++] = slice_str(c->domains->v[i].s);
	buf_init(&why, 8192);
	int status = sweeper_add(&c->sweeper, c->pump, &cfg, &why);
	if (status)
		opt_complain(c->command, "%s", buf_len(&why) ? buf_cstr(&why) : "out of memory");
	buf_done(&why);
	return status;
}

static int report(struct check *c)
{
	struct buf b;
	int status = sweeper_report(&c->sweeper, c->v.verbose, c->v.strict);

	buf_init(&b, REPORT_MAX);
	int err = c->format->put(&b, &c->sweeper.checks[0]);
	fwrite(buf_slice(&b).p, 1, buf_len(&b), stdout);
	buf_done(&b);
	return err || fflush(stdout) ? NOT_HERE : status;
}

static int run(struct check *c)
{
	const struct pump_cfg cfg = { .dns = c->dns, .drained = drained, .arg = c };

	if (!c->v.name) {
		opt_complain(
			c->command, "give a %s, or name one in stox.yaml", c->command->argument);
		return BAD;
	}
	if (pump_new(&c->pump, &cfg)) {
		opt_complain(c->command, "out of memory");
		return NOT_HERE;
	}
	int status =
		c->v.ca_file ? test_load_ca(c->command, c->pump, TRUST_CHECK, c->v.ca_file) : 0;
	if (!status)
		status = start(c);
	if (status)
		return status;
	if (!sweeper_is_done(&c->sweeper) && pump_run(c->pump)) {
		opt_complain(c->command, "the check could not be run here");
		return NOT_HERE;
	}
	return report(c);
}

static int usage(FILE *to, int status)
{
	fprintf(to, "usage: stox check pool [options] [NAME]\n"
		    "       stox check partner [options] [DOMAIN]\n"
		    "Tries every server, address and transport of one side, each alone.\n\n"
		    "`stox check pool --help` and `stox check partner --help` list the options.\n");
	return status;
}

static bool find_side(const char *word, enum sweep_side *ret)
{
	for (*ret = SWEEP_POOL; *ret <= SWEEP_PARTNER; ++*ret)
		if (strcmp(word, sweep_side_name(*ret)) == 0)
			return true;
	return false;
}

int cmd_check(int argc, char **argv)
{
	struct check c = { .v = { .timeout = SWEEPER_TIMEOUT,
				   .row_timeout = SWEEPER_ROW_TIMEOUT } };

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
		return usage(stdout, 0);
	if (argc < 2 || !find_side(argv[1], &c.side))
		return usage(stderr, BAD);
	c.command = &commands[c.side];
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
	return status;
}

/* `stox gateway`: the configuration into a gateway, in a pump until a signal. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/engine_file.h"
#include "app/file_out.h"
#include "app/files.h"
#include "app/language.h"
#include "app/log_out.h"
#include "app/pump.h"
#include "app/runner.h"
#include "base/mem.h"
#include "gateway/gateway.h"

struct values {
	const char *config;
	const char *trace_engine;
	unsigned verbose;
	bool check;
};

#define AT(member) offsetof(struct values, member)

static const struct opt opts[] = {
	{ "config", 'c', N_("FILE"), OPT_TEXT, AT(config), 0, 0, N_("the configuration"),
		.manual = "The configuration, see\n.Xr stox.yaml 5 ." },
	{ "check", 0, NULL, OPT_FLAG, AT(check), 0, 0,
		N_("check the configuration and its secrets, start nothing"),
		.manual = "Check the configuration and its secrets and start nothing." },
	{ "trace-engine", 0, N_("FILE"), OPT_TEXT, AT(trace_engine), 0, 0,
		N_("write there all that the engine is told and does"),
		.manual = "Write a line to\n.Ar FILE\nfor each thing that the gateway's engine is "
			  "told, sends or wants: for who looks for a fault in\n.Nm\nitself.\n"
			  "Of bytes it has the number, and the first line of SIP or the name of an "
			  "XML element:\nno body, no secret.\n"
			  "The file is new, for its owner only, and grows without a bound." },
	{ "verbose", 'v', NULL, OPT_COUNT, AT(verbose), 0, 0, N_("more log lines"),
		.manual = "More log lines." },
};

static const struct opt_command command = { .name = "gateway",
	.summary = N_("carry messages between SIP and XMPP"),
	.opts = opts,
	.n_opts = COUNT(opts),
	.section = 8 };

struct service {
	struct values v;
	struct conf *conf;
	char *conf_path;
	struct rng rng;
	struct partners *partners;
	struct gateway_cfg cfg;
	struct log_out *log; /* while it runs */
	struct gateway *gateway;
	struct pump *pump;
	struct engine_file *trace; /* NULL: none is wanted */
	char secret[SECRET_MAX + 1];
	int status;
};

/* ---- from the configuration ---- */

static int wrong(const struct service *s, const struct conf_text *t, const char *what)
{
	fprintf(stderr, "%s:%u:%u: ", s->conf_path, t->at.line, t->at.column);
	say(stderr, TEXT(N_("`{1}`: {2}"), text_str(t->s), text_id(what)));
	return 2;
}

static bool is_named(const struct conf_text *t, const char *prepared)
{
	char name[256];

	return jid_domain_unicode(slice_str(t->s), name, sizeof(name)) == 0 &&
	       strcmp(name, prepared) == 0;
}

static unsigned line_in(const struct conf_texts *list, const char *prepared)
{
	for (size_t i = 0; i < list->n; i++)
		if (is_named(&list->v[i], prepared))
			return list->v[i].at.line;
	return 0;
}

static unsigned first_line(const struct service *s, const char *prepared)
{
	unsigned line = 0;

	for (size_t i = 0; !line && i < s->conf->n_pools; i++)
		line = line_in(&s->conf->pools[i].domains, prepared);
	for (size_t i = 0; !line && i < s->conf->n_partners; i++) {
		const struct conf_partner *p = &s->conf->partners[i];

		line = is_named(&p->domain, prepared) ? p->domain.at.line
						      : line_in(&p->additional_domains, prepared);
	}
	return line;
}

/* What conf knows to be the same was refused there.  It does not know that a name in U-labels and
 * the one in A-labels (xn--bcher-kva.test) are one domain. */
static int wrong_domain(const struct service *s, const struct conf_text *t, int err)
{
	char name[256];

	if (err != -EEXIST || jid_domain_unicode(slice_str(t->s), name, sizeof(name)))
		return wrong(s, t, err_text(err));
	fprintf(stderr, "%s:%u:%u: ", s->conf_path, t->at.line, t->at.column);
	say(stderr, TEXT(N_("`{1}` is the same domain as one before it (line {2})"), text_str(t->s),
			    text_u64(first_line(s, name))));
	return 2;
}

static int add_own(struct service *s)
{
	for (size_t i = 0; i < s->conf->n_pools; i++) {
		const struct conf_texts *d = &s->conf->pools[i].domains;

		for (size_t k = 0; k < d->n; k++) {
			int err = partners_add_own(s->partners, slice_str(d->v[k].s));

			if (err)
				return wrong_domain(s, &d->v[k], err);
		}
	}
	return 0;
}

static int add_partner(struct service *s, const struct conf_partner *p)
{
	static const enum partner_type types[] = {
		[CONF_FEDERATED] = PARTNER_FEDERATED,
		[CONF_PUBLIC_VERIFIED] = PARTNER_PUBLIC_VERIFIED,
		[CONF_PUBLIC_UNVERIFIED] = PARTNER_PUBLIC_UNVERIFIED,
	};
	struct slice domain = slice_str(p->domain.s);
	int err = partners_add(s->partners, domain, types[p->type.value]);

	if (err)
		return wrong_domain(s, &p->domain, err);
	for (size_t i = 0; i < p->additional_domains.n; i++) {
		const struct conf_text *t = &p->additional_domains.v[i];

		err = partners_add_domain(s->partners, domain, slice_str(t->s));
		if (err)
			return wrong_domain(s, t, err);
	}
	return 0;
}

static int fill_partners(struct service *s)
{
	int status = partners_new(&s->partners) ? 3 : add_own(s);

	for (size_t i = 0; !status && i < s->conf->n_partners; i++)
		status = add_partner(s, &s->conf->partners[i]);
	return status;
}

/* udp:127.0.0.1:5070 */
static int fill_listens(struct service *s, const struct conf_texts *list)
{
	for (size_t i = 0; i < list->n; i++) {
		struct slice rest = slice_str(list->v[i].s), transport = slice_split(&rest, ':');
		struct gateway_listen *l = &s->cfg.listens[s->cfg.n_listens];

		if (s->cfg.n_listens == GATEWAY_LISTENERS_MAX)
			return wrong(s, &list->v[i], N_("too many listeners"));
		if (!transport_find(transport, &l->transport) || !addr_decode(rest, &l->addr))
			return wrong(s, &list->v[i], N_("udp:IP:PORT or tcp:IP:PORT is wanted"));
		addr_unmap(&l->addr);
		s->cfg.n_listens++;
	}
	return 0;
}

static int fill_trusted(struct service *s, const struct conf_texts *list)
{
	for (size_t i = 0; i < list->n; i++) {
		if (s->cfg.n_trusted == GATEWAY_TRUSTED_MAX)
			return wrong(s, &list->v[i], N_("too many trusted peers"));
		if (!addr_decode_ip(slice_str(list->v[i].s), &s->cfg.trusted[s->cfg.n_trusted]))
			return wrong(s, &list->v[i], N_("an IP address is wanted"));
		addr_unmap(&s->cfg.trusted[s->cfg.n_trusted]);
		s->cfg.n_trusted++;
	}
	return 0;
}

static int read_secret(struct service *s, struct text *why)
{
	char *path = config_path(s->conf_path, s->conf->gateway.xmpp.component.secret_file.s);
	int err = path ? secret_read(path, s->secret, why) : -ENOMEM;

	if (!path)
		*why = TEXT_PLAIN(err_text(err));
	free(path);
	return err;
}

static int fill_component(struct service *s, const struct conf_component *c)
{
	struct slice server = slice_str(c->server.s);
	size_t colon = server.n;
	uint64_t port;
	struct text why;

	while (colon > 0 && server.p[colon - 1] != ':')
		colon--;
	struct slice host = slice_cut(server, 0, colon ? colon - 1 : 0);
	if (host.n > 2 && host.p[0] == '[')
		host = slice_cut(host, 1, host.n - 1);
	if (!slice_u64(slice_skip(server, colon), UINT16_MAX, &port) ||
		!slice_cstr(host, s->cfg.server_host, sizeof(s->cfg.server_host)))
		return wrong(s, &c->server, N_("HOST:PORT is wanted"));
	s->cfg.server_port = (uint16_t)port;
	if (!slice_cstr(slice_str(c->name.s), s->cfg.component_name, sizeof(s->cfg.component_name)))
		return wrong(s, &c->name, N_("too long"));
	int err = read_secret(s, &why);
	if (err)
		opt_complain(&command, why);
	s->cfg.component_secret = slice_str(s->secret);
	return err ? 2 : 0;
}

static int fill_cfg(struct service *s)
{
	const struct conf_gateway *g = &s->conf->gateway;

	if (!g->at.line) {
		opt_complain(&command, TEXT(N_("{1} has no `gateway`"), text_str(s->conf_path)));
		return 2;
	}
	int status = fill_partners(s);
	if (!status)
		status = fill_listens(s, &g->sip.listen);
	if (!status)
		status = fill_trusted(s, &g->sip.trusted_peers);
	if (!status &&
		!slice_cstr(slice_str(g->sip.next_hop.s), s->cfg.next_hop, sizeof(s->cfg.next_hop)))
		status = wrong(s, &g->sip.next_hop, N_("too long"));
	if (!status)
		status = fill_component(s, &g->xmpp.component);
	s->cfg.partners = s->partners;
	s->cfg.transactions_max = (size_t)g->sip.transactions_max.n;
	s->cfg.options = g->sip.options.value == CONF_OPTIONS_ALIVE ? GATEWAY_OPTIONS_ALIVE
								    : GATEWAY_OPTIONS_HEALTH;
	s->cfg.settle = TS_MS(g->xmpp.settle.n);
	s->cfg.refuses_unproven = g->xmpp.unproven.value == CONF_REFUSE;
	return status;
}

static int read_config(struct service *s)
{
	struct buf why;

	buf_init(&why, 1 << 16);
	int err = config_read(s->v.config, &s->conf, &s->conf_path, &why);
	if (err)
		fprintf(stderr, "%s%s", buf_cstr(&why),
			slice_ends(buf_slice(&why), SLICE("\n")) ? "" : "\n");
	else if (!s->conf)
		opt_complain(&command, TEXT_PLAIN(N_("no configuration: give --config FILE, or "
						     "write /etc/stox/stox.yaml")));
	buf_done(&why);
	return err || !s->conf ? 2 : fill_cfg(s);
}

/* With --check, too, so that what is refused at the start is refused by the check: an engine opens
 * nothing.  All else that it could refuse has been seen by then. */
static int make_gateway(struct service *s, ts_t now)
{
	runner_seed(&s->rng);
	int err = gateway_new(&s->gateway, &s->cfg, &s->rng, now);
	if (err == -ENOMEM) {
		opt_complain(&command, TEXT_PLAIN(err_text(err)));
		return 3;
	}
	return err ? wrong(s, &s->conf->gateway.sip.next_hop, err_text(err)) : 0;
}

/* ---- the run ---- */

/* systemd reads the level from a prefix: sd-daemon(3). */
static const char *level_prefix(enum log_level level)
{
	static const struct {
		const char *journal, *people;
	} prefixes[] = {
		[LOG_LEVEL_ERROR] = { "<3>", "error: " },
		[LOG_LEVEL_WARNING] = { "<4>", "warning: " },
		[LOG_LEVEL_INFO] = { "<6>", "info: " },
		[LOG_LEVEL_DEBUG] = { "<7>", "debug: " },
	};

	return getenv("JOURNAL_STREAM") ? prefixes[level].journal : prefixes[level].people;
}

static void log_line(const struct service *s, enum log_level level, const char *line)
{
	if (level != LOG_LEVEL_DEBUG || s->v.verbose)
		log_out_line(s->log, slice_str(level_prefix(level)), slice_str(line));
}

static void log_text(const struct service *s, enum log_level level, const struct text *t)
{
	struct buf line;

	buf_init(&line, 8192);
	text_put(&line, t, NULL); /* logs are English */
	log_line(s, level, buf_cstr(&line));
	buf_done(&line);
}

/* The stream is down: the next one takes the secret as its file has it then. */
static void read_secret_again(struct service *s)
{
	struct text why;

	if (read_secret(s, &why) == 0) {
		(void)gateway_set_secret(s->gateway, slice_str(s->secret)); /* else the old one */
		return;
	}
	log_text(s, LOG_LEVEL_WARNING, &why);
}

static void drained(void *arg)
{
	struct service *s = arg;
	struct gateway_event ev;
	struct text why;

	if (s->trace && engine_file_take_error(s->trace, &why))
		log_text(s, LOG_LEVEL_WARNING, &why);
	while (s->gateway && gateway_take_event(s->gateway, &ev)) {
		log_line(s, ev.level, ev.log);
		if (ev.type == GATEWAY_EV_DOWN)
			read_secret_again(s);
		if (ev.type == GATEWAY_EV_FAILED)
			s->status = 3;
		if (ev.type == GATEWAY_EV_FAILED || ev.type == GATEWAY_EV_STOPPED)
			pump_stop(s->pump);
	}
}

/* With --check, too: whether it could be written. */
static int open_trace(struct service *s)
{
	const char *path = s->v.trace_engine;
	struct text why = { 0 };
	int err = 0;

	if (path)
		err = s->v.check ? file_out_check(path, &why)
				 : engine_file_new(&s->trace, path, &why);
	if (err)
		opt_complain(&command, language_around("--trace-engine {1}", why));
	return err ? 2 : 0;
}

static int run(struct service *s)
{
	const struct pump_cfg cfg = { .drained = drained, .arg = s };

	int err = pump_new(&s->pump, &cfg);
	if (!err)
		err = log_out_new(&s->log, STDERR_FILENO, level_prefix(LOG_LEVEL_WARNING));
	if (err) {
		opt_cannot_start(&command, err);
		return 3;
	}
	int status = make_gateway(s, pump_now(s->pump));
	if (status)
		return status;
	struct engine e = gateway_engine(s->gateway);
	if (s->trace)
		e = engine_file_trace(s->trace, e, pump_now(s->pump));
	if (pump_add(s->pump, e) || s->status || pump_run(s->pump))
		return 3;
	return s->status;
}

static int cmd_gateway(int argc, char **argv)
{
	struct service s = { 0 };
	enum opt_result r = opt_parse(&command, argc, argv, &s.v);

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	int status = read_config(&s);
	if (!status)
		status = open_trace(&s);
	if (!status)
		status = s.v.check ? make_gateway(&s, 0) : run(&s);
	s.pump = pump_free(s.pump);
	s.log = log_out_free(s.log);
	engine_file_free(s.trace);
	gateway_free(s.gateway);
	partners_free(s.partners);
	conf_free(s.conf);
	free(s.conf_path);
	mem_wipe(s.secret, sizeof(s.secret));
	return status;
}

const struct command command_gateway = { .opt = &command, .run = cmd_gateway };

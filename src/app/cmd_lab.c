#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/commands.h"
#include "app/lab_files.h"
#include "app/opt.h"
#include "app/runner.h"
#include "base/mem.h"
#include "gateway/gateway.h"
#include "lab/lab.h"
#include "net/authority.h"
#include "net/sock.h"

enum {
	TRUST_LAB = 1,
	DAY = 86400,
	LIFE = 90 * DAY, /* of a certificate: long enough that no test warns of its end */
	PASSWORD = 16,   /* 80 bits: nobody else on this machine signs in */
	PEM_MAX = 64 << 10,
};

struct values {
	const char *write_config, *fault, *format;
	unsigned sip_port, sip_tls_port, xmpp_port, component_port, gateway_port, verbose, count;
	bool test, list_faults;
	ts_t timeout;
};

#define AT(member) offsetof(struct values, member)

static const struct opt opts[] = {
	{ "test", 't', NULL, OPT_FLAG, AT(test), 0, 0,
		"run the test against this lab and exit with its status" },
	{ "fault", 'f', "NAME", OPT_TEXT, AT(fault), 0, 0, "inject a fault" },
	{ "list-faults", 0, NULL, OPT_FLAG, AT(list_faults), 0, 0,
		"list the faults and what a test says of them" },
	{ "write-config", 'w', "DIR", OPT_TEXT, AT(write_config), 0, 0,
		"leave stox.yaml and its secrets in DIR" },
	{ "sip-port", 0, "N", OPT_NUMBER, AT(sip_port), 1, 65535,
		"of the pool, UDP and TCP (a free one)" },
	{ "sip-tls-port", 0, "N", OPT_NUMBER, AT(sip_tls_port), 1, 65535,
		"of the pool, TLS (a free one)" },
	{ "xmpp-port", 0, "N", OPT_NUMBER, AT(xmpp_port), 1, 65535,
		"of the partner's clients (a free one)" },
	{ "component-port", 0, "N", OPT_NUMBER, AT(component_port), 1, 65535,
		"of its components (a free one)" },
	{ "gateway-port", 0, "N", OPT_NUMBER, AT(gateway_port), 1, 65535,
		"of the gateway, UDP and TCP (a free one)" },
	{ "timeout", 0, "SECONDS", OPT_SECONDS, AT(timeout), 1, 3600,
		"of --test (10; 2 with a fault)" },
	{ "count", 'n', "N", OPT_NUMBER, AT(count), 1, 1000000, "round trips of --test (1)" },
	{ "format", 0, "FORMAT", OPT_TEXT, AT(format), 0, 0, "of --test: text or json" },
	{ "verbose", 'v', NULL, OPT_COUNT, AT(verbose), 0, 0,
		"with --test as for stox test; else log lines" },
};

static const struct opt_command command = { .name = "lab",
	.summary = "A pool, a gateway and an XMPP partner on loopback, with faults to inject.",
	.opts = opts,
	.n_opts = COUNT(opts) };

struct bench {
	struct values v;
	enum lab_fault fault;
	struct rng rng;
	struct pump *pump;
	struct authority *authority;
	struct buf ca;
	struct lab_cfg lab_cfg;
	struct lab *lab;
	struct partners *partners;
	struct gateway_cfg gateway_cfg;
	struct gateway *gateway;
	struct addr at[LAB_LISTEN_COUNT], gateway_at;
	struct lab_files files;
	struct runner runner;
	bool lab_ready, gateway_ready, told, testing;
	int status;
};

/* ---- certificates ---- */

static int add_identity(struct bench *b, unsigned number, const char *names, long from_s, long to_s)
{
	struct buf pem;

	buf_init(&pem, PEM_MAX);
	int err = authority_put_identity(b->authority, names, from_s, to_s, &pem);
	if (!err)
		err = trust_add_identity(pump_trust(b->pump), number, buf_slice(&pem));
	buf_done(&pem);
	return err;
}

static int make_certificates(struct bench *b)
{
	const bool expired = b->fault == LAB_FAULT_EXPIRED_CERTIFICATE;
	const bool wrong_name = b->fault == LAB_FAULT_WRONG_NAME_CERTIFICATE;

	int err = authority_new(&b->authority);
	if (!err)
		err = authority_put_ca(b->authority, &b->ca);
	if (!err)
		err = trust_add_ca(pump_trust(b->pump), TRUST_LAB, buf_slice(&b->ca));
	if (!err)
		err = add_identity(b, LAB_IDENTITY_POOL,
			wrong_name ? "other.litware.test" : LAB_POOL_FQDN "," LAB_POOL_DOMAIN,
			expired ? -10 * DAY : -DAY, expired ? -DAY : LIFE);
	if (!err)
		err = add_identity(b, LAB_IDENTITY_PARTNER, LAB_PARTNER_DOMAIN "," LAB_PARTNER_FQDN,
			-DAY, LIFE);
	return err;
}

/* ---- the lab ---- */

static struct addr loopback(unsigned port)
{
	return (struct addr){ .family = 4, .port = (uint16_t)port, .ip = { 127, 0, 0, 1 } };
}

static void add_user(struct bench *b, struct lab_user *list, unsigned *n, const char *address)
{
	struct lab_user *u = &list[(*n)++];

	snprintf(u->address, sizeof(u->address), "%s", address);
	rng_token(&b->rng, u->password, PASSWORD);
}

static int start_lab(struct bench *b)
{
	struct lab_cfg *c = &b->lab_cfg;

	add_user(b, c->sip_users, &c->n_sip_users, "pilar@" LAB_POOL_DOMAIN);
	add_user(b, c->sip_users, &c->n_sip_users, "kenmyer@" LAB_POOL_DOMAIN);
	add_user(b, c->xmpp_users, &c->n_xmpp_users, "adelany@" LAB_PARTNER_DOMAIN);
	c->sip_udp = loopback(b->v.sip_port);
	c->sip_tcp = loopback(b->v.sip_port);
	c->sip_tls = loopback(b->v.sip_tls_port);
	c->xmpp_client = loopback(b->v.xmpp_port);
	c->xmpp_component = loopback(b->v.component_port);
	snprintf(c->component_name, sizeof(c->component_name), "%s", LAB_POOL_DOMAIN);
	rng_token(&b->rng, c->component_secret, PASSWORD);
	c->gateway_transport = TRANSPORT_UDP;
	c->fault = b->fault;
	int err = lab_new(&b->lab, c, &b->rng, pump_now(b->pump));
	return err ? err : pump_add(b->pump, lab_engine(b->lab));
}

/* A port on which nothing listens: the kernel gave it, and it was closed again. */
static struct addr dead_end(void)
{
	struct addr a = loopback(0);
	int fd = sock_open(&a, SOCK_DGRAM);

	if (fd < 0)
		return loopback(9);
	sock_bind(fd, &a);
	sock_local(fd, &a);
	close(fd);
	return a;
}

static int fill_partners(struct bench *b)
{
	int err = partners_new(&b->partners);

	if (!err)
		err = partners_add_own(b->partners, SLICE(LAB_POOL_DOMAIN));
	if (!err && b->fault != LAB_FAULT_PARTNER_NOT_ALLOWED)
		err = partners_add(b->partners, SLICE(LAB_PARTNER_DOMAIN), PARTNER_FEDERATED);
	return err;
}

static int start_gateway(struct bench *b)
{
	struct gateway_cfg *g = &b->gateway_cfg;
	char hop[ADDR_TEXT_MAX];

	int err = fill_partners(b);
	if (err)
		return err;
	g->partners = b->partners;
	g->listens[0] = (struct gateway_listen){ TRANSPORT_UDP, loopback(b->v.gateway_port) };
	g->listens[1] = (struct gateway_listen){ TRANSPORT_TCP, loopback(b->v.gateway_port) };
	g->n_listens = b->v.gateway_port ? 2 : 1;
	g->trusted[g->n_trusted++] = loopback(0);
	snprintf(g->next_hop, sizeof(g->next_hop), "sip:%s;transport=udp",
		addr_text(&b->at[LAB_LISTEN_SIP_UDP], hop));
	snprintf(g->component_name, sizeof(g->component_name), "%s", LAB_POOL_DOMAIN);
	snprintf(g->server_host, sizeof(g->server_host), "127.0.0.1");
	g->server_port = b->at[LAB_LISTEN_XMPP_COMPONENT].port;
	g->component_secret = slice_str(b->lab_cfg.component_secret);
	err = gateway_new(&b->gateway, g, &b->rng, pump_now(b->pump));
	return err ? err : pump_add(b->pump, gateway_engine(b->gateway));
}

/* ---- what it is and how to use it ---- */

static void print_table(const struct bench *b)
{
	static const struct {
		enum lab_listener what;
		const char *name;
	} rows[] = {
		{ LAB_LISTEN_SIP_UDP, "pool " LAB_POOL_FQDN ", SIP over UDP" },
		{ LAB_LISTEN_SIP_TCP, "pool, SIP over TCP" },
		{ LAB_LISTEN_SIP_TLS, "pool, SIP over TLS" },
		{ LAB_LISTEN_XMPP_CLIENT, "partner " LAB_PARTNER_DOMAIN ", XMPP clients" },
		{ LAB_LISTEN_XMPP_COMPONENT, "partner, XMPP components" },
	};
	char text[ADDR_TEXT_MAX];

	for (size_t i = 0; i < COUNT(rows); i++)
		printf("%-22s %s\n", addr_text(&b->at[rows[i].what], text), rows[i].name);
	printf("%-22s %s\n", addr_text(&b->gateway_at, text), "gateway, SIP over UDP");
	printf("\nSIP users: pilar, kenmyer @" LAB_POOL_DOMAIN
	       "; XMPP user: adelany@" LAB_PARTNER_DOMAIN "\n");
	if (b->fault)
		printf("Fault: %s (%s)\n", lab_fault_info(b->fault)->name,
			lab_fault_info(b->fault)->does);
	printf("\n  stox test --config %s/stox.yaml\n\nCtrl-C ends the lab.\n", b->files.dir);
	fflush(stdout);
}

static int start_test(struct bench *b)
{
	char registrar[128], server[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX];
	struct buf why;

	snprintf(registrar, sizeof(registrar), "sip:%s;transport=tls",
		addr_text(&b->at[LAB_LISTEN_SIP_TLS], text));
	addr_text(&b->at[LAB_LISTEN_XMPP_CLIENT], server);
	const struct probe_cfg cfg = {
		.target_fqdn = SLICE(LAB_POOL_FQDN),
		.user = slice_str(b->lab_cfg.sip_users[0].address),
		.password = slice_str(b->lab_cfg.sip_users[0].password),
		.registrar = slice_str(registrar),
		.receiver = slice_str(b->lab_cfg.xmpp_users[0].address),
		.has_receiver_password = true,
		.receiver_password = slice_str(b->lab_cfg.xmpp_users[0].password),
		.receiver_server = slice_str(server),
		.sip_trust = TRUST_LAB,
		.xmpp_trust = TRUST_LAB,
		.timeout = b->v.timeout ? b->v.timeout : TS_S(b->fault ? 2 : 10),
		.count = b->v.count,
	};
	b->testing = true;
	buf_init(&why, 4096);
	int status = runner_start(&b->runner, b->pump, &cfg, &why);
	if (status)
		opt_complain(&command, "%s", buf_cstr(&why));
	buf_done(&why);
	return status;
}

static int write_files(struct bench *b)
{
	struct lab_files_cfg cfg = { .dir = b->v.write_config,
		.lab = &b->lab_cfg,
		.ca = buf_slice(&b->ca),
		.at = b->at,
		.gateway = &b->gateway_at,
		.partner_allowed = b->fault != LAB_FAULT_PARTNER_NOT_ALLOWED };

	return lab_files_write(&b->files, &cfg);
}

static void give_up(struct bench *b, int status)
{
	b->status = status;
	pump_stop(b->pump);
}

/* Everything that was asked for is up. */
static void all_ready(struct bench *b)
{
	int status = 0;

	b->told = true;
	if (!b->v.test || b->v.write_config) {
		if (write_files(b)) {
			give_up(b, 2);
			return;
		}
	}
	if (b->v.test)
		status = start_test(b);
	else
		print_table(b);
	if (status)
		give_up(b, status);
}

/* ---- events ---- */

static void log_line(const struct bench *b, enum log_level level, const char *line)
{
	if (level <= LOG_LEVEL_WARNING || (!b->v.test && b->v.verbose))
		fprintf(stderr, "%s: %s\n", log_level_name(level), line);
}

static void lab_ready(struct bench *b)
{
	b->lab_ready = true;
	if (b->fault == LAB_FAULT_GATEWAY_DOWN) {
		b->gateway_at = dead_end();
		lab_set_gateway(b->lab, &b->gateway_at);
		b->gateway_ready = true;
	} else if (start_gateway(b)) {
		give_up(b, 3);
	}
}

static void take_lab_events(struct bench *b)
{
	struct lab_event ev;

	while (b->lab && lab_take_event(b->lab, &ev)) {
		switch (ev.type) {
		case LAB_EV_LISTENING: b->at[ev.what] = ev.addr; break;
		case LAB_EV_READY: lab_ready(b); break;
		case LAB_EV_FAILED:
			opt_complain(&command, "%s", ev.log);
			give_up(b, 3);
			break;
		case LAB_EV_LOG: log_line(b, ev.level, ev.log); break;
		}
	}
}

static void take_gateway_events(struct bench *b)
{
	struct gateway_event ev;

	while (b->gateway && gateway_take_event(b->gateway, &ev)) {
		if (ev.type == GATEWAY_EV_LISTENING && ev.transport == TRANSPORT_UDP) {
			b->gateway_at = ev.addr;
			lab_set_gateway(b->lab, &ev.addr);
		}
		b->gateway_ready |= ev.type == GATEWAY_EV_UP;
		if (ev.type == GATEWAY_EV_FAILED)
			give_up(b, 3);
		log_line(b, ev.level, ev.log);
	}
}

static void drained(void *arg)
{
	struct bench *b = arg;

	take_lab_events(b);
	take_gateway_events(b);
	if (b->testing && runner_drained(&b->runner))
		pump_stop(b->pump);
	if (!b->testing && b->pump && pump_was_interrupted(b->pump))
		pump_stop(b->pump);
	if (b->lab_ready && b->gateway_ready && !b->told)
		all_ready(b);
}

/* ---- life ---- */

static int list_faults(void)
{
	for (unsigned i = LAB_FAULT_NONE + 1; i < LAB_FAULT_COUNT; i++) {
		const struct lab_fault_info *f = lab_fault_info((enum lab_fault)i);

		printf("%-24s %s\n%-24s   -> %s in %s\n", f->name, f->does, "", f->reason,
			f->phase);
	}
	return 0;
}

static int check(struct bench *b)
{
	if (b->v.fault && !lab_fault_find(slice_str(b->v.fault), &b->fault)) {
		opt_complain(&command, "unknown fault `%s`; `stox lab --list-faults` lists them",
			b->v.fault);
		return 2;
	}
	b->runner.format = runner_format(&command, b->v.format);
	if (!b->runner.format)
		return 2;
	b->runner.verbosity = b->v.verbose;
	return 0;
}

static int run(struct bench *b)
{
	const struct pump_cfg cfg = { .drained = drained, .arg = b };

	runner_seed(&b->rng);
	buf_init(&b->ca, PEM_MAX);
	if (pump_new(&b->pump, &cfg) || make_certificates(b) || start_lab(b)) {
		opt_complain(&command, "the lab cannot start: out of memory");
		return 3;
	}
	if (!b->status && pump_run(b->pump))
		return 3;
	if (b->status || !b->testing || !b->runner.probe)
		return b->status;
	return runner_report(&b->runner);
}

int cmd_lab(int argc, char **argv)
{
	struct bench b = { .v = { .count = 1 } };
	enum opt_result r = opt_parse(&command, argc, argv, &b.v);

	if (r != OPT_OK)
		return r == OPT_HELP ? 0 : 2;
	if (b.v.list_faults)
		return list_faults();
	int status = check(&b);
	if (!status)
		status = run(&b);
	b.pump = pump_free(b.pump);
	runner_done(&b.runner);
	gateway_free(b.gateway);
	lab_free(b.lab);
	partners_free(b.partners);
	authority_free(b.authority);
	buf_done(&b.ca);
	lab_files_done(&b.files, b.v.write_config != NULL);
	mem_wipe(&b.lab_cfg, sizeof(b.lab_cfg));
	return status;
}

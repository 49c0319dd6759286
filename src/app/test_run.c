/* One test: what the options and the configuration say together becomes a probe, and its result. */
#include <stdlib.h>
#include <string.h>

#include "app/file_in.h"
#include "app/test_private.h"
#include "base/mem.h"
#include "probe/mask.h"
#include "probe/server.h"

enum { TRUST_SIP = 1, TRUST_XMPP = 2, PEM_MAX = 4 << 20 };

/* ---- checks ---- */

/* For programs a secret that cannot be used is a result, as all that follows. */
static int read_secret(
	struct test *t, const char *path, char ret[SECRET_MAX + 1], enum probe_phase phase)
{
	const struct probe_cfg cfg = { .target_fqdn = slice_str(t->v.target),
		.user = slice_str(t->v.user),
		.receiver = slice_str(t->v.receiver) };
	struct text why;

	if (!path || secret_read(path, t->conf ? t->conf->secrets_group.s : NULL, ret, &why) == 0)
		return 0;
	if (outputs_are_for_programs(&t->runner.outputs))
		return runner_refuse(&t->runner, &cfg, REASON_LOCAL_SECRET, phase, &why);
	return test_refuse(t, why);
}

/* An address and a port, 53 when there is none: the name of a DNS server would have to be asked
 * of one. */
bool test_read_dns(const char *text, struct addr *ret)
{
	enum { DNS_PORT = 53 };
	const struct slice s = slice_str(text);

	if (addr_decode_ip(s, ret)) {
		ret->port = DNS_PORT;
		return true;
	}
	return addr_decode(s, ret) && ret->port > 0;
}

static int check_accepts(struct test *t)
{
	struct buf known;

	for (unsigned i = 0; i < t->v.accepts.n; i++) {
		const char *name = t->v.accepts.items[i];

		if (test_accept(t, SIDES, name))
			continue;
		buf_init(&known, 1024);
		test_put_warnings(&known);
		test_refuse(t, TEXT(N_("`--accept {1}`: there is no such warning; there are {2}"),
				       text_str(name), text_slice(buf_slice(&known))));
		buf_done(&known);
		return 2;
	}
	return 0;
}

static int check_values(struct test *t)
{
	const struct test_values *v = &t->v;
	const struct output_options options = { .format = v->format,
		.colour = v->color,
		.list = &v->outputs,
		.write_out = v->write_out,
		.warning = v->warning,
		.critical = v->critical,
		.max_latency = v->max_latency,
		.timeout = v->timeout };

	if (v->timeout == 0)
		return test_refuse(t, TEXT_PLAIN(N_("`--timeout` must be greater than 0")));
	if (v->dns && !test_read_dns(v->dns, &t->dns))
		return test_refuse(t, TEXT(N_("`--dns {1}`: give the IP address of a DNS server, "
					      "such as 127.0.0.1:53"),
					      text_str(v->dns)));
	if (v->registrar_port && server_names_port(slice_str(v->registrar)))
		return test_refuse(t, TEXT(N_("`--registrar {1}` names a port already: leave "
					      "--registrar-port out"),
					      text_str(v->registrar)));
	if (v->ipv4 && v->ipv6)
		return test_refuse(t, TEXT_PLAIN(N_("-4 and -6 exclude each other")));
	if (v->direction && !probe_direction_find(slice_str(v->direction), &t->direction))
		return test_refuse(t, TEXT(N_("`--direction {1}`: it is `to`, where the SIP user "
					      "writes first, or `from`, where the XMPP user does"),
					      text_str(v->direction)));
	if (check_accepts(t))
		return 2;
	t->runner.verbosity = v->verbose;
	t->runner.config = t->sweeper.config = v->config;
	t->runner.traces = (struct traces){ .command = &t->command,
		.named = &v->traces,
		.bodies = v->trace_bodies,
		.keep = !v->no_trace };
	const int status = outputs_plan(&t->runner.outputs, &t->command, &options);
	return status ? status : traces_check(&t->runner.traces, &t->runner.outputs);
}

static int refuse_without_password(struct test *t, const char *user)
{
	struct buf shown; /* it may be there, where it is of no use */

	buf_init(&shown, strlen(user) + sizeof(":***"));
	mask_address(&shown, slice_str(user));
	const struct text why = TEXT(N_("no password for the test user `{1}`: give "
					"--password-file, or the user's password_file in "
					"stox.yaml"),
		text_slice(buf_slice(&shown)));
	buf_done(&shown);
	return test_refuse(t, why);
}

/* What the options and the configuration say together. */
static int check(struct test *t)
{
	const struct test_values *v = &t->v;
	char host[256];
	uint16_t port = 0;

	const bool is_named = v->user && v->target && v->receiver;
	const bool is_foreign = v->target && !t->knows_pool && !(is_named && v->password_file);
	if (t->conf ? is_foreign : !is_named)
		return test_refuse_pool(t);
	if (!v->user)
		return test_refuse(t,
			TEXT_PLAIN(N_("no test user: it is not known which user to log on as; give "
				      "--user and --password-file, or add test_users to the pool "
				      "in stox.yaml")));
	if (!v->password_file)
		return refuse_without_password(t, v->user);
	if (!v->target || !v->receiver)
		return test_refuse(t, TEXT(N_("give --{1}, or name it in stox.yaml"),
					      text_str(v->target ? "receiver" : "target")));
	if (!server_read(slice_str(v->target), host, &port) || port)
		return test_refuse(t, TEXT(N_("the target `{1}` is not the name of a host"),
					      text_str(v->target)));
	int status = read_secret(t, v->password_file, t->password, PHASE_SIP_REGISTER);
	return status ? status
		      : read_secret(t, v->receiver_password_file, t->receiver_password,
				PHASE_XMPP_AUTH);
}

int test_load_ca(
	const struct opt_command *cmd, struct pump *pump, unsigned number, const char *path)
{
	struct text why;
	struct buf pem;

	buf_init(&pem, PEM_MAX + 8192);
	int err = file_in_read(path, PEM_MAX, &pem, &why);
	if (!err && trust_add_ca(pump_trust(pump), number, buf_slice(&pem))) {
		why = TEXT(N_("{1}: there is no certificate in it"), text_str(path));
		err = ERR_CONFIG;
	}
	buf_done(&pem);
	if (err)
		opt_complain(cmd, why);
	return err ? 2 : 0;
}

/* ---- the run ---- */

static void drained(void *arg)
{
	struct test *t = arg;

	if (t->pump && runner_drained(&t->runner) && sweeper_is_done(&t->sweeper))
		pump_stop(t->pump);
}

static struct slice text(const char *s)
{
	return slice_str(s);
}

static int start(struct test *t)
{
	const struct test_values *v = &t->v;
	const struct probe_cfg cfg = {
		.target_fqdn = text(v->target),
		.user = text(v->user),
		.auth_user = text(v->auth_user),
		.password = text(t->password),
		.registrar = text(v->registrar),
		.registrar_port = (uint16_t)v->registrar_port,
		.receiver = text(v->receiver),
		.direction = t->direction,
		.has_receiver_password = v->receiver_password_file != NULL,
		.receiver_password = text(t->receiver_password),
		.receiver_server = text(v->receiver_server),
		.sip_trust = t->sip_trust,
		.xmpp_trust = t->xmpp_trust,
		.timeout = v->timeout,
		.count = v->count,
		.interval = v->interval,
		.settle = v->settle,
		.accept = { t->accept[SIDE_SIP], t->accept[SIDE_XMPP] },
		.family = v->ipv4   ? 4
			  : v->ipv6 ? 6
				    : 0,
	};
	struct text why;
	int status = runner_start(&t->runner, t->pump, &cfg, &why);

	if (status)
		opt_complain(&t->command, why);
	return status;
}

static bool same_file(const char *a, const char *b)
{
	return a && strcmp(a, b) == 0;
}

static int load_trust(struct test *t)
{
	if (t->v.ca_file)
		t->sip_ca = t->xmpp_ca = t->v.ca_file;
	/* A context costs a tenth of a test: issuers that both sides share are loaded once. */
	t->sip_trust = t->sip_ca ? TRUST_SIP : TLS_TRUST_SYSTEM;
	t->xmpp_trust = TLS_TRUST_SYSTEM;
	if (t->xmpp_ca)
		t->xmpp_trust = same_file(t->sip_ca, t->xmpp_ca) ? TRUST_SIP : TRUST_XMPP;
	int status = t->sip_trust ? test_load_ca(&t->command, t->pump, TRUST_SIP, t->sip_ca) : 0;
	return !status && t->xmpp_trust == TRUST_XMPP
		       ? test_load_ca(&t->command, t->pump, TRUST_XMPP, t->xmpp_ca)
		       : status;
}

/* 0, or the exit status of what stands in the way, which was told. */
static int begin(struct test *t)
{
	int status = check_values(t);
	if (!status)
		status = test_use_config(t);
	if (!status)
		status = check(t);
	if (!status)
		status = test_take_turns(t);
	if (status)
		return status;
	const struct pump_cfg cfg = { .dns = t->dns, .drained = drained, .arg = t };
	const int err = pump_new(&t->pump, &cfg);
	if (err) {
		opt_cannot_start(&t->command, err);
		return 3;
	}
	status = load_trust(t);
	return status ? status : start(t);
}

/* Behind the test, which it would disturb; the worse of the two is the status. */
static int sweep(struct test *t)
{
	const struct test_values *v = &t->v;
	const struct sweeper_test both = { v->target, v->registrar, v->user, v->receiver,
		v->receiver_server, v->registrar_port, t->sip_trust, t->xmpp_trust };
	struct text why;
	int status = sweeper_add_test(&t->sweeper, t->pump, &both, &why);

	if (status)
		opt_complain(&t->command, why);
	else if (!sweeper_is_done(&t->sweeper) && pump_run(t->pump))
		status = 3;
	if (!status) {
		status = sweeper_report(&t->sweeper, v->verbose, false);
		t->runner.checks = t->sweeper.checks;
		t->runner.n_checks = t->sweeper.n;
	}
	const int own = runner_report(&t->runner);
	return own || t->command.service ? own : status;
}

static int run(struct test *t)
{
	enum { UNKNOWN = 3 }; /* whatever a plugin cannot do */
	const int status = begin(t);

	if (status)
		return t->command.service ? UNKNOWN : status;
	if (!probe_is_done(t->runner.probe) && pump_run(t->pump)) {
		opt_complain(&t->command, TEXT_PLAIN(N_("the test could not be run here")));
		return 3;
	}
	if (t->v.sweep && !pump_was_interrupted(t->pump))
		return sweep(t);
	return runner_report(&t->runner);
}

/* Standard output is a plugin's: what is wrong is said there, too. */
static bool is_plugin(const struct test_values *v)
{
	for (unsigned i = 0; i < v->outputs.n; i++)
		if (strcmp(v->outputs.items[i], "nagios=-") == 0)
			return true;
	return v->format && strcmp(v->format, "nagios") == 0;
}

static void tell_end(const struct test *t, struct test_end *ret)
{
	const struct probe_result *r = t->runner.probe ? probe_result(t->runner.probe) : NULL;

	*ret = (struct test_end){ .ran = r != NULL,
		.interrupted = t->pump && pump_was_interrupted(t->pump) };
	if (!r)
		return;
	ret->success = r->success;
	ret->reason = r->reason;
	ret->phase = r->phase;
	ret->latency = r->latency;
}

int test_run_told(
	const struct opt_command *cmd, const struct test_values *values, struct test_end *ret)
{
	struct test t = { .command = *cmd, .v = *values };

	if (is_plugin(values))
		t.command.service = "STOX";
	const int status = run(&t);
	tell_end(&t, ret);
	t.pump = pump_free(t.pump);
	sweeper_done(&t.sweeper);
	runner_done(&t.runner);
	turn_done(&t.turn);
	mem_wipe(t.password, sizeof(t.password));
	mem_wipe(t.receiver_password, sizeof(t.receiver_password));
	for (unsigned i = 0; i < t.n_paths; i++)
		free(t.paths[i]);
	conf_free(t.conf);
	free(t.conf_path);
	return status;
}

int test_run(const struct opt_command *cmd, const struct test_values *values)
{
	struct test_end end;

	return test_run_told(cmd, values, &end);
}

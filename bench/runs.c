/* runs - complete tests by the thousand: `bench_runs TESTS AT_ONCE [udp|tcp|tls] [im|register]
 * [trace] [evidence]`.  The lab and its gateway are a process of their own; what is measured is the
 * watcher's side: tests a minute, and the CPU and memory that it takes.  Each test has accounts of
 * its own among those that run at once, and starts cold. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/lab_private.h"
#include "watcher/runs.h"

#define PASSWORD "one for all of them"

struct told { /* by the lab's process */
	struct addr at[LAB_LISTEN_COUNT];
	size_t n_ca;
};

/* ---- the lab ---- */

static struct bench lab;
static int to_parent;

static void tell_parent(void)
{
	struct told t;

	memcpy(t.at, lab.at, sizeof(t.at));
	t.n_ca = buf_len(&lab.ca);
	if (write(to_parent, &t, sizeof(t)) < 0 ||
		write(to_parent, buf_slice(&lab.ca).p, t.n_ca) < 0)
		exit(1);
}

static void lab_drained(void *arg)
{
	struct lab_event ev;
	struct gateway_event gev;

	(void)arg;
	while (lab.lab && lab_take_event(lab.lab, &ev)) {
		if (ev.type == LAB_EV_LISTENING)
			lab.at[ev.what] = ev.addr;
		if (ev.type == LAB_EV_READY && lab_start_gateway(&lab))
			exit(1);
	}
	while (lab.gateway && gateway_take_event(lab.gateway, &gev)) {
		if (gev.type == GATEWAY_EV_LISTENING && gev.transport == TRANSPORT_UDP)
			lab_set_gateway(lab.lab, &gev.addr);
		if (gev.type == GATEWAY_EV_UP)
			tell_parent();
	}
	if (pump_was_interrupted(lab.pump))
		pump_stop(lab.pump);
}

static void add_users(struct lab_cfg *c, unsigned n)
{
	static struct lab_user sip_users[LAB_USERS_MAX], xmpp_users[LAB_USERS_MAX];

	for (unsigned i = 0; i < n; i++) {
		struct lab_user *sip = &sip_users[i];
		struct lab_user *xmpp = &xmpp_users[i];

		snprintf(sip->address, sizeof(sip->address), "sip%u@" LAB_POOL_DOMAIN, i);
		snprintf(xmpp->address, sizeof(xmpp->address), "xmpp%u@" LAB_PARTNER_DOMAIN, i);
		snprintf(sip->password, sizeof(sip->password), PASSWORD);
		snprintf(xmpp->password, sizeof(xmpp->password), PASSWORD);
	}
	c->sip_users = sip_users;
	c->xmpp_users = xmpp_users;
	c->n_sip_users = c->n_xmpp_users = n;
}

static int run_lab(int fd, unsigned n_users)
{
	const struct pump_cfg cfg = { .drained = lab_drained };

	to_parent = fd;
	lab.fault = &lab_fault_none;
	runner_seed(&lab.rng);
	buf_init(&lab.ca, LAB_PEM_MAX);
	add_users(&lab.lab_cfg, n_users);
	if (pump_new(&lab.pump, &cfg) || lab_make_certificates(&lab) || lab_start(&lab))
		return 1;
	return pump_run(lab.pump) != 0;
}

/* ---- the runs ---- */

static struct {
	struct pump *pump;
	struct runs *runs;
	struct told lab;
	unsigned n, at_once, n_started, n_done, n_failed;
	enum transport transport;
	enum run_kind kind;
	bool trace, evidence;
	struct buf text;
	ts_t longest;
} watcher;

static void start(unsigned account)
{
	static const enum lab_listener listeners[] = { [TRANSPORT_UDP] = LAB_LISTEN_SIP_UDP,
		[TRANSPORT_TCP] = LAB_LISTEN_SIP_TCP,
		[TRANSPORT_TLS] = LAB_LISTEN_SIP_TLS };
	static const char *const words[] = {
		[TRANSPORT_UDP] = "udp", [TRANSPORT_TCP] = "tcp", [TRANSPORT_TLS] = "tls"
	};
	char user[64], receiver[64], registrar[128], server[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX];
	struct text why;

	snprintf(user, sizeof(user), "sip%u@" LAB_POOL_DOMAIN, account);
	snprintf(receiver, sizeof(receiver), "xmpp%u@" LAB_PARTNER_DOMAIN, account);
	snprintf(registrar, sizeof(registrar), "sip:%s;transport=%s",
		addr_text(&watcher.lab.at[listeners[watcher.transport]], text),
		words[watcher.transport]);
	const struct run_cfg cfg = { .kind = watcher.kind,
		.trace = watcher.trace,
		.probe = { .target_fqdn = SLICE(LAB_POOL_FQDN),
			.user = slice_str(user),
			.password = SLICE(PASSWORD),
			.registrar = slice_str(registrar),
			.receiver = slice_str(receiver),
			.has_receiver_password = true,
			.receiver_password = SLICE(PASSWORD),
			.receiver_server = slice_str(
				addr_text(&watcher.lab.at[LAB_LISTEN_XMPP_CLIENT], server)),
			.sip_trust = LAB_TRUST,
			.xmpp_trust = LAB_TRUST,
			.timeout = TS_S(30),
			.settle = PROBE_SETTLE } };
	if (runs_start(watcher.runs, &cfg, account, NULL, &why))
		exit(1);
	watcher.n_started++;
}

/* As for a run that is kept. */
static void put_evidence(const struct runs_done *d)
{
	buf_clear(&watcher.text);
	if (runs_put_result(watcher.runs, d, &watcher.text) ||
		(watcher.trace && runs_put_trace(watcher.runs, d, &watcher.text)))
		exit(1);
}

static void drained(void *arg)
{
	struct runs_done d;

	(void)arg;
	while (watcher.runs && runs_take_done(watcher.runs, &d)) {
		watcher.n_done++;
		if (watcher.evidence)
			put_evidence(&d);
		watcher.n_failed += !d.last.has_passed || d.is_stalled;
		watcher.longest =
			d.last.latency > watcher.longest ? d.last.latency : watcher.longest;
		if (watcher.n_started < watcher.n)
			start((unsigned)d.id);
	}
	if (watcher.n_done == watcher.n)
		pump_stop(watcher.pump);
}

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static void show(ts_t took, const struct rusage *before)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	const double cpu = seconds(used.ru_utime) - seconds(before->ru_utime) +
			   seconds(used.ru_stime) - seconds(before->ru_stime);
	const double wall = (double)took / 1e6;

	printf("%u tests, %u at once: %.0f a minute, %.2f ms CPU each (%.0f a minute on one core), "
	       "longest %.0f ms, %u failed, %ld MiB\n",
		watcher.n, watcher.at_once, watcher.n / wall * 60, cpu * 1e3 / watcher.n,
		watcher.n / cpu * 60, (double)watcher.longest / 1e3, watcher.n_failed,
		used.ru_maxrss / 1024);
}

static int run_watcher(int fd)
{
	const struct pump_cfg cfg = { .drained = drained };
	const struct runs_cfg runs = { .max = 0 };
	static char ca[LAB_PEM_MAX];
	struct rusage before;

	if (read(fd, &watcher.lab, sizeof(watcher.lab)) != sizeof(watcher.lab) ||
		read(fd, ca, sizeof(ca)) != (ssize_t)watcher.lab.n_ca)
		return 1;
	if (pump_new(&watcher.pump, &cfg) ||
		trust_add_ca(pump_trust(watcher.pump), LAB_TRUST, slice_of(ca, watcher.lab.n_ca)) ||
		runs_new(&watcher.runs, watcher.pump, &runs))
		return 1;
	getrusage(RUSAGE_SELF, &before);
	const ts_t began = loop_clock();
	for (unsigned i = 0; i < watcher.at_once; i++)
		start(i);
	const int err = pump_run(watcher.pump);
	show(loop_clock() - began, &before);
	runs_free(watcher.runs);
	pump_free(watcher.pump);
	return err != 0;
}

static bool has_word(int argc, char **argv, const char *word)
{
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
}

int main(int argc, char **argv)
{
	int fds[2], status = 0;

	watcher.n = argc > 1 ? (unsigned)atoi(argv[1]) : 2000;
	watcher.at_once = argc > 2 ? (unsigned)atoi(argv[2]) : 200;
	watcher.transport = has_word(argc, argv, "udp")   ? TRANSPORT_UDP
			    : has_word(argc, argv, "tcp") ? TRANSPORT_TCP
							  : TRANSPORT_TLS;
	watcher.kind = has_word(argc, argv, "register") ? RUN_REGISTER : RUN_IM;
	watcher.trace = has_word(argc, argv, "trace");
	watcher.evidence = has_word(argc, argv, "evidence");
	buf_init(&watcher.text, RUNS_RESULT_BYTES + RUNS_TRACE_BYTES);
	if (watcher.at_once == 0 || watcher.at_once > LAB_USERS_MAX || pipe(fds) < 0)
		return 2;
	const pid_t pid = fork();
	if (pid == 0)
		exit(run_lab(fds[1], watcher.at_once));
	status = run_watcher(fds[0]);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	return status;
}

/* The whole lab in one process under virtual time: probe, pool, gateway and partner.
 *
 *   sim_lab [TEST [SEED [FILE]]]
 *
 * runs one test (`*` stands for anything in its name), of the tests over many
 * seeds that seed alone, and leaves in FILE what all engines were told and
 * did (base/engine_trace.h).  A test without seeds may be given any.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app/engine_file.h"
#include "base/mem.h"
#include "gateway/gateway.h"
#include "lab/fault.h"
#include "net.h"
#include "probe/probe.h"

enum { SEEDS = 1000, ROUNDS = 4 };

static uint64_t only_seed; /* 0: all */
static const char *trace_path;

struct world {
	struct net *net;
	struct engine_file *trace; /* NULL: none is wanted */
	struct lab *lab;
	struct partners *partners;
	struct gateway *gateway;
	struct probe *probe;
	struct lab_user sip_user, xmpp_user;
	struct lab_cfg lab_cfg;
	struct addr at[LAB_LISTEN_COUNT];
	const struct lab_fault *fault;
	bool tcp;
	bool tls; /* on both sides of the probe, which is far from the rest */
	unsigned rounds;
	ts_t timeout;
	bool gateway_started, probe_started, done;
	unsigned downs;
};

static void start_gateway(struct world *w);
static void start_probe(struct world *w);

static void on_lab(void *arg)
{
	struct world *w = arg;
	struct lab_event ev;

	while (w->lab && lab_take_event(w->lab, &ev)) {
		if (ev.type == LAB_EV_LISTENING)
			w->at[ev.what] = ev.addr;
		if (ev.type == LAB_EV_READY && !w->gateway_started)
			start_gateway(w);
	}
}

static void on_gateway(void *arg)
{
	struct world *w = arg;
	struct gateway_event ev;

	while (w->gateway && gateway_take_event(w->gateway, &ev)) {
		if (ev.type == GATEWAY_EV_LISTENING &&
			ev.transport == (w->tcp ? TRANSPORT_TCP : TRANSPORT_UDP))
			lab_set_gateway(w->lab, &ev.addr);
		w->downs += ev.type == GATEWAY_EV_DOWN;
		if (ev.type == GATEWAY_EV_UP && !w->probe_started)
			start_probe(w);
	}
}

static void on_probe(void *arg)
{
	struct world *w = arg;
	struct probe_event ev;

	while (w->probe && probe_take_event(w->probe, &ev))
		w->done |= ev.type == PROBE_EV_DONE;
}

static struct addr loopback(void)
{
	return (struct addr){ .family = 4, .ip = { 127, 0, 0, 1 } };
}

static struct engine traced(struct world *w, struct engine e)
{
	return w->trace ? engine_file_trace(w->trace, e, net_now(w->net)) : e;
}

static void start_lab(struct world *w)
{
	struct lab_cfg *c = &w->lab_cfg;

	strcpy(w->sip_user.address, "pilar@litware.test");
	strcpy(w->sip_user.password, "sip secret");
	strcpy(w->xmpp_user.address, "adelany@contoso.test");
	strcpy(w->xmpp_user.password, "xmpp secret");
	c->sip_users = &w->sip_user;
	c->xmpp_users = &w->xmpp_user;
	c->n_sip_users = c->n_xmpp_users = 1;
	c->sip_udp = c->sip_tcp = c->xmpp_client = c->xmpp_component = loopback();
	if (w->tls)
		c->sip_tls = loopback();
	strcpy(c->component_name, "litware.test");
	strcpy(c->component_secret, "component secret");
	c->clear_xmpp = !w->tls;
	c->gateway_transport = w->tcp ? TRANSPORT_TCP : TRANSPORT_UDP;
	c->fault = w->fault;
	assert_int_equal(lab_new(&w->lab, c, net_rng(w->net), net_now(w->net)), 0);
	net_add(w->net, traced(w, lab_engine(w->lab)), on_lab, w);
}

static void start_gateway(struct world *w)
{
	struct gateway_cfg cfg = {
		.n_listens = 2, .n_trusted = 1, .component_secret = SLICE("component secret")
	};
	char text[ADDR_TEXT_MAX];

	w->gateway_started = true;
	assert_int_equal(partners_new(&w->partners), 0);
	assert_int_equal(partners_add_own(w->partners, SLICE("litware.test")), 0);
	if (!w->fault || w->fault->setup != FAULT_NO_PARTNER)
		assert_int_equal(
			partners_add(w->partners, SLICE("contoso.test"), PARTNER_FEDERATED), 0);
	cfg.partners = w->partners;
	cfg.listens[0] = (struct gateway_listen){ TRANSPORT_UDP, loopback() };
	cfg.listens[1] = (struct gateway_listen){ TRANSPORT_TCP, loopback() };
	cfg.trusted[0] = (struct addr_net){ loopback(), 32 };
	snprintf(cfg.next_hop, sizeof(cfg.next_hop), "sip:%s;transport=%s",
		addr_text(&w->at[w->tcp ? LAB_LISTEN_SIP_TCP : LAB_LISTEN_SIP_UDP], text),
		w->tcp ? "tcp" : "udp");
	strcpy(cfg.component_name, "litware.test");
	strcpy(cfg.server_host, "127.0.0.1");
	cfg.server_port = w->at[LAB_LISTEN_XMPP_COMPONENT].port;
	assert_int_equal(gateway_new(&w->gateway, &cfg, net_rng(w->net), net_now(w->net)), 0);
	net_add(w->net, traced(w, gateway_engine(w->gateway)), on_gateway, w);
}

static void start_probe(struct world *w)
{
	char registrar[128], server[ADDR_TEXT_MAX], text[ADDR_TEXT_MAX];
	struct text why;

	w->probe_started = true;
	const enum lab_listener at = w->tls   ? LAB_LISTEN_SIP_TLS
				     : w->tcp ? LAB_LISTEN_SIP_TCP
					      : LAB_LISTEN_SIP_UDP;
	snprintf(registrar, sizeof(registrar), "sip:%s;transport=%s", addr_text(&w->at[at], text),
		w->tls   ? "tls"
		: w->tcp ? "tcp"
			 : "udp");
	const struct probe_cfg cfg = {
		.target_fqdn = SLICE("pool.litware.test"),
		.user = SLICE("sip:pilar@litware.test"),
		.password = SLICE("sip secret"),
		.registrar = slice_str(registrar),
		.receiver = SLICE("adelany@contoso.test"),
		.has_receiver_password = true,
		.receiver_password = SLICE("xmpp secret"),
		.receiver_server = slice_str(addr_text(&w->at[LAB_LISTEN_XMPP_CLIENT], server)),
		.timeout = w->timeout,
		.count = w->rounds,
		.xmpp_plain = !w->tls,
	};
	assert_int_equal(probe_new(&w->probe, &cfg, net_rng(w->net), net_now(w->net), &why), 0);
	const struct engine e = traced(w, probe_engine(w->probe));
	if (w->tls)
		net_set_far(w->net, e.self);
	net_add(w->net, e, on_probe, w);
}

static bool is_left_out(uint64_t seed)
{
	return only_seed && seed != only_seed;
}

static void run(struct world *w, const struct net_cfg *cfg)
{
	struct text why;

	if (trace_path)
		assert_int_equal(engine_file_new(&w->trace, trace_path, &why), 0);
	w->net = net_new(cfg);
	start_lab(w);
	if (!net_run(w->net, &w->done, TS_S(100000)))
		fail_msg("seed %llu: no verdict", (unsigned long long)cfg->seed);
	assert_true(w->done);
}

static void end(struct world *w)
{
	probe_free(w->probe);
	gateway_free(w->gateway);
	partners_free(w->partners);
	lab_free(w->lab);
	net_free(w->net);
	engine_file_free(w->trace);
}

static void check(const struct world *w, uint64_t seed, bool ok, const char *what)
{
	const struct probe_result *r = probe_result(w->probe);
	struct buf b;

	if (ok)
		return;
	buf_init(&b, 4096);
	text_put(&b, &r->message, NULL);
	print_error("seed %llu: %s (%s: %s); its trace: sim_lab TEST %llu FILE\n",
		(unsigned long long)seed, what, reason_id(r->reason), buf_cstr(&b),
		(unsigned long long)seed);
	buf_done(&b);
	fail();
}

/* Loss, delay, duplication, reordering: every round succeeds, and each message crossed once. */
static void every_message_crosses_once_whatever_the_network_does(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		if (is_left_out(seed))
			continue;
		struct world w = { .rounds = ROUNDS, .timeout = TS_S(120), .tcp = seed % 4 == 0 };
		const struct net_cfg cfg = { .seed = seed,
			.loss_percent = (unsigned)(seed % 12),
			.duplicate_percent = (unsigned)(seed % 30),
			.delay_min = TS_MS(1),
			.delay_max = TS_MS(1 + seed % 200) };

		run(&w, &cfg);
		const struct probe_result *r = probe_result(w.probe);
		const struct gateway_stats *s = gateway_stats(w.gateway);
		check(&w, seed, r->success, "not a success");
		check(&w, seed, r->proof == PROOF_ANSWERED, "not answered");
		check(&w, seed, r->rounds_done == ROUNDS, "not all rounds");
		check(&w, seed, s->sip_to_xmpp == ROUNDS, "messages to XMPP are not one a round");
		check(&w, seed, s->far_errors == 0 && s->xmpp_refused == 0,
			"errors without a cause");
		end(&w);
	}
}

/* So much is lost that RFC 3261's timers give up now and then: never after a success. */
static void heavy_loss_never_loses_an_accepted_message(void **state)
{
	unsigned successes = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS / 4; seed++) {
		if (is_left_out(seed))
			continue;
		struct world w = { .rounds = 8, .timeout = TS_S(120) };
		const struct net_cfg cfg = { .seed = seed,
			.loss_percent = 30 + (unsigned)(seed % 20),
			.duplicate_percent = 10,
			.delay_min = TS_MS(1),
			.delay_max = TS_MS(300) };

		run(&w, &cfg);
		const struct probe_result *r = probe_result(w.probe);
		check(&w, seed, r->reason != REASON_IM_NOT_DELIVERED, "accepted and lost");
		check(&w, seed, r->reason != REASON_IM_DUPLICATED, "delivered twice");
		successes += r->success;
		end(&w);
	}
	print_message("%u of %u runs got through\n", successes, SEEDS / 4);
	assert_true(successes > 0 || only_seed);
}

/* The component's connection breaks at some moment: a message that was accepted has arrived. */
static void a_cut_never_loses_an_accepted_message(void **state)
{
	unsigned cuts = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS / 4; seed++) {
		if (is_left_out(seed))
			continue;
		struct world w = { .rounds = 20, .timeout = TS_S(20) };
		const struct net_cfg cfg = { .seed = seed,
			.delay_min = TS_MS(1),
			.delay_max = TS_MS(20),
			.cut_after = TS_MS(100 + seed * 5) };

		run(&w, &cfg);
		const struct probe_result *r = probe_result(w.probe);
		check(&w, seed, r->reason != REASON_IM_NOT_DELIVERED, "accepted and lost");
		check(&w, seed, r->reason != REASON_IM_DUPLICATED, "delivered twice");
		cuts += w.downs > 0;
		end(&w);
	}
	print_message("%u runs were cut\n", cuts);
}

static void each_fault_that_needs_no_tls_has_its_own_reason(void **state)
{
	static const char *const faults[] = { "wrong-password", "partner-not-allowed",
		"gateway-drops", "gateway-delays", "partner-unknown-user" };

	(void)state;
	for (size_t i = 0; i < COUNT(faults); i++) {
		const struct lab_fault *info = lab_fault_find(slice_str(faults[i]));
		struct world w = { .rounds = 1, .timeout = TS_S(10), .fault = info };
		const struct net_cfg cfg = {
			.seed = i, .delay_min = TS_MS(1), .delay_max = TS_MS(5)
		};

		print_message("case: %s\n", info->name);
		run(&w, &cfg);
		const struct probe_result *r = probe_result(w.probe);
		assert_false(r->success);
		assert_string_equal(reason_id(r->reason), info->reason);
		assert_string_equal(phase_name(r->phase), info->phase);
		end(&w);
	}
}

/* doc/round-trips.md: seven for the longer sign-in, one for the message, one for the answer. */
static void a_cold_test_takes_no_more_round_trips_than_it_must(void **state)
{
	enum { IDEAL = 9, ROUND_TRIP_MS = 50 };
	struct world w = { .rounds = 1, .timeout = TS_S(10), .tls = true };
	const struct net_cfg cfg = { .seed = 1,
		.delay_min = TS_MS(ROUND_TRIP_MS / 2),
		.delay_max = TS_MS(ROUND_TRIP_MS / 2) };

	(void)state;
	run(&w, &cfg);
	const struct probe_result *r = probe_result(w.probe);
	check(&w, 1, r->success && r->proof == PROOF_ANSWERED, "not answered");
	print_message("%.2f round trips, ideally %d\n",
		(double)r->latency / (double)TS_MS(ROUND_TRIP_MS), IDEAL);
	for (unsigned i = 0; i < PHASE_COUNT; i++)
		if (r->phases[i].outcome == PHASE_OK)
			print_message("  %-13s %.2f at %.2f\n", phase_name((enum probe_phase)i),
				(double)r->phases[i].duration / (double)TS_MS(ROUND_TRIP_MS),
				(double)r->phases[i].started / (double)TS_MS(ROUND_TRIP_MS));
	assert_true(10 * r->latency <= 11 * (ts_t)IDEAL * TS_MS(ROUND_TRIP_MS));
	end(&w);
}

static void a_seed_gives_the_same_run_again(void **state)
{
	unsigned long steps[2];
	ts_t latency[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct world w = { .rounds = ROUNDS, .timeout = TS_S(120) };
		const struct net_cfg cfg = { .seed = 42,
			.loss_percent = 20,
			.delay_min = TS_MS(1),
			.delay_max = TS_MS(100) };

		run(&w, &cfg);
		steps[i] = net_steps(w.net);
		latency[i] = probe_result(w.probe)->latency;
		end(&w);
	}
	assert_int_equal(steps[0], steps[1]);
	assert_int_equal(latency[0], latency[1]);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_cold_test_takes_no_more_round_trips_than_it_must),
		cmocka_unit_test(a_seed_gives_the_same_run_again),
		cmocka_unit_test(each_fault_that_needs_no_tls_has_its_own_reason),
		cmocka_unit_test(every_message_crosses_once_whatever_the_network_does),
		cmocka_unit_test(heavy_loss_never_loses_an_accepted_message),
		cmocka_unit_test(a_cut_never_loses_an_accepted_message),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	if (argc > 2)
		only_seed = strtoull(argv[2], NULL, 10);
	if (argc > 3)
		trace_path = argv[3];
	return cmocka_run_group_tests(tests, NULL, NULL);
}

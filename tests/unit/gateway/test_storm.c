/* The whole gateway in a storm of facts by a seed: requests in pieces, answers right and wrong,
 * flows that come and go, time that jumps, memory that is out.  Whatever happens, each request gets
 * one answer, each stanza one end, nothing spins, and in the calm behind it nothing is left. */
#include "storm.h"

enum { SEEDS = 25, STEPS = 3000 };

/* ---- the storm ---- */

/* Once in so many times. */
static void may_fail(struct conn *c, unsigned times)
{
	if (below(times) == 0)
		fail_flow(c, below(2) ? FACT_FLOW_EOF : FACT_FLOW_FAILED);
}

static void requests_on(struct conn *c)
{
	for (unsigned n = below(8) ? 1 : below(40); n > 0; n--)
		new_request(c);
}

static void sip_step(unsigned what)
{
	struct conn *c = &s.pool[below(CONNS)];

	switch (what) {
	case 0: new_request(NULL); break;
	case 1: requests_on(c); break;
	case 2: repeat_request(below(s.n_requests + 1)); break;
	case 3: accept_conn(c); break;
	case 4: speak(c); break;
	case 5: speak(&s.hop); break;
	case 6: respond_any(); break;
	case 7: hop_up(); break;
	case 8: may_fail(c, 4); break;
	case 9: may_fail(&s.hop, 6); break;
	case 10:
		if (below(8) == 0)
			push((struct fact){
				.type = FACT_DATAGRAM_FAILED, .listener = 1, .err = ECONNREFUSED });
		break;
	case 11:
		if (below(20) == 0)
			say(below(2) ? c : &s.hop, "none\r\n\r\n"); /* it cannot be read on */
		else
			blocked(below(2) ? c : &s.hop);
		break;
	}
}

static void xmpp_step(unsigned what)
{
	switch (what) {
	case 0:
		for (unsigned n = below(8) ? 1 : below(40); n > 0; n--)
			new_stanza();
		break;
	case 1: pong_any(); break;
	case 2: all_pongs(); break;
	case 3:
	case 4: speak(&s.server); break;
	case 5: server_up(); break;
	case 6:
		if (s.n_bounces)
			say(&s.server, s.bounces[below(s.n_bounces)]);
		break;
	case 7: blocked(&s.server); break;
	case 8:
		if (below(20) == 0)
			fail_flow(&s.server, below(2) ? FACT_FLOW_EOF : FACT_FLOW_FAILED);
		else if (below(60) == 0)
			say(&s.server, below(2) ? "</stream:stream>" : "<message><");
		break;
	}
}

static void system_step(unsigned what)
{
	switch (what) {
	case 0: listen_any(); break;
	case 1: dns_any(); break;
	case 2: s.now += TS_MS(below(40)); break;
	case 3: settle(); break;
	case 4: sleep_until(s.now + TS_MS(below(400))); break;
	case 5:
		if (below(30) == 0)
			s.now += TS_MS(below(40000)); /* the machine slept */
		break;
	case 6: assert_int_equal(gateway_set_secret(s.g, SLICE("other")), 0); break;
	case 7:
		if (s.is_out_of_memory)
			s.fail_after = below(below(2) ? 4 : 40);
		break;
	}
}

static void step(void)
{
	const unsigned n = below(3);

	if (n == 0)
		sip_step(below(12));
	else if (n == 1)
		xmpp_step(below(9));
	else
		system_step(below(8));
	if (below(2))
		settle();
}

/* ---- the calm behind it ---- */

static void calm_down(ts_t span)
{
	const ts_t until = s.now + span;

	s.is_calm = true;
	while (s.now < until && !s.is_over) {
		while (s.n_listens)
			listen_any();
		while (s.n_dns)
			dns_any();
		server_up();
		hop_up();
		for (unsigned i = 0; i < CONNS; i++)
			speak(&s.pool[i]);
		all_pongs();
		speak(&s.server);
		for (; s.n_asked_done < s.n_asked; s.n_asked_done++)
			respond(s.n_asked_done, "200 OK");
		speak(&s.hop);
		settle();
		sleep_until(s.now + TS_MS(20));
	}
}

/* What nobody has told, and nobody has counted. */
static unsigned untold(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s.n_stanzas; i++)
		n += s.stanzas[i].is_read && !s.stanzas[i].errors && !s.stanzas[i].is_accepted;
	return n;
}

static void check_requests(void)
{
	for (unsigned i = 0; i < s.n_requests; i++)
		if (!s.requests[i].answers && !s.requests[i].is_gone)
			wrong("request %u of %u has no answer", i, s.n_requests);
}

static void set_up(unsigned seed, bool is_out_of_memory)
{
	static const char *const hops[] = { "sip:127.0.0.1:5060;transport=udp",
		"sip:127.0.0.1:5060;transport=tcp", "sip:pool.test;transport=tcp",
		"sip:pool.test" };

	s.reader = xml_reader_free(s.reader);
	memset(&s, 0, sizeof(s));
	s.seed = seed;
	rng_init_number(&s.rng, seed);
	rng_init_number(&s.own_rng, seed);
	s.fail_after = -1;
	s.is_out_of_memory = is_out_of_memory;
	s.now = TS_S(1000);
	s.cfg = (struct gateway_cfg){ .n_listens = 2,
		.listens = { { TRANSPORT_UDP, here }, { TRANSPORT_TCP, here } },
		.n_trusted = 1,
		.trusted = { { pool, 32 } },
		.component_secret = SLICE("s3cret"),
		.server_port = 5347,
		.component_name = "litware.test",
		.server_host = "127.0.0.1" };
	snprintf(s.cfg.next_hop, sizeof(s.cfg.next_hop), "%s", hops[seed % COUNT(hops)]);
	s.cfg.settle = below(2) ? TS_MS(30) : 0;
	s.cfg.options = GATEWAY_OPTIONS_ALIVE; /* else its answer follows the stream's state */
	if (below(4) == 0) /* the gateway needs a socket of its own, or asks where it is reached */
		s.cfg.listens[0].addr.ip[0] = 0;
	assert_int_equal(partners_new(&s.partners), 0);
	assert_int_equal(partners_add_own(s.partners, SLICE("litware.test")), 0);
	assert_int_equal(partners_add(s.partners, SLICE("contoso.test"), PARTNER_FEDERATED), 0);
	assert_int_equal(partners_add(s.partners, SLICE("fabrikam.test"), PARTNER_FEDERATED), 0);
	s.cfg.partners = s.partners;
	assert_int_equal(gateway_new(&s.g, &s.cfg, &s.own_rng, s.now), 0);
	s.e = gateway_engine(s.g);
	drain();
}

static void tear_down(void)
{
	s.g = gateway_free(s.g);
	s.partners = partners_free(s.partners);
	s.reader = xml_reader_free(s.reader);
}

static void storm(unsigned seed, bool is_out_of_memory)
{
	set_up(seed, is_out_of_memory);
	for (unsigned i = 0; i < STEPS; i++)
		step();
	calm_down(TS_S(80));
	if (!is_out_of_memory)
		check_requests();
	if (untold() > gateway_stats(s.g)->failures_lost)
		wrong("%u senders do not know, %u are counted", untold(),
			(unsigned)gateway_stats(s.g)->failures_lost);
	const ts_t before = s.now;
	push((struct fact){ .type = FACT_STOP });
	calm_down(TS_S(20));
	assert_true(s.is_over);
	assert_true(s.now - before < TS_S(3)); /* nothing was in hand any more */
	tear_down();
}

static void in_a_storm(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < SEEDS; seed++)
		storm(seed, false);
}

static void in_a_storm_without_memory(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < SEEDS; seed++)
		storm(1000 + seed, true);
}

static void it_stops_in_a_storm(void **state)
{
	(void)state;
	for (unsigned seed = 0; seed < SEEDS; seed++) {
		set_up(2000 + seed, seed % 2);
		const unsigned at = below(STEPS);
		for (unsigned i = 0; i < at; i++)
			step();
		push((struct fact){ .type = FACT_STOP });
		const ts_t until = s.now + TS_S(10);
		for (unsigned i = 0; i < STEPS && s.now < until && !s.is_over; i++)
			step();
		sleep_until(s.now + TS_S(10));
		if (!s.is_over)
			wrong("it does not end");
		tear_down();
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(in_a_storm),
		cmocka_unit_test(in_a_storm_without_memory),
		cmocka_unit_test(it_stops_in_a_storm),
	};

	return cmocka_run_group_tests_name("storm", tests, NULL, NULL);
}

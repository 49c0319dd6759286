#include "lab/lab.h"

#include "lab_rig.h"

static void every_listener_that_is_given_is_wanted(void **state)
{
	static const enum transport transports[] = {
		[LAB_LISTEN_SIP_UDP] = TRANSPORT_UDP,
		[LAB_LISTEN_SIP_TCP] = TRANSPORT_TCP,
		[LAB_LISTEN_SIP_TLS] = TRANSPORT_TCP,
		[LAB_LISTEN_XMPP_CLIENT] = TRANSPORT_TCP,
		[LAB_LISTEN_XMPP_COMPONENT] = TRANSPORT_TCP,
		[LAB_LISTEN_DNS] = TRANSPORT_UDP,
	};
	static struct rig r;

	(void)state;
	rig_prepare(&r, NULL);
	r.cfg.sip_tcp.family = 0;
	r.cfg.dns.port = 5353;
	assert_int_equal(lab_new(&r.lab, &r.cfg, &r.rng, r.now), 0);
	r.e = lab_engine(r.lab);
	rig_drain(&r);
	assert_int_equal(r.n_wants, LAB_LISTEN_COUNT - 1 - 1);
	for (unsigned i = 0; i < r.n_wants; i++) {
		const struct want *w = &r.wants[i];

		assert_int_equal(w->type, WANT_LISTEN);
		assert_int_not_equal(w->listener, LAB_LISTEN_SIP_TCP);
		assert_int_equal(w->transport, transports[w->listener]);
		assert_int_equal(w->addr.port, w->listener == LAB_LISTEN_DNS ? 5353 : 0);
	}
	rig_end(&r);
}

/* Ready when the last one is up, and each is told with its real port. */
static void it_is_ready_when_all_are_up(void **state)
{
	static struct rig r;
	struct lab_event ev;
	unsigned listening = 0;

	(void)state;
	rig_prepare(&r, NULL);
	assert_int_equal(lab_new(&r.lab, &r.cfg, &r.rng, r.now), 0);
	r.e = lab_engine(r.lab);
	for (uint32_t i = 1; i < LAB_LISTEN_COUNT; i++) {
		const struct addr at = { .family = 4, .port = (uint16_t)(7000 + i) };
		const struct fact in = {
			.type = FACT_LISTEN_UP, .listener = i, .local = &at, .peer = &at
		};

		r.e.ops->push(r.e.self, &in, r.now);
		assert_true(lab_take_event(r.lab, &ev));
		assert_int_equal(ev.type, LAB_EV_LISTENING);
		assert_int_equal(ev.what, i);
		assert_int_equal(ev.addr.port, 7000 + i);
		listening++;
		if (lab_take_event(r.lab, &ev)) {
			assert_int_equal(ev.type, LAB_EV_READY);
			assert_int_equal(listening, LAB_LISTEN_COUNT - 1);
			assert_false(lab_take_event(r.lab, &ev));
		} else {
			assert_true(listening < LAB_LISTEN_COUNT - 1);
		}
	}
	rig_end(&r);
}

static void a_listener_that_fails_is_named(void **state)
{
	static struct rig r;
	struct lab_event ev;
	const struct fact in = { .type = FACT_LISTEN_FAILED,
		.listener = LAB_LISTEN_SIP_TLS,
		.err = EADDRINUSE,
		.local = &rig_user,
		.peer = &rig_user };

	(void)state;
	rig_begin(&r, NULL);
	r.e.ops->push(r.e.self, &in, r.now);
	assert_true(lab_take_event(r.lab, &ev));
	assert_int_equal(ev.type, LAB_EV_FAILED);
	assert_int_equal(ev.level, LOG_LEVEL_ERROR);
	assert_non_null(strstr(ev.log, "what=sip-tls"));
	assert_non_null(strstr(ev.log, "in use"));
	rig_end(&r);
}

/* The TLS port begins a handshake and takes SIP when it is done; the plain one takes it at once. */
static void each_port_speaks_its_own_protocol(void **state)
{
	const struct rig_request options = { .method = "OPTIONS",
		.uri = "litware.test",
		.from = "a@b.test",
		.to = "litware.test",
		.branch = "1",
		.transport = "TLS" };
	static const struct tls_facts facts;
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	flow_t tls = rig_accept(&r, LAB_LISTEN_SIP_TLS);
	const struct want *w = rig_want(&r, WANT_TLS);
	assert_non_null(w);
	assert_true(w->flow == tls && w->tls.accept);
	assert_int_equal(w->tls.identity, LAB_IDENTITY_POOL);
	assert_false(w->tls.request_certificate);
	assert_int_equal(w->tls.max_version, 0);
	rig_push(&r, (struct fact){ .type = FACT_TLS_UP, .flow = tls, .tls = &facts });
	rig_bytes(&r, tls, rig_text(&options));
	rig_said_status(&r, 200);
	assert_true(r.out[0].flow == tls);

	rig_forget(&r);
	flow_t tcp = rig_accept(&r, LAB_LISTEN_SIP_TCP);
	assert_null(rig_want(&r, WANT_TLS));
	rig_bytes(&r, tcp, rig_text(&options));
	rig_said_status(&r, 200);
	rig_end(&r);
}

static void facts_of_flows_that_are_gone_do_nothing(void **state)
{
	static const enum fact_type types[] = { FACT_FLOW_BYTES, FACT_FLOW_EOF, FACT_FLOW_FAILED,
		FACT_TLS_UP, FACT_FLOW_BLOCKED, FACT_FLOW_READY, FACT_FLOW_UP };
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	for (size_t i = 0; i < COUNT(types); i++)
		rig_push(&r, (struct fact){ .type = types[i], .flow = 77 });
	rig_push(&r, (struct fact){ .type = FACT_STOP });
	rig_push(&r, (struct fact){ .type = FACT_CLOCK });
	assert_int_equal(r.n_out + r.n_wants, 0);
	assert_true(r.e.ops->deadline(r.e.self) == TS_NEVER);
	rig_end(&r);
}

static void the_end_of_a_connection_is_answered_with_ours(void **state)
{
	static const enum lab_listener kinds[] = { LAB_LISTEN_SIP_TCP, LAB_LISTEN_XMPP_CLIENT,
		LAB_LISTEN_XMPP_COMPONENT };
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	for (size_t i = 0; i < COUNT(kinds); i++) {
		flow_t f = rig_accept(&r, kinds[i]);

		rig_forget(&r);
		rig_push(&r, (struct fact){ .type = FACT_FLOW_EOF, .flow = f });
		const struct want *w = rig_want(&r, WANT_CLOSE_FLOW);
		assert_non_null(w);
		assert_true(w->flow == f);
		rig_is_gone(&r, f);
	}
	rig_end(&r);
}

static void connections_are_bounded(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	for (unsigned i = 0; i < LAB_CONNS_MAX; i++) {
		rig_accept(&r, LAB_LISTEN_SIP_TCP);
		rig_forget(&r);
	}
	flow_t f = rig_accept(&r, LAB_LISTEN_SIP_TCP);
	const struct want *w = rig_want(&r, WANT_DROP_FLOW);
	assert_non_null(w);
	assert_true(w->flow == f);
	rig_end(&r);
}

static void without_memory_nothing_is_left_behind(void **state)
{
	static struct rig r;
	int err = -ENOMEM;
	long n = 0;

	(void)state;
	rig_prepare(&r, NULL);
	for (; err == -ENOMEM && n < 200; n++) {
		mem_fail_after(n);
		err = lab_new(&r.lab, &r.cfg, &r.rng, r.now);
		mem_fail_after(-1);
	}
	assert_int_equal(err, 0);
	assert_true(n > 5);
	lab_free(r.lab);
	assert_null(lab_free(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_listener_that_is_given_is_wanted),
		cmocka_unit_test(it_is_ready_when_all_are_up),
		cmocka_unit_test(a_listener_that_fails_is_named),
		cmocka_unit_test(each_port_speaks_its_own_protocol),
		cmocka_unit_test(facts_of_flows_that_are_gone_do_nothing),
		cmocka_unit_test(the_end_of_a_connection_is_answered_with_ours),
		cmocka_unit_test(connections_are_bounded),
		cmocka_unit_test(without_memory_nothing_is_left_behind),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What concerns 20,000 messages at once is told to all 20,000, however little room one push has,
 * and nobody else waits for it. */
#include "scene.h"

enum { MANY = 20000, PER_PUSH = 256 };

static void start_counting(void)
{
	start_connected();
	s.only_counts = true;
}

static void many_to_xmpp(void)
{
	char branch[32];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(branch, sizeof(branch), "%u", i);
		send_message(branch, A_CONTOSO);
		if (i == 0)
			wake(); /* its ping goes out; that of the others in 2 ms */
	}
	assert_int_equal(s.n_messages, MANY);
}

static void pong_last(void)
{
	char text[256];

	snprintf(text, sizeof(text),
		"<iq from='contoso.test' to='litware.test' id='%s' type='result'/>", s.last_ping);
	from_xmpp(text);
}

static void a_pong_answers_all_that_it_is_behind(void **state)
{
	(void)state;
	start_counting();
	many_to_xmpp();
	pass(TS_MS(2)); /* the ping behind all of them */
	pong_last();
	assert_in_range(s.n_status[202], 1, PER_PUSH); /* no more fit into one push ... */
	assert_int_equal(s.e.ops->deadline(s.e.self), 0);
	pass(0); /* ... and the others follow at once, without the time going on */
	assert_int_equal(s.n_status[202], MANY);
	assert_true(s.e.ops->deadline(s.e.self) > s.now);
}

static void over_tcp_too(void **state)
{
	flow_t flow;
	char branch[32];

	(void)state;
	s.cfg.listens[s.cfg.n_listens++] = (struct gateway_listen){ TRANSPORT_TCP, here };
	start_counting();
	flow = accepted(1);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(branch, sizeof(branch), "%u", i);
		bytes_on(flow, request(branch, A_CONTOSO, P_LITWARE, "", "hi"));
	}
	pass(TS_MS(2));
	pong_last();
	pass(0);
	assert_int_equal(s.n_status[202], MANY);
}

static void a_lost_stream_is_told_to_all(void **state)
{
	(void)state;
	start_counting();
	many_to_xmpp();
	break_stream();
	pass(0);
	assert_int_equal(s.n_status[504], MANY);
}

/* Another user's request is answered in the push in which it comes. */
static void nobody_waits_for_them(void **state)
{
	(void)state;
	start_counting();
	many_to_xmpp();
	pass(TS_MS(2));
	pong_last();
	assert_true(s.n_status[202] < MANY);
	sip(request("other", "nobody@elsewhere.test", P_LITWARE, "", "hi"));
	assert_int_equal(s.n_status[403], 1);
	pass(0);
	assert_int_equal(s.n_status[202], MANY);
}

/* Its proof is there and could not be told yet: the refusal is later, and the truth. */
static void an_error_wins_over_a_proof_that_was_not_told(void **state)
{
	char text[512];

	(void)state;
	start_counting();
	many_to_xmpp();
	pass(TS_MS(2));
	pong_last();
	assert_true(s.n_status[202] < MANY);
	snprintf(text, sizeof(text),
		"<message type='error' from='" A_CONTOSO "' to='" P_LITWARE
		"' id='%s'><error type='cancel'><item-not-found "
		"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
		s.last_message);
	from_xmpp(text);
	pass(0);
	assert_int_equal(s.n_status[604], 1);
	assert_int_equal(s.n_status[202], MANY - 1);
	assert_int_equal(gateway_stats(s.g)->late_errors, 0);
}

/* ---- towards SIP ---- */

/* Of two domains: one alone may have half of what may wait. */
static void many_to_sip(void)
{
	char text[256];

	for (unsigned i = 0; i < MANY; i++) {
		snprintf(text, sizeof(text),
			"<message from='a%u@%s' to='u%u@litware.test' id='i%u'>"
			"<body>x</body></message>",
			i, i % 2 ? "contoso.test" : "fabrikam.test", i, i);
		from_xmpp(text);
	}
}

static void an_icmp_error_is_told_to_all(void **state)
{
	(void)state;
	start_counting();
	many_to_sip();
	assert_int_equal(s.n_requests, MANY);
	pass(TS_MS(500)); /* what was repeated is not sent anew */
	push((struct fact){ .type = FACT_DATAGRAM_FAILED, .listener = 1, .err = ECONNREFUSED });
	pass(0);
	assert_int_equal(s.n_errors, MANY);
	assert_int_equal(gateway_stats(s.g)->failures_lost, 0);
	assert_int_equal(gateway_stats(s.g)->xmpp_refused, MANY);
}

static void an_icmp_error_holds_all_until_the_pool_is_back(void **state)
{
	(void)state;
	start_counting();
	many_to_sip();
	push((struct fact){ .type = FACT_DATAGRAM_FAILED, .listener = 1, .err = ECONNREFUSED });
	pass(TS_MS(99));
	assert_int_equal(s.n_requests, MANY + 1); /* one tries for all */
	pass(TS_MS(1));
	assert_int_equal(s.n_requests, 2 * MANY);
	assert_int_equal(s.n_errors, 0);
}

static void silence_is_told_to_all(void **state)
{
	(void)state;
	start_counting();
	many_to_sip();
	pass(TS_S(33));
	assert_int_equal(s.n_errors, MANY);
	assert_int_equal(gateway_stats(s.g)->failures_lost, 0);
}

static void a_lost_connection_is_told_to_all(void **state)
{
	(void)state;
	next_hop_by_tcp();
	start_counting();
	many_to_sip();
	const flow_t flow = s.wants[s.n_wants - 1].flow;
	assert_int_equal(s.wants[s.n_wants - 1].type, WANT_FLOW);
	push((struct fact){ .type = FACT_FLOW_UP, .flow = flow });
	pass(0);
	assert_int_equal(s.n_requests, MANY);
	push((struct fact){ .type = FACT_FLOW_FAILED,
		.flow = flow,
		.err = ECONNRESET,
		.step = FLOW_STEP_OPEN });
	pass(0);
	assert_int_equal(s.n_errors, MANY);
}

/* While the stream is away they wait, each in its own place. */
static void failures_without_a_stream_are_told_to_all_on_the_next(void **state)
{
	(void)state;
	start_counting();
	many_to_sip();
	pass(TS_MS(500));
	break_stream();
	push((struct fact){ .type = FACT_DATAGRAM_FAILED, .listener = 1, .err = ECONNREFUSED });
	pass(0);
	assert_int_equal(s.n_errors, 0);
	pass(TS_S(2));
	connect_server();
	pass(0);
	assert_int_equal(s.n_errors, MANY);
	assert_int_equal(gateway_stats(s.g)->failures_lost, 0);
}

static void a_stop_without_a_stream_counts_them(void **state)
{
	(void)state;
	start_counting();
	many_to_sip();
	break_stream();
	push((struct fact){ .type = FACT_STOP });
	pass(TS_S(10));
	assert_int_equal(gateway_stats(s.g)->failures_lost, MANY);
	assert_non_null(strstr(s.events, "stopped"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_pong_answers_all_that_it_is_behind),
		SCENE(over_tcp_too),
		SCENE(a_lost_stream_is_told_to_all),
		SCENE(nobody_waits_for_them),
		SCENE(an_error_wins_over_a_proof_that_was_not_told),
		SCENE(an_icmp_error_is_told_to_all),
		SCENE(an_icmp_error_holds_all_until_the_pool_is_back),
		SCENE(silence_is_told_to_all),
		SCENE(a_lost_connection_is_told_to_all),
		SCENE(failures_without_a_stream_are_told_to_all_on_the_next),
		SCENE(a_stop_without_a_stream_counts_them),
	};

	return cmocka_run_group_tests_name("many", tests, NULL, NULL);
}

/* The engine as a whole: listeners, who is trusted, stopping, no memory. */
#include "scene.h"

/* ---- listeners ---- */

static void listeners_are_wanted_at_the_start_and_told_when_bound(void **state)
{
	const struct addr bound = { .family = 4, .port = 40000, .ip = { 127, 0, 0, 1 } };

	(void)state;
	s.cfg.n_listens = 2;
	s.cfg.listens[1] = (struct gateway_listen){ TRANSPORT_TCP, here };
	s.cfg.listens[1].addr.port = 0;
	assert_int_equal(gateway_new(&s.g, &s.cfg, &s.rng, s.now), 0);
	s.e = gateway_engine(s.g);
	assert_string_equal(s.e.ops->name, "gateway");
	drain();
	assert_int_equal(n_wants(WANT_LISTEN), 2);
	const struct want *w = last_want(WANT_LISTEN);
	assert_int_equal(w->listener, 2);
	assert_int_equal(w->transport, TRANSPORT_TCP);
	assert_int_equal(w->addr.port, 0);
	s.e.ops->push(s.e.self,
		&(struct fact){
			.type = FACT_LISTEN_UP, .listener = 2, .local = &bound, .peer = &pool },
		s.now);
	struct gateway_event ev;
	assert_true(gateway_take_event(s.g, &ev));
	assert_int_equal(ev.type, GATEWAY_EV_LISTENING);
	assert_int_equal(ev.transport, TRANSPORT_TCP);
	assert_true(addr_eq(&ev.addr, &bound)); /* the real port */
	assert_string_equal(ev.log, "sip listening transport=tcp address=127.0.0.1:40000");
	assert_false(gateway_take_event(s.g, &ev));
}

static void without_its_listener_it_cannot_run(void **state)
{
	(void)state;
	assert_int_equal(gateway_new(&s.g, &s.cfg, &s.rng, s.now), 0);
	s.e = gateway_engine(s.g);
	drain();
	push((struct fact){ .type = FACT_LISTEN_FAILED, .listener = 1, .err = EADDRINUSE });
	assert_string_equal(s.events, "failed error sip cannot-listen address=127.0.0.1:5070 "
				      "error=\"address already in use\"\n");
}

/* ---- who is trusted ---- */

static void a_stranger_is_not_answered(void **state)
{
	(void)state;
	start_connected();
	datagram_from(&stranger, request("1", A_CONTOSO, P_LITWARE, "", "hi"));
	datagram_from(&stranger, "garbage\r\n\r\n");
	wake();
	assert_int_equal(s.n_sent, 0); /* RFC 3261 section 26.3.2.4: no amplifier for a forger */
	assert_int_equal(s.n_got, 0);
	assert_int_equal(gateway_stats(s.g)->sip_untrusted, 2);
	assert_int_equal(gateway_stats(s.g)->sip_requests, 0);
}

static void a_connection_of_a_stranger_is_dropped(void **state)
{
	(void)state;
	s.cfg.listens[0].transport = TRANSPORT_TCP;
	start_connected();
	push((struct fact){ .type = FACT_FLOW_ACCEPTED,
		.flow = FLOW_ACCEPTED_BIT | 1,
		.listener = 1,
		.peer = &stranger });
	assert_int_equal(n_wants(WANT_DROP_FLOW), 1);
	assert_int_equal(last_want(WANT_DROP_FLOW)->flow, FLOW_ACCEPTED_BIT | 1);
	bytes_on(FLOW_ACCEPTED_BIT | 1, request("1", A_CONTOSO, P_LITWARE, "", "hi"));
	assert_int_equal(s.n_got, 0);
	assert_int_equal(gateway_stats(s.g)->sip_untrusted, 1);
}

static void the_address_is_trusted_whatever_the_port(void **state)
{
	struct addr other = pool;

	(void)state;
	start_connected();
	other.port = 31337;
	datagram_from(&other, request("1;rport", A_CONTOSO, P_LITWARE, "", "hi"));
	assert_int_equal(s.n_got, 1);
	wake();
	pong(1);
	assert_true(addr_eq(&s.sent[0].peer, &other)); /* the answer goes to where it came from */
}

static void with_nobody_trusted_nobody_speaks(void **state)
{
	(void)state;
	s.cfg.n_trusted = 0;
	start_connected();
	send_message("1", A_CONTOSO);
	assert_int_equal(s.n_got, 0);
	assert_int_equal(gateway_stats(s.g)->sip_untrusted, 1);
}

static void trust_a_stranger_only(void)
{
	s.cfg.trusted[0] = (struct addr_net){ stranger, 32 };
}

static void a_network_is_trusted_as_a_whole(void **state)
{
	(void)state;
	assert_true(addr_net_decode(SLICE("192.0.2.0/24"), &s.cfg.trusted[0]));
	start_connected();
	datagram_from(&stranger, request("1", A_CONTOSO, P_LITWARE, "", "hi"));
	wake();
	assert_int_equal(gateway_stats(s.g)->sip_requests, 1);
}

/* The next hop need not be one from whom requests are taken. */
static void whoever_was_written_to_may_answer(void **state)
{
	(void)state;
	trust_a_stranger_only();
	start_connected();
	xmpp_message(A_CONTOSO, P_LITWARE, "1", "x");
	assert_int_equal(s.n_sent, 1);
	respond(0, "200 OK");
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 1);
	send_message("1", A_CONTOSO); /* that is all it may */
	assert_int_equal(s.n_got, 0);
	assert_int_equal(s.n_sent, 1);
}

static void nobody_else_may_answer(void **state)
{
	const struct addr third = { .family = 4, .port = 5060, .ip = { 192, 0, 2, 77 } };

	(void)state;
	trust_a_stranger_only();
	start_connected();
	xmpp_message(A_CONTOSO, P_LITWARE, "1", "x");
	datagram_from(&third, response_to(0, "404 Not Found", ""));
	assert_int_equal(s.n_got, 0);
	assert_int_equal(gateway_stats(s.g)->sip_untrusted, 1);
	datagram_from(&stranger, response_to(0, "200 OK", "")); /* a pool has many addresses */
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 1);
}

static void the_connection_to_the_next_hop_is_no_way_in(void **state)
{
	(void)state;
	trust_a_stranger_only();
	next_hop_by_tcp();
	start_connected();
	xmpp_message(A_CONTOSO, P_LITWARE, "1", "x");
	const flow_t flow = last_want(WANT_FLOW)->flow;
	push((struct fact){ .type = FACT_FLOW_UP, .flow = flow });
	assert_int_equal(s.n_sent, 1);
	bytes_on(flow, request("in", A_CONTOSO, P_LITWARE, "", "hi"));
	assert_int_equal(status_of("in"), 403);
	assert_int_equal(s.n_got, 0);
	bytes_on(flow, response_to(0, "200 OK", ""));
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 1);
}

/* "trusted SIP peers by source address (on UDP from elsewhere than loopback with a warning at
 * start)" */
static void trusting_udp_from_elsewhere_is_warned_of(void **state)
{
	static const struct {
		const char *name;
		enum transport transport;
		const char *listen, *peer;
		bool warned;
	} cases[] = {
		{ "loopback both", TRANSPORT_UDP, "127.0.0.1:5070", "127.0.0.1", false },
		{ "IPv6 loopback", TRANSPORT_UDP, "[::1]:5070", "::1", false },
		{ "a peer elsewhere", TRANSPORT_UDP, "192.0.2.7:5070", "192.0.2.9", true },
		{ "any address, a peer elsewhere", TRANSPORT_UDP, "0.0.0.0:5070", "192.0.2.9",
			true },
		{ "any address, IPv6", TRANSPORT_UDP, "[::]:5070", "2001:db8::9", true },
		{ "any address, a peer here", TRANSPORT_UDP, "0.0.0.0:5070", "127.0.0.1", false },
		{ "elsewhere cannot reach loopback", TRANSPORT_UDP, "127.0.0.1:5070", "192.0.2.9",
			false },
		{ "TCP needs a handshake", TRANSPORT_TCP, "192.0.2.7:5070", "192.0.2.9", false },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char want[256];

		print_message("case: %s\n", cases[i].name);
		s.cfg.listens[0].transport = cases[i].transport;
		assert_true(addr_decode(slice_str(cases[i].listen), &s.cfg.listens[0].addr));
		assert_true(addr_net_decode(slice_str(cases[i].peer), &s.cfg.trusted[0]));
		start();
		snprintf(want, sizeof(want),
			"log warning sip udp-peer-trusted-by-address peer=%s "
			"advice=\"source addresses of UDP can be forged; use tcp\"\n",
			cases[i].peer);
		if (cases[i].warned)
			assert_holds(s.events, want);
		else
			assert_lacks(s.events, "warning");
		scene_tear_down(state);
		scene_reset();
	}
}

static void each_peer_that_is_trusted_so_is_named(void **state)
{
	(void)state;
	s.cfg.listens[0].addr.ip[0] = 10;
	s.cfg.n_trusted = 3;
	s.cfg.trusted[1] = (struct addr_net){ stranger, 32 };
	assert_true(addr_net_decode(SLICE("192.0.2.128/25"), &s.cfg.trusted[2]));
	start();
	assert_holds(s.events, "peer=192.0.2.9 ");
	assert_holds(s.events, "peer=192.0.2.128/25 ");
	assert_lacks(s.events, "peer=127.0.0.1 ");
}

/* ---- stopping ---- */

static void stop(void)
{
	push((struct fact){ .type = FACT_STOP });
}

static bool is_stopped(void)
{
	return strstr(s.events, "stopped info gateway stopped") != NULL;
}

static void with_nothing_in_hand_it_stops_when_the_stream_is_closed(void **state)
{
	(void)state;
	start_connected();
	stop();
	/* </stream:stream> both ways, in the same moment here */
	assert_true(is_stopped());
	assert_false(gateway_is_up(s.g));
	assert_int_equal(n_wants(WANT_CLOSE_FLOW), 1);
	pass(TS_S(60));
	assert_false(s.wants_connect);
}

/* "SIGTERM finishes what is in hand." */
static void messages_from_sip_are_answered_first(void **state)
{
	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	wake();
	stop();
	assert_false(is_stopped());
	send_message("new", A_CONTOSO);
	assert_holds(answer_to("new"), "SIP/2.0 503 Gateway Is Stopping\r\n");
	assert_holds(answer_to("new"), "Retry-After: 5\r\n");
	pass(TS_MS(100));
	pong(1);
	assert_int_equal(status_of("1"), 202);
	assert_true(is_stopped());
}

static void an_error_is_still_the_answer(void **state)
{
	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	wake();
	stop();
	bounce(0, ERROR("cancel", "item-not-found"));
	assert_int_equal(status_of("1"), 604);
	assert_true(is_stopped());
}

static void messages_to_sip_are_waited_for(void **state)
{
	(void)state;
	start_connected();
	xmpp_message(A_CONTOSO, P_LITWARE, "1", "x");
	xmpp_message(A_CONTOSO, P_LITWARE, "2", "y"); /* waits for its turn */
	stop();
	xmpp_message(A_CONTOSO, P_LITWARE, "new", "z");
	assert_int_equal(s.n_got, 1);
	assert_string_equal(s.got[0].id, "new");
	assert_holds(s.got[0].text, "<remote-server-timeout ");
	pass(TS_S(1));
	respond(s.n_sent - 1, "200 OK");
	assert_false(is_stopped());
	assert_holds(s.sent[s.n_sent - 1].text, "\r\n\r\ny");
	respond(s.n_sent - 1, "404 Not Found");
	assert_int_equal(s.n_got, 2);
	assert_string_equal(s.got[1].id, "2");
	assert_true(is_stopped());
}

/* Bounded to seconds, and the sender of what was not finished is told. */
static void after_5_s_the_rest_is_given_up_and_told(void **state)
{
	(void)state;
	start_connected();
	xmpp_message(A_CONTOSO, P_LITWARE, "1", "x");
	xmpp_message(A_CONTOSO, P_LITWARE, "2", "y");
	stop();
	pass(TS_S(5) - 1);
	assert_int_equal(s.n_got, 0);
	assert_false(is_stopped());
	pass(1);
	assert_int_equal(s.n_got, 2);
	assert_string_equal(s.got[0].id, "1");
	assert_string_equal(s.got[1].id, "2");
	assert_holds(s.got[0].text, "<remote-server-timeout ");
	assert_true(is_stopped());
}

static void a_server_that_does_not_end_its_stream_has_2_s(void **state)
{
	(void)state;
	start_connected();
	s.server = xstream_free(s.server);
	stop();
	assert_false(is_stopped());
	pass(TS_S(2) - 1);
	assert_false(is_stopped());
	pass(1);
	assert_true(is_stopped());
}

static void while_not_connected_it_stops_at_once(void **state)
{
	(void)state;
	start();
	stop();
	assert_true(is_stopped());
	stop(); /* a second one changes nothing */
	assert_int_equal(gateway_stats(s.g)->sip_requests, 0);
}

static void a_stream_that_breaks_then_is_not_made_again(void **state)
{
	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	wake();
	stop();
	break_stream();
	assert_int_equal(status_of("1"), 504);
	assert_true(is_stopped());
	pass(TS_S(60));
	assert_false(s.wants_connect);
}

/* ---- what is kept ---- */

static void the_secret_is_copied_and_never_told(void **state)
{
	char secret[] = "s3cret";

	(void)state;
	s.cfg.component_secret = slice_str(secret);
	start();
	memset(secret, 'x', sizeof(secret) - 1);
	connect_server();
	assert_true(gateway_is_up(s.g));
	break_stream();
	assert_lacks(s.events, "s3cret");
}

static void counters_begin_at_zero(void **state)
{
	static const struct gateway_stats zero;

	(void)state;
	start();
	assert_memory_equal(gateway_stats(s.g), &zero, sizeof(zero));
	assert_null(gateway_free(NULL));
}

static void without_memory_there_is_no_gateway(void **state)
{
	int err = -ENOMEM;
	long n = 0;

	(void)state;
	for (; err == -ENOMEM; n++) {
		struct gateway *g = NULL;

		assert_in_range(n, 0, 100);
		mem_fail_after(n);
		err = gateway_new(&g, &s.cfg, &s.rng, s.now);
		mem_fail_after(-1);
		gateway_free(g);
	}
	assert_int_equal(err, 0);
	assert_in_range(n, 8, 100);
}

/* But for those that say nothing of a message's end: requests, repeated ones, pings. */
static void every_counter_is_shown(void **state)
{
	enum { NOT_SHOWN = 4 };
	const char *name;
	size_t n = 0;
	uint64_t value;

	(void)state;
	start();
	while (gateway_counter(s.g, n, &name, &value))
		n++;
	assert_int_equal(n, sizeof(struct gateway_stats) / sizeof(uint64_t) - NOT_SHOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(every_counter_is_shown),
		SCENE(listeners_are_wanted_at_the_start_and_told_when_bound),
		SCENE(without_its_listener_it_cannot_run),
		SCENE(a_stranger_is_not_answered),
		SCENE(a_connection_of_a_stranger_is_dropped),
		SCENE(the_address_is_trusted_whatever_the_port),
		SCENE(with_nobody_trusted_nobody_speaks),
		SCENE(a_network_is_trusted_as_a_whole),
		SCENE(whoever_was_written_to_may_answer),
		SCENE(nobody_else_may_answer),
		SCENE(the_connection_to_the_next_hop_is_no_way_in),
		SCENE(trusting_udp_from_elsewhere_is_warned_of),
		SCENE(each_peer_that_is_trusted_so_is_named),
		SCENE(with_nothing_in_hand_it_stops_when_the_stream_is_closed),
		SCENE(messages_from_sip_are_answered_first),
		SCENE(an_error_is_still_the_answer),
		SCENE(messages_to_sip_are_waited_for),
		SCENE(after_5_s_the_rest_is_given_up_and_told),
		SCENE(a_server_that_does_not_end_its_stream_has_2_s),
		SCENE(while_not_connected_it_stops_at_once),
		SCENE(a_stream_that_breaks_then_is_not_made_again),
		SCENE(the_secret_is_copied_and_never_told),
		SCENE(counters_begin_at_zero),
		SCENE(without_memory_there_is_no_gateway),
	};

	return cmocka_run_group_tests_name("gateway", tests, NULL, NULL);
}

/* The stream to the XMPP server: connect, log in, keep it, come back. */
#include "scene.h"

#include "base/dns.h"

/* How long until the next attempt to connect begins. */
static ts_t until_connect(void)
{
	const ts_t begin = s.now;

	for (unsigned i = 0; !s.wants_connect; i++) {
		assert_true(i < 100);
		s.now = s.e.ops->deadline(s.e.self);
		assert_true(s.now != TS_NEVER);
		wake();
	}
	return s.now - begin;
}

/* The connection that is wanted is refused. */
static void refuse_connection(void)
{
	assert_true(s.wants_connect);
	s.wants_connect = false;
	push((struct fact){ .type = FACT_FLOW_FAILED,
		.flow = s.stream_flow,
		.err = ECONNREFUSED,
		.step = FLOW_STEP_CONNECT,
		.peer = &server_addr });
}

/* ---- logging in ---- */

static void a_connection_is_wanted_at_once(void **state)
{
	(void)state;
	start();
	assert_int_equal(n_wants(WANT_FLOW), 1);
	const struct want *w = last_want(WANT_FLOW);
	assert_true(addr_eq(&w->addr, &server_addr));
	assert_int_equal(w->transport, TRANSPORT_TCP);
	assert_int_equal(n_wants(WANT_DNS), 0);
	assert_int_equal(n_wants(WANT_TLS), 0); /* XEP-0114 has none */
}

static void gw_component_waits_for_handshake(void **state)
{
	struct output out;
	char text[1024];

	(void)state;
	start();
	push((struct fact){ .type = FACT_FLOW_UP, .flow = s.stream_flow, .peer = &server_addr });
	assert_false(gateway_is_up(s.g));
	send_message("1", A_CONTOSO);
	wake();
	assert_int_equal(status_of("1"), 504);
	snprintf(text, sizeof(text),
		"<stream:stream xmlns='jabber:component:accept' xmlns:stream='%s' id='x' "
		"from='litware.test'>",
		NS_STREAM);
	push((struct fact){
		.type = FACT_FLOW_BYTES, .flow = s.stream_flow, .bytes = slice_str(text) });
	send_message("2", A_CONTOSO);
	wake();
	assert_int_equal(status_of("2"), 504); /* the handshake is out, not answered */
	assert_false(gateway_is_up(s.g));
	push((struct fact){
		.type = FACT_FLOW_BYTES, .flow = s.stream_flow, .bytes = SLICE("<handshake/>") });
	assert_true(gateway_is_up(s.g));
	assert_string_equal(strstr(s.events, "up "), "up info xmpp up component=litware.test\n");
	send_message("3", A_CONTOSO);
	assert_int_equal(status_of("3"), 0);
	assert_false(s.e.ops->take_output(s.e.self, &out));
}

static void a_wrong_secret_is_told_and_tried_again(void **state)
{
	(void)state;
	s.server_secret_is_wrong = true;
	start();
	connect_server();
	assert_false(gateway_is_up(s.g));
	assert_holds(s.events, "down warning xmpp down server=127.0.0.1 port=5347 "
			       "cause=bad-credentials");
	send_message("1", A_CONTOSO);
	assert_holds(answer_to("1"), "SIP/2.0 504 XMPP Server Refuses The Secret\r\n");
	assert_lacks(s.events, "s3cret");
	assert_int_equal(n_wants(WANT_CLOSE_FLOW), 1);
	s.server_secret_is_wrong = false;
	until_connect();
	connect_server();
	assert_true(gateway_is_up(s.g));
}

/* Every 30 s for a night: a line at once, one for each new cause, and one in ten minutes. */
static void a_server_that_stays_away_does_not_fill_the_log(void **state)
{
	(void)state;
	s.server_secret_is_wrong = true;
	start();
	connect_server();
	assert_holds(s.events, "down warning xmpp down ");
	s.events[0] = '\0';
	until_connect();
	connect_server();
	assert_holds(s.events, "down debug xmpp down ");
	assert_holds(s.events, "attempts=2");
	assert_lacks(s.events, "error");
	pass(TS_S(600));
	until_connect();
	s.events[0] = '\0';
	connect_server();
	assert_holds(s.events, "down warning xmpp down ");
	assert_holds(s.events, "attempts=");
	s.server_secret_is_wrong = false;
	until_connect();
	connect_server();
	assert_true(gateway_is_up(s.g));
	s.events[0] = '\0';
	break_stream();
	assert_holds(s.events, "down warning xmpp down server=127.0.0.1 port=5347 cause=closed");
	assert_lacks(s.events, "attempts=");
}

static void a_new_secret_serves_the_next_connection(void **state)
{
	char secret[] = "s3cret";

	(void)state;
	s.cfg.component_secret = SLICE("wrong");
	start();
	connect_server();
	assert_false(gateway_is_up(s.g));
	assert_int_equal(gateway_set_secret(s.g, slice_str(secret)), 0);
	memset(secret, 'x', sizeof(secret) - 1); /* it was copied */
	until_connect();
	connect_server();
	assert_true(gateway_is_up(s.g));
	mem_fail_after(0);
	assert_int_equal(gateway_set_secret(s.g, SLICE("other")), -ENOMEM);
	mem_fail_after(-1);
	break_stream();
	until_connect();
	connect_server();
	assert_true(gateway_is_up(s.g)); /* the old one stays */
}

static void the_login_has_ten_seconds(void **state)
{
	(void)state;
	start();
	s.wants_connect = false;
	push((struct fact){ .type = FACT_FLOW_UP, .flow = s.stream_flow, .peer = &server_addr });
	pass(TS_S(10) - 1);
	assert_lacks(s.events, "down");
	pass(1);
	assert_holds(s.events, "down warning xmpp down server=127.0.0.1 port=5347 cause=timeout");
	until_connect();
}

/* ---- coming back ---- */

static void pauses_grow_and_have_jitter(void **state)
{
	static const unsigned seconds[] = { 1, 2, 4, 8, 16, 30, 30, 30 };

	(void)state;
	start();
	for (size_t i = 0; i < COUNT(seconds); i++) {
		const ts_t middle = TS_S(seconds[i]);

		refuse_connection();
		ts_t pause = until_connect();
		assert_in_range(pause, middle - middle / 4, middle + middle / 4);
		assert_int_not_equal(pause, middle);
	}
	/* A login that succeeds begins anew. */
	connect_server();
	break_stream();
	assert_in_range(until_connect(), TS_MS(750), TS_MS(1250));
	assert_int_equal(gateway_stats(s.g)->reconnects, 1);
}

static void two_gateways_do_not_come_back_as_one(void **state)
{
	ts_t pauses[2];

	for (unsigned i = 0; i < 2; i++) {
		rng_init_number(&s.rng, 7 + i);
		start();
		refuse_connection();
		pauses[i] = until_connect();
		scene_tear_down(state);
		scene_reset();
	}
	assert_int_not_equal(pauses[0], pauses[1]);
}

/* gw_outage_no_acked_loss: what was not shown to have been taken is not acknowledged. */
static void a_broken_stream_answers_what_was_owed(void **state)
{
	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	send_message("2", A_FABRIKAM);
	wake();
	break_stream();
	for (unsigned i = 1; i <= 2; i++) {
		const char *branch = i == 1 ? "1" : "2";

		assert_holds(answer_to(branch), "SIP/2.0 504 XMPP Connection Lost\r\n");
		assert_holds(answer_to(branch), "Reason: SIP;cause=503;");
	}
	assert_holds(s.events, "down warning xmpp down server=127.0.0.1 port=5347 cause=");
	assert_false(gateway_is_up(s.g));
}

/* gw_outage_queue_bounded_503: at once, and the same again, also when the stream is back. */
static void while_it_is_down_the_answer_is_504_at_once(void **state)
{
	(void)state;
	start();
	send_message("1", A_CONTOSO);
	assert_holds(answer_to("1"), "SIP/2.0 504 XMPP Server Not Connected\r\n");
	assert_holds(answer_to("1"), "ms-diagnostics: 1007;"); /* down, not merely busy */
	assert_holds(answer_to("1"), "Reason: SIP;cause=503;");
	connect_server();
	send_message("1", A_CONTOSO);
	assert_int_equal(n_answers("1"), 2);
	assert_int_equal(status_of("1"), 504);
	assert_int_equal(s.n_got, 0);
	send_message("2", A_CONTOSO); /* the sender tries again: a new transaction */
	assert_int_equal(s.n_got, 1);
}

static void the_end_of_the_servers_stream_is_an_outage(void **state)
{
	(void)state;
	start_connected();
	xstream_close(s.server, s.now);
	drain();
	assert_false(gateway_is_up(s.g));
	assert_holds(s.events, "cause=\"closed by the server\"");
	assert_int_equal(n_wants(WANT_CLOSE_FLOW), 1);
	assert_int_equal(last_want(WANT_CLOSE_FLOW)->flow, s.stream_flow);
	until_connect();
	connect_server();
	assert_true(gateway_is_up(s.g));
}

static void a_stream_error_is_told_by_its_name(void **state)
{
	(void)state;
	start_connected();
	xstream_abort(s.server, "conflict", s.now);
	drain();
	assert_holds(s.events, "cause=conflict");
	assert_int_equal(gateway_stats(s.g)->reconnects, 1);
	until_connect();
}

static void an_end_of_file_closes_our_side_too(void **state)
{
	(void)state;
	start_connected();
	s.server = xstream_free(s.server);
	push((struct fact){ .type = FACT_FLOW_EOF, .flow = s.stream_flow });
	assert_false(gateway_is_up(s.g));
	assert_int_equal(n_wants(WANT_CLOSE_FLOW), 1);
	until_connect();
}

static void what_the_server_says_that_is_no_xml_ends_the_stream(void **state)
{
	(void)state;
	start_connected();
	push((struct fact){
		.type = FACT_FLOW_BYTES, .flow = s.stream_flow, .bytes = SLICE("<a></b>") });
	assert_false(gateway_is_up(s.g));
	assert_holds(s.events, "cause=unparsable");
	until_connect();
}

/* Facts of a flow that is gone say nothing of the next one. */
static void an_old_flow_is_nobodys(void **state)
{
	(void)state;
	start_connected();
	flow_t old = s.stream_flow;
	break_stream();
	until_connect();
	assert_true(s.stream_flow != old); /* ids are not used twice */
	connect_server();
	push((struct fact){ .type = FACT_FLOW_FAILED, .flow = old, .err = EPIPE });
	push((struct fact){ .type = FACT_FLOW_BYTES, .flow = old, .bytes = SLICE("<x>") });
	assert_true(gateway_is_up(s.g));
}

static void a_silent_stream_is_kept_alive(void **state)
{
	struct output out;

	(void)state;
	start_connected();
	s.now += TS_S(60);
	s.e.ops->push_time(s.e.self, s.now);
	assert_true(s.e.ops->take_output(s.e.self, &out));
	assert_int_equal(out.flow, s.stream_flow);
	assert_true(slice_eqs(out.bytes, " ")); /* RFC 6120 section 4.6.1 */
}

/* ---- the server's name ---- */

static unsigned answered; /* wants up to here have had their answer */

/* Every question that is open: one address of that family, or (family 0) `status`. */
static void answer_dns(enum dns_status status, uint8_t family, uint8_t last_byte)
{
	for (; answered < s.n_wants; answered++) {
		const struct want *w = &s.wants[answered];
		const struct dns_record record = { .type = w->dns_type,
			.addr = { .family = family,
				.ip = { 192, 0, 2, last_byte, [15] = last_byte } } };
		struct dns_answer answer = { .status = status, .records = &record };

		if (w->type != WANT_DNS)
			continue;
		assert_string_equal(w->name, "xmpp.litware.test");
		if (family == (w->dns_type == DNS_A ? 4 : 6))
			answer = (struct dns_answer){ DNS_OK, .records = &record, .n_records = 1 };
		push((struct fact){ .type = FACT_DNS, .dns_id = w->dns_id, .dns = &answer });
	}
}

static void start_with_name(void)
{
	answered = 0;
	snprintf(s.cfg.server_host, sizeof(s.cfg.server_host), "xmpp.litware.test");
	start();
	assert_int_equal(n_wants(WANT_FLOW), 0);
	assert_int_equal(n_wants(WANT_DNS), 2); /* both families at once */
}

static void a_name_is_resolved_at_each_connection(void **state)
{
	(void)state;
	start_with_name();
	answer_dns(DNS_NODATA, 4, 7);
	assert_int_equal(last_want(WANT_FLOW)->addr.ip[3], 7);
	assert_int_equal(last_want(WANT_FLOW)->addr.port, 5347);
	connect_server();
	assert_true(gateway_is_up(s.g));
	break_stream();
	pass(TS_S(2));
	assert_int_equal(n_wants(WANT_DNS), 4);
	answer_dns(DNS_NODATA, 4, 8); /* it has moved */
	assert_int_equal(last_want(WANT_FLOW)->addr.ip[3], 8);
}

static void a_name_with_ipv6_addresses_only_is_found(void **state)
{
	(void)state;
	start_with_name();
	answer_dns(DNS_NODATA, 6, 9);
	assert_int_equal(last_want(WANT_FLOW)->addr.family, 6);
	assert_int_equal(last_want(WANT_FLOW)->addr.ip[15], 9);
	assert_int_equal(last_want(WANT_FLOW)->addr.port, 5347);
	connect_server();
	break_stream();
	pass(TS_S(2));
	answer_dns(DNS_NODATA, 0, 0); /* nor any of these */
	assert_holds(s.events, "cause=nodata");
}

static void a_name_that_is_not_found_is_told_and_tried_again(void **state)
{
	(void)state;
	start_with_name();
	answer_dns(DNS_NXDOMAIN, 0, 0);
	assert_holds(s.events, "down warning xmpp down server=xmpp.litware.test port=5347 "
			       "cause=nxdomain");
	pass(TS_S(2));
	assert_int_equal(n_wants(WANT_DNS), 4);
	answer_dns(DNS_TIMEOUT, 0, 0);
	pass(TS_MS(1400)); /* the pause has grown */
	assert_int_equal(n_wants(WANT_DNS), 4);
	pass(TS_MS(1200));
	assert_int_equal(n_wants(WANT_DNS), 6);
}

/* ---- stanzas ---- */

static void gw_iq_always_answered(void **state)
{
	static const struct {
		const char *payload, *type, *want;
	} cases[] = {
		{ "<ping xmlns='urn:xmpp:ping'/>", "get", "type='result'" },
		{ "<query xmlns='http://jabber.org/protocol/disco#info'/>", "get",
			"category='gateway' type='simple'" },
		{ "<query xmlns='jabber:iq:version'/>", "get", "<service-unavailable " },
		{ "<query xmlns='jabber:iq:roster'/>", "set", "<service-unavailable " },
		{ "", "get", "<bad-request " },
		{ "<x xmlns='y'/>", "unheard-of", "<bad-request " },
	};

	(void)state;
	start_connected();
	for (unsigned i = 0; i < COUNT(cases); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			"<iq from='contoso.test' to='pilar@litware.test' id='i%u' type='%s'>%s"
			"</iq>",
			i, cases[i].type, cases[i].payload);
		from_xmpp(text);
		assert_int_equal(s.n_got, i + 1);
		assert_string_equal(s.got[i].from, P_LITWARE);
		assert_string_equal(s.got[i].to, "contoso.test");
		assert_holds(s.got[i].text, cases[i].want);
	}
	from_xmpp("<iq from='contoso.test' to='litware.test' id='x' type='result'/>");
	from_xmpp("<iq from='contoso.test' to='litware.test' id='x' type='error'/>");
	assert_int_equal(s.n_got, COUNT(cases));
}

/* Any user of the network can send one: the others must not lose their stream by it. */
static void a_stanza_over_a_limit_is_refused_alone(void **state)
{
	static const struct {
		const char *open, *close;
		unsigned answers;
	} cases[] = {
		{ "<message from='" A_CONTOSO "' to='" P_LITWARE "' id='1'><body>x</body>",
			"</message>", 1 },
		{ "<iq from='contoso.test' to='litware.test' id='1' type='get'>", "</iq>", 1 },
		{ "<iq from='contoso.test' to='litware.test' id='1' type='result'>", "</iq>", 0 },
		{ "<presence from='" A_CONTOSO "' to='" P_LITWARE "'>", "</presence>", 0 },
		{ "<message from='" A_CONTOSO "' to='" P_LITWARE "' id='1' type='error'>",
			"</message>", 0 },
		{ "<message from='" A_CONTOSO "' to='a@elsewhere.test' id='1'>", "</message>", 0 },
	};
	static char text[4096];

	(void)state;
	start_connected();
	for (size_t i = 0; i < COUNT(cases); i++) {
		const unsigned before = s.n_got;
		int n = snprintf(text, sizeof(text), "%s", cases[i].open);

		for (unsigned k = 0; k < 100; k++)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "<a>");
		for (unsigned k = 0; k < 100; k++)
			n += snprintf(text + n, sizeof(text) - (size_t)n, "</a>");
		snprintf(text + n, sizeof(text) - (size_t)n, "%s", cases[i].close);
		from_xmpp(text);
		assert_true(gateway_is_up(s.g));
		assert_int_equal(s.n_got - before, cases[i].answers);
		if (cases[i].answers)
			assert_holds(s.got[before].text, "type='error'><error type='modify'>"
							 "<policy-violation ");
	}
	assert_int_equal(s.n_sent, 0); /* half a message is none */
	xmpp_message(A_CONTOSO, P_LITWARE, "2", "x");
	assert_int_equal(s.n_sent, 1);
}

/* XEP-0114: a stanza from another domain than the component's ends the stream for everybody. */
static void gw_component_one_stream_per_domain(void **state)
{
	(void)state;
	start_connected();
	sip(request("1", A_CONTOSO, "kenmyer@second.test", "", "hi"));
	wake();
	assert_true(gateway_is_up(s.g));
	assert_holds(answer_to("1"), "SIP/2.0 403 From Domain Has No Component Here\r\n");
	assert_holds(answer_to("1"), "ms-diagnostics: 1017;");
	assert_int_equal(s.n_got, 0);
	send_message("2", A_CONTOSO);
	assert_int_equal(s.n_got, 1);
}

static void a_stanza_to_another_domain_is_not_answered(void **state)
{
	static const char *const addresses[] = { "to='pilar@other.test'", "to='second.test'",
		"to='a@@litware.test'", "to=''", "" };
	static const char *const forms[] = {
		"<message from='adelany@contoso.test' id='1' %s><body>x</body></message>",
		"<message from='x@stranger.test' id='1' %s><body>x</body></message>",
		"<iq from='contoso.test' id='1' type='get' %s><ping xmlns='urn:xmpp:ping'/></iq>",
	};

	(void)state;
	start_connected();
	for (size_t i = 0; i < COUNT(addresses); i++) {
		for (size_t k = 0; k < COUNT(forms); k++) {
			char text[512];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(text, sizeof(text), forms[k], addresses[i]);
#pragma GCC diagnostic pop
			from_xmpp(text);
			assert_true(gateway_is_up(s.g));
			assert_int_equal(s.n_got, 0);
			assert_int_equal(s.n_sent, 0);
		}
	}
}

/* Names are compared as prepared: upper case and A-labels are the same domain. */
static void the_components_name_is_prepared(void **state)
{
	(void)state;
	assert_int_equal(partners_add_own(s.partners, SLICE("b\u00fccher.test")), 0);
	snprintf(s.cfg.component_name, sizeof(s.cfg.component_name), "XN--Bcher-KVA.Test");
	start_connected();
	sip(request("1", A_CONTOSO, "pilar@xn--bcher-kva.test", "", "hi"));
	assert_int_equal(s.n_got, 1);
	assert_string_equal(s.got[0].from, "pilar@b\u00fccher.test");
	xmpp_message("adelany@contoso.test", "pilar@b\u00fccher.test", "m", "x");
	assert_int_equal(s.n_sent, 1);
	assert_holds(s.sent[0].text, "MESSAGE sip:pilar@xn--bcher-kva.test SIP/2.0");
}

static void a_component_needs_a_domain(void **state)
{
	(void)state;
	snprintf(s.cfg.component_name, sizeof(s.cfg.component_name), "a..b");
	assert_int_equal(gateway_new(&s.g, &s.cfg, &s.rng, s.now), ERR_SYNTAX);
}

/* What jabberd2's router writes twice is left out, and not in silence. */
static void an_attribute_that_stands_twice_is_counted(void **state)
{
	(void)state;
	start_connected();
	s.events[0] = '\0';
	from_xmpp("<message from='" A_CONTOSO "' to='" P_LITWARE "' id='1' id='2' to='x'>"
		  "<body>hi</body></message>");
	assert_int_equal(gateway_stats(s.g)->xmpp_attributes_left_out, 2);
	assert_string_equal(s.events, "log info xmpp attribute-left-out from=many cause=\"an "
				      "attribute that stands twice in its tag\" n=1\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(an_attribute_that_stands_twice_is_counted),
		SCENE(a_connection_is_wanted_at_once),
		SCENE(gw_component_waits_for_handshake),
		SCENE(a_wrong_secret_is_told_and_tried_again),
		SCENE(a_server_that_stays_away_does_not_fill_the_log),
		SCENE(a_new_secret_serves_the_next_connection),
		SCENE(the_login_has_ten_seconds),
		SCENE(pauses_grow_and_have_jitter),
		SCENE(two_gateways_do_not_come_back_as_one),
		SCENE(a_broken_stream_answers_what_was_owed),
		SCENE(while_it_is_down_the_answer_is_504_at_once),
		SCENE(the_end_of_the_servers_stream_is_an_outage),
		SCENE(a_stream_error_is_told_by_its_name),
		SCENE(an_end_of_file_closes_our_side_too),
		SCENE(what_the_server_says_that_is_no_xml_ends_the_stream),
		SCENE(an_old_flow_is_nobodys),
		SCENE(a_silent_stream_is_kept_alive),
		SCENE(a_name_is_resolved_at_each_connection),
		SCENE(a_name_with_ipv6_addresses_only_is_found),
		SCENE(a_name_that_is_not_found_is_told_and_tried_again),
		SCENE(gw_iq_always_answered),
		SCENE(gw_component_one_stream_per_domain),
		SCENE(a_stanza_over_a_limit_is_refused_alone),
		SCENE(a_stanza_to_another_domain_is_not_answered),
		SCENE(the_components_name_is_prepared),
		SCENE(a_component_needs_a_domain),
	};

	return cmocka_run_group_tests_name("component", tests, NULL, NULL);
}

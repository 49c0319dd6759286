/* SIP messages from a datagram or a connection: who may speak, which method, what is no SIP. */
#include "scene.h"

static void other_request(const char *method, const char *first, const char *more)
{
	char text[2048];

	snprintf(text, sizeof(text),
		"%s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKx\r\n"
		"From: <sip:p@litware.test>;tag=1\r\nTo: <sip:a@contoso.test>\r\nCall-ID: c\r\n"
		"CSeq: 1 %s\r\n%sContent-Length: 0\r\n\r\n",
		first, method, more);
	sip(text);
}

/* ---- methods ---- */

static void assert_options_gets(int status)
{
	const unsigned n = n_answers("x");

	other_request("OPTIONS", "OPTIONS sip:litware.test", "");
	assert_int_equal(n_answers("x"), n + 1);
	assert_int_equal(status_of("x"), status);
	if (status != 200) {
		assert_holds(answer_to("x"), "\r\nRetry-After: 5\r\n");
		return;
	}
	assert_holds(answer_to("x"), "\r\nAllow: MESSAGE, OPTIONS\r\n");
	assert_holds(answer_to("x"),
		"\r\nAccept: text/plain;charset=UTF-8, text/html, multipart/*, "
		"message/cpim\r\n");
	assert_holds(answer_to("x"), "\r\nAccept-Encoding: identity\r\n");
	assert_holds(answer_to("x"), "\r\nSupported:\r\n");
	assert_holds(answer_to("x"), "\r\nContent-Length: 0\r\n\r\n");
}

/* A dispatcher sends elsewhere meanwhile. */
static void options_tells_whether_anything_is_carried(void **state)
{
	(void)state;
	start();
	assert_options_gets(503); /* not connected yet */
	assert_holds(answer_to("x"), "503 XMPP Server Not Connected\r\n");
	s.server_secret_is_wrong = true;
	connect_server();
	assert_options_gets(503);
	assert_holds(answer_to("x"), "503 XMPP Server Refuses The Secret\r\n");
	s.server_secret_is_wrong = false;
	pass(TS_S(2));
	connect_server();
	assert_options_gets(200);
	break_stream();
	assert_options_gets(503);
	pass(TS_S(2));
	connect_server();
	assert_options_gets(200);
	push((struct fact){ .type = FACT_STOP });
	assert_options_gets(503);
}

/* gw_sip_answers_options_while_xmpp_down */
static void options_may_tell_that_the_gateway_is_there(void **state)
{
	(void)state;
	s.cfg.options = GATEWAY_OPTIONS_ALIVE;
	start();
	assert_options_gets(200);
	connect_server();
	break_stream();
	assert_options_gets(200);
	push((struct fact){ .type = FACT_STOP });
	assert_options_gets(200);
}

static void other_methods_have_their_own_answers(void **state)
{
	static const struct {
		const char *method, *want, *holds;
	} cases[] = {
		{ "INVITE", "405 Method Not Allowed", "\r\nAllow: MESSAGE, OPTIONS\r\n" },
		{ "REGISTER", "405 Method Not Allowed", "\r\nAllow: MESSAGE, OPTIONS\r\n" },
		{ "SUBSCRIBE", "405 Method Not Allowed", "\r\nAllow: MESSAGE, OPTIONS\r\n" },
		{ "NOTIFY", "405 Method Not Allowed", "\r\nAllow: MESSAGE, OPTIONS\r\n" },
		{ "BYE", "405 Method Not Allowed", "\r\nAllow: MESSAGE, OPTIONS\r\n" },
		{ "FOO", "501 Not Implemented", "\r\nAllow: MESSAGE, OPTIONS\r\n" },
		{ "CANCEL", "481 Call/Transaction Does Not Exist", "" },
	};

	(void)state;
	start_connected();
	for (unsigned i = 0; i < COUNT(cases); i++) {
		char first[64], line[64];

		snprintf(first, sizeof(first), "%s sip:a@contoso.test", cases[i].method);
		snprintf(line, sizeof(line), "SIP/2.0 %s\r\n", cases[i].want);
		other_request(cases[i].method, first, "");
		assert_int_equal(n_answers("x"), i + 1);
		assert_holds(answer_to("x"), line);
		assert_holds(answer_to("x"), cases[i].holds);
	}
	/* RFC 3261 section 17.2.1: nothing answers an ACK. */
	other_request("ACK", "ACK sip:a@contoso.test", "");
	assert_int_equal(s.n_sent, COUNT(cases));
	assert_int_equal(s.n_got, 0);
}

/* A dialog with us there is not. */
static void a_message_in_a_dialog_is_481(void **state)
{
	char text[2048];

	(void)state;
	start_connected();
	assert_true(slice_cstr(
		slice_str(request("1", A_CONTOSO, P_LITWARE, "", "hi")), text, sizeof(text)));
	exchange(text, "To: <sip:" A_CONTOSO ">", "To:<sip:ad@contoso.test>;tag=7");
	sip(text);
	assert_int_equal(status_of("1"), 481);
	assert_int_equal(s.n_got, 0);
}

/* ---- hops ---- */

static void stox_core_8_max_forwards_zero_483(void **state)
{
	(void)state;
	start_connected();
	sip(request("0", A_CONTOSO, P_LITWARE, "Max-Forwards: 0\r\n", "hi"));
	assert_int_equal(status_of("0"), 483);
	assert_int_equal(s.n_got, 0);
	sip(request("1", A_CONTOSO, P_LITWARE, "Max-Forwards: 1\r\n", "hi"));
	sip(request("none", A_CONTOSO, P_LITWARE, "", "hi"));
	assert_int_equal(s.n_got, 2);
}

/* stox_core_8_sips_request_uri_refused, stox_core_8_sips_to_header_refused */
static void sips_is_refused(void **state)
{
	static const struct {
		const char *ruri, *to, *from;
		int want;
	} cases[] = {
		{ "sips:a@contoso.test", "sip:a@contoso.test", "sip:p@litware.test", 416 },
		{ "sip:a@contoso.test", "sips:a@contoso.test", "sip:p@litware.test", 416 },
		{ "sips:a@contoso.test", "sips:a@contoso.test", "sip:p@litware.test", 416 },
		{ "sip:a@contoso.test", "sip:a@contoso.test", "sips:p@litware.test", 400 },
		{ "tel:+1555", "sip:a@contoso.test", "sip:p@litware.test", 416 },
		{ "http://contoso.test/", "sip:a@contoso.test", "sip:p@litware.test", 416 },
	};

	(void)state;
	start_connected();
	for (unsigned i = 0; i < COUNT(cases); i++) {
		char text[1024], branch[8];

		print_message(
			"case: %s to %s from %s\n", cases[i].ruri, cases[i].to, cases[i].from);
		snprintf(branch, sizeof(branch), "m%u", i);
		snprintf(text, sizeof(text),
			"MESSAGE %s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK%s\r\n"
			"From: <%s>;tag=1\r\nTo: <%s>\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n"
			"Content-Length: 2\r\n\r\nhi",
			cases[i].ruri, branch, cases[i].from, cases[i].to);
		sip(text);
		assert_int_equal(status_of(branch), cases[i].want);
	}
	assert_int_equal(s.n_got, 0); /* nothing on the XMPP side */
}

static void every_extension_that_is_required_is_named(void **state)
{
	(void)state;
	start_connected();
	sip(request("1", A_CONTOSO, P_LITWARE, "Require: a, b\r\nRequire: c\r\n", "hi"));
	assert_int_equal(status_of("1"), 420);
	assert_holds(answer_to("1"), "\r\nUnsupported: a, b\r\nUnsupported: c\r\n");
	sip(request("2", A_CONTOSO, P_LITWARE, "Supported: a\r\n", "hi"));
	assert_int_equal(status_of("2"), 0);
}

/* ---- the answer's own fields ---- */

static void an_answer_repeats_what_rfc_3261_says(void **state)
{
	(void)state;
	start_connected();
	sip("MESSAGE sip:a@stranger.test SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK1;rport, SIP/2.0/TCP b;branch=z9hG4bK2"
	    "\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK3\r\nFrom: \"P\" <sip:p@litware.test>;tag=1\r\n"
	    "To: <sip:a@stranger.test>;x=y\r\nCall-ID: c@d\r\nCSeq: 77 MESSAGE\r\n"
	    "Record-Route: <sip:r>\r\nContent-Length: 2\r\n\r\nhi");
	const struct sip_msg *m = decode_sent(0);
	assert_int_equal(m->status, 403);
	/* RFC 3581: where it really came from. */
	assert_holds(s.sent[0].text,
		"Via: SIP/2.0/UDP 10.0.0.1:5062;branch=z9hG4bK1;rport=5060;received=127.0.0.1, "
		"SIP/2.0/TCP b;branch=z9hG4bK2\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK3\r\n"
		"From: \"P\" <sip:p@litware.test>;tag=1\r\n"
		"To: <sip:a@stranger.test>;x=y;tag=");
	assert_holds(s.sent[0].text, "\r\nCall-ID: c@d\r\nCSeq: 77 MESSAGE\r\n");
	assert_int_equal(m->to.tag.n, 16);
	assert_true(addr_eq(&s.sent[0].peer, &pool));
}

/* RFC 3261 section 18.2.2: a peer that sends from a port of its own for each request hears on the
 * one in its Via. */
static void the_answer_to_a_datagram_goes_to_the_port_in_its_via(void **state)
{
	const struct addr from = { .family = 4, .port = 40000, .ip = { 127, 0, 0, 1 } };
	static const struct {
		const char *via;
		uint16_t port;
	} rows[] = {
		{ "127.0.0.1:5062;branch=z9hG4bK1", 5062 },
		{ "127.0.0.1;branch=z9hG4bK2", 5060 },
		{ "10.0.0.1:5062;branch=z9hG4bK3;rport", 40000 },
	};
	static const char *const more[] = { "", "Max-Forwards: many\r\n" };
	char text[1024];

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 2 * COUNT(rows); i++) {
		snprintf(text, sizeof(text),
			"OPTIONS sip:x SIP/2.0\r\nVia: SIP/2.0/UDP %s\r\nFrom: <sip:p@d>;tag=1\r\n"
			"To: <sip:x>\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n%s\r\n",
			rows[i / 2].via, more[i % 2]);
		datagram_from(&from, text);
		assert_int_equal(s.n_sent, i + 1);
		assert_int_equal(s.sent[i].peer.port, rows[i / 2].port);
		assert_true(addr_ip_eq(&s.sent[i].peer, &from));
	}
}

static void the_to_tag_is_the_transactions(void **state)
{
	char tags[3][32];

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 3; i++) {
		sip(request(i == 2 ? "b" : "a", "a@stranger.test", P_LITWARE, "", "hi"));
		assert_true(slice_cstr(decode_sent(i)->to.tag, tags[i], sizeof(tags[i])));
	}
	assert_string_equal(tags[0], tags[1]);
	assert_string_not_equal(tags[0], tags[2]);
}

/* ---- what is no SIP ---- */

static void a_malformed_request_is_400_where_it_can_be_answered(void **state)
{
	static const char *const unanswerable[] = { "garbage\r\n\r\n", "MESSAGE\r\n\r\n",
		"MESSAGE sip:a@b SIP/2.0\r\n\r\n", "\x01\x02\x03\x04\x05",
		"SIP/2.0 200 OK\r\nFoo: bar\r\n\r\n" };

	(void)state;
	start_connected();
	sip(request("1", A_CONTOSO, P_LITWARE, "Max-Forwards: many\r\n", "hi"));
	assert_int_equal(status_of("1"), 400);
	other_request("ACK", "ACK sip:a@b", "Max-Forwards: many\r\n");
	assert_int_equal(s.n_sent, 1);
	for (size_t i = 0; i < COUNT(unanswerable); i++)
		sip(unanswerable[i]);
	assert_int_equal(s.n_sent, 1);
	assert_int_equal(gateway_stats(s.g)->sip_malformed, 2 + COUNT(unanswerable));
	assert_int_equal(s.n_got, 0);
}

/* RFC 5626 section 3.5 */
static void a_keep_alive_is_nothing(void **state)
{
	(void)state;
	start_connected();
	sip("\r\n\r\n");
	sip("\r\n");
	sip("");
	assert_int_equal(s.n_sent, 0);
	assert_int_equal(gateway_stats(s.g)->sip_malformed, 0);
}

/* ---- connections ---- */

static void start_tcp(void)
{
	s.cfg.listens[0].transport = TRANSPORT_TCP;
	start_connected();
}

static void a_stream_is_cut_into_messages(void **state)
{
	char two[4096], first[2048];
	size_t n;

	(void)state;
	start_tcp();
	flow_t flow = accepted(1);
	assert_true(slice_cstr(slice_str(request("1", "a@stranger.test", P_LITWARE, "", "hi")),
		first, sizeof(first)));
	snprintf(two, sizeof(two), "%s%.2000s", first,
		request("2", "a@stranger.test", P_LITWARE, "", "hi"));
	bytes_on(flow, two); /* both at once */
	assert_int_equal(status_of("1"), 403);
	assert_int_equal(status_of("2"), 403);
	assert_int_equal(s.sent[0].flow, flow);
	n = strlen(first);
	for (size_t i = 0; i < n; i++) { /* and one by the byte */
		push((struct fact){
			.type = FACT_FLOW_BYTES, .flow = flow, .bytes = slice_of(first + i, 1) });
		assert_int_equal(n_answers("1"), i + 1 < n ? 1 : 2);
	}
}

static void a_ping_on_a_stream_is_answered_with_a_pong(void **state)
{
	(void)state;
	start_tcp();
	flow_t flow = accepted(1);
	bytes_on(flow, "\r\n\r\n");
	assert_int_equal(s.n_sent, 1);
	assert_string_equal(s.sent[0].text, "\r\n");
	assert_int_equal(s.sent[0].flow, flow);
	bytes_on(flow, "\r\n\r\n\r\n\r\n");
	assert_int_equal(s.n_sent, 3);
}

/* Where one message ends is not known any more: nothing on this connection can be trusted. */
static void a_stream_without_lengths_is_closed(void **state)
{
	static const char *const bad[] = {
		"MESSAGE sip:a@b SIP/2.0\r\nVia: x\r\n\r\nhi",
		"MESSAGE sip:a@b SIP/2.0\r\nContent-Length: many\r\n\r\n",
		"MESSAGE sip:a@b SIP/2.0\r\nContent-Length: 99999999\r\n\r\n",
	};

	(void)state;
	start_tcp();
	for (unsigned i = 0; i < COUNT(bad); i++) {
		flow_t flow = accepted(i + 1);

		bytes_on(flow, bad[i]);
		assert_int_equal(n_wants(WANT_CLOSE_FLOW), i + 1);
		assert_int_equal(last_want(WANT_CLOSE_FLOW)->flow, flow);
		bytes_on(flow, request("1", "a@stranger.test", P_LITWARE, "", "hi"));
		assert_int_equal(s.n_sent, 0); /* it is nobody's any more */
	}
	assert_int_equal(gateway_stats(s.g)->sip_malformed, COUNT(bad));
}

static void a_connection_that_ends_is_closed_and_forgotten(void **state)
{
	(void)state;
	start_tcp();
	flow_t flow = accepted(1);
	push((struct fact){ .type = FACT_FLOW_EOF, .flow = flow });
	assert_int_equal(last_want(WANT_CLOSE_FLOW)->flow, flow);
	bytes_on(flow, "\r\n\r\n");
	assert_int_equal(s.n_sent, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(options_tells_whether_anything_is_carried),
		SCENE(options_may_tell_that_the_gateway_is_there),
		SCENE(other_methods_have_their_own_answers),
		SCENE(a_message_in_a_dialog_is_481),
		SCENE(stox_core_8_max_forwards_zero_483),
		SCENE(sips_is_refused),
		SCENE(every_extension_that_is_required_is_named),
		SCENE(an_answer_repeats_what_rfc_3261_says),
		SCENE(the_answer_to_a_datagram_goes_to_the_port_in_its_via),
		SCENE(the_to_tag_is_the_transactions),
		SCENE(a_malformed_request_is_400_where_it_can_be_answered),
		SCENE(a_keep_alive_is_nothing),
		SCENE(a_stream_is_cut_into_messages),
		SCENE(a_ping_on_a_stream_is_answered_with_a_pong),
		SCENE(a_stream_without_lengths_is_closed),
		SCENE(a_connection_that_ends_is_closed_and_forgotten),
	};

	return cmocka_run_group_tests_name("hops", tests, NULL, NULL);
}

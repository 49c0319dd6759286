/* The gateway alone: the XMPP server is an accepting stream, the pool is text, time is a number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "gateway/gateway.h"
#include "xmpp/stream.h"

enum { OUT_MAX = 64, TEXT_MAX = 4096 };

struct scene {
	struct rng rng;
	ts_t now;
	struct partners *partners;
	struct gateway *g;
	struct engine e;
	struct xstream *server;
	flow_t flow;
	char sip[OUT_MAX][TEXT_MAX]; /* datagrams that went out */
	unsigned n_sip;
	char stanzas[OUT_MAX][TEXT_MAX]; /* what the server got: name, id, or body */
	char ids[OUT_MAX][64];
	bool is_ping[OUT_MAX];
	unsigned n_stanzas;
	bool wants_connect;
};

static const struct addr pool = { .family = 4, .port = 5060, .ip = { 127, 0, 0, 1 } };
static const struct addr here = { .family = 4, .port = 5070, .ip = { 127, 0, 0, 1 } };
static const struct addr server_addr = { .family = 4, .port = 5347, .ip = { 127, 0, 0, 1 } };

static void server_events(struct scene *s)
{
	struct xstream_event ev;

	while (s->server && xstream_take_event(s->server, &ev)) {
		struct stanza st;

		if (ev.type == XSTREAM_EV_WANT_SECRET)
			xstream_push_secret(s->server, SLICE("secret"), s->now);
		if (ev.type != XSTREAM_EV_STANZA)
			continue;
		stanza_read(&st, ev.node);
		const struct xml_node *body = xml_child(ev.node, NULL, "body");
		slice_cstr(st.id, s->ids[s->n_stanzas], sizeof(s->ids[0]));
		s->is_ping[s->n_stanzas] = st.kind == STANZA_IQ;
		slice_cstr(body ? body->text : st.type, s->stanzas[s->n_stanzas], TEXT_MAX);
		s->n_stanzas++;
	}
}

static void drain(struct scene *s);

static void push(struct scene *s, struct fact in)
{
	in.peer = in.peer ? in.peer : &pool;
	in.local = in.local ? in.local : &here;
	s->e.ops->push(s->e.self, &in, s->now);
	drain(s);
}

/* Bytes between the gateway and the server until both are quiet. */
static void drain(struct scene *s)
{
	struct output out;
	struct want want;
	struct slice bytes;

	while (s->e.ops->take_output(s->e.self, &out)) {
		if (out.flow && s->server)
			xstream_push_bytes(s->server, out.bytes, s->now);
		else if (!out.flow)
			slice_cstr(out.bytes, s->sip[s->n_sip++], TEXT_MAX);
		server_events(s);
	}
	while (s->e.ops->take_want(s->e.self, &want))
		if (want.type == WANT_FLOW) {
			s->flow = want.flow;
			s->wants_connect = true;
		}
	if (s->server && xstream_take_output(s->server, &bytes))
		push(s, (struct fact){ .type = FACT_FLOW_BYTES, .flow = s->flow, .bytes = bytes });
}

static void wake(struct scene *s)
{
	s->e.ops->push_time(s->e.self, s->now);
	drain(s);
}

static void connect_server(struct scene *s)
{
	const struct xstream_cfg cfg = { .role = XSTREAM_ACCEPT_COMPONENT,
		.tls = XSTREAM_TLS_NONE };

	assert_true(s->wants_connect);
	s->wants_connect = false;
	assert_int_equal(xstream_new(&s->server, &cfg, &s->rng, s->now), 0);
	push(s, (struct fact){ .type = FACT_FLOW_UP, .flow = s->flow, .peer = &server_addr });
	assert_true(gateway_is_up(s->g));
}

static void begin(struct scene *s)
{
	struct gateway_cfg cfg = { .n_listens = 1,
		.n_trusted = 1,
		.component_secret = SLICE("secret"),
		.server_port = 5347,
		.next_hop = "sip:127.0.0.1:5060;transport=udp",
		.component_name = "litware.test",
		.server_host = "127.0.0.1" };

	memset(s, 0, sizeof(*s));
	rng_init_number(&s->rng, 1);
	s->now = TS_S(1000);
	assert_int_equal(partners_new(&s->partners), 0);
	assert_int_equal(partners_add_own(s->partners, SLICE("litware.test")), 0);
	assert_int_equal(partners_add(s->partners, SLICE("contoso.test"), PARTNER_FEDERATED), 0);
	cfg.partners = s->partners;
	cfg.listens[0] = (struct gateway_listen){ TRANSPORT_UDP, here };
	cfg.trusted[0] = pool;
	assert_int_equal(gateway_new(&s->g, &cfg, &s->rng, s->now), 0);
	s->e = gateway_engine(s->g);
	drain(s);
	push(s, (struct fact){ .type = FACT_LISTEN_UP, .listener = 1 });
}

static void end(struct scene *s)
{
	xstream_free(s->server);
	gateway_free(s->g);
	partners_free(s->partners);
}

static void sip(struct scene *s, const char *text, const struct addr *peer)
{
	push(s, (struct fact){ .type = FACT_DATAGRAM,
			.listener = 1,
			.peer = peer,
			.bytes = slice_str(text) });
}

static const char *message(const char *branch, const char *to, const char *from, const char *more)
{
	static char text[TEXT_MAX];

	snprintf(text, sizeof(text),
		"MESSAGE sip:%s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK%s\r\n"
		"From: <sip:%s>;tag=1\r\nTo: <sip:%s>\r\nCall-ID: c1\r\nCSeq: 1 MESSAGE\r\n%s"
		"Content-Length: 2\r\n\r\nhi",
		to, branch, from, to, more);
	return text;
}

#define A_TO_B "adelany@contoso.test", "pilar@litware.test"

/* The server answers the ping in stanza `i`, or bounces the message. */
static void answer(struct scene *s, unsigned i, bool error)
{
	struct buf *b = xstream_begin(s->server);

	assert_non_null(b);
	if (error)
		buf_printf(b,
			"<message from='adelany@contoso.test' to='pilar@litware.test' id='%s' "
			"type='error'><error type='cancel'><item-not-found "
			"xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
			s->ids[i]);
	else
		buf_printf(b, "<iq from='contoso.test' to='litware.test' id='%s' type='result'/>",
			s->ids[i]);
	assert_int_equal(xstream_commit(s->server, s->now), 0);
	drain(s);
}

static void want_status(const struct scene *s, unsigned i, const char *status, const char *holds)
{
	if (i >= s->n_sip || !strstr(s->sip[i], status) || (holds && !strstr(s->sip[i], holds)))
		fail_msg("answer %u: want %s and %s, got: %s", i, status, holds ? holds : "",
			s->sip[i]);
}

static void the_answer_waits_for_the_pong(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	sip(&s, message("1", A_TO_B, ""), &pool);
	assert_int_equal(s.n_sip, 0);
	wake(&s); /* the end of the batch */
	assert_int_equal(s.n_stanzas, 2);
	assert_string_equal(s.stanzas[0], "hi");
	assert_true(s.is_ping[1]);
	assert_int_equal(s.n_sip, 0);
	answer(&s, 1, false);
	want_status(&s, 0, "SIP/2.0 202 ", "branch=z9hG4bK1");
	end(&s);
}

static void one_ping_serves_a_batch(void **state)
{
	static const char *const branches[] = { "1", "2", "3", "4" };
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	for (size_t i = 0; i < COUNT(branches); i++)
		sip(&s, message(branches[i], A_TO_B, ""), &pool);
	wake(&s);
	assert_int_equal(s.n_stanzas, 5);
	assert_int_equal(gateway_stats(s.g)->pings, 1);
	answer(&s, 4, false);
	assert_int_equal(s.n_sip, 4);
	end(&s);
}

static void an_error_before_the_pong_is_the_answer(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	sip(&s, message("1", A_TO_B, ""), &pool);
	wake(&s);
	answer(&s, 0, true);
	want_status(&s, 0, "SIP/2.0 604 ", "Reason: XMPP;text=\"item-not-found\"");
	answer(&s, 1, false);
	assert_int_equal(s.n_sip, 1);
	end(&s);
}

/* gw_retransmission_one_stanza */
static void a_repeated_request_is_one_stanza_and_gets_the_same_answer(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	sip(&s, message("1", A_TO_B, ""), &pool);
	wake(&s);
	sip(&s, message("1", A_TO_B, ""), &pool);
	assert_int_equal(s.n_sip, 0);
	answer(&s, 0, true);
	sip(&s, message("1", A_TO_B, ""), &pool);
	assert_int_equal(s.n_sip, 2);
	assert_string_equal(s.sip[0], s.sip[1]);
	assert_int_equal(s.n_stanzas, 2);
	s.now += TS_S(40); /* after timer J it is a new request */
	wake(&s);
	sip(&s, message("1", A_TO_B, ""), &pool);
	wake(&s);
	assert_int_equal(gateway_stats(s.g)->sip_to_xmpp, 2);
	end(&s);
}

static void without_a_pong_the_window_answers(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	for (unsigned i = 0; i < 5; i++) {
		char branch[8];

		snprintf(branch, sizeof(branch), "b%u", i);
		sip(&s, message(branch, A_TO_B, ""), &pool);
		wake(&s);
		s.now += TS_MS(299);
		wake(&s);
		assert_int_equal(s.n_sip, i);
		s.now += TS_MS(1);
		wake(&s);
		assert_int_equal(s.n_sip, i + 1);
		want_status(&s, i, "SIP/2.0 202 ", NULL);
	}
	/* Three in a row: then the domain is left alone for a minute. */
	assert_int_equal(gateway_stats(s.g)->pings, 3);
	s.now += TS_S(61);
	sip(&s, message("later", A_TO_B, ""), &pool);
	wake(&s);
	assert_int_equal(gateway_stats(s.g)->pings, 4);
	end(&s);
}

static void refusals_name_their_cause(void **state)
{
	static const struct {
		const char *name, *to, *from, *more, *status, *holds;
	} cases[] = {
		{ "gw_partner_default_deny", "a@stranger.test", "pilar@litware.test", "", "403",
			"ms-diagnostics: 1005" },
		{ "gw_from_domain_owned", "a@contoso.test", "x@evil.test", "", "403",
			"ms-diagnostics: 1017" },
		{ "both ours", "kenmyer@litware.test", "pilar@litware.test", "", "403", "Both" },
		{ "stox_core_8_max_forwards_zero_483", A_TO_B, "Max-Forwards: 0\r\n", "483", NULL },
		{ "a required extension", A_TO_B, "Require: foo\r\n", "420", "Unsupported: foo" },
		{ "stox_im_7_other_types", A_TO_B, "Content-Type: image/png\r\n", "415",
			"Accept: text/plain" },
		{ "another charset", A_TO_B, "Content-Type: text/plain;charset=latin1\r\n", "415",
			"Accept" },
		{ "a password", "a:secret@contoso.test", "pilar@litware.test", "", "400", NULL },
		{ "an address literal", "a@192.0.2.1", "pilar@litware.test", "", "400", NULL },
	};
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	for (unsigned i = 0; i < COUNT(cases); i++) {
		char branch[8];

		print_message("case: %s\n", cases[i].name);
		snprintf(branch, sizeof(branch), "r%u", i);
		sip(&s, message(branch, cases[i].to, cases[i].from, cases[i].more), &pool);
		want_status(&s, i, cases[i].status, cases[i].holds);
	}
	assert_int_equal(s.n_stanzas, 0);
	end(&s);
}

/* stox_core_8_sips_request_uri_refused, and what is no MESSAGE. */
static void other_requests_have_their_own_answers(void **state)
{
	static const struct {
		const char *first, *method, *status;
	} cases[] = {
		{ "MESSAGE sips:adelany@contoso.test", "MESSAGE", "416" },
		{ "MESSAGE tel:+15551234", "MESSAGE", "416" },
		{ "OPTIONS sip:contoso.test", "OPTIONS", "200" },
		{ "INVITE sip:adelany@contoso.test", "INVITE", "405" },
		{ "CANCEL sip:adelany@contoso.test", "CANCEL", "481" },
	};
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	for (unsigned i = 0; i < COUNT(cases); i++) {
		char text[TEXT_MAX];

		snprintf(text, sizeof(text),
			"%s SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKx%u\r\n"
			"From: <sip:p@litware.test>;tag=1\r\nTo: <sip:a@contoso.test>\r\nCall-ID: "
			"c\r\n"
			"CSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
			cases[i].first, i, cases[i].method);
		sip(&s, text, &pool);
		want_status(&s, i, cases[i].status, NULL);
	}
	end(&s);
}

/* gw_outage_queue_bounded_503, gw_sip_answers_options_while_xmpp_down */
static void while_the_stream_is_down_the_answer_is_503_at_once(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	sip(&s, message("1", A_TO_B, ""), &pool);
	want_status(&s, 0, "SIP/2.0 503 ", "Retry-After: ");
	want_status(&s, 0, "SIP/2.0 503 ", "ms-diagnostics: 1007;"); /* down, not merely busy */
	connect_server(&s);
	sip(&s, message("1", A_TO_B, ""), &pool); /* repeated: the same answer, nothing sent */
	want_status(&s, 1, "SIP/2.0 503 ", NULL);
	assert_int_equal(s.n_stanzas, 0);
	end(&s);
}

/* gw_outage_no_acked_loss */
static void a_broken_stream_answers_what_was_owed_and_comes_back(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	sip(&s, message("1", A_TO_B, ""), &pool);
	wake(&s);
	s.server = xstream_free(s.server);
	push(&s, (struct fact){ .type = FACT_FLOW_FAILED,
			 .flow = s.flow,
			 .err = ECONNRESET,
			 .step = FLOW_STEP_OPEN });
	want_status(&s, 0, "SIP/2.0 503 ", "Retry-After: ");
	assert_false(s.wants_connect);
	s.now += TS_S(2);
	wake(&s);
	connect_server(&s);
	end(&s);
}

static void a_stranger_is_not_answered(void **state)
{
	const struct addr stranger = { .family = 4, .port = 5060, .ip = { 192, 0, 2, 9 } };
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	sip(&s, message("1", A_TO_B, ""), &stranger);
	assert_int_equal(s.n_sip, 0);
	assert_int_equal(gateway_stats(s.g)->sip_untrusted, 1);
	end(&s);
}

static void malformed_requests_are_400_or_dropped(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	sip(&s, message("1", A_TO_B, "Max-Forwards: many\r\n"), &pool);
	want_status(&s, 0, "SIP/2.0 400 ", NULL);
	sip(&s, "garbage\r\n\r\n", &pool);
	assert_int_equal(s.n_sip, 1);
	assert_int_equal(gateway_stats(s.g)->sip_malformed, 2);
	end(&s);
}

static void from_xmpp(struct scene *s, const char *stanza)
{
	struct buf *b = xstream_begin(s->server);

	buf_puts(b, stanza);
	assert_int_equal(xstream_commit(s->server, s->now), 0);
	drain(s);
}

static void a_stanza_becomes_a_message_and_its_failure_comes_back(void **state)
{
	char response[TEXT_MAX];
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	from_xmpp(&s, "<message from='adelany@contoso.test/x' to='pilar@litware.test' id='m1'>"
		      "<body>hello</body></message>");
	assert_int_equal(s.n_sip, 1);
	assert_non_null(strstr(s.sip[0], "MESSAGE sip:pilar@litware.test SIP/2.0"));
	assert_non_null(strstr(s.sip[0], "From: <sip:adelany@contoso.test;gr=x>"));
	s.now += TS_MS(500);
	wake(&s);
	assert_int_equal(s.n_sip, 2); /* timer E */
	const char *via = strstr(s.sip[0], "Via: ");
	snprintf(response, sizeof(response),
		"SIP/2.0 404 Not Found\r\n%.*s\r\nFrom: <sip:adelany@contoso.test>;tag=1\r\n"
		"To: <sip:pilar@litware.test>;tag=2\r\nCall-ID: c\r\nCSeq: 1 MESSAGE\r\n"
		"Content-Length: 0\r\n\r\n",
		(int)(strchr(via, '\r') - via), via);
	sip(&s, response, &pool);
	assert_int_equal(s.n_stanzas, 1);
	assert_string_equal(s.stanzas[0], "error");
	assert_string_equal(s.ids[0], "m1");
	end(&s);
}

/* im3428_8_one_pending_per_uri */
static void one_message_a_uri_is_pending(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	for (int i = 0; i < 3; i++)
		from_xmpp(&s, "<message from='adelany@contoso.test' to='pilar@litware.test' id='q'>"
			      "<body>x</body></message>");
	assert_int_equal(s.n_sip, 1);
	from_xmpp(&s, "<message from='adelany@contoso.test' to='kenmyer@litware.test' id='q'>"
		      "<body>x</body></message>");
	assert_int_equal(s.n_sip, 2);
	end(&s);
}

/* gw_iq_always_answered, gw_no_error_for_error, gw_groupchat_refused */
static void other_stanzas_have_their_answers(void **state)
{
	struct scene s;

	(void)state;
	begin(&s);
	connect_server(&s);
	from_xmpp(&s, "<iq from='contoso.test' to='litware.test' id='i1' type='get'><foo "
		      "xmlns='bar'/></iq>");
	assert_int_equal(s.n_stanzas, 1);
	assert_string_equal(s.stanzas[0], "error");
	from_xmpp(&s,
		"<message from='x@stranger.test' to='pilar@litware.test' id='e' type='error'/>");
	assert_int_equal(s.n_stanzas, 1);
	from_xmpp(&s,
		"<message from='r@contoso.test/n' to='pilar@litware.test' id='g' type='groupchat'>"
		"<body>x</body></message>");
	assert_int_equal(s.n_stanzas, 2);
	assert_string_equal(s.ids[1], "g");
	assert_int_equal(s.n_sip, 0);
	end(&s);
}

static void sigterm_finishes_what_is_in_hand(void **state)
{
	struct gateway_event ev;
	struct scene s;
	bool stopped = false;

	(void)state;
	begin(&s);
	connect_server(&s);
	sip(&s, message("1", A_TO_B, ""), &pool);
	wake(&s);
	push(&s, (struct fact){ .type = FACT_STOP });
	sip(&s, message("2", A_TO_B, ""), &pool);
	want_status(&s, 0, "SIP/2.0 503 ", NULL);
	answer(&s, 1, false);
	want_status(&s, 1, "SIP/2.0 202 ", "branch=z9hG4bK1");
	for (int i = 0; i < 4; i++) {
		s.now += TS_S(1);
		wake(&s);
	}
	while (gateway_take_event(s.g, &ev))
		stopped |= ev.type == GATEWAY_EV_STOPPED;
	assert_true(stopped);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_answer_waits_for_the_pong),
		cmocka_unit_test(one_ping_serves_a_batch),
		cmocka_unit_test(an_error_before_the_pong_is_the_answer),
		cmocka_unit_test(a_repeated_request_is_one_stanza_and_gets_the_same_answer),
		cmocka_unit_test(without_a_pong_the_window_answers),
		cmocka_unit_test(refusals_name_their_cause),
		cmocka_unit_test(other_requests_have_their_own_answers),
		cmocka_unit_test(while_the_stream_is_down_the_answer_is_503_at_once),
		cmocka_unit_test(a_broken_stream_answers_what_was_owed_and_comes_back),
		cmocka_unit_test(a_stranger_is_not_answered),
		cmocka_unit_test(malformed_requests_are_400_or_dropped),
		cmocka_unit_test(a_stanza_becomes_a_message_and_its_failure_comes_back),
		cmocka_unit_test(one_message_a_uri_is_pending),
		cmocka_unit_test(other_stanzas_have_their_answers),
		cmocka_unit_test(sigterm_finishes_what_is_in_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Flows and other ways: what comes over them, and what is lost with them. */
#include "tl_rig.h"

/* ---- streams: section 18.3 ---- */

static void on_a_stream_nothing_is_remembered(void **state)
{
	(void)state;
	for (unsigned whole = 0; whole < 2; whole++) {
		if (whole)
			open_whole();
		rig_flow(1);
		for (unsigned n = 0; n < 4; n++) {
			bytes(1, message(1));
			assert_string_equal(take(), "request MESSAGE");
			answer(n % 2 ? keep(1) : TL_IN_HAND, 200, TL_REMEMBER, 0);
			assert_non_null(sent());
			assert_true(r.sent.flow == 1);
			assert_string_equal(take(), "");
		}
		assert_int_equal(tl_deadline(r.tl), TS_NEVER);
		assert_int_equal(slots_count(&r.tl->servers), 0);
	}
}

/* What the flow says, whole messages and what else it may be, in one event each. */
static void assert_events_of_stream(const char *text)
{
	assert_string_equal(take(), "request MESSAGE");
	assert_string_equal(take(), "request OPTIONS");
	assert_string_equal(take(), "ping");
	assert_string_equal(take(), "");
	assert_string_equal(sent(), "\r\n");
	assert_true(r.sent.flow == 1 && addr_eq(&r.sent.peer, &rig_peer));
	assert_null(sent());
	assert_true(tl_flow_bytes(r.tl, 1) >= strlen(text));
}

static void messages_are_found_however_the_bytes_come(void **state)
{
	char text[8192];

	(void)state;
	int n = snprintf(text, sizeof(text), "%s", message(1));
	snprintf(text + n, sizeof(text) - (size_t)n, "%s\r\n\r\n",
		request_text("OPTIONS", "SIP/2.0/TCP h;branch=z9hG4bKo", ""));
	rig_flow(1);
	bytes(1, text);
	assert_events_of_stream(text);
	for (size_t cut = 1; cut < strlen(text); cut++) {
		char got[256] = "";

		for (unsigned half = 0; half < 2; half++) {
			outbox_begin(&r.out);
			tl_push_bytes(r.tl, 1,
				half ? slice_skip(slice_str(text), cut)
				     : slice_cut(slice_str(text), 0, cut));
			for (const char *ev; *(ev = take());)
				snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s, ", ev);
			count_sent();
		}
		if (strcmp(got, "request MESSAGE, request OPTIONS, ping, ") != 0)
			fail_msg("cut at %zu: %s", cut, got);
	}
}

static void a_stream_that_is_broken_says_so_once(void **state)
{
	(void)state;
	rig_flow(1);
	bytes(1, message(1));
	assert_string_equal(take(), "request MESSAGE");
	assert_string_equal(take(), "");
	bytes(1, "MESSAGE sip:b@d SIP/2.0\r\nVia: x\r\n\r\n");
	assert_string_equal(take(), "malformed 400");
	assert_int_equal(r.ev.refusal->answerable, SIP_NOT_ANSWERABLE);
	assert_string_equal(take(), "broken: a message without Content-Length on a stream");
	assert_int_equal(r.ev.origin->flow, 1);
	assert_string_equal(take(), "");
	bytes(1, message(2));
	assert_string_equal(take(), "");
	bytes(2, message(2)); /* there is no such flow */
	assert_string_equal(take(), "");
	assert_int_equal(tl_flow_bytes(r.tl, 2), 0);
}

static void the_memory_of_large_messages_is_given_back(void **state)
{
	static char text[40000];

	(void)state;
	int n = snprintf(text, sizeof(text),
		"MESSAGE sip:b@d SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKa\r\n"
		"From: <sip:a@d>;tag=1\r\nTo: <sip:b@d>\r\nCall-ID: c\r\nCSeq: 7 MESSAGE\r\n"
		"Content-Length: 30000\r\n\r\n");
	memset(text + n, 'x', 29999);
	rig_flow(1);
	bytes(1, text);
	assert_string_equal(take(), "");
	assert_true(tl_flow_bytes(r.tl, 1) >= 30000);
	bytes(1, "x");
	assert_string_equal(take(), "request MESSAGE");
	assert_true(tl_flow_bytes(r.tl, 1) >= 30000); /* it is in hand */
	assert_int_equal(r.ev.msg->body.n, 30000);
	assert_string_equal(take(), "");
	assert_int_equal(tl_flow_bytes(r.tl, 1), 0);
}

static void white_space_is_no_message(void **state)
{
	static const char *const rows[] = { "", "\r\n", "\r\n\r\n", " \t\r\n" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		datagram(rows[i]);
		assert_string_equal(take(), "");
		assert_null(sent());
	}
}

/* ---- a flow that is lost ---- */

static void answers_owed_on_a_flow_that_is_gone_are_told(void **state)
{
	uint64_t places[3];

	(void)state;
	rig_flow(1);
	rig_flow(2);
	for (unsigned i = 0; i < 3; i++) {
		bytes(i == 1 ? 2 : 1, message(i));
		assert_string_equal(take(), "request MESSAGE");
		places[i] = keep(i);
		assert_true(places[i] != 0);
	}
	tl_flow_gone(r.tl, 1, ECONNRESET);
	assert_int_equal(tl_deadline(r.tl), 0);
	assert_string_equal(take_with(false), "");
	datagram(message(0)); /* the state changes at once: this one is new */
	assert_string_equal(take_with(false), "request MESSAGE");
	answer(places[0], 200, TL_REMEMBER, 0); /* whose flow is gone gets nothing, and no event */
	assert_string_equal(take(), "gone 2");
	assert_string_equal(take(), "");
	assert_true(tl_deadline(r.tl) > r.now);
	answer(places[2], 200, TL_REMEMBER, 0);
	assert_null(sent());
	answer(places[1], 200, TL_REMEMBER, 0);
	assert_non_null(sent());
	assert_int_equal(slots_count(&r.tl->servers), 0);
	assert_int_equal(r.tl->owed_bytes, 0);
}

static void a_flow_may_go_while_its_messages_are_taken(void **state)
{
	char text[8192];

	(void)state;
	int n = snprintf(text, sizeof(text), "%s", message(1));
	snprintf(text + n, sizeof(text) - (size_t)n, "%s\r\n\r\n", message(2));
	rig_flow(1);
	bytes(1, text);
	assert_string_equal(take(), "request MESSAGE");
	tl_flow_gone(r.tl, 1, ECONNRESET);
	assert_true(slice_eqs(r.ev.msg->call_id, "c")); /* what is in hand can be read */
	assert_int_equal(r.ev.origin->flow, 1);
	assert_int_equal(tl_origin(r.tl, TL_IN_HAND)->flow, 1);
	assert_int_equal(keep(1), 0);
	answer(TL_IN_HAND, 503, TL_REMEMBER, 0);
	assert_null(sent());
	assert_string_equal(take(), "");
	rig_flow(1); /* and nothing of it is left */
	bytes(1, message(1));
	assert_string_equal(take(), "request MESSAGE");
}

/* ---- ways ---- */

static void a_way_that_fails_costs_its_own_transactions_only(void **state)
{
	const struct origin tcp = rig_flow(1), tcp2 = rig_flow(2);
	struct origin port = rig_datagrams(&rig_peer);

	(void)state;
	port.peer.port++;
	request(1);
	request_to(2, &tcp);
	request_to(3, &port);
	request_to(4, &tcp2);
	request(5);
	tl_push_peer_failed(r.tl, &rig_peer, ECONNREFUSED);
	assert_string_equal(take(), "failed 1 111");
	assert_string_equal(take(), "failed 5 111");
	assert_string_equal(take(), "");
	tl_flow_gone(r.tl, 1, ECONNRESET);
	assert_string_equal(take(), "failed 2 104");
	assert_string_equal(take(), "");
	tl_push_peer_failed(r.tl, &rig_other, ECONNREFUSED); /* nothing is on its way */
	tl_flow_gone(r.tl, 1, ECONNRESET);
	assert_string_equal(take(), "");
	assert_int_equal(slots_count(&r.tl->clients), 2);
	request(6);
	respond(200);
	assert_string_equal(take(), "final 6 200 sends 1");
}

static void a_request_needs_a_flow_that_is_there(void **state)
{
	const struct origin tcp = rig_stream(1);
	uint64_t place;

	(void)state;
	assert_null(begin_request(7, &tcp, 0));
	assert_int_equal(tl_flow_add(r.tl, &tcp), 0);
	begin_request(7, &tcp, 0);
	tl_flow_gone(r.tl, 1, ECONNRESET);
	assert_int_equal(tl_request_end(r.tl, SIP_METHOD_MESSAGE, &place, r.now), -ENOMEM);
	assert_string_equal(take(), "");
}

static void a_flow_learns_its_addresses_when_it_is_up(void **state)
{
	(void)state;
	rig_flow(1);
	tl_flow_up(r.tl, 1, &rig_other, &rig_here);
	tl_flow_up(r.tl, 2, &rig_other, &rig_here); /* there is none */
	bytes(1, message(1));
	assert_string_equal(take(), "request MESSAGE");
	assert_true(addr_eq(&r.ev.origin->local, &rig_other));
	assert_true(addr_eq(&r.ev.origin->peer, &rig_here));
}

static void there_are_no_more_flows_than_places(void **state)
{
	const struct origin o = rig_stream(99);

	(void)state;
	for (flow_t f = 1; f <= rig_cfg.flows_max; f++)
		rig_flow(f);
	assert_int_equal(tl_flow_add(r.tl, &o), ERR_LIMIT);
	tl_flow_gone(r.tl, 1, 0);
	assert_int_equal(tl_flow_add(r.tl, &o), 0);
}

static void peers_that_nothing_waits_for_are_forgotten(void **state)
{
	struct origin to = rig_datagrams(&rig_peer);

	(void)state;
	for (uint16_t i = 0; i < 1000; i++) {
		to.peer.port = (uint16_t)(i + 1);
		request_to(i, &to);
		respond(200);
		take();
	}
	assert_int_equal(r.tl->peers.n, TL_IDLE_PEERS_MAX);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, rig_set_up, rig_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(on_a_stream_nothing_is_remembered),
		TEST(messages_are_found_however_the_bytes_come),
		TEST(a_stream_that_is_broken_says_so_once),
		TEST(the_memory_of_large_messages_is_given_back),
		TEST(white_space_is_no_message),
		TEST(answers_owed_on_a_flow_that_is_gone_are_told),
		TEST(a_flow_may_go_while_its_messages_are_taken),
		TEST(a_way_that_fails_costs_its_own_transactions_only),
		TEST(a_request_needs_a_flow_that_is_there),
		TEST(a_flow_learns_its_addresses_when_it_is_up),
		TEST(there_are_no_more_flows_than_places),
		TEST(peers_that_nothing_waits_for_are_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

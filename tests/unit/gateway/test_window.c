/* No message is acknowledged that the server has not read. */
#include "scene.h"

/* A ping to ourselves as it is known to the server, from `from`. */
static void own_reply(const char *from, const char *id, const char *type)
{
	char text[512];

	snprintf(text, sizeof(text), "<iq from='%s' to='litware.test' id='%s' type='%s'/>", from,
		id, type);
	from_xmpp(text);
}

/* A message whose domain answers no ping. */
static void send_to_silence(const char *branch)
{
	send_message(branch, A_CONTOSO);
	wake();
}

static void what_the_server_has_read_is_taken_when_the_window_ends(void **state)
{
	(void)state;
	start_connected();
	send_to_silence("1");
	pass(TS_MS(300) - 1);
	assert_int_equal(s.n_own_pings, 0); /* nobody needs to know before */
	pass(1);
	assert_int_equal(s.n_own_pings, 1);
	assert_int_equal(status_of("1"), 202);
}

static void a_pong_needs_no_other_proof(void **state)
{
	(void)state;
	start_connected();
	send_to_silence("1");
	pong(1);
	assert_int_equal(status_of("1"), 202);
	pass(TS_S(10));
	assert_int_equal(s.n_own_pings, 0);
}

static void one_question_serves_all_that_is_in_front_of_it(void **state)
{
	(void)state;
	start_connected();
	send_to_silence("1");
	pass(TS_MS(100));
	send_message("2", A_FABRIKAM);
	wake();
	pass(TS_MS(200));
	assert_int_equal(status_of("1"), 202);
	assert_int_equal(status_of("2"), 0); /* its own window is still open */
	pass(TS_MS(100));
	assert_int_equal(status_of("2"), 202);
	assert_int_equal(s.n_own_pings, 1);
}

static void what_is_sent_behind_the_question_is_asked_for_anew(void **state)
{
	(void)state;
	start_connected();
	send_to_silence("1");
	pass(TS_MS(300));
	send_to_silence("2");
	pass(TS_MS(300));
	assert_int_equal(status_of("2"), 202);
	assert_int_equal(s.n_own_pings, 2);
}

/* gw_outage_no_acked_loss: the connection is half open, or the server hangs. */
static void what_the_server_does_not_read_is_not_acknowledged(void **state)
{
	(void)state;
	start_connected();
	s.server_is_stuck = true;
	send_to_silence("1");
	pass(TS_MS(100));
	send_to_silence("2");
	pass(TS_MS(3200) - 1);
	assert_int_equal(s.n_own_pings, 6); /* every half second */
	assert_int_equal(s.n_sent, 0);
	pass(1); /* before the 3.5 s at which RFC 4320 would want a 100 */
	assert_holds(answer_to("1"), "SIP/2.0 504 XMPP Connection Lost\r\n");
	assert_holds(answer_to("1"), "Reason: SIP;cause=503;text=\"XMPP Connection Lost\"\r\n");
	assert_int_equal(status_of("2"), 504);
	assert_int_equal(n_wants(WANT_DROP_FLOW), 1);
	assert_int_equal(last_want(WANT_DROP_FLOW)->flow, s.stream_flow);
	assert_holds(s.events, "down warning xmpp down server=127.0.0.1 port=5347 "
			       "cause=\"the server does not read\"");
	assert_false(gateway_is_up(s.g));

	s.server_is_stuck = false; /* the next stream is another one */
	pass(TS_S(2));
	connect_server();
	send_to_silence("3");
	pass(TS_MS(300));
	assert_int_equal(status_of("3"), 202);
}

/* This process was stopped, or the whole machine: the server has had no time yet. */
static void the_three_seconds_begin_with_the_question(void **state)
{
	(void)state;
	start_connected();
	s.server_is_stuck = true;
	send_to_silence("1");
	s.now += TS_S(60);
	wake();
	assert_true(gateway_is_up(s.g));
	pass(TS_S(3) - 1);
	assert_int_equal(s.n_sent, 1);
	assert_int_equal(status_of("1"), 100);
	own_reply("litware.test", s.last_own_ping, "get");
	assert_int_equal(status_of("1"), 202);
}

static void a_question_of_a_stream_that_broke_is_not_waited_for(void **state)
{
	char id[64];

	(void)state;
	start_connected();
	s.server_is_stuck = true;
	send_to_silence("1");
	pass(TS_S(2));
	snprintf(id, sizeof(id), "%s", s.last_own_ping);
	break_stream();
	assert_int_equal(status_of("1"), 504);
	pass(TS_S(1) + TS_MS(500));
	connect_server();
	send_to_silence("2");
	pass(TS_S(2));
	assert_true(gateway_is_up(s.g));
	own_reply("litware.test", id, "get");
	assert_int_equal(status_of("2"), 0); /* the old one says nothing of this stream */
	own_reply("litware.test", s.last_own_ping, "get");
	assert_int_equal(status_of("2"), 202);
}

static void an_error_is_still_the_answer_meanwhile(void **state)
{
	(void)state;
	start_connected();
	s.server_is_stuck = true;
	send_to_silence("1");
	pass(TS_S(2));
	bounce(0, ERROR("cancel", "item-not-found"));
	assert_int_equal(status_of("1"), 604);
	pass(TS_S(5)); /* nobody waits for the answer any more */
	assert_true(gateway_is_up(s.g));
}

static void a_server_that_answers_for_us_has_read_as_well(void **state)
{
	(void)state;
	start_connected();
	s.server_is_stuck = true;
	send_to_silence("1");
	pass(TS_MS(300));
	own_reply("litware.test", s.last_own_ping, "error");
	assert_int_equal(status_of("1"), 202);
}

static void nobody_else_can_say_so(void **state)
{
	static const char *const others[] = { "contoso.test", "mallory@litware.test",
		"litware.test/x", "" };
	static const char *const ids[] = { "r1", "r", "", "r00000000000000010000000000000000" };

	(void)state;
	start_connected();
	s.server_is_stuck = true;
	send_to_silence("1");
	pass(TS_MS(300));
	for (size_t i = 0; i < COUNT(others); i++)
		own_reply(others[i], s.last_own_ping, "result");
	for (size_t i = 0; i < COUNT(ids); i++)
		own_reply("litware.test", ids[i], "result");
	assert_int_equal(s.n_sent, 0);
}

/* gw_outage_queue_bounded_503: the server reads so slowly that its messages would stay here. */
static void while_the_stream_is_blocked_nothing_new_is_taken(void **state)
{
	(void)state;
	start_connected();
	push((struct fact){ .type = FACT_FLOW_BLOCKED, .flow = s.stream_flow });
	send_message("1", A_CONTOSO);
	assert_int_equal(status_of("1"), 503);
	assert_holds(answer_to("1"), "Retry-After: 5\r\n");
	assert_int_equal(s.n_got, 0);
	push((struct fact){ .type = FACT_FLOW_READY, .flow = s.stream_flow });
	send_message("2", A_CONTOSO);
	assert_int_equal(s.n_got, 1);
}

static void a_new_stream_is_not_blocked(void **state)
{
	(void)state;
	start_connected();
	push((struct fact){ .type = FACT_FLOW_BLOCKED, .flow = s.stream_flow });
	break_stream();
	pass(TS_S(2));
	connect_server();
	send_message("1", A_CONTOSO);
	assert_int_equal(s.n_got, 1);
}

/* ---- a domain that answers no pings: the setting `unproven` ---- */

static void silence_is_told_at_the_first_message(void **state)
{
	(void)state;
	start_connected();
	send_to_silence("1");
	pass(TS_MS(300));
	assert_int_equal(status_of("1"), 202);
	assert_holds(s.events,
		"log warning xmpp pings-unanswered domain=contoso.test messages=accepted\n");
	s.events[0] = '\0';
	send_to_silence("2");
	pass(TS_MS(300));
	assert_lacks(s.events, "pings-unanswered");
}

static void what_cannot_be_proven_may_be_refused(void **state)
{
	char branch[8];

	(void)state;
	s.cfg.refuses_unproven = true;
	start_connected();
	for (unsigned i = 1; i <= 3; i++) {
		snprintf(branch, sizeof(branch), "m%u", i);
		send_to_silence(branch);
		assert_int_equal(status_of(branch), 0);
		pass(TS_MS(300));
		assert_holds(answer_to(branch), "SIP/2.0 504 XMPP Domain Answers No Ping\r\n");
	}
	assert_holds(s.events, "pings-unanswered domain=contoso.test messages=refused\n");
	/* Nothing more goes there for a minute. */
	const unsigned got = s.n_got;
	send_message("4", A_CONTOSO);
	assert_int_equal(status_of("4"), 504);
	assert_int_equal(s.n_got, got);
	send_message("5", A_FABRIKAM);
	wake();
	pong(s.n_got - 1);
	assert_int_equal(status_of("5"), 202);
	/* Then it may have come back. */
	pass(TS_S(60));
	send_message("6", A_CONTOSO);
	wake();
	pong(s.n_got - 1);
	assert_int_equal(status_of("6"), 202);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(what_the_server_has_read_is_taken_when_the_window_ends),
		SCENE(a_pong_needs_no_other_proof),
		SCENE(one_question_serves_all_that_is_in_front_of_it),
		SCENE(what_is_sent_behind_the_question_is_asked_for_anew),
		SCENE(what_the_server_does_not_read_is_not_acknowledged),
		SCENE(the_three_seconds_begin_with_the_question),
		SCENE(a_question_of_a_stream_that_broke_is_not_waited_for),
		SCENE(an_error_is_still_the_answer_meanwhile),
		SCENE(a_server_that_answers_for_us_has_read_as_well),
		SCENE(nobody_else_can_say_so),
		SCENE(while_the_stream_is_blocked_nothing_new_is_taken),
		SCENE(a_new_stream_is_not_blocked),
		SCENE(silence_is_told_at_the_first_message),
		SCENE(what_cannot_be_proven_may_be_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

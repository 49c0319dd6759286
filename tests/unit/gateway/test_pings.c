/* "An XEP-0199 ping to the receiver's domain goes out behind it on the same stream, and its reply,
 * result or error, says that everything before it was processed." */
#include "scene.h"

static unsigned n_pings(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s.n_got; i++)
		n += s.got[i].is_ping;
	return n;
}

/* The last message of its batch. */
static void send_last(const char *branch, const char *to)
{
	send_message(branch, to);
	wake();
}

/* To the last ping. */
static void pong_last(void)
{
	assert_true(s.got[s.n_got - 1].is_ping);
	pong(s.n_got - 1);
}

static void the_answer_waits_for_the_pong(void **state)
{
	(void)state;
	start_connected();
	send_last("1", A_CONTOSO);
	assert_int_equal(s.n_got, 2);
	assert_holds(s.got[0].text, "<body>hi</body>"); /* the message is first, then its ping */
	assert_true(s.got[1].is_ping);
	assert_string_equal(s.got[1].from, "litware.test");
	assert_string_equal(s.got[1].to, "contoso.test");
	assert_int_equal(s.n_sent, 0);
	pong(1);
	assert_int_equal(status_of("1"), 202);
	assert_int_equal(s.n_sent, 1);
	assert_int_equal(gateway_stats(s.g)->ping_timeouts, 0);
}

static void a_ping_that_is_refused_is_an_answer_too(void **state)
{
	(void)state;
	start_connected();
	send_last("1", A_CONTOSO);
	pong_from("contoso.test", 1, "error");
	assert_int_equal(status_of("1"), 202);
}

static void with_nothing_in_hand_the_ping_goes_at_once(void **state)
{
	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	assert_int_equal(n_pings(), 0); /* more of the batch may come */
	assert_true(s.e.ops->deadline(s.e.self) <= s.now);
	wake(); /* no time has passed */
	assert_int_equal(n_pings(), 1);
}

static void one_ping_serves_the_messages_of_a_batch(void **state)
{
	static const char *const branches[] = { "1", "2", "3", "4" };

	(void)state;
	start_connected();
	for (size_t i = 0; i < COUNT(branches); i++)
		send_message(branches[i], A_CONTOSO);
	wake();
	assert_int_equal(n_pings(), 1);
	assert_true(s.got[4].is_ping);
	pong(4);
	for (size_t i = 0; i < COUNT(branches); i++)
		assert_int_equal(status_of(branches[i]), 202);
	assert_int_equal(gateway_stats(s.g)->pings, 1);
}

static void each_domain_of_a_batch_has_a_ping_of_its_own(void **state)
{
	(void)state;
	start_connected();
	send_message("c", A_CONTOSO);
	send_last("f", A_FABRIKAM);
	assert_int_equal(n_pings(), 2);
	pong_from("fabrikam.test", s.got[2].to[0] == 'f' ? 2 : 3, "result");
	assert_int_equal(status_of("f"), 202);
	assert_int_equal(status_of("c"), 0);
}

static void a_pong_answers_what_was_sent_before_its_ping_only(void **state)
{
	(void)state;
	start_connected();
	send_last("1", A_CONTOSO);
	send_last("2", A_CONTOSO);
	assert_int_equal(n_pings(), 1);
	pong(1);
	assert_int_equal(status_of("1"), 202);
	assert_int_equal(status_of("2"), 0);
	wake(); /* the next ping goes with the reply to the one before */
	assert_int_equal(n_pings(), 2);
	pong(3);
	assert_int_equal(status_of("2"), 202);
}

static void while_a_ping_is_out_messages_gather_for_two_milliseconds(void **state)
{
	(void)state;
	start_connected();
	send_last("1", A_CONTOSO);
	pass(TS_MS(1));
	send_message("2", A_CONTOSO);
	send_last("3", A_CONTOSO);
	pass(TS_MS(1) - 1);
	assert_int_equal(n_pings(), 1);
	pass(1);
	assert_int_equal(n_pings(), 2);
	assert_true(s.got[s.n_got - 1].is_ping);
	/* The last pong says that all before it were processed, though the first is missing. */
	pong_last();
	assert_int_equal(status_of("1"), 202);
	assert_int_equal(status_of("2"), 202);
	assert_int_equal(status_of("3"), 202);
}

static void under_load_there_is_a_ping_in_two_milliseconds(void **state)
{
	char branch[16];

	(void)state;
	start_connected();
	for (unsigned i = 0; i < 100; i++) { /* 10 ms of messages, and no reply yet */
		snprintf(branch, sizeof(branch), "b%u", i);
		send_last(branch, A_CONTOSO);
		pass(100);
	}
	assert_int_equal(n_pings(), 6); /* at 0, 2, 4 ... 10 ms */
}

static void without_a_pong_the_window_answers(void **state)
{
	(void)state;
	start_connected();
	send_last("1", A_CONTOSO);
	pass(TS_MS(300) - 1);
	assert_int_equal(s.n_sent, 0);
	pass(1);
	assert_int_equal(status_of("1"), 202);
	assert_int_equal(gateway_stats(s.g)->ping_timeouts, 1);
	pong(1); /* too late to matter */
	assert_int_equal(n_answers("1"), 1);
}

static void the_window_is_a_setting(void **state)
{
	(void)state;
	s.cfg.window = TS_MS(50);
	start_connected();
	send_last("1", A_CONTOSO);
	pass(TS_MS(50) - 1);
	assert_int_equal(s.n_sent, 0);
	pass(1);
	assert_int_equal(status_of("1"), 202);
}

/* One message, whose ping nobody answers, and its window. */
static void missed(const char *branch)
{
	send_last(branch, A_CONTOSO);
	pass(TS_MS(300));
	assert_int_equal(status_of(branch), 202);
}

/* Three pings in a row, and no pong. */
static void silence(void)
{
	missed("1");
	missed("2");
	missed("3");
	assert_holds(s.events, "log warning xmpp pings-unanswered domain=contoso.test\n");
}

static void after_three_in_a_row_the_domain_is_asked_every_minute(void **state)
{
	(void)state;
	start_connected();
	missed("1");
	missed("2");
	assert_lacks(s.events, "pings-unanswered");
	missed("3");
	assert_holds(s.events, "log warning xmpp pings-unanswered domain=contoso.test\n");
	assert_int_equal(n_pings(), 3);
	missed("4");
	missed("5");
	assert_int_equal(n_pings(), 3);
	pass(TS_S(60) - 2 * TS_MS(300) - 1); /* since the third was given up */
	missed("6");
	assert_int_equal(n_pings(), 3);
	missed("7"); /* asked once, in vain: the next minute begins */
	assert_int_equal(n_pings(), 4);
	missed("8");
	pass(TS_S(58));
	missed("9");
	assert_int_equal(n_pings(), 4);
	pass(TS_S(2));
	missed("10");
	assert_int_equal(n_pings(), 5);
}

/* More than there is room for in the log of one push: no name is lost from the lines that are. */
static void many_domains_may_fall_silent_at_once(void **state)
{
	enum { DOMAINS = 240 };
	static char to[DOMAINS][256];
	char branch[16];

	(void)state;
	for (unsigned i = 0; i < DOMAINS; i++) {
		snprintf(to[i], sizeof(to[i]), "a@d%03u.%060d.%060d.%060d.%055d.test", i, 0, 0, 0,
			0);
		assert_int_equal(
			partners_add(s.partners, slice_str(to[i] + 2), PARTNER_FEDERATED), 0);
	}
	start_connected();
	for (unsigned round = 0; round < 3; round++) {
		s.n_got = s.n_sent = 0;
		for (unsigned i = 0; i < DOMAINS; i++) {
			snprintf(branch, sizeof(branch), "r%u-%u", round, i);
			send_message(branch, to[i]);
		}
		assert_lacks(s.events, "pings-unanswered");
		wake();
		pass(TS_MS(300));
	}
	assert_int_equal(gateway_stats(s.g)->ping_timeouts, 3 * DOMAINS);
	const struct slice events = slice_str(s.events);
	size_t at = slice_find(events, SLICE("log warning xmpp pings-unanswered domain=d"));
	assert_true(at != SIZE_MAX);
	for (struct slice rest = slice_skip(events, at), line; slice_chr(rest, '\n') < rest.n;) {
		line = slice_split(&rest, '\n');
		assert_true(
			slice_starts(line, SLICE("log warning xmpp pings-unanswered domain=d")));
		assert_true(slice_ends(line, SLICE("0.test")));
	}
}

static void a_pong_ends_the_row(void **state)
{
	char branch[16];

	(void)state;
	start_connected();
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < 2; i++) {
			snprintf(branch, sizeof(branch), "m%u-%u", round, i);
			missed(branch);
		}
		snprintf(branch, sizeof(branch), "p%u", round);
		send_last(branch, A_CONTOSO);
		pong_last();
	}
	assert_int_equal(n_pings(), 9);
	assert_lacks(s.events, "pings-unanswered");
}

static void a_late_pong_ends_the_silence(void **state)
{
	(void)state;
	start_connected();
	silence();
	pong(5);
	send_last("4", A_CONTOSO);
	assert_int_equal(n_pings(), 4);
	pong_last();
	assert_int_equal(status_of("4"), 202);
}

/* A reply is owed anew from each one that comes. */
static void a_slow_server_is_not_a_silent_one(void **state)
{
	(void)state;
	start_connected();
	send_last("1", A_CONTOSO);
	pass(TS_MS(1));
	send_last("2", A_CONTOSO);
	pass(TS_MS(249));
	assert_int_equal(n_pings(), 2);
	pong(1);
	pass(TS_MS(299));
	assert_int_equal(gateway_stats(s.g)->ping_timeouts, 0);
	pass(TS_MS(1));
	assert_int_equal(gateway_stats(s.g)->ping_timeouts, 1);
}

static void a_silent_domain_does_not_silence_another(void **state)
{
	(void)state;
	start_connected();
	silence();
	send_last("f", A_FABRIKAM);
	assert_string_equal(s.got[s.n_got - 1].to, "fabrikam.test");
	pong_last();
	assert_int_equal(status_of("f"), 202);
}

/* What went without a ping is in front of the ping that goes later, so its pong answers both. */
static void a_message_of_the_silence_does_not_hold_up_the_next(void **state)
{
	(void)state;
	start_connected();
	silence();
	pass(TS_S(60) - TS_MS(100));
	send_last("in", A_CONTOSO);
	assert_int_equal(n_pings(), 3);
	pass(TS_MS(200));
	send_last("behind", A_CONTOSO);
	assert_int_equal(n_pings(), 4);
	pong_last();
	assert_int_equal(status_of("in"), 202);
	assert_int_equal(status_of("behind"), 202);
}

/* The pong of a ping that went before says nothing of a message that went without one. */
static void an_old_pong_does_not_answer_a_message_of_the_silence(void **state)
{
	(void)state;
	start_connected();
	silence();
	send_last("in", A_CONTOSO);
	pong(5);
	assert_int_equal(status_of("in"), 0);
	pass(TS_MS(300));
	assert_int_equal(status_of("in"), 202);
}

static void only_the_domain_itself_can_answer_its_ping(void **state)
{
	static const char *const others[] = { "fabrikam.test", "stranger.test", "litware.test",
		"mallory@contoso.test", "mallory@contoso.test/x", "contoso.test/x",
		"chat.contoso.test" };

	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	send_last("2", A_FABRIKAM);
	for (size_t i = 0; i < COUNT(others); i++) {
		unsigned ping = s.got[2].to[0] == 'c' ? 2 : 3;

		print_message("case: %s\n", others[i]);
		pong_from(others[i], ping, "result");
		assert_int_equal(status_of("1"), 0);
	}
	pong_from("contoso.test", s.got[2].to[0] == 'c' ? 2 : 3, "result");
	assert_int_equal(status_of("1"), 202);
}

static void what_is_no_pong_of_ours_is_nothing(void **state)
{
	static const char *const ids[] = { "", "p", "p0x", "q1", "1", "p99",
		"p18446744073709551616", "p-1" };

	(void)state;
	start_connected();
	send_last("1", A_CONTOSO);
	for (size_t i = 0; i < COUNT(ids); i++) {
		char text[256];

		snprintf(text, sizeof(text),
			"<iq from='contoso.test' to='litware.test' id='%s' type='result'/>",
			ids[i]);
		from_xmpp(text);
		assert_int_equal(status_of("1"), 0);
	}
	from_xmpp("<iq to='litware.test' id='p1' type='result'/>"); /* from nobody */
	assert_int_equal(status_of("1"), 0);
	assert_int_equal(s.n_got, 2); /* and none of them was answered */
}

/* A server that restarts may answer pings now. */
static void a_new_stream_begins_anew(void **state)
{
	(void)state;
	start_connected();
	silence();
	break_stream();
	pass(TS_S(2));
	connect_server();
	send_last("4", A_CONTOSO);
	pong_last();
	assert_int_equal(status_of("4"), 202);
}

static void a_ping_of_a_stream_that_broke_is_not_waited_for(void **state)
{
	(void)state;
	start_connected();
	send_last("1", A_CONTOSO);
	break_stream();
	assert_int_equal(status_of("1"), 504);
	pass(TS_S(2));
	connect_server();
	send_message("2", A_CONTOSO);
	wake(); /* at once, as if nothing were out */
	assert_int_equal(n_pings(), 2);
	assert_int_equal(gateway_stats(s.g)->ping_timeouts, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(the_answer_waits_for_the_pong),
		SCENE(a_ping_that_is_refused_is_an_answer_too),
		SCENE(with_nothing_in_hand_the_ping_goes_at_once),
		SCENE(one_ping_serves_the_messages_of_a_batch),
		SCENE(each_domain_of_a_batch_has_a_ping_of_its_own),
		SCENE(a_pong_answers_what_was_sent_before_its_ping_only),
		SCENE(while_a_ping_is_out_messages_gather_for_two_milliseconds),
		SCENE(under_load_there_is_a_ping_in_two_milliseconds),
		SCENE(without_a_pong_the_window_answers),
		SCENE(the_window_is_a_setting),
		SCENE(after_three_in_a_row_the_domain_is_asked_every_minute),
		SCENE(many_domains_may_fall_silent_at_once),
		SCENE(a_pong_ends_the_row),
		SCENE(a_late_pong_ends_the_silence),
		SCENE(a_slow_server_is_not_a_silent_one),
		SCENE(a_silent_domain_does_not_silence_another),
		SCENE(a_message_of_the_silence_does_not_hold_up_the_next),
		SCENE(an_old_pong_does_not_answer_a_message_of_the_silence),
		SCENE(only_the_domain_itself_can_answer_its_ping),
		SCENE(what_is_no_pong_of_ours_is_nothing),
		SCENE(a_new_stream_begins_anew),
		SCENE(a_ping_of_a_stream_that_broke_is_not_waited_for),
	};

	return cmocka_run_group_tests_name("pings", tests, NULL, NULL);
}

/* The SIP connections: how many there may be, and how much they may have in hand. */
#include "scene.h"

enum {
	ACCEPTED_MAX = 1008, /* of 1,024; the others are our own */
	BLOCKED_MAX = 32,
	LARGE = 60000,
	UNFINISHED_MAX = (32 << 20) / 65536, /* of that size */
};

static void start_tcp(void)
{
	s.cfg.listens[0].transport = TRANSPORT_TCP;
	next_hop_by_tcp();
	start_connected();
}

static void fill(void)
{
	for (unsigned i = 1; i <= ACCEPTED_MAX; i++)
		accepted(i);
	assert_int_equal(n_wants(WANT_DROP_FLOW), 0);
	assert_int_equal(n_wants(WANT_CLOSE_FLOW), 0);
	s.n_wants = 0;
}

static flow_t nth(uint64_t n)
{
	return FLOW_ACCEPTED_BIT | n;
}

static void options_on(flow_t flow)
{
	s.n_sent = 0;
	bytes_on(flow, "OPTIONS sip:litware.test SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKo\r\n"
		       "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\n"
		       "Content-Length: 0\r\n\r\n");
	assert_int_equal(s.n_sent, 1);
	assert_int_equal(s.sent[0].flow, flow);
}

/* The beginning of a message of LARGE bytes: its first so many. */
static void some_of_a_large_one(flow_t flow, size_t n)
{
	static const char head[] =
		"OPTIONS sip:litware.test SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bKl\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: l\r\nCSeq: 1 OPTIONS\r\n";
	static char text[LARGE + 1];

	memset(text, 'x', LARGE);
	/* Five digits whichever they are. */
	const size_t n_head = sizeof(head) - 1 + strlen("Content-Length: 12345\r\n\r\n");
	const int written =
		snprintf(text, sizeof(text), "%sContent-Length: %zu\r\n\r\n", head, LARGE - n_head);
	assert_int_equal(written, n_head);
	text[written] = 'x';
	push((struct fact){ .type = FACT_FLOW_BYTES, .flow = flow, .bytes = slice_of(text, n) });
}

/* ---- how many ---- */

static void there_is_room_for_so_many_connections(void **state)
{
	(void)state;
	start_tcp();
	fill();
	accepted(ACCEPTED_MAX + 1); /* all of them are new, and may be owed something */
	assert_int_equal(n_wants(WANT_DROP_FLOW), 1);
	assert_int_equal(last_want(WANT_DROP_FLOW)->flow, nth(ACCEPTED_MAX + 1));
	push((struct fact){ .type = FACT_FLOW_FAILED, .flow = nth(7), .err = ECONNRESET });
	accepted(ACCEPTED_MAX + 2);
	assert_int_equal(n_wants(WANT_DROP_FLOW), 1);
	options_on(nth(ACCEPTED_MAX + 2));
	assert_int_equal(gateway_stats(s.g)->conns_full, 1);
	assert_int_equal(gateway_stats(s.g)->sip_untrusted, 0);
}

static void our_own_connection_has_its_place_beside_them(void **state)
{
	(void)state;
	start_tcp();
	for (unsigned i = 1; i <= 1100; i++) /* as many as will be had */
		accepted(i);
	s.n_wants = 0;
	xmpp_message(A_CONTOSO, P_LITWARE, "1", "x");
	const struct want *w = last_want(WANT_FLOW);
	assert_non_null(w);
	assert_true(addr_eq(&w->addr, &pool));
	push((struct fact){ .type = FACT_FLOW_UP, .flow = w->flow, .peer = &pool });
	assert_int_equal(s.n_sent, 1);
	assert_holds(s.sent[0].text, "MESSAGE sip:" P_LITWARE " SIP/2.0\r\n");
}

static void the_longest_idle_one_gives_its_place(void **state)
{
	(void)state;
	start_tcp();
	fill();
	s.now += TS_S(3);
	options_on(nth(1));
	bytes_on(nth(2), "\r\n\r\n"); /* a keep-alive wants it kept */
	s.now += TS_S(3);
	accepted(ACCEPTED_MAX + 1);
	assert_int_equal(n_wants(WANT_DROP_FLOW), 0);
	assert_int_equal(n_wants(WANT_CLOSE_FLOW), 1);
	assert_int_equal(last_want(WANT_CLOSE_FLOW)->flow, nth(3));
	options_on(nth(ACCEPTED_MAX + 1));
	options_on(nth(1));
	accepted(ACCEPTED_MAX + 2);
	assert_int_equal(last_want(WANT_CLOSE_FLOW)->flow, nth(4));
	assert_int_equal(gateway_stats(s.g)->conns_full, 2);
}

/* A line that is never ended keeps no place. */
static void bytes_without_a_message_are_idle(void **state)
{
	(void)state;
	start_tcp();
	fill();
	for (unsigned i = 0; i < 6; i++) {
		s.now += TS_S(1);
		bytes_on(nth(1), "MESSAGE");
	}
	accepted(ACCEPTED_MAX + 1);
	assert_int_equal(last_want(WANT_CLOSE_FLOW)->flow, nth(1));
}

static void one_that_may_be_owed_an_answer_is_kept(void **state)
{
	(void)state;
	start_tcp();
	fill();
	s.now += TS_S(100);
	for (unsigned i = 1; i <= ACCEPTED_MAX; i++)
		options_on(nth(i));
	s.now += TS_S(5); /* and the window */
	accepted(ACCEPTED_MAX + 1);
	assert_int_equal(n_wants(WANT_CLOSE_FLOW), 0);
	assert_int_equal(last_want(WANT_DROP_FLOW)->flow, nth(ACCEPTED_MAX + 1));
	s.now += TS_MS(300);
	accepted(ACCEPTED_MAX + 2);
	assert_int_equal(last_want(WANT_CLOSE_FLOW)->flow, nth(1));
}

/* ---- half of one ---- */

static void eof_on(flow_t flow)
{
	push((struct fact){ .type = FACT_FLOW_EOF, .flow = flow });
}

/* Whoever has said all waits for the answers. */
static void what_was_asked_before_the_end_is_answered(void **state)
{
	(void)state;
	start_tcp();
	const flow_t flow = accepted(1);
	bytes_on(flow, request("one", A_CONTOSO, P_LITWARE, "", "hi"));
	bytes_on(flow, request("two", A_FABRIKAM, P_LITWARE, "", "hi"));
	eof_on(flow);
	assert_int_equal(n_wants(WANT_CLOSE_FLOW), 0);
	wake();
	for (unsigned i = 0; i < s.n_got; i++)
		if (s.got[i].is_ping && strcmp(s.got[i].to, "contoso.test") == 0)
			pong(i);
	assert_int_equal(status_of("one"), 202);
	assert_int_equal(n_wants(WANT_CLOSE_FLOW), 0);
	for (unsigned i = 0; i < s.n_got; i++)
		if (s.got[i].is_ping && strcmp(s.got[i].to, "fabrikam.test") == 0)
			pong(i);
	assert_int_equal(status_of("two"), 202);
	assert_int_equal(n_wants(WANT_CLOSE_FLOW), 1);
	assert_int_equal(last_want(WANT_CLOSE_FLOW)->flow, flow);
}

static void whoever_is_owed_nothing_is_closed_at_once(void **state)
{
	(void)state;
	start_tcp();
	const flow_t flow = accepted(1);
	options_on(flow);
	eof_on(flow);
	assert_int_equal(last_want(WANT_CLOSE_FLOW)->flow, flow);
}

/* It may break in the meantime. */
static void a_half_closed_one_may_be_lost(void **state)
{
	(void)state;
	start_tcp();
	const flow_t flow = accepted(1);
	bytes_on(flow, request("one", A_CONTOSO, P_LITWARE, "", "hi"));
	eof_on(flow);
	push((struct fact){ .type = FACT_FLOW_FAILED, .flow = flow, .err = ECONNRESET });
	wake();
	for (unsigned i = 0; i < s.n_got; i++)
		if (s.got[i].is_ping)
			pong(i);
	assert_int_equal(n_wants(WANT_CLOSE_FLOW), 0);
	assert_int_equal(status_of("one"), 0);
}

static void that_none_can_be_taken_is_told_once(void **state)
{
	(void)state;
	start_tcp();
	for (unsigned i = 0; i < 3; i++) {
		push((struct fact){ .type = FACT_ACCEPT_FAILED, .listener = 1, .err = EMFILE });
		pass(TS_MS(100));
	}
	const char *line = strstr(s.events, "log warning sip cannot-accept address=127.0.0.1:5070 "
					    "error=\"too many open files\"\n");
	assert_non_null(line);
	assert_null(strstr(strchr(line, '\n'), "cannot-accept"));
	options_on(accepted(1));
}

/* ---- how much ---- */

static void unfinished_messages_have_a_bound(void **state)
{
	(void)state;
	start_tcp();
	for (unsigned i = 1; i <= UNFINISHED_MAX; i++) {
		accepted(i);
		some_of_a_large_one(nth(i), LARGE - 1);
	}
	assert_int_equal(n_wants(WANT_DROP_FLOW), 0);
	accepted(UNFINISHED_MAX + 1); /* has nothing in hand, and goes nowhere */
	accepted(UNFINISHED_MAX + 2);
	some_of_a_large_one(nth(UNFINISHED_MAX + 2), LARGE - 1);
	assert_int_equal(n_wants(WANT_DROP_FLOW), 1);
	assert_int_equal(last_want(WANT_DROP_FLOW)->flow, nth(1));
	bytes_on(nth(UNFINISHED_MAX + 2), "x");
	assert_int_equal(s.n_sent, 1);
	options_on(nth(UNFINISHED_MAX + 1));
}

static void what_a_large_message_took_is_given_back(void **state)
{
	(void)state;
	start_tcp();
	for (unsigned i = 1; i <= UNFINISHED_MAX + 10; i++) {
		accepted(i);
		some_of_a_large_one(nth(i), LARGE);
		assert_int_equal(s.n_sent, 1);
		s.n_sent = 0;
	}
	assert_int_equal(n_wants(WANT_DROP_FLOW), 0);
}

static void blocked(uint64_t n, bool is)
{
	push((struct fact){ .type = is ? FACT_FLOW_BLOCKED : FACT_FLOW_READY, .flow = nth(n) });
}

static void who_reads_no_answers_is_not_read(void **state)
{
	(void)state;
	start_tcp();
	accepted(1);
	blocked(1, true);
	assert_int_equal(last_want(WANT_PAUSE)->flow, nth(1));
	assert_null(last_want(WANT_RESUME));
	blocked(1, false);
	assert_int_equal(last_want(WANT_RESUME)->flow, nth(1));
	options_on(nth(1));
}

static void so_many_may_read_no_answers(void **state)
{
	(void)state;
	start_tcp();
	for (unsigned i = 1; i <= BLOCKED_MAX + 3; i++)
		accepted(i);
	for (unsigned i = 1; i <= BLOCKED_MAX; i++)
		blocked(i, true);
	blocked(1, false);
	blocked(BLOCKED_MAX + 1, true);
	push((struct fact){ .type = FACT_FLOW_FAILED, .flow = nth(3), .err = ECONNRESET });
	blocked(BLOCKED_MAX + 2, true);
	assert_int_equal(n_wants(WANT_DROP_FLOW), 0);
	blocked(BLOCKED_MAX + 3, true);
	assert_int_equal(n_wants(WANT_DROP_FLOW), 1);
	assert_int_equal(last_want(WANT_DROP_FLOW)->flow, nth(2)); /* for the longest time */
}

/* It may read nothing because its answers wait for us. */
static void the_next_hop_is_read_though_it_does_not_read(void **state)
{
	(void)state;
	start_tcp();
	xmpp_message(A_CONTOSO, P_LITWARE, "1", "x");
	const flow_t hop = last_want(WANT_FLOW)->flow;
	push((struct fact){ .type = FACT_FLOW_UP, .flow = hop, .peer = &pool });
	push((struct fact){ .type = FACT_FLOW_BLOCKED, .flow = hop });
	assert_null(last_want(WANT_PAUSE));
}

static void one_that_is_up_leads_to_whom_was_asked_for(void **state)
{
	(void)state;
	start_tcp();
	xmpp_message("adelany@contoso.test", "u1@litware.test", "m1", "x");
	const unsigned before = n_wants(WANT_FLOW);
	push((struct fact){
		.type = FACT_FLOW_UP, .flow = last_want(WANT_FLOW)->flow, .peer = &stranger });
	xmpp_message("adelany@contoso.test", "u2@litware.test", "m2", "x");
	assert_int_equal(n_wants(WANT_FLOW), before);
	assert_int_equal(s.n_sent, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(what_was_asked_before_the_end_is_answered),
		SCENE(whoever_is_owed_nothing_is_closed_at_once),
		SCENE(a_half_closed_one_may_be_lost),
		SCENE(that_none_can_be_taken_is_told_once),
		SCENE(there_is_room_for_so_many_connections),
		SCENE(our_own_connection_has_its_place_beside_them),
		SCENE(the_longest_idle_one_gives_its_place),
		SCENE(bytes_without_a_message_are_idle),
		SCENE(one_that_may_be_owed_an_answer_is_kept),
		SCENE(unfinished_messages_have_a_bound),
		SCENE(what_a_large_message_took_is_given_back),
		SCENE(who_reads_no_answers_is_not_read),
		SCENE(so_many_may_read_no_answers),
		SCENE(the_next_hop_is_read_though_it_does_not_read),
		SCENE(one_that_is_up_leads_to_whom_was_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

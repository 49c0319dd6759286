/* The line of log that each message has where it is wanted: both ids, who, what, how long. */
#include "scene.h"

static void start_recording(void)
{
	s.cfg.logs_messages = true;
	s.cfg.settle = TS_MS(30);
	start_connected();
	s.events[0] = '\0';
}

/* The last message that went to the server. */
static const char *sent_id(void)
{
	static char id[64];
	const char *at = strstr(s.got[0].text, " id='");

	assert_non_null(at);
	snprintf(id, sizeof(id), "%.*s", (int)strcspn(at + 5, "'"), at + 5);
	return id;
}

static void a_message_to_xmpp_has_a_line(void **state)
{
	char want[256];

	(void)state;
	start_recording();
	send_message("1", A_CONTOSO);
	wake();
	pong(1);
	assert_string_equal(s.events, ""); /* at its end, not before */
	pass(TS_MS(30));
	snprintf(want, sizeof(want),
		"log debug gateway message toward=xmpp from=litware.test to=contoso.test id=%s "
		"call_id=c1 status=202 ms=30\n",
		sent_id());
	assert_string_equal(s.events, want);
}

static void so_has_one_that_is_refused(void **state)
{
	(void)state;
	s.cfg.logs_users = true;
	start_recording();
	send_message("1", A_CONTOSO);
	bounce(0, ERROR("cancel", "item-not-found"));
	assert_holds(s.events, "toward=xmpp from=" P_LITWARE " to=" A_CONTOSO " id=");
	assert_holds(s.events, " status=604 ms=0\n");
}

static void and_one_to_sip(void **state)
{
	(void)state;
	start_recording();
	xmpp_message(A_CONTOSO "/desk", P_LITWARE, "m1", "hi");
	s.now += TS_MS(5);
	respond(0, "200 OK");
	assert_holds(s.events, "gateway message toward=sip from=contoso.test to=litware.test id=m1 "
			       "call_id=");
	assert_holds(s.events, " status=200 ms=5\n");
	s.events[0] = '\0';
	xmpp_message(A_CONTOSO, P_LITWARE, "m2", "hi");
	respond(s.n_sent - 1, "480 Temporarily Unavailable");
	assert_holds(s.events, "id=m2 call_id=");
	assert_holds(s.events, " status=480 ms=0\n");
}

static void without_it_there_is_none_and_it_can_be_switched(void **state)
{
	(void)state;
	start_connected();
	s.events[0] = '\0';
	send_message("1", A_CONTOSO);
	wake();
	pong(1);
	xmpp_message(A_CONTOSO, P_LITWARE, "m1", "hi");
	respond(s.n_sent - 1, "200 OK");
	assert_string_equal(s.events, "");
	gateway_log_messages(s.g, true);
	xmpp_message(A_CONTOSO, P_LITWARE, "m2", "hi");
	gateway_log_messages(s.g, false); /* one that was begun has its line */
	respond(s.n_sent - 1, "200 OK");
	assert_holds(s.events, "id=m2 ");
}

/* An id or address of a peer is a value in quotes, and never a second line. */
static void what_a_peer_chose_stays_in_its_place(void **state)
{
	(void)state;
	start_recording();
	xmpp_message(A_CONTOSO, P_LITWARE, "a b=c&#10;error: x", "secret words");
	respond(0, "200 OK");
	assert_holds(s.events, " id=\"a b=c\\x0aerror: x\" call_id=");
	assert_lacks(s.events, "secret words");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_message_to_xmpp_has_a_line),
		SCENE(so_has_one_that_is_refused),
		SCENE(and_one_to_sip),
		SCENE(without_it_there_is_none_and_it_can_be_switched),
		SCENE(what_a_peer_chose_stays_in_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

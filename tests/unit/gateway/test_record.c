/* The line of log that each message has where it is wanted: both ids, who, what, how long. */
#include "gateway/recent.h"
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
		"call_id=c1 outcome=carried status=202 ms=30\n",
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
	assert_holds(s.events, " outcome=refused status=604 cause=item-not-found ms=0\n");
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
	assert_holds(s.events, " outcome=carried status=200 ms=5\n");
	s.events[0] = '\0';
	xmpp_message(A_CONTOSO, P_LITWARE, "m2", "hi");
	respond(s.n_sent - 1, "480 Temporarily Unavailable");
	assert_holds(s.events, "id=m2 call_id=");
	assert_holds(
		s.events, " outcome=refused status=480 cause=\"Temporarily Unavailable\" ms=0\n");
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
	respond(s.n_sent - 1, "200 OK");
	assert_holds(s.events, "id=m2 ");
}

static void assert_message(size_t i, const char *want)
{
	struct gateway_message m;
	char text[256];

	assert_true(gateway_message(s.g, i, &m));
	snprintf(text, sizeof(text), "%s %.*s %.*s %.*s %s %d %s", gateway_way_name(m.way),
		SLICE_FMT(m.from), SLICE_FMT(m.to), SLICE_FMT(m.stanza_id),
		gateway_outcome_name(m.outcome), m.status, m.cause ? m.cause : "-");
	assert_string_equal(text, want);
}

/* For who asks; also of what was refused at once, and whatever the log's level. */
static void the_last_ones_are_known(void **state)
{
	struct gateway_message m;
	char id[16], want[160];

	(void)state;
	start_connected();
	assert_false(gateway_message(s.g, 0, &m));
	send_message("1", A_CONTOSO);
	wake();
	pong(1);
	send_message("2", "adelany@elsewhere.test");
	xmpp_message(A_CONTOSO "/desk", P_LITWARE, "m1", "hi");
	respond(s.n_sent - 1, "404 Not Found");
	xmpp_message("eve@elsewhere.test", P_LITWARE, "m2", "hi");
	assert_message(0,
		"sip elsewhere.test litware.test m2 refused 0 The sender's domain is not an "
		"allowed partner");
	assert_message(1, "sip contoso.test litware.test m1 refused 404 Not Found");
	assert_message(2, "xmpp litware.test elsewhere.test  refused 403 Not An Allowed Partner");
	snprintf(want, sizeof(want), "xmpp litware.test contoso.test %s carried 202 -", sent_id());
	assert_message(3, want);
	assert_false(gateway_message(s.g, 4, &m));
	for (unsigned i = 0; i < 2 * RECENT_MESSAGES; i++) {
		snprintf(id, sizeof(id), "n%u", i);
		xmpp_message("eve@elsewhere.test", P_LITWARE, id, "hi");
		s.n_got = 0;
	}
	assert_true(gateway_message(s.g, RECENT_MESSAGES - 1, &m));
	assert_true(slice_eqs(m.stanza_id, "n256"));
	assert_false(gateway_message(s.g, RECENT_MESSAGES, &m));
}

static void what_is_long_is_cut(void **state)
{
	char id[RECENT_TEXT_MAX + 100], want[RECENT_TEXT_MAX + 20];

	(void)state;
	start_recording();
	memset(id, 'x', sizeof(id) - 1);
	id[sizeof(id) - 1] = '\0';
	xmpp_message(A_CONTOSO, P_LITWARE, id, "hi");
	respond(0, "200 OK");
	snprintf(want, sizeof(want), " id=%.*s call_id=", RECENT_TEXT_MAX, id);
	assert_holds(s.events, want);
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
		SCENE(the_last_ones_are_known),
		SCENE(without_it_there_is_none_and_it_can_be_switched),
		SCENE(what_is_long_is_cut),
		SCENE(what_a_peer_chose_stays_in_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

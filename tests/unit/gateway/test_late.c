/* Acknowledged, then refused: settling, reports, and what is told in any case. */
#include "gateway/reports.h"
#include "scene.h"

static void start_settling(void)
{
	s.cfg.settle = TS_MS(30);
	start_connected();
}

/* It is proven, and not yet refused. */
static void send_proven(const char *branch, const char *more, const char *body)
{
	const unsigned before = s.n_got;

	sip(request(branch, A_CONTOSO, P_LITWARE, more, body));
	wake();
	pong(before + 1);
}

static void a_refusal_within_the_settling_is_the_answer(void **state)
{
	(void)state;
	start_settling();
	send_proven("1", "", "hi");
	pass(TS_MS(30) - 1);
	assert_int_equal(status_of("1"), 0);
	bounce(0, ERROR("cancel", "item-not-found"));
	assert_int_equal(status_of("1"), 604);
	assert_lacks(s.events, "acknowledged-then-refused");
	assert_int_equal(gateway_stats(s.g)->late_errors, 0);
}

static void a_later_one_is_told(void **state)
{
	(void)state;
	start_settling();
	send_proven("1", "", "hi");
	pass(TS_MS(30));
	assert_int_equal(status_of("1"), 202);
	bounce(0, ERROR("cancel", "item-not-found"));
	assert_int_equal(n_answers("1"), 1);
	assert_int_equal(gateway_stats(s.g)->late_errors, 1);
	assert_holds(s.events, "log warning xmpp acknowledged-then-refused "
			       "from=adelany@contoso.test to=pilar@litware.test "
			       "cause=item-not-found reported=no reason=not-asked n=1\n");
	/* One line a minute of one peer and cause. */
	s.events[0] = '\0';
	send_proven("2", "", "hi");
	pass(TS_MS(30));
	bounce(2, ERROR("cancel", "item-not-found"));
	assert_string_equal(s.events, "");
	assert_int_equal(gateway_stats(s.g)->late_errors, 2);
}

/* RFC 5438 section 8.2. */
static void who_asked_for_reports_hears_of_it(void **state)
{
	(void)state;
	start_settling();
	send_proven("1", "Content-Type: message/cpim\r\n", REPORTS_ASKED);
	pass(TS_MS(30));
	assert_int_equal(status_of("1"), 202);
	bounce(0, ERROR("cancel", "item-not-found"));
	assert_holds(s.events, "reported=yes");
	const char *report = s.sent[s.n_sent - 1].text;
	assert_holds(report, "MESSAGE sip:pilar@litware.test SIP/2.0\r\n");
	assert_holds(report, "From: <sip:adelany@contoso.test>;tag=");
	assert_holds(report, "Content-Type: message/cpim\r\n");
	assert_holds(report, "<message-id>34jk324j</message-id>");
	assert_holds(report, "<failed/>");
	respond(s.n_sent - 1, "200 OK");
	assert_int_equal(gateway_stats(s.g)->reports, 1);
	assert_int_equal(gateway_stats(s.g)->xmpp_to_sip, 0);
	/* Once. */
	const unsigned before = s.n_sent;
	bounce(0, ERROR("cancel", "item-not-found"));
	assert_int_equal(s.n_sent, before);
	assert_int_equal(gateway_stats(s.g)->late_errors, 2);
}

/* Of the last message, a minute after the last line of log. */
static void assert_unreported(const char *reason)
{
	char text[64];

	s.events[0] = '\0';
	bounce(s.n_got - 2, ERROR("cancel", "item-not-found"));
	snprintf(text, sizeof(text), "reported=no reason=%s n=1\n", reason);
	assert_holds(s.events, text);
	pass(TS_S(60));
}

static void the_log_says_why_nobody_hears(void **state)
{
	unsigned n_seen = 0;
	char branch[24];

	(void)state;
	start_settling();
	send_proven("1", "", "hi");
	pass(TS_MS(30));
	assert_unreported("not-asked");
	send_proven("2", "Content-Type: message/cpim\r\n", REPORTS_ASKED);
	pass(TS_MS(30));
	bounce(s.n_got - 2, ERROR("cancel", "item-not-found"));
	assert_holds(s.events, "reported=yes n=1\n");
	pass(TS_S(60));
	assert_unreported("reported-before");
	send_proven("3", "Content-Type: message/cpim\r\n", REPORTS_ASKED);
	pass(TS_S(REPORTS_KEPT_S));
	assert_unreported("too-late");
	for (long n = 0; n < 40 && n_seen == 0; n++) {
		const unsigned before = s.n_got;

		snprintf(branch, sizeof(branch), "n%ld", n);
		sip_short_of_memory(request(branch, A_CONTOSO, P_LITWARE,
					    "Content-Type: message/cpim\r\n", REPORTS_ASKED),
			n);
		wake();
		if (s.n_got < before + 2)
			continue;
		pong(s.n_got - 1);
		pass(TS_MS(30));
		assert_int_equal(status_of(branch), 202);
		assert_unreported("no-memory");
		n_seen++;
	}
	assert_int_equal(n_seen, 1);
}

static void a_report_that_fails_is_counted_and_nobody_hears(void **state)
{
	(void)state;
	start_settling();
	send_proven("1", "Content-Type: message/cpim\r\n", REPORTS_ASKED);
	pass(TS_MS(30));
	bounce(0, ERROR("cancel", "item-not-found"));
	const unsigned got = s.n_got;
	respond(s.n_sent - 1, "404 Not Found");
	assert_int_equal(s.n_got, got);
	assert_int_equal(gateway_stats(s.g)->failures_lost, 1);
	assert_int_equal(gateway_stats(s.g)->xmpp_refused, 0);
}

/* What was refused in time was told by that; somebody else's refusal is none. */
static void nobody_else_causes_a_report(void **state)
{
	char text[512];

	(void)state;
	start_settling();
	send_proven("1", "Content-Type: message/cpim\r\n", REPORTS_ASKED);
	bounce(0, ERROR("cancel", "item-not-found"));
	assert_int_equal(status_of("1"), 604);
	bounce(0, ERROR("cancel", "item-not-found"));
	assert_int_equal(s.n_sent, 1);
	send_proven("2", "Content-Type: message/cpim\r\n", REPORTS_ASKED);
	pass(TS_MS(30));
	snprintf(text, sizeof(text),
		"<message from='eve@contoso.test' to='" P_LITWARE "' id='%s' type='error'/>",
		s.got[2].id);
	from_xmpp(text);
	assert_int_equal(s.n_sent, 2);
	bounce(2, ERROR("cancel", "item-not-found"));
	assert_int_equal(s.n_sent, 3);
}

static void an_error_to_nothing_of_ours_is_counted_and_told(void **state)
{
	(void)state;
	start_settling();
	from_xmpp("<message from='" A_CONTOSO "' to='" P_LITWARE "' id='x' type='error'/>");
	from_xmpp("<message to='" P_LITWARE "' id='x' type='error'/>");
	assert_int_equal(gateway_stats(s.g)->stray_errors, 2);
	assert_holds(s.events, "xmpp dropped from=adelany@contoso.test cause=\"an error that "
			       "answers nothing of ours\" n=1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(a_refusal_within_the_settling_is_the_answer),
		SCENE(a_later_one_is_told),
		SCENE(who_asked_for_reports_hears_of_it),
		SCENE(the_log_says_why_nobody_hears),
		SCENE(a_report_that_fails_is_counted_and_nobody_hears),
		SCENE(nobody_else_causes_a_report),
		SCENE(an_error_to_nothing_of_ours_is_counted_and_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

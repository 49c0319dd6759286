#include "stream_rig.h"

#define HEADER        HEADER_IN(NS_CLIENT, " from='im.example.com' id='1' version='1.0'")
#define FEATURES(x)   "<stream:features>" x "</stream:features>"
#define PLAIN         "<mechanisms xmlns='" NS_SASL "'><mechanism>PLAIN</mechanism></mechanisms>"
#define BIND          "<bind xmlns='" NS_BIND "'/>"
#define SUCCESS       "<success xmlns='" NS_SASL "'/>"
#define JID           "juliet@im.example.com/balcony"
#define BOUND         "<iq id='bind' type='result'><bind xmlns='" NS_BIND "'><jid>" JID "</jid></bind></iq>"
#define PRESENCE      "<presence from='" JID "'/>"
#define PONG          "<iq id='available' from='im.example.com' type='result'/>"
#define ASKS          "<presence/><iq to='im.example.com' id='available' type='get'>"
#define ERROR(c)      "<error type='auth'><" c " xmlns='" NS_STANZAS "'/></error>"
#define SESSION_ERROR "<iq id='session' type='error'>" ERROR("internal-server-error") "</iq>"
#define UNSEEN        "READY " JID " unseen\n"

/* A client whose requests are on their way, with what led there forgotten. */
static void requested(struct rig *r, bool presence, ts_t timeout)
{
	const struct xstream_cfg cfg = {
		.role = XSTREAM_CLIENT,
		.tls = XSTREAM_TLS_NONE,
		.domain = SLICE("im.example.com"),
		.username = SLICE("juliet"),
		.password = SLICE("r0m30myr0m30"),
		.presence = presence,
		.allow_plain_without_tls = true,
		.timeout = timeout,
	};

	assert_int_equal(rig_new(r, &cfg), 0);
	rig_push_str(r, HEADER FEATURES(PLAIN) SUCCESS);
	assert_null(strstr(
		r->out, ASKS)); /* jabberd2 ends the stream for what comes before it has bound */
	rig_forget(r);
}

/* ... and that has its resource. */
static void bound(struct rig *r)
{
	requested(r, true, TS_S(10));
	rig_push_str(r, HEADER FEATURES(BIND) BOUND);
	assert_string_equal(xstream_state_name(r->x), "the answer to presence");
	rig_expect("bound", "output", r->out, ASKS);
	rig_forget(r);
}

static void ready_is_when_the_presence_came_back(void **state)
{
	struct rig r;

	(void)state;
	bound(&r);
	assert_false(xstream_is_ready(r.x));
	rig_push_str(&r, PRESENCE);
	assert_string_equal(r.log, "READY " JID "\n");
	rig_push_str(&r, PONG "<message id='m1'/>");
	assert_string_equal(r.log, "READY " JID "\nSTANZA message m1\n");
	assert_int_equal(r.n_out, 0);
	assert_int_equal(xstream_deadline(r.x), TS_NEVER);
	rig_free(&r);
}

static void the_address_that_the_server_gave_is_the_one_that_counts(void **state)
{
	struct rig r;

	(void)state;
	requested(&r, true, 0);
	rig_push_str(&r,
		HEADER FEATURES(BIND) "<iq id='bind' type='result'><bind xmlns='" NS_BIND
				      "'><jid>Juliet@IM.example.com/other</jid></bind></iq>");
	rig_push_str(&r, PRESENCE);
	assert_false(xstream_is_ready(r.x));
	rig_push_str(
		&r, "<presence to='juliet@im.example.com' from='JULIET@im.example.com/other'/>");
	rig_expect("prepared", "events", r.log, "READY juliet@im.example.com/other\n");
	rig_free(&r);
}

static void presences_that_prove_nothing(void **state)
{
	static const char *const presences[] = {
		"<presence id='p' from='romeo@example.net/orchard'/>",
		"<presence id='p' from='juliet@im.example.com'/>",
		"<presence id='p' from='juliet@im.example.com/chamber'/>",
		"<presence id='p' type='unavailable' from='" JID "'/>",
		"<presence id='p' type='subscribe' from='romeo@example.net'/>",
		"<presence id='p'/>",
		"<presence id='p' from='@'/>",
		"<presence id='p' type='error' from='romeo@example.net'>" ERROR(
			"gone") "</presence>",
		"<presence id='p' type='error' from='example.net'>" ERROR("gone") "</presence>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(presences); i++) {
		struct rig r;

		bound(&r);
		rig_push_str(&r, presences[i]);
		if (strcmp(r.log, "STANZA presence p\n") != 0)
			fail_msg("%s: %s", presences[i], r.log);
		rig_free(&r);
	}
}

static void what_waited_for_the_resource_comes_before_and_can_be_answered(void **state)
{
	struct rig r;

	(void)state;
	bound(&r);
	rig_push_str(&r, "<message id='offline'/><iq type='get' id='q1'/>" FEATURES(""));
	assert_string_equal(r.log, "STANZA message offline\nSTANZA iq q1\n");
	struct buf *b = xstream_begin(r.x);
	assert_non_null(b);
	buf_puts(b, "<iq type='result' id='q1'/>");
	assert_int_equal(xstream_commit(r.x, r.now), 0);
	rig_push_str(&r, PRESENCE);
	rig_expect("after", "events", r.log, "READY");
	assert_string_equal(r.out, "<iq type='result' id='q1'/>");
	rig_free(&r);
}

static void a_presence_that_does_not_come_back_is_told_and_is_no_time_out(void **state)
{
	static const char *const answers[] = { PONG,
		"<iq id='available' type='error'>" ERROR("service-unavailable") "</iq>" };

	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct rig r;

		bound(&r);
		assert_int_equal(xstream_deadline(r.x), r.now + TS_S(10));
		rig_push_str(&r, answers[i]);
		assert_string_equal(r.log, "");
		assert_int_equal(xstream_deadline(r.x), r.now + TS_S(1));
		r.now += TS_S(1);
		xstream_push_time(r.x, r.now);
		rig_drain(&r);
		assert_string_equal(r.log, UNSEEN);
		assert_string_equal(r.out, "");
		rig_free(&r);
	}
}

/* Servers of several threads do not keep their answers in order. */
static void a_presence_may_come_a_little_later_than_what_was_asked_behind_it(void **state)
{
	struct rig r;

	(void)state;
	bound(&r);
	rig_push_str(&r, PONG);
	r.now += TS_S(1) - 1;
	xstream_push_time(r.x, r.now);
	rig_push_str(&r, PRESENCE);
	assert_string_equal(r.log, "READY " JID "\n");
	rig_free(&r);
}

static void a_server_that_says_nothing_is_a_time_out(void **state)
{
	struct rig r;

	(void)state;
	bound(&r);
	xstream_push_time(r.x, r.now + TS_S(10));
	rig_drain(&r);
	assert_string_equal(r.log, "FAILED timeout [] the answer to presence\n");
	rig_free(&r);
}

static void the_answer_counts_even_when_the_time_is_up_first(void **state)
{
	struct rig r;

	(void)state;
	bound(&r);
	r.now += TS_MS(9500);
	rig_push_str(&r, PONG);
	assert_int_equal(xstream_deadline(r.x), r.now + TS_MS(500));
	xstream_push_time(r.x, r.now + TS_MS(500));
	rig_drain(&r);
	assert_string_equal(r.log, UNSEEN);
	rig_free(&r);
}

static void a_refused_presence_says_why(void **state)
{
	static const char *const from[] = { "", " from='im.example.com'",
		" from='juliet@im.example.com'", " from='" JID "'" };

	(void)state;
	for (size_t i = 0; i < COUNT(from); i++) {
		char in[512];
		struct rig r;

		bound(&r);
		snprintf(in, sizeof(in),
			"<presence type='error'%s><error type='auth'><forbidden xmlns='" NS_STANZAS
			"'/><text xmlns='" NS_STANZAS "'>Not you.</text></error></presence>",
			from[i]);
		rig_push_str(&r, in);
		assert_string_equal(r.log, "FAILED no-presence [forbidden] Not you.\n");
		rig_free(&r);
	}
}

static void an_error_without_a_condition_has_one(void **state)
{
	struct rig r;

	(void)state;
	bound(&r);
	rig_push_str(&r, "<presence type='error'/>");
	assert_string_equal(r.log, "FAILED no-presence [undefined-condition] \n");
	rig_free(&r);
}

static void others_cannot_answer_for_the_server(void **state)
{
	static const char *const forged[] = {
		"<iq id='available' type='result' from='romeo@example.net/orchard'/>",
		"<iq id='available2' type='result'/>",
		"<iq id='available' type='get'/>",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(forged); i++) {
		struct rig r;

		bound(&r);
		rig_push_str(&r, forged[i]);
		rig_expect(forged[i], "events", r.log, "STANZA iq available");
		assert_int_equal(xstream_deadline(r.x), r.now + TS_S(10));
		rig_free(&r);
	}
}

#define SESSION_FEATURE "<session xmlns='urn:ietf:params:xml:ns:xmpp-session'/>"

/* RFC 3921 section 3. */
static void a_required_session_goes_before_the_presence(void **state)
{
	struct rig r;

	(void)state;
	requested(&r, true, TS_S(10));
	rig_push_str(&r, HEADER FEATURES(BIND SESSION_FEATURE) BOUND);
	rig_expect(
		"session", "output", r.out, "<iq id='session' type='set'>" SESSION_FEATURE "</iq>");
	assert_null(strstr(r.out, ASKS));
	rig_push_str(&r, "<iq id='session' type='result'/>");
	rig_expect("presence", "output", r.out, ASKS);
	rig_push_str(&r, PRESENCE PONG);
	assert_string_equal(r.log, "OPENED im.example.com\nFEATURES bind\nREADY " JID "\n");
	rig_free(&r);

	requested(&r, true, TS_S(10));
	rig_push_str(&r, HEADER FEATURES(BIND SESSION_FEATURE) BOUND SESSION_ERROR);
	rig_expect("refused", "events", r.log, "FAILED bind [internal-server-error] session: \n");
	rig_free(&r);
}

static void without_presence_nothing_is_asked(void **state)
{
	struct rig r;

	(void)state;
	requested(&r, false, TS_S(10));
	rig_push_str(&r, HEADER FEATURES(BIND) BOUND);
	rig_expect("no presence", "events", r.log, "READY " JID "\n");
	rig_forget(&r);
	rig_push_str(&r, PRESENCE PONG);
	assert_string_equal(r.log, "STANZA presence \nSTANZA iq available\n");
	rig_free(&r);
}

static void a_priority_is_said_with_it(void **state)
{
	const struct xstream_cfg cfg = {
		.role = XSTREAM_CLIENT,
		.tls = XSTREAM_TLS_NONE,
		.domain = SLICE("im.example.com"),
		.username = SLICE("juliet"),
		.password = SLICE("r0m30myr0m30"),
		.presence = true,
		.priority = 127,
		.allow_plain_without_tls = true,
		.timeout = TS_S(10),
	};
	struct rig r;

	(void)state;
	assert_int_equal(rig_new(&r, &cfg), 0);
	rig_push_str(&r, HEADER FEATURES(PLAIN) SUCCESS HEADER FEATURES(BIND) BOUND);
	assert_non_null(
		strstr(r.out, "<presence><priority>127</priority></presence><iq to='im.example"));
	rig_free(&r);
}

static void what_was_read_before_the_end_counts(void **state)
{
	struct rig r;

	(void)state;
	bound(&r);
	xstream_push_bytes(r.x, SLICE("<message id='1'/>" PRESENCE "<message id='2'/>"), r.now);
	xstream_push_closed(r.x, r.now);
	rig_drain(&r);
	assert_string_equal(r.log, "STANZA message 1\nREADY " JID
				   "\nSTANZA message 2\nFAILED closed [] the connection ended\n");
	rig_free(&r);
}

static void a_close_while_it_is_awaited_is_done_at_once(void **state)
{
	struct rig r;

	(void)state;
	bound(&r);
	xstream_close(r.x, r.now);
	rig_drain(&r);
	assert_string_equal(r.log, "CLOSED\n");
	assert_string_equal(r.out, "</stream:stream>");
	rig_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ready_is_when_the_presence_came_back),
		cmocka_unit_test(the_address_that_the_server_gave_is_the_one_that_counts),
		cmocka_unit_test(presences_that_prove_nothing),
		cmocka_unit_test(what_waited_for_the_resource_comes_before_and_can_be_answered),
		cmocka_unit_test(a_presence_that_does_not_come_back_is_told_and_is_no_time_out),
		cmocka_unit_test(a_presence_may_come_a_little_later_than_what_was_asked_behind_it),
		cmocka_unit_test(a_server_that_says_nothing_is_a_time_out),
		cmocka_unit_test(the_answer_counts_even_when_the_time_is_up_first),
		cmocka_unit_test(a_refused_presence_says_why),
		cmocka_unit_test(an_error_without_a_condition_has_one),
		cmocka_unit_test(others_cannot_answer_for_the_server),
		cmocka_unit_test(a_required_session_goes_before_the_presence),
		cmocka_unit_test(without_presence_nothing_is_asked),
		cmocka_unit_test(a_priority_is_said_with_it),
		cmocka_unit_test(what_was_read_before_the_end_counts),
		cmocka_unit_test(a_close_while_it_is_awaited_is_done_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

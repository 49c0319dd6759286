/* The XMPP user writes first: what arrives where, who refuses, and what silence is taken for. */
#include "round_rig.h"

static void begin_from(struct round *r, unsigned count)
{
	rig_direction = PROBE_FROM;
	begin_on_xmpp(r, false, count, 0);
	scene_register(&r->s);
	talk(&r->s);
	rig_direction = PROBE_TO;
}

/* The receiver's message at the SIP user, as the gateway sends it; the user's answer goes out. */
static void received(struct round *r)
{
	comes_back(r, FROM_RECEIVER, "text/plain", r->v.answer_body);
}

static void note_answer(struct round *r, char ret[512])
{
	const char *body = strstr(r->s.out, "stox answer ");

	assert_non_null(strstr(r->s.out, "MESSAGE sip:" RECEIVER " SIP/2.0\r\n"));
	assert_non_null(body);
	snprintf(ret, 512, "%s", body);
}

static void bounces(struct round *r, const char *condition, const char *text)
{
	char stanza[2048];

	snprintf(stanza, sizeof(stanza),
		"<message type='error' id='%s' from='pilar@litware.test' to='" JID "'>"
		"<error type='cancel'><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>%s</text></error></message>",
		r->v.answer_id, condition, text);
	say(&r->v, stanza);
	assert_int_equal(xstream_commit(r->v.x, r->s.now), 0);
	talk(&r->s);
}

static void the_loop_is_closed_from_the_other_side(void **state)
{
	struct round r;
	char answer[512];

	(void)state;
	begin_from(&r, 1);
	const struct probe_result *result = probe_result(r.s.p);
	assert_string_equal(r.v.answer_to, "pilar@litware.test");
	assert_true(strncmp(r.v.answer_body, "stox test ", 10) == 0);
	assert_null(strstr(r.s.out, "\r\nstox ")); /* the SIP user has nothing to say yet */
	assert_int_equal(result->phases[PHASE_SIP_SEND].outcome, PHASE_NOT_RUN);
	r.s.now += TS_MS(20);
	received(&r);
	assert_int_equal(result->proof, PROOF_DELIVERED);
	note_answer(&r, answer);
	assert_null(strstr(answer, r.v.answer_body + strlen("stox test ")));
	r.s.now += TS_MS(5);
	scene_answer(&r.s, "202 Accepted", "");
	assert_false(result->success);
	assert_int_equal(result->proof, PROOF_DELIVERED);
	r.s.now += TS_MS(25);
	arrives(&r, "pilar@litware.test/gr", answer);
	assert_true(result->success);
	assert_int_equal(result->direction, PROBE_FROM);
	assert_int_equal(result->proof, PROOF_ANSWERED);
	assert_int_equal(result->phases[PHASE_DELIVER].duration, TS_MS(20));
	assert_int_equal(result->phases[PHASE_SIP_SEND].duration, TS_MS(5));
	assert_int_equal(result->phases[PHASE_ANSWER].duration, TS_MS(30));
	end(&r);
}

static void behind_the_answer_nothing_is_said(void **state)
{
	struct round r;
	char answer[512];

	(void)state;
	rig_direction = PROBE_FROM;
	begin_on_xmpp(&r, false, 2, TS_S(30));
	rig_direction = PROBE_TO;
	scene_register(&r.s);
	talk(&r.s);
	received(&r);
	note_answer(&r, answer);
	scene_answer(&r.s, "202 Accepted", "");
	r.v.answer_id[0] = '\0';
	arrives(&r, "pilar@litware.test/gr", answer);
	assert_int_equal(probe_result(r.s.p)->rounds_done, 1);
	assert_string_equal(r.v.answer_id, "");
	end(&r);
}

static void every_round_has_its_figures(void **state)
{
	struct round r;
	char answer[512];

	(void)state;
	begin_from(&r, 2);
	for (unsigned i = 0; i < 2; i++) {
		r.s.now += TS_MS(10);
		received(&r);
		note_answer(&r, answer);
		scene_answer(&r.s, "200 OK", "");
		r.s.now += TS_MS(30);
		arrives(&r, "pilar@litware.test", answer);
	}
	const struct probe_result *result = probe_result(r.s.p);
	assert_true(result->success);
	assert_int_equal(result->rounds_done, 2);
	scene_answer(&r.s, "200 OK", ""); /* to the last REGISTER */
	scene_wait(&r.s, TS_S(2));
	assert_int_equal(result->deliver.median, TS_MS(10));
	assert_int_equal(result->answer.max, TS_MS(30));
	assert_int_equal(result->send.max, 0);
	assert_int_equal(result->round.min, TS_MS(40));
	end(&r);
}

static void who_refuses_the_message_is_told_by_its_condition(void **state)
{
	static const struct {
		const char *condition, *reason;
	} rows[] = {
		{ "remote-server-not-found", "xmpp_gateway_not_found" },
		{ "remote-server-timeout", "xmpp_gateway_timeout" },
		{ "item-not-found", "xmpp_user_not_found" },
		{ "gone", "xmpp_user_not_found" },
		{ "recipient-unavailable", "xmpp_user_unavailable" },
		{ "forbidden", "xmpp_forbidden" },
		{ "not-allowed", "xmpp_forbidden" },
		{ "not-authorized", "xmpp_forbidden" },
		{ "registration-required", "xmpp_forbidden" },
		{ "policy-violation", "xmpp_partner_not_allowed" },
		{ "internal-server-error", "xmpp_message_bounced" },
		{ "service-unavailable", "xmpp_message_bounced" },
		{ "no-condition-of-the-rfc", "xmpp_message_bounced" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct round r;
		char text[SCENE_TEXT];

		begin_from(&r, 1);
		bounces(&r, rows[i].condition, "says who refused");
		scene_failed(&r.s, "deliver", rows[i].reason);
		assert_non_null(strstr(scene_message(&r.s, text), "says who refused"));
		assert_non_null(strstr(text, "pilar@litware.test"));
		assert_int_equal(probe_result(r.s.p)->proof, PROOF_NONE);
		end(&r);
	}
}

static void an_error_for_something_else_is_none(void **state)
{
	struct round r;

	(void)state;
	begin_from(&r, 1);
	r.v.answer_id[0] ^= 1;
	bounces(&r, "item-not-found", "");
	assert_int_equal(probe_result(r.s.p)->reason, REASON_NONE);
	end(&r);
}

/* It may have got there on one of the receiver's devices, or twice on the way. */
static void an_error_behind_the_delivery_is_none(void **state)
{
	struct round r;
	char answer[512];

	(void)state;
	begin_from(&r, 1);
	received(&r);
	note_answer(&r, answer);
	bounces(&r, "service-unavailable", "");
	assert_int_equal(probe_result(r.s.p)->reason, REASON_NONE);
	scene_answer(&r.s, "200 OK", "");
	arrives(&r, "pilar@litware.test", answer);
	assert_true(probe_result(r.s.p)->success);
	end(&r);
}

static void a_report_of_an_earlier_run_is_none_of_this_one(void **state)
{
	static const char failed[] = "<imdn><status><failed/></status></imdn>";
	struct round r;
	char answer[512];

	(void)state;
	begin_from(&r, 2);
	for (unsigned i = 0; i < 2; i++) {
		comes_back(&r, FROM_RECEIVER, "message/imdn+xml", failed);
		assert_int_equal(probe_result(r.s.p)->reason, REASON_NONE);
		received(&r);
		note_answer(&r, answer);
		scene_answer(&r.s, "200 OK", "");
		if (i == 0)
			arrives(&r, "pilar@litware.test", answer);
	}
	comes_back(&r, FROM_RECEIVER, "message/imdn+xml", failed);
	scene_failed(&r.s, "answer", "im_bounced");
	end(&r);
}

enum step { NOTHING, RECEIVED, ACCEPTED };

static void silence_is_told_by_what_was_awaited(void **state)
{
	static const struct {
		enum step until;
		const char *phase, *reason;
	} rows[] = {
		{ NOTHING, "deliver", "im_not_received" },
		{ RECEIVED, "sip.send", "sip_gateway_timeout" },
		{ ACCEPTED, "answer", "im_not_delivered" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct round r;

		begin_from(&r, 1);
		if (rows[i].until >= RECEIVED)
			received(&r);
		if (rows[i].until >= ACCEPTED)
			scene_answer(&r.s, "202 Accepted", "");
		scene_wait(&r.s, TS_S(10));
		scene_failed(&r.s, rows[i].phase, rows[i].reason);
		end(&r);
	}
}

static void an_answer_that_the_pool_refuses_is_the_pools_word(void **state)
{
	static const struct {
		const char *status, *row, *phase, *reason;
	} rows[] = {
		{ "403 Forbidden", "", "sip.send", "sip_forbidden" },
		{ "404 Not Found", "", "sip.send", "sip_not_found" },
		{ "404 Not Found", "Reason: XMPP;text=\"item-not-found\"\r\n", "answer",
			"xmpp_bounced" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct round r;

		begin_from(&r, 1);
		received(&r);
		scene_answer(&r.s, rows[i].status, rows[i].row);
		scene_failed(&r.s, rows[i].phase, rows[i].reason);
		end(&r);
	}
}

static void both_ways_are_judged_as_in_the_other_direction(void **state)
{
	static const struct {
		const char *from, *behind, *reason;
	} rows[] = {
		{ "sip:kenmyer@contoso.test", "", "im_wrong_sender" },
		{ FROM_RECEIVER, "!", "im_altered" },
	};
	struct round r;
	char body[512];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin_from(&r, 1);
		snprintf(body, sizeof(body), "%s%s", r.v.answer_body, rows[i].behind);
		comes_back(&r, rows[i].from, "text/plain", body);
		scene_failed(&r.s, "deliver", rows[i].reason);
		end(&r);
	}
	begin_from(&r, 1);
	received(&r);
	received(&r);
	scene_failed(&r.s, "deliver", "im_duplicated");
	end(&r);
	begin_from(&r, 1);
	received(&r);
	note_answer(&r, body);
	arrives(&r, "kenmyer@litware.test", body);
	scene_failed(&r.s, "answer", "im_wrong_sender");
	end(&r);
}

static void what_comes_when_the_time_is_up_was_late(void **state)
{
	struct round r;

	(void)state;
	begin_from(&r, 1);
	scene_wait(&r.s, TS_S(10));
	received(&r);
	scene_failed(&r.s, "deliver", "im_late");
	end(&r);
}

static void a_broken_stream_ends_the_way_that_was_awaited(void **state)
{
	struct round r;

	(void)state;
	for (int back = 0; back < 2; back++) {
		begin_from(&r, 1);
		if (back)
			received(&r);
		scene_push(&r.s, (struct fact){ .type = FACT_FLOW_EOF, .flow = r.s.flow });
		scene_failed(&r.s, back ? "answer" : "deliver", "xmpp_stream_closed");
		end(&r);
	}
}

static void without_the_receivers_password_nobody_can_begin(void **state)
{
	struct probe_cfg cfg = scene_cfg("sip:127.0.0.1:5060;transport=udp");
	struct text why;
	struct probe *p;
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	cfg.direction = PROBE_FROM;
	assert_int_equal(probe_new(&p, &cfg, &rng, 0, &why), ERR_CONFIG);
	assert_non_null(strstr(why.id, "--receiver-password-file"));
}

static void directions_have_names(void **state)
{
	enum probe_direction d = PROBE_TO;

	(void)state;
	assert_true(probe_direction_find(slice_str(probe_direction_name(PROBE_FROM)), &d));
	assert_int_equal(d, PROBE_FROM);
	assert_false(probe_direction_find(SLICE("back"), &d));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_loop_is_closed_from_the_other_side),
		cmocka_unit_test(behind_the_answer_nothing_is_said),
		cmocka_unit_test(every_round_has_its_figures),
		cmocka_unit_test(who_refuses_the_message_is_told_by_its_condition),
		cmocka_unit_test(an_error_for_something_else_is_none),
		cmocka_unit_test(an_error_behind_the_delivery_is_none),
		cmocka_unit_test(a_report_of_an_earlier_run_is_none_of_this_one),
		cmocka_unit_test(silence_is_told_by_what_was_awaited),
		cmocka_unit_test(an_answer_that_the_pool_refuses_is_the_pools_word),
		cmocka_unit_test(both_ways_are_judged_as_in_the_other_direction),
		cmocka_unit_test(what_comes_when_the_time_is_up_was_late),
		cmocka_unit_test(a_broken_stream_ends_the_way_that_was_awaited),
		cmocka_unit_test(without_the_receivers_password_nobody_can_begin),
		cmocka_unit_test(directions_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

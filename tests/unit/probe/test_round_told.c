/* What a round tells: its sentences, notes and figures, and what it leaves untold. */
#include "probe/token.h"
#include "round_rig.h"

static const char *said(const struct text *t)
{
	static char text[SCENE_TEXT];
	struct buf b;

	buf_init(&b, SCENE_TEXT - 1);
	text_put(&b, t, NULL);
	slice_cstr(buf_slice(&b), text, SCENE_TEXT);
	buf_done(&b);
	return text;
}

static const struct probe_result *result_of(const struct round *r)
{
	return probe_result(r->s.p);
}

static void assert_says(const struct round *r, const char *part)
{
	const char *text = said(&result_of(r)->message);

	if (!strstr(text, part))
		fail_msg("`%s` has no `%s`", text, part);
}

static void begin_accepted(struct round *r)
{
	begin(r, false, 1);
	scene_answer(&r->s, "202 Accepted", "");
}

static void says(struct round *r, const char *stanza)
{
	say(&r->v, stanza);
	assert_int_equal(xstream_commit(r->v.x, r->s.now), 0);
	talk(&r->s);
}

static void answer_comes_back(struct round *r)
{
	comes_back(r, FROM_RECEIVER, "text/plain", r->v.answer_body);
}

/* It has succeeded, and waits for a second copy. */
static void begin_settling(struct round *r, ts_t settle)
{
	rig_settle = settle;
	begin_accepted(r);
	rig_settle = 0;
	arrives_well(r);
	answer_comes_back(r);
	assert_true(result_of(r)->success);
}

/* The clean-up has begun: the contact is taken back. */
static bool is_leaving(const struct round *r)
{
	return strstr(r->s.out, "Expires: 0\r\n") != NULL;
}

/* ---- who is shown, and how much of what they say ---- */

enum { SHOWN = 128 };

/* "head" and then so many letters that it is longer than what is shown. */
static const char *long_text(const char *head, const char *tail)
{
	static char text[512];
	size_t n = (size_t)snprintf(text, sizeof(text), "%s", head);

	memset(text + n, 'x', 200);
	snprintf(text + n + 200, sizeof(text) - n - 200, "%s", tail);
	return text;
}

static void assert_shows(const char *text, const char *before, const char *full, const char *behind)
{
	char part[SCENE_TEXT];

	snprintf(part, sizeof(part), "%s%.*s%s", before, SHOWN, full, behind);
	if (!strstr(text, part))
		fail_msg("`%s` has no `%s`", text, part);
}

static void a_peers_text_is_shown_from_its_beginning_and_not_all(void **state)
{
	char full[512], body[512];
	struct round r;

	(void)state;
	begin_accepted(&r);
	snprintf(full, sizeof(full), "%s", long_text("kenmyer@litware.test/", ""));
	snprintf(body, sizeof(body), "stox test %s", r.nonce);
	arrives(&r, full, body);
	assert_shows(said(&result_of(&r)->message), "but from ", full, " instead of ");
	end(&r);

	begin_accepted(&r);
	snprintf(full, sizeof(full), "%s", long_text(r.nonce, ""));
	arrives(&r, "pilar@litware.test", full);
	assert_shows(said(&result_of(&r)->message), "altered: `", full, "`.");
	end(&r);

	begin_accepted(&r);
	snprintf(full, sizeof(full), "%s", long_text("pilar@litware.test/", ""));
	snprintf(body, sizeof(body), "stox test %s", r.nonce);
	arrives(&r, full, body);
	assert_shows(said(&result_of(&r)->phases[PHASE_DELIVER].detail), "from ", full, "");
	assert_int_equal(strlen(said(&result_of(&r)->phases[PHASE_DELIVER].detail)), 5 + SHOWN);
	snprintf(full, sizeof(full), "%s", long_text("sip:kenmyer@contoso.test;gr=", ""));
	comes_back(&r, full, "text/plain", r.v.answer_body);
	assert_shows(said(&result_of(&r)->message), "but from ", full, " instead of ");
	end(&r);

	begin_accepted(&r);
	arrives_well(&r);
	snprintf(full, sizeof(full), "%s", long_text(r.v.answer_body, ""));
	comes_back(&r, FROM_RECEIVER, "text/plain", full);
	assert_shows(said(&result_of(&r)->message), "altered: `", full, "`.");
	end(&r);
}

static void the_answer_of_the_pool_is_shown(void **state)
{
	struct round r;

	(void)state;
	begin_accepted(&r);
	const struct probe_phase_result *phase = &result_of(&r)->phases[PHASE_SIP_SEND];
	assert_string_equal(said(&phase->detail), "202 Accepted");
	assert_int_equal(phase->outcome, PHASE_OK);
	end(&r);
}

static void phases_begin_and_end_where_they_should(void **state)
{
	struct round r;

	(void)state;
	begin(&r, false, 1);
	const struct probe_phase_result *phases = result_of(&r)->phases;
	assert_int_equal(phases[PHASE_SIP_SEND].outcome, PHASE_RUNNING);
	assert_int_equal(phases[PHASE_DELIVER].outcome, PHASE_RUNNING);
	assert_int_equal(phases[PHASE_ANSWER].outcome, PHASE_NOT_RUN);
	arrives_well(&r);
	assert_int_equal(phases[PHASE_DELIVER].outcome, PHASE_OK);
	assert_int_equal(phases[PHASE_ANSWER].outcome, PHASE_RUNNING);
	answer_comes_back(&r);
	assert_int_equal(phases[PHASE_ANSWER].outcome, PHASE_OK);
	assert_int_equal(phases[PHASE_SIP_SEND].outcome, PHASE_RUNNING);
	end(&r);
}

/* ---- what is no arrival ---- */

static void only_a_messages_own_body_is_read(void **state)
{
	static const char *const rows[][3] = {
		{ "", "body xmlns='urn:example:other'", "body" },
		{ "", "subject", "subject" },
		{ " type='error'", "body", "body" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[512];
		struct round r;

		begin_accepted(&r);
		snprintf(text, sizeof(text),
			"<message from='pilar@litware.test' to='" JID
			"'%s><%s>stox test %s</%s></message>",
			rows[i][0], rows[i][1], r.nonce, rows[i][2]);
		says(&r, text);
		assert_int_equal(result_of(&r)->proof, PROOF_ACCEPTED);
		assert_int_equal(result_of(&r)->reason, REASON_NONE);
		arrives_well(&r);
		assert_int_equal(result_of(&r)->proof, PROOF_DELIVERED);
		end(&r);
	}
}

static void what_arrives_before_the_message_is_out_is_nobodys_business(void **state)
{
	struct round r;

	(void)state;
	begin_on_xmpp(&r, false, 1, 0);
	arrives(&r, "friend@example.net", "hello");
	assert_int_equal(result_of(&r)->reason, REASON_NONE);
	scene_sign_in(&r.s);
	note_message(&r);
	scene_answer(&r.s, "202 Accepted", "");
	arrives_well(&r);
	answer_comes_back(&r);
	assert_true(result_of(&r)->success);
	end(&r);
}

static void a_message_without_a_thread_is_answered_without_one(void **state)
{
	char text[256];
	struct round r;

	(void)state;
	begin_accepted(&r);
	snprintf(text, sizeof(text),
		"<message from='pilar@litware.test' to='" JID
		"'><body>stox test %s</body></message>",
		r.nonce);
	says(&r, text);
	assert_int_equal(result_of(&r)->proof, PROOF_DELIVERED);
	assert_string_equal(r.v.answer_thread, "");
	end(&r);
}

static void a_sender_that_is_none_is_the_wrong_one(void **state)
{
	char body[128];
	struct round r;

	(void)state;
	begin_accepted(&r);
	snprintf(body, sizeof(body), "stox test %s", r.nonce);
	arrives(&r, "@litware.test", body);
	scene_failed(&r.s, "deliver", "im_wrong_sender");
	end(&r);

	begin_accepted(&r);
	arrives_well(&r);
	comes_back(&r, "tel:+15550100", "text/plain", r.v.answer_body);
	scene_failed(&r.s, "answer", "im_wrong_sender");
	end(&r);
}

static void an_error_for_something_else_is_none_of_the_answers(void **state)
{
	struct round r;

	(void)state;
	begin_accepted(&r);
	arrives_well(&r);
	says(&r, "<message from='pilar@litware.test' to='" JID "' type='error' id='other'>"
		 "<error type='cancel'>"
		 "<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>");
	assert_int_equal(result_of(&r)->reason, REASON_NONE);
	answer_comes_back(&r);
	assert_true(result_of(&r)->success);
	end(&r);
}

static void reports_that_are_none_change_nothing(void **state)
{
	static const char failed[] = "<imdn><status><failed/></status></imdn>";
	static const struct {
		const char *type, *body;
	} rows[] = {
		{ "message/cpim", "Content-type: text/plain\r\n\r\nit failed" },
		{ "text/plain", "message/imdn+xml: it failed" },
		{ "message/cpim", "Content-type: message/imdn+xml\r\n\r\n<delivered/>" },
	};
	struct round r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin_accepted(&r);
		comes_back(&r, FROM_RECEIVER, rows[i].type, rows[i].body);
		assert_int_equal(result_of(&r)->reason, REASON_NONE);
		end(&r);
	}
	/* It has arrived: whoever says otherwise is wrong. */
	begin_accepted(&r);
	arrives_well(&r);
	comes_back(&r, FROM_RECEIVER, "message/imdn+xml", failed);
	assert_int_equal(result_of(&r)->reason, REASON_NONE);
	end(&r);

	begin_accepted(&r);
	r.s.now += TS_S(2);
	comes_back(&r, FROM_RECEIVER, "message/imdn+xml", failed);
	scene_failed(&r.s, "deliver", "im_bounced");
	assert_says(&r, "and 2.0 s later");
	end(&r);
}

static void an_arrival_alone_is_not_the_end(void **state)
{
	struct round r;

	(void)state;
	begin(&r, false, 1);
	arrives_well(&r);
	scene_answer(&r.s, "202 Accepted", "");
	assert_false(probe_result(r.s.p)->success);
	answer_comes_back(&r);
	assert_true(probe_result(r.s.p)->success);
	end(&r);
}

/* ---- twice, and after the end ---- */

static void a_second_copy_of_the_answer_is_told(void **state)
{
	struct round r;

	(void)state;
	begin(&r, false, 1); /* the pool's own answer is still awaited */
	arrives_well(&r);
	answer_comes_back(&r);
	answer_comes_back(&r);
	scene_failed(&r.s, "answer", "im_duplicated");
	end(&r);
}

static void what_comes_in_the_clean_up_changes_few_verdicts(void **state)
{
	struct round r;

	(void)state;
	begin_accepted(&r);
	arrives_well(&r);
	answer_comes_back(&r);
	assert_true(result_of(&r)->success);
	answer_comes_back(&r);
	scene_failed(&r.s, "answer", "im_duplicated");
	end(&r);

	/* An answer behind the verdict does not prove what was not there in time. */
	begin_accepted(&r);
	arrives_well(&r);
	scene_wait(&r.s, TS_S(10));
	answer_comes_back(&r);
	scene_failed(&r.s, "answer", "im_no_answer");
	assert_int_equal(result_of(&r)->proof, PROOF_DELIVERED);
	end(&r);

	begin(&r, false, 1);
	scene_answer(&r.s, "403 Forbidden", "");
	const enum reason reason = result_of(&r)->reason;
	arrives_well(&r);
	assert_int_not_equal(reason, REASON_NONE);
	assert_int_equal(result_of(&r)->reason, reason);
	end(&r);
}

/* The second copy comes so long behind the success: the wait for it decides, not its luck. */
static void a_second_copy_is_awaited(void **state)
{
	static const struct {
		const char *name;
		ts_t settle, after;
		bool of_message;
		const char *reason;
	} rows[] = {
		{ "the answer's, in time", TS_MS(50), TS_MS(20), false, "im_duplicated" },
		{ "the message's, in time", TS_MS(50), TS_MS(20), true, "im_duplicated" },
		{ "none", TS_MS(50), 0, false, "" },
		{ "as the wait ends", TS_MS(50), TS_MS(50), false, "im_duplicated" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct round r;

		print_message("case: %s\n", rows[i].name);
		begin_settling(&r, rows[i].settle);
		const ts_t latency = result_of(&r)->latency;
		if (rows[i].after) {
			scene_wait(&r.s, rows[i].after);
			if (rows[i].of_message)
				arrives_well(&r);
			else
				answer_comes_back(&r);
		} else {
			assert_int_equal(due(&r), r.s.now + rows[i].settle);
			scene_wait(&r.s, rows[i].settle);
		}
		assert_string_equal(reason_id(result_of(&r)->reason), rows[i].reason);
		assert_int_equal(result_of(&r)->success, rows[i].after == 0);
		assert_int_equal(result_of(&r)->latency, latency);
		assert_int_equal(result_of(&r)->phases[PHASE_SETTLE].duration,
			rows[i].after ? rows[i].after : rows[i].settle);
		end(&r);
	}
}

/* It has succeeded: what else happens while it waits is no part of it. */
static void nothing_but_a_copy_takes_a_success_back(void **state)
{
	struct round r;

	(void)state;
	begin_settling(&r, TS_MS(50));
	says(&r, "</stream:stream>");
	scene_push(
		&r.s, (struct fact){
			      .type = FACT_FLOW_FAILED, .flow = r.s.flow, .step = FLOW_STEP_OPEN });
	scene_wait(&r.s, TS_MS(50));
	assert_true(result_of(&r)->success);
	end(&r);

	begin_settling(&r, TS_MS(50));
	scene_push(&r.s, (struct fact){ .type = FACT_STOP });
	assert_true(result_of(&r)->success);
	assert_true(is_leaving(&r));
	end(&r);
}

/* The server's words alone do not say what it was. */
static void a_stream_error_is_told_with_its_condition(void **state)
{
	struct round r;

	(void)state;
	begin_accepted(&r);
	says(&r, "<stream:error><not-authorized xmlns='" NS_STREAMS "'/><text xmlns='" NS_STREAMS
		 "'>no session</text></stream:error>");
	scene_failed(&r.s, "deliver", "xmpp_stream_error");
	assert_says(&r, ": not-authorized, no session.");
	end(&r);
}

/* Between two rounds, and while the next one goes. */
static void a_copy_of_an_earlier_round_is_one(void **state)
{
	struct round r;

	(void)state;
	for (unsigned when = 0; when < 4; when++) {
		char body[256];

		begin_every(&r, false, 2, TS_S(5));
		snprintf(body, sizeof(body), "stox test %s", r.nonce);
		go_through(&r, TS_S(1));
		if (when >= 2)
			scene_wait(&r.s, TS_S(5));
		if (when % 2)
			answer_comes_back(&r);
		else
			arrives(&r, "pilar@litware.test", body);
		scene_failed(&r.s, when % 2 ? "answer" : "deliver", "im_duplicated");
		assert_says(&r, when % 2 ? "The answer arrived at pilar@litware.test twice"
					 : "The message arrived at " RECEIVER " twice");
		end(&r);
	}
}

/* ---- what other tests sent ---- */

static void of_other_tests_only_what_is_old_is_told(void **state)
{
	/* The clock says 1,000,000 s. */
	static const struct {
		const char *token, *from, *says;
	} rows[] = {
		{ "abcdefghijklmnopqrstuvwxyz-aaaaaaaaaa-1-999999-11", "pilar@litware.test", "" },
		{ "abcdefghijklmnopqrstuvwxyz-aaaaaaaaaa-1-999989-11", "pilar@litware.test", "" },
		{ "abcdefghijklmnopqrstuvwxyz-aaaaaaaaaa-1-999988-11", "pilar@litware.test",
			"a test 12 s ago arrived now" },
		{ "abcdefghijklmnopqrstuvwxyz-aaaaaaaaaa-7-996400-11 scanned", "pilar@litware.test",
			"a test 3600 s ago arrived now" },
		{ "abcdefghijklmnopqrstuvwxyz-aaaaaaaaaa-1-0-11", "pilar@litware.test", "" },
		{ "abcdefghijklmnopqrstuvwxyz-aaaaaaaaaa-1-1000001-11", "pilar@litware.test", "" },
		{ "abcdefghijklmnopqrstuvwxyz-aaaaaaaaaa-7-5-11", "mallory@example.net", "" },
		{ "abcdefghijklmnopqrstuvwxyz-aaaaaaaaaa-7-5", "pilar@litware.test", "" },
		{ "abcdefghijklmnopqrstuvwxyz-aaaaaaaaaaa-7-5-1", "pilar@litware.test", "" },
		{ "abcdefghijklmnopqrstuvwxyz", "pilar@litware.test", "" },
		{ "", "pilar@litware.test", "" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		const size_t row = i / 2;
		char body[256];
		struct round r;

		begin_accepted(&r);
		scene_push(&r.s, (struct fact){ .type = FACT_CLOCK,
					 .wall = 1000000000000 - (int64_t)r.s.now });
		snprintf(body, sizeof(body), "stox %s %s", i % 2 ? "answer" : "test",
			rows[row].token);
		if (i % 2 == 0)
			arrives(&r, rows[row].from, body);
		else
			comes_back(&r,
				strstr(rows[row].from, "pilar") ? FROM_RECEIVER
								: "sip:mallory@example.net",
				"text/plain", body);
		assert_int_equal(result_of(&r)->n_notes, rows[row].says[0] != '\0');
		if (rows[row].says[0]) {
			char text[128];

			snprintf(text, sizeof(text), "%s of %s", i % 2 ? "an answer" : "a message",
				rows[row].says);
			assert_non_null(strstr(said(&result_of(&r)->notes[0].text), text));
			assert_int_equal(
				result_of(&r)->notes[0].side, i % 2 ? SIDE_SIP : SIDE_XMPP);
		}
		assert_int_equal(result_of(&r)->reason, REASON_NONE);
		end(&r);
	}
}

/* By which a later run knows whose it is (token.h). */
static void a_message_says_its_run_its_round_and_its_time(void **state)
{
	static const struct {
		int64_t wall;
		uint64_t sent_s;
	} rows[] = { { 1000000000000, 1000000 }, { -5000000, 0 }, { 0, 0 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct round r;
		struct token t, answer;

		begin_on_xmpp(&r, false, 2, 0);
		if (rows[i].wall)
			scene_push(&r.s, (struct fact){ .type = FACT_CLOCK,
						 .wall = rows[i].wall - (int64_t)r.s.now });
		scene_sign_in(&r.s);
		for (unsigned round = 1; round <= 2; round++) {
			assert_true(token_find(slice_str(r.s.out), TOKEN_TEST, &t));
			go_through(&r, 0);
			assert_true(token_find(slice_str(r.v.answer_body), TOKEN_ANSWER, &answer));
			assert_int_equal(t.round, round);
			assert_int_equal(t.sent_s, rows[i].sent_s);
			assert_int_equal(t.limit_s, 11); /* the time of the test, and a second */
			assert_string_equal(t.run, answer.run);
			assert_int_equal(answer.round, round);
			assert_string_not_equal(t.nonce, answer.nonce);
		}
		end(&r);
	}
}

/* Also where a clock that was set makes it old. */
static void what_this_run_has_sent_is_not_of_another_test(void **state)
{
	char body[256], run[11];
	struct round r;

	(void)state;
	begin_accepted(&r);
	snprintf(run, sizeof(run), "%s", strchr(r.nonce, '-') + 1);
	assert_int_equal(strcspn(run, "-"), 10);
	scene_push(&r.s,
		(struct fact){ .type = FACT_CLOCK, .wall = 1000000000000 - (int64_t)r.s.now });
	snprintf(body, sizeof(body), "stox test abcdefghijklmnopqrstuvwxyz-%s-1-5-11", run);
	arrives(&r, "pilar@litware.test", body);
	assert_int_equal(result_of(&r)->n_notes, 0);
	assert_int_equal(result_of(&r)->reason, REASON_NONE);
	end(&r);
}

/* ---- warnings that are none ---- */

static unsigned count_notes(const struct round *r, enum note note)
{
	unsigned n = 0;

	for (unsigned i = 0; i < result_of(r)->n_notes; i++)
		n += result_of(r)->notes[i].note == note;
	return n;
}

/* Nothing shows the receiver's presence. */
static void a_warning_is_silenced_by_its_name_and_on_its_side(void **state)
{
	static const struct {
		const char *name;
		unsigned accept[SIDES];
		bool arrives;
		unsigned notes;
	} rows[] = {
		{ "not silenced", { 0, 0 }, true, 1 },
		{ "silenced", { 0, 1u << NOTE_PRESENCE_UNSEEN }, true, 0 },
		{ "on the other side", { 1u << NOTE_PRESENCE_UNSEEN, 0 }, true, 1 },
		{ "another one", { ~0u, ~0u & ~(1u << NOTE_PRESENCE_UNSEEN) }, true, 1 },
		{ "the cause of a failure", { 0, 1u << NOTE_PRESENCE_UNSEEN }, false, 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct round r;

		print_message("case: %s\n", rows[i].name);
		memcpy(rig_accept, rows[i].accept, sizeof(rig_accept));
		begin(&r, true, 1);
		scene_answer(&r.s, "202 Accepted", "");
		if (rows[i].arrives) {
			arrives_well(&r);
			answer_comes_back(&r);
		}
		scene_wait(&r.s, TS_S(10));
		scene_wait(&r.s, TS_S(10)); /* the clean-up */
		assert_int_equal(result_of(&r)->success, rows[i].arrives);
		assert_int_equal(count_notes(&r, NOTE_PRESENCE_UNSEEN), rows[i].notes);
		end(&r);
	}
	memset(rig_accept, 0, sizeof(rig_accept));
}

/* ---- silence ---- */

static void the_first_round_ends_with_the_time_of_the_test(void **state)
{
	const struct probe_cfg cfg = scene_cfg("sip:127.0.0.1:5060;transport=udp");
	struct scene s;

	(void)state;
	scene_begin(&s, &cfg);
	s.now += TS_S(4);
	scene_sign_in(&s);
	scene_wait(&s, TS_S(6) - 1);
	assert_int_equal(probe_result(s.p)->reason, REASON_NONE);
	scene_wait(&s, 1);
	scene_failed(&s, "sip.send", "sip_gateway_timeout");
	scene_end(&s);
}

/* A test with more time than a transaction has ends with that (RFC 3261 section 17.1.2.2). */
static void a_pool_that_is_silent_is_not_awaited_for_ever(void **state)
{
	struct probe_cfg cfg = scene_cfg("sip:127.0.0.1:5060;transport=udp");
	struct scene s;

	(void)state;
	cfg.timeout = TS_S(120);
	scene_begin(&s, &cfg);
	scene_sign_in(&s);
	for (unsigned i = 0; i < 33; i++)
		scene_wait(&s, TS_S(1));
	scene_failed(&s, "sip.send", "sip_gateway_timeout");
	scene_end(&s);
}

static void the_time_is_said_as_it_was_given(void **state)
{
	static const struct {
		ts_t timeout;
		const char *said;
	} rows[] = {
		{ TS_S(10), "within 10.0 s" },
		{ TS_MS(300), "within 0.3 s" },
		{ TS_MS(1250), "within 1.250000 s" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct probe_cfg cfg = scene_cfg("sip:127.0.0.1:5060;transport=tcp");
		char text[SCENE_TEXT];
		struct scene s;

		cfg.timeout = rows[i].timeout;
		scene_begin(&s, &cfg);
		scene_wait(&s, rows[i].timeout);
		if (!strstr(scene_message(&s, text), rows[i].said))
			fail_msg("`%s` has no `%s`", text, rows[i].said);
		assert_non_null(strstr(text, "127.0.0.1:5060"));
		assert_true(addr_eq(&probe_result(s.p)->evidence.address, &scene_pool));
		scene_end(&s);
	}
}

/* The SIP side is signed in; the other is not, and says nothing any more. */
static void silent_xmpp(struct scene *s, const char *server)
{
	struct probe_cfg cfg = scene_cfg("sip:127.0.0.1:5060;transport=udp");
	char contact[512], row[600];

	cfg.has_receiver_password = true;
	cfg.receiver_password = SLICE("xmpp secret");
	cfg.receiver_server = slice_str(server);
	scene_begin(s, &cfg);
	scene_push(s, (struct fact){ .type = FACT_LISTEN_UP, .listener = 1 });
	scene_header(s, "Contact", contact);
	snprintf(row, sizeof(row), "Contact: %s\r\n", contact);
	scene_answer(s, "200 OK", row);
}

static void hear_nothing(struct scene *s, struct slice bytes)
{
	(void)s;
	(void)bytes;
}

static void silence_of_the_receivers_server_is_told_by_the_phase(void **state)
{
	static const char features[] =
		"<stream:stream xmlns='jabber:client' "
		"xmlns:stream='http://etherx.jabber.org/streams'"
		" id='1' from='contoso.test' version='1.0'><stream:features>"
		"<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>";
	static const char proceed[] = "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
	char text[SCENE_TEXT];
	struct scene s;

	(void)state;
	silent_xmpp(&s, "");
	const struct want first = s.questions[s.n_questions - 1];
	scene_wait(&s, TS_S(10));
	scene_failed(&s, "xmpp.resolve", "dns_timeout");
	assert_string_equal(probe_result(s.p)->evidence.dns_name, first.name);
	assert_non_null(strstr(scene_message(&s, text), "from the DNS within"));
	scene_end(&s);

	silent_xmpp(&s, "127.0.0.1:5222");
	scene_wait(&s, TS_S(10));
	scene_failed(&s, "xmpp.connect", "tcp_timeout");
	assert_non_null(strstr(scene_message(&s, text), "from 127.0.0.1:5222 within"));
	scene_end(&s);

	for (unsigned said_so_far = 0; said_so_far < 3; said_so_far++) {
		silent_xmpp(&s, "127.0.0.1:5222");
		s.xmpp = hear_nothing;
		scene_push(&s, (struct fact){ .type = FACT_FLOW_UP, .flow = s.flow });
		if (said_so_far > 0)
			scene_push(&s, (struct fact){ .type = FACT_FLOW_BYTES,
					       .flow = s.flow,
					       .bytes = slice_str(features) });
		if (said_so_far > 1)
			scene_push(&s, (struct fact){ .type = FACT_FLOW_BYTES,
					       .flow = s.flow,
					       .bytes = slice_str(proceed) });
		scene_wait(&s, TS_S(10));
		scene_failed(&s, "xmpp.tls", said_so_far > 1 ? "tls_no_answer" : "xmpp_no_answer");
		scene_end(&s);
	}
}

static void answers_to_others_are_no_answer_to_the_message(void **state)
{
	static const char stray[] =
		"SIP/2.0 202 Accepted\r\nVia: SIP/2.0/UDP 127.0.0.2:40000;branch=z9hG4bKx\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: x\r\n"
		"CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n";
	char text[SCENE_TEXT];
	struct round r;

	(void)state;
	for (unsigned delivered = 0; delivered < 2; delivered++) {
		begin(&r, false, 1);
		scene_push(&r.s, (struct fact){ .type = FACT_DATAGRAM,
					 .listener = 1,
					 .bytes = slice_of(stray, sizeof(stray) - 1) });
		if (delivered)
			arrives_well(&r);
		scene_wait(&r.s, TS_S(10));
		scene_failed(&r.s, delivered ? "answer" : "sip.send",
			delivered ? "im_no_answer" : "sip_wrong_transaction");
		if (!delivered)
			assert_non_null(strstr(scene_message(&r.s, text),
				"127.0.0.1:5060 sent answers to requests that are not ours"));
		end(&r);
	}
}

/* ---- figures ---- */

static void the_figures_are_those_of_the_rounds(void **state)
{
	enum { ROUNDS = 20 };
	struct round r;

	(void)state;
	begin(&r, false, ROUNDS);
	for (unsigned i = 0; i < ROUNDS; i++) {
		const ts_t t = TS_MS(1 + i * 7 % ROUNDS); /* 1 to 20, in no order */

		note_message(&r);
		r.s.now += t;
		scene_answer(&r.s, "202 Accepted", "");
		r.s.now += t;
		arrives_well(&r);
		r.s.now += 3 * t;
		answer_comes_back(&r);
	}
	assert_true(result_of(&r)->success);
	scene_wait(&r.s, TS_S(5)); /* the clean-up */
	const struct probe_stats *all[] = { &result_of(&r)->send, &result_of(&r)->deliver,
		&result_of(&r)->answer, &result_of(&r)->round };
	for (unsigned i = 0; i < COUNT(all); i++) {
		static const unsigned factors[] = { 1, 2, 3, 5 };
		const ts_t unit = TS_MS(factors[i]);

		assert_int_equal(all[i]->n, ROUNDS);
		assert_int_equal(all[i]->min, unit);
		assert_int_equal(all[i]->median, 11 * unit);
		assert_int_equal(all[i]->p95, 19 * unit);
		assert_int_equal(all[i]->max, 20 * unit);
	}
	end(&r);
}

static void of_rounds_that_were_not_done_there_are_no_figures(void **state)
{
	struct round r;

	(void)state;
	for (unsigned count = 1; count < 3; count++) {
		begin(&r, false, count);
		if (count == 1)
			go_through(&r, TS_S(1));
		scene_wait(&r.s, TS_S(10));
		scene_wait(&r.s, TS_S(5));
		assert_int_equal(result_of(&r)->send.n, 0);
		assert_int_equal(result_of(&r)->round.max, 0);
		end(&r);
	}
}

/* Where something is left out for want of memory, the test is made all the same. */
static void without_memory_there_is_no_probe(void **state)
{
	const struct probe_cfg cfg = scene_cfg("sip:127.0.0.1:5060;transport=udp");
	unsigned made = 0;

	(void)state;
	for (long n = 0; n < 40; n++) {
		struct text why;
		struct scene s;

		memset(&s, 0, sizeof(s));
		rng_init_number(&s.rng, 1);
		s.now = TS_S(100);
		mem_fail_after(n);
		int err = probe_new(&s.p, &cfg, &s.rng, s.now, &why);
		mem_fail_after(-1);
		assert_true(err <= 0);
		if (err)
			continue;
		made++;
		s.e = probe_engine(s.p);
		scene_drain(&s);
		scene_sign_in(&s);
		scene_answer(&s, "202 Accepted", "");
		assert_true(probe_result(s.p)->success);
		scene_end(&s);
	}
	assert_true(made > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peers_text_is_shown_from_its_beginning_and_not_all),
		cmocka_unit_test(the_answer_of_the_pool_is_shown),
		cmocka_unit_test(phases_begin_and_end_where_they_should),
		cmocka_unit_test(only_a_messages_own_body_is_read),
		cmocka_unit_test(what_arrives_before_the_message_is_out_is_nobodys_business),
		cmocka_unit_test(a_message_without_a_thread_is_answered_without_one),
		cmocka_unit_test(a_sender_that_is_none_is_the_wrong_one),
		cmocka_unit_test(an_error_for_something_else_is_none_of_the_answers),
		cmocka_unit_test(reports_that_are_none_change_nothing),
		cmocka_unit_test(an_arrival_alone_is_not_the_end),
		cmocka_unit_test(a_second_copy_of_the_answer_is_told),
		cmocka_unit_test(a_stream_error_is_told_with_its_condition),
		cmocka_unit_test(what_comes_in_the_clean_up_changes_few_verdicts),
		cmocka_unit_test(a_second_copy_is_awaited),
		cmocka_unit_test(nothing_but_a_copy_takes_a_success_back),
		cmocka_unit_test(a_copy_of_an_earlier_round_is_one),
		cmocka_unit_test(a_warning_is_silenced_by_its_name_and_on_its_side),
		cmocka_unit_test(a_message_says_its_run_its_round_and_its_time),
		cmocka_unit_test(what_this_run_has_sent_is_not_of_another_test),
		cmocka_unit_test(of_other_tests_only_what_is_old_is_told),
		cmocka_unit_test(the_first_round_ends_with_the_time_of_the_test),
		cmocka_unit_test(a_pool_that_is_silent_is_not_awaited_for_ever),
		cmocka_unit_test(the_time_is_said_as_it_was_given),
		cmocka_unit_test(silence_of_the_receivers_server_is_told_by_the_phase),
		cmocka_unit_test(answers_to_others_are_no_answer_to_the_message),
		cmocka_unit_test(the_figures_are_those_of_the_rounds),
		cmocka_unit_test(of_rounds_that_were_not_done_there_are_no_figures),
		cmocka_unit_test(without_memory_there_is_no_probe),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

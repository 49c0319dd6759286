/* A message across and back: what arrives, from whom, how often, and what that proves. */
#include "round_rig.h"

/* ---- the way it should be ---- */

static void a_message_that_arrives_and_is_answered_proves_all(void **state)
{
	struct round r;

	(void)state;
	begin(&r, false, 1);
	assert_int_equal(probe_result(r.s.p)->proof, PROOF_NONE);
	scene_answer(&r.s, "202 Accepted", "");
	assert_int_equal(probe_result(r.s.p)->proof, PROOF_ACCEPTED);
	r.s.now += TS_MS(20);
	arrives_well(&r);
	assert_int_equal(probe_result(r.s.p)->proof, PROOF_DELIVERED);
	assert_string_equal(r.v.answer_to, "pilar@litware.test/gr");
	assert_string_equal(r.v.answer_thread, r.call_id);
	assert_true(strncmp(r.v.answer_body, "stox answer ", 12) == 0);
	assert_null(strstr(r.v.answer_body, r.nonce)); /* a nonce of its own */
	r.s.now += TS_MS(30);
	comes_back(&r, FROM_RECEIVER, "text/plain", r.v.answer_body);
	const struct probe_result *result = probe_result(r.s.p);
	assert_true(result->success);
	assert_int_equal(result->proof, PROOF_ANSWERED);
	assert_int_equal(result->phases[PHASE_DELIVER].duration, TS_MS(20));
	assert_int_equal(result->phases[PHASE_ANSWER].duration, TS_MS(30));
	end(&r);
}

/* The kind `register` of a watcher. */
static void a_sign_in_alone_may_be_all(void **state)
{
	struct probe_cfg cfg = scene_cfg("sip:127.0.0.1:5060;transport=udp");
	struct scene s;

	(void)state;
	cfg.sign_in_only = true;
	scene_begin(&s, &cfg);
	scene_register(&s);
	assert_true(probe_result(s.p)->success);
	assert_null(strstr(s.out, "MESSAGE "));
	scene_end(&s);
}

static void the_message_may_arrive_before_it_is_answered(void **state)
{
	struct round r;

	(void)state;
	begin(&r, false, 1);
	arrives_well(&r);
	comes_back(&r, FROM_RECEIVER, "text/plain", r.v.answer_body);
	assert_false(probe_result(r.s.p)->success); /* the pool owes its answer */
	scene_answer(&r.s, "202 Accepted", "");
	assert_true(probe_result(r.s.p)->success);
	end(&r);
}

/* ---- the ways it should not be ---- */

static void only_that_nonce_unaltered_from_the_right_sender_counts(void **state)
{
	static const struct {
		const char *from, *before, *behind, *reason, *says;
	} rows[] = {
		{ "kenmyer@litware.test", "stox test ", "", "im_wrong_sender",
			"from kenmyer@litware.test instead of pilar@litware.test" },
		{ "pilar@gateway.test", "stox test ", "", "im_wrong_sender",
			"from pilar@gateway.test instead of" },
		{ "pilar@litware.test", "stox test ", " [scanned]", "im_altered",
			"its text was altered" },
		{ "pilar@litware.test", "> stox test ", "", "im_altered", "its text was altered" },
		{ "pilar@litware.test", "STOX TEST ", "", "im_altered", "its text was altered" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char body[256], text[SCENE_TEXT];
		struct round r;

		begin(&r, false, 1);
		scene_answer(&r.s, "202 Accepted", "");
		snprintf(body, sizeof(body), "%s%s%s", rows[i].before, r.nonce, rows[i].behind);
		arrives(&r, rows[i].from, body);
		scene_failed(&r.s, "deliver", rows[i].reason);
		assert_non_null(
			strstr(scene_message(&r.s, text), "The message arrived at " RECEIVER));
		assert_non_null(strstr(text, rows[i].says));
		assert_int_equal(probe_result(r.s.p)->proof, PROOF_ACCEPTED);
		assert_string_equal(r.v.answer_id, "");
		end(&r);
	}
}

static void the_answer_is_judged_as_the_message_is(void **state)
{
	static const struct {
		const char *from, *behind, *reason, *says;
	} rows[] = {
		{ "sip:kenmyer@contoso.test", "", "im_wrong_sender",
			"from sip:kenmyer@contoso.test instead of " RECEIVER },
		{ FROM_RECEIVER, "!", "im_altered", "its text was altered" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char body[512], text[SCENE_TEXT];
		struct round r;

		begin(&r, false, 1);
		scene_answer(&r.s, "202 Accepted", "");
		arrives_well(&r);
		snprintf(body, sizeof(body), "%s%s", r.v.answer_body, rows[i].behind);
		comes_back(&r, rows[i].from, "text/plain", body);
		scene_failed(&r.s, "answer", rows[i].reason);
		assert_int_equal(probe_result(r.s.p)->proof, PROOF_DELIVERED);
		assert_non_null(strstr(scene_message(&r.s, text),
			"The answer arrived at pilar@litware.test, but "));
		assert_non_null(strstr(text, rows[i].says));
		end(&r);
	}
}

static void behind_the_answer_nothing_is_said(void **state)
{
	struct round r;

	(void)state;
	begin_every(&r, false, 2, TS_S(30));
	scene_answer(&r.s, "202 Accepted", "");
	arrives_well(&r);
	const unsigned said = r.s.n_out;
	comes_back(&r, FROM_RECEIVER, "text/plain", r.v.answer_body);
	assert_int_equal(probe_result(r.s.p)->rounds_done, 1);
	assert_int_equal(r.s.n_out, said);
	end(&r);
}

static void a_second_copy_is_told(void **state)
{
	struct round r;

	(void)state;
	begin(&r, false, 1);
	scene_answer(&r.s, "202 Accepted", "");
	arrives_well(&r);
	arrives_well(&r);
	scene_failed(&r.s, "deliver", "im_duplicated");
	end(&r);
}

static void what_others_write_is_nobodys_business(void **state)
{
	struct round r;

	(void)state;
	begin(&r, false, 1);
	scene_answer(&r.s, "202 Accepted", "");
	arrives(&r, "friend@example.net", "hello");
	comes_back(&r, "sip:friend@example.net", "text/plain", "hello");
	assert_int_equal(probe_result(r.s.p)->reason, REASON_NONE);
	assert_int_equal(probe_result(r.s.p)->n_notes, 0);
	end(&r);
}

/* HEAD PIECE... BETWEEN CLOSE... TAIL */
struct strange {
	const char *head, *piece;
	unsigned n;
	const char *between, *close, *tail;
	bool noted;
};

/* Straight from the flow, in front of what the server writes next. */
static void stranger_sends(struct round *r, const struct strange *what)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_puts(&b, what->head);
	for (unsigned i = 0; i < what->n; i++)
		buf_puts(&b, what->piece);
	buf_puts(&b, what->between);
	for (unsigned i = 0; i < what->n; i++)
		buf_puts(&b, what->close);
	buf_puts(&b, what->tail);
	scene_push(&r->s,
		(struct fact){
			.type = FACT_FLOW_BYTES, .flow = r->s.flow, .bytes = buf_slice(&b) });
	buf_done(&b);
}

static const char *text_of(const struct text *t)
{
	static char text[SCENE_TEXT];
	struct buf b;

	buf_init(&b, SCENE_TEXT - 1);
	text_put(&b, t, NULL);
	slice_cstr(buf_slice(&b), text, SCENE_TEXT);
	buf_done(&b);
	return text;
}

static void whatever_a_stranger_sends_the_test_goes_on(void **state)
{
	static const struct strange rows[] = {
		{ "<message><x xmlns='u' q:a=''>", "<q:b/>", 1, "", "", "</x></message>", false },
		{ "<message from='x@y'>", "<a>", 40, "", "</a>", "</message>", true },
		{ "<message><body>x</body>", "<a/>", 5000, "", "", "</message>", true },
		{ "<message><body>x</body><a b='", "x", 20000, "'/>", "", "</message>", false },
		{ "<message><body>", "x", 300000, "</body>", "", "</message>", true },
		{ "<message from='x@y' b='", "x", 300000, "'>", "", "</message>", true },
		{ "<q:message>", "<a>", 2, "", "</a>", "</q:message>", false },
		{ "<iq type='get' id='i'>", "<a>", 40, "", "</a>", "</iq>", false },
		{ "<presence>", "<a>", 40, "", "</a>", "</presence>", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct round r;

		begin(&r, false, 1);
		stranger_sends(&r, &rows[i]);
		talk(&r.s);
		scene_answer(&r.s, "202 Accepted", "");
		arrives_well(&r);
		comes_back(&r, FROM_RECEIVER, "text/plain", r.v.answer_body);
		const struct probe_result *result = probe_result(r.s.p);

		assert_true(result->success);
		assert_int_equal(result->n_notes, rows[i].noted);
		if (rows[i].noted)
			assert_int_equal(result->notes[0].note, NOTE_MESSAGE_CUT);
		if (strstr(rows[i].head, "from='x@y'") && rows[i].noted)
			assert_string_equal(text_of(&result->notes[0].text),
				"a message from x@y was too large or too deep to be read");
		end(&r);
	}
}

static void silence_is_told_by_what_was_awaited(void **state)
{
	struct round r;

	(void)state;
	begin(&r, false, 1);
	scene_answer(&r.s, "202 Accepted", "");
	scene_wait(&r.s, TS_S(10));
	scene_failed(&r.s, "deliver", "im_not_delivered");
	end(&r);

	begin(&r, false, 1);
	scene_answer(&r.s, "202 Accepted", "");
	arrives_well(&r);
	scene_wait(&r.s, TS_S(10));
	scene_failed(&r.s, "answer", "im_no_answer");
	end(&r);

	begin(&r, false, 1);
	arrives_well(&r);
	comes_back(&r, FROM_RECEIVER, "text/plain", r.v.answer_body);
	scene_wait(&r.s, TS_S(10));
	scene_failed(&r.s, "sip.send", "sip_gateway_timeout");
	end(&r);
}

static void what_comes_after_the_verdict_is_late(void **state)
{
	char text[SCENE_TEXT];
	struct round r;

	(void)state;
	begin(&r, false, 1);
	scene_answer(&r.s, "202 Accepted", "");
	scene_wait(&r.s, TS_S(10));
	r.s.now += TS_MS(100);
	arrives_well(&r);
	scene_failed(&r.s, "deliver", "im_late");
	assert_non_null(strstr(scene_message(&r.s, text), "after 10.1 s"));
	end(&r);
}

/* RFC 5438 section 7.2.1, and wrapped in CPIM. */
static void a_report_that_the_message_failed_is_its_end(void **state)
{
	static const struct {
		const char *from, *type, *body, *reason;
	} rows[] = {
		{ FROM_RECEIVER, "message/imdn+xml", "<imdn><status><failed/></status></imdn>",
			"im_bounced" },
		{ FROM_RECEIVER, "message/cpim",
			"Content-type: "
			"message/imdn+xml\r\n\r\n<imdn><status><failed/></status></imdn>",
			"im_bounced" },
		{ FROM_RECEIVER, "message/imdn+xml", "<imdn><status><delivered/></status></imdn>",
			"" },
		{ "sip:mallory@example.net", "message/imdn+xml",
			"<imdn><status><failed/></status></imdn>", "" },
		{ FROM_RECEIVER, "text/plain", "it failed", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct round r;

		begin(&r, false, 1);
		scene_answer(&r.s, "202 Accepted", "");
		comes_back(&r, rows[i].from, rows[i].type, rows[i].body);
		assert_string_equal(reason_id(probe_result(r.s.p)->reason), rows[i].reason);
		end(&r);
	}
}

static void an_answer_that_is_sent_back_is_told_apart(void **state)
{
	char text[1024];
	struct round r;

	(void)state;
	begin(&r, false, 1);
	scene_answer(&r.s, "202 Accepted", "");
	arrives_well(&r);
	snprintf(text, sizeof(text),
		"<message from='pilar@litware.test' to='" JID
		"' type='error' id='%s'><error type='cancel'>"
		"<item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
		r.v.answer_id);
	say(&r.v, text);
	assert_int_equal(xstream_commit(r.v.x, r.s.now), 0);
	talk(&r.s);
	scene_failed(&r.s, "answer", "xmpp_answer_bounced");
	assert_string_equal(probe_result(r.s.p)->evidence.xmpp_condition, "item-not-found");
	end(&r);
}

/* ---- a receiver that is not made available ---- */

static void without_a_presence_a_message_that_arrives_is_a_success(void **state)
{
	struct round r;

	(void)state;
	begin(&r, true, 1);
	scene_answer(&r.s, "202 Accepted", "");
	arrives_well(&r);
	comes_back(&r, FROM_RECEIVER, "text/plain", r.v.answer_body);
	const struct probe_result *result = probe_result(r.s.p);
	assert_true(result->success);
	assert_int_equal(result->notes[0].note, NOTE_PRESENCE_UNSEEN);
	assert_false(result->notes[0].is_cause);
	end(&r);
}

static void without_a_presence_a_message_that_does_not_arrive_failed_for_that(void **state)
{
	struct round r;

	(void)state;
	begin(&r, true, 1);
	scene_answer(&r.s, "202 Accepted", "");
	scene_wait(&r.s, TS_S(10));
	scene_failed(&r.s, "xmpp.bind", "xmpp_no_presence");
	assert_true(probe_result(r.s.p)->notes[0].is_cause);
	end(&r);
}

/* ---- from an address of this run alone ---- */

static void sign_in_with(struct round *r, const char *more, unsigned others)
{
	char contact[512], rows[4096];

	begin_on_xmpp(r, false, 1, 0);
	scene_connect(&r->s);
	scene_header(&r->s, "Contact", contact);
	int n = snprintf(rows, sizeof(rows), "Contact: %s%s\r\n", contact, more);
	for (unsigned i = 0; i < others; i++)
		n += snprintf(rows + n, sizeof(rows) - (size_t)n,
			"Contact: <sip:pilar@192.0.2.%u>;expires=60\r\n", i);
	scene_answer(&r->s, "200 OK", rows);
}

#define GRUU ";pub-gruu=\"sip:pilar@litware.test;gr=urn:uuid:1\""

static void the_test_writes_from_its_own_address(void **state)
{
	static const struct {
		const char *more, *from;
	} rows[] = {
		{ GRUU, "\r\nFrom: <sip:pilar@litware.test;gr=urn:uuid:1>;tag=" },
		{ "", "\r\nFrom: <sip:pilar@litware.test>;tag=" },
		{ ";pub-gruu=\"sip:kenmyer@litware.test;gr=1\"",
			"\r\nFrom: <sip:pilar@litware.test>;tag=" },
		{ ";pub-gruu=\"<script>\"", "\r\nFrom: <sip:pilar@litware.test>;tag=" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct round r;

		sign_in_with(&r, rows[i].more, 0);
		assert_non_null(strstr(r.s.out, rows[i].from));
		go_through(&r, TS_MS(20));
		assert_true(probe_result(r.s.p)->success);
		end(&r);
	}
}

/* It is the test's own way to write: that it is refused says nothing about people. */
static void a_pool_that_refuses_that_address_is_asked_from_the_users(void **state)
{
	static const char *const refusals[] = { "400 Bad From", "403 Forbidden" };

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		struct round r;

		sign_in_with(&r, GRUU, 0);
		scene_answer(&r.s, refusals[i], "");
		assert_non_null(strstr(r.s.out, "\r\nFrom: <sip:pilar@litware.test>;tag="));
		go_through(&r, TS_MS(20));
		assert_true(probe_result(r.s.p)->success);
		end(&r);

		sign_in_with(&r, GRUU, 0);
		scene_answer(&r.s, refusals[i], "");
		scene_answer(&r.s, refusals[i], "");
		assert_int_not_equal(probe_result(r.s.p)->reason, REASON_NONE);
		end(&r);
	}
}

static void contacts_beyond_what_a_proxy_forks_to_are_named(void **state)
{
	static const struct {
		const char *more;
		unsigned others;
		bool named;
	} rows[] = { { "", 12, true }, { "", 11, false }, { GRUU, 12, false } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[SCENE_TEXT];
		struct round r;

		sign_in_with(&r, rows[i].more, rows[i].others);
		note_message(&r);
		scene_answer(&r.s, "202 Accepted", "");
		arrives_well(&r);
		scene_wait(&r.s, TS_S(10));
		scene_failed(&r.s, "answer", "im_no_answer");
		assert_int_equal(strstr(scene_message(&r.s, text), "12 other contacts") != NULL,
			rows[i].named);
		end(&r);
	}
}

/* ---- --count ---- */

static void each_round_has_a_nonce_and_a_deadline_of_its_own(void **state)
{
	char first[64];
	struct round r;

	(void)state;
	begin(&r, false, 2);
	memcpy(first, r.nonce, sizeof(first));
	scene_answer(&r.s, "202 Accepted", "");
	r.s.now += TS_S(9);
	arrives_well(&r);
	comes_back(&r, FROM_RECEIVER, "text/plain", r.v.answer_body);
	assert_false(probe_result(r.s.p)->success);
	note_message(&r);
	assert_string_not_equal(r.nonce, first);
	scene_answer(&r.s, "202 Accepted", "");
	r.s.now += TS_S(9); /* 18 s since the start, and within this round's ten */
	arrives_well(&r);
	comes_back(&r, FROM_RECEIVER, "text/plain", r.v.answer_body);
	const struct probe_result *result = probe_result(r.s.p);
	assert_true(result->success);
	assert_int_equal(result->rounds_done, 2);
	scene_wait(&r.s, TS_S(5)); /* the clean-up */
	assert_int_equal(result->deliver.n, 2);
	assert_int_equal(result->deliver.max, TS_S(9));
	end(&r);
}

static void the_interval_counts_from_the_start_of_a_round(void **state)
{
	struct round r;

	(void)state;
	begin_every(&r, false, 3, TS_S(5));
	ts_t start = r.s.now;
	go_through(&r, TS_S(2));
	unsigned n = r.s.n_out;
	assert_int_equal(due(&r), start + TS_S(5));
	scene_wait(&r.s, TS_S(3) - 1);
	assert_int_equal(r.s.n_out, n);
	scene_wait(&r.s, 1);
	assert_int_equal(r.s.n_out, n + 1);
	/* One that took longer than the interval: the next begins at once. */
	go_through(&r, TS_S(7));
	assert_true(due(&r) <= r.s.now);
	scene_wait(&r.s, 0);
	assert_int_equal(r.s.n_out, n + 2);
	go_through(&r, TS_S(1));
	assert_true(probe_result(r.s.p)->success);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_message_that_arrives_and_is_answered_proves_all),
		cmocka_unit_test(a_sign_in_alone_may_be_all),
		cmocka_unit_test(the_message_may_arrive_before_it_is_answered),
		cmocka_unit_test(only_that_nonce_unaltered_from_the_right_sender_counts),
		cmocka_unit_test(the_answer_is_judged_as_the_message_is),
		cmocka_unit_test(behind_the_answer_nothing_is_said),
		cmocka_unit_test(a_second_copy_is_told),
		cmocka_unit_test(what_others_write_is_nobodys_business),
		cmocka_unit_test(whatever_a_stranger_sends_the_test_goes_on),
		cmocka_unit_test(silence_is_told_by_what_was_awaited),
		cmocka_unit_test(what_comes_after_the_verdict_is_late),
		cmocka_unit_test(a_report_that_the_message_failed_is_its_end),
		cmocka_unit_test(an_answer_that_is_sent_back_is_told_apart),
		cmocka_unit_test(without_a_presence_a_message_that_arrives_is_a_success),
		cmocka_unit_test(without_a_presence_a_message_that_does_not_arrive_failed_for_that),
		cmocka_unit_test(the_test_writes_from_its_own_address),
		cmocka_unit_test(a_pool_that_refuses_that_address_is_asked_from_the_users),
		cmocka_unit_test(contacts_beyond_what_a_proxy_forks_to_are_named),
		cmocka_unit_test(each_round_has_a_nonce_and_a_deadline_of_its_own),
		cmocka_unit_test(the_interval_counts_from_the_start_of_a_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

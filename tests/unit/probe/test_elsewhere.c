/* Who else is signed in: other sessions of the receiver, other devices of the SIP user. */
#include "round_rig.h"

#include "probe/others.h"

static const char *words(struct round *r, char text[SCENE_TEXT])
{
	return scene_message(&r->s, text);
}

static void show(struct round *r, const char *presence)
{
	say(&r->v, presence);
	assert_int_equal(xstream_commit(r->v.x, r->s.now), 0);
	talk(&r->s);
}

/* RFC 6121 section 8.5.2.1.1: with the highest priority a test's session is among those that get
 * it; only one with the same can be preferred. */
static void a_session_of_the_same_priority_may_have_it(void **state)
{
	static const struct {
		const char *presence, *reason, *word;
	} rows[] = {
		{ "<presence from='" RECEIVER "/phone' to='" JID
		  "'><priority> 127 </priority></presence>",
			"im_taken_elsewhere", "as phone," },
		{ "<presence from='" RECEIVER "/phone' to='" JID
		  "'><priority>126</priority></presence>",
			"im_not_delivered", "did not arrive" },
		{ "<presence from='" RECEIVER "/phone' to='" JID
		  "'><priority>127</priority></presence><presence from='" RECEIVER
		  "/phone' type='unavailable'/>",
			"im_not_delivered", "did not arrive" },
		{ "<presence from='someone@contoso.test/phone'><priority>127</priority></presence>",
			"im_not_delivered", "did not arrive" },
		{ "<presence from='" RECEIVER "'><priority>127</priority></presence>",
			"im_not_delivered", "did not arrive" },
		{ "<presence from='" RECEIVER "/x'><priority>-128</priority></presence>",
			"im_not_delivered", "did not arrive" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[SCENE_TEXT];
		struct round r;

		begin(&r, false, 1);
		show(&r, rows[i].presence);
		scene_answer(&r.s, "202 Accepted", "");
		scene_wait(&r.s, TS_S(30));
		scene_failed(&r.s, "deliver", rows[i].reason);
		if (!strstr(words(&r, text), rows[i].word))
			fail_msg("`%s` is not in `%s`", rows[i].word, text);
		end(&r);
	}
}

static void more_sessions_than_are_kept_are_left_out(void **state)
{
	struct others o = { 0 };
	struct jid account;
	struct where where;

	(void)state;
	assert_int_equal(jid_decode(SLICE(RECEIVER), &account, &where), 0);
	assert_null(others_rival(&o, -128));
	for (unsigned i = 0; i < 2 * OTHERS_MAX; i++) {
		char from[64];
		const struct xml_node node = { .name = SLICE("presence") };

		snprintf(from, sizeof(from), RECEIVER "/%u", i);
		const struct stanza s = {
			.kind = STANZA_PRESENCE, .node = &node, .from = slice_str(from)
		};
		others_push(&o, &s, &account);
		others_push(&o, &s, &account); /* the same again */
	}
	assert_int_equal(o.n, OTHERS_MAX);
	assert_non_null(others_rival(&o, 0));
	assert_null(others_rival(&o, 1));
}

static void sign_in_beside(struct round *r, const char *others)
{
	char contact[512], rows[2048];

	begin_on_xmpp(r, false, 1, 0);
	scene_connect(&r->s);
	scene_header(&r->s, "Contact", contact);
	snprintf(rows, sizeof(rows), "Contact: %s%s\r\n", contact, others);
	scene_answer(&r->s, "200 OK", rows);
	note_message(r);
}

static void other_devices_of_the_user_are_named(void **state)
{
	static const struct {
		const char *others, *words;
	} rows[] = {
		{ ", <sip:pilar:word@192.0.2.9:5060>, \"x\" <sip:192.0.2.10>",
			"may have it: 2 (192.0.2.9:5060, 192.0.2.10)." },
		{ "", "the gateway cannot reach the pool, or the pool drops" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[SCENE_TEXT];
		struct round r;

		sign_in_beside(&r, rows[i].others);
		scene_answer(&r.s, "202 Accepted", "");
		arrives_well(&r);
		scene_wait(&r.s, TS_S(30));
		scene_failed(&r.s, "answer", "im_no_answer");
		if (!strstr(words(&r, text), rows[i].words))
			fail_msg("`%s` is not in `%s`", rows[i].words, text);
		assert_null(strstr(text, "word@"));
		end(&r);
	}
}

/* Who is signed in with the highest priority is not written to offline. */
static void a_refusal_in_spite_of_the_receivers_session_is_no_absence(void **state)
{
	static const struct {
		const char *condition, *words;
	} rows[] = {
		{ "service-unavailable", "although adelany@contoso.test is signed in: the receiver "
					 "has blocked the sender, or" },
		{ "not-acceptable", "sent the message to adelany@contoso.test back: not-acc" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[SCENE_TEXT], header[128];
		struct round r;

		begin(&r, false, 1);
		snprintf(header, sizeof(header), "Reason: XMPP;text=\"%s\"\r\n", rows[i].condition);
		scene_answer(&r.s, "403 Forbidden", header);
		scene_failed(&r.s, "deliver", "xmpp_bounced");
		if (!strstr(words(&r, text), rows[i].words))
			fail_msg("`%s` is not in `%s`", rows[i].words, text);
		end(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_of_the_same_priority_may_have_it),
		cmocka_unit_test(more_sessions_than_are_kept_are_left_out),
		cmocka_unit_test(other_devices_of_the_user_are_named),
		cmocka_unit_test(a_refusal_in_spite_of_the_receivers_session_is_no_absence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

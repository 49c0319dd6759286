#include "lab_rig.h"

static const struct rig_request reg = { .method = "REGISTER",
	.uri = "litware.test",
	.from = "pilar@litware.test",
	.to = "pilar@litware.test",
	.branch = "1",
	.more = RIG_CONTACT };

/* ---- signing in ---- */

static void a_register_gets_the_answer_of_the_fault(void **state)
{
	static const struct {
		const char *fault;
		int status; /* 0: none */
		const char *holds;
	} rows[] = {
		{ "sip-silence", 0, NULL },
		{ "sip-unknown-user", 404, NULL },
		{ "sip-overloaded", 503, "\r\nRetry-After: 30\r\n" },
		{ "sip-no-mechanism", 401, "\r\nWWW-Authenticate: NTLM realm=" },
		{ "sip-no-mechanism", 401, "\r\nWWW-Authenticate: Kerberos realm=" },
		{ "sip-no-binding", 401, "Digest" }, /* who has shown nothing is challenged */
		{ "sip-challenge-loop", 401, "stale=true" },
	};
	static struct rig r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_begin(&r, rows[i].fault);
		rig_datagram(&r, rig_text(&reg), &rig_user);
		assert_int_equal(r.n_out, rows[i].status != 0);
		if (rows[i].status)
			rig_said_status(&r, rows[i].status);
		if (rows[i].holds)
			assert_non_null(strstr(rig_said(&r), rows[i].holds));
		rig_end(&r);
	}
}

static void what_is_no_answer_is_no_sip(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, "sip-garbage");
	rig_datagram(&r, rig_text(&reg), &rig_user);
	assert_int_equal(strncmp(rig_said(&r), "HTTP/1.1 ", 9), 0);
	rig_end(&r);
}

static void a_200_without_the_contact_comes_when_credentials_do(void **state)
{
	static struct rig r;
	struct rig_ua ua;

	(void)state;
	rig_begin(&r, "sip-no-binding");
	rig_ua_begin(&r, &ua, "pilar@litware.test", "pilar", "sip secret");
	rig_register(&r, &ua, RIG_CONTACT);
	rig_said_status(&r, 200);
	assert_null(strstr(rig_said(&r), "Contact"));
	rig_ua_end(&ua);
	rig_end(&r);
}

/* Each nonce is new, and none is ever good. */
static void a_challenge_loop_has_no_end(void **state)
{
	static struct rig r;
	struct rig_request q = reg;
	char first[RIG_TEXT_MAX];

	(void)state;
	rig_begin(&r, "sip-challenge-loop");
	rig_datagram(&r, rig_text(&q), &rig_user);
	snprintf(first, sizeof(first), "%s", strstr(rig_said(&r), "nonce="));
	q.branch = "2";
	rig_datagram(&r, rig_text(&q), &rig_user);
	assert_string_not_equal(strstr(rig_said(&r), "nonce="), first);
	rig_end(&r);
}

static void other_methods_are_healthy(void **state)
{
	static const char *const faults[] = { "sip-silence", "sip-unknown-user", "sip-garbage" };
	struct rig_request q = reg;
	static struct rig r;

	(void)state;
	q.method = "OPTIONS";
	for (size_t i = 0; i < COUNT(faults); i++) {
		rig_begin(&r, faults[i]);
		rig_datagram(&r, rig_text(&q), &rig_user);
		rig_said_status(&r, 200);
		rig_end(&r);
	}
}

/* ---- the message ---- */

static void a_message_gets_the_answer_of_the_fault(void **state)
{
	static const struct {
		const char *fault;
		int status;
		const char *holds;
	} rows[] = {
		{ "sip-forbidden", 403, "\r\nms-diagnostics: 1012;reason=\"" },
		{ "sip-not-found", 404, "" },
		{ "sip-unavailable", 480, "" },
		{ "sip-server-error", 500, "" },
		{ "sip-rejected", 606, "\r\nWarning: 399 pool.litware.test \"" },
		{ "sip-loop", 482, "" },
		{ "gateway-not-configured", 404, "\r\nms-diagnostics: 1008;reason=\"" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static struct rig r;
		struct rig_ua ua;

		rig_begin(&r, rows[i].fault);
		rig_sign_in(&r, &ua);
		rig_message(&r, &ua);
		assert_int_equal(r.n_out, 1); /* no challenge, and nothing to the gateway */
		rig_said_status(&r, rows[i].status);
		assert_non_null(strstr(rig_said(&r), rows[i].holds));
		rig_ua_end(&ua);
		rig_end(&r);
	}
}

static void a_lost_message_is_neither_answered_nor_passed_on(void **state)
{
	static struct rig r;
	struct rig_ua ua;

	(void)state;
	rig_begin(&r, "sip-lost-answer");
	rig_sign_in(&r, &ua);
	rig_message(&r, &ua);
	assert_int_equal(r.n_out, 0);
	rig_ua_end(&ua);
	rig_end(&r);
}

/* ---- datagrams ---- */

static void the_first_copy_of_each_datagram_is_lost(void **state)
{
	static struct rig r;
	struct rig_request q = reg;

	(void)state;
	rig_begin(&r, "sip-loses-datagrams");
	for (int i = 0; i < 3; i++) {
		rig_datagram(&r, rig_text(&q), &rig_user);
		assert_int_equal(r.n_out, i);
	}
	q.branch = "2"; /* another request */
	rig_datagram(&r, rig_text(&q), &rig_user);
	assert_int_equal(r.n_out, 2);
	flow_t f = rig_accept(&r, LAB_LISTEN_SIP_TCP);
	q.branch = "3";
	q.transport = "TCP";
	rig_bytes(&r, f, rig_text(&q));
	assert_int_equal(r.n_out, 3);
	rig_end(&r);
}

/* ---- the failure report ---- */

static void a_report_comes_from_the_receiver_a_little_later(void **state)
{
	static struct rig r;
	struct rig_ua ua;
	struct sip_msg msg;
	struct sip_refusal refusal;

	(void)state;
	rig_begin(&r, "gateway-bounces");
	rig_sign_in(&r, &ua);
	struct rig_peer *component = rig_component(&r, "component secret");
	rig_client(&r, "desk", true);
	rig_forget(&r);
	rig_say(&r, component, RIG_TO_ADELANY);
	for (unsigned i = 0; i < r.n_out; i++)
		assert_null(strstr(r.out[i].text, "hello")); /* it is lost */
	rig_forget(&r);
	rig_wait(&r, TS_MS(99));
	assert_int_equal(r.n_out, 0);
	rig_wait(&r, TS_MS(1));
	assert_int_equal(r.n_out, 1);
	assert_true(addr_eq(&r.out[0].peer, &rig_user));
	assert_int_equal(sip_msg_decode(slice_str(rig_said(&r)), &msg, &refusal), 0);
	assert_true(slice_eqs(msg.from.uri_text, "sip:adelany@contoso.test"));
	assert_true(slice_eqs(msg.to.uri_text, "sip:pilar@litware.test"));
	assert_true(slice_eqs(msg.content_type, "message/imdn+xml"));
	assert_true(slice_find(msg.body, SLICE("<delivery-notification><status><failed/>")) !=
		    SIZE_MAX);
	assert_true(slice_find(msg.body, SLICE("<message-id>m1</message-id>")) != SIZE_MAX);
	rig_ua_end(&ua);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_register_gets_the_answer_of_the_fault),
		cmocka_unit_test(what_is_no_answer_is_no_sip),
		cmocka_unit_test(a_200_without_the_contact_comes_when_credentials_do),
		cmocka_unit_test(a_challenge_loop_has_no_end),
		cmocka_unit_test(other_methods_are_healthy),
		cmocka_unit_test(a_message_gets_the_answer_of_the_fault),
		cmocka_unit_test(a_lost_message_is_neither_answered_nor_passed_on),
		cmocka_unit_test(the_first_copy_of_each_datagram_is_lost),
		cmocka_unit_test(a_report_comes_from_the_receiver_a_little_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

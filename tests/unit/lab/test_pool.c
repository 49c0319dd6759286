#include "lab_rig.h"

#include "lab/binding.h"

/* ---- who may ---- */

static void a_challenge_offers_what_is_good_first(void **state)
{
	static struct rig r;
	const struct rig_request q = { .method = "REGISTER",
		.uri = "litware.test",
		.from = "pilar@litware.test",
		.to = "pilar@litware.test",
		.branch = "1",
		.more = RIG_CONTACT };

	(void)state;
	rig_begin(&r, NULL);
	rig_datagram(&r, rig_text(&q), &rig_user);
	rig_said_status(&r, 401);
	const char *sha = strstr(rig_said(&r), "algorithm=SHA-256");
	const char *md5 = strstr(rig_said(&r), "algorithm=MD5");
	assert_true(sha && md5 && sha < md5);
	assert_non_null(strstr(rig_said(&r), "realm=\"litware.test\""));
	assert_null(strstr(rig_said(&r), "stale"));
	assert_true(addr_eq(&r.out[0].peer, &rig_user));
	assert_int_equal(r.out[0].listener, LAB_LISTEN_SIP_UDP);
	rig_end(&r);
}

static void the_password_is_what_counts(void **state)
{
	static const struct {
		const char *user, *login, *password;
		int status;
	} rows[] = {
		{ "pilar@litware.test", "pilar", "sip secret", 200 },
		{ "pilar@litware.test", "litware\\pilar", "sip secret", 200 },
		{ "pilar@litware.test", "pilar", "SIP secret", 401 },
		{ "pilar@litware.test", "nobody", "sip secret", 401 },
		{ "kenmyer@litware.test", "pilar", "sip secret", 403 }, /* somebody else */
		{ "nobody@litware.test", "pilar", "sip secret", 403 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		static struct rig r;
		struct rig_ua ua;

		rig_begin(&r, NULL);
		rig_ua_begin(&r, &ua, rows[i].user, rows[i].login, rows[i].password);
		rig_register(&r, &ua, RIG_CONTACT);
		rig_said_status(&r, rows[i].status);
		rig_ua_end(&ua);
		rig_end(&r);
	}
}

static void another_domain_has_no_registrar_here(void **state)
{
	static struct rig r;
	const struct rig_request q = { .method = "REGISTER",
		.uri = "fabrikam.test",
		.from = "pilar@fabrikam.test",
		.to = "pilar@fabrikam.test",
		.branch = "1" };

	(void)state;
	rig_begin(&r, NULL);
	rig_datagram(&r, rig_text(&q), &rig_user);
	rig_said_status(&r, 404);
	rig_end(&r);
}

/* ---- bindings ---- */

static void a_binding_is_what_the_answer_lists(void **state)
{
	static struct rig r;
	struct rig_ua ua;

	(void)state;
	rig_begin(&r, NULL);
	rig_sign_in(&r, &ua);
	rig_wait(&r, TS_S(60));
	rig_register(&r, &ua, ""); /* RFC 3261 section 10.2.3: a question */
	rig_said_status(&r, 200);
	assert_non_null(
		strstr(rig_said(&r), "Contact: <sip:pilar@127.0.0.1:40000>;expires=240\r\n"));
	rig_wait(&r, TS_S(240));
	rig_register(&r, &ua, "");
	rig_said_status(&r, 200);
	assert_null(strstr(rig_said(&r), "Contact"));
	rig_ua_end(&ua);
	rig_end(&r);
}

static void bindings_are_made_and_removed_as_asked(void **state)
{
	static const struct {
		const char *headers;
		int status;
		const char *lists; /* NULL: nothing */
	} rows[] = {
		{ "Contact: <sip:a@127.0.0.1>\r\nExpires: 100\r\n", 200,
			"<sip:a@127.0.0.1>;expires=100" },
		{ "Contact: <sip:a@127.0.0.1>;expires=99999\r\n", 200,
			"<sip:a@127.0.0.1>;expires=3600" },
		{ "Contact: <sip:a@127.0.0.1>\r\n", 200, "<sip:a@127.0.0.1>;expires=3600" },
		{ "Contact: <sip:b@127.0.0.1>;expires=50, <sip:c@127.0.0.1>;expires=40\r\n", 200,
			"<sip:c@127.0.0.1>;expires=40" },
		{ "Contact: <sip:a@127.0.0.1>;expires=0\r\n", 200, "<sip:b@127.0.0.1>;expires=50" },
		{ "Contact: <sip:a@127.0.0.1>;expires=29\r\n", 423, NULL },
		{ "Contact: <nonsense\r\n", 400, NULL },
		{ "Contact: *\r\nExpires: 0\r\n", 200, NULL },
	};
	static struct rig r;
	struct rig_ua ua;

	(void)state;
	rig_begin(&r, NULL);
	rig_ua_begin(&r, &ua, "pilar@litware.test", "pilar", "sip secret");
	for (size_t i = 0; i < COUNT(rows); i++) {
		print_message("case: %s", rows[i].headers);
		rig_forget(&r);
		rig_register(&r, &ua, rows[i].headers);
		rig_said_status(&r, rows[i].status);
		if (rows[i].lists)
			assert_non_null(strstr(rig_said(&r), rows[i].lists));
		else
			assert_null(strstr(rig_said(&r), "\r\nContact"));
		assert_int_equal(strstr(rig_said(&r), "\r\nMin-Expires: 30\r\n") != NULL,
			rows[i].status == 423);
	}
	rig_ua_end(&ua);
	rig_end(&r);
}

static void the_oldest_binding_gives_way(void **state)
{
	static struct rig r;
	struct rig_ua ua;
	char contact[128];

	(void)state;
	rig_begin(&r, NULL);
	rig_ua_begin(&r, &ua, "pilar@litware.test", "pilar", "sip secret");
	for (unsigned i = 0; i <= BINDINGS_MAX; i++) {
		snprintf(contact, sizeof(contact), "Contact: <sip:d%u@127.0.0.1>;expires=%u\r\n", i,
			100 + i);
		rig_forget(&r);
		rig_register(&r, &ua, contact);
		rig_said_status(&r, 200);
	}
	assert_null(strstr(rig_said(&r), "sip:d0@"));
	assert_non_null(strstr(rig_said(&r), "sip:d1@"));
	assert_non_null(strstr(rig_said(&r), "sip:d8@"));
	rig_ua_end(&ua);
	rig_end(&r);
}

/* The same nonce count again: only the transaction says that it is no replay. */
static void a_repeated_register_gets_the_same_answer(void **state)
{
	static struct rig r;
	struct rig_ua ua;
	char text[RIG_TEXT_MAX];
	char more[2048];
	struct buf b;

	(void)state;
	rig_begin(&r, NULL);
	rig_sign_in(&r, &ua);
	buf_init(&b, sizeof(more));
	digest_client_put(ua.digest, &b, "REGISTER", SLICE("sip:litware.test"));
	assert_true(slice_cstr(buf_slice(&b), more, sizeof(more)));
	buf_done(&b);
	struct rig_request q = { .method = "REGISTER",
		.uri = "litware.test",
		.from = "pilar@litware.test",
		.to = "pilar@litware.test",
		.branch = "again",
		.more = more };
	snprintf(text, sizeof(text), "%s", rig_text(&q));
	rig_datagram(&r, text, &rig_user);
	rig_said_status(&r, 200);
	rig_datagram(&r, text, &rig_user);
	rig_said_status(&r, 200);
	assert_string_equal(r.out[0].text, r.out[1].text);
	q.branch = "replay";
	rig_datagram(&r, rig_text(&q), &rig_user);
	rig_said_status(&r, 401);
	rig_ua_end(&ua);
	rig_end(&r);
}

/* ---- methods and routes ---- */

static void each_method_has_its_answer(void **state)
{
	static const struct {
		const char *method;
		int status; /* 0: none */
	} rows[] = { { "OPTIONS", 200 }, { "INVITE", 405 }, { "SUBSCRIBE", 405 }, { "CANCEL", 481 },
		{ "ACK", 0 } };
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct rig_request q = { .method = rows[i].method,
			.uri = "litware.test",
			.from = "a@b.test",
			.to = "c@litware.test",
			.branch = rows[i].method };

		rig_forget(&r);
		rig_datagram(&r, rig_text(&q), &rig_user);
		if (rows[i].status)
			rig_said_status(&r, rows[i].status);
		else
			assert_int_equal(r.n_out, 0);
	}
	rig_end(&r);
}

static void messages_go_where_they_may(void **state)
{
	static const struct {
		const char *what, *uri, *from, *hops;
		const struct addr *peer;
		int status; /* 0: it was passed on */
	} rows[] = {
		{ "a user must prove who it is", "a@contoso.test", "pilar@litware.test", "70",
			&rig_user, 407 },
		{ "a stranger finds no relay", "a@fabrikam.test", "b@contoso.test", "70",
			&rig_stranger, 403 },
		{ "the gateway's word counts", "pilar@litware.test", "a@contoso.test", "70",
			&rig_gateway, 480 },
		{ "who is not known is not found", "nobody@litware.test", "a@contoso.test", "70",
			&rig_gateway, 404 },
		{ "the last hop is the last", "pilar@litware.test", "a@contoso.test", "0",
			&rig_gateway, 483 },
	};
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct rig_request q = { .method = "MESSAGE",
			.uri = rows[i].uri,
			.from = rows[i].from,
			.to = rows[i].uri,
			.hops = rows[i].hops,
			.branch = rows[i].hops };

		print_message("case: %s\n", rows[i].what);
		rig_forget(&r);
		rig_datagram(&r, rig_text(&q), rows[i].peer);
		assert_int_equal(r.n_out, 1);
		rig_said_status(&r, rows[i].status);
	}
	rig_end(&r);
}

/* RFC 5626: on the way it came, whatever its Contact says; the newest device first. */
static void a_message_for_a_user_goes_to_the_binding(void **state)
{
	static struct rig r;
	struct rig_ua ua;
	const struct rig_request q = { .method = "MESSAGE",
		.uri = "pilar@litware.test",
		.from = "adelany@contoso.test",
		.to = "pilar@litware.test",
		.branch = "in",
		.body = "hi" };

	(void)state;
	rig_begin(&r, NULL);
	rig_sign_in(&r, &ua);
	rig_datagram(&r, rig_text(&q), &rig_gateway);
	assert_int_equal(r.n_out, 1);
	assert_true(addr_eq(&r.out[0].peer, &rig_user));
	assert_non_null(strstr(rig_said(&r), "MESSAGE sip:pilar@127.0.0.1:40000 SIP/2.0\r\n"));
	rig_ua_end(&ua);
	rig_end(&r);
}

static void what_is_not_sip_is_refused_where_it_can_be(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	rig_datagram(&r, "\r\n\r\n", &rig_user);
	rig_datagram(&r, "GET / HTTP/1.1\r\n\r\n", &rig_user);
	assert_int_equal(r.n_out, 0);
	rig_datagram(&r,
		"OPTIONS sip:litware.test SIP/3.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bK1\r\n"
		"From: <sip:a@b.test>;tag=1\r\nTo: <sip:c@d.test>\r\nCall-ID: 1\r\n"
		"CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
		&rig_user);
	rig_said_status(&r, 505);
	rig_end(&r);
}

/* ---- streams ---- */

static void a_stream_carries_many_messages_and_pings(void **state)
{
	static struct rig r;
	char text[RIG_TEXT_MAX];
	const struct rig_request q = { .method = "OPTIONS",
		.uri = "litware.test",
		.from = "a@b.test",
		.to = "c@litware.test",
		.branch = "1",
		.transport = "TCP" };

	(void)state;
	rig_begin(&r, NULL);
	flow_t f = rig_accept(&r, LAB_LISTEN_SIP_TCP);
	snprintf(text, sizeof(text), "%s", rig_text(&q));
	for (size_t i = 0; text[i]; i++)
		rig_bytes(&r, f, (char[2]){ text[i], '\0' });
	assert_int_equal(r.n_out, 1);
	rig_bytes(&r, f, "\r\n\r\n");
	assert_int_equal(r.n_out, 2);
	assert_string_equal(rig_said(&r), "\r\n");
	assert_true(r.out[1].flow == f);
	rig_bytes(&r, f, "OPTIONS sip:x SIP/2.0\r\nno length\r\n\r\n");
	assert_non_null(rig_want(&r, WANT_CLOSE_FLOW));
	rig_end(&r);
}

/* What was registered over a connection is gone with it. */
static void a_lost_connection_takes_its_bindings(void **state)
{
	static struct rig r;
	struct rig_ua ua;
	const struct rig_request q = { .method = "MESSAGE",
		.uri = "pilar@litware.test",
		.from = "adelany@contoso.test",
		.to = "pilar@litware.test",
		.branch = "in" };
	struct rig_request again = q;

	(void)state;
	rig_begin(&r, NULL);
	flow_t f = rig_accept(&r, LAB_LISTEN_SIP_TCP);
	rig_ua_begin(&r, &ua, "pilar@litware.test", "pilar", "sip secret");
	ua.flow = f;
	rig_register(&r, &ua, RIG_CONTACT);
	rig_said_status(&r, 200);
	rig_datagram(&r, rig_text(&q), &rig_gateway);
	assert_true(r.out[r.n_out - 1].flow == f);
	rig_push(&r, (struct fact){ .type = FACT_FLOW_FAILED, .flow = f, .err = ECONNRESET });
	rig_said_status(&r, 503);
	again.branch = "again";
	rig_datagram(&r, rig_text(&again), &rig_gateway);
	rig_said_status(&r, 480);
	rig_ua_end(&ua);
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_challenge_offers_what_is_good_first),
		cmocka_unit_test(the_password_is_what_counts),
		cmocka_unit_test(another_domain_has_no_registrar_here),
		cmocka_unit_test(a_binding_is_what_the_answer_lists),
		cmocka_unit_test(bindings_are_made_and_removed_as_asked),
		cmocka_unit_test(the_oldest_binding_gives_way),
		cmocka_unit_test(a_repeated_register_gets_the_same_answer),
		cmocka_unit_test(each_method_has_its_answer),
		cmocka_unit_test(messages_go_where_they_may),
		cmocka_unit_test(a_message_for_a_user_goes_to_the_binding),
		cmocka_unit_test(what_is_not_sip_is_refused_where_it_can_be),
		cmocka_unit_test(a_stream_carries_many_messages_and_pings),
		cmocka_unit_test(a_lost_connection_takes_its_bindings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What SIP servers answer becomes reasons, with what else they say. */
#include "scene.h"

#define UDP "sip:127.0.0.1:5060;transport=udp"
#define TCP "sip:127.0.0.1:5060;transport=tcp"

static void begin(struct scene *s, const char *registrar)
{
	const struct probe_cfg cfg = scene_cfg(registrar);

	scene_begin(s, &cfg);
}

struct row {
	const char *status, *rows, *reason, *phase, *words;
};

static void check(struct scene *s, const struct row *row, const char *phase)
{
	char text[SCENE_TEXT];

	scene_answer(s, row->status, row->rows);
	if (strcmp(reason_id(probe_result(s->p)->reason), row->reason) != 0)
		print_error("after %s %s\n", row->status, row->rows);
	scene_failed(s, row->phase ? row->phase : phase, row->reason);
	if (!strstr(scene_message(s, text), row->words))
		fail_msg("`%s` is not in `%s`", row->words, text);
	scene_end(s);
}

static void every_answer_to_the_message_has_its_reason(void **state)
{
	static const struct row rows[] = {
		{ "403 Forbidden", "", "sip_forbidden", NULL, "403 Forbidden" },
		{ "404 Not Found", "", "sip_not_found", NULL,
			"adelany@contoso.test was not found" },
		{ "604 No", "", "sip_not_found", NULL, "604 No" },
		{ "408 Timeout", "", "sip_gateway_timeout", NULL, "next hop" },
		{ "504 Timeout", "", "sip_gateway_timeout", NULL, "gateway" },
		{ "410 Gone", "", "sip_receiver_unavailable", NULL, "gone" },
		{ "480 Away", "", "sip_receiver_unavailable", NULL, "480 Away" },
		{ "486 Busy", "", "sip_receiver_unavailable", NULL, "busy" },
		{ "600 Busy", "", "sip_receiver_unavailable", NULL, "anywhere" },
		{ "603 Decline", "", "sip_receiver_unavailable", NULL, "declined" },
		{ "482 Loop", "", "sip_loop", NULL, "circles" },
		{ "483 Hops", "", "sip_loop", NULL, "circles" },
		{ "502 Bad", "", "sip_gateway_down", NULL, "down" },
		{ "503 Down", "", "sip_gateway_down", NULL, "down" },
		{ "503 Busy", "Retry-After: 30 (later);duration=9\r\n", "sip_overloaded", NULL,
			"left alone for 30 s" },
		{ "503 Down", "Retry-After: 5\r\nms-diagnostics: 1007;source=\"gw\"\r\n",
			"sip_gateway_down", NULL, "ms-diagnostics 1007" },
		{ "500 Oops", "", "sip_server_error", NULL, "500 Oops" },
		{ "488 No", "", "sip_rejected", NULL, "rejected" },
		{ "606 No", "Warning: 399 gw \"policy\"\r\n", "sip_rejected", NULL, "606 No" },
		{ "302 Moved", "Contact: \"X\" <sip:x:word@y:5062;a=b>;q=1, <sip:z@y>\r\n",
			"sip_rejected", NULL, "does not follow: sip:x@y:5062 (302 Moved)" },
		{ "300 Choices", "", "sip_rejected", NULL, "does not follow: ? (300" },
		{ "403 No", "ms-diagnostics: 1005;source=\"gw\";reason=\"Cannot route\"\r\n",
			"sip_partner_not_allowed", NULL, "contoso.test is not an allowed partner" },
		{ "403 No", "ms-diagnostics-public: 1005;reason=\"Cannot route\"\r\n",
			"sip_partner_not_allowed", NULL, "1005" },
		{ "404 No", "ms-diagnostics: 1008;source=\"fe\"\r\n", "sip_no_route", NULL,
			"1008" },
		{ "403 No", "ms-diagnostics: 1012;source=\"fe\"\r\n", "sip_forbidden", NULL,
			"outside the organisation" },
		/* A code that says nothing leaves it to the status. */
		{ "504 T", "ms-diagnostics: 2;reason=\"See response code\"\r\n",
			"sip_gateway_timeout", NULL, "504 T" },
		{ "403 No", "Reason: XMPP;text=\"service-unavailable\"\r\n", "xmpp_bounced",
			"deliver", "service-unavailable" },
		{ "404 No", "Reason: xmpp ;text=\"remote-server-not-found\"\r\n",
			"xmpp_remote_server_not_found", "deliver", "remote-server-not-found" },
		{ "504 No", "Reason: XMPP;text=\"remote-server-timeout\"\r\n",
			"xmpp_remote_server_timeout", "deliver", "remote-server-timeout" },
		{ "480 No", "Reason: SIP;cause=480;text=\"away\"\r\n", "sip_receiver_unavailable",
			NULL, "480 No" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;

		begin(&s, UDP);
		scene_sign_in(&s);
		check(&s, &rows[i], "sip.send");
	}
}

/* Behind each product, in its own words, when the gateway is stopped, unroutable or not connected.
 */
static void what_proxies_say_of_their_next_hop_is_known(void **state)
{
	static const struct row rows[] = {
		/* Kamailio's core and tm, as seen with its sl or tm in front. */
		{ "477 Unfortunately error on sending to next hop occurred (477/TM)", "",
			"sip_gateway_down", NULL, "nothing listens there" },
		{ "478 Unresolvable destination (478/SL)", "", "sip_no_route", NULL,
			"does not resolve" },
		{ "479 Regretfully, we were not able to process the URI (479/TM)", "",
			"sip_no_route", NULL, "479" },
		{ "500 I'm terribly sorry, server error occurred (7/TM)", "", "sip_no_route", NULL,
			"transport or a family" },
		{ "500 I'm terribly sorry, server error occurred (1/SL)", "", "sip_server_error",
			NULL, "(1/SL)" },
		{ "500 Service Unavailable", "", "sip_gateway_down", NULL,
			"not connected to its XMPP server, or another one" },
		{ "404 No destination", "", "sip_gateway_down", NULL, "alive" },
		/* OpenSIPS. */
		{ "473 Filtered destination (473/TM)", "", "sip_gateway_down", NULL, "alive" },
		{ "476 Unresolvable destination (476/TM)", "", "sip_no_route", NULL, "476" },
		{ "500 No destination available (18/TM)", "", "sip_gateway_down", NULL, "alive" },
		/* ejabberd. */
		{ "503 Non-existing domain", "", "sip_no_route", NULL, "does not resolve" },
		{ "503 Connection refused", "", "sip_gateway_down", NULL, "nothing listens" },
		{ "503 No route to host", "", "sip_gateway_down", NULL, "no way to it" },
		{ "503 Unsupported Transport", "", "sip_no_route", NULL, "does not speak" },
		/* Lync's edge. */
		{ "504 Server time-out", "ms-diagnostics: 1047;source=\"edge\"\r\n",
			"sip_gateway_down", NULL, "no TLS" },
		{ "504 Server time-out", "ms-diagnostics: 1010;source=\"edge\"\r\n",
			"sip_gateway_down", NULL, "not trusted" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;

		begin(&s, UDP);
		scene_sign_in(&s);
		check(&s, &rows[i], "sip.send");
	}
}

static void every_answer_to_the_sign_in_has_its_reason(void **state)
{
	static const struct row rows[] = {
		{ "403 Forbidden", "", "sip_forbidden", NULL, "forbids pilar@litware.test" },
		{ "404 Not Found", "", "sip_user_unknown", NULL,
			"does not know pilar@litware.test" },
		{ "604 No", "", "sip_user_unknown", NULL, "604 No" },
		{ "408 T", "", "sip_no_answer", NULL, "in time" },
		{ "503 Busy", "Retry-After: 7\r\n", "sip_overloaded", NULL, "for 7 s" },
		{ "503 Down", "", "sip_server_error", NULL, "503 Down" },
		{ "500 Oops", "", "sip_server_error", NULL, "500 Oops" },
		{ "420 No", "", "sip_rejected", NULL, "420 No" },
		/* Kamailio and OpenSIPS; with the first's retry_after, too. */
		{ "503 Service Unavailable", "P-Registrar-Error: Too many registered contacts\r\n",
			"sip_too_many_contacts", NULL, "as many contacts" },
		{ "503 Service Unavailable",
			"Retry-After: 30\r\nP-Registrar-Error: Too many registered contacts\r\n",
			"sip_too_many_contacts", NULL, "as many contacts" },
		{ "500 Server Internal Error", "P-Registrar-Error: usrloc_record_get failed\r\n",
			"sip_server_error", NULL, "500" },
		{ "403 Too many registered contacts", "", "sip_too_many_contacts", NULL, "403" },
		{ "403 Maximum Contacts Reached", "", "sip_too_many_contacts", NULL, "403" },
		{ "403 Forbidden", "Warning: 399 r \"contact limit exceeded\"\r\n",
			"sip_too_many_contacts", NULL, "said by r" },
		{ "503 Too many registrations per second", "Retry-After: 2\r\n", "sip_overloaded",
			NULL, "2 s" },
		{ "200 OK", "Contact: <sip:pilar@192.0.2.1>\r\n", "sip_no_binding", NULL,
			"not among its bindings" },
		{ "401 No", "WWW-Authenticate: NTLM realm=\"x\"\r\n", "sip_no_mechanism", NULL,
			"not supported" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct scene s;

		begin(&s, UDP);
		scene_connect(&s);
		check(&s, &rows[i], "sip.register");
	}
}

#define DIGEST(nonce, more)                                                                        \
	"WWW-Authenticate: Digest realm=\"litware.test\", nonce=\"" nonce "\", qop=\"auth\"" more  \
	"\r\n"

/* RFC 3261 section 22.1: a wrong password is challenged again. */
static void a_403_to_credentials_may_be_the_account(void **state)
{
	char text[SCENE_TEXT];
	struct scene s;

	(void)state;
	begin(&s, UDP);
	scene_connect(&s);
	scene_answer(&s, "401 Unauthorized", DIGEST("1", ""));
	scene_answer(&s, "403 Forbidden", "");
	scene_failed(&s, "sip.register", "sip_forbidden");
	assert_non_null(strstr(scene_message(&s, text), "or the password is wrong"));
	scene_end(&s);
}

/* Which hop spoke: the registrar has named itself, and passes on what others say. */
static void who_said_it_is_told(void **state)
{
	static const struct {
		const char *pools, *rows, *words;
	} cases[] = {
		{ "", "", "(488 No)." },
		{ "", "Server: x/1\r\n", "(488 No, said by x/1)" },
		{ "", "Warning: 399 gw.test \"policy\"\r\n", "said by gw.test)" },
		{ "kamailio (5.6)", "Server: kamailio (5.6)\r\n",
			"said by the pool, as it seems: kamailio (5.6))" },
		{ "kamailio (5.6)", "Server: x/1\r\n",
			"said by another server than the registrar: x/1)" },
		{ "kamailio (5.6)", "", "which does not name itself)" },
		{ "kamailio (5.6)", "Warning: 399 gw.test \"policy\"\r\n", "said by gw.test)" },
		{ "kamailio (5.6)", "Server: x/1\r\nms-diagnostics: 2;source=\"fe.test\"\r\n",
			"said by fe.test)" },
		{ "", "Warning: \r\n", "(488 No" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char contact[512], rows[1024], text[SCENE_TEXT];
		struct scene s;

		begin(&s, UDP);
		scene_connect(&s);
		scene_header(&s, "Contact", contact);
		snprintf(rows, sizeof(rows), "Contact: %s\r\n%s%s%s", contact,
			cases[i].pools[0] ? "Server: " : "", cases[i].pools,
			cases[i].pools[0] ? "\r\n" : "");
		scene_answer(&s, "200 OK", rows);
		scene_answer(&s, "488 No", cases[i].rows);
		scene_failed(&s, "sip.send", "sip_rejected");
		if (!strstr(scene_message(&s, text), cases[i].words))
			fail_msg("`%s` is not in `%s`", cases[i].words, text);
		scene_end(&s);
	}
}

static void a_refused_password_and_an_endless_challenge_are_not_the_same(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, UDP);
	scene_connect(&s);
	scene_answer(&s, "401 Unauthorized", DIGEST("1", ""));
	assert_non_null(strstr(s.out, "\r\nAuthorization: Digest "));
	scene_answer(&s, "401 Unauthorized", DIGEST("2", ""));
	scene_failed(&s, "sip.register", "sip_bad_credentials");
	scene_end(&s);

	begin(&s, UDP);
	scene_connect(&s);
	for (int i = 0; i < 20 && !probe_result(s.p)->reason; i++) {
		char challenge[200];

		snprintf(challenge, sizeof(challenge),
			"WWW-Authenticate: Digest realm=\"litware.test\", nonce=\"%d\", "
			"qop=\"auth\", stale=true\r\n",
			i);
		scene_answer(&s, "401 Unauthorized", challenge);
	}
	scene_failed(&s, "sip.register", "sip_challenge_loop");
	scene_end(&s);
}

static void the_headers_that_tell_more_are_kept_as_evidence(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, UDP);
	scene_sign_in(&s);
	scene_answer(&s, "403 Forbidden",
		"Warning: 399 pool \"one\"\r\nWarning: 399 pool \"two\"\r\nServer: Pool/1.0\r\n"
		"Reason: SIP;cause=403\r\n"
		"ms-diagnostics: 1002;source=\"fe.litware.test\";reason=\"Not "
		"\\\"federated\\\"\"\r\n");
	const struct evidence *e = &probe_result(s.p)->evidence;
	assert_int_equal(e->sip_status, 403);
	assert_string_equal(e->sip_reason, "Forbidden");
	assert_true(e->has_diagnostics && e->diagnostics_code == 1002);
	assert_string_equal(e->diagnostics_source, "fe.litware.test");
	assert_non_null(strstr(e->diagnostics_reason, "federated"));
	assert_int_equal(e->n_headers, 5);
	assert_string_equal(e->headers[0].name, "Reason");
	assert_string_equal(e->headers[1].value, "399 pool \"one\"");
	assert_string_equal(e->headers[2].value, "399 pool \"two\"");
	assert_true(addr_eq(&e->address, &scene_pool));
	scene_end(&s);
}

/* A registrar that stores passwords can say one; a result is for tickets and mailing lists. */
static void a_password_that_is_said_back_is_not_repeated(void **state)
{
	struct buf b;
	struct scene s;

	(void)state;
	begin(&s, UDP);
	scene_sign_in(&s);
	scene_answer(&s, "403 Not sip secret",
		"Warning: 399 pool \"sip secret\"\r\n"
		"ms-diagnostics: 1002;source=\"sip secret\";reason=\"c2lwIHNlY3JldA==\"\r\n");
	const struct probe_result *r = probe_result(s.p);
	assert_string_equal(r->evidence.sip_reason, "Not **********");
	assert_string_equal(r->evidence.diagnostics_source, "**********");
	assert_string_equal(r->evidence.diagnostics_reason, "****************");
	for (unsigned i = 0; i < r->evidence.n_headers; i++)
		assert_null(strstr(r->evidence.headers[i].value, "secret"));
	buf_init(&b, 4096);
	text_put(&b, &r->message, NULL);
	assert_null(strstr(buf_cstr(&b), "secret"));
	assert_non_null(strstr(buf_cstr(&b), "Not **********"));
	buf_done(&b);
	scene_end(&s);
}

static void more_headers_than_are_kept_are_left_out(void **state)
{
	char rows[4000];
	size_t n = 0;
	struct scene s;

	(void)state;
	for (int i = 0; i < 40; i++)
		n += (size_t)snprintf(
			rows + n, sizeof(rows) - n, "Warning: 399 pool \"%d\"\r\n", i);
	begin(&s, UDP);
	scene_sign_in(&s);
	scene_answer(&s, "403 Forbidden", rows);
	const struct evidence *e = &probe_result(s.p)->evidence;
	assert_int_equal(e->n_headers, COUNT(e->headers));
	scene_end(&s);
}

static void answers_to_others_are_told_from_silence(void **state)
{
	static const char stray[] =
		"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.2:40000;branch=z9hG4bKx\r\n"
		"From: <sip:a@b>;tag=1\r\nTo: <sip:a@b>;tag=2\r\nCall-ID: x\r\n"
		"CSeq: 1 REGISTER\r\nContent-Length: 0\r\n\r\n";
	struct scene s;

	(void)state;
	for (int strays = 0; strays < 2; strays++) {
		begin(&s, UDP);
		scene_connect(&s);
		if (strays)
			scene_push(&s, (struct fact){ .type = FACT_DATAGRAM,
					       .listener = 1,
					       .bytes = slice_of(stray, sizeof(stray) - 1) });
		scene_wait(&s, TS_S(10));
		scene_failed(
			&s, "sip.register", strays ? "sip_wrong_transaction" : "sip_no_answer");
		scene_end(&s);
	}
}

static void a_lost_request_is_noted_when_a_copy_got_through(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, UDP);
	scene_sign_in(&s);
	scene_wait(&s, TS_MS(500));
	scene_answer(&s, "202 Accepted", "");
	const struct probe_result *r = probe_result(s.p);
	assert_true(r->success);
	assert_int_equal(r->n_notes, 2);
	assert_int_equal(r->notes[1].note, NOTE_SIP_RETRANSMITTED);
	scene_end(&s);
}

/* RFC 3608: what the registrar says goes in front of the user's requests. */
static void the_message_follows_the_service_route(void **state)
{
	char contact[512], rows[1024];
	struct scene s;

	(void)state;
	begin(&s, UDP);
	scene_connect(&s);
	scene_header(&s, "Contact", contact);
	snprintf(rows, sizeof(rows),
		"Contact: %s\r\nService-Route: <sip:a.test;lr>\r\nService-Route: "
		"<sip:b.test;lr>\r\n",
		contact);
	scene_answer(&s, "200 OK", rows);
	assert_non_null(strstr(s.out, "MESSAGE sip:adelany@contoso.test SIP/2.0\r\n"));
	assert_non_null(strstr(s.out, "\r\nRoute: <sip:a.test;lr>, <sip:b.test;lr>\r\n"));
	scene_end(&s);
}

static void what_is_not_sip_is_told_with_its_place(void **state)
{
	struct scene s;
	char text[SCENE_TEXT];

	(void)state;
	begin(&s, UDP);
	scene_connect(&s);
	scene_push(&s, (struct fact){ .type = FACT_DATAGRAM,
			       .listener = 1,
			       .bytes = SLICE("HTTP/1.1 200 OK\r\n\r\n") });
	scene_failed(&s, "sip.register", "sip_unparsable");
	assert_non_null(strstr(scene_message(&s, text), "at byte "));
	assert_non_null(probe_result(s.p)->evidence.what);
	scene_end(&s);
}

static void garbage_of_strangers_is_not_the_pools(void **state)
{
	static const struct addr stranger = { .family = 4, .port = 9, .ip = { 192, 0, 2, 1 } };
	struct scene s;

	(void)state;
	begin(&s, UDP);
	scene_connect(&s);
	scene_push(&s, (struct fact){ .type = FACT_DATAGRAM,
			       .listener = 1,
			       .peer = &stranger,
			       .bytes = SLICE("junk\r\n\r\n") });
	assert_int_equal(probe_result(s.p)->reason, REASON_NONE);
	scene_end(&s);
}

static void a_port_that_wants_tls_is_told_from_garbage(void **state)
{
	static const uint8_t alert[] = { 21, 3, 1, 0, 2, 2, 70 };
	struct scene s;

	(void)state;
	begin(&s, TCP);
	scene_connect(&s);
	scene_push(&s, (struct fact){ .type = FACT_FLOW_BYTES,
			       .flow = s.flow,
			       .bytes = slice_of(alert, sizeof(alert)) });
	scene_failed(&s, "sip.register", "tls_expected");
	scene_end(&s);
}

static void a_message_without_an_answer_is_the_gateways_silence(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, UDP);
	scene_sign_in(&s);
	for (int i = 0; i < 40; i++)
		scene_wait(&s, TS_MS(500));
	scene_failed(&s, "sip.send", "sip_gateway_timeout");
	scene_end(&s);
}

static void the_first_verdict_counts(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, UDP);
	scene_sign_in(&s);
	scene_answer(&s, "404 Not Found", "");
	scene_push(&s, (struct fact){ .type = FACT_DATAGRAM_FAILED, .err = ECONNREFUSED });
	scene_push(
		&s, (struct fact){
			    .type = FACT_DATAGRAM, .listener = 1, .bytes = SLICE("junk\r\n\r\n") });
	scene_wait(&s, TS_S(30));
	scene_failed(&s, "sip.send", "sip_not_found");
	assert_int_equal(probe_result(s.p)->evidence.err, 0);
	assert_null(probe_result(s.p)->evidence.what);
	assert_true(s.done);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_to_the_message_has_its_reason),
		cmocka_unit_test(what_proxies_say_of_their_next_hop_is_known),
		cmocka_unit_test(every_answer_to_the_sign_in_has_its_reason),
		cmocka_unit_test(a_password_that_is_said_back_is_not_repeated),
		cmocka_unit_test(a_403_to_credentials_may_be_the_account),
		cmocka_unit_test(who_said_it_is_told),
		cmocka_unit_test(a_refused_password_and_an_endless_challenge_are_not_the_same),
		cmocka_unit_test(the_headers_that_tell_more_are_kept_as_evidence),
		cmocka_unit_test(more_headers_than_are_kept_are_left_out),
		cmocka_unit_test(answers_to_others_are_told_from_silence),
		cmocka_unit_test(a_lost_request_is_noted_when_a_copy_got_through),
		cmocka_unit_test(the_message_follows_the_service_route),
		cmocka_unit_test(what_is_not_sip_is_told_with_its_place),
		cmocka_unit_test(garbage_of_strangers_is_not_the_pools),
		cmocka_unit_test(a_port_that_wants_tls_is_told_from_garbage),
		cmocka_unit_test(a_message_without_an_answer_is_the_gateways_silence),
		cmocka_unit_test(the_first_verdict_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

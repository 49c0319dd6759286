#include "lab_rig.h"

/* Values of the first such header of a message, or NULL. */
static const char *header(const char *text, const char *name)
{
	static char value[512];
	char line[64];

	snprintf(line, sizeof(line), "\r\n%s: ", name);
	const char *at = strstr(text, line);
	if (!at)
		return NULL;
	at += strlen(line);
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(at, "\r"), at);
	return value;
}

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text += strlen(what))
		n++;
	return n;
}

/* The gateway's answer to the request that it was sent: its Via, From, To, Call-ID and CSeq. */
static const char *answer_to(const char *request, const char *status)
{
	static char text[RIG_TEXT_MAX];
	const char *from = strstr(request, "\r\n") + 2, *end = strstr(request, "Content-Length");
	size_t n = (size_t)snprintf(text, sizeof(text), "SIP/2.0 %s\r\n", status);

	snprintf(text + n, sizeof(text) - n, "%.*sContent-Length: 0\r\n\r\n", (int)(end - from),
		from);
	return text;
}

struct scene {
	struct rig r;
	struct rig_ua ua;
	char request[RIG_TEXT_MAX]; /* as the gateway got it */
};

/* pilar is registered, and her message is at the gateway. */
static void begin(struct scene *s)
{
	rig_begin(&s->r, NULL);
	rig_sign_in(&s->r, &s->ua);
	rig_message(&s->r, &s->ua);
	assert_int_equal(s->r.n_out, 1); /* no challenge: her registration's nonce is good here */
	snprintf(s->request, sizeof(s->request), "%s", rig_said(&s->r));
	assert_int_equal(strncmp(s->request, "MESSAGE ", 8), 0);
}

static void end(struct scene *s)
{
	rig_ua_end(&s->ua);
	rig_end(&s->r);
}

static void a_request_is_passed_on_as_the_rfc_says(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	const struct rig_out *o = &s.r.out[s.r.n_out - 1];
	assert_true(addr_eq(&o->peer, &rig_gateway));
	assert_int_equal(o->listener, LAB_LISTEN_SIP_UDP);
	assert_non_null(strstr(s.request, "MESSAGE sip:adelany@contoso.test SIP/2.0\r\n"));
	assert_int_equal(count(s.request, "\r\nVia: "), 2); /* ours first */
	assert_non_null(strstr(header(s.request, "Via"), "127.0.0.1:6001;branch=z9hG4bK"));
	assert_string_equal(header(s.request, "Max-Forwards"), "69");
	assert_null(header(s.request, "Proxy-Authorization")); /* that was for this proxy */
	assert_string_equal(header(s.request, "Content-Type"), "text/plain");
	assert_string_equal(header(s.request, "Content-Length"), "5");
	assert_non_null(strstr(s.request, "\r\n\r\nhello"));
	end(&s);
}

static void an_answer_goes_back_without_our_via(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	rig_forget(&s.r);
	rig_datagram(&s.r, answer_to(s.request, "100 Trying"), &rig_gateway);
	assert_int_equal(s.r.n_out, 0);
	rig_datagram(&s.r, answer_to(s.request, "202 Accepted"), &rig_gateway);
	assert_int_equal(s.r.n_out, 1);
	rig_said_status(&s.r, 202);
	assert_true(addr_eq(&s.r.out[0].peer, &rig_user));
	assert_int_equal(count(rig_said(&s.r), "\r\nVia: "), 1);
	assert_non_null(strstr(header(rig_said(&s.r), "Via"), "127.0.0.1:40000"));
	/* Once is enough. */
	rig_datagram(&s.r, answer_to(s.request, "500 Oops"), &rig_gateway);
	assert_int_equal(s.r.n_out, 1);
	end(&s);
}

static void answers_that_belong_to_nothing_are_dropped(void **state)
{
	static const char *const branches[] = { "z9hG4bK", "z9hG4bK0000000000000000",
		"z9hG4bKzzzzzzzzzzzzzzzz", "z9hG4bKffffffff00000000" };
	static struct scene s;

	(void)state;
	begin(&s);
	rig_forget(&s.r);
	for (size_t i = 0; i < COUNT(branches); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 127.0.0.1:6001;branch=%s\r\n"
			"From: <sip:a@b.test>;tag=1\r\nTo: <sip:c@d.test>;tag=2\r\nCall-ID: 1\r\n"
			"CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n",
			branches[i]);
		rig_datagram(&s.r, text, &rig_gateway);
	}
	assert_int_equal(s.r.n_out, 0);
	end(&s);
}

/* RFC 3261 section 17.1.2.2: T1, doubled up to T2; RFC 4320 section 4.2: no 408 when it is over. */
static void an_unanswered_request_is_repeated_and_then_forgotten(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	rig_forget(&s.r);
	rig_wait(&s.r, TS_MS(500));
	assert_int_equal(s.r.n_out, 1);
	rig_wait(&s.r, TS_MS(1000));
	assert_int_equal(s.r.n_out, 2);
	assert_string_equal(s.r.out[0].text, s.request);
	assert_string_equal(s.r.out[1].text, s.request);
	rig_wait(&s.r, TS_S(60));
	for (unsigned i = 0; i < s.r.n_out; i++)
		assert_true(addr_eq(&s.r.out[i].peer, &rig_gateway));
	assert_true(s.r.e.ops->deadline(s.r.e.self) == TS_NEVER);
	end(&s);
}

/* Over UDP the sender repeats what it is not answered: never a second message. */
static void a_repeated_request_is_absorbed_then_answered_from_memory(void **state)
{
	static struct scene s;
	const struct rig_request q = { .method = "MESSAGE",
		.uri = "pilar@litware.test",
		.from = "a@contoso.test",
		.to = "pilar@litware.test",
		.branch = "same" };

	(void)state;
	rig_begin(&s.r, NULL);
	rig_sign_in(&s.r, &s.ua);
	rig_datagram(&s.r, rig_text(&q), &rig_gateway);
	snprintf(s.request, sizeof(s.request), "%s", rig_said(&s.r));
	rig_datagram(&s.r, rig_text(&q), &rig_gateway);
	assert_int_equal(s.r.n_out, 1);
	rig_datagram(&s.r, answer_to(s.request, "200 OK"), &rig_user);
	assert_int_equal(s.r.n_out, 2);
	rig_datagram(&s.r, rig_text(&q), &rig_gateway);
	assert_int_equal(s.r.n_out, 3);
	assert_string_equal(s.r.out[1].text, s.r.out[2].text);
	rig_wait(&s.r, TS_S(31));
	rig_datagram(&s.r, rig_text(&q), &rig_gateway);
	assert_int_equal(s.r.n_out, 4);
	assert_string_equal(s.r.out[1].text, s.r.out[3].text);
	rig_wait(&s.r, TS_S(2)); /* timer J */
	assert_true(s.r.e.ops->deadline(s.r.e.self) == TS_NEVER);
	rig_datagram(&s.r, rig_text(&q), &rig_gateway);
	assert_int_equal(strncmp(rig_said(&s.r), "MESSAGE ", 8), 0);
	end(&s);
}

static void a_gateway_that_is_not_there_is_503(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	rig_push(&s.r, (struct fact){ .type = FACT_DATAGRAM_FAILED,
			       .listener = LAB_LISTEN_DNS, /* another socket's trouble */
			       .peer = &rig_gateway,
			       .err = ECONNREFUSED });
	assert_string_equal(rig_said(&s.r), s.request);
	rig_push(&s.r, (struct fact){ .type = FACT_DATAGRAM_FAILED,
			       .listener = LAB_LISTEN_SIP_UDP,
			       .peer = &rig_gateway,
			       .err = ECONNREFUSED });
	rig_said_status(&s.r, 503);
	assert_true(addr_eq(&s.r.out[s.r.n_out - 1].peer, &rig_user));
	end(&s);
	rig_prepare(&s.r, NULL);
	s.r.cfg.gateway.family = 0;
	rig_start(&s.r);
	rig_sign_in(&s.r, &s.ua);
	rig_message(&s.r, &s.ua);
	rig_said_status(&s.r, 503);
	end(&s);
}

/* ---- over TCP ---- */

static flow_t begin_tcp(struct scene *s)
{
	rig_prepare(&s->r, NULL);
	s->r.cfg.gateway_transport = TRANSPORT_TCP;
	rig_start(&s->r);
	rig_sign_in(&s->r, &s->ua);
	rig_message(&s->r, &s->ua);
	const struct want *w = rig_want(&s->r, WANT_FLOW);
	assert_non_null(w);
	assert_true(addr_eq(&w->addr, &rig_gateway));
	return w->flow;
}

static void over_tcp_a_request_waits_for_its_connection(void **state)
{
	static struct scene s;

	(void)state;
	flow_t f = begin_tcp(&s);
	assert_int_equal(s.r.n_out, 0);
	rig_push(&s.r, (struct fact){ .type = FACT_FLOW_UP, .flow = f, .peer = &rig_gateway });
	assert_int_equal(s.r.n_out, 1);
	assert_true(s.r.out[0].flow == f);
	snprintf(s.request, sizeof(s.request), "%s", rig_said(&s.r));
	assert_non_null(strstr(s.request, "Via: SIP/2.0/TCP "));
	rig_bytes(&s.r, f, answer_to(s.request, "202 Accepted"));
	rig_said_status(&s.r, 202);
	/* The next one takes the same connection. */
	rig_forget(&s.r);
	rig_message(&s.r, &s.ua);
	assert_null(rig_want(&s.r, WANT_FLOW));
	assert_true(s.r.out[s.r.n_out - 1].flow == f);
	end(&s);
}

static void a_connection_that_breaks_is_503_and_made_anew(void **state)
{
	static struct scene s;

	(void)state;
	flow_t f = begin_tcp(&s);
	rig_push(&s.r, (struct fact){ .type = FACT_FLOW_FAILED, .flow = f, .err = ECONNREFUSED });
	rig_said_status(&s.r, 503);
	rig_forget(&s.r);
	rig_message(&s.r, &s.ua);
	const struct want *w = rig_want(&s.r, WANT_FLOW);
	assert_non_null(w);
	assert_true(w->flow != f); /* never used twice */
	end(&s);
}

/* Its sender is gone before its connection is there; another one's still waits. */
static void a_request_that_waits_goes_with_its_sender(void **state)
{
	static struct scene s;
	struct rig_ua kenmyer;

	(void)state;
	flow_t f = begin_tcp(&s);
	flow_t phone = rig_accept(&s.r, LAB_LISTEN_SIP_TCP);
	rig_ua_begin(&s.r, &kenmyer, "kenmyer@litware.test", "kenmyer", "other secret");
	kenmyer.flow = phone;
	rig_message(&s.r, &kenmyer);
	rig_push(&s.r, (struct fact){ .type = FACT_FLOW_EOF, .flow = phone });
	rig_forget(&s.r);
	rig_push(&s.r, (struct fact){ .type = FACT_FLOW_UP, .flow = f, .peer = &rig_gateway });
	assert_int_equal(s.r.n_out, 1);
	assert_non_null(strstr(rig_said(&s.r), "From: <sip:pilar@litware.test>"));
	rig_ua_end(&kenmyer);
	end(&s);
}

static void nobody_is_answered_who_has_gone(void **state)
{
	static struct scene s;
	const struct rig_request q = { .method = "MESSAGE",
		.uri = "pilar@litware.test",
		.from = "a@contoso.test",
		.to = "pilar@litware.test",
		.branch = "tcp",
		.transport = "TCP" };
	const struct addr gateway = { .family = 4, .port = 4711, .ip = { 127, 0, 0, 1 } };

	(void)state;
	rig_prepare(&s.r, NULL);
	s.r.cfg.gateway_transport = TRANSPORT_TCP;
	rig_start(&s.r);
	rig_sign_in(&s.r, &s.ua);
	rig_push(&s.r, (struct fact){ .type = FACT_FLOW_ACCEPTED,
			       .flow = FLOW_ACCEPTED_BIT | 99,
			       .listener = LAB_LISTEN_SIP_TCP,
			       .peer = &gateway });
	rig_bytes(&s.r, FLOW_ACCEPTED_BIT | 99, rig_text(&q));
	assert_int_equal(s.r.n_out, 1);
	snprintf(s.request, sizeof(s.request), "%s", rig_said(&s.r));
	rig_push(&s.r, (struct fact){ .type = FACT_FLOW_EOF, .flow = FLOW_ACCEPTED_BIT | 99 });
	rig_forget(&s.r);
	rig_datagram(&s.r, answer_to(s.request, "200 OK"), &rig_user);
	rig_wait(&s.r, TS_S(60));
	assert_int_equal(s.r.n_out, 0); /* nor is the request repeated */
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_passed_on_as_the_rfc_says),
		cmocka_unit_test(an_answer_goes_back_without_our_via),
		cmocka_unit_test(answers_that_belong_to_nothing_are_dropped),
		cmocka_unit_test(an_unanswered_request_is_repeated_and_then_forgotten),
		cmocka_unit_test(a_repeated_request_is_absorbed_then_answered_from_memory),
		cmocka_unit_test(a_gateway_that_is_not_there_is_503),
		cmocka_unit_test(over_tcp_a_request_waits_for_its_connection),
		cmocka_unit_test(a_connection_that_breaks_is_503_and_made_anew),
		cmocka_unit_test(a_request_that_waits_goes_with_its_sender),
		cmocka_unit_test(nobody_is_answered_who_has_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

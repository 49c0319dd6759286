/* DNS, connections and TLS become reasons, each its own, with their evidence. */
#include "probe/blame.h"
#include "scene.h"

#define UDP "sip:127.0.0.1:5060;transport=udp"
#define TCP "sip:127.0.0.1:5060;transport=tcp"
#define TLS "sip:127.0.0.1:5061;transport=tls"

static const struct addr dns_server = { .family = 4, .port = 53, .ip = { 127, 0, 0, 53 } };

static void begin(struct scene *s, const char *registrar)
{
	const struct probe_cfg cfg = scene_cfg(registrar);

	scene_begin(s, &cfg);
}

/* ---- DNS ---- */

static void every_dns_status_has_its_reason(void **state)
{
	static const struct {
		enum dns_status status;
		const char *reason, *word;
	} rows[] = {
		{ DNS_NXDOMAIN, "dns_nxdomain", "does not exist" },
		{ DNS_NODATA, "dns_no_records", "has no" },
		{ DNS_TIMEOUT, "dns_timeout", "does not answer" },
		{ DNS_REFUSED, "dns_refused", "refuses" },
		{ DNS_SERVFAIL, "dns_server_failure", "SERVFAIL" },
		{ DNS_UNREACHABLE, "dns_unreachable", "cannot be reached" },
		{ DNS_MALFORMED, "dns_malformed", "cannot be read" },
		{ DNS_TCP_REFUSED, "dns_tcp_refused", "takes no TCP" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct dns_answer answer = { .status = rows[i].status, .server = dns_server };
		char text[SCENE_TEXT];
		struct scene s;

		begin(&s, "");
		scene_dns(&s, (const struct dns_answer *[]){ &answer, &answer, &answer, &answer });
		scene_failed(&s, "sip.resolve", rows[i].reason);
		scene_message(&s, text);
		assert_non_null(strstr(text, rows[i].word));
		assert_non_null(strstr(text, "127.0.0.53:53"));
		const struct evidence *e = &probe_result(s.p)->evidence;
		assert_true(e->has_dns && e->dns_status == rows[i].status);
		assert_true(addr_eq(&e->dns_server, &dns_server));
		assert_non_null(strstr(e->dns_name, "pool.litware.test"));
		scene_end(&s);
	}
}

static void a_server_that_ends_its_words_with_a_full_stop_has_one(void **state)
{
	static const struct {
		const char *text, *end;
	} rows[] = {
		{ "The response does not match the one we calculated.", "we calculated." },
		{ "try later...", "not-authorized, try later." },
		{ "", "not-authorized." },
	};
	const struct addr peer = { .family = 4, .port = 5222, .ip = { 127, 0, 0, 1 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct xstream_event ev = { .type = XSTREAM_EV_FAILED,
			.failure = XSTREAM_FAIL_BAD_CREDENTIALS,
			.condition = "not-authorized",
			.text = rows[i].text };
		struct evidence e = { 0 };
		struct buf b;

		buf_init(&b, SCENE_TEXT);
		const struct blame blame = blame_stream_end(&peer, &ev, &e);
		text_put(&b, &blame.message, NULL);
		if (!slice_ends(buf_slice(&b), slice_str(rows[i].end)))
			fail_msg("row %zu: %s", i, buf_cstr(&b));
		assert_false(slice_ends(buf_slice(&b), SLICE("..")));
		buf_done(&b);
	}
}

static void a_question_that_nobody_answers_is_named(void **state)
{
	const struct dns_answer none = { .status = DNS_NODATA, .server = dns_server };
	struct scene s;

	(void)state;
	begin(&s, "");
	const struct want first = s.questions[s.n_questions - 1];
	for (unsigned i = 0; i + 1 < s.n_questions; i++)
		scene_push(&s,
			(struct fact){
				.type = FACT_DNS, .dns_id = s.questions[i].dns_id, .dns = &none });
	scene_wait(&s, TS_S(10));
	scene_failed(&s, "sip.resolve", "dns_timeout");
	const struct evidence *e = &probe_result(s.p)->evidence;
	assert_true(e->has_dns && e->dns_status == DNS_TIMEOUT && !e->dns_server.family);
	assert_string_equal(e->dns_name, first.name);
	assert_int_equal(e->dns_type, first.dns_type);
	scene_end(&s);
}

/* Where a person's own name leads, with the domains of resolv.conf(5). */
static void an_alias_and_a_search_are_told(void **state)
{
	static const struct {
		struct dns_answer answer;
		const char *reason, *words;
	} rows[] = {
		{ { .status = DNS_NXDOMAIN, .alias = "gone.test" }, "dns_dangling_alias",
			"alias (CNAME) of gone.test, which does not exist" },
		{ { .status = DNS_NODATA, .alias = "other.test" }, "dns_no_records",
			"alias (CNAME) of other.test, which has no" },
		{ { .status = DNS_NXDOMAIN, .searched = true }, "dns_nxdomain",
			"nor below a search domain" },
		{ { .status = DNS_NXDOMAIN }, "dns_nxdomain", "does not exist in the DNS;" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct dns_answer *a = &rows[i].answer;
		char text[SCENE_TEXT];
		struct scene s;

		begin(&s, "");
		scene_dns(&s, (const struct dns_answer *[]){ a, a, a, a });
		scene_failed(&s, "sip.resolve", rows[i].reason);
		if (!strstr(scene_message(&s, text), rows[i].words))
			fail_msg("`%s` is not in `%s`", rows[i].words, text);
		assert_int_equal(probe_result(s.p)->evidence.dns_searched, a->searched);
		scene_end(&s);
	}
}

static void one_family_of_addresses_is_asked_for(void **state)
{
	struct probe_cfg cfg = scene_cfg("");
	struct scene s;

	(void)state;
	cfg.has_receiver_password = true;
	cfg.receiver_password = SLICE("xmpp secret");
	for (cfg.family = 4; cfg.family <= 6; cfg.family = (uint8_t)(cfg.family + 2)) {
		const enum dns_type other = cfg.family == 4 ? DNS_AAAA : DNS_A;
		const struct dns_answer none = { .status = DNS_NODATA };
		unsigned wanted = 0;

		scene_begin(&s, &cfg);
		scene_dns(&s, (const struct dns_answer *[]){ &none, &none, &none, &none });
		for (unsigned i = 0; i < s.n_questions; i++) {
			assert_int_not_equal(s.questions[i].dns_type, other);
			wanted += s.questions[i].dns_type == (cfg.family == 4 ? DNS_A : DNS_AAAA);
		}
		assert_int_equal(wanted, 2); /* the pool's and the partner's */
		scene_failed(&s, "sip.resolve", "dns_no_records");
		scene_end(&s);
	}
}

static void an_address_of_the_other_family_is_named(void **state)
{
	static const struct {
		const char *registrar, *server, *word;
		uint8_t family;
	} rows[] = {
		{ TLS, "", "the registrar `" TLS "` has no IPv6 address", 6 },
		{ "sip:[2001:db8::1]", "", "the registrar `sip:[2001:db8::1]` has no IPv4 address",
			4 },
		{ "", "192.0.2.1:5222", "the receiver's server `192.0.2.1` has no IPv6 address",
			6 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct probe_cfg cfg = scene_cfg(rows[i].registrar);
		struct probe *p = NULL;
		struct rng rng;
		struct text why;
		struct buf b;

		cfg.family = rows[i].family;
		cfg.has_receiver_password = true;
		cfg.receiver_server = slice_str(rows[i].server);
		rng_init_number(&rng, 1);
		assert_int_equal(probe_new(&p, &cfg, &rng, 0, &why), ERR_CONFIG);
		buf_init(&b, 4096);
		text_put(&b, &why, NULL);
		assert_string_equal(buf_cstr(&b), rows[i].word);
		assert_null(p);
		buf_done(&b);
	}
}

/* ---- an address that refuses while the rest is still asked for ---- */

/* Two questions for addresses are there, the first is answered, and nobody listens there. */
static struct want begin_refused(struct scene *s)
{
	struct dns_record record = { .type = DNS_A, .addr = scene_pool };
	const struct dns_answer none = { .status = DNS_NODATA },
				found = { .records = &record, .n_records = 1 };
	struct want rest = { .dns_id = 0 };

	begin(s, "");
	while (s->n_answered < s->n_questions) {
		const struct want w = s->questions[s->n_answered++];

		if (w.dns_type == DNS_AAAA)
			rest = w;
		else
			scene_push(s, (struct fact){ .type = FACT_DNS,
					      .dns_id = w.dns_id,
					      .dns = w.dns_type == DNS_A ? &found : &none });
	}
	assert_int_not_equal(s->flow, 0);
	scene_push(s, (struct fact){ .type = FACT_FLOW_FAILED,
			      .flow = s->flow,
			      .step = FLOW_STEP_CONNECT,
			      .err = ECONNREFUSED });
	assert_false(s->done);
	return rest;
}

static bool is_noted(const struct scene *s, enum note note)
{
	const struct probe_result *r = probe_result(s->p);
	bool found = false;

	for (unsigned i = 0; i < r->n_notes; i++)
		found |= r->notes[i].note == note;
	return found;
}

static void a_refusal_is_told_when_there_is_no_other_address(void **state)
{
	static const enum dns_status rows[] = { DNS_NODATA, DNS_TIMEOUT, DNS_SERVFAIL };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct dns_answer none = { .status = rows[i] };
		struct scene s;
		const struct want rest = begin_refused(&s);
		struct addr at = scene_pool;

		at.port = 5061;
		scene_push(
			&s, (struct fact){ .type = FACT_DNS, .dns_id = rest.dns_id, .dns = &none });
		scene_failed(&s, "sip.connect", "tcp_refused");
		assert_true(addr_eq(&probe_result(s.p)->evidence.address, &at));
		assert_false(is_noted(&s, NOTE_SERVER_UNREACHABLE));
		scene_end(&s);
	}
}

static void the_next_address_is_tried_when_it_is_known(void **state)
{
	struct dns_record record = { .type = DNS_AAAA,
		.addr = { .family = 6, .ip = { [15] = 1 } } };
	const struct dns_answer found = { .records = &record, .n_records = 1 };
	struct scene s;
	const struct want rest = begin_refused(&s);
	const flow_t first = s.flow;

	(void)state;
	scene_push(&s, (struct fact){ .type = FACT_DNS, .dns_id = rest.dns_id, .dns = &found });
	assert_int_not_equal(s.flow, first);
	assert_false(s.done);
	assert_true(is_noted(&s, NOTE_SERVER_UNREACHABLE));
	scene_push(&s, (struct fact){ .type = FACT_FLOW_FAILED,
			       .flow = s.flow,
			       .step = FLOW_STEP_CONNECT,
			       .err = ECONNREFUSED });
	scene_failed(&s, "sip.connect", "tcp_refused");
	scene_end(&s);
}

/* What was refused before has no part in it: its address is not the name server's. */
static void an_open_question_is_named_behind_a_refusal(void **state)
{
	struct scene s;
	const struct want rest = begin_refused(&s);

	(void)state;
	scene_wait(&s, TS_S(10));
	scene_failed(&s, "sip.resolve", "dns_timeout");
	const struct evidence *e = &probe_result(s.p)->evidence;
	assert_int_equal(e->address.family, 0);
	assert_int_equal(e->dns_type, rest.dns_type);
	scene_end(&s);
}

/* ---- TCP ---- */

static void every_errno_has_its_reason(void **state)
{
	static const struct {
		int err;
		bool here;
		const char *reason;
	} rows[] = {
		{ ECONNREFUSED, false, "tcp_refused" },
		{ ETIMEDOUT, false, "tcp_timeout" },
		{ EHOSTUNREACH, false, "tcp_unreachable" },
		{ ENETUNREACH, false, "tcp_unreachable" },
		{ ENETUNREACH, true, "local_network" },
		{ EADDRNOTAVAIL, true, "local_network" },
		{ EMFILE, true, "local_network" },
		{ ECONNRESET, false, "tcp_reset" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[SCENE_TEXT];
		struct scene s;

		begin(&s, TCP);
		scene_push(&s, (struct fact){ .type = FACT_FLOW_FAILED,
				       .flow = s.flow,
				       .step = FLOW_STEP_CONNECT,
				       .err = rows[i].err,
				       .here = rows[i].here });
		scene_failed(&s, "sip.connect", rows[i].reason);
		assert_non_null(strstr(scene_message(&s, text), err_text(rows[i].err)));
		assert_non_null(strstr(text, "127.0.0.1:5060"));
		assert_int_equal(probe_result(s.p)->evidence.err, rows[i].err);
		scene_end(&s);
	}
}

static void a_connection_that_breaks_is_told_in_the_phase_in_which_it_does(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, TCP);
	scene_connect(&s);
	scene_push(&s, (struct fact){ .type = FACT_FLOW_FAILED,
			       .flow = s.flow,
			       .step = FLOW_STEP_OPEN,
			       .err = ECONNRESET });
	scene_failed(&s, "sip.register", "tcp_reset");
	scene_end(&s);

	begin(&s, TCP);
	scene_connect(&s);
	scene_push(&s, (struct fact){ .type = FACT_FLOW_EOF, .flow = s.flow });
	scene_failed(&s, "sip.register", "tcp_reset");
	scene_end(&s);
}

static void silence_is_told_by_the_phase(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, TCP);
	scene_wait(&s, TS_S(10));
	scene_failed(&s, "sip.connect", "tcp_timeout");
	scene_end(&s);

	begin(&s, TLS);
	scene_connect(&s);
	scene_wait(&s, TS_S(10));
	scene_failed(&s, "sip.tls", "tls_no_answer");
	scene_end(&s);

	begin(&s, TCP);
	scene_connect(&s);
	scene_wait(&s, TS_S(10));
	scene_failed(&s, "sip.register", "sip_no_answer");
	scene_end(&s);
}

static void a_refused_datagram_and_a_socket_that_cannot_be_opened(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, UDP);
	scene_connect(&s);
	scene_push(&s, (struct fact){ .type = FACT_DATAGRAM_FAILED, .err = ECONNREFUSED });
	scene_failed(&s, "sip.register", "udp_refused");
	scene_end(&s);

	begin(&s, UDP);
	scene_push(&s, (struct fact){ .type = FACT_LISTEN_FAILED, .err = EMFILE });
	scene_failed(&s, "sip.connect", "local_network");
	scene_end(&s);
}

/* ---- TLS ---- */

static void fail_tls(struct scene *s, const struct tls_facts *facts)
{
	begin(s, TLS);
	scene_connect(s);
	assert_true(s->wants_tls);
	scene_push(s, (struct fact){ .type = FACT_FLOW_FAILED,
			      .flow = s->flow,
			      .step = FLOW_STEP_TLS,
			      .tls = facts });
}

static void every_tls_failure_has_its_reason(void **state)
{
	static const struct {
		enum tls_failure failure;
		const char *reason;
	} rows[] = {
		{ TLS_FAILURE_PLAIN_PEER, "tls_plain_peer" },
		{ TLS_FAILURE_VERSION, "tls_version_unsupported" },
		{ TLS_FAILURE_ALERT, "tls_handshake_failed" },
		{ TLS_FAILURE_CLOSED, "tls_closed" },
		{ TLS_FAILURE_CLIENT_CERTIFICATE, "tls_client_certificate_wanted" },
		{ TLS_FAILURE_OTHER, "tls_handshake_failed" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct tls_facts facts = { .failure = rows[i].failure, .detail = "detail" };
		struct scene s;

		fail_tls(&s, &facts);
		scene_failed(&s, "sip.tls", rows[i].reason);
		assert_true(probe_result(s.p)->evidence.has_tls);
		scene_end(&s);
	}
}

static const struct tls_facts chain = { .version = "TLSv1.3",
	.failure = TLS_FAILURE_CERTIFICATE,
	.n_certs = 2,
	.certs = { { .subject = "CN=leaf", .issuer = "CN=middle", .not_after = 2000000000 },
		{ .depth = 1,
			.subject = "CN=middle",
			.issuer = "CN=root",
			.not_after = 2000000000 } } };

static void every_fault_of_a_certificate_has_its_reason(void **state)
{
	static const struct {
		unsigned faults;
		const char *reason, *words;
	} rows[] = {
		{ TLS_FAULT_EXPIRED, "tls_cert_expired", "it has expired (subject CN=leaf" },
		{ TLS_FAULT_NOT_YET_VALID, "tls_cert_not_yet_valid", "not valid yet" },
		{ TLS_FAULT_NAME, "tls_name_mismatch", "for another name" },
		{ TLS_FAULT_UNTRUSTED, "tls_untrusted_issuer", "not trusted" },
		{ TLS_FAULT_WEAK, "tls_certificate_weak", "too weak" },
		{ TLS_FAULT_REVOKED, "tls_certificate_revoked", "revoked" },
		{ TLS_FAULT_PURPOSE, "tls_certificate_purpose", "not for servers" },
		{ TLS_FAULT_OTHER, "tls_handshake_failed", "cannot be verified" },
		/* All of them are told, the one to mend first is the reason. */
		{ TLS_FAULT_NAME | TLS_FAULT_EXPIRED, "tls_cert_expired",
			"it has expired, it is for another name (" },
		{ TLS_FAULT_NAME | TLS_FAULT_EXPIRED | TLS_FAULT_UNTRUSTED, "tls_untrusted_issuer",
			"its issuer is not trusted, it has expired, it is for another name (" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_facts facts = chain;
		char text[SCENE_TEXT];
		struct scene s;

		facts.faults = facts.certs[0].faults = rows[i].faults;
		fail_tls(&s, &facts);
		scene_failed(&s, "sip.tls", rows[i].reason);
		assert_non_null(strstr(scene_message(&s, text), rows[i].words));
		assert_int_equal(probe_result(s.p)->tls[SIDE_SIP].n_certs, 2);
		scene_end(&s);
	}
}

static void the_certificate_that_has_the_fault_is_named(void **state)
{
	struct tls_facts facts = chain;
	char text[SCENE_TEXT];
	struct scene s;

	(void)state;
	facts.faults = facts.certs[1].faults = TLS_FAULT_EXPIRED;
	fail_tls(&s, &facts);
	assert_non_null(strstr(scene_message(&s, text), "subject CN=middle, issuer CN=root"));
	scene_end(&s);
}

static void a_certificate_that_ends_soon_is_noted(void **state)
{
	struct tls_facts facts = chain;
	struct scene s;

	(void)state;
	facts.failure = TLS_FAILURE_NONE;
	for (int days = 13; days <= 14; days++) {
		begin(&s, TLS);
		/* The clock shows the end less that many days. */
		scene_push(&s, (struct fact){ .type = FACT_CLOCK,
				       .wall = (INT64_C(2000000000) - days * 86400) * 1000000 -
					       (int64_t)s.now });
		scene_connect(&s);
		scene_push(&s, (struct fact){ .type = FACT_TLS_UP, .flow = s.flow, .tls = &facts });
		const struct probe_result *r = probe_result(s.p);
		bool noted = r->n_notes > 1; /* the first: arrival cannot be proved */
		assert_true(noted == (days == 13));
		if (noted)
			assert_int_equal(r->notes[1].note, NOTE_CERTIFICATE_ENDS_SOON);
		scene_end(&s);
	}
}

/* ---- causes ---- */

static void a_fallback_that_led_to_a_failure_is_named_first(void **state)
{
	const struct dns_record a = { .type = DNS_A,
		.addr = { .family = 4, .ip = { 127, 0, 0, 9 } } };
	const struct dns_answer none = { .status = DNS_NODATA, .server = dns_server },
				address = { .status = DNS_OK, .records = &a, .n_records = 1 };
	struct scene s;

	(void)state;
	begin(&s, "");
	scene_dns(&s, (const struct dns_answer *[]){ &address, &none, &none, &none });
	assert_true(s.flow);
	scene_push(&s, (struct fact){ .type = FACT_FLOW_FAILED,
			       .flow = s.flow,
			       .step = FLOW_STEP_CONNECT,
			       .err = ETIMEDOUT });
	scene_failed(&s, "sip.connect", "tcp_timeout");
	const struct probe_result *r = probe_result(s.p);
	bool found = false;
	for (unsigned i = 0; i < r->n_notes; i++)
		found |= r->notes[i].note == NOTE_DNS_FALLBACK && r->notes[i].is_cause;
	assert_true(found);
	scene_end(&s);
}

static void a_clock_that_jumps_is_noted_once_and_decides_nothing(void **state)
{
	struct scene s;

	(void)state;
	begin(&s, UDP);
	scene_push(&s, (struct fact){ .type = FACT_CLOCK, .wall = TS_S(1000) });
	assert_int_equal(probe_result(s.p)->n_notes, 1);
	scene_push(&s, (struct fact){ .type = FACT_CLOCK, .wall = TS_S(4600) });
	scene_push(&s, (struct fact){ .type = FACT_CLOCK, .wall = TS_S(1000) });
	assert_int_equal(probe_result(s.p)->n_notes, 2);
	assert_int_equal(probe_result(s.p)->notes[1].note, NOTE_CLOCK_JUMPED);
	scene_sign_in(&s);
	scene_answer(&s, "202 Accepted", "");
	assert_true(probe_result(s.p)->success);
	scene_end(&s);
}

/* ---- both sides ---- */

static void begin_both(struct scene *s)
{
	struct probe_cfg cfg = scene_cfg("sip:127.0.0.1:5060;transport=udp");

	cfg.has_receiver_password = true;
	cfg.receiver_password = SLICE("xmpp secret");
	cfg.receiver_server = SLICE("127.0.0.1:5222");
	scene_begin(s, &cfg);
	scene_connect(s);
}

static void xmpp_is_refused(struct scene *s)
{
	static const struct addr server = { .family = 4, .port = 5222, .ip = { 127, 0, 0, 1 } };

	scene_push(s, (struct fact){ .type = FACT_FLOW_FAILED,
			      .flow = s->flow,
			      .step = FLOW_STEP_CONNECT,
			      .err = ECONNREFUSED,
			      .peer = &server });
}

static void sip_is_refused(struct scene *s)
{
	scene_answer(s, "403 Forbidden", "");
}

/* Whichever fails first: the SIP side's is the verdict, with its evidence, and both are told. */
static void two_sides_that_fail_are_both_told(void **state)
{
	struct scene s;

	(void)state;
	for (unsigned xmpp_first = 0; xmpp_first < 2; xmpp_first++) {
		begin_both(&s);
		(xmpp_first ? xmpp_is_refused : sip_is_refused)(&s);
		assert_int_equal(s.e.ops->deadline(s.p) <= TS_S(110), 1);
		assert_false(s.done);
		s.now += TS_MS(5);
		(xmpp_first ? sip_is_refused : xmpp_is_refused)(&s);
		const struct probe_result *r = probe_result(s.p);
		assert_int_equal(r->phase, PHASE_SIP_REGISTER);
		assert_int_equal(r->evidence.sip_status, 403);
		assert_int_equal(r->evidence.err, 0);
		assert_int_equal(r->other.reason, REASON_TCP_REFUSED);
		assert_int_equal(r->other.phase, PHASE_XMPP_CONNECT);
		assert_int_equal(r->latency, TS_MS(5));
		assert_int_equal(r->phases[PHASE_SIP_REGISTER].outcome, PHASE_FAILED);
		assert_int_equal(r->phases[PHASE_XMPP_CONNECT].outcome, PHASE_FAILED);
		scene_end(&s);
	}
}

static void a_side_that_fails_waits_for_the_other_and_no_longer(void **state)
{
	char contact[512], row[600];
	struct scene s;

	(void)state;
	/* The other one is well. */
	begin_both(&s);
	xmpp_is_refused(&s);
	scene_header(&s, "Contact", contact);
	snprintf(row, sizeof(row), "Contact: %s\r\n", contact);
	scene_answer(&s, "200 OK", row);
	scene_failed(&s, "xmpp.connect", "tcp_refused");
	assert_int_equal(probe_result(s.p)->evidence.err, ECONNREFUSED);
	assert_int_equal(probe_result(s.p)->other.reason, REASON_NONE);
	assert_non_null(strstr(s.out, "Expires: 0\r\n"));
	scene_end(&s);

	/* It says nothing until the time is up. */
	begin_both(&s);
	sip_is_refused(&s);
	scene_wait(&s, TS_S(10));
	assert_int_equal(probe_result(s.p)->phase, PHASE_SIP_REGISTER);
	assert_int_equal(probe_result(s.p)->other.reason, REASON_TCP_TIMEOUT);
	scene_end(&s);

	begin_both(&s);
	xmpp_is_refused(&s);
	scene_wait(&s, TS_S(10));
	scene_failed(&s, "sip.register", "sip_no_answer");
	assert_int_equal(probe_result(s.p)->other.reason, REASON_TCP_REFUSED);
	scene_end(&s);

	/* It is interrupted. */
	begin_both(&s);
	xmpp_is_refused(&s);
	scene_push(&s, (struct fact){ .type = FACT_STOP });
	scene_failed(&s, "xmpp.connect", "tcp_refused");
	assert_int_equal(probe_result(s.p)->evidence.err, ECONNREFUSED);
	scene_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_dns_status_has_its_reason),
		cmocka_unit_test(a_server_that_ends_its_words_with_a_full_stop_has_one),
		cmocka_unit_test(a_question_that_nobody_answers_is_named),
		cmocka_unit_test(an_alias_and_a_search_are_told),
		cmocka_unit_test(one_family_of_addresses_is_asked_for),
		cmocka_unit_test(an_address_of_the_other_family_is_named),
		cmocka_unit_test(a_refusal_is_told_when_there_is_no_other_address),
		cmocka_unit_test(the_next_address_is_tried_when_it_is_known),
		cmocka_unit_test(an_open_question_is_named_behind_a_refusal),
		cmocka_unit_test(every_errno_has_its_reason),
		cmocka_unit_test(a_connection_that_breaks_is_told_in_the_phase_in_which_it_does),
		cmocka_unit_test(silence_is_told_by_the_phase),
		cmocka_unit_test(a_refused_datagram_and_a_socket_that_cannot_be_opened),
		cmocka_unit_test(every_tls_failure_has_its_reason),
		cmocka_unit_test(every_fault_of_a_certificate_has_its_reason),
		cmocka_unit_test(the_certificate_that_has_the_fault_is_named),
		cmocka_unit_test(a_certificate_that_ends_soon_is_noted),
		cmocka_unit_test(a_fallback_that_led_to_a_failure_is_named_first),
		cmocka_unit_test(a_clock_that_jumps_is_noted_once_and_decides_nothing),
		cmocka_unit_test(two_sides_that_fail_are_both_told),
		cmocka_unit_test(a_side_that_fails_waits_for_the_other_and_no_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

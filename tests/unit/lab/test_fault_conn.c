#include "lab_rig.h"

#include "lab/struck.h"

/* ---- connections ---- */

static void a_reset_comes_at_the_first_byte(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, "tcp-reset");
	flow_t f = rig_accept(&r, LAB_LISTEN_SIP_TLS);
	assert_int_equal(r.n_wants + r.n_out, 0); /* the peer has seen it come up first */
	rig_bytes(&r, f, "hello");
	const struct want *w = rig_want(&r, WANT_DROP_FLOW);
	assert_non_null(w);
	assert_true(w->flow == f && w->reset);
	assert_int_equal(r.n_out, 0);
	rig_is_gone(&r, f);
	rig_end(&r);
}

static void a_mute_connection_is_neither_read_nor_written(void **state)
{
	static const struct {
		const char *fault;
		enum lab_listener at;
	} rows[] = { { "tcp-half-open", LAB_LISTEN_SIP_TLS },
		{ "xmpp-silence", LAB_LISTEN_XMPP_CLIENT } };
	static struct rig r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_begin(&r, rows[i].fault);
		flow_t f = rig_accept(&r, rows[i].at);
		assert_int_equal(r.n_wants, 1);
		assert_int_equal(r.wants[0].type, WANT_PAUSE);
		assert_true(r.wants[0].flow == f);
		rig_bytes(&r, f, "hello"); /* what was read before the pause */
		rig_wait(&r, TS_S(3600));
		assert_int_equal(r.n_wants + r.n_out, 1);
		rig_push(&r, (struct fact){ .type = FACT_FLOW_FAILED, .flow = f });
		rig_is_gone(&r, f);
		rig_end(&r);
	}
}

static void a_reply_is_sent_once_and_the_connection_closed(void **state)
{
	static const struct {
		const char *fault, *reply;
	} rows[] = {
		{ "plain-on-tls-port", "SIP/2.0 400 Bad Request\r\nContent-Length: 0\r\n\r\n" },
		{ "tls-alert", "\x15\x03\x03" },
		{ "tls-on-plain-port", "\x15\x03\x03" },
	};
	static struct rig r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_begin(&r, rows[i].fault);
		flow_t f = rig_accept(&r, LAB_LISTEN_SIP_TLS);
		assert_int_equal(r.n_wants + r.n_out, 0);
		rig_bytes(&r, f, "hello");
		assert_int_equal(r.n_out, 1);
		assert_string_equal(rig_said(&r), rows[i].reply);
		assert_non_null(rig_want(&r, WANT_CLOSE_FLOW));
		rig_is_gone(&r, f);
		rig_end(&r);
	}
}

static void struck_connections_are_bounded(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, "tcp-reset");
	flow_t first = rig_accept(&r, LAB_LISTEN_SIP_TLS);
	for (unsigned i = 1; i < STRUCK_MAX; i++)
		rig_accept(&r, LAB_LISTEN_SIP_TLS);
	assert_int_equal(r.n_wants, 0);
	flow_t f = rig_accept(&r, LAB_LISTEN_SIP_TLS);
	const struct want *w = rig_want(&r, WANT_DROP_FLOW);
	assert_non_null(w);
	assert_true(w->flow == f && !w->reset);
	rig_is_gone(&r, f);
	rig_forget(&r);
	rig_push(&r, (struct fact){ .type = FACT_FLOW_FAILED, .flow = first });
	rig_accept(&r, LAB_LISTEN_SIP_TLS);
	assert_int_equal(r.n_wants, 0); /* there is room again */
	rig_end(&r);
}

static void other_ports_are_healthy(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, "tcp-reset");
	flow_t f = rig_accept(&r, LAB_LISTEN_SIP_TCP);
	rig_bytes(&r, f, "\r\n\r\n");
	assert_string_equal(rig_said(&r), "\r\n");
	assert_null(rig_want(&r, WANT_DROP_FLOW));
	rig_end(&r);
}

/* ---- TLS ---- */

static void the_pools_policy_is_as_the_fault_says(void **state)
{
	static const struct {
		const char *fault;
		unsigned max_version;
		bool request;
		unsigned trust;
		enum tls_verify verify;
	} rows[] = {
		{ NULL, 0, false, TLS_TRUST_SYSTEM, TLS_VERIFY_NOTE },
		{ "tls-old-version", 0x0302, false, TLS_TRUST_SYSTEM, TLS_VERIFY_NOTE },
		{ "client-certificate-wanted", 0, true, LAB_TRUST, TLS_VERIFY_PEER },
	};
	static struct rig r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_begin(&r, rows[i].fault);
		rig_accept(&r, LAB_LISTEN_SIP_TLS);
		const struct want *w = rig_want(&r, WANT_TLS);
		assert_non_null(w);
		assert_int_equal(w->tls.max_version, rows[i].max_version);
		assert_int_equal(w->tls.request_certificate, rows[i].request);
		assert_int_equal(w->tls.trust, rows[i].trust);
		assert_int_equal(w->tls.verify, rows[i].verify);
		rig_end(&r);
	}
}

/* ---- edits ---- */

static void the_pools_answers_are_edited(void **state)
{
	static struct rig r;
	const struct rig_request q = { .method = "OPTIONS",
		.uri = "litware.test",
		.from = "a@b.test",
		.to = "c@litware.test",
		.branch = "1" };

	(void)state;
	rig_begin(&r, "sip-wrong-transaction");
	rig_datagram(&r, rig_text(&q), &rig_user);
	rig_said_status(&r, 200);
	assert_non_null(strstr(rig_said(&r), ";branch=z9hG4bKanother1"));
	assert_null(strstr(rig_said(&r), ";branch=z9hG4bK1"));
	rig_end(&r);
}

static void what_clients_are_told_is_edited_and_nothing_else(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, "gateway-alters");
	struct rig_peer *component = rig_component(&r, "component secret");
	struct rig_peer *user = rig_client(&r, "desk", true);
	rig_say(&r, component, RIG_TO_ADELANY);
	assert_non_null(strstr(user->last, "<body>hello [scanned]</body>"));
	rig_say(&r, user, RIG_TO_PILAR);
	assert_non_null(strstr(component->last, "<body>answer</body>"));
	rig_end(&r);
	rig_begin(&r, "gateway-wrong-sender");
	component = rig_component(&r, "component secret");
	user = rig_client(&r, "desk", true);
	rig_say(&r, component, RIG_TO_ADELANY);
	assert_non_null(strstr(user->last, "from='kenmyer@litware.test'"));
	assert_non_null(strstr(user->last, "<body>hello</body>"));
	rig_end(&r);
}

static void every_offer_is_edited(void **state)
{
	static const struct {
		const char *fault, *gone, *there;
	} rows[] = {
		{ "xmpp-downgrade", "-PLUS", "<mechanism>SCRAM-SHA-256</mechanism>" },
		{ "xmpp-no-mechanism", ">SCRAM", "<mechanism>X-TOKEN-256-PLUS</mechanism>" },
	};
	static const struct tls_facts facts = { .version = "TLSv1.3", .n_exporter = 32 };
	static const char open[] = "<stream:stream xmlns='jabber:client' xmlns:stream='" NS_STREAM
				   "' to='contoso.test' version='1.0'>";
	static struct rig r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_prepare(&r, rows[i].fault);
		r.cfg.clear_xmpp = false;
		rig_start(&r);
		flow_t f = rig_accept(&r, LAB_LISTEN_XMPP_CLIENT);
		rig_bytes(&r, f, open);
		rig_bytes(&r, f, "<starttls xmlns='" NS_TLS "'/>");
		rig_push(&r, (struct fact){ .type = FACT_TLS_UP, .flow = f, .tls = &facts });
		rig_bytes(&r, f, open);
		assert_null(strstr(rig_said(&r), rows[i].gone));
		assert_non_null(strstr(rig_said(&r), rows[i].there));
		rig_end(&r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reset_comes_at_the_first_byte),
		cmocka_unit_test(a_mute_connection_is_neither_read_nor_written),
		cmocka_unit_test(a_reply_is_sent_once_and_the_connection_closed),
		cmocka_unit_test(struck_connections_are_bounded),
		cmocka_unit_test(other_ports_are_healthy),
		cmocka_unit_test(the_pools_policy_is_as_the_fault_says),
		cmocka_unit_test(the_pools_answers_are_edited),
		cmocka_unit_test(what_clients_are_told_is_edited_and_nothing_else),
		cmocka_unit_test(every_offer_is_edited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "lab_rig.h"

/* ---- clients ---- */

static void a_client_signs_in_and_is_bound(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	struct rig_peer *p = rig_client(&r, "desk", false);
	assert_string_equal(p->log, "opened features authenticated opened features ready");
	assert_string_equal(p->jid, "adelany@contoso.test/desk");
	rig_end(&r);
}

/* RFC 6120 section 7.6: none, or one that is taken, and the server makes one up. */
static void a_resource_that_is_taken_or_missing_is_made_up(void **state)
{
	static const char *const wanted[] = { "desk", "desk", "" };
	static struct rig r;
	unsigned desks = 0;

	(void)state;
	rig_begin(&r, NULL);
	for (size_t k = 0; k < COUNT(wanted); k++) {
		const struct rig_peer *p = rig_client(&r, wanted[k], false);

		assert_int_equal(strncmp(p->jid, "adelany@contoso.test/", 21), 0);
		assert_true(strlen(p->jid) > 21);
		desks += strcmp(p->jid, "adelany@contoso.test/desk") == 0;
	}
	assert_int_equal(desks, 1);
	rig_end(&r);
}

static void a_wrong_password_and_a_wrong_name_are_refused_alike(void **state)
{
	static const char *const users[] = { "adelany", "nobody" };
	static struct rig r;

	(void)state;
	for (size_t i = 0; i < COUNT(users); i++) {
		rig_begin(&r, NULL);
		const struct xstream_cfg cfg = { .role = XSTREAM_CLIENT,
			.tls = XSTREAM_TLS_NONE,
			.domain = SLICE("contoso.test"),
			.username = slice_str(users[i]),
			.password = SLICE("another") };
		struct rig_peer *p = rig_peer_new(&r, &cfg, LAB_LISTEN_XMPP_CLIENT);

		assert_string_equal(p->log, "opened features failed:bad-credentials");
		rig_end(&r);
	}
}

/* The handshake is asked for when <proceed/> has been handed out, and not before. */
static void a_client_is_led_to_tls_first(void **state)
{
	static struct rig r;

	(void)state;
	rig_prepare(&r, NULL);
	r.cfg.clear_xmpp = false;
	rig_start(&r);
	flow_t f = rig_accept(&r, LAB_LISTEN_XMPP_CLIENT);
	rig_bytes(&r, f,
		"<stream:stream xmlns='jabber:client' xmlns:stream='" NS_STREAM
		"' to='contoso.test' version='1.0'>");
	assert_non_null(strstr(rig_said(&r), "<starttls"));
	assert_null(strstr(rig_said(&r), "<mechanism>"));
	assert_null(rig_want(&r, WANT_TLS));
	rig_bytes(&r, f, "<starttls xmlns='" NS_TLS "'/>");
	assert_non_null(strstr(rig_said(&r), "<proceed"));
	const struct want *w = rig_want(&r, WANT_TLS);
	assert_non_null(w);
	assert_true(w->flow == f && w->tls.accept);
	assert_int_equal(w->tls.identity, LAB_IDENTITY_PARTNER);
	static const struct tls_facts facts = { .version = "TLSv1.3", .n_exporter = 32 };
	rig_push(&r, (struct fact){ .type = FACT_TLS_UP, .flow = f, .tls = &facts });
	rig_bytes(&r, f,
		"<stream:stream xmlns='jabber:client' xmlns:stream='" NS_STREAM
		"' to='contoso.test' version='1.0'>");
	assert_non_null(strstr(rig_said(&r), "<mechanism>SCRAM-SHA-256-PLUS</mechanism>"));
	assert_null(strstr(rig_said(&r), "PLAIN"));
	rig_end(&r);
}

static void who_does_not_sign_in_is_sent_away(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	flow_t f = rig_accept(&r, LAB_LISTEN_XMPP_CLIENT);
	rig_wait(&r, TS_S(29));
	assert_null(rig_want(&r, WANT_CLOSE_FLOW));
	rig_wait(&r, TS_S(2));
	const struct want *w = rig_want(&r, WANT_CLOSE_FLOW);
	assert_non_null(w);
	assert_true(w->flow == f);
	assert_non_null(strstr(r.log, "xmpp stream-failed"));
	assert_true(r.e.ops->deadline(r.e.self) == TS_NEVER);
	rig_end(&r);
}

/* More than one push has room for. */
static void many_are_sent_away_at_once(void **state)
{
	enum { MANY = 100 };
	static struct rig r;
	unsigned closed = 0;

	(void)state;
	rig_begin(&r, NULL);
	for (unsigned i = 0; i < MANY; i++)
		rig_accept(&r, LAB_LISTEN_XMPP_CLIENT);
	rig_forget(&r);
	r.now = ts_add(r.now, TS_S(30));
	for (unsigned i = 0; i < MANY && r.e.ops->deadline(r.e.self) <= r.now; i++) {
		rig_forget(&r);
		r.e.ops->push_time(r.e.self, r.now);
		rig_drain(&r);
		closed += r.n_wants;
	}
	assert_int_equal(closed, MANY);
	assert_true(r.e.ops->deadline(r.e.self) == TS_NEVER);
	rig_end(&r);
}

static void what_a_stream_still_has_to_say_goes_in_front_of_its_end(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	flow_t f = rig_accept(&r, LAB_LISTEN_XMPP_CLIENT);
	rig_bytes(&r, f, "not xml");
	assert_non_null(strstr(rig_said(&r), "</stream:stream>"));
	assert_true(r.out[r.n_out - 1].flow == f);
	assert_non_null(rig_want(&r, WANT_CLOSE_FLOW));
	rig_is_gone(&r, f);
	rig_end(&r);
}

/* ---- components ---- */

static void a_component_proves_its_secret(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	struct rig_peer *wrong = rig_component(&r, "another secret");
	assert_string_equal(wrong->log, "opened failed:bad-credentials");
	struct rig_peer *user = rig_client(&r, "desk", true);
	rig_say(&r, user, RIG_TO_PILAR);
	assert_non_null(strstr(user->last, "remote-server-not-found"));
	struct rig_peer *right = rig_component(&r, "component secret");
	assert_string_equal(right->log, "opened ready");
	rig_say(&r, user, RIG_TO_PILAR);
	assert_non_null(strstr(right->last, "<body>answer</body>"));
	rig_end(&r);
}

static void another_name_is_no_component_here(void **state)
{
	static struct rig r;
	const struct xstream_cfg cfg = { .role = XSTREAM_COMPONENT,
		.tls = XSTREAM_TLS_NONE,
		.domain = SLICE("fabrikam.test"),
		.password = SLICE("component secret") };

	(void)state;
	rig_begin(&r, NULL);
	struct rig_peer *p = rig_peer_new(&r, &cfg, LAB_LISTEN_XMPP_COMPONENT);
	assert_non_null(strstr(p->log, "failed:host-unknown"));
	rig_end(&r);
}

static void the_second_connection_of_a_component_is_refused(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, NULL);
	struct rig_peer *first = rig_component(&r, "component secret");
	struct rig_peer *second = rig_component(&r, "component secret");
	assert_non_null(strstr(second->log, "failed:conflict"));
	assert_string_equal(first->log, "opened ready");
	struct rig_peer *user = rig_client(&r, "desk", true);
	rig_say(&r, user, RIG_TO_PILAR);
	assert_non_null(strstr(first->last, "<body>answer</body>"));
	rig_push(&r, (struct fact){ .type = FACT_FLOW_EOF, .flow = first->flow });
	rig_say(&r, user, RIG_TO_PILAR);
	assert_non_null(strstr(user->last, "remote-server-not-found"));
	rig_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_signs_in_and_is_bound),
		cmocka_unit_test(a_resource_that_is_taken_or_missing_is_made_up),
		cmocka_unit_test(a_wrong_password_and_a_wrong_name_are_refused_alike),
		cmocka_unit_test(a_client_is_led_to_tls_first),
		cmocka_unit_test(who_does_not_sign_in_is_sent_away),
		cmocka_unit_test(many_are_sent_away_at_once),
		cmocka_unit_test(what_a_stream_still_has_to_say_goes_in_front_of_its_end),
		cmocka_unit_test(a_component_proves_its_secret),
		cmocka_unit_test(another_name_is_no_component_here),
		cmocka_unit_test(the_second_connection_of_a_component_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

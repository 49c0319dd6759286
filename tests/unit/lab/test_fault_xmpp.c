#include "lab_rig.h"

/* ---- signing in ---- */

static void a_sign_in_ends_as_the_fault_says(void **state)
{
	static const struct {
		const char *fault, *log;
	} rows[] = {
		{ "xmpp-host-unknown", "opened failed:host-unknown" },
		{ "xmpp-wrong-password", "opened features failed:bad-credentials" },
		{ "xmpp-account-disabled", "opened features failed:sasl" },
		{ "xmpp-impostor", "opened features failed:server-proofthe server does not know" },
		{ "xmpp-stream-error", "opened features failed:stream-error" },
		{ "xmpp-ill-formed", "opened features failed:unparsable" },
		{ "xmpp-protocol", "opened features failed:protocolunexpected <proceed/>" },
		{ "xmpp-bind-refused",
			"opened features authenticated opened features failed:bind" },
		{ "xmpp-no-mechanism", "opened features failed:no-mechanismoffered: X-TOKEN" },
	};
	static struct rig r;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		rig_begin(&r, rows[i].fault);
		struct rig_peer *p = rig_client(&r, "desk", true);
		if (strncmp(p->log, rows[i].log, strlen(rows[i].log)) != 0)
			print_error("%s: %s\n", rows[i].fault, p->log);
		assert_memory_equal(p->log, rows[i].log, strlen(rows[i].log));
		/* The gateway's own way is healthy. */
		assert_string_equal(rig_component(&r, "component secret")->log, "opened ready");
		rig_end(&r);
	}
}

static void a_closed_connection_says_nothing(void **state)
{
	static struct rig r;

	(void)state;
	rig_begin(&r, "xmpp-stream-closed");
	struct rig_peer *p = rig_client(&r, "desk", true);
	assert_string_equal(p->log, "opened features");
	const struct want *w = rig_want(&r, WANT_CLOSE_FLOW);
	assert_non_null(w);
	assert_true(w->flow == p->flow);
	assert_null(strstr(rig_said(&r), "</stream:stream>"));
	rig_is_gone(&r, p->flow);
	rig_end(&r);
}

static void no_starttls_is_offered(void **state)
{
	static struct rig r;

	(void)state;
	rig_prepare(&r, "tls-not-offered");
	r.cfg.clear_xmpp = false;
	rig_start(&r);
	flow_t f = rig_accept(&r, LAB_LISTEN_XMPP_CLIENT);
	rig_bytes(&r, f,
		"<stream:stream xmlns='jabber:client' xmlns:stream='" NS_STREAM
		"' to='contoso.test' version='1.0'>");
	assert_non_null(strstr(rig_said(&r), "<stream:features>"));
	assert_null(strstr(rig_said(&r), "starttls"));
	rig_end(&r);
}

/* ---- once signed in ---- */

struct scene {
	struct rig r;
	struct rig_peer *user, *component;
	unsigned before; /* stanzas that the user has already */
};

static void begin(struct scene *s, const char *fault)
{
	rig_begin(&s->r, fault);
	s->component = rig_component(&s->r, "component secret");
	s->user = rig_client(&s->r, "desk", true);
	s->before = s->user->n_stanzas;
}

static void presence_is_lost(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s, "xmpp-no-presence");
	assert_string_equal(s.user->log, "opened features authenticated opened features");
	assert_string_equal(xstream_state_name(s.user->x), "the answer to presence");
	rig_say(&s.r, s.component, RIG_TO_ADELANY);
	assert_non_null(strstr(s.component->last, "service-unavailable"));
	assert_int_equal(s.user->n_stanzas, 0);
	/* Only the client's own: what comes from elsewhere gets through. */
	rig_say(&s.r, s.component,
		"<presence from='pilar@litware.test' to='adelany@contoso.test/desk'/>");
	assert_int_equal(s.user->n_stanzas, 1);
	rig_end(&s.r);
}

static void a_dropped_message_is_gone(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s, "gateway-drops");
	rig_say(&s.r, s.component, RIG_TO_ADELANY);
	assert_int_equal(s.user->n_stanzas, s.before);
	assert_int_equal(s.component->n_stanzas, 0);
	rig_say(&s.r, s.user, RIG_TO_PILAR);
	assert_int_equal(s.component->n_stanzas, 1); /* the other way is open */
	rig_end(&s.r);
	begin(&s, "gateway-one-way");
	rig_say(&s.r, s.component, RIG_TO_ADELANY);
	assert_int_equal(s.user->n_stanzas, s.before + 1);
	rig_say(&s.r, s.user, RIG_TO_PILAR);
	assert_int_equal(s.component->n_stanzas, 0);
	rig_end(&s.r);
}

static void a_held_message_comes_when_its_receiver_leaves(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s, "gateway-delays");
	rig_say(&s.r, s.component, RIG_TO_ADELANY);
	rig_wait(&s.r, TS_S(3600));
	rig_run(&s.r);
	assert_int_equal(s.user->n_stanzas, s.before);
	rig_say(&s.r, s.user, "<presence type='unavailable'/>");
	assert_int_equal(s.user->n_stanzas, s.before + 1);
	assert_non_null(strstr(s.user->last, "<body>hello</body>"));
	assert_non_null(strstr(s.user->last, "from='pilar@litware.test'"));
	rig_say(&s.r, s.user, "<presence/>"); /* it is not held for a second time */
	unsigned n = s.user->n_stanzas;
	rig_say(&s.r, s.user, "<presence type='unavailable'/>");
	assert_int_equal(s.user->n_stanzas, n);
	rig_end(&s.r);
}

static void a_message_or_its_answer_arrives_twice(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s, "gateway-duplicates");
	rig_say(&s.r, s.component, RIG_TO_ADELANY);
	assert_int_equal(s.user->n_stanzas, s.before + 2);
	rig_end(&s.r);

	begin(&s, "gateway-duplicates-answer");
	const unsigned before = s.component->n_stanzas;
	rig_say(&s.r, s.user, RIG_TO_PILAR);
	assert_int_equal(s.component->n_stanzas, before + 2);
	rig_end(&s.r);
}

static void a_bounced_message_has_its_condition(void **state)
{
	static const struct {
		const char *fault, *condition;
		bool answer;
	} rows[] = {
		{ "partner-unknown-user", "<service-unavailable ", false },
		{ "partner-server-not-found", "<remote-server-not-found ", false },
		{ "partner-server-timeout", "<remote-server-timeout ", false },
		{ "answer-bounces", "<remote-server-timeout ", true },
	};
	static struct scene s;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		begin(&s, rows[i].fault);
		struct rig_peer *from = rows[i].answer ? s.user : s.component;
		struct rig_peer *to = rows[i].answer ? s.component : s.user;
		unsigned before = to->n_stanzas;

		rig_say(&s.r, from, rows[i].answer ? RIG_TO_PILAR : RIG_TO_ADELANY);
		assert_non_null(strstr(from->last, "type='error'"));
		assert_non_null(strstr(from->last, rows[i].condition));
		assert_int_equal(to->n_stanzas, before);
		/* The other way is open. */
		rig_say(&s.r, to, rows[i].answer ? RIG_TO_ADELANY : RIG_TO_PILAR);
		assert_non_null(strstr(from->last, "<body>"));
		rig_end(&s.r);
	}
}

/* An error that answers a message is not struck: it would come back for ever. */
static void errors_pass(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s, "partner-unknown-user");
	rig_say(&s.r, s.component,
		"<message from='pilar@litware.test' to='adelany@contoso.test' type='error'/>");
	assert_int_equal(s.component->n_stanzas, 0);
	assert_int_equal(s.user->n_stanzas, s.before + 1);
	rig_end(&s.r);
}

static void a_conflict_ends_the_stream_and_loses_the_message(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s, "xmpp-conflict");
	rig_say(&s.r, s.component, RIG_TO_ADELANY);
	assert_non_null(strstr(s.user->log, " failed:conflict"));
	assert_int_equal(s.user->n_stanzas, s.before);
	assert_int_equal(s.component->n_stanzas, 0);
	rig_push(&s.r, (struct fact){ .type = FACT_FLOW_EOF, .flow = s.user->flow });
	const struct want *w = rig_want(&s.r, WANT_CLOSE_FLOW);
	assert_non_null(w);
	assert_true(w->flow == s.user->flow);
	rig_end(&s.r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sign_in_ends_as_the_fault_says),
		cmocka_unit_test(a_closed_connection_says_nothing),
		cmocka_unit_test(no_starttls_is_offered),
		cmocka_unit_test(presence_is_lost),
		cmocka_unit_test(a_dropped_message_is_gone),
		cmocka_unit_test(a_held_message_comes_when_its_receiver_leaves),
		cmocka_unit_test(a_message_or_its_answer_arrives_twice),
		cmocka_unit_test(a_bounced_message_has_its_condition),
		cmocka_unit_test(errors_pass),
		cmocka_unit_test(a_conflict_ends_the_stream_and_loses_the_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "lab_rig.h"

struct scene {
	struct rig r;
	struct rig_peer *user, *component;
};

/* adelany is available; the component is there. */
static void begin(struct scene *s)
{
	rig_begin(&s->r, NULL);
	s->component = rig_component(&s->r, "component secret");
	s->user = rig_client(&s->r, "desk", true);
}

static void holds(const struct rig_peer *p, const char *text)
{
	if (!strstr(p->last, text))
		fail_msg("want %s in: %s", text, p->last);
}

/* RFC 6121 section 4.2.2: a client is ready when it has its own. */
static void initial_presence_comes_back(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	assert_non_null(strstr(s.user->log, " ready"));
	assert_int_equal(s.user->n_stanzas, 0);
	struct rig_peer *second = rig_client(&s.r, "phone", true);
	assert_non_null(strstr(second->log, " ready"));
	assert_int_equal(s.user->n_stanzas, 1);
	holds(s.user, "<presence");
	holds(s.user, "from='adelany@contoso.test/phone'");
	rig_end(&s.r);
}

static void a_message_reaches_every_available_resource(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	struct rig_peer *phone = rig_client(&s.r, "phone", true);
	struct rig_peer *away = rig_client(&s.r, "away", false);
	rig_say(&s.r, s.component, RIG_TO_ADELANY);
	holds(s.user, "<body>hello</body>");
	holds(s.user, "from='pilar@litware.test'");
	holds(phone, "<body>hello</body>");
	assert_int_equal(away->n_stanzas, 0);
	/* To the one that is named, and no other. */
	rig_say(&s.r, s.component,
		"<message from='pilar@litware.test' to='adelany@contoso.test/phone'>"
		"<body>only you</body></message>");
	holds(phone, "only you");
	holds(s.user, "hello");
	rig_end(&s.r);
}

static void a_message_for_nobody_comes_back(void **state)
{
	static const struct {
		const char *to, *condition;
	} rows[] = {
		{ "nobody@contoso.test", "service-unavailable" },
		{ "adelany@contoso.test/gone", "service-unavailable" },
		{ "a@fabrikam.test", "remote-server-not-found" },
		{ "a@b@c", "jid-malformed" },
	};
	static struct scene s;
	char text[256];

	(void)state;
	begin(&s);
	for (size_t i = 0; i < COUNT(rows); i++) {
		snprintf(text, sizeof(text),
			"<message from='pilar@litware.test' to='%s' id='x%zu'/>", rows[i].to, i);
		rig_say(&s.r, s.component, text);
		holds(s.component, "type='error'");
		holds(s.component, rows[i].condition);
		snprintf(text, sizeof(text), "id='x%zu'", i);
		holds(s.component, text);
	}
	rig_end(&s.r);
}

static void who_has_left_gets_nothing(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	rig_say(&s.r, s.user, "<presence type='unavailable'/>");
	rig_say(&s.r, s.component, RIG_TO_ADELANY);
	holds(s.component, "service-unavailable");
	assert_int_equal(s.user->n_stanzas, 0);
	rig_end(&s.r);
}

/* RFC 6120 section 8.1.2.1: a client's address is what the server knows. */
static void an_answer_reaches_the_component_under_its_real_name(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	rig_say(&s.r, s.user, RIG_TO_PILAR);
	holds(s.component, "<body>answer</body>");
	holds(s.component, "from='adelany@contoso.test/desk'");
	holds(s.component, "id='m2'");
	rig_end(&s.r);
}

static void without_the_component_its_domain_cannot_be_reached(void **state)
{
	static struct scene s;

	(void)state;
	rig_begin(&s.r, NULL);
	s.user = rig_client(&s.r, "desk", true);
	rig_say(&s.r, s.user, RIG_TO_PILAR);
	holds(s.user, "remote-server-not-found");
	rig_end(&s.r);
}

static void a_component_speaks_for_its_own_domain_only(void **state)
{
	static const char *const lies[] = { "<message from='a@fabrikam.test' to='b@contoso.test'/>",
		"<message to='b@contoso.test'/>", "<message from='@@' to='b@contoso.test'/>" };
	static struct scene s;

	(void)state;
	for (size_t i = 0; i < COUNT(lies); i++) {
		begin(&s);
		rig_say(&s.r, s.component, lies[i]);
		assert_non_null(strstr(s.component->log, "failed:stream-error"));
		rig_end(&s.r);
	}
}

static void the_server_answers_for_itself(void **state)
{
	static struct scene s;

	(void)state;
	begin(&s);
	rig_say(&s.r, s.component,
		"<iq from='litware.test' to='contoso.test' id='p1' type='get'><ping "
		"xmlns='" NS_PING "'/></iq>");
	holds(s.component, "type='result'");
	holds(s.component, "id='p1'");
	rig_say(&s.r, s.user, "<iq id='q1' type='get'><query xmlns='jabber:iq:roster'/></iq>");
	holds(s.user, "type='error'");
	holds(s.user, "id='q1'");
	unsigned n = s.user->n_stanzas;
	rig_say(&s.r, s.user, "<message to='contoso.test'><body>hello server</body></message>");
	assert_int_equal(s.user->n_stanzas, n); /* nobody reads that */
	rig_end(&s.r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(initial_presence_comes_back),
		cmocka_unit_test(a_message_reaches_every_available_resource),
		cmocka_unit_test(a_message_for_nobody_comes_back),
		cmocka_unit_test(who_has_left_gets_nothing),
		cmocka_unit_test(an_answer_reaches_the_component_under_its_real_name),
		cmocka_unit_test(without_the_component_its_domain_cannot_be_reached),
		cmocka_unit_test(a_component_speaks_for_its_own_domain_only),
		cmocka_unit_test(the_server_answers_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

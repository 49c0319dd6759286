/* Several gateways under one component name: the server deals out what comes for it. */
#include "scene.h"

#define RELAY "urn:stox:relay:1"

/* Another process has another word. */
static const char *anothers_id(char kind)
{
	static char text[IDS_TEXT + 1];
	struct ids ids;

	ids_init(&ids, &s.rng);
	ids_text(&ids, kind, 1, text);
	return text;
}

/* `%s` in the text gives place to the id. */
static const char *with_id(const char *text, const char *id)
{
	static char all[4096];
	const char *at = strstr(text, "%s");

	snprintf(all, sizeof(all), "%.*s%s%s", at ? (int)(at - text) : (int)strlen(text), text,
		at ? id : "", at ? at + 2 : "");
	return all;
}

static void from_xmpp_f(const char *text, const char *id)
{
	from_xmpp(with_id(text, id));
}

/* What another gateway sends on. */
static void relayed(const char *inner, const char *id)
{
	char all[8192];

	snprintf(all, sizeof(all),
		"<message from='x@litware.test' to='x@litware.test'><relay xmlns='" RELAY
		"' hops='1' by='%s'>%s</relay></message>",
		anothers_id('g'), with_id(inner, id));
	from_xmpp(all);
}

#define TOLD "log warning xmpp shared text=\"another gateway is connected as litware.test\"\n"

static void what_another_one_asked_goes_on(void **state)
{
	static const struct {
		const char *stanza;
		char kind;
		const char *inner;
	} cases[] = {
		{ "<iq from='contoso.test' to='litware.test' id='%s' type='result'/>", 'p',
			"<iq xmlns='jabber:component:accept' from='contoso.test' "
			"to='litware.test' id='p" },
		{ "<iq from='litware.test' to='litware.test' id='%s' type='get'>"
		  "<ping xmlns='urn:xmpp:ping'/></iq>",
			'r',
			"<iq xmlns='jabber:component:accept' from='litware.test' "
			"to='litware.test' id='r" },
		{ "<message from='" A_CONTOSO "' to='" P_LITWARE "' id='%s' type='error'>"
		  "<body>not this</body>" ERROR("cancel", "item-not-found") "</message>",
			'm', "<error type='cancel'><item-not-found " },
	};

	(void)state;
	start_connected();
	for (unsigned i = 0; i < COUNT(cases); i++) {
		from_xmpp_f(cases[i].stanza, anothers_id(cases[i].kind));
		assert_int_equal(s.n_got, i + 1);
		assert_string_equal(s.got[i].from, s.got[i].to);
		assert_holds(s.got[i].from, "@litware.test");
		assert_holds(s.got[i].text, "<relay xmlns='" RELAY "' hops='1' by='g");
		assert_holds(s.got[i].text, cases[i].inner);
		assert_lacks(s.got[i].text, "not this");
	}
	assert_string_not_equal(s.got[0].from, s.got[1].from); /* it is dealt out anew */
	assert_int_equal(gateway_stats(s.g)->relays, 3);
}

/* A ping to ourselves says it for sure; a pong may be a predecessor's for a moment; a user may make
 * up an error. */
static void it_is_told_once(void **state)
{
	static const char *const pong =
		"<iq from='contoso.test' to='litware.test' id='%s' type='result'/>";

	(void)state;
	start_connected();
	from_xmpp_f("<message from='" A_CONTOSO "' to='" P_LITWARE "' id='%s' type='error'/>",
		anothers_id('m'));
	from_xmpp_f(pong, anothers_id('p'));
	assert_lacks(s.events, TOLD);
	pass(TS_S(1));
	from_xmpp_f(pong, anothers_id('p'));
	assert_holds(s.events, TOLD);
	s.events[0] = '\0';
	from_xmpp_f(pong, anothers_id('p'));
	assert_lacks(s.events, TOLD);
	break_stream();
	pass(TS_S(2));
	connect_server();
	from_xmpp_f(
		"<iq from='litware.test' to='litware.test' id='%s' type='get'/>", anothers_id('r'));
	assert_holds(s.events, TOLD);
}

static void what_comes_by_another_gateway_counts(void **state)
{
	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	wake();
	relayed("<iq xmlns='jabber:component:accept' from='contoso.test' id='%s' type='result'/>",
		s.got[1].id);
	assert_int_equal(status_of("1"), 202);
	assert_holds(s.events, TOLD);
	send_message("2", A_CONTOSO);
	relayed("<message xmlns='jabber:component:accept' from='" A_CONTOSO "' id='%s' "
		"type='error'>" ERROR("cancel", "item-not-found") "</message>",
		s.got[2].id);
	assert_int_equal(status_of("2"), 604);
}

/* Each wraps it anew; at the end it is lost. */
static void a_relay_comes_to_an_end(void **state)
{
	char text[SCENE_TEXT_MAX];

	(void)state;
	start_connected();
	from_xmpp_f("<iq from='contoso.test' to='litware.test' id='%s' type='result'/>",
		anothers_id('p'));
	for (unsigned i = 1; i <= 16; i++) {
		assert_int_equal(s.n_got, i);
		snprintf(text, sizeof(text), "%s", s.got[i - 1].text);
		from_xmpp(text);
	}
	assert_int_equal(s.n_got, 16);
	assert_int_equal(gateway_stats(s.g)->relays_lost, 1);
	assert_lacks(s.events, TOLD); /* it met nobody but itself */
}

/* A user can make up what looks like a reply. */
static void what_may_be_made_up_has_a_bound(void **state)
{
	(void)state;
	start_connected();
	s.only_counts = true;
	for (unsigned i = 0; i < 150; i++)
		from_xmpp_f("<message from='" A_CONTOSO "' to='" P_LITWARE
			    "' id='%s' type='error'/>",
			anothers_id('m'));
	assert_int_equal(gateway_stats(s.g)->relays, 100);
	assert_int_equal(gateway_stats(s.g)->relays_lost, 50);
	s.now += TS_S(1);
	from_xmpp_f("<message from='" A_CONTOSO "' to='" P_LITWARE "' id='%s' type='error'/>",
		anothers_id('m'));
	assert_int_equal(gateway_stats(s.g)->relays, 101);
}

static void nobody_else_relays(void **state)
{
	static const char *const outer[] = {
		"<message from='" A_CONTOSO "' to='x@litware.test'><relay xmlns='" RELAY
		"' hops='1' by='x'><iq xmlns='jabber:component:accept' from='contoso.test' id='%s' "
		"type='result'/></relay></message>",
		"<message from='x@litware.test' to='x@litware.test'><relay xmlns='" RELAY
		"' hops='17' by='x'><iq xmlns='jabber:component:accept' from='contoso.test' "
		"id='%s' type='result'/></relay></message>",
		"<message from='x@litware.test' to='x@litware.test'><relay xmlns='" RELAY
		"' by='x'><iq xmlns='jabber:component:accept' from='contoso.test' "
		"id='%s' type='result'/></relay></message>",
		"<message from='x@litware.test' to='x@litware.test'><relay xmlns='" RELAY
		"' hops='1' by='x'><iq xmlns='u' from='contoso.test' "
		"id='%s' type='result'/></relay></message>",
		"<message from='x@litware.test' to='x@litware.test'><relay xmlns='" RELAY
		"' hops='1' by='x'/></message>",
	};

	(void)state;
	start_connected();
	send_message("1", A_CONTOSO);
	wake();
	for (unsigned i = 0; i < COUNT(outer); i++)
		from_xmpp_f(outer[i], s.got[1].id);
	assert_int_equal(n_answers("1"), 0);
	pong(1);
	assert_int_equal(status_of("1"), 202);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(what_another_one_asked_goes_on),
		SCENE(it_is_told_once),
		SCENE(what_comes_by_another_gateway_counts),
		SCENE(a_relay_comes_to_an_end),
		SCENE(what_may_be_made_up_has_a_bound),
		SCENE(nobody_else_relays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

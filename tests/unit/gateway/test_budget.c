/* What waits towards SIP is bounded in bytes: in all, of a domain, of a sender. */
#include "gateway/budget.h"
#include "scene.h"

enum {
	MIB = 1 << 20,
	ID = 6000, /* bytes of an id: the largest thing of a stanza that has to be kept */
};

/* One message of this sender to a user of his own; false when the sender hears that it cannot be
 * taken now, with the id that he gave it. */
static bool writes_to(const char *sender, unsigned user)
{
	static char text[2 * ID], id[ID + 1];
	const unsigned n_got = s.n_got, n_sent = s.n_sent;

	snprintf(id, sizeof(id), "%0*u", ID, user);
	snprintf(text, sizeof(text),
		"<message from='%s' to='user%u@litware.test' id='%s'><body>x</body></message>",
		sender, user, id);
	push((struct fact){
		.type = FACT_FLOW_BYTES, .flow = s.stream_flow, .bytes = slice_str(text) });
	if (s.n_got == n_got) {
		assert_int_equal(s.n_sent, n_sent + 1);
		s.n_sent = n_sent ? n_sent : 1; /* the first one is kept */
		return true;
	}
	assert_int_equal(s.n_sent, n_sent);
	assert_holds(s.got[n_got].text, " type='error'");
	s.n_got = n_got;
	return false;
}

static unsigned user;

/* How many bytes of ids this sender can have waiting more than now. */
static size_t fills(const char *sender)
{
	size_t n = 0;

	while (writes_to(sender, ++user))
		n += ID;
	return n;
}

/* Senders of the domain until one has no place at all. */
static size_t domain_fills(const char *domain)
{
	char sender[64];
	size_t all = 0, n = 1;

	for (unsigned i = 0; n; i++) {
		snprintf(sender, sizeof(sender), "s%u@%s/x", i, domain);
		n = fills(sender);
		all += n;
	}
	return all;
}

static void start_silent(void)
{
	user = 0;
	start_connected();
}

static void one_sender_fills_his_own_share_alone(void **state)
{
	(void)state;
	start_silent();
	const size_t n = fills("adelany@contoso.test/desk");
	assert_in_range(n, MIB, 8 * MIB);
	/* From wherever he writes. */
	assert_false(writes_to("adelany@contoso.test/other", ++user));
	assert_false(writes_to("ADELANY@contoso.test", ++user));
	assert_true(writes_to("amy@contoso.test/desk", ++user));
	assert_true(writes_to("amy@fabrikam.test/desk", ++user));
}

static void the_sender_hears_to_wait(void **state)
{
	(void)state;
	start_silent();
	fills("adelany@contoso.test/desk");
	const uint64_t refused = gateway_stats(s.g)->xmpp_refused;
	assert_int_equal(gateway_stats(s.g)->overload_wait, 1);
	while (s.n_got < 1) /* a small one fits once more, or not */
		xmpp_message("adelany@contoso.test/desk", "kenmyer@litware.test", "small", "x");
	assert_holds(s.got[0].text, "to='adelany@contoso.test/desk'");
	assert_holds(s.got[0].text, "from='kenmyer@litware.test'");
	assert_string_equal(s.got[0].id, "small");
	assert_holds(s.got[0].text, "<error type='wait'><resource-constraint ");
	assert_holds(s.got[0].text, "Too many of your messages wait");
	assert_int_equal(gateway_stats(s.g)->overload_wait, 2);
	assert_int_equal(gateway_stats(s.g)->xmpp_refused, refused + 1);
}

static void one_domain_leaves_half_to_the_others(void **state)
{
	(void)state;
	start_silent();
	const size_t contoso = domain_fills("contoso.test");
	assert_in_range(contoso, 8 * MIB, 32 * MIB);
	assert_false(writes_to("anybody@contoso.test", ++user));
	const size_t fabrikam = domain_fills("fabrikam.test");
	assert_in_range(fabrikam, contoso - MIB, contoso + MIB);
}

static void all_of_them_have_one_bound(void **state)
{
	size_t all = 0;
	char domain[64];

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		snprintf(domain, sizeof(domain), "partner%u.test", i);
		assert_int_equal(partners_add(s.partners, slice_str(domain), PARTNER_FEDERATED), 0);
	}
	start_silent();
	for (unsigned i = 0; i < 4; i++) {
		snprintf(domain, sizeof(domain), "partner%u.test", i);
		all += domain_fills(domain);
	}
	assert_in_range(all, 16 * MIB, 64 * MIB);
	s.now += TS_S(60); /* the line of the first refusal is a while ago */
	assert_false(writes_to("anybody@partner3.test", ++user));
	assert_holds(s.events, " of=all ");
}

static void what_has_its_answer_makes_room(void **state)
{
	(void)state;
	start_silent();
	fills("adelany@contoso.test/desk");
	assert_false(writes_to("adelany@contoso.test/desk", ++user));
	respond(0, "200 OK");
	assert_true(writes_to("adelany@contoso.test/desk", ++user));
	assert_false(writes_to("adelany@contoso.test/desk", ++user));
}

static void a_refused_message_takes_nothing(void **state)
{
	(void)state;
	start_silent();
	fills("adelany@contoso.test/desk");
	const uint64_t refused = gateway_stats(s.g)->overload_wait;
	for (unsigned i = 0; i < 1000; i++)
		assert_false(writes_to("adelany@contoso.test/desk", ++user));
	assert_int_equal(gateway_stats(s.g)->overload_wait, refused + 1000);
	respond(0, "486 Busy Here");
	s.n_got = 0;
	assert_true(writes_to("adelany@contoso.test/desk", ++user));
}

static unsigned n_lines(const char *what)
{
	unsigned n = 0;

	for (const char *at = s.events; (at = strstr(at, what)); at++)
		n++;
	return n;
}

static void a_flood_is_a_line_a_minute(void **state)
{
	(void)state;
	start_silent();
	fills("adelany@contoso.test/desk");
	for (unsigned i = 0; i < 100; i++)
		assert_false(writes_to("adelany@contoso.test/desk", ++user));
	assert_int_equal(n_lines("too-much-waits"), 1);
	assert_holds(
		s.events, "log warning sip too-much-waits of=sender sender=adelany@contoso.test ");
	assert_holds(s.events, " refused=1\n");
	s.now += TS_S(60);
	assert_false(writes_to("adelany@contoso.test/desk", ++user));
	assert_int_equal(n_lines("too-much-waits"), 2);
	assert_holds(s.events, " refused=101\n");
}

static void an_id_that_cannot_be_kept_is_refused_for_good(void **state)
{
	static char text[40000];

	(void)state;
	start_silent();
	snprintf(text, sizeof(text),
		"<message from='adelany@contoso.test' to='pilar@litware.test' "
		"id='%0*u'><body>x</body>"
		"</message>",
		20000, 1u);
	push((struct fact){
		.type = FACT_FLOW_BYTES, .flow = s.stream_flow, .bytes = slice_str(text) });
	assert_int_equal(s.n_sent, 0);
	assert_int_equal(gateway_stats(s.g)->xmpp_refused, 1);
	assert_int_equal(gateway_stats(s.g)->overload_wait, 0);
}

/* Partners may change while it runs, and their domains would fill the table in the end. */
static void domains_of_which_nothing_waits_take_no_place(void **state)
{
	struct lent lent = { .rng = &s.rng };
	struct budget_share share = { 0 }, kept = { 0 };
	struct budget *b = NULL;

	(void)state;
	assert_int_equal(budget_new(&b, &lent), 0);
	for (unsigned i = 0; i <= PARTNER_DOMAINS_MAX; i++) {
		char text[64];
		struct jid from;

		snprintf(text, sizeof(text), "a@d%u.test", i);
		assert_int_equal(jid_decode(slice_str(text), &from, NULL), 0);
		if (i % 60000 == 1)
			budget_forget_idle(b);
		assert_int_equal(
			budget_take(b, i ? &share : &kept, &from, 100, s.now), ANSWER_MAPPED);
		if (i)
			budget_give(b, &share);
	}
	budget_forget_idle(b);
	budget_give(b, &kept); /* what waited then was not forgotten */
	budget_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE(one_sender_fills_his_own_share_alone),
		SCENE(the_sender_hears_to_wait),
		SCENE(one_domain_leaves_half_to_the_others),
		SCENE(all_of_them_have_one_bound),
		SCENE(what_has_its_answer_makes_room),
		SCENE(a_refused_message_takes_nothing),
		SCENE(a_flood_is_a_line_a_minute),
		SCENE(an_id_that_cannot_be_kept_is_refused_for_good),
		SCENE(domains_of_which_nothing_waits_take_no_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

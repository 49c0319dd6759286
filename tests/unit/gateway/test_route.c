/* Who may write to whom, and which way: without a gateway. */
#include "gateway/route.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <stringprep.h>

#include "base/mem.h"

static struct partners *partners;
static struct routes routes;

static int set_up(void **state)
{
	(void)state;
	assert_int_equal(partners_new(&partners), 0);
	assert_int_equal(partners_add_own(partners, SLICE("litware.test")), 0);
	assert_int_equal(partners_add_own(partners, SLICE("second.test")), 0);
	assert_int_equal(partners_add(partners, SLICE("contoso.test"), PARTNER_FEDERATED), 0);
	routes = (struct routes){ .partners = partners, .links = { "litware.test" }, .n_links = 1 };
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	partners = partners_free(partners);
	return 0;
}

static struct party party(const char *from, const char *to)
{
	struct party p;
	struct where where;

	assert_int_equal(jid_decode(slice_str(from), &p.from, &where), 0);
	assert_int_equal(jid_decode(slice_str(to), &p.to, &where), 0);
	return p;
}

static void to_xmpp(void **state)
{
	static const struct {
		const char *from, *to;
		enum answer want;
	} cases[] = {
		{ "pilar@litware.test", "adelany@contoso.test", ANSWER_MAPPED },
		{ "pilar@litware.test/desk", "contoso.test", ANSWER_MAPPED },
		{ "pilar@litware.test", "x@elsewhere.test", ANSWER_NOT_PARTNER },
		{ "pilar@litware.test", "x@sub.contoso.test", ANSWER_NOT_PARTNER },
		{ "x@elsewhere.test", "adelany@contoso.test", ANSWER_NOT_OWN },
		{ "pilar@litware.test", "x@second.test", ANSWER_BOTH_OWN },
		{ "x@second.test", "adelany@contoso.test", ANSWER_NO_COMPONENT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct party p = party(cases[i].from, cases[i].to);
		unsigned link = 77;

		print_message("case: %s to %s\n", cases[i].from, cases[i].to);
		assert_int_equal(route_to_xmpp(&routes, &p, &link), cases[i].want);
		assert_int_equal(link, cases[i].want == ANSWER_MAPPED ? 0 : 77);
	}
}

static void to_sip(void **state)
{
	static const struct {
		const char *from, *to;
		enum answer want;
	} cases[] = {
		{ "adelany@contoso.test/x", "pilar@litware.test", ANSWER_MAPPED },
		{ "adelany@contoso.test", "x@second.test", ANSWER_MAPPED },
		{ "x@elsewhere.test", "pilar@litware.test", ANSWER_NOT_PARTNER },
		{ "adelany@contoso.test", "x@elsewhere.test", ANSWER_NOT_OWN },
		{ "x@second.test", "pilar@litware.test", ANSWER_BOTH_OWN },
		{ "adelany@contoso.test", "litware.test", ANSWER_TO_GATEWAY },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct party p = party(cases[i].from, cases[i].to);

		print_message("case: %s to %s\n", cases[i].from, cases[i].to);
		assert_int_equal(route_to_sip(&routes, &p), cases[i].want);
	}
}

static void a_link_speaks_for_its_domain_alone(void **state)
{
	const struct party ours = party("a@litware.test", "a@second.test");
	const struct party below = party("a@x.litware.test", "a@b");

	(void)state;
	assert_true(route_is_of(&routes, 0, &ours.from));
	assert_false(route_is_of(&routes, 0, &ours.to));
	assert_false(route_is_of(&routes, 0, &below.from));
}

static void what_has_no_form_in_xmpp_is_named(void **state)
{
	static const struct {
		const char *uri, *from;
		enum answer want;
	} cases[] = {
		{ "sip:adelany@contoso.test", "sip:pilar@litware.test", ANSWER_MAPPED },
		{ "sip:adelany@contoso.test", "sip:litware.test", ANSWER_BAD_FROM },
		{ "sip:adelany@contoso.test", "tel:+1", ANSWER_BAD_FROM },
		{ "sip:adelany@192.0.2.1", "sip:pilar@litware.test", ANSWER_BAD_TO },
		{ "tel:+1", "sip:pilar@litware.test", ANSWER_SCHEME },
	};
	static char text[2048], user[1200];
	static struct sip_msg msg;
	struct sip_refusal refusal;
	struct party p;

	(void)state;
	for (size_t i = 0; i <= COUNT(cases); i++) {
		const bool is_long = i == COUNT(cases);

		memset(user, 'a', sizeof(user) - 1);
		snprintf(text, sizeof(text),
			"MESSAGE %s%s%s SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
			"From: <%s>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\n"
			"Content-Length: 0\r\n\r\n",
			is_long ? "sip:" : cases[i].uri, is_long ? user : "",
			is_long ? "@contoso.test" : "", cases[is_long ? 0 : i].from);
		assert_int_equal(sip_msg_decode(slice_str(text), &msg, &refusal), 0);
		assert_int_equal(route_read(&msg, &p), is_long ? ANSWER_TOO_LONG : cases[i].want);
	}
}

static bool no_memory;

/* In the place of libidn's. */
int stringprep(
	char *in, size_t max, Stringprep_profile_flags flags, const Stringprep_profile *profile)
{
	int (*theirs)(char *, size_t, Stringprep_profile_flags, const Stringprep_profile *) = NULL;

	if (no_memory)
		return STRINGPREP_MALLOC_ERROR;
	*(void **)&theirs = dlsym(RTLD_NEXT, "stringprep");
	return theirs(in, max, flags, profile);
}

/* The address is good: the fault is ours, and passes. */
static void without_memory_no_address_is_bad(void **state)
{
	static const char *const users[][2] = {
		{ "adelany", "p%C3%AFlar" },
		{ "adela%C3%B1y", "pilar" },
	};
	static char text[1024];
	static struct sip_msg msg;
	struct sip_refusal refusal;
	struct party p;

	(void)state;
	for (size_t i = 0; i < COUNT(users); i++) {
		snprintf(text, sizeof(text),
			"MESSAGE sip:%s@contoso.test SIP/2.0\r\nVia: SIP/2.0/UDP "
			"h;branch=z9hG4bK1\r\nFrom: <sip:%s@litware.test>;tag=1\r\nTo: "
			"<sip:a@b>\r\n"
			"Call-ID: 1\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n",
			users[i][0], users[i][1]);
		assert_int_equal(sip_msg_decode(slice_str(text), &msg, &refusal), 0);
		no_memory = true;
		assert_int_equal(route_read(&msg, &p), ANSWER_OVERLOAD);
		no_memory = false;
		assert_int_equal(route_read(&msg, &p), ANSWER_MAPPED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(to_xmpp, set_up, tear_down),
		cmocka_unit_test_setup_teardown(to_sip, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_link_speaks_for_its_domain_alone, set_up, tear_down),
		cmocka_unit_test(what_has_no_form_in_xmpp_is_named),
		cmocka_unit_test(without_memory_no_address_is_bad),
	};

	return cmocka_run_group_tests_name("route", tests, NULL, NULL);
}

#include "bridge/partner.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"

static struct partners *partners;

static int set_up(void **state)
{
	(void)state;
	return partners_new(&partners);
}

static int tear_down(void **state)
{
	(void)state;
	partners = partners_free(partners);
	return partners ? -1 : 0;
}

static void add(const char *domain, enum partner_type type)
{
	assert_int_equal(partners_add(partners, slice_str(domain), type), 0);
}

static void add_domain(const char *partner, const char *domain)
{
	assert_int_equal(partners_add_domain(partners, slice_str(partner), slice_str(domain)), 0);
}

static void add_own(const char *domain)
{
	assert_int_equal(partners_add_own(partners, slice_str(domain)), 0);
}

/* The first domain of the partner that `domain` belongs to; "" for none. */
static const char *partner_of(const char *domain)
{
	const struct partner *p = partners_find(partners, slice_str(domain));

	return p ? p->domain : "";
}

static bool is_own(const char *domain)
{
	return partners_is_own(partners, slice_str(domain));
}

static void nobody_is_a_partner_of_an_empty_list(void **state)
{
	(void)state;
	assert_string_equal(partner_of("contoso.test"), "");
	assert_string_equal(partner_of(""), "");
	assert_false(is_own("litware.test"));
	assert_int_equal(
		partners_judge(partners, SLICE("a.test"), SLICE("b.test")), PARTNER_NOT_OWN);
}

/* gw_partner_default_deny */
static void what_is_not_listed_is_not_allowed(void **state)
{
	static const char *const strangers[] = { "stranger.test", "ontoso.test", "xcontoso.test",
		"contoso.test.evil.test", "test", "" };

	(void)state;
	add_own("litware.test");
	add("contoso.test", PARTNER_FEDERATED);
	for (size_t i = 0; i < COUNT(strangers); i++)
		assert_int_equal(
			partners_judge(partners, SLICE("litware.test"), slice_str(strangers[i])),
			PARTNER_NOT_ALLOWED);
}

/* A subdomain must be listed: nothing is implied. */
static void gw_partner_additional_domains(void **state)
{
	(void)state;
	add("contoso.test", PARTNER_PUBLIC_VERIFIED);
	add("fabrikam.test", PARTNER_FEDERATED);
	assert_string_equal(partner_of("chat.contoso.test"), "");
	add_domain("contoso.test", "chat.contoso.test");
	add_domain("contoso.test", "contoso.example");
	add_domain("chat.contoso.test", "by-its-second-name.test");
	assert_string_equal(partner_of("chat.contoso.test"), "contoso.test");
	assert_string_equal(partner_of("contoso.example"), "contoso.test");
	assert_string_equal(partner_of("by-its-second-name.test"), "contoso.test");
	assert_int_equal(
		partners_find(partners, SLICE("contoso.example"))->type, PARTNER_PUBLIC_VERIFIED);
	assert_string_equal(partner_of("fabrikam.test"), "fabrikam.test");
	assert_string_equal(partner_of("deep.chat.contoso.test"), "");
}

static void a_partner_keeps_its_type(void **state)
{
	assert_false(partners_have(partners, PARTNER_PUBLIC_UNVERIFIED));
	static const enum partner_type types[] = { PARTNER_FEDERATED, PARTNER_PUBLIC_VERIFIED,
		PARTNER_PUBLIC_UNVERIFIED };
	static const char *const names[] = { "c.test", "a.test", "b.test" };

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++)
		add(names[i], types[i]);
	for (size_t i = 0; i < COUNT(types); i++)
		assert_int_equal(partners_find(partners, slice_str(names[i]))->type, types[i]);
	assert_true(partners_have(partners, PARTNER_PUBLIC_UNVERIFIED));
}

/* Names are found in the form that jid_domain() gives: lower case, U-labels, no final dot. */
static void names_are_prepared_as_jid_domains(void **state)
{
	static const struct {
		const char *written, *prepared;
	} cases[] = {
		{ "CONTOSO.Test", "contoso.test" },
		{ "fabrikam.test.", "fabrikam.test" },
		{ "xn--bcher-kva.test", "b\u00fccher.test" },
		{ "M\u00dcNCHEN.test", "m\u00fcnchen.test" },
		{ "localhost", "localhost" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		add(cases[i].written, PARTNER_FEDERATED);
		assert_string_equal(partner_of(cases[i].prepared), cases[i].prepared);
	}
	add_own("LITWARE.test.");
	assert_true(is_own("litware.test"));
	add_domain("Contoso.TEST.", "CHAT.contoso.test");
	assert_string_equal(partner_of("chat.contoso.test"), "contoso.test");
}

static void what_is_no_domain_is_refused(void **state)
{
	static const struct {
		const char *domain;
		int want;
	} cases[] = {
		{ "", ERR_SYNTAX },
		{ ".", ERR_SYNTAX },
		{ "a..test", ERR_SYNTAX },
		{ "192.0.2.1", ERR_SYNTAX },
		{ "[::1]", ERR_SYNTAX },
		{ "user@contoso.test", ERR_SYNTAX },
		{ "a b.test", ERR_SYNTAX },
		{ "\xff.test", ERR_SYNTAX },
	};

	(void)state;
	add("contoso.test", PARTNER_FEDERATED);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice s = slice_str(cases[i].domain);

		print_message("case: `%s`\n", cases[i].domain);
		assert_int_equal(partners_add(partners, s, PARTNER_FEDERATED), cases[i].want);
		assert_int_equal(partners_add_own(partners, s), cases[i].want);
		assert_int_equal(
			partners_add_domain(partners, SLICE("contoso.test"), s), cases[i].want);
		assert_int_equal(partners_add_domain(partners, s, SLICE("x.test")), cases[i].want);
	}
}

static void a_name_stands_once_in_whatever_form(void **state)
{
	static const char *const names[] = { "contoso.test", "chat.contoso.test", "litware.test",
		"CONTOSO.test.", "b\u00fccher.test", "XN--BCHER-KVA.test" };

	(void)state;
	add("contoso.test", PARTNER_FEDERATED);
	add_domain("contoso.test", "chat.contoso.test");
	add("xn--bcher-kva.test", PARTNER_FEDERATED);
	add_own("litware.test");
	for (size_t i = 0; i < COUNT(names); i++) {
		struct slice s = slice_str(names[i]);

		assert_int_equal(partners_add(partners, s, PARTNER_FEDERATED), -EEXIST);
		assert_int_equal(partners_add_domain(partners, SLICE("contoso.test"), s), -EEXIST);
		/* Two pools may serve one domain. */
		assert_int_equal(partners_add_own(partners, s), i == 2 ? 0 : -EEXIST);
	}
	/* And what was there first stays. */
	assert_string_equal(partner_of("chat.contoso.test"), "contoso.test");
	assert_true(is_own("litware.test"));
	assert_string_equal(partner_of("litware.test"), "");
}

static void a_domain_needs_its_partner(void **state)
{
	(void)state;
	add_own("litware.test");
	assert_int_equal(
		partners_add_domain(partners, SLICE("nobody.test"), SLICE("a.test")), -ENOENT);
	assert_int_equal(
		partners_add_domain(partners, SLICE("litware.test"), SLICE("a.test")), -ENOENT);
	assert_string_equal(partner_of("a.test"), "");
}

static void both_ends_are_judged(void **state)
{
	static const struct {
		const char *own, *far;
		enum partner_verdict want;
	} cases[] = {
		{ "litware.test", "contoso.test", PARTNER_OK },
		{ "second.test", "chat.contoso.test", PARTNER_OK },
		{ "litware.test", "stranger.test", PARTNER_NOT_ALLOWED },
		{ "stranger.test", "contoso.test", PARTNER_NOT_OWN },
		{ "contoso.test", "litware.test", PARTNER_NOT_OWN },
		{ "contoso.test", "contoso.test", PARTNER_NOT_OWN },
		{ "litware.test", "second.test", PARTNER_BOTH_OWN },
		{ "litware.test", "litware.test", PARTNER_BOTH_OWN },
	};

	(void)state;
	add_own("litware.test");
	add_own("second.test");
	add("contoso.test", PARTNER_FEDERATED);
	add_domain("contoso.test", "chat.contoso.test");
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum partner_verdict v =
			partners_judge(partners, slice_str(cases[i].own), slice_str(cases[i].far));

		print_message("case: %s to %s\n", cases[i].own, cases[i].far);
		assert_int_equal(v, cases[i].want);
	}
}

/* Any order of adding: the list is sorted as it grows. */
static void all_of_many_are_found(void **state)
{
	enum { MANY = 997 }; /* a prime: steps of 389 visit all */
	char name[32];

	(void)state;
	for (unsigned i = 0, k = 0; i < MANY; i++, k = (k + 389) % MANY) {
		snprintf(name, sizeof(name), "d%u.test", k);
		add(name, PARTNER_FEDERATED);
	}
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "d%u.test", i);
		assert_string_equal(partner_of(name), name);
	}
	assert_string_equal(partner_of("d997.test"), "");
	assert_string_equal(partner_of("d.test"), "");
}

static void there_is_room_for_so_many_partners(void **state)
{
	char name[32];

	(void)state;
	for (unsigned i = 0; i < PARTNERS_MAX; i++) {
		snprintf(name, sizeof(name), "p%04u.test", i);
		add(name, PARTNER_FEDERATED);
	}
	assert_int_equal(partners_add(partners, SLICE("more.test"), PARTNER_FEDERATED), ERR_LIMIT);
	assert_string_equal(partner_of("more.test"), "");
	add_domain("p0000.test", "more.test"); /* domains have a limit of their own */
	assert_string_equal(partner_of("more.test"), "p0000.test");
}

static void there_is_room_for_so_many_domains(void **state)
{
	char name[32];

	(void)state;
	add("a.test", PARTNER_FEDERATED);
	add_own("b.test");
	for (unsigned i = 2; i < PARTNER_DOMAINS_MAX; i++) {
		snprintf(name, sizeof(name), "d%05u.test", i);
		add_domain("a.test", name);
	}
	assert_int_equal(
		partners_add_domain(partners, SLICE("a.test"), SLICE("more.test")), ERR_LIMIT);
	assert_int_equal(partners_add_own(partners, SLICE("more.test")), ERR_LIMIT);
	assert_int_equal(partners_add(partners, SLICE("more.test"), PARTNER_FEDERATED), ERR_LIMIT);
	assert_string_equal(partner_of("more.test"), "");
	assert_string_equal(partner_of("d65535.test"), "a.test");
	assert_true(is_own("b.test"));
}

/* 255 bytes are the longest name of the DNS with its lengths: 253 characters. */
static void a_name_has_the_length_of_a_domain(void **state)
{
	char name[300];

	(void)state;
	for (size_t n = 0; n < sizeof(name); n++)
		name[n] = n % 50 == 49 ? '.' : 'x';
	assert_int_equal(partners_add(partners, slice_of(name, 248), PARTNER_FEDERATED), 0);
	assert_int_equal(strlen(partner_of("")), 0);
	assert_non_null(partners_find(partners, slice_of(name, 248)));
	assert_true(partners_add(partners, slice_of(name, 299), PARTNER_FEDERATED) < 0);
}

static void without_memory_nothing_changes(void **state)
{
	int err = -ENOMEM;
	long n = 0;

	(void)state;
	add("contoso.test", PARTNER_FEDERATED);
	for (; err == -ENOMEM; n++) {
		struct partners *p = NULL;

		assert_in_range(n, 0, 10);
		mem_fail_after(n);
		err = partners_new(&p);
		mem_fail_after(-1);
		partners_free(p);
	}
	assert_int_equal(n, 2);
	for (n = 0, err = -ENOMEM; err == -ENOMEM; n++) {
		assert_in_range(n, 0, 10);
		mem_fail_after(n);
		err = partners_add(partners, SLICE("fabrikam.test"), PARTNER_FEDERATED);
		mem_fail_after(-1);
		assert_string_equal(partner_of("fabrikam.test"), err ? "" : "fabrikam.test");
		assert_string_equal(partner_of("contoso.test"), "contoso.test");
	}
	assert_int_equal(err, 0);
	assert_in_range(n, 3, 10);
	for (n = 0, err = -ENOMEM; err == -ENOMEM; n++) {
		assert_in_range(n, 0, 10);
		mem_fail_after(n);
		err = partners_add_own(partners, SLICE("litware.test"));
		mem_fail_after(-1);
		assert_int_equal(is_own("litware.test"), err == 0);
	}
	assert_int_equal(err, 0);
	assert_in_range(n, 2, 10);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_is_a_partner_of_an_empty_list),
		TEST(what_is_not_listed_is_not_allowed),
		TEST(gw_partner_additional_domains),
		TEST(a_partner_keeps_its_type),
		TEST(names_are_prepared_as_jid_domains),
		TEST(what_is_no_domain_is_refused),
		TEST(a_name_stands_once_in_whatever_form),
		TEST(a_domain_needs_its_partner),
		TEST(both_ends_are_judged),
		TEST(all_of_many_are_found),
		TEST(there_is_room_for_so_many_partners),
		TEST(there_is_room_for_so_many_domains),
		TEST(a_name_has_the_length_of_a_domain),
		TEST(without_memory_nothing_changes),
	};

	return cmocka_run_group_tests_name("partner", tests, NULL, NULL);
}

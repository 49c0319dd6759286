#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "xmpp/jid.h"

static struct slice repeat(char *buf, char c, size_t n)
{
	memset(buf, c, n);
	return slice_of(buf, n);
}

static const struct {
	const char *in, *local, *domain, *resource;
} good[] = {
	/* RFC 7622 section 3.5, table 1 */
	{ "juliet@example.com", "juliet", "example.com", "" },
	{ "juliet@example.com/foo", "juliet", "example.com", "foo" },
	{ "juliet@example.com/foo bar", "juliet", "example.com", "foo bar" },
	{ "juliet@example.com/foo@bar", "juliet", "example.com", "foo@bar" },
	{ "foo\\20bar@example.com", "foo\\20bar", "example.com", "" },
	{ "fussball@example.com", "fussball", "example.com", "" },
	{ "fu\u00DFball@example.com", "fussball", "example.com", "" }, /* nodeprep */
	{ "\u03C0@example.com", "\u03C0", "example.com", "" },
	{ "\u03A3@example.com/foo", "\u03C3", "example.com", "foo" },
	{ "\u03C3@example.com/foo", "\u03C3", "example.com", "foo" },
	{ "\u03C2@example.com/foo", "\u03C3", "example.com", "foo" }, /* nodeprep */
	{ "king@example.com/\u265A", "king", "example.com", "\u265A" },
	{ "example.com", "", "example.com", "" },
	{ "example.com/foobar", "", "example.com", "foobar" },
	{ "a.example.com/b@example.net", "", "a.example.com", "b@example.net" },
	/* table 2, where servers are wider than the RFC */
	{ "juliet@example.com/ foo", "juliet", "example.com", " foo" },
	{ "henry\u2163@example.com", "henryiv", "example.com", "" },
	{ "\u265A@example.com", "\u265A", "example.com", "" },
	/* case */
	{ "JULIET@Example.COM/Foo", "juliet", "example.com", "Foo" },
	{ "\u00C4NNE@\u00C4RZTE.example", "\u00E4nne", "\u00E4rzte.example", "" },
	{ "a@b/c/d/e", "a", "b", "c/d/e" },
	{ "a@b/c@d/e", "a", "b", "c@d/e" },
	/* domains */
	{ "a@example.com.", "a", "example.com", "" },
	{ "a@example.com./r", "a", "example.com", "r" },
	{ "a@xn--rzte-koa.example", "a", "\u00E4rzte.example", "" },
	{ "a@XN--RZTE-KOA.example", "a", "\u00E4rzte.example", "" },
	{ "a@a\u0308rzte.example", "a", "\u00E4rzte.example", "" }, /* NFC */
	{ "a@fa\u00DF.de", "a", "fa\u00DF.de", "" },                /* IDNA 2008: not "ss" */
	{ "a@b\u3002example", "a", "b.example", "" },
	{ "a@\uFF42.example", "a", "b.example", "" }, /* full width */
	{ "a@localhost", "a", "localhost", "" },
	{ "a@192.0.2.1", "a", "192.0.2.1", "" },
	{ "a@[2001:DB8:0::1]/r", "a", "[2001:db8::1]", "r" },
	{ "a@[::1]", "a", "[::1]", "" },
	{ "a@1-2--3.example", "a", "1-2--3.example", "" },
	/* a resource may be of letters younger than Unicode 3.2 */
	{ "a@b/phone \U0001F4F1", "a", "b", "phone \U0001F4F1" },
	{ "a@b/\u00AAx", "a", "b", "ax" },
};

static void addresses_are_taken_apart_and_prepared(void **state)
{
	struct where where;
	struct jid j;

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		int err = jid_decode(slice_str(good[i].in), &j, &where);

		if (err)
			fail_msg("%s: %s at %zu", good[i].in, where.what, where.offset);
		if (!slice_eqs(jid_local(&j), good[i].local) ||
			!slice_eqs(jid_domain(&j), good[i].domain) ||
			!slice_eqs(jid_resource(&j), good[i].resource))
			fail_msg("%s became %s", good[i].in, j.text);
		assert_int_equal(jid_full(&j).n, strlen(j.text));

		/* What came out stays what it is. */
		struct jid again;
		assert_int_equal(jid_decode(jid_full(&j), &again, NULL), 0);
		assert_true(jid_eq(&j, &again));
	}
}

static const struct {
	const char *in;
	size_t offset;
	const char *what;
} bad[] = {
	/* RFC 7622 section 3.5, table 2 */
	{ "\"juliet\"@example.com", 0, "a character that a localpart must not have" },
	{ "foo bar@example.com", 3, "a character that a localpart must not have" },
	{ "@example.com/", 0, "an empty localpart" },
	{ "juliet@", 7, "an empty domain" },
	{ "/foobar", 0, "an empty domain" },
	/* more */
	{ "", 0, "an empty domain" },
	{ "@", 0, "an empty localpart" },
	{ "juliet@/r", 7, "an empty domain" },
	{ "a@b/", 4, "an empty resource" },
	{ "b/", 2, "an empty resource" },
	{ "a@.", 2, "an empty domain" },
	{ "a@b..c", 4, "an empty label in the domain" },
	{ "a@.b", 2, "an empty label in the domain" },
	{ "a@b..", 4, "an empty label in the domain" },
	{ "a&b@c", 1, "a character that a localpart must not have" },
	{ "a'b@c", 1, "a character that a localpart must not have" },
	{ "a:b@c", 1, "a character that a localpart must not have" },
	{ "a<b@c", 1, "a character that a localpart must not have" },
	{ "a>b@c", 1, "a character that a localpart must not have" },
	{ "ab\x7f@c", 2, "a character that a localpart must not have" },
	{ "a\u00E4 b@c", 1, "a character that a localpart must not have" },
	{ "a\uFF20b@c", 1, "a character that a localpart must not have" }, /* @ */
	{ "a\uFF0Fb@c", 1, "a character that a localpart must not have" }, /* / */
	{ "a\u2028@c", 1, "a character that a localpart must not have" },
	{ "a\u00AD@\xff", 4, "the domain is not UTF-8" },
	{ "\u00AD@c", 0, "an empty localpart" }, /* maps to nothing */
	{ "a@c/\u00AD", 4, "an empty resource" },
	{ "a\xc3@c", 1, "the localpart is not UTF-8" },
	{ "a@c/xy\xed\xa0\x80", 6, "the resource is not UTF-8" },
	{ "a@b@c", 3, "a character that a domain must not have" },
	{ "a@b c", 3, "a character that a domain must not have" },
	{ "a@b_c", 3, "a character that a domain must not have" },
	{ "a@b:5222", 3, "a character that a domain must not have" },
	{ "a@-b.c", 2, "a hyphen at the edge of a label" },
	{ "a@c.b-", 4, "a hyphen at the edge of a label" },
	{ "a@\u00E4 b", 2, "not an internationalized domain name" },
	{ "a@\u00E4..b", 2, "an empty label in the domain" },
	{ "a@xn--a.example", 2, "not an internationalized domain name" },
	{ "a@xn--rzt-keka-ooa", 2, "not an internationalized domain name" },
	{ "a@b.\u265A\u0308\u200D", 4, "not an internationalized domain name" },
	{ "a@[::1", 2, "not an IPv6 address in brackets" },
	{ "a@[::g]", 2, "not an IPv6 address in brackets" },
	{ "a@[192.0.2.1]", 2, "not an IPv6 address in brackets" },
	{ "a@[fe80::1%1]", 2, "not an IPv6 address in brackets" },
	{ "a@[::1]:5222", 2, "not an IPv6 address in brackets" },
	{ "a@::1", 2, "a character that a domain must not have" },
	{ "a@b/c\nd", 5, "a character that a resource must not have" },
};

static void refusals_say_where_and_why(void **state)
{
	struct jid j = { .text = "untouched" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct where where = { 0 };
		int err = jid_decode(slice_str(bad[i].in), &j, &where);

		if (err != ERR_SYNTAX || !where.what || strcmp(where.what, bad[i].what) != 0 ||
			where.offset != bad[i].offset)
			fail_msg("%s: %d, %s at %zu", bad[i].in, err, where.what ? where.what : "-",
				where.offset);
		assert_int_equal(jid_decode(slice_str(bad[i].in), &j, NULL), ERR_SYNTAX);
	}
	assert_string_equal(j.text, "untouched");
	struct where where;
	assert_int_equal(jid_decode(SLICE("a\0b@c"), &j, &where), ERR_SYNTAX);
	assert_int_equal(where.offset, 1);
	assert_int_equal(jid_decode(SLICE("\u00E4\0b@c"), &j, &where), ERR_SYNTAX);
	assert_int_equal(where.offset, 2);
	assert_int_equal(jid_decode(SLICE("a@\u00E4\0.c"), &j, &where), ERR_SYNTAX);
	assert_int_equal(where.offset, 4);
	assert_int_equal(jid_decode(SLICE_NONE, &j, &where), ERR_SYNTAX);
}

/* The i-th of many. */
static void put(char *buf, size_t i, const char *c)
{
	for (size_t k = 0, n = strlen(c); k < n; k++)
		buf[n * i + k] = c[k];
}

static void each_part_has_its_length(void **state)
{
	char x[2000];
	struct slice domain = SLICE("example.com"), none = SLICE("");
	struct where where;
	struct jid j;

	(void)state;
	assert_int_equal(jid_make(&j, repeat(x, 'x', 1023), domain, none, &where), 0);
	assert_int_equal(j.n_local, 1023);
	assert_int_equal(jid_make(&j, repeat(x, 'x', 1024), domain, none, &where), ERR_LIMIT);
	assert_int_equal(where.offset, 1023);
	assert_int_equal(jid_make(&j, none, domain, repeat(x, 'x', 1023), &where), 0);
	assert_int_equal(j.n_resource, 1023);
	assert_int_equal(jid_make(&j, none, domain, repeat(x, 'x', 1024), &where), ERR_LIMIT);
	assert_int_equal(jid_make(&j, none, repeat(x, 'x', 63), none, &where), 0);
	assert_int_equal(jid_make(&j, none, repeat(x, 'x', 64), none, &where), ERR_LIMIT);

	/* In the canonical form: 1023 full-width letters are 3069 bytes before, 1023 behind. */
	char wide[3 * 1024];
	for (size_t i = 0; i < 1024; i++)
		put(wide, i, "\uFF41");
	assert_int_equal(jid_make(&j, slice_of(wide, 3 * 1023), domain, none, &where), 0);
	assert_int_equal(j.n_local, 1023);
	assert_int_equal(jid_make(&j, slice_of(wide, 3 * 1024), domain, none, &where), ERR_LIMIT);
	/* And one that grows: U+0390 has six bytes when its case is folded. */
	for (size_t i = 0; i < 511; i++)
		put(wide, i, "\u0390");
	int err = jid_make(&j, slice_of(wide, 2 * 511), domain, none, &where);
	assert_true(err == 0 || err == ERR_LIMIT);

	repeat(x, 'x', 260);
	for (size_t i = 1; i < 260; i += 4)
		x[i] = '.';
	assert_int_equal(jid_make(&j, none, slice_of(x, 253), none, &where), 0);
	assert_int_equal(jid_make(&j, none, slice_of(x, 254), none, &where), 0); /* ends in a dot */
	assert_int_equal(jid_make(&j, none, slice_of(x, 255), none, &where), ERR_LIMIT);
}

static void the_longest_address_fits(void **state)
{
	char local[1023], resource[1023], domain[253], text[JID_MAX + 1];
	struct jid j;

	(void)state;
	repeat(domain, 'd', sizeof(domain));
	for (size_t i = 50; i < 250; i += 50)
		domain[i] = '.';
	assert_int_equal(jid_make(&j, repeat(local, 'l', 1023), slice_of(domain, 253),
				 repeat(resource, 'r', 1023), NULL),
		0);
	assert_int_equal(jid_full(&j).n, 1023 + 1 + 253 + 1 + 1023);
	memcpy(text, j.text, jid_full(&j).n);
	struct jid again;
	assert_int_equal(jid_decode(slice_of(text, jid_full(&j).n), &again, NULL), 0);
	assert_true(jid_eq(&j, &again));
}

static void parts_may_come_from_the_address_itself(void **state)
{
	struct jid j;

	(void)state;
	assert_int_equal(jid_decode(SLICE("a@b/c"), &j, NULL), 0);
	assert_int_equal(jid_make(&j, jid_local(&j), jid_domain(&j), SLICE("dd"), NULL), 0);
	assert_string_equal(j.text, "a@b/dd");
	assert_int_equal(jid_make(&j, SLICE(""), jid_domain(&j), jid_resource(&j), NULL), 0);
	assert_string_equal(j.text, "b/dd");
	assert_int_equal(jid_decode(jid_bare(&j), &j, NULL), 0);
	assert_string_equal(j.text, "b");
}

static void made_parts_are_not_parsed(void **state)
{
	struct where where;
	struct jid j;

	(void)state;
	assert_int_equal(jid_make(&j, SLICE("a@b"), SLICE("c"), SLICE(""), &where), ERR_SYNTAX);
	assert_int_equal(where.offset, 1);
	assert_int_equal(jid_make(&j, SLICE("a"), SLICE("c/d"), SLICE(""), &where), ERR_SYNTAX);
	assert_int_equal(where.offset, 1);
	assert_int_equal(jid_make(&j, SLICE(""), SLICE(""), SLICE("r"), &where), ERR_SYNTAX);
	assert_int_equal(jid_make(&j, SLICE("a"), SLICE("c"), SLICE("/@"), NULL), 0);
	assert_string_equal(j.text, "a@c//@");
}

static void equality_is_of_bytes_after_preparation(void **state)
{
	static const struct {
		const char *a, *b;
		bool eq, bare_eq;
	} cases[] = {
		{ "A@B", "a@b", true, true },
		{ "a@b/c", "a@b/C", false, true },
		{ "a@b/c", "a@b", false, true },
		{ "a@b", "b", false, false },
		{ "a@bc", "a@b", false, false },
		{ "b/c", "b/c", true, true },
		{ "a@\u00C4.example", "a@xn--4ca.example", true, true },
	};
	struct jid a, b;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(jid_decode(slice_str(cases[i].a), &a, NULL), 0);
		assert_int_equal(jid_decode(slice_str(cases[i].b), &b, NULL), 0);
		if (jid_eq(&a, &b) != cases[i].eq || jid_bare_eq(&a, &b) != cases[i].bare_eq)
			fail_msg("%s and %s", cases[i].a, cases[i].b);
	}
}

static void domains_go_both_ways(void **state)
{
	static const struct {
		const char *in, *ascii, *unicode;
		int ascii_err, unicode_err;
	} cases[] = {
		{ "Example.COM.", "example.com", "example.com", 0, 0 },
		{ "\u00E4rzte.example", "xn--rzte-koa.example", "\u00E4rzte.example", 0, 0 },
		{ "xn--rzte-koa.example", "xn--rzte-koa.example", "\u00E4rzte.example", 0, 0 },
		{ "\u4F8B\u3048.\u30C6\u30B9\u30C8", "xn--r8jz45g.xn--zckzah",
			"\u4F8B\u3048.\u30C6\u30B9\u30C8", 0, 0 },
		{ "[2001:DB8::1]", "[2001:db8::1]", "", 0, ERR_SYNTAX },
		{ "192.0.2.1", "192.0.2.1", "", 0, ERR_SYNTAX },
		{ "a..b", "", "", ERR_SYNTAX, ERR_SYNTAX },
		{ "", "", "", ERR_SYNTAX, ERR_SYNTAX },
		{ "xn--a", "", "", ERR_SYNTAX, ERR_SYNTAX },
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice in = slice_str(cases[i].in);

		if (jid_domain_ascii(in, text, sizeof(text)) != cases[i].ascii_err ||
			(!cases[i].ascii_err && strcmp(text, cases[i].ascii) != 0))
			fail_msg("%s: ascii %s", cases[i].in, text);
		if (jid_domain_unicode(in, text, sizeof(text)) != cases[i].unicode_err ||
			(!cases[i].unicode_err && strcmp(text, cases[i].unicode) != 0))
			fail_msg("%s: unicode %s", cases[i].in, text);
	}
	assert_int_equal(jid_domain_ascii(SLICE("example.com"), text, 12), 0);
	assert_int_equal(jid_domain_ascii(SLICE("example.com"), text, 11), ERR_LIMIT);
	assert_int_equal(jid_domain_unicode(SLICE("example.com"), text, 11), ERR_LIMIT);
}

static void ascii_allocates_nothing(void **state)
{
	struct jid j;

	(void)state;
	mem_fail_after(0);
	int err = jid_decode(SLICE("Juliet@Example.com/balcony"), &j, NULL);
	mem_fail_after(-1);
	assert_int_equal(err, 0);

	/* An address in brackets takes a buffer. */
	mem_fail_after(0);
	err = jid_decode(SLICE("a@[::1]"), &j, NULL);
	mem_fail_after(-1);
	assert_int_equal(err, -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_are_taken_apart_and_prepared),
		cmocka_unit_test(refusals_say_where_and_why),
		cmocka_unit_test(each_part_has_its_length),
		cmocka_unit_test(the_longest_address_fits),
		cmocka_unit_test(parts_may_come_from_the_address_itself),
		cmocka_unit_test(made_parts_are_not_parsed),
		cmocka_unit_test(equality_is_of_bytes_after_preparation),
		cmocka_unit_test(domains_go_both_ways),
		cmocka_unit_test(ascii_allocates_nothing),
	};

	return cmocka_run_group_tests_name("jid", tests, NULL, NULL);
}

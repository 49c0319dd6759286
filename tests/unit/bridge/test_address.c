/* RFC 7247 section 6 and XEP-0106: the RFC's vectors and those that it misses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"
#include "bridge/address.h"

static int to_jid(const char *uri, struct jid *jid)
{
	struct sip_uri u;
	struct where where;
	int err = sip_uri_decode(slice_str(uri), &u, &where);

	return err ? err : address_to_jid(&u, jid, &where);
}

static int to_sip(const char *text, char *ret, size_t size)
{
	struct jid jid;
	struct where where;
	struct buf b;

	buf_init(&b, 65536);
	int err = jid_decode(slice_str(text), &jid, &where);
	if (!err)
		err = address_to_sip(&jid, true, &b, &where);
	slice_cstr(buf_slice(&b), ret, size);
	buf_done(&b);
	return err;
}

static const struct {
	const char *sip, *jid;
} both_ways[] = {
	{ "sip:f%C3%BC@d.test", "f\u00fc@d.test" },
	{ "sip:o'malley@d.test", "o\\27malley@d.test" },
	{ "sip:foo@d.test;gr=bar", "foo@d.test/bar" },
	{ "sip:m&m@d.test", "m\\26m@d.test" },
	{ "sip:tsch%C3%BCss@d.test", "tsch\u00fcss@d.test" },
	{ "sip:baz@d.test;gr=qux", "baz@d.test/qux" },
	{ "sip:a%40b@d.test", "a\\40b@d.test" },
	{ "sip:a%22b@d.test", "a\\22b@d.test" },
	{ "sip:a%3Ab@d.test", "a\\3ab@d.test" },
	{ "sip:a%3Cb%3E@d.test", "a\\3cb\\3e@d.test" },
	{ "sip:a%20b@d.test", "a\\20b@d.test" },
	{ "sip:a/b@d.test", "a\\2fb@d.test" },
	{ "sip:a%5C27b@d.test", "a\\5c27b@d.test" },
	{ "sip:a%5Cb@d.test", "a\\b@d.test" },
	{ "sip:user;param=x@d.test", "user;param=x@d.test" },
	{ "sip:d.test", "d.test" },
	{ "sip:+1555@d.test", "+1555@d.test" },
	{ "sip:a@xn--bcher-kva.test", "a@b\u00fccher.test" },
	{ "sip:a@d.test;gr=x%3By%3Ez", "a@d.test/x;y>z" },
};

static void vectors_map_both_ways(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(both_ways); i++) {
		struct jid jid;
		char text[4096];

		print_message("case: %s\n", both_ways[i].sip);
		assert_int_equal(to_jid(both_ways[i].sip, &jid), 0);
		assert_string_equal(jid.text, both_ways[i].jid);
		assert_int_equal(to_sip(both_ways[i].jid, text, sizeof(text)), 0);
		assert_string_equal(text, both_ways[i].sip);
	}
}

static void other_forms_become_the_same_address(void **state)
{
	static const struct {
		const char *sip, *jid;
	} cases[] = {
		{ "sip:a@D.Test", "a@d.test" },
		{ "sip:a@d.test.", "a@d.test" },
		{ "sip:a@d.test:5070", "a@d.test" },
		{ "sip:A@d.test", "a@d.test" },
		{ "sip:+1555@d.test;user=phone", "+1555@d.test" },
		{ "sip:a@d.test;gr", "a@d.test" }, /* stox_core_6_3_temp_gruu_not_mapped */
		{ "im:a@d.test", "a@d.test" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct jid jid;

		print_message("case: %s\n", cases[i].sip);
		assert_int_equal(to_jid(cases[i].sip, &jid), 0);
		assert_string_equal(jid.text, cases[i].jid);
	}
}

static void what_cannot_cross_is_refused(void **state)
{
	static const struct {
		const char *sip;
		int want;
	} cases[] = {
		{ "sip:a%00b@d.test", ERR_SYNTAX },
		{ "sip:a%0D%0Ab@d.test", ERR_SYNTAX },
		{ "sip:%FF@d.test", ERR_SYNTAX },
		{ "sip:%C0%AF@d.test", ERR_SYNTAX },
		{ "sip:%20a@d.test", ERR_SYNTAX },
		{ "sip:a%20@d.test", ERR_SYNTAX },
		{ "sip:user:secret@d.test", ERR_SYNTAX },
		{ "sip:a@192.0.2.1", ERR_SYNTAX },
		{ "sip:a@[::1]", ERR_SYNTAX },
		{ "sip:a%EF%BC%BC40b@d.test", ERR_SYNTAX }, /* U+FF3C becomes a backslash */
		{ "tel:+1555", ERR_UNSUPPORTED },
		{ "sips:a@d.test", ERR_UNSUPPORTED },
		{ "http://d.test", ERR_UNSUPPORTED },
	};
	struct jid jid;
	char text[4096];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("case: %s\n", cases[i].sip);
		assert_int_equal(to_jid(cases[i].sip, &jid), cases[i].want);
	}
	/* An escape that stands for nothing could not be told from its plain form afterwards. */
	assert_int_equal(to_sip("a\\5cb@d.test", text, sizeof(text)), ERR_SYNTAX);
	assert_int_equal(to_sip("a\\20@d.test", text, sizeof(text)), ERR_SYNTAX);
}

static void a_long_user_part_is_over_the_limit(void **state)
{
	char uri[2200] = "sip:";
	struct jid jid;

	(void)state;
	memset(uri + 4, 'a', 1024);
	snprintf(uri + 4 + 1024, sizeof(uri) - 4 - 1024, "@d.test");
	assert_int_equal(to_jid(uri, &jid), ERR_LIMIT);
}

/* A user part of ASCII, the ten characters of XEP-0106 and some others, lower case. */
static void random_raw(struct rng *rng, struct buf *b)
{
	static const char *const pieces[] = { "a", "z", "5", "c", "2", "0", "7", "f", "\\", "\\5c",
		"\\20", "@", "'", "&", "/", ":", "<", ">", "\"", " ", "=", "+", "?", ";", "%", "#",
		"{", "\u00fc", "\u6f22", "\u00e9" };
	unsigned n = 1 + rng_below(rng, 12);

	buf_clear(b);
	for (unsigned i = 0; i < n; i++)
		buf_puts(b, pieces[rng_below(rng, COUNT(pieces))]);
}

static void there_and_back_is_the_identity(void **state)
{
	struct rng rng;
	struct buf raw, uri, again;
	unsigned mapped = 0;

	(void)state;
	rng_init_number(&rng, 7247);
	buf_init(&raw, 4096);
	buf_init(&uri, 4096);
	buf_init(&again, 4096);
	for (unsigned i = 0; i < 100000; i++) {
		struct jid jid;
		struct where where;

		random_raw(&rng, &raw);
		buf_clear(&uri);
		buf_puts(&uri, "sip:");
		sip_put_escaped_user(&uri, buf_slice(&raw));
		buf_puts(&uri, "@d.test");
		struct slice s = buf_slice(&raw);
		bool legal = s.p[0] != ' ' && s.p[s.n - 1] != ' ';
		int err = to_jid(buf_cstr(&uri), &jid);
		assert_int_equal(err, legal ? 0 : ERR_SYNTAX);
		if (err)
			continue;
		buf_clear(&again);
		assert_int_equal(address_to_sip(&jid, true, &again, &where), 0);
		if (!slice_eq(buf_slice(&again), buf_slice(&uri)))
			fail_msg("%s -> %s -> %s", buf_cstr(&uri), jid.text, buf_cstr(&again));
		mapped++;
	}
	assert_true(mapped > 50000);
	buf_done(&raw);
	buf_done(&uri);
	buf_done(&again);
}

static void addresses_are_read_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		enum address_kind kind;
		const char *want; /* NULL: refused */
	} cases[] = {
		{ "sip:pilar@litware.test", ADDRESS_SIP, "pilar@litware.test" },
		{ "SIP:Pilar@Litware.Test", ADDRESS_SIP, "pilar@litware.test" },
		{ "xmpp:adelany@contoso.test", ADDRESS_XMPP, "adelany@contoso.test" },
		{ "xmpp:a%40b@contoso.test?message", ADDRESS_XMPP, NULL },
		{ "adelany@contoso.test", ADDRESS_BARE, "adelany@contoso.test" },
		{ "adelany@contoso.test/phone", ADDRESS_BARE, "adelany@contoso.test" },
		{ "o'malley@contoso.test", ADDRESS_BARE, "o\\27malley@contoso.test" },
		{ "contoso.test", ADDRESS_BARE, NULL },
		{ "tel:+1555", ADDRESS_SIP, NULL },
		{ "", ADDRESS_BARE, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum address_kind kind;
		struct jid jid;
		struct where where;
		int err = address_read(slice_str(cases[i].text), &kind, &jid, &where);

		print_message("case: %s\n", cases[i].text);
		assert_int_equal(err == 0, cases[i].want != NULL);
		if (err)
			continue;
		assert_int_equal(kind, cases[i].kind);
		assert_string_equal(jid.text, cases[i].want);
	}
}

/* RFC 5122 */
static void an_address_is_written_as_an_iri(void **state)
{
	static const struct {
		const char *jid, *iri;
	} cases[] = {
		{ "a@d.test", "xmpp:a@d.test" },
		{ "d.test", "xmpp:d.test" },
		{ "a@d.test/r", "xmpp:a@d.test/r" },
		{ "a.b-c_d~e!$()*+,;=@d.test", "xmpp:a.b-c_d~e!$()*+,;=@d.test" },
		{ "a\\40b@d.test", "xmpp:a%5C40b@d.test" },
		{ "#%?[]^`{|}@d.test", "xmpp:%23%25%3F%5B%5D%5E%60%7B%7C%7D@d.test" },
		{ "a@d.test/x y/z?#'&\"<", "xmpp:a@d.test/x%20y%2Fz%3F%23%27%26%22%3C" },
		{ "\u00fc@b\u00fccher.test/\u00e9", "xmpp:%C3%BC@b\u00fccher.test/%C3%A9" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct jid jid, again;
		struct where where;
		enum address_kind kind;
		struct buf b;

		buf_init(&b, 4096);
		assert_int_equal(jid_decode(slice_str(cases[i].jid), &jid, &where), 0);
		address_put_iri(&jid, &b);
		assert_string_equal(buf_cstr(&b), cases[i].iri);
		if (jid.n_local) { /* and is read as what it was */
			assert_int_equal(address_read(buf_slice(&b), &kind, &again, &where), 0);
			assert_true(jid_bare_eq(&jid, &again));
		}
		buf_done(&b);
	}
}

/* RFC 5122, RFC 3261 section 21.3: what <gone/> and <redirect/> name. */
static void a_new_address_becomes_a_contact(void **state)
{
	static const struct {
		const char *iri, *want; /* NULL: it has no form there */
	} cases[] = {
		{ "xmpp:new@contoso.test", "sip:new@contoso.test" },
		{ "\n   XMPP:new@contoso.test\n  ", "sip:new@contoso.test" }, /* RFC 6120 8.3.3.5 */
		{ "xmpp:new@contoso.test/desk", "sip:new@contoso.test;gr=desk" },
		{ "xmpp:a%5C40b@contoso.test", "sip:a%40b@contoso.test" },
		{ "xmpp:new@b\u00fccher.test?message;subject=x", "sip:new@xn--bcher-kva.test" },
		{ "xmpp:new@contoso.test#top", "sip:new@contoso.test" },
		{ "xmpp://me@b.test/new@contoso.test?message", "sip:new@contoso.test" },
		{ "xmpp:contoso.test", "sip:contoso.test" },
		{ "sip:new@contoso.test:5070;transport=tcp",
			"sip:new@contoso.test:5070;transport=tcp" },
		{ "sips:new@contoso.test", "sips:new@contoso.test" },
		{ "tel:+15550100", "tel:+15550100" },
		{ "mailto:new@contoso.test", "mailto:new@contoso.test" },
		{ "https://contoso.test/new?x=1", "https://contoso.test/new?x=1" },
		{ "", NULL },
		{ "new@contoso.test", NULL }, /* an address, but no URI: RFC 6120 asks for one */
		{ "xmpp:", NULL },
		{ "xmpp://me@b.test", NULL },
		{ "xmpp:@contoso.test", NULL },
		{ "xmpp:a\\5cx@contoso.test", NULL },
		{ "xmpp:a%0D%0AX: y@contoso.test", NULL },
		{ "sip:new@contoso.test>\r\nX: y", NULL },
		{ "sip:new@contoso.test?Route=%3Csip:x%3E", NULL },
		{ "sip:new:secret@contoso.test", NULL },
		{ "https://contoso.test/>", NULL },
		{ "https://contoso.test/\u00e9", NULL },
		{ "gone fishing", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct where where;
		struct buf b;

		print_message("case: %s\n", cases[i].iri);
		buf_init(&b, 512);
		int err = address_iri_to_contact(slice_str(cases[i].iri), &b, &where);
		assert_int_equal(err == 0, cases[i].want != NULL);
		if (!err)
			assert_string_equal(buf_cstr(&b), cases[i].want);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(vectors_map_both_ways),
		cmocka_unit_test(other_forms_become_the_same_address),
		cmocka_unit_test(what_cannot_cross_is_refused),
		cmocka_unit_test(a_long_user_part_is_over_the_limit),
		cmocka_unit_test(there_and_back_is_the_identity),
		cmocka_unit_test(addresses_are_read_as_people_write_them),
		cmocka_unit_test(an_address_is_written_as_an_iri),
		cmocka_unit_test(a_new_address_becomes_a_contact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

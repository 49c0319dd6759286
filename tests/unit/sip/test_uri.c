#include "sip/uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static struct sip_uri must_decode(const char *text)
{
	struct sip_uri u;
	struct where where;

	if (sip_uri_decode(slice_str(text), &u, &where))
		fail_msg("%s: %s at %zu", text, where.what, where.offset);
	return u;
}

static void check_part(const char *text, const char *part, struct slice got, const char *want)
{
	if (!slice_eqs(got, want ? want : ""))
		fail_msg("%s: %s is \"%.*s\", wanted \"%s\"", text, part, SLICE_FMT(got),
			want ? want : "");
}

/* What stands for itself in a case is "" when it is left out. */
static const struct {
	const char *text;
	enum sip_scheme scheme;
	const char *user, *password, *host;
	uint16_t port;
	const char *params, *headers;
} good[] = {
	{ .text = "sip:litware.test", SIP_SCHEME_SIP, .host = "litware.test" },
	{ .text = "sip:pilar@litware.test", SIP_SCHEME_SIP, "pilar", .host = "litware.test" },
	{ .text = "SIPS:pilar@litware.test:5061",
		SIP_SCHEME_SIPS,
		"pilar",
		NULL,
		"litware.test",
		5061 },
	{ .text = "sip:pilar:secret&=+$,@litware.test",
		SIP_SCHEME_SIP,
		"pilar",
		"secret&=+$,",
		"litware.test" },
	{ .text = "sip:pilar:@litware.test", SIP_SCHEME_SIP, "pilar", "", "litware.test" },
	{ .text = "sip:a@[2001:db8::1]:5070;transport=tcp;lr",
		SIP_SCHEME_SIP,
		"a",
		NULL,
		"[2001:db8::1]",
		5070,
		"transport=tcp;lr" },
	{ .text = "sip:[::ffff:192.0.2.1]", SIP_SCHEME_SIP, .host = "[::ffff:192.0.2.1]" },
	{ .text = "sip:192.0.2.1:1", SIP_SCHEME_SIP, .host = "192.0.2.1", .port = 1 },
	{ .text = "sip:h:65535", SIP_SCHEME_SIP, .host = "h", .port = 65535 },
	{ .text = "sip:a@b.test?Subject=x&Route=%3Csip:c%3E",
		SIP_SCHEME_SIP,
		"a",
		NULL,
		"b.test",
		0,
		NULL,
		"Subject=x&Route=%3Csip:c%3E" },
	{ .text = "sip:a@b;p=1?to=", SIP_SCHEME_SIP, "a", NULL, "b", 0, "p=1", "to=" },
	{ .text = "sip:host.test.", SIP_SCHEME_SIP, .host = "host.test." },
	{ .text = "sip:0a1b2c3d", SIP_SCHEME_SIP, .host = "0a1b2c3d" },
	{ .text = "sip:xn--e1afmkfd.test", SIP_SCHEME_SIP, .host = "xn--e1afmkfd.test" },
	/* RFC 4475 sections 3.1.1.2, 3.1.1.3, 3.1.1.4, 3.1.1.9 and 3.3.14 */
	{ .text = "sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/"
		  ";;*:&it+has=1,weird!*pas$wo~d_too."
		  "(doesn't-it)@example.com",
		SIP_SCHEME_SIP,
		"1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
		"&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
		"example.com" },
	{ .text = "sip:sips%3Auser%40example.com@example.net",
		SIP_SCHEME_SIP,
		"sips%3Auser%40example.com",
		NULL,
		"example.net" },
	{ .text = "sip:null-%00-null@example.com",
		SIP_SCHEME_SIP,
		"null-%00-null",
		NULL,
		"example.com" },
	{ .text = "sip:user;par=u%40example.net@example.com",
		SIP_SCHEME_SIP,
		"user;par=u%40example.net",
		NULL,
		"example.com" },
	{ .text = "sip:+19725552222@gw1.example.net;unknownparam",
		SIP_SCHEME_SIP,
		"+19725552222",
		NULL,
		"gw1.example.net",
		0,
		"unknownparam" },
	{ .text = "im:adelany@contoso.test", SIP_SCHEME_IM, "adelany", NULL, "contoso.test" },
	{ .text = "pres:adelany@contoso.test", SIP_SCHEME_PRES, "adelany", NULL, "contoso.test" },
	{ .text = "tel:+1-201-555-0123", SIP_SCHEME_TEL, "+1-201-555-0123" },
	{ .text = "tel:7042;phone-context=example.com",
		SIP_SCHEME_TEL,
		"7042",
		.params = "phone-context=example.com" },
	{ .text = "nobodyKnowsThisScheme:totallyopaquecontent", SIP_SCHEME_OTHER },
	/* What peers write and has no other meaning. */
	{ .text = "sip:PBX#90@b", SIP_SCHEME_SIP, "PBX#90", .host = "b" },
	{ .text = "sip:#[a]{b}|\\^`#@b", SIP_SCHEME_SIP, "#[a]{b}|\\^`#", .host = "b" },
	{ .text = "sip:J\xc3\xbcrg@b", SIP_SCHEME_SIP, "J\xc3\xbcrg", .host = "b" },
	{ .text = "sip:a@b;x=y;", SIP_SCHEME_SIP, "a", NULL, "b", 0, "x=y;" },
	{ .text = "sip:a@b;;;lr=;?x=y", SIP_SCHEME_SIP, "a", NULL, "b", 0, ";;lr=;", "x=y" },
	{ .text = "tel:12;", SIP_SCHEME_TEL, "12" },
	{ .text = "soap.beep://192.0.2.103:3002/a?b", SIP_SCHEME_OTHER },
};

static void a_uri_is_cut_into_its_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		const char *t = good[i].text;
		struct sip_uri u = must_decode(t);

		if (u.scheme != good[i].scheme || u.port != good[i].port ||
			u.has_password != (good[i].password != NULL))
			fail_msg("%s: scheme %d, port %u", t, (int)u.scheme, u.port);
		check_part(t, "text", u.text, t);
		check_part(t, "user", u.user, good[i].user);
		check_part(t, "password", u.password, good[i].password);
		check_part(t, "host", u.host, good[i].host);
		check_part(t, "params", u.params, good[i].params);
		check_part(t, "headers", u.headers, good[i].headers);
		assert_int_equal(u.scheme_text.n, slice_chr(u.text, ':'));
	}
}

#define LABEL_63 "a23456789012345678901234567890123456789012345678901234567890123"

static const struct {
	const char *text;
	size_t offset;
	const char *what;
} bad[] = {
	{ "", 0, "a URI without a scheme" },
	{ "sip", 0, "a URI without a scheme" },
	{ "<sip:a@b>", 0, "a URI without a scheme" }, /* RFC 4475 section 3.1.2.7 */
	{ " sip:a@b", 0, "a URI without a scheme" },
	{ "1sip:a@b", 0, "a URI without a scheme" },
	{ ":a@b", 0, "a URI without a scheme" },
	{ "sip:", 4, "the host is missing" },
	{ "sip:a@", 6, "the host is missing" },
	{ "sip:a@:5060", 6, "the host is missing" },
	{ "sip:@b", 4, "an @ without a user part" },
	{ "sip:a b@c", 5, "a character that the user part does not allow" },
	{ "sip:a<@c", 5, "a character that the user part does not allow" },
	{ "sip:a:p/@c", 7, "a character that the user part does not allow" },
	{ "sip:a%4@c", 5, "a % in the user part without two hex digits" },
	{ "sip:a%zz@c", 5, "a % in the user part without two hex digits" },
	{ "sip:a@b@c", 7, "a character that a SIP URI does not allow" },
	{ "sip:-a.test", 4, "a malformed host name" },
	{ "sip:a-.test", 4, "a malformed host name" },
	{ "sip:a..test", 4, "a malformed host name" },
	{ "sip:.", 4, "a malformed host name" },
	{ "sip:a." LABEL_63 "4", 4, "a malformed host name" },
	{ "sip:192.0.2.256", 4, "a malformed host name" },
	{ "sip:192.0.2.1.", 4, "a malformed host name" },
	{ "sip:1.2.3", 4, "a malformed host name" },
	{ "sip:a_b.test", 5, "a character that a SIP URI does not allow" },
	{ "sip:a@[::1", 6, "a malformed IPv6 reference" },
	{ "sip:a@[::g]", 6, "a malformed IPv6 reference" },
	{ "sip:a@[]", 6, "a malformed IPv6 reference" },
	{ "sip:a@b:", 8, "the port is not a number from 1 to 65535" },
	{ "sip:a@b:0", 8, "the port is not a number from 1 to 65535" },
	{ "sip:a@b:65536", 8, "the port is not a number from 1 to 65535" },
	{ "sip:a@b:99999999999999999999", 8, "the port is not a number from 1 to 65535" },
	{ "sip:a@b:50x", 10, "a character that a SIP URI does not allow" },
	{ "sip:a@b;x%1", 9, "a malformed URI parameter" },
	{ "sip:a@b; lr", 8, "a malformed URI parameter" },
	{ "sip:a@b;transport=tcp;lr;Transport=udp", 25, "a URI parameter that stands twice" },
	{ "sip:a@b?x=1?y=2", 13, "a character that a SIP URI does not allow" },
	{ "sip:a@b?", 8, "a malformed header in a URI" },
	{ "sip:a@b?x", 9, "a header in a URI without its =" },
	{ "sip:a@b?x=1&", 12, "a malformed header in a URI" },
	{ "sip:a@b?x=%", 10, "a malformed header in a URI" },
	{ "sip:a@b?x=1=2", 11, "a character that a SIP URI does not allow" },
	{ "sip:a@b#c", 7, "a character that a SIP URI does not allow" },
	{ "tel:", 4, "a tel URI without a number" },
	{ "tel:+", 4, "a tel URI without a number" },
	{ "tel:-.;a=b", 4, "a tel URI without a number" },
	{ "tel:+12a", 7, "a character that a number does not allow" },
	{ "tel:12;a b", 8, "a character that a tel URI does not allow" },
	{ "http:", 5, "a URI without anything behind its scheme" },
	{ "http://a b", 8, "a character that a URI does not allow" },
	{ "http://a%b", 8, "a character that a URI does not allow" },
};

static void a_refusal_says_the_place_and_the_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct sip_uri u = { .port = 7 };
		struct where where = { 0 };
		int err = sip_uri_decode(slice_str(bad[i].text), &u, &where);

		if (err != ERR_SYNTAX)
			fail_msg("%s: returned %d", bad[i].text, err);
		if (where.offset != bad[i].offset || strcmp(where.what, bad[i].what) != 0)
			fail_msg("%s: %s at %zu, wanted %s at %zu", bad[i].text, where.what,
				where.offset, bad[i].what, bad[i].offset);
		assert_int_equal(u.port, 7); /* never written on failure */
	}
}

static void a_uri_has_a_longest_length(void **state)
{
	static char text[SIP_URI_MAX + 2];
	struct sip_uri u;
	struct where where;

	(void)state;
	memset(text, 'a', sizeof(text));
	const struct slice head = SLICE("sip:"), tail = SLICE("@bc");
	memcpy(text, head.p, head.n);
	memcpy(text + SIP_URI_MAX - 2, tail.p, tail.n);
	assert_int_equal(sip_uri_decode(slice_of(text, SIP_URI_MAX), &u, &where), 0);
	assert_int_equal(sip_uri_decode(slice_of(text, SIP_URI_MAX + 1), &u, &where), ERR_LIMIT);
	assert_int_equal(where.offset, SIP_URI_MAX);
}

static void a_zero_byte_is_refused(void **state)
{
	struct sip_uri u;
	struct where where;

	(void)state;
	assert_int_equal(sip_uri_decode(SLICE("sip:a\0b@c"), &u, &where), ERR_SYNTAX);
	assert_int_equal(where.offset, 5);
}

static void a_parameter_is_found_by_name(void **state)
{
	struct sip_uri u = must_decode("sip:a@b;transport=TCP;lr;x=%20");
	struct slice v;

	(void)state;
	assert_true(sip_uri_param(&u, "Transport", &v));
	assert_true(slice_eqs(v, "TCP"));
	assert_true(sip_uri_param(&u, "lr", &v));
	assert_null(v.p);
	assert_true(sip_uri_param(&u, "x", &v));
	assert_true(slice_eqs(v, "%20"));
	assert_false(sip_uri_param(&u, "l", &v));
	assert_false(sip_uri_param(&u, "maddr", &v));
}

static const struct {
	const char *a, *b;
	bool equal;
} pairs[] = {
	/* RFC 3261 section 19.1.4 */
	{ "sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true },
	{ "sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true },
	{ "sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on", true },
	{ "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
		"sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true },
	{ "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
		"sip:alice@atlanta.com?priority=urgent&subject=project%20x", true },
	{ "SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false },
	{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false },
	{ "sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false },
	{ "sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false },
	{ "sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false },
	{ "sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false },
	{ "sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false },
	/* ours */
	{ "sip:a@b", "sips:a@b", false },
	{ "sip:a@b", "sip:b", false },
	{ "sip:a%3bb@c", "sip:a;b@c", false }, /* a reserved character is not its escape */
	{ "sip:a%2Db@c", "sip:a-b@c", true },
	{ "sip:a%3bb@c", "sip:a%3Bb@c", true },
	{ "sip:a:p@b", "sip:a@b", false },
	{ "sip:a:p@b", "sip:a:q@b", false },
	{ "sip:a@b;maddr=192.0.2.1", "sip:a@b", false },
	{ "sip:a@b;gr=1", "sip:a@b", false },
	{ "sip:a@b;a23456789012345678901234567890123456789012345678901234567890123456789=1",
		"sip:a@b;a23456789012345678901234567890123456789012345678901234567890123456789=1",
		true },
	{ "sip:a@b?x=1&x=1", "sip:a@b?x=1", false },
	{ "sip:a@b?x=1&x=2", "sip:a@b?x=1&x=1", false },
	{ "tel:+1-201-555-0123", "tel:+12015550123", true },
	{ "tel:+12015550123", "tel:+12015550124", false },
	{ "tel:7042;phone-context=a.test", "tel:7042;phone-context=b.test", false },
	{ "http://a/", "http://b/", false },
	{ "HTTP://a/", "http://a/", true },
};

static void equality_is_that_of_the_rfc(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct sip_uri a = must_decode(pairs[i].a), b = must_decode(pairs[i].b);

		if (sip_uri_equal(&a, &b) != pairs[i].equal ||
			sip_uri_equal(&b, &a) != pairs[i].equal)
			fail_msg("%s and %s should %sbe equal", pairs[i].a, pairs[i].b,
				pairs[i].equal ? "" : "not ");
	}
}

static void parameters_and_headers_have_a_largest_number(void **state)
{
	static const char separators[] = ";&";

	(void)state;
	for (size_t k = 0; k < 2; k++) {
		char text[1024];
		size_t n = (size_t)snprintf(text, sizeof(text), k ? "sip:b?p0=" : "sip:b;p0=0");
		struct sip_uri u;
		struct where where;

		for (unsigned i = 1; i < 64; i++)
			n += (size_t)snprintf(
				text + n, sizeof(text) - n, "%cp%u=1", separators[k], i);
		must_decode(text);
		snprintf(text + n, sizeof(text) - n, "%cp64=1", separators[k]);
		assert_int_equal(sip_uri_decode(slice_str(text), &u, &where), ERR_LIMIT);
		assert_int_equal(where.offset, n + 1);
	}
}

static void escapes_are_undone(void **state)
{
	static const struct {
		const char *in, *out;
		size_t n;
		int err;
		size_t offset;
	} cases[] = {
		{ .in = "plain", "plain", 5 },
		{ .in = "a%40b%2fc", "a@b/c", 5 },
		{ .in = "%00", "\0", 1 },
		{ .in = "%C3%a4", "\xc3\xa4", 2 },
		{ .in = "%", .err = ERR_SYNTAX, .offset = 0 },
		{ .in = "ab%4", .err = ERR_SYNTAX, .offset = 2 },
		{ .in = "%4g", .err = ERR_SYNTAX, .offset = 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b;
		struct where where;

		buf_init(&b, 64);
		int err = sip_unescape(slice_str(cases[i].in), &b, &where);
		assert_int_equal(err, cases[i].err);
		if (err)
			assert_int_equal(where.offset, cases[i].offset);
		else if (!slice_eq(buf_slice(&b), slice_of(cases[i].out, cases[i].n)))
			fail_msg("%s", cases[i].in);
		buf_done(&b);
	}
}

/* Every byte through the escape and back, and inside a URI in between. */
static void any_user_part_can_be_written(void **state)
{
	uint8_t raw[256];
	struct where where;
	struct sip_uri u;
	struct slice v;
	struct buf b, back;

	(void)state;
	for (size_t i = 0; i < sizeof(raw); i++)
		raw[i] = (uint8_t)i;
	buf_init(&b, 4096);
	buf_init(&back, 4096);
	buf_puts(&b, "sip:");
	sip_put_escaped_user(&b, slice_of(raw, sizeof(raw)));
	buf_puts(&b, "@h;p=");
	sip_put_escaped_param(&b, slice_of(raw, sizeof(raw)));
	assert_int_equal(sip_uri_decode(buf_slice(&b), &u, &where), 0);
	assert_int_equal(sip_unescape(u.user, &back, &where), 0);
	assert_true(slice_eq(buf_slice(&back), slice_of(raw, sizeof(raw))));
	assert_true(sip_uri_param(&u, "p", &v));
	buf_clear(&back);
	assert_int_equal(sip_unescape(v, &back, &where), 0);
	assert_true(slice_eq(buf_slice(&back), slice_of(raw, sizeof(raw))));
	buf_clear(&b);
	sip_put_escaped_user(&b, SLICE("a.b&c;d/e?f@g:h"));
	assert_true(slice_eqs(buf_slice(&b), "a.b&c;d/e?f%40g%3Ah"));
	buf_done(&b);
	buf_done(&back);
}

static void no_memory_is_reported(void **state)
{
	struct where where;
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	mem_fail_after(0);
	int err = sip_unescape(SLICE("a%40b"), &b, &where);
	mem_fail_after(-1);
	assert_int_equal(err, -ENOMEM);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_uri_is_cut_into_its_parts),
		cmocka_unit_test(a_refusal_says_the_place_and_the_reason),
		cmocka_unit_test(a_uri_has_a_longest_length),
		cmocka_unit_test(a_zero_byte_is_refused),
		cmocka_unit_test(a_parameter_is_found_by_name),
		cmocka_unit_test(equality_is_that_of_the_rfc),
		cmocka_unit_test(parameters_and_headers_have_a_largest_number),
		cmocka_unit_test(escapes_are_undone),
		cmocka_unit_test(any_user_part_can_be_written),
		cmocka_unit_test(no_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "sip/hdr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "sip/chars.h"

static void check(const char *in, const char *part, struct slice got, const char *want)
{
	if (!slice_eqs(got, want ? want : ""))
		fail_msg("%s: %s is \"%.*s\", wanted \"%s\"", in, part, SLICE_FMT(got),
			want ? want : "");
}

/* The table is numbers; the grammar is text. */
static void the_character_classes_are_those_of_the_grammar(void **state)
{
	static const struct {
		uint8_t class;
		bool alphanum;
		const char *marks;
	} classes[] = {
		{ SIP_CHAR_TOKEN, true, "-.!%*_+`'~" },
		{ SIP_CHAR_WORD, true, "-.!%*_+`'~()<>:\\\"/[]?{}" },
		{ SIP_CHAR_LWS, false, " \t\r\n" },
		{ SIP_CHAR_LIST, false, "\"<>," },
	};

	(void)state;
	for (size_t k = 0; k < COUNT(classes); k++)
		for (unsigned c = 0; c < 256; c++) {
			bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
				     (c >= 'A' && c <= 'Z');
			bool want = (alnum && classes[k].alphanum) ||
				    (c && c < 128 && strchr(classes[k].marks, (int)c));

			if (sip_char_is((uint8_t)c, classes[k].class) != want)
				fail_msg("class %u, character %u", classes[k].class, c);
		}
}

static void a_row_is_split_at_the_commas_that_count(void **state)
{
	static const struct {
		const char *in;
		const char *values[4];
	} cases[] = {
		{ "a", { "a" } },
		{ "a,b , c", { "a", "b", "c" } },
		{ "\"Bell, A\" <sip:a,b@c>;p=\"x,y\", <sip:d>",
			{ "\"Bell, A\" <sip:a,b@c>;p=\"x,y\"", "<sip:d>" } },
		{ "\"a\\\",b\",c", { "\"a\\\",b\"", "c" } },
		{ "<sip:\"@b>,c", { "<sip:\"@b>", "c" } },
		{ " \r\n a ,\r\n\tb", { "a", "b" } },
		{ ",, a ,,b,", { "a", "b" } },
		{ "\"never ends, a", { "\"never ends, a" } },
		{ "\"ends in a \\", { "\"ends in a \\" } },
		{ "", { NULL } },
		{ " , ,", { NULL } },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct slice rest = slice_str(cases[i].in), value;
		size_t n = 0;

		for (; sip_hdr_next(&rest, &value); n++)
			check(cases[i].in, "value", value, n < 4 ? cases[i].values[n] : NULL);
		if (n < 4 && cases[i].values[n])
			fail_msg("%s: only %zu values", cases[i].in, n);
	}
}

static const struct {
	const char *in, *transport, *host;
	uint16_t port;
	const char *branch, *received;
	bool has_rport;
	uint16_t rport;
} good_vias[] = {
	{ .in = "SIP/2.0/UDP h", "UDP", "h" },
	{ .in = "SIP/2.0/TLS pool.litware.test:5061;branch=z9hG4bK1",
		"TLS",
		"pool.litware.test",
		5061,
		"z9hG4bK1" },
	{ .in = "sip/2.0/udp 192.0.2.1;rport;branch=z9;received=192.0.2.9",
		"udp",
		"192.0.2.1",
		0,
		"z9",
		"192.0.2.9",
		true,
		0 },
	{ .in = "SIP/2.0/UDP h;RPORT=5062;BRANCH=x", "UDP", "h", 0, "x", NULL, true, 5062 },
	{ .in = "SIP/2.0/TCP [2001:db8::1]:5060;received=2001:db8::2",
		"TCP",
		"[2001:db8::1]",
		5060,
		NULL,
		"2001:db8::2" },
	{ .in = "SIP/2.0/UNKNOWN my_host:1", "UNKNOWN", "my_host", 1 },
	{ .in = "SIP/2.0/UDP h;x=\"a;b\\\"c\";branch=y", "UDP", "h", 0, "y" },
	{ .in = "SIP/2.0/UDP h;branch=z9hG4bK-.!%66*_+`'~", "UDP", "h", 0, "z9hG4bK-.!%66*_+`'~" },
	/* RFC 4475 section 3.1.1.1 */
	{ .in = "SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw",
		"UDP",
		"192.0.2.2",
		0,
		"390skdjuw" },
	{ .in = "SIP  / 2.0  / TCP     spindle.example.com   ;\r\n  branch  =   z9hG4bK9ikj8  ",
		"TCP",
		"spindle.example.com",
		0,
		"z9hG4bK9ikj8" },
	{ .in = "SIP/2.0/UDP h : 5060 ; rport", "UDP", "h", 5060, NULL, NULL, true },
};

static void a_via_is_cut_into_its_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_vias); i++) {
		const char *in = good_vias[i].in;
		struct sip_via v;
		struct where where;

		if (sip_via_decode(slice_str(in), &v, &where))
			fail_msg("%s: %s at %zu", in, where.what, where.offset);
		check(in, "text", v.text, in);
		check(in, "transport", v.transport, good_vias[i].transport);
		check(in, "host", v.host, good_vias[i].host);
		check(in, "branch", v.branch, good_vias[i].branch);
		check(in, "received", v.received, good_vias[i].received);
		if (v.port != good_vias[i].port || v.has_rport != good_vias[i].has_rport ||
			v.rport != good_vias[i].rport)
			fail_msg("%s: port %u rport %d %u", in, v.port, v.has_rport, v.rport);
	}
}

struct bad {
	const char *in;
	size_t offset;
	const char *what;
};

static void check_bad(const struct bad *bad, int err, const struct where *where)
{
	if (err != ERR_SYNTAX)
		fail_msg("%s: returned %d", bad->in, err);
	if (where->offset != bad->offset || strcmp(where->what, bad->what) != 0)
		fail_msg("%s: %s at %zu, wanted %s at %zu", bad->in, where->what, where->offset,
			bad->what, bad->offset);
}

static const struct bad bad_vias[] = {
	{ "", 0, "a Via that is not of SIP/2.0" },
	{ "SIP/3.0/UDP h", 4, "a Via that is not of SIP/2.0" },
	{ "HTTP/2.0/UDP h", 0, "a Via that is not of SIP/2.0" },
	{ "SIP/2.0", 7, "a Via without its transport" },
	{ "SIP/2.0/ ", 9, "a Via without its transport" },
	{ "SIP/2.0/UDP", 11, "a Via without a sent-by host" },
	{ "SIP/2.0/UDP ;branch=a", 12, "a Via without a sent-by host" },
	{ "SIP/2.0/UDP [::1", 12, "a Via without a sent-by host" },
	{ "SIP/2.0/UDP [nonsense]", 12, "a Via without a sent-by host" },
	{ "SIP/2.0/UDP h:", 14, "a Via port that is no number from 1 to 65535" },
	{ "SIP/2.0/UDP h:0", 14, "a Via port that is no number from 1 to 65535" },
	{ "SIP/2.0/UDP h:65536", 14, "a Via port that is no number from 1 to 65535" },
	{ "SIP/2.0/UDP h:5060x", 18, "something that is no parameter behind the value" },
	{ "SIP/2.0/UDP h i", 14, "something that is no parameter behind the value" },
	{ "SIP/2.0/UDP h;;branch=a", 14, "a malformed header parameter" },
	{ "SIP/2.0/UDP h;x=\"a", 14, "a malformed header parameter" },
	{ "SIP/2.0/UDP h;branch=a;branch=b", 23, "a branch that is empty or stands twice" },
	{ "SIP/2.0/UDP h;branch=", 14, "a branch that is empty or stands twice" },
	{ "SIP/2.0/UDP h;branch", 14, "a branch that is empty or stands twice" },
	/* RFC 4475 section 3.1.2.1 */
	{ "SIP/2.0/UDP 192.0.2.15;;", 23, "a malformed header parameter" },
};

static void a_bad_via_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_vias); i++) {
		struct sip_via v;
		struct where where = { 0 };

		check_bad(&bad_vias[i], sip_via_decode(slice_str(bad_vias[i].in), &v, &where),
			&where);
	}
}

static const struct {
	const char *in, *display, *uri, *params, *tag;
} good_addresses[] = {
	{ .in = "<sip:a@b>", NULL, "sip:a@b" },
	{ .in = "sip:a@b", NULL, "sip:a@b" },
	{ .in = "\"Pilar \\\"P\\\" A\" <sip:a@b;x=y?h=i>;tag=1",
		"\"Pilar \\\"P\\\" A\"",
		"sip:a@b;x=y?h=i",
		"tag=1",
		"1" },
	{ .in = "Pilar Ackerman <sip:a@b>", "Pilar Ackerman", "sip:a@b" },
	{ .in = "Z\xc3\xbcrich <sip:a@b>", "Z\xc3\xbcrich", "sip:a@b" },
	{ .in = "\"<sip:x@y>\" <sip:a@b>", "\"<sip:x@y>\"", "sip:a@b" },
	/* RFC 3261 section 20: without <> the parameters are the header's. */
	{ .in = "sip:a@b;tag=88sja8x;x=1", NULL, "sip:a@b", "tag=88sja8x;x=1", "88sja8x" },
	{ .in = "sip:a@b ; tag = 1", NULL, "sip:a@b", " tag = 1", "1" },
	{ .in = "sip:a@b;x=\"<\"", NULL, "sip:a@b", "x=\"<\"" },
	{ .in = "<sip:a@b>;lr;q=0.5;+sip.instance=\"<urn:uuid:1>\"",
		NULL,
		"sip:a@b",
		"lr;q=0.5;+sip.instance=\"<urn:uuid:1>\"" },
	{ .in = "<sip:a@b>;tag=abc/def==", NULL, "sip:a@b", "tag=abc/def==", "abc/def==" },
	{ .in = "<sip:a@b>;epid=;TAG=1", NULL, "sip:a@b", "epid=;TAG=1", "1" },
	{ .in = "<tel:+12015550123>;tag=1", NULL, "tel:+12015550123", "tag=1", "1" },
	{ .in = "<urn:service:sos>", NULL, "urn:service:sos" },
	/* RFC 4475 sections 3.1.1.1 and 3.1.1.6 */
	{ .in = "\"J Rosenberg \\\\\\\"\"       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = "
		"98asjd8",
		"\"J Rosenberg \\\\\\\"\"",
		"sip:jdrosen@example.com",
		"\r\n  tag = 98asjd8",
		"98asjd8" },
	{ .in = "sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n",
		NULL,
		"sip:vivekg@chair-dnrc.example.com",
		"   tag    = 1918181833n",
		"1918181833n" },
	/* RFC 4475 sections 3.1.2.14 and 3.1.2.15; what nobody needs is passed over */
	{ .in = "\"Watson, Thomas\" < sip:t.watson@example.org >",
		"\"Watson, Thomas\"",
		"sip:t.watson@example.org" },
	{ .in = "Bell, Alexander <sip:a.g.bell@example.com>;tag=43",
		"Bell, Alexander",
		"sip:a.g.bell@example.com",
		"tag=43",
		"43" },
	{ .in = "a@b (x); [y] <sip:a@b>", "a@b (x); [y]", "sip:a@b" },
	{ .in = "<sip:a@b>;;tag=1;", NULL, "sip:a@b", ";tag=1;", "1" },
	{ .in = "<sip:a@b>;tag=;x=y", NULL, "sip:a@b", "tag=;x=y" },
	{ .in = "<sip:a@b> ; tag ;", NULL, "sip:a@b", " tag ;" },
	{ .in = "caller<sip:caller@example.com>;tag=323",
		"caller",
		"sip:caller@example.com",
		"tag=323",
		"323" },
};

static void an_address_is_cut_into_its_parts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(good_addresses); i++) {
		const char *in = good_addresses[i].in;
		struct sip_nameaddr a;
		struct where where;

		if (sip_nameaddr_decode(slice_str(in), &a, &where))
			fail_msg("%s: %s at %zu", in, where.what, where.offset);
		check(in, "text", a.text, in);
		check(in, "display", a.display, good_addresses[i].display);
		check(in, "uri", a.uri_text, good_addresses[i].uri);
		check(in, "uri.text", a.uri.text, good_addresses[i].uri);
		check(in, "params", a.params, good_addresses[i].params);
		check(in, "tag", a.tag, good_addresses[i].tag);
	}
}

static const struct bad bad_addresses[] = {
	{ "", 0, "a URI without a scheme" },
	{ "*", 0, "a URI without a scheme" },
	{ "Pilar", 0, "a URI without a scheme" },
	{ "<sip:a@b", 0, "a < without its >" },
	{ "<>", 1, "a URI without a scheme" },
	{ "<sip:a b@c>", 6, "a character that the user part does not allow" },
	{ "\"x\" sip:a@b", 4, "a display name without <" },
	{ "\"x\"", 3, "a display name without <" },
	{ "<sip:a@b> x", 10, "something that is no parameter behind the value" },
	{ "<sip:a@b>, <sip:c@d>", 9, "something that is no parameter behind the value" },
	{ "<sip:a@b>;=", 10, "a malformed header parameter" },
	{ "<sip:a@b>;tag=\"x", 10, "a malformed header parameter" },
	{ "<sip:a@b>;tag=x>", 15, "something that is no parameter behind the value" },
	{ "<sip:a@b>;tag=1;tag=2", 16, "a tag that stands twice" },
	{ "sip:a,b@c;tag=1", 5, "a URI with a comma needs < and >" },
	{ "sip:a@b>", 7, "a character that a SIP URI does not allow" },
	/* Another reader could see another address. */
	{ "sip:x@y, <sip:a@b>", 7, "a character that a SIP URI does not allow" },
	{ "Pilar: x <sip:a@b>", 6, "a URI without anything behind its scheme" },
	{ "Pilar \"P\" <sip:a@b>", 6, "a display name that needs quotes" },
	{ "x \"<sip:x@y>\" <sip:a@b>", 2, "a display name that needs quotes" },
	{ "x> <sip:a@b>", 1, "a display name that needs quotes" },
	/* RFC 4475 sections 3.1.2.6 and 3.1.2.13 */
	{ "\"Mr. J. User <sip:j.user@example.com>", 0, "a quoted string without its end" },
	{ "sip:user@example.com?Route=%3Csip:sip.example.com%3E", 20,
		"a URI with headers needs < and >" },
};

static void a_bad_address_is_refused_with_its_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(bad_addresses); i++) {
		struct sip_nameaddr a;
		struct where where = { 0 };

		check_bad(&bad_addresses[i],
			sip_nameaddr_decode(slice_str(bad_addresses[i].in), &a, &where), &where);
	}
}

static void a_star_is_known(void **state)
{
	(void)state;
	assert_true(sip_contact_is_star(SLICE(" * ")));
	assert_false(sip_contact_is_star(SLICE("**")));
	assert_false(sip_contact_is_star(SLICE("")));
}

static void parameters_are_read_one_by_one(void **state)
{
	struct slice rest = SLICE("a=1; lr ;b = \"x;\\\"y\";c=;d"), v;
	struct sip_param p;

	(void)state;
	assert_true(sip_param_next(&rest, &p));
	assert_true(slice_eqs(p.name, "a") && slice_eqs(p.value, "1") && p.has_value);
	assert_true(sip_param_next(&rest, &p));
	assert_true(slice_eqs(p.name, "lr") && !p.has_value);
	assert_true(sip_param_next(&rest, &p));
	assert_true(slice_eqs(p.name, "b") && slice_eqs(p.value, "\"x;\\\"y\""));
	assert_true(sip_param_next(&rest, &p));
	assert_true(slice_eqs(p.name, "c") && p.value.n == 0 && p.has_value);
	assert_true(sip_param_next(&rest, &p));
	assert_true(slice_eqs(p.name, "d"));
	assert_false(sip_param_next(&rest, &p));

	assert_true(sip_param_find(SLICE("; ;a=1;;tag=x"), "tag", &v)); /* what is empty is none */
	assert_true(sip_param_find(SLICE("a=1;TAG=x"), "tag", &v));
	assert_true(slice_eqs(v, "x"));
	assert_false(sip_param_find(SLICE("a=1;tags=x"), "tag", &v));
	/* What is no parameter ends the list: nothing behind it is believed. */
	assert_false(sip_param_find(SLICE("a=1,;tag=x"), "tag", &v));
	assert_false(sip_param_find(SLICE("=;tag=x"), "tag", &v));
	assert_false(sip_param_find(SLICE("a=\"never;tag=x"), "tag", &v));
}

static void quoting_is_undone_by_unquoting(void **state)
{
	struct buf b, back;

	(void)state;
	buf_init(&b, 256);
	buf_init(&back, 256);
	sip_put_quoted(&b, SLICE("a \"b\" \\ \xc3\xa4"));
	assert_string_equal(buf_cstr(&b), "\"a \\\"b\\\" \\\\ \xc3\xa4\"");
	sip_put_unquoted(&back, buf_slice(&b));
	assert_string_equal(buf_cstr(&back), "a \"b\" \\ \xc3\xa4");
	buf_clear(&back);
	sip_put_unquoted(&back, SLICE("token"));
	assert_string_equal(buf_cstr(&back), "token");
	buf_clear(&back);
	sip_put_unquoted(&back, SLICE("\""));
	assert_string_equal(buf_cstr(&back), "\"");
	buf_clear(&back);
	sip_put_unquoted(&back, SLICE("\"a\\\""));
	assert_string_equal(buf_cstr(&back), "a\\");
	buf_done(&b);
	buf_done(&back);
}

static void nothing_breaks_out_of_a_header(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	sip_put_quoted(&b, SLICE("a\r\nVia: x\0y\x7f"));
	assert_string_equal(buf_cstr(&b), "\"a  Via: x y \"");
	buf_clear(&b);
	sip_put_header_text(&b, SLICE("a\r\nVia: x\0y\tz\nw\rv"));
	assert_string_equal(buf_cstr(&b), "a Via: x y z w v");
	buf_clear(&b);
	sip_put_header_text(&b, SLICE("folded\r\n \t line"));
	assert_string_equal(buf_cstr(&b), "folded line");
	buf_done(&b);
}

static void a_media_type_is_cut_into_its_parts(void **state)
{
	static const struct {
		const char *in, *type, *subtype, *charset, *boundary;
	} cases[] = {
		{ "text/plain", "text", "plain", NULL, NULL },
		{ "TEXT/Plain;charset=UTF-8", "TEXT", "Plain", "UTF-8", NULL },
		{ "text / html ; a=b ; Charset = \"iso-8859-1\"", "text", "html", "iso-8859-1",
			NULL },
		{ "message/cpim;charset=\"\"", "message", "cpim", "", NULL },
		{ "text/plain;", "text", "plain", NULL, NULL },
		{ "text/plain;;charset=UTF-8; ;", "text", "plain", "UTF-8", NULL },
		{ "application/im-iscomposing+xml", "application", "im-iscomposing+xml", NULL,
			NULL },
		{ "multipart/mixed;\r\n boundary=\"a; b\"", "multipart", "mixed", NULL, "a; b" },
		{ "multipart/mixed;boundary=ab", "multipart", "mixed", NULL, "ab" },
	};
	static const struct bad bad[] = {
		{ "", 0, "a Content-Type without type/subtype" },
		{ "text", 4, "a Content-Type without type/subtype" },
		{ "text/", 5, "a Content-Type without type/subtype" },
		{ "/plain", 0, "a Content-Type without type/subtype" },
		{ "text/plain charset=x", 11, "something that is no parameter behind the value" },
		{ "text/plain;=x", 11, "a malformed header parameter" },
	};
	struct sip_media m;
	struct where where;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (sip_media_decode(slice_str(cases[i].in), &m, &where))
			fail_msg("%s: %s at %zu", cases[i].in, where.what, where.offset);
		check(cases[i].in, "type", m.type, cases[i].type);
		check(cases[i].in, "subtype", m.subtype, cases[i].subtype);
		check(cases[i].in, "charset", m.charset, cases[i].charset);
		check(cases[i].in, "boundary", m.boundary, cases[i].boundary);
	}
	for (size_t i = 0; i < COUNT(bad); i++)
		check_bad(&bad[i], sip_media_decode(slice_str(bad[i].in), &m, &where), &where);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_character_classes_are_those_of_the_grammar),
		cmocka_unit_test(a_row_is_split_at_the_commas_that_count),
		cmocka_unit_test(a_via_is_cut_into_its_parts),
		cmocka_unit_test(a_bad_via_is_refused_with_its_place),
		cmocka_unit_test(an_address_is_cut_into_its_parts),
		cmocka_unit_test(a_bad_address_is_refused_with_its_place),
		cmocka_unit_test(a_star_is_known),
		cmocka_unit_test(parameters_are_read_one_by_one),
		cmocka_unit_test(quoting_is_undone_by_unquoting),
		cmocka_unit_test(nothing_breaks_out_of_a_header),
		cmocka_unit_test(a_media_type_is_cut_into_its_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

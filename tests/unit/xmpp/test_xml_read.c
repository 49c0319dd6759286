/* The limits of what a peer may make us keep: each reached, each passed by one. */
#include "xmpp/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define NS_OF_M "jabber:client"
#define HEAD    "<s xmlns='jabber:client'>"

static struct buf in;

static int set_up(void **state)
{
	(void)state;
	buf_init(&in, 4 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	buf_done(&in);
	return 0;
}

static void begin(const char *text)
{
	buf_clear(&in);
	buf_puts(&in, text);
}

static void put_many(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_puts(&in, s);
}

/* "" when `want` stanzas came in and no error; else the error's words. */
static const char *error_of(const struct xml_limits *limits, size_t piece, unsigned want)
{
	struct xml_reader *r = NULL;
	struct slice rest = buf_slice(&in);
	struct xml_event ev;
	const char *what = "";
	unsigned n = 0;

	assert_int_equal(buf_err(&in), 0);
	assert_int_equal(xml_reader_new(&r, limits, 1), 0);
	while (rest.n && !what[0]) {
		rest = slice_skip(rest, xml_reader_push(r, slice_cut(rest, 0, piece)));
		while (xml_reader_take(r, &ev)) {
			n += ev.type == XML_EV_STANZA;
			if (ev.type != XML_EV_ERROR)
				continue;
			what = ev.where.what; /* a literal */
			if (strcmp(ev.condition, "policy-violation") != 0)
				what = ev.condition;
		}
	}
	xml_reader_free(r);
	if (!what[0])
		assert_int_equal(n, want);
	return what;
}

/* However the bytes come. */
static void expect(const struct xml_limits *limits, unsigned stanzas, const char *want)
{
	static const size_t pieces[] = { 777, 65536, SIZE_MAX };

	for (size_t i = 0; i < COUNT(pieces); i++)
		assert_string_equal(error_of(limits, pieces[i], stanzas), want);
}

static void a_stanza_has_256_kib(void **state)
{
	const size_t room = 256 * 1024 - strlen("<m></m>");

	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		begin(HEAD "<m>");
		put_many("x", room + over);
		buf_puts(&in, "</m><next/>");
		expect(NULL, 2, over ? "a stanza is too long" : "");
	}
	/* What is in front of it, or the one before, does not count. */
	begin(HEAD);
	for (unsigned i = 0; i < 3; i++) {
		put_many(" ", 1000);
		buf_puts(&in, "<m>");
		put_many("x", room);
		buf_puts(&in, "</m>");
	}
	expect(NULL, 3, "");
}

/* Escapes and sections count as they came: they are what has to be read. */
static void the_size_is_that_on_the_wire(void **state)
{
	static const struct xml_limits limits = {
		.stanza_bytes = 100, .depth = 5, .attrs = 5, .nodes = 5, .name_bytes = 10000
	};
	static const struct {
		const char *piece;
		unsigned fits;
	} cases[] = {
		{ "&amp;", (100 - 7) / 5 },
		{ "<![CDATA[]]>", (100 - 7) / 12 },
		{ "\u4e2d", (100 - 7) / 3 },
		{ "&#x4e2d;", (100 - 7) / 8 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (unsigned over = 0; over < 2; over++) {
			begin(HEAD "<m>");
			put_many(cases[i].piece, cases[i].fits + over);
			buf_puts(&in, "</m>");
			expect(&limits, 1, over ? "a stanza is too long" : "");
		}
}

static void elements_nest_32_deep(void **state)
{
	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		begin(HEAD);
		put_many("<a>", 32 + over);
		put_many("</a>", 32 + over);
		expect(NULL, 1, over ? "elements are nested too deep" : "");
	}
}

static void an_element_has_32_attributes(void **state)
{
	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		begin(HEAD "<m");
		for (unsigned i = 0; i < 32 + over; i++)
			buf_printf(&in, " a%u=''", i);
		buf_puts(&in, "/>");
		expect(NULL, 1, over ? "too many attributes in one element" : "");
		/* The stream's own tag too. */
		begin("<s");
		for (unsigned i = 0; i < 32 + over; i++)
			buf_printf(&in, " a%u=''", i);
		buf_puts(&in, "><m/>");
		expect(NULL, 1, over ? "too many attributes in one element" : "");
	}
}

static void a_stanza_has_4096_elements(void **state)
{
	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		begin(HEAD);
		for (unsigned stanza = 0; stanza < 2; stanza++) { /* each its own */
			buf_puts(&in, "<m>");
			put_many("<a/>", 4095 + over);
			buf_puts(&in, "</m>");
		}
		expect(NULL, 2, over ? "too many elements in one stanza" : "");
	}
}

static void put_tag(size_t n)
{
	buf_puts(&in, "<m a='");
	put_many("x", n - strlen("<m a=''/>"));
	buf_puts(&in, "'/>");
}

/* An unfinished one is read again from its start with every push. */
static void a_tag_has_16_kib(void **state)
{
	struct xml_limits zero = xml_default_limits;

	(void)state;
	assert_int_equal(xml_default_limits.tag_bytes, 16384);
	zero.tag_bytes = 0; /* the default */
	for (unsigned over = 0; over < 2; over++) {
		begin(HEAD);
		put_tag(16384 + over);
		expect(NULL, 1, over ? "a tag is too long" : "");
		expect(&zero, 1, over ? "a tag is too long" : "");
	}
	begin(HEAD);
	for (unsigned i = 0; i < 50; i++)
		put_tag(16384);
	expect(NULL, 50, "");
}

/* Each distinct name with 64 bytes on top, elements and attributes and prefixes alike. */
static void names_have_their_budget(void **state)
{
	/* s, m, xmlns, and then abcda ...: the namespace's name is no name */
	struct xml_limits limits = xml_default_limits;

	(void)state;
	limits.name_bytes = 2 * (1 + 64) + 11 * (5 + 64);
	for (unsigned over = 0; over < 2; over++) {
		begin(HEAD "<m>");
		for (unsigned i = 0; i < 10 + over; i++)
			buf_printf(&in, "<abcd%c/>", 'a' + (int)i);
		put_many("<abcda/>", 100); /* known already: nothing more */
		buf_puts(&in, "</m>");
		expect(&limits, 1, over ? "too many different names in one stream" : "");
		begin(HEAD "<m>");
		for (unsigned i = 0; i < 10 + over; i++)
			buf_printf(&in, "<m abcd%c=''/>", 'a' + (int)i);
		buf_puts(&in, "</m>");
		expect(&limits, 1, over ? "too many different names in one stream" : "");
	}
	limits.name_bytes--;
	begin(HEAD "<m>");
	for (unsigned i = 0; i < 10; i++)
		buf_printf(&in, "<abcd%c/>", 'a' + (int)i);
	buf_puts(&in, "</m>");
	expect(&limits, 1, "too many different names in one stream");
}

static void the_header_has_the_limit_of_a_stanza(void **state)
{
	struct xml_limits limits = xml_default_limits;

	(void)state;
	limits.stanza_bytes = 200;
	for (unsigned over = 0; over < 2; over++) {
		begin("<s a='");
		put_many("x", 200 - strlen("<s a=''>") + over);
		buf_puts(&in, "'><m/>");
		expect(&limits, 1, over ? "a stanza is too long" : "");
	}
}

/* Four names of up to 31 bytes, and the longest is still the whole. */
static void it_stops_at_each_of_four_names(void **state)
{
	static const char *const names[] = { "proceed", "success", "failure",
		"abcdefghijklmnopqrstuvwxyz01234" };
	struct xml_event ev;

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		struct xml_reader *r = NULL;

		assert_int_equal(xml_reader_new(&r, NULL, 1), 0);
		for (size_t k = 0; k < COUNT(names); k++)
			xml_reader_stop_at(r, names[k]);
		begin(HEAD "<other/><");
		buf_printf(&in, "%s5/><%s/>", names[3], names[i]);
		const size_t end = buf_len(&in);
		buf_puts(&in, "<behind/>");
		size_t taken = 0;
		while (taken < end)
			taken += xml_reader_push(r, slice_skip(buf_slice(&in), taken));
		assert_int_equal(taken, end);
		while (xml_reader_take(r, &ev))
			continue;
		assert_true(slice_eqs(ev.node->name, names[i]));
		xml_reader_free(r);
	}
}

/* ---- where a stanza is cut, not the stream ---- */

static const struct xml_limits cutting = { .stanza_bytes = 2000,
	.depth = 5,
	.attrs = 3,
	.nodes = 10,
	.name_bytes = 20000,
	.tag_bytes = 300,
	.cut = true };

/* The stanza in the buffer, between two whole ones. */
static void expect_cut(size_t piece, bool cut)
{
	struct xml_reader *r = NULL;
	struct slice rest = buf_slice(&in);
	struct xml_event ev;
	char got[64] = "", want[64];

	assert_int_equal(xml_reader_new(&r, &cutting, 1), 0);
	while (rest.n) {
		rest = slice_skip(rest, xml_reader_push(r, slice_cut(rest, 0, piece)));
		while (xml_reader_take(r, &ev)) {
			if (ev.type == XML_EV_ERROR)
				fail_msg("%s: %s", ev.condition, ev.where.what);
			if (ev.type != XML_EV_STANZA)
				continue;
			size_t n = strlen(got);
			snprintf(got + n, sizeof(got) - n, "%.*s%s%.*s ", SLICE_FMT(ev.node->name),
				ev.cut ? "/" : ":", SLICE_FMT(xml_attr(ev.node, "from")));
		}
	}
	snprintf(want, sizeof(want), "a:1 m%cx b:2 ", cut ? '/' : ':');
	assert_string_equal(got, want);
	xml_reader_free(r);
}

static void a_stanza_over_a_limit_is_cut_and_the_stream_goes_on(void **state)
{
	static const size_t pieces[] = { 1, 77, 65536 };
	static const struct {
		const char *open, *piece;
		unsigned fits, more; /* of the piece: still whole, and cut */
		const char *close, *close_one;
		bool in_one; /* an unfinished tag is the stream's: it must come in one piece */
	} cases[] = {
		{ "<m from='x'>", "x", 1900, 2000, "</m>", "", false },
		{ "<m from='x'><a>", "x", 1900, 9000, "</a></m>", "", false },
		{ "<m from='x'>", "<a/>", 9, 10, "</m>", "", false },
		{ "<m from='x'>", "<a>", 4, 5, "</m>", "</a>", false },
		{ "<m from='x'>", "<a>", 4, 400, "</m>", "</a>", false },
		{ "<m from='x'>", "<a b='' c='' d=''/>", 9, 90, "</m>", "", false },
		{ "<m from='x'><a b='", "x", 200, 400, "'/></m>", "", true },
		{ "<m from='x' b='", "x", 200, 400, "'><a/>y</m>", "", true },
		{ "<m from='x' b='", "x", 200, 290, "'/>", "", true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (unsigned over = 0; over < 2; over++) {
			const unsigned n = over ? cases[i].more : cases[i].fits;

			begin(HEAD "<a from='1'/>");
			buf_puts(&in, cases[i].open);
			put_many(cases[i].piece, n);
			put_many(cases[i].close_one, n);
			buf_puts(&in, cases[i].close);
			buf_puts(&in, "<b from='2'/>");
			for (size_t k = 0; k < COUNT(pieces); k++)
				if (!over || !cases[i].in_one || pieces[k] == 65536)
					expect_cut(pieces[k], over);
		}
}

/* In one element more attributes than there may be: whom to answer is there, wherever it stood. */
static void attributes_are_cut_too(void **state)
{
	(void)state;
	begin(HEAD "<a from='1'/><m b='' c='' d='' e='' from='x'><e/>t</m><b from='2'/>");
	expect_cut(65536, true);
}

/* No sender can spend what the stream of all has for its life. */
static void names_are_forgotten_between_stanzas(void **state)
{
	static const size_t pieces[] = { 1, 77, 65536 };
	struct xml_event ev;

	(void)state;
	begin("<?xml version='1.0'?> <s:s xmlns='jabber:client' xmlns:s='u:s' xmlns:x='u:x' "
	      "xml:lang='cs'>");
	for (unsigned i = 0; i < 2000; i++)
		buf_printf(&in, "<m><e%u a%u=''/></m> ", i, i);
	buf_puts(&in, "<x:m/>");
	const size_t bad = buf_len(&in);
	buf_puts(&in, "<<");
	for (size_t k = 0; k < COUNT(pieces); k++) {
		struct xml_reader *r = NULL;
		struct slice rest = buf_slice(&in);
		unsigned n = 0;

		assert_int_equal(xml_reader_new(&r, &cutting, 1), 0);
		ev.type = XML_EV_OPEN;
		while (rest.n && ev.type != XML_EV_ERROR) {
			rest = slice_skip(rest, xml_reader_push(r, slice_cut(rest, 0, pieces[k])));
			while (ev.type != XML_EV_ERROR && xml_reader_take(r, &ev)) {
				if (ev.type != XML_EV_STANZA)
					continue;
				assert_false(ev.cut);
				assert_true(slice_eqs(xml_lang(ev.node), "cs"));
				assert_true(xml_is(ev.node, n++ < 2000 ? NS_OF_M : "u:x", "m"));
			}
		}
		assert_int_equal(n, 2001);
		assert_int_equal(ev.type, XML_EV_ERROR);
		assert_string_equal(ev.condition, "not-well-formed");
		assert_in_range(ev.where.offset, bad, bad + 1);
		xml_reader_free(r);
	}
}

static void the_end_of_the_stream_is_still_its_end(void **state)
{
	struct xml_reader *r = NULL;
	struct xml_event ev = { .type = XML_EV_OPEN };

	(void)state;
	begin("<s:s xmlns='jabber:client' xmlns:s='u:s'>");
	for (unsigned i = 0; i < 500; i++)
		buf_printf(&in, "<m><e%u/></m>", i);
	buf_puts(&in, "</s:s>");
	assert_int_equal(xml_reader_new(&r, &cutting, 1), 0);
	struct slice rest = buf_slice(&in);
	while (rest.n) {
		rest = slice_skip(rest, xml_reader_push(r, rest));
		while (xml_reader_take(r, &ev))
			continue;
	}
	assert_int_equal(ev.type, XML_EV_CLOSE);
	/* And another stream may begin. */
	xml_reader_reset(r);
	xml_reader_push(r, SLICE(HEAD "<m/>"));
	assert_true(xml_reader_take(r, &ev) && ev.type == XML_EV_OPEN);
	assert_true(xml_reader_take(r, &ev) && ev.type == XML_EV_STANZA);
	xml_reader_free(r);
}

/* expat keeps the names of what is cut away as well. */
static void what_is_cut_away_spends_names(void **state)
{
	struct xml_reader *r = NULL;
	struct xml_event ev;
	bool failed = false;

	(void)state;
	begin(HEAD "<m>");
	put_many("<a>", 10);
	for (unsigned i = 0; i < 1000; i++)
		buf_printf(&in, "<x%u y%u='' z%u:a='' xmlns:z%u='u'/>", i, i, i, i);
	assert_int_equal(xml_reader_new(&r, &cutting, 1), 0);
	xml_reader_push(r, buf_slice(&in));
	while (xml_reader_take(r, &ev))
		failed |= ev.type == XML_EV_ERROR;
	assert_true(failed);
	xml_reader_free(r);
}

/* With `n` pieces in it: "" when it is cut, else the end of the stream. */
static const char *endless(const char *piece, size_t n)
{
	struct xml_limits limits = cutting;

	limits.name_bytes = 1 << 20;
	begin(HEAD "<m>");
	struct slice head = buf_slice(&in);
	struct xml_reader *r = NULL;
	struct xml_event ev = { .type = XML_EV_OPEN };

	assert_int_equal(xml_reader_new(&r, &limits, 1), 0);
	xml_reader_push(r, head);
	buf_clear(&in);
	put_many(piece, 1000);
	for (size_t i = 0; i < n; i += 1000) {
		struct slice rest = buf_slice(&in);

		while (rest.n)
			rest = slice_skip(rest, xml_reader_push(r, rest));
		while (xml_reader_take(r, &ev))
			continue;
	}
	xml_reader_free(r);
	return ev.type == XML_EV_ERROR ? ev.where.what : "";
}

/* Each open element costs memory, and the bytes cost time. */
static void what_is_cut_away_has_to_end(void **state)
{
	(void)state;
	assert_string_equal(endless("<a>", XML_CUT_DEPTH - 2000), "");
	assert_string_equal(
		endless("<a>", XML_CUT_DEPTH + 2000), "elements are nested without end");
	assert_string_equal(endless("<a></a>", XML_CUT_BYTES / 7 - 2000), "");
	assert_string_equal(endless("<a></a>", XML_CUT_BYTES / 7 + 2000), "a stanza does not end");
	assert_string_equal(endless("text ", XML_CUT_BYTES / 5 + 2000), "a stanza does not end");
}

/* Each prefixed name may have to look at all of them. */
static void there_are_64_namespaces_in_scope(void **state)
{
	struct xml_limits limits = xml_default_limits;

	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		begin(HEAD "<m");
		for (unsigned i = 0; i < 40; i++)
			buf_printf(&in, " xmlns:a%u='u'", i);
		buf_puts(&in, "><n");
		for (unsigned i = 0; i < 23 + over; i++)
			buf_printf(&in, " xmlns:b%u='u'", i);
		buf_puts(&in, "/><n xmlns:c='u'/></m>");
		expect(&limits, 1, over ? "too many namespaces are declared" : "");
	}
	begin(HEAD "<a from='1'/><m xmlns:x='u' from='x'><n");
	for (unsigned i = 0; i < 30; i++)
		buf_printf(&in, " xmlns:a%u='u'", i);
	buf_puts(&in, "><o");
	for (unsigned i = 0; i < 33; i++)
		buf_printf(&in, " xmlns:b%u='u'", i);
	buf_puts(&in, "><q/></o></n></m><b from='2'/>");
	expect_cut(SIZE_MAX, true);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stanza_has_256_kib),
		TEST(the_size_is_that_on_the_wire),
		TEST(elements_nest_32_deep),
		TEST(an_element_has_32_attributes),
		TEST(a_stanza_has_4096_elements),
		TEST(a_tag_has_16_kib),
		TEST(names_have_their_budget),
		TEST(the_header_has_the_limit_of_a_stanza),
		TEST(a_stanza_over_a_limit_is_cut_and_the_stream_goes_on),
		TEST(attributes_are_cut_too),
		TEST(names_are_forgotten_between_stanzas),
		TEST(the_end_of_the_stream_is_still_its_end),
		TEST(what_is_cut_away_spends_names),
		TEST(what_is_cut_away_has_to_end),
		TEST(there_are_64_namespaces_in_scope),
		TEST(it_stops_at_each_of_four_names),
	};

	return cmocka_run_group_tests_name("xml_read", tests, NULL, NULL);
}

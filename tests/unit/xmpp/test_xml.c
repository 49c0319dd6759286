#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "xmpp/xml.h"

#define HEAD                                                                                       \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "                               \
	"xmlns:stream='http://etherx.jabber.org/streams' xml:lang='en' version='1.0'>"
#define OPENED "open stream\n"

static struct xml_reader *reader(const struct xml_limits *limits)
{
	struct xml_reader *r = NULL;

	assert_int_equal(xml_reader_new(&r, limits, 0x1234567), 0);
	return r;
}

static void log_event(struct buf *log, const struct xml_event *ev)
{
	switch (ev->type) {
	case XML_EV_OPEN: buf_printf(log, "open %.*s\n", SLICE_FMT(ev->node->name)); break;
	case XML_EV_STANZA:
		xml_put_node(log, ev->node, "jabber:client");
		buf_putc(log, '\n');
		break;
	case XML_EV_CLOSE: buf_puts(log, "close\n"); break;
	case XML_EV_ERROR: buf_printf(log, "error %s\n", ev->condition); break;
	}
}

static void drain(struct xml_reader *r, struct buf *log)
{
	struct xml_event ev;

	while (xml_reader_take(r, &ev))
		log_event(log, &ev);
}

static void feed(struct xml_reader *r, struct slice in, size_t piece, struct buf *log)
{
	while (in.n > 0) {
		struct slice part = slice_cut(in, 0, piece);
		uint8_t *copy = malloc(part.n); /* so that reading past it is seen */

		assert_non_null(copy);
		memcpy(copy, part.p, part.n);
		size_t n = xml_reader_push(r, slice_of(copy, part.n));
		free(copy);
		assert_in_range(n, 1, part.n);
		in = slice_skip(in, n);
		drain(r, log);
	}
}

/* All events of an input, as text. */
static void run(const struct xml_limits *limits, struct slice in, size_t piece, struct buf *log)
{
	struct xml_reader *r = reader(limits);

	buf_clear(log);
	feed(r, in, piece, log);
	xml_reader_free(r);
}

static const struct {
	const char *name, *in, *want;
} streams[] = {
	{ "an empty stanza", HEAD "<presence/>", OPENED "<presence/>\n" },
	{ "attributes and text",
		HEAD "<message to='a@b' id=\"1\"><body>hello &amp; good</body></message>",
		OPENED "<message to='a@b' id='1'><body>hello &amp; good</body></message>\n" },
	{ "text around children is joined", HEAD "<message>a<b/>c<d>e</d>f</message>",
		OPENED "<message>acf<b/><d>e</d></message>\n" },
	{ "namespaces", HEAD "<iq><q xmlns='urn:q'><r/><s xmlns='urn:s'/></q></iq>",
		OPENED "<iq><q xmlns='urn:q'><r/><s xmlns='urn:s'/></q></iq>\n" },
	{ "prefixes", HEAD "<iq><p:q xmlns:p='urn:q' p:x='1' y='2'/></iq>",
		OPENED "<iq><q xmlns='urn:q' xmlns:a0='urn:q' a0:x='1' y='2'/></iq>\n" },
	{ "the namespace of xml", HEAD "<iq xml:lang='de'><xml:x/></iq>",
		OPENED "<iq xml:lang='de'><xml:x/></iq>\n" },
	{ "a namespace of the stream's tag", HEAD "<iq><stream:x stream:y=''/></iq>",
		OPENED "<iq><x xmlns='http://etherx.jabber.org/streams' "
		       "xmlns:a0='http://etherx.jabber.org/streams' a0:y=''/></iq>\n" },
	{ "the innermost counts, and only inside",
		HEAD "<iq xmlns:p='u'><p:a xmlns:p='v'><p:b/></p:a><p:c/></iq>",
		OPENED "<iq><a xmlns='v'><b/></a><c xmlns='u'/></iq>\n" },
	{ "of two that are alike either", HEAD "<iq xmlns:p='u' xmlns:q='u'><p:a q:b=''/></iq>",
		OPENED "<iq><a xmlns='u' xmlns:a0='u' a0:b=''/></iq>\n" },
	{ "one under another name of the default", HEAD "<iq xmlns:p='jabber:client'><p:a/></iq>",
		OPENED "<iq><a/></iq>\n" },
	{ "declared behind its use", HEAD "<p:a p:b='' xmlns:p='jabber:client'/>",
		OPENED "<a xmlns:a0='jabber:client' a0:b=''/>\n" },
	{ "no namespace", HEAD "<iq><q xmlns=''><r/></q></iq>",
		OPENED "<iq><q xmlns=''><r/></q></iq>\n" },
	{ "white space between stanzas", HEAD " \n<a/>\r\n\t <b/> ", OPENED "<a/>\n<b/>\n" },
	{ "marked sections", HEAD "<a>x<![CDATA[<b>&amp;]]>y</a>",
		OPENED "<a>x&lt;b&gt;&amp;amp;y</a>\n" },
	{ "character references", HEAD "<a b='&#9;&#10;&#x263A;'>&#13;&#xA;&lt;</a>",
		OPENED "<a b='&#9;&#10;\u263A'>&#13;\n&lt;</a>\n" },
	{ "white space in a namespace", HEAD "<a xmlns='u&#10;v'/>",
		OPENED "<a xmlns='u&#10;v'/>\n" },
	{ "other scripts", HEAD "<a>\u00e4\u4e2d\U0001F600</a>",
		OPENED "<a>\u00e4\u4e2d\U0001F600</a>\n" },
	{ "line ends become one", HEAD "<a>1\r\n2\r3\n4</a>", OPENED "<a>1\n2\n3\n4</a>\n" },
	{ "the end of the stream", HEAD "<a/></stream:stream>\n", OPENED "<a/>\nclose\n" },
	{ "a stream without content", "<s/>", "open s\nclose\n" },
	{ "a declaration of UTF-8", "<?xml version='1.0' encoding='utf-8'?><s>", "open s\n" },
};

static void whatever_the_pieces_the_events_are_the_same(void **state)
{
	struct buf want, log;

	(void)state;
	buf_init(&log, 1 << 20);
	buf_init(&want, 1 << 20);
	for (size_t i = 0; i < COUNT(streams); i++) {
		for (size_t piece = 1; piece < 40; piece++) {
			run(NULL, slice_str(streams[i].in), piece, &log);
			if (strcmp(buf_cstr(&log), streams[i].want) != 0)
				fail_msg("%s, pieces of %zu:\n%swant\n%s", streams[i].name, piece,
					buf_cstr(&log), streams[i].want);
		}
	}
	buf_done(&want);
	buf_done(&log);
}

/* Namespaces in XML 1.0, sections 3, 5, 6 and 7.  Servers write each of these when one of their
 * users wants it, and nobody else is to suffer. */
static const struct {
	const char *name, *in, *want;
} meaningless[] = {
	{ "an element", "<m>1<p:a>2<b/>3</p:a>4<c/></m>", "<m>14<c/></m>" },
	{ "one in another", "<m><p:a><p:a><q:a/></p:a>x</p:a><p:a/><c>y</c></m>",
		"<m><c>y</c></m>" },
	{ "its declarations are inside", "<m><p:a xmlns='u' xmlns:q='v'/><b/><q:c/></m>",
		"<m><b/></m>" },
	{ "an attribute", "<m p:a='1' b='2'><c p:a='1'/></m>", "<m b='2'><c/></m>" },
	{ "an attribute twice by namespace", "<m xmlns:p='u' xmlns:q='u' p:b='1' q:b='2' b='3'/>",
		"<m xmlns:a0='u' a0:b='1' b='3'/>" },
	{ "the same through a name of xml's own",
		"<m xmlns:p='http://www.w3.org/XML/1998/namespace' xml:b='1' p:b='2'/>",
		"<m xml:b='1'/>" },
	{ "another prefix for xml's own",
		"<m xmlns:ns1='http://www.w3.org/XML/1998/namespace' "
		"ns1:foo='a'><ns1:x/></m>",
		"<m xml:foo='a'><xml:x/></m>" },
	{ "xml's own as the default",
		"<m><x xmlns='http://www.w3.org/XML/1998/namespace'><y/></x><z/></m>",
		"<m><xml:x><xml:y/></xml:x><z/></m>" },
	{ "another namespace for xml", "<m xmlns:xml='u' xml:lang='de'/>", "<m xml:lang='de'/>" },
	{ "a prefix that is taken back", "<m xmlns:p='u'><x xmlns:p='' p:b=''><p:a/></x></m>",
		"<m><x/></m>" },
	{ "the prefix of declarations", "<m xmlns:xmlns='u'><xmlns:a/><b/></m>", "<m><b/></m>" },
	{ "their namespace",
		"<m xmlns:p='http://www.w3.org/2000/xmlns/' p:b=''><p:a/><c "
		"xmlns='http://www.w3.org/2000/xmlns/'><d/></c><e/></m>",
		"<m><e/></m>" },
	{ "no prefix before the colon", "<m xmlns:='u' :b=''><:a/><c/></m>", "<m><c/></m>" },
	{ "nothing behind the colon", "<m xmlns:p='u' p:=''><p:/><c/></m>", "<m><c/></m>" },
	{ "two colons", "<m xmlns:p='u' xmlns:p:q='v' p:q:b=''><p:q:a/><c/></m>", "<m><c/></m>" },
	{ "no name behind the colon",
		"<m xmlns:p='u' p:1='' p:-a=''><p:1/><p:.a/><p:\u00b7/><c/></m>", "<m><c/></m>" },
	{ "what only looks like a declaration", "<m xmlnsp='u'><p:a/></m>", "<m xmlnsp='u'/>" },
	{ "text that is marked", "<m><p:a><![CDATA[x]]>y&lt;</p:a></m>", "<m/>" },
};

static void a_name_that_means_nothing_is_not_there(void **state)
{
	struct buf log;

	(void)state;
	buf_init(&log, 1 << 20);
	for (size_t i = 0; i < COUNT(meaningless); i++) {
		char in[512], want[512];

		snprintf(in, sizeof(in), HEAD "%s<next/>", meaningless[i].in);
		snprintf(want, sizeof(want), OPENED "%s\n<next/>\n", meaningless[i].want);
		for (size_t piece = 1; piece < 200; piece += 66) {
			run(NULL, slice_str(in), piece, &log);
			if (strcmp(buf_cstr(&log), want) != 0)
				fail_msg("%s, pieces of %zu:\n%swant\n%s", meaningless[i].name,
					piece, buf_cstr(&log), want);
		}
	}
	buf_done(&log);
}

/* Nobody can tell what it was; that it was one is told. */
static void a_stanza_whose_name_means_nothing_is_cut(void **state)
{
	struct xml_reader *r = reader(NULL);
	struct xml_event ev;

	(void)state;
	xml_reader_push(r, SLICE(HEAD "<q:message from='x' p:to='y'><body/></q:message><next/>"));
	assert_true(xml_reader_take(r, &ev) && ev.type == XML_EV_OPEN);
	assert_true(xml_reader_take(r, &ev) && ev.type == XML_EV_STANZA);
	assert_true(ev.cut);
	assert_true(xml_is(ev.node, "", "q:message"));
	assert_true(slice_eqs(xml_attr(ev.node, "from"), "x"));
	assert_null(ev.node->child);
	assert_true(xml_reader_take(r, &ev) && ev.type == XML_EV_STANZA);
	assert_false(ev.cut);
	xml_reader_free(r);
}

static const struct {
	const char *name, *in, *condition;
} forbidden[] = {
	{ "a doctype", "<!DOCTYPE s><s>", "restricted-xml" },
	{ "entities that grow",
		"<!DOCTYPE s [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;'>]><s>&b;</s>",
		"restricted-xml" },
	{ "an external subset", "<!DOCTYPE s SYSTEM 'file:///etc/passwd'><s>", "restricted-xml" },
	{ "a comment before the stream", "<!-- c --><s>", "restricted-xml" },
	{ "a comment between stanzas", HEAD "<!-- c -->", "restricted-xml" },
	{ "a comment in a stanza", HEAD "<a><!-- c --></a>", "restricted-xml" },
	{ "a processing instruction", HEAD "<?php echo ?>", "restricted-xml" },
	{ "one before the stream", "<?xml-stylesheet href='x'?><s>", "restricted-xml" },
	{ "an entity in text", HEAD "<a>&nbsp;</a>", "restricted-xml" },
	{ "an entity in a value", HEAD "<a b='&nbsp;'/>", "restricted-xml" },
	{ "tags that do not match", HEAD "<a></b>", "not-well-formed" },
	{ "an attribute twice", HEAD "<a b='1' b='2'/>", "not-well-formed" },
	{ "bytes that are not UTF-8", HEAD "<a>\xff</a>", "not-well-formed" },
	{ "an overlong form", HEAD "<a>\xc0\xaf</a>", "not-well-formed" },
	{ "a surrogate", HEAD "<a>\xed\xa0\x80</a>", "not-well-formed" },
	{ "U+FFFE", HEAD "<a>\xef\xbf\xbe</a>", "not-well-formed" },
	{ "U+FFFF by reference", HEAD "<a>&#xFFFF;</a>", "not-well-formed" },
	{ "U+0000 by reference", HEAD "<a>&#0;</a>", "not-well-formed" },
	{ "a control character", HEAD "<a>\x01</a>", "not-well-formed" },
	{ "a control character by reference", HEAD "<a b='&#1;'/>", "not-well-formed" },
	{ "no markup", "hello <", "not-well-formed" },
	{ "a second stream in the first", "<s></s><s>", "not-well-formed" },
	{ "a declaration too late", HEAD "<?xml version='1.0'?>", "not-well-formed" },
	{ "text between stanzas", HEAD "<a/> x", "bad-format" },
	{ "text in the stream", HEAD "&lt;", "bad-format" },
	{ "a declaration of Latin 1", "<?xml version='1.0' encoding='ISO-8859-1'?><s>",
		"unsupported-encoding" },
	{ "a declaration of UTF-16", "<?xml version='1.0' encoding='UTF-16'?><s>",
		"unsupported-encoding" },
	{ "a mark of UTF-16, big end first", "\xfe\xff", "unsupported-encoding" },
	{ "a mark of UTF-16, little end first", "\xff\xfe<", "unsupported-encoding" },
};

static void what_a_stream_must_not_hold_ends_it(void **state)
{
	struct buf log;

	(void)state;
	buf_init(&log, 1 << 20);
	for (size_t i = 0; i < COUNT(forbidden); i++) {
		for (size_t piece = 1; piece < 200; piece += 66) {
			struct slice in = slice_str(forbidden[i].in);
			char want[64];

			snprintf(want, sizeof(want), "error %s\n", forbidden[i].condition);
			run(NULL, in, piece, &log);
			if (!slice_ends(buf_slice(&log), slice_str(want)))
				fail_msg("%s, pieces of %zu:\n%s", forbidden[i].name, piece,
					buf_cstr(&log));
		}
	}
	/* UTF-16 without a mark has a zero in its first two bytes. */
	run(NULL, SLICE("<\0s\0"), 4, &log);
	assert_string_equal(buf_cstr(&log), "error unsupported-encoding\n");
	buf_done(&log);
}

static void an_error_says_where_and_why(void **state)
{
	struct xml_reader *r = reader(NULL);
	struct xml_event ev;
	struct slice in = SLICE(HEAD "<a>&#0;</a><b/>");

	(void)state;
	assert_int_equal(xml_reader_push(r, in), in.n);
	assert_true(xml_reader_take(r, &ev));
	assert_int_equal(ev.type, XML_EV_OPEN);
	assert_true(xml_reader_take(r, &ev));
	assert_int_equal(ev.type, XML_EV_ERROR);
	assert_int_equal(ev.where.offset, sizeof(HEAD "<a>") - 1);
	assert_non_null(ev.where.what);
	assert_false(xml_reader_take(r, &ev));
	/* What comes after it is swallowed. */
	assert_int_equal(xml_reader_push(r, SLICE("<c/>")), 4);
	assert_false(xml_reader_take(r, &ev));
	xml_reader_free(r);
}

static void a_stanza_is_there_with_its_last_byte(void **state)
{
	struct slice in = SLICE(HEAD "<message to='x'><body>hello</body></message>");
	struct xml_reader *r = reader(NULL);
	struct xml_event ev;

	(void)state;
	for (size_t i = 0; i < in.n; i++) {
		assert_int_equal(xml_reader_push(r, slice_cut(in, i, i + 1)), 1);
		bool got = xml_reader_take(r, &ev);
		assert_int_equal(got, i == sizeof(HEAD) - 2 || i == in.n - 1);
	}
	assert_int_equal(ev.type, XML_EV_STANZA);
	xml_reader_free(r);
}

static void a_big_stanza_in_small_pieces_is_there_with_its_last_byte(void **state)
{
	struct xml_reader *r = reader(NULL);
	struct xml_event ev;
	char text[101];

	(void)state;
	memset(text, 'x', 100);
	text[100] = '\0';
	xml_reader_push(r, SLICE(HEAD "<message><body>"));
	assert_true(xml_reader_take(r, &ev));
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(xml_reader_push(r, slice_of(text, 100)), 100);
		assert_false(xml_reader_take(r, &ev));
	}
	xml_reader_push(r, SLICE("</body></message"));
	assert_false(xml_reader_take(r, &ev));
	xml_reader_push(r, SLICE(">"));
	assert_true(xml_reader_take(r, &ev));
	assert_int_equal(xml_child(ev.node, NULL, "body")->text.n, 200000);
	xml_reader_free(r);
}

static void put_many(struct buf *b, const char *s, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		buf_puts(b, s);
}

struct limit_case {
	const char *name;
	const char *before, *repeated, *after;
	unsigned at_limit; /* repetitions that are still allowed */
};

static void expect_refusal(const struct xml_limits *limits, struct slice in, bool want)
{
	struct buf log;

	buf_init(&log, 1 << 20);
	for (size_t piece = 1; piece < 5000; piece = 3 * piece + 1) {
		run(limits, in, piece, &log);
		if ((strstr(buf_cstr(&log), "error policy-violation") != NULL) != want)
			fail_msg("%.*s\npieces of %zu:\n%s", SLICE_FMT(in), piece, buf_cstr(&log));
	}
	buf_done(&log);
}

static void each_limit_is_reached_and_not_before(void **state)
{
	static const struct xml_limits limits = {
		.stanza_bytes = 1000,
		.depth = 5,
		.attrs = 4,
		.nodes = 10,
		.name_bytes = 100000,
		.tag_bytes = 200,
	};
	static const struct limit_case cases[] = {
		{ "depth", HEAD, "<a>", "", 5 },
		{ "elements", HEAD "<a>", "<b/>", "</a>", 9 },
		{ "stanza", HEAD "<a>", "x", "</a>", 1000 - 7 },
		{ "tag", HEAD "<a b='", "x", "'/>", 200 - 9 },
		{ "white space between stanzas has none", HEAD, " ", "", 5000 },
		{ "stanzas one after the other have none", HEAD, "<a><b/></a>", "", 5000 },
	};
	struct buf in, log;

	(void)state;
	buf_init(&in, 1 << 20);
	buf_init(&log, 1 << 20);
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool has_limit = cases[i].at_limit < 5000;

		for (unsigned over = 0; over < 2; over++) {
			buf_clear(&in);
			buf_puts(&in, cases[i].before);
			put_many(&in, cases[i].repeated, cases[i].at_limit + over);
			buf_puts(&in, cases[i].after);
			expect_refusal(&limits, buf_slice(&in), has_limit && over);
		}
	}
	run(&limits, SLICE(HEAD "<a b='' c='' d='' e=''/>"), 4096, &log);
	assert_string_equal(buf_cstr(&log), OPENED "<a b='' c='' d='' e=''/>\n");
	run(&limits, SLICE(HEAD "<a b='' c='' d='' e='' f=''/>"), 4096, &log);
	assert_string_equal(buf_cstr(&log), OPENED "error policy-violation\n");
	buf_done(&in);
	buf_done(&log);
}

static void a_tag_without_an_end_is_not_hoarded(void **state)
{
	static const char *const starts[] = { "<s a='", "<!--", "<?x ", "   ", "<!DOCTYPE" };
	struct buf in, log;

	(void)state;
	buf_init(&in, 1 << 20);
	buf_init(&log, 1 << 20);
	for (size_t i = 0; i < COUNT(starts); i++) {
		buf_clear(&in);
		buf_puts(&in, starts[i]);
		put_many(&in, " ", 40000);
		run(NULL, buf_slice(&in), 1000, &log);
		assert_string_equal(buf_cstr(&log), "error policy-violation\n");
	}
	buf_done(&in);
	buf_done(&log);
}

/* Every one of these grows what expat keeps. */
static void a_long_stream_has_a_budget_for_names(void **state)
{
	static const char *const forms[] = {
		"<n%u/>",
		"<a n%u=''/>",
		"<a xmlns:n%u='u'/>",
		"<n%u:a xmlns:n%u='u'/>",
	};
	const struct xml_limits limits = {
		.stanza_bytes = 10000,
		.depth = 5,
		.attrs = 10,
		.nodes = 10,
		.name_bytes = 10000,
	};
	struct buf log;

	(void)state;
	buf_init(&log, 1 << 20);
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct xml_reader *r = reader(&limits);
		unsigned n = 0;

		feed(r, SLICE(HEAD), 4096, &log);
		buf_clear(&log);
		for (; n < 1000 && !strstr(buf_cstr(&log), "error"); n++) {
			char text[64];

			buf_clear(&log);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
			snprintf(text, sizeof(text), forms[i], 100 + n, 100 + n);
#pragma GCC diagnostic pop
			feed(r, slice_str(text), 4096, &log);
		}
		assert_in_range(n, 60, 160);
		assert_string_equal(buf_cstr(&log), "error policy-violation\n");

		/* The reset forgets them. */
		xml_reader_reset(r);
		buf_clear(&log);
		feed(r, SLICE(HEAD "<fresh/>"), 4096, &log);
		assert_string_equal(buf_cstr(&log), OPENED "<fresh/>\n");
		xml_reader_free(r);
	}
	buf_done(&log);
}

static void the_same_names_for_ever_cost_nothing(void **state)
{
	const struct xml_limits limits = {
		.stanza_bytes = 10000,
		.depth = 5,
		.attrs = 10,
		.nodes = 10,
		.name_bytes = 2000,
	};
	struct xml_reader *r = reader(&limits);
	struct buf log;

	(void)state;
	buf_init(&log, 1 << 24);
	feed(r, SLICE(HEAD), 4096, &log);
	for (int i = 0; i < 20000; i++) {
		buf_clear(&log);
		feed(r, SLICE("<message to='a'><body>b</body><x:y xmlns:x='u'/></message>"), 4096,
			&log);
		assert_null(strstr(buf_cstr(&log), "error"));
	}
	buf_done(&log);
	xml_reader_free(r);
}

static void a_steady_stream_allocates_nothing(void **state)
{
	static const struct slice stanza = SLICE("<message to='a@b' from='c@d' id='1' type='chat'>"
						 "<body>hello, how are you today?</body>"
						 "<thread>t</thread></message> ");
	struct xml_reader *r = reader(NULL);
	struct xml_event ev;

	(void)state;
	xml_reader_push(r, SLICE(HEAD));
	for (int i = 0; i < 200; i++) {
		if (i == 20)
			mem_fail_after(0);
		assert_int_equal(xml_reader_push(r, stanza), stanza.n);
		while (xml_reader_take(r, &ev))
			assert_int_not_equal(ev.type, XML_EV_ERROR);
	}
	mem_fail_after(-1);
	xml_reader_free(r);
}

static void a_full_queue_takes_no_more(void **state)
{
	struct xml_reader *r = reader(NULL);
	struct buf in;
	struct xml_event ev;
	unsigned n = 0;

	(void)state;
	buf_init(&in, 1 << 20);
	buf_puts(&in, HEAD);
	put_many(&in, "<a><b>t</b></a>", 200);
	buf_puts(&in, "</stream:stream>");
	size_t taken = xml_reader_push(r, buf_slice(&in));
	assert_int_equal(taken, sizeof(HEAD) - 1 + (XML_EVENTS_MAX - 1) * 15);
	assert_int_equal(xml_reader_push(r, slice_skip(buf_slice(&in), taken)), 0);
	while (xml_reader_take(r, &ev)) {
		if (n > 0)
			assert_true(slice_eqs(xml_child(ev.node, NULL, "b")->text, "t"));
		n++;
	}
	assert_int_equal(n, XML_EVENTS_MAX);
	while (taken < buf_len(&in)) {
		taken += xml_reader_push(r, slice_skip(buf_slice(&in), taken));
		while (xml_reader_take(r, &ev))
			n++;
	}
	assert_int_equal(n, 202);
	assert_int_equal(ev.type, XML_EV_CLOSE);
	buf_done(&in);
	xml_reader_free(r);
}

static void an_error_finds_room_behind_a_full_queue(void **state)
{
	struct xml_reader *r = reader(NULL);
	struct buf in;
	struct xml_event ev;
	unsigned n = 0;

	(void)state;
	buf_init(&in, 1 << 20);
	buf_puts(&in, HEAD);
	put_many(&in, "<a/>", XML_EVENTS_MAX - 2);
	buf_puts(&in, "<!-- --><b/>");
	assert_int_equal(xml_reader_push(r, buf_slice(&in)), buf_len(&in));
	while (xml_reader_take(r, &ev))
		n++;
	assert_int_equal(n, XML_EVENTS_MAX);
	assert_int_equal(ev.type, XML_EV_ERROR);
	buf_done(&in);
	xml_reader_free(r);
}

static void it_stops_behind_an_element_that_ends_the_stream(void **state)
{
	struct slice in = SLICE(HEAD "<features/><proceed xmlns='urn:t'><x/></proceed><injected/>");
	struct xml_reader *r = reader(NULL);
	struct buf log;

	(void)state;
	buf_init(&log, 1 << 20);
	xml_reader_stop_at(r, "success");
	xml_reader_stop_at(r, "proceed");
	size_t n = xml_reader_push(r, in);
	assert_int_equal(n, in.n - strlen("<injected/>"));
	drain(r, &log);
	assert_string_equal(
		buf_cstr(&log), OPENED "<features/>\n<proceed xmlns='urn:t'><x/></proceed>\n");

	xml_reader_reset(r);
	buf_clear(&log);
	struct slice next = SLICE(HEAD "<proceed/><b/></stream:stream>");
	assert_int_equal(xml_reader_push(r, next), next.n); /* the names are gone */
	drain(r, &log);
	assert_string_equal(buf_cstr(&log), OPENED "<proceed/>\n<b/>\nclose\n");
	buf_done(&log);
	xml_reader_free(r);
}

static void a_reset_starts_over_in_any_state(void **state)
{
	static const char *const before[] = {
		"",
		"<",
		HEAD,
		HEAD "<a><b c='",
		HEAD "<a/><b/>",
		HEAD "</stream:stream>",
		"<!DOCTYPE x>",
		HEAD "<a></b>",
	};
	struct buf log;

	(void)state;
	buf_init(&log, 1 << 20);
	for (size_t i = 0; i < COUNT(before); i++) {
		struct xml_reader *r = reader(NULL);

		xml_reader_push(r, slice_str(before[i]));
		xml_reader_reset(r);
		buf_clear(&log);
		feed(r, SLICE(HEAD "<a>t</a>"), 1, &log);
		assert_string_equal(buf_cstr(&log), OPENED "<a>t</a>\n");
		xml_reader_free(r);
	}
	buf_done(&log);
}

static void a_node_is_found_by_name_and_namespace(void **state)
{
	struct xml_reader *r = reader(NULL);
	struct xml_event ev;

	(void)state;
	xml_reader_push(r, SLICE(HEAD "<m to='x' xml:to='y'><b xmlns='urn:1'/><b xmlns='urn:2' "
				      "xml:lang='fr'>2</b></m>"));
	assert_true(xml_reader_take(r, &ev));
	assert_true(slice_eqs(ev.content_ns, "jabber:client"));
	assert_true(xml_is(ev.node, "http://etherx.jabber.org/streams", "stream"));
	assert_true(slice_eqs(xml_attr(ev.node, "version"), "1.0"));
	assert_true(xml_reader_take(r, &ev));
	assert_true(xml_is(ev.node, "jabber:client", "m"));
	assert_true(xml_is(ev.node, NULL, "m"));
	assert_false(xml_is(ev.node, "", "m"));
	assert_true(slice_eqs(xml_attr(ev.node, "to"), "x"));
	assert_int_equal(xml_attr(ev.node, "from").n, 0);
	assert_true(slice_eqs(xml_lang(ev.node), "en"));
	const struct xml_node *b = xml_child(ev.node, "urn:2", "b");
	assert_non_null(b);
	assert_true(slice_eqs(b->text, "2"));
	assert_true(slice_eqs(xml_lang(b), "fr"));
	assert_ptr_equal(b->parent, ev.node);
	assert_true(slice_eqs(xml_child(ev.node, NULL, "b")->ns, "urn:1"));
	assert_null(xml_child(ev.node, "urn:3", "b"));
	assert_null(xml_child(ev.node, NULL, "c"));
	xml_reader_free(r);
}

static void what_is_written_can_be_read(void **state)
{
	static const struct {
		const char *name, *in, *text, *attr;
	} cases[] = {
		{ "markup", "<a href='x'>&\"", "&lt;a href='x'&gt;&amp;\"",
			"&lt;a href=&apos;x&apos;&gt;&amp;&quot;" },
		{ "the end of a section", "]]>", "]]&gt;", "]]&gt;" },
		{ "white space", "\t\n\r ", "\t\n&#13; ", "&#9;&#10;&#13; " },
		{ "what XML cannot carry",
			"a\x01"
			"b\x7f",
			"a\uFFFDb\x7f", "a\uFFFDb\x7f" },
		{ "bytes that are not UTF-8", "\xff\xc3(\xe2\x82", "\uFFFD\uFFFD(\uFFFD",
			"\uFFFD\uFFFD(\uFFFD" },
		{ "a surrogate", "x\xed\xa0\x80y", "x\uFFFDy", "x\uFFFDy" },
		{ "U+FFFE", "\xef\xbf\xbe!", "\uFFFD!", "\uFFFD!" },
		{ "an emoji", "\U0001F600", "\U0001F600", "\U0001F600" },
		{ "nothing", "", "", "" },
	};
	struct buf b;
	char want[128];

	(void)state;
	buf_init(&b, 1 << 20);
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_clear(&b);
		xml_put_text(&b, slice_str(cases[i].in));
		assert_string_equal(buf_cstr(&b), cases[i].text);
		buf_clear(&b);
		xml_put_element(&b, "e", slice_str(cases[i].in));
		snprintf(want, sizeof(want), "<e>%s</e>", cases[i].text);
		assert_string_equal(buf_cstr(&b), want);
		buf_clear(&b);
		xml_put_attr(&b, "n", slice_str(cases[i].in));
		snprintf(want, sizeof(want), " n='%s'", cases[i].attr);
		assert_string_equal(buf_cstr(&b), want);
	}
	buf_clear(&b);
	xml_put_text(&b, SLICE("a\0b"));
	assert_string_equal(buf_cstr(&b), "a\uFFFDb");
	buf_done(&b);
}

static void without_memory_it_says_so_and_survives(void **state)
{
	static const struct slice in = SLICE(
		HEAD "<message to='a'><body>some text &amp; more</body><x xmlns='u' xml:y='z'/>"
		     "</message></stream:stream>");
	struct buf log;
	long n = 0;
	bool failed = true;

	(void)state;
	buf_init(&log, 1 << 20);
	buf_reserve(&log, 4096); /* not part of the test */
	for (; failed; n++) {
		struct xml_reader *r = NULL;
		struct xml_event ev;

		assert_in_range(n, 0, 200);
		mem_fail_after(n);
		failed = xml_reader_new(&r, NULL, 7) != 0;
		for (size_t done = 0; r && done < in.n; done += 9)
			xml_reader_push(r, slice_cut(in, done, done + 9));
		mem_fail_after(-1);
		while (r && xml_reader_take(r, &ev)) {
			if (ev.type != XML_EV_ERROR)
				continue;
			failed = true;
			assert_string_equal(ev.condition, "internal-server-error");
		}
		if (r) { /* it can be used again */
			xml_reader_reset(r);
			buf_clear(&log);
			feed(r, SLICE(HEAD "<a/>"), 3, &log);
			assert_string_equal(buf_cstr(&log), OPENED "<a/>\n");
		}
		xml_reader_free(r);
	}
	assert_in_range(n, 10, 200);
	buf_done(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_the_pieces_the_events_are_the_same),
		cmocka_unit_test(a_name_that_means_nothing_is_not_there),
		cmocka_unit_test(a_stanza_whose_name_means_nothing_is_cut),
		cmocka_unit_test(what_a_stream_must_not_hold_ends_it),
		cmocka_unit_test(an_error_says_where_and_why),
		cmocka_unit_test(a_stanza_is_there_with_its_last_byte),
		cmocka_unit_test(a_big_stanza_in_small_pieces_is_there_with_its_last_byte),
		cmocka_unit_test(each_limit_is_reached_and_not_before),
		cmocka_unit_test(a_tag_without_an_end_is_not_hoarded),
		cmocka_unit_test(a_long_stream_has_a_budget_for_names),
		cmocka_unit_test(the_same_names_for_ever_cost_nothing),
		cmocka_unit_test(a_steady_stream_allocates_nothing),
		cmocka_unit_test(a_full_queue_takes_no_more),
		cmocka_unit_test(an_error_finds_room_behind_a_full_queue),
		cmocka_unit_test(it_stops_behind_an_element_that_ends_the_stream),
		cmocka_unit_test(a_reset_starts_over_in_any_state),
		cmocka_unit_test(a_node_is_found_by_name_and_namespace),
		cmocka_unit_test(what_is_written_can_be_read),
		cmocka_unit_test(without_memory_it_says_so_and_survives),
	};

	return cmocka_run_group_tests_name("xml", tests, NULL, NULL);
}

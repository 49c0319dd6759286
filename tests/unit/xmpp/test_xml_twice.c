/* Attributes that stand twice: the second one is gone, whatever the pieces in which the bytes come.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "xmpp/xml.h"
#include "xmpp/xml_twice.h"

enum { ROOM = 1 << 16 };

/* The first piece of all has `first` bytes, the others have `piece` each. */
static struct slice filter_cut(
	struct xml_twice *t, struct slice in, size_t first, size_t piece, struct buf *out)
{
	unsigned steps = 0;

	memset(t, 0, sizeof(*t));
	buf_clear(out);
	for (size_t n = first; in.n; n = piece) {
		struct slice part = slice_cut(in, 0, n);

		in = slice_skip(in, part.n);
		while (part.n) {
			struct slice keep;
			const size_t done = xml_twice_step(t, part, &keep);

			assert_true(++steps < 4 * ROOM); /* it goes on */
			buf_put(out, keep);
			part = slice_skip(part, done);
		}
	}
	return buf_slice(out);
}

static struct slice filter(struct xml_twice *t, struct slice in, size_t piece, struct buf *out)
{
	return filter_cut(t, in, piece, piece, out);
}

static void assert_filtered(const char *in, const char *want)
{
	struct xml_twice t;
	struct buf out;

	buf_init(&out, ROOM);
	for (size_t piece = 1; piece <= strlen(in) + 1; piece++) {
		filter(&t, slice_str(in), piece, &out);
		if (strcmp(buf_cstr(&out), want) != 0)
			fail_msg("in pieces of %zu `%s` becomes `%s`", piece, in, buf_cstr(&out));
	}
	buf_done(&out);
}

static void the_second_of_a_name_is_taken_out(void **state)
{
	static const struct {
		const char *in, *want;
	} rows[] = {
		{ "<y xmlns='a' xmlns='b'/>", "<y xmlns='a' />" },
		{ "<y a='1' b='2' a='3' c='4'>t</y>", "<y a='1' b='2'  c='4'>t</y>" },
		{ "<y a='1' a = \"it's\" b='2'/>", "<y a='1'  b='2'/>" },
		{ "<y\na='1'\n\ta='>'\nb='a'/>", "<y\na='1'\n\t\nb='a'/>" },
		{ "<y a='1' a='1' a='1'/>", "<y a='1'  />" },
		{ "<y a='1'/><y a='1'/>", "<y a='1'/><y a='1'/>" },
		{ "<y q:a='1' a='2' q:a='3'/>", "<y q:a='1' a='2' />" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_filtered(rows[i].in, rows[i].want);
}

static void all_else_passes_as_it_came(void **state)
{
	static const char *const rows[] = {
		"<?xml version='1.0'?><a:b xmlns:a='c' ab='1' a='1'>",
		"text a='1' a='1' <![CDATA[<y a='1' a='2'>]] ]>]]]><b/>",
		"<y aa='a=b a=b' a='\"' aaa=\"'\"/> & </y >",
		"<y></y><y/><y ></y\t><y a='' b=''/>",
		"<!-- <y a='1' a='2'> -->",
		"<y =>", /* ill-formed: the parser's affair */
		"<<y a=1>",
		"<y a=",
		"<y a='1",
		"<",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_filtered(rows[i], rows[i]);
}

/* More names than are kept: what is behind them passes, and the next tag is looked at again. */
static void many_names_have_a_bound(void **state)
{
	static char in[ROOM];
	struct xml_twice t;
	struct buf out;
	size_t n = (size_t)sprintf(in, "<y");

	(void)state;
	for (unsigned i = 0; i < 2 * XML_TWICE_ATTRS; i++)
		n += (size_t)sprintf(in + n, " a%u='1'", i);
	n += (size_t)sprintf(in + n, " a1='2'/><y %0*u='1' b='1' b='1'/><z b='1' b='2'/>",
		2 * XML_TWICE_NAMES, 0);
	buf_init(&out, ROOM);
	for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
		const struct slice kept = filter(&t, slice_of(in, n), piece, &out);

		assert_int_equal(kept.n, n - strlen("b='2'"));
		assert_true(slice_ends(kept, SLICE("<z b='1' />")));
	}
	buf_done(&out);
}

/* The parser begins a tag again behind each: without a bound one tag of 4 MiB would take minutes.
 */
static void doubles_of_one_tag_have_a_bound(void **state)
{
	struct xml_twice t;
	struct buf in, out;

	(void)state;
	buf_init(&in, ROOM);
	buf_init(&out, ROOM);
	buf_puts(&in, "<y a='1'");
	for (unsigned i = 0; i < 2 * XML_TWICE_DROPS; i++)
		buf_puts(&in, " a='2'");
	buf_puts(&in, "/><z b='1' b='2'/>");
	for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
		const struct slice kept = filter(&t, buf_slice(&in), piece, &out);

		assert_int_equal(kept.n, buf_len(&in) - (XML_TWICE_DROPS + 1) * strlen("a='2'"));
		assert_true(slice_ends(kept, SLICE(" a='2'/><z b='1' />")));
	}
	buf_done(&in);
	buf_done(&out);
}

/* As a read that ended within the name, and one that brought much: it is the name that is bounded,
 * not what is behind it. */
static void much_behind_half_a_name_is_not_its_length(void **state)
{
	static char in[ROOM];
	const size_t cut = strlen("<y xmlns='a' xm");
	const size_t n =
		(size_t)sprintf(in, "<y xmlns='a' xmlns='b'>%0*u</y>", 2 * XML_TWICE_NAMES, 0);
	struct xml_twice t;
	struct buf out;

	(void)state;
	buf_init(&out, ROOM);
	const struct slice kept = filter_cut(&t, slice_of(in, n), cut, n, &out);
	assert_int_equal(kept.n, n - strlen("xmlns='b'"));
	assert_true(slice_starts(kept, SLICE("<y xmlns='a' >0")));
	buf_done(&out);
}

/* A name that was held back and finds no room at its end passes whole. */
static void no_byte_of_a_held_name_is_lost(void **state)
{
	static char in[ROOM];
	const size_t n =
		(size_t)sprintf(in, "<y %0*u='1' bcdefgh='2' c='3'/>", XML_TWICE_NAMES - 5, 0);
	const size_t name = n - strlen("bcdefgh='2' c='3'/>");
	struct xml_twice t;
	struct buf out;

	(void)state;
	buf_init(&out, ROOM);
	for (size_t cut = name; cut < n; cut++) {
		const struct slice kept = filter_cut(&t, slice_of(in, n), cut, n, &out);

		assert_int_equal(kept.n, n);
		assert_memory_equal(kept.p, in, n);
	}
	buf_done(&out);
}

static void random_pieces_make_no_difference(void **state)
{
	static const char letters[] = "<>/='\"ab \n!?[]-";
	struct xml_twice t;
	struct buf whole, parts;
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 7);
	buf_init(&whole, ROOM);
	buf_init(&parts, ROOM);
	for (unsigned round = 0; round < 20000; round++) {
		char in[64];

		for (size_t i = 0; i < sizeof(in); i++)
			in[i] = letters[rng_below(&rng, sizeof(letters) - 1)];
		const struct slice a = filter(&t, slice_of(in, sizeof(in)), sizeof(in), &whole);
		const struct slice b =
			filter(&t, slice_of(in, sizeof(in)), 1 + rng_below(&rng, 9), &parts);
		/* A name at the very end may still be held back. */
		const size_t n = a.n < b.n ? a.n : b.n;
		if (memcmp(a.p, b.p, n) != 0)
			fail_msg("%.64s", in);
	}
	buf_done(&whole);
	buf_done(&parts);
}

/* As jabberd2's router passes on what a user of its sent rightly. */
static void a_relayed_stanza_with_a_double_ends_no_stream(void **state)
{
	static const char bytes[] =
		"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber."
		"org/streams' from='a.test'>"
		"<message to='b.test' from='c@a.test'><body>b</body><y xmlns='urn:1' a='1' "
		"xmlns='urn:2'/></message><message id='next'/>";
	struct xml_reader *r = NULL;
	struct xml_event ev;
	struct slice in;
	unsigned n = 0;

	(void)state;
	in = slice_of(bytes, sizeof(bytes) - 1);
	assert_int_equal(xml_reader_new(&r, &xml_relay_limits, 1), 0);
	while (in.n) {
		in = slice_skip(in, xml_reader_push(r, slice_cut(in, 0, 7)));
		while (xml_reader_take(r, &ev)) {
			assert_int_not_equal(ev.type, XML_EV_ERROR);
			if (ev.type == XML_EV_STANZA && ++n == 1)
				assert_non_null(xml_child(ev.node, "urn:1", "y"));
		}
	}
	assert_int_equal(n, 2);
	xml_reader_free(r);
}

/* A double in the start tag itself: that is what the parser is told of again between two stanzas,
 * and nothing behind it. */
static void the_start_of_the_stream_is_kept_without_the_double(void **state)
{
	static const struct xml_limits few_names = { .stanza_bytes = 2000,
		.depth = 5,
		.attrs = 3,
		.nodes = 10,
		.name_bytes = 20000,
		.tag_bytes = 300,
		.cut = true };
	enum { STANZAS = 2000 };
	struct xml_reader *r = NULL;
	struct xml_event ev;
	struct buf in;
	unsigned n = 0;

	(void)state;
	buf_init(&in, 1 << 20);
	buf_puts(&in, "<s:s xmlns='jabber:client' xmlns:s='u:s' xml:lang='cs' xml:lang='de'>");
	for (unsigned i = 0; i < STANZAS; i++)
		buf_printf(&in, "<m><e%u a%u=''/></m>", i, i);
	assert_int_equal(buf_err(&in), 0);
	assert_int_equal(xml_reader_new(&r, &few_names, 1), 0);
	for (struct slice rest = buf_slice(&in); rest.n;) {
		rest = slice_skip(rest, xml_reader_push(r, rest));
		while (xml_reader_take(r, &ev)) {
			if (ev.type == XML_EV_ERROR)
				fail_msg("%u: %s: %s", n, ev.condition, ev.where.what);
			n += ev.type == XML_EV_STANZA;
		}
	}
	assert_int_equal(n, STANZAS);
	xml_reader_free(r);
	buf_done(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_second_of_a_name_is_taken_out),
		cmocka_unit_test(all_else_passes_as_it_came),
		cmocka_unit_test(many_names_have_a_bound),
		cmocka_unit_test(doubles_of_one_tag_have_a_bound),
		cmocka_unit_test(much_behind_half_a_name_is_not_its_length),
		cmocka_unit_test(no_byte_of_a_held_name_is_lost),
		cmocka_unit_test(random_pieces_make_no_difference),
		cmocka_unit_test(a_relayed_stanza_with_a_double_ends_no_stream),
		cmocka_unit_test(the_start_of_the_stream_is_kept_without_the_double),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

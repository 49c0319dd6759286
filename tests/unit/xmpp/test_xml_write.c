/* Whatever is written is read as what it was. */
#include "xmpp/xml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "base/str.h"

enum { NODES = 40, ATTRS = 80, TEXTS = 1 << 16 };

#define NS_CLIENT "jabber:client"
#define HEAD      "<s xmlns='" NS_CLIENT "'>"

static struct rng rng;
static struct xml_reader *reader;
static struct buf out;

static int set_up(void **state)
{
	(void)state;
	rng_init_number(&rng, 6120);
	buf_init(&out, 1 << 20);
	return xml_reader_new(&reader, NULL, 1);
}

static int tear_down(void **state)
{
	(void)state;
	reader = xml_reader_free(reader);
	buf_done(&out);
	return 0;
}

/* What the buffer holds, read as a child of a stream; valid until the next. */
static const struct xml_node *read_back(void)
{
	struct xml_event ev;

	assert_int_equal(buf_err(&out), 0);
	xml_reader_reset(reader);
	xml_reader_push(reader, SLICE(HEAD));
	assert_true(xml_reader_take(reader, &ev));
	xml_reader_push(reader, buf_slice(&out));
	if (!xml_reader_take(reader, &ev) || ev.type != XML_EV_STANZA)
		fail_msg("%s: %s", buf_cstr(&out), ev.type == XML_EV_ERROR ? ev.where.what : "?");
	return ev.node;
}

/* ---- trees of chance ---- */

static struct xml_node nodes[NODES];
static struct xml_attr attrs[ATTRS];
static unsigned n_nodes, n_attrs;
static uint8_t texts[TEXTS];
static size_t n_texts;

static struct slice pick(const char *const *all, size_t n)
{
	return slice_str(all[rng_below(&rng, (uint32_t)n)]);
}

/* Up to 20 characters that XML can carry. */
static struct slice some_text(void)
{
	static const char *const pieces[] = { "a", "b", " ", "&", "<", ">", "'", "\"", "\r", "\n",
		"\t", "]]>", "\u00fc", "\u4e2d", "\U0001f600", "&amp;", "<![CDATA[", "\x7f" };
	size_t from = n_texts;

	for (unsigned n = rng_below(&rng, 20); n; n--) {
		struct slice s = pick(pieces, COUNT(pieces));

		assert_true(n_texts + s.n < TEXTS);
		memcpy(texts + n_texts, s.p, s.n);
		n_texts += s.n;
	}
	return slice_of(texts + from, n_texts - from);
}

static struct slice some_ns(void)
{
	static const char *const all[] = { NS_CLIENT, NS_CLIENT, NS_CLIENT, "urn:a", "urn:'b\"&<",
		"", NS_XML };

	return pick(all, COUNT(all));
}

static const struct xml_attr *some_attrs(void)
{
	static const char *const names[] = { "id", "to", "lang", "x", "y", "\u00fc" };
	static const char *const spaces[] = { "", "", "", "urn:a", "urn:'b\"&<", NS_XML };
	struct xml_attr *first = NULL, **next = &first;
	const unsigned n = rng_below(&rng, COUNT(names));

	for (unsigned i = 0; i < n; i++) { /* each name once: no attribute stands twice */
		struct xml_attr *a = &attrs[n_attrs++];

		assert_true(n_attrs < ATTRS);
		*a = (struct xml_attr){ .ns = ascii_is_alpha((uint8_t)names[i][0])
						      ? pick(spaces, COUNT(spaces))
						      : SLICE(""),
			.name = slice_str(names[i]),
			.value = some_text() };
		*next = a;
		next = (struct xml_attr **)(void *)&a->next;
	}
	return first;
}

static struct xml_node *some_node(unsigned depth)
{
	static const char *const names[] = { "message", "body", "x", "\u00fc-_.1" };
	struct xml_node *n = &nodes[n_nodes++], *last = NULL;
	const struct slice ns = some_ns();

	/* Behind a prefix the last means nothing: xml_scope.c. */
	*n = (struct xml_node){ .ns = ns,
		.name = pick(names, COUNT(names) - slice_eqs(ns, NS_XML)),
		.text = some_text(),
		.attrs = n_attrs < ATTRS - 10 ? some_attrs() : NULL };
	for (unsigned k = depth ? rng_below(&rng, 4) : 0; k && n_nodes < NODES; k--) {
		struct xml_node *child = some_node(depth - 1);

		if (last)
			last->next = child;
		else
			n->child = child;
		last = child;
	}
	return n;
}

static void assert_same(const struct xml_node *a, const struct xml_node *b)
{
	const struct xml_attr *x = a->attrs, *y = b->attrs;
	const struct xml_node *c = a->child, *d = b->child;

	if (!slice_eq(a->ns, b->ns) || !slice_eq(a->name, b->name) || !slice_eq(a->text, b->text))
		fail_msg("%s", buf_cstr(&out));
	for (; x && y; x = x->next, y = y->next)
		if (!slice_eq(x->ns, y->ns) || !slice_eq(x->name, y->name) ||
			!slice_eq(x->value, y->value))
			fail_msg("%s", buf_cstr(&out));
	assert_true(!x && !y);
	for (; c && d; c = c->next, d = d->next)
		assert_same(c, d);
	assert_true(!c && !d);
}

static void a_node_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		n_nodes = n_attrs = 0;
		n_texts = 0;
		const struct xml_node *n = some_node(4);

		buf_clear(&out);
		xml_put_node(&out, n, NS_CLIENT);
		assert_same(n, read_back());
	}
}

/* ---- bytes of chance ---- */

/* No byte that somebody sends can end the element that it is in. */
static void any_bytes_are_one_text_and_one_value(void **state)
{
	static const char special[] = "<>&'\"]\r\n\t\xc3\xed\xa0\xf4";

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		uint8_t bytes[24];
		const size_t n = rng_below(&rng, sizeof(bytes) + 1);

		rng_bytes(&rng, bytes, n);
		for (size_t k = 0; k < n; k++)
			if (rng_below(&rng, 2))
				bytes[k] = (uint8_t)special[rng_below(&rng, sizeof(special) - 1)];
		struct slice s = slice_of(bytes, n);
		buf_clear(&out);
		buf_puts(&out, "<m");
		xml_put_attr(&out, "a", s);
		buf_putc(&out, '>');
		xml_put_element(&out, "b", s);
		xml_put_text(&out, s);
		buf_puts(&out, "</m>");
		const struct xml_node *m = read_back(), *b = xml_child(m, NULL, "b");
		assert_non_null(b);
		assert_null(b->next);
		assert_true(slice_eq(xml_attr(m, "a"), m->text));
		assert_true(slice_eq(b->text, m->text));
		if (utf8_is_xml_text(s, NULL))
			assert_true(slice_eq(m->text, s));
		else
			assert_int_not_equal(slice_find(m->text, SLICE("\uFFFD")), SIZE_MAX);
	}
}

/* ---- a full buffer ---- */

static void what_does_not_fit_is_an_error_and_stays_one(void **state)
{
	static const struct xml_attr attr = {
		.ns = SLICE("urn:x"), .name = SLICE("n"), .value = SLICE("<v>")
	};
	static const struct xml_node child = { .ns = SLICE("urn:y"), .name = SLICE("c") };
	static const struct xml_node node = { .ns = SLICE(NS_CLIENT),
		.name = SLICE("m"),
		.text = SLICE("a & b"),
		.attrs = &attr,
		.child = &child };

	(void)state;
	xml_put_node(&out, &node, NS_CLIENT);
	const size_t whole = buf_len(&out);
	for (size_t max = 0; max <= whole; max++) {
		struct buf b;

		buf_init(&b, max);
		xml_put_node(&b, &node, NS_CLIENT);
		assert_int_equal(buf_err(&b), max < whole ? -EMSGSIZE : 0);
		assert_true(buf_len(&b) <= max);
		buf_done(&b);
	}
}

static void a_namespace_is_declared_where_it_changes(void **state)
{
	static const struct xml_node inner = { .ns = SLICE("urn:y"), .name = SLICE("c") };
	static const struct xml_node outer = {
		.ns = SLICE("urn:y"), .name = SLICE("b"), .child = &inner
	};

	(void)state;
	xml_put_node(&out, &outer, NS_CLIENT);
	assert_string_equal(buf_cstr(&out), "<b xmlns='urn:y'><c/></b>");
	buf_clear(&out);
	xml_put_node(&out, &outer, "urn:y");
	assert_string_equal(buf_cstr(&out), "<b><c/></b>");
	buf_clear(&out);
	xml_put_node(&out, &outer, "");
	assert_string_equal(buf_cstr(&out), "<b xmlns='urn:y'><c/></b>");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_node_is_read_as_it_was_written),
		TEST(any_bytes_are_one_text_and_one_value),
		TEST(what_does_not_fit_is_an_error_and_stays_one),
		TEST(a_namespace_is_declared_where_it_changes),
	};

	return cmocka_run_group_tests_name("xml_write", tests, NULL, NULL);
}

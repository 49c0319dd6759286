#include "conf/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

struct read {
	struct tree tree;
	int err;
	char errors[4096];
};

static struct read got;

static const struct read *read_text(struct slice text)
{
	struct buf b;
	struct problems problems = { .out = &b, .file_name = "f" };

	tree_done(&got.tree);
	buf_init(&b, 1 << 16);
	got.err = tree_read(&got.tree, text, &problems);
	assert_true(slice_cstr(buf_slice(&b), got.errors, sizeof(got.errors)));
	buf_done(&b);
	return &got;
}

static int clean_up(void **state)
{
	(void)state;
	tree_done(&got.tree);
	return 0;
}

/* A node and what is below it: `k` plain, "q" quoted, [list], {mapping}, ! broken. */
static void put_node(struct buf *b, const struct node *n)
{
	static const char open[] = { [NODE_LIST] = '[', [NODE_MAPPING] = '{' };
	static const char close[] = { [NODE_LIST] = ']', [NODE_MAPPING] = '}' };

	buf_printf(b, "%u:%u", n->at.line, n->at.column);
	if (n->kind == NODE_BROKEN) {
		buf_putc(b, '!');
		return;
	}
	if (n->kind == NODE_SCALAR) {
		buf_printf(b, n->plain ? "=%s" : "=\"%s\"", tree_cstr(&got.tree, n));
		assert_true(slice_eqs(tree_text(&got.tree, n), tree_cstr(&got.tree, n)));
		return;
	}
	buf_putc(b, (uint8_t)open[n->kind]);
	for (const struct node *c = tree_node(&got.tree, n->first); c;
		c = tree_node(&got.tree, c->next)) {
		put_node(b, c);
		if (c->next != NODE_NONE)
			buf_putc(b, ' ');
	}
	buf_putc(b, (uint8_t)close[n->kind]);
}

static void becomes(const char *text, const char *want)
{
	struct buf b;

	read_text(slice_str(text));
	if (got.err || got.errors[0])
		fail_msg("%s\n%d %s", text, got.err, got.errors);
	buf_init(&b, 1 << 16);
	put_node(&b, tree_node(&got.tree, 0));
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void nodes_keep_their_kind_text_and_place(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "a: b\n", "1:1{1:1=a 1:4=b}" },
		{ "a:\n  - b\n  - 'c d'\n", "1:1{1:1=a 2:3[2:5=b 3:5=\"c d\"]}" },
		{ "{a: [b, {c: \"d\"}], e: }\n", "1:1{1:2=a 1:5[1:6=b 1:9{1:10=c 1:13=\"d\"}] "
						 "1:20=e 1:23=}" },
		{ "# comment\n\na: |\n  two\n  lines\n", "3:1{3:1=a 3:4=\"two\nlines\n\"}" },
		{ "a: b # comment\n", "1:1{1:1=a 1:4=b}" },
		{ "---\na: b\n...\n", "2:1{2:1=a 2:4=b}" },
		{ "? a\n: b\n", "1:1{1:3=a 2:3=b}" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		becomes(cases[i].text, cases[i].want);
}

/* Columns are what an editor shows: characters, not bytes. */
static void columns_count_characters(void **state)
{
	(void)state;
	becomes("\u00fc: [\u4e2d, b]\n", "1:1{1:1=\u00fc 1:4[1:5=\u4e2d 1:8=b]}");
	becomes("\"\U0001f600\": b\n", "1:1{1:1=\"\U0001f600\" 1:6=b}");
	becomes("\xef\xbb\xbf"
		"a: b\n",
		"1:1{1:1=a 1:4=b}"); /* a byte order mark is none */
	read_text(SLICE("\u00e9\u00e9: [\u00e9, &x y]\n"));
	assert_string_equal(got.errors, "f:1:9: anchors and aliases are not allowed\n");
	read_text(SLICE("\u00e9\u00e9: [\u00e9, ! y]\n"));
	assert_string_equal(got.errors, "f:1:9: tags are not allowed\n");
}

static void what_yaml_has_and_we_do_not_is_refused_at_its_place(void **state)
{
	static const struct {
		const char *text, *errors;
	} cases[] = {
		{ "a: &x {b: c}\n", "f:1:4: anchors and aliases are not allowed\n" },
		{ "a: &x [b]\n", "f:1:4: anchors and aliases are not allowed\n" },
		{ "&x a: b\n", "f:1:1: anchors and aliases are not allowed\n" },
		{ "a: !!map {b: c}\n", "f:1:4: tags are not allowed\n" },
		{ "a: !!seq [b]\n", "f:1:4: tags are not allowed\n" },
		{ "a: ! [b]\n", "f:1:4: tags are not allowed\n" },
		{ "a: ! b\n", "f:1:4: tags are not allowed\n" }, /* libyaml forgets this one */
		{ "\u00fc\u4e2d: ! b\n", "f:1:5: tags are not allowed\n" },
		{ "a: !x b\n", "f:1:4: tags are not allowed\n" },
		{ "a: &x !!str b\n", "f:1:4: anchors and aliases are not allowed\n" },
		{ "%TAG ! tag:x,2000:\n---\na: b\n", "f:1:1: directives are not allowed\n" },
		{ "{a: b}: c\n", "f:1:1: a key must be a word\n" },
		{ "[a]: c\n", "f:1:1: a key must be a word\n" },
		{ "a: b\na: c\n'a': d\n",
			"f:2:1: the key `a` is here twice\nf:3:1: the key `a` is here twice\n" },
		{ "a: {b: 1, b: 2}\nc: {b: 1}\n", "f:1:11: the key `b` is here twice\n" },
		{ "a: b\n--- c\n", "f:2:1: a second document is not allowed\n" },
		{ "a: *b\n", "f:1:4: anchors and aliases are not allowed\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		read_text(slice_str(cases[i].text));
		if (strcmp(got.errors, cases[i].errors) != 0)
			fail_msg("%s\nwant %s got %s", cases[i].text, cases[i].errors, got.errors);
	}
}

/* A part that is broken has been told about, and the rest can be walked. */
static void what_breaks_a_part_leaves_the_rest(void **state)
{
	struct buf b;

	(void)state;
	read_text(SLICE("a: !x b\nc: d\na: e\nf: *g\n"));
	assert_int_equal(got.err, 0);
	buf_init(&b, 4096);
	put_node(&b, tree_node(&got.tree, 0));
	assert_string_equal(buf_cstr(&b), "1:1{1:1=a 1:4! 2:1=c 2:4=d 3:1! 3:4=e 4:1=f 4:4!}");
	buf_done(&b);
}

static void put_many(struct buf *b, const char *piece, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		buf_puts(b, piece);
}

static void each_limit_is_reached_and_not_before(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 2 << 20);
	for (unsigned over = 0; over < 2; over++) {
		buf_clear(&b);
		put_many(&b, "[", TREE_DEPTH_MAX + over);
		put_many(&b, "]", TREE_DEPTH_MAX + over);
		read_text(buf_slice(&b));
		assert_string_equal(got.errors, over ? "f:1:13: nested too deep\n" : "");

		buf_clear(&b);
		for (unsigned i = 0; i < TREE_KEYS_MAX + over; i++)
			buf_printf(&b, "k%u: v\n", i);
		read_text(buf_slice(&b));
		assert_string_equal(got.errors, over ? "f:65:1: too many keys\n" : "");

		buf_clear(&b); /* the list is a node too */
		buf_putc(&b, '[');
		put_many(&b, "a,\n", TREE_NODES_MAX - 1 + over);
		buf_putc(&b, ']');
		read_text(buf_slice(&b));
		assert_string_equal(
			got.errors, over ? "f:131072:1: the file has too many values\n" : "");

		buf_clear(&b);
		buf_puts(&b, "a: ");
		put_many(&b, "x", CONF_TEXT_MAX - 3 + over);
		read_text(buf_slice(&b));
		assert_string_equal(
			got.errors, over ? "f:1:1: the file is larger than 1 MiB\n" : "");
	}
	buf_done(&b);
}

/* Escapes make a text longer than its source, and it still fits. */
static void the_longest_text_that_a_file_can_hold_is_held(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 2 << 20);
	buf_putc(&b, '"');
	put_many(&b, "\\N", CONF_TEXT_MAX / 2 - 1);
	buf_putc(&b, '"');
	read_text(buf_slice(&b));
	assert_int_equal(got.err, 0);
	assert_string_equal(got.errors, "");
	assert_int_equal(tree_text(&got.tree, tree_node(&got.tree, 0)).n, CONF_TEXT_MAX - 2);
	buf_clear(&b);
	buf_puts(&b, "[");
	put_many(&b, "\"\\P\",", 131000);
	buf_puts(&b, "]");
	read_text(buf_slice(&b));
	assert_int_equal(got.err, 0);
	assert_string_equal(got.errors, "");
	buf_done(&b);
}

static void without_memory_there_is_no_tree(void **state)
{
	int err = -ENOMEM;

	(void)state;
	for (long n = 0; err == -ENOMEM; n++) {
		struct buf b;
		struct problems problems = { .out = &b, .file_name = "f" };
		struct tree t;

		assert_in_range(n, 0, 20);
		buf_init(&b, 4096);
		mem_fail_after(n);
		err = tree_read(&t, SLICE("a: [b, c]\n"), &problems);
		mem_fail_after(-1);
		assert_int_equal(problems.n, 0);
		tree_done(&t);
		buf_done(&b);
	}
	assert_int_equal(err, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nodes_keep_their_kind_text_and_place),
		cmocka_unit_test(columns_count_characters),
		cmocka_unit_test(what_yaml_has_and_we_do_not_is_refused_at_its_place),
		cmocka_unit_test(what_breaks_a_part_leaves_the_rest),
		cmocka_unit_test(each_limit_is_reached_and_not_before),
		cmocka_unit_test(the_longest_text_that_a_file_can_hold_is_held),
		cmocka_unit_test(without_memory_there_is_no_tree),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, clean_up);
}

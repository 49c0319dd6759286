#include "conf/problems.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"

static void a_problem_is_a_line_with_its_place(void **state)
{
	struct buf b;
	struct problems p = { .out = &b, .file_name = "dir/stox.yaml" };

	(void)state;
	buf_init(&b, 4096);
	problems_add(
		&p, (struct conf_place){ 3, 14 }, TEXT("`{1}` is {2}", text_str("x"), text_u64(5)));
	problems_add(&p, (struct conf_place){ 4, 1 }, TEXT_PLAIN("no"));
	assert_string_equal(buf_cstr(&b), "dir/stox.yaml:3:14: `x` is 5\ndir/stox.yaml:4:1: no\n");
	assert_int_equal(p.n, 2);
	buf_done(&b);
}

static const char *french(const char *id)
{
	return strcmp(id, "the key `{1}` is here twice") == 0 ? "deux fois la clé `{1}`" : id;
}

/* Its place is for editors: it is the same in every language. */
static void a_problem_is_told_in_the_readers_language(void **state)
{
	struct buf b;
	struct problems p = { .out = &b, .file_name = "f", .look_up = french };

	(void)state;
	buf_init(&b, 4096);
	problems_add(&p, (struct conf_place){ 3, 14 },
		TEXT(N_("the key `{1}` is here twice"), text_str("x")));
	assert_string_equal(buf_cstr(&b), "f:3:14: deux fois la clé `x`\n");
	buf_done(&b);
}

static void twenty_are_enough(void **state)
{
	struct buf b;
	struct problems p = { .out = &b, .file_name = "f" };
	char last[64];

	(void)state;
	buf_init(&b, 4096);
	for (unsigned i = 1; i <= 30; i++) {
		assert_int_equal(problems_full(&p), i > CONF_ERRORS_MAX);
		problems_add(&p, (struct conf_place){ i, 1 }, TEXT_PLAIN("x"));
	}
	assert_int_equal(p.n, CONF_ERRORS_MAX);
	snprintf(last, sizeof(last), "f:%d:1: x\n", CONF_ERRORS_MAX);
	assert_true(slice_ends(buf_slice(&b), slice_str(last)));
	buf_done(&b);
}

/* A file cannot write to the reader's terminal. */
static void control_characters_are_shown_as_hex(void **state)
{
	static const struct {
		const char *in, *want;
	} cases[] = {
		{ "", "" },
		{ "plain", "plain" },
		{ "b\u00fccher \U0001f600", "b\u00fccher \U0001f600" },
		{ "\033[2J", "\\x1b[2J" },
		{ "a\tb\nc\rd\x7f", "a\\x09b\\x0ac\\x0dd\\x7f" },
		/* The second set of them: U+009B is ESC [ in one character. */
		{ "\302\233"
		  "2J",
			"\\x9b2J" },
		{ "\302\200\302\205\302\237\302\240", "\\x80\\x85\\x9f\302\240" },
	};
	char text[SHOWN_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_string_equal(shown(slice_str(cases[i].in), text), cases[i].want);
	assert_string_equal(shown(SLICE("a\0b"), text), "a\\x00b");
}

static void a_long_value_is_cut(void **state)
{
	char in[201] = "", text[SHOWN_MAX], want[SHOWN_MAX];

	(void)state;
	memset(in, 'x', sizeof(in) - 1);
	for (size_t n = 0; n < sizeof(in); n++) {
		shown(slice_of(in, n), text);
		if (n <= 56) {
			assert_int_equal(strlen(text), n);
			assert_null(strchr(text, '.'));
		}
		assert_true(strlen(text) < SHOWN_MAX);
	}
	snprintf(want, sizeof(want), "%.57s...", in);
	assert_string_equal(shown(slice_str(in), text), want);
}

/* Never half a character, wherever it is cut, and never over the end. */
static void what_is_cut_is_still_text(void **state)
{
	static const char *const pieces[] = { "\u00fc", "\u4e2d", "\U0001f600", "\033",
		"\302\233" };
	char text[SHOWN_MAX];
	struct buf in;

	(void)state;
	buf_init(&in, 4096);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		for (size_t lead = 0; lead < 8; lead++) {
			buf_clear(&in);
			for (size_t k = 0; k < lead; k++)
				buf_putc(&in, 'a');
			for (unsigned k = 0; k < 70; k++)
				buf_puts(&in, pieces[i]);
			shown(buf_slice(&in), text);
			assert_true(strlen(text) < SHOWN_MAX);
			assert_true(utf8_valid(slice_str(text), NULL));
			assert_true(slice_ends(slice_str(text), SLICE("...")));
		}
	}
	buf_done(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_problem_is_a_line_with_its_place),
		cmocka_unit_test(a_problem_is_told_in_the_readers_language),
		cmocka_unit_test(twenty_are_enough),
		cmocka_unit_test(control_characters_are_shown_as_hex),
		cmocka_unit_test(a_long_value_is_cut),
		cmocka_unit_test(what_is_cut_is_still_text),
	};

	return cmocka_run_group_tests_name("problems", tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/sheet.h"
#include "base/str.h"

static void lines_are(
	const struct sheet_style *style, const char *line, unsigned indent, const char *want)
{
	struct sheet p;
	struct buf b;

	buf_init(&b, 4096);
	sheet_init(&p, &b, style);
	buf_puts(&p.line, line);
	sheet_end(&p, indent);
	sheet_done(&p);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void without_a_width_a_line_stays_as_it_is(void **state)
{
	(void)state;
	lines_are(NULL, "Diagnosis     :", 16, "Diagnosis     :\n");
	lines_are(NULL, "a  long \xc3\xa9 line that nobody wraps, with its spaces  ", 2,
		"a  long \xc3\xa9 line that nobody wraps, with its spaces  \n");
}

static void words_are_wrapped_and_the_label_column_kept(void **state)
{
	static const struct sheet_style forty = { .width = 40 };

	(void)state;
	lines_are(&forty, "Error Message : No connection to 127.0.0.1:5061: connection refused.",
		16,
		"Error Message : No connection to\n"
		"                127.0.0.1:5061:\n"
		"                connection refused.\n");
	lines_are(&forty, "  - one two three four five six seven eight", 4,
		"  - one two three four five six seven\n"
		"    eight\n");
}

static void a_line_that_fits_exactly_is_one_line(void **state)
{
	static const struct sheet_style style = { .width = 30 };

	(void)state;
	lines_are(&style, "123456789 123456789 123456789 ", 2, "123456789 123456789 123456789\n");
	lines_are(&style, "123456789 123456789 1234567890", 2, "123456789 123456789 1234567890\n");
	lines_are(&style, "123456789 123456789 12345678901", 2,
		"123456789 123456789\n  12345678901\n");
}

static void a_word_that_fits_nowhere_stays_whole_and_is_not_moved_in_vain(void **state)
{
	static const struct sheet_style style = { .width = 40 };
	const char *word = "sip:somebody@a-very-long-name.litware.test;transport=tls";
	char line[128], want[256];

	(void)state;
	snprintf(line, sizeof(line), "Error Message : %s no", word);
	snprintf(want, sizeof(want), "Error Message : %s\n                no\n", word);
	lines_are(&style, line, 16, want);
}

static void in_too_narrow_a_terminal_the_label_column_is_given_up(void **state)
{
	static const struct sheet_style style = { .width = 30 };

	(void)state;
	lines_are(&style, "Error Message : No connection to 127.0.0.1:5061.", 16,
		"Error Message : No connection\n  to 127.0.0.1:5061.\n");
}

static void characters_are_counted_as_a_terminal_shows_them(void **state)
{
	static const struct {
		const char *text;
		unsigned width;
	} table[] = {
		{ "", 0 }, { "abc", 3 }, { "\xc3\xa9t\xc3\xa9", 3 },
		{ "e\xcc\x81", 1 },                /* a combining accent */
		{ "\xe6\xbc\xa2\xe5\xad\x97", 4 }, /* two ideographs */
		{ "\xf0\x9f\x98\x80", 2 },         /* a face */
		{ "\xe2\x9c\x93", 1 },             /* a check mark */
		{ "a\xe2\x80\xaf:", 3 },           /* a narrow space that does not break */
		{ "\xff", 1 },                     /* nothing; some sign will be shown */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		assert_int_equal(sheet_width(slice_str(table[i].text)), table[i].width);
}

static void accents_do_not_make_a_line_shorter(void **state)
{
	static const struct sheet_style style = { .width = 20 };

	(void)state;
	lines_are(&style,
		"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 "
		"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
		"\xc3\xa9",
		2,
		"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9 "
		"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"
		"\xc3\xa9\n");
}

static void a_command_is_never_broken(void **state)
{
	static const struct sheet_style style = { .width = 30 };
	struct sheet p;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	sheet_init(&p, &b, &style);
	buf_puts(&p.line, "try the port from here: ");
	sheet_whole(&p, SLICE("nc -vz -w 5 192.0.2.1 5061"));
	sheet_end(&p, 3);
	sheet_done(&p);
	assert_string_equal(
		buf_cstr(&b), "try the port from here:\n   nc -vz -w 5 192.0.2.1 5061\n");
	buf_done(&b);
}

static void coloured(const struct sheet_style *style, const char *want)
{
	struct sheet p;
	struct buf b;

	buf_init(&b, 4096);
	sheet_init(&p, &b, style);
	buf_puts(&p.line, "Result : ");
	sheet_colour(&p, SHEET_BAD);
	buf_puts(&p.line, "Failure");
	sheet_colour(&p, SHEET_PLAIN);
	assert_int_equal(sheet_column(&p), 16);
	sheet_tab(&p, 18);
	sheet_tab(&p, 3);
	buf_puts(&p.line, "at once");
	sheet_end(&p, 9);
	sheet_done(&p);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void colours_take_no_columns_and_are_only_there_when_asked_for(void **state)
{
	static const struct sheet_style colour = { .colour = true },
					narrow = { .colour = true, .width = 18 },
					fits = { .colour = true, .width = 25 };

	(void)state;
	coloured(NULL, "Result : Failure  at once\n");
	coloured(&colour, "Result : \033[31mFailure\033[0m  at once\n");
	coloured(&fits, "Result : \033[31mFailure\033[0m  at once\n");
	coloured(&narrow, "Result : \033[31mFailure\033[0m\n  at once\n");
}

static void an_error_of_a_line_reaches_the_sheet(void **state)
{
	struct sheet p;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	sheet_init(&p, &b, NULL);
	for (unsigned i = 0; i < 10000; i++)
		buf_puts(&p.line, "too long");
	sheet_end(&p, 0);
	sheet_done(&p);
	assert_int_equal(buf_err(&b), -EMSGSIZE);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_width_a_line_stays_as_it_is),
		cmocka_unit_test(words_are_wrapped_and_the_label_column_kept),
		cmocka_unit_test(a_line_that_fits_exactly_is_one_line),
		cmocka_unit_test(a_word_that_fits_nowhere_stays_whole_and_is_not_moved_in_vain),
		cmocka_unit_test(in_too_narrow_a_terminal_the_label_column_is_given_up),
		cmocka_unit_test(characters_are_counted_as_a_terminal_shows_them),
		cmocka_unit_test(accents_do_not_make_a_line_shorter),
		cmocka_unit_test(a_command_is_never_broken),
		cmocka_unit_test(colours_take_no_columns_and_are_only_there_when_asked_for),
		cmocka_unit_test(an_error_of_a_line_reaches_the_sheet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

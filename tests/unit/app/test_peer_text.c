/* What another process printed does nothing to a terminal but to be read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "app/peer_text.h"
#include "base/mem.h"

static void what_a_terminal_would_obey_is_replaced(void **state)
{
	static const struct {
		const char *name;
		struct slice raw;
		const char *want;
	} table[] = {
		{ "nothing", SLICE(""), "" },
		{ "lines and tabs", SLICE("a\tb\nc\r\n"), "a\tb\nc\r\n" },
		{ "UTF-8", SLICE("d\xc3\xa9j\xc3\xa0 \xe2\x9c\x93"),
			"d\xc3\xa9j\xc3\xa0 \xe2\x9c\x93" },
		{ "colours", SLICE("\033[1;31mred\033[0m\033[m"), "\033[1;31mred\033[0m\033[m" },
		{ "a title", SLICE("\033]0;evil\007"), "?]0;evil?" },
		{ "a cleared screen", SLICE("\033[2J"), "?[2J" },
		{ "a colour without its end", SLICE("\033[1;"), "?[1;" },
		{ "an escape at the end", SLICE("a\033"), "a?" },
		{ "a line that writes over itself", SLICE("good\rbad\b"), "good?bad?" },
		{ "C1",
			SLICE("\xc2\x9b"
			      "2J"),
			"?2J" },
		{ "NUL and DEL", SLICE("a\0b\x7f"), "a?b?" },
		{ "no UTF-8", SLICE("\xff\xc3"), "??" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct buf b;

		print_message("%s\n", table[i].name);
		buf_init(&b, 256);
		peer_text_put(&b, table[i].raw);
		assert_string_equal(buf_cstr(&b), table[i].want);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_terminal_would_obey_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

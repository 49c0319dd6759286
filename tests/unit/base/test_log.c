#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void a_line_is_words_and_pairs(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	log_begin(&b, "gateway", "relayed");
	log_str(&b, "from", SLICE("sip:a@b.test"));
	log_u64(&b, "n", 0);
	log_u64(&b, "max", UINT64_MAX);
	assert_string_equal(
		buf_cstr(&b), "gateway relayed from=sip:a@b.test n=0 max=18446744073709551615");
	buf_done(&b);
}

/* What a peer sends can neither end the line nor look like another key. */
static void values_are_quoted_where_they_must(void **state)
{
	static const struct {
		const char *name;
		struct slice value;
		const char *want;
	} table[] = {
		{ "plain", { (const uint8_t *)"abc/:;,", 7 }, " k=abc/:;," },
		{ "a number", { (const uint8_t *)"0123456789", 10 }, " k=\"0123456789\"" },
		{ "begins as one", { (const uint8_t *)"12a", 3 }, " k=12a" },
		{ "digits of another script", { (const uint8_t *)"1\u0664", 3 }, " k=1\u0664" },
		{ "empty", { NULL, 0 }, " k=\"\"" },
		{ "space", { (const uint8_t *)"a b", 3 }, " k=\"a b\"" },
		{ "quote", { (const uint8_t *)"a\"b", 3 }, " k=\"a\\\"b\"" },
		{ "equals", { (const uint8_t *)"a=b", 3 }, " k=\"a=b\"" },
		{ "backslash", { (const uint8_t *)"l\\p", 3 }, " k=\"l\\\\p\"" },
		{ "line end", { (const uint8_t *)"a\r\nb", 4 }, " k=\"a\\x0d\\x0ab\"" },
		{ "NUL", { (const uint8_t *)"a\0b", 3 }, " k=\"a\\x00b\"" },
		{ "escape", { (const uint8_t *)"\x1b[2J", 4 }, " k=\"\\x1b[2J\"" },
		{ "delete", { (const uint8_t *)"\x7f", 1 }, " k=\"\\x7f\"" },
		{ "tab", { (const uint8_t *)"\t", 1 }, " k=\"\\x09\"" },
		{ "UTF-8", { (const uint8_t *)"\xc3\xa4", 2 }, " k=\xc3\xa4" },
		{ "C1 as UTF-8", { (const uint8_t *)"a\xc2\x9b", 3 }, " k=\"a\\xc2\\x9b\"" },
		{ "C1 as a byte",
			{ (const uint8_t *)"\x9b"
					   "2J",
				3 },
			" k=\"\\x9b2J\"" },
		{ "a mark of direction", { (const uint8_t *)"\u202e", 3 },
			" k=\"\\xe2\\x80\\xae\"" },
		{ "a line separator", { (const uint8_t *)"\u2028", 3 }, " k=\"\\xe2\\x80\\xa8\"" },
		{ "cut UTF-8", { (const uint8_t *)"\xe2\x82", 2 }, " k=\"\\xe2\\x82\"" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (size_t i = 0; i < COUNT(table); i++) {
		buf_clear(&b);
		log_str(&b, "k", table[i].value);
		if (strcmp(buf_cstr(&b), table[i].want) != 0)
			fail_msg("%s: want%s got%s", table[i].name, table[i].want, buf_cstr(&b));
	}
	buf_done(&b);
}

static void no_byte_leaves_the_line(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	for (unsigned c = 0; c < 256; c++) {
		uint8_t byte = (uint8_t)c;

		buf_clear(&b);
		log_str(&b, "k", slice_of(&byte, 1));
		struct slice line = buf_slice(&b);
		for (size_t i = 0; i < line.n; i++)
			if (line.p[i] < 0x20 || line.p[i] >= 0x7f)
				fail_msg("byte 0x%02x gives 0x%02x", c, line.p[i]);
	}
	buf_done(&b);
}

static void a_line_that_is_too_long_is_the_buffers_error(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	log_begin(&b, "gateway", "relayed");
	log_str(&b, "k", SLICE("a b"));
	assert_int_equal(buf_err(&b), -EMSGSIZE);
	buf_done(&b);
}

static void levels_have_names(void **state)
{
	(void)state;
	assert_string_equal(log_level_name(LOG_LEVEL_ERROR), "error");
	assert_string_equal(log_level_name(LOG_LEVEL_WARNING), "warning");
	assert_string_equal(log_level_name(LOG_LEVEL_INFO), "info");
	assert_string_equal(log_level_name(LOG_LEVEL_DEBUG), "debug");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_words_and_pairs),
		cmocka_unit_test(values_are_quoted_where_they_must),
		cmocka_unit_test(no_byte_leaves_the_line),
		cmocka_unit_test(a_line_that_is_too_long_is_the_buffers_error),
		cmocka_unit_test(levels_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Other charsets than UTF-8. */
#include "bridge/charset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void a_charset_has_many_names(void **state)
{
	static const struct {
		const char *name;
		int charset; /* -1: not known */
	} cases[] = {
		{ "UTF-8", CHARSET_UTF_8 },
		{ "utf8", CHARSET_UTF_8 },
		{ "'utf-8'", CHARSET_UTF_8 },
		{ "ISO-10646-UTF-8", CHARSET_UTF_8 },
		{ "US-ASCII", CHARSET_UTF_8 },
		{ "ANSI_X3.4-1968", CHARSET_UTF_8 },
		{ "ISO646-US", CHARSET_UTF_8 },
		{ "ISO_646.irv:1991", CHARSET_UTF_8 },
		{ "us", CHARSET_UTF_8 },
		{ "ISO_8859-1:1987", CHARSET_WINDOWS_1252 },
		{ "iso8859-1", CHARSET_WINDOWS_1252 },
		{ "Latin1", CHARSET_WINDOWS_1252 },
		{ "cp1252", CHARSET_WINDOWS_1252 },
		{ "ISO-8859-15", CHARSET_ISO_8859_15 },
		{ "Latin-9", CHARSET_ISO_8859_15 },
		{ "UTF-16", CHARSET_UTF_16 },
		{ "utf-16le", CHARSET_UTF_16LE },
		{ "UTF-16BE", CHARSET_UTF_16BE },
		{ "", -1 },
		{ "iso-8859-2", -1 },
		{ "utf-7", -1 },
		{ "gb18030", -1 },
		{ "a-name-of-forty-bytes-and-more-that-nobody-has", -1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		enum charset got;
		const bool found = charset_find(slice_str(cases[i].name), &got);

		if ((found ? (int)got : -1) != cases[i].charset)
			fail_msg("%s", cases[i].name);
	}
}

static void text_becomes_utf8(void **state)
{
	static const struct {
		enum charset charset;
		struct slice in;
		const char *want; /* NULL: refused */
	} cases[] = {
		{ CHARSET_UTF_8, { (const uint8_t *)"\xc3\xa9", 2 }, "\u00e9" },
		{ CHARSET_UTF_8, { (const uint8_t *)"\xe9", 1 }, NULL },
		{ CHARSET_WINDOWS_1252, { (const uint8_t *)"a\xe9\x80\x92\xff", 5 },
			"a\u00e9\u20ac\u2019\u00ff" },
		{ CHARSET_WINDOWS_1252, { (const uint8_t *)"\x81", 1 }, NULL },
		{ CHARSET_ISO_8859_15, { (const uint8_t *)"\xa4\xbd\xe9\xa5", 4 },
			"\u20ac\u0153\u00e9\u00a5" },
		{ CHARSET_UTF_16, { (const uint8_t *)"\0a\x20\xac", 4 }, "a\u20ac" },
		{ CHARSET_UTF_16, { (const uint8_t *)"\xfe\xff\0a", 4 }, "\ufeffa" },
		{ CHARSET_UTF_16,
			{ (const uint8_t *)"\xff\xfe"
					   "a\0",
				4 },
			"\ufeffa" },
		{ CHARSET_UTF_16LE, { (const uint8_t *)"=\xd8\0\xde", 4 }, "\U0001f600" },
		{ CHARSET_UTF_16BE, { (const uint8_t *)"\xd8=\xde\0", 4 }, "\U0001f600" },
		{ CHARSET_UTF_16BE, { (const uint8_t *)"\xd8=", 2 }, NULL },
		{ CHARSET_UTF_16BE, { (const uint8_t *)"\xd8=\0a", 4 }, NULL },
		{ CHARSET_UTF_16BE, { (const uint8_t *)"\xde\0\xd8=", 4 }, NULL },
		{ CHARSET_UTF_16BE, { (const uint8_t *)"\0a\0", 3 }, NULL },
	};
	struct buf b;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_init(&b, 100);
		const int err = charset_put_utf8(&b, cases[i].charset, cases[i].in);
		if (err != (cases[i].want ? 0 : ERR_SYNTAX))
			fail_msg("%zu: %d", i, err);
		if (cases[i].want)
			assert_string_equal(buf_cstr(&b), cases[i].want);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_charset_has_many_names),
		cmocka_unit_test(text_becomes_utf8),
	};

	return cmocka_run_group_tests_name("charset", tests, NULL, NULL);
}

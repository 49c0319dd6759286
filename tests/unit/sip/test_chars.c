/* The classes of RFC 3261 section 25.1, typed here from it: not read from the table. */
#include "sip/chars.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define ALPHANUM "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

/* token = 1*(alphanum / "-" / "." / "!" / "%" / "*" / "_" / "+" / "`" / "'" / "~") */
#define TOKEN ALPHANUM "-.!%*_+`'~"

static const struct {
	const char *name;
	uint8_t class;
	const char *holds;
	bool high; /* and all bytes from 0x80 on */
} classes[] = {
	{ "token", SIP_CHAR_TOKEN, TOKEN, false },
	/* word adds ( ) < > : \ " / [ ] ? { } */
	{ "word", SIP_CHAR_WORD, TOKEN "()<>:\\\"/[]?{}", false },
	{ "LWS", SIP_CHAR_LWS, " \t\r\n", false },
	{ "what ends a value of a list, or hides a comma", SIP_CHAR_LIST, "\"<>,", false },
	/* All that is printable but what would end it: SP " , ; < > */
	{ "a parameter's value", SIP_CHAR_VALUE, TOKEN "()/:[]?=@#$&^|{}\\", true },
};

static bool want(size_t i, unsigned c)
{
	if (c >= 0x80)
		return classes[i].high;
	return c != 0 && strchr(classes[i].holds, (int)c);
}

static void each_byte_is_in_its_classes(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(classes); i++)
		for (unsigned c = 0; c < 256; c++) {
			if (sip_char_is((uint8_t)c, classes[i].class) == want(i, c))
				continue;
			print_error("%s: 0x%02x should be%s in it\n", classes[i].name, c,
				want(i, c) ? "" : " not");
			failed++;
		}
	assert_int_equal(failed, 0);
}

static void no_class_lets_a_control_character_in_but_white_space(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		if ((c >= 0x20 && c != 0x7f) || c == '\t' || c == '\r' || c == '\n')
			continue;
		assert_int_equal(sip_chars[c], 0);
	}
}

static void a_run_ends_where_its_class_does(void **state)
{
	static const struct {
		const char *text;
		size_t from;
		uint8_t class;
		size_t want;
	} cases[] = {
		{ "token;x", 0, SIP_CHAR_TOKEN, 5 },
		{ "token;x", 5, SIP_CHAR_TOKEN, 5 },
		{ "token;x", 6, SIP_CHAR_TOKEN, 7 },
		{ "token", 5, SIP_CHAR_TOKEN, 5 },
		{ "", 0, SIP_CHAR_TOKEN, 0 },
		{ " \t\r\n x", 0, SIP_CHAR_LWS, 5 },
		{ "a b", 0, SIP_CHAR_TOKEN | SIP_CHAR_LWS, 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(sip_skip(slice_str(cases[i].text), cases[i].from, cases[i].class),
			cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_byte_is_in_its_classes),
		cmocka_unit_test(no_class_lets_a_control_character_in_but_white_space),
		cmocka_unit_test(a_run_ends_where_its_class_does),
	};

	return cmocka_run_group_tests_name("chars", tests, NULL, NULL);
}

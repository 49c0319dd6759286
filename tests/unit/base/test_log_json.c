#include "base/log_json.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/log.h"

static void a_line_is_the_members_of_an_object(void **state)
{
	struct buf line, json;

	(void)state;
	buf_init(&line, 1000);
	buf_init(&json, 1000);
	log_begin(&line, "sip", "refused");
	log_str(&line, "peer", SLICE("192.0.2.1"));
	log_u64(&line, "n", UINT64_MAX);
	log_str(&line, "id", SLICE("007"));
	log_str(&line, "empty", SLICE_NONE);
	log_json_put(&json, buf_slice(&line));
	assert_string_equal(buf_cstr(&json), "\"subsystem\":\"sip\",\"event\":\"refused\","
					     "\"peer\":\"192.0.2.1\",\"n\":18446744073709551615,"
					     "\"id\":\"007\",\"empty\":\"\"");
	buf_done(&line);
	buf_done(&json);
}

/* What a peer chose comes through, and never as syntax. */
static void values_are_what_they_were(void **state)
{
	static const struct {
		const char *value, *want;
	} table[] = {
		{ "a b", "a b" },
		{ "a\"b\\c", "a\\\"b\\\\c" },
		{ "a\r\nb\tc", "a\\u000d\\u000ab\\u0009c" },
		{ "\\x41", "\\\\x41" },
		{ "\xc3\xa4=", "\xc3\xa4=" },
		{ "\u202ea", "\\u202ea" },
		{ "\xff\xfe", "\\ufffd\\ufffd" },
		{ "a\xe2\x82", "a\\ufffd\\ufffd" },
		{ "\",\"level\":\"error", "\\\",\\\"level\\\":\\\"error" },
	};
	struct buf line, json, want;

	(void)state;
	buf_init(&line, 1000);
	buf_init(&json, 1000);
	buf_init(&want, 1000);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		buf_clear(&line);
		buf_clear(&json);
		buf_clear(&want);
		log_begin(&line, "s", "e");
		log_str(&line, "k", slice_str(table[i].value));
		log_json_put(&json, buf_slice(&line));
		buf_printf(
			&want, "\"subsystem\":\"s\",\"event\":\"e\",\"k\":\"%s\"", table[i].want);
		assert_string_equal(buf_cstr(&json), buf_cstr(&want));
	}
	buf_done(&line);
	buf_done(&json);
	buf_done(&want);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_the_members_of_an_object),
		cmocka_unit_test(values_are_what_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

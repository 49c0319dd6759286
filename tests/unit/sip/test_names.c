#include "sip/names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void every_name_is_found_in_any_case(void **state)
{
	static const char letters[] = "cefiklmostv";
	char text[64];

	static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	(void)state;
	for (int id = SIP_HDR_OTHER + 1; id < SIP_HDR_COUNT; id++) {
		const char *name = sip_hdr_name((enum sip_hdr_id)id);
		size_t n = strlen(name);

		assert_int_equal(sip_hdr_find(slice_str(name)), id);
		for (size_t i = 0; i <= n; i++) {
			text[i] = name[i];
			if (name[i] >= 'a' && name[i] <= 'z')
				text[i] = upper[name[i] - 'a'];
		}
		assert_int_equal(sip_hdr_find(slice_of(text, n)), id);
		/* Nothing near it is it (but "t", of "to", which is its compact form). */
		if (n > 2)
			assert_int_not_equal(sip_hdr_find(slice_of(text, n - 1)), id);
		for (size_t i = 0; i < n; i++) {
			text[i] ^= 1;
			assert_int_not_equal(sip_hdr_find(slice_of(text, n)), id);
			text[i] ^= 1;
		}
	}
	for (unsigned c = 0; c < 256; c++) {
		uint8_t byte = (uint8_t)c;
		bool known = c && c < 128 && strchr(letters, (int)(c | 0x20)) && c > 64;

		assert_int_equal(sip_hdr_find(slice_of(&byte, 1)) != SIP_HDR_OTHER, known);
	}
	assert_int_equal(sip_hdr_find(SLICE("")), SIP_HDR_OTHER);
	assert_int_equal(sip_hdr_find(SLICE("V")), SIP_HDR_VIA);
	assert_int_equal(sip_hdr_find(SLICE("l")), SIP_HDR_CONTENT_LENGTH);
}

static void methods_are_found_and_have_one_case(void **state)
{
	(void)state;
	for (int m = 0; m < SIP_METHOD_OTHER; m++)
		assert_int_equal(
			sip_method_find(slice_str(sip_method_name((enum sip_method)m))), m);
	assert_int_equal(sip_method_find(SLICE("Message")), SIP_METHOD_OTHER);
	assert_int_equal(sip_method_find(SLICE("MESSAGES")), SIP_METHOD_OTHER);
	assert_string_equal(sip_method_name(SIP_METHOD_OTHER), "OTHER");
}

static void a_status_has_its_phrase(void **state)
{
	(void)state;
	assert_string_equal(sip_reason_phrase(200), "OK");
	assert_string_equal(sip_reason_phrase(480), "Temporarily Unavailable");
	assert_string_equal(sip_reason_phrase(299), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_name_is_found_in_any_case),
		cmocka_unit_test(methods_are_found_and_have_one_case),
		cmocka_unit_test(a_status_has_its_phrase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

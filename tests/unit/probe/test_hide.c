/* What is known to be secret, found wherever a peer says it back. */
#include "probe/hide.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PROOF "0123456789abcdef0123456789abcdef"

static const char *hidden(const struct hide *h, const char *text)
{
	static char ret[512];

	assert_true(slice_cstr(slice_str(text), ret, sizeof(ret)));
	hide_in(h, ret, strlen(ret));
	return ret;
}

static void passwords_are_hidden_as_they_are_and_in_base64(void **state)
{
	static const struct {
		const char *said, *shown;
	} cases[] = {
		{ "hunter22", "********" },
		{ "no hunter22, no", "no ********, no" },
		{ "hunter22hunter2hunter22", "********hunter2********" },
		{ "aHVudGVyMjI=", "************" },
		{ "second pass", "***********" },
		{ "hunter2", "hunter2" },
		{ "", "" },
	};
	struct hide h = { .n = 0 };

	(void)state;
	hide_add_password(&h, SLICE("hunter22"));
	hide_add_password(&h, SLICE("second pass"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(hidden(&h, cases[i].said), cases[i].shown);
}

static void bytes_behind_the_text_stay(void **state)
{
	char text[] = "x hunter22\0hunter22";
	struct hide h = { .n = 0 };

	(void)state;
	hide_add_password(&h, SLICE("hunter22"));
	hide_in(&h, text, 10);
	assert_memory_equal(text, "x ********\0hunter22", sizeof(text));
}

static void short_ones_are_words(void **state)
{
	struct hide h = { .n = 0 };

	(void)state;
	hide_add_password(&h, SLICE("pilar"));
	hide_add_password(&h, SLICE(""));
	assert_int_equal(h.n, 0);
	assert_string_equal(hidden(&h, "pilar cGlsYXI="), "pilar cGlsYXI=");
}

static void proofs_of_our_requests_are_hidden(void **state)
{
	struct hide h = { .n = 0 };

	(void)state;
	hide_add_password(&h, SLICE("hunter22"));
	hide_add_proofs(&h, SLICE("Authorization: Digest response=\"" PROOF "\", nc=1\r\n"
				  "Proxy-Authorization: Digest response=\"0" PROOF "\"\r\n"));
	hide_add_proofs(&h, SLICE("Authorization: Digest response=\"" PROOF "\", nc=1\r\n"));
	assert_int_equal(h.n, 4);
	assert_string_equal(hidden(&h, "X: response='" PROOF "'"),
		"X: response='********************************'");
}

/* A peer that challenges for ever makes us forget proofs, never a password. */
static void the_passwords_outlive_any_number_of_proofs(void **state)
{
	struct hide h = { .n = 0 };
	char request[64];

	(void)state;
	hide_add_password(&h, SLICE("hunter22"));
	for (unsigned i = 0; i < 100; i++) {
		snprintf(request, sizeof(request), " response=\"proof %02u\"", i);
		hide_add_proofs(&h, slice_str(request));
	}
	assert_int_equal(h.n, HIDE_MAX);
	assert_string_equal(hidden(&h, "hunter22 proof 00 proof 99"), "******** proof 00 ********");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_are_hidden_as_they_are_and_in_base64),
		cmocka_unit_test(bytes_behind_the_text_stay),
		cmocka_unit_test(short_ones_are_words),
		cmocka_unit_test(proofs_of_our_requests_are_hidden),
		cmocka_unit_test(the_passwords_outlive_any_number_of_proofs),
	};

	return cmocka_run_group_tests_name("hide", tests, NULL, NULL);
}

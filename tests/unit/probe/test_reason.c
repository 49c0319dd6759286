/* The table of reasons is whole, and so are the smaller ones beside it. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "probe/diagnostics.h"
#include "probe/note.h"
#include "probe/reason.h"

static bool is_sentence(const char *s)
{
	size_t n = strlen(s);

	return n > 10 && isupper((unsigned char)s[0]) && strchr(".:)", s[n - 1]);
}

static void every_reason_says_what_it_means_why_and_what_to_do(void **state)
{
	(void)state;
	for (unsigned i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		const struct reason_info *info = reason_info((enum reason)i);

		if (!is_sentence(info->meaning) || !info->causes[0] || !info->next[0].what ||
			!info->phases || info->exit_status < 1 || info->exit_status > 3)
			fail_msg("%s is not whole", reason_id((enum reason)i));
		for (unsigned k = 0; k < REASON_CAUSES_MAX && info->causes[k]; k++)
			if (!is_sentence(info->causes[k]) && !strchr(info->causes[k], ':'))
				fail_msg("%s: `%s`", reason_id((enum reason)i), info->causes[k]);
	}
}

static void identifiers_are_found_and_are_never_two(void **state)
{
	(void)state;
	for (unsigned i = REASON_NONE + 1; i < REASON_COUNT; i++) {
		enum reason found = REASON_NONE;

		assert_true(reason_find(slice_str(reason_id((enum reason)i)), &found));
		assert_int_equal(found, i); /* the first of that name: there is no other */
	}
	enum reason untouched = REASON_IM_LATE;
	assert_false(reason_find(SLICE("dns"), &untouched));
	assert_false(reason_find(SLICE(""), &untouched));
	assert_int_equal(untouched, REASON_IM_LATE);
}

static void no_two_reasons_mean_the_same(void **state)
{
	(void)state;
	for (unsigned i = REASON_NONE + 1; i < REASON_COUNT; i++)
		for (unsigned k = i + 1; k < REASON_COUNT; k++)
			if (strcmp(reason_info((enum reason)i)->meaning,
				    reason_info((enum reason)k)->meaning) == 0)
				fail_msg("%s and %s", reason_id((enum reason)i),
					reason_id((enum reason)k));
}

static void notes_have_names_and_explain_what_follows_from_them(void **state)
{
	(void)state;
	for (unsigned i = 0; i < NOTE_COUNT; i++)
		assert_true(strlen(note_id((enum note)i)) > 5);
	assert_true(note_explains(NOTE_DNS_FALLBACK, PHASE_SIP_CONNECT));
	assert_false(note_explains(NOTE_DNS_FALLBACK, PHASE_DELIVER));
	assert_true(note_explains(NOTE_CLOCK_JUMPED, PHASE_XMPP_TLS));
	assert_false(note_explains(NOTE_EARLIER_MESSAGE, PHASE_SIP_TLS));
}

static void diagnostics_are_found_by_their_code(void **state)
{
	(void)state;
	assert_non_null(diagnostics_find(0));
	assert_int_equal(diagnostics_find(1005)->reason, REASON_SIP_PARTNER_NOT_ALLOWED);
	assert_int_equal(diagnostics_find(1003)->reason, REASON_SIP_NOT_FOUND);
	assert_non_null(diagnostics_find(15030));
	/* Sorted: a row that is out of order would not be found. */
	uint32_t found = 0;
	for (uint32_t code = 0; code < 100000; code++)
		found += diagnostics_find(code) != NULL;
	assert_int_equal(found, 45);
}

static void an_unknown_code_has_its_range_or_nothing(void **state)
{
	(void)state;
	assert_null(diagnostics_find(1015));
	assert_string_equal(diagnostics_range(1015), "the SIP stack");
	assert_null(diagnostics_find(17002));
	assert_non_null(diagnostics_range(17002));
	assert_null(diagnostics_range(50000));
	assert_null(diagnostics_range(UINT32_MAX));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_reason_says_what_it_means_why_and_what_to_do),
		cmocka_unit_test(identifiers_are_found_and_are_never_two),
		cmocka_unit_test(no_two_reasons_mean_the_same),
		cmocka_unit_test(notes_have_names_and_explain_what_follows_from_them),
		cmocka_unit_test(diagnostics_are_found_by_their_code),
		cmocka_unit_test(an_unknown_code_has_its_range_or_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

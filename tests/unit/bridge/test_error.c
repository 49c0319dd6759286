/* RFC 7247 section 7, typed here from the RFC: not read from the tables that are tested. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "bridge/error.h"

static const struct {
	const char *condition;
	int bare, full;
} to_sip[] = {
	{ "bad-request", 400, 400 },
	{ "conflict", 400, 400 },
	{ "feature-not-implemented", 501, 405 }, /* note 1 */
	{ "forbidden", 603, 403 },               /* note 2 */
	{ "gone", 410, 410 },                    /* note 3, without an address */
	{ "internal-server-error", 500, 500 },
	{ "item-not-found", 604, 404 },
	{ "jid-malformed", 400, 400 },
	{ "not-acceptable", 606, 406 },
	{ "not-allowed", 403, 403 },
	{ "not-authorized", 403, 403 }, /* 401 only from who challenges */
	{ "policy-violation", 403, 403 },
	{ "recipient-unavailable", 600, 480 },
	{ "redirect", 480, 480 }, /* without an address: RFC 3261 section 21.4.18 */
	{ "registration-required", 403, 403 },
	{ "remote-server-not-found", 404, 404 },
	{ "remote-server-timeout", 504, 504 }, /* RFC 4320: never 408 to a MESSAGE */
	{ "resource-constraint", 500, 500 },
	{ "service-unavailable", 403, 403 }, /* note 5: never 503 */
	{ "subscription-required", 400, 400 },
	{ "undefined-condition", 400, 400 },
	{ "unexpected-request", 491, 491 },
};

static const struct {
	int status;
	const char *condition;
} to_xmpp[] = {
	{ 300, "redirect" },
	{ 301, "gone" },
	{ 302, "redirect" },
	{ 305, "redirect" },
	{ 380, "not-acceptable" },
	{ 400, "bad-request" },
	{ 401, "not-authorized" },
	{ 402, "bad-request" },
	{ 403, "forbidden" },
	{ 404, "item-not-found" },
	{ 405, "feature-not-implemented" },
	{ 406, "not-acceptable" },
	{ 407, "registration-required" },
	{ 408, "remote-server-timeout" },
	{ 410, "gone" },
	{ 413, "policy-violation" },
	{ 414, "policy-violation" },
	{ 415, "not-acceptable" },
	{ 416, "not-acceptable" },
	{ 420, "feature-not-implemented" },
	{ 421, "not-acceptable" },
	{ 423, "resource-constraint" },
	{ 430, "recipient-unavailable" },
	{ 439, "feature-not-implemented" },
	{ 440, "policy-violation" },
	{ 480, "recipient-unavailable" },
	{ 481, "item-not-found" },
	{ 482, "not-acceptable" },
	{ 483, "not-acceptable" },
	{ 484, "item-not-found" },
	{ 485, "item-not-found" },
	{ 486, "recipient-unavailable" },
	{ 487, "recipient-unavailable" },
	{ 488, "not-acceptable" },
	{ 489, "policy-violation" },
	{ 491, "unexpected-request" },
	{ 493, "bad-request" },
	{ 500, "internal-server-error" },
	{ 501, "feature-not-implemented" },
	{ 502, "remote-server-not-found" },
	{ 503, "internal-server-error" },
	{ 504, "remote-server-timeout" },
	{ 505, "not-acceptable" },
	{ 513, "policy-violation" },
	{ 600, "recipient-unavailable" },
	{ 603, "recipient-unavailable" },
	{ 604, "item-not-found" },
	{ 606, "not-acceptable" },
	/* The classes, by codes that have no row. */
	{ 399, "redirect" },
	{ 422, "bad-request" },
	{ 494, "bad-request" },
	{ 580, "internal-server-error" },
	{ 607, "recipient-unavailable" },
	{ 699, "recipient-unavailable" },
};

static enum stanza_condition condition(const char *name)
{
	enum stanza_condition c;

	assert_true(stanza_condition_find(slice_str(name), &c));
	return c;
}

static void stox_core_7_1(void **state)
{
	size_t n;

	(void)state;
	assert_int_equal(COUNT(to_sip), COND_COUNT);
	assert_non_null(error_rows_sip(&n));
	assert_int_equal(n, COUNT(to_sip));
	for (size_t i = 0; i < COUNT(to_sip); i++) {
		const struct error_context bare = { 0 }, full = { .full_jid = true };

		print_message("case: stox_core_7_1_%s\n", to_sip[i].condition);
		assert_int_equal(
			error_to_sip(condition(to_sip[i].condition), &bare), to_sip[i].bare);
		assert_int_equal(
			error_to_sip(condition(to_sip[i].condition), &full), to_sip[i].full);
	}
}

static void stox_core_7_2(void **state)
{
	size_t n;

	(void)state;
	assert_non_null(error_rows_xmpp(&n));
	assert_int_equal(n, 52);
	for (size_t i = 0; i < COUNT(to_xmpp); i++) {
		print_message("case: stox_core_7_2_%d\n", to_xmpp[i].status);
		assert_int_equal(error_to_xmpp(to_xmpp[i].status).condition,
			condition(to_xmpp[i].condition));
	}
}

static void notes_and_rfc_4320(void **state)
{
	static const struct {
		const char *name, *condition;
		struct error_context ctx;
		int want;
	} cases[] = {
		{ "note3_gone_with_an_address", "gone", { .has_address = true }, 301 },
		{ "redirect_with_an_address", "redirect", { .has_address = true }, 302 },
		{ "note4_unresolved_message", "remote-server-not-found", { .unresolved = true },
			504 },
		{ "note4_unresolved_invite", "remote-server-not-found",
			{ .unresolved = true, .invite = true }, 408 },
		{ "timeout_invite", "remote-server-timeout", { .invite = true }, 408 },
		{ "who_challenges", "not-authorized", { .challenge = true }, 401 },
		{ "who_challenges_registration", "registration-required", { .challenge = true },
			407 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("case: %s\n", cases[i].name);
		assert_int_equal(
			error_to_sip(condition(cases[i].condition), &cases[i].ctx), cases[i].want);
	}
}

static void a_message_is_never_answered_408_or_503(void **state)
{
	(void)state;
	for (int c = 0; c < COND_COUNT; c++)
		for (unsigned bits = 0; bits < 16; bits++) {
			const struct error_context ctx = { .full_jid = bits & 1,
				.unresolved = bits & 2,
				.has_address = bits & 4,
				.challenge = bits & 8 };
			int status = error_to_sip((enum stanza_condition)c, &ctx);

			assert_true(status >= 300 && status <= 699);
			assert_int_not_equal(status, 408);
			assert_int_not_equal(status, 503);
		}
}

static void gw_privacy_service_unavailable(void **state)
{
	(void)state;
	assert_int_equal(error_to_xmpp_private(404, true).condition, COND_SERVICE_UNAVAILABLE);
	assert_int_equal(error_to_xmpp_private(480, true).condition, COND_SERVICE_UNAVAILABLE);
	assert_int_equal(error_to_xmpp_private(404, false).condition, COND_ITEM_NOT_FOUND);
	assert_int_equal(error_to_xmpp_private(403, true).condition, COND_FORBIDDEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stox_core_7_1),
		cmocka_unit_test(stox_core_7_2),
		cmocka_unit_test(notes_and_rfc_4320),
		cmocka_unit_test(a_message_is_never_answered_408_or_503),
		cmocka_unit_test(gw_privacy_service_unavailable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

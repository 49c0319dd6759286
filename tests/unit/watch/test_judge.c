#include "watch/judge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static void a_run_is_judged(void **state)
{
	static const struct {
		const char *name;
		struct watch_run run;
		enum watch_state want;
	} rows[] = {
		{ "passed", { .has_passed = true, .attempts = 1 }, WATCH_OK },
		{ "passed when tried again", { .has_passed = true, .attempts = 2 },
			WATCH_UNSTABLE },
		{ "failed", { .reason = REASON_TCP_REFUSED, .attempts = 1 }, WATCH_FAILED },
		{ "failed twice", { .reason = REASON_TCP_REFUSED, .attempts = 2 }, WATCH_FAILED },
		{ "refused as it should be",
			{ .reason = REASON_SIP_PARTNER_NOT_ALLOWED,
				.expected = REASON_SIP_PARTNER_NOT_ALLOWED,
				.attempts = 1 },
			WATCH_OK },
		{ "refused as it should be, when tried again",
			{ .reason = REASON_SIP_PARTNER_NOT_ALLOWED,
				.expected = REASON_SIP_PARTNER_NOT_ALLOWED,
				.attempts = 3 },
			WATCH_UNSTABLE },
		{ "failed in another way than it should",
			{ .reason = REASON_TCP_REFUSED,
				.expected = REASON_SIP_PARTNER_NOT_ALLOWED },
			WATCH_FAILED },
		{ "let through where it should not be",
			{ .has_passed = true, .expected = REASON_SIP_PARTNER_NOT_ALLOWED },
			WATCH_FAILED },
		{ "a stall of ours", { .reason = REASON_SIP_NO_ANSWER, .is_own_fault = true },
			WATCH_UNKNOWN },
		{ "passed during a stall of ours", { .has_passed = true, .is_own_fault = true },
			WATCH_UNKNOWN },
		{ "our network", { .reason = REASON_LOCAL_NETWORK }, WATCH_UNKNOWN },
		{ "our secret", { .reason = REASON_LOCAL_SECRET }, WATCH_UNKNOWN },
		{ "our own bug where a refusal is expected",
			{ .reason = REASON_LOCAL_INTERNAL,
				.expected = REASON_SIP_PARTNER_NOT_ALLOWED },
			WATCH_UNKNOWN },
		{ "failed in maintenance", { .reason = REASON_TCP_REFUSED, .in_maintenance = true },
			WATCH_MAINTENANCE },
		{ "passed in maintenance", { .has_passed = true, .in_maintenance = true },
			WATCH_MAINTENANCE },
		{ "our network in maintenance",
			{ .reason = REASON_LOCAL_NETWORK, .in_maintenance = true },
			WATCH_MAINTENANCE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const enum watch_state got = watch_judge(&rows[i].run);

		if (got != rows[i].want)
			fail_msg("%s: %s", rows[i].name, watch_state_name(got));
	}
}

static void every_reason_blames_one_side(void **state)
{
	(void)state;
	for (unsigned r = REASON_NONE + 1; r < REASON_COUNT; r++) {
		const struct watch_run run = { .reason = (enum reason)r, .attempts = 1 };
		const bool ours = strncmp(reason_id((enum reason)r), "local_", 6) == 0;

		assert_int_equal(watch_judge(&run), ours ? WATCH_UNKNOWN : WATCH_FAILED);
	}
}

static void states_are_in_order(void **state)
{
	static const enum watch_state worst_first[] = { WATCH_FAILED, WATCH_UNSTABLE, WATCH_UNKNOWN,
		WATCH_MAINTENANCE, WATCH_OK };
	static const char *const names[] = { "failed", "unstable", "unknown", "maintenance", "ok" };

	(void)state;
	for (size_t i = 0; i < WATCH_STATES; i++) {
		assert_string_equal(watch_state_name(worst_first[i]), names[i]);
		for (size_t j = 0; j < WATCH_STATES; j++)
			assert_int_equal(
				watch_state_is_worse(worst_first[i], worst_first[j]), i < j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_run_is_judged),
		cmocka_unit_test(every_reason_blames_one_side),
		cmocka_unit_test(states_are_in_order),
	};

	return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}

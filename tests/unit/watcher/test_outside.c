/* What a partner sees: the worst of its messages, on whose side the cause may be said to be, and of
 * what is over what belongs together. */
#include "watcher/outside.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/mem.h"

enum { TESTS = 4, NOW = 1000000, MINUTE = 60000000 };

/* Two pools, each with both ways; the last two are of the second one. */
static struct watched watched[TESTS];
static struct plan_test plans[TESTS];
static struct page_trouble troubles[TESTS];
static struct page_test tests[TESTS];
static const struct watched *whose[TESTS] = { &watched[0], &watched[1], &watched[2], &watched[3] };
static struct board_place places[TESTS];
static struct board board;
static struct outside seen;

static int set_up(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TESTS; i++) {
		plans[i] = (struct plan_test){ .key = (char *)(uintptr_t) "k" };
		watched[i] = (struct watched){ .plan = &plans[i] };
		troubles[i] = (struct page_trouble){ .reason = REASON_SIP_GATEWAY_DOWN };
		tests[i] = (struct page_test){ .id = i + 1,
			.pool = i / 2,
			.kind = i % 2 ? PAGE_FROM : PAGE_TO,
			.state = WATCH_OK,
			.since_at = 500 + i,
			.last_at = 900 + i,
			.trouble = &troubles[i],
			.interval_us = (i + 1) * MINUTE };
		places[i] = (struct board_place){ i + 1, i };
	}
	board = (struct board){ .set = { .tests = tests, .n_tests = TESTS },
		.tests = tests,
		.watched = whose,
		.by_id = places };
	return 0;
}

static void look(const struct store_incidents *over)
{
	outside_fill(&seen, &board, NULL, over, NOW);
}

static void how_it_stands_is_the_worst_of_both_ways(void **state)
{
	static const struct {
		enum watch_state states[TESTS], all;
		enum public_ways ways;
		bool is_part;
		int64_t since_at;
	} rows[] = {
		{ { WATCH_OK, WATCH_OK, WATCH_OK, WATCH_OK }, WATCH_OK, PUBLIC_BOTH, false, 0 },
		{ { WATCH_UNSTABLE, WATCH_OK }, WATCH_UNSTABLE, PUBLIC_BOTH, false, 0 },
		{ { WATCH_FAILED, WATCH_FAILED, WATCH_FAILED, WATCH_FAILED }, WATCH_FAILED,
			PUBLIC_BOTH, false, 500 },
		{ { WATCH_OK, WATCH_FAILED, WATCH_OK, WATCH_FAILED }, WATCH_FAILED,
			PUBLIC_FROM_THEM, false, 501 },
		{ { WATCH_OK, WATCH_OK, WATCH_FAILED, WATCH_OK }, WATCH_FAILED, PUBLIC_TO_THEM,
			true, 502 },
		{ { WATCH_FAILED, WATCH_OK, WATCH_FAILED, WATCH_FAILED }, WATCH_FAILED, PUBLIC_BOTH,
			true, 500 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (unsigned k = 0; k < TESTS; k++)
			tests[k].state = rows[i].states[k];
		look(NULL);
		assert_int_equal(seen.page.state, rows[i].all);
		assert_int_equal(seen.page.ways, rows[i].ways);
		assert_int_equal(seen.page.is_part, rows[i].is_part);
		assert_int_equal(seen.page.since_at, rows[i].since_at);
		assert_int_equal(seen.page.checked_at, 903);
		assert_int_equal(seen.page.interval_us, MINUTE);
	}
}

static void only_ours_is_said_to_be_anybodys(void **state)
{
	static const struct {
		enum reason reasons[2];
		enum public_side side;
	} rows[] = {
		{ { REASON_SIP_GATEWAY_DOWN, REASON_SIP_GATEWAY_DOWN }, PUBLIC_OURS },
		{ { REASON_XMPP_BOUNCED, REASON_XMPP_BOUNCED }, PUBLIC_NOT_KNOWN },
		{ { REASON_SIP_GATEWAY_DOWN, REASON_IM_NOT_DELIVERED }, PUBLIC_NOT_KNOWN },
		{ { REASON_NONE, REASON_NONE }, PUBLIC_NOT_KNOWN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (unsigned k = 0; k < 2; k++) {
			tests[k].state = WATCH_FAILED;
			troubles[k].reason = rows[i].reasons[k];
		}
		look(NULL);
		assert_int_equal(seen.page.side, rows[i].side);
	}
}

/* A sign-in of ours, the servers, and a test that is switched off. */
static void what_carries_no_message_is_not_theirs(void **state)
{
	(void)state;
	tests[1].kind = PAGE_PARTNER;
	tests[2].kind = PAGE_SERVERS;
	tests[3].interval_us = 0;
	for (unsigned i = 1; i < TESTS; i++)
		tests[i].state = WATCH_FAILED;
	look(NULL);
	assert_int_equal(seen.page.state, WATCH_OK);
	assert_int_equal(seen.page.from_them.state, WATCH_UNKNOWN);
	assert_int_equal(seen.page.interval_us, MINUTE);
}

static void what_failed_at_once_is_one(void **state)
{
	static struct store_incident rows[] = {
		{ 9, 1, { .begin_at = 900, .reason = REASON_SIP_GATEWAY_DOWN } }, /* open */
		{ 8, 2, { .begin_at = 700, .end_at = 800, .reason = REASON_SIP_GATEWAY_DOWN } },
		{ 7, 1, { .begin_at = 690, .end_at = 750, .reason = REASON_SIP_GATEWAY_DOWN } },
		{ 6, 3, { .begin_at = 500, .end_at = 600, .reason = REASON_IM_NOT_DELIVERED } },
		{ 5, 99, { .begin_at = 400, .end_at = 450, .reason = REASON_SIP_GATEWAY_DOWN } },
	};
	const struct store_incidents over = { .rows = rows, .n = COUNT(rows), .n_open = 1 };

	(void)state;
	look(&over);
	assert_int_equal(seen.page.n_before, 2);
	assert_int_equal(seen.before[0].begin_at, 690);
	assert_int_equal(seen.before[0].end_at, 800);
	assert_int_equal(seen.before[0].ways, PUBLIC_BOTH);
	assert_int_equal(seen.before[0].side, PUBLIC_OURS);
	assert_int_equal(seen.before[1].ways, PUBLIC_TO_THEM);
	assert_int_equal(seen.before[1].side, PUBLIC_NOT_KNOWN);
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest all[] = {
		TEST(how_it_stands_is_the_worst_of_both_ways),
		TEST(only_ours_is_said_to_be_anybodys),
		TEST(what_carries_no_message_is_not_theirs),
		TEST(what_failed_at_once_is_one),
	};

	return cmocka_run_group_tests(all, NULL, NULL);
}

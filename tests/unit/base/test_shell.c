#include "base/shell.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static const struct shell_limits limits = {
	.out_bytes = 1000, .outputs = 4, .wants = 4, .log_bytes = 1000
};
static struct shell s;

static int set_up(void **state)
{
	(void)state;
	return shell_init(&s, &limits);
}

static int tear_down(void **state)
{
	(void)state;
	shell_done(&s);
	return 0;
}

static void an_event_has_the_line_that_was_begun_before_it(void **state)
{
	struct shell_event ev;

	(void)state;
	log_str(shell_log(&s, "sip", "up"), "key", SLICE("1"));
	shell_emit(&s, 7, false, LOG_LEVEL_WARNING)->what = 5;
	shell_emit(&s, 8, false, LOG_LEVEL_INFO);
	assert_true(shell_take_event(&s, &ev));
	assert_true(ev.type == 7 && ev.what == 5 && ev.level == LOG_LEVEL_WARNING);
	assert_string_equal(ev.log, "sip up key=\"1\"");
	assert_true(shell_take_event(&s, &ev));
	assert_true(ev.type == 8 && ev.what == 0 && ev.level == LOG_LEVEL_INFO);
	assert_string_equal(ev.log, "");
	assert_false(shell_take_event(&s, &ev));
}

static void what_is_sent_goes_where_its_origin_says(void **state)
{
	const struct origin to = { .flow = 3,
		.listener = 9,
		.peer = { .family = 4, .port = 1 },
		.local = { .family = 4, .port = 2 } };
	struct output out;

	(void)state;
	buf_puts(shell_out(&s), "text");
	shell_send(&s, &to);
	assert_true(outbox_take_output(&s.out, &out) && slice_eqs(out.bytes, "text"));
	assert_true(out.flow == 3 && out.listener == 9 && addr_eq(&out.peer, &to.peer));
	assert_true(addr_eq(&out.local, &to.local));
}

/* Half of each is left to what may not wait. */
static void room_ends_where_half_of_anything_is_used(void **state)
{
	const struct origin to = { 0 };

	(void)state;
	for (unsigned what = 0; what < 3; what++) {
		shell_done(&s);
		assert_int_equal(shell_init(&s, &limits), 0);
		assert_true(shell_has_room(&s));
		for (unsigned n = 0; n < 2; n++) {
			assert_true(shell_has_room(&s));
			if (what == 0)
				shell_send(&s, &to);
			else if (what == 1)
				shell_want(&s, WANT_DNS);
			else
				for (unsigned i = 0; i < limits.out_bytes / 4; i++)
					buf_putc(shell_out(&s), 'x');
		}
		assert_false(shell_has_room(&s));
	}
}

static void a_push_begins_with_what_was_taken_forgotten(void **state)
{
	const struct origin to = { 0 };
	struct output out;
	struct want want;
	struct shell_event ev;

	(void)state;
	for (unsigned n = 0; n < 100; n++) {
		shell_begin(&s);
		assert_true(shell_has_room(&s));
		shell_send(&s, &to);
		shell_want(&s, WANT_DNS)->dns_id = n;
		shell_log(&s, "sip", "up");
		assert_non_null(shell_emit(&s, 1, true, LOG_LEVEL_INFO));
		assert_true(outbox_take_output(&s.out, &out));
		assert_true(outbox_take_want(&s.out, &want) && want.dns_id == n);
		assert_true(shell_take_event(&s, &ev) && !shell_take_event(&s, &ev));
	}
}

static void an_event_that_finds_no_place_is_lost(void **state)
{
	unsigned n = 0;
	struct shell_event ev;

	(void)state;
	while (shell_emit(&s, 1, false, LOG_LEVEL_INFO))
		assert_true(++n <= EVENTLOG_EVENTS_MAX);
	for (; n; n--)
		assert_true(shell_take_event(&s, &ev));
	assert_false(shell_take_event(&s, &ev));
}

/* A line for which there was no room as well; and only what the log would have shown. */
static void what_is_lost_is_counted_by_its_level(void **state)
{
	char much[2 * 1000];
	struct shell_event ev;

	(void)state;
	memset(much, 'm', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	while (shell_emit(&s, 1, true, LOG_LEVEL_INFO))
		;
	assert_true(shell_take_lost(&s, LOG_LEVEL_DEBUG) > 0);
	assert_null(shell_emit(&s, 1, true, LOG_LEVEL_INFO));
	assert_null(shell_emit(&s, 1, true, LOG_LEVEL_DEBUG));
	assert_null(shell_emit(&s, 1, true, LOG_LEVEL_WARNING));
	assert_int_equal(shell_take_lost(&s, LOG_LEVEL_INFO), 2);
	assert_int_equal(shell_take_lost(&s, LOG_LEVEL_DEBUG), 0);
	while (shell_take_event(&s, &ev))
		;
	shell_begin(&s);
	log_str(shell_log(&s, "sip", "up"), "key", slice_str(much));
	assert_non_null(shell_emit(&s, 1, true, LOG_LEVEL_INFO));
	assert_true(shell_take_event(&s, &ev));
	assert_string_equal(ev.log, "");
	assert_int_equal(shell_take_lost(&s, LOG_LEVEL_INFO), 1);
}

static void out_of_memory_is_told_and_leaves_nothing(void **state)
{
	struct shell other;

	(void)state;
	for (long n = 0; n < 2; n++) {
		mem_fail_after(n);
		assert_int_equal(shell_init(&other, &limits), -ENOMEM);
		mem_fail_after(-1);
		shell_done(&other);
	}
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_event_has_the_line_that_was_begun_before_it),
		TEST(what_is_sent_goes_where_its_origin_says),
		TEST(room_ends_where_half_of_anything_is_used),
		TEST(a_push_begins_with_what_was_taken_forgotten),
		TEST(an_event_that_finds_no_place_is_lost),
		TEST(what_is_lost_is_counted_by_its_level),
		TEST(out_of_memory_is_told_and_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/eventlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

static struct eventlog j;

static int set_up(void **state)
{
	(void)state;
	eventlog_init(&j, 200);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	mem_fail_after(-1);
	eventlog_done(&j);
	return 0;
}

/* Adds an event and says its number. */
static unsigned add(void)
{
	unsigned i = 9999;

	assert_true(eventlog_add(&j, false, &i));
	return i;
}

static void line(const char *event, const char *value)
{
	log_str(eventlog_line(&j, "sip", event), "key", slice_str(value));
}

static void assert_next(unsigned number, const char *want)
{
	const char *text;
	unsigned i;

	assert_true(eventlog_take(&j, &i, &text));
	assert_int_equal(i, number);
	assert_string_equal(text, want);
}

static void assert_no_more(void)
{
	const char *text;
	unsigned i;

	assert_false(eventlog_take(&j, &i, &text));
}

static void events_come_in_order_each_with_its_line(void **state)
{
	(void)state;
	assert_no_more();
	line("up", "1");
	assert_int_equal(add(), 0);
	eventlog_line(&j, "xmpp", "down");
	assert_int_equal(add(), 1);
	assert_next(0, "sip up key=\"1\"");
	assert_next(1, "xmpp down");
	assert_no_more();
}

static void an_event_without_a_line_has_none_of_another(void **state)
{
	(void)state;
	assert_int_equal(add(), 0);
	line("up", "1");
	assert_int_equal(add(), 1);
	assert_int_equal(add(), 2);
	assert_next(0, "");
	assert_next(1, "sip up key=\"1\"");
	assert_next(2, "");
}

static void a_line_without_an_event_is_told_nobody(void **state)
{
	(void)state;
	line("forgotten", "1");
	line("up", "2");
	add();
	assert_next(0, "sip up key=\"2\"");
	assert_no_more();
}

static void a_push_forgets_what_was_taken_only(void **state)
{
	(void)state;
	line("one", "1");
	add();
	eventlog_begin(&j);
	line("two", "2");
	assert_int_equal(add(), 1);
	assert_next(0, "sip one key=\"1\"");
	assert_next(1, "sip two key=\"2\"");
	eventlog_begin(&j);
	assert_no_more();
	line("three", "3");
	assert_int_equal(add(), 0);
	assert_next(0, "sip three key=\"3\"");
}

static void events_over_the_bound_are_lost_and_take_no_room(void **state)
{
	unsigned i;

	(void)state;
	eventlog_init(&j, EVENTLOG_EVENTS_MAX + 100);
	for (unsigned n = 0; n < EVENTLOG_EVENTS_MAX; n++)
		assert_int_equal(add(), n);
	for (unsigned n = 0; n < 100; n++) {
		line("flood", "0123456789012345678901234567890123456789");
		assert_false(eventlog_add(&j, false, &i));
	}
	assert_false(buf_err(&j.lines));
	for (unsigned n = 0; n < EVENTLOG_EVENTS_MAX; n++)
		assert_next(n, "");
	assert_no_more();
	eventlog_begin(&j);
	line("after", "it");
	assert_int_equal(add(), 0);
	assert_next(0, "sip after key=it");
}

static void a_flood_of_lines_leaves_room_for_events(void **state)
{
	unsigned i, n = 0;

	(void)state;
	while (eventlog_add(&j, true, &i))
		assert_int_equal(i, n++);
	assert_int_equal(n, EVENTLOG_EVENTS_MAX - EVENTLOG_KEPT);
	for (; n < EVENTLOG_EVENTS_MAX; n++)
		assert_int_equal(add(), n);
	assert_false(eventlog_add(&j, false, &i));
}

/* What stood before is good, and so is what comes in the next push. */
static void lines_over_the_bound_are_empty(void **state)
{
	char much[300];

	(void)state;
	memset(much, 'm', sizeof(much) - 1);
	much[sizeof(much) - 1] = '\0';
	line("good", "1");
	add();
	line("long", much);
	add();
	line("behind", "2");
	add();
	assert_next(0, "sip good key=\"1\"");
	assert_next(1, "");
	assert_next(2, "");
	eventlog_begin(&j);
	line("next", "3");
	add();
	assert_next(0, "sip next key=\"3\"");
}

static void the_bound_is_for_lines_and_their_ends(void **state)
{
	char much[300];
	const size_t room = 200 - strlen("sip long key=") - 1;

	(void)state;
	for (size_t n = room - 1; n <= room + 1; n++) {
		snprintf(much, sizeof(much), "x%0*d", (int)n - 1, 0);
		eventlog_begin(&j);
		line("long", much);
		add();
		const char *text;
		unsigned i;
		assert_true(eventlog_take(&j, &i, &text));
		assert_int_equal(strlen(text), n <= room ? 200 - 1 - (room - n) : 0);
	}
}

static void without_memory_there_are_events_still(void **state)
{
	(void)state;
	mem_fail_after(0);
	line("up", "1");
	add();
	mem_fail_after(-1);
	assert_next(0, "");
	assert_no_more();
	eventlog_done(&(struct eventlog){ 0 });
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(events_come_in_order_each_with_its_line),
		TEST(an_event_without_a_line_has_none_of_another),
		TEST(a_line_without_an_event_is_told_nobody),
		TEST(a_push_forgets_what_was_taken_only),
		TEST(events_over_the_bound_are_lost_and_take_no_room),
		TEST(a_flood_of_lines_leaves_room_for_events),
		TEST(lines_over_the_bound_are_empty),
		TEST(the_bound_is_for_lines_and_their_ends),
		TEST(without_memory_there_are_events_still),
	};

	return cmocka_run_group_tests_name("eventlog", tests, NULL, NULL);
}

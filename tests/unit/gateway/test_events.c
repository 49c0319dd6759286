/* The table of the log's events; that each line has its place there is checked by scene.h. */
#include "gateway/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void every_event_is_told_whole_and_once(void **state)
{
	(void)state;
	for (enum log_event e = 0; e < EVENT_COUNT; e++) {
		const struct event_row *row = event_row(e);

		assert_true(row->subsystem[0] && row->name[0] && row->fields[0]);
		assert_int_equal(row->meaning[strlen(row->meaning) - 1], '.');
		if (row->advice)
			assert_int_equal(row->advice[strlen(row->advice) - 1], '.');
		for (enum log_event k = 0; k < e; k++)
			assert_false(strcmp(row->subsystem, event_row(k)->subsystem) == 0 &&
				     strcmp(row->name, event_row(k)->name) == 0);
	}
}

/* A warning is for what an operator has to mend: it says how. */
static void each_warning_says_what_to_do(void **state)
{
	(void)state;
	for (enum log_event e = 0; e < EVENT_COUNT; e++)
		if (event_row(e)->level <= LOG_LEVEL_WARNING && !event_row(e)->advice)
			fail_msg("%s %s", event_row(e)->subsystem, event_row(e)->name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_is_told_whole_and_once),
		cmocka_unit_test(each_warning_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

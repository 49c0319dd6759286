/* The table of the log's events; that each line has its place there is checked by scene.h. */
#include "gateway/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

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

/* In a JSON object a name that stands twice is the last one to some readers, to others a fault. */
static void no_field_has_a_name_that_each_line_has(void **state)
{
	static const char *const names[] = { "time", "level", "subsystem", "event" };

	(void)state;
	for (enum log_event e = 0; e < EVENT_COUNT; e++)
		for (struct slice rest = slice_str(event_row(e)->fields); rest.n;) {
			const struct slice name = slice_split(&rest, ' ');

			for (size_t i = 0; i < COUNT(names); i++)
				assert_false(slice_eqs(name, names[i]));
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
		cmocka_unit_test(no_field_has_a_name_that_each_line_has),
		cmocka_unit_test(each_warning_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

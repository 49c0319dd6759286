/* The words of the watcher's log: each event has its own, and says what it means. */
#include "watch/events.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void each_has_words_of_its_own(void **state)
{
	(void)state;
	for (enum watch_event e = 0; e < WATCH_EVENTS; e++) {
		const struct watch_event_row *r = watch_event_row(e);

		assert_true(r->subsystem[0] && r->name[0] && r->fields[0]);
		assert_string_equal(r->meaning + strlen(r->meaning) - 1, ".");
		/* Whoever is warned wants to know what to do. */
		if (r->level == LOG_LEVEL_WARNING && !r->advice)
			fail_msg("%s %s: no advice", r->subsystem, r->name);
		for (enum watch_event k = 0; k < e; k++)
			if (strcmp(watch_event_row(k)->subsystem, r->subsystem) == 0)
				assert_string_not_equal(watch_event_row(k)->name, r->name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_has_words_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "watch/state.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define MINUTE INT64_C(60000000)
#define START  (INT64_C(1700000000) * 1000000)

static const struct state_cfg at_once = {
	.fail_n = 1, .fail_m = 1, .recover_k = 1, .calm_us = 3 * MINUTE, .flap_times = 3
};
static const struct state_cfg two_of_three = {
	.fail_n = 2, .fail_m = 3, .recover_k = 1, .calm_us = 3 * MINUTE, .flap_times = 3
};
static const struct state_cfg slow_up = {
	.fail_n = 1, .fail_m = 1, .recover_k = 3, .calm_us = 3 * MINUTE
};
static const struct state_cfg no_calm = { .fail_n = 1, .fail_m = 1, .recover_k = 1 };

static int64_t minute(unsigned i)
{
	return START + i * MINUTE;
}

static unsigned minute_of(int64_t at)
{
	return (unsigned)((at - START) / MINUTE);
}

/* A run a minute.  . passed, ~ when tried again, F failed, U a fault of ours, M in maintenance. */
static struct watch_run run_of(char c, unsigned i)
{
	return (struct watch_run){ .scheduled_at = minute(i),
		.has_passed = c == '.' || c == '~',
		.attempts = c == '~' ? 2 : 1,
		.reason = c == 'F' || c == 'M' ? REASON_SIP_NO_ANSWER
			  : c == 'U'           ? REASON_LOCAL_NETWORK
					       : REASON_NONE,
		.in_maintenance = c == 'M' };
}

static char letter(enum watch_state s)
{
	return ".~FUM"[s];
}

/* "3b": the fourth run began an incident; c(ontinue), r(ecover), a(gain), e(nd). */
static void take_events(struct state *s, unsigned i, char *text, size_t size)
{
	struct state_event e;

	while (state_take_event(s, &e)) {
		const size_t n = strlen(text);

		if (e.type != STATE_EV_CONTINUE)
			snprintf(text + n, size - n, "%s%u%c", n ? " " : "", i, "bcrae"[e.type]);
	}
}

/* Each row: what came, the state behind each of it, when the last state began, the events. */
static const struct {
	const char *name;
	const struct state_cfg *cfg;
	const char *runs, *states;
	unsigned since;
	const char *events;
} rows[] = {
	{ "all is well", &at_once, "....", "....", 0, "" },
	{ "a retry is seen, and no incident", &at_once, ".~~.", ".~~.", 3, "" },
	{ "down and up", &at_once, ".FFF..", ".FFF..", 4, "1b 4r" },
	{ "down from the start", &at_once, "FF", "FF", 0, "0b" },
	{ "calm for long enough ends it", &at_once, "F...F", "F...F", 4, "0b 1r 4e 4b" },
	{ "calm that a passed run shows", &at_once, "F....", "F....", 1, "0b 1r 4e" },
	{ "within the calm it is the same", &at_once, "F.F.", "F.F.", 3, "0b 1r 2a 3r" },
	{ "the third time flaps, and is told no more", &at_once, "F.F.F.F.F", "F.F.F~F~F", 8,
		"0b 1r 2a 3r 4a 6a 8a" },
	{ "flapping ends in calm", &at_once, "F.F.F....", "F.F.F~~~.", 8, "0b 1r 2a 3r 4a 8e" },
	{ "flapping that a retry ends", &at_once, "F.F.F...~~", "F.F.F~~~~~", 5,
		"0b 1r 2a 3r 4a 8e" },
	{ "two of three: one is unstable", &two_of_three, ".F...", ".~...", 2, "" },
	{ "two of three: in a row", &two_of_three, ".FF.", ".~F.", 3, "2b 3r" },
	{ "two of three: one between", &two_of_three, ".F.F", ".~.F", 1, "3b" },
	{ "two of three: two between are too many", &two_of_three, ".F..F", ".~..~", 4, "" },
	{ "two of three: recovered is a fresh start", &two_of_three, "FF.F.", "~F.~.", 4, "1b 2r" },
	{ "two of three: again", &two_of_three, "FF.FF", "~F.~F", 3, "1b 2r 4a" },
	{ "three to recover", &slow_up, "F..F...", "FFFFFF.", 4, "0b 6r" },
	{ "three to recover, a retry counts", &slow_up, "F.~~", "FFF~", 1, "0b 3r" },
	{ "our fault blames nobody", &at_once, "..UU.", "..UU.", 0, "" },
	{ "our fault in an incident", &at_once, ".FUUF.", ".FUUF.", 5, "1b 5r" },
	{ "an incident is as old as it is", &at_once, ".FUUF", ".FUUF", 1, "1b" },
	{ "our fault is no failed run", &two_of_three, ".FUF", ".~UF", 1, "3b" },
	{ "unknown has its own since", &at_once, "..UU", "..UU", 2, "" },
	{ "maintenance hides a failure", &at_once, "..MMM.", "..MMM.", 0, "" },
	{ "maintenance in an incident", &at_once, ".FMM.", ".FMM.", 4, "1b 4r" },
	{ "an incident goes on behind maintenance", &at_once, ".FMMF", ".FMMF", 1, "1b" },
	{ "calm passes in maintenance", &at_once, "F.MMMF", "F.MMMF", 5, "0b 1r 4e 5b" },
	{ "from maintenance to unknown", &at_once, ".MUU", ".MUU", 2, "" },
	{ "each failure alone where there is no calm", &no_calm, "F.F.", "F.F.", 3,
		"0b 1r 1e 2b 3r 3e" },
	{ "nothing was judged yet", &at_once, "UU", "UU", 0, "" },
};

static void tables_of_time(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char states[32] = "", events[128] = "";
		struct state s;

		assert_int_equal(state_init(&s, rows[i].cfg), 0);
		for (unsigned at = 0; rows[i].runs[at]; at++) {
			const struct watch_run run = run_of(rows[i].runs[at], at);

			assert_true(state_push_run(&s, &run));
			states[at] = letter(s.state);
			take_events(&s, at, events, sizeof(events));
		}
		if (strcmp(states, rows[i].states) != 0)
			fail_msg("%s: states %s, not %s", rows[i].name, states, rows[i].states);
		if (strcmp(events, rows[i].events) != 0)
			fail_msg("%s: events %s, not %s", rows[i].name, events, rows[i].events);
		if (s.since_at != minute(rows[i].since))
			fail_msg("%s: since %u, not %u", rows[i].name, minute_of(s.since_at),
				rows[i].since);
	}
}

static void push_all(struct state *s, const char *runs, unsigned from)
{
	struct state_event e;

	for (unsigned i = 0; runs[i]; i++) {
		const struct watch_run run = run_of(runs[i], from + i);

		assert_true(state_push_run(s, &run));
		while (state_take_event(s, &e))
			;
	}
}

static void an_incident_counts(void **state)
{
	struct state s;

	(void)state;
	assert_int_equal(state_init(&s, &at_once), 0);
	push_all(&s, ".FF.F.FUF", 0);
	assert_int_equal(s.incident.begin_at, minute(1));
	assert_int_equal(s.incident.last_at, minute(8));
	assert_int_equal(s.incident.end_at, 0);
	assert_int_equal(s.incident.runs, 5);
	assert_int_equal(s.incident.times, 3);
	assert_true(s.incident.is_flapping);
	assert_int_equal(s.incident.reason, REASON_SIP_NO_ANSWER);
}

static void the_first_failed_run_begins_it(void **state)
{
	struct state s;

	(void)state;
	assert_int_equal(state_init(&s, &two_of_three), 0);
	push_all(&s, "..F.F", 0);
	assert_int_equal(s.incident.begin_at, minute(2));
	assert_int_equal(s.incident.runs, 2);
	assert_int_equal(s.incident.times, 1);
}

static void the_first_passed_run_ends_it(void **state)
{
	struct state s;

	(void)state;
	assert_int_equal(state_init(&s, &slow_up), 0);
	push_all(&s, "F...", 0);
	assert_int_equal(s.incident.end_at, minute(1));
}

static void streaks_and_last_times(void **state)
{
	struct state s;

	(void)state;
	assert_int_equal(state_init(&s, &at_once), 0);
	push_all(&s, "..~.", 0);
	assert_int_equal(s.streak, 4);
	push_all(&s, "FFF", 4);
	assert_int_equal(s.streak, 3);
	push_all(&s, "UU", 7);
	assert_int_equal(s.streak, 2);
	assert_int_equal(s.last_ok_at, minute(3));
	assert_int_equal(s.last_failed_at, minute(6));
	assert_int_equal(s.last_at, minute(8));
}

static void a_late_run_changes_nothing(void **state)
{
	struct state s, before;

	(void)state;
	assert_int_equal(state_init(&s, &at_once), 0);
	push_all(&s, "..FF", 0);
	before = s;
	before.n_late = 2;
	for (unsigned i = 0; i < 4; i += 3) {
		const struct watch_run run = run_of('.', i); /* an old one, and the newest again */

		assert_false(state_push_run(&s, &run));
	}
	assert_memory_equal(&s, &before, sizeof(s));
}

static void a_clock_set_back_does_not_silence(void **state)
{
	struct state s;

	(void)state;
	assert_int_equal(state_init(&s, &at_once), 0);
	push_all(&s, "...", 100);
	state_push_clock(&s, minute(40));
	push_all(&s, "F", 40);
	assert_int_equal(s.state, WATCH_FAILED);
	state_push_clock(&s, minute(70)); /* forward: nothing to forget */
	assert_int_equal(s.last_at, minute(40));
}

static void a_test_that_stops_ends_its_incident(void **state)
{
	char events[32] = "";
	struct state s;

	(void)state;
	assert_int_equal(state_init(&s, &at_once), 0);
	push_all(&s, ".F", 0);
	state_push_stop(&s, minute(5));
	assert_int_equal(s.events[0].incident.end_at, minute(5));
	take_events(&s, 5, events, sizeof(events));
	assert_string_equal(events, "5e");
	assert_int_equal(s.state, WATCH_UNKNOWN);
	assert_int_equal(s.since_at, minute(5));
	state_push_stop(&s, minute(6));
	take_events(&s, 6, events, sizeof(events));
	assert_string_equal(events, "5e");
}

static void it_goes_on_behind_a_restart(void **state)
{
	static const struct {
		const char *name, *before, *behind, *states, *events;
		unsigned since;
	} cases[] = {
		{ "well", "...", ".", ".", "", 0 },
		{ "failing", ".FF", "F.", "F.", "4r", 4 },
		{ "failing, and it goes on", ".FF", "FF", "FF", "", 1 },
		{ "unstable", ".~", "~", "~", "", 1 },
		{ "unknown in an incident", ".FU", "F", "F", "", 1 },
		{ "unknown, and well", "..U", ".", ".", "", 3 },
		{ "passing in the calm", "F.", "F", "F", "2a", 2 },
		{ "flapping", "F.F.F.", ".", "~", "", 5 },
		{ "in maintenance", ".M", "M", "M", "", 1 },
		{ "nothing yet", "", "F", "F", "0b", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		const unsigned n = (unsigned)strlen(cases[i].before);
		char states[32] = "", events[64] = "";
		struct state s, kept;

		assert_int_equal(state_init(&kept, &at_once), 0);
		push_all(&kept, cases[i].before, 0);
		assert_int_equal(state_init(&s, &at_once), 0);
		state_resume(&s, &kept);
		assert_int_equal(s.state, kept.state);
		assert_int_equal(s.since_at, kept.since_at);
		assert_int_equal(s.streak, kept.streak);
		assert_int_equal(s.last_ok_at, kept.last_ok_at);
		assert_int_equal(s.last_failed_at, kept.last_failed_at);
		for (unsigned at = 0; cases[i].behind[at]; at++) {
			const struct watch_run run = run_of(cases[i].behind[at], n + at);

			assert_true(state_push_run(&s, &run));
			states[at] = letter(s.state);
			take_events(&s, n + at, events, sizeof(events));
		}
		if (strcmp(states, cases[i].states) != 0 || strcmp(events, cases[i].events) != 0 ||
			s.since_at != minute(cases[i].since))
			fail_msg("%s: %s, %s, since %u", cases[i].name, states, events,
				minute_of(s.since_at));
	}
}

static void what_contradicts_itself_is_put_right(void **state)
{
	const struct state lost = {
		.state = WATCH_FAILED, .since_at = minute(1), .last_at = minute(2)
	};
	const struct state wrong = { .state = WATCH_OK,
		.since_at = minute(1),
		.last_at = minute(2),
		.incident = { .begin_at = minute(1), .times = 1 } };
	struct state s;

	(void)state;
	assert_int_equal(state_init(&s, &at_once), 0);
	state_resume(&s, &lost);
	assert_int_equal(s.state, WATCH_UNKNOWN);
	push_all(&s, "F", 3);
	assert_int_equal(s.incident.begin_at, minute(3));
	assert_int_equal(state_init(&s, &at_once), 0);
	state_resume(&s, &wrong);
	assert_int_equal(s.state, WATCH_FAILED);
	assert_int_equal(s.since_at, minute(1));
}

static void bad_rules_are_refused(void **state)
{
	static const struct state_cfg bad[] = {
		{ .fail_n = 0, .fail_m = 1, .recover_k = 1 },
		{ .fail_n = 3, .fail_m = 2, .recover_k = 1 },
		{ .fail_n = 1, .fail_m = STATE_RUNS_MAX + 1, .recover_k = 1 },
		{ .fail_n = 1, .fail_m = 1, .recover_k = 0 },
		{ .fail_n = 1, .fail_m = 1, .recover_k = 1, .calm_us = -1 },
	};
	static const struct state_cfg widest = {
		.fail_n = STATE_RUNS_MAX, .fail_m = STATE_RUNS_MAX, .recover_k = 1
	};
	struct state s;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_int_equal(state_init(&s, &bad[i]), -EINVAL);
	assert_int_equal(state_init(&s, &widest), 0);
	push_all(&s, ".....FFFFFFFFFFFFFFF", 0);
	assert_int_equal(s.state, WATCH_UNSTABLE);
	push_all(&s, "F", 20);
	assert_int_equal(s.state, WATCH_FAILED);
	assert_int_equal(s.incident.begin_at, minute(5));
	assert_int_equal(state_configure(&s, &bad[0]), -EINVAL);
	assert_ptr_equal(s.cfg, &widest);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tables_of_time),
		cmocka_unit_test(an_incident_counts),
		cmocka_unit_test(the_first_failed_run_begins_it),
		cmocka_unit_test(the_first_passed_run_ends_it),
		cmocka_unit_test(streaks_and_last_times),
		cmocka_unit_test(a_late_run_changes_nothing),
		cmocka_unit_test(a_clock_set_back_does_not_silence),
		cmocka_unit_test(a_test_that_stops_ends_its_incident),
		cmocka_unit_test(it_goes_on_behind_a_restart),
		cmocka_unit_test(what_contradicts_itself_is_put_right),
		cmocka_unit_test(bad_rules_are_refused),
	};

	return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}

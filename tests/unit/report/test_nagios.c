/* A plugin's line: the state, what is read at a glance, performance data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "samples.h"

/* With the ranges ("" for none) and that many -v. */
static void put(const char *sample, const char *warning, const char *critical, unsigned verbosity,
	struct buf *b)
{
	struct probe_result r;
	struct report_run run = sample_run(sample_named(sample), &r);
	struct where where;

	run.verbosity = verbosity;
	if (warning[0])
		assert_int_equal(range_read(slice_str(warning), &run.warning, &where), 0);
	if (critical[0])
		assert_int_equal(range_read(slice_str(critical), &run.critical, &where), 0);
	buf_init(b, SAMPLE_TEXT);
	assert_int_equal(report_nagios(b, &run), 0);
}

static void a_success_has_the_time_and_the_phases(void **state)
{
	struct buf b;

	(void)state;
	put("success", "", "", 0, &b);
	assert_string_equal(buf_cstr(&b),
		"STOX OK: answered in 0.013 s, pilar@litware.test -> adelany@contoso.test"
		"|'time'=0.012536s;;;0; 'sip.resolve'=0.001500s;;;0; 'sip.connect'=0.000250s;;;0; "
		"'sip.tls'=0.002250s;;;0; 'sip.register'=0.002600s;;;0; 'sip.send'=0.001000s;;;0; "
		"'xmpp.connect'=0.000300s;;;0; 'xmpp.tls'=0.004700s;;;0; "
		"'xmpp.auth'=0.003500s;;;0; 'xmpp.bind'=0.000200s;;;0; 'deliver'=0.002000s;;;0; "
		"'answer'=0.001536s;;;0; 'settle'=0.000000s;;;0; 'cleanup'=0.000400s;;;0;\n");
	buf_done(&b);
}

static void ranges_decide_the_state_and_are_shown(void **state)
{
	static const struct {
		const char *warning, *critical, *start;
	} rows[] = {
		{ "1", "2", "STOX OK: answered in 0.013 s, pilar@litware.test -> " },
		{ "0.01", "", "STOX WARNING: answered in 0.013 s (warning: 0.01), pilar@" },
		{ "0.01", "0.012", "STOX CRITICAL: answered in 0.013 s (critical: 0.012), pilar@" },
		{ "0.012536", "", "STOX OK: " },
		{ "@0.01:0.02", "", "STOX WARNING: answered in 0.013 s (warning: @0.01:0.02), " },
		{ "", "5:", "STOX CRITICAL: answered in 0.013 s (critical: 5:), " },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char figure[100];
		struct buf b;

		put("success", rows[i].warning, rows[i].critical, 0, &b);
		assert_true(slice_starts(buf_slice(&b), slice_str(rows[i].start)));
		snprintf(figure, sizeof(figure), "|'time'=0.012536s;%s;%s;0; ", rows[i].warning,
			rows[i].critical);
		assert_non_null(strstr(buf_cstr(&b), figure));
		buf_done(&b);
	}
}

/* Averages of the time are those of tests that passed. */
static void a_failure_is_critical_whatever_the_ranges_and_its_time_is_unknown(void **state)
{
	struct buf b;

	(void)state;
	put("lost", "20", "30", 0, &b);
	assert_true(slice_starts(buf_slice(&b),
		SLICE("STOX CRITICAL: The message was accepted, but did not arrive at "
		      "adelany@contoso.test within 10.0 s. [im_not_delivered in "
		      "deliver]|'time'=U;20;30;0; 'sip.")));
	assert_non_null(strstr(buf_cstr(&b), " 'deliver'=U;;;0; "));
	buf_done(&b);
	put("no-name", "", "", 0, &b); /* the DNS, a time-out: not UNKNOWN */
	assert_true(slice_starts(buf_slice(&b), SLICE("STOX CRITICAL: ")));
	assert_string_equal(strchr(buf_cstr(&b), '['),
		"[dns_timeout in sip.resolve]|'time'=U;;;0; 'sip.resolve'=U;;;0; "
		"'sip.connect'=U;;;0; 'sip.tls'=U;;;0; 'sip.register'=U;;;0; 'sip.send'=U;;;0; "
		"'xmpp.resolve'=U;;;0; 'xmpp.connect'=U;;;0; 'xmpp.tls'=U;;;0; 'xmpp.auth'=U;;;0; "
		"'xmpp.bind'=U;;;0; 'deliver'=U;;;0; 'answer'=U;;;0; 'settle'=U;;;0; "
		"'cleanup'=0.000400s;;;0;\n");
	buf_done(&b);
}

static void what_failed_here_is_unknown(void **state)
{
	struct buf b;

	(void)state;
	put("interrupted", "", "", 0, &b);
	assert_true(slice_starts(buf_slice(&b), SLICE("STOX UNKNOWN: The test was interrupted ")));
	buf_done(&b);
}

static unsigned count(struct slice s, uint8_t c)
{
	unsigned n = 0;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == c;
	return n;
}

static void more_lines_come_below_and_hold_no_bar(void **state)
{
	struct buf b;

	(void)state;
	for (unsigned v = 0; v <= 3; v++) {
		put("hostile", "", "", v, &b);
		assert_int_equal(count(buf_slice(&b), '|'), 1);
		const struct slice s = buf_slice(&b);
		assert_true(slice_chr(s, '|') < slice_chr(s, '\n'));
		assert_int_equal(count(s, '\n') == 1, v == 0);
		assert_int_equal(strstr(buf_cstr(&b), "Evidence:") != NULL, v >= 2);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_success_has_the_time_and_the_phases),
		cmocka_unit_test(ranges_decide_the_state_and_are_shown),
		cmocka_unit_test(a_failure_is_critical_whatever_the_ranges_and_its_time_is_unknown),
		cmocka_unit_test(what_failed_here_is_unknown),
		cmocka_unit_test(more_lines_come_below_and_hold_no_bar),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

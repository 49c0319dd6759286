/* Test Anything Protocol: a test point a phase, what is to be known of it below. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "samples.h"

static void shows(const char *sample, const char *want)
{
	struct buf b;

	assert_int_equal(sample_put(sample, report_tap, &b), 0);
	if (!strstr(buf_cstr(&b), want))
		fail_msg("%s\nis not in\n%s", want, buf_cstr(&b));
	buf_done(&b);
}

static void a_success_is_a_point_a_phase(void **state)
{
	(void)state;
	shows("success",
		"TAP version 13\n1..14\n"
		"# pool.litware.test: pilar@litware.test -> adelany@contoso.test, proof: answered\n"
		"ok 1 - sip.resolve\n  ---\n  duration_ms: 1.500\n"
		"  detail: 'NAPTR, SRV -> pool1.litware.test:5061;transport=tls'\n  ...\n"
		"ok 2 - sip.connect\n  ---\n  duration_ms: 0.250\n"
		"  address: '192.0.2.1:5061/tls'\n  ...\n");
	shows("success", "ok 6 - xmpp.resolve # SKIP not needed\nok 7 - xmpp.connect\n");
	shows("success", "ok 14 - cleanup\n  ---\n  duration_ms: 0.400\n  ...\n");
}

static void a_failure_has_its_reason_and_what_to_do(void **state)
{
	(void)state;
	shows("refused",
		"not ok 5 - sip.send\n  ---\n  duration_ms: 1.000\n  severity: fail\n"
		"  reason: sip_partner_not_allowed\n"
		"  message: 'contoso.test is not an allowed partner of the gateway (403 Not An "
		"Allowed Partner, ms-diagnostics 1005).'\n"
		"  diagnosis: 'The receiver''s domain is not on the gateway''s list of allowed "
		"partners.'\n"
		"  next:\n"
		"    - 'add contoso.test under partners in stox.yaml: stox gateway --check'\n"
		"    - 'have the gateway read it: systemctl reload stox-gateway'\n  ...\n"
		"ok 6 - xmpp.resolve # SKIP not reached\n"
		"ok 7 - xmpp.connect # SKIP stopped: the verdict came before its end\n");
}

static void what_could_not_be_run_is_an_error_and_no_failure(void **state)
{
	(void)state;
	shows("interrupted", "not ok 4 - sip.register\n  ---\n  duration_ms: 2.600\n"
			     "  severity: error\n  reason: local_interrupted\n");
}

static void a_clean_up_that_did_not_end_fails_nothing(void **state)
{
	(void)state;
	shows("lost", "ok 14 - cleanup # SKIP it did not end in time\n");
	shows("unproved", "ok 11 - deliver # SKIP not part of this test\n");
}

static void a_limit_is_a_point_of_its_own(void **state)
{
	(void)state;
	shows("under-the-limit", "1..15\n");
	shows("under-the-limit", "  ...\nok 15 - latency\n");
	shows("over-the-limit",
		"not ok 15 - latency\n  ---\n  severity: fail\n  reason: max_latency\n"
		"  message: 'The latency of 0.012536 s is over the limit of 0.010000 s.'\n  ...\n");
	shows("no-connection", "ok 15 - latency # SKIP\n");
}

/* Every line is one that this form has, whatever is in the strings. */
static void no_string_makes_a_line_of_its_own(void **state)
{
	static const char *const starts[] = { "TAP version 13", "1..14", "# ", "ok ", "not ok ",
		"  ---", "  ...", "  duration_ms: ", "  address: '", "  detail: '",
		"  severity: ", "  reason: ", "  message: '", "  diagnosis: '",
		"  next:", "    - '" };
	struct buf b;
	unsigned points = 0;

	(void)state;
	assert_int_equal(sample_put("hostile", report_tap, &b), 0);
	for (struct slice rest = buf_slice(&b); rest.n;) {
		const struct slice line = slice_split(&rest, '\n');
		bool known = false;

		for (size_t i = 0; i < COUNT(starts); i++)
			known |= slice_starts(line, slice_str(starts[i]));
		points += slice_starts(line, SLICE("ok ")) || slice_starts(line, SLICE("not "));
		if (!known)
			fail_msg("%.*s", SLICE_FMT(line));
	}
	assert_int_equal(points, 14);
	buf_done(&b);
	shows("hostile", "  detail: '\"''\\<&>]]>{}|,=#;:%?...?not ok 1?# TYPE x???[31m??");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_success_is_a_point_a_phase),
		cmocka_unit_test(a_failure_has_its_reason_and_what_to_do),
		cmocka_unit_test(what_could_not_be_run_is_an_error_and_no_failure),
		cmocka_unit_test(a_clean_up_that_did_not_end_fails_nothing),
		cmocka_unit_test(a_limit_is_a_point_of_its_own),
		cmocka_unit_test(no_string_makes_a_line_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

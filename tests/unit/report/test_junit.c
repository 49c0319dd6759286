/* JUnit XML, read back by expat. */
#include <expat.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "samples.h"

/* What the reader counts, and what the suite says that it has. */
struct tally {
	unsigned cases, failures, errors, skipped;
	unsigned said[4];
	char type[64], message[1024], in[64]; /* of the failure or error, and of which case */
};

static const char *attr(const XML_Char **attrs, const char *name)
{
	for (; attrs[0]; attrs += 2)
		if (strcmp(attrs[0], name) == 0)
			return attrs[1];
	return "";
}

static void keep_failure(struct tally *t, const XML_Char **attrs)
{
	snprintf(t->type, sizeof(t->type), "%s", attr(attrs, "type"));
	snprintf(t->message, sizeof(t->message), "%s", attr(attrs, "message"));
}

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attrs)
{
	static const char *const counts[] = { "tests", "failures", "errors", "skipped" };
	struct tally *t = arg;

	if (strcmp(name, "testsuite") == 0)
		for (size_t i = 0; i < COUNT(counts); i++)
			t->said[i] = (unsigned)strtoul(attr(attrs, counts[i]), NULL, 10);
	if (strcmp(name, "testcase") == 0) {
		t->cases++;
		if (t->failures + t->errors == 0)
			snprintf(t->in, sizeof(t->in), "%s", attr(attrs, "name"));
	}
	t->failures += strcmp(name, "failure") == 0;
	t->errors += strcmp(name, "error") == 0;
	t->skipped += strcmp(name, "skipped") == 0;
	if (strcmp(name, "failure") == 0 || strcmp(name, "error") == 0)
		keep_failure(t, attrs);
}

static struct tally read_sample(const char *name)
{
	struct tally t = { .cases = 0 };
	struct buf b;

	assert_int_equal(sample_put(name, report_junit, &b), 0);
	XML_Parser p = XML_ParserCreate("UTF-8");
	assert_non_null(p);
	XML_SetUserData(p, &t);
	XML_SetStartElementHandler(p, on_start);
	if (XML_Parse(p, buf_cstr(&b), (int)buf_len(&b), 1) != XML_STATUS_OK)
		fail_msg("%s: line %lu: %s", name, XML_GetCurrentLineNumber(p),
			XML_ErrorString(XML_GetErrorCode(p)));
	XML_ParserFree(p);
	buf_done(&b);
	return t;
}

static void the_suite_counts_what_it_has(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		const struct tally t = read_sample(samples[i].name);

		assert_int_equal(t.said[0], t.cases);
		assert_int_equal(t.said[1], t.failures);
		assert_int_equal(t.said[2], t.errors);
		assert_int_equal(t.said[3], t.skipped);
		assert_int_equal(t.cases, samples[i].max_latency ? 15 : 14);
		/* A build is red when the exit status is not 0, and only then. */
		assert_int_equal(t.failures + t.errors, samples[i].exit_status != 0);
	}
}

static void a_failure_is_of_the_target_an_error_is_not(void **state)
{
	struct tally t = read_sample("refused");

	(void)state;
	assert_int_equal(t.failures, 1);
	assert_string_equal(t.in, "sip.send");
	assert_string_equal(t.type, "sip_partner_not_allowed");
	assert_string_equal(t.message, "contoso.test is not an allowed partner of the gateway (403 "
				       "Not An Allowed Partner, ms-diagnostics 1005).");
	t = read_sample("interrupted");
	assert_int_equal(t.errors, 1);
	assert_int_equal(t.failures, 0);
	assert_string_equal(t.type, "local_interrupted");
	t = read_sample("over-the-limit");
	assert_int_equal(t.failures, 1);
	assert_string_equal(t.in, "latency");
	assert_string_equal(t.type, "max_latency");
}

#define TOTALS                                                                                     \
	" tests='14' failures='0' errors='0' skipped='1' time='0.012536' "                         \
	"timestamp='2026-11-25T22:29:00'>"
#define CLASS "classname='stox.pool_litware_test.adelany@contoso_test'"

static void it_says_whose_it_is_and_when(void **state)
{
	static const char *const parts[] = {
		"<testsuite name='pool.litware.test -&gt; adelany@contoso.test'" TOTALS,
		"<property name='user' value='pilar@litware.test'/>",
		"<property name='proof' value='answered'/>",
		"<testcase name='sip.register' " CLASS " time='0.002600'>",
	};
	struct buf b;

	(void)state;
	assert_int_equal(sample_put("success", report_junit, &b), 0);
	for (size_t i = 0; i < COUNT(parts); i++)
		if (!strstr(buf_cstr(&b), parts[i]))
			fail_msg("%s", parts[i]);
	buf_done(&b);
}

static void the_failure_has_what_to_do_and_the_suite_the_evidence(void **state)
{
	struct buf b;

	(void)state;
	assert_int_equal(sample_put("refused", report_junit, &b), 0);
	assert_non_null(strstr(buf_cstr(&b),
		"The receiver's domain is not on the gateway's list of allowed partners.\n"
		"- It was never added.\n"));
	assert_non_null(strstr(buf_cstr(&b),
		"\n1. add contoso.test under partners in stox.yaml: stox gateway --check\n"));
	assert_non_null(strstr(buf_cstr(&b), "\nEvidence:\n  192.0.2.1:5061\n  SIP/2.0 403 Not"));
	buf_done(&b);
}

static void what_xml_cannot_carry_is_replaced(void **state)
{
	struct tally t = read_sample("hostile");
	struct buf b;

	(void)state;
	assert_non_null(strstr(t.message, "\"'\\<&>]]>{}|"));
	assert_int_equal(sample_put("hostile", report_junit, &b), 0);
	for (size_t i = 0; i < buf_len(&b); i++)
		assert_true(buf_slice(&b).p[i] >= ' ' || buf_slice(&b).p[i] == '\n');
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_suite_counts_what_it_has),
		cmocka_unit_test(a_failure_is_of_the_target_an_error_is_not),
		cmocka_unit_test(it_says_whose_it_is_and_when),
		cmocka_unit_test(the_failure_has_what_to_do_and_the_suite_the_evidence),
		cmocka_unit_test(what_xml_cannot_carry_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

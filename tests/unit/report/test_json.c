/* One object, whole whatever peers say, in many lines or in one. */
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "samples.h"

static json_t *read_sample(const char *name, report_fn *put)
{
	struct buf b;

	assert_int_equal(sample_put(name, put, &b), 0);
	json_t *o = json_loads(buf_cstr(&b), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(o);
	buf_done(&b);
	return o;
}

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	assert_non_null(s);
	return s;
}

static void a_success_has_its_fields(void **state)
{
	json_t *o = read_sample("success", report_json);

	(void)state;
	assert_string_equal(text(o, "schema"), "stox.test/1");
	assert_string_equal(text(o, "target_fqdn"), "pool.litware.test");
	assert_string_equal(text(o, "user"), "pilar@litware.test");
	assert_string_equal(text(o, "receiver"), "adelany@contoso.test");
	assert_string_equal(text(o, "started_at"), "2026-11-25T22:29:00.123456Z");
	assert_string_equal(text(o, "result"), "Success");
	assert_string_equal(text(o, "proof"), "answered");
	assert_true(json_number_value(json_object_get(o, "latency_seconds")) == 0.012536);
	assert_int_equal(json_integer_value(json_object_get(o, "exit_status")), 0);
	assert_true(json_is_null(json_object_get(o, "max_latency_seconds")));
	assert_true(json_is_null(json_object_get(o, "error")));
	assert_true(json_is_null(json_object_get(o, "diagnosis")));
	assert_true(json_is_null(json_object_get(o, "trace")));
	assert_int_equal(json_array_size(json_object_get(o, "phases")), 14);
	assert_int_equal(json_object_size(json_object_get(o, "tls")), 2);
	assert_null(json_object_get(o, "rounds"));
	json_decref(o);
}

static void a_failure_has_its_evidence(void **state)
{
	json_t *o = read_sample("refused", report_json);
	const json_t *error = json_object_get(o, "error");
	const json_t *sip = json_object_get(json_object_get(error, "evidence"), "sip");

	(void)state;
	assert_string_equal(text(o, "result"), "Failure");
	assert_int_equal(json_integer_value(json_object_get(o, "exit_status")), 1);
	assert_string_equal(text(error, "reason"), "sip_partner_not_allowed");
	assert_string_equal(text(error, "phase"), "sip.send");
	assert_int_equal(json_integer_value(json_object_get(sip, "status")), 403);
	assert_int_equal(json_array_size(json_object_get(sip, "headers")), 2);
	assert_int_equal(json_integer_value(json_object_get(sip, "retry_after_seconds")), 30);
	assert_string_equal(text(json_object_get(o, "diagnosis"), "cause"),
		"The receiver's domain is not on the gateway's list of allowed partners.");
	json_decref(o);
}

static void a_limit_and_rounds_are_told(void **state)
{
	json_t *o = read_sample("over-the-limit", report_json);

	(void)state;
	assert_int_equal(json_integer_value(json_object_get(o, "exit_status")), 4);
	assert_true(json_number_value(json_object_get(o, "max_latency_seconds")) == 0.01);
	json_decref(o);
	o = read_sample("rounds", report_json);
	const json_t *round = json_object_get(json_object_get(o, "rounds"), "round");
	assert_int_equal(json_integer_value(json_object_get(round, "n")), 50);
	assert_true(json_number_value(json_object_get(round, "max")) == 2);
	json_decref(o);
}

/* A peer's bytes once made parts of the object vanish: JSON is UTF-8. */
static void nothing_is_left_out_because_of_what_peers_say(void **state)
{
	json_t *o = read_sample("hostile", report_json);
	const json_t *evidence = json_object_get(json_object_get(o, "error"), "evidence");
	const json_t *sip = json_object_get(evidence, "sip");

	(void)state;
	assert_non_null(strstr(text(o, "target_fqdn"), "[31m"));
	assert_non_null(strstr(text(o, "target_fqdn"), "\xc3\xa9"));
	assert_int_equal(json_array_size(json_object_get(sip, "headers")), 1);
	assert_non_null(json_object_get(sip, "diagnostics"));
	assert_non_null(strstr(text(json_object_get(evidence, "dns"), "name"), "]]>"));
	assert_non_null(strstr(text(json_object_get(evidence, "xmpp"), "text"), "]]>"));
	const json_t *tls = json_object_get(evidence, "tls");
	assert_string_equal(text(tls, "cipher"), "cut in the middle ?");
	const json_t *chain = json_object_get(tls, "certificates");
	assert_int_equal(json_array_size(chain), 2);
	assert_string_equal(text(json_array_get(chain, 0), "names"),
		"pool.litware.test, litware.test, "
		"\"'\\<&>]]>{}|,=#;:%?...?not?ok?1?#?TYPE?x???[31m??"
		"?(????"
		"????"
		"?more");
	assert_string_equal(text(json_array_get(chain, 1), "names"), "");
	json_decref(o);
}

static void one_line_holds_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(samples); i++) {
		json_t *many = read_sample(samples[i].name, report_json);
		json_t *one = read_sample(samples[i].name, report_json_line);
		struct buf b;

		assert_true(json_equal(many, one));
		json_decref(many);
		json_decref(one);
		assert_int_equal(sample_put(samples[i].name, report_json_line, &b), 0);
		assert_int_equal(slice_chr(buf_slice(&b), '\n'), buf_len(&b));
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_success_has_its_fields),
		cmocka_unit_test(a_failure_has_its_evidence),
		cmocka_unit_test(a_limit_and_rounds_are_told),
		cmocka_unit_test(nothing_is_left_out_because_of_what_peers_say),
		cmocka_unit_test(one_line_holds_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The trace as data: every step, and the result as `stox test --format json` gives it. */
#include <jansson.h>

#include "traced.h"

static json_t *load(struct traced *f)
{
	json_error_t error;
	json_t *o = json_loads(traced_write(f, trace_json), JSON_ALLOW_NUL, &error);

	assert_non_null(o);
	return o;
}

static const char *text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

/* The n-th step of that type. */
static const json_t *step(const json_t *o, const char *type, unsigned n)
{
	const json_t *steps = json_object_get(o, "steps"), *s;
	size_t i;

	json_array_foreach(steps, i, s)
	{
		if (strcmp(text_of(s, "type"), type) == 0 && n-- == 0)
			return s;
	}
	return NULL;
}

static void every_step_is_there(void **state)
{
	struct traced f;

	(void)state;
	traced_refused(&f);
	json_t *o = load(&f);
	assert_string_equal(text_of(o, "schema"), "stox.trace/1");
	assert_int_equal(json_integer_value(json_object_get(o, "messages_left_out")), 0);
	assert_int_equal(json_array_size(json_object_get(o, "steps")), trace_count(f.t) + 1);
	const json_t *m = step(o, "message", 2);
	assert_string_equal(text_of(m, "side"), "sip");
	assert_string_equal(text_of(m, "direction"), "in");
	assert_string_equal(text_of(m, "transport"), "tls");
	assert_string_equal(text_of(m, "local"), "192.0.2.1:40001");
	assert_string_equal(text_of(m, "peer"), "192.0.2.2:5061");
	assert_string_equal(text_of(m, "phase"), "sip.register");
	assert_string_equal(text_of(m, "label"), "403 Forbidden (REGISTER)");
	assert_string_equal(
		text_of(m, "text"), "SIP/2.0 403 Forbidden\r\nCSeq: 1 REGISTER\r\n\r\n");
	assert_true(json_is_false(json_object_get(m, "unfinished")));
	assert_float_equal(json_real_value(json_object_get(m, "at_seconds")), 0.002, 1e-9);
	const json_t *p = step(o, "phase", 0);
	assert_string_equal(text_of(p, "phase"), "sip.connect");
	assert_string_equal(text_of(p, "outcome"), "running");
	const json_t *v = step(o, "verdict", 0);
	assert_string_equal(text_of(v, "result"), "Failure");
	assert_string_equal(text_of(v, "reason"), "sip_forbidden");
	assert_string_equal(text_of(json_object_get(o, "test"), "schema"), "stox.test/1");
	assert_true(json_is_null(json_object_get(json_object_get(o, "test"), "trace")));
	json_decref(o);
	traced_end(&f);
}

static void bytes_that_are_no_text_are_base64(void **state)
{
	struct probe_event ev = traced_event(10, SIDE_SIP, false, SLICE("\x15\x03\x01\0\xff"));
	struct traced f;

	(void)state;
	traced_begin(&f);
	f.result.success = true;
	ev.unfinished = true;
	ev.local = (struct addr){ .family = 0 };
	trace_push(f.t, &ev);
	ev.text = SLICE("nul\0here");
	trace_push(f.t, &ev);
	json_t *o = load(&f);
	const json_t *m = step(o, "message", 0);
	assert_string_equal(text_of(m, "text_base64"), "FQMBAP8=");
	assert_null(json_object_get(m, "text"));
	assert_true(json_is_true(json_object_get(m, "unfinished")));
	assert_true(json_is_null(json_object_get(m, "local")));
	assert_string_equal(text_of(m, "label"), "\\x15\\x03\\x01\\x00\\xff");
	assert_int_equal(json_string_length(json_object_get(step(o, "message", 1), "text")), 8);
	json_decref(o);
	traced_end(&f);
}

/* As they are in JSON, escaped in the file. */
static void what_a_terminal_would_obey_is_escaped(void **state)
{
	static const char text[] = "\x7f\xc2\x9b"
				   "31m \u202e\u2066 \u2028 \u00fc \U0001f642\t\x1b[m";
	struct traced f;

	(void)state;
	traced_begin(&f);
	f.result.success = true;
	traced_message(&f, 10, SIDE_XMPP, false, text);
	json_t *o = load(&f);
	assert_string_equal(text_of(step(o, "message", 0), "text"), text);
	json_decref(o);
	assert_non_null(strstr(buf_cstr(&f.b),
		"\"\\u007F\\u009B31m \\u202E\\u2066 \\u2028 \u00fc \U0001f642\\t\\u001B[m\""));
	traced_end(&f);
}

static void what_is_missing_is_a_step(void **state)
{
	struct probe_event ev = traced_event(10, SIDE_SIP, true, SLICE("A"));
	struct traced f;

	(void)state;
	traced_begin(&f);
	f.result.success = true;
	ev.left_out = 9;
	trace_push(f.t, &ev);
	json_t *o = load(&f);
	assert_int_equal(
		json_integer_value(json_object_get(step(o, "left_out", 0), "messages")), 9);
	assert_int_equal(json_integer_value(json_object_get(o, "messages_left_out")), 9);
	assert_true(json_is_null(json_object_get(step(o, "verdict", 0), "reason")));
	json_decref(o);
	traced_end(&f);
}

static void memory_may_run_out(void **state)
{
	(void)state;
	traced_without_memory(trace_json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_step_is_there),
		cmocka_unit_test(bytes_that_are_no_text_are_base64),
		cmocka_unit_test(what_a_terminal_would_obey_is_escaped),
		cmocka_unit_test(what_is_missing_is_a_step),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What was kept as JSON, written for Wireshark: as the trace itself was. */
#include "report/trace_read.h"
#include "traced.h"

/* As it is, by way of JSON. */
static void both_ways_are_one(struct traced *f)
{
	struct trace *kept;
	struct buf direct, read;

	buf_init(&direct, TRACED_TEXT);
	buf_init(&read, TRACED_TEXT);
	assert_int_equal(trace_pcapng(&direct, f->t, &f->run), 0);
	traced_write(f, trace_json);
	assert_int_equal(trace_read(&kept, buf_slice(&f->b)), 0);
	assert_int_equal(trace_pcapng(&read, kept, &f->run), 0);
	assert_true(slice_eq(buf_slice(&direct), buf_slice(&read)));
	assert_true(trace_count(kept) > 0);
	trace_free(kept);
	buf_done(&direct);
	buf_done(&read);
}

static void messages_are_as_they_were(void **state)
{
	struct traced f;

	(void)state;
	traced_refused(&f);
	both_ways_are_one(&f);
	traced_end(&f);
}

static void what_is_rare_is_kept(void **state)
{
	struct probe_event ev = traced_event(1, SIDE_SIP, false, SLICE("\xff no UTF-8"));
	struct traced f;

	(void)state;
	traced_begin(&f);
	ev.transport = TRANSPORT_UDP;
	ev.local = (struct addr){ .family = 0 };
	ev.unfinished = true;
	ev.left_out = 2;
	trace_push(f.t, &ev);
	both_ways_are_one(&f);
	traced_end(&f);
}

static void what_is_no_trace_has_no_messages(void **state)
{
	static const char *const rows[] = { "", "{", "[]", "{}", "{\"steps\": 1}",
		"{\"steps\": [1, null, {\"type\": 2}]}", "{\"steps\": [{\"type\": \"message\"}]}",
		"{\"steps\": [{\"type\": \"message\", \"phase\": \"answer\", \"transport\": "
		"\"x\"}]}",
		"{\"steps\": [{\"type\": \"message\", \"phase\": \"answer\", \"transport\": "
		"\"tls\", "
		"\"text_base64\": \"?\"}]}" };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct trace *t;

		assert_int_equal(trace_read(&t, slice_str(rows[i])), 0);
		assert_int_equal(trace_count(t), 0);
		trace_free(t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_as_they_were),
		cmocka_unit_test(what_is_rare_is_kept),
		cmocka_unit_test(what_is_no_trace_has_no_messages),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

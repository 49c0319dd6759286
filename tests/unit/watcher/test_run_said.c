#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "watcher/run_said.h"

static void a_trace_is_its_messages_in_order(void **state)
{
	static const char trace[] =
		"{\"steps\": ["
		"{\"type\": \"phase\", \"phase\": \"sip.register\"},"
		"{\"type\": \"message\", \"at_seconds\": 0.007, \"side\": \"sip\", \"direction\": "
		"\"out\", "
		"\"phase\": \"sip.register\", \"label\": \"REGISTER\", \"text\": \"REGISTER "
		"sip:x\"},"
		"{\"type\": \"left_out\", \"messages\": 3},"
		"{\"type\": \"message\", \"at_seconds\": 0.1694, \"side\": \"xmpp\", "
		"\"direction\": \"in\", "
		"\"phase\": \"deliver\", \"label\": \"<message>\", \"text_base64\": \"/w==\"},"
		"{\"type\": \"message\", \"at_seconds\": 0.2, \"side\": \"sip\", \"direction\": "
		"\"in\", "
		"\"phase\": \"sip.register\", \"label\": \"200 OK\", \"text\": \"SIP/2.0 200 OK\"},"
		"{\"type\": \"verdict\"}]}";
	struct run_said s;

	(void)state;
	run_said_read(&s, slice_str(trace));
	assert_int_equal(s.n, 3);
	assert_true(s.rows[0].is_out && !s.rows[0].is_xmpp && !s.rows[0].is_behind_sign_in);
	assert_int_equal(s.rows[0].at_us, 7000);
	assert_true(slice_eqs(s.rows[0].text, "REGISTER sip:x"));
	assert_int_equal(s.rows[0].n_left_out, 0);
	assert_true(!s.rows[1].is_out && s.rows[1].is_xmpp && s.rows[1].is_behind_sign_in);
	assert_true(slice_eqs(s.rows[1].text, "/w=="));
	assert_int_equal(s.rows[1].n_left_out, 3);
	/* A renewal behind the sending is not a part of the sign-in. */
	assert_true(s.rows[2].is_behind_sign_in);
	assert_true(slice_eqs(s.rows[2].label, "200 OK"));
	run_said_done(&s);
}

static void what_is_no_trace_says_nothing(void **state)
{
	static const char *const rows[] = { "", "{", "[]", "{}", "{\"steps\": 1}",
		"{\"steps\": [1, null, {\"type\": 2}]}" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run_said s;

		run_said_read(&s, slice_str(rows[i]));
		assert_int_equal(s.n, 0);
		run_said_done(&s);
	}
}

static void more_than_a_page_shows_is_cut(void **state)
{
	struct run_said s;
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_puts(&b, "{\"steps\": [{\"type\": \"message\"}");
	for (unsigned i = 0; i < PAGE_SAID_MAX; i++)
		buf_puts(&b, ",{\"type\": \"message\"}");
	buf_puts(&b, "]}");
	run_said_read(&s, buf_slice(&b));
	assert_int_equal(s.n, PAGE_SAID_MAX);
	run_said_done(&s);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_trace_is_its_messages_in_order),
		cmocka_unit_test(what_is_no_trace_says_nothing),
		cmocka_unit_test(more_than_a_page_shows_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

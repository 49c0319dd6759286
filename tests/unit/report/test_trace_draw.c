/* What arrows say and where they go. */
#include "traced.h"

static void labels_tell_messages_apart(void **state)
{
	static const struct {
		enum probe_side side;
		const char *text, *want;
	} rows[] = {
		{ SIDE_SIP, "MESSAGE sip:a@b SIP/2.0\r\nTo: x\r\n\r\n", "MESSAGE sip:a@b" },
		{ SIDE_SIP, "SIP/2.0 202 Accepted\r\nTo: x\r\ncseq : 1  MESSAGE \r\n\r\n",
			"202 Accepted (MESSAGE)" },
		{ SIDE_SIP, "SIP/2.0 200 OK\r\n\r\n", "200 OK" },
		{ SIDE_SIP, "SSH-2.0-x\r\n", "SSH-2.0-x" },
		{ SIDE_SIP, "", "" },
		{ SIDE_XMPP, "<?xml version='1.0'?><stream:stream to='a' xmlns='b'>",
			"<stream:stream to=a>" },
		{ SIDE_XMPP,
			"<message from=\"a@b\" id='1' type='chat' to='c'><body>x</body></message>",
			"<message type=chat to=c from=a@b>" },
		{ SIDE_XMPP, "<iq type='set'><bind xmlns='x'/></iq>", "<iq type=set> bind" },
		{ SIDE_XMPP, "<stream:error><host-unknown xmlns='x'/></stream:error>",
			"<stream:error> host-unknown" },
		{ SIDE_XMPP, "<failure xmlns='x'></failure>", "<failure>" },
		{ SIDE_XMPP, "<presence/>", "<presence>" },
		{ SIDE_XMPP, "</stream:stream>", "</stream:stream>" },
		{ SIDE_XMPP, "<iq type='", "<iq type=>" },
		{ SIDE_XMPP, "<", "<>" },
		{ SIDE_XMPP, "no XML\nat all", "no XML" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct probe_event ev =
			traced_event(0, rows[i].side, true, slice_str(rows[i].text));

		buf_clear(&b);
		trace_put_label(&b, &ev);
		assert_string_equal(buf_cstr(&b), rows[i].want);
	}
	buf_done(&b);
}

static void nothing_in_a_text_is_obeyed(void **state)
{
	static const struct {
		struct slice text;
		const char *want;
	} rows[] = {
		{ SLICE("a\r\nb\nc\td"), "a\nb\nc\td" },
		{ SLICE("\x1b[31mred\a\x7f"), "\\x1b[31mred\\x07\\x7f" },
		{ SLICE("lone\rCR\0NUL"), "lone\\x0dCR\\x00NUL" },
		{ SLICE("\xff\xc3(\xc0\x80"), "\\xff\\xc3(\\xc0\\x80" },
		{ SLICE("\xc2\x9b\x31m"), "\\x9b1m" },
		{ SLICE("a\xe2\x80\xae"
			"b\xd8\x9c"),
			"a\\u202eb\\u061c" },
		{ SLICE("\xe2\x81\xa7\xe2\x80\xa8"), "\\u2067\\u2028" },
		{ SLICE("caf\xc3\xa9 \xf0\x9f\x98\x80"), "caf\xc3\xa9 \xf0\x9f\x98\x80" },
		{ SLICE("\xf0\x9f\x98"), "\\xf0\\x9f\\x98" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	for (size_t i = 0; i < COUNT(rows); i++) {
		buf_clear(&b);
		trace_put_plain(&b, rows[i].text);
		assert_string_equal(buf_cstr(&b), rows[i].want);
	}
	buf_done(&b);
}

static void arrows_go_from_who_speaks_to_who_hears(void **state)
{
	static const struct {
		enum probe_side side;
		bool outbound;
		enum trace_lane from, to;
	} rows[] = {
		{ SIDE_SIP, true, LANE_USER, LANE_POOL },
		{ SIDE_SIP, false, LANE_POOL, LANE_USER },
		{ SIDE_XMPP, true, LANE_RECEIVER, LANE_SERVER },
		{ SIDE_XMPP, false, LANE_SERVER, LANE_RECEIVER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct probe_event ev =
			traced_event(0, rows[i].side, rows[i].outbound, SLICE_NONE);

		assert_int_equal(trace_from(&ev), rows[i].from);
		assert_int_equal(trace_to(&ev), rows[i].to);
	}
}

static void only_what_came_through_the_gateway_has_crossed(void **state)
{
	static const struct {
		enum probe_side side;
		bool outbound;
		enum probe_phase phase;
		const char *text;
		bool want;
	} rows[] = {
		{ SIDE_XMPP, false, PHASE_DELIVER, "<message to='a'>", true },
		{ SIDE_XMPP, true, PHASE_DELIVER, "<message to='a'>", false },
		{ SIDE_XMPP, false, PHASE_DELIVER, "<presence/>", false },
		{ SIDE_XMPP, false, PHASE_XMPP_BIND, "<message to='a'>", false },
		{ SIDE_SIP, false, PHASE_ANSWER, "MESSAGE sip:a SIP/2.0", true },
		{ SIDE_SIP, false, PHASE_ANSWER, "SIP/2.0 200 OK", false },
		{ SIDE_SIP, true, PHASE_ANSWER, "MESSAGE sip:a SIP/2.0", false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct probe_event ev =
			traced_event(0, rows[i].side, rows[i].outbound, slice_str(rows[i].text));

		ev.phase = rows[i].phase;
		assert_int_equal(trace_is_crossing(&ev), rows[i].want);
	}
}

static void phases_have_columns_ends_and_the_verdict_its_place(void **state)
{
	struct traced f;

	(void)state;
	traced_refused(&f);
	assert_int_equal(trace_column(PHASE_SIP_SEND), COLUMN_SIP);
	assert_int_equal(trace_column(PHASE_XMPP_RESOLVE), COLUMN_XMPP);
	assert_int_equal(trace_column(PHASE_XMPP_BIND), COLUMN_XMPP);
	assert_int_equal(trace_column(PHASE_DELIVER), COLUMN_BETWEEN);
	assert_int_equal(trace_column(PHASE_CLEANUP), COLUMN_BETWEEN);
	assert_int_equal(trace_phase_end(f.t, 0)->at, 500);
	assert_int_equal(trace_phase_end(f.t, 5)->outcome, PHASE_FAILED);
	assert_true(trace_is_shown(f.t, 0));
	assert_false(trace_is_shown(f.t, 1)); /* it was not needed */
	assert_false(trace_is_shown(f.t, 4)); /* an end */
	const size_t at = trace_verdict_at(f.t);
	assert_int_equal(trace_get(f.t, at)->ev.phase, PHASE_CLEANUP);
	assert_int_equal(trace_get(f.t, at - 1)->ev.phase, PHASE_XMPP_AUTH);
	traced_end(&f);
	traced_begin(&f);
	assert_int_equal(trace_verdict_at(f.t), 0);
	traced_phase(&f, 0, PHASE_SIP_CONNECT, PHASE_RUNNING);
	assert_null(trace_phase_end(f.t, 0));
	assert_true(trace_is_shown(f.t, 0));
	assert_int_equal(trace_verdict_at(f.t), 1);
	traced_end(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_tell_messages_apart),
		cmocka_unit_test(nothing_in_a_text_is_obeyed),
		cmocka_unit_test(arrows_go_from_who_speaks_to_who_hears),
		cmocka_unit_test(only_what_came_through_the_gateway_has_crossed),
		cmocka_unit_test(phases_have_columns_ends_and_the_verdict_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

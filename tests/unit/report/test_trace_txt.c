/* The ladder in characters. */
#include "traced.h"

static void the_ladder_has_two_columns_on_one_axis(void **state)
{
	static const char *const rows[] = {
		"      0.500      +0.500     1   |-- REGISTER sip:litware.test ---------->|    |   "
		"   "
		"                                  |\n",
		"      0.700      +0.200     2   |                                        |    |-- "
		"<challenge> ------------------------>|\n",
		"      2.000      +1.300     3   |<- 403 Forbidden (REGISTER) ------------|    |   "
		"   "
		"                                  |\n",
		"      2.100      +0.100     4   |                                        |    |<- "
		"</stream:stream> --------------------|\n",
		"|  : sip.register, 1.500 ms, failed      |",
		"== Failure: sip_forbidden in sip.register, 2.000 ms ===",
		".. cleanup, 0.200 ms ....",
	};
	struct traced f;

	(void)state;
	traced_refused(&f);
	const char *text = traced_write(&f, trace_txt);
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (!strstr(text, rows[i]))
			print_error("%s\nis not in\n%s", rows[i], text);
		assert_non_null(strstr(text, rows[i]));
	}
	assert_int_equal(strncmp(text, "Target Fqdn   : pool.litware.test\n", 34), 0);
	assert_null(strstr(text, "xmpp.resolve, "));
	traced_end(&f);
}

static void rows_are_of_one_width(void **state)
{
	struct traced f;
	unsigned rows = 0;

	(void)state;
	traced_refused(&f);
	traced_message(&f, 2150, SIDE_SIP, true,
		"MESSAGE sip:a.very.long.name.of.somebody@a.very.long.domain.test SIP/2.0\r\n\r\n");
	traced_message(&f, 2150, SIDE_XMPP, true,
		"<message to='\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f"
		"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f\xc3\xa4\xc3\xb6"
		"'>");
	struct slice s = slice_str(traced_write(&f, trace_txt));
	while (s.n) {
		struct slice line = slice_split(&s, '\n');

		if (slice_chr(line, '|') == line.n)
			continue;
		size_t n = 0;
		for (size_t i = 0; i < line.n; i++)
			n += (line.p[i] & 0xc0) != 0x80;
		assert_int_equal(n, 32 + 42 + 4 + 42);
		rows++;
	}
	assert_int_equal(rows, 6 + 3);
	traced_end(&f);
}

static void messages_stand_below_under_their_numbers(void **state)
{
	struct traced f;

	(void)state;
	traced_refused(&f);
	const char *text = traced_write(&f, trace_txt);
	assert_non_null(strstr(text, "\n1  0.500 ms  SIP test user -> pool  tls 192.0.2.1:40001 -> "
				     "192.0.2.2:5061  sip.register\n    REGISTER sip:litware.test "
				     "SIP/2.0\n    CSeq: 1 REGISTER\n"));
	assert_non_null(strstr(text, "\n4  2.100 ms  receiver -> XMPP server  tls [::1]:40002 -> "
				     "[::2]:5222  xmpp.auth\n    </stream:stream>\n"));
	traced_end(&f);
}

static void a_terminal_obeys_nothing_of_it(void **state)
{
	struct traced f;

	(void)state;
	traced_refused(&f);
	traced_message(&f, 2100, SIDE_SIP, false, "SIP/2.0 200 \x1b]0;x\a\r\nX: \x1b[2J\r\n\r\n");
	const char *text = traced_write(&f, trace_txt);
	assert_null(strchr(text, '\x1b'));
	assert_null(strchr(text, '\a'));
	assert_non_null(strstr(text, "    X: \\x1b[2J\n"));
	traced_end(&f);
}

static void what_is_missing_is_said(void **state)
{
	struct probe_event ev = traced_event(1900, SIDE_SIP, true, SLICE("A sip:a SIP/2.0"));
	struct traced f;

	(void)state;
	traced_refused(&f);
	ev.left_out = 17;
	ev.unfinished = true;
	trace_push(f.t, &ev);
	const char *text = traced_write(&f, trace_txt);
	assert_non_null(strstr(text, "17 messages left out"));
	assert_non_null(strstr(text, "sip.register, unfinished\n"));
	traced_end(&f);
}

static void memory_may_run_out(void **state)
{
	(void)state;
	traced_without_memory(trace_txt);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_ladder_has_two_columns_on_one_axis),
		cmocka_unit_test(rows_are_of_one_width),
		cmocka_unit_test(messages_stand_below_under_their_numbers),
		cmocka_unit_test(a_terminal_obeys_nothing_of_it),
		cmocka_unit_test(what_is_missing_is_said),
		cmocka_unit_test(memory_may_run_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

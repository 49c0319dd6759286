#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/text.h"

static void shows(const struct text *t, text_look_up *look_up, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	text_put(&b, t, look_up);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static const char *french(const char *id)
{
	static const char *const rows[][2] = {
		{ "No connection to {1}: {2}.", "{2} : pas de connexion à {1}." },
		{ "connection refused", "connexion refusée" },
		{ ".", "," },
	};

	for (size_t i = 0; i < COUNT(rows); i++)
		if (strcmp(id, rows[i][0]) == 0)
			return rows[i][1];
	return id;
}

static const struct addr peer = { .family = 4, .port = 5061, .ip = { 127, 0, 0, 1 } };

static void arguments_go_where_the_sentence_says(void **state)
{
	struct text t =
		TEXT(N_("No connection to {1}: {2}."), text_addr(&peer), text_errno(ECONNREFUSED));

	(void)state;
	shows(&t, NULL, "No connection to 127.0.0.1:5061: connection refused.");
}

static void a_translation_may_order_them_otherwise(void **state)
{
	struct text t =
		TEXT(N_("No connection to {1}: {2}."), text_addr(&peer), text_errno(ECONNREFUSED));

	(void)state;
	shows(&t, french, "connexion refusée : pas de connexion à 127.0.0.1:5061.");
}

static void arguments_of_each_kind(void **state)
{
	struct text t = TEXT("{1} {2} {3} {4} {5}", text_str("s"), text_slice(SLICE("slice")),
		text_u64(UINT64_MAX), text_seconds(TS_MS(2345)), text_str(NULL));

	(void)state;
	shows(&t, NULL, "s slice 18446744073709551615 2.3 ");
}

static void seconds_have_the_point_of_the_language(void **state)
{
	struct text t = TEXT("{1} s, {2}.", text_seconds(TS_MS(2345)), text_str("1.5"));

	(void)state;
	shows(&t, NULL, "2.3 s, 1.5.");
	shows(&t, french, "2,3 s, 1.5.");
}

static void a_date_is_one_of_utc(void **state)
{
	struct text t = TEXT("{1} {2}", text_date(0), text_date(1795651199));

	(void)state;
	shows(&t, NULL, "1970-01-01 2026-11-25");
}

static void braces_that_name_no_argument_stay(void **state)
{
	struct text t = TEXT("{0} {2} {9} {x} { {1}", text_str("one"));

	(void)state;
	shows(&t, NULL, "{0} {2} {9} {x} { one");
}

static void an_argument_is_not_looked_at_for_places(void **state)
{
	struct text t = TEXT("{1}{2}", text_str("{2}"), text_str("b"));

	(void)state;
	shows(&t, NULL, "{2}b");
}

static void what_could_disturb_a_terminal_is_replaced(void **state)
{
	struct text t = TEXT("{1}", text_str("a\033[31m\r\nb\x7f\xc2\x9b\xff\xe2\x82\xacz\xc3"));

	(void)state;
	shows(&t, NULL, "a?[31m??b???\xe2\x82\xacz?");
}

/* Right-to-left override, isolate, Arabic letter mark, line separator; a narrow no-break space and
 * an ideograph of the same row stay. */
static void what_turns_the_direction_of_writing_is_replaced(void **state)
{
	struct text t = TEXT("{1}", text_str("\xe2\x80\xae|\xe2\x81\xa6|\xd8\x9c|\xe2\x80\xa8|"
					     "\xe2\x80\xaf|\xe6\xbc\xa2"));

	(void)state;
	shows(&t, NULL, "?|?|?|?|\xe2\x80\xaf|\xe6\xbc\xa2");
}

static void a_long_argument_is_cut_at_a_character_and_the_rest_is_empty(void **state)
{
	char value[2 * TEXT_STORE];
	struct buf b;

	(void)state;
	memset(value, 'x', sizeof(value));
	value[TEXT_STORE - TEXT_ARGS_MAX - 1] = '\xc3'; /* an e with an accent: */
	value[TEXT_STORE - TEXT_ARGS_MAX] = '\xa9';     /* it does not fit whole */
	struct text t = TEXT("{1}|{2}", text_slice(slice_of(value, sizeof(value))), text_str("b"));
	buf_init(&b, 4096);
	text_put(&b, &t, NULL);
	assert_int_equal(buf_len(&b), TEXT_STORE - TEXT_ARGS_MAX - 1 + 1);
	assert_true(slice_ends(buf_slice(&b), SLICE("x|")));
	buf_done(&b);
}

static void a_text_outlives_its_arguments_and_is_a_value(void **state)
{
	char value[] = "before";
	struct text t = TEXT("{1}", text_str(value)), copy;

	(void)state;
	strcpy(value, "after");
	copy = t;
	memset(&t, 0, sizeof(t));
	shows(&copy, NULL, "before");
}

static void no_text_shows_nothing(void **state)
{
	struct text none = { .id = NULL }, plain = TEXT_PLAIN("plain");

	(void)state;
	shows(&none, french, "");
	shows(&plain, NULL, "plain");
}

static void what_a_peer_said_becomes_one_line_of_utf8(void **state)
{
	static const struct {
		struct slice raw;
		const char *want;
	} table[] = {
		{ SLICE(""), "" },
		{ SLICE("gr\xc3\xbc\xc3\x9f dich"), "gr\xc3\xbc\xc3\x9f dich" },
		{ SLICE("a\nb\tc\x1b[31m"), "a?b?c?[31m" },
		{ SLICE("\x7f\xc2\x9b"), "??" },
		{ SLICE("cut \xc3"), "cut ?" },
		{ SLICE("\xff\xfe z"), "?? z" },
		{ SLICE("nul \0 too"), "nul ? too" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct buf b;

		buf_init(&b, 256);
		text_put_clean(&b, table[i].raw);
		assert_string_equal(buf_cstr(&b), table[i].want);
		buf_done(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_go_where_the_sentence_says),
		cmocka_unit_test(a_translation_may_order_them_otherwise),
		cmocka_unit_test(arguments_of_each_kind),
		cmocka_unit_test(seconds_have_the_point_of_the_language),
		cmocka_unit_test(a_date_is_one_of_utc),
		cmocka_unit_test(braces_that_name_no_argument_stay),
		cmocka_unit_test(an_argument_is_not_looked_at_for_places),
		cmocka_unit_test(what_could_disturb_a_terminal_is_replaced),
		cmocka_unit_test(what_turns_the_direction_of_writing_is_replaced),
		cmocka_unit_test(a_long_argument_is_cut_at_a_character_and_the_rest_is_empty),
		cmocka_unit_test(a_text_outlives_its_arguments_and_is_a_value),
		cmocka_unit_test(no_text_shows_nothing),
		cmocka_unit_test(what_a_peer_said_becomes_one_line_of_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

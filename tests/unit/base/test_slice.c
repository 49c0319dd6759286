#include "base/slice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"

/* No bytes at all, and bytes of which none is in the slice: both are empty. */
static const struct slice none = { NULL, 0 };
static const struct slice empty = { (const uint8_t *)"x", 0 };

static void want_slice(struct slice got, const char *want, const char *name)
{
	if (slice_eqs(got, want))
		return;
	fail_msg("%s: want \"%s\" got \"%.*s\"", name, want, SLICE_FMT(got));
}

static void a_slice_of_a_string_has_no_nul(void **state)
{
	(void)state;
	assert_int_equal(slice_str("abc").n, 3);
	assert_int_equal(slice_str("").n, 0);
	assert_int_equal(slice_str(NULL).n, 0);
	assert_null(slice_str(NULL).p);
	assert_int_equal(SLICE("a\0b").n, 3);
	assert_int_equal(slice_of("abc", 2).n, 2);
}

static void a_cut_is_clamped(void **state)
{
	static const struct {
		const char *name;
		size_t from, to;
		const char *want;
	} table[] = {
		{ "the middle", 1, 3, "bc" },
		{ "all", 0, 4, "abcd" },
		{ "nothing", 2, 2, "" },
		{ "behind the end", 2, 9, "cd" },
		{ "all of it behind the end", 7, 9, "" },
		{ "backwards", 3, 1, "" },
		{ "up to SIZE_MAX", 3, SIZE_MAX, "d" },
		{ "from SIZE_MAX", SIZE_MAX, SIZE_MAX, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		want_slice(slice_cut(SLICE("abcd"), table[i].from, table[i].to), table[i].want,
			table[i].name);
	assert_int_equal(slice_cut(none, 0, 5).n, 0);
	want_slice(slice_skip(SLICE("abcd"), 3), "d", "skip");
	want_slice(slice_skip(SLICE("abcd"), 5), "", "skip too many");
	assert_int_equal(slice_skip(none, 1).n, 0);
}

static void trim_takes_white_space_from_both_ends_only(void **state)
{
	static const char *const table[][2] = {
		{ "", "" },
		{ "a", "a" },
		{ " \t\r\na b\r\n\t ", "a b" },
		{ "  ", "" },
		{ "\va\f", "\va\f" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++)
		want_slice(slice_trim(slice_str(table[i][0])), table[i][1], table[i][0]);
	assert_int_equal(slice_trim(none).n, 0);
}

static void equality_looks_at_all_bytes(void **state)
{
	static const struct {
		const char *a, *b;
		bool eq, ieq;
	} table[] = {
		{ "", "", true, true }, { "abc", "abc", true, true },
		{ "abc", "abd", false, false }, { "abc", "ab", false, false },
		{ "ab", "abc", false, false }, { "AbZ", "aBz", false, true },
		{ "@", "`", false, false }, { "[", "{", false, false },
		{ "\xc3\x84", "\xc3\xa4", false, false }, /* only ASCII has a case here */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		struct slice a = slice_str(table[i].a), b = slice_str(table[i].b);

		if (slice_eq(a, b) != table[i].eq || slice_ieq(a, b) != table[i].ieq ||
			slice_eqs(a, table[i].b) != table[i].eq ||
			slice_ieqs(a, table[i].b) != table[i].ieq)
			fail_msg("\"%s\" and \"%s\"", table[i].a, table[i].b);
	}
	assert_true(slice_eq(none, empty));
	assert_true(slice_ieq(empty, none));
	assert_false(slice_eq(SLICE("a\0b"), SLICE("a\0c")));
}

static void starts_and_ends(void **state)
{
	(void)state;
	assert_true(slice_starts(SLICE("sip:a"), SLICE("sip:")));
	assert_true(slice_starts(SLICE("sip:"), SLICE("sip:")));
	assert_false(slice_starts(SLICE("sip"), SLICE("sip:")));
	assert_false(slice_starts(SLICE("Sip:a"), SLICE("sip:")));
	assert_true(slice_starts(none, none));
	assert_true(slice_starts(SLICE("a"), none));
	assert_true(slice_ends(SLICE("a.test"), SLICE(".test")));
	assert_false(slice_ends(SLICE("test"), SLICE(".test")));
	assert_false(slice_ends(SLICE("a.test "), SLICE(".test")));
	assert_true(slice_ends(none, none));
}

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

static void order_is_by_bytes_then_by_length(void **state)
{
	static const char *const ascending[] = { "", "A", "a", "aa", "ab", "b", "\x7f", "\x80",
		"\xff" };

	(void)state;
	for (size_t i = 0; i < COUNT(ascending); i++)
		for (size_t k = 0; k < COUNT(ascending); k++)
			assert_int_equal(
				sign(slice_cmp(slice_str(ascending[i]), slice_str(ascending[k]))),
				(i > k) - (i < k));
	assert_int_equal(slice_cmp(none, empty), 0);
}

static void chr_gives_the_length_when_there_is_none(void **state)
{
	(void)state;
	assert_int_equal(slice_chr(SLICE("abcb"), 'b'), 1);
	assert_int_equal(slice_chr(SLICE("abcb"), 'x'), 4);
	assert_int_equal(slice_chr(SLICE("ab\0b"), '\0'), 2);
	assert_int_equal(slice_chr(SLICE("ab\xff"), 0xff), 2);
	assert_int_equal(slice_chr(none, 'a'), 0);
	/* The byte behind the slice is not looked at. */
	assert_int_equal(slice_chr(slice_of("abc", 2), 'c'), 2);
}

static void find_gives_the_first_place(void **state)
{
	static const struct {
		const char *name, *in, *what;
		size_t want;
	} table[] = {
		{ "at the front", "abc", "ab", 0 },
		{ "at the end", "abc", "bc", 1 },
		{ "the whole", "abc", "abc", 0 },
		{ "the first of two", "xabab", "ab", 1 },
		{ "behind a false start", "aaab", "aab", 1 },
		{ "absent", "abc", "ac", SIZE_MAX },
		{ "longer than the slice", "abc", "abcd", SIZE_MAX },
		{ "begins at the last byte only", "abc", "cd", SIZE_MAX },
		{ "nothing is found at once", "abc", "", 0 },
		{ "nothing in nothing", "", "", 0 },
		{ "something in nothing", "", "a", SIZE_MAX },
		{ "an empty line", "a\r\n\r\nb", "\r\n\r\n", 1 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		size_t got = slice_find(slice_str(table[i].in), slice_str(table[i].what));

		if (got != table[i].want)
			fail_msg("%s: want %zu got %zu", table[i].name, table[i].want, got);
	}
	assert_int_equal(slice_find(none, none), 0);
	assert_int_equal(slice_find(none, SLICE("a")), SIZE_MAX);
}

static size_t find_slowly(struct slice s, struct slice what)
{
	for (size_t i = 0; i + what.n <= s.n; i++)
		if (memcmp(s.p + i, what.p, what.n) == 0)
			return i;
	return SIZE_MAX;
}

static void find_agrees_with_the_plain_way(void **state)
{
	struct rng rng;
	uint8_t in[12], what[3];

	(void)state;
	rng_init_number(&rng, 1);
	for (int round = 0; round < 20000; round++) {
		struct slice s = slice_of(in, rng_below(&rng, sizeof(in) + 1));
		struct slice w = slice_of(what, 1 + rng_below(&rng, sizeof(what)));

		for (size_t i = 0; i < sizeof(in); i++)
			in[i] = (uint8_t)('a' + rng_below(&rng, 2));
		for (size_t i = 0; i < sizeof(what); i++)
			what[i] = (uint8_t)('a' + rng_below(&rng, 2));
		assert_int_equal(slice_find(s, w), find_slowly(s, w));
	}
}

static void split_walks_a_list(void **state)
{
	struct slice s = SLICE("a,,bc");

	(void)state;
	want_slice(slice_split(&s, ','), "a", "first");
	want_slice(slice_split(&s, ','), "", "second");
	want_slice(slice_split(&s, ','), "bc", "third");
	assert_int_equal(s.n, 0);
	want_slice(slice_split(&s, ','), "", "none left");

	s = SLICE("a,");
	want_slice(slice_split(&s, ','), "a", "before the last comma");
	assert_int_equal(s.n, 0);
	s = none;
	assert_int_equal(slice_split(&s, ',').n, 0);
}

static void numbers_are_digits_within_a_limit(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool ok;
		uint64_t want;
	} table[] = {
		{ "0", 0, true, 0 },
		{ "007", 9, true, 7 },
		{ "255", 255, true, 255 },
		{ "256", 255, false, 0 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "18446744073709551620", UINT64_MAX, false, 0 },
		{ "99999999999999999999", UINT64_MAX, false, 0 },
		{ "000000000000000000000001", 9, true, 1 },
		{ "", 9, false, 0 },
		{ "-1", 9, false, 0 },
		{ "+1", 9, false, 0 },
		{ " 1", 9, false, 0 },
		{ "1 ", 9, false, 0 },
		{ "0x1", 99, false, 0 },
		{ "1a", 99, false, 0 },
		{ "/", 99, false, 0 },
		{ ":", 99, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		uint64_t v = 4711;
		bool ok = slice_u64(slice_str(table[i].text), table[i].max, &v);

		if (ok != table[i].ok || v != (ok ? table[i].want : 4711))
			fail_msg("\"%s\": %d %llu", table[i].text, ok, (unsigned long long)v);
	}
	assert_false(slice_u64(none, 9, &(uint64_t){ 0 }));
}

static void a_c_string_fits_or_is_empty(void **state)
{
	char text[4] = "zzz";

	(void)state;
	assert_true(slice_cstr(SLICE("abc"), text, sizeof(text)));
	assert_string_equal(text, "abc");
	assert_false(slice_cstr(SLICE("abcd"), text, sizeof(text)));
	assert_string_equal(text, "");
	strcpy(text, "zzz");
	assert_false(slice_cstr(SLICE("a\0b"), text, sizeof(text)));
	assert_string_equal(text, "");
	assert_true(slice_cstr(none, text, 1));
	assert_string_equal(text, "");
	assert_false(slice_cstr(SLICE("a"), text, 1));
}

static void a_slice_can_be_printed(void **state)
{
	char text[16];

	(void)state;
	snprintf(text, sizeof(text), "[%.*s][%.*s]", SLICE_FMT(none), SLICE_FMT(SLICE("ab")));
	assert_string_equal(text, "[][ab]");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slice_of_a_string_has_no_nul),
		cmocka_unit_test(a_cut_is_clamped),
		cmocka_unit_test(trim_takes_white_space_from_both_ends_only),
		cmocka_unit_test(equality_looks_at_all_bytes),
		cmocka_unit_test(starts_and_ends),
		cmocka_unit_test(order_is_by_bytes_then_by_length),
		cmocka_unit_test(chr_gives_the_length_when_there_is_none),
		cmocka_unit_test(find_gives_the_first_place),
		cmocka_unit_test(find_agrees_with_the_plain_way),
		cmocka_unit_test(split_walks_a_list),
		cmocka_unit_test(numbers_are_digits_within_a_limit),
		cmocka_unit_test(a_c_string_fits_or_is_empty),
		cmocka_unit_test(a_slice_can_be_printed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

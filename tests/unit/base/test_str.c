#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/mem.h"
#include "base/rng.h"

static void utf8_is_that_of_rfc_3629(void **state)
{
	static const struct {
		const char *name;
		struct slice text;
		size_t bad; /* SIZE_MAX when it is good */
		size_t count;
	} table[] = {
		{ "nothing", { NULL, 0 }, SIZE_MAX, 0 },
		{ "ASCII with a NUL", { (const uint8_t *)"a\0b", 3 }, SIZE_MAX, 3 },
		{ "the last of one byte", { (const uint8_t *)"\x7f", 1 }, SIZE_MAX, 1 },
		{ "the first of two", { (const uint8_t *)"\xc2\x80", 2 }, SIZE_MAX, 1 },
		{ "the last of two", { (const uint8_t *)"\xdf\xbf", 2 }, SIZE_MAX, 1 },
		{ "the first of three", { (const uint8_t *)"\xe0\xa0\x80", 3 }, SIZE_MAX, 1 },
		{ "before the surrogates", { (const uint8_t *)"\xed\x9f\xbf", 3 }, SIZE_MAX, 1 },
		{ "behind the surrogates", { (const uint8_t *)"\xee\x80\x80", 3 }, SIZE_MAX, 1 },
		{ "the first of four", { (const uint8_t *)"\xf0\x90\x80\x80", 4 }, SIZE_MAX, 1 },
		{ "U+10FFFF", { (const uint8_t *)"\xf4\x8f\xbf\xbf", 4 }, SIZE_MAX, 1 },
		{ "mixed", { (const uint8_t *)"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 10 },
			SIZE_MAX, 4 },
		{ "a lone tail", { (const uint8_t *)"ab\x80", 3 }, 2, 0 },
		{ "overlong NUL", { (const uint8_t *)"\xc0\x80", 2 }, 0, 0 },
		{ "overlong slash", { (const uint8_t *)"\xc0\xaf", 2 }, 0, 0 },
		{ "overlong of two", { (const uint8_t *)"a\xc1\xbf", 3 }, 1, 0 },
		{ "overlong of three", { (const uint8_t *)"\xe0\x9f\xbf", 3 }, 0, 0 },
		{ "overlong of four", { (const uint8_t *)"\xf0\x8f\xbf\xbf", 4 }, 0, 0 },
		{ "the first surrogate", { (const uint8_t *)"\xed\xa0\x80", 3 }, 0, 0 },
		{ "the last surrogate", { (const uint8_t *)"\xed\xbf\xbf", 3 }, 0, 0 },
		{ "U+110000", { (const uint8_t *)"\xf4\x90\x80\x80", 4 }, 0, 0 },
		{ "five bytes", { (const uint8_t *)"\xf8\x88\x80\x80\x80", 5 }, 0, 0 },
		{ "FE", { (const uint8_t *)"\xfe", 1 }, 0, 0 },
		{ "FF", { (const uint8_t *)"abc\xff", 4 }, 3, 0 },
		{ "cut after one of two", { (const uint8_t *)"a\xc3", 2 }, 1, 0 },
		{ "cut after two of three", { (const uint8_t *)"\xe2\x82", 2 }, 0, 0 },
		{ "cut after three of four", { (const uint8_t *)"\xf0\x9f\x98", 3 }, 0, 0 },
		/* The good byte behind the end must not be used. */
		{ "cut by the slice", { (const uint8_t *)"\xe2\x82\xac", 2 }, 0, 0 },
		{ "ASCII in a sequence", { (const uint8_t *)"\xe2\x82z", 3 }, 0, 0 },
		{ "two leads", { (const uint8_t *)"\xc3\xc3\xa4", 3 }, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		size_t bad = SIZE_MAX;
		bool ok = utf8_valid(table[i].text, &bad);

		if (ok != (table[i].bad == SIZE_MAX) || bad != table[i].bad ||
			utf8_valid(table[i].text, NULL) != ok)
			fail_msg("%s: %d, bad at %zd", table[i].name, ok, (ssize_t)bad);
		if (ok && utf8_count(table[i].text) != table[i].count)
			fail_msg("%s: %zu points", table[i].name, utf8_count(table[i].text));
	}
}

/* The grammar of RFC 3629 section 4, line by line. */
static const struct {
	uint8_t lead[2], second[2];
	size_t n;
} grammar[] = {
	{ { 0x00, 0x7f }, { 0, 0 }, 1 },
	{ { 0xc2, 0xdf }, { 0x80, 0xbf }, 2 },
	{ { 0xe0, 0xe0 }, { 0xa0, 0xbf }, 3 },
	{ { 0xe1, 0xec }, { 0x80, 0xbf }, 3 },
	{ { 0xed, 0xed }, { 0x80, 0x9f }, 3 },
	{ { 0xee, 0xef }, { 0x80, 0xbf }, 3 },
	{ { 0xf0, 0xf0 }, { 0x90, 0xbf }, 4 },
	{ { 0xf1, 0xf3 }, { 0x80, 0xbf }, 4 },
	{ { 0xf4, 0xf4 }, { 0x80, 0x8f }, 4 },
};

static bool within(uint8_t c, const uint8_t range[2])
{
	return c >= range[0] && c <= range[1];
}

static size_t sequence(const uint8_t *p, size_t left)
{
	static const uint8_t tail[2] = { 0x80, 0xbf };

	for (size_t i = 0; i < COUNT(grammar); i++) {
		size_t n = grammar[i].n;

		if (n > left || !within(p[0], grammar[i].lead) ||
			(n > 1 && !within(p[1], grammar[i].second)) ||
			(n > 2 && !within(p[2], tail)) || (n > 3 && !within(p[3], tail)))
			continue;
		return n;
	}
	return 0;
}

static size_t first_bad(struct slice s)
{
	for (size_t i = 0, n; i < s.n; i += n) {
		n = sequence(s.p + i, s.n - i);
		if (n == 0)
			return i;
	}
	return SIZE_MAX;
}

/* All texts of up to four bytes at the borders of the grammar's ranges. */
static void a_code_point_is_written_as_it_is_read(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	for (uint32_t c = 0; c <= 0x110001; c += c < 0xff00 ? 1 : 17) {
		const bool is_none = (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff;
		uint32_t got = 0;

		buf_clear(&b);
		utf8_put(&b, c);
		assert_int_equal(utf8_decode(buf_slice(&b), &got), buf_len(&b));
		assert_int_equal(got, is_none ? 0xfffd : c);
	}
	buf_done(&b);
}

static void utf8_agrees_with_the_grammar(void **state)
{
	static const uint8_t border[] = { 0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0,
		0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5,
		0xff };
	const size_t k = COUNT(border);

	(void)state;
	for (size_t i = 0; i < k * k * k * k; i++) {
		const uint8_t p[4] = { border[i % k], border[i / k % k], border[i / k / k % k],
			border[i / k / k / k] };

		for (size_t n = 1; n <= 4; n++) {
			struct slice s = slice_of(p, n);
			size_t bad = SIZE_MAX, want = first_bad(s);

			if (utf8_valid(s, &bad) != (want == SIZE_MAX) || bad != want)
				fail_msg("%02x %02x %02x %02x, the first %zu", p[0], p[1], p[2],
					p[3], n);
		}
	}
}

static size_t encode(uint32_t cp, uint8_t p[4])
{
	if (cp < 0x80) {
		p[0] = (uint8_t)cp;
		return 1;
	}
	size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--, cp >>= 6)
		p[i] = (uint8_t)(0x80 | (cp & 0x3f));
	p[0] = (uint8_t)(0xf00 >> n | cp);
	return n;
}

static bool is_xml_char(uint32_t cp)
{
	/* XML 1.0, production 2, as it stands there. */
	return cp == 0x9 || cp == 0xa || cp == 0xd || (cp >= 0x20 && cp <= 0xd7ff) ||
	       (cp >= 0xe000 && cp <= 0xfffd) || (cp >= 0x10000 && cp <= 0x10ffff);
}

static void every_code_point_is_text_as_xml_has_it(void **state)
{
	uint8_t p[5] = "a";

	(void)state;
	for (uint32_t cp = 0; cp < 0x120000; cp++) {
		struct slice s = slice_of(p, 1 + encode(cp, p + 1));
		bool scalar = cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
		size_t bad = 0;

		if (utf8_valid(s, NULL) != scalar || utf8_is_xml_text(s, &bad) != is_xml_char(cp) ||
			bad != (is_xml_char(cp) ? 0u : 1u))
			fail_msg("U+%04X", cp);
	}
	assert_true(utf8_is_xml_text(SLICE_NONE, NULL));
}

static void want_text(struct buf *b, const char *want, const char *name)
{
	if (strcmp(buf_cstr(b), want) != 0)
		fail_msg("%s: want \"%s\" got \"%s\"", name, want, buf_cstr(b));
}

static void hex_is_in_lower_case(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	hex_put(&b, SLICE_NONE);
	want_text(&b, "", "nothing");
	hex_put(&b, SLICE("\x00\x09\xaf\xff"));
	want_text(&b, "0009afff", "bytes");
	buf_done(&b);
}

static void hex_digits_are_of_either_case(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *at = c ? strchr(digits, c) : NULL;

		assert_int_equal(hex_digit((uint8_t)c), at ? (int)(at - digits) % 16 : -1);
	}
}

static void ascii_has_no_locale(void **state)
{
	(void)state;
	for (unsigned c = 0; c < 256; c++) {
		bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z';

		assert_int_equal(ascii_is_alpha((uint8_t)c), upper || lower);
		assert_int_equal(ascii_is_digit((uint8_t)c), c >= '0' && c <= '9');
		assert_int_equal(ascii_lower((uint8_t)c), upper ? c + 32 : c);
	}
}

/* RFC 4648 section 10. */
static void base64_gives_the_vectors_of_the_rfc(void **state)
{
	static const char *const table[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" } };
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < COUNT(table); i++) {
		buf_clear(&b);
		base64_put(&b, slice_str(table[i][0]));
		want_text(&b, table[i][1], table[i][0]);
		buf_clear(&b);
		assert_int_equal(base64_decode(&b, slice_str(table[i][1])), 0);
		want_text(&b, table[i][0], table[i][1]);
	}
	buf_done(&b);
}

static void base64_agrees_with_openssl_and_comes_back(void **state)
{
	uint8_t in[100], want[200];
	struct buf text, back;
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 1);
	buf_init(&text, 1000);
	buf_init(&back, 1000);
	for (size_t n = 0; n <= sizeof(in); n++) {
		rng_bytes(&rng, in, sizeof(in));
		buf_clear(&text);
		buf_clear(&back);
		base64_put(&text, slice_of(in, n));
		int len = EVP_EncodeBlock(want, in, (int)n);
		assert_true(slice_eq(buf_slice(&text), slice_of(want, (size_t)len)));
		assert_int_equal(base64_decode(&back, buf_slice(&text)), 0);
		assert_true(slice_eq(buf_slice(&back), slice_of(in, n)));
	}
	buf_done(&text);
	buf_done(&back);
}

static void base64_is_strict(void **state)
{
	static const struct {
		const char *name, *text;
	} table[] = {
		{ "no padding", "Zg" },
		{ "half the padding", "Zg=" },
		{ "too much padding", "Zg===" },
		{ "padding alone", "====" },
		{ "three of padding", "Z===" },
		{ "padding alone behind text", "Zm9v====" },
		{ "padding before the end", "Zg==Zm9v" },
		{ "a letter behind padding", "Zg=v" },
		{ "white space", "Zm 9v" },
		{ "four with white space", "Zm9 " },
		{ "a line end", "Zm9v\r\n" },
		{ "the alphabet for URLs", "-_-_" },
		{ "not of the alphabet", "Zm9*" },
		{ "not ASCII", "Zm9\xc3" },
		{ "bits of no byte, one byte", "Zh==" },
		{ "bits of no byte, two bytes", "Zm9=" },
	};
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	for (size_t i = 0; i < COUNT(table); i++) {
		buf_clear(&b);
		if (base64_decode(&b, slice_str(table[i].text)) != ERR_SYNTAX)
			fail_msg("%s: taken", table[i].name);
	}
	assert_int_equal(base64_decode(&b, SLICE("Zm9\0")), ERR_SYNTAX);
	buf_done(&b);
}

static void what_does_not_fit_is_the_buffers_error(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 5);
	assert_int_equal(base64_decode(&b, SLICE("Zm9vYmFy")), -EMSGSIZE);
	buf_clear(&b);
	assert_int_equal(base64_decode(&b, SLICE("Zm9vYmE=")), 0);
	buf_done(&b);

	mem_fail_after(0);
	assert_int_equal(base64_decode(&b, SLICE("Zm9v")), -ENOMEM);
	mem_fail_after(-1);
	buf_done(&b);
	mem_fail_after(0);
	hex_put(&b, SLICE("ab"));
	mem_fail_after(-1);
	assert_int_equal(buf_err(&b), -ENOMEM);
	buf_done(&b);
}

static void the_nearest_name_is_near(void **state)
{
	static const char *const names[] = { "registrar", "domains", "domain", "listen", "tls" };
	static const struct {
		const char *got, *want;
	} table[] = {
		{ "registar", "registrar" },
		{ "registrer", "registrar" },
		{ "domans", "domains" },
		{ "domain", "domain" },
		{ "Domain", "domain" },
		{ "listens", "listen" },
		{ "tsl", "tls" },
		{ "secret_file", NULL },
		{ "x", NULL },
		{ "", NULL },
		{ "a-word-with-nothing-in-common", NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const char *got = str_nearest(table[i].got, names, COUNT(names));

		if (got == table[i].want || (got && table[i].want && !strcmp(got, table[i].want)))
			continue;
		fail_msg("%s: want %s got %s", table[i].got, table[i].want ? table[i].want : "none",
			got ? got : "none");
	}
	assert_null(str_nearest("tls", names, 0));
}

static void nothing_is_near_to_a_very_long_name(void **state)
{
	static const char *const names[] = { "tls", "domain" };
	char got[1000];

	(void)state;
	memset(got, 'a', sizeof(got));
	for (size_t n = 60; n < sizeof(got); n++) {
		got[n] = '\0';
		assert_null(str_nearest(got, names, COUNT(names)));
		got[n] = 'a';
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_that_of_rfc_3629),
		cmocka_unit_test(a_code_point_is_written_as_it_is_read),
		cmocka_unit_test(utf8_agrees_with_the_grammar),
		cmocka_unit_test(every_code_point_is_text_as_xml_has_it),
		cmocka_unit_test(hex_is_in_lower_case),
		cmocka_unit_test(hex_digits_are_of_either_case),
		cmocka_unit_test(ascii_has_no_locale),
		cmocka_unit_test(base64_gives_the_vectors_of_the_rfc),
		cmocka_unit_test(base64_agrees_with_openssl_and_comes_back),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(what_does_not_fit_is_the_buffers_error),
		cmocka_unit_test(the_nearest_name_is_near),
		cmocka_unit_test(nothing_is_near_to_a_very_long_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

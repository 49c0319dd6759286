#include "base/rng.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/evp.h>

#include "base/mem.h"

/* RFC 8439 appendix A.1, test vectors 1 and 2: key and nonce zero, blocks 0 and 1. */
static const uint8_t of_zero[128] = { 0x76, 0xb8, 0xe0, 0xad, 0xa0, 0xf1, 0x3d, 0x90, 0x40, 0x5d,
	0x6a, 0xe5, 0x53, 0x86, 0xbd, 0x28, 0xbd, 0xd2, 0x19, 0xb8, 0xa0, 0x8d, 0xed, 0x1a, 0xa8,
	0x36, 0xef, 0xcc, 0x8b, 0x77, 0x0d, 0xc7, 0xda, 0x41, 0x59, 0x7c, 0x51, 0x57, 0x48, 0x8d,
	0x77, 0x24, 0xe0, 0x3f, 0xb8, 0xd8, 0x4a, 0x37, 0x6a, 0x43, 0xb8, 0xf4, 0x15, 0x18, 0xa1,
	0x1c, 0xc3, 0x87, 0xb6, 0x69, 0xb2, 0xee, 0x65, 0x86, 0x9f, 0x07, 0xe7, 0xbe, 0x55, 0x51,
	0x38, 0x7a, 0x98, 0xba, 0x97, 0x7c, 0x73, 0x2d, 0x08, 0x0d, 0xcb, 0x0f, 0x29, 0xa0, 0x48,
	0xe3, 0x65, 0x69, 0x12, 0xc6, 0x53, 0x3e, 0x32, 0xee, 0x7a, 0xed, 0x29, 0xb7, 0x21, 0x76,
	0x9c, 0xe6, 0x4e, 0x43, 0xd5, 0x71, 0x33, 0xb0, 0x74, 0xd8, 0x39, 0xd5, 0x31, 0xed, 0x1f,
	0x28, 0x51, 0x0a, 0xfb, 0x45, 0xac, 0xe1, 0x0a, 0x1f, 0x4b, 0x79, 0x4d, 0x6f };

/* Section 2.3.2: key 00..1f, block 1, nonce 000000090000004a00000000. */
static const uint8_t of_section_2_3_2[64] = { 0x10, 0xf1, 0xe7, 0xe4, 0xd1, 0x3b, 0x59, 0x15, 0x50,
	0x0f, 0xdd, 0x1f, 0xa3, 0x20, 0x71, 0xc4, 0xc7, 0xd1, 0xf4, 0xc7, 0x33, 0xc0, 0x68, 0x03,
	0x04, 0x22, 0xaa, 0x9a, 0xc3, 0xd4, 0x6c, 0x4e, 0xd2, 0x82, 0x64, 0x46, 0x07, 0x9f, 0xaa,
	0x09, 0x14, 0xc2, 0xd7, 0x05, 0xd9, 0x8b, 0x02, 0xa2, 0xb5, 0x12, 0x9c, 0xd1, 0xde, 0x16,
	0x4e, 0xb9, 0xcb, 0xd0, 0x83, 0xe8, 0xa2, 0x50, 0x3c, 0x4e };

static void it_is_the_chacha20_of_rfc_8439(void **state)
{
	uint8_t key[32] = { 0 }, got[128];
	struct rng r;

	(void)state;
	rng_init(&r, key);
	rng_bytes(&r, got, 128);
	assert_memory_equal(got, of_zero, 128);

	for (size_t i = 0; i < sizeof(key); i++)
		key[i] = (uint8_t)i;
	rng_init(&r, key);
	r.state[12] = 1;
	r.state[13] = 0x09000000;
	r.state[14] = 0x4a000000;
	rng_bytes(&r, got, 64);
	assert_memory_equal(got, of_section_2_3_2, 64);
}

static void it_agrees_with_openssl_over_many_blocks(void **state)
{
	static uint8_t zero[10000], got[10000], want[10000];
	static const uint8_t iv[16];
	uint8_t key[32];
	int n;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	struct rng r;

	(void)state;
	memset(key, 0x5a, sizeof(key));
	assert_true(EVP_EncryptInit_ex(ctx, EVP_chacha20(), NULL, key, iv));
	assert_true(EVP_EncryptUpdate(ctx, want, &n, zero, sizeof(zero)));
	EVP_CIPHER_CTX_free(ctx);

	rng_init(&r, key);
	rng_bytes(&r, got, sizeof(got));
	assert_memory_equal(got, want, sizeof(want));
}

static void the_pieces_do_not_matter(void **state)
{
	static const size_t pieces[] = { 1, 63, 64, 65, 0, 128, 7, 200 };
	static const uint8_t key[32] = { 7 };
	uint8_t whole[528], part[528];
	size_t at = 0;
	struct rng r;

	(void)state;
	rng_init(&r, key);
	rng_bytes(&r, whole, sizeof(whole));
	rng_init(&r, key);
	for (size_t i = 0; i < COUNT(pieces); at += pieces[i], i++)
		rng_bytes(&r, part + at, pieces[i]);
	assert_int_equal(at, sizeof(part));
	assert_memory_equal(part, whole, sizeof(whole));
}

static void the_block_counter_has_64_bits(void **state)
{
	static const uint8_t key[32] = { 7 };
	uint8_t after[64], want[64];
	struct rng r;

	(void)state;
	rng_init(&r, key);
	r.state[12] = UINT32_MAX;
	rng_bytes(&r, after, 64);
	rng_bytes(&r, after, 64);

	rng_init(&r, key);
	r.state[13] = 1;
	rng_bytes(&r, want, 64);
	assert_memory_equal(after, want, 64);
}

static void what_was_given_out_is_not_kept(void **state)
{
	static const uint8_t key[32] = { 7 };
	uint8_t got[20], zero[20] = { 0 };
	struct rng r;

	(void)state;
	rng_init(&r, key);
	rng_bytes(&r, got, sizeof(got));
	assert_memory_equal(r.block, zero, sizeof(zero));
}

static void a_number_gives_the_same_run_again(void **state)
{
	struct rng a, b, c;

	(void)state;
	rng_init_number(&a, 0x0123456789abcdef);
	rng_init_number(&b, 0x0123456789abcdef);
	rng_init_number(&c, 0x0123456789abcdee);
	uint64_t first = rng_u64(&a);
	assert_true(first == rng_u64(&b));
	assert_true(first != rng_u64(&c));
	assert_true(first != rng_u64(&a));
}

static void below_stays_below_and_has_no_bias(void **state)
{
	static const uint32_t table[] = { 1, 2, 3, 6, 10, 100, 0x80000000, 0x80000001, UINT32_MAX };
	enum { ROUNDS = 60000, SIDES = 6 };
	unsigned count[SIDES] = { 0 };
	struct rng r;

	(void)state;
	rng_init_number(&r, 3);
	for (size_t i = 0; i < COUNT(table); i++)
		for (int k = 0; k < 1000; k++)
			assert_true(rng_below(&r, table[i]) < table[i]);

	for (int i = 0; i < ROUNDS; i++)
		count[rng_below(&r, SIDES)]++;
	/* Six standard deviations of 91; the seed is fixed, so this cannot be bad luck twice. */
	for (int i = 0; i < SIDES; i++)
		assert_in_range(count[i], ROUNDS / SIDES - 550, ROUNDS / SIDES + 550);
}

/* With 3 * 2^30 a plain remainder would give the lower third twice as often as the others. */
static void below_rejects_what_would_favour_small_numbers(void **state)
{
	enum { ROUNDS = 30000 };
	unsigned low = 0;
	struct rng r;

	(void)state;
	rng_init_number(&r, 4);
	for (int i = 0; i < ROUNDS; i++)
		low += rng_below(&r, 0xc0000000) < 0x40000000;
	assert_in_range(low, ROUNDS / 3 - 500, ROUNDS / 3 + 500);
}

static void a_token_is_of_its_letters(void **state)
{
	unsigned seen[256] = { 0 };
	char token[33];
	struct rng r;

	(void)state;
	rng_init_number(&r, 5);
	for (int round = 0; round < 200; round++) {
		memset(token, 'X', sizeof(token));
		rng_token(&r, token, 31);
		assert_int_equal(strlen(token), 31);
		assert_int_equal(token[32], 'X');
		for (size_t i = 0; i < 31; i++)
			seen[(uint8_t)token[i]]++;
	}
	for (unsigned c = 0; c < 256; c++) {
		bool want = (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7');

		if ((seen[c] > 0) != want)
			fail_msg("byte 0x%02x was seen %u times", c, seen[c]);
	}
	rng_token(&r, token, 0);
	assert_string_equal(token, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_the_chacha20_of_rfc_8439),
		cmocka_unit_test(it_agrees_with_openssl_over_many_blocks),
		cmocka_unit_test(the_pieces_do_not_matter),
		cmocka_unit_test(the_block_counter_has_64_bits),
		cmocka_unit_test(what_was_given_out_is_not_kept),
		cmocka_unit_test(a_number_gives_the_same_run_again),
		cmocka_unit_test(below_stays_below_and_has_no_bias),
		cmocka_unit_test(below_rejects_what_would_favour_small_numbers),
		cmocka_unit_test(a_token_is_of_its_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/err.h"
#include "base/mem.h"

/* The first sixteen of the vectors that come with the reference code: key 00..0f, input 00.. of
 * as many bytes as the line's number. */
static const uint8_t reference[16][8] = {
	{ 0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72 },
	{ 0xfd, 0x67, 0xdc, 0x93, 0xc5, 0x39, 0xf8, 0x74 },
	{ 0x5a, 0x4f, 0xa9, 0xd9, 0x09, 0x80, 0x6c, 0x0d },
	{ 0x2d, 0x7e, 0xfb, 0xd7, 0x96, 0x66, 0x67, 0x85 },
	{ 0xb7, 0x87, 0x71, 0x27, 0xe0, 0x94, 0x27, 0xcf },
	{ 0x8d, 0xa6, 0x99, 0xcd, 0x64, 0x55, 0x76, 0x18 },
	{ 0xce, 0xe3, 0xfe, 0x58, 0x6e, 0x46, 0xc9, 0xcb },
	{ 0x37, 0xd1, 0x01, 0x8b, 0xf5, 0x00, 0x02, 0xab },
	{ 0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93 },
	{ 0xb0, 0xe4, 0xa9, 0x0b, 0xdf, 0x82, 0x00, 0x9e },
	{ 0xf3, 0xb9, 0xdd, 0x94, 0xc5, 0xbb, 0x5d, 0x7a },
	{ 0xa7, 0xad, 0x6b, 0x22, 0x46, 0x2f, 0xb3, 0xf4 },
	{ 0xfb, 0xe5, 0x0e, 0x86, 0xbc, 0x8f, 0x1e, 0x75 },
	{ 0x90, 0x3d, 0x84, 0xc0, 0x27, 0x56, 0xea, 0x14 },
	{ 0xee, 0xf2, 0x7a, 0x8e, 0x90, 0xca, 0x23, 0xf7 },
	{ 0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca, 0x29, 0xa1 },
};

static void count_up(uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)i;
}

static uint64_t little_endian(const uint8_t p[8])
{
	uint64_t v = 0;

	for (size_t i = 0; i < 8; i++)
		v |= (uint64_t)p[i] << (8 * i);
	return v;
}

static void siphash_gives_the_reference_vectors(void **state)
{
	uint8_t key[16], in[16];

	(void)state;
	count_up(key, sizeof(key));
	count_up(in, sizeof(in));
	for (size_t n = 0; n < COUNT(reference); n++)
		if (siphash(key, slice_of(in, n)) != little_endian(reference[n]))
			fail_msg("vector of %zu bytes", n);
	assert_true(siphash(key, SLICE_NONE) == little_endian(reference[0]));
}

static void siphash_of_openssl(
	EVP_MAC *mac, const uint8_t key[16], struct slice s, unsigned size, uint64_t *ret)
{
	uint8_t out[16];
	size_t n;
	OSSL_PARAM params[] = { OSSL_PARAM_construct_uint(OSSL_MAC_PARAM_SIZE, &size),
		OSSL_PARAM_construct_end() };
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_new(mac);

	assert_true(EVP_MAC_init(ctx, key, 16, params));
	assert_true(EVP_MAC_update(ctx, s.p, s.n));
	assert_true(EVP_MAC_final(ctx, out, &n, sizeof(out)));
	assert_int_equal(n, size);
	EVP_MAC_CTX_free(ctx);
	for (unsigned i = 0; i < size / 8; i++)
		ret[i] = little_endian(out + (size_t)8 * i);
}

static void siphash_agrees_with_openssl(void **state)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
	struct rng rng;
	uint8_t key[16], in[300];

	(void)state;
	assert_non_null(mac);
	rng_init_number(&rng, 1);
	for (size_t n = 0; n <= sizeof(in); n++) {
		rng_bytes(&rng, key, sizeof(key));
		rng_bytes(&rng, in, sizeof(in));
		uint64_t ours[2], theirs[2] = { 0 };

		siphash_of_openssl(mac, key, slice_of(in, n), 8, theirs);
		if (siphash(key, slice_of(in, n)) != theirs[0])
			fail_msg("%zu bytes", n);
		siphash_of_openssl(mac, key, slice_of(in, n), 16, theirs);
		siphash128(key, slice_of(in, n), ours);
		if (ours[0] != theirs[0] || ours[1] != theirs[1])
			fail_msg("128 bits of %zu bytes", n);
	}
	EVP_MAC_free(mac);
}

struct item {
	struct map_node node;
	char key[8];
	bool in;
};

static struct slice key_of(const struct item *it)
{
	return slice_of(it->key, sizeof(it->key));
}

static void make_items(struct item *items, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		items[i] = (struct item){ .in = false };
		memcpy(items[i].key, &i, sizeof(i));
	}
}

static void init(struct map *m, size_t max, uint64_t seed)
{
	struct rng rng;

	rng_init_number(&rng, seed);
	map_init(m, max, &rng);
}

static void an_empty_map_finds_nothing(void **state)
{
	struct map m;

	(void)state;
	init(&m, 10, 1);
	assert_null(map_find(&m, SLICE("a")));
	assert_null(map_find(&m, SLICE_NONE));
	assert_null(map_next(&m, NULL));
	map_done(&m);
}

static void keys_are_bytes_and_only_once(void **state)
{
	struct map_node a, b, c;
	struct map m;

	(void)state;
	init(&m, 10, 1);
	assert_int_equal(map_insert(&m, &a, SLICE("a\0b")), 0);
	assert_int_equal(map_insert(&m, &b, SLICE_NONE), 0);
	assert_int_equal(map_insert(&m, &c, SLICE("a\0b")), -EEXIST);
	assert_int_equal(map_insert(&m, &c, SLICE("")), -EEXIST);
	assert_ptr_equal(map_find(&m, SLICE("a\0b")), &a);
	assert_ptr_equal(map_find(&m, SLICE("")), &b);
	assert_null(map_find(&m, SLICE("a\0c")));
	assert_null(map_find(&m, SLICE("a")));
	assert_int_equal(m.n, 2);

	map_remove(&m, &a);
	assert_null(map_find(&m, SLICE("a\0b")));
	assert_int_equal(map_insert(&m, &c, SLICE("a\0b")), 0);
	assert_ptr_equal(map_find(&m, SLICE("a\0b")), &c);
	map_done(&m);
}

static void the_limit_is_reached_and_not_passed(void **state)
{
	enum { MAX = 40 };
	struct item items[MAX + 1];
	struct map m;

	(void)state;
	make_items(items, COUNT(items));
	init(&m, MAX, 1);
	for (size_t i = 0; i < MAX; i++)
		assert_int_equal(map_insert(&m, &items[i].node, key_of(&items[i])), 0);
	assert_int_equal(map_insert(&m, &items[MAX].node, key_of(&items[MAX])), ERR_LIMIT);
	assert_null(map_find(&m, key_of(&items[MAX])));
	/* A key that is there is told so even when the map is full. */
	assert_int_equal(map_insert(&m, &items[MAX].node, key_of(&items[0])), -EEXIST);
	assert_ptr_equal(map_find(&m, key_of(&items[0])), &items[0].node);

	map_remove(&m, &items[3].node);
	assert_int_equal(map_insert(&m, &items[MAX].node, key_of(&items[MAX])), 0);
	assert_int_equal(m.n, MAX);
	map_done(&m);

	init(&m, 0, 1);
	assert_int_equal(map_insert(&m, &items[0].node, key_of(&items[0])), ERR_LIMIT);
	map_done(&m);
}

static void out_of_memory_changes_nothing(void **state)
{
	struct item items[100];
	struct map m;
	unsigned refused = 0;

	(void)state;
	make_items(items, COUNT(items));
	init(&m, COUNT(items), 1);
	for (size_t i = 0; i < COUNT(items); i++) {
		mem_fail_after(0);
		int err = map_insert(&m, &items[i].node, key_of(&items[i]));
		mem_fail_after(-1);
		if (err == 0)
			continue;
		refused++;
		assert_int_equal(err, -ENOMEM);
		assert_int_equal(m.n, i);
		assert_null(map_find(&m, key_of(&items[i])));
		for (size_t k = 0; k < i; k++)
			assert_ptr_equal(map_find(&m, key_of(&items[k])), &items[k].node);
		assert_int_equal(map_insert(&m, &items[i].node, key_of(&items[i])), 0);
	}
	assert_in_range(refused, 2, 10);
	map_done(&m);
}

static void check_against(const struct map *m, struct item *items, size_t n)
{
	size_t want = 0, got = 0;

	for (size_t i = 0; i < n; i++) {
		struct map_node *found = map_find(m, key_of(&items[i]));

		assert_ptr_equal(found, items[i].in ? &items[i].node : NULL);
		want += items[i].in;
	}
	for (struct map_node *at = map_next(m, NULL); at; at = map_next(m, at))
		got++;
	assert_int_equal(m->n, want);
	assert_int_equal(got, want);
}

static void random_steps_agree_with_a_plain_array(void **state)
{
	enum { N = 200 };
	static struct item items[N];
	struct rng rng;
	struct map m;

	(void)state;
	make_items(items, N);
	rng_init_number(&rng, 2);
	map_init(&m, N, &rng);
	for (int round = 0; round < 20000; round++) {
		/* Waves: mostly in, then mostly out. */
		bool insert = rng_below(&rng, 10) < (round / 1000 % 2 ? 3u : 7u);
		struct item *it = &items[rng_below(&rng, N)];

		if (insert) {
			struct map_node twin;
			int err = map_insert(&m, it->in ? &twin : &it->node, key_of(it));

			assert_int_equal(err, it->in ? -EEXIST : 0);
			it->in = true;
		} else if (it->in) {
			map_remove(&m, &it->node);
			it->in = false;
		}
		if (round % 100 == 0)
			check_against(&m, items, N);
	}
	check_against(&m, items, N);
	map_done(&m);
}

static void a_walk_sees_all_once_and_may_remove_behind_itself(void **state)
{
	struct item items[100];
	struct map m;

	(void)state;
	make_items(items, COUNT(items));
	init(&m, COUNT(items), 1);
	for (size_t i = 0; i < COUNT(items); i++)
		assert_int_equal(map_insert(&m, &items[i].node, key_of(&items[i])), 0);

	for (struct map_node *at = map_next(&m, NULL), *next; at; at = next) {
		/* The node is the first member. */
		struct item *it = (struct item *)(void *)at;

		next = map_next(&m, at);
		assert_false(it->in);
		it->in = true;
		map_remove(&m, at);
	}
	for (size_t i = 0; i < COUNT(items); i++)
		assert_true(items[i].in);
	assert_int_equal(m.n, 0);
	assert_null(map_next(&m, NULL));
	map_done(&m);
}

static void the_salt_is_the_rngs(void **state)
{
	struct map a, b, c;

	(void)state;
	init(&a, 1, 1);
	init(&b, 1, 1);
	init(&c, 1, 2);
	assert_true(map_hash(&a, SLICE("k")) == map_hash(&b, SLICE("k")));
	assert_true(map_hash(&a, SLICE("k")) != map_hash(&c, SLICE("k")));
	assert_true(map_hash(&a, SLICE("k")) == siphash(a.salt, SLICE("k")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_gives_the_reference_vectors),
		cmocka_unit_test(siphash_agrees_with_openssl),
		cmocka_unit_test(an_empty_map_finds_nothing),
		cmocka_unit_test(keys_are_bytes_and_only_once),
		cmocka_unit_test(the_limit_is_reached_and_not_passed),
		cmocka_unit_test(out_of_memory_changes_nothing),
		cmocka_unit_test(random_steps_agree_with_a_plain_array),
		cmocka_unit_test(a_walk_sees_all_once_and_may_remove_behind_itself),
		cmocka_unit_test(the_salt_is_the_rngs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "sip/nist.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/rng.h"

#define LINGER TS_S(32)

static const uint8_t salt[16] = { 1, 2, 3 };

static struct nist_done *done_new(size_t max)
{
	struct nist_done *d = NULL;

	assert_int_equal(nist_done_new(&d, max, LINGER), 0);
	return d;
}

/* Keys of tests: spread like hashes. */
static struct nist_key key_of(uint64_t n)
{
	const uint64_t a = (n + 1) * 0x9e3779b97f4a7c15u, b = (n + 1) * 0xc2b2ae3d27d4eb4fu;

	return (struct nist_key){ .hash = { a ^ a >> 29, b } };
}

static bool has(const struct nist_done *d, uint64_t n, ts_t now)
{
	const struct nist_key key = key_of(n);
	uint16_t extra = 0;
	int status = 0;

	if (!nist_done_find(d, &key, &status, &extra, now))
		return false;
	assert_int_equal(status, 200 + n % 400);
	assert_int_equal(extra, (uint16_t)n);
	return true;
}

static int add(struct nist_done *d, uint64_t n, ts_t now)
{
	const struct nist_key key = key_of(n);

	return nist_done_add(d, &key, (int)(200 + n % 400), (uint16_t)n, now);
}

/* ---- the key ---- */

static struct nist_key key_from(const char *via, const char *method, const char *call_id)
{
	static struct sip_msg msg;
	static char text[8192];
	struct sip_refusal refusal;
	struct nist_key key;
	int n = snprintf(text, sizeof(text),
		"%s sip:b@d SIP/2.0\r\nVia: %s\r\nFrom: <sip:a@d>;tag=1\r\nTo: <sip:b@d>\r\n"
		"Call-ID: %s\r\nCSeq: 7 %s\r\n\r\n",
		method, via, call_id, method);

	assert_int_equal(sip_msg_decode(slice_of(text, (size_t)n), &msg, &refusal), 0);
	nist_key_make(&key, salt, &msg, msg.method_text);
	return key;
}

static bool same(struct nist_key a, struct nist_key b)
{
	return memcmp(&a, &b, sizeof(a)) == 0;
}

static void a_retransmission_has_the_key_of_its_request(void **state)
{
	static char longest[2][2000], last_differs[2000];
	static const struct {
		const char *name, *via[2], *method[2], *call_id[2];
		bool same;
	} cases[] = {
		{ "the same again",
			{ "SIP/2.0/UDP h;branch=z9hG4bKa", "SIP/2.0/UDP h;branch=z9hG4bKa" },
			{ "MESSAGE", "MESSAGE" }, { "1", "1" }, true },
		{ "a cookie makes the branch count alone",
			{ "SIP/2.0/UDP h;branch=z9hG4bKa", "SIP/2.0/UDP h;branch=z9hG4bKa;rport" },
			{ "MESSAGE", "MESSAGE" }, { "1", "2" }, true },
		{ "another branch",
			{ "SIP/2.0/UDP h;branch=z9hG4bKa", "SIP/2.0/UDP h;branch=z9hG4bKb" },
			{ "MESSAGE", "MESSAGE" }, { "1", "1" }, false },
		{ "another sent-by host",
			{ "SIP/2.0/UDP h;branch=z9hG4bKa", "SIP/2.0/UDP i;branch=z9hG4bKa" },
			{ "MESSAGE", "MESSAGE" }, { "1", "1" }, false },
		{ "another sent-by port",
			{ "SIP/2.0/UDP h:1;branch=z9hG4bKa", "SIP/2.0/UDP h:2;branch=z9hG4bKa" },
			{ "MESSAGE", "MESSAGE" }, { "1", "1" }, false },
		{ "another method",
			{ "SIP/2.0/UDP h;branch=z9hG4bKa", "SIP/2.0/UDP h;branch=z9hG4bKa" },
			{ "MESSAGE", "OPTIONS" }, { "1", "1" }, false },
		{ "a letter that moves from branch to host",
			{ "SIP/2.0/UDP bc;branch=z9hG4bKa", "SIP/2.0/UDP c;branch=z9hG4bKab" },
			{ "MESSAGE", "MESSAGE" }, { "1", "1" }, false },
		{ "RFC 2543: the same again",
			{ "SIP/2.0/UDP h;branch=1", "SIP/2.0/UDP h;branch=1" },
			{ "MESSAGE", "MESSAGE" }, { "1", "1" }, true },
		{ "RFC 2543: another call", { "SIP/2.0/UDP h;branch=1", "SIP/2.0/UDP h;branch=1" },
			{ "MESSAGE", "MESSAGE" }, { "1", "2" }, false },
		{ "RFC 2543: no branch at all", { "SIP/2.0/UDP h", "SIP/2.0/UDP h" },
			{ "MESSAGE", "MESSAGE" }, { "1", "1" }, true },
		{ "RFC 2543: another method", { "SIP/2.0/UDP h", "SIP/2.0/UDP h" },
			{ "MESSAGE", "OPTIONS" }, { "1", "1" }, false },
		{ "a very long branch", { longest[0], longest[1] }, { "MESSAGE", "MESSAGE" },
			{ "1", "2" }, true },
		{ "a very long branch that differs at its end", { longest[0], last_differs },
			{ "MESSAGE", "MESSAGE" }, { "1", "1" }, false },
	};

	(void)state;
	snprintf(longest[0], sizeof(longest[0]), "SIP/2.0/UDP h;branch=z9hG4bK%01500d", 1);
	snprintf(longest[1], sizeof(longest[1]), "SIP/2.0/UDP h;branch=z9hG4bK%01500d", 1);
	snprintf(last_differs, sizeof(last_differs), "SIP/2.0/UDP h;branch=z9hG4bK%01500d", 2);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct nist_key a =
			key_from(cases[i].via[0], cases[i].method[0], cases[i].call_id[0]);
		struct nist_key b =
			key_from(cases[i].via[1], cases[i].method[1], cases[i].call_id[1]);

		print_message("case: %s\n", cases[i].name);
		assert_int_equal(same(a, b), cases[i].same);
	}
}

static void a_key_needs_no_memory(void **state)
{
	struct nist_key a = key_from("SIP/2.0/UDP h", "MESSAGE", "1"), b;

	(void)state;
	mem_fail_after(0);
	b = key_from("SIP/2.0/UDP h", "MESSAGE", "1");
	mem_fail_after(-1);
	assert_true(same(a, b));
}

static void the_to_tag_is_made_again_from_the_key(void **state)
{
	static const uint8_t other_salt[16] = { 9 };
	const struct nist_key a = key_of(1), b = key_of(2);
	char tag[4][NIST_TAG_MAX];

	(void)state;
	assert_ptr_equal(nist_to_tag(&a, salt, tag[0]), tag[0]);
	assert_int_equal(strlen(tag[0]), NIST_TAG_MAX - 1);
	assert_string_equal(tag[0], nist_to_tag(&a, salt, tag[1]));
	assert_string_not_equal(tag[0], nist_to_tag(&b, salt, tag[2]));
	assert_string_not_equal(tag[0], nist_to_tag(&a, other_salt, tag[3]));
}

/* ---- the finished ones ---- */

static void an_entry_is_found_until_timer_j(void **state)
{
	struct nist_done *d = done_new(10);

	(void)state;
	assert_int_equal(nist_done_deadline(d), TS_NEVER);
	assert_false(has(d, 1, 0));
	assert_int_equal(add(d, 1, TS_S(1)), 0);
	assert_int_equal(add(d, 2, TS_S(2)), 0);
	assert_int_equal(nist_done_count(d), 2);
	assert_int_equal(nist_done_deadline(d), TS_S(33));
	assert_true(has(d, 1, TS_S(33) - 1));
	assert_false(has(d, 1, TS_S(33))); /* due, even if nobody has dropped it yet */
	nist_done_push_time(d, TS_S(33) - 1);
	assert_int_equal(nist_done_count(d), 2);
	nist_done_push_time(d, TS_S(33));
	assert_int_equal(nist_done_count(d), 1);
	assert_true(has(d, 2, TS_S(33)));
	assert_int_equal(nist_done_deadline(d), TS_S(34));
	nist_done_push_time(d, TS_S(100));
	assert_int_equal(nist_done_count(d), 0);
	assert_int_equal(nist_done_deadline(d), TS_NEVER);
	assert_int_equal(add(d, 3, TS_S(100)), 0);
	assert_true(has(d, 3, TS_S(100)));
	assert_null(nist_done_free(d));
	assert_null(nist_done_free(NULL));
}

static void when_full_a_new_one_is_refused_until_the_oldest_is_due(void **state)
{
	struct nist_done *d = done_new(3);

	(void)state;
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(add(d, i, TS_S(i)), 0);
	assert_int_equal(add(d, 9, TS_S(31)), ERR_LIMIT);
	assert_true(has(d, 0, TS_S(31)));
	nist_done_push_time(d, TS_S(32));
	assert_int_equal(nist_done_count(d), 2);
	assert_int_equal(add(d, 9, TS_S(32)), 0);
	assert_int_equal(nist_done_count(d), 3);
	assert_true(has(d, 9, TS_S(32)));
	nist_done_free(d);
}

static void the_newest_of_equal_keys_is_found(void **state)
{
	struct nist_done *d = done_new(3);
	const struct nist_key key = key_of(1);
	uint16_t extra;
	int status;

	(void)state;
	assert_int_equal(nist_done_add(d, &key, 200, 1, 0), 0);
	assert_int_equal(nist_done_add(d, &key, 404, 2, 0), 0);
	assert_true(nist_done_find(d, &key, &status, &extra, 0));
	assert_int_equal(status, 404);
	assert_int_equal(extra, 2);
	nist_done_free(d);
}

/* The first n; then all of them leave. */
static void check_cost(struct nist_done *d, size_t n)
{
	const size_t empty = nist_done_bytes(d);

	for (size_t k = 0; k < n; k++)
		if (add(d, k, k))
			fail_msg("%zu is refused", k);
	print_message("%zu entries: %zu bytes, %.1f each\n", n, nist_done_bytes(d),
		(double)nist_done_bytes(d) / (double)n);
	assert_true(nist_done_bytes(d) <= 48 * n);
	for (size_t k = 0; k < n; k += 997)
		assert_true(has(d, k, n));
	assert_false(has(d, n, n));
	if (n == NIST_DONE_MAX)
		assert_int_equal(add(d, n, n), ERR_LIMIT);
	/* What was grown is given back, to the last chunk. */
	nist_done_push_time(d, TS_S(1000));
	assert_int_equal(nist_done_count(d), 0);
	assert_true(nist_done_bytes(d) <= empty);
}

static void an_entry_costs_no_more_than_48_bytes(void **state)
{
	struct nist_done *d = done_new(NIST_DONE_MAX);

	(void)state;
	check_cost(d, 100000);
	nist_done_free(d);
}

/* As many entries as there may be; then more than there are places: the ring goes round, and chunks
 * come and go. */
static void the_ring_goes_round(void **state)
{
	struct nist_done *d = done_new(NIST_DONE_MAX);
	const ts_t step = LINGER / 4900;

	(void)state;
	check_cost(d, NIST_DONE_MAX);
	for (uint64_t n = 0; n < 40000; n++) {
		const ts_t now = TS_S(1000) + n * step;

		assert_int_equal(add(d, n, now), 0);
		if (n % 101)
			continue;
		assert_true(has(d, n, now));
		assert_int_equal(n >= 4899 && has(d, n - 4899, now), n >= 4899);
		assert_false(n >= 4905 && has(d, n - 4905, now));
	}
	assert_true(nist_done_bytes(d) <= 600000);
	nist_done_free(d);
}

/* A plain list does the same, and must say the same. */
static void it_agrees_with_a_plain_list(void **state)
{
	enum { MAX = 300, STEPS = 60000 };
	static struct {
		uint64_t n;
		ts_t until;
	} list[STEPS];
	size_t first = 0, end = 0;
	struct nist_done *d = done_new(MAX);
	struct rng rng;
	ts_t now = 0;

	(void)state;
	rng_init_number(&rng, 3);
	for (unsigned step = 0; step < STEPS; step++) {
		/* Bursts, pauses, and now and then a silence in which all leave. */
		now += rng_below(&rng, 500) ? rng_below(&rng, 250000) : 2 * LINGER;
		while (first < end && list[first].until <= now)
			first++;
		int err = add(d, step, now);
		assert_int_equal(err, end - first == MAX ? ERR_LIMIT : 0);
		if (!err) {
			list[end].n = step;
			list[end++].until = now + LINGER;
		}
		assert_int_equal(nist_done_count(d), end - first);
		assert_int_equal(nist_done_deadline(d), list[first].until);
		assert_true(has(d, list[first + rng_below(&rng, (uint32_t)(end - first))].n, now));
		if (first)
			assert_false(has(d, list[rng_below(&rng, (uint32_t)first)].n, now));
	}
	nist_done_free(d);
}

static void out_of_memory_changes_nothing(void **state)
{
	struct nist_done *d = NULL;

	(void)state;
	for (long n = 0; n < 2; n++) {
		mem_fail_after(n);
		assert_int_equal(nist_done_new(&d, 10, LINGER), -ENOMEM);
		assert_null(d);
	}
	mem_fail_after(-1);
	d = done_new(100000);
	mem_fail_after(0);
	assert_int_equal(add(d, 0, 0), -ENOMEM);
	assert_int_equal(nist_done_count(d), 0);
	assert_false(has(d, 0, 0));
	mem_fail_after(-1);
	/* Every second allocation fails: a chunk refuses its entry, the index only gets slower. */
	size_t added = 0;
	for (size_t n = 0; n < 30000; n++) {
		mem_fail_after((long)(n % 2));
		if (!add(d, n, 0))
			added++;
		else
			assert_false(has(d, n, 0));
	}
	mem_fail_after(-1);
	assert_true(added >= 29990);
	assert_int_equal(nist_done_count(d), added);
	for (size_t n = 0, found = 0; n < 30000; n++) {
		found += has(d, n, 0);
		assert_true(n < 29999 || found == added);
	}
	nist_done_free(d);
}

static void nonsense_is_refused(void **state)
{
	struct nist_done *d = NULL;

	(void)state;
	assert_int_equal(nist_done_new(&d, 0, LINGER), -EINVAL);
	assert_int_equal(nist_done_new(&d, NIST_DONE_MAX + 1, LINGER), -EINVAL);
	assert_null(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_retransmission_has_the_key_of_its_request),
		cmocka_unit_test(a_key_needs_no_memory),
		cmocka_unit_test(the_to_tag_is_made_again_from_the_key),
		cmocka_unit_test(an_entry_is_found_until_timer_j),
		cmocka_unit_test(when_full_a_new_one_is_refused_until_the_oldest_is_due),
		cmocka_unit_test(the_newest_of_equal_keys_is_found),
		cmocka_unit_test(an_entry_costs_no_more_than_48_bytes),
		cmocka_unit_test(the_ring_goes_round),
		cmocka_unit_test(it_agrees_with_a_plain_list),
		cmocka_unit_test(out_of_memory_changes_nothing),
		cmocka_unit_test(nonsense_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

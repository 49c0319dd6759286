/* RFC 2782: by priority; within one, by chance in proportion to the weights. */
#include "base/srv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

enum { MAX = DNS_RECORDS_MAX, RUNS = 20000 };

static struct srv records[MAX], list[MAX];
static struct rng rng;

static int set_up(void **state)
{
	(void)state;
	memset(records, 0, sizeof(records));
	rng_init_number(&rng, 2782);
	return 0;
}

static void record(size_t i, uint16_t priority, uint16_t weight)
{
	records[i] = (struct srv){ priority, weight, (unsigned)i };
}

static void order(size_t n)
{
	memcpy(list, records, n * sizeof(list[0]));
	srv_order(&rng, list, n);
}

static size_t nth(size_t place)
{
	return list[place].number;
}

static void a_record_that_leads_nowhere_is_of_no_use(void **state)
{
	struct dns_record r = { .type = DNS_SRV, .srv = { .port = 5060, .target = "h" } };

	(void)state;
	assert_true(srv_is_usable(&r));
	r.srv.port = 0;
	assert_false(srv_is_usable(&r));
	r = (struct dns_record){ .type = DNS_SRV, .srv = { .port = 5060, .target = "" } };
	assert_false(srv_is_usable(&r));
	r = (struct dns_record){ .type = DNS_A, .srv = { .port = 5060, .target = "h" } };
	assert_false(srv_is_usable(&r));
}

static void none_and_one_are_in_order(void **state)
{
	(void)state;
	order(0);
	record(0, 5, 5);
	order(1);
	assert_int_equal(nth(0), 0);
}

static void the_lowest_priority_is_first(void **state)
{
	static const uint16_t priorities[] = { 30, 10, 65535, 0, 20 };
	static const size_t want[] = { 3, 1, 4, 0, 2 };

	(void)state;
	for (size_t i = 0; i < COUNT(priorities); i++)
		record(i, priorities[i], (uint16_t)(i * 100)); /* whatever the weights */
	for (unsigned run = 0; run < 100; run++) {
		order(COUNT(priorities));
		for (size_t i = 0; i < COUNT(want); i++)
			assert_int_equal(nth(i), want[i]);
	}
}

/* All that were given, each once, with no priority behind a higher one. */
static void nothing_is_lost_and_nothing_doubled(void **state)
{
	(void)state;
	for (unsigned run = 0; run < 500; run++) {
		const size_t n = rng_below(&rng, MAX + 1);
		bool seen[MAX] = { false };

		for (size_t i = 0; i < n; i++)
			record(i, (uint16_t)rng_below(&rng, 4),
				rng_below(&rng, 3) ? (uint16_t)rng_u64(&rng) : 0);
		order(n);
		for (size_t i = 0; i < n; i++) {
			assert_false(seen[nth(i)]);
			seen[nth(i)] = true;
			assert_true(i == 0 || list[i - 1].priority <= list[i].priority);
		}
	}
}

/* How often each of n is first, of RUNS. */
static void count_first(size_t n, unsigned *ret)
{
	memset(ret, 0, n * sizeof(*ret));
	for (unsigned run = 0; run < RUNS; run++) {
		order(n);
		ret[nth(0)]++;
	}
}

/* Within five standard deviations of RUNS * part / of. */
static void assert_about(unsigned got, unsigned part, unsigned of)
{
	const double p = (double)part / of, mean = RUNS * p, variance = RUNS * p * (1 - p);
	const double off = got - mean;

	if (off * off > 25 * variance)
		fail_msg("%u of %d, wanted about %.0f", got, RUNS, mean);
}

/* 0..100 is drawn, 101 numbers: RFC 2782, "inclusive". */
static void weights_are_chances(void **state)
{
	unsigned first[4];

	(void)state;
	record(0, 1, 60);
	record(1, 1, 30);
	record(2, 1, 10);
	record(3, 1, 0);
	count_first(4, first);
	assert_about(first[0], 60, 101);
	assert_about(first[1], 30, 101);
	assert_about(first[2], 10, 101);
	assert_about(first[3], 1, 101); /* a very small chance, but one */
}

/* 0 or 1 is drawn, and weight 0 has the 0, wherever it stood. */
static void weight_0_has_its_small_chance(void **state)
{
	unsigned first[2];

	(void)state;
	for (unsigned zero = 0; zero < 2; zero++) {
		record(zero, 1, 0);
		record(1 - zero, 1, 1);
		count_first(2, first);
		assert_about(first[0], 1, 2);
	}
}

static void the_second_is_drawn_among_those_that_are_left(void **state)
{
	unsigned second = 0, runs = 0;

	(void)state;
	record(0, 1, 100);
	record(1, 1, 20);
	record(2, 1, 10);
	for (unsigned run = 0; run < RUNS; run++) {
		order(3);
		if (nth(0) != 0)
			continue;
		runs++;
		second += nth(1) == 1;
	}
	/* 0..30 is drawn, and what came first in the records has the 0. */
	assert_in_range(second, runs * 21 / 31 - runs / 30, runs * 21 / 31 + runs / 30);
}

static void the_greatest_weights_fit(void **state)
{
	unsigned first[MAX];

	(void)state;
	for (size_t i = 0; i < MAX; i++)
		record(i, 1, UINT16_MAX);
	count_first(MAX, first);
	for (size_t i = 0; i < MAX; i++)
		assert_about(first[i], 1, MAX);
}

static void without_weights_they_stay_as_they_came(void **state)
{
	(void)state;
	for (size_t i = 0; i < MAX; i++)
		record(i, 1, 0);
	for (unsigned run = 0; run < 100; run++) {
		order(MAX);
		for (size_t i = 0; i < MAX; i++)
			assert_int_equal(nth(i), i);
	}
}

/* However they stand in the list: it is the number that counts. */
static void equals_stand_by_their_numbers_before_chance_decides(void **state)
{
	(void)state;
	for (size_t i = 0; i < MAX; i++)
		records[i] = (struct srv){ 1, 0, (unsigned)(MAX - 1 - i) };
	order(MAX);
	for (size_t i = 0; i < MAX; i++)
		assert_int_equal(nth(i), i);
}

static void the_same_chance_gives_the_same_order(void **state)
{
	size_t first[MAX];

	(void)state;
	for (size_t i = 0; i < MAX; i++)
		record(i, (uint16_t)(i % 3), (uint16_t)(i + 1));
	for (unsigned run = 0; run < 2; run++) {
		rng_init_number(&rng, 7);
		order(MAX);
		for (size_t i = 0; i < MAX; i++) {
			if (run)
				assert_int_equal(nth(i), first[i]);
			first[i] = nth(i);
		}
	}
}

#define TEST(f) cmocka_unit_test_setup(f, set_up)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_that_leads_nowhere_is_of_no_use),
		TEST(none_and_one_are_in_order),
		TEST(the_lowest_priority_is_first),
		TEST(nothing_is_lost_and_nothing_doubled),
		TEST(weights_are_chances),
		TEST(weight_0_has_its_small_chance),
		TEST(the_second_is_drawn_among_those_that_are_left),
		TEST(the_greatest_weights_fit),
		TEST(without_weights_they_stay_as_they_came),
		TEST(equals_stand_by_their_numbers_before_chance_decides),
		TEST(the_same_chance_gives_the_same_order),
	};

	return cmocka_run_group_tests_name("srv", tests, NULL, NULL);
}

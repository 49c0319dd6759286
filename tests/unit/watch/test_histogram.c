#include "watch/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"

enum { HOURS = 24, RUNS = 60 };

/* ---- the errors of the table in the header, measured ---- */

static double uniform(struct rng *r)
{
	return ((double)(rng_u64(r) >> 11) + 0.5) / 9007199254740992.0;
}

static double normal(struct rng *r)
{
	double sum = -6;

	for (unsigned i = 0; i < 12; i++)
		sum += uniform(r);
	return sum;
}

/* 2^x without libm: close enough to make a shape. */
static double exp2_of(double x)
{
	double v = 1;

	while (x >= 1) {
		x -= 1;
		v *= 2;
	}
	while (x < 0) {
		x += 1;
		v /= 2;
	}
	return v * (1 + x * (0.6931 + x * (0.2402 + x * (0.0555 + x * 0.0113))));
}

static uint64_t shape_lan(struct rng *r)
{
	return (uint64_t)(12000 * exp2_of(0.3 * normal(r)));
}

static uint64_t shape_wan(struct rng *r)
{
	return (uint64_t)(400000 * exp2_of(0.8 * normal(r)));
}

static uint64_t shape_two_ways(struct rng *r)
{
	return (uint64_t)((uniform(r) < 0.7 ? 80000 : 900000) * exp2_of(0.2 * normal(r)));
}

static uint64_t shape_even(struct rng *r)
{
	return (uint64_t)(1000 + uniform(r) * 5000000);
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static double error_of(
	const struct histogram *h, const uint64_t *sorted, size_t n, unsigned permille)
{
	const uint64_t exact = sorted[(n * permille + 999) / 1000 - 1];
	const uint64_t got = histogram_quantile(h, permille);

	return (double)(got > exact ? got - exact : exact - got) / (double)exact;
}

static void a_day_of_merged_hours_is_near_the_truth(void **state)
{
	static uint64_t (*const shapes[])(
		struct rng *) = { shape_lan, shape_wan, shape_two_ways, shape_even };
	static const unsigned permilles[] = { 500, 950, 990 };
	static struct histogram day, hour;
	uint64_t values[HOURS * RUNS];
	double sum = 0, worst = 0;
	struct rng r;
	unsigned n = 0;

	(void)state;
	rng_init_number(&r, 7);
	for (unsigned round = 0; round < 80; round++) {
		day = (struct histogram){ 0 };
		for (unsigned i = 0; i < HOURS; i++) {
			hour = (struct histogram){ 0 };
			for (unsigned j = 0; j < RUNS; j++) {
				values[i * RUNS + j] = shapes[round % COUNT(shapes)](&r);
				histogram_add(&hour, values[i * RUNS + j]);
			}
			assert_int_equal(histogram_merge(&day, &hour), 0);
		}
		qsort(values, COUNT(values), sizeof(values[0]), compare);
		for (size_t i = 0; i < COUNT(permilles); i++, n++) {
			const double e = error_of(&day, values, COUNT(values), permilles[i]);

			sum += e;
			worst = e > worst ? e : worst;
		}
		assert_int_equal(day.n, COUNT(values));
	}
	assert_true(worst <= 1.0 / 64);
	assert_true(sum / n <= 0.008);
}

static void each_value_is_within_a_64th_of_its_bucket(void **state)
{
	static struct histogram h;

	(void)state;
	for (uint64_t v = 0; v < HISTOGRAM_VALUE_MAX; v += 1 + v / 97) {
		h = (struct histogram){ 0 };
		histogram_add(&h, v);
		const uint64_t got = histogram_quantile(&h, 500);
		if (v < 64)
			assert_int_equal(got, v);
		assert_true((got > v ? got - v : v - got) * 64 <= v);
		assert_int_equal(histogram_count_to(&h, v), 1);
	}
}

/* ---- quantiles ---- */

static void a_quantile_is_of_the_nearest_rank(void **state)
{
	static struct histogram h;

	(void)state;
	h = (struct histogram){ 0 };
	assert_int_equal(histogram_quantile(&h, 500), 0);
	for (unsigned i = 1; i <= 20; i++)
		histogram_add(&h, i);
	assert_int_equal(histogram_quantile(&h, 0), 1);
	assert_int_equal(histogram_quantile(&h, 500), 10);
	assert_int_equal(histogram_quantile(&h, 501), 11);
	assert_int_equal(histogram_quantile(&h, 950), 19);
	assert_int_equal(histogram_quantile(&h, 951), 20);
	assert_int_equal(histogram_quantile(&h, 1000), 20);
	assert_int_equal(histogram_count_to(&h, 7), 7);
	assert_int_equal(histogram_count_to(&h, 0), 0);
}

static void what_is_too_long_is_as_long_as_can_be(void **state)
{
	static struct histogram h;

	(void)state;
	h = (struct histogram){ 0 };
	histogram_add(&h, UINT64_MAX);
	histogram_add(&h, HISTOGRAM_VALUE_MAX);
	assert_int_equal(h.counts[HISTOGRAM_BUCKETS - 1], 2);
}

static void what_is_full_stays_as_it_is(void **state)
{
	static struct histogram h, more;

	(void)state;
	h = (struct histogram){ .n = HISTOGRAM_COUNT_MAX, .counts = { [9] = HISTOGRAM_COUNT_MAX } };
	histogram_add(&h, 9);
	assert_true(h.n == HISTOGRAM_COUNT_MAX && h.counts[9] == HISTOGRAM_COUNT_MAX);
	more = (struct histogram){ 0 };
	histogram_add(&more, 9);
	assert_int_equal(histogram_merge(&h, &more), ERR_LIMIT);
	assert_int_equal(histogram_merge(&more, &h), ERR_LIMIT);
	assert_int_equal(more.n, 1);
}

/* ---- the blob ---- */

static void a_blob_comes_back_whole(void **state)
{
	static struct histogram h, got;
	struct rng r;
	struct buf b;

	(void)state;
	h = (struct histogram){ 0 };
	rng_init_number(&r, 3);
	for (unsigned i = 0; i < RUNS; i++)
		histogram_add(&h, shape_wan(&r));
	buf_init(&b, HISTOGRAM_BLOB_MAX);
	histogram_encode(&h, &b);
	assert_in_range(buf_len(&b), 40, 120);
	assert_int_equal(histogram_decode(buf_slice(&b), &got), 0);
	assert_memory_equal(&got, &h, sizeof(h));
	buf_done(&b);
}

static void the_largest_blob_has_its_bound(void **state)
{
	static struct histogram h, got;
	struct buf b;

	(void)state;
	h = (struct histogram){ 0 };
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		h.n += h.counts[i] = HISTOGRAM_COUNT_MAX / HISTOGRAM_BUCKETS;
	buf_init(&b, HISTOGRAM_BLOB_MAX);
	histogram_encode(&h, &b);
	assert_int_equal(buf_err(&b), 0);
	assert_int_equal(histogram_decode(buf_slice(&b), &got), 0);
	assert_memory_equal(&got, &h, sizeof(h));
	buf_done(&b);
}

static void a_hostile_blob_is_refused(void **state)
{
	static const struct {
		const char *name;
		struct slice in;
		int err;
	} rows[] = {
		{ "cut behind the step", { (const uint8_t *)"\x05", 1 }, ERR_SYNTAX },
		{ "a count of none", { (const uint8_t *)"\x05\x00", 2 }, ERR_SYNTAX },
		{ "the same bucket twice", { (const uint8_t *)"\x05\x01\x00\x01", 4 }, ERR_SYNTAX },
		{ "a bucket twice, the first", { (const uint8_t *)"\x00\x01\x00\x01", 4 },
			ERR_SYNTAX },
		{ "behind the last bucket", { (const uint8_t *)"\x80\x08\x01", 3 }, ERR_LIMIT },
		{ "far behind it",
			{ (const uint8_t *)"\x01\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01",
				13 },
			ERR_LIMIT },
		{ "a count over all", { (const uint8_t *)"\x01\x81\x80\x80\x80\x80\x20", 7 },
			ERR_LIMIT },
		{ "counts over all", { (const uint8_t *)"\x01\x01\x01\x80\x80\x80\x80\x80\x20", 9 },
			ERR_LIMIT },
	};
	static struct histogram got;

	(void)state;
	got = (struct histogram){ .n = 42 };
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int err = histogram_decode(rows[i].in, &got);

		if (err != rows[i].err)
			fail_msg("%s: %d", rows[i].name, err);
		assert_int_equal(got.n, 42);
	}
	assert_int_equal(histogram_decode(SLICE_NONE, &got), 0);
	assert_int_equal(got.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_day_of_merged_hours_is_near_the_truth),
		cmocka_unit_test(each_value_is_within_a_64th_of_its_bucket),
		cmocka_unit_test(a_quantile_is_of_the_nearest_rank),
		cmocka_unit_test(what_is_too_long_is_as_long_as_can_be),
		cmocka_unit_test(what_is_full_stays_as_it_is),
		cmocka_unit_test(a_blob_comes_back_whole),
		cmocka_unit_test(the_largest_blob_has_its_bound),
		cmocka_unit_test(a_hostile_blob_is_refused),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}

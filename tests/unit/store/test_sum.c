#include "store/sum.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/mem.h"

#define MINUTE INT64_C(60000000)

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void each_rank_is_what_sorting_gives(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (size_t n = 1; n < 60; n++) {
		uint64_t values[60], sorted[60], work[60];

		for (size_t i = 0; i < n; i++) {
			seed = seed * 6364136223846793005U + 1442695040888963407U;
			values[i] = sorted[i] = seed >> 33 & (n % 3 ? 0xffff : 3);
		}
		qsort(sorted, n, sizeof(*sorted), compare);
		for (size_t rank = 0; rank < n; rank++) {
			for (size_t i = 0; i < n; i++)
				work[i] = n % 5 ? values[i] : sorted[n % 2 ? i : n - 1 - i];
			assert_int_equal(sum_select(work, n, rank), sorted[rank]);
		}
	}
}

static struct store_row passed(int64_t at, int64_t latency)
{
	return (struct store_row){
		.scheduled_at = at,
		.state = WATCH_OK,
		.has_passed = true,
		.latency_us = latency,
		.signin_us = latency / 2,
		.there_us = latency / 4,
		.back_us = latency / 4,
		.phases = { .ran = 1U << PHASE_DELIVER,
			.duration = { [PHASE_DELIVER] = (ts_t)latency / 4 } },
	};
}

/* The three layers are those of one run: medians of their own would not add up. */
static void the_median_is_a_run(void **state)
{
	static const int64_t latencies[] = { 400, 100, 900, 200, 300 };
	struct sum s;

	(void)state;
	sum_init(&s, MINUTE, true);
	assert_int_equal(sum_median(&s).latency_us, STORE_NONE);
	assert_int_equal(sum_quantile(&s, 950), STORE_NONE);
	for (size_t i = 0; i < COUNT(latencies); i++) {
		const struct store_row row = passed((int64_t)i * MINUTE, latencies[i]);

		assert_int_equal(sum_add(&s, &row), 0);
	}
	const struct store_split m = sum_median(&s);
	assert_int_equal(m.latency_us, 300);
	assert_int_equal(m.signin_us, 150);
	assert_int_equal(m.there_us + m.back_us, 150);
	assert_int_equal(sum_quantile(&s, 950), 900);
	assert_int_equal(sum_quantile(&s, 200), 100);
	assert_int_equal(s.max_us, 900);
	assert_int_equal(sum_phase_quantile(&s, PHASE_DELIVER, 500), 75);
	assert_int_equal(sum_phase_quantile(&s, PHASE_ANSWER, 500), STORE_NONE);
	sum_clear(&s);
	assert_int_equal(s.n, 0);
	assert_int_equal(sum_median(&s).latency_us, STORE_NONE);
	assert_int_equal(sum_phase_quantile(&s, PHASE_DELIVER, 500), STORE_NONE);
	sum_done(&s);
}

/* One letter a minute; the span has ten. */
static void what_is_bad_and_worst(void **state)
{
	static const struct {
		const char *name, *runs;
		int64_t bad_minutes;
		enum watch_state worst;
		uint64_t maint_failed;
	} rows[] = {
		{ "nothing", "", 0, WATCH_OK, 0 },
		{ "all well", "OOOOOOOOOO", 0, WATCH_OK, 0 },
		{ "one failed", "OOFOOOOOOO", 1, WATCH_FAILED, 0 },
		{ "to the end, and one interval", "OOOOOOOOFF", 2, WATCH_FAILED, 0 },
		{ "nobody looked any more", "FF", 2, WATCH_FAILED, 0 },
		{ "a gap", "F      O", 2, WATCH_FAILED, 0 },
		{ "unstable is not bad", "OOUOO", 0, WATCH_UNSTABLE, 0 },
		{ "the watcher's fault ends it", "FFNNNN", 2, WATCH_FAILED, 0 },
		{ "unknown", "NNNNO", 0, WATCH_UNKNOWN, 0 },
		{ "maintenance", "MMmmm", 0, WATCH_MAINTENANCE, 3 },
	};
	static const char letters[] = "OUFNM";
	struct sum s;

	(void)state;
	sum_init(&s, MINUTE, false);
	for (size_t i = 0; i < COUNT(rows); i++) {
		sum_clear(&s);
		for (size_t j = 0; rows[i].runs[j]; j++) {
			struct store_row row = passed((int64_t)(j + 1) * MINUTE, 100);
			const char c = rows[i].runs[j];

			if (c == ' ')
				continue;
			row.state = WATCH_MAINTENANCE;
			for (unsigned k = 0; k < WATCH_STATES; k++)
				if (letters[k] == c)
					row.state = (enum watch_state)k;
			row.has_passed = c != 'F' && c != 'm';
			assert_int_equal(sum_add(&s, &row), 0);
		}
		sum_end(&s, 11 * MINUTE);
		if (s.bad_us != rows[i].bad_minutes * MINUTE || s.worst != rows[i].worst ||
			s.counts.maint_failed != rows[i].maint_failed)
			fail_msg("%s: bad %lld s, worst %d", rows[i].name,
				(long long)s.bad_us / 1000000, (int)s.worst);
	}
	sum_done(&s);
}

static void no_memory_is_said(void **state)
{
	struct sum s;
	const struct store_row row = passed(0, 100);

	(void)state;
	for (long n = 0; n < 3; n++) {
		sum_init(&s, MINUTE, true);
		mem_fail_after(n);
		assert_int_equal(sum_add(&s, &row), -12);
		mem_fail_after(-1);
		sum_done(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rank_is_what_sorting_gives),
		cmocka_unit_test(the_median_is_a_run),
		cmocka_unit_test(what_is_bad_and_worst),
		cmocka_unit_test(no_memory_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

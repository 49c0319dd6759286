/* sum.h - what many runs of a test come to: an hour, a day, a point of a chart.
 *
 * Pure.  Runs are added in the order of their times.  Those by hand are to be left out, and
 * times are those of runs that passed: a failed one's says how long it was waited for.
 */
#pragma once

#include "store/query.h"
#include "watch/histogram.h"

enum { SUM_RUNS_MAX = 100000 }; /* whose own times are kept: a day of one a second */

struct sum_phase {
	uint64_t *us;
	size_t n, room;
};

struct sum {
	struct store_counts counts;
	uint64_t n;             /* of all */
	enum watch_state worst; /* OK when there is none */
	int64_t bad_us;         /* from each failed run to the next one */
	int64_t max_us;         /* STORE_NONE: no passed run */
	struct histogram hist;
	struct store_reason reasons[REASON_COUNT]; /* of failed ones; runs 0: it did not come up */

	struct store_split *splits;
	uint64_t *keys; /* of these: the latency, then the place */
	size_t n_splits, room;
	bool by_phase;
	struct sum_phase phases[PHASE_COUNT];
	int64_t gap_max, failed_at; /* failed_at 0: the last one had not */
};

struct sum_piece { /* of hours and days, as they are kept */
	struct store_counts counts;
	enum watch_state worst;
	struct store_split median;
	int64_t max_us;
	bool has_hist;
	struct histogram hist;
	struct phases phases; /* medians, where a run has its starts */
};

/* What a failed run is taken to have lasted is at most twice the interval: behind that nobody
 * looked. */
void sum_init(struct sum *s, int64_t interval_us, bool by_phase);
void sum_done(struct sum *s);
void sum_clear(struct sum *s);                           /* as after sum_init(); keeps the memory */
int sum_add(struct sum *s, const struct store_row *row); /* 0 or -ENOMEM */
/* Its median stands for its runs: sum_median() is the median of medians, phases likewise. */
int sum_add_piece(struct sum *s, const struct sum_piece *piece);
void sum_end(struct sum *s, int64_t end_at); /* of the span; before bad_us is read */

bool sum_is_passed(const struct store_row *row);
void sum_counts_add(struct store_counts *to, const struct store_counts *more);
uint64_t sum_counts_all(const struct store_counts *c);
enum watch_state sum_worst(enum watch_state a, enum watch_state b);
/* Nearest rank; STORE_NONE without a value. The order of what is inside changes. */
struct store_split sum_median(struct sum *s);
int64_t sum_quantile(struct sum *s, unsigned permille);
int64_t sum_phase_quantile(struct sum *s, enum probe_phase p, unsigned permille);
/* The element that would stand at `rank` if all were in order. */
uint64_t sum_select(uint64_t *values, size_t n, size_t rank);
/* The rank of a quantile: n is over 0. */
size_t sum_rank(size_t n, unsigned permille);

#include "store/sum.h"

#include <errno.h>
#include <string.h>

#include "base/mem.h"

enum {
	PLACE_BITS = 20,
	ROOM_FIRST = 64,
};
_Static_assert(SUM_RUNS_MAX < 1 << PLACE_BITS, "a place has its bits");

void sum_init(struct sum *s, int64_t interval_us, bool by_phase)
{
	memset(s, 0, sizeof(*s));
	s->gap_max = 2 * interval_us;
	s->by_phase = by_phase;
	s->max_us = STORE_NONE;
}

void sum_done(struct sum *s)
{
	mem_free(s->splits);
	mem_free(s->keys);
	for (unsigned p = 0; p < PHASE_COUNT; p++)
		mem_free(s->phases[p].us);
	memset(s, 0, sizeof(*s));
}

void sum_clear(struct sum *s)
{
	s->counts = (struct store_counts){ .maint_failed = 0 };
	s->n = 0;
	s->worst = WATCH_OK;
	s->bad_us = 0;
	s->max_us = STORE_NONE;
	memset(&s->hist, 0, sizeof(s->hist));
	memset(s->reasons, 0, sizeof(s->reasons));
	s->n_splits = 0;
	for (unsigned p = 0; p < PHASE_COUNT; p++)
		s->phases[p].n = 0;
	s->failed_at = 0;
}

/* ---- small helpers ---- */

bool sum_is_passed(const struct store_row *row)
{
	return (row->state == WATCH_OK || row->state == WATCH_UNSTABLE) && row->latency_us >= 0;
}

void sum_counts_add(struct store_counts *to, const struct store_counts *more)
{
	for (unsigned i = 0; i < WATCH_STATES; i++)
		to->n[i] += more->n[i];
	to->maint_failed += more->maint_failed;
}

uint64_t sum_counts_all(const struct store_counts *c)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < WATCH_STATES; i++)
		n += c->n[i];
	return n;
}

enum watch_state sum_worst(enum watch_state a, enum watch_state b)
{
	return watch_state_is_worse(a, b) ? a : b;
}

size_t sum_rank(size_t n, unsigned permille)
{
	const size_t rank = (n * permille + 999) / 1000;

	return rank ? rank - 1 : 0;
}

static void swap(uint64_t *a, uint64_t *b)
{
	const uint64_t t = *a;

	*a = *b;
	*b = t;
}

/* Hoare's: the middle one as pivot, so that what is in order already is no worst case. */
uint64_t sum_select(uint64_t *values, size_t n, size_t rank)
{
	size_t low = 0, high = n - 1;

	while (low < high) {
		const uint64_t pivot = values[low + (high - low) / 2];
		size_t i = low, j = high;

		for (;;) {
			while (values[i] < pivot)
				i++;
			while (values[j] > pivot)
				j--;
			if (i >= j)
				break;
			swap(&values[i++], &values[j--]);
		}
		/* Up to j nothing is over the pivot; behind it nothing is under it. */
		if (rank <= j)
			high = j;
		else
			low = j + 1;
	}
	return values[rank];
}

/* ---- adding ---- */

static bool grow(struct sum *s)
{
	const size_t room = s->room ? 2 * s->room : ROOM_FIRST;
	struct store_split *splits = mem_realloc(s->splits, room * sizeof(*splits));

	if (!splits)
		return false;
	s->splits = splits;
	uint64_t *keys = mem_realloc(s->keys, room * sizeof(*keys));
	if (!keys)
		return false;
	s->keys = keys;
	s->room = room;
	return true;
}

static int add_split(struct sum *s, const struct store_split *split)
{
	if (s->n_splits == SUM_RUNS_MAX)
		return 0; /* the histogram has it */
	if (s->n_splits == s->room && !grow(s))
		return -ENOMEM;
	s->splits[s->n_splits] = *split;
	s->keys[s->n_splits] = (uint64_t)split->latency_us << PLACE_BITS | s->n_splits;
	s->n_splits++;
	return 0;
}

static int add_phase(struct sum_phase *p, uint64_t us)
{
	if (p->n == SUM_RUNS_MAX)
		return 0;
	if (p->n == p->room) {
		const size_t room = p->room ? 2 * p->room : ROOM_FIRST;
		uint64_t *more = mem_realloc(p->us, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		p->us = more;
		p->room = room;
	}
	p->us[p->n++] = us;
	return 0;
}

static int add_times(struct sum *s, const struct store_row *row)
{
	int err = add_split(s, &(struct store_split){ row->latency_us, row->signin_us,
				       row->there_us, row->back_us });

	histogram_add(&s->hist, (uint64_t)row->latency_us);
	if (row->latency_us > s->max_us)
		s->max_us = row->latency_us;
	for (unsigned p = 0; s->by_phase && p < PHASE_COUNT && !err; p++)
		if (row->phases.ran & 1U << p)
			err = add_phase(&s->phases[p], row->phases.duration[p]);
	return err;
}

static void add_reason(struct sum *s, const struct store_row *row)
{
	struct store_reason *r = &s->reasons[row->reason];

	r->reason = row->reason;
	r->tests = 1;
	r->runs++;
	r->last_at = row->scheduled_at;
}

/* It was failing from the last run, which had failed, to `at`. */
static void add_bad(struct sum *s, int64_t at)
{
	const int64_t gap = s->failed_at ? at - s->failed_at : 0;

	s->bad_us += gap < s->gap_max ? gap : s->gap_max;
	s->failed_at = 0;
}

int sum_add(struct sum *s, const struct store_row *row)
{
	s->n++;
	s->counts.n[row->state]++;
	if (row->state == WATCH_MAINTENANCE && !row->has_passed)
		s->counts.maint_failed++;
	s->worst = sum_worst(s->worst, row->state);
	add_bad(s, row->scheduled_at);
	if (row->state == WATCH_FAILED) {
		s->failed_at = row->scheduled_at;
		add_reason(s, row);
	}
	return sum_is_passed(row) ? add_times(s, row) : 0;
}

int sum_add_piece(struct sum *s, const struct sum_piece *piece)
{
	int err = 0;

	s->n += sum_counts_all(&piece->counts);
	sum_counts_add(&s->counts, &piece->counts);
	s->worst = sum_worst(s->worst, piece->worst);
	if (piece->max_us > s->max_us)
		s->max_us = piece->max_us;
	if (piece->has_hist)
		histogram_merge(&s->hist, &piece->hist); /* too many: what there is will do */
	if (piece->median.latency_us >= 0)
		err = add_split(s, &piece->median);
	for (unsigned p = 0; s->by_phase && p < PHASE_COUNT && !err; p++)
		if (piece->phases.ran & 1U << p)
			err = add_phase(&s->phases[p], piece->phases.started[p]);
	return err;
}

void sum_end(struct sum *s, int64_t end_at)
{
	if (s->failed_at && end_at > s->failed_at + s->gap_max / 2)
		end_at = s->failed_at + s->gap_max / 2; /* the next one was due then */
	add_bad(s, end_at);
}

/* ---- what it comes to ---- */

struct store_split sum_median(struct sum *s)
{
	if (s->n_splits == 0)
		return (struct store_split){ STORE_NONE, STORE_NONE, STORE_NONE, STORE_NONE };
	const uint64_t key = sum_select(s->keys, s->n_splits, sum_rank(s->n_splits, 500));

	return s->splits[key & ((1U << PLACE_BITS) - 1)];
}

int64_t sum_quantile(struct sum *s, unsigned permille)
{
	if (s->n_splits == 0)
		return STORE_NONE;
	return (int64_t)(sum_select(s->keys, s->n_splits, sum_rank(s->n_splits, permille)) >>
			 PLACE_BITS);
}

int64_t sum_phase_quantile(struct sum *s, enum probe_phase p, unsigned permille)
{
	struct sum_phase *values = &s->phases[p];

	if (values->n == 0)
		return STORE_NONE;
	return (int64_t)sum_select(values->us, values->n, sum_rank(values->n, permille));
}

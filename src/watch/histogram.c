#include "watch/histogram.h"

#include "watch/varint.h"

enum {
	OCTAVE_BITS = 5,
	OCTAVE = 1 << OCTAVE_BITS, /* buckets */
};

static unsigned log2_of(uint64_t v)
{
	return 63 - (unsigned)__builtin_clzll(v);
}

static unsigned bucket_of(uint64_t us)
{
	if (us > HISTOGRAM_VALUE_MAX)
		us = HISTOGRAM_VALUE_MAX;
	if (us < OCTAVE)
		return (unsigned)us;
	const unsigned e = log2_of(us) - OCTAVE_BITS;
	return e * OCTAVE + (unsigned)(us >> e);
}

static uint64_t middle_of(unsigned bucket)
{
	if (bucket < OCTAVE)
		return bucket;
	const unsigned e = bucket / OCTAVE - 1;
	const uint64_t first = (uint64_t)(bucket % OCTAVE + OCTAVE) << e;
	return first + (UINT64_C(1) << e) / 2;
}

void histogram_add(struct histogram *h, uint64_t us)
{
	if (h->n == HISTOGRAM_COUNT_MAX)
		return;
	h->counts[bucket_of(us)]++;
	h->n++;
}

int histogram_merge(struct histogram *h, const struct histogram *more)
{
	if (more->n > HISTOGRAM_COUNT_MAX - h->n)
		return ERR_LIMIT;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->counts[i] += more->counts[i];
	h->n += more->n;
	return 0;
}

uint64_t histogram_quantile(const struct histogram *h, unsigned permille)
{
	uint64_t rank = (h->n * permille + 999) / 1000;

	if (rank == 0)
		rank = 1;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (h->counts[i] >= rank)
			return middle_of(i);
		rank -= h->counts[i];
	}
	return 0;
}

uint64_t histogram_count_to(const struct histogram *h, uint64_t us)
{
	const unsigned last = bucket_of(us);
	uint64_t n = 0;

	for (unsigned i = 0; i <= last; i++)
		n += h->counts[i];
	return n;
}

void histogram_encode(const struct histogram *h, struct buf *b)
{
	unsigned before = 0;

	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
		if (h->counts[i] == 0)
			continue;
		varint_put(b, i - before);
		varint_put(b, h->counts[i]);
		before = i;
	}
}

/* The next two numbers of a blob; *bucket is the one before it. */
static int decode_bucket(struct slice *blob, struct histogram *h, unsigned *bucket)
{
	uint64_t step, count;
	int err = varint_take(blob, &step);

	if (!err)
		err = varint_take(blob, &count);
	if (err)
		return err;
	if (count == 0 || (step == 0 && h->n > 0))
		return ERR_SYNTAX;
	if (step >= HISTOGRAM_BUCKETS - *bucket || count > HISTOGRAM_COUNT_MAX - h->n)
		return ERR_LIMIT;
	*bucket += (unsigned)step;
	h->counts[*bucket] = count;
	h->n += count;
	return 0;
}

int histogram_decode(struct slice blob, struct histogram *ret)
{
	struct histogram h = { 0 };
	unsigned bucket = 0;

	while (blob.n > 0) {
		const int err = decode_bucket(&blob, &h, &bucket);

		if (err)
			return err;
	}
	*ret = h;
	return 0;
}

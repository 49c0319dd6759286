/* A histogram from the history: what is read is written again to the byte, and its sums agree. */
#include <assert.h>

#include "watch/histogram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct histogram h;
	const struct slice blob = slice_of(data, size);
	struct buf b;
	uint64_t n = 0;

	if (histogram_decode(blob, &h) != 0)
		return 0;
	for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++)
		n += h.counts[i];
	assert(n == h.n && n <= HISTOGRAM_COUNT_MAX);
	assert(histogram_count_to(&h, UINT64_MAX) == n);
	assert(histogram_quantile(&h, 500) <= histogram_quantile(&h, 1000));
	buf_init(&b, HISTOGRAM_BLOB_MAX);
	histogram_encode(&h, &b);
	assert(slice_eq(buf_slice(&b), blob));
	buf_done(&b);
	return 0;
}

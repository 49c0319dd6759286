/* The phases of a run from the history: what is read is written again to the byte. */
#include <assert.h>

#include "watch/phases.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice blob = slice_of(data, size);
	struct phases p;
	struct buf b;

	if (phases_decode(blob, &p) != 0)
		return 0;
	assert(p.ran >> PHASE_COUNT == 0);
	buf_init(&b, PHASES_BLOB_MAX);
	phases_encode(&p, &b);
	assert(slice_eq(buf_slice(&b), blob));
	buf_done(&b);
	return 0;
}

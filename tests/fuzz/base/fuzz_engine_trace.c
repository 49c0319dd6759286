/* The trace of an engine: whatever a peer sends, it is one line, and nothing that the bytes have
 * behind the first line or tag can be told from it. */
#include <assert.h>
#include <string.h>

#include "base/engine_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct slice line_of(struct buf *b, struct slice bytes)
{
	static const struct engine_trace toy = { "toy", 0 };
	const struct fact in = { .type = FACT_FLOW_BYTES, .flow = 1, .bytes = bytes };

	buf_init(b, ENGINE_TRACE_LINE_MAX);
	engine_trace_fact(b, &toy, &in, 0);
	assert(!buf_err(b));
	return buf_slice(b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t other[4096];
	struct buf b, with_other;
	struct slice bytes = slice_cut(slice_of(data, size), 0, sizeof(other));
	struct slice line = line_of(&b, bytes);

	assert(slice_chr(line, '\n') == line.n - 1);
	for (size_t i = 0; i + 1 < line.n; i++)
		assert(line.p[i] >= 0x20 && line.p[i] != 0x7f);
	/* The end of the first line, and of the first tag's name, is as far as anything is read. */
	size_t end = slice_find(bytes, SLICE("\n"));
	if (end != SIZE_MAX && !slice_starts(bytes, SLICE("<"))) {
		memcpy(other, bytes.p, bytes.n);
		memset(other + end + 1, '#', bytes.n - end - 1);
		assert(slice_eq(line, line_of(&with_other, slice_of(other, bytes.n))));
		buf_done(&with_other);
	}
	buf_done(&b);
	return 0;
}

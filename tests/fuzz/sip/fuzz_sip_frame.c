/* A stream: the first byte says how it is cut.  However that is, the same comes out. */
#include <assert.h>

#include "sip/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	uint64_t digest; /* of all messages, their ends included */
	unsigned messages, pings;
	int err;
	size_t offset;
};

static void note(struct outcome *o, struct slice one)
{
	assert(one.n > 0 && one.n <= SIP_MSG_MAX);
	for (size_t i = 0; i < one.n; i++)
		o->digest = (o->digest ^ one.p[i]) * UINT64_C(0x100000001b3);
	o->digest = o->digest * 31 + one.n;
	o->messages++;
}

static struct outcome run(struct slice in, size_t step)
{
	struct outcome o = { 0 };
	struct sip_frame f;
	struct slice one;

	sip_frame_init(&f);
	for (size_t i = 0; i < in.n && !f.err; i += step) {
		sip_frame_push(&f, slice_cut(in, i, i + step));
		while (sip_frame_take(&f, &one))
			note(&o, one);
	}
	while (sip_frame_take_ping(&f))
		o.pings++;
	o.err = f.err;
	o.offset = f.where.offset;
	sip_frame_done(&f);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Longer ones are cut by limits that depend on how much waits. */
	if (size == 0 || size > 32768)
		return 0;
	struct slice in = slice_of(data + 1, size - 1);
	struct outcome whole = run(in, in.n + 1), parts = run(in, data[0] % 64u + 1);

	assert(whole.digest == parts.digest && whole.messages == parts.messages);
	assert(whole.err == parts.err && whole.offset == parts.offset);
	assert(whole.pings == parts.pings);
	return 0;
}

/* message/cpim as it comes from a peer. */
#include <assert.h>

#include "bridge/cpim.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct slice part, struct slice in)
{
	assert(part.n == 0 || (part.p >= in.p && part.p + part.n <= in.p + in.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice in = slice_of(data, size);
	struct where where = { SIZE_MAX, NULL };
	struct slice value;
	struct cpim c;
	size_t at = 0;
	unsigned n = 0;

	int err = cpim_decode(in, &c, &where);
	if (err) {
		assert(err == ERR_SYNTAX || err == ERR_LIMIT);
		assert(where.what && where.offset <= in.n);
		return 0;
	}
	inside(c.headers, in);
	inside(c.fields, in);
	inside(c.content, in);
	inside(cpim_field(&c, "Content-Type"), in);
	while (cpim_find(&c, CPIM_NS_IMDN, "Message-ID", &at, &value)) {
		inside(value, c.headers);
		assert(++n <= CPIM_HEADERS_MAX);
	}
	return 0;
}

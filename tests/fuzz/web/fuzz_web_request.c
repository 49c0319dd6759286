/* A head that is taken is one request for whoever reads it: its parts lie in it, and the bytes
 * behind it do not change what it is. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "web/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_inside(struct slice all, struct slice part)
{
	assert(!part.n || (part.p >= all.p && part.p + part.n <= all.p + all.n));
	for (size_t i = 0; i < part.n; i++)
		assert(part.p[i] != '\r' && part.p[i] != '\n' && part.p[i] != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice all = slice_of(data, size);
	struct web_request r;
	const unsigned status = web_request_decode(&r, all);

	assert(status == WEB_MORE || web_phrase(status)[0]);
	assert(web_accepts(all, "a", "b", "1") <= 1000);
	if (status != WEB_DONE)
		return 0;
	check_inside(all, r.path);
	check_inside(all, r.query);
	check_inside(all, r.accept);
	assert(r.path.n > 0 && r.path.p[0] == '/');
	return 0;
}

/* A catalogue: what is found lies inside the file and ends there. */
#include <assert.h>
#include <string.h>

#include "base/catalog.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_up(const struct catalog *c, const char *id)
{
	const uint8_t *text = (const uint8_t *)catalog_find(c, id);

	if (!text)
		return;
	assert(text >= c->file.p && text < c->file.p + c->file.n);
	assert(memchr(text, '\0', (size_t)(c->file.p + c->file.n - text)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct slice file = slice_of(data, size);
	struct catalog c;
	char last[64];

	if (catalog_open(&c, file) != 0)
		return 0;
	look_up(&c, "");
	look_up(&c, "Result");
	/* The fuzzer may choose what is looked up, too: the end of the file. */
	if (slice_cstr(slice_skip(file, size - (size < 32 ? size : 32)), last, sizeof(last)))
		look_up(&c, last);
	return 0;
}

/* A maintenance window of the configuration, in the zone that a second line of the input says. */
#include <assert.h>

#include "watch/window.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = slice_of(data, size);
	const struct slice text = slice_split(&rest, '\n');
	int64_t at = INT64_C(1700000000) * 1000000;
	struct zone_span span;
	struct window w;
	struct zone z;
	struct where where;

	zone_open_utc(&z);
	zone_rule_decode(&z.rule, rest, &where);
	if (window_decode(&w, text, &where) != 0) {
		assert(where.what && where.offset <= WINDOW_TEXT_MAX && where.offset <= text.n);
		return 0;
	}
	assert(slice_find(w.zone, SLICE(".")) == SIZE_MAX && w.zone.n <= WINDOW_ZONE_MAX);
	for (unsigned i = 0; i < 60 && window_next(&w, &z, at, &span); i++) {
		assert(span.begin < span.end && span.end > at);
		assert(window_is_open(&w, &z, span.begin) && window_is_open(&w, &z, span.end - 1));
		at = span.end;
	}
	assert(w.kind == WINDOW_ONCE || at > INT64_C(1700000000) * 1000000);
	return 0;
}

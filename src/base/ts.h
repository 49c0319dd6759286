/* ts.h - time as the engines know it.
 *
 * A point in time or a span, in microseconds on one monotonic axis.  The
 * caller feeds it in; only src/net reads a clock.
 */
#pragma once

#include <stdint.h>

typedef uint64_t ts_t;
#define TS_NEVER UINT64_MAX
#define TS_MS(n) ((ts_t)(n)*1000)
#define TS_S(n)  ((ts_t)(n)*1000000)

static inline ts_t ts_min(ts_t a, ts_t b)
{
	return a < b ? a : b;
}

/* `now + span` that never wraps: anything plus TS_NEVER is TS_NEVER. */
static inline ts_t ts_add(ts_t now, ts_t span)
{
	return span > TS_NEVER - now ? TS_NEVER : now + span;
}

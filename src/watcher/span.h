/* span.h - spans of days as people and addresses write them: "2026-11", "2026-11-03",
 * "2026-11-03..2026-11-17".  Whole days of the zone; the last one is in it.
 *
 * Pure.
 */
#pragma once

#include "base/slice.h"
#include "watch/zone.h"

/* "2026-11-03"; false: no such day. */
bool span_read_day(struct slice text, const struct zone *z, struct zone_span *ret);
bool span_read(struct slice text, const struct zone *z, struct zone_span *ret);
/* As many days in front of it; of a month the month. */
struct zone_span span_before(const struct zone *z, struct zone_span span);
/* Is it a month? */
bool span_is_month(const struct zone *z, struct zone_span span);

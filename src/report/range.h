/* range.h - a threshold of the monitoring plugins' guidelines, for a duration.
 *
 * `[@]start:end`, in seconds: `10` is 0 to 10, `10:` is 10 and more, `~:10` is
 * anything up to 10.  A value outside alerts; with `@`, one inside.  Both ends
 * belong to the range.
 */
#pragma once

#include "base/buf.h"
#include "base/ts.h"

struct range {
	bool is_set; /* false: never alerts */
	bool inside; /* @ */
	bool from_minus_infinity, to_infinity;
	int64_t start_us, end_us;
};

/* 0; ERR_SYNTAX with the place; ERR_LIMIT: the start is above the end. */
int range_read(struct slice text, struct range *ret, struct where *where);
void range_put(struct buf *b, const struct range *r); /* "" when it is not set */
bool range_alerts(const struct range *r, ts_t value);
/* Is there a value from 1 us to below `end` for which `r` alerts and `unless` does not? */
bool range_can_alert(const struct range *r, const struct range *unless, ts_t end);

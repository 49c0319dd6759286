/* zone_rule.h - the footer of a TZif file: a rule for all times behind its last transition.
 *
 * "CET-1CEST,M3.5.0,M10.5.0/3": a POSIX TZ string (IEEE 1003.1 section 8.3), with the hours from
 * -167 to 167 that RFC 9636 section 3.3.2 adds.
 */
#pragma once

#include "base/err.h"
#include "base/slice.h"

enum {
	ZONE_RULE_MAX = 128,       /* bytes of it */
	ZONE_OFFSET_MAX_S = 93599, /* east, RFC 9636 section 3.2; west -89999 */
	ZONE_OFFSET_MIN_S = -89999,
};

struct zone_day {
	enum { ZONE_DAY_MONTH, ZONE_DAY_JULIAN, ZONE_DAY_OF_YEAR } kind;
	int month, week, day; /* M: week 5 is the last; J: day 1..365; n: day 0..365 */
	int32_t time_s;
};

struct zone_rule {
	struct slice std_name, dst_name; /* borrowed from the text, without < and > */
	int32_t std_s, dst_s;            /* east of Greenwich */
	bool has_dst;
	struct zone_day begin, end; /* of daylight saving time */
};

/* A moment when local time changes. */
struct zone_change {
	int64_t at; /* UTC, seconds since 1970 */
	int32_t offset_s;
	bool is_dst;
	struct slice name;
};

int zone_rule_decode(struct zone_rule *ret, struct slice text, struct where *where);
/* What holds at `at`, and since when (INT64_MIN: always). */
struct zone_change zone_rule_at(const struct zone_rule *r, int64_t at);
/* The first change behind `at`; false when there is none. */
bool zone_rule_next(const struct zone_rule *r, int64_t at, struct zone_change *ret);

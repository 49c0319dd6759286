/* zone.h - a time zone: TZif files, RFC 9636 (and 8536), and local time in both directions.
 *
 * Bytes in, no files: who has the zone's file from /usr/share/zoneinfo hands it in.  Behind the
 * last transition of the table its footer holds (watch/zone_rule.h).  Files that count leap seconds
 * ("right/") are refused: our clock does not.
 *
 * Times are UTC in microseconds since 1970.  Local times may not exist, or come twice: both
 * answers are given, and the caller knows what it wants.
 */
#pragma once

#include "watch/civil.h"
#include "watch/zone_rule.h"

enum {
	ZONE_FILE_MAX = 256 * 1024, /* bytes */
	ZONE_CHANGES_MAX = 2000,    /* of the table; files have some 240 */
};
#define ZONE_TIME_MAX (INT64_C(253402300799) * 1000000) /* the end of 9999; times are cut to it */

/* Plain data. */
struct zone {
	struct slice times, types, infos, names; /* borrowed from the file */
	unsigned n_times, n_types;
	size_t time_bytes; /* 4 or 8 */
	struct zone_rule rule;
	bool has_rule;
};

struct zone_local {
	struct civil civil;
	int32_t offset_s; /* east of Greenwich */
	bool is_dst;
	struct slice name; /* "CEST", borrowed from the file */
};

enum zone_times {
	ZONE_ONCE,
	ZONE_NEVER, /* clocks go over it */
	ZONE_TWICE, /* clocks go back over it */
};

struct zone_utc {
	enum zone_times times;
	/* ONCE: the moment, in both.  TWICE: the first and the last.  NEVER: the moment at which
	 * the clocks go over it, and the moment that it would be without that (RFC 5545
	 * section 3.3.5). */
	int64_t first, last;
};

struct zone_span { /* [begin, end) */
	int64_t begin, end;
};

/* `file` is borrowed as long as the zone is used.  0; ERR_SYNTAX, ERR_LIMIT, ERR_UNSUPPORTED. */
int zone_open(struct zone *ret, struct slice file, struct where *where);
void zone_open_utc(struct zone *ret); /* without a file */

struct zone_local zone_to_local(const struct zone *z, int64_t at);
/* The year is CIVIL_YEAR_MIN..MAX; the other members may be over what they can be, and carry. */
struct zone_utc zone_to_utc(const struct zone *z, const struct civil *local);
/* When local time next changes, behind `at`; INT64_MAX: never. */
int64_t zone_next_change(const struct zone *z, int64_t at);

/* The day of local time in which `at` is: of 23, 24, 25 hours, or another length.  It begins at
 * 00:00, or at the moment at which the clocks go over that.  Days follow one another without gap.
 */
struct zone_span zone_day(const struct zone *z, int64_t at, struct civil *ret_date /* or NULL */);
/* The same of a date; empty where there is no such day (Samoa had no 30 December 2011). */
struct zone_span zone_day_of(const struct zone *z, int32_t year, int month, int day);

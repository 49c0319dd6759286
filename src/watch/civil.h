/* civil.h - dates and times of day as people write them, in the Gregorian calendar of all times.
 *
 * No zone in it: seconds are counted as if the clock were UTC.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { CIVIL_YEAR_MIN = 1, CIVIL_YEAR_MAX = 9999 };

struct civil {
	int32_t year; /* 2026 */
	int month;    /* 1..12 */
	int day;      /* 1..31 */
	int hour;     /* 0..23 */
	int minute, second;
};

int64_t civil_days(int32_t year, int month, int day); /* since 1970-01-01; day may be any number */
int civil_month_days(int32_t year, int month);
bool civil_is_leap(int32_t year);
int civil_weekday(int64_t days); /* 0 Sunday .. 6 */

int64_t civil_seconds(const struct civil *c); /* since 1970-01-01 00:00:00 */
struct civil civil_of(int64_t seconds);

#include "watch/civil.h"

enum {
	DAY_S = 86400,
	ERA_DAYS = 146097, /* 400 years, after which the calendar repeats */
	TO_1970 = 719468,  /* days from 0000-03-01 */
};

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

bool civil_is_leap(int32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int civil_month_days(int32_t year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && civil_is_leap(year));
}

/* The year begins in March here, so that the leap day is its last. */
int64_t civil_days(int32_t year, int month, int day)
{
	const int64_t y = (int64_t)year - (month <= 2);
	const int64_t era = floor_div(y, 400), of_era = y - era * 400;
	const int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - TO_1970;
}

int civil_weekday(int64_t days)
{
	return (int)(days + 4 - 7 * floor_div(days + 4, 7)); /* 1970-01-01 was a Thursday */
}

int64_t civil_seconds(const struct civil *c)
{
	return civil_days(c->year, c->month, c->day) * DAY_S + c->hour * 3600 + c->minute * 60 +
	       c->second;
}

struct civil civil_of(int64_t seconds)
{
	const int64_t days = floor_div(seconds, DAY_S), of_day = seconds - days * DAY_S;
	const int64_t z = days + TO_1970, era = floor_div(z, ERA_DAYS);
	const int64_t of_era = z - era * ERA_DAYS;
	const int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	const int64_t of_year = of_era - (365 * y + y / 4 - y / 100);
	const int m = (int)((5 * of_year + 2) / 153);

	return (struct civil){ .year = (int32_t)(y + era * 400 + (m >= 10)),
		.month = m < 10 ? m + 3 : m - 9,
		.day = (int)(of_year - (153 * m + 2) / 5) + 1,
		.hour = (int)(of_day / 3600),
		.minute = (int)(of_day / 60 % 60),
		.second = (int)(of_day % 60) };
}

#include "watcher/span.h"

#include "watch/civil.h"

enum { MONTH_LEN = 7, DAY_LEN = 10 };

static bool read_number(struct slice s, unsigned max, int *ret)
{
	uint64_t n;

	if (!slice_u64(s, max, &n) || n == 0)
		return false;
	*ret = (int)n;
	return true;
}

static bool read_month(struct slice s, int *ret_year, int *ret_month)
{
	return s.n == MONTH_LEN && s.p[4] == '-' &&
	       read_number(slice_cut(s, 0, 4), CIVIL_YEAR_MAX - 1, ret_year) &&
	       read_number(slice_skip(s, 5), 12, ret_month);
}

static struct zone_span month_of(const struct zone *z, int year, int month)
{
	const bool is_last = month == 12;

	return (struct zone_span){ zone_day_of(z, year, month, 1).begin,
		zone_day_of(z, year + is_last, is_last ? 1 : month + 1, 1).begin };
}

bool span_read_day(struct slice text, const struct zone *z, struct zone_span *ret)
{
	int year, month, day;

	if (text.n != DAY_LEN || text.p[7] != '-' ||
		!read_month(slice_cut(text, 0, MONTH_LEN), &year, &month) ||
		!read_number(slice_skip(text, 8), 31, &day) || day > civil_month_days(year, month))
		return false;
	*ret = zone_day_of(z, year, month, day);
	return ret->begin < ret->end;
}

bool span_read(struct slice text, const struct zone *z, struct zone_span *ret)
{
	const size_t dots = slice_find(text, SLICE(".."));
	struct zone_span last;
	int year, month;

	if (read_month(text, &year, &month)) {
		*ret = month_of(z, year, month);
		return true;
	}
	if (dots == SIZE_MAX)
		return span_read_day(text, z, ret);
	if (!span_read_day(slice_cut(text, 0, dots), z, ret) ||
		!span_read_day(slice_skip(text, dots + 2), z, &last) || last.begin < ret->begin)
		return false;
	ret->end = last.end;
	return true;
}

bool span_is_month(const struct zone *z, struct zone_span span)
{
	const struct civil c = zone_to_local(z, span.begin).civil;
	const struct zone_span month = month_of(z, c.year, c.month);

	return month.begin == span.begin && month.end == span.end;
}

struct zone_span span_before(const struct zone *z, struct zone_span span)
{
	if (span_is_month(z, span)) {
		const struct civil c = zone_to_local(z, span.begin - 1).civil;

		return month_of(z, c.year, c.month);
	}
	struct zone_span ret = { span.begin, span.begin };
	for (int64_t at = span.begin; at < span.end; at = zone_day(z, at, NULL).end)
		ret.begin = zone_day(z, ret.begin - 1, NULL).begin;
	return ret;
}

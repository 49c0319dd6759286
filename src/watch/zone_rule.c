#include "watch/zone_rule.h"

#include "base/str.h"
#include "watch/civil.h"

enum {
	DAY_S = 86400,
	HOURS_MAX = 167, /* of the time of a change, RFC 9636 section 3.3.2 */
	OFFSET_HOURS_MAX = 25,
	NAME_MIN = 3,
};

/* ---- decoding: each takes its part from the front ---- */

static bool take_char(struct slice *s, uint8_t c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

static bool take_number(struct slice *s, int max, int *ret)
{
	size_t n = 0;
	uint64_t v;

	while (n < s->n && n < 3 && ascii_is_digit(s->p[n]))
		n++;
	if (!slice_u64(slice_cut(*s, 0, n), (uint64_t)max, &v))
		return false;
	*s = slice_skip(*s, n);
	*ret = (int)v;
	return true;
}

/* "<+0545>" or "CEST". */
static bool take_name(struct slice *s, struct slice *ret)
{
	const bool is_quoted = take_char(s, '<');
	size_t n = 0;

	while (n < s->n && (ascii_is_alpha(s->p[n]) ||
				   (is_quoted && (ascii_is_digit(s->p[n]) || s->p[n] == '+' ||
							 s->p[n] == '-'))))
		n++;
	if (n < NAME_MIN)
		return false;
	*ret = slice_cut(*s, 0, n);
	*s = slice_skip(*s, n);
	return !is_quoted || take_char(s, '>');
}

/* [+-]hh[:mm[:ss]] */
static bool take_time(struct slice *s, int hours_max, int32_t *ret)
{
	const bool is_negative = take_char(s, '-');
	int hour, minute = 0, second = 0;

	if (!is_negative)
		take_char(s, '+');
	if (!take_number(s, hours_max, &hour))
		return false;
	if (take_char(s, ':')) {
		if (!take_number(s, 59, &minute))
			return false;
		if (take_char(s, ':') && !take_number(s, 59, &second))
			return false;
	}
	*ret = hour * 3600 + minute * 60 + second;
	*ret = is_negative ? -*ret : *ret;
	return true;
}

/* POSIX counts west of Greenwich. */
static bool take_offset(struct slice *s, int32_t *ret)
{
	int32_t west;

	if (!take_time(s, OFFSET_HOURS_MAX, &west))
		return false;
	*ret = -west;
	return *ret >= ZONE_OFFSET_MIN_S && *ret <= ZONE_OFFSET_MAX_S;
}

static bool take_month_day(struct slice *s, struct zone_day *d)
{
	return take_number(s, 12, &d->month) && d->month >= 1 && take_char(s, '.') &&
	       take_number(s, 5, &d->week) && d->week >= 1 && take_char(s, '.') &&
	       take_number(s, 6, &d->day);
}

static bool take_day(struct slice *s, struct zone_day *ret)
{
	*ret = (struct zone_day){ .kind = ZONE_DAY_OF_YEAR, .time_s = 2 * 3600 };
	if (take_char(s, 'M')) {
		ret->kind = ZONE_DAY_MONTH;
		if (!take_month_day(s, ret))
			return false;
	} else if (take_char(s, 'J')) {
		ret->kind = ZONE_DAY_JULIAN;
		if (!take_number(s, 365, &ret->day) || ret->day < 1)
			return false;
	} else if (!take_number(s, 365, &ret->day)) {
		return false;
	}
	return !take_char(s, '/') || take_time(s, HOURS_MAX, &ret->time_s);
}

static const char *take_dst(struct slice *s, struct zone_rule *r)
{
	if (!take_name(s, &r->dst_name))
		return "the name of daylight saving time";
	r->dst_s = r->std_s + 3600;
	if (s->n > 0 && s->p[0] != ',' && !take_offset(s, &r->dst_s))
		return "the offset of daylight saving time";
	if (!take_char(s, ',') || !take_day(s, &r->begin))
		return "the day on which daylight saving time begins";
	if (!take_char(s, ',') || !take_day(s, &r->end))
		return "the day on which daylight saving time ends";
	r->has_dst = true;
	return NULL;
}

static const char *take_rule(struct slice *s, struct zone_rule *r)
{
	if (!take_name(s, &r->std_name))
		return "the name of standard time";
	if (!take_offset(s, &r->std_s))
		return "the offset of standard time";
	return s->n > 0 ? take_dst(s, r) : NULL;
}

int zone_rule_decode(struct zone_rule *ret, struct slice text, struct where *where)
{
	struct zone_rule r = { 0 };
	struct slice rest = text;

	if (text.n > ZONE_RULE_MAX) {
		*where = (struct where){ ZONE_RULE_MAX, "the length" };
		return ERR_LIMIT;
	}
	const char *wrong = take_rule(&rest, &r);
	if (!wrong && rest.n > 0)
		wrong = "what is behind the rule";
	if (wrong) {
		*where = (struct where){ text.n - rest.n, wrong };
		return ERR_SYNTAX;
	}
	*ret = r;
	return 0;
}

/* ---- the changes of a year ---- */

static int64_t day_of_month(const struct zone_day *d, int32_t year)
{
	const int64_t first = civil_days(year, d->month, 1);
	int day = d->day - civil_weekday(first);

	day += day < 0 ? 7 : 0;
	day += 7 * (d->week - 1);
	while (day >= civil_month_days(year, d->month))
		day -= 7;
	return first + day;
}

/* Local time, in seconds. */
static int64_t local_time_of(const struct zone_day *d, int32_t year)
{
	int64_t days = civil_days(year, 1, 1);

	switch (d->kind) {
	case ZONE_DAY_MONTH: days = day_of_month(d, year); break;
	case ZONE_DAY_JULIAN: /* the 29th of February is not counted */
		days += d->day - 1 + (civil_is_leap(year) && d->day >= 60);
		break;
	case ZONE_DAY_OF_YEAR: days += d->day; break;
	}
	return days * DAY_S + d->time_s;
}

static struct zone_change change_of(const struct zone_rule *r, int32_t year, bool is_dst)
{
	if (is_dst)
		return (struct zone_change){ local_time_of(&r->begin, year) - r->std_s, r->dst_s,
			true, r->dst_name };
	return (struct zone_change){ local_time_of(&r->end, year) - r->dst_s, r->std_s, false,
		r->std_name };
}

/* Those around `at`, the earliest first.  A time of 167 hours reaches a week into another year.
 * Where two are at one moment (daylight saving time all the year: one year's ends as the next
 * one's begins) the later year's is behind. */
enum { CHANGES = 6 };

static void changes_around(const struct zone_rule *r, int64_t at, struct zone_change ret[CHANGES])
{
	const int32_t year = civil_of(at).year;

	for (unsigned i = 0; i < CHANGES; i++) {
		const struct zone_change c = change_of(r, year - 1 + (int32_t)(i / 2), i % 2 == 0);
		unsigned k = i;

		/* Within a year the end may come first: the south. */
		for (; k > 0 && ret[k - 1].at > c.at; k--)
			ret[k] = ret[k - 1];
		ret[k] = c;
	}
}

static struct zone_change standard(const struct zone_rule *r)
{
	return (struct zone_change){ INT64_MIN, r->std_s, false, r->std_name };
}

struct zone_change zone_rule_at(const struct zone_rule *r, int64_t at)
{
	struct zone_change changes[CHANGES], now = standard(r);

	if (!r->has_dst)
		return now;
	changes_around(r, at, changes);
	for (unsigned i = 0; i < CHANGES && changes[i].at <= at; i++)
		now = changes[i];
	return now;
}

bool zone_rule_next(const struct zone_rule *r, int64_t at, struct zone_change *ret)
{
	struct zone_change changes[CHANGES];

	if (!r->has_dst)
		return false;
	changes_around(r, at, changes);
	for (unsigned i = 0; i < CHANGES; i++) {
		if (changes[i].at <= at)
			continue;
		*ret = zone_rule_at(r, changes[i].at); /* of two at that moment the second */
		return true;
	}
	return false;
}

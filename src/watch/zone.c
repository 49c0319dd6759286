#include "watch/zone.h"

#include "watch/zone_file.h"

#define SECOND      INT64_C(1000000)
#define SECONDS_MIN INT64_C(-62135596800) /* the beginning of the year 1 */
#define SECONDS_MAX (ZONE_TIME_MAX / SECOND)

int zone_open(struct zone *ret, struct slice file, struct where *where)
{
	struct slice footer = SLICE_NONE;
	struct zone z;
	int err = zone_file_open(&z, file, &footer, where);

	if (err)
		return err;
	z.has_rule = footer.n > 0;
	if (z.has_rule)
		err = zone_rule_decode(&z.rule, footer, where);
	if (err)
		return err;
	*ret = z;
	return 0;
}

void zone_open_utc(struct zone *ret)
{
	*ret = (struct zone){ .has_rule = true, .rule = { .std_name = SLICE("UTC") } };
}

/* ---- in seconds ---- */

static int64_t seconds_of(int64_t at)
{
	const int64_t s = at / SECOND - (at % SECOND < 0);

	if (s < SECONDS_MIN)
		return SECONDS_MIN;
	return s > SECONDS_MAX ? SECONDS_MAX : s;
}

/* The last transition of the table that is not behind `at`; -1: none. */
static int find_time(const struct zone *z, int64_t at)
{
	unsigned from = 0, to = z->n_times;

	while (from < to) {
		const unsigned middle = from + (to - from) / 2;

		if (zone_file_time(z, middle) <= at)
			from = middle + 1;
		else
			to = middle;
	}
	return (int)from - 1;
}

static struct zone_change change_at(const struct zone *z, int64_t at)
{
	const int i = find_time(z, at);

	if (z->has_rule && i + 1 == (int)z->n_times)
		return zone_rule_at(&z->rule, at);
	return zone_file_change(z, i);
}

/* INT64_MAX: never. */
static int64_t next_change(const struct zone *z, int64_t at)
{
	const int i = find_time(z, at);
	struct zone_change next;

	if (i + 1 < (int)z->n_times)
		return zone_file_time(z, (unsigned)(i + 1));
	return z->has_rule && zone_rule_next(&z->rule, at, &next) ? next.at : INT64_MAX;
}

/* ---- from local time ---- */

struct reached {
	unsigned n;           /* how often the clocks show it */
	int64_t first, last;  /* when */
	int64_t gap_at;       /* when they go over it */
	int32_t gap_offset_s; /* before that */
	bool has_gap;
	int64_t begin; /* when they first show it or more */
};

static void add_moment(struct reached *r, int64_t at)
{
	if (r->n == 0)
		r->first = at;
	r->last = at;
	if (r->n++ == 0 && !r->has_gap)
		r->begin = at;
}

static void add_gap(struct reached *r, int64_t at, int32_t offset_s)
{
	if (r->has_gap)
		return;
	r->has_gap = true;
	r->gap_at = at;
	r->gap_offset_s = offset_s;
	if (r->n == 0)
		r->begin = at;
}

/* All that the clocks do while any zone could show it. */
static struct reached reach(const struct zone *z, int64_t local)
{
	int64_t from = local - ZONE_OFFSET_MAX_S;
	struct reached r = { 0 };

	while (from <= local - ZONE_OFFSET_MIN_S) {
		const int32_t offset_s = change_at(z, from).offset_s;
		const int64_t until = next_change(z, from), at = local - offset_s;

		if (at >= from && at < until)
			add_moment(&r, at);
		if (until > local - ZONE_OFFSET_MIN_S)
			break;
		if (until + offset_s <= local && until + change_at(z, until).offset_s > local)
			add_gap(&r, until, offset_s);
		from = until;
	}
	return r;
}

struct zone_utc zone_to_utc(const struct zone *z, const struct civil *local)
{
	const int64_t seconds = civil_seconds(local);
	const struct reached r = reach(z, seconds);

	if (r.n == 0)
		return (struct zone_utc){ ZONE_NEVER, r.gap_at * SECOND,
			(seconds - r.gap_offset_s) * SECOND };
	return (struct zone_utc){ r.n == 1 ? ZONE_ONCE : ZONE_TWICE, r.first * SECOND,
		r.last * SECOND };
}

struct zone_local zone_to_local(const struct zone *z, int64_t at)
{
	const int64_t seconds = seconds_of(at);
	const struct zone_change c = change_at(z, seconds);

	return (struct zone_local){ civil_of(seconds + c.offset_s), c.offset_s, c.is_dst, c.name };
}

int64_t zone_next_change(const struct zone *z, int64_t at)
{
	const int64_t next = next_change(z, seconds_of(at));

	return next > SECONDS_MAX ? INT64_MAX : next * SECOND;
}

/* ---- days ---- */

struct zone_span zone_day_of(const struct zone *z, int32_t year, int month, int day)
{
	const int64_t local = civil_days(year, month, day) * 86400;

	return (struct zone_span){ reach(z, local).begin * SECOND,
		reach(z, local + 86400).begin * SECOND };
}

struct zone_span zone_day(const struct zone *z, int64_t at, struct civil *ret_date)
{
	struct civil c = zone_to_local(z, at).civil;
	struct zone_span day = zone_day_of(z, c.year, c.month, c.day);

	/* The clocks were set back over midnight: the day before is shown again, and is over. */
	while (at >= day.end) {
		c = civil_of((civil_days(c.year, c.month, c.day) + 1) * 86400);
		day = zone_day_of(z, c.year, c.month, c.day);
	}
	if (ret_date)
		*ret_date = (struct civil){ .year = c.year, .month = c.month, .day = c.day };
	return day;
}

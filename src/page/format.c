#include "page/format.h"

#include "base/str.h"

#define SECOND INT64_C(1000000)

enum { DASH_ROOM = 32 };
static const char dash[] = "\xe2\x80\x93"; /* an en dash: nothing was measured */

static const char *const weekdays[] = { N_("Sun"), N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"),
	N_("Fri"), N_("Sat") };
static const char *const months[] = { N_("Jan"), N_("Feb"), N_("Mar"), N_("Apr"), N_("May"),
	N_("Jun"), N_("Jul"), N_("Aug"), N_("Sep"), N_("Oct"), N_("Nov"), N_("Dec") };
static const char *const whole_months[] = { N_("January"), N_("February"), N_("March"), N_("April"),
	N_("May"), N_("June"), N_("July"), N_("August"), N_("September"), N_("October"),
	N_("November"), N_("December") };

static const char *look(const struct page_view *v, const char *id)
{
	return v->look_up ? v->look_up(id) : id;
}

static void put_look(struct buf *b, const struct page_view *v, const char *id)
{
	buf_puts(b, look(v, id));
}

static void put_unit(struct buf *b, const struct page_view *v, const char *unit)
{
	buf_puts(b, FORMAT_NBSP);
	put_look(b, v, unit);
}

/* ---- numbers ---- */

static void put_decimals(
	struct buf *b, const struct page_view *v, uint64_t hundredths, unsigned digits)
{
	buf_putu(b, hundredths / 100);
	put_look(b, v, N_("."));
	if (digits == 2)
		buf_printf(b, "%02u", (unsigned)(hundredths % 100));
	else
		buf_putu(b, hundredths % 100 / 10);
}

void format_latency(struct buf *b, const struct page_view *v, int64_t us)
{
	const uint64_t t = us < 0 ? 0 : (uint64_t)us;

	if (us == PAGE_NO_SPAN) {
		buf_puts(b, dash);
	} else if (t < 950) {
		put_decimals(b, v, (t + 5) / 10, 1);
		put_unit(b, v, N_("ms"));
	} else if (t < 999500) {
		buf_putu(b, (t + 500) / 1000);
		put_unit(b, v, N_("ms"));
	} else if (t < 100 * (uint64_t)SECOND) {
		put_decimals(b, v, (t + 5000) / 10000, 2);
		put_unit(b, v, N_("s"));
	} else {
		format_span(b, v, us);
	}
}

void format_ms(struct buf *b, const struct page_view *v, int64_t us)
{
	put_decimals(b, v, us < 0 ? 0 : ((uint64_t)us + 5) / 10, 1);
}

static void put_span(struct buf *b, const struct page_view *v, int64_t us, unsigned n_units)
{
	static const struct {
		int64_t s;
		const char *name;
	} units[] = { { 86400, N_("d") }, { 3600, N_("h") }, { 60, N_("min") }, { 1, N_("s") } };
	enum { UNITS = sizeof(units) / sizeof(units[0]) };
	int64_t s = us / SECOND;
	unsigned i = 0;

	if (us == PAGE_NO_SPAN) {
		buf_puts(b, dash);
		return;
	}
	if (s < 0)
		s = 0;
	while (i + 1 < UNITS && s < units[i].s)
		i++;
	buf_putu(b, (uint64_t)(s / units[i].s));
	put_unit(b, v, units[i].name);
	s %= units[i].s;
	/* Behind minutes no seconds: who reads "5 min" counts in minutes. */
	if (n_units < 2 || i + 1 >= UNITS - 1 || s / units[i + 1].s == 0)
		return;
	buf_puts(b, FORMAT_NBSP);
	buf_putu(b, (uint64_t)(s / units[i + 1].s));
	put_unit(b, v, units[i + 1].name);
}

void format_span(struct buf *b, const struct page_view *v, int64_t us)
{
	put_span(b, v, us, 2);
}

void format_hours(struct buf *b, const struct page_view *v, int64_t us)
{
	put_span(b, v, us, 1);
}

void format_share(struct buf *b, const struct page_view *v, struct page_share share)
{
	const uint64_t passed = share.passed < share.judged ? share.passed : share.judged;
	char room[DASH_ROOM];
	struct buf number;

	if (share.judged == 0) {
		buf_puts(b, dash);
		return;
	}
	buf_init_in(&number, (uint8_t *)room, sizeof(room));
	if (passed == share.judged)
		buf_puts(&number, "100");
	else
		/* In floating point 9,999 of 10,000 may be cut to 99.98. */
		put_decimals(&number, v,
			passed < UINT64_MAX / 10000 ? passed * 10000 / share.judged
						    : passed / (share.judged / 10000),
			2);
	/* TRANSLATORS: of 100; with a no-break space where the language wants one */
	const struct text t = TEXT(N_("{1}%"), text_slice(buf_slice(&number)));
	text_put(b, &t, v->look_up);
}

void format_count(struct buf *b, const struct page_view *v, uint64_t n)
{
	if (n >= 1000) {
		format_count(b, v, n / 1000);
		/* TRANSLATORS: between the thousands of a number */
		put_look(b, v, N_(","));
		buf_printf(b, "%03u", (unsigned)(n % 1000));
	} else {
		buf_putu(b, n);
	}
}

/* ---- times ---- */

static struct zone_local local_of(const struct page_view *v, int64_t at)
{
	return zone_to_local(v->zone, at);
}

static int64_t days_of(const struct civil *c)
{
	return civil_days(c->year, c->month, c->day);
}

void format_clock(struct buf *b, const struct page_view *v, int64_t at)
{
	const struct civil c = local_of(v, at).civil;

	buf_printf(b, "%02d:%02d", c.hour, c.minute);
}

void format_seconds(struct buf *b, const struct page_view *v, int64_t at)
{
	const struct civil c = local_of(v, at).civil;

	buf_printf(b, "%02d:%02d:%02d", c.hour, c.minute, c.second);
}

static void put_date(struct buf *b, const struct page_view *v, const struct civil *c, bool has_year)
{
	const char *month = months[(c->month + 11) % 12];
	const char *weekday = weekdays[civil_weekday(days_of(c))];
	const struct text t = TEXT(/* TRANSLATORS: weekday, day, month: Sun 29 Nov */
		N_("{1} {2} {3}"), text_id(weekday), text_u64((uint64_t)c->day), text_id(month));

	text_put(b, &t, v->look_up);
	if (has_year)
		buf_printf(b, " %d", c->year);
}

/* The year is told where it is not this one. */
static void put_known_date(struct buf *b, const struct page_view *v, const struct civil *c)
{
	put_date(b, v, c, c->year != local_of(v, v->now_at).civil.year);
}

void format_date(struct buf *b, const struct page_view *v, int64_t at)
{
	const struct civil c = local_of(v, at).civil;

	put_known_date(b, v, &c);
}

void format_whole_date(struct buf *b, const struct page_view *v, int64_t at)
{
	const struct civil c = local_of(v, at).civil;

	put_date(b, v, &c, true);
}

void format_short_date(struct buf *b, const struct page_view *v, int64_t at)
{
	const struct civil c = local_of(v, at).civil;

	buf_printf(b, "%d %s", c.day, look(v, months[(c.month + 11) % 12]));
}

static void put_other_day(struct buf *b, const struct page_view *v, int64_t at)
{
	const struct civil c = local_of(v, at).civil, now = local_of(v, v->now_at).civil;

	if (days_of(&c) == days_of(&now))
		return;
	put_known_date(b, v, &c);
	buf_putc(b, ' ');
}

void format_time(struct buf *b, const struct page_view *v, int64_t at)
{
	put_other_day(b, v, at);
	format_clock(b, v, at);
}

void format_run_time(struct buf *b, const struct page_view *v, int64_t at)
{
	put_other_day(b, v, at);
	format_seconds(b, v, at);
}

void format_day(struct buf *b, const struct page_view *v, int before, bool is_short)
{
	const struct civil now = local_of(v, v->now_at).civil;
	const struct civil c = civil_of((days_of(&now) - before) * 86400);

	if (before == 0)
		put_look(b, v, N_("today"));
	else if (is_short)
		buf_printf(b, "%d %s", c.day, look(v, months[(c.month + 11) % 12]));
	else
		put_known_date(b, v, &c);
}

void format_month(struct buf *b, const struct page_view *v, int64_t at)
{
	const struct civil c = local_of(v, at).civil;

	buf_printf(b, "%s %d", look(v, whole_months[(c.month + 11) % 12]), c.year);
}

void format_offset(struct buf *b, const struct page_view *v, int64_t at)
{
	const int32_t s = local_of(v, at).offset_s;
	const int32_t minutes = (s < 0 ? -s : s) / 60;

	buf_puts(b, "UTC");
	if (minutes == 0)
		return;
	buf_printf(b, "%s%d", s < 0 ? "\xe2\x88\x92" : "+", minutes / 60);
	if (minutes % 60)
		buf_printf(b, ":%02d", minutes % 60);
}

void format_utc(struct buf *b, int64_t at)
{
	const struct civil c = civil_of(at / SECOND);

	buf_printf(b, "%04d-%02d-%02dT%02d:%02d:%02dZ", c.year, c.month, c.day, c.hour, c.minute,
		c.second);
}

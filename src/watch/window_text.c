#include "watch/window.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/text.h"

enum {
	DAY_MINUTES = 24 * 60,
	ALL_DAYS = 0x7f,
};

static void skip_spaces(struct slice *s)
{
	while (s->n > 0 && s->p[0] == ' ')
		*s = slice_skip(*s, 1);
}

static bool take_char(struct slice *s, uint8_t c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = slice_skip(*s, 1);
	return true;
}

static bool take_digits(struct slice *s, size_t n, int *ret)
{
	uint64_t v;

	if (s->n < n || !slice_u64(slice_cut(*s, 0, n), UINT64_MAX, &v))
		return false;
	*s = slice_skip(*s, n);
	*ret = (int)v;
	return true;
}

/* hh:mm; 24:00 as an end only. */
static bool take_time(struct slice *s, bool is_end, int *ret_minutes)
{
	struct slice rest = *s;
	int hour, minute;

	if (!take_digits(&rest, 2, &hour) || !take_char(&rest, ':') ||
		!take_digits(&rest, 2, &minute))
		return false;
	if (minute > 59 || hour * 60 + minute > DAY_MINUTES - !is_end)
		return false;
	*ret_minutes = hour * 60 + minute;
	*s = rest;
	return true;
}

static bool take_weekday(struct slice *s, unsigned *ret)
{
	static const char *const names[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	const struct slice word = slice_cut(*s, 0, 3);

	for (unsigned i = 0; i < COUNT(names); i++) {
		if (!slice_ieqs(word, names[i]))
			continue;
		*s = slice_skip(*s, 3);
		*ret = i;
		return s->n == 0 || !ascii_is_alpha(s->p[0]);
	}
	return false;
}

/* "daily", or days and ranges of days. */
static bool take_weekdays(struct slice *s, unsigned *ret)
{
	unsigned from, to, days = 0;

	if (slice_ieq(slice_cut(*s, 0, 5), SLICE("daily"))) {
		*s = slice_skip(*s, 5);
		*ret = ALL_DAYS;
		return true;
	}
	do {
		if (!take_weekday(s, &from))
			return false;
		to = from;
		if (take_char(s, '-') && !take_weekday(s, &to))
			return false;
		for (unsigned d = from; d != to; d = (d + 1) % 7)
			days |= 1u << d;
		days |= 1u << to;
	} while (take_char(s, ','));
	*ret = days;
	return true;
}

static bool take_date(struct slice *s, struct civil *ret)
{
	struct slice rest = *s;
	int year, month, day;

	if (!take_digits(&rest, 4, &year) || !take_char(&rest, '-') ||
		!take_digits(&rest, 2, &month) || !take_char(&rest, '-') ||
		!take_digits(&rest, 2, &day))
		return false;
	if (year < CIVIL_YEAR_MIN || month < 1 || month > 12 || day < 1 ||
		day > civil_month_days(year, month))
		return false;
	*ret = (struct civil){ .year = year, .month = month, .day = day };
	*s = rest;
	return true;
}

static bool take_hyphen(struct slice *s)
{
	skip_spaces(s);
	const bool is_there = take_char(s, '-');
	skip_spaces(s);
	return is_there;
}

static unsigned only_day(unsigned days)
{
	return days && (days & (days - 1)) == 0 ? (unsigned)__builtin_ctz(days) : 7;
}

/* What is wrong; NULL: nothing. */
static const char *take_weekly(struct slice *s, struct window *w)
{
	unsigned end_day = 7;

	if (!take_weekdays(s, &w->days))
		return N_("a date, or days such as Sun or Mon-Fri or daily");
	skip_spaces(s);
	if (!take_time(s, false, &w->begin_minute))
		return N_("when it begins, such as 02:00");
	if (!take_hyphen(s))
		return N_("a hyphen");
	const unsigned day = only_day(w->days);
	if (day < 7 && s->n > 0 && ascii_is_alpha(s->p[0])) {
		if (!take_weekday(s, &end_day))
			return N_("the day on which it ends");
		skip_spaces(s);
	}
	if (!take_time(s, true, &w->end_minute))
		return N_("when it ends, such as 04:00");
	if (end_day < 7)
		w->end_minute += (int)((end_day + 7 - day) % 7) * DAY_MINUTES;
	if (w->end_minute <= w->begin_minute)
		w->end_minute += end_day < 7 ? 7 * DAY_MINUTES : DAY_MINUTES;
	return NULL;
}

static const char *take_once(struct slice *s, struct window *w)
{
	int minutes;

	w->kind = WINDOW_ONCE;
	if (!take_date(s, &w->begin))
		return N_("a date such as 2026-12-24");
	skip_spaces(s);
	if (!take_time(s, false, &minutes))
		return N_("when it begins, such as 02:00");
	w->end = w->begin;
	w->begin.minute = minutes;
	if (!take_hyphen(s))
		return N_("a hyphen");
	if (s->n > 4 && s->p[4] == '-') {
		if (!take_date(s, &w->end))
			return N_("a date such as 2026-12-24");
		skip_spaces(s);
	}
	if (!take_time(s, true, &minutes))
		return N_("when it ends, such as 04:00");
	w->end.minute = minutes;
	return civil_seconds(&w->end) > civil_seconds(&w->begin)
		       ? NULL
		       : N_("an end behind the beginning");
}

/* Part of a path: no dots, no slash in front or twice. */
static bool is_zone_name(struct slice s)
{
	bool may_slash = false;

	for (size_t i = 0; i < s.n; i++) {
		const uint8_t c = s.p[i];

		if (c == '/' && !may_slash)
			return false;
		if (!ascii_is_alpha(c) && !ascii_is_digit(c) && c != '/' && c != '_' && c != '+' &&
			c != '-')
			return false;
		may_slash = c != '/';
	}
	return s.n == 0 || may_slash;
}

static const char *take_zone(struct slice *s, struct window *w)
{
	if (s->n > 0 && s->p[0] != ' ')
		return N_("a space in front of the time zone");
	*s = slice_trim(*s);
	if (s->n > WINDOW_ZONE_MAX || !is_zone_name(*s))
		return N_("a time zone such as Europe/Paris");
	w->zone = *s;
	return NULL;
}

int window_decode(struct window *ret, struct slice text, struct where *where)
{
	struct window w = { 0 };
	struct slice rest = text;

	if (text.n > WINDOW_TEXT_MAX) {
		*where = (struct where){ WINDOW_TEXT_MAX, N_("a shorter window") };
		return ERR_LIMIT;
	}
	skip_spaces(&rest);
	const bool is_once = rest.n > 0 && ascii_is_digit(rest.p[0]);
	const char *wrong = is_once ? take_once(&rest, &w) : take_weekly(&rest, &w);
	if (!wrong)
		wrong = take_zone(&rest, &w);
	if (wrong) {
		*where = (struct where){ rest.n ? (size_t)(rest.p - text.p) : text.n, wrong };
		return ERR_SYNTAX;
	}
	*ret = w;
	return 0;
}

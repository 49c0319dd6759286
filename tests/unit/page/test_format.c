#include "page/format.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "fixture.h"

#define SECOND INT64_C(1000000)
#define NB     FORMAT_NBSP

/* What the catalogue says, without one. */
static const char *french(const char *id)
{
	static const struct {
		const char *id, *text;
	} texts[] = { { ".", "," }, { ",", NB }, { "{1}%", "{1}" NB "%" }, { "d", "j" },
		{ "Sun", "dim." }, { "Nov", "nov." }, { "today", "aujourd'hui" } };

	for (size_t i = 0; i < COUNT(texts); i++)
		if (strcmp(texts[i].id, id) == 0)
			return texts[i].text;
	return id;
}

typedef void format_fn(struct buf *b, const struct page_view *v, int64_t value);

static void put_day(struct buf *b, const struct page_view *v, int64_t before)
{
	format_day(b, v, (int)before, false);
}

static void put_short_day(struct buf *b, const struct page_view *v, int64_t before)
{
	format_day(b, v, (int)before, true);
}

static void put_count(struct buf *b, const struct page_view *v, int64_t n)
{
	format_count(b, v, (uint64_t)n);
}

static void put_utc(struct buf *b, const struct page_view *v, int64_t at)
{
	(void)v;
	format_utc(b, at);
}

static const struct {
	const char *name;
	format_fn *put;
	int64_t value;
	const char *english, *french;
} rows[] = {
	{ "nothing measured", format_latency, PAGE_NO_SPAN, "\xe2\x80\x93", "\xe2\x80\x93" },
	{ "0", format_latency, 0, "0.0" NB "ms", "0,0" NB "ms" },
	{ "under a millisecond", format_latency, 440, "0.4" NB "ms", "0,4" NB "ms" },
	{ "nearly one", format_latency, 949, "0.9" NB "ms", "0,9" NB "ms" },
	{ "one", format_latency, 950, "1" NB "ms", "1" NB "ms" },
	{ "milliseconds", format_latency, 412400, "412" NB "ms", "412" NB "ms" },
	{ "999 ms", format_latency, 999499, "999" NB "ms", "999" NB "ms" },
	{ "nearly a second", format_latency, 999500, "1.00" NB "s", "1,00" NB "s" },
	{ "seconds", format_latency, 2410000, "2.41" NB "s", "2,41" NB "s" },
	{ "many seconds", format_latency, 100 * SECOND, "1" NB "min", "1" NB "min" },
	{ "of a ladder", format_ms, 168949, "168.9", "168,9" },
	{ "of a ladder, before its start", format_ms, -1, "0.0", "0,0" },
	{ "a span of nothing", format_span, 0, "0" NB "s", "0" NB "s" },
	{ "the clock went back", format_span, -5 * SECOND, "0" NB "s", "0" NB "s" },
	{ "no span", format_span, PAGE_NO_SPAN, "\xe2\x80\x93", "\xe2\x80\x93" },
	{ "59 s are cut", format_span, 60 * SECOND - 1, "59" NB "s", "59" NB "s" },
	{ "minutes have no seconds", format_span, 239 * SECOND, "3" NB "min", "3" NB "min" },
	{ "two units", format_span, 5 * HOUR + 17 * MINUTE + 59 * SECOND,
		"5" NB "h" NB "17" NB "min", "5" NB "h" NB "17" NB "min" },
	{ "a whole hour", format_span, HOUR, "1" NB "h", "1" NB "h" },
	{ "days", format_span, 30 * DAY + 20 * HOUR + 59 * MINUTE, "30" NB "d" NB "20" NB "h",
		"30" NB "j" NB "20" NB "h" },
	{ "a day and minutes", format_span, DAY + 59 * MINUTE, "1" NB "d", "1" NB "j" },
	{ "one unit", format_hours, 5 * HOUR + 17 * MINUTE, "5" NB "h", "5" NB "h" },
	{ "small number", put_count, 999, "999", "999" },
	{ "thousands", put_count, 1415, "1,415", "1" NB "415" },
	{ "zeros in the middle", put_count, 1000005, "1,000,005", "1" NB "000" NB "005" },
	{ "now", format_clock, NOW, "07:58", "07:58" },
	{ "with seconds", format_seconds, NOW, "07:58:14", "07:58:14" },
	{ "today", format_time, NOW - 5 * HOUR - 17 * MINUTE, "02:41", "02:41" },
	{ "before midnight", format_time, NOW - 9 * HOUR - 40 * MINUTE, "Sun 29 Nov 22:18",
		"dim. 29 nov. 22:18" },
	{ "a run of today", format_run_time, NOW - 14 * SECOND, "07:58:00", "07:58:00" },
	{ "a run before midnight", format_run_time, NOW - 9 * HOUR, "Sun 29 Nov 22:58:14",
		"dim. 29 nov. 22:58:14" },
	{ "last year", format_time, NOW - 365 * DAY, "Sun 30 Nov 2025 07:58",
		"dim. 30 nov. 2025 07:58" },
	{ "tomorrow", format_time, NOW + DAY, "Tue 1 Dec 07:58", "Tue 1 Dec 07:58" },
	{ "whole date", format_whole_date, NOW, "Mon 30 Nov 2026", "Mon 30 nov. 2026" },
	{ "short date", format_short_date, NOW, "30 Nov", "30 nov." },
	{ "this day", put_day, 0, "today", "aujourd'hui" },
	{ "yesterday", put_day, 1, "Sun 29 Nov", "dim. 29 nov." },
	{ "89 days before", put_short_day, 89, "2 Sep", "2 Sep" },
	{ "month", format_month, NOW, "November 2026", "November 2026" },
	{ "offset", format_offset, NOW, "UTC+1", "UTC+1" },
	{ "for machines", put_utc, NOW, "2026-11-30T06:58:14Z", "2026-11-30T06:58:14Z" },
};

static void check(const char *name, format_fn *put, int64_t value, const struct page_view *v,
	const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	put(&b, v, value);
	if (strcmp(buf_cstr(&b), want) != 0)
		fail_msg("%s: got \"%s\", want \"%s\"", name, buf_cstr(&b), want);
	buf_done(&b);
}

static void each_is_as_people_read_it(void **state)
{
	struct fixture *f = fixture_new(MOOD_CALM, 1, 1, NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		f->view.look_up = NULL;
		check(rows[i].name, rows[i].put, rows[i].value, &f->view, rows[i].english);
		f->view.look_up = french;
		check(rows[i].name, rows[i].put, rows[i].value, &f->view, rows[i].french);
	}
	free(f);
}

static const struct {
	const char *name;
	uint64_t passed, judged;
	const char *want;
} shares[] = {
	{ "nothing judged", 0, 0, "\xe2\x80\x93" },
	{ "all", 1440, 1440, "100%" },
	{ "one of very many failed", 999999999, 1000000000, "99.99%" },
	{ "never rounded up", 199999, 200000, "99.99%" },
	{ "9,999 of 10,000", 9999, 10000, "99.99%" },
	{ "two of three", 2, 3, "66.66%" },
	{ "none", 0, 60, "0.00%" },
	{ "a small part", 1, 100000, "0.00%" },
	{ "more than all cannot be", 61, 60, "100%" },
	{ "huge", UINT64_MAX / 2, UINT64_MAX, "50.00%" },
};

static void availability_is_cut(void **state)
{
	struct fixture *f = fixture_new(MOOD_CALM, 1, 1, NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(shares); i++) {
		struct buf b;

		buf_init(&b, 4096);
		format_share(
			&b, &f->view, (struct page_share){ shares[i].passed, shares[i].judged });
		if (strcmp(buf_cstr(&b), shares[i].want) != 0)
			fail_msg("%s: got %s, want %s", shares[i].name, buf_cstr(&b),
				shares[i].want);
		buf_done(&b);
	}
	free(f);
}

static void offsets_of_zones(void **state)
{
	static const struct {
		int32_t s;
		const char *want;
	} offsets[] = { { 0, "UTC" }, { 3600, "UTC+1" }, { 20700, "UTC+5:45" },
		{ -12600, "UTC\xe2\x88\x92"
			  "3:30" } };
	struct fixture *f = fixture_new(MOOD_CALM, 1, 1, NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(offsets); i++) {
		f->zone.rule.std_s = offsets[i].s;
		check("offset", format_offset, NOW, &f->view, offsets[i].want);
	}
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_as_people_read_it),
		cmocka_unit_test(availability_is_cut),
		cmocka_unit_test(offsets_of_zones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

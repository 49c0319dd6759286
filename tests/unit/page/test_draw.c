/* The charts: a gap is a gap, what is over the top is told, and the axis breaks where it must. */
#include "page/draw.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "page/draw_private.h"

#include "fixture_pages.h"

static unsigned count(const char *text, const char *what)
{
	unsigned n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

/* ---- latency ---- */

enum { BINS = 6, MS = 1000 };

/* A bin each letter: . 400 ms, ^ with a p95 of 9 s, F failed, U unknown, a space not measured. */
static void fill(struct page_bin *bins, const char *letters)
{
	for (size_t i = 0; i < BINS; i++) {
		const bool has_value = letters[i] == '.' || letters[i] == '^';

		bins[i] = (struct page_bin){ .signin_us = has_value ? 200 * MS : PAGE_NO_SPAN,
			.there_us = has_value ? 120 * MS : PAGE_NO_SPAN,
			.back_us = has_value ? 80 * MS : PAGE_NO_SPAN,
			.p95_us = letters[i] == '^' ? 9000 * MS
				  : has_value       ? 500 * MS
						    : PAGE_NO_SPAN,
			.n_runs = 5,
			.n_failed = letters[i] == 'F' ? 5 : 0,
			.is_measured = letters[i] != ' ',
			.worst = letters[i] == 'F'   ? WATCH_FAILED
				 : letters[i] == 'U' ? WATCH_UNKNOWN
						     : WATCH_OK };
	}
}

static const struct {
	const char *name, *bins;
	unsigned stretches, bands, hatched, cuts;
} charts[] = {
	{ "all there", "......", 1, 0, 0, 0 },
	{ "a gap", "..  ..", 2, 0, 1, 0 },
	{ "failed", "...FFF", 1, 1, 0, 0 },
	{ "failed twice", "F.FF..", 2, 2, 0, 0 },
	{ "unknown is no failure", "..UU..", 2, 0, 1, 0 },
	{ "one bin alone", " .    ", 1, 0, 2, 0 },
	{ "nothing came back", "FFFFFF", 0, 1, 0, 0 },
	{ "nothing measured", "      ", 0, 0, 1, 0 },
	{ "over the top", ".^^..^", 1, 0, 0, 2 },
};

static void a_gap_is_no_line(void **state)
{
	struct fixture *f = fixture_new(MOOD_CALM, 1, 1, NULL);
	struct page_bin bins[BINS];

	(void)state;
	for (size_t i = 0; i < COUNT(charts); i++) {
		struct page_test_model m = { .set = &f->overview.set,
			.test = f->tests[0],
			.chart = { NOW - HOUR, 10 * MINUTE, bins, BINS, 600 * MS, 0 } };
		struct buf b;
		const struct html h = { &b, &f->view };
		char *area, *text;

		fill(bins, charts[i].bins);
		buf_init(&b, 1 << 20);
		draw_latency(&h, &m);
		text = strdup(buf_cstr(&b));
		area = strstr(text, "<path class=\"a1\"");
		assert_non_null(area);
		if (count(text, "class=\"bandb\"") != charts[i].bands ||
			count(text, "<rect class=\"q\"") != charts[i].hatched ||
			count(text, "\xe2\x96\xb2") != charts[i].cuts)
			fail_msg("%s: %s", charts[i].name, text);
		*strstr(area, "/>") = '\0';
		if (count(area, "z") != charts[i].stretches)
			fail_msg("%s: %s", charts[i].name, area);
		free(text);
		buf_done(&b);
	}
	free(f);
}

static void scales_are_round(void **state)
{
	static const struct {
		int64_t us, top;
	} tops[] = { { INT64_MAX, 100000000 * (int64_t)MS }, { 0, 400 }, { 400, 400 }, { 401, 800 },
		{ 500 * MS, 800 * MS }, { 801 * MS, 1000 * MS }, { 1001 * MS, 2000 * MS },
		{ 86400000 * (int64_t)MS, 100000000 * (int64_t)MS } };

	(void)state;
	for (size_t i = 0; i < COUNT(tops); i++)
		assert_int_equal(draw_nice_top(tops[i].us), tops[i].top);
}

/* ---- the waterfall ---- */

static void the_axis_breaks_for_a_long_wait(void **state)
{
	static const struct {
		unsigned wait_ms;
		bool is_broken;
	} waits[] = { { 0, false }, { 100, false }, { 500, false }, { 10000, true },
		{ 3600000, true } };
	struct fixture *f = fixture_new(MOOD_CALM, 1, 1, NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(waits); i++) {
		struct page_run_model m = { .phases = fixture_phases(false),
			.fail_phase = PHASE_DELIVER,
			.has_phases = true };
		struct buf b;
		const struct html h = { &b, &f->view };

		m.phases.duration[PHASE_DELIVER] = TS_MS(waits[i].wait_ms);
		buf_init(&b, 1 << 20);
		draw_waterfall(&h, &m);
		assert_int_equal(count(buf_cstr(&b), "\xe2\x89\x88"), waits[i].is_broken);
		assert_int_equal(count(buf_cstr(&b), "class=\"edgeb\""), 1);
		for (const char *p = buf_cstr(&b); (p = strstr(p, " x=\"")); p++)
			assert_true(strtod(p + 4, NULL) <= 100.0);
		buf_done(&b);
	}
	free(f);
}

/* A name that nobody resolves: one phase, and nothing to be broken for. */
static void a_wait_alone_is_whole(void **state)
{
	struct fixture *f = fixture_new(MOOD_CALM, 1, 1, NULL);
	struct page_run_model m = { .fail_phase = PHASE_SIP_RESOLVE, .has_phases = true };
	struct buf b;
	const struct html h = { &b, &f->view };

	(void)state;
	m.phases.ran = 1u << PHASE_SIP_RESOLVE;
	m.phases.duration[PHASE_SIP_RESOLVE] = TS_S(10);
	buf_init(&b, 1 << 20);
	draw_waterfall(&h, &m);
	assert_int_equal(count(buf_cstr(&b), "\xe2\x89\x88"), 0);
	assert_non_null(strstr(
		buf_cstr(&b), "class=\"wt\" y=\"6\" height=\"11\" x=\"0.0%\" width=\"100.0%\""));
	assert_non_null(strstr(buf_cstr(&b), ">2.00\xc2\xa0s</text>"));
	buf_done(&b);
	free(f);
}

/* ---- 90 days ---- */

static const struct {
	const char *name;
	enum watch_state worst;
	int64_t us;
	const char *drawn, *words;
} days[] = {
	{ "fine", WATCH_OK, 0, "", "Never failed" },
	{ "four minutes", WATCH_FAILED, 4 * MINUTE, "class=\"f\" x=\"445\" y=\"18\"",
		"Failed today 4\xc2\xa0min" },
	{ "half an hour", WATCH_FAILED, 30 * MINUTE, "class=\"f\" x=\"445\" y=\"12\"",
		"Failed today 30\xc2\xa0min" },
	{ "two hours", WATCH_FAILED, 2 * HOUR, "class=\"f\" x=\"445\" y=\"6\"",
		"Failed today 2\xc2\xa0h" },
	{ "all day", WATCH_FAILED, 23 * HOUR, "class=\"f\" x=\"445\" y=\"0\"",
		"Failed today 23\xc2\xa0h" },
	{ "unstable", WATCH_UNSTABLE, HOUR / 2, "class=\"u\" d=\"M445 28l2-16 2 16z\"",
		"Never failed; unstable on 1 day" },
	{ "not measured", WATCH_UNKNOWN, HOUR / 2, "class=\"q\" x=\"445\"",
		"Never failed; not measured on 1 day" },
	{ "maintenance", WATCH_MAINTENANCE, HOUR / 2, "class=\"t\" x=\"445\"",
		"Never failed; maintenance on 1 day" },
};

static void a_day_is_as_high_as_it_was_long(void **state)
{
	struct fixture *f = fixture_new(MOOD_CALM, 1, 1, NULL);

	(void)state;
	for (size_t i = 0; i < COUNT(days); i++) {
		static struct page_days d;
		struct buf b;
		const struct html h = { &b, &f->view };

		for (unsigned k = 0; k < PAGE_DAYS; k++)
			d.days[k].kind = PAGE_DAY_MEASURED;
		d.days[PAGE_DAYS - 1].worst = days[i].worst;
		d.days[PAGE_DAYS - 1].bad_us = days[i].us;
		buf_init(&b, 1 << 16);
		draw_days(&h, &d);
		if (!strstr(buf_cstr(&b), days[i].drawn))
			fail_msg("%s: %s", days[i].name, buf_cstr(&b));
		assert_int_equal(draw_days_are_fine(&d), days[i].worst == WATCH_OK);
		buf_clear(&b);
		draw_days_words(&h, &d);
		assert_string_equal(buf_cstr(&b), days[i].words);
		buf_done(&b);
	}
	free(f);
}

/* The latest first, four of them, then how many more. */
static void many_bad_days_are_counted(void **state)
{
	struct fixture *f = fixture_new(MOOD_CALM, 1, 1, NULL);
	static struct page_days d;
	struct buf b;
	const struct html h = { &b, &f->view };

	(void)state;
	for (unsigned k = 0; k < PAGE_DAYS; k++)
		d.days[k] = (struct page_day){ k < 80 ? PAGE_DAY_GONE : PAGE_DAY_MEASURED,
			k < 80 ? WATCH_OK : WATCH_FAILED, HOUR };
	buf_init(&b, 1 << 16);
	draw_days_words(&h, &d);
	assert_string_equal(buf_cstr(&b),
		"Failed today 1\xc2\xa0h, Sun 29 Nov 1\xc2\xa0h, Sat 28 Nov 1\xc2\xa0h, Fri 27 Nov "
		"1\xc2\xa0h and 6 more; tested since Sat 21 Nov");
	buf_done(&b);
	free(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gap_is_no_line),
		cmocka_unit_test(scales_are_round),
		cmocka_unit_test(the_axis_breaks_for_a_long_wait),
		cmocka_unit_test(a_wait_alone_is_whole),
		cmocka_unit_test(a_day_is_as_high_as_it_was_long),
		cmocka_unit_test(many_bad_days_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "watch/zone_rule.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/mem.h"

static void hostile_rules_are_refused(void **state)
{
	static const struct {
		const char *text;
		size_t offset;
		int err;
	} rows[] = {
		{ "", 0, ERR_SYNTAX },
		{ "CE-1", 0, ERR_SYNTAX },
		{ "CET", 3, ERR_SYNTAX },
		{ "CETx", 4, ERR_SYNTAX },
		{ "<+01-1", 6, ERR_SYNTAX },
		{ "<+01>", 5, ERR_SYNTAX },
		{ "CET-26", 4, ERR_SYNTAX },
		{ "CET-1:60", 6, ERR_SYNTAX },
		{ "CET25", 5, ERR_SYNTAX },     /* 24:59:59 is the most, RFC 9636 section 3.2 */
		{ "CET-1CEST", 9, ERR_SYNTAX }, /* which rule is for the reader to guess */
		{ "CET-1CEST,", 10, ERR_SYNTAX },
		{ "CET-1CEST,M3.5.0", 16, ERR_SYNTAX },
		{ "CET-1CEST,M13.5.0,M10.5.0", 11, ERR_SYNTAX },
		{ "CET-1CEST,M0.5.0,M10.5.0", 12, ERR_SYNTAX },
		{ "CET-1CEST,M3.0.0,M10.5.0", 14, ERR_SYNTAX },
		{ "CET-1CEST,M3.6.0,M10.5.0", 13, ERR_SYNTAX },
		{ "CET-1CEST,M3.5.7,M10.5.0", 15, ERR_SYNTAX },
		{ "CET-1CEST,J0,J100", 12, ERR_SYNTAX },
		{ "CET-1CEST,J366,J100", 11, ERR_SYNTAX },
		{ "CET-1CEST,366,100", 10, ERR_SYNTAX },
		{ "CET-1CEST,M3.5.0/168,M10.5.0", 17, ERR_SYNTAX },
		{ "CET-1CEST,M3.5.0,M10.5.0/3x", 26, ERR_SYNTAX },
		{ "CET-1CEST,M3.5.0,M10.5.0,", 24, ERR_SYNTAX },
		{ "CET-1CEST,M3.5.0/9999999999,M10.5.0", 17, ERR_SYNTAX },
	};
	char longer[ZONE_RULE_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct zone_rule r = { .std_s = 42 };
		struct where where = { 0 };
		const int err = zone_rule_decode(&r, slice_str(rows[i].text), &where);

		if (err != rows[i].err)
			fail_msg("%s: %d", rows[i].text, err);
		if (err && (r.std_s != 42 || !where.what || where.offset != rows[i].offset))
			fail_msg("%s: %s at %zu", rows[i].text, where.what, where.offset);
	}
	memset(longer, 'A', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	struct zone_rule r;
	struct where where;
	assert_int_equal(zone_rule_decode(&r, slice_str(longer), &where), ERR_LIMIT);
}

/* libc reads the same text from TZ. */
static const char *const rules[] = {
	"UTC0",
	"CET-1CEST,M3.5.0,M10.5.0/3",
	"IST-1GMT0,M10.5.0,M3.5.0/1", /* the winter is the exception: Dublin */
	"<-04>4<-03>,M9.1.6/24,M4.1.6/24",
	"<+0545>-5:45",
	"<-03>3<-02>,M3.5.0/-1,M10.5.0/0",
	"EET-2EEST,M3.4.4/50,M10.4.4/50", /* Israel's and Palestine's form: days later */
	"NZST-12NZDT,M9.5.0,M4.1.0/3",
	"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
	"AAA3BBB,J60/2,J300/2",
	"AAA3BBB,59/2,299/2",
	"AAA-12:34:56BBB-13:00:01,M2.5.1/0,M8.2.3/12:30:45",
};

static void compare(const char *rule, const struct zone_rule *r, int64_t at)
{
	const struct zone_change c = zone_rule_at(r, at);
	const time_t t = (time_t)at;
	struct tm tm;

	localtime_r(&t, &tm);
	if (c.offset_s != tm.tm_gmtoff || c.is_dst != (tm.tm_isdst > 0) ||
		!slice_eqs(c.name, tm.tm_zone))
		fail_msg(
			"%s: %lld: %d, not %ld", rule, (long long)t, (int)c.offset_s, tm.tm_gmtoff);
}

static void it_agrees_with_libc(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rules); i++) {
		struct zone_change next = { 0 };
		struct zone_rule r;
		struct where where;
		unsigned n = 0;

		setenv("TZ", rules[i], 1);
		tzset();
		assert_int_equal(zone_rule_decode(&r, slice_str(rules[i]), &where), 0);
		for (int64_t at = 0; at < INT64_C(4000000000); n++) {
			for (int d = -1; d <= 1; d++)
				compare(rules[i], &r, at + d);
			if (!zone_rule_next(&r, at, &next))
				break;
			assert_true(next.at > at);
			at = next.at;
		}
		assert_true(n > 200 || !r.has_dst);
	}
	unsetenv("TZ");
	tzset();
}

/* RFC 9636 section 3.3.2: daylight saving time in effect all year. */
static void daylight_saving_time_may_last_all_the_year(void **state)
{
	struct zone_rule r;
	struct where where;

	(void)state;
	assert_int_equal(zone_rule_decode(&r, SLICE("XXX3EDT4,0/0,J365/23"), &where), 0);
	for (int64_t at = 1700000000; at < 1800000000; at += 3600)
		assert_int_equal(zone_rule_at(&r, at).offset_s, -4 * 3600);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_rules_are_refused),
		cmocka_unit_test(it_agrees_with_libc),
		cmocka_unit_test(daylight_saving_time_may_last_all_the_year),
	};

	return cmocka_run_group_tests_name("zone_rule", tests, NULL, NULL);
}

/* What a report makes of the history's figures. */
#include "watcher/reported.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/mem.h"
#include "watch/histogram.h"

#define DAY  (INT64_C(86400) * 1000000)
#define HOUR (INT64_C(3600) * 1000000)
#define AT   (INT64_C(20758) * DAY) /* 1 November 2026 */

static struct store_name names[] = {
	{ 1, "im", "pool.litware.test", "contoso.test", "to", "", true, 60000000 },
	{ 2, "im", "pool.litware.test", "contoso.test", "from", "", false, 60000000 },
	{ 3, "im", "pool.litware.test", "fabri,\"kam", "to", "", true, 60000000 },
	{ 4, "register", "pool.litware.test", "", "", "", true, 60000000 },
};

static struct store_report_day days[] = {
	{ AT, { 0, 1000, WATCH_OK }, 1000, 1000 },
	{ AT + DAY, { 600, 1000, WATCH_FAILED }, 990, 1000 },
	{ AT - DAY, { 60, 1000, WATCH_UNSTABLE }, 999, 1000 },
};

static struct store_report_test tests[] = {
	{ .test_id = 1,
		.counts = { .n = { [WATCH_OK] = 1990,
				    [WATCH_FAILED] = 10,
				    [WATCH_UNKNOWN] = 2,
				    [WATCH_MAINTENANCE] = 10 } },
		.p50_us = 100,
		.p95_us = 200,
		.p99_us = 300,
		.bad_us = 10 * 60000000,
		.incidents = 2,
		.ended = 2,
		.repair_us = 600000000,
		.first_day = 0,
		.n_days = 2 },
	{ .test_id = 3,
		.counts = { .n = { [WATCH_OK] = 500, [WATCH_UNSTABLE] = 500 } },
		.p50_us = STORE_NONE,
		.p95_us = STORE_NONE,
		.p99_us = STORE_NONE },
	{ .test_id = 4,
		.counts = { .n = { [WATCH_FAILED] = 7 } },
		.p50_us = STORE_NONE,
		.p95_us = STORE_NONE,
		.p99_us = STORE_NONE,
		.incidents = 1 },
	{ .test_id = 9, .counts = { .n = { [WATCH_FAILED] = 7 } } }, /* has no name any more */
};

static struct store_incident worst[] = {
	{ 7, 1,
		{ .begin_at = AT - HOUR,
			.end_at = AT + HOUR,
			.reason = REASON_IM_NOT_DELIVERED,
			.runs = 9,
			.times = 1 } },
	{ 8, 4, { .begin_at = AT + HOUR, .reason = REASON_SIP_NO_ANSWER, .runs = 7, .times = 1 } },
};

static struct store_reason reasons[] = { { REASON_SIP_NO_ANSWER, 7, 1, AT },
	{ REASON_IM_NOT_DELIVERED, 10, 1, AT } };

struct rig {
	struct zone zone;
	struct page_view view;
	struct store_report report;
	struct store_names names;
	struct reported_cfg cfg;
	struct buf hist;
};

static void rig_init(struct rig *r)
{
	static struct histogram h;

	*r = (struct rig){ .view = { .zone = &r->zone, .now_at = AT + 10 * DAY } };
	zone_open_utc(&r->zone);
	h = (struct histogram){ .n = 0 };
	for (unsigned i = 0; i < 100; i++)
		histogram_add(&h, 400000 + i);
	buf_init(&r->hist, HISTOGRAM_BLOB_MAX);
	histogram_encode(&h, &r->hist);
	tests[0].hist = buf_slice(&r->hist);
	r->report = (struct store_report){ .n = COUNT(tests),
		.tests = tests,
		.n_days = 2,
		.days = days,
		.n_worst = COUNT(worst),
		.worst = worst,
		.n_reasons = COUNT(reasons),
		.reasons = reasons,
		.covered_from = AT,
		.covered_to = AT + 2 * DAY };
	r->names = (struct store_names){ .n = COUNT(names), .rows = names };
	r->cfg = (struct reported_cfg){ .report = &r->report,
		.names = &r->names,
		.view = &r->view,
		.span = { AT, AT + 30 * DAY } };
}

static void the_page_counts_what_is_of_partners(void **state)
{
	struct reported r;
	struct rig rig;

	(void)state;
	rig_init(&rig);
	assert_int_equal(reported_init(&r, &rig.cfg), 0);
	const struct page_month *m = &r.month;
	assert_int_equal(m->n_days, 30);
	assert_false(m->is_over);
	assert_int_equal(m->sum.share.passed, 1990 + 1000);
	assert_int_equal(m->sum.share.judged, 2000 + 1000);
	assert_int_equal(m->with_maintenance.judged, 2010 + 1000);
	assert_int_equal(m->sum.n_failures, 2);
	assert_int_equal(m->recover_us, 300000000);
	assert_int_equal(m->n_unknown, 2);
	assert_int_equal(m->maintenance_us, 10 * 60000000);
	assert_int_equal(m->n_tests, 2);
	assert_in_range(m->p50_us, 394000, 407000);
	/* worst first */
	assert_int_equal(m->n_rows, 2);
	assert_true(slice_eqs(m->rows[0].name, "contoso.test"));
	assert_int_equal(m->rows[0].days[1].worst, WATCH_FAILED);
	assert_int_equal(m->rows[0].days[1].bad_us, 600000000);
	assert_int_equal(m->rows[0].days[2].kind, PAGE_DAY_GONE);
	assert_int_equal(m->rows[1].p50_us, PAGE_NO_SPAN);
	/* what began before the span is counted from its begin; what is not of a partner is a cause
	 */
	assert_int_equal(m->n_failures, 1);
	assert_true(slice_eqs(m->failures[0].row.id, "7"));
	assert_int_equal(m->n_causes, 2);
	assert_int_equal(m->causes[0].reason, REASON_SIP_NO_ANSWER);
	assert_int_equal(m->causes[1].us, HOUR);
	reported_done(&r);
	buf_done(&rig.hist);
}

static void months_are_listed(void **state)
{
	struct reported_months m;
	struct rig rig;

	(void)state;
	rig_init(&rig);
	rig.report.n_days = 3;
	rig.report.covered_from = AT - DAY;
	tests[0].n_days = 3;
	assert_int_equal(reported_months_init(&m, &rig.cfg), 0);
	assert_int_equal(m.list.n, 2);
	assert_int_equal(m.begins[0], AT);
	assert_int_equal(m.sums[0].share.passed, 1990);
	assert_int_equal(m.sums[0].down_us, 600000000);
	assert_int_equal(m.sums[1].share.judged, 1000);
	assert_int_equal(m.sums[1].n_failures, 1);
	reported_months_done(&m);
	rig.report.covered_from = 0;
	assert_int_equal(reported_months_init(&m, &rig.cfg), 0);
	assert_int_equal(m.list.n, 0);
	reported_months_done(&m);
	tests[0].n_days = 2;
	buf_done(&rig.hist);
}

static void the_files_have_every_test(void **state)
{
	struct rig rig;
	struct buf b;

	(void)state;
	rig_init(&rig);
	buf_init(&b, 1 << 20);
	reported_put_csv(&b, &rig.cfg);
	const char *csv = buf_cstr(&b);
	assert_non_null(strstr(csv, "\r\nim,pool.litware.test,contoso.test,to,,2012,1990,10,0,2,10,"
				    "0.995000,0.990050,2,600.000000,300.000000,0.000100,"));
	assert_non_null(strstr(csv, "\r\nim,pool.litware.test,\"fabri,\"\"kam\",to,,1000,1000,0,500"
				    ",0,0,1.000000,1.000000,0,0.000000,,,,\r\n"));
	assert_non_null(strstr(csv, "\r\nregister,pool.litware.test,,,,7,0,7,"));
	buf_clear(&b);
	assert_int_equal(reported_put_json(&b, &rig.cfg), 0);
	json_t *o = json_loads(buf_cstr(&b), 0, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "schema")), "stox.report/1");
	assert_string_equal(json_string_value(json_object_get(o, "from")), "2026-11-01T00:00:00Z");
	assert_int_equal(json_array_size(json_object_get(o, "tests")), 3);
	assert_int_equal(json_array_size(json_object_get(o, "incidents")), 2);
	assert_int_equal(json_array_size(json_object_get(o, "reasons")), 2);
	json_decref(o);
	buf_done(&b);
	buf_done(&rig.hist);
}

int main(void)
{
	const struct CMUnitTest all[] = { cmocka_unit_test(the_page_counts_what_is_of_partners),
		cmocka_unit_test(months_are_listed), cmocka_unit_test(the_files_have_every_test) };

	return cmocka_run_group_tests(all, NULL, NULL);
}

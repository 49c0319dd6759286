/* Reports: the list of months; a month or any span of days as a page, as a page that needs nothing
 * else, as CSV and as JSON.
 *
 *	/reports/2026-11  /reports/2026-11-03..2026-11-17	then "", ".html", ".csv", ".json"
 */
#include <string.h>

#include "watcher/as_json.h"
#include "watcher/reported.h"
#include "watcher/shown.h"
#include "watcher/span.h"
#include "watcher/visit.h"

enum { REPORT, NAMES, BEFORE, LIST_DAYS = 760 };

static bool ask_report(struct visit *v, struct zone_span span, bool has_before)
{
	v->asks[REPORT] = (struct store_query){ .type = STORE_REPORT,
		.now_at = v->reader.now_at,
		.from = span.begin,
		.to = span.end,
		.limit = REPORTED_INCIDENTS };
	v->asks[NAMES] = (struct store_query){ .type = STORE_TESTS };
	v->n_asks = 2;
	if (!has_before)
		return true;
	v->asks[BEFORE] = v->asks[REPORT];
	v->asks[BEFORE].to = span.begin;
	v->asks[BEFORE].from = span_before(v->reader.zone, span).begin;
	v->asks[BEFORE].limit = 1;
	v->n_asks = 3;
	return true;
}

/* What is told of tests together cannot be taken apart: who does not see them all has none of it.
 */
static void leave_out(const struct visit *v, struct store_report *r)
{
	const size_t n_tests = r->n;
	size_t n = 0;

	for (size_t i = 0; i < n_tests; i++)
		if (access_sees(&v->access, v->w, r->tests[i].test_id))
			r->tests[n++] = r->tests[i];
	r->n = n;
	if (n < n_tests)
		r->n_reasons = 0;
	n = 0;
	for (size_t i = 0; i < r->n_worst; i++)
		if (access_sees(&v->access, v->w, r->worst[i].test_id))
			r->worst[n++] = r->worst[i];
	r->n_worst = n;
}

/* False: one could not be read, and it is shown. */
static bool take_answers(struct visit *v, struct web_answer *ret)
{
	if (visit_has_failed(v, ret))
		return false;
	leave_out(v, v->answers[REPORT]->report);
	if (v->n_asks > BEFORE)
		leave_out(v, v->answers[BEFORE]->report);
	return true;
}

static struct reported_cfg cfg_of(const struct visit *v)
{
	return (struct reported_cfg){ .report = v->answers[REPORT]->report,
		.before = v->n_asks > BEFORE ? v->answers[BEFORE]->report : NULL,
		.names = v->answers[NAMES]->names,
		.view = &v->reader,
		.span = { v->asks[REPORT].from, v->asks[REPORT].to } };
}

/* ---- the list ---- */

static bool ask_list(struct visit *v)
{
	return ask_report(v,
		(struct zone_span){ v->reader.now_at - LIST_DAYS * SHOWN_DAY_US, v->reader.now_at },
		false);
}

static int show_list(struct visit *v, struct web_answer *ret)
{
	struct reported_months months;

	if (!take_answers(v, ret))
		return 0;
	const struct reported_cfg cfg = cfg_of(v);
	int err = reported_months_init(&months, &cfg);
	if (!err)
		err = v->is_json ? as_json_months(&ret->body, &v->reader, &months.list)
				 : page_months(&ret->body, &v->reader, &months.list);
	reported_months_done(&months);
	return visit_page(v, ret, err);
}

/* ---- one ---- */

static bool ask_ending(struct visit *v, struct slice ending)
{
	struct zone_span span;

	if (!slice_ends(v->values[0], ending))
		return false;
	const struct slice text = slice_cut(v->values[0], 0, v->values[0].n - ending.n);
	return span_read(text, v->reader.zone, &span) && ask_report(v, span, true);
}

static bool ask_page(struct visit *v)
{
	return ask_ending(v, SLICE_NONE);
}

static bool ask_alone(struct visit *v)
{
	return ask_ending(v, SLICE(".html"));
}

static bool ask_csv(struct visit *v)
{
	return ask_ending(v, SLICE(".csv"));
}

static bool ask_json(struct visit *v)
{
	return ask_ending(v, SLICE(".json"));
}

static int put_page(const struct visit *v, struct web_answer *ret)
{
	const struct reported_cfg cfg = cfg_of(v);
	struct reported r;

	int err = reported_init(&r, &cfg);
	if (!err)
		err = page_month(&ret->body, &v->reader, &r.month);
	reported_done(&r);
	return err;
}

static void put_file(struct web_answer *ret, const char *type)
{
	ret->status = 200;
	ret->type = type;
	ret->cache = "no-store";
	web_answer_field(ret, "X-Content-Type-Options", SLICE("nosniff"));
}

static int show_json(struct visit *v, struct web_answer *ret)
{
	if (!take_answers(v, ret))
		return 0;
	const struct reported_cfg cfg = cfg_of(v);
	put_file(ret, "application/json");
	return reported_put_json(&ret->body, &cfg);
}

static int show_page(struct visit *v, struct web_answer *ret)
{
	if (v->is_json)
		return show_json(v, ret);
	return !take_answers(v, ret) ? 0 : visit_page(v, ret, put_page(v, ret));
}

/* To be kept: it has its style in itself, and nothing that could run. */
static int show_alone(struct visit *v, struct web_answer *ret)
{
	if (!take_answers(v, ret))
		return 0;
	v->reader.is_alone = true;
	put_file(ret, "text/html; charset=utf-8");
	web_answer_field(ret, "Content-Disposition", SLICE("attachment"));
	web_answer_field(ret, "Content-Security-Policy",
		SLICE("default-src 'none'; style-src 'unsafe-inline'"));
	web_answer_field(ret, "Content-Language", slice_str(tongue_name(v->tongue)));
	return put_page(v, ret);
}

static int show_csv(struct visit *v, struct web_answer *ret)
{
	if (!take_answers(v, ret))
		return 0;
	const struct reported_cfg cfg = cfg_of(v);
	put_file(ret, "text/csv; charset=utf-8");
	reported_put_csv(&ret->body, &cfg);
	return buf_err(&ret->body);
}

const struct view view_reports = { .pattern = "/reports",
	.api = "/api/v1/reports",
	.ask = ask_list,
	.show = show_list,
	.needs = ROLE_REPORT };
const struct view view_report = { .pattern = "/reports/{}",
	.api = "/api/v1/reports/{}",
	.ask = ask_page,
	.show = show_page,
	.needs = ROLE_REPORT };
const struct view view_report_alone = {
	.pattern = "/reports/{}", .ask = ask_alone, .show = show_alone, .needs = ROLE_REPORT
};
const struct view view_report_csv = {
	.pattern = "/reports/{}", .ask = ask_csv, .show = show_csv, .needs = ROLE_REPORT
};
const struct view view_report_json = {
	.pattern = "/reports/{}", .ask = ask_json, .show = show_json, .needs = ROLE_REPORT
};

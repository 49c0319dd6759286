/* reported.h - what the history says of a span of days, as a report: for its page, as CSV and as
 * JSON.
 *
 * The page counts the tests that carry something to or from a partner; the files have every test,
 * those too that are configured no more.
 */
#pragma once

#include "page/month.h"
#include "store/query.h"

enum { REPORTED_INCIDENTS = STORE_LIMIT_MAX, REPORTED_SHOWN = 8 };

struct reported_cfg {
	const struct store_report *report, *before; /* before: of the span in front; NULL: none */
	const struct store_names *names;
	const struct page_view *view;
	struct zone_span span; /* as it was asked for */
};

struct reported {
	struct reported_cfg cfg; /* borrowed */
	struct page_month month; /* points at what stands below */
	struct page_set set;
	struct page_place *pools, *partners;
	struct month_row *rows;
	struct month_failure *failures;
	struct month_cause *causes;
	char (*ids)[24];
};

/* 0 or -ENOMEM. */
int reported_init(struct reported *r, const struct reported_cfg *cfg);
void reported_done(struct reported *r);
/* RFC 4180, a line for each test; the first one names the columns. */
void reported_put_csv(struct buf *b, const struct reported_cfg *cfg);
/* "schema": "stox.report/1".  0, -ENOMEM or the buffer's error. */
int reported_put_json(struct buf *b, const struct reported_cfg *cfg);

/* The name of a test; NULL: the history has it no more. */
const struct store_name *reported_name(const struct store_names *names, int64_t id);
/* Each month of it, newest first. */
struct reported_months {
	struct page_months list;
	int64_t *begins;
	struct month_sum *sums;
};
int reported_months_init(struct reported_months *m, const struct reported_cfg *cfg);
void reported_months_done(struct reported_months *m);

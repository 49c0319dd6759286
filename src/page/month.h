/* month.h - the report of a month, or of another span of days: was the promise kept, and why not.
 * One page of A4 for seven partners; the headline is the answer.
 *
 * Available is the share of runs in which a message arrived and an answer came back; runs in
 * maintenance and unknown ones are left out.
 */
#pragma once

#include "page/model.h"

enum { MONTH_DAYS_MAX = 31 };

struct month_row { /* a partner */
	struct slice name;
	struct page_share share, with_maintenance; /* the second: maintenance counts as down */
	uint32_t n_failures;
	int64_t down_us;
	int64_t p50_us, p95_us;
	struct page_day days[MONTH_DAYS_MAX];
};

struct month_failure { /* longest first */
	struct page_incident_row row;
	struct slice done; /* what was done, by who did it; "" */
};

struct month_cause { /* that cost most time first */
	enum reason reason;
	int64_t us;
	uint64_t n_runs;
};

struct month_sum { /* of all partners */
	struct page_share share;
	uint32_t n_failures;
	int64_t down_us;
};

struct page_month {
	int64_t begin_at, end_at; /* of it */
	unsigned n_days;          /* over MONTH_DAYS_MAX: the days are not drawn */
	bool is_over;
	unsigned target;              /* hundredths of per cent: 9990; 0: none was promised */
	struct month_sum sum, before; /* before: of the month before; judged 0: none */
	struct page_share with_maintenance;
	int64_t recover_us; /* mean */
	int64_t p50_us, p95_us;
	const struct page_set *set;   /* the places */
	const struct month_row *rows; /* worst first */
	size_t n_rows;
	const struct month_failure *failures;
	size_t n_failures;
	const struct month_cause *causes;
	size_t n_causes;
	int64_t maintenance_us, unknown_us;
	uint64_t n_maintenance, n_unknown; /* runs */
	uint32_t n_tests;
	uint64_t n_runs;
};

/* /reports/YYYY-MM, as page/page.h says. */
int page_month(struct buf *b, const struct page_view *v, const struct page_month *m);

struct page_months { /* /reports: newest first */
	const int64_t *begins;
	const struct month_sum *sums;
	size_t n;
};
int page_months(struct buf *b, const struct page_view *v, const struct page_months *m);

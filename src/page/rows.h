/* rows.h - tables that several pages have. */
#pragma once

#include "page/html.h"

enum rows_width { ROWS_FEW, ROWS_ALL }; /* columns */

/* That are over; by month where there are all columns. */
void rows_put_incidents(const struct html *h, const struct page_set *set,
	const struct page_incident_row *rows, size_t n, enum rows_width width);
void rows_put_between(
	const struct html *h, const struct page_set *set, const struct page_incident_row *r);
void rows_put_runs(const struct html *h, const struct page_run_row *rows, size_t n);
void rows_put_planned(
	const struct html *h, const struct page_planned *rows, size_t n, const char *title);
void rows_put_test(const struct html *h, const struct page_set *set, size_t test);
void rows_put_tests(const struct html *h, const struct page_set *set); /* worst first */
/* A form of one select each; GET to `path`. */
void rows_put_filters(
	const struct html *h, const char *path, const struct page_filter *filters, size_t n);

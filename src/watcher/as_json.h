/* as_json.h - what the pages show as JSON, for /api/v1: each the same model as its page (page.h),
 * so that both tell of the same tests.  doc/stox-watch.openapi.json describes every one.
 *
 * 0, -ENOMEM or the buffer's error.
 */
#pragma once

#include <jansson.h>

#include "page/month.h"
#include "page/page.h"

int as_json_overview(struct buf *b, const struct page_view *v, const struct page_overview *m);
int as_json_tests(struct buf *b, const struct page_view *v, const struct page_tests_model *m);
int as_json_test(struct buf *b, const struct page_view *v, const struct page_test_model *m);
/* `result`: what `stox test --format json` has said of it, borrowed; NULL: it was not kept. */
int as_json_run(
	struct buf *b, const struct page_view *v, const struct page_run_model *m, json_t *result);
int as_json_incidents(
	struct buf *b, const struct page_view *v, const struct page_incidents_model *m);
int as_json_incident(struct buf *b, const struct page_view *v, const struct page_incident_model *m);
int as_json_maintenance(
	struct buf *b, const struct page_view *v, const struct page_maintenance_model *m);
int as_json_watchers(struct buf *b, const struct page_view *v, const struct page_watchers_model *m);
int as_json_months(struct buf *b, const struct page_view *v, const struct page_months *m);
/* A run of the test at that path was asked for. */
int as_json_accepted(struct buf *b, struct slice path);
/* RFC 9457, application/problem+json. */
int as_json_problem(struct buf *b, const struct page_error *error);

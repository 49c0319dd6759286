/* page.h - the watcher's pages, made on the server: a model in (page/model.h), HTML out.
 *
 * Pure.  What comes out is UTF-8, HTML 5 in which every element that can have an end has it.  No
 * style attribute, no script in the page, no address of another machine: PAGE_CSP is the header
 * that goes with each page.  Every view works without script; with it, parts that have an id are
 * replaced by those of the stream (page_event_*()).
 *
 * Each returns 0, -ENOMEM, or -EMSGSIZE when the buffer's limit is too small: PAGE_BYTES_MAX is
 * enough for 1,000 tests.
 */
#pragma once

#include "page/model.h"
#include "watch/roles.h"

enum { PAGE_BYTES_MAX = 4 << 20 };

#define PAGE_CSP                                                                                   \
	"default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "          \
	"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

/* / , /pools/NAME, /partners/DOMAIN */
int page_overview(struct buf *b, const struct page_view *v, const struct page_overview *m);
int page_tests(struct buf *b, const struct page_view *v, const struct page_tests_model *m);
int page_test(struct buf *b, const struct page_view *v, const struct page_test_model *m);
int page_runs(struct buf *b, const struct page_view *v, const struct page_runs_model *m);
int page_run(struct buf *b, const struct page_view *v, const struct page_run_model *m);
int page_incidents(struct buf *b, const struct page_view *v, const struct page_incidents_model *m);
int page_incident(struct buf *b, const struct page_view *v, const struct page_incident_model *m);
int page_maintenance(
	struct buf *b, const struct page_view *v, const struct page_maintenance_model *m);
int page_audit(struct buf *b, const struct page_view *v, const struct page_audit_model *m);
int page_roles(struct buf *b, const struct page_view *v, const struct roles *roles);
int page_error(struct buf *b, const struct page_view *v, const struct page_error *m);

/* Messages of the stream (server-sent events, HTML Living Standard section 9.2), each whole: an
 * element that takes the place of the one with its id.  A page that has none ignores it.  The
 * script takes them from /events?page=PATH. */
int page_event_test(struct buf *b, const struct page_view *v, const struct page_set *set,
	size_t test); /* the cell of the matrix, and the row of the list */
/* Verdict, title, what needs attention, and what is spoken. */
int page_event_overview(struct buf *b, const struct page_view *v, const struct page_overview *m);
/* "Live. Last result 07:58:14": at most one a second. */
int page_event_live(struct buf *b, const struct page_view *v);

/* "/t/paris/contoso.test/to": its segments are escaped. */
void page_put_test_path(struct buf *b, const struct page_set *set, const struct page_test *test);

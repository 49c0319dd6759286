/* visit.h - one request of a page: what it asks of the history, and what it shows when the answers
 * are there.
 *
 * A view is two functions: one says what is to be asked (nothing: it is shown at
 * once), the other makes the page.  Between the two the reader may leave, and the history may take
 * its time: neither is waited for.
 */
#pragma once

#include "page/page.h"
#include "watcher/access.h"
#include "watcher/private.h"
#include "watcher/tongues.h"
#include "web/server.h"
#include "web/uri.h"

enum { VISIT_ASKS_MAX = 4 };

struct visit {
	struct watcher *w;
	const struct view *view;
	struct web_path path; /* values[] lie in it */
	struct slice values[WEB_SEGMENTS_MAX];
	unsigned n_values;
	enum tongue tongue;
	bool is_chosen; /* by ?lang= */
	struct access access;
	bool is_json;     /* it asks for /api/: so are its errors */
	bool is_loopback; /* it came to an address of this machine alone */
	struct page_view reader;
	/* what the query says, cut to what there is */
	enum page_range range;
	bool by_phase;
	char host[256];  /* that was asked for, of ours; "": HTTP/1.0 */
	char query[512]; /* as it came */
	bool is_bad;     /* it says what cannot be: 400 */
	bool is_outside; /* for whoever has the address: nothing of the inside goes with it */
	unsigned form;   /* that the path's ending names: the view's */
	struct store_key before;
	struct visit_filters {
		char state[16], pool[256], partner[256]; /* "": all */
	} filters;
	/* what was asked */
	unsigned n_asks, n_open;
	struct store_query asks[VISIT_ASKS_MAX];
	uint64_t numbers[VISIT_ASKS_MAX];
	struct store_answer *answers[VISIT_ASKS_MAX];
	/* to whom it goes */
	struct web_server *server;
	uint64_t call;
	struct list node;
};

struct view {
	const char *pattern; /* web_route_match() */
	const char *api;     /* the same as JSON, with as many values; NULL: there is none */
	/* Fills in asks, n_asks.  False: what is asked for is not here (404). */
	bool (*ask)(struct visit *v);
	/* 0, or a page's error. */
	int (*show)(struct visit *v, struct web_answer *ret);
	enum role_command needs; /* of who asks, and with the tests that are in it */
};

extern const struct view view_overview, view_feed, view_pool, view_partner, view_tests, view_test,
	view_test_alone, view_runs, view_runs_alone, view_run, view_run_json, view_run_trace,
	view_incidents, view_incident, view_watchers, view_maintenance, view_audit, view_roles,
	view_reports, view_report, view_report_alone, view_report_csv, view_report_json, view_badge,
	view_badge_place, view_badge_alone, view_badge_test, view_history, view_public,
	view_run_pcapng;

/* Is the path of this pattern?  Then its values are. */
bool visit_match(struct visit *v, const char *pattern);
/* Of the view's, by what is asked for: pages or JSON. */
bool visit_is_of(struct visit *v, const struct view *view);

/* Fills in the filters; false: one is longer than any name. */
bool visit_read_filters(struct visit *v, struct slice query);

/* For views. */
/* What was made has worked (else its error): type, CSP, cookie, language; of /api/ as JSON. */
int visit_page(struct visit *v, struct web_answer *ret, int err);
int visit_error(struct visit *v, struct web_answer *ret, const struct page_error *error);
/* The test that the path names: pool, partner, direction; NULL: none, or he does not see it. */
struct watched *visit_test(const struct visit *v);
/* The first answer that is an error: 503.  True: it was shown. */
bool visit_has_failed(struct visit *v, struct web_answer *ret);

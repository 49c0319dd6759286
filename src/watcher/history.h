/* history.h - runs of the history as a table, as JSON, as CSV: for `stox history`, of a running
 * watcher and of a file alike.
 */
#pragma once

#include "page/model.h"
#include "store/query.h"

enum history_form { HISTORY_TEXT, HISTORY_JSON, HISTORY_CSV };
enum { HISTORY_FORMS = 3 };

extern const char *const history_form_types[HISTORY_FORMS]; /* Content-Type */

/* What is asked for, as it stands on the command line and in a query. */
struct history_ask {
	struct slice test, from, to, states, limit; /* empty: any, and the limit of its own */
};

/* False: one of them cannot be.  ret->test_id stays 0: who knows the tests fills it in. */
bool history_read(const struct history_ask *a, const struct page_view *v, struct store_query *ret);
/* The number of the test of that name; 0: there is none. */
int64_t history_test(const struct store_names *names, struct slice key);
/* 0, -ENOMEM or the buffer's error. */
int history_put(struct buf *b, enum history_form form, const struct page_view *v,
	const struct store_runs *runs, const struct store_names *names);

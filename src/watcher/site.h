/* site.h - the pages and the metrics over HTTP, on each address of `watch.listen`. */
#pragma once

#include "watcher/private.h"
#include "web/server.h"

enum { SITE_LISTEN_MAX = 8 };

/* The addresses of the plan, or the one of the options; without any *ret stays NULL.  0, or an
 * error with a sentence. */
int site_new(struct site **ret, struct watcher *w, const struct plan *plan, struct text *why);
struct site *site_free(struct site *s);

/* All of these do nothing without a site. */
/* The files that another plan names for those who sign in, until it comes into force.  0, or an
 * error with a sentence: the plan is not to be taken, and one that waits already still is. */
int site_prepare(struct site *s, const struct watch_config *next, struct text *why);
void site_push_test(struct site *s, struct watched *t);             /* a run of it is over */
void site_push_answer(struct site *s, struct store_answer *answer); /* takes it */
void site_push_tests(struct site *s); /* they do not stand as they did, in the same plan */
void site_push_plan(struct site *s);  /* the one of site_prepare() is in force, the old one goes */
void site_drop_plan(struct site *s);  /* it is not taken after all */
void site_push_time(struct site *s, ts_t now);
ts_t site_deadline(const struct site *s);
struct web_counts site_counts(const struct site *s);

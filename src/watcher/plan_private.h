/* plan_private.h - what the files of the plan share.
 *
 *   plan.c            all of it
 *   plan_tests.c      which tests, and what each is
 *   plan_windows.c    maintenance and its zones
 *   plan_receivers.c  who is told
 *   plan_access.c     who reaches it, and what he may
 *   plan_machine.c    what follows from this machine
 *   plan_values.c     values as all of them have them
 */
#pragma once

#include "watcher/plan.h"

/* One list of the configuration, decoded. */
struct plan_windows {
	struct plan_window *v;
	unsigned n;
};

/* While a plan is made. */
struct planner {
	struct plan *plan;
	const struct conf *conf;
	const char *conf_path;
	struct problems *problems;
};

/* What each adds is freed with the plan, also after a failure.  0 or -ENOMEM; what is wrong is
 * added to the problems. */
int plan_add_tests(struct planner *p);
int plan_add_receivers(struct planner *p);
int plan_add_access(struct planner *p);
/* The zone of the configuration first. */
int plan_add_zone(struct planner *p, struct slice name, struct conf_place at);
int plan_add_windows(
	struct planner *p, const struct conf_texts *texts, const struct plan_windows **ret);

/* NULL with 0: it was left out. */
int plan_path(const struct planner *p, const struct conf_text *path, char **ret);
/* "NAME=VALUE" of the configuration, borrowed. */
struct alert_label plan_label(const struct conf_text *text);

void plan_free_test(struct plan_test *t);
void plan_free_receiver(struct plan_receiver *r);
void plan_free_access(struct plan_access *a);

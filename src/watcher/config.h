/* config.h - the configuration file as a watcher takes it: at the start, with --check and --once,
 * and at each reload.  What is refused at one is refused at all. */
#pragma once

#include "watcher/plan.h"

struct watch_config {
	struct conf *conf;
	char *path; /* where it was found */
	struct plan *plan;
};

/* FILE, or NULL for where one is looked for.  0; or, with whole lines in `why`, in the language of
 * `look_up` (NULL: English, for a log), an exit status: 2, or 3 (no memory).  *ret is to be done in
 * either case. */
int watch_config_open(
	struct watch_config *ret, const char *file, text_look_up *look_up, struct buf *why);
void watch_config_done(struct watch_config *c); /* zeroed: also of what was never opened */

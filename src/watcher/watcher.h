/* watcher.h - tests on a schedule: their history, alerts, pages.  The program stox-watch. */
#pragma once

#include "watcher/options.h"

int watcher_run(const struct watch_options *options); /* the exit status */

/* trial.h - `stox watch --test-alert NAME`: a receiver is told a trial, and what became of it is
 * said. */
#pragma once

#include "watcher/config.h"

/* The exit status: 0 it got there, 1 it did not, 2 there is no such receiver, 3 it cannot be tried.
 */
int trial_run(const struct watch_config *c, const char *name);

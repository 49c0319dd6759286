/* check.h - `stox watch --check`: what a watcher would do, and whether it can read its secrets. */
#pragma once

/* FILE, or NULL for where one is looked for; the exit status. */
int watch_check(const char *file);

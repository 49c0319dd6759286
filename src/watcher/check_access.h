/* check_access.h - what `stox watch --check` says of who reaches the watcher, and what he may. */
#pragma once

#include "app/page.h"
#include "watcher/plan.h"

void check_put_access(struct page *p, const struct plan *plan);

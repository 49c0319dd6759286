/* days.h - the 90 days of one or more tests in one strip, from the history and, of today, from what
 * is in memory. */
#pragma once

#include "page/model.h"
#include "store/query.h"
#include "watcher/private.h"

/* The i-th test of the answer, which is `w`, to those that are in *ret already (zeroed: none). */
void days_add(struct page_days *ret, const struct store_overview *o, size_t i,
	const struct watched *w, int64_t now_at);

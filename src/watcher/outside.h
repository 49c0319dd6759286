/* outside.h - what a partner may see of the tests with it: the struct of that page (page/public.h),
 * from the board and the history.
 *
 * On whose side a cause is said to be is ours or nobody's: that it is the partner's own is for a
 * person to say.
 */
#pragma once

#include "page/public.h"
#include "store/query.h"
#include "watcher/board.h"

enum { OUTSIDE_BEFORE = 20, OUTSIDE_PLANNED = 8 };

struct outside { /* what its page points at is in it */
	struct page_public page;
	struct public_incident before[OUTSIDE_BEFORE];
	struct public_planned planned[OUTSIDE_PLANNED];
};

/* `b` is of that partner; the history's answers are NULL where it is away.  The names and who reads
 * are the caller's to fill in. */
void outside_fill(struct outside *ret, const struct board *b, const struct store_overview *days,
	const struct store_incidents *over, int64_t now_at);

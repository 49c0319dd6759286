/* timers.h - many deadlines, one head: an indexed binary heap.
 *
 * Each machine embeds a struct timer.  timers_due() hands out those that are
 * due, one a call, and disarms them; the machine arms itself again.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/ts.h"

struct timer {
	ts_t at;      /* TS_NEVER when not armed */
	size_t index; /* place in the heap + 1; 0 when not armed */
};

struct timers {
	struct timer **heap;
	size_t n, cap;
};

void timers_init(struct timers *t);
void timers_done(struct timers *t); /* disarms all; frees the heap, not the timers */
/* Makes sure that n timers can be armed without an allocation: 0 or -ENOMEM. */
int timers_reserve(struct timers *t, size_t n);
/* Arms, moves, or (TS_NEVER) disarms.  0 or -ENOMEM; moving an armed one cannot fail. */
int timers_set(struct timers *t, struct timer *timer, ts_t at);
ts_t timers_deadline(const struct timers *t);         /* TS_NEVER if none */
struct timer *timers_due(struct timers *t, ts_t now); /* NULL when nothing is due */

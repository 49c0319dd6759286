/* rollup.h - the state of many tests in one: of a pool, of a partner, of all.  The worst of them.
 */
#pragma once

#include "watch/judge.h"

/* Plain data, embedded in what it is of; zeroed it is empty. */
struct rollup {
	uint32_t counts[WATCH_STATES];
};

void rollup_add(struct rollup *r, enum watch_state s);
void rollup_remove(struct rollup *r, enum watch_state s); /* it was added */
void rollup_move(struct rollup *r, enum watch_state from, enum watch_state to);
uint32_t rollup_count(const struct rollup *r); /* of tests */
/* UNKNOWN when there is none: nothing was measured. */
enum watch_state rollup_worst(const struct rollup *r);

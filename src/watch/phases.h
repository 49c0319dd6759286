/* phases.h - when the phases of a run began and how long they took, as the history keeps it
 * (result.phases): enough for the waterfall.
 *
 * The blob: a byte of version, a mask of the phases that ran, and for each of them, in the order of
 * the mask's bits, its start and its duration (watch/varint.h).  A phase has its bit for ever,
 * wherever it is shown: the bits are a table of their own.
 */
#pragma once

#include "base/buf.h"
#include "probe/result.h"

enum {
	PHASES_VERSION = 1,
	PHASES_BLOB_MAX = 1 + 3 + PHASE_COUNT * 2 * 6, /* bytes */
};
#define PHASES_TIME_MAX TS_S(86400) /* a run is over long before */

struct phases {
	uint32_t ran;              /* 1 << enum probe_phase */
	ts_t started[PHASE_COUNT]; /* since the run's start; 0 where it did not run */
	ts_t duration[PHASE_COUNT];
};

/* Those that ran, to their end or not. */
void phases_of(const struct probe_phase_result results[PHASE_COUNT], struct phases *ret);
void phases_encode(const struct phases *p, struct buf *b); /* what is over the limit is cut to it */
/* 0; ERR_UNSUPPORTED: of a later version; ERR_SYNTAX for what phases_encode() does not write;
 * ERR_LIMIT: a phase that is not known, or a time that cannot be.  *ret is not written on failure.
 */
int phases_decode(struct slice blob, struct phases *ret);

/* histogram.h - how long many runs took, in few bytes: a fixed log-linear histogram.
 *
 * Values are microseconds.  Each octave has 32 buckets of equal width, below 64 each value has its
 * own; what a quantile says is the middle of a bucket, so it is wrong by 1/64 (1.6 %) at most and
 * by 0.6 % on the average.  The buckets are the same for everybody: the histograms of hours, of
 * tests and of watchers are merged by adding, without loss.
 *
 * The blob of the history (roll_hour.hist, roll_day_hist.hists) has for each bucket that is not
 * empty two numbers (watch/varint.h): how far it is behind the one before it, and its count; the
 * first one's distance is its number.  An empty blob is an empty histogram.  Which buckets there
 * are belongs to the form: with others it would be another column.
 */
#pragma once

#include "base/buf.h"

enum {
	HISTOGRAM_BUCKETS = 1024,
	HISTOGRAM_BLOB_MAX = HISTOGRAM_BUCKETS * (2 + 6), /* bytes */
};
#define HISTOGRAM_VALUE_MAX                                                                        \
	((UINT64_C(1) << 36) - 1)               /* 19 hours; what is longer counts as that         \
						 */
#define HISTOGRAM_COUNT_MAX (UINT64_C(1) << 40) /* of all values together */

/* Plain data, to be embedded and copied; zeroed it is empty. */
struct histogram {
	uint64_t n; /* of all values */
	uint64_t counts[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *h, uint64_t us); /* not counted where it is full */
/* 0; ERR_LIMIT when it were too many: then nothing changes. */
int histogram_merge(struct histogram *h, const struct histogram *more);
/* The value that `permille` thousandths of all are not above (nearest rank); 0 when it is empty. */
uint64_t histogram_quantile(const struct histogram *h, unsigned permille);
/* How many are in the buckets up to the one of `us`. */
uint64_t histogram_count_to(const struct histogram *h, uint64_t us);

void histogram_encode(const struct histogram *h, struct buf *b);
/* 0; ERR_SYNTAX for what histogram_encode() does not write; ERR_LIMIT for a bucket or a count that
 * cannot be.  *ret is not written on failure. */
int histogram_decode(struct slice blob, struct histogram *ret);

/* progress.h - one line on a terminal that says what a test is at, and is gone when it ends.
 *
 * On standard error, so that the result can be piped; only where a line can be
 * taken back, and only when the test takes long enough for somebody to wonder.
 * It is an engine beside the probe in the same pump, for nothing but its
 * deadline.
 */
#pragma once

#include "app/pump.h"
#include "report/report.h"

struct progress {
	const struct probe *probe; /* NULL: there is no terminal */
	unsigned count;            /* round trips */
	unsigned width;
	struct sheet_style style;
	ts_t start, next;
	bool shown;
};

/* `p` must live until pump_free(). */
void progress_start(
	struct progress *p, const struct probe *probe, unsigned count, struct pump *pump);
/* Takes the line back; it comes again at the next tick. */
void progress_clear(struct progress *p);
/* For good: the probe may go. */
void progress_end(struct progress *p);

/* probe_figures.h - what a probe has found, in Prometheus' text format 0.0.4 and under the names
 * that blackbox_exporter has, so that its dashboards and alerts find them.  `probe_success` is
 * always there, and what was not measured is not.
 *
 * Pure.
 */
#pragma once

#include "report/report.h"

struct probe_figures {
	bool has_passed;
	enum reason reason; /* NONE: it has passed */
	ts_t took, timeout;
	const struct sweep_result *sweep; /* of one side; or */
	const struct probe_result *test;  /* of a whole test; or NULL both: it did not begin */
};

/* 0 or the buffer's error. */
int probe_figures_put(struct buf *b, const struct probe_figures *f);

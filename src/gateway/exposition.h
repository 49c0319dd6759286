/* exposition.h - what the gateway counts, in the words of Prometheus: the text format 0.0.4 and
 * OpenMetrics 1.0.
 *
 * Pure, and in parts: one goes on where the one before stopped, whatever was
 * counted or read again in between, so that no part takes longer than others
 * can wait.  All names, labels and their values are of tables here, but the
 * names of partners.
 */
#pragma once

#include "gateway/gateway.h"

enum exposition_format {
	EXPOSITION_TEXT,
	EXPOSITION_OPENMETRICS,
};

/* What the engine does not know of the process around it. */
struct exposition_facts {
	const char *version, *component;
	int64_t started, loaded; /* microseconds since 1970; the configuration in force */
	uint64_t reloads, reloads_refused, log_lines_dropped;
	bool is_ready, is_refused; /* the last reload was */
	ts_t now;
};

/* Zeroed but for the format it begins. */
struct exposition {
	enum exposition_format format;
	size_t family;
	bool is_begun; /* the family */
	size_t at;     /* its next row */
	bool is_in_row;
	size_t row, cell;
};

/* Puts lines until there are `enough` bytes, or all; at least one.  False: those were the last. */
bool exposition_put(struct exposition *x, const struct gateway *g,
	const struct exposition_facts *facts, struct buf *b, size_t enough);

/* The families from 0, for the manual; false behind the last. */
struct exposition_family {
	const char *name, *ending; /* of its samples: "_total" */
	const char *labels;        /* as "peer, cause"; "": none */
	const char *help;          /* to be looked up: base/text.h */
};
bool exposition_family(size_t i, struct exposition_family *ret);

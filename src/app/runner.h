/* runner.h - one probe in a pump, and its result on paper: what `stox test` and `stox lab --test`
 * share. */
#pragma once

#include "app/outputs.h"
#include "app/progress.h"
#include "app/traces.h"

struct runner {
	struct outputs outputs; /* planned by the owner */
	struct traces traces;   /* as its options say */
	unsigned verbosity;
	const char *config; /* the --config of the command line, or NULL */
	struct progress progress;
	struct rng rng;
	struct probe *probe;
	int64_t started_at_us;
	const struct report_check *checks; /* of both sides, when it is reported */
	unsigned n_checks;
};

void runner_seed(struct rng *rng); /* from the system */
/* Exit status of an error here: 2 with `why` told, or 3. */
int runner_start(
	struct runner *r, struct pump *pump, const struct probe_cfg *cfg, struct text *why);
/* There is nothing to run: prints that as a result; returns the exit status. */
int runner_refuse(struct runner *r, const struct probe_cfg *cfg, enum reason reason,
	enum probe_phase phase, const struct text *why);
/* Takes back what is shown of the progress, before another line goes to standard error. */
void runner_clear(struct runner *r);
/* From the pump's drained(): prints the ladder; true when the probe is done. */
bool runner_drained(struct runner *r);
/* Writes the traces, and the result where it was planned to go; returns the exit status. */
int runner_report(struct runner *r);
void runner_done(struct runner *r); /* after pump_free() */

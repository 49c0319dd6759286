/* judge.h - what a run that is over says of what it tested: the five states.
 *
 * The numbers are those of the history (result.state, test_state.state) and stay.  OK and UNSTABLE
 * and FAILED are judgements; UNKNOWN (the fault is the watcher's own) and MAINTENANCE are none:
 * they are counted apart and blame nobody.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "probe/reason.h"

enum watch_state {
	WATCH_OK = 0,
	WATCH_UNSTABLE = 1, /* passed, but not at the first attempt: shown and never hidden */
	WATCH_FAILED = 2,
	WATCH_UNKNOWN = 3,
	WATCH_MAINTENANCE = 4,
};
enum { WATCH_STATES = 5 };

const char *watch_state_name(enum watch_state s); /* "ok": stable, never translated */
/* Worst first: failed, unstable, unknown, maintenance, ok. */
bool watch_state_is_worse(enum watch_state a, enum watch_state b);
bool watch_state_is_judged(enum watch_state s);

/* A run that is over.  Its test and `scheduled_at` are its id. */
struct watch_run {
	int64_t scheduled_at; /* UTC, microseconds since 1970 */
	bool has_passed;
	enum reason reason;   /* NONE when it has passed */
	enum reason expected; /* a policy test: exactly this refusal is right; NONE: passing is */
	unsigned attempts;    /* 1: it was not tried again */
	bool is_own_fault;    /* the watcher's: a stall, no network.  So are the local_* reasons */
	bool in_maintenance;
};

/* Maintenance goes before our own faults, and these before any judgement.  A policy test that was
 * let through is FAILED, and there is no reason then. */
enum watch_state watch_judge(const struct watch_run *run);

#include "watch/judge.h"

#include <assert.h>

#include "base/mem.h"

static const struct {
	const char *name;
	unsigned rank; /* the worst has the highest */
	bool is_judged;
} states[] = {
	[WATCH_OK] = { "ok", 0, true },
	[WATCH_UNSTABLE] = { "unstable", 3, true },
	[WATCH_FAILED] = { "failed", 4, true },
	[WATCH_UNKNOWN] = { "unknown", 2, false },
	[WATCH_MAINTENANCE] = { "maintenance", 1, false },
};
static_assert(COUNT(states) == WATCH_STATES, "each state has a row");

const char *watch_state_name(enum watch_state s)
{
	return states[s].name;
}

bool watch_state_is_worse(enum watch_state a, enum watch_state b)
{
	return states[a].rank > states[b].rank;
}

bool watch_state_is_judged(enum watch_state s)
{
	return states[s].is_judged;
}

static bool is_ours(const struct watch_run *run)
{
	return run->is_own_fault ||
	       (run->reason != REASON_NONE && reason_info(run->reason)->exit_status != 1);
}

enum watch_state watch_judge(const struct watch_run *run)
{
	if (run->in_maintenance)
		return WATCH_MAINTENANCE;
	if (is_ours(run))
		return WATCH_UNKNOWN;
	const bool is_right = run->expected == REASON_NONE
				      ? run->has_passed
				      : !run->has_passed && run->reason == run->expected;
	if (!is_right)
		return WATCH_FAILED;
	return run->attempts > 1 ? WATCH_UNSTABLE : WATCH_OK;
}

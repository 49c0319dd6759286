/* A phase as a test case: passed, failed, in error or skipped. */
#include "report/private.h"

static struct report_case skipped(const char *why)
{
	return (struct report_case){ .verdict = VERDICT_SKIPPED, .why = why };
}

/* No phase but the one of the verdict is a failure: the exit status says the same. */
struct report_case report_case_of(const struct probe_result *r, enum probe_phase phase)
{
	if (!r->success && r->phase == phase)
		return (struct report_case){ .verdict = reason_info(r->reason)->exit_status == 1
								? VERDICT_FAILED
								: VERDICT_ERROR };
	if (r->other.reason && r->other.phase == phase)
		return skipped(N_("it failed, too: the verdict is the other side's"));
	switch (r->phases[phase].outcome) {
	case PHASE_OK: return (struct report_case){ .verdict = VERDICT_PASSED };
	case PHASE_SKIPPED: return skipped(N_("not needed"));
	case PHASE_NOT_RUN:
		return skipped(r->success ? N_("not part of this test") : N_("not reached"));
	case PHASE_RUNNING:
	case PHASE_STOPPED: return skipped(N_("stopped: the verdict came before its end"));
	case PHASE_FAILED: break; /* the clean-up */
	}
	return skipped(N_("it did not end in time"));
}

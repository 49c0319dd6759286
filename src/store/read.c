#include "store/read.h"

#include <errno.h>

int read_answer(struct reading *r)
{
	switch (r->query->type) {
	case STORE_OVERVIEW: return read_overview(r);
	case STORE_SERIES: return read_series(r);
	case STORE_RUNS: return read_runs(r);
	case STORE_RUN: return read_run(r);
	case STORE_INCIDENTS: return read_incidents(r);
	case STORE_INCIDENT: return read_incident(r);
	case STORE_REASONS: return read_reasons(r);
	case STORE_REPORT: return read_report(r);
	case STORE_AUDIT: return read_audit(r);
	case STORE_TESTS: return read_tests(r);
	case STORE_SYNCED: return -EINVAL;
	}
	return -EINVAL;
}

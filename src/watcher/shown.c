#include "watcher/shown.h"

struct page_share shown_share(const struct store_counts *c)
{
	const uint64_t passed = c->n[WATCH_OK] + c->n[WATCH_UNSTABLE];

	return (struct page_share){ passed, passed + c->n[WATCH_FAILED] };
}

struct page_share shown_seen(const struct watched *t)
{
	const uint64_t passed = t->runs[WATCH_OK] + t->runs[WATCH_UNSTABLE];

	return (struct page_share){ passed, passed + t->runs[WATCH_FAILED] };
}

struct page_run_row shown_run(const struct store_row *row, char id[RUN_ID_MAX])
{
	return (struct page_run_row){ .id = slice_str(
					      run_id_put(id, row->test_id, row->scheduled_at)),
		.at = row->scheduled_at,
		.state = row->state,
		.latency_us = shown_span(row->latency_us),
		.reason = row->reason,
		.attempts = row->attempts };
}

struct page_incident_row shown_incident(
	const struct store_incident *from, const struct board *b, size_t at, char id[BOARD_ID_MAX])
{
	board_incident_id(id, from->id);
	return (struct page_incident_row){ .id = slice_str(id),
		.begin_at = from->incident.begin_at,
		.end_at = from->incident.end_at,
		.state = WATCH_FAILED,
		.pool = b->tests[at].pool,
		.partner = b->tests[at].partner,
		.kind = b->tests[at].kind,
		.reason = from->incident.reason,
		.n_runs = from->incident.runs };
}

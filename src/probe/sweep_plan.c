#include <string.h>

#include "base/mem.h"
#include "probe/sweep_private.h"

static bool is_listed(const struct sweep *s, const struct sweep_row *row)
{
	for (unsigned i = 0; i < s->n_rows; i++) {
		const struct sweep_row *r = &s->rows[i];

		if (r->kind == row->kind && r->plan == row->plan && addr_eq(&r->addr, &row->addr) &&
			strcmp(r->host, row->host) == 0)
			return true;
	}
	return false;
}

static bool has_room(const struct sweep *s, const struct sweep_row *row)
{
	unsigned n = 0;

	for (unsigned i = 0; row->service[0] && i < s->n_rows; i++)
		n += s->rows[i].kind == row->kind && strcmp(s->rows[i].service, row->service) == 0;
	return s->n_rows < SWEEP_ROWS_MAX && n < SWEEP_SERVICE_ROWS_MAX;
}

static struct sweep_row *add_row(
	struct sweep *s, const struct targets_service *sv, const struct targets_target *t)
{
	struct sweep_row *row = &s->rows[s->n_rows]; /* one more than the limit was allocated */

	memset(row, 0, sizeof(*row));
	row->kind = (enum sweep_kind)sv->kind;
	row->source = sv->source;
	row->plan = (enum sweep_plan)sv->plan;
	row->rank = sv->rank;
	row->order = sv->order;
	row->priority = t->priority;
	row->weight = t->weight;
	row->transport = sv->transport;
	slice_cstr(slice_str(sv->name), row->service, sizeof(row->service));
	memcpy(row->host, t->host, sizeof(row->host));
	row->addr = t->addr;
	if (is_listed(s, row))
		return NULL;
	if (!has_room(s, row)) {
		s->result.left_out_addresses++;
		return NULL;
	}
	s->n_rows++;
	return row;
}

void sweep_blame_dns(struct sweep_fault *f, const struct question *q)
{
	struct targets_failure failure;

	targets_explain(q, &failure);
	const struct blame blame = blame_dns(&failure);
	f->step = SWEEP_RESOLVE;
	f->reason = blame.reason;
	f->message = blame.message;
	evidence_keep_dns(&f->evidence, &failure);
}

static const struct question *find(const struct sweep *s, enum dns_type type, const char *name)
{
	const struct questions *qs = &s->targets.questions;

	return questions_at(qs, questions_find(qs, type, name));
}

/* A host without an address is a row too, and has failed already. */
static void fail_row(struct sweep *s, struct sweep_row *row)
{
	/* Where records are missing, a failure to look for them says more. */
	const struct question *q =
		row->source == TARGETS_FALLBACK
			? targets_decisive(&s->targets, row->plan)
			: question_graver(find(s, DNS_A, row->host), find(s, DNS_AAAA, row->host));

	row->outcome = SWEEP_FAILED;
	row->reached = SWEEP_RESOLVE;
	if (!q)
		return;
	row->n_faults = 1;
	sweep_blame_dns(&row->faults[0], q);
}

void sweep_plan_rows(struct sweep *s)
{
	struct targets_target t;

	targets_close(&s->targets);
	s->result.left_out_services = s->targets.left_out_services;
	s->result.left_out_targets = s->targets.left_out_records;
	while (targets_take_target(&s->targets, &t)) {
		struct sweep_row *row = add_row(s, &s->targets.services[t.service], &t);

		if (row && row->addr.family == 0)
			fail_row(s, row);
	}
}

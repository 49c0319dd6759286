#include <string.h>

#include "base/mem.h"
#include "probe/sweep_private.h"

/* Rows [from, to) of one target, of one priority, of one plan. */
struct span {
	unsigned from, to;
};

/* ---- which would have been used ---- */

static bool same_plan(const struct sweep_row *a, const struct sweep_row *b)
{
	return a->plan == b->plan;
}

static bool same_priority(const struct sweep_row *a, const struct sweep_row *b)
{
	return same_plan(a, b) && a->rank == b->rank && a->priority == b->priority;
}

static bool same_target(const struct sweep_row *a, const struct sweep_row *b)
{
	return same_priority(a, b) && a->kind == b->kind && a->addr.port == b->addr.port &&
	       strcmp(a->host, b->host) == 0 && strcmp(a->service, b->service) == 0;
}

/* The next rows behind span->to that belong together, up to `end`. */
static bool next_span(const struct sweep *s, unsigned end, struct span *span,
	bool (*same)(const struct sweep_row *a, const struct sweep_row *b))
{
	span->from = span->to;
	if (span->from >= end)
		return false;
	while (span->to < end && same(&s->rows[span->from], &s->rows[span->to]))
		span->to++;
	return true;
}

/* Of one family: servers give the addresses of a name in turns, so each is as likely. */
static unsigned count_connected(const struct sweep *s, struct span target, uint8_t family)
{
	unsigned n = 0;

	for (unsigned i = target.from; i < target.to; i++)
		n += s->rows[i].connected && s->rows[i].addr.family == family;
	return n;
}

/* Which family a client ends up with: IPv4 comes first.  0: none can be connected to. */
static uint8_t family_of(const struct sweep *s, struct span target)
{
	return count_connected(s, target, 4) ? 4 : count_connected(s, target, 6) ? 6 : 0;
}

/* Was an address given up that would have come first, or is among those that are as likely? */
static bool is_lame(const struct sweep *s, struct span target, uint8_t family)
{
	for (unsigned i = target.from; i < target.to; i++)
		if (!s->rows[i].connected && s->rows[i].addr.family <= family)
			return true;
	return false;
}

static void use_target(
	struct sweep *s, struct span target, unsigned share_permille, const struct sweep_row *how)
{
	const uint8_t family = family_of(s, target);
	const unsigned n = count_connected(s, target, family);
	const bool passed_over = how->passed_over || is_lame(s, target, family);

	for (unsigned i = target.from; i < target.to; i++) {
		struct sweep_row *row = &s->rows[i];

		if (!row->connected || row->addr.family != family)
			continue;
		row->used = true;
		row->share_permille = share_permille / n;
		row->passed_over = passed_over;
		row->weight_sum = how->weight_sum;
		row->n_equals = how->n_equals * n;
	}
}

/* RFC 2782: of hosts of one priority chance decides, in proportion to their weights.  Those that
 * cannot be connected to are passed over, which leaves the proportions of the others as they are.
 * A weight of 0 among others is next to no chance. */
static bool use_group(struct sweep *s, struct span group, bool passed_over)
{
	struct sweep_row how = { .passed_over = passed_over };
	struct span target = { .to = group.from };

	while (next_span(s, group.to, &target, same_target)) {
		if (!family_of(s, target)) {
			how.passed_over = true;
			continue;
		}
		how.weight_sum += s->rows[target.from].weight;
		how.n_equals++;
	}
	if (how.n_equals == 0)
		return false;
	target = (struct span){ .to = group.from };
	while (next_span(s, group.to, &target, same_target)) {
		const uint32_t weight = s->rows[target.from].weight;

		if (family_of(s, target) && (weight || !how.weight_sum))
			use_target(s, target,
				how.weight_sum ? 1000 * weight / how.weight_sum
					       : 1000 / how.n_equals,
				&how);
	}
	return true;
}

static bool use_plan(struct sweep *s, struct span plan)
{
	struct span group = { .to = plan.from };
	bool passed_over = false;

	while (next_span(s, plan.to, &group, same_priority)) {
		if (use_group(s, group, passed_over))
			return true;
		passed_over = true;
	}
	return false;
}

/* ---- findings ---- */

static struct sweep_finding *add(struct sweep *s, enum sweep_severity severity, int row)
{
	struct sweep_result *r = &s->result;

	if (r->n_findings == SWEEP_FINDINGS_MAX)
		return NULL;
	struct sweep_finding *f = &s->findings[r->n_findings++];
	*f = (struct sweep_finding){ .severity = severity, .row = row };
	r->n_of[severity]++;
	return f;
}

static void remark(struct sweep *s, enum sweep_severity severity, enum sweep_remark what, int row,
	struct text message)
{
	struct sweep_finding *f = add(s, severity, row);

	if (!f)
		return;
	f->remark = what;
	f->message = message;
}

/* RFC 7590 section 3.4: between servers a certificate that proves nothing is still encryption, and
 * dialback proves the rest, weakly. */
static bool is_made_up_for(const struct sweep_row *row, const struct sweep_fault *f)
{
	return row->features.dialback && f == &row->faults[0] && f->step == SWEEP_TLS &&
	       row->tls.version[0];
}

/* Not every partner's server speaks to other servers; one that has records says it does. */
static bool is_excused(
	const struct sweep *s, const struct sweep_row *row, const struct sweep_fault *f)
{
	return row->plan == SWEEP_PLAN_SERVER && s->cfg.extent != SWEEP_FEDERATION &&
	       (row->source == TARGETS_FALLBACK || is_made_up_for(row, f));
}

static enum sweep_severity severity_of(const struct sweep *s, const struct sweep_row *row,
	const struct sweep_fault *f, bool plan_is_used)
{
	const bool needed = row->used || !plan_is_used;

	if (row->kind == SWEEP_SIP_FEDERATION)
		return SWEEP_NOTE;
	if (f->reason == REASON_LOCAL_NETWORK && (plan_is_used || row->plan == SWEEP_PLAN_NONE))
		return SWEEP_NOTE; /* it says nothing about the other side */
	if (row->plan == SWEEP_PLAN_NONE || !needed || is_excused(s, row, f))
		return SWEEP_WARNING;
	return SWEEP_FAILURE;
}

static void find_faults(struct sweep *s, struct span plan, bool plan_is_used)
{
	for (unsigned i = plan.from; i < plan.to; i++) {
		const struct sweep_row *row = &s->rows[i];

		for (unsigned k = 0; k < row->n_faults; k++) {
			struct sweep_finding *f =
				add(s, severity_of(s, row, &row->faults[k], plan_is_used), (int)i);

			if (f)
				f->fault = &row->faults[k];
		}
	}
}

/* ---- what is not of a row ---- */

static bool is_told(const struct sweep *s, enum reason reason, const char *name)
{
	for (unsigned i = 0; i < s->n_rows; i++)
		for (unsigned k = 0; k < s->rows[i].n_faults; k++) {
			const struct sweep_fault *f = &s->rows[i].faults[k];

			if (f->reason == reason && strcmp(f->evidence.dns_name, name) == 0)
				return true;
		}
	for (unsigned i = 0; i < s->n_own_faults; i++)
		if (s->own_faults[i].reason == reason &&
			strcmp(s->own_faults[i].evidence.dns_name, name) == 0)
			return true;
	return false;
}

static void find_question(struct sweep *s, enum sweep_severity severity, const struct question *q)
{
	struct sweep_fault *own = &s->own_faults[s->n_own_faults];

	if (s->n_own_faults == SWEEP_OWN_FAULTS_MAX)
		return;
	sweep_blame_dns(own, q);
	if (is_told(s, own->reason, q->name))
		return;
	for (unsigned i = 0; i < s->result.n_findings; i++) {
		struct sweep_finding *f = &s->findings[i];

		if (f->row < 0 && f->fault && f->fault->reason == own->reason &&
			f->severity == severity) {
			f->more++;
			return;
		}
	}
	struct sweep_finding *f = add(s, severity, -1);
	if (!f)
		return;
	f->fault = own;
	s->n_own_faults++;
}

/* Does anybody's way depend on that question? */
static bool is_needed(const struct sweep *s, uint32_t id)
{
	const struct targets *t = &s->targets;
	const struct question *q = questions_at(&t->questions, id);

	if (q->type == DNS_NAPTR)
		return !s->by_hand;
	for (unsigned i = 0; i < t->n_services; i++)
		if (t->services[i].plan != SWEEP_PLAN_NONE && t->services[i].srv == id)
			return true;
	for (unsigned i = 0; i < s->n_rows; i++)
		if (s->rows[i].plan != SWEEP_PLAN_NONE &&
			slice_ieqs(slice_str(q->name), s->rows[i].host))
			return true;
	return false;
}

/* A question without an answer hides what there may be. */
static void find_dns_failures(struct sweep *s)
{
	for (uint32_t id = 1; id <= s->targets.questions.n && !s->result.interrupted; id++)
		if (question_gravity(&s->targets.asked[id - 1]) > 1)
			find_question(s, is_needed(s, id) ? SWEEP_WARNING : SWEEP_NOTE,
				&s->targets.asked[id - 1]);
}

/* The target ".", and nothing else in the plan. */
static void find_refusal(struct sweep *s, enum sweep_plan plan)
{
	const bool is_excused = plan == SWEEP_PLAN_SERVER && s->cfg.extent != SWEEP_FEDERATION;

	for (unsigned i = 0; i < s->n_rows; i++)
		if (s->rows[i].plan == plan)
			return;
	const struct question *q = targets_decisive(&s->targets, plan);
	if (q)
		find_question(s, is_excused ? SWEEP_WARNING : SWEEP_FAILURE, q);
}

static void find_fallback(struct sweep *s)
{
	for (unsigned i = 0; i < s->n_rows; i++) {
		const struct sweep_row *row = &s->rows[i];

		if (row->plan != SWEEP_PLAN_SIP || row->source != TARGETS_FALLBACK ||
			!row->addr.family)
			continue;
		remark(s, SWEEP_WARNING, SWEEP_REMARK_DNS_FALLBACK, (int)i,
			TEXT(N_("{1} has no NAPTR or SRV records: port {2} over {3} was taken"),
				text_str(row->host), text_u64(row->addr.port),
				text_str(transport_name(row->transport))));
		return;
	}
}

/* RFC 2782: a target must not be an alias; some follow it all the same. */
static void find_aliases(struct sweep *s)
{
	const struct targets *t = &s->targets;

	for (unsigned i = 0; i < s->n_rows; i++) {
		const struct sweep_row *row = &s->rows[i];
		const uint32_t id = questions_find(&t->questions, DNS_A, row->host);
		const struct question *q = questions_at(&t->questions, id);

		if (!q || !q->alias[0] || !row->service[0] || row->kind == SWEEP_SIP_FEDERATION ||
			(i > 0 && strcmp(row->host, row[-1].host) == 0 &&
				strcmp(row->service, row[-1].service) == 0))
			continue;
		remark(s, SWEEP_WARNING, SWEEP_REMARK_SRV_ALIAS, (int)i,
			TEXT(N_("the SRV record of {1} names {2}, which is an alias (CNAME) of "
				"{3}: RFC 2782 forbids it, and not everybody follows it"),
				text_str(row->service), text_str(row->host), text_str(q->alias)));
	}
}

/* ---- certificates that end soon ---- */

static bool same_certificate(const struct tls_cert *a, const struct tls_cert *b)
{
	return a->not_after == b->not_after && strcmp(a->subject, b->subject) == 0 &&
	       strcmp(a->issuer, b->issuer) == 0;
}

/* Servers of one service have one certificate: it is told once. */
static bool is_first_with(const struct sweep *s, unsigned row, const struct tls_cert *cert)
{
	for (unsigned i = 0; i < row; i++) {
		const struct tls_cert *other = blame_first_to_end(&s->rows[i].tls);

		if (other && same_certificate(other, cert))
			return false;
	}
	return true;
}

static void find_certificates(struct sweep *s)
{
	for (unsigned i = 0; i < s->n_rows; i++) {
		const struct sweep_row *row = &s->rows[i];
		const struct tls_cert *c = blame_first_to_end(&row->tls);

		if (!c || !row->has_days || row->days_left < 0 ||
			row->days_left >= CERTIFICATE_ENDS_SOON_S / 86400 ||
			row->kind == SWEEP_SIP_FEDERATION || !is_first_with(s, i, c))
			continue;
		remark(s, SWEEP_WARNING, SWEEP_REMARK_CERTIFICATE_ENDS_SOON, (int)i,
			TEXT(N_("the certificate {1} of {2} ends on {3}"), text_str(c->subject),
				text_addr(&row->addr), text_date(c->not_after)));
	}
}

/* ---- what is missing ---- */

static void find_limits(struct sweep *s)
{
	const struct sweep_result *r = &s->result;

	if (r->left_out_services || r->left_out_targets || r->left_out_addresses)
		remark(s, SWEEP_WARNING, SWEEP_REMARK_ZONE_CUT, -1,
			TEXT(N_("the DNS has more than is looked at: {1} services, {2} hosts and "
				"{3} addresses were left out"),
				text_u64(r->left_out_services), text_u64(r->left_out_targets),
				text_u64(r->left_out_addresses)));
	if (r->not_tried && !r->interrupted)
		remark(s, SWEEP_WARNING, SWEEP_REMARK_UNFINISHED, -1,
			TEXT(N_("the time of {1} s was up before {2} addresses were tried"),
				text_seconds(s->cfg.timeout), text_u64(r->not_tried)));
}

/* Those that matter most first; else as they were found. */
static void sort_findings(struct sweep *s)
{
	for (unsigned i = 1; i < s->result.n_findings; i++) {
		const struct sweep_finding f = s->findings[i];
		unsigned at = i;

		while (at > 0 && s->findings[at - 1].severity < f.severity)
			at--;
		memmove(&s->findings[at + 1], &s->findings[at], (i - at) * sizeof(f));
		s->findings[at] = f;
	}
}

void sweep_judge(struct sweep *s)
{
	static const enum sweep_plan plans[] = { SWEEP_PLAN_SIP, SWEEP_PLAN_CLIENT,
		SWEEP_PLAN_SERVER };
	struct span plan = { 0, 0 };

	while (next_span(s, s->n_rows, &plan, same_plan)) {
		const bool used = s->rows[plan.from].plan != SWEEP_PLAN_NONE && use_plan(s, plan);

		find_faults(s, plan, used);
	}
	for (size_t i = 0; i < COUNT(plans); i++)
		if (sweep_has_plan(s, plans[i]) && !s->result.interrupted)
			find_refusal(s, plans[i]);
	find_dns_failures(s);
	find_fallback(s);
	find_aliases(s);
	find_certificates(s);
	find_limits(s);
	sort_findings(s);
	s->result.findings = s->findings;
}

/* ---- the status ---- */

int sweep_exit_status(const struct sweep_result *r, bool strict)
{
	int status = 0;

	if (r->interrupted)
		return reason_info(REASON_LOCAL_INTERRUPTED)->exit_status;
	for (unsigned i = 0; i < r->n_findings; i++) {
		const struct sweep_finding *f = &r->findings[i];
		const int own = f->fault ? reason_info(f->fault->reason)->exit_status : 1;

		if (f->severity != SWEEP_FAILURE)
			continue;
		if (own == 1)
			return 1; /* what the other side must mend comes before what we must */
		status = own;
	}
	return status ? status : strict && r->n_of[SWEEP_WARNING] ? 1 : 0;
}

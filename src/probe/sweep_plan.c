#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "probe/sweep_private.h"

enum { PAIRS_MAX = SWEEP_SERVICES_MAX * SWEEP_TARGETS_MAX };

/* ---- plans ---- */

static bool can(const struct sweep *s, enum sweep_kind kind)
{
	return !s->way.has_transport || s->way.transport == sweep_kind_info(kind)->transport;
}

static bool has_given(const struct sweep *s)
{
	for (unsigned i = 0; i < s->n_services; i++)
		if (s->services[i].source == SWEEP_GIVEN)
			return true;
	return false;
}

/* RFC 3263 section 4.1: records that NAPTR names, else those of our own names, TLS before TCP
 * before UDP. */
static void plan_pool(struct sweep *s)
{
	bool by_naptr = false;

	for (unsigned i = 0; i < s->n_services; i++)
		by_naptr |= s->services[i].source == SWEEP_NAPTR && can(s, s->services[i].kind);
	by_naptr &= s->way.asks_naptr;
	for (unsigned i = 0; i < s->n_services; i++) {
		struct sweep_service *sv = &s->services[i];
		const enum sweep_source counts = by_naptr ? SWEEP_NAPTR : SWEEP_SRV;

		if (sv->source == SWEEP_GIVEN)
			continue;
		sv->plan = !s->way.by_hand && can(s, sv->kind) && sv->source == counts
				   ? sweep_kind_info(sv->kind)->plan
				   : SWEEP_PLAN_NONE;
	}
}

static void plan_partner(struct sweep *s)
{
	const bool given = has_given(s);

	for (unsigned i = 0; i < s->n_services; i++) {
		struct sweep_service *sv = &s->services[i];

		sv->plan = sweep_kind_info(sv->kind)->plan;
		if (given && sv->source != SWEEP_GIVEN && sv->plan == SWEEP_PLAN_CLIENT)
			sv->plan = SWEEP_PLAN_NONE;
	}
}

/* Is there anything in this plan, or a record that says that there decidedly is nothing?  Such a
 * record forbids the fallback whichever of the services it is about (XEP-0368 section 5). */
static bool is_served(const struct sweep *s, enum sweep_plan plan)
{
	for (unsigned i = 0; i < s->n_services; i++) {
		const struct sweep_service *sv = &s->services[i];
		const struct question *q = questions_at(&s->questions, sv->srv);

		if (sv->plan == plan && (sv->n_targets || (q && q->says_no)))
			return true;
	}
	return false;
}

static void add_fallbacks(struct sweep *s)
{
	if (s->cfg.side == SWEEP_POOL) {
		if (!is_served(s, SWEEP_PLAN_SIP))
			sweep_names_add_own(
				s, sweep_kind_of(s->way.transport), SWEEP_FALLBACK, s->way.host, 0);
		return;
	}
	if (!is_served(s, SWEEP_PLAN_CLIENT))
		sweep_names_add_own(s, SWEEP_XMPP_CLIENT, SWEEP_FALLBACK, s->ascii, 0);
	if (!is_served(s, SWEEP_PLAN_SERVER))
		sweep_names_add_own(s, SWEEP_XMPP_SERVER, SWEEP_FALLBACK, s->ascii, 0);
}

/* Of services in one plan; where nobody tries any, by kind. */
static int by_rank(const void *pa, const void *pb)
{
	const struct sweep_service *a = pa, *b = pb;

	if (a->plan != b->plan)
		return a->plan < b->plan ? -1 : 1;
	if (a->order != b->order && a->plan != SWEEP_PLAN_NONE)
		return a->order < b->order ? -1 : 1;
	if (a->preference != b->preference && a->plan != SWEEP_PLAN_NONE)
		return a->preference < b->preference ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return slice_cmp(slice_str(a->name), slice_str(b->name));
}

static void rank_services(struct sweep *s)
{
	qsort(s->services, s->n_services, sizeof(s->services[0]), by_rank);
	/* XEP-0368 section 3: both XMPP services are one set. */
	for (unsigned i = 0; i < s->n_services; i++)
		s->services[i].rank = s->services[i].plan == SWEEP_PLAN_CLIENT ||
						      s->services[i].plan == SWEEP_PLAN_SERVER
					      ? 0
					      : i;
}

/* ---- rows ---- */

struct pair {
	const struct sweep_service *service;
	const struct sweep_target *target;
	const char *host;
};

static int by_attempt(const void *pa, const void *pb)
{
	const struct pair *a = pa, *b = pb;
	const struct sweep_target *x = a->target, *y = b->target;

	if (a->service->plan != b->service->plan)
		return a->service->plan < b->service->plan ? -1 : 1;
	if (a->service->rank != b->service->rank)
		return a->service->rank < b->service->rank ? -1 : 1;
	if (x->priority != y->priority)
		return x->priority < y->priority ? -1 : 1;
	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	if (a->service->kind != b->service->kind)
		return a->service->kind < b->service->kind ? -1 : 1;
	const int names = slice_cmp(slice_str(a->host), slice_str(b->host));
	return names ? names : (x->port > y->port) - (x->port < y->port);
}

static unsigned list_pairs(struct sweep *s, struct pair pairs[PAIRS_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->n_services; i++)
		for (unsigned k = 0; k < s->services[i].n_targets; k++) {
			const struct sweep_target *t = &s->services[i].targets[k];

			pairs[n++] = (struct pair){ &s->services[i], t, s->hosts[t->host].name };
		}
	qsort(pairs, n, sizeof(pairs[0]), by_attempt);
	return n;
}

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

static bool has_room(const struct sweep *s, const struct pair *p)
{
	const struct question *q = questions_at(&s->questions, p->service->srv);
	unsigned n = 0;

	for (unsigned i = 0; q && i < s->n_rows; i++)
		n += s->rows[i].kind == p->service->kind &&
		     strcmp(s->rows[i].service, q->name) == 0;
	return s->n_rows < SWEEP_ROWS_MAX && n < SWEEP_SERVICE_ROWS_MAX;
}

static struct sweep_row *add_row(struct sweep *s, const struct pair *p, const struct addr *addr)
{
	const struct sweep_service *sv = p->service;
	const struct question *q = questions_at(&s->questions, sv->srv);
	struct sweep_row *row = &s->rows[s->n_rows]; /* one more than the limit was allocated */

	memset(row, 0, sizeof(*row));
	row->kind = sv->kind;
	row->source = sv->source;
	row->plan = sv->plan;
	row->rank = sv->rank;
	row->order = sv->order;
	row->priority = p->target->priority;
	row->weight = p->target->weight;
	row->transport = sweep_kind_info(sv->kind)->transport;
	slice_cstr(slice_str(q ? q->name : ""), row->service, sizeof(row->service));
	slice_cstr(slice_str(p->host), row->host, sizeof(row->host));
	row->addr = *addr;
	row->addr.port = p->target->port;
	if (is_listed(s, row))
		return NULL;
	if (!has_room(s, p)) {
		s->result.left_out_addresses++;
		return NULL;
	}
	s->n_rows++;
	return row;
}

void sweep_blame_dns(struct sweep_fault *f, const struct question *q)
{
	const struct blame blame = blame_dns(&(struct dns_failure){
		q->name, q->type, q->status, &q->server, q->says_no && !q->n_usable });
	struct evidence *e = &f->evidence;

	f->step = SWEEP_RESOLVE;
	f->reason = blame.reason;
	f->message = blame.message;
	e->has_dns = true;
	memcpy(e->dns_name, q->name, sizeof(e->dns_name));
	e->dns_type = q->type;
	e->dns_status = q->status;
	e->dns_server = q->server;
}

/* A host without an address is a row too, and has failed already. */
static void add_nowhere(struct sweep *s, const struct pair *p)
{
	static const struct addr none;
	const struct sweep_host *h = &s->hosts[p->target->host];
	const struct question *q = question_graver(
		questions_at(&s->questions, h->a), questions_at(&s->questions, h->aaaa));
	struct sweep_row *row = add_row(s, p, &none);

	/* Where records are missing, a failure to look for them says more. */
	for (unsigned i = 0; p->service->source == SWEEP_FALLBACK && i < s->questions.n; i++)
		if (s->asked[i].type == DNS_SRV || s->asked[i].type == DNS_NAPTR)
			q = question_graver(q, &s->asked[i]);
	if (!row)
		return;
	row->outcome = SWEEP_FAILED;
	row->reached = SWEEP_RESOLVE;
	if (!q)
		return;
	row->n_faults = 1;
	sweep_blame_dns(&row->faults[0], q);
}

static void add_rows(struct sweep *s, const struct pair *p)
{
	const struct sweep_host *h = &s->hosts[p->target->host];
	/* IPv4 first, as both locates do. */
	const struct question *const families[] = { questions_at(&s->questions, h->a),
		questions_at(&s->questions, h->aaaa) };
	unsigned n = 0;

	if (h->literal.family) {
		add_row(s, p, &h->literal);
		return;
	}
	for (size_t i = 0; i < COUNT(families); i++)
		for (unsigned k = 0; families[i] && k < families[i]->n_addresses; k++, n++)
			add_row(s, p, &families[i]->addresses[k]);
	if (n == 0)
		add_nowhere(s, p);
}

void sweep_plan_rows(struct sweep *s)
{
	struct pair pairs[PAIRS_MAX] = { { 0 } };

	if (s->cfg.side == SWEEP_POOL)
		plan_pool(s);
	else
		plan_partner(s);
	add_fallbacks(s);
	rank_services(s);
	const unsigned n = list_pairs(s, pairs);
	for (unsigned i = 0; i < n; i++)
		add_rows(s, &pairs[i]);
}

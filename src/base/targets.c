#include "base/targets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/srv.h"

/* A record on its way to its place. */
struct candidate {
	uint16_t priority, weight, port;
	const char *host;
	bool is_host;
	unsigned kind, number;
	struct targets_entry entry;
};

void targets_init(
	struct targets *t, const char *name, uint8_t family, bool one_set, struct rng *rng)
{
	t->family = family;
	t->one_set = one_set;
	t->rng = rng;
	slice_cstr(slice_str(name), t->name, sizeof(t->name));
	questions_init(&t->questions, t->asked, TARGETS_QUESTIONS_MAX);
}

static bool is_list(const struct targets *t)
{
	return !t->rng;
}

static const struct question *question_at(const struct targets *t, uint32_t id)
{
	return questions_at(&t->questions, id);
}

/* ---- hosts and services ---- */

static bool is_wanted(const struct targets *t, uint8_t family)
{
	return t->family == 0 || t->family == family;
}

/* Its number, or -1 when there are too many. */
static int add_host(struct targets *t, const char *name, bool is_host)
{
	for (unsigned i = 0; i < t->n_hosts; i++)
		if (slice_ieqs(slice_str(name), t->hosts[i].name))
			return (int)i;
	if (t->n_hosts == TARGETS_HOSTS_MAX)
		return -1;
	struct targets_host *h = &t->hosts[t->n_hosts];
	slice_cstr(slice_str(name), h->name, sizeof(h->name));
	if (addr_decode_ip(slice_str(name), &h->literal)) {
		if (!is_wanted(t, h->literal.family))
			h->literal.family = 0;
		return (int)t->n_hosts++;
	}
	uint32_t (*const ask)(struct questions *, enum dns_type, const char *) =
		is_host ? questions_ask_host : questions_ask;
	if (is_wanted(t, 4))
		h->a = ask(&t->questions, DNS_A, name);
	if (is_wanted(t, 6))
		h->aaaa = ask(&t->questions, DNS_AAAA, name);
	return (int)t->n_hosts++;
}

static bool add_record(struct targets *t, const struct candidate *c)
{
	const int host = add_host(t, c->host, c->is_host);

	if (host < 0)
		return false;
	t->records[t->n_records++] =
		(struct targets_record){ c->priority, c->weight, c->port, (uint16_t)host };
	return true;
}

static struct targets_service *add_service(struct targets *t, const struct targets_service *s)
{
	if (t->n_services == TARGETS_SERVICES_MAX) {
		t->left_out_services++;
		return NULL;
	}
	t->services[t->n_services] = *s;
	return &t->services[t->n_services++];
}

void targets_add_srv(
	struct targets *t, const struct targets_service *s, const char *prefix, const char *domain)
{
	char name[DNS_NAME_MAX];
	const int n = snprintf(name, sizeof(name), "%s%s%s", prefix, prefix[0] ? "." : "", domain);

	if (n < 0 || (size_t)n >= sizeof(name))
		return; /* no such name can be */
	struct targets_service *added = add_service(t, s);
	if (!added)
		return;
	added->srv = questions_ask(&t->questions, DNS_SRV, name);
	added->name = question_at(t, added->srv)->name;
	/* The records may be here already, under another kind. */
	for (const struct targets_service *o = t->services; o < added; o++)
		if (o->srv == added->srv) {
			added->first = o->first;
			added->n_records = o->n_records;
		}
}

int targets_add_host(
	struct targets *t, const struct targets_service *s, const char *host, uint16_t port)
{
	struct addr literal;

	if (addr_decode_ip(slice_str(host), &literal) && !is_wanted(t, literal.family))
		return -EAFNOSUPPORT;
	struct targets_service *added = add_service(t, s);
	if (added && add_record(t, &(struct candidate){
					   .host = host, .port = port, .is_host = s->is_host })) {
		added->first = t->n_records - 1;
		added->n_records = 1;
	}
	return 0;
}

/* ---- questions and answers ---- */

bool targets_take_question(struct targets *t, struct targets_question *ret)
{
	const struct question *q = questions_take(&t->questions, &ret->id);

	if (!q)
		return false;
	ret->type = q->type;
	ret->is_host = q->is_host;
	memcpy(ret->name, q->name, sizeof(ret->name));
	return true;
}

/* The number of a record that stands in that place of its answer.  A server may turn equals round,
 * to spread who comes: that order is kept.  Where two answers make one set, or a list is made, it
 * is the content that decides, so that how answers came makes no difference. */
static unsigned number_of(const struct targets *t, unsigned place)
{
	return t->one_set || is_list(t) ? 0 : place;
}

/* What is tried first, if chance has no say. */
static int by_attempt(const void *pa, const void *pb)
{
	const struct candidate *a = pa, *b = pb;

	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->weight != b->weight)
		return a->weight > b->weight ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return slice_cmp(slice_str(a->host), slice_str(b->host));
}

static void push_srv(struct targets *t, uint32_t id, const struct dns_answer *a)
{
	struct candidate list[DNS_RECORDS_MAX] = { { 0 } };
	const unsigned first = t->n_records;
	unsigned n = 0;

	for (size_t i = 0; i < a->n_records && n < DNS_RECORDS_MAX; i++) {
		const struct dns_record *r = &a->records[i];

		if (srv_is_usable(r))
			list[n++] = (struct candidate){ .priority = r->srv.priority,
				.weight = r->srv.weight,
				.port = r->srv.port,
				.host = r->srv.target,
				.number = number_of(t, (unsigned)i) };
	}
	qsort(list, n, sizeof(list[0]), by_attempt);
	for (unsigned i = 0; i < n; i++)
		if (i >= TARGETS_RECORDS_MAX || !add_record(t, &list[i]))
			t->left_out_records++;
	for (unsigned i = 0; i < t->n_services; i++)
		if (t->services[i].srv == id) {
			t->services[i].first = first;
			t->services[i].n_records = t->n_records - first;
		}
}

/* ---- order ---- */

/* Is there anything in this plan, or a record "." that says that there decidedly is nothing?  That
 * forbids the fallback whichever of the services it is about: RFC 2782, XEP-0368 section 5. */
static bool is_served(const struct targets *t, unsigned plan)
{
	for (unsigned i = 0; i < t->n_services; i++) {
		const struct targets_service *s = &t->services[i];
		const struct question *q = question_at(t, s->srv);

		if (s->plan == plan && s->source != TARGETS_FALLBACK &&
			(s->n_records || (q && q->says_no)))
			return true;
	}
	return false;
}

/* The end of the services that are tried as one, from that one on. */
static unsigned end_of_set(const struct targets *t, unsigned from)
{
	const unsigned plan = t->services[from].plan;
	unsigned to = from + 1;

	while (t->one_set && plan != TARGETS_NOBODY && to < t->n_services &&
		t->services[to].plan == plan)
		to++;
	return to;
}

static bool is_answered(const struct targets *t, unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		const struct question *q = question_at(t, t->services[i].srv);

		if (q && !q->answered)
			return false;
	}
	return true;
}

static unsigned list_records(
	const struct targets *t, unsigned service, struct candidate *list, unsigned n)
{
	const struct targets_service *s = &t->services[service];

	for (unsigned i = s->first; i < s->first + s->n_records; i++)
		list[n++] = (struct candidate){ .priority = t->records[i].priority,
			.weight = t->records[i].weight,
			.port = t->records[i].port,
			.host = t->hosts[t->records[i].host].name,
			.kind = s->kind,
			.number = number_of(t, i),
			.entry = { (uint16_t)service, (uint16_t)i } };
	return n;
}

static void order_set(struct targets *t, unsigned from, unsigned to)
{
	struct candidate list[TARGETS_ENTRIES_MAX] = { { 0 } };
	struct srv order[TARGETS_ENTRIES_MAX];
	unsigned n = 0;

	for (unsigned i = from; i < to; i++) {
		struct targets_service *s = &t->services[i];

		s->rank = from;
		if (s->source != TARGETS_FALLBACK || !is_served(t, s->plan))
			n = list_records(t, i, list, n);
	}
	qsort(list, n, sizeof(list[0]), by_attempt);
	for (unsigned i = 0; i < n; i++)
		order[i] = (struct srv){ list[i].priority, list[i].weight, i };
	if (!is_list(t))
		srv_order(t->rng, order, n);
	for (unsigned i = 0; i < n; i++)
		t->entries[t->n_entries++] = list[order[i].number].entry;
}

/* Sets come in their order, each as soon as its records are here. */
static void order_sets(struct targets *t)
{
	while (t->n_ordered < t->n_listed) {
		const unsigned from = t->n_ordered, to = end_of_set(t, from);

		if (!is_list(t) && !is_answered(t, from, to))
			return;
		order_set(t, from, to);
		t->n_ordered = to;
	}
}

static int by_service(const void *pa, const void *pb)
{
	const struct targets_service *a = pa, *b = pb;
	const bool last_a = a->source == TARGETS_FALLBACK, last_b = b->source == TARGETS_FALLBACK;

	if (a->plan != b->plan)
		return a->plan < b->plan ? -1 : 1;
	if (last_a != last_b)
		return last_b ? -1 : 1;
	if (a->order != b->order && a->plan != TARGETS_NOBODY)
		return a->order < b->order ? -1 : 1;
	if (a->preference != b->preference && a->plan != TARGETS_NOBODY)
		return a->preference < b->preference ? -1 : 1;
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	return slice_cmp(slice_str(a->name), slice_str(b->name));
}

void targets_close(struct targets *t)
{
	qsort(t->services, t->n_services, sizeof(t->services[0]), by_service);
	while (t->n_listed < t->n_services &&
		(is_list(t) || t->services[t->n_listed].plan != TARGETS_NOBODY))
		t->n_listed++;
	t->closed = true;
	order_sets(t);
}

struct question *targets_push_answer(
	struct targets *t, uint32_t id, const struct dns_answer *answer)
{
	struct question *q = questions_answer(&t->questions, id, answer);

	if (q && q->type == DNS_SRV)
		push_srv(t, id, answer);
	order_sets(t);
	return q;
}

/* ---- targets ---- */

enum step {
	STEP_FOUND,
	STEP_WAIT, /* for an answer that decides what is next */
	STEP_END,
};

static const struct targets_host *host_of(const struct targets *t, const struct targets_entry *e)
{
	return &t->hosts[t->records[e->record].host];
}

/* IPv4 first: it is not held up by an IPv6 question that nobody answers. */
static enum step address_at(
	const struct targets *t, const struct targets_host *h, unsigned i, struct addr *ret)
{
	const uint32_t families[] = { h->a, h->aaaa };

	if (h->literal.family) {
		*ret = h->literal;
		return i == 0 ? STEP_FOUND : STEP_END;
	}
	for (size_t k = 0; k < COUNT(families); k++) {
		const struct question *q = question_at(t, families[k]);

		if (!q)
			continue;
		if (!q->answered && !is_list(t))
			return STEP_WAIT;
		if (i < q->n_addresses) {
			*ret = q->addresses[i];
			return STEP_FOUND;
		}
		i -= q->n_addresses;
	}
	return STEP_END;
}

/* Moves the cursor to what is next.  Nothing overtakes what comes before it in order. */
static enum step seek(const struct targets *t, struct targets_cursor *c, struct addr *ret)
{
	if (!is_list(t) && t->n_taken == TARGETS_MAX)
		return STEP_END;
	for (; c->entry < t->n_entries; c->entry++, c->address = 0) {
		const struct targets_host *h = host_of(t, &t->entries[c->entry]);
		const enum step step = address_at(t, h, c->address, ret);

		if (step != STEP_END)
			return step;
		if (is_list(t) && c->address == 0) {
			*ret = (struct addr){ 0 };
			return STEP_FOUND;
		}
	}
	return t->closed && t->n_ordered == t->n_listed ? STEP_END : STEP_WAIT;
}

enum targets_state targets_state(const struct targets *t)
{
	struct targets_cursor c = t->next;
	struct addr ignored;

	switch (seek(t, &c, &ignored)) {
	case STEP_FOUND: return TARGETS_READY;
	case STEP_WAIT: return TARGETS_AWAIT_ANSWERS;
	case STEP_END: break;
	}
	return t->n_taken ? TARGETS_EXHAUSTED : TARGETS_FAILED;
}

bool targets_take_target(struct targets *t, struct targets_target *ret)
{
	struct addr addr;

	if (seek(t, &t->next, &addr) != STEP_FOUND)
		return false;
	const struct targets_entry *e = &t->entries[t->next.entry];
	const struct targets_service *s = &t->services[e->service];
	const struct targets_record *r = &t->records[e->record];
	const struct targets_host *h = host_of(t, e);
	*ret = (struct targets_target){ .service = e->service,
		.source = s->source,
		.numeric = s->source == TARGETS_GIVEN && h->literal.family,
		.transport = s->transport,
		.addr = addr,
		.priority = r->priority,
		.weight = r->weight };
	ret->addr.port = r->port;
	memcpy(ret->host, h->name, sizeof(ret->host));
	t->next.address++;
	t->n_taken++;
	return true;
}

/* ---- what went wrong ---- */

/* Of equally bad ones, the address of the first host, before its service, before the NAPTR.  With
 * nothing to try, a "." explains more than what does not exist; of two in one set the later kind's,
 * which for XMPP is the one with STARTTLS. */
const struct question *targets_decisive(const struct targets *t, unsigned plan)
{
	const struct question *q = NULL, *no = NULL;
	bool is_empty = true;

	for (const struct targets_entry *e = t->entries; e < t->entries + t->n_entries; e++) {
		if (t->services[e->service].plan != plan)
			continue;
		is_empty = false;
		q = question_graver(q, question_at(t, host_of(t, e)->a));
		q = question_graver(q, question_at(t, host_of(t, e)->aaaa));
	}
	for (unsigned i = 0; i < t->n_services; i++) {
		const struct question *srv = question_at(t, t->services[i].srv);

		if (!srv || t->services[i].plan != plan)
			continue;
		q = question_graver(q, srv);
		if (srv->says_no && (!no || t->one_set))
			no = srv;
	}
	if (no && is_empty && question_gravity(q) < 2)
		return no;
	for (uint32_t id = 1; id <= t->questions.n; id++)
		if (t->asked[id - 1].type == DNS_NAPTR)
			q = question_graver(q, question_at(t, id));
	return q;
}

void targets_explain(const struct question *q, struct targets_failure *ret)
{
	*ret = (struct targets_failure){ .status = q->status,
		.type = q->type,
		.server = q->server,
		.srv_says_no = q->says_no && !q->n_usable,
		.searched = q->searched };
	memcpy(ret->name, q->name, sizeof(ret->name));
	memcpy(ret->alias, q->alias, sizeof(ret->alias));
}

void targets_failure(const struct targets *t, struct targets_failure *ret)
{
	/* No answer was bad where all that was found are literals of the other family. */
	struct question none = { .status = DNS_NODATA, .type = t->family == 6 ? DNS_AAAA : DNS_A };
	const struct question *q = targets_decisive(t, 0);

	memcpy(none.name, t->name, sizeof(none.name));
	targets_explain(q ? q : &none, ret);
}

#include "sip/locate.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	SERVICES_MAX = 16, /* SRV names that are followed */
	HOSTS_MAX = 32,    /* names whose addresses are asked for */
	ADDRESSES_MAX = 8, /* of one name */
};

/* One SRV name: from NAPTR, or made from the transports we can (RFC 3263 section 4.1). */
struct service {
	char name[DNS_NAME_MAX];
	enum transport transport;
	bool from_naptr;
	uint16_t order, preference; /* without NAPTR: our own preference */
	bool done;
	uint32_t question;
};

/* A host and port to try: an SRV record, or the URI's own host. */
struct host {
	char name[DNS_NAME_MAX];
	enum transport transport;
	uint16_t port, priority, weight;
	unsigned rank; /* of its service */
	enum locate_source source;
	uint32_t draw;            /* RFC 2782: chance in proportion to the weight, drawn once */
	unsigned asked, answered; /* A and AAAA: bits 1 and 2 */
	struct addr addresses[ADDRESSES_MAX];
	unsigned n_addresses, taken;
};

struct question {
	uint32_t id;
	enum dns_type type;
	bool sent, answered;
	char name[DNS_NAME_MAX];
};

struct locate {
	struct locate_cfg cfg;
	struct rng *rng;
	struct sip_uri uri;
	char text[SIP_URI_MAX + 1];
	char domain[DNS_NAME_MAX];
	bool secure;
	bool has_transport;
	enum transport transport; /* of the URI */

	struct question questions[LOCATE_QUESTIONS_MAX];
	unsigned n_questions;
	bool naptr_asked, naptr_done, naptr_found;
	struct service services[SERVICES_MAX];
	unsigned n_services;
	struct host hosts[HOSTS_MAX];
	unsigned n_hosts;
	bool planned_hosts; /* hosts are known: SRV answered, or the host itself */
	unsigned taken;
	struct addr own[2][ADDRESSES_MAX]; /* A, AAAA of the domain, which may come before it is */
	unsigned n_own[2];                 /* known whether they count */
	bool has_own[2];
	bool srv_says_no;
	struct locate_failure failure;
	bool has_failure;
};

/* ---- questions ---- */

static struct question *ask(struct locate *l, enum dns_type type, const char *name)
{
	for (unsigned i = 0; i < l->n_questions; i++)
		if (l->questions[i].type == type && strcmp(l->questions[i].name, name) == 0)
			return &l->questions[i];
	if (l->n_questions == LOCATE_QUESTIONS_MAX)
		return NULL;
	struct question *q = &l->questions[l->n_questions++];
	*q = (struct question){ .id = l->n_questions, .type = type };
	slice_cstr(slice_str(name), q->name, sizeof(q->name));
	return q;
}

bool locate_take_question(struct locate *l, struct locate_question *ret)
{
	for (unsigned i = 0; i < l->n_questions; i++) {
		struct question *q = &l->questions[i];

		if (q->sent)
			continue;
		q->sent = true;
		*ret = (struct locate_question){ .id = q->id, .type = q->type };
		memcpy(ret->name, q->name, sizeof(ret->name));
		return true;
	}
	return false;
}

/* ---- planning ---- */

static bool can(const struct locate *l, enum transport t)
{
	return l->cfg.can[t] && (!l->secure || t == TRANSPORT_TLS) &&
	       (!l->has_transport || l->transport == t);
}

static uint16_t default_port(const struct locate *l, enum transport t)
{
	return l->cfg.default_port ? l->cfg.default_port : t == TRANSPORT_TLS ? 5061 : 5060;
}

/* Answers for the domain's own name that came before this host was made of it. */
static void take_own(const struct locate *l, struct host *h)
{
	for (unsigned k = 0; k < 2; k++) {
		if (!l->has_own[k])
			continue;
		h->answered |= 1u << k;
		for (unsigned i = 0; i < l->n_own[k] && h->n_addresses < ADDRESSES_MAX; i++) {
			h->addresses[h->n_addresses] = l->own[k][i];
			h->addresses[h->n_addresses++].port = h->port;
		}
	}
}

static struct host *add_host(struct locate *l, const char *name, enum transport t, uint16_t port,
	enum locate_source source)
{
	if (l->n_hosts == HOSTS_MAX)
		return NULL;
	struct host *h = &l->hosts[l->n_hosts++];
	*h = (struct host){ .transport = t, .port = port, .source = source };
	slice_cstr(slice_str(name), h->name, sizeof(h->name));
	struct addr literal;
	if (addr_decode_ip(slice_str(name), &literal)) {
		literal.port = port;
		h->addresses[h->n_addresses++] = literal;
		h->answered = 3;
		return h;
	}
	if (ask(l, DNS_A, name))
		h->asked |= 1;
	if (ask(l, DNS_AAAA, name))
		h->asked |= 2;
	if (strcmp(name, l->domain) == 0)
		take_own(l, h);
	return h;
}

/* Section 4.1 and 4.2 without any SRV: the host itself, by the URI's or the fallback transport. */
static void plan_host(struct locate *l)
{
	enum transport t = l->secure          ? TRANSPORT_TLS
			   : l->has_transport ? l->transport
					      : l->cfg.fallback;
	uint16_t port = l->uri.port ? l->uri.port : default_port(l, t);
	struct addr ignored;
	bool numeric = addr_decode_ip(l->uri.host, &ignored);

	l->planned_hosts = true;
	add_host(l, l->domain, t, port, numeric ? LOCATE_NUMERIC : LOCATE_HOST);
}

static void add_service(struct locate *l, const char *name, enum transport t, bool from_naptr,
	uint16_t order, uint16_t preference)
{
	if (l->n_services == SERVICES_MAX)
		return;
	struct service *s = &l->services[l->n_services++];
	*s = (struct service){
		.transport = t, .from_naptr = from_naptr, .order = order, .preference = preference
	};
	slice_cstr(slice_str(name), s->name, sizeof(s->name));
	struct question *q = ask(l, DNS_SRV, name);
	s->question = q ? q->id : 0;
	s->done = !q;
}

/* TLS before TCP before UDP: what a user would miss most if it was left out. */
static const struct {
	enum transport transport;
	const char *prefix, *naptr;
} kinds[] = {
	{ TRANSPORT_TLS, "_sips._tcp.", "SIPS+D2T" },
	{ TRANSPORT_TCP, "_sip._tcp.", "SIP+D2T" },
	{ TRANSPORT_UDP, "_sip._udp.", "SIP+D2U" },
};

/* Asked beside the NAPTR, not after it: a round trip saved, a few questions wasted. */
static void plan_services(struct locate *l)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		char name[DNS_NAME_MAX];
		struct buf b;

		if (!can(l, kinds[i].transport))
			continue;
		buf_init(&b, sizeof(name));
		buf_puts(&b, kinds[i].prefix);
		buf_puts(&b, l->domain);
		if (slice_cstr(buf_slice(&b), name, sizeof(name)) && !buf_err(&b))
			add_service(l, name, kinds[i].transport, false, 0, (uint16_t)i);
		buf_done(&b);
	}
	ask(l, DNS_A, l->domain);
	ask(l, DNS_AAAA, l->domain);
}

static int read_cfg(struct locate *l)
{
	struct where where;
	struct slice t;

	if (!slice_cstr(l->cfg.uri, l->text, sizeof(l->text)))
		return ERR_LIMIT;
	int err = sip_uri_decode(slice_str(l->text), &l->uri, &where);
	if (err)
		return err;
	if (l->uri.scheme != SIP_SCHEME_SIP && l->uri.scheme != SIP_SCHEME_SIPS)
		return ERR_UNSUPPORTED;
	l->secure = l->cfg.secure || l->uri.scheme == SIP_SCHEME_SIPS;
	l->has_transport = sip_uri_param(&l->uri, "transport", &t);
	if (l->has_transport && !transport_find(t, &l->transport))
		return ERR_UNSUPPORTED;
	return slice_cstr(l->uri.host, l->domain, sizeof(l->domain)) ? 0 : ERR_LIMIT;
}

int locate_new(struct locate **ret, const struct locate_cfg *cfg, struct rng *rng)
{
	struct locate *l = mem_alloc0(sizeof(*l));
	struct addr ignored;

	if (!l)
		return -ENOMEM;
	l->cfg = *cfg;
	l->rng = rng;
	int err = read_cfg(l);
	if (err) {
		locate_free(l);
		return err;
	}
	if (addr_decode_ip(l->uri.host, &ignored) || l->uri.port) {
		plan_host(l);
	} else {
		/* With a transport in the URI NAPTR has no say: section 4.1. */
		l->naptr_asked = !l->has_transport && ask(l, DNS_NAPTR, l->domain);
		l->naptr_done = !l->naptr_asked;
		plan_services(l);
	}
	*ret = l;
	return 0;
}

struct locate *locate_free(struct locate *l)
{
	return mem_free(l);
}

/* ---- answers ---- */

static void note_failure(struct locate *l, const struct question *q, const struct dns_answer *a)
{
	/* What a user must hear of is the worst: no answer before a clear no, the host before a
	 * service. */
	bool grave = a->status != DNS_NXDOMAIN && a->status != DNS_NODATA;
	bool was_grave = l->has_failure && l->failure.status != DNS_NXDOMAIN &&
			 l->failure.status != DNS_NODATA;
	bool host = q->type == DNS_A;

	if (l->has_failure && (was_grave || (!grave && !host)))
		return;
	l->has_failure = true;
	l->failure = (struct locate_failure){
		.status = a->status, .type = q->type, .server = a->server
	};
	memcpy(l->failure.name, q->name, sizeof(l->failure.name));
}

static bool find_kind(const char *service, enum transport *ret)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		if (!slice_ieqs(slice_str(service), kinds[i].naptr))
			continue;
		*ret = kinds[i].transport;
		return true;
	}
	return false;
}

/* Services of the NAPTR records replace those that were guessed. */
static void push_naptr(struct locate *l, const struct dns_answer *a)
{
	unsigned guessed = l->n_services;

	l->naptr_done = true;
	for (size_t i = 0; i < a->n_records; i++) {
		const struct dns_record *r = &a->records[i];
		enum transport t;

		if (r->type == DNS_NAPTR && slice_ieqs(slice_str(r->naptr.flags), "s") &&
			!r->naptr.has_regexp && find_kind(r->naptr.service, &t) && can(l, t))
			add_service(l, r->naptr.replacement, t, true, r->naptr.order,
				r->naptr.preference);
	}
	if (l->n_services == guessed)
		return;
	l->naptr_found = true;
	memmove(l->services, l->services + guessed,
		(l->n_services - guessed) * sizeof(l->services[0]));
	l->n_services -= guessed;
}

static void push_srv(struct locate *l, struct service *s, const struct dns_answer *a)
{
	s->done = true;
	for (size_t i = 0; i < a->n_records; i++) {
		const struct dns_record *r = &a->records[i];

		if (r->type != DNS_SRV)
			continue;
		if (!r->srv.target[0]) {
			l->srv_says_no = true;
			continue;
		}
		struct host *h = add_host(l, r->srv.target, s->transport, r->srv.port,
			s->from_naptr ? LOCATE_NAPTR : LOCATE_SRV);
		if (!h)
			return;
		h->priority = r->srv.priority;
		h->weight = r->srv.weight;
		h->rank = (unsigned)s->order << 16 | s->preference;
	}
}

static void keep_own(struct locate *l, const struct question *q, const struct dns_answer *a)
{
	const unsigned k = q->type == DNS_AAAA;

	l->has_own[k] = true;
	for (size_t i = 0; i < a->n_records && l->n_own[k] < ADDRESSES_MAX; i++)
		if (a->records[i].type == q->type)
			l->own[k][l->n_own[k]++] = a->records[i].addr;
}

static void push_address(struct locate *l, const struct question *q, const struct dns_answer *a)
{
	const unsigned bit = q->type == DNS_A ? 1 : 2;

	if (strcmp(q->name, l->domain) == 0)
		keep_own(l, q, a);
	for (unsigned i = 0; i < l->n_hosts; i++) {
		struct host *h = &l->hosts[i];

		if (!(h->asked & bit) || h->answered & bit || strcmp(h->name, q->name) != 0)
			continue;
		h->answered |= bit;
		for (size_t k = 0; k < a->n_records && h->n_addresses < ADDRESSES_MAX; k++) {
			if (a->records[k].type != q->type)
				continue;
			h->addresses[h->n_addresses] = a->records[k].addr;
			h->addresses[h->n_addresses++].port = h->port;
		}
	}
}

/* ---- order: NAPTR order, SRV priority, then chance by weight (RFC 2782) ---- */

static int by_order(const void *pa, const void *pb)
{
	const struct host *a = pa, *b = pb;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (a->draw != b->draw)
		return a->draw < b->draw ? -1 : 1;
	return 0;
}

/* Gives the hosts of one group (from..to) their places: each next one is drawn by weight. */
static void draw_group(struct locate *l, unsigned from, unsigned to)
{
	for (unsigned place = from; place < to; place++) {
		uint32_t sum = 0;
		unsigned i = place;

		for (unsigned k = place; k < to; k++)
			sum += l->hosts[k].weight;
		uint32_t pick = rng_below(l->rng, sum + 1), running = l->hosts[i].weight;
		while (running < pick && i + 1 < to)
			running += l->hosts[++i].weight;
		struct host chosen = l->hosts[i];
		l->hosts[i] = l->hosts[place];
		l->hosts[place] = chosen;
		l->hosts[place].draw = place + 1;
	}
}

static void order_hosts(struct locate *l)
{
	qsort(l->hosts, l->n_hosts, sizeof(l->hosts[0]), by_order);
	for (unsigned from = 0, to; from < l->n_hosts; from = to) {
		for (to = from + 1; to < l->n_hosts && l->hosts[to].rank == l->hosts[from].rank &&
				    l->hosts[to].priority == l->hosts[from].priority;)
			to++;
		draw_group(l, from, to);
	}
}

static void plan(struct locate *l)
{
	if (l->planned_hosts || !l->naptr_done)
		return;
	for (unsigned i = 0; i < l->n_services; i++)
		if (!l->services[i].done)
			return;
	if (l->n_hosts == 0 && !l->srv_says_no)
		plan_host(l);
	l->planned_hosts = true;
	order_hosts(l);
}

static void push_services(struct locate *l, const struct question *q, const struct dns_answer *a)
{
	for (unsigned i = 0; i < l->n_services; i++)
		if (l->services[i].question == q->id && !l->services[i].done)
			push_srv(l, &l->services[i], a);
}

void locate_push_answer(struct locate *l, uint32_t id, const struct dns_answer *answer)
{
	if (id == 0 || id > l->n_questions || l->questions[id - 1].answered)
		return;
	struct question *q = &l->questions[id - 1];
	q->answered = true;
	if (answer->status != DNS_OK)
		note_failure(l, q, answer);
	switch (q->type) {
	case DNS_NAPTR: push_naptr(l, answer); break;
	case DNS_SRV: push_services(l, q, answer); break;
	case DNS_A:
	case DNS_AAAA: push_address(l, q, answer); break;
	}
	plan(l);
}

/* ---- targets ---- */

static bool is_answered(const struct host *h)
{
	return h->answered == 3 || (h->asked & ~h->answered) == 0;
}

/* The first host in order that still has something; NULL when it must be waited for. */
static const struct host *next_host(const struct locate *l, bool *waiting)
{
	*waiting = !l->planned_hosts;
	for (unsigned i = 0; l->planned_hosts && i < l->n_hosts; i++) {
		const struct host *h = &l->hosts[i];

		if (!is_answered(h)) {
			*waiting = true; /* what comes before it in order must not be overtaken */
			return NULL;
		}
		if (h->taken < h->n_addresses)
			return h;
	}
	return NULL;
}

enum locate_state locate_state(const struct locate *l)
{
	bool waiting;

	if (next_host(l, &waiting))
		return LOCATE_READY;
	if (waiting)
		return LOCATE_AWAIT_ANSWERS;
	return l->taken ? LOCATE_EXHAUSTED : LOCATE_FAILED;
}

bool locate_take_target(struct locate *l, struct locate_target *ret)
{
	bool waiting;
	const struct host *next = next_host(l, &waiting);

	if (!next)
		return false;
	struct host *h = &l->hosts[next - l->hosts];
	*ret = (struct locate_target){ .transport = h->transport,
		.priority = h->priority,
		.weight = h->weight,
		.source = h->source,
		.addr = h->addresses[h->taken++] };
	memcpy(ret->host, h->name, sizeof(ret->host));
	memcpy(ret->name, l->domain, sizeof(ret->name));
	l->taken++;
	return true;
}

void locate_failure(const struct locate *l, struct locate_failure *ret)
{
	*ret = l->failure;
	ret->srv_says_no = l->srv_says_no;
}

bool locate_used_fallback(const struct locate *l)
{
	const struct host *h = l->n_hosts ? &l->hosts[0] : NULL;

	return h && h->source == LOCATE_HOST && !l->uri.port;
}

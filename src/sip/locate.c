#include "sip/locate.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/questions.h"
#include "base/srv.h"

enum {
	SERVICES_MAX = 11, /* what NAPTR or our own preference says, and the host itself */
	HOSTS_MAX = 26,    /* names whose addresses are asked for; the first is the domain itself */
};
/* NAPTR, the services, and A and AAAA of every host: nobody's question is ever left out. */
_Static_assert(1 + SERVICES_MAX + 2 * HOSTS_MAX <= LOCATE_QUESTIONS_MAX, "room for all questions");

/* Those of one SRV answer, in the order of RFC 2782. */
struct hosts {
	unsigned first, n;
};

struct host {
	uint16_t port; /* 0: the transport's */
	uint16_t priority, weight;
	uint32_t a, aaaa; /* questions */
	struct addr literal;
	char name[DNS_NAME_MAX];
};

/* One way to the domain: by the SRV records of `srv`, or (QUESTION_NONE) the first host. */
struct service {
	enum transport transport;
	enum locate_source source;
	uint16_t order, preference;
	uint32_t srv;
};

/* Which service, which host of it, which address of that: what is to be taken next. */
struct cursor {
	unsigned service, host, address;
};

struct locate {
	struct locate_cfg cfg;
	struct rng *rng;
	struct sip_uri uri;
	char text[SIP_URI_MAX + 1];
	char domain[DNS_NAME_MAX];
	bool secure;
	bool has_transport; /* `transport` is the only one: by the URI, or since it is TLS */
	enum transport transport;
	bool asks_naptr;

	struct question asked[LOCATE_QUESTIONS_MAX];
	struct hosts found[LOCATE_QUESTIONS_MAX]; /* SRV: by number - 1, as the questions */
	struct questions questions;
	uint32_t naptr;
	struct host hosts[HOSTS_MAX];
	unsigned n_hosts;
	struct service services[SERVICES_MAX]; /* guesses until the NAPTR is answered */
	unsigned n_services;
	bool planned;  /* the services are final, but for the fallback */
	bool fallback; /* no NAPTR and no SRV */
	struct cursor next;
	unsigned taken;
};

/* ---- questions ---- */

static const struct question *answer_at(const struct locate *l, uint32_t id)
{
	return questions_at(&l->questions, id);
}

static bool is_wanted(const struct locate *l, uint8_t family)
{
	return l->cfg.family == 0 || l->cfg.family == family;
}

static uint32_t ask(struct locate *l, enum dns_type type, const char *name)
{
	if ((type == DNS_A && !is_wanted(l, 4)) || (type == DNS_AAAA && !is_wanted(l, 6)))
		return QUESTION_NONE;
	return questions_ask(&l->questions, type, name);
}

bool locate_take_question(struct locate *l, struct locate_question *ret)
{
	const struct question *q = questions_take(&l->questions, &ret->id);

	if (!q)
		return false;
	ret->type = q->type;
	memcpy(ret->name, q->name, sizeof(ret->name));
	return true;
}

/* ---- hosts and services ---- */

static bool can(const struct locate *l, enum transport t)
{
	return l->cfg.can[t] && (!l->has_transport || l->transport == t);
}

static struct host *add_host(struct locate *l, const char *name)
{
	if (l->n_hosts == HOSTS_MAX)
		return NULL;
	struct host *h = &l->hosts[l->n_hosts++];
	*h = (struct host){ 0 };
	slice_cstr(slice_str(name), h->name, sizeof(h->name));
	if (addr_decode_ip(slice_str(name), &h->literal)) {
		if (!is_wanted(l, h->literal.family))
			h->literal.family = 0;
		return h;
	}
	h->a = ask(l, DNS_A, name);
	h->aaaa = ask(l, DNS_AAAA, name);
	return h;
}

static void add_service(struct locate *l, const struct service *s)
{
	if (l->n_services < SERVICES_MAX)
		l->services[l->n_services++] = *s;
}

/* The host itself, without any SRV record. */
static void add_own_host(struct locate *l, enum locate_source source)
{
	const enum transport t = l->has_transport ? l->transport : l->cfg.fallback;

	if (can(l, t))
		add_service(l, &(struct service){ .transport = t, .source = source });
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

/* Section 4.1 without a NAPTR record.  Asked beside the NAPTR, not after it: a round trip saved, a
 * few questions wasted. */
static void guess_services(struct locate *l)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		char name[DNS_NAME_MAX];
		size_t n = strlen(kinds[i].prefix);

		if (!can(l, kinds[i].transport) || n + strlen(l->domain) >= sizeof(name))
			continue;
		memcpy(name, kinds[i].prefix, n);
		memcpy(name + n, l->domain, strlen(l->domain) + 1);
		add_service(l, &(struct service){ .transport = kinds[i].transport,
				       .source = LOCATE_SRV,
				       .srv = ask(l, DNS_SRV, name) });
	}
}

/* ---- the start ---- */

/* Which transport, if there is no choice.  RFC 3261 section 26.2.2: TCP in a sips URI is TLS. */
static int read_transport(struct locate *l)
{
	struct slice t;

	l->secure = l->cfg.secure || l->uri.scheme == SIP_SCHEME_SIPS;
	l->has_transport = sip_uri_param(&l->uri, "transport", &t);
	if (l->has_transport && !transport_find(t, &l->transport))
		return ERR_UNSUPPORTED;
	if (l->uri.scheme == SIP_SCHEME_SIPS && l->has_transport && l->transport == TRANSPORT_UDP)
		return ERR_UNSUPPORTED;
	/* With a transport in the URI NAPTR has no say: section 4.1. */
	l->asks_naptr = !l->has_transport;
	if (l->secure) {
		l->has_transport = true;
		l->transport = TRANSPORT_TLS;
	}
	return 0;
}

/* The host without the brackets of an IPv6 address and without the final dot. */
static int read_domain(struct locate *l)
{
	struct slice host = l->uri.host;

	if (host.n > 2 && host.p[0] == '[')
		host = slice_cut(host, 1, host.n - 1);
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host = slice_cut(host, 0, host.n - 1);
	return slice_cstr(host, l->domain, sizeof(l->domain)) ? 0 : ERR_LIMIT;
}

static int read_cfg(struct locate *l)
{
	struct where where;

	if (!slice_cstr(l->cfg.uri, l->text, sizeof(l->text)))
		return ERR_LIMIT;
	l->cfg.uri = slice_str(l->text);
	int err = sip_uri_decode(l->cfg.uri, &l->uri, &where);
	if (err)
		return err;
	if (l->uri.scheme != SIP_SCHEME_SIP && l->uri.scheme != SIP_SCHEME_SIPS)
		return ERR_UNSUPPORTED;
	err = read_transport(l);
	return err ? err : read_domain(l);
}

static int start(struct locate *l)
{
	struct addr literal;
	const bool numeric = addr_decode_ip(slice_str(l->domain), &literal);

	if (numeric && !is_wanted(l, literal.family))
		return -EAFNOSUPPORT;
	l->planned = true;
	if (numeric || l->uri.port) {
		add_own_host(l, numeric ? LOCATE_NUMERIC : LOCATE_HOST);
	} else {
		if (l->asks_naptr)
			l->naptr = ask(l, DNS_NAPTR, l->domain);
		l->planned = !l->asks_naptr;
		guess_services(l);
	}
	if (l->n_services == 0)
		return ERR_UNSUPPORTED;
	add_host(l, l->domain)->port = l->uri.port;
	return 0;
}

int locate_new(struct locate **ret, const struct locate_cfg *cfg, struct rng *rng)
{
	struct locate *l = mem_alloc0(sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->cfg = *cfg;
	l->rng = rng;
	questions_init(&l->questions, l->asked, LOCATE_QUESTIONS_MAX);
	int err = read_cfg(l);
	if (!err)
		err = start(l);
	if (err)
		locate_free(l);
	else
		*ret = l;
	return err;
}

struct locate *locate_free(struct locate *l)
{
	return mem_free(l);
}

/* ---- answers ---- */

static int by_naptr_order(const void *pa, const void *pb)
{
	const struct service *a = pa, *b = pb;

	if (a->order != b->order)
		return a->order < b->order ? -1 : 1;
	if (a->preference != b->preference)
		return a->preference < b->preference ? -1 : 1;
	return a->srv < b->srv ? -1 : a->srv > b->srv;
}

static void take_naptr(struct locate *l, const struct dns_record *r)
{
	if (r->type != DNS_NAPTR || !slice_ieqs(slice_str(r->naptr.flags), "s") ||
		r->naptr.has_regexp || !r->naptr.replacement[0])
		return;
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (slice_ieqs(slice_str(r->naptr.service), kinds[i].naptr) &&
			can(l, kinds[i].transport) && l->n_services < SERVICES_MAX)
			add_service(l, &(struct service){ .transport = kinds[i].transport,
					       .source = LOCATE_NAPTR,
					       .order = r->naptr.order,
					       .preference = r->naptr.preference,
					       .srv = ask(l, DNS_SRV, r->naptr.replacement) });
}

/* Services of the NAPTR records replace those that were guessed. */
static void push_naptr(struct locate *l, const struct dns_answer *a)
{
	const unsigned guessed = l->n_services;

	l->planned = true;
	for (size_t i = 0; i < a->n_records; i++)
		take_naptr(l, &a->records[i]);
	if (l->n_services == guessed)
		return;
	l->n_services -= guessed;
	memmove(l->services, l->services + guessed, l->n_services * sizeof(l->services[0]));
	qsort(l->services, l->n_services, sizeof(l->services[0]), by_naptr_order);
}

static void push_srv(struct locate *l, struct hosts *found, const struct dns_answer *a)
{
	struct srv list[DNS_RECORDS_MAX];
	unsigned n = 0;

	for (unsigned i = 0; i < a->n_records && n < DNS_RECORDS_MAX; i++)
		if (srv_is_usable(&a->records[i]))
			list[n++] = (struct srv){ a->records[i].srv.priority,
				a->records[i].srv.weight, i };
	srv_order(l->rng, list, n);
	found->first = l->n_hosts;
	for (unsigned i = 0; i < n; i++) {
		const struct dns_record *r = &a->records[list[i].number];
		struct host *h = add_host(l, r->srv.target);

		if (!h)
			break;
		h->port = r->srv.port;
		h->priority = r->srv.priority;
		h->weight = r->srv.weight;
	}
	found->n = l->n_hosts - found->first;
}

/* RFC 2782: without any SRV record the host's own addresses serve, unless a record "." says that
 * the service is decidedly not available. */
static void settle(struct locate *l)
{
	if (!l->planned || l->fallback)
		return;
	for (unsigned i = 0; i < l->n_services; i++) {
		const uint32_t srv = l->services[i].srv;
		const struct question *q = answer_at(l, srv);

		if (!q || !q->answered || l->found[srv - 1].n || q->says_no)
			return; /* this is the fallback already, or there is one to wait for or to
				   take */
	}
	l->fallback = true;
	add_own_host(l, LOCATE_HOST);
}

void locate_push_answer(struct locate *l, uint32_t id, const struct dns_answer *answer)
{
	const struct question *q = questions_answer(&l->questions, id, answer);

	if (!q)
		return;
	if (q->type == DNS_NAPTR)
		push_naptr(l, answer);
	else if (q->type == DNS_SRV)
		push_srv(l, &l->found[id - 1], answer);
	settle(l);
}

/* ---- targets ---- */

enum step {
	STEP_FOUND,
	STEP_WAIT,
	STEP_END,
};

/* The i-th address of one family; *i goes down by what this family has. */
static enum step family_at(
	const struct locate *l, uint32_t id, unsigned *i, const struct addr **ret)
{
	const struct question *q = answer_at(l, id);

	if (!q)
		return STEP_END;
	if (!q->answered)
		return STEP_WAIT;
	if (*i < q->n_addresses) {
		*ret = &q->addresses[*i];
		return STEP_FOUND;
	}
	*i -= q->n_addresses;
	return STEP_END;
}

/* IPv4 first: it is not held up by an IPv6 question that nobody answers. */
static enum step address_at(
	const struct locate *l, const struct host *h, unsigned i, const struct addr **ret)
{
	if (h->literal.family) {
		*ret = &h->literal;
		return i == 0 ? STEP_FOUND : STEP_END;
	}
	enum step step = family_at(l, h->a, &i, ret);
	return step == STEP_END ? family_at(l, h->aaaa, &i, ret) : step;
}

/* False while the SRV question is open. */
static bool hosts_of(const struct locate *l, const struct service *s, unsigned *first, unsigned *n)
{
	const struct question *q = answer_at(l, s->srv);

	*first = q ? l->found[s->srv - 1].first : 0;
	*n = q ? l->found[s->srv - 1].n : 1;
	return !q || q->answered;
}

/* Moves the cursor to what is next.  Nothing overtakes what comes before it in order. */
static enum step seek(const struct locate *l, struct cursor *c, const struct addr **ret)
{
	if (!l->planned)
		return STEP_WAIT;
	for (; c->service < l->n_services; *c = (struct cursor){ .service = c->service + 1 }) {
		unsigned first, n;

		if (!hosts_of(l, &l->services[c->service], &first, &n))
			return STEP_WAIT;
		for (; c->host < n; c->host++, c->address = 0) {
			enum step step = address_at(l, &l->hosts[first + c->host], c->address, ret);

			if (step != STEP_END)
				return step;
		}
	}
	return STEP_END;
}

enum locate_state locate_state(const struct locate *l)
{
	struct cursor c = l->next;
	const struct addr *ignored;

	if (l->taken == LOCATE_TARGETS_MAX)
		return LOCATE_EXHAUSTED;
	switch (seek(l, &c, &ignored)) {
	case STEP_FOUND: return LOCATE_READY;
	case STEP_WAIT: return LOCATE_AWAIT_ANSWERS;
	case STEP_END: break;
	}
	return l->taken ? LOCATE_EXHAUSTED : LOCATE_FAILED;
}

static uint16_t port_of(const struct locate *l, const struct host *h, enum transport t)
{
	if (h->port)
		return h->port;
	if (l->cfg.default_port)
		return l->cfg.default_port;
	return t == TRANSPORT_TLS ? 5061 : 5060;
}

bool locate_take_target(struct locate *l, struct locate_target *ret)
{
	const struct addr *addr;
	unsigned first, n;

	if (l->taken == LOCATE_TARGETS_MAX || seek(l, &l->next, &addr) != STEP_FOUND)
		return false;
	const struct service *s = &l->services[l->next.service];
	hosts_of(l, s, &first, &n);
	const struct host *h = &l->hosts[first + l->next.host];
	*ret = (struct locate_target){ .transport = s->transport,
		.addr = *addr,
		.priority = h->priority,
		.weight = h->weight,
		.source = s->source };
	ret->addr.port = port_of(l, h, s->transport);
	memcpy(ret->host, h->name, sizeof(ret->host));
	memcpy(ret->name, l->domain, sizeof(ret->name));
	l->next.address++;
	l->taken++;
	return true;
}

/* ---- what went wrong ---- */

/* Of equally bad ones, the address of the first host, before its service, before the NAPTR. */
static const struct question *decisive(const struct locate *l, bool *says_no)
{
	const struct question *q = NULL, *no = NULL;

	for (unsigned i = 0; i < l->n_services; i++) {
		unsigned first, n;

		hosts_of(l, &l->services[i], &first, &n);
		for (unsigned k = first; k < first + n; k++) {
			q = question_graver(q, answer_at(l, l->hosts[k].a));
			q = question_graver(q, answer_at(l, l->hosts[k].aaaa));
		}
	}
	for (unsigned i = 0; i < l->n_services; i++) {
		const struct question *srv = answer_at(l, l->services[i].srv);

		if (srv && srv->says_no && !no)
			no = srv;
		q = question_graver(q, srv);
	}
	*says_no = no != NULL;
	if (no && question_gravity(q) < 2)
		return no;
	return question_graver(q, answer_at(l, l->naptr));
}

void locate_failure(const struct locate *l, struct locate_failure *ret)
{
	/* No answer was bad where all that was found are literals of the other family. */
	struct locate_failure f = { .status = DNS_NODATA,
		.type = l->cfg.family == 6 ? DNS_AAAA : DNS_A };
	const struct question *q = decisive(l, &f.srv_says_no);

	memcpy(f.name, l->domain, sizeof(f.name));
	if (q) {
		f.status = q->status;
		f.type = q->type;
		f.server = q->server;
		memcpy(f.name, q->name, sizeof(f.name));
	}
	*ret = f;
}

bool locate_used_fallback(const struct locate *l)
{
	return l->fallback;
}

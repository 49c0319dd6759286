#include "xmpp/xlocate.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

enum {
	HOSTS_MAX = 32,
	ADDRESSES_MAX = 8,
	QUESTIONS_MAX = 80,
	CLIENT_PORT = 5222, /* RFC 6120 section 3.2.2 */
};

struct host {
	char name[DNS_NAME_MAX];
	uint16_t port, priority, weight;
	bool direct_tls, from_srv;
	unsigned place; /* drawn by weight within its priority */
	struct addr addresses[ADDRESSES_MAX];
	unsigned n_addresses, taken;
};

struct question {
	enum dns_type type;
	bool sent, answered;
	char name[DNS_NAME_MAX];
	struct addr addresses[ADDRESSES_MAX]; /* of an answer to A or AAAA */
	unsigned n_addresses;
};

struct xlocate {
	struct rng *rng;
	char domain[DNS_NAME_MAX];
	struct question questions[QUESTIONS_MAX];
	unsigned n_questions;
	struct host hosts[HOSTS_MAX];
	unsigned n_hosts, taken;
	unsigned srv_open; /* SRV answers that are awaited */
	bool planned, srv_says_no, has_failure;
	struct xlocate_failure failure;
};

static const struct {
	const char *prefix;
	bool direct_tls;
} services[] = {
	{ "_xmpps-client._tcp.", true }, /* XEP-0368 */
	{ "_xmpp-client._tcp.", false },
};

/* ---- questions ---- */

static void ask(struct xlocate *l, enum dns_type type, const char *name)
{
	for (unsigned i = 0; i < l->n_questions; i++)
		if (l->questions[i].type == type && strcmp(l->questions[i].name, name) == 0)
			return;
	if (l->n_questions == QUESTIONS_MAX)
		return;
	struct question *q = &l->questions[l->n_questions++];
	q->type = type;
	slice_cstr(slice_str(name), q->name, sizeof(q->name));
}

bool xlocate_take_question(struct xlocate *l, struct xlocate_question *ret)
{
	for (unsigned i = 0; i < l->n_questions; i++) {
		struct question *q = &l->questions[i];

		if (q->sent)
			continue;
		q->sent = true;
		*ret = (struct xlocate_question){ .id = i + 1, .type = q->type };
		memcpy(ret->name, q->name, sizeof(ret->name));
		return true;
	}
	return false;
}

static void add_host(struct xlocate *l, const struct host *h)
{
	struct addr literal;

	if (l->n_hosts == HOSTS_MAX)
		return;
	struct host *to = &l->hosts[l->n_hosts++];
	*to = *h;
	if (addr_decode_ip(slice_str(h->name), &literal)) {
		literal.port = h->port;
		to->addresses[to->n_addresses++] = literal;
		return;
	}
	ask(l, DNS_A, h->name);
	ask(l, DNS_AAAA, h->name);
}

/* ---- life ---- */

static void plan_srv(struct xlocate *l)
{
	for (size_t i = 0; i < COUNT(services); i++) {
		struct buf b;

		buf_init(&b, DNS_NAME_MAX);
		buf_puts(&b, services[i].prefix);
		buf_puts(&b, l->domain);
		if (!buf_err(&b)) {
			ask(l, DNS_SRV, buf_cstr(&b));
			l->srv_open++;
		}
		buf_done(&b);
	}
	/* Asked beside the SRV records, not after them: a round trip saved where there are none. */
	ask(l, DNS_A, l->domain);
	ask(l, DNS_AAAA, l->domain);
}

int xlocate_new(struct xlocate **ret, const struct xlocate_cfg *cfg, struct rng *rng)
{
	struct host h = { .port = cfg->port ? cfg->port : CLIENT_PORT };
	struct xlocate *l = mem_alloc0(sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->rng = rng;
	if (!slice_cstr(cfg->domain, l->domain, sizeof(l->domain)) ||
		!slice_cstr(cfg->host, h.name, sizeof(h.name))) {
		xlocate_free(l);
		return ERR_LIMIT;
	}
	if (cfg->host.n) {
		add_host(l, &h);
		l->planned = true;
	} else {
		plan_srv(l);
	}
	*ret = l;
	return 0;
}

struct xlocate *xlocate_free(struct xlocate *l)
{
	return mem_free(l);
}

/* ---- answers ---- */

static void note_failure(struct xlocate *l, const struct question *q, const struct dns_answer *a)
{
	bool grave = a->status != DNS_NXDOMAIN && a->status != DNS_NODATA;
	bool was_grave = l->has_failure && l->failure.status != DNS_NXDOMAIN &&
			 l->failure.status != DNS_NODATA;

	/* The host's own failure is what a user looks for, but a silent server explains more. */
	if (l->has_failure && (was_grave || (!grave && q->type != DNS_A)))
		return;
	l->has_failure = true;
	l->failure = (struct xlocate_failure){
		.status = a->status, .type = q->type, .server = a->server
	};
	memcpy(l->failure.name, q->name, sizeof(l->failure.name));
}

static void push_srv(struct xlocate *l, const struct question *q, const struct dns_answer *a)
{
	const bool direct = slice_starts(slice_str(q->name), SLICE("_xmpps-"));

	l->srv_open--;
	for (size_t i = 0; i < a->n_records; i++) {
		const struct dns_record *r = &a->records[i];
		struct host h = { .port = r->srv.port,
			.priority = r->srv.priority,
			.weight = r->srv.weight,
			.direct_tls = direct,
			.from_srv = true };

		if (r->type != DNS_SRV)
			continue;
		if (!r->srv.target[0]) {
			l->srv_says_no = true; /* RFC 2782: decidedly not available */
			continue;
		}
		memcpy(h.name, r->srv.target, sizeof(h.name));
		add_host(l, &h);
	}
}

static void push_address(struct question *q, const struct dns_answer *a)
{
	for (size_t i = 0; i < a->n_records && q->n_addresses < ADDRESSES_MAX; i++)
		if (a->records[i].type == q->type)
			q->addresses[q->n_addresses++] = a->records[i].addr;
}

/* ---- order: XEP-0368 section 3, one set; RFC 2782's chance within a priority ---- */

static int by_order(const void *pa, const void *pb)
{
	const struct host *a = pa, *b = pb;

	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	return a->place < b->place ? -1 : a->place > b->place;
}

static void draw(struct xlocate *l, unsigned from, unsigned to)
{
	for (unsigned place = from; place < to; place++) {
		uint32_t sum = 0, running;
		unsigned i = place;

		for (unsigned k = place; k < to; k++)
			sum += l->hosts[k].weight;
		uint32_t pick = rng_below(l->rng, sum + 1);
		for (running = l->hosts[i].weight; running < pick && i + 1 < to;)
			running += l->hosts[++i].weight;
		struct host chosen = l->hosts[i];
		l->hosts[i] = l->hosts[place];
		l->hosts[place] = chosen;
		l->hosts[place].place = place;
	}
}

static void plan(struct xlocate *l)
{
	struct host own = { .port = CLIENT_PORT };

	if (l->planned || l->srv_open)
		return;
	l->planned = true;
	memcpy(own.name, l->domain, sizeof(own.name));
	if (l->n_hosts == 0 && !l->srv_says_no)
		add_host(l, &own);
	qsort(l->hosts, l->n_hosts, sizeof(l->hosts[0]), by_order);
	for (unsigned from = 0, to; from < l->n_hosts; from = to) {
		for (to = from + 1;
			to < l->n_hosts && l->hosts[to].priority == l->hosts[from].priority;)
			to++;
		draw(l, from, to);
	}
}

void xlocate_push_answer(struct xlocate *l, uint32_t id, const struct dns_answer *answer)
{
	if (id == 0 || id > l->n_questions || l->questions[id - 1].answered)
		return;
	struct question *q = &l->questions[id - 1];
	q->answered = true;
	if (answer->status != DNS_OK)
		note_failure(l, q, answer);
	switch (q->type) {
	case DNS_SRV: push_srv(l, q, answer); break;
	case DNS_A:
	case DNS_AAAA: push_address(q, answer); break;
	case DNS_NAPTR: break; /* is not asked for */
	}
	plan(l);
}

/* ---- targets ---- */

/* The addresses of a host's name, when both questions have been answered. */
static bool collect(const struct xlocate *l, struct host *h)
{
	if (h->n_addresses)
		return true;
	for (unsigned i = 0; i < l->n_questions; i++) {
		const struct question *q = &l->questions[i];

		if (q->type == DNS_SRV || strcmp(q->name, h->name) != 0)
			continue;
		if (!q->answered) {
			h->n_addresses = 0;
			return false;
		}
		for (unsigned k = 0; k < q->n_addresses && h->n_addresses < ADDRESSES_MAX; k++) {
			h->addresses[h->n_addresses] = q->addresses[k];
			h->addresses[h->n_addresses++].port = h->port;
		}
	}
	return true;
}

/* The next address in order; *waiting when an earlier one is still being asked for. */
static bool peek(const struct xlocate *l, unsigned *index, struct host *h, bool *waiting)
{
	*waiting = !l->planned;
	for (unsigned i = 0; l->planned && i < l->n_hosts; i++) {
		*h = l->hosts[i];
		if (!collect(l, h)) {
			*waiting = true;
			return false;
		}
		*index = i;
		if (h->taken < h->n_addresses)
			return true;
	}
	return false;
}

enum xlocate_state xlocate_state(const struct xlocate *l)
{
	struct host h;
	unsigned i;
	bool waiting;

	if (peek(l, &i, &h, &waiting))
		return XLOCATE_READY;
	if (waiting)
		return XLOCATE_AWAIT_ANSWERS;
	return l->taken ? XLOCATE_EXHAUSTED : XLOCATE_FAILED;
}

bool xlocate_take_target(struct xlocate *l, struct xlocate_target *ret)
{
	struct host h;
	unsigned i;
	bool waiting;

	if (!peek(l, &i, &h, &waiting))
		return false;
	*ret = (struct xlocate_target){ .direct_tls = h.direct_tls,
		.addr = h.addresses[h.taken],
		.priority = h.priority,
		.weight = h.weight,
		.from_srv = h.from_srv };
	memcpy(ret->host, h.name, sizeof(ret->host));
	l->hosts[i].taken++;
	l->taken++;
	return true;
}

void xlocate_failure(const struct xlocate *l, struct xlocate_failure *ret)
{
	*ret = l->failure;
	ret->srv_says_no = l->srv_says_no;
}

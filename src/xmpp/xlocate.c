#include "xmpp/xlocate.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/questions.h"
#include "base/srv.h"

enum {
	RECORDS_MAX = 32, /* of one service */
	HOSTS_MAX = 2 * RECORDS_MAX,
	QUESTIONS_MAX = 4 + 2 * XLOCATE_TARGETS_MAX,
	CLIENT_PORT = 5222, /* RFC 6120 section 3.2.2 */
};

struct host {
	char name[DNS_NAME_MAX];
	uint16_t port, priority, weight;
	bool direct_tls, from_srv;
};

/* Which address is next: of which host in order, of which family, which one. */
struct cursor {
	unsigned host, family, index;
};

struct xlocate {
	struct rng *rng;
	char domain[DNS_NAME_MAX];
	struct question asked[QUESTIONS_MAX];
	struct questions questions;
	unsigned srv_open;
	struct host hosts[HOSTS_MAX];
	struct srv order[HOSTS_MAX]; /* numbers of hosts */
	unsigned n_hosts;
	bool planned; /* the hosts are complete, and the order stands */
	bool says_no; /* one of the two services is ".": records are kept here, so no fallback */
	uint8_t family;
	struct cursor next;
	unsigned taken;
};

static const struct {
	const char *prefix;
	bool direct_tls;
} services[] = {
	{ "_xmpps-client._tcp.", true }, /* XEP-0368 */
	{ "_xmpp-client._tcp.", false },
};

static const enum dns_type families[] = { DNS_A, DNS_AAAA };

/* ---- questions ---- */

static const struct question *find(const struct xlocate *l, enum dns_type type, const char *name)
{
	return questions_at(&l->questions, questions_find(&l->questions, type, name));
}

static bool is_wanted(const struct xlocate *l, uint8_t family)
{
	return l->family == 0 || l->family == family;
}

static void ask(struct xlocate *l, enum dns_type type, const char *name)
{
	if ((type == DNS_A && !is_wanted(l, 4)) || (type == DNS_AAAA && !is_wanted(l, 6)))
		return;
	questions_ask(&l->questions, type, name);
}

bool xlocate_take_question(struct xlocate *l, struct xlocate_question *ret)
{
	const struct question *q = questions_take(&l->questions, &ret->id);

	if (!q)
		return false;
	ret->type = q->type;
	memcpy(ret->name, q->name, sizeof(ret->name));
	return true;
}

/* ---- order: one set, XEP-0368 section 3 ---- */

/* So that how the answers came makes no difference. */
static int by_content(const void *pa, const void *pb)
{
	const struct host *a = pa, *b = pb;

	if (a->direct_tls != b->direct_tls)
		return a->direct_tls ? -1 : 1;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return strcmp(a->name, b->name);
}

static void order_hosts(struct xlocate *l)
{
	qsort(l->hosts, l->n_hosts, sizeof(l->hosts[0]), by_content);
	for (unsigned i = 0; i < l->n_hosts; i++)
		l->order[i] = (struct srv){ l->hosts[i].priority, l->hosts[i].weight, i };
	srv_order(l->rng, l->order, l->n_hosts);
	if (l->n_hosts > XLOCATE_TARGETS_MAX)
		l->n_hosts = XLOCATE_TARGETS_MAX;
}

static const struct host *host_at(const struct xlocate *l, unsigned place)
{
	return &l->hosts[l->order[place].number];
}

static bool is_numeric(const char *name, struct addr *ret)
{
	return addr_decode_ip(slice_str(name), ret);
}

static void plan(struct xlocate *l)
{
	struct addr ignored;

	if (l->planned || l->srv_open)
		return;
	l->planned = true;
	/* RFC 6120 section 3.2.2, but not where "." was said: of either service, XEP-0368
	 * section 5. */
	if (l->n_hosts == 0 && !l->says_no) {
		l->hosts[l->n_hosts].port = CLIENT_PORT;
		memcpy(l->hosts[l->n_hosts++].name, l->domain, sizeof(l->domain));
	}
	order_hosts(l);
	for (unsigned i = 0; i < l->n_hosts; i++)
		for (size_t k = 0; k < COUNT(families); k++)
			if (!is_numeric(host_at(l, i)->name, &ignored))
				ask(l, families[k], host_at(l, i)->name);
}

/* ---- life ---- */

static void ask_all(struct xlocate *l)
{
	const struct slice domain = slice_str(l->domain);

	for (size_t i = 0; i < COUNT(services); i++) {
		const struct slice prefix = slice_str(services[i].prefix);
		char name[DNS_NAME_MAX];

		if (prefix.n + domain.n >= sizeof(name))
			continue; /* no such name can be */
		memcpy(name, prefix.p, prefix.n);
		memcpy(name + prefix.n, l->domain, domain.n + 1);
		ask(l, DNS_SRV, name);
		l->srv_open++;
	}
	/* Asked beside the SRV records, not after them: a round trip saved where there are none. */
	for (size_t k = 0; k < COUNT(families); k++)
		ask(l, families[k], l->domain);
}

/* A name without its final dot: 0, ERR_SYNTAX or ERR_LIMIT. */
static int copy_name(char name[DNS_NAME_MAX], struct slice from)
{
	if (slice_ends(from, SLICE(".")))
		from.n--;
	if (from.n == 0)
		return ERR_SYNTAX;
	return slice_cstr(from, name, DNS_NAME_MAX) ? 0 : ERR_LIMIT;
}

int xlocate_new(struct xlocate **ret, const struct xlocate_cfg *cfg, struct rng *rng)
{
	struct xlocate *l = mem_alloc0(sizeof(*l));
	struct addr literal;

	if (!l)
		return -ENOMEM;
	l->rng = rng;
	questions_init(&l->questions, l->asked, QUESTIONS_MAX);
	l->family = cfg->family;
	int err = copy_name(l->domain, cfg->host.n ? cfg->host : cfg->domain);
	const bool numeric = !err && is_numeric(l->domain, &literal);
	if (numeric && !is_wanted(l, literal.family))
		err = -EAFNOSUPPORT;
	if (err) {
		xlocate_free(l);
		return err;
	}
	/* RFC 6120 section 3.2.3: where the host or an address is given, there is no SRV. */
	if (cfg->host.n == 0 && !numeric)
		ask_all(l);
	plan(l);
	if (cfg->host.n && cfg->port)
		l->hosts[0].port = cfg->port;
	*ret = l;
	return 0;
}

struct xlocate *xlocate_free(struct xlocate *l)
{
	return mem_free(l);
}

/* ---- answers ---- */

/* A "." speaks of its own service only: without direct TLS there may be STARTTLS (XEP-0368 section
 * 5), without STARTTLS direct TLS, which is a service beside it. */
static void push_srv(struct xlocate *l, const struct question *q, const struct dns_answer *a)
{
	const bool direct = slice_starts(slice_str(q->name), SLICE("_xmpps-"));
	const unsigned most = l->n_hosts + RECORDS_MAX;

	l->srv_open--;
	l->says_no |= q->says_no;
	for (size_t i = 0; i < a->n_records && l->n_hosts < most; i++) {
		const struct dns_record *r = &a->records[i];
		struct host *h = &l->hosts[l->n_hosts];

		if (!srv_is_usable(r))
			continue;
		*h = (struct host){ .port = r->srv.port,
			.priority = r->srv.priority,
			.weight = r->srv.weight,
			.direct_tls = direct,
			.from_srv = true };
		memcpy(h->name, r->srv.target, sizeof(h->name));
		l->n_hosts++;
	}
}

void xlocate_push_answer(struct xlocate *l, uint32_t id, const struct dns_answer *answer)
{
	const struct question *q = questions_answer(&l->questions, id, answer);

	if (!q)
		return;
	if (q->type == DNS_SRV)
		push_srv(l, q, answer);
	plan(l);
}

/* ---- targets ---- */

enum step {
	STEP_FOUND,
	STEP_WAIT, /* for an answer that decides what is next */
	STEP_END,
};

/* The next address of the host that the cursor is at; STEP_END when it has no more. */
static enum step seek_host(const struct xlocate *l, struct cursor *c, struct addr *ret)
{
	const struct host *h = host_at(l, c->host);

	if (is_numeric(h->name, ret))
		return c->family == 0 && c->index == 0 && is_wanted(l, ret->family) ? STEP_FOUND
										    : STEP_END;
	for (; c->family < COUNT(families); c->family++, c->index = 0) {
		const struct question *q = find(l, families[c->family], h->name);

		if (q && !q->answered)
			return STEP_WAIT;
		if (q && c->index < q->n_addresses) {
			*ret = q->addresses[c->index];
			return STEP_FOUND;
		}
	}
	return STEP_END;
}

static enum step seek(const struct xlocate *l, struct cursor *c, struct addr *ret)
{
	if (!l->planned)
		return STEP_WAIT;
	for (; c->host < l->n_hosts; *c = (struct cursor){ .host = c->host + 1 }) {
		enum step step = seek_host(l, c, ret);

		if (step != STEP_END)
			return step;
	}
	return STEP_END;
}

enum xlocate_state xlocate_state(const struct xlocate *l)
{
	struct cursor c = l->next;
	struct addr ignored;

	if (l->taken == XLOCATE_TARGETS_MAX)
		return XLOCATE_EXHAUSTED;
	switch (seek(l, &c, &ignored)) {
	case STEP_FOUND: return XLOCATE_READY;
	case STEP_WAIT: return XLOCATE_AWAIT_ANSWERS;
	case STEP_END: break;
	}
	return l->taken ? XLOCATE_EXHAUSTED : XLOCATE_FAILED;
}

bool xlocate_take_target(struct xlocate *l, struct xlocate_target *ret)
{
	struct addr addr;

	if (l->taken == XLOCATE_TARGETS_MAX || seek(l, &l->next, &addr) != STEP_FOUND)
		return false;
	const struct host *h = host_at(l, l->next.host);

	*ret = (struct xlocate_target){ .direct_tls = h->direct_tls,
		.addr = addr,
		.priority = h->priority,
		.weight = h->weight,
		.from_srv = h->from_srv };
	ret->addr.port = h->port;
	memcpy(ret->host, h->name, sizeof(ret->host));
	l->next.index++;
	l->taken++;
	return true;
}

/* ---- what went wrong ---- */

/* Of equally bad answers, the one about the first host's address, before its service. */
void xlocate_failure(const struct xlocate *l, struct xlocate_failure *ret)
{
	const struct question *q = NULL;
	/* No answer was bad where all that was found are literals of the other family. */
	struct xlocate_failure f = { .status = DNS_NODATA,
		.type = l->family == 6 ? DNS_AAAA : DNS_A };

	for (unsigned i = 0; l->planned && i < l->n_hosts; i++)
		for (size_t k = 0; k < COUNT(families); k++)
			q = question_graver(q, find(l, families[k], host_at(l, i)->name));
	for (unsigned i = 0; i < l->questions.n; i++)
		if (l->asked[i].type == DNS_SRV)
			q = question_graver(q, &l->asked[i]);
	if (l->says_no && l->n_hosts == 0 && question_gravity(q) < 2) {
		f.srv_says_no = true;
		/* With both, the one with STARTTLS, which is asked last. */
		for (unsigned i = 0; i < l->questions.n; i++)
			if (l->asked[i].says_no)
				q = &l->asked[i];
	}
	memcpy(f.name, l->domain, sizeof(f.name));
	if (q) {
		f.status = q->status;
		f.type = q->type;
		f.server = q->server;
		memcpy(f.name, q->name, sizeof(f.name));
	}
	*ret = f;
}

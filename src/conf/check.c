#include "conf/check.h"

#include <stdlib.h>

#include "base/addr.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/pairs.h"
#include "conf/syntax.h"

enum { SIP_PORT = 5060 };

enum owner {
	OWNER_POOL,
	OWNER_PARTNER,
};

/* A domain, and whose it is. */
struct entry {
	const struct conf_text *text;
	enum owner owner;
	const void *who;
};

struct entries {
	struct entry *v;
	size_t n;
};

static int cmp_domain(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;

	for (size_t i = 0; i < n; i++) {
		int d = ascii_lower(a.p[i]) - ascii_lower(b.p[i]);

		if (d)
			return d;
	}
	return (a.n > b.n) - (a.n < b.n);
}

static int cmp_place(struct conf_place a, struct conf_place b)
{
	if (a.line != b.line)
		return a.line < b.line ? -1 : 1;
	return (a.column > b.column) - (a.column < b.column);
}

static int cmp_entry(const void *a, const void *b)
{
	const struct entry *x = a;
	const struct entry *y = b;
	int d = cmp_domain(slice_str(x->text->s), slice_str(y->text->s));

	return d ? d : cmp_place(x->text->at, y->text->at);
}

static bool has_gateway(const struct conf *c)
{
	return c->gateway.at.line > 0;
}

static void entries_add(
	struct entries *e, const struct conf_text *text, enum owner owner, const void *who)
{
	if (text->s)
		e->v[e->n++] = (struct entry){ text, owner, who };
}

static void entries_add_all(
	struct entries *e, const struct conf_texts *texts, enum owner owner, const void *who)
{
	for (size_t i = 0; i < texts->n; i++)
		entries_add(e, &texts->v[i], owner, who);
}

static size_t count_domains(const struct conf *c)
{
	size_t n = c->n_partners + c->n_pools;

	for (size_t i = 0; i < c->n_pools; i++)
		n += c->pools[i].domains.n;
	for (size_t i = 0; i < c->n_partners; i++)
		n += c->partners[i].additional_domains.n;
	return n;
}

/* `b` says again what `a` said.  Two pools may serve one domain, its users are spread over them. */
static void check_pair(const struct entry *a, const struct entry *b, struct problems *problems)
{
	char text[SHOWN_MAX];
	const struct text_arg domain = text_str(shown(slice_str(b->text->s), text));
	const struct text_arg line = text_u64(a->text->at.line);

	if (a->owner != b->owner) {
		const struct entry *partner = a->owner == OWNER_PARTNER ? a : b;
		const struct entry *pool = partner == a ? b : a;

		problems_add(problems, partner->text->at,
			TEXT(N_("`{1}` cannot be a partner's domain: it is a pool's (line {2})"),
				domain, text_u64(pool->text->at.line)));
	} else if (b->owner == OWNER_PARTNER) {
		problems_add(problems, b->text->at,
			TEXT(N_("the partner domain `{1}` is here twice (line {2})"), domain,
				line));
	} else if (a->who == b->who) {
		problems_add(problems, b->text->at,
			TEXT(N_("the domain `{1}` is here twice (line {2})"), domain, line));
	}
}

static void check_sorted(const struct entries *e, struct problems *problems)
{
	for (size_t i = 1; i < e->n; i++) {
		const struct entry *a = &e->v[i - 1];
		const struct entry *b = &e->v[i];

		if (cmp_domain(slice_str(a->text->s), slice_str(b->text->s)) == 0)
			check_pair(a, b, problems);
	}
}

static int check_domains(const struct conf *c, struct problems *problems)
{
	size_t n = count_domains(c);

	if (n == 0)
		return 0;
	struct entries e = { .v = mem_alloc0(n * sizeof(*e.v)) };

	if (!e.v)
		return -ENOMEM;
	for (size_t i = 0; i < c->n_pools; i++)
		entries_add_all(&e, &c->pools[i].domains, OWNER_POOL, &c->pools[i]);
	for (size_t i = 0; i < c->n_partners; i++) {
		const struct conf_partner *p = &c->partners[i];

		entries_add(&e, &p->domain, OWNER_PARTNER, p);
		entries_add_all(&e, &p->additional_domains, OWNER_PARTNER, p);
	}
	qsort(e.v, e.n, sizeof(*e.v), cmp_entry);
	check_sorted(&e, problems);
	mem_free(e.v);
	return 0;
}

/* At most 64 pools: comparing each with each is fine. */
static void check_pool_names(const struct conf *c, struct problems *problems)
{
	for (size_t i = 0; i < c->n_pools; i++) {
		const struct conf_text *a = &c->pools[i].fqdn;

		for (size_t j = 0; a->s && j < i; j++) {
			const struct conf_text *b = &c->pools[j].fqdn;

			if (!b->s || !slice_ieqs(slice_str(b->s), a->s))
				continue;
			problems_add(problems, a->at,
				TEXT(N_("the pool `{1}` is here twice (line {2})"), text_str(a->s),
					text_u64(b->at.line)));
			break;
		}
	}
}

static void check_test_users(const struct conf_pool *pool, struct problems *problems)
{
	char text[SHOWN_MAX];

	for (size_t i = 0; i < pool->n_test_users; i++) {
		const struct conf_text *address = &pool->test_users[i].address;
		struct slice domain = syntax_address_domain(slice_str(address->s));

		if (!conf_pool_has_domain(pool, domain))
			problems_add(problems, address->at,
				TEXT(N_("the domain `{1}` of the test user is not among the pool's "
					"`domains`"),
					text_str(shown(domain, text))));
	}
}

static void check_receiver(const struct conf_partner *p, struct problems *problems)
{
	const struct conf_text *address = &p->receiver.address;
	struct slice domain = syntax_address_domain(slice_str(address->s));
	char text[SHOWN_MAX];

	if (!address->s || conf_partner_serves(p, domain))
		return;
	problems_add(problems, address->at,
		TEXT(N_("the domain `{1}` of the receiver is not one of the partner's"),
			text_str(shown(domain, text))));
}

/* A link on which nothing could prove the partner's name.  SASL is a proof by certificate, and a
 * certificate comes with TLS only. */
static void check_proof(const struct conf_partner *p, struct problems *problems)
{
	if (p->dialback.on)
		return;
	if (p->sasl.value == CONF_NONE)
		problems_add(problems, p->sasl.at,
			TEXT_PLAIN(N_("with `sasl: none` the partner can prove its name by "
				      "`dialback: true` only")));
	else if (p->tls.value == CONF_NONE)
		problems_add(problems, p->tls.at,
			TEXT_PLAIN(N_("with `tls: none` the partner can prove its name by "
				      "`dialback: true` only")));
}

struct listen {
	enum transport transport;
	struct addr addr;
};

static struct listen read_listen(const struct conf_text *t)
{
	struct slice rest = slice_str(t->s);
	struct slice name = slice_split(&rest, ':');
	struct listen l = { .transport = TRANSPORT_UDP };

	/* Both were found well formed when the value was loaded. */
	(void)(transport_find(name, &l.transport) && addr_decode(rest, &l.addr));
	return l;
}

/* Would the second of them find its address in use?  A wildcard takes all addresses of its family;
 * port 0 is a free one. */
static bool overlaps(const struct listen *a, const struct listen *b)
{
	return a->transport == b->transport && a->addr.family == b->addr.family &&
	       a->addr.port == b->addr.port && a->addr.port &&
	       (addr_ip_eq(&a->addr, &b->addr) || addr_is_wildcard(&a->addr) ||
		       addr_is_wildcard(&b->addr));
}

static void check_listens(const struct conf_texts *texts, struct problems *problems)
{
	for (size_t i = 1; i < texts->n; i++) {
		const struct conf_text *b = &texts->v[i];
		const struct listen second = read_listen(b);

		for (size_t k = 0; k < i; k++) {
			const struct conf_text *a = &texts->v[k];
			const struct listen first = read_listen(a);

			if (!overlaps(&first, &second))
				continue;
			problems_add(problems, b->at,
				TEXT(N_("`{1}` and `{2}` (line {3}) cannot both be listened on: "
					"the address would be in use"),
					text_str(b->s), text_str(a->s), text_u64(a->at.line)));
			break;
		}
	}
}

/* A next hop has the form of a registrar, to which TLS is possible. */
static enum transport hop_transport(const struct conf_text *hop)
{
	struct slice params = slice_str(hop->s);
	enum transport t = TRANSPORT_UDP;
	char lower[8];

	(void)slice_split(&params, ';');
	while (params.n > 0) {
		struct slice value = slice_split(&params, ';');
		struct slice name = slice_split(&value, '=');

		if (!slice_ieqs(name, "transport") || !slice_cstr(value, lower, sizeof(lower)))
			continue;
		for (char *p = lower; *p; p++)
			*p = (char)ascii_lower((uint8_t)*p);
		(void)transport_find(slice_str(lower), &t);
	}
	return t;
}

/* False for a name other than localhost: the gateway looks where that leads when it runs. */
static bool hop_address(const struct conf_text *hop, struct addr *ret)
{
	const struct slice host = syntax_hop_host(slice_str(hop->s));

	if (!addr_decode_ip(slice_ieqs(host, "localhost") ? SLICE("127.0.0.1") : host, ret))
		return false;
	ret->port = SIP_PORT;
	(void)syntax_hop_port(slice_str(hop->s), &ret->port);
	return true;
}

/* What goes there would come back. */
static void check_hop_is_not_ours(
	const struct conf_gateway_sip *sip, enum transport t, struct problems *problems)
{
	struct listen hop = { .transport = t };

	if (!hop_address(&sip->next_hop, &hop.addr))
		return;
	for (size_t i = 0; i < sip->listen.n; i++) {
		const struct listen l = read_listen(&sip->listen.v[i]);

		if (!overlaps(&l, &hop) ||
			(addr_is_wildcard(&l.addr) && !addr_is_loopback(&hop.addr)))
			continue;
		problems_add(problems, sip->next_hop.at,
			TEXT(N_("`next_hop` is this gateway's own `{1}` (line {2}): what it sends "
				"there comes back"),
				text_str(sip->listen.v[i].s), text_u64(sip->listen.v[i].at.line)));
		return;
	}
}

static void check_next_hop(const struct conf_gateway_sip *sip, struct problems *problems)
{
	const enum transport t = hop_transport(&sip->next_hop);

	if (t == TRANSPORT_TLS)
		problems_add(problems, sip->next_hop.at,
			TEXT_PLAIN(N_("the gateway speaks to `next_hop` over UDP or TCP, not yet "
				      "over TLS")));
	else
		check_hop_is_not_ours(sip, t, problems);
}

static void check_gateway(const struct conf *c, struct problems *problems)
{
	const struct conf_text *name = &c->gateway.xmpp.component.name;

	if (!has_gateway(c))
		return;
	check_listens(&c->gateway.sip.listen, problems);
	check_next_hop(&c->gateway.sip, problems);
	if (c->n_pools == 0) {
		problems_add(problems, c->gateway.at,
			TEXT_PLAIN(N_("`gateway` needs a pool: its `domains` are those of the SIP "
				      "side")));
		return;
	}
	for (size_t i = 0; i < c->n_pools; i++)
		if (conf_pool_has_domain(&c->pools[i], slice_str(name->s)))
			return;
	problems_add(problems, name->at,
		TEXT_PLAIN(N_("the component's `name` must be one of a pool's `domains`: SIP users "
			      "have their addresses there")));
}

int check_conf(const struct conf *c, struct problems *problems)
{
	const bool complete = problems->n == 0;

	check_pool_names(c, problems);
	int err = check_domains(c, problems);
	if (err || !complete)
		return err;
	for (size_t i = 0; i < c->n_pools; i++)
		check_test_users(&c->pools[i], problems);
	for (size_t i = 0; i < c->n_partners; i++) {
		check_proof(&c->partners[i], problems);
		check_receiver(&c->partners[i], problems);
	}
	check_gateway(c, problems);
	check_watch(c, problems);
	return 0;
}

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/srv.h"
#include "probe/server.h"
#include "probe/sweep_private.h"
#include "sip/uri.h"

enum {
	IN_FLIGHT_MAX = 32,
	FALLBACKS_MAX = 2, /* services for which there must be room in the end */
};

static bool is_numeric(const char *name, struct addr *ret)
{
	return addr_decode_ip(slice_str(name), ret);
}

/* ---- questions ---- */

static uint32_t ask(struct sweep *s, enum dns_type type, const char *name)
{
	return questions_ask(&s->questions, type, name);
}

/* "_sips._tcp." in front of the domain; no question when that is no name any more. */
static uint32_t ask_service(struct sweep *s, enum sweep_kind kind, const char *domain)
{
	char name[DNS_NAME_MAX];
	struct buf b;
	uint32_t id = QUESTION_NONE;

	buf_init(&b, sizeof(name));
	buf_printf(&b, "%s.%s", sweep_kind_info(kind)->name, domain);
	if (slice_cstr(buf_slice(&b), name, sizeof(name)))
		id = ask(s, DNS_SRV, name);
	buf_done(&b);
	return id;
}

void sweep_names_ask(struct sweep *s)
{
	struct questions *qs = &s->questions;

	while (qs->n_taken < qs->n && qs->n_taken - qs->n_answered < IN_FLIGHT_MAX) {
		struct want *w = outbox_want(&s->out, WANT_DNS);
		const struct question *q = questions_take(qs, &w->dns_id);

		w->dns_type = q->type;
		memcpy(w->name, q->name, sizeof(w->name));
	}
}

bool sweep_names_are_complete(const struct sweep *s)
{
	return s->questions.n_answered == s->questions.n;
}

void sweep_names_give_up(struct sweep *s)
{
	for (uint32_t i = 0; i < s->questions.n_taken; i++)
		if (!s->asked[i].answered)
			outbox_want(&s->out, WANT_DROP_DNS)->dns_id = i + 1;
}

/* ---- hosts and services ---- */

/* Its number, or -1 when there are too many. */
static int add_host(struct sweep *s, const char *name)
{
	for (unsigned i = 0; i < s->n_hosts; i++)
		if (slice_ieqs(slice_str(name), s->hosts[i].name))
			return (int)i;
	if (s->n_hosts == SWEEP_HOSTS_MAX)
		return -1;
	struct sweep_host *h = &s->hosts[s->n_hosts];
	*h = (struct sweep_host){ 0 };
	slice_cstr(slice_str(name), h->name, sizeof(h->name));
	if (!is_numeric(name, &h->literal)) {
		h->a = ask(s, DNS_A, name);
		h->aaaa = ask(s, DNS_AAAA, name);
	}
	return (int)s->n_hosts++;
}

static struct sweep_service *add_service(
	struct sweep *s, enum sweep_kind kind, enum sweep_source source, uint32_t srv)
{
	struct sweep_service *sv = &s->services[s->n_services++]; /* who adds knows of the limit */
	const struct question *q = questions_at(&s->questions, srv);

	*sv = (struct sweep_service){ .kind = kind,
		.source = source,
		.plan = sweep_kind_info(kind)->plan,
		.srv = srv,
		.name = q ? q->name : NULL };
	return sv;
}

/* One host at one port, without any SRV record. */
void sweep_names_add_own(struct sweep *s, enum sweep_kind kind, enum sweep_source source,
	const char *host, uint16_t port)
{
	const int number = add_host(s, host); /* it is among the first: there is room */
	struct sweep_service *sv = add_service(s, kind, source, QUESTION_NONE);

	sv->n_targets = 1;
	sv->targets[0] = (struct sweep_target){ .port = port ? port : sweep_kind_info(kind)->port,
		.host = (unsigned)number };
}

/* ---- the pool ---- */

/* As sip/locate reads it: RFC 3263 section 4.1; TCP in a sips URI is TLS, RFC 3261 section 26.2.2.
 */
static bool read_transport(struct sweep_way *w, const struct sip_uri *uri, bool by_hand)
{
	struct slice t;

	w->transport = by_hand ? TRANSPORT_UDP : TRANSPORT_TLS;
	w->has_transport = sip_uri_param(uri, "transport", &t);
	if (w->has_transport && !transport_find(t, &w->transport))
		return false;
	w->asks_naptr = !w->has_transport;
	if (uri->scheme != SIP_SCHEME_SIPS)
		return true;
	if (w->has_transport && w->transport == TRANSPORT_UDP)
		return false;
	w->has_transport = true;
	w->transport = TRANSPORT_TLS;
	return true;
}

static bool read_way(struct sweep *s, struct slice text)
{
	struct sweep_way *w = &s->way;
	struct sip_uri uri;
	struct where where;
	struct addr ignored;

	if (sip_uri_decode(text, &uri, &where) ||
		(uri.scheme != SIP_SCHEME_SIP && uri.scheme != SIP_SCHEME_SIPS) ||
		!read_transport(w, &uri, s->cfg.server.n > 0))
		return false;
	struct slice host = uri.host;
	if (host.n > 2 && host.p[0] == '[')
		host = slice_cut(host, 1, host.n - 1);
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	w->port = uri.port;
	if (!slice_cstr(host, w->host, sizeof(w->host)) || host.n == 0)
		return false;
	w->by_hand = w->port || is_numeric(w->host, &ignored);
	w->asks_naptr |= w->by_hand; /* for who comes by the DNS */
	return true;
}

static int init_pool(struct sweep *s, struct text *why)
{
	struct addr ignored;
	struct buf uri;

	buf_init(&uri, SIP_URI_MAX);
	server_put_registrar(&uri, s->cfg.server, slice_str(s->ascii), s->cfg.registrar_port);
	int err = buf_err(&uri) == -ENOMEM                         ? -ENOMEM
		  : buf_err(&uri) || !read_way(s, buf_slice(&uri)) ? ERR_CONFIG
								   : 0;
	if (err == ERR_CONFIG)
		*why = TEXT(N_("`{1}` is no SIP URI of a registrar"), text_str(s->server));
	buf_done(&uri);
	if (err)
		return err;
	if (s->way.by_hand)
		sweep_names_add_own(
			s, sweep_kind_of(s->way.transport), SWEEP_GIVEN, s->way.host, s->way.port);
	/* Where the registrar is named by hand, others still come by the pool's own records. */
	const char *base = s->way.by_hand ? s->ascii : s->way.host;
	if (is_numeric(base, &ignored))
		return 0;
	ask(s, DNS_NAPTR, base);
	for (enum sweep_kind k = SWEEP_SIPS_TCP; k <= SWEEP_SIP_UDP; k++)
		add_service(s, k, SWEEP_SRV, ask_service(s, k, base));
	for (unsigned i = 0; i < s->cfg.n_domains; i++)
		add_service(s, SWEEP_SIP_FEDERATION, SWEEP_SRV,
			ask_service(s, SWEEP_SIP_FEDERATION, s->domains[i]));
	/* Beside the records, not after them: a round trip saved where there are none. */
	if (!s->way.by_hand)
		add_host(s, base);
	return 0;
}

/* ---- the partner ---- */

static int init_partner(struct sweep *s, struct text *why)
{
	char host[256] = "";
	uint16_t port = sweep_kind_info(SWEEP_XMPP_CLIENT)->port;
	struct addr ignored;

	if (s->cfg.server.n && !server_read(s->cfg.server, host, &port)) {
		*why = TEXT(N_("the server `{1}` is not HOST or HOST:PORT"), text_str(s->server));
		return ERR_CONFIG;
	}
	if (host[0])
		sweep_names_add_own(s, SWEEP_XMPP_CLIENT, SWEEP_GIVEN, host, port);
	for (enum sweep_kind k = SWEEP_XMPPS_CLIENT; k <= SWEEP_XMPP_SERVER; k++)
		if (!is_numeric(s->ascii, &ignored))
			add_service(s, k, SWEEP_SRV, ask_service(s, k, s->ascii));
	add_host(s, s->ascii);
	return 0;
}

int sweep_names_init(struct sweep *s, struct text *why)
{
	questions_init(&s->questions, s->asked, SWEEP_QUESTIONS_MAX);
	return s->cfg.side == SWEEP_POOL ? init_pool(s, why) : init_partner(s, why);
}

/* ---- answers ---- */

static bool is_usable_naptr(const struct dns_record *r, enum sweep_kind *ret)
{
	if (r->type != DNS_NAPTR || !slice_ieqs(slice_str(r->naptr.flags), "s") ||
		r->naptr.has_regexp || !r->naptr.replacement[0])
		return false;
	for (enum sweep_kind k = SWEEP_SIPS_TCP; k <= SWEEP_SIP_UDP; k++) {
		*ret = k;
		if (slice_ieqs(slice_str(r->naptr.service), sweep_kind_info(k)->naptr))
			return true;
	}
	return false;
}

static struct sweep_service *find_service(struct sweep *s, enum sweep_kind kind, const char *name)
{
	for (unsigned i = 0; i < s->n_services; i++)
		if (s->services[i].kind == kind && s->services[i].name &&
			slice_ieqs(slice_str(name), s->services[i].name))
			return &s->services[i];
	return NULL;
}

/* A service of which nobody thought.  Its records may be here already, under another kind. */
static struct sweep_service *add_named(struct sweep *s, enum sweep_kind kind, const char *name)
{
	if (s->n_services >= SWEEP_SERVICES_MAX - FALLBACKS_MAX) {
		s->result.left_out_services++;
		return NULL;
	}
	const uint32_t srv = ask(s, DNS_SRV, name);
	const struct sweep_service *same = NULL;

	for (unsigned i = 0; i < s->n_services; i++)
		if (s->services[i].srv == srv)
			same = &s->services[i];
	struct sweep_service *sv = add_service(s, kind, SWEEP_NAPTR, srv);
	if (same) {
		sv->n_targets = same->n_targets;
		memcpy(sv->targets, same->targets, sizeof(sv->targets));
	}
	sv->order = sv->preference = UINT16_MAX;
	return sv;
}

/* Of two records for one service the one that comes first counts. */
static void take_naptr(struct sweep *s, const struct dns_record *r, enum sweep_kind kind)
{
	const uint32_t rank = (uint32_t)r->naptr.order << 16 | r->naptr.preference;
	struct sweep_service *sv = find_service(s, kind, r->naptr.replacement);

	if (!sv)
		sv = add_named(s, kind, r->naptr.replacement);
	else if (sv->source == SWEEP_SRV && !s->way.asks_naptr)
		return; /* with a transport in the URI NAPTR has no say */
	if (!sv ||
		(sv->source == SWEEP_NAPTR && ((uint32_t)sv->order << 16 | sv->preference) < rank))
		return;
	sv->source = SWEEP_NAPTR;
	sv->order = r->naptr.order;
	sv->preference = r->naptr.preference;
}

static void push_naptr(struct sweep *s, struct question *q, const struct dns_answer *a)
{
	enum sweep_kind kind;

	for (size_t i = 0; i < a->n_records; i++) {
		if (!is_usable_naptr(&a->records[i], &kind))
			continue;
		q->n_usable++;
		take_naptr(s, &a->records[i], kind);
	}
}

/* What is tried first is kept where there are too many: by priority, then by weight. */
static int by_srv_order(const void *pa, const void *pb)
{
	const struct dns_record *a = *(const struct dns_record *const *)pa;
	const struct dns_record *b = *(const struct dns_record *const *)pb;

	if (a->srv.priority != b->srv.priority)
		return a->srv.priority < b->srv.priority ? -1 : 1;
	if (a->srv.weight != b->srv.weight)
		return a->srv.weight > b->srv.weight ? -1 : 1;
	const int names = slice_cmp(slice_str(a->srv.target), slice_str(b->srv.target));
	return names ? names : (a->srv.port > b->srv.port) - (a->srv.port < b->srv.port);
}

static unsigned list_targets(
	const struct dns_answer *a, const struct dns_record *list[DNS_RECORDS_MAX])
{
	unsigned n = 0;

	for (size_t i = 0; i < a->n_records && n < DNS_RECORDS_MAX; i++)
		if (srv_is_usable(&a->records[i]))
			list[n++] = &a->records[i];
	qsort(list, n, sizeof(const void *), by_srv_order);
	return n;
}

static void push_srv(struct sweep *s, uint32_t id, const struct dns_answer *a)
{
	const struct dns_record *list[DNS_RECORDS_MAX];
	const unsigned n = list_targets(a, list);

	for (unsigned i = 0; i < s->n_services; i++) {
		struct sweep_service *sv = &s->services[i];

		for (unsigned k = 0; sv->srv == id && k < n; k++) {
			const int host = sv->n_targets < SWEEP_TARGETS_MAX
						 ? add_host(s, list[k]->srv.target)
						 : -1;

			if (host < 0) {
				s->result.left_out_targets++;
				continue;
			}
			sv->targets[sv->n_targets++] =
				(struct sweep_target){ .priority = list[k]->srv.priority,
					.weight = list[k]->srv.weight,
					.port = list[k]->srv.port,
					.host = (unsigned)host };
		}
	}
}

static int by_number(const void *pa, const void *pb)
{
	return memcmp(((const struct addr *)pa)->ip, ((const struct addr *)pb)->ip, 16);
}

static void push_addresses(struct sweep *s, struct question *q)
{
	s->result.left_out_addresses += q->n_usable - q->n_addresses;
	qsort(q->addresses, q->n_addresses, sizeof(q->addresses[0]), by_number);
}

void sweep_names_answer(struct sweep *s, uint32_t id, const struct dns_answer *a)
{
	struct question *q = questions_answer(&s->questions, id, a);

	if (!q)
		return;
	switch (q->type) {
	case DNS_NAPTR: push_naptr(s, q, a); break;
	case DNS_SRV: push_srv(s, id, a); break;
	case DNS_A:
	case DNS_AAAA: push_addresses(s, q); break;
	}
}

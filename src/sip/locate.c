#include "sip/locate.h"

#include "base/mem.h"

struct locate {
	struct targets targets;
	struct locate_way way;
	unsigned plans[LOCATE_KINDS]; /* 0, or none */
};

static const struct {
	enum transport transport;
	const char *prefix, *naptr;
} kinds[LOCATE_KINDS] = {
	[LOCATE_SIPS_TCP] = { TRANSPORT_TLS, "_sips._tcp", "SIPS+D2T" },
	[LOCATE_SIP_TCP] = { TRANSPORT_TCP, "_sip._tcp", "SIP+D2T" },
	[LOCATE_SIP_UDP] = { TRANSPORT_UDP, "_sip._udp", "SIP+D2U" },
};

/* ---- the URI ---- */

/* Which transport, if there is no choice.  RFC 3261 section 26.2.2: TCP in a sips URI is TLS. */
static int read_transport(struct locate_way *w, const struct sip_uri *uri, bool secure)
{
	const bool sips = uri->scheme == SIP_SCHEME_SIPS;
	struct slice t;

	w->has_transport = sip_uri_param(uri, "transport", &t);
	if (w->has_transport && !transport_find(t, &w->transport))
		return ERR_UNSUPPORTED;
	if (sips && w->has_transport && w->transport == TRANSPORT_UDP)
		return ERR_UNSUPPORTED;
	w->asks_naptr = !w->has_transport; /* section 4.1 */
	if (sips || secure) {
		w->has_transport = true;
		w->transport = TRANSPORT_TLS;
	}
	return 0;
}

static int read_host(struct locate_way *w, struct slice host)
{
	struct addr ignored;

	if (host.n > 2 && host.p[0] == '[')
		host = slice_cut(host, 1, host.n - 1);
	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	w->numeric = addr_decode_ip(host, &ignored);
	return slice_cstr(host, w->host, sizeof(w->host)) ? 0 : ERR_LIMIT;
}

int locate_read_way(struct locate_way *way, struct slice text, bool secure)
{
	struct sip_uri uri;
	struct where where;
	int err = sip_uri_decode(text, &uri, &where);

	if (err)
		return err;
	if (uri.scheme != SIP_SCHEME_SIP && uri.scheme != SIP_SCHEME_SIPS)
		return ERR_UNSUPPORTED;
	way->port = uri.port;
	err = read_transport(way, &uri, secure);
	return err ? err : read_host(way, uri.host);
}

bool locate_way_can(const struct locate_way *way, enum locate_kind kind)
{
	return !way->has_transport || way->transport == kinds[kind].transport;
}

/* ---- NAPTR ---- */

static bool is_usable(const struct dns_record *r, enum locate_kind *ret)
{
	if (r->type != DNS_NAPTR || !slice_ieqs(slice_str(r->naptr.flags), "s") ||
		r->naptr.has_regexp || !r->naptr.replacement[0])
		return false;
	for (*ret = 0; *ret < LOCATE_KINDS; ++*ret)
		if (slice_ieqs(slice_str(r->naptr.service), kinds[*ret].naptr))
			return true;
	return false;
}

static struct targets_service *find(struct targets *t, enum locate_kind kind, const char *name)
{
	for (unsigned i = 0; i < t->n_services; i++)
		if (t->services[i].kind == kind && t->services[i].name &&
			slice_ieqs(slice_str(name), t->services[i].name))
			return &t->services[i];
	return NULL;
}

static uint32_t rank(const struct targets_service *s)
{
	return (uint32_t)s->order << 16 | s->preference;
}

/* Of two records for one service the one that comes first counts. */
static void take_naptr(struct targets *t, const struct dns_record *r, enum locate_kind kind,
	unsigned plan, bool has_say)
{
	struct targets_service *s = find(t, kind, r->naptr.replacement);
	const struct targets_service found = { .plan = plan,
		.kind = kind,
		.source = TARGETS_NAPTR,
		.transport = kinds[kind].transport,
		.order = r->naptr.order,
		.preference = r->naptr.preference };

	if (!s) {
		targets_add_srv(t, &found, "", r->naptr.replacement);
		return;
	}
	if (s->source == TARGETS_SRV ? !has_say : rank(s) <= rank(&found))
		return;
	s->source = TARGETS_NAPTR;
	s->order = found.order;
	s->preference = found.preference;
}

static bool has_naptr(const struct targets *t, unsigned plan)
{
	for (unsigned i = 0; i < t->n_services; i++)
		if (t->services[i].plan == plan && t->services[i].source == TARGETS_NAPTR)
			return true;
	return false;
}

void locate_push_naptr(struct targets *t, struct question *q, const struct dns_answer *answer,
	const unsigned plans[LOCATE_KINDS], bool have_say)
{
	enum locate_kind kind;

	for (size_t i = 0; i < answer->n_records; i++) {
		if (!is_usable(&answer->records[i], &kind))
			continue;
		q->n_usable++;
		if (plans[kind] != LOCATE_NO_PLAN)
			take_naptr(t, &answer->records[i], kind, plans[kind], have_say);
	}
	for (unsigned i = 0; i < t->n_services; i++)
		if (t->services[i].source == TARGETS_SRV && has_naptr(t, t->services[i].plan))
			t->services[i].plan = TARGETS_NOBODY;
}

/* ---- life ---- */

static uint16_t port_of(const struct locate_way *w, const struct locate_cfg *cfg)
{
	if (w->port)
		return w->port;
	if (cfg->default_port)
		return cfg->default_port;
	return w->transport == TRANSPORT_TLS ? 5061 : 5060;
}

/* Section 4.1 without a NAPTR record.  Asked beside the NAPTR, not after it: a round trip saved, a
 * few questions wasted. */
static void guess_services(struct locate *l)
{
	if (l->way.asks_naptr)
		questions_ask(&l->targets.questions, DNS_NAPTR, l->way.host);
	for (unsigned k = 0; k < LOCATE_KINDS; k++)
		if (l->plans[k] == 0)
			targets_add_srv(&l->targets,
				&(struct targets_service){ .kind = k,
					.source = TARGETS_SRV,
					.transport = kinds[k].transport },
				kinds[k].prefix, l->way.host);
}

static int start(struct locate *l, const struct locate_cfg *cfg)
{
	const struct locate_way *w = &l->way;
	const bool given = w->numeric || w->port;
	int err = 0;

	for (unsigned k = 0; k < LOCATE_KINDS; k++)
		l->plans[k] =
			cfg->can[kinds[k].transport] && locate_way_can(w, k) ? 0 : LOCATE_NO_PLAN;
	if (!given)
		guess_services(l);
	if (cfg->can[w->transport])
		err = targets_add_host(&l->targets,
			&(struct targets_service){
				.source = given ? TARGETS_GIVEN : TARGETS_FALLBACK,
				.transport = w->transport,
				.is_host = true },
			w->host, port_of(w, cfg));
	if (!err && l->targets.n_services == 0)
		err = ERR_UNSUPPORTED;
	if (given || !w->asks_naptr)
		targets_close(&l->targets);
	return err;
}

int locate_new(struct locate **ret, const struct locate_cfg *cfg, struct rng *rng)
{
	struct locate *l = mem_alloc0(sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->way.transport = cfg->fallback;
	int err = locate_read_way(&l->way, cfg->uri, cfg->secure);
	if (!err) {
		targets_init(&l->targets, l->way.host, cfg->family, false, rng);
		err = start(l, cfg);
	}
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

/* ---- questions, answers, targets ---- */

bool locate_take_question(struct locate *l, struct targets_question *ret)
{
	return targets_take_question(&l->targets, ret);
}

void locate_push_answer(struct locate *l, uint32_t id, const struct dns_answer *answer)
{
	struct question *q = targets_push_answer(&l->targets, id, answer);

	if (!q || q->type != DNS_NAPTR)
		return;
	locate_push_naptr(&l->targets, q, answer, l->plans, true);
	targets_close(&l->targets);
}

enum targets_state locate_state(const struct locate *l)
{
	return targets_state(&l->targets);
}

bool locate_take_target(struct locate *l, struct targets_target *ret)
{
	return targets_take_target(&l->targets, ret);
}

void locate_failure(const struct locate *l, struct targets_failure *ret)
{
	targets_failure(&l->targets, ret);
}

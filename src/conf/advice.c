#include "conf/advice.h"

#include "base/addr.h"
#include "base/mem.h"
#include "conf/syntax.h"

/* ---- pools ---- */

static void advise_registrar(const struct conf_pool *p, struct problems *warnings)
{
	const struct conf_number *beside = &p->registrar_port;
	uint16_t port;

	if (p->registrar.s && beside->at.line &&
		syntax_hop_port(slice_str(p->registrar.s), &port) && port != beside->n)
		problems_add(warnings, beside->at,
			TEXT(N_("`registrar_port: {1}` has no effect: `registrar` names port {2} "
				"(line {3})"),
				text_u64(beside->n), text_u64(port),
				text_u64(p->registrar.at.line)));
}

/* A list of few: each is compared with each. */
static void advise_twice(const struct conf_texts *list, struct problems *warnings)
{
	char text[SHOWN_MAX];

	for (size_t i = 1; i < list->n; i++)
		for (size_t k = 0; k < i; k++) {
			if (!slice_ieqs(slice_str(list->v[i].s), list->v[k].s))
				continue;
			problems_add(warnings, list->v[i].at,
				TEXT(N_("`{1}` is here twice (line {2})"),
					text_str(shown(slice_str(list->v[i].s), text)),
					text_u64(list->v[k].at.line)));
			break;
		}
}

static void advise_users(const struct conf_pool *p, struct problems *warnings)
{
	char text[SHOWN_MAX];

	for (size_t i = 1; i < p->n_test_users; i++) {
		const struct conf_text *user = &p->test_users[i].address;

		for (size_t k = 0; k < i; k++) {
			const struct conf_text *before = &p->test_users[k].address;

			if (!slice_ieq(syntax_address(slice_str(user->s)),
				    syntax_address(slice_str(before->s))))
				continue;
			problems_add(warnings, user->at,
				TEXT(N_("the test user `{1}` is here twice (line {2}); the second "
					"one is never used"),
					text_str(shown(slice_str(user->s), text)),
					text_u64(before->at.line)));
			break;
		}
	}
}

/* ---- the gateway ---- */

/* A component speaks for one domain (XEP-0114 section 3). */
static void advise_component(const struct conf *c, struct problems *warnings)
{
	const char *name = c->gateway.xmpp.component.name.s;
	char text[SHOWN_MAX];

	for (size_t i = 0; i < c->n_pools; i++)
		for (size_t k = 0; k < c->pools[i].domains.n; k++) {
			const struct conf_text *domain = &c->pools[i].domains.v[k];

			if (slice_ieqs(slice_str(domain->s), name))
				continue;
			problems_add(warnings, domain->at,
				TEXT(N_("no component serves `{1}`: the gateway is that of {2} "
					"alone, and refuses what users of this domain write (403)"),
					text_str(shown(slice_str(domain->s), text)),
					text_str(name)));
		}
}

static void advise_peer(
	const struct conf_texts *peers, size_t i, struct problems *warnings, struct problems *notes)
{
	const struct conf_text *t = &peers->v[i];
	struct addr_net net, before;
	struct addr literal;

	if (!addr_net_decode(slice_str(t->s), &net))
		return; /* the syntax is looser, and who uses it says so */
	if (net.bits == 0)
		problems_add(warnings, t->at,
			TEXT(N_("`{1}` trusts everybody: whoever reaches the listeners can write "
				"in any user's name"),
				text_str(t->s)));
	if (addr_decode_ip(
		    slice_cut(slice_str(t->s), 0, slice_chr(slice_str(t->s), '/')), &literal) &&
		literal.family != net.addr.family) {
		char as[ADDR_TEXT_MAX];
		struct buf b;

		buf_init_in(&b, (uint8_t *)as, sizeof(as));
		addr_net_put(&b, &net);
		problems_add(notes, t->at,
			TEXT(N_("`{1}` is an IPv4 address in IPv6 form; it is taken as {2}"),
				text_str(t->s), text_str(buf_cstr(&b))));
	}
	for (size_t k = 0; k < i; k++) {
		if (!addr_net_decode(slice_str(peers->v[k].s), &before) || before.bits > net.bits ||
			!addr_net_has(&before, &net.addr))
			continue;
		problems_add(warnings, t->at,
			TEXT(N_("`{1}` is trusted already, by `{2}` (line {3})"), text_str(t->s),
				text_str(peers->v[k].s), text_u64(peers->v[k].at.line)));
		return;
	}
}

/* What the pool's proxy sends comes from where it is sent to, as a rule. */
static void advise_next_hop(const struct conf_gateway_sip *sip, struct problems *notes)
{
	struct slice host = syntax_hop_host(slice_str(sip->next_hop.s));
	struct addr hop;
	struct addr_net net;

	if (!addr_decode_ip(host, &hop))
		return;
	addr_unmap(&hop);
	for (size_t i = 0; i < sip->trusted_peers.n; i++)
		if (addr_net_decode(slice_str(sip->trusted_peers.v[i].s), &net) &&
			addr_net_has(&net, &hop))
			return;
	problems_add(notes, sip->next_hop.at,
		TEXT(N_("`next_hop` is not among `trusted_peers`: requests that come from {1} are "
			"not taken"),
			text_slice(host)));
}

static bool is_before(struct conf_place a, struct conf_place b)
{
	return a.line < b.line || (a.line == b.line && a.column < b.column);
}

/* The first such key of the file; line 0: there is none. */
static struct conf_place not_enforced(const struct conf *conf)
{
	struct conf_place first = { 0 };

	for (size_t i = 0; i < conf->n_partners; i++) {
		const struct conf_partner *p = &conf->partners[i];
		const struct conf_place places[] = { p->tls.at, p->sasl.at, p->dialback.at };

		for (size_t k = 0; k < COUNT(places); k++)
			if (places[k].line && (!first.line || is_before(places[k], first)))
				first = places[k];
	}
	return first;
}

static void advise_gateway(const struct conf *c, struct problems *warnings, struct problems *notes)
{
	const struct conf_texts *peers = &c->gateway.sip.trusted_peers;
	const struct conf_place at = not_enforced(c);

	advise_component(c, warnings);
	for (size_t i = 0; i < peers->n; i++)
		advise_peer(peers, i, warnings, notes);
	advise_next_hop(&c->gateway.sip, notes);
	if (at.line)
		problems_add(notes, at,
			TEXT(N_("`tls`, `sasl` and `dialback` of partners are not enforced: the "
				"links to them are made by the XMPP server {1}, by its own "
				"settings"),
				text_str(c->gateway.xmpp.component.server.s)));
}

/* ---- the watcher ---- */

/* A run that fails goes on for longer than its interval: its next ones do not take place. */
static void advise_rules(const struct conf_watch_rules *own,
	const struct conf_watch_rules *defaults, struct problems *warnings)
{
	const struct {
		const struct conf_number *own, *preset;
	} keys[] = { { &own->interval, &defaults->interval }, { &own->timeout, &defaults->timeout },
		{ &own->retries, &defaults->retries },
		{ &own->retry_pause, &defaults->retry_pause } };
	struct conf_place at = { 0 };
	uint64_t v[COUNT(keys)];

	for (size_t i = 0; i < COUNT(keys); i++) {
		v[i] = keys[i].own->at.line ? keys[i].own->n : keys[i].preset->n;
		if (!at.line)
			at = keys[i].own->at;
	}
	const uint64_t takes = v[1] + v[2] * (v[1] + v[3]);
	if (at.line && takes > v[0])
		problems_add(warnings, at,
			TEXT(N_("a run that fails takes up to {1} s with its retries, and there is "
				"one every {2} s: while a test fails, some of its runs are missed"),
				text_u64(takes), text_u64(v[0])));
}

static void advise_watch(const struct conf_watch *w, struct problems *warnings)
{
	advise_rules(&w->defaults.rules, &w->defaults.rules, warnings);
	for (size_t i = 0; i < w->n_tests; i++)
		advise_rules(&w->tests[i].rules, &w->defaults.rules, warnings);
}

/* ---- all of it ---- */

void advise_conf(const struct conf *c, struct problems *warnings, struct problems *notes)
{
	for (size_t i = 0; i < c->n_pools; i++) {
		advise_registrar(&c->pools[i], warnings);
		advise_twice(&c->pools[i].accept, warnings);
		advise_users(&c->pools[i], warnings);
	}
	for (size_t i = 0; i < c->n_partners; i++)
		advise_twice(&c->partners[i].accept, warnings);
	if (c->gateway.at.line)
		advise_gateway(c, warnings, notes);
	if (c->watch.at.line)
		advise_watch(&c->watch, warnings);
}

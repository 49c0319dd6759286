#include <stdlib.h>
#include <string.h>

#include "app/explain.h"
#include "app/gateway_config.h"
#include "base/mem.h"
#include "bridge/address.h"
#include "gateway/route.h"
#include "probe/mask.h"

enum { BAD = 2, NOT_HERE = 3, DOMAIN_MAX = 1024 };

struct pair {
	struct buf *out;
	text_look_up *look_up;
	struct gateway_config config;
	struct routes routes;
	struct party party;
	bool to_xmpp;
};

static void put(struct pair *p, struct text t)
{
	text_put(p->out, &t, p->look_up);
	buf_putc(p->out, '\n');
}

/* "  FILE:LINE:COLUMN: sentence" */
static void put_at(struct pair *p, struct conf_place at, struct text t)
{
	buf_printf(p->out, "  %s:", p->config.path);
	if (at.line)
		buf_printf(p->out, "%u:%u:", at.line, at.column);
	buf_putc(p->out, ' ');
	put(p, t);
}

static const char *domain_of(const struct jid *j, char ret[DOMAIN_MAX])
{
	(void)slice_cstr(jid_domain(j), ret, DOMAIN_MAX);
	return ret;
}

/* ---- the rules, by their lines ---- */

/* Of a domain of ours; false: it is none. */
static bool put_pool(struct pair *p, const struct jid *j)
{
	char domain[DOMAIN_MAX];
	struct conf_place at = { 0 };
	const struct conf_pool *pool =
		gateway_config_find_pool(&p->config, domain_of(j, domain), &at);

	if (pool)
		put_at(p, at,
			TEXT(N_("`{1}` is a domain of the pool {2}"), text_str(domain),
				text_str(pool->fqdn.s)));
	else
		put_at(p, (struct conf_place){ 0 },
			TEXT(N_("`{1}` is in the `domains` of no pool"), text_str(domain)));
	return pool != NULL;
}

/* "im.contoso.test" where contoso.test is a partner: nothing is implied by it. */
static void put_parent(struct pair *p, const char *domain)
{
	struct conf_place at = { 0 };

	for (const char *dot = strchr(domain, '.'); dot; dot = strchr(dot + 1, '.')) {
		if (!gateway_config_find_partner(&p->config, dot + 1, &at))
			continue;
		put_at(p, at,
			TEXT(N_("`{1}` is a partner's; a subdomain has to be in its "
				"`additional_domains`"),
				text_str(dot + 1)));
		return;
	}
}

static const struct conf_partner *put_partner(struct pair *p, const struct jid *j)
{
	char domain[DOMAIN_MAX];
	struct conf_place at = { 0 };
	const struct conf_partner *partner =
		gateway_config_find_partner(&p->config, domain_of(j, domain), &at);

	if (partner)
		put_at(p, at,
			TEXT(N_("`{1}` is a domain of the partner {2}, of type {3}"),
				text_str(domain), text_str(partner->domain.s),
				text_str(conf_partner_type_name(partner->type.value))));
	else {
		put_at(p, (struct conf_place){ 0 },
			TEXT(N_("`{1}` is the domain of no partner, so that it is refused: allow "
				"it "
				"in `partners`"),
				text_str(domain)));
		put_parent(p, domain);
	}
	return partner;
}

static void put_component(struct pair *p, bool serves)
{
	const struct conf_text *name = &p->config.conf->gateway.xmpp.component.name;

	if (name->s)
		put_at(p, name->at,
			TEXT(serves ? N_("the gateway's component speaks for `{1}`")
				    : N_("the gateway's component speaks for `{1}` alone"),
				text_str(name->s)));
	else
		put_at(p, (struct conf_place){ 0 },
			TEXT_PLAIN(N_("no `gateway` is in it: whether a component speaks for the "
				      "domain is not known")));
}

/* Whom they wrote to may answer, for a while (contacts.h). */
static void put_type(struct pair *p, const struct conf_partner *partner)
{
	if (partner && !p->to_xmpp && partner->type.value == CONF_PUBLIC_UNVERIFIED)
		put_at(p, partner->type.at.line ? partner->type.at : partner->domain.at,
			TEXT_PLAIN(N_("its users may only answer: it is refused unless the "
				      "receiver wrote to the sender within 30 days")));
}

static void put_rules(struct pair *p, enum answer answer)
{
	const struct jid *near = p->to_xmpp ? &p->party.from : &p->party.to;
	const struct jid *far = p->to_xmpp ? &p->party.to : &p->party.from;
	const bool is_ours = put_pool(p, near);

	if (answer == ANSWER_BOTH_OWN) {
		put_pool(p, far);
		return;
	}
	put_type(p, put_partner(p, far));
	if (is_ours && p->to_xmpp)
		put_component(p, answer != ANSWER_NO_COMPONENT);
}

/* ---- what the sender gets ---- */

static void put_sip_answer(struct pair *p, enum answer answer)
{
	const struct verdict v = { .answer = answer };
	const char *name = p->config.conf->gateway.xmpp.component.name.s;
	struct buf fields;

	put(p, TEXT(N_("  The sender gets: {1} {2}"), text_u64((unsigned)answer_status(&v)),
		       text_str(answer_reason(&v))));
	buf_init(&fields, 1024);
	answer_put_fields(&fields, &v, NULL, name ? name : "GATEWAY");
	for (struct slice rest = buf_slice(&fields); rest.n;) {
		buf_puts(p->out, "    ");
		buf_put(p->out, slice_trim(slice_split(&rest, '\n')));
		buf_putc(p->out, '\n');
	}
	buf_done(&fields);
}

static void put_xmpp_answer(struct pair *p, enum answer answer)
{
	const struct stanza_error e = answer_error(answer);

	put(p, TEXT(N_("  The sender gets: {1}, of type {2}: \"{3}\""),
		       text_str(stanza_condition_name(e.condition)),
		       text_str(stanza_error_type_name(e.type)), text_slice(e.text)));
}

static int judge(struct pair *p)
{
	unsigned link;
	const enum answer answer = p->to_xmpp ? route_to_xmpp(&p->routes, &p->party, &link)
					      : route_to_sip(&p->routes, &p->party);
	const bool passes = answer == ANSWER_MAPPED;

	put(p, TEXT(passes ? N_("{1} -> {2}: passes, {3}.") : N_("{1} -> {2}: is refused, {3}."),
		       text_slice(jid_bare(&p->party.from)), text_slice(jid_bare(&p->party.to)),
		       text_id(p->to_xmpp ? N_("from SIP to XMPP") : N_("from XMPP to SIP"))));
	put_rules(p, answer);
	if (!passes && p->to_xmpp)
		put_sip_answer(p, answer);
	else if (!passes)
		put_xmpp_answer(p, answer);
	return passes ? 0 : 1;
}

/* ---- what is asked ---- */

static int read_address(struct pair *p, const char *text, enum address_kind *kind, struct jid *ret)
{
	struct where where;
	struct buf shown;
	const int err = address_read(slice_str(text), kind, ret, &where);

	if (!err && ret->n_local)
		return 0;
	buf_init(&shown, strlen(text) + sizeof(":***"));
	mask_address(&shown, slice_str(text));
	put(p, TEXT(N_("`{1}` is not an address such as sip:pilar@litware.test or "
		       "adelany@contoso.test"),
		       text_slice(buf_slice(&shown))));
	buf_done(&shown);
	return err == -ENOMEM ? NOT_HERE : BAD;
}

/* By the domains; where neither says it, by how the addresses are written. */
static bool is_to_xmpp(const struct pair *p, enum address_kind from, enum address_kind to)
{
	const struct partners *partners = p->config.partners;

	if (partners_is_own(partners, jid_domain(&p->party.from)))
		return true;
	if (partners_is_own(partners, jid_domain(&p->party.to)))
		return false;
	if (from == ADDRESS_XMPP || to == ADDRESS_SIP)
		return false;
	return !partners_find(partners, jid_domain(&p->party.from)) || from == ADDRESS_SIP;
}

/* Without a gateway it is not known for whom its component would speak: for the sender's domain. */
static int fill_routes(struct pair *p)
{
	const char *name = p->config.conf->gateway.xmpp.component.name.s;
	struct routes *r = &p->routes;
	int err = 0;

	*r = (struct routes){ .partners = p->config.partners, .n_links = 1 };
	if (name)
		err = jid_domain_unicode(slice_str(name), r->links[0], sizeof(r->links[0]));
	else if (!slice_cstr(jid_domain(&p->party.from), r->links[0], sizeof(r->links[0])))
		err = ERR_LIMIT;
	if (!err)
		return 0;
	put(p, TEXT(N_("`{1}`: {2}"), text_str(name), text_id(err_text(err))));
	return BAD;
}

int explain_pair(
	struct buf *b, const char *from, const char *to, const char *config, text_look_up *look_up)
{
	struct pair *p = mem_alloc0(sizeof(*p));
	enum address_kind kinds[2];

	if (!p)
		return NOT_HERE;
	p->out = b;
	p->look_up = look_up;
	p->config.look_up = look_up;
	p->config.why = b;
	int status = read_address(p, from, &kinds[0], &p->party.from);
	if (!status)
		status = read_address(p, to, &kinds[1], &p->party.to);
	if (!status)
		status = gateway_config_find(&p->config, config);
	if (!status)
		status = gateway_config_fill_partners(&p->config);
	if (!status)
		status = fill_routes(p);
	if (!status) {
		p->to_xmpp = is_to_xmpp(p, kinds[0], kinds[1]);
		status = judge(p);
	}
	gateway_config_done(&p->config);
	mem_free(p);
	return status;
}

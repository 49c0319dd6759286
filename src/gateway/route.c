#include "gateway/route.h"

#include "base/mem.h"
#include "bridge/address.h"

static const enum answer verdicts[] = {
	[PARTNER_OK] = ANSWER_MAPPED,
	[PARTNER_NOT_ALLOWED] = ANSWER_NOT_PARTNER,
	[PARTNER_NOT_OWN] = ANSWER_NOT_OWN,
	[PARTNER_BOTH_OWN] = ANSWER_BOTH_OWN,
};

enum answer route_read(const struct sip_msg *req, struct party *ret)
{
	struct where where;

	const int err = address_to_jid(&req->from.uri, &ret->from, &where);
	if (err == -ENOMEM)
		return ANSWER_OVERLOAD;
	if (err || !ret->from.n_local)
		return ANSWER_BAD_FROM;
	switch (address_to_jid(&req->ruri, &ret->to, &where)) {
	case 0: return ANSWER_MAPPED;
	case -ENOMEM: return ANSWER_OVERLOAD;
	case ERR_LIMIT: return ANSWER_TOO_LONG;
	case ERR_UNSUPPORTED: return ANSWER_SCHEME;
	default: return ANSWER_BAD_TO;
	}
}

static bool find_link(const struct routes *r, struct slice domain, unsigned *ret)
{
	for (unsigned i = 0; i < r->n_links; i++)
		if (slice_eqs(domain, r->links[i])) {
			*ret = i;
			return true;
		}
	return false;
}

enum answer route_to_xmpp(const struct routes *r, const struct party *p, unsigned *ret)
{
	const enum answer answer =
		verdicts[partners_judge(r->partners, jid_domain(&p->from), jid_domain(&p->to))];

	if (answer != ANSWER_MAPPED)
		return answer;
	return find_link(r, jid_domain(&p->from), ret) ? ANSWER_MAPPED : ANSWER_NO_COMPONENT;
}

enum answer route_to_sip(const struct routes *r, const struct party *p)
{
	const enum answer answer =
		verdicts[partners_judge(r->partners, jid_domain(&p->to), jid_domain(&p->from))];

	if (answer != ANSWER_MAPPED)
		return answer;
	return p->to.n_local ? ANSWER_MAPPED : ANSWER_TO_GATEWAY;
}

bool route_is_of(const struct routes *r, unsigned link, const struct jid *jid)
{
	return slice_eqs(jid_domain(jid), r->links[link]);
}

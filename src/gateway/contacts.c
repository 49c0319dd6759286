/* To whom our users have written.  Of a public-unverified partner anybody can have an account under
 * any name, so that its users may only answer (Lync's PartnerType of that name).  Kept as finished
 * transactions are: a hash and a deadline, in memory only. */
#include "gateway/private.h"

enum {
	CONTACTS_MAX = 1 << 20, /* 48 bytes each; further ones cannot be answered */
	CONTACT_DAYS = 30,
};

int gateway_contacts_init(struct gateway *g)
{
	g->has_unverified = partners_have(g->cfg.partners, PARTNER_PUBLIC_UNVERIFIED);
	return nist_done_new(&g->contacts, CONTACTS_MAX, TS_S(CONTACT_DAYS * 86400ull));
}

void gateway_contacts_done(struct gateway *g)
{
	g->contacts = nist_done_free(g->contacts);
}

static bool is_unverified(const struct gateway *g, const struct jid *far)
{
	if (!g->has_unverified)
		return false;
	const struct partner *p = partners_find(g->cfg.partners, jid_domain(far));
	return p && p->type == PARTNER_PUBLIC_UNVERIFIED;
}

/* Of the hashes of both: no pair of addresses is as another one. */
static struct nist_key key_of(const struct gateway *g, const struct jid *own, const struct jid *far)
{
	const uint64_t both[] = { siphash(g->salt, jid_bare(own)),
		siphash(g->salt, jid_bare(far)) };
	const uint64_t turned[] = { both[1], both[0] };

	return (struct nist_key){ { siphash(g->salt, slice_of(both, sizeof(both))),
		siphash(g->salt, slice_of(turned, sizeof(turned))) } };
}

void gateway_contacts_add(struct gateway *g, const struct jid *own, const struct jid *far, ts_t now)
{
	uint16_t extra;
	int status;

	if (!is_unverified(g, far))
		return;
	const struct nist_key key = key_of(g, own, far);
	if (!nist_done_find(g->contacts, &key, &status, &extra, now))
		(void)nist_done_add(g->contacts, &key, 0, 0, now);
}

bool gateway_contacts_may(
	const struct gateway *g, const struct jid *own, const struct jid *far, ts_t now)
{
	uint16_t extra;
	int status;

	if (!is_unverified(g, far))
		return true;
	const struct nist_key key = key_of(g, own, far);
	return nist_done_find(g->contacts, &key, &status, &extra, now);
}

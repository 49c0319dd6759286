#include "gateway/contacts.h"

#include "base/map.h"

enum {
	CONTACTS_MAX = 1 << 20, /* 48 bytes each; further ones cannot be answered */
	CONTACT_DAYS = 30,
};

void contacts_set_partners(struct contacts *c, const struct partners *partners)
{
	c->partners = partners;
	c->has_unverified = partners_have(partners, PARTNER_PUBLIC_UNVERIFIED);
}

int contacts_init(struct contacts *c, const struct partners *partners, struct rng *rng)
{
	contacts_set_partners(c, partners);
	rng_bytes(rng, c->salt, sizeof(c->salt));
	return nist_done_new(&c->pairs, CONTACTS_MAX, TS_S(CONTACT_DAYS * 86400ull));
}

void contacts_done(struct contacts *c)
{
	c->pairs = nist_done_free(c->pairs);
}

static bool is_unverified(const struct contacts *c, const struct jid *far)
{
	if (!c->has_unverified)
		return false;
	const struct partner *p = partners_find(c->partners, jid_domain(far));
	return p && p->type == PARTNER_PUBLIC_UNVERIFIED;
}

/* Of the hashes of both: no pair of addresses is as another one. */
static struct nist_key key_of(
	const struct contacts *c, const struct jid *own, const struct jid *far)
{
	const uint64_t both[] = { siphash(c->salt, jid_bare(own)),
		siphash(c->salt, jid_bare(far)) };
	const uint64_t turned[] = { both[1], both[0] };

	return (struct nist_key){ { siphash(c->salt, slice_of(both, sizeof(both))),
		siphash(c->salt, slice_of(turned, sizeof(turned))) } };
}

void contacts_add(struct contacts *c, const struct jid *own, const struct jid *far, ts_t now)
{
	uint16_t extra;
	int status;

	if (!is_unverified(c, far))
		return;
	const struct nist_key key = key_of(c, own, far);
	if (!nist_done_find(c->pairs, &key, &status, &extra, now))
		(void)nist_done_add(c->pairs, &key, 0, 0, now);
}

bool contacts_may(const struct contacts *c, const struct jid *own, const struct jid *far, ts_t now)
{
	uint16_t extra;
	int status;

	if (!is_unverified(c, far))
		return true;
	const struct nist_key key = key_of(c, own, far);
	return nist_done_find(c->pairs, &key, &status, &extra, now);
}

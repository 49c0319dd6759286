/* contacts.h - to whom our users have written.  Of a public-unverified partner anybody can have an
 * account under any name, so that its users may only answer (Lync's PartnerType of that name).
 */
#pragma once

#include "base/rng.h"
#include "bridge/partner.h"
#include "sip/nist.h"
#include "xmpp/jid.h"

struct contacts {
	const struct partners *partners;
	bool has_unverified;
	uint8_t salt[16];
	struct nist_done *pairs; /* a hash and a deadline each, in memory only */
};

/* `partners` is borrowed.  0 or -ENOMEM. */
int contacts_init(struct contacts *c, const struct partners *partners, struct rng *rng);
void contacts_set_partners(struct contacts *c, const struct partners *partners);
void contacts_done(struct contacts *c);
/* Our user `own` writes to `far`. */
void contacts_add(struct contacts *c, const struct jid *own, const struct jid *far, ts_t now);
/* May `far` write to our user?  Both domains were judged already. */
bool contacts_may(const struct contacts *c, const struct jid *own, const struct jid *far, ts_t now);

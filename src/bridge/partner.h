/* partner.h - which domains may exchange messages with us: Lync's allowed partners, default deny.
 */
#pragma once

#include "base/slice.h"

#define PARTNERS_MAX        4096
#define PARTNER_DOMAINS_MAX 65536

struct partners; /* immutable once filled */

enum partner_type {
	PARTNER_FEDERATED,
	PARTNER_PUBLIC_VERIFIED,
	PARTNER_PUBLIC_UNVERIFIED,
};

struct partner {
	char domain[256]; /* the partner's first domain, as prepared */
	enum partner_type type;
	unsigned number; /* in the order of partners_add(), from 0 */
};

int partners_new(struct partners **ret);
struct partners *partners_free(struct partners *p);
/* A partner, then its additional domains (a subdomain must be listed: nothing is implied).  Names
 * are prepared as JID domains.  0, ERR_SYNTAX, ERR_LIMIT, -EEXIST (also when it is one of our own),
 * -ENOENT (no such partner), -ENOMEM; nothing changes on failure. */
int partners_add(struct partners *p, struct slice domain, enum partner_type type);
int partners_add_domain(struct partners *p, struct slice partner_domain, struct slice domain);
/* One of our own domains; two pools may serve the same.  The errors of partners_add(), -EEXIST when
 * it is a partner's. */
int partners_add_own(struct partners *p, struct slice domain);
bool partners_is_own(const struct partners *p, struct slice domain);
/* NULL: not an allowed partner.  `domain` is a prepared U-label domain (jid_domain). */
const struct partner *partners_find(const struct partners *p, struct slice domain);
size_t partners_count(const struct partners *p);
const struct partner *partners_at(const struct partners *p, size_t number);
/* Is there one of this type? */
bool partners_have(const struct partners *p, enum partner_type type);

enum partner_verdict {
	PARTNER_OK,
	PARTNER_NOT_ALLOWED, /* the far domain is not on the list */
	PARTNER_NOT_OWN,     /* the near domain is not ours */
	PARTNER_BOTH_OWN,    /* both ends are ours: nothing for a gateway */
};
enum partner_verdict partners_judge(
	const struct partners *p, struct slice own_domain, struct slice far_domain);

/* account.h - who there is, with which secrets: the pool's users and the partner's. */
#pragma once

#include "lab/lab.h"
#include "sip/digest.h"

struct sip_account {
	char user[256]; /* user part, unescaped */
	struct digest_secret secret;
	struct digest_secret netbios; /* of litware\user: Digest hashes the name that was sent */
};

struct xmpp_account {
	char user[256];
	struct sasl_secret secret;
};

struct accounts {
	struct sip_account *sip;
	struct xmpp_account *xmpp;
	unsigned n_sip, n_xmpp;
};

/* As the configuration and its fault say: 0, -EINVAL, ERR_LIMIT (iterations; over LAB_USERS_MAX),
 * -ENOMEM. */
int accounts_init(struct accounts *a, const struct lab_cfg *cfg, struct rng *rng);
void accounts_done(struct accounts *a); /* wipes them; fine on a zeroed one too */

/* By the user part; NULL when there is none. */
const struct sip_account *sip_account_find(const struct accounts *a, struct slice user);
const struct xmpp_account *xmpp_account_find(const struct accounts *a, struct slice user);
/* By the name that signs in, user or litware\user; *secret is of nobody when there is none. */
const struct sip_account *sip_account_login(
	const struct accounts *a, struct slice name, const struct digest_secret **secret);

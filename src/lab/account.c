#include "lab/account.h"

#include <stdio.h>

#include "base/err.h"
#include "base/mem.h"
#include "lab/fault.h"

#define NETBIOS        "litware\\"
#define OTHER_PASSWORD SLICE("another one than the test has")

static struct slice user_part(const struct lab_user *u)
{
	struct slice s = slice_str(u->address);

	return slice_cut(s, 0, slice_chr(s, '@'));
}

static int sip_account_init(
	struct sip_account *a, const struct lab_user *u, enum fault_account fault)
{
	const struct slice realm = SLICE(LAB_POOL_DOMAIN), user = user_part(u);
	const struct slice password =
		fault == FAULT_ACCOUNT_SIP_PASSWORD ? OTHER_PASSWORD : slice_str(u->password);
	char netbios[sizeof(NETBIOS) + sizeof(a->user)];

	if (!slice_cstr(user, a->user, sizeof(a->user)))
		return -EINVAL;
	snprintf(netbios, sizeof(netbios), NETBIOS "%s", a->user);
	int err = digest_secret_make(&a->secret, user, realm, password);
	return err ? err : digest_secret_make(&a->netbios, slice_str(netbios), realm, password);
}

static int xmpp_account_init(struct xmpp_account *a, const struct lab_user *u,
	enum fault_account fault, unsigned iterations, struct rng *rng)
{
	const struct slice password =
		fault == FAULT_ACCOUNT_XMPP_PASSWORD ? OTHER_PASSWORD : slice_str(u->password);

	if (!slice_cstr(user_part(u), a->user, sizeof(a->user)))
		return -EINVAL;
	int err = sasl_secret_make(&a->secret, password, iterations, rng);
	if (fault == FAULT_ACCOUNT_XMPP_PROOF) {
		/* RFC 5802 section 3: with these a server proves itself, with the others it checks
		 * the client. */
		rng_bytes(rng, a->secret.server_sha1, sizeof(a->secret.server_sha1));
		rng_bytes(rng, a->secret.server_sha256, sizeof(a->secret.server_sha256));
		rng_bytes(rng, a->secret.server_sha512, sizeof(a->secret.server_sha512));
	}
	return err;
}

int accounts_init(struct accounts *a, const struct lab_cfg *cfg, struct rng *rng)
{
	const enum fault_account fault = cfg->fault ? cfg->fault->account : FAULT_ACCOUNT_NONE;
	int err = 0;

	if (cfg->n_sip_users > LAB_USERS_MAX || cfg->n_xmpp_users > LAB_USERS_MAX)
		return ERR_LIMIT;
	*a = (struct accounts){ .n_sip = cfg->n_sip_users,
		.n_xmpp = cfg->n_xmpp_users,
		.sip = mem_alloc0(cfg->n_sip_users * sizeof(*a->sip)),
		.xmpp = mem_alloc0(cfg->n_xmpp_users * sizeof(*a->xmpp)) };
	if (!a->sip || !a->xmpp)
		return -ENOMEM;
	for (unsigned i = 0; !err && i < a->n_sip; i++)
		err = sip_account_init(&a->sip[i], &cfg->sip_users[i], fault);
	for (unsigned i = 0; !err && i < a->n_xmpp; i++)
		err = xmpp_account_init(
			&a->xmpp[i], &cfg->xmpp_users[i], fault, cfg->scram_iterations, rng);
	return err;
}

void accounts_done(struct accounts *a)
{
	if (a->sip)
		mem_wipe(a->sip, a->n_sip * sizeof(*a->sip));
	if (a->xmpp)
		mem_wipe(a->xmpp, a->n_xmpp * sizeof(*a->xmpp));
	mem_free(a->sip);
	mem_free(a->xmpp);
	*a = (struct accounts){ .n_sip = 0 };
}

const struct sip_account *sip_account_find(const struct accounts *a, struct slice user)
{
	for (unsigned i = 0; i < a->n_sip; i++)
		if (slice_eqs(user, a->sip[i].user))
			return &a->sip[i];
	return NULL;
}

const struct xmpp_account *xmpp_account_find(const struct accounts *a, struct slice user)
{
	for (unsigned i = 0; i < a->n_xmpp; i++)
		if (slice_eqs(user, a->xmpp[i].user))
			return &a->xmpp[i];
	return NULL;
}

const struct sip_account *sip_account_login(
	const struct accounts *a, struct slice name, const struct digest_secret **secret)
{
	static const struct digest_secret nobody;
	const bool netbios = slice_starts(name, SLICE(NETBIOS));
	const struct sip_account *found =
		sip_account_find(a, netbios ? slice_skip(name, sizeof(NETBIOS) - 1) : name);

	*secret = !found ? &nobody : netbios ? &found->netbios : &found->secret;
	return found;
}

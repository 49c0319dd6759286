#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "lab/private.h"

#define NONCE_LIFE TS_S(300)

enum { REGISTERED_MAX = 4096 };

#define NETBIOS        "litware\\"
#define OTHER_PASSWORD SLICE("another one than the test has")

static struct slice user_part(const char *address)
{
	struct slice s = slice_str(address);

	return slice_cut(s, 0, slice_chr(s, '@'));
}

static int sip_account_init(struct lab *l, unsigned i)
{
	struct sip_account *a = &l->sip_accounts[i];
	struct slice user = user_part(l->cfg.sip_users[i].address);
	struct slice password = slice_str(l->cfg.sip_users[i].password);

	if (l->fault->account == FAULT_ACCOUNT_SIP_PASSWORD)
		password = OTHER_PASSWORD;
	char netbios[sizeof(NETBIOS) + sizeof(a->user)];

	if (!slice_cstr(user, a->user, sizeof(a->user)))
		return -EINVAL;
	snprintf(netbios, sizeof(netbios), NETBIOS "%s", a->user);
	int err = digest_secret_make(&a->secret, user, SLICE(LAB_POOL_DOMAIN), password);
	return err ? err
		   : digest_secret_make(
			     &a->netbios, slice_str(netbios), SLICE(LAB_POOL_DOMAIN), password);
}

static int xmpp_account_init(struct lab *l, unsigned i)
{
	struct xmpp_account *a = &l->xmpp_accounts[i];

	struct slice password = slice_str(l->cfg.xmpp_users[i].password);

	if (l->fault->account == FAULT_ACCOUNT_XMPP_PASSWORD)
		password = OTHER_PASSWORD;
	if (!slice_cstr(user_part(l->cfg.xmpp_users[i].address), a->user, sizeof(a->user)))
		return -EINVAL;
	int err = sasl_secret_make(&a->secret, password, l->cfg.scram_iterations, l->rng);
	if (l->fault->account == FAULT_ACCOUNT_XMPP_PROOF) {
		/* RFC 5802 section 3: with these a server proves itself, with the others it checks
		 * the client. */
		rng_bytes(l->rng, a->secret.server_sha1, sizeof(a->secret.server_sha1));
		rng_bytes(l->rng, a->secret.server_sha256, sizeof(a->secret.server_sha256));
	}
	return err;
}

static int digest_server_init(struct lab *l, struct digest_server **ret)
{
	struct digest_server_cfg cfg = {
		.realm = LAB_POOL_DOMAIN,
		.offer = { DIGEST_SHA256, DIGEST_MD5 },
		.n_offer = 2,
		.nonce_life = NONCE_LIFE,
	};

	rng_bytes(l->rng, cfg.key, sizeof(cfg.key));
	return digest_server_new(ret, &cfg);
}

int lab_accounts_init(struct lab *l)
{
	l->sip_accounts = mem_alloc0(LAB_USERS_MAX * sizeof(*l->sip_accounts));
	l->xmpp_accounts = mem_alloc0(LAB_USERS_MAX * sizeof(*l->xmpp_accounts));
	if (!l->sip_accounts || !l->xmpp_accounts)
		return -ENOMEM;
	int err = nist_done_new(&l->registered, REGISTERED_MAX, TS_S(32)); /* timer J */
	if (!err)
		err = digest_server_init(l, &l->digest);
	for (unsigned i = 0; !err && i < l->cfg.n_sip_users; i++)
		err = sip_account_init(l, i);
	for (unsigned i = 0; !err && i < l->cfg.n_xmpp_users; i++)
		err = xmpp_account_init(l, i);
	return err;
}

void lab_accounts_done(struct lab *l)
{
	nist_done_free(l->registered);
	digest_server_free(l->digest);
	if (l->sip_accounts)
		mem_wipe(l->sip_accounts, LAB_USERS_MAX * sizeof(*l->sip_accounts));
	if (l->xmpp_accounts)
		mem_wipe(l->xmpp_accounts, LAB_USERS_MAX * sizeof(*l->xmpp_accounts));
	mem_free(l->sip_accounts);
	mem_free(l->xmpp_accounts);
	mem_wipe(&l->cfg, sizeof(l->cfg));
}

struct sip_account *lab_sip_account(struct lab *l, struct slice user)
{
	for (unsigned i = 0; i < l->cfg.n_sip_users; i++)
		if (slice_eqs(user, l->sip_accounts[i].user))
			return &l->sip_accounts[i];
	return NULL;
}

struct sip_account *lab_sip_login(
	struct lab *l, struct slice name, const struct digest_secret **secret)
{
	static const struct digest_secret nobody;
	const bool netbios = slice_starts(name, SLICE(NETBIOS));
	struct sip_account *a =
		lab_sip_account(l, netbios ? slice_skip(name, sizeof(NETBIOS) - 1) : name);

	*secret = !a ? &nobody : netbios ? &a->netbios : &a->secret;
	return a;
}

const struct xmpp_account *lab_xmpp_account(const struct lab *l, struct slice user)
{
	for (unsigned i = 0; i < l->cfg.n_xmpp_users; i++)
		if (slice_eqs(user, l->xmpp_accounts[i].user))
			return &l->xmpp_accounts[i];
	return NULL;
}

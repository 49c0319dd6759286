/* The lab's authority, and the pool's certificate, good or bad. */
#include "app/lab_private.h"

enum {
	DAY = 86400,
	LIFE = 90 * DAY, /* long enough that no test warns of its end */
};

#define POOL_NAMES LAB_POOL_FQDN "," LAB_POOL_DOMAIN

static const struct certificate {
	const char *names;
	long from_s, to_s;
	bool weak, stranger;
} certificates[] = {
	[FAULT_CERTIFICATE_NONE] = { POOL_NAMES, -DAY, LIFE, false, false },
	[FAULT_CERTIFICATE_EXPIRED] = { POOL_NAMES, -10 * DAY, -DAY, false, false },
	[FAULT_CERTIFICATE_NOT_YET_VALID] = { POOL_NAMES, DAY, LIFE, false, false },
	[FAULT_CERTIFICATE_OTHER_NAME] = { "other.litware.test", -DAY, LIFE, false, false },
	[FAULT_CERTIFICATE_UNKNOWN_ISSUER] = { POOL_NAMES, -DAY, LIFE, false, true },
	[FAULT_CERTIFICATE_WEAK] = { POOL_NAMES, -DAY, LIFE, true, false },
	[FAULT_CERTIFICATE_REVOKED] = { POOL_NAMES, -DAY, LIFE, false, false },
};

static int add_identity(
	struct bench *b, unsigned number, struct authority *a, const struct certificate *c)
{
	struct buf pem;

	buf_init(&pem, LAB_PEM_MAX);
	int err = (c->weak ? authority_put_weak_identity : authority_put_identity)(
		a, c->names, c->from_s, c->to_s, &pem);
	if (!err)
		err = trust_add_identity(pump_trust(b->pump), number, buf_slice(&pem));
	buf_done(&pem);
	return err;
}

static int add_pool(struct bench *b)
{
	const struct certificate *c = &certificates[b->fault->certificate];
	struct authority *stranger = NULL;
	int err = c->stranger ? authority_new(&stranger) : 0;

	if (!err)
		err = add_identity(b, LAB_IDENTITY_POOL, stranger ? stranger : b->authority, c);
	authority_free(stranger);
	return err;
}

int lab_make_certificates(struct bench *b)
{
	static const struct certificate partner = { LAB_PARTNER_DOMAIN "," LAB_PARTNER_FQDN, -DAY,
		LIFE, false, false };

	if (b->fault->certificate == FAULT_CERTIFICATE_WEAK || b->fault->tls.max_version)
		trust_permit_weak(pump_trust(b->pump));
	int err = authority_new(&b->authority);
	if (!err)
		err = authority_put_ca(b->authority, &b->ca);
	if (!err)
		err = add_pool(b);
	if (!err && b->fault->certificate == FAULT_CERTIFICATE_REVOKED)
		err = authority_put_revocation(b->authority, &b->ca);
	if (!err)
		err = trust_add_ca(pump_trust(b->pump), LAB_TRUST, buf_slice(&b->ca));
	return err ? err : add_identity(b, LAB_IDENTITY_PARTNER, b->authority, &partner);
}

#include <string.h>

#include "base/mem.h"
#include "sip/digest_private.h"
#include "sip/hdr.h"

enum {
	LOGINS_MAX = 4,  /* realms, and registrar and proxy apart */
	VALUE_MAX = 512, /* of a realm, nonce or opaque */
	CNONCE = 20,     /* 100 bits */
};

/* What one challenge gave us. */
struct login {
	bool in_use;
	bool proxy;  /* from a 407 */
	bool proved; /* credentials were sent for this nonce */
	enum digest_algorithm algorithm;
	bool qop_auth;
	char realm[VALUE_MAX], nonce[VALUE_MAX], opaque[VALUE_MAX];
	char ha1[DIGEST_HEX_MAX];
	char cnonce[CNONCE + 1];
	uint32_t nc;
};

struct digest_client {
	char *username, *password;
	struct rng *rng;
	struct login logins[LOGINS_MAX];
	const char *last_algorithm;
};

int digest_client_new(
	struct digest_client **ret, const struct digest_client_cfg *cfg, struct rng *rng)
{
	struct digest_client *c = mem_alloc0(sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->rng = rng;
	c->last_algorithm = "";
	c->username = mem_strndup(cfg->username.p, cfg->username.n);
	c->password = mem_strndup(cfg->password.p, cfg->password.n);
	if (!c->username || !c->password) {
		digest_client_free(c);
		return -ENOMEM;
	}
	*ret = c;
	return 0;
}

struct digest_client *digest_client_free(struct digest_client *c)
{
	if (!c)
		return NULL;
	if (c->password)
		mem_wipe(c->password, strlen(c->password));
	mem_free(c->password);
	mem_free(c->username);
	mem_wipe(c, sizeof(*c));
	return mem_free(c);
}

static struct login *find_login(struct digest_client *c, struct slice realm, bool proxy)
{
	struct login *unused = NULL;

	for (unsigned i = 0; i < LOGINS_MAX; i++) {
		struct login *l = &c->logins[i];

		if (l->in_use && l->proxy == proxy && slice_eqs(realm, l->realm))
			return l;
		if (!l->in_use && !unused)
			unused = l;
	}
	return unused ? unused : &c->logins[0];
}

static int take(struct digest_client *c, struct login *l, const struct digest *d, bool proxy)
{
	const struct slice parts[] = { slice_str(c->username), d->realm, slice_str(c->password) };
	struct login fresh = {
		.in_use = true, .proxy = proxy, .algorithm = d->algorithm, .qop_auth = d->qop_auth
	};

	if (!slice_cstr(d->realm, fresh.realm, VALUE_MAX) ||
		!slice_cstr(d->nonce, fresh.nonce, VALUE_MAX) ||
		!slice_cstr(d->opaque, fresh.opaque, VALUE_MAX))
		return ERR_UNSUPPORTED; /* no server needs that much */
	if (digest_hex(d->algorithm, parts, 3, fresh.ha1))
		return -ENOMEM;
	rng_token(c->rng, fresh.cnonce, CNONCE);
	*l = fresh;
	c->last_algorithm = digest_algorithm_name(d->algorithm);
	return 0;
}

int digest_client_push_challenge(struct digest_client *c, const struct sip_msg *response)
{
	struct digest d;
	bool proxy = response->status == 407;

	if (!digest_choose(response, &d, NULL))
		return ERR_UNSUPPORTED;
	struct login *l = find_login(c, d.realm, proxy);
	/* RFC 7616 section 3.3: without stale=true, a new challenge to a proof means: wrong. */
	bool answered = l->in_use && l->proved && slice_eqs(d.realm, l->realm) && l->nc <= 1;
	if (answered && !d.stale)
		return ERR_AUTH;
	return take(c, l, &d, proxy);
}

static void put_param(struct buf *b, const char *name, struct slice value)
{
	buf_printf(b, ", %s=", name);
	sip_put_quoted(b, value);
}

static void put_login(struct digest_client *c, struct login *l, struct buf *b, const char *method,
	struct slice uri)
{
	char nc[9] = "", response[DIGEST_HEX_MAX];
	struct buf counted;

	buf_init(&counted, sizeof(nc));
	buf_printf(&counted, "%08x", ++l->nc);
	slice_cstr(buf_slice(&counted), nc, sizeof(nc));
	buf_done(&counted);
	const struct digest d = { .algorithm = l->algorithm,
		.qop_auth = l->qop_auth,
		.nonce = slice_str(l->nonce),
		.cnonce = slice_str(l->cnonce),
		.nc = slice_str(nc),
		.uri = uri };
	if (digest_response(&d, l->ha1, slice_str(method), response)) {
		b->err = -ENOMEM;
		return;
	}
	buf_puts(b, l->proxy ? "Proxy-Authorization: Digest username="
			     : "Authorization: Digest username=");
	sip_put_quoted(b, slice_str(c->username));
	put_param(b, "realm", slice_str(l->realm));
	put_param(b, "nonce", slice_str(l->nonce));
	put_param(b, "uri", uri);
	put_param(b, "response", slice_str(response));
	buf_printf(b, ", algorithm=%s", digest_algorithm_name(l->algorithm));
	if (l->opaque[0])
		put_param(b, "opaque", slice_str(l->opaque));
	if (l->qop_auth || digest_is_sess(l->algorithm))
		put_param(b, "cnonce", slice_str(l->cnonce));
	if (l->qop_auth)
		buf_printf(b, ", qop=auth, nc=%s", nc);
	buf_puts(b, "\r\n");
	l->proved = true;
}

void digest_client_put(struct digest_client *c, struct buf *b, const char *method, struct slice uri)
{
	for (unsigned i = 0; i < LOGINS_MAX; i++)
		if (c->logins[i].in_use)
			put_login(c, &c->logins[i], b, method, uri);
}

const char *digest_client_algorithm(const struct digest_client *c)
{
	return c->last_algorithm;
}

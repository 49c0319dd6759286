/* Digest for who is challenged. */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "sip/digest_private.h"
#include "sip/hdr.h"

enum {
	LOGINS_MAX = 4,  /* realms, and registrar and proxy apart */
	VALUE_MAX = 512, /* of a realm, nonce or opaque */
	CNONCE = 20,     /* 100 bits */
	STALE_MAX = 3,   /* in a row: a server that calls every nonce stale ends somewhere */
};

/* What one challenge gave us. */
struct login {
	bool in_use;
	bool proxy;        /* from a 407 */
	unsigned requests; /* that had credentials for this nonce */
	enum digest_algorithm algorithm;
	bool qop_auth;
	char realm[VALUE_MAX], nonce[VALUE_MAX], opaque[VALUE_MAX];
	char ha1[DIGEST_HEX_MAX];
	char cnonce[CNONCE + 1];
	uint32_t nc;
	unsigned stale; /* challenges in a row that called our fresh nonce stale */
	unsigned used;  /* when it was taken: the oldest makes room */
};

struct digest_client {
	char *username, *password;
	struct rng *rng;
	struct login logins[LOGINS_MAX];
	unsigned taken;
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

static struct login *find_login(struct digest_client *c, const char *realm, bool proxy)
{
	struct login *oldest = &c->logins[0];

	for (unsigned i = 0; i < LOGINS_MAX; i++) {
		struct login *l = &c->logins[i];

		if (l->in_use && l->proxy == proxy && strcmp(realm, l->realm) == 0)
			return l;
		if (l->used < oldest->used)
			oldest = l;
	}
	return oldest;
}

/* RFC 7616 section 3.3: without stale=true, a new challenge to a proof means that it is wrong.  A
 * second request shows that this nonce was good once: it ran out, and nobody said so. */
static int check_refused(const struct login *old, const struct digest *d)
{
	if (old->requests != 1)
		return 0;
	if (!d->stale)
		return ERR_AUTH;
	return old->stale < STALE_MAX ? 0 : ERR_LIMIT;
}

static int take(struct digest_client *c, const struct digest *d, bool proxy)
{
	struct login fresh = {
		.in_use = true, .proxy = proxy, .algorithm = d->algorithm, .qop_auth = d->qop_auth
	};

	if (!digest_unescape(d->realm, fresh.realm, VALUE_MAX) ||
		!digest_unescape(d->nonce, fresh.nonce, VALUE_MAX) ||
		!digest_unescape(d->opaque, fresh.opaque, VALUE_MAX))
		return ERR_UNSUPPORTED; /* no server needs that much */
	struct login *l = find_login(c, fresh.realm, proxy);
	if (l->in_use && l->proxy == proxy && strcmp(l->realm, fresh.realm) == 0) {
		int err = check_refused(l, d);

		if (err)
			return err;
		fresh.stale = l->requests == 1 ? l->stale + 1 : 0;
	}
	const struct slice parts[] = { slice_str(c->username), slice_str(fresh.realm),
		slice_str(c->password) };
	if (digest_hex(d->algorithm, parts, COUNT(parts), fresh.ha1))
		return ERR_UNSUPPORTED; /* MD5 where the system's policy forbids it */
	rng_token(c->rng, fresh.cnonce, CNONCE);
	fresh.used = ++c->taken;
	*l = fresh;
	mem_wipe(&fresh, sizeof(fresh));
	c->last_algorithm = digest_algorithm_name(d->algorithm);
	return 0;
}

/* Is this the one to answer among the challenges of its realm?  The strongest, of equals the first.
 */
static bool is_best(const struct sip_msg *response, enum sip_hdr_id id, const struct digest *d)
{
	struct digest other;
	unsigned at = 0;

	while (digest_next(response, id, &at, &other)) {
		bool before = other.realm.p < d->realm.p;

		if (slice_eq(other.realm, d->realm) &&
			(other.algorithm > d->algorithm ||
				(other.algorithm == d->algorithm && before)))
			return false;
	}
	return true;
}

/* RFC 3261 section 16.7 item 7: a forking proxy may put the challenges of several servers, of both
 * kinds, into one response. */
int digest_client_push_challenge(struct digest_client *c, const struct sip_msg *response)
{
	static const enum sip_hdr_id kinds[] = { SIP_HDR_WWW_AUTHENTICATE,
		SIP_HDR_PROXY_AUTHENTICATE };
	int err = ERR_UNSUPPORTED;

	for (size_t i = 0; i < COUNT(kinds); i++) {
		struct digest d;
		unsigned at = 0;

		while (err != ERR_AUTH && err != ERR_LIMIT &&
			digest_next(response, kinds[i], &at, &d)) {
			if (!is_best(response, kinds[i], &d))
				continue;
			int one = take(c, &d, kinds[i] == SIP_HDR_PROXY_AUTHENTICATE);
			if (one == ERR_AUTH || one == ERR_LIMIT || err == ERR_UNSUPPORTED)
				err = one;
		}
	}
	return err;
}

struct request {
	const char *method;
	struct slice uri;
	bool proxy; /* which of the two headers is written */
};

static void put_param(struct buf *b, const char *name, struct slice value)
{
	buf_printf(b, ", %s=", name);
	sip_put_quoted(b, value);
}

static void put_login(
	struct digest_client *c, struct login *l, struct buf *b, const struct request *r)
{
	char nc[9], response[DIGEST_HEX_MAX];

	snprintf(nc, sizeof(nc), "%08x", ++l->nc);
	const struct digest d = { .algorithm = l->algorithm,
		.qop_auth = l->qop_auth,
		.nonce = slice_str(l->nonce),
		.cnonce = slice_str(l->cnonce),
		.nc = slice_str(nc),
		.uri = r->uri };
	if (digest_response(&d, l->ha1, slice_str(r->method), response)) {
		b->err = -ENOMEM;
		return;
	}
	buf_puts(b, r->proxy ? "Proxy-Authorization: Digest username="
			     : "Authorization: Digest username=");
	sip_put_quoted(b, slice_str(c->username));
	put_param(b, "realm", slice_str(l->realm));
	put_param(b, "nonce", slice_str(l->nonce));
	put_param(b, "uri", r->uri);
	put_param(b, "response", slice_str(response));
	buf_printf(b, ", algorithm=%s", digest_algorithm_name(l->algorithm));
	if (l->opaque[0])
		put_param(b, "opaque", slice_str(l->opaque));
	if (l->qop_auth || digest_is_sess(l->algorithm))
		put_param(b, "cnonce", slice_str(l->cnonce));
	if (l->qop_auth)
		buf_printf(b, ", qop=auth, nc=%s", nc);
	buf_puts(b, "\r\n");
}

static bool knows_proxy(const struct digest_client *c)
{
	for (unsigned i = 0; i < LOGINS_MAX; i++)
		if (c->logins[i].in_use && c->logins[i].proxy)
			return true;
	return false;
}

/* A proxy that shares realm and nonces with its registrar (Kamailio) takes what the registrar's
 * challenge gave, and a round trip is saved.  One that does not will say so with a challenge of its
 * own, to which no proof was made yet; from then on that one counts. */
void digest_client_put(struct digest_client *c, struct buf *b, const char *method, struct slice uri)
{
	const bool guess = strcmp(method, "REGISTER") != 0 && !knows_proxy(c);

	for (unsigned i = 0; i < LOGINS_MAX; i++) {
		struct login *l = &c->logins[i];

		if (!l->in_use)
			continue;
		put_login(c, l, b, &(struct request){ method, uri, l->proxy });
		if (guess)
			put_login(c, l, b, &(struct request){ method, uri, true });
		l->requests++;
	}
}

const char *digest_client_algorithm(const struct digest_client *c)
{
	return c->last_algorithm;
}

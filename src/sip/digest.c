#include "sip/digest.h"

#include <string.h>

#include "sip/digest_private.h"
#include "sip/hdr.h"

static const char *const algorithm_names[DIGEST_ALGORITHMS] = {
	[DIGEST_MD5] = "MD5",
	[DIGEST_MD5_SESS] = "MD5-sess",
	[DIGEST_SHA256] = "SHA-256",
	[DIGEST_SHA256_SESS] = "SHA-256-sess",
	[DIGEST_SHA512_256] = "SHA-512-256",
	[DIGEST_SHA512_256_SESS] = "SHA-512-256-sess",
};

const char *digest_algorithm_name(enum digest_algorithm a)
{
	return algorithm_names[a];
}

static bool find_algorithm(struct slice name, enum digest_algorithm *ret)
{
	for (size_t i = 0; i < DIGEST_ALGORITHMS; i++) {
		if (!slice_ieqs(name, algorithm_names[i]))
			continue;
		*ret = (enum digest_algorithm)i;
		return true;
	}
	return false;
}

bool digest_is_sess(enum digest_algorithm a)
{
	return a == DIGEST_MD5_SESS || a == DIGEST_SHA256_SESS || a == DIGEST_SHA512_256_SESS;
}

const EVP_MD *digest_hash(enum digest_algorithm a)
{
	switch (a) {
	case DIGEST_MD5:
	case DIGEST_MD5_SESS: return EVP_md5();
	case DIGEST_SHA256:
	case DIGEST_SHA256_SESS: return EVP_sha256();
	case DIGEST_SHA512_256:
	case DIGEST_SHA512_256_SESS: return EVP_sha512_256();
	case DIGEST_ALGORITHMS: break;
	}
	return NULL;
}

/* Splits "Digest a=b, c=d"; the scheme is what stands before the first white space. */
static struct slice scheme_of(struct slice value, struct slice *rest)
{
	size_t end = 0;

	while (end < value.n && value.p[end] != ' ' && value.p[end] != '\t' && value.p[end] != '\r')
		end++;
	*rest = slice_trim(slice_skip(value, end));
	return slice_cut(value, 0, end);
}

static struct slice unquote(struct slice v)
{
	return v.n >= 2 && v.p[0] == '"' ? slice_cut(v, 1, v.n - 1) : v;
}

/* qop="auth,auth-int" of a challenge, qop=auth of credentials. */
static bool offers_auth(struct slice qop)
{
	while (qop.n)
		if (slice_ieqs(slice_trim(slice_split(&qop, ',')), "auth"))
			return true;
	return false;
}

static void take_algorithm(struct digest *d, struct slice value)
{
	d->known_algorithm = find_algorithm(value, &d->algorithm);
}

static bool take_param(struct digest *d, struct slice name, struct slice value)
{
	const struct {
		const char *name;
		struct slice *to;
	} strings[] = {
		{ "realm", &d->realm },
		{ "nonce", &d->nonce },
		{ "opaque", &d->opaque },
		{ "username", &d->username },
		{ "uri", &d->uri },
		{ "response", &d->response },
		{ "cnonce", &d->cnonce },
		{ "nc", &d->nc },
		{ "qop", &d->qop },
		{ "domain", &d->domain },
	};

	for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++) {
		if (!slice_ieqs(name, strings[i].name))
			continue;
		*strings[i].to = value;
		return true;
	}
	if (slice_ieqs(name, "algorithm"))
		take_algorithm(d, value);
	else if (slice_ieqs(name, "stale"))
		d->stale = slice_ieqs(value, "true");
	else if (slice_ieqs(name, "userhash"))
		d->userhash = slice_ieqs(value, "true");
	return true;
}

/* The next `name=value`, commas between, quotes honoured. */
static bool next_param(struct slice *rest, struct slice *name, struct slice *value)
{
	struct slice one;

	if (!sip_hdr_next(rest, &one))
		return false;
	size_t eq = slice_chr(one, '=');
	*name = slice_trim(slice_cut(one, 0, eq));
	*value = slice_trim(slice_skip(one, eq + 1));
	return true;
}

int digest_decode(struct slice value, struct digest *ret, struct where *where)
{
	struct digest d = { .known_algorithm = true, .algorithm = DIGEST_MD5 };
	struct slice rest, name, v;

	*where = (struct where){ 0, "not the Digest scheme" };
	if (!slice_ieqs(scheme_of(value, &rest), "Digest"))
		return ERR_UNSUPPORTED;
	while (next_param(&rest, &name, &v)) {
		*where = (struct where){ (size_t)(name.p - value.p),
			"a malformed Digest parameter" };
		if (name.n == 0 || v.n == 0)
			return ERR_SYNTAX;
		take_param(&d, name, unquote(v));
	}
	d.qop_auth = offers_auth(d.qop);
	if (d.nonce.n == 0) {
		where->what = "Digest without a nonce";
		return ERR_SYNTAX;
	}
	*ret = d;
	return 0;
}

static bool usable(const struct digest *d)
{
	return d->known_algorithm && (d->qop.n == 0 || d->qop_auth);
}

bool digest_choose(const struct sip_msg *response, struct digest *ret, struct buf *ret_schemes)
{
	const enum sip_hdr_id id =
		response->status == 407 ? SIP_HDR_PROXY_AUTHENTICATE : SIP_HDR_WWW_AUTHENTICATE;
	bool found = false;
	unsigned at = 0;

	for (const struct sip_hdr *h; (h = sip_msg_find(response, id, &at));) {
		struct digest d;
		struct where where;
		struct slice rest;

		if (digest_decode(h->value, &d, &where) == 0 && usable(&d)) {
			/* RFC 8760 section 2.4: the topmost that is known; ours: the strongest. */
			if (!found || d.algorithm > ret->algorithm)
				*ret = d;
			found = true;
			continue;
		}
		if (ret_schemes) {
			buf_puts(ret_schemes, buf_len(ret_schemes) ? ", " : "");
			buf_put(ret_schemes, scheme_of(h->value, &rest));
		}
	}
	return found;
}

/* ---- hashing: RFC 7616 section 3.4 ---- */

/* hex(hash(parts joined by ':')) */
int digest_hex(
	enum digest_algorithm a, const struct slice *parts, size_t n, char hex[DIGEST_HEX_MAX])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t out[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	bool ok = ctx && EVP_DigestInit_ex(ctx, digest_hash(a), NULL);
	for (size_t i = 0; ok && i < n; i++)
		ok = (i == 0 || EVP_DigestUpdate(ctx, ":", 1)) &&
		     EVP_DigestUpdate(ctx, parts[i].p ? (const void *)parts[i].p : "", parts[i].n);
	ok = ok && EVP_DigestFinal_ex(ctx, out, &len);
	EVP_MD_CTX_free(ctx);
	for (unsigned i = 0; i < len; i++) {
		hex[2 * i] = digits[out[i] >> 4];
		hex[2 * i + 1] = digits[out[i] & 15];
	}
	hex[2 * len] = '\0';
	return ok ? 0 : -ENOMEM;
}

int digest_response(const struct digest *d, const char *secret_ha1, struct slice method,
	char hex[DIGEST_HEX_MAX])
{
	char ha1[DIGEST_HEX_MAX], ha2[DIGEST_HEX_MAX];
	const struct slice a2[] = { method, d->uri };
	const struct slice sess[] = { slice_str(secret_ha1), d->nonce, d->cnonce };
	int err;

	if (digest_is_sess(d->algorithm))
		err = digest_hex(d->algorithm, sess, 3, ha1);
	else
		err = slice_cstr(slice_str(secret_ha1), ha1, sizeof(ha1)) ? 0 : -EINVAL;
	if (!err)
		err = digest_hex(d->algorithm, a2, 2, ha2);
	const struct slice with_qop[] = { slice_str(ha1), d->nonce, d->nc, d->cnonce, SLICE("auth"),
		slice_str(ha2) };
	const struct slice without[] = { slice_str(ha1), d->nonce, slice_str(ha2) };
	if (!err)
		err = d->qop_auth ? digest_hex(d->algorithm, with_qop, 6, hex)
				  : digest_hex(d->algorithm, without, 3, hex);
	return err;
}

int digest_secret_make(
	struct digest_secret *ret, struct slice user, struct slice realm, struct slice password)
{
	const struct slice parts[] = { user, realm, password };
	char hex[DIGEST_HEX_MAX];
	const struct {
		enum digest_algorithm a;
		char *to;
		size_t size;
	} rows[] = {
		{ DIGEST_MD5, ret->md5, sizeof(ret->md5) },
		{ DIGEST_SHA256, ret->sha256, sizeof(ret->sha256) },
		{ DIGEST_SHA512_256, ret->sha512_256, sizeof(ret->sha512_256) },
	};

	for (size_t i = 0; i < 3; i++) {
		if (digest_hex(rows[i].a, parts, 3, hex))
			return -ENOMEM;
		slice_cstr(slice_str(hex), rows[i].to, rows[i].size);
	}
	return 0;
}

const char *digest_secret_ha1(const struct digest_secret *s, enum digest_algorithm a)
{
	switch (a) {
	case DIGEST_MD5:
	case DIGEST_MD5_SESS: return s->md5;
	case DIGEST_SHA256:
	case DIGEST_SHA256_SESS: return s->sha256;
	case DIGEST_SHA512_256:
	case DIGEST_SHA512_256_SESS: return s->sha512_256;
	case DIGEST_ALGORITHMS: break;
	}
	return "";
}

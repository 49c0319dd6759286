/* What both sides of Digest need: challenges and credentials read, hashes, names. */
#include "sip/digest.h"

#include <string.h>

#include "base/mem.h"
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

/* Without the quotes; false when the string has no end or is not of the grammar. */
static bool unquote(struct slice v, struct slice *ret)
{
	*ret = v;
	if (v.p[0] != '"')
		return slice_chr(v, '"') == v.n;
	for (size_t i = 1; i < v.n; i++) {
		if (v.p[i] == '\\')
			i++;
		else if (v.p[i] == '"') {
			*ret = slice_cut(v, 1, i);
			return i + 1 == v.n;
		}
	}
	return false;
}

bool digest_unescape(struct slice in, char *ret, size_t size)
{
	size_t n = 0;

	for (size_t i = 0; i < in.n; i++, n++) {
		if (in.p[i] == '\\' && i + 1 < in.n)
			i++;
		if (n + 1 >= size || in.p[i] == '\0') {
			ret[0] = '\0';
			return false;
		}
		ret[n] = (char)in.p[i];
	}
	ret[n] = '\0';
	return true;
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

static void take_param(struct digest *d, struct slice name, struct slice value)
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

	for (size_t i = 0; i < COUNT(strings); i++) {
		if (!slice_ieqs(name, strings[i].name))
			continue;
		*strings[i].to = value;
		return;
	}
	if (slice_ieqs(name, "algorithm"))
		take_algorithm(d, value);
	else if (slice_ieqs(name, "stale"))
		d->stale = slice_ieqs(value, "true");
	else if (slice_ieqs(name, "userhash"))
		d->userhash = slice_ieqs(value, "true");
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
		if (name.n == 0 || v.n == 0 || !unquote(v, &v))
			return ERR_SYNTAX;
		take_param(&d, name, v);
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

/* The next challenge at or behind row *at that we can answer. */
bool digest_next(
	const struct sip_msg *response, enum sip_hdr_id id, unsigned *at, struct digest *ret)
{
	for (const struct sip_hdr *h; (h = sip_msg_find(response, id, at));) {
		struct where where;

		if (digest_decode(h->value, ret, &where) == 0 && usable(ret))
			return true;
	}
	return false;
}

static void put_unknown_schemes(
	const struct sip_msg *response, enum sip_hdr_id id, struct buf *ret_schemes)
{
	unsigned at = 0;

	for (const struct sip_hdr *h; (h = sip_msg_find(response, id, &at));) {
		struct digest d;
		struct where where;
		struct slice rest;

		if (digest_decode(h->value, &d, &where) == 0 && usable(&d))
			continue;
		buf_puts(ret_schemes, buf_len(ret_schemes) ? ", " : "");
		buf_put(ret_schemes, scheme_of(h->value, &rest));
	}
}

/* RFC 8760 section 2.4 takes the topmost that is known; we take the strongest, as nothing below
 * TLS keeps the order of the rows. */
bool digest_choose(const struct sip_msg *response, struct digest *ret, struct buf *ret_schemes)
{
	const enum sip_hdr_id id =
		response->status == 407 ? SIP_HDR_PROXY_AUTHENTICATE : SIP_HDR_WWW_AUTHENTICATE;
	struct digest d;
	bool found = false;
	unsigned at = 0;

	while (digest_next(response, id, &at, &d)) {
		if (!found || d.algorithm > ret->algorithm)
			*ret = d;
		found = true;
	}
	if (ret_schemes)
		put_unknown_schemes(response, id, ret_schemes);
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
	if (!ok)
		len = 0;
	for (unsigned i = 0; i < len; i++) {
		hex[2 * i] = digits[out[i] >> 4];
		hex[2 * i + 1] = digits[out[i] & 15];
	}
	hex[2 * len] = '\0';
	mem_wipe(out, sizeof(out));
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
	mem_wipe(ha1, sizeof(ha1));
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

	int err = 0;
	for (size_t i = 0; !err && i < COUNT(rows); i++) {
		err = digest_hex(rows[i].a, parts, 3, hex);
		slice_cstr(slice_str(hex), rows[i].to, rows[i].size);
	}
	mem_wipe(hex, sizeof(hex));
	return err;
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

/* Digest for who challenges. */
#include <openssl/crypto.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "sip/digest_private.h"
#include "sip/hdr.h"

enum {
	STAMP_HEX = 16,  /* the nonce's time in microseconds */
	MAC_HEX = 32,    /* 128 bits of HMAC-SHA-256 */
	SEEN_MAX = 1024, /* nonces whose counts are remembered; the older of two in a place goes */
	USER_MAX = 256,
};

struct seen {
	uint64_t stamp;
	uint32_t nc;
};

struct digest_server {
	struct digest_server_cfg cfg;
	struct seen seen[SEEN_MAX];
	uint64_t last_stamp;
	char user[USER_MAX]; /* what digest_server_username() hands out */
};

int digest_server_new(struct digest_server **ret, const struct digest_server_cfg *cfg)
{
	struct digest_server *s = mem_alloc0(sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->cfg = *cfg;
	*ret = s;
	return 0;
}

struct digest_server *digest_server_free(struct digest_server *s)
{
	if (s)
		mem_wipe(s, sizeof(*s));
	return mem_free(s);
}

static void put_hex64(uint64_t v, char hex[STAMP_HEX + 1])
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < STAMP_HEX; i++)
		hex[i] = digits[v >> (60 - 4 * i) & 15];
	hex[STAMP_HEX] = '\0';
}

/* time || HMAC(key, time): nothing is stored for a challenge, and nobody else can make one. */
static void make_nonce(
	const struct digest_server *s, uint64_t stamp, char nonce[STAMP_HEX + MAC_HEX + 1])
{
	uint8_t mac[EVP_MAX_MD_SIZE];
	unsigned len = 0;

	put_hex64(stamp, nonce);
	HMAC(EVP_sha256(), s->cfg.key, sizeof(s->cfg.key), (const uint8_t *)nonce, STAMP_HEX, mac,
		&len);
	for (int i = 0; i < MAC_HEX / STAMP_HEX; i++) {
		uint64_t v;

		memcpy(&v, mac + 8 * i, sizeof(v));
		put_hex64(v, nonce + STAMP_HEX * (i + 1));
	}
}

void digest_server_put_challenge(
	struct digest_server *s, struct buf *b, int status, bool stale, ts_t now)
{
	char nonce[STAMP_HEX + MAC_HEX + 1];

	/* Two challenges in one microsecond get different nonces: their counts must not mix. */
	s->last_stamp = now > s->last_stamp ? now : s->last_stamp + 1;
	make_nonce(s, s->last_stamp, nonce);
	for (unsigned i = 0; i < s->cfg.n_offer; i++) {
		buf_puts(b, status == 407 ? "Proxy-Authenticate" : "WWW-Authenticate");
		buf_puts(b, ": Digest realm=");
		sip_put_quoted(b, slice_str(s->cfg.realm));
		buf_printf(b, ", nonce=\"%s\", algorithm=%s, qop=\"auth\"%s\r\n", nonce,
			digest_algorithm_name(s->cfg.offer[i]), stale ? ", stale=true" : "");
	}
}

/* The credentials for our realm: a request may carry others, for other servers on its way. */
static enum digest_verdict find_credentials(
	const struct digest_server *s, const struct sip_msg *req, int status, struct digest *ret)
{
	const enum sip_hdr_id id =
		status == 407 ? SIP_HDR_PROXY_AUTHORIZATION : SIP_HDR_AUTHORIZATION;
	enum digest_verdict v = DIGEST_ABSENT;
	unsigned at = 0;

	for (const struct sip_hdr *h; (h = sip_msg_find(req, id, &at));) {
		struct where where;
		char realm[sizeof(s->cfg.realm)];
		int err = digest_decode(h->value, ret, &where);

		if (!err && digest_unescape(ret->realm, realm, sizeof(realm)) &&
			strcmp(realm, s->cfg.realm) == 0)
			return DIGEST_OK;
		if (err == ERR_SYNTAX)
			v = DIGEST_BAD;
	}
	return v;
}

struct slice digest_server_username(struct digest_server *s, const struct sip_msg *req, int status)
{
	struct digest d;

	if (find_credentials(s, req, status, &d) != DIGEST_OK ||
		!digest_unescape(d.username, s->user, sizeof(s->user)))
		return SLICE_NONE; /* nobody has a name that long */
	return slice_str(s->user);
}

static bool hex_value(struct slice s, uint64_t *ret)
{
	uint64_t v = 0;

	for (size_t i = 0; i < s.n; i++) {
		int d = hex_digit(s.p[i]);

		if (d < 0)
			return false;
		v = v << 4 | (uint64_t)d;
	}
	*ret = v;
	return s.n > 0 && s.n <= 16;
}

static bool is_our_nonce(const struct digest_server *s, struct slice nonce, uint64_t *stamp)
{
	char ours[STAMP_HEX + MAC_HEX + 1];

	if (nonce.n != STAMP_HEX + MAC_HEX || !hex_value(slice_cut(nonce, 0, STAMP_HEX), stamp))
		return false;
	make_nonce(s, *stamp, ours);
	return CRYPTO_memcmp(ours, nonce.p, nonce.n) == 0;
}

/* RFC 7616 section 3.4: a count that is not above the last one is a replay.  A nonce whose place
 * was taken by a newer one is forgotten, and so are its counts: it must never be good again. */
static enum digest_verdict check_count(struct digest_server *s, uint64_t stamp, uint32_t nc)
{
	struct seen *slot = &s->seen[stamp % SEEN_MAX];

	if (slot->stamp > stamp)
		return DIGEST_STALE;
	if (slot->stamp < stamp)
		*slot = (struct seen){ .stamp = stamp };
	if (nc <= slot->nc)
		return DIGEST_REPLAY;
	slot->nc = nc;
	return DIGEST_OK;
}

static bool is_offered(const struct digest_server *s, const struct digest *d)
{
	for (unsigned i = 0; i < s->cfg.n_offer; i++)
		if (d->known_algorithm && s->cfg.offer[i] == d->algorithm)
			return true;
	return false;
}

static bool proves(
	const struct digest *d, const struct sip_msg *req, const struct digest_secret *secret)
{
	char want[DIGEST_HEX_MAX];
	const char *ha1 = digest_secret_ha1(secret, d->algorithm);

	return digest_response(d, ha1, req->method_text, want) == 0 && ha1[0] &&
	       d->response.n == strlen(want) &&
	       CRYPTO_memcmp(want, d->response.p, d->response.n) == 0;
}

enum digest_verdict digest_server_check(struct digest_server *s, const struct sip_msg *req,
	int status, const struct digest_secret *secret, ts_t now)
{
	struct digest d;
	uint64_t stamp, nc;

	enum digest_verdict v = find_credentials(s, req, status, &d);
	if (v != DIGEST_OK)
		return v;
	if (!d.qop_auth || !hex_value(d.nc, &nc) || nc > UINT32_MAX || d.cnonce.n == 0)
		return DIGEST_BAD; /* qop was offered, so it is required: RFC 7616 section 3.4 */
	if (!is_offered(s, &d) || !is_our_nonce(s, d.nonce, &stamp) || !proves(&d, req, secret))
		return DIGEST_WRONG;
	/* The proof is right: only the age or the count of the nonce can be wrong now. */
	if (now > stamp && now - stamp > s->cfg.nonce_life)
		return DIGEST_STALE;
	return check_count(s, stamp, (uint32_t)nc);
}

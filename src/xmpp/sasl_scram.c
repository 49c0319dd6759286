#include "xmpp/sasl_scram.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

static const struct {
	bool is_scram, plus;
	enum scram_hash hash;
} mechanisms[SASL_MECHANISMS] = {
	[SASL_SCRAM_SHA1] = { true, false, SCRAM_SHA1 },
	[SASL_SCRAM_SHA256] = { true, false, SCRAM_SHA256 },
	[SASL_SCRAM_SHA512] = { true, false, SCRAM_SHA512 },
	[SASL_SCRAM_SHA1_PLUS] = { true, true, SCRAM_SHA1 },
	[SASL_SCRAM_SHA256_PLUS] = { true, true, SCRAM_SHA256 },
	[SASL_SCRAM_SHA512_PLUS] = { true, true, SCRAM_SHA512 },
};

bool sasl_is_scram(enum sasl_mechanism m, enum scram_hash *ret_hash, bool *ret_plus)
{
	if (!mechanisms[m].is_scram)
		return false;
	*ret_hash = mechanisms[m].hash;
	*ret_plus = mechanisms[m].plus;
	return true;
}

bool sasl_any_plus(const bool offered[SASL_MECHANISMS])
{
	for (unsigned m = 0; m < SASL_MECHANISMS; m++)
		if (offered[m] && mechanisms[m].plus)
			return true;
	return false;
}

/* ---- arithmetic ---- */

size_t scram_size(enum scram_hash h)
{
	static const size_t sizes[] = {
		[SCRAM_SHA1] = 20,
		[SCRAM_SHA256] = 32,
		[SCRAM_SHA512] = 64,
	};

	return sizes[h];
}

static const EVP_MD *digest_of(enum scram_hash h)
{
	switch (h) {
	case SCRAM_SHA1: return EVP_sha1();
	case SCRAM_SHA256: return EVP_sha256();
	case SCRAM_SHA512: break;
	}
	return EVP_sha512();
}

bool scram_digest(enum scram_hash h, struct slice data, uint8_t ret[SCRAM_KEY_MAX])
{
	return EVP_Digest(data.p, data.n, ret, NULL, digest_of(h), NULL) == 1;
}

bool scram_hmac(enum scram_hash h, struct slice key, struct slice data, uint8_t ret[SCRAM_KEY_MAX])
{
	return HMAC(digest_of(h), key.p, (int)key.n, data.p, data.n, ret, NULL) != NULL;
}

bool scram_salted(
	const struct scram_params *params, struct slice password, uint8_t ret[SCRAM_KEY_MAX])
{
	return PKCS5_PBKDF2_HMAC((const char *)password.p, (int)password.n, params->salt.p,
		       (int)params->salt.n, (int)params->iterations, digest_of(params->hash),
		       (int)scram_size(params->hash), ret) == 1;
}

bool scram_derive(enum scram_hash h, const uint8_t salted[SCRAM_KEY_MAX], struct scram_keys *ret)
{
	struct slice key = { salted, scram_size(h) };

	return scram_hmac(h, key, SLICE("Client Key"), ret->client) &&
	       scram_digest(h, slice_of(ret->client, key.n), ret->stored) &&
	       scram_hmac(h, key, SLICE("Server Key"), ret->server);
}

void scram_xor(uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i] ^= b[i];
}

/* ---- messages ---- */

bool scram_take_attr(struct slice *rest, char name, struct slice *ret)
{
	if (rest->n < 2 || rest->p[0] != (uint8_t)name || rest->p[1] != '=')
		return false;
	*ret = slice_skip(slice_split(rest, ','), 2);
	return true;
}

void scram_put_name(struct buf *b, struct slice name)
{
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == ',')
			buf_puts(b, "=2C");
		else if (name.p[i] == '=')
			buf_puts(b, "=3D");
		else
			buf_putc(b, name.p[i]);
	}
}

bool scram_get_name(struct slice text, char *out)
{
	size_t n = 0;

	if (!utf8_valid(text, NULL))
		return false;
	for (size_t i = 0; i < text.n; i++) {
		struct slice escape = slice_cut(text, i, i + 3);
		char c = (char)text.p[i];

		if (c == '=') {
			if (slice_eqs(escape, "=2C"))
				c = ',';
			else if (!slice_eqs(escape, "=3D"))
				return false;
			i += 2;
		}
		if (c == '\0' || n == SASL_TEXT_MAX)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return true;
}

bool scram_is_nonce(struct slice text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x21 || text.p[i] > 0x7E)
			return false;
	return text.n > 0;
}

int scram_get_base64(struct slice text, uint8_t *out, size_t size, size_t *ret_n)
{
	struct buf b;

	buf_init(&b, size + 3);
	int err = base64_decode(&b, text);
	if (!err && buf_len(&b) <= size) {
		*ret_n = buf_len(&b);
		if (*ret_n > 0)
			memcpy(out, buf_slice(&b).p, *ret_n);
	} else if (err != -ENOMEM) {
		err = ERR_SYNTAX;
	}
	buf_done(&b);
	return err;
}

void scram_put_binding(struct buf *b, struct slice gs2, const struct scram_binding *binding)
{
	uint8_t bytes[SASL_TEXT_MAX * 3 + TLS_BINDING_MAX + 64];
	size_t n = gs2.n + binding->n;

	buf_puts(b, "c=");
	if (n > sizeof(bytes)) {
		b->err = -EMSGSIZE;
		return;
	}
	memcpy(bytes, gs2.p, gs2.n);
	memcpy(bytes + gs2.n, binding->bytes, binding->n);
	base64_put(b, slice_of(bytes, n));
}

static struct slice binding_bytes(const struct tls_facts *tls, enum sasl_binding type)
{
	switch (type) {
	case SASL_BINDING_TLS_EXPORTER: return slice_of(tls->exporter, tls->n_exporter);
	case SASL_BINDING_TLS_UNIQUE: return slice_of(tls->unique, tls->n_unique);
	case SASL_BINDING_TLS_SERVER_END_POINT: return slice_of(tls->end_point, tls->n_end_point);
	case SASL_BINDING_NONE:
	case SASL_BINDINGS: break;
	}
	return SLICE_NONE;
}

void scram_binding_of(
	const struct tls_facts *tls, enum sasl_binding type, struct scram_binding *ret)
{
	struct slice bytes = tls ? binding_bytes(tls, type) : SLICE_NONE;

	*ret = (struct scram_binding){ .n = bytes.n };
	if (bytes.n > 0)
		memcpy(ret->bytes, bytes.p, bytes.n);
}

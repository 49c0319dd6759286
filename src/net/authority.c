#include "net/authority.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct authority {
	EVP_PKEY *key;
	X509 *cert;
	long serial;
};

enum { DAY = 86400, LIFE = 90 * DAY };

/* A longer name stands in subjectAltName alone. */
static bool set_common_name(X509 *x, const char *name)
{
	return strlen(name) > ub_common_name ||
	       X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
		       (const unsigned char *)name, -1, -1, 0);
}

/* Each step is looked at: OpenSSL would go on until it reads what is not there. */
static bool fill_in(X509 *x, const char *name, long serial, long from_s, long to_s, EVP_PKEY *key)
{
	return X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), serial) &&
	       X509_gmtime_adj(X509_getm_notBefore(x), from_s) &&
	       X509_gmtime_adj(X509_getm_notAfter(x), to_s) && set_common_name(x, name) &&
	       X509_set_pubkey(x, key);
}

static int add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	int ok = e && X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	return ok ? 0 : -ENOMEM;
}

static X509 *new_cert(const char *name, long serial, long from_s, long to_s, EVP_PKEY *key)
{
	X509 *x = X509_new();

	if (x && fill_in(x, name, serial, from_s, to_s, key))
		return x;
	X509_free(x);
	return NULL;
}

int authority_new(struct authority **ret)
{
	struct authority *a = mem_alloc0(sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->key = EVP_EC_gen("P-256");
	a->cert = a->key ? new_cert("stox lab CA", ++a->serial, -DAY, LIFE, a->key) : NULL;
	if (!a->cert || !X509_set_issuer_name(a->cert, X509_get_subject_name(a->cert)) ||
		add_extension(a->cert, a->cert, NID_basic_constraints, "critical,CA:TRUE") ||
		add_extension(a->cert, a->cert, NID_subject_key_identifier, "hash") ||
		!X509_sign(a->cert, a->key, EVP_sha256())) {
		authority_free(a);
		return -ENOMEM;
	}
	*ret = a;
	return 0;
}

struct authority *authority_free(struct authority *a)
{
	if (!a)
		return NULL;
	EVP_PKEY_free(a->key);
	X509_free(a->cert);
	return mem_free(a);
}

static int put(struct buf *pem, X509 *x, EVP_PKEY *key)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	if (!bio)
		return -ENOMEM;
	int ok = PEM_write_bio_X509(bio, x) &&
		 (!key || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
	long n = BIO_get_mem_data(bio, &text);
	if (ok)
		buf_put(pem, slice_of(text, (size_t)n));
	BIO_free(bio);
	return ok ? buf_err(pem) : -ENOMEM;
}

int authority_put_ca(const struct authority *a, struct buf *pem)
{
	return put(pem, a->cert, NULL);
}

static int alt_names(const char *names, char *ret, size_t size)
{
	struct slice rest = slice_str(names);
	size_t n = 0;

	do {
		struct slice one = slice_split(&rest, ',');

		if (one.n == 0)
			return ERR_SYNTAX;
		n += (size_t)snprintf(
			ret + n, size - n, "%sDNS:%.*s", n ? "," : "", SLICE_FMT(one));
		if (n >= size)
			return ERR_LIMIT;
	} while (rest.n);
	return 0;
}

/* The certificate of `key` for these names. */
static int issue(
	X509 **ret, struct authority *a, const char *names, long from_s, long to_s, EVP_PKEY *key)
{
	char san[512], cn[256];
	int err = alt_names(names, san, sizeof(san));
	if (err)
		return err;
	struct slice first = slice_cut(slice_str(names), 0, slice_chr(slice_str(names), ','));

	slice_cstr(first, cn, sizeof(cn));
	X509 *x = new_cert(cn, ++a->serial, from_s, to_s, key);
	if (!x || !X509_set_issuer_name(x, X509_get_subject_name(a->cert)))
		err = -ENOMEM;
	if (!err)
		err = add_extension(x, a->cert, NID_subject_alt_name, san);
	/* All authorities have one name: this tells which it was (RFC 5280 section 4.2.1.1). */
	if (!err)
		err = add_extension(x, a->cert, NID_authority_key_identifier, "keyid:always");
	if (!err)
		err = add_extension(x, a->cert, NID_ext_key_usage, "serverAuth,clientAuth");
	if (!err && !X509_sign(x, a->key, EVP_sha256()))
		err = -ENOMEM;
	if (err)
		X509_free(x);
	else
		*ret = x;
	return err;
}

/* Takes the key over. */
static int put_identity(struct authority *a, const char *names, long from_s, long to_s,
	EVP_PKEY *key, struct buf *pem)
{
	X509 *x = NULL;
	int err = key ? issue(&x, a, names, from_s, to_s, key) : -ENOMEM;

	if (!err)
		err = put(pem, x, key);
	X509_free(x);
	EVP_PKEY_free(key);
	return err;
}

int authority_put_identity(
	struct authority *a, const char *names, long from_s, long to_s, struct buf *pem)
{
	return put_identity(a, names, from_s, to_s, EVP_EC_gen("P-256"), pem);
}

int authority_put_weak_identity(
	struct authority *a, const char *names, long from_s, long to_s, struct buf *pem)
{
	enum { WEAK_BITS = 1024 };

	return put_identity(a, names, from_s, to_s, EVP_RSA_gen(WEAK_BITS), pem);
}

static X509_CRL *new_revocation(const struct authority *a)
{
	X509_CRL *crl = X509_CRL_new();
	X509_REVOKED *one = X509_REVOKED_new();
	ASN1_TIME *when = X509_gmtime_adj(NULL, -DAY), *next = X509_gmtime_adj(NULL, LIFE);
	ASN1_INTEGER *serial = ASN1_INTEGER_new();
	bool ok = crl && one && when && next && serial && ASN1_INTEGER_set(serial, a->serial) &&
		  X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
		  X509_CRL_set_issuer_name(crl, X509_get_subject_name(a->cert)) &&
		  X509_CRL_set1_lastUpdate(crl, when) && X509_CRL_set1_nextUpdate(crl, next) &&
		  X509_REVOKED_set_serialNumber(one, serial) &&
		  X509_REVOKED_set_revocationDate(one, when) && X509_CRL_add0_revoked(crl, one);

	if (ok)
		one = NULL; /* the list's now */
	ok = ok && X509_CRL_sign(crl, a->key, EVP_sha256());
	X509_REVOKED_free(one);
	ASN1_INTEGER_free(serial);
	ASN1_TIME_free(when);
	ASN1_TIME_free(next);
	if (ok)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}

int authority_put_revocation(const struct authority *a, struct buf *pem)
{
	X509_CRL *crl = new_revocation(a);
	BIO *bio = crl ? BIO_new(BIO_s_mem()) : NULL;
	int err = bio && PEM_write_bio_X509_CRL(bio, crl) ? 0 : -ENOMEM;
	char *text;

	if (!err) {
		long n = BIO_get_mem_data(bio, &text);

		buf_put(pem, slice_of(text, (size_t)n));
		err = buf_err(pem);
	}
	BIO_free(bio);
	X509_CRL_free(crl);
	return err;
}

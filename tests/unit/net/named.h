/* named.h - certificates with any names, also such as no authority should give. */
#pragma once

#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/buf.h"

struct named {
	int type;        /* GEN_... */
	const char *oid; /* GEN_OTHERNAME: which, and V_ASN1_... of its value */
	int value_type;
	struct slice bytes;
};

static inline GENERAL_NAME *named_one(const struct named *n)
{
	static const int types[] = { [GEN_EMAIL] = V_ASN1_IA5STRING,
		[GEN_DNS] = V_ASN1_IA5STRING,
		[GEN_URI] = V_ASN1_IA5STRING,
		[GEN_IPADD] = V_ASN1_OCTET_STRING };
	const bool other = n->type == GEN_OTHERNAME;
	ASN1_STRING *s = ASN1_STRING_type_new(other ? n->value_type : types[n->type]);
	GENERAL_NAME *g = GENERAL_NAME_new();

	assert_int_equal(ASN1_STRING_set(s, n->bytes.p, (int)n->bytes.n), 1);
	if (!other) {
		GENERAL_NAME_set0_value(g, n->type, s);
		return g;
	}
	ASN1_TYPE *value = ASN1_TYPE_new();
	ASN1_TYPE_set(value, n->value_type, s);
	assert_int_equal(GENERAL_NAME_set0_othername(g, OBJ_txt2obj(n->oid, 1), value), 1);
	return g;
}

/* Signed by itself, valid for an hour, its subject CN=named.test; without the extension where there
 * are no names. */
static inline X509 *named_cert(const struct named *rows, size_t n, EVP_PKEY *key, const EVP_MD *md)
{
	GENERAL_NAMES *names = GENERAL_NAMES_new();
	X509 *x = X509_new();

	for (size_t i = 0; i < n; i++)
		sk_GENERAL_NAME_push(names, named_one(&rows[i]));
	assert_int_equal(X509_set_version(x, 2), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
		(const uint8_t *)"named.test", -1, -1, 0);
	assert_int_equal(X509_set_pubkey(x, key), 1);
	if (n)
		assert_int_equal(X509_add1_ext_i2d(x, NID_subject_alt_name, names, 0, 0), 1);
	assert_true(X509_sign(x, key, md) > 0);
	GENERAL_NAMES_free(names);
	return x;
}

/* The same with its key, as trust_add_identity() wants it. */
static inline void named_put_identity(
	const struct named *rows, size_t n, const EVP_MD *md, struct buf *pem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = named_cert(rows, n, key, md);
	BIO *bio = BIO_new(BIO_s_mem());
	char *text;

	assert_true(PEM_write_bio_X509(bio, x) &&
		    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
	long size = BIO_get_mem_data(bio, &text);
	buf_put(pem, slice_of(text, (size_t)size));
	BIO_free(bio);
	X509_free(x);
	EVP_PKEY_free(key);
}

#include "net/authority.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/mem.h"

enum { DAY = 86400, MAX = 1 << 16 };

static struct authority *authority;

/* What a PEM text holds. */
struct made {
	X509 *cert;
	EVP_PKEY *key;
	unsigned n_certs;
};

static void read_pem(struct made *m, const struct buf *pem)
{
	struct slice s = buf_slice(pem);
	BIO *certs = BIO_new_mem_buf(s.p, (int)s.n), *keys = BIO_new_mem_buf(s.p, (int)s.n);

	*m = (struct made){ .n_certs = 0 };
	for (X509 *x; (x = PEM_read_bio_X509(certs, NULL, NULL, NULL)); m->n_certs++) {
		X509_free(m->cert);
		m->cert = x;
	}
	m->key = PEM_read_bio_PrivateKey(keys, NULL, NULL, NULL);
	BIO_free(certs);
	BIO_free(keys);
	ERR_clear_error();
}

static void made_done(struct made *m)
{
	X509_free(m->cert);
	EVP_PKEY_free(m->key);
}

static void make_ca(struct made *m, const struct authority *a)
{
	struct buf pem;

	buf_init(&pem, MAX);
	assert_int_equal(authority_put_ca(a, &pem), 0);
	read_pem(m, &pem);
	buf_done(&pem);
}

static void make(struct made *m, const char *names, long from_s, long to_s)
{
	struct buf pem;

	buf_init(&pem, MAX);
	assert_int_equal(authority_put_identity(authority, names, from_s, to_s, &pem), 0);
	read_pem(m, &pem);
	buf_done(&pem);
	assert_int_equal(m->n_certs, 1);
	assert_non_null(m->key);
}

/* X509_V_OK, or why `m` is not believed by who believes `ca`, `at_s` seconds from now. */
static int verify(const struct made *ca, const struct made *m, int purpose, long at_s)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();

	assert_true(X509_STORE_add_cert(store, ca->cert));
	assert_true(X509_STORE_CTX_init(ctx, store, m->cert, NULL));
	X509_STORE_CTX_set_purpose(ctx, purpose);
	X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(ctx), time(NULL) + at_s);
	(void)X509_verify_cert(ctx);
	int err = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return err;
}

static bool is_for(const struct made *m, const char *host)
{
	return X509_check_host(m->cert, host, 0, 0, NULL) == 1;
}

static int set_up(void **state)
{
	(void)state;
	return authority_new(&authority);
}

static int tear_down(void **state)
{
	(void)state;
	authority = authority_free(authority);
	return authority ? -1 : 0;
}

static void what_is_made_verifies_on_both_sides(void **state)
{
	struct made ca, m;

	(void)state;
	make_ca(&ca, authority);
	make(&m, "pool.test", -DAY, DAY);
	assert_int_equal(verify(&ca, &m, X509_PURPOSE_SSL_SERVER, 0), X509_V_OK);
	assert_int_equal(verify(&ca, &m, X509_PURPOSE_SSL_CLIENT, 0), X509_V_OK);
	assert_int_equal(X509_check_private_key(m.cert, m.key), 1);
	made_done(&ca);
	made_done(&m);
}

static void the_authority_is_one_certificate_without_its_key(void **state)
{
	struct made ca;

	(void)state;
	make_ca(&ca, authority);
	assert_int_equal(ca.n_certs, 1);
	assert_null(ca.key);
	assert_int_equal(X509_check_ca(ca.cert), 1);
	assert_int_equal(verify(&ca, &ca, X509_PURPOSE_ANY, 0), X509_V_OK);
	assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(ca.cert)), 256);
	made_done(&ca);
}

static void an_identity_is_no_authority(void **state)
{
	struct made m;

	(void)state;
	make(&m, "pool.test", -DAY, DAY);
	assert_int_equal(X509_check_ca(m.cert), 0);
	made_done(&m);
}

static void names_are_those_of_the_list(void **state)
{
	struct made m;
	char cn[64];

	(void)state;
	make(&m, "pool.test,*.wild.test,third.test", -DAY, DAY);
	assert_true(is_for(&m, "pool.test"));
	assert_true(is_for(&m, "POOL.test"));
	assert_true(is_for(&m, "a.wild.test"));
	assert_true(is_for(&m, "third.test"));
	assert_false(is_for(&m, "wild.test"));
	assert_false(is_for(&m, "a.b.wild.test"));
	assert_false(is_for(&m, "a.pool.test"));
	assert_false(is_for(&m, "other.test"));
	assert_int_equal(X509_NAME_get_text_by_NID(
				 X509_get_subject_name(m.cert), NID_commonName, cn, sizeof(cn)),
		9);
	assert_string_equal(cn, "pool.test");
	made_done(&m);
}

/* A common name has 64 characters at most; the name that counts is another. */
static void a_long_name_is_in_it_too(void **state)
{
	struct made ca, m;
	char name[128];

	(void)state;
	memset(name, 'x', sizeof(name));
	name[60] = '.';
	memcpy(name + 100, ".test", 6);
	make_ca(&ca, authority);
	make(&m, name, -DAY, DAY);
	assert_true(is_for(&m, name));
	assert_int_equal(verify(&ca, &m, X509_PURPOSE_SSL_SERVER, 0), X509_V_OK);
	made_done(&ca);
	made_done(&m);
}

static void validity_lies_where_it_is_wanted(void **state)
{
	static const struct {
		const char *name;
		long from_s, to_s, at_s;
		int want;
	} cases[] = {
		{ "now", -60, 60, 0, X509_V_OK },
		{ "expired", -3 * DAY, -DAY, 0, X509_V_ERR_CERT_HAS_EXPIRED },
		{ "it was good", -3 * DAY, -DAY / 2, -3 * DAY / 4, X509_V_OK },
		{ "not yet", DAY, 2 * DAY, 0, X509_V_ERR_CERT_NOT_YET_VALID },
		{ "it will be good", DAY, 2 * DAY, DAY + 60, X509_V_OK },
		{ "the last minute", -DAY, 600, 540, X509_V_OK },
		{ "a minute later", -DAY, 600, 660, X509_V_ERR_CERT_HAS_EXPIRED },
	};
	struct made ca;

	(void)state;
	make_ca(&ca, authority);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct made m;

		print_message("case: %s\n", cases[i].name);
		make(&m, "pool.test", cases[i].from_s, cases[i].to_s);
		assert_int_equal(
			verify(&ca, &m, X509_PURPOSE_SSL_SERVER, cases[i].at_s), cases[i].want);
		made_done(&m);
	}
	made_done(&ca);
}

static void two_authorities_have_nothing_in_common(void **state)
{
	struct authority *other;
	struct made theirs, m;

	(void)state;
	assert_int_equal(authority_new(&other), 0);
	make_ca(&theirs, other);
	make(&m, "pool.test", -DAY, DAY);
	assert_int_not_equal(verify(&theirs, &m, X509_PURPOSE_SSL_SERVER, 0), X509_V_OK);
	made_done(&theirs);
	made_done(&m);
	authority_free(other);
}

static void each_certificate_has_a_number_and_a_key_of_its_own(void **state)
{
	struct made ca, a, b;

	(void)state;
	make_ca(&ca, authority);
	make(&a, "pool.test", -DAY, DAY);
	make(&b, "pool.test", -DAY, DAY);
	assert_int_not_equal(
		ASN1_INTEGER_cmp(X509_get0_serialNumber(a.cert), X509_get0_serialNumber(b.cert)),
		0);
	assert_int_not_equal(
		ASN1_INTEGER_cmp(X509_get0_serialNumber(a.cert), X509_get0_serialNumber(ca.cert)),
		0);
	assert_int_not_equal(EVP_PKEY_eq(a.key, b.key), 1);
	made_done(&ca);
	made_done(&a);
	made_done(&b);
}

static void a_weak_identity_is_a_good_one_but_for_its_key(void **state)
{
	struct made ca, m;
	struct buf pem;

	(void)state;
	buf_init(&pem, MAX);
	assert_int_equal(authority_put_weak_identity(authority, "pool.test", -DAY, DAY, &pem), 0);
	read_pem(&m, &pem);
	buf_done(&pem);
	make_ca(&ca, authority);
	assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(m.cert)), 1024);
	assert_int_equal(X509_check_private_key(m.cert, m.key), 1);
	assert_true(is_for(&m, "pool.test"));
	assert_int_equal(verify(&ca, &m, X509_PURPOSE_SSL_SERVER, 0), X509_V_OK);
	made_done(&ca);
	made_done(&m);
}

static void the_list_of_revocations_names_the_last_one(void **state)
{
	struct made ca, first, last;
	struct buf pem;
	X509_REVOKED *one;

	(void)state;
	make(&first, "first.test", -DAY, DAY);
	make(&last, "last.test", -DAY, DAY);
	make_ca(&ca, authority);
	buf_init(&pem, MAX);
	assert_int_equal(authority_put_revocation(authority, &pem), 0);
	BIO *bio = BIO_new_mem_buf(buf_slice(&pem).p, (int)buf_len(&pem));
	X509_CRL *crl = PEM_read_bio_X509_CRL(bio, NULL, NULL, NULL);
	assert_non_null(crl);
	assert_int_equal(X509_CRL_verify(crl, X509_get0_pubkey(ca.cert)), 1);
	assert_int_equal(X509_CRL_get0_by_cert(crl, &one, last.cert), 1);
	assert_int_equal(X509_CRL_get0_by_cert(crl, &one, first.cert), 0);
	X509_CRL_free(crl);
	BIO_free(bio);
	buf_done(&pem);
	made_done(&ca);
	made_done(&first);
	made_done(&last);
}

static void what_cannot_be_made_is_said(void **state)
{
	char names[600];
	struct buf pem;

	(void)state;
	buf_init(&pem, MAX);
	memset(names, 'x', sizeof(names));
	names[599] = '\0';
	assert_int_equal(authority_put_identity(authority, names, -DAY, DAY, &pem), ERR_LIMIT);
	assert_int_equal(authority_put_identity(authority, "", -DAY, DAY, &pem), ERR_SYNTAX);
	assert_int_equal(
		authority_put_identity(authority, "a.test,,b.test", -DAY, DAY, &pem), ERR_SYNTAX);
	assert_int_equal(buf_len(&pem), 0);
	buf_done(&pem);
	buf_init(&pem, 100);
	assert_int_equal(authority_put_identity(authority, "a.test", -DAY, DAY, &pem), -EMSGSIZE);
	assert_int_equal(authority_put_ca(authority, &pem), -EMSGSIZE);
	buf_done(&pem);
	assert_null(authority_free(NULL));
}

static void without_memory_there_is_no_authority(void **state)
{
	struct authority *a = NULL;

	(void)state;
	mem_fail_after(0);
	assert_int_equal(authority_new(&a), -ENOMEM);
	mem_fail_after(-1);
	assert_null(a);
}

/* Allocations of OpenSSL until one fails; -1: none does. */
static long openssl_fails_after = -1;

static bool fails(void)
{
	return openssl_fails_after >= 0 && openssl_fails_after-- == 0;
}

static void *openssl_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : malloc(n);
}

static void *openssl_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return fails() ? NULL : realloc(p, n);
}

static void openssl_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static int make_all(struct buf *pem)
{
	struct authority *a = NULL;

	int err = authority_new(&a);
	if (!err)
		err = authority_put_identity(a, "a.test,b.test", -DAY, DAY, pem);
	if (!err)
		err = authority_put_revocation(a, pem);
	authority_free(a);
	ERR_clear_error();
	return err;
}

/* Whatever OpenSSL has no memory for, that is said: it crashed over what was half made. */
static void without_memory_for_openssl_that_is_said(void **state)
{
	unsigned n_failed = 0;
	struct buf pem;

	(void)state;
	buf_init(&pem, MAX);
	assert_int_equal(make_all(&pem), 0); /* what it makes once is there */
	for (long n = 0;; n += 1 + n / 8) {  /* all of the first ones */
		buf_clear(&pem);
		openssl_fails_after = n;
		const int err = make_all(&pem);
		const bool is_over = openssl_fails_after >= 0;
		openssl_fails_after = -1;
		if (is_over)
			break;
		assert_true(err == 0 || err == -ENOMEM);
		n_failed += err != 0;
	}
	assert_true(n_failed > 20);
	buf_done(&pem);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free);
	const struct CMUnitTest tests[] = {
		TEST(what_is_made_verifies_on_both_sides),
		TEST(the_authority_is_one_certificate_without_its_key),
		TEST(an_identity_is_no_authority),
		TEST(names_are_those_of_the_list),
		TEST(a_long_name_is_in_it_too),
		TEST(validity_lies_where_it_is_wanted),
		TEST(two_authorities_have_nothing_in_common),
		TEST(each_certificate_has_a_number_and_a_key_of_its_own),
		TEST(a_weak_identity_is_a_good_one_but_for_its_key),
		TEST(the_list_of_revocations_names_the_last_one),
		TEST(what_cannot_be_made_is_said),
		TEST(without_memory_there_is_no_authority),
		TEST(without_memory_for_openssl_that_is_said),
	};

	return cmocka_run_group_tests_name("authority", tests, NULL, NULL);
}

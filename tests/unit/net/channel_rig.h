/* channel_rig.h - two channels, the wires between them, and whom each trusts.  Included by one test
 * program each. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/mem.h"
#include "named.h"
#include "net/authority.h"
#include "net/channel.h"

enum { DAY = 86400, MAX = 1 << 20 };

/* Trust and identities of the tests. */
enum {
	TRUST_OURS = 1,
	TRUST_OTHERS = 2,
	TRUST_LISTS = 3,       /* ours, with its list of revocations */
	TRUST_FORGED_LIST = 4, /* ours, with a list in its name that another one signed */
	TRUST_OTHER_LIST = 5,  /* ours, with the list of an issuer of another name */
	ID_GOOD = 1,
	ID_EXPIRED = 2,
	ID_FUTURE = 3,
	ID_OTHER_NAME = 4,
	ID_ALL_WRONG = 5, /* expired, for another name, by an authority that nobody knows */
	ID_REVOKED = 6,
	ID_NUL = 8, /* what a test adds for itself; 7 is never loaded */
	ID_EXACT = 9,
	ID_NAMED = 10,
	ID_SUBJECT = 11,
	ID_LONG = 12, /* and the next */
};

static struct trust *trust;
static struct authority *ours;
static struct buf good_pem;

static inline void add_identity(
	struct authority *a, unsigned number, const char *names, long from, long to)
{
	struct buf pem;

	buf_init(&pem, MAX);
	assert_int_equal(authority_put_identity(a, names, from, to, &pem), 0);
	assert_int_equal(trust_add_identity(trust, number, buf_slice(&pem)), 0);
	if (number == ID_GOOD)
		buf_put(&good_pem, buf_slice(&pem));
	buf_done(&pem);
}

static inline void add_ca(struct authority *a, unsigned number)
{
	struct buf pem;

	buf_init(&pem, MAX);
	assert_int_equal(authority_put_ca(a, &pem), 0);
	assert_int_equal(trust_add_ca(trust, number, buf_slice(&pem)), 0);
	buf_done(&pem);
}

/* Ours, and what `lists` revoked. */
static inline void add_ca_and_list(const struct authority *lists, unsigned number)
{
	struct buf pem;

	buf_init(&pem, MAX);
	assert_int_equal(authority_put_ca(ours, &pem), 0);
	assert_int_equal(authority_put_revocation(lists, &pem), 0);
	assert_int_equal(trust_add_ca(trust, number, buf_slice(&pem)), 0);
	buf_done(&pem);
}

/* Ours, and an empty list of an issuer that has nothing to do with it. */
static inline void add_ca_and_other_list(unsigned number)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509_CRL *crl = X509_CRL_new();
	X509_NAME *name = X509_NAME_new();
	ASN1_TIME *now = X509_gmtime_adj(NULL, 0);
	BIO *bio = BIO_new(BIO_s_mem());
	struct buf pem;
	char *text;

	buf_init(&pem, MAX);
	X509_NAME_add_entry_by_txt(
		name, "CN", MBSTRING_UTF8, (const uint8_t *)"Elsewhere CA", -1, -1, 0);
	assert_true(X509_CRL_set_issuer_name(crl, name) && X509_CRL_set1_lastUpdate(crl, now) &&
		    X509_CRL_sign(crl, key, EVP_sha256()) && PEM_write_bio_X509_CRL(bio, crl));
	long n = BIO_get_mem_data(bio, &text);
	assert_int_equal(authority_put_ca(ours, &pem), 0);
	buf_put(&pem, slice_of(text, (size_t)n));
	assert_int_equal(trust_add_ca(trust, number, buf_slice(&pem)), 0);
	buf_done(&pem);
	BIO_free(bio);
	ASN1_TIME_free(now);
	X509_NAME_free(name);
	X509_CRL_free(crl);
	EVP_PKEY_free(key);
}

static inline int set_up(void **state)
{
	struct authority *stranger;

	(void)state;
	buf_init(&good_pem, MAX);
	assert_int_equal(trust_new(&trust), 0);
	assert_int_equal(authority_new(&ours), 0);
	assert_int_equal(authority_new(&stranger), 0);
	add_ca(ours, TRUST_OURS);
	add_ca(stranger, TRUST_OTHERS);
	add_identity(ours, ID_GOOD, "pool.test,*.wild.test", -DAY, DAY);
	add_identity(ours, ID_EXPIRED, "pool.test", -3 * DAY, -DAY);
	add_identity(ours, ID_FUTURE, "pool.test", DAY, 2 * DAY);
	add_identity(ours, ID_OTHER_NAME, "other.test", -DAY, DAY);
	authority_free(stranger);
	assert_int_equal(authority_new(&stranger), 0);
	add_identity(stranger, ID_ALL_WRONG, "other.test", -3 * DAY, -DAY);
	add_ca_and_list(stranger, TRUST_FORGED_LIST);
	authority_free(stranger);
	add_identity(ours, ID_REVOKED, "pool.test", -DAY, DAY);
	add_ca_and_list(ours, TRUST_LISTS);
	add_ca_and_other_list(TRUST_OTHER_LIST);
	return 0;
}

static inline int tear_down(void **state)
{
	(void)state;
	authority_free(ours);
	trust_free(trust);
	buf_done(&good_pem);
	return 0;
}

/* ---- two channels and the wires between them ---- */

struct end {
	struct channel *c;
	struct buf wire, plain;
};

struct pair {
	struct end client, server;
};

static inline void open_end(struct end *e, const struct tls_policy *policy)
{
	buf_init(&e->wire, MAX);
	buf_init(&e->plain, MAX);
	assert_int_equal(channel_new(&e->c, trust, policy), 0);
	assert_int_equal(channel_push(e->c, SLICE_NONE, &e->plain, &e->wire), 0);
}

static inline void close_end(struct end *e)
{
	e->c = channel_free(e->c);
	buf_done(&e->wire);
	buf_done(&e->plain);
}

/* One way, `piece` bytes at a time; true when something went. */
static inline bool carry(struct end *from, struct end *to, size_t piece)
{
	bool any = false;

	while (buf_len(&from->wire)) {
		struct slice in = slice_cut(buf_slice(&from->wire), 0, piece);

		if (channel_state(to->c) != CHANNEL_FAILED)
			assert_int_equal(channel_push(to->c, in, &to->plain, &to->wire), 0);
		buf_consume(&from->wire, in.n);
		any = true;
	}
	return any;
}

static inline void settle(struct pair *p, size_t piece)
{
	bool any = true;

	while (any) {
		any = carry(&p->client, &p->server, piece);
		any |= carry(&p->server, &p->client, piece);
	}
}

static inline void open_pair(
	struct pair *p, const struct tls_policy *client, const struct tls_policy *server)
{
	open_end(&p->client, client);
	open_end(&p->server, server);
	settle(p, SIZE_MAX);
}

static inline void close_pair(struct pair *p)
{
	close_end(&p->client);
	close_end(&p->server);
}

static const struct tls_policy client_policy = { .trust = TRUST_OURS, .name = "pool.test" };
static const struct tls_policy server_policy = { .accept = true, .identity = ID_GOOD };

static inline void say(struct end *from, const char *text)
{
	assert_int_equal(channel_write(from->c, slice_str(text), &from->wire), 0);
}

static inline void heard(struct end *e, const char *text)
{
	assert_string_equal(buf_cstr(&e->plain), text);
	buf_clear(&e->plain);
}

#include "net/trust.h"

#include <assert.h>
#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { PEM_MAX = 16 << 20 };
static_assert(IDENTITY_MAX <= 64, "each identity has a bit in a policy");

struct identity {
	X509 *cert;
	EVP_PKEY *key;
	STACK_OF(X509) * chain;
};

struct trust {
	X509_STORE *stores[TRUST_MAX]; /* the system's is made when it is needed */
	struct identity identities[IDENTITY_MAX];
	uint64_t loaded; /* of them, TLS_IDENTITY_BIT() */
	bool permit_weak;
	SSL_CTX *contexts[2][TRUST_MAX][IDENTITY_MAX]; /* [accept] */
};

int trust_new(struct trust **ret)
{
	struct trust *t = mem_alloc0(sizeof(*t));

	if (!t)
		return -ENOMEM;
	/* Before any other use of the library: its own configuration file and its clean-up at exit
	 * cost more than the rest of a start. */
	OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, NULL);
	*ret = t;
	return 0;
}

static void free_identity(struct identity *id)
{
	X509_free(id->cert);
	EVP_PKEY_free(id->key);
	sk_X509_pop_free(id->chain, X509_free);
	*id = (struct identity){ NULL, NULL, NULL };
}

struct trust *trust_free(struct trust *t)
{
	const size_t n = 2 * (size_t)TRUST_MAX * IDENTITY_MAX;
	SSL_CTX **all = t ? &t->contexts[0][0][0] : NULL;

	if (!t)
		return NULL;
	for (size_t i = 0; i < n; i++)
		SSL_CTX_free(all[i]);
	for (unsigned i = 0; i < TRUST_MAX; i++)
		X509_STORE_free(t->stores[i]);
	for (unsigned i = 0; i < IDENTITY_MAX; i++)
		free_identity(&t->identities[i]);
	return mem_free(t);
}

static BIO *open_pem(struct slice pem)
{
	return BIO_new_mem_buf(pem.n ? (const void *)pem.p : "", (int)pem.n);
}

/* Without this the library asks on the terminal, and waits. */
static int no_phrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

/* Did the last read fail because there was no certificate any more?  Else one is damaged, and would
 * hide those behind it. */
static bool at_end(void)
{
	unsigned long e = ERR_peek_last_error();

	return ERR_GET_LIB(e) == ERR_LIB_PEM && ERR_GET_REASON(e) == PEM_R_NO_START_LINE;
}

/* Adds the next one; false when there is none, or it cannot be read. */
typedef bool add_next(X509_STORE *store, BIO *bio);

static bool add_certificate(X509_STORE *store, BIO *bio)
{
	X509 *x = PEM_read_bio_X509(bio, NULL, no_phrase, NULL);

	if (!x)
		return false;
	X509_STORE_add_cert(store, x);
	X509_free(x);
	return true;
}

/* Lists of revoked certificates may stand beside their issuers (RFC 5280 section 5). */
static bool add_revocation(X509_STORE *store, BIO *bio)
{
	X509_CRL *x = PEM_read_bio_X509_CRL(bio, NULL, no_phrase, NULL);

	if (!x)
		return false;
	X509_STORE_add_crl(store, x);
	X509_CRL_free(x);
	return true;
}

static unsigned add_all(X509_STORE *store, struct slice pem, add_next *add, bool *whole)
{
	BIO *bio = open_pem(pem);
	unsigned n = 0;

	while (bio && add(store, bio))
		n++;
	BIO_free(bio);
	*whole = at_end();
	ERR_clear_error();
	return n;
}

int trust_add_ca(struct trust *t, unsigned number, struct slice pem)
{
	bool certs_whole, lists_whole;

	if (number == TLS_TRUST_SYSTEM || number >= TRUST_MAX || t->stores[number] ||
		pem.n > PEM_MAX)
		return ERR_LIMIT;
	X509_STORE *store = X509_STORE_new();
	if (!store)
		return -ENOMEM;
	unsigned certs = add_all(store, pem, add_certificate, &certs_whole);
	unsigned lists = add_all(store, pem, add_revocation, &lists_whole);
	X509_STORE_set_flags(
		store, X509_V_FLAG_PARTIAL_CHAIN | (lists ? X509_V_FLAG_CRL_CHECK : 0));
	if (certs == 0 || !certs_whole || !lists_whole) {
		X509_STORE_free(store);
		return ERR_SYNTAX;
	}
	t->stores[number] = store;
	return 0;
}

/* "5ed36f99.0": what c_rehash makes. */
static bool is_hash(const char *name)
{
	size_t n = 0;

	while (hex_digit((uint8_t)name[n]) >= 0)
		n++;
	return n == 8 && name[8] == '.' && ascii_is_digit((uint8_t)name[9]);
}

static bool has_hashes(const char *path)
{
	DIR *dir = opendir(path);
	bool found = false;

	if (!dir)
		return false;
	for (struct dirent *e = readdir(dir); e && !found; e = readdir(dir))
		found = is_hash(e->d_name);
	closedir(dir);
	return found;
}

/* Read a hashed directory as it is needed; the one big bundle costs 30 ms, so only where there is
 * no directory of hashes. */
static X509_STORE *system_store(void)
{
	const char *dir = X509_get_default_cert_dir();
	X509_STORE *store = X509_STORE_new();

	if (!store)
		return NULL;
	if (has_hashes(dir))
		X509_STORE_load_path(store, dir);
	else
		X509_STORE_load_file(store, X509_get_default_cert_file());
	ERR_clear_error();
	return store;
}

int trust_add_identity(struct trust *t, unsigned number, struct slice pem)
{
	struct identity id = { .chain = sk_X509_new_null() };

	if (number == TLS_IDENTITY_NONE || number >= IDENTITY_MAX || t->identities[number].cert ||
		pem.n > PEM_MAX) {
		free_identity(&id);
		return ERR_LIMIT;
	}
	BIO *certs = open_pem(pem), *keys = open_pem(pem);
	int err = certs && keys && id.chain ? 0 : -ENOMEM;
	bool whole = false;
	if (!err) {
		id.cert = PEM_read_bio_X509(certs, NULL, no_phrase, NULL);
		id.key = PEM_read_bio_PrivateKey(keys, NULL, no_phrase, NULL);
		for (X509 *x; (x = PEM_read_bio_X509(certs, NULL, no_phrase, NULL));)
			sk_X509_push(id.chain, x);
		whole = at_end();
	}
	BIO_free(certs);
	BIO_free(keys);
	if (!err && (!whole || !id.cert || !id.key || X509_check_private_key(id.cert, id.key) != 1))
		err = ERR_SYNTAX;
	ERR_clear_error();
	if (err) {
		free_identity(&id);
		return err;
	}
	t->identities[number] = id;
	t->loaded |= TLS_IDENTITY_BIT(number);
	return 0;
}

/* ---- contexts ---- */

void trust_permit_weak(struct trust *t)
{
	t->permit_weak = true;
}

static SSL_CTX *new_context(const struct trust *t, bool accept)
{
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	SSL_CTX *ctx = SSL_CTX_new(accept ? TLS_server_method() : TLS_client_method());
	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	if (accept && t->permit_weak) {
		SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
		SSL_CTX_set_security_level(ctx, 0);
	}
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(ctx, 0); /* nobody resumes here */
	return ctx;
}

static int set_identity(SSL_CTX *ctx, const struct identity *id)
{
	if (SSL_CTX_use_certificate(ctx, id->cert) == 1 &&
		SSL_CTX_use_PrivateKey(ctx, id->key) == 1 &&
		SSL_CTX_set1_chain(ctx, id->chain) == 1)
		return 0;
	ERR_clear_error();
	return -EINVAL; /* too weak for the library's security level */
}

static bool is_known(const struct trust *t, const struct tls_policy *p)
{
	if (p->trust >= TRUST_MAX || p->identity >= IDENTITY_MAX)
		return false;
	if (p->trust != TLS_TRUST_SYSTEM && !t->stores[p->trust])
		return false;
	if (p->identity == TLS_IDENTITY_NONE)
		return !p->accept;
	return ((TLS_IDENTITY_BIT(p->identity) | p->identities) & ~t->loaded) == 0;
}

static int make_context(struct trust *t, const struct tls_policy *p, SSL_CTX **ret)
{
	SSL_CTX *ctx = new_context(t, p->accept);
	if (!ctx)
		return -ENOMEM;
	int err = p->identity ? set_identity(ctx, &t->identities[p->identity]) : 0;
	if (err)
		SSL_CTX_free(ctx);
	else
		*ret = ctx;
	return err;
}

/* Only for a side that will verify somebody: no accepting side that asks nobody reads the system's
 * store. */
static int use_store(struct trust *t, SSL_CTX *ctx, unsigned number)
{
	if (!t->stores[number])
		t->stores[number] = system_store();
	if (!t->stores[number])
		return -ENOMEM;
	if (SSL_CTX_get_cert_store(ctx) != t->stores[number])
		SSL_CTX_set1_cert_store(ctx, t->stores[number]);
	return 0;
}

int trust_context(
	struct trust *t, const struct tls_policy *policy, void (*prepare)(SSL_CTX *), SSL_CTX **ret)
{
	if (!is_known(t, policy))
		return -EINVAL;
	SSL_CTX **slot = &t->contexts[policy->accept][policy->trust][policy->identity];
	if (!*slot) {
		int err = make_context(t, policy, slot);
		if (err)
			return err;
		prepare(*slot);
	}
	if (!policy->accept || policy->request_certificate) {
		int err = use_store(t, *slot, policy->trust);
		if (err)
			return err;
	}
	*ret = *slot;
	return 0;
}

/* ---- by name ---- */

static bool has_name(const struct identity *id, const char *name, unsigned flags)
{
	return X509_check_host(
		       id->cert, name, 0, flags | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1;
}

unsigned trust_find_identity(const struct trust *t, const struct tls_policy *p, const char *name)
{
	static const unsigned ways[] = { X509_CHECK_FLAG_NO_WILDCARDS,
		X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS };

	/* For the library a name that begins with a dot is every host below it. */
	if (!p->accept || !p->identities || !name || name[0] == '.')
		return p->identity;
	for (size_t way = 0; way < COUNT(ways); way++) {
		if (has_name(&t->identities[p->identity], name, ways[way]))
			return p->identity;
		for (unsigned i = 0; i < IDENTITY_MAX; i++)
			if (p->identities & TLS_IDENTITY_BIT(i) &&
				has_name(&t->identities[i], name, ways[way]))
				return i;
	}
	return p->identity;
}

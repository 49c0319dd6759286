#include "net/trust.h"

#include <assert.h>
#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { PEM_MAX = 16 << 20, FIRST_ANCHORS = 4 };
static_assert(IDENTITY_MAX <= 64, "each identity has a bit in a policy");

struct identity {
	X509 *cert;
	EVP_PKEY *key;
	STACK_OF(X509) * chain;
};

/* For one identity of ours, or none, on one side. */
struct context {
	struct context *next;
	bool accept;
	unsigned identity;
	SSL_CTX *ctx;
};

/* Whom a number believes, and what was made of it. */
struct anchor {
	X509_STORE *store; /* the system's is made when it is needed */
	struct context *contexts;
};

struct trust {
	struct anchor *anchors;
	unsigned n_anchors;
	struct identity identities[IDENTITY_MAX];
	uint64_t loaded; /* of them, TLS_IDENTITY_BIT() */
	bool permit_weak;
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

static void free_anchor(struct anchor *a)
{
	for (struct context *c; (c = a->contexts);) {
		a->contexts = c->next;
		SSL_CTX_free(c->ctx);
		mem_free(c);
	}
	X509_STORE_free(a->store);
	*a = (struct anchor){ NULL, NULL };
}

struct trust *trust_free(struct trust *t)
{
	if (!t)
		return NULL;
	for (unsigned i = 0; i < t->n_anchors; i++)
		free_anchor(&t->anchors[i]);
	mem_free(t->anchors);
	for (unsigned i = 0; i < IDENTITY_MAX; i++)
		free_identity(&t->identities[i]);
	return mem_free(t);
}

/* Numbers are the driver's, which counts them up: the table is as long as the highest. */
static struct anchor *make_anchor(struct trust *t, unsigned number)
{
	unsigned n = t->n_anchors ? t->n_anchors : FIRST_ANCHORS;

	if (number < t->n_anchors)
		return &t->anchors[number];
	while (n <= number)
		n *= 2;
	struct anchor *all = mem_realloc(t->anchors, n * sizeof(*all));
	if (!all)
		return NULL;
	memset(all + t->n_anchors, 0, (n - t->n_anchors) * sizeof(*all));
	t->anchors = all;
	t->n_anchors = n;
	return &all[number];
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

	if (number == TLS_TRUST_SYSTEM || number >= TRUST_MAX || pem.n > PEM_MAX)
		return ERR_LIMIT;
	struct anchor *anchor = make_anchor(t, number);
	if (!anchor)
		return -ENOMEM;
	if (anchor->store)
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
	anchor->store = store;
	return 0;
}

void trust_forget_ca(struct trust *t, unsigned number)
{
	if (number != TLS_TRUST_SYSTEM && number < t->n_anchors)
		free_anchor(&t->anchors[number]);
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
	if (p->identity >= IDENTITY_MAX)
		return false;
	if (p->trust != TLS_TRUST_SYSTEM &&
		(p->trust >= t->n_anchors || !t->anchors[p->trust].store))
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

static struct context *find_context(const struct anchor *a, const struct tls_policy *p)
{
	struct context *c = a->contexts;

	while (c && (c->accept != p->accept || c->identity != p->identity))
		c = c->next;
	return c;
}

static int add_context(struct trust *t, struct anchor *a, const struct tls_policy *p,
	void (*prepare)(SSL_CTX *), struct context **ret)
{
	struct context *c = mem_alloc0(sizeof(*c));
	int err = c ? make_context(t, p, &c->ctx) : -ENOMEM;

	if (err) {
		mem_free(c);
		return err;
	}
	prepare(c->ctx);
	c->accept = p->accept;
	c->identity = p->identity;
	c->next = a->contexts;
	a->contexts = c;
	*ret = c;
	return 0;
}

/* Only for a side that will verify somebody: no accepting side that asks nobody reads the system's
 * store. */
static int use_store(struct anchor *a, SSL_CTX *ctx)
{
	if (!a->store)
		a->store = system_store();
	if (!a->store)
		return -ENOMEM;
	if (SSL_CTX_get_cert_store(ctx) != a->store)
		SSL_CTX_set1_cert_store(ctx, a->store);
	return 0;
}

int trust_context(
	struct trust *t, const struct tls_policy *policy, void (*prepare)(SSL_CTX *), SSL_CTX **ret)
{
	if (!is_known(t, policy))
		return -EINVAL;
	struct anchor *a = make_anchor(t, policy->trust);
	if (!a)
		return -ENOMEM;
	struct context *c = find_context(a, policy);
	int err = c ? 0 : add_context(t, a, policy, prepare, &c);
	if (!err && (!policy->accept || policy->request_certificate))
		err = use_store(a, c->ctx);
	if (err)
		return err;
	*ret = c->ctx;
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

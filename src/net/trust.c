#include "net/trust.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/mem.h"

struct trust {
	X509_STORE *stores[TRUST_MAX]; /* 0: the system's, made when it is asked for */
	SSL_CTX *clients[TRUST_MAX];
	SSL_CTX *servers[IDENTITY_MAX];
};

int trust_new(struct trust **ret)
{
	struct trust *t = mem_alloc0(sizeof(*t));

	if (!t)
		return -ENOMEM;
	*ret = t;
	return 0;
}

struct trust *trust_free(struct trust *t)
{
	if (!t)
		return NULL;
	for (unsigned i = 0; i < TRUST_MAX; i++) {
		SSL_CTX_free(t->clients[i]);
		X509_STORE_free(t->stores[i]);
	}
	for (unsigned i = 0; i < IDENTITY_MAX; i++)
		SSL_CTX_free(t->servers[i]);
	return mem_free(t);
}

static BIO *open_pem(struct slice pem)
{
	return BIO_new_mem_buf(pem.p, (int)pem.n);
}

int trust_add_ca(struct trust *t, unsigned number, struct slice pem)
{
	unsigned n = 0;

	if (number == 0 || number >= TRUST_MAX || t->stores[number] || pem.n > 16 << 20)
		return ERR_LIMIT;
	X509_STORE *store = X509_STORE_new();
	BIO *bio = open_pem(pem);
	if (!store || !bio) {
		X509_STORE_free(store);
		BIO_free(bio);
		return -ENOMEM;
	}
	for (X509 *x; (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)); n++) {
		X509_STORE_add_cert(store, x);
		X509_free(x);
	}
	BIO_free(bio);
	if (n == 0) {
		X509_STORE_free(store);
		return ERR_SYNTAX;
	}
	t->stores[number] = store;
	return 0;
}

/* Read a hashed directory as it is needed; the one big bundle costs 30 ms, so only where there is
 * no directory of hashes. */
static X509_STORE *system_store(void)
{
	const char *dir = X509_get_default_cert_dir();
	X509_STORE *store = X509_STORE_new();
	char probe[4096];

	if (!store)
		return NULL;
	X509_STORE_load_path(store, dir);
	/* Debian's bundle stands there in every case; a hash link of a root that all ship tells. */
	snprintf(probe, sizeof(probe), "%s/ca-certificates.crt", dir);
	if (access(probe, R_OK) != 0)
		X509_STORE_load_file(store, X509_get_default_cert_file());
	return store;
}

static SSL_CTX *new_ctx(const SSL_METHOD *method)
{
	OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
	SSL_CTX *ctx = SSL_CTX_new(method);
	if (!ctx)
		return NULL;
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	return ctx;
}

SSL_CTX *trust_client(struct trust *t, unsigned number)
{
	if (number >= TRUST_MAX)
		return NULL;
	if (t->clients[number])
		return t->clients[number];
	if (number == 0 && !t->stores[0])
		t->stores[0] = system_store();
	SSL_CTX *ctx = t->stores[number] ? new_ctx(TLS_client_method()) : NULL;
	if (!ctx)
		return NULL;
	SSL_CTX_set1_cert_store(ctx, t->stores[number]);
	t->clients[number] = ctx;
	return ctx;
}

int trust_add_identity(struct trust *t, unsigned number, struct slice pem)
{
	int err = ERR_SYNTAX;

	if (number == 0 || number >= IDENTITY_MAX || t->servers[number])
		return ERR_LIMIT;
	SSL_CTX *ctx = new_ctx(TLS_server_method());
	BIO *certs = open_pem(pem), *keys = open_pem(pem);
	X509 *cert = certs ? PEM_read_bio_X509(certs, NULL, NULL, NULL) : NULL;
	EVP_PKEY *key = keys ? PEM_read_bio_PrivateKey(keys, NULL, NULL, NULL) : NULL;
	if (ctx && cert && key && SSL_CTX_use_certificate(ctx, cert) == 1 &&
		SSL_CTX_use_PrivateKey(ctx, key) == 1) {
		for (X509 *x; (x = PEM_read_bio_X509(certs, NULL, NULL, NULL));)
			SSL_CTX_add0_chain_cert(ctx, x);
		SSL_CTX_set_num_tickets(ctx, 0); /* nobody resumes here */
		t->servers[number] = ctx;
		ctx = NULL;
		err = 0;
	}
	X509_free(cert);
	EVP_PKEY_free(key);
	BIO_free(certs);
	BIO_free(keys);
	SSL_CTX_free(ctx);
	return err;
}

SSL_CTX *trust_server(struct trust *t, unsigned identity)
{
	return identity < IDENTITY_MAX ? t->servers[identity] : NULL;
}

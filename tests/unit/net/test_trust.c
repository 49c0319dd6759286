#include "net/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "named.h"
#include "net/authority.h"

enum { DAY = 86400, MAX = 1 << 20 };

static struct trust *trust;
static struct authority *a, *b; /* two that do not know each other */
static struct buf ca_a, ca_b, id_a, id_b;

static int make_all(void **state)
{
	(void)state;
	buf_init(&ca_a, MAX);
	buf_init(&ca_b, MAX);
	buf_init(&id_a, MAX);
	buf_init(&id_b, MAX);
	if (authority_new(&a) || authority_new(&b))
		return -1;
	return authority_put_ca(a, &ca_a) | authority_put_ca(b, &ca_b) |
	       authority_put_identity(a, "a.test", -DAY, DAY, &id_a) |
	       authority_put_identity(b, "b.test", -DAY, DAY, &id_b);
}

static int free_all(void **state)
{
	(void)state;
	authority_free(a);
	authority_free(b);
	buf_done(&ca_a);
	buf_done(&ca_b);
	buf_done(&id_a);
	buf_done(&id_b);
	return 0;
}

static int set_up(void **state)
{
	(void)state;
	return trust_new(&trust);
}

static int tear_down(void **state)
{
	(void)state;
	trust = trust_free(trust);
	return trust ? -1 : 0;
}

/* The part of a PEM text that is the certificate, or the key. */
static struct slice part(const struct buf *pem, const char *label)
{
	struct slice all = buf_slice(pem);
	char begin[64], end[64];

	snprintf(begin, sizeof(begin), "-----BEGIN %s-----", label);
	snprintf(end, sizeof(end), "-----END %s-----\n", label);
	size_t from = slice_find(all, slice_str(begin)), to = slice_find(all, slice_str(end));
	assert_true(from != SIZE_MAX && to != SIZE_MAX);
	return slice_cut(all, from, to + strlen(end));
}

#define CERT(pem) part(pem, "CERTIFICATE")
#define KEY(pem)  part(pem, "PRIVATE KEY")

/* ---- contexts ---- */

static unsigned prepared;

static void prepare(SSL_CTX *ctx)
{
	assert_non_null(ctx);
	prepared++;
}

static SSL_CTX *context(bool accept, unsigned number, unsigned identity)
{
	const struct tls_policy choice = {
		.accept = accept, .trust = number, .identity = identity
	};
	SSL_CTX *ctx = NULL;

	assert_int_equal(trust_context(trust, &choice, prepare, &ctx), 0);
	assert_non_null(ctx);
	assert_int_equal(ERR_peek_error(), 0);
	return ctx;
}

/* Does who made that choice believe this certificate? */
static bool believes(unsigned number, const struct buf *pem)
{
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	struct slice s = buf_slice(pem);
	BIO *bio = BIO_new_mem_buf(s.p, (int)s.n);
	X509 *x = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	assert_true(X509_STORE_CTX_init(
		ctx, SSL_CTX_get_cert_store(context(false, number, 0)), x, NULL));
	bool ok = X509_verify_cert(ctx) == 1;
	X509_STORE_CTX_free(ctx);
	X509_free(x);
	BIO_free(bio);
	ERR_clear_error();
	return ok;
}

/* ---- CAs ---- */

static void one_ca_is_believed_and_no_other(void **state)
{
	(void)state;
	assert_int_equal(trust_add_ca(trust, 1, buf_slice(&ca_a)), 0);
	assert_int_equal(trust_add_ca(trust, 2, buf_slice(&ca_b)), 0);
	assert_true(believes(1, &id_a));
	assert_false(believes(1, &id_b));
	assert_true(believes(2, &id_b));
	assert_false(believes(2, &id_a));
}

static void all_cas_of_a_file_are_believed(void **state)
{
	struct buf pem;

	(void)state;
	buf_init(&pem, MAX);
	buf_puts(&pem, "A bundle\r\n\r\nSubject: CN=a\n");
	buf_put(&pem, buf_slice(&ca_a));
	buf_puts(&pem, "# in between\n");
	buf_put(&pem, KEY(&id_a)); /* a key is no matter */
	buf_put(&pem, buf_slice(&ca_b));
	buf_puts(&pem, "the end");
	assert_int_equal(trust_add_ca(trust, 1, buf_slice(&pem)), 0);
	assert_true(believes(1, &id_a));
	assert_true(believes(1, &id_b));
	buf_done(&pem);
}

static void line_ends_of_windows_are_fine(void **state)
{
	struct slice s = buf_slice(&ca_a);
	struct buf pem;

	(void)state;
	buf_init(&pem, MAX);
	while (s.n) {
		buf_put(&pem, slice_split(&s, '\n'));
		buf_puts(&pem, "\r\n");
	}
	assert_int_equal(trust_add_ca(trust, 1, buf_slice(&pem)), 0);
	assert_true(believes(1, &id_a));
	buf_done(&pem);
}

static void a_certificate_that_is_no_cas_is_believed_when_it_is_there(void **state)
{
	(void)state;
	assert_int_equal(trust_add_ca(trust, 1, CERT(&id_a)), 0);
	assert_true(believes(1, &id_a));
	assert_false(believes(1, &id_b));
}

static void a_certificate_twice_is_one(void **state)
{
	struct buf pem;

	(void)state;
	buf_init(&pem, MAX);
	buf_put(&pem, buf_slice(&ca_a));
	buf_put(&pem, buf_slice(&ca_a));
	assert_int_equal(trust_add_ca(trust, 1, buf_slice(&pem)), 0);
	assert_true(believes(1, &id_a));
	buf_done(&pem);
}

static void without_a_certificate_it_is_a_syntax_error(void **state)
{
	struct slice cut = buf_slice(&ca_a), key = KEY(&id_a);
	const struct slice texts[] = {
		SLICE(""),
		SLICE("garbage"),
		SLICE("-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
		SLICE("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
		SLICE("-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n"),
		key,
		slice_cut(cut, 0, cut.n - 10),
		slice_cut(cut, 0, cut.n / 2),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(trust_add_ca(trust, 1, texts[i]), ERR_SYNTAX);
		assert_int_equal(ERR_peek_error(), 0); /* the next call must not find it */
	}
	assert_int_equal(
		trust_add_ca(trust, 1, buf_slice(&ca_a)), 0); /* the number is still free */
}

/* Else those behind it would be missing, and nobody would know why. */
static void a_damaged_one_among_good_ones_is_a_syntax_error(void **state)
{
	struct buf pem;

	(void)state;
	for (unsigned place = 0; place < 3; place++) {
		buf_init(&pem, MAX);
		for (unsigned i = 0; i < 3; i++)
			buf_put(&pem, i == place ? SLICE("-----BEGIN CERTIFICATE-----\nAAAA\n"
							 "-----END CERTIFICATE-----\n")
						 : buf_slice(i ? &ca_a : &ca_b));
		assert_int_equal(trust_add_ca(trust, 1, buf_slice(&pem)), ERR_SYNTAX);
		assert_int_equal(ERR_peek_error(), 0);
		buf_done(&pem);
	}
	buf_init(&pem, MAX); /* a copy that was cut off */
	buf_put(&pem, buf_slice(&ca_a));
	buf_put(&pem, slice_cut(buf_slice(&ca_b), 0, buf_len(&ca_b) / 2));
	assert_int_equal(trust_add_ca(trust, 1, buf_slice(&pem)), ERR_SYNTAX);
	buf_done(&pem);
}

static void put_two(struct buf *pem, struct slice first, struct slice second)
{
	buf_clear(pem);
	buf_put(pem, first);
	buf_put(pem, second);
}

/* A list beside its issuer is no certificate more, and without its issuer it is nothing. */
static void a_list_of_revocations_is_whole_or_a_syntax_error(void **state)
{
	struct buf list, pem;

	(void)state;
	buf_init(&list, MAX);
	buf_init(&pem, MAX);
	assert_int_equal(authority_put_revocation(a, &list), 0);
	put_two(&pem, buf_slice(&list), SLICE_NONE);
	assert_int_equal(trust_add_ca(trust, 1, buf_slice(&pem)), ERR_SYNTAX);
	put_two(&pem, buf_slice(&ca_a), slice_cut(buf_slice(&list), 0, buf_len(&list) / 2));
	assert_int_equal(trust_add_ca(trust, 1, buf_slice(&pem)), ERR_SYNTAX);
	assert_int_equal(ERR_peek_error(), 0);
	put_two(&pem, buf_slice(&list), buf_slice(&ca_a));
	assert_int_equal(trust_add_ca(trust, 1, buf_slice(&pem)), 0);
	assert_false(believes(1, &id_a)); /* the last one that it made */
	assert_false(believes(1, &id_b));
	buf_done(&list);
	buf_done(&pem);
}

static void numbers_of_trust_have_a_limit(void **state)
{
	static uint8_t big[(16 << 20) + 1];

	(void)state;
	assert_int_equal(trust_add_ca(trust, 0, buf_slice(&ca_a)), ERR_LIMIT); /* the system's */
	assert_int_equal(trust_add_ca(trust, TRUST_MAX, buf_slice(&ca_a)), ERR_LIMIT);
	assert_int_equal(trust_add_ca(trust, UINT32_MAX, buf_slice(&ca_a)), ERR_LIMIT);
	for (unsigned i = 1; i < TRUST_MAX; i++)
		assert_int_equal(trust_add_ca(trust, i, buf_slice(&ca_a)), 0);
	assert_int_equal(trust_add_ca(trust, 1, buf_slice(&ca_b)), ERR_LIMIT); /* it is taken */
	assert_false(believes(1, &id_b));
	trust = trust_free(trust);
	assert_int_equal(trust_new(&trust), 0);
	assert_int_equal(trust_add_ca(trust, 1, slice_of(big, sizeof(big))), ERR_LIMIT);
	assert_int_equal(trust_add_ca(trust, 1, slice_of(big, sizeof(big) - 1)), ERR_SYNTAX);
}

/* ---- identities ---- */

static void an_identity_is_what_its_context_shows(void **state)
{
	(void)state;
	assert_int_equal(trust_add_identity(trust, 1, buf_slice(&id_a)), 0);
	SSL_CTX *ctx = context(true, 0, 1);
	assert_int_equal(SSL_CTX_check_private_key(ctx), 1);
	assert_int_equal(X509_check_host(SSL_CTX_get0_certificate(ctx), "a.test", 0, 0, NULL), 1);
	ctx = context(false, 0, 1);
	assert_int_equal(X509_check_host(SSL_CTX_get0_certificate(ctx), "a.test", 0, 0, NULL), 1);
	assert_null(SSL_CTX_get0_certificate(context(false, 0, 0)));
}

static void the_key_may_be_first_and_a_chain_behind(void **state)
{
	STACK_OF(X509) * chain;
	struct buf pem;

	(void)state;
	buf_init(&pem, MAX);
	buf_put(&pem, KEY(&id_a));
	buf_put(&pem, CERT(&id_a));
	buf_put(&pem, buf_slice(&ca_a));
	buf_put(&pem, buf_slice(&ca_b));
	assert_int_equal(trust_add_identity(trust, 1, buf_slice(&pem)), 0);
	SSL_CTX *ctx = context(true, 0, 1);
	assert_int_equal(X509_check_host(SSL_CTX_get0_certificate(ctx), "a.test", 0, 0, NULL), 1);
	assert_int_equal(SSL_CTX_get0_chain_certs(ctx, &chain), 1);
	assert_int_equal(sk_X509_num(chain), 2);
	buf_done(&pem);
}

static void an_identity_without_its_own_key_is_a_syntax_error(void **state)
{
	static const struct slice damaged = SLICE("-----BEGIN CERTIFICATE-----\nAAAA\n"
						  "-----END CERTIFICATE-----\n");
	struct buf pem[6];

	(void)state;
	for (size_t i = 0; i < COUNT(pem); i++)
		buf_init(&pem[i], MAX);
	put_two(&pem[0], CERT(&id_a), KEY(&id_b)); /* somebody else's key */
	put_two(&pem[1], CERT(&id_a), SLICE_NONE);
	put_two(&pem[2], KEY(&id_a), SLICE_NONE);
	put_two(&pem[3], SLICE("garbage"), SLICE_NONE);
	put_two(&pem[4], SLICE_NONE, SLICE_NONE);
	put_two(&pem[5], buf_slice(&id_a), damaged); /* its chain would be missing */
	for (size_t i = 0; i < COUNT(pem); i++) {
		print_message("case: %zu\n", i);
		assert_int_equal(trust_add_identity(trust, 1, buf_slice(&pem[i])), ERR_SYNTAX);
		assert_int_equal(ERR_peek_error(), 0);
		buf_done(&pem[i]);
	}
	assert_int_equal(trust_add_identity(trust, 1, buf_slice(&id_a)), 0);
}

static void numbers_of_identities_have_a_limit(void **state)
{
	static uint8_t big[(16 << 20) + 1];

	(void)state;
	assert_int_equal(trust_add_identity(trust, 0, buf_slice(&id_a)), ERR_LIMIT); /* none */
	assert_int_equal(trust_add_identity(trust, IDENTITY_MAX, buf_slice(&id_a)), ERR_LIMIT);
	assert_int_equal(trust_add_identity(trust, UINT32_MAX, buf_slice(&id_a)), ERR_LIMIT);
	assert_int_equal(trust_add_identity(trust, 1, slice_of(big, sizeof(big))), ERR_LIMIT);
	for (unsigned i = 1; i < IDENTITY_MAX; i++)
		assert_int_equal(trust_add_identity(trust, i, buf_slice(&id_a)), 0);
	assert_int_equal(trust_add_identity(trust, 1, buf_slice(&id_b)), ERR_LIMIT);
	assert_int_equal(X509_check_host(SSL_CTX_get0_certificate(context(true, 0, 1)), "a.test", 0,
				 0, NULL),
		1);
}

/* The certificate of id_a with its key under a pass phrase. */
static void put_encrypted(struct buf *pem)
{
	struct slice s = buf_slice(&id_a);
	BIO *in = BIO_new_mem_buf(s.p, (int)s.n), *out = BIO_new(BIO_s_mem());
	EVP_PKEY *key = PEM_read_bio_PrivateKey(in, NULL, NULL, NULL);
	unsigned char phrase[] = "phrase";
	char *text;

	assert_int_equal(
		PEM_write_bio_PrivateKey(out, key, EVP_aes_128_cbc(), phrase, 6, NULL, NULL), 1);
	long n = BIO_get_mem_data(out, &text);
	buf_put(pem, CERT(&id_a));
	buf_put(pem, slice_of(text, (size_t)n));
	EVP_PKEY_free(key);
	BIO_free(in);
	BIO_free(out);
}

/* The child has a terminal, and somebody there who would answer. */
static void a_key_under_a_pass_phrase_is_refused_and_nobody_is_asked(void **state)
{
	int status, master = posix_openpt(O_RDWR | O_NOCTTY);
	char shown[256] = "";
	struct buf pem;

	(void)state;
	assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
	buf_init(&pem, MAX);
	put_encrypted(&pem);
	pid_t child = fork();
	if (child == 0) {
		setsid();
		int slave = open(ptsname(master), O_RDWR);
		ioctl(slave, TIOCSCTTY, 0);
		_exit(trust_add_identity(trust, 1, buf_slice(&pem)) == ERR_SYNTAX ? 0 : 1);
	}
	assert_int_equal(write(master, "wrong\n", 6), 6);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	fcntl(master, F_SETFL, O_NONBLOCK);
	(void)!read(master, shown, sizeof(shown) - 1); /* what was typed is echoed */
	assert_null(strstr(shown, "phrase"));
	close(master);
	buf_done(&pem);
}

/* ---- contexts ---- */

static void a_context_is_shared_by_choice(void **state)
{
	SSL_CTX *seen[8];

	(void)state;
	assert_int_equal(trust_add_ca(trust, 1, buf_slice(&ca_a)), 0);
	assert_int_equal(trust_add_identity(trust, 1, buf_slice(&id_a)), 0);
	assert_int_equal(trust_add_identity(trust, 2, buf_slice(&id_b)), 0);
	prepared = 0;
	for (unsigned round = 0; round < 3; round++) {
		SSL_CTX *now[] = { context(false, 0, 0), context(false, 1, 0), context(false, 1, 1),
			context(false, 1, 2), context(true, 0, 1), context(true, 1, 1),
			context(true, 1, 2), context(false, 0, 1) };

		for (size_t i = 0; i < COUNT(now); i++) {
			for (size_t k = 0; k < i; k++)
				assert_ptr_not_equal(now[i], now[k]);
			if (round)
				assert_ptr_equal(now[i], seen[i]);
			seen[i] = now[i];
		}
	}
	assert_int_equal(prepared, COUNT(seen)); /* each goes through it once */
}

/* Whether a certificate is asked for is one question, by whose word it is judged another. */
static void the_systems_store_is_there_for_who_asks(void **state)
{
	struct tls_policy p = { .accept = true, .trust = TLS_TRUST_SYSTEM, .identity = 1 };
	SSL_CTX *silent, *asking, *client = context(false, TLS_TRUST_SYSTEM, 0);
	X509_STORE *const system = SSL_CTX_get_cert_store(client);

	(void)state;
	assert_int_equal(trust_add_identity(trust, 1, buf_slice(&id_a)), 0);
	assert_int_equal(trust_context(trust, &p, prepare, &silent), 0);
	assert_ptr_not_equal(SSL_CTX_get_cert_store(silent), system);
	p.request_certificate = true;
	assert_int_equal(trust_context(trust, &p, prepare, &asking), 0);
	assert_ptr_equal(SSL_CTX_get_cert_store(asking), system);
}

static void a_context_is_not_older_than_tls_1_2(void **state)
{
	(void)state;
	assert_int_equal(trust_add_identity(trust, 1, buf_slice(&id_a)), 0);
	for (unsigned accept = 0; accept < 2; accept++) {
		SSL_CTX *ctx = context(accept, 0, accept);

		assert_int_equal(SSL_CTX_get_min_proto_version(ctx), TLS1_2_VERSION);
		assert_true(SSL_CTX_get_options(ctx) & SSL_OP_NO_RENEGOTIATION);
		assert_int_equal(SSL_CTX_get_session_cache_mode(ctx), SSL_SESS_CACHE_OFF);
	}
}

static void what_was_never_added_cannot_be_chosen(void **state)
{
	static const struct tls_policy choices[] = {
		{ .trust = 1 },
		{ .identity = 1 },
		{ .accept = true, .identity = 1 },
		{ .accept = true }, /* a server has an identity */
		{ .accept = true, .trust = 2 },
		{ .trust = TRUST_MAX },
		{ .identity = IDENTITY_MAX },
		{ .trust = UINT32_MAX, .identity = UINT32_MAX },
		{ .accept = true, .trust = 1, .identity = 2 },
		{ .accept = true, .identity = 2, .identities = TLS_IDENTITY_BIT(3) },
		{ .accept = true, .identity = 2, .identities = TLS_IDENTITY_BIT(63) },
		{ .accept = true, .identity = 2, .identities = TLS_IDENTITY_BIT(0) },
		{ .accept = true, .identities = TLS_IDENTITY_BIT(2) },
		{ .identity = 2, .identities = TLS_IDENTITY_BIT(3) },
	};

	(void)state;
	assert_int_equal(trust_add_ca(trust, 2, buf_slice(&ca_a)), 0);
	assert_int_equal(trust_add_identity(trust, 2, buf_slice(&id_a)), 0);
	prepared = 0;
	for (size_t i = 0; i < COUNT(choices); i++) {
		SSL_CTX *ctx = NULL;

		assert_int_equal(trust_context(trust, &choices[i], prepare, &ctx), -EINVAL);
		assert_null(ctx);
	}
	assert_int_equal(prepared, 0);
}

/* 512 bits are below every security level of the library. */
static void an_identity_too_weak_for_the_library_cannot_be_chosen(void **state)
{
	const struct tls_policy choice = { .accept = true, .identity = 1 };
	EVP_PKEY *key = EVP_RSA_gen(512);
	X509 *x = X509_new();
	BIO *out = BIO_new(BIO_s_mem());
	SSL_CTX *ctx = NULL;
	char *text;

	(void)state;
	assert_non_null(key);
	X509_gmtime_adj(X509_getm_notBefore(x), -DAY);
	X509_gmtime_adj(X509_getm_notAfter(x), DAY);
	X509_set_pubkey(x, key);
	assert_true(X509_sign(x, key, EVP_sha256()) > 0);
	assert_true(PEM_write_bio_X509(out, x) &&
		    PEM_write_bio_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL));
	long n = BIO_get_mem_data(out, &text);
	assert_int_equal(trust_add_identity(trust, 1, slice_of(text, (size_t)n)), 0);
	assert_int_equal(trust_context(trust, &choice, prepare, &ctx), -EINVAL);
	assert_null(ctx);
	assert_int_equal(ERR_peek_error(), 0);
	X509_free(x);
	EVP_PKEY_free(key);
	BIO_free(out);
}

/* For the lab's side that accepts; what believes stays as strict as it was. */
static void a_weak_identity_is_permitted_where_it_was_asked_for(void **state)
{
	const struct tls_policy client = { .identity = 1 };
	SSL_CTX *ctx = NULL;
	struct buf pem;

	(void)state;
	trust_permit_weak(trust);
	buf_init(&pem, MAX);
	assert_int_equal(authority_put_weak_identity(a, "a.test", -DAY, DAY, &pem), 0);
	assert_int_equal(trust_add_identity(trust, 1, buf_slice(&pem)), 0);
	ctx = context(true, 0, 1);
	assert_true(SSL_CTX_get_min_proto_version(ctx) < TLS1_2_VERSION);
	assert_int_equal(SSL_CTX_get_security_level(ctx), 0);
	assert_int_equal(SSL_CTX_get_min_proto_version(context(false, 0, 0)), TLS1_2_VERSION);
	ctx = NULL;
	int err = trust_context(trust, &client, prepare, &ctx);
	assert_true(err == -EINVAL || SSL_CTX_get_security_level(ctx) > 0);
	buf_done(&pem);
}

/* ---- by name ---- */

static void add_named(unsigned number, const char *names)
{
	struct buf pem;

	buf_init(&pem, MAX);
	assert_int_equal(authority_put_identity(a, names, -DAY, DAY, &pem), 0);
	assert_int_equal(trust_add_identity(trust, number, buf_slice(&pem)), 0);
	buf_done(&pem);
}

static void the_server_name_chooses_the_identity(void **state)
{
	enum { FIRST = 5, EXACT = 2, WILD = 3, SUBJECT = 4, NOT_NAMED = 7, LAST = 63 };
	static const struct {
		const char *name;
		unsigned identity;
	} rows[] = {
		{ "first.test", FIRST },
		{ "exact.test", EXACT },
		{ "EXACT.test", EXACT },
		{ "last.test", LAST },
		{ "shared.test", FIRST },  /* EXACT and LAST have it, too */
		{ "shared2.test", EXACT }, /* LAST has it, too */
		{ "a.wild.test", WILD },
		{ "b.wild.test", LAST }, /* its very name, before the wildcard */
		{ "c.wild.test", FIRST },
		{ "a.b.wild.test", FIRST }, /* a wildcard is one label, and not none */
		{ "wild.test", FIRST },
		{ "fig.part.test", FIRST }, /* nor a part of a label */
		{ ".wild.test", FIRST },
		{ ".dot.test", FIRST },  /* EXACT has one below it */
		{ "named.test", FIRST }, /* SUBJECT has it, but not as a DNS name */
		{ "exact.test.", FIRST },
		{ "exact", FIRST },
		{ "unknown.test", FIRST },
		{ "not.named.test", FIRST },
		{ "192.0.2.1", FIRST },
		{ "", FIRST },
		{ NULL, FIRST },
	};
	struct tls_policy p = { .accept = true,
		.identity = FIRST,
		.identities = TLS_IDENTITY_BIT(EXACT) | TLS_IDENTITY_BIT(WILD) |
			      TLS_IDENTITY_BIT(SUBJECT) | TLS_IDENTITY_BIT(LAST) };
	struct buf pem;

	(void)state;
	add_named(FIRST, "first.test,shared.test,c.wild.test");
	add_named(EXACT, "exact.test,shared.test,shared2.test,a.dot.test");
	add_named(WILD, "*.wild.test,f*.part.test");
	add_named(LAST, "last.test,b.wild.test,shared.test,shared2.test");
	add_named(NOT_NAMED, "not.named.test");
	buf_init(&pem, MAX);
	named_put_identity(NULL, 0, EVP_sha256(), &pem);
	assert_int_equal(trust_add_identity(trust, SUBJECT, buf_slice(&pem)), 0);
	buf_done(&pem);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (trust_find_identity(trust, &p, rows[i].name) != rows[i].identity)
			fail_msg("%s", rows[i].name ? rows[i].name : "no name");
	p.accept = false; /* who connects shows what it was told to */
	assert_int_equal(trust_find_identity(trust, &p, "exact.test"), FIRST);
}

static void without_memory_there_is_no_trust(void **state)
{
	struct trust *t = NULL;

	(void)state;
	mem_fail_after(0);
	assert_int_equal(trust_new(&t), -ENOMEM);
	mem_fail_after(-1);
	assert_null(t);
	assert_null(trust_free(NULL));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_ca_is_believed_and_no_other),
		TEST(all_cas_of_a_file_are_believed),
		TEST(line_ends_of_windows_are_fine),
		TEST(a_certificate_that_is_no_cas_is_believed_when_it_is_there),
		TEST(a_certificate_twice_is_one),
		TEST(without_a_certificate_it_is_a_syntax_error),
		TEST(a_damaged_one_among_good_ones_is_a_syntax_error),
		TEST(a_list_of_revocations_is_whole_or_a_syntax_error),
		TEST(numbers_of_trust_have_a_limit),
		TEST(an_identity_is_what_its_context_shows),
		TEST(the_key_may_be_first_and_a_chain_behind),
		TEST(an_identity_without_its_own_key_is_a_syntax_error),
		TEST(numbers_of_identities_have_a_limit),
		TEST(a_key_under_a_pass_phrase_is_refused_and_nobody_is_asked),
		TEST(a_context_is_shared_by_choice),
		TEST(the_systems_store_is_there_for_who_asks),
		TEST(a_context_is_not_older_than_tls_1_2),
		TEST(what_was_never_added_cannot_be_chosen),
		TEST(an_identity_too_weak_for_the_library_cannot_be_chosen),
		TEST(a_weak_identity_is_permitted_where_it_was_asked_for),
		TEST(the_server_name_chooses_the_identity),
		TEST(without_memory_there_is_no_trust),
	};

	return cmocka_run_group_tests_name("trust", tests, make_all, free_all);
}

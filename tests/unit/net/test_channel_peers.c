/* Peers that are not as they should be, or are OpenSSL alone, and no memory. */
#include "channel_rig.h"

#include <stdlib.h>

/* ---- peers that are not as they should be ---- */

static enum tls_failure answer(struct slice in, struct tls_facts *facts)
{
	struct end e;

	open_end(&e, &client_policy);
	assert_int_equal(channel_push(e.c, in, &e.plain, &e.wire), 0);
	assert_int_equal(channel_state(e.c), CHANNEL_FAILED);
	*facts = *channel_facts(e.c);
	close_end(&e);
	assert_int_equal(ERR_peek_error(), 0); /* others use the library too */
	return facts->failure;
}

static void a_peer_without_tls_is_recognised(void **state)
{
	static const char *const said[] = { "SIP/2.0 400 Bad Request\r\n", "HTTP/1.1 400 Bad\r\n",
		"<?xml version='1.0'?>", "\xff\xfb\x01 telnet", "220 smtp ready\r\n",
		"* OK IMAP4rev1", "\x18", "S\x01", "S\xc3" };
	struct tls_facts facts;

	(void)state;
	for (size_t i = 0; i < COUNT(said); i++)
		assert_int_equal(answer(slice_str(said[i]), &facts), TLS_FAILURE_PLAIN_PEER);
	answer(SLICE("SIP/2.0\x1b[2J~\x7f\xfd"), &facts);
	assert_string_equal(facts.detail, "it said: SIP/2.0.[2J~..");
	assert_int_equal(facts.alert, -1);
	answer(SLICE("HTTP/1.1 400 Bad Request and much more than is shown"), &facts);
	assert_string_equal(facts.detail, "it said: HTTP/1.1 400 Bad Request and muc");
}

static void an_alert_has_its_number(void **state)
{
	static const struct {
		uint8_t alert;
		enum tls_failure failure;
	} rows[] = {
		{ 40, TLS_FAILURE_ALERT },   /* handshake_failure */
		{ 70, TLS_FAILURE_VERSION }, /* protocol_version */
		{ 112, TLS_FAILURE_ALERT },  /* unrecognized_name */
		{ 116, TLS_FAILURE_CLIENT_CERTIFICATE },
	};
	struct tls_facts facts;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const uint8_t record[] = { 21, 3, 3, 0, 2, 2, rows[i].alert };

		assert_int_equal(answer(slice_of(record, sizeof(record)), &facts), rows[i].failure);
		assert_int_equal(facts.alert, rows[i].alert);
	}
}

/* A record out of its turn, but one of TLS. */
static void a_peer_that_begins_amiss_speaks_tls(void **state)
{
	static const uint8_t types[] = { 20, 23 }; /* change_cipher_spec, application_data */
	struct tls_facts facts;

	(void)state;
	for (size_t i = 0; i < COUNT(types); i++) {
		const uint8_t record[] = { types[i], 3, 3, 0, 2, 2, 2 };

		assert_int_equal(
			answer(slice_of(record, sizeof(record)), &facts), TLS_FAILURE_OTHER);
	}
}

static void the_end_during_the_handshake_is_told(void **state)
{
	struct end e;

	(void)state;
	open_end(&e, &client_policy);
	channel_push_eof(e.c);
	assert_int_equal(channel_state(e.c), CHANNEL_FAILED);
	assert_int_equal(channel_facts(e.c)->failure, TLS_FAILURE_CLOSED);
	close_end(&e);
}

/* ---- a peer that is OpenSSL alone, for what ours does not do ---- */

struct raw {
	SSL_CTX *ctx;
	SSL *ssl;
	BIO *in, *out;
};

static void begin_raw(struct raw *r)
{
	r->ssl = SSL_new(r->ctx);
	r->in = BIO_new(BIO_s_mem());
	r->out = BIO_new(BIO_s_mem());
	SSL_set_bio(r->ssl, r->in, r->out);
}

static void open_raw(struct raw *r, int max_version)
{
	BIO *pem = BIO_new_mem_buf(buf_slice(&good_pem).p, (int)buf_len(&good_pem));
	X509 *cert = PEM_read_bio_X509(pem, NULL, NULL, NULL);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(pem, NULL, NULL, NULL);

	r->ctx = SSL_CTX_new(TLS_server_method());
	SSL_CTX_set_cipher_list(r->ctx, "ALL:@SECLEVEL=0");
	SSL_CTX_set_max_proto_version(r->ctx, max_version);
	assert_int_equal(SSL_CTX_use_certificate(r->ctx, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(r->ctx, key), 1);
	begin_raw(r);
	SSL_set_accept_state(r->ssl);
	X509_free(cert);
	EVP_PKEY_free(key);
	BIO_free(pem);
}

static void open_raw_client(struct raw *r, char *name)
{
	r->ctx = SSL_CTX_new(TLS_client_method());
	begin_raw(r);
	SSL_set_tlsext_host_name(r->ssl, name);
	SSL_set_connect_state(r->ssl);
}

static void close_raw(struct raw *r)
{
	SSL_free(r->ssl);
	SSL_CTX_free(r->ctx);
}

/* What each has to say. */
static void exchange_with_raw(struct raw *r, struct end *e)
{
	uint8_t bytes[16384];
	struct slice out = buf_slice(&e->wire);

	if (out.n)
		BIO_write(r->in, out.p, (int)out.n);
	buf_clear(&e->wire);
	SSL_do_handshake(r->ssl);
	int n = BIO_read(r->out, bytes, sizeof(bytes));
	if (n > 0 && channel_state(e->c) != CHANNEL_FAILED)
		channel_push(e->c, slice_of(bytes, (size_t)n), &e->plain, &e->wire);
}

static void talk_to_raw(struct raw *r, struct end *e)
{
	for (unsigned i = 0; i < 10; i++)
		exchange_with_raw(r, e);
}

/* RFC 9266 section 2: the context is empty, not absent, which is another key before TLS 1.3. */
static void check_exporter(const struct tls_facts *f, struct raw *r)
{
	uint8_t key[32];

	assert_int_equal(SSL_export_keying_material(r->ssl, key, sizeof(key),
				 "EXPORTER-Channel-Binding", 24, NULL, 0, 1),
		1);
	assert_int_equal(f->n_exporter, sizeof(key));
	assert_memory_equal(f->exporter, key, sizeof(key));
}

static void tls_1_3_has_an_exporter(void **state)
{
	struct raw r;
	struct end e;

	(void)state;
	open_raw(&r, TLS1_3_VERSION);
	open_end(&e, &client_policy);
	talk_to_raw(&r, &e);
	assert_string_equal(channel_facts(e.c)->version, "TLSv1.3");
	check_exporter(channel_facts(e.c), &r);
	close_end(&e);
	close_raw(&r);
}

/* RFC 9266 section 4. */
static void tls_1_2_without_extended_master_secret_has_no_exporter(void **state)
{
	struct raw r;
	struct end e;

	(void)state;
	open_raw(&r, TLS1_2_VERSION);
	SSL_set_options(r.ssl, SSL_OP_NO_EXTENDED_MASTER_SECRET);
	open_end(&e, &client_policy);
	talk_to_raw(&r, &e);
	assert_int_equal(channel_state(e.c), CHANNEL_UP);
	assert_int_equal(channel_facts(e.c)->n_exporter, 0);
	assert_true(channel_facts(e.c)->n_unique > 0);
	close_end(&e);
	close_raw(&r);
}

static void tls_1_2_has_tls_unique(void **state)
{
	uint8_t finished[64];
	struct raw r;
	struct end e;

	(void)state;
	open_raw(&r, TLS1_2_VERSION);
	open_end(&e, &client_policy);
	talk_to_raw(&r, &e);
	const struct tls_facts *f = channel_facts(e.c);
	assert_int_equal(channel_state(e.c), CHANNEL_UP);
	assert_string_equal(f->version, "TLSv1.2");
	/* RFC 5929 section 3: the first Finished, which is the client's. */
	assert_int_equal(f->n_unique, SSL_get_peer_finished(r.ssl, finished, sizeof(finished)));
	assert_memory_equal(f->unique, finished, f->n_unique);
	check_exporter(f, &r); /* extended master secret */
	close_end(&e);
	close_raw(&r);
}

static void an_old_version_is_refused(void **state)
{
	struct raw r;
	struct end e;

	(void)state;
	open_raw(&r, TLS1_1_VERSION);
	open_end(&e, &client_policy);
	talk_to_raw(&r, &e);
	assert_int_equal(channel_state(e.c), CHANNEL_FAILED);
	assert_int_equal(channel_facts(e.c)->failure, TLS_FAILURE_VERSION);
	close_end(&e);
	close_raw(&r);
}

static void tls_1_2_without_our_certificate_is_recognised(void **state)
{
	struct raw r;
	struct end e;

	(void)state;
	open_raw(&r, TLS1_2_VERSION);
	SSL_set_verify(r.ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	open_end(&e, &client_policy);
	talk_to_raw(&r, &e);
	assert_int_equal(channel_state(e.c), CHANNEL_FAILED);
	assert_int_equal(channel_facts(e.c)->failure, TLS_FAILURE_CLIENT_CERTIFICATE);
	close_end(&e);
	close_raw(&r);
}

/* Before TLS 1.3 what the peer misses is known only by what it asked for. */
static void an_alert_behind_a_request_for_ours_is_about_it(void **state)
{
	static const struct {
		bool asks;
		uint8_t alert;
		enum tls_failure failure;
	} rows[] = {
		{ true, 40, TLS_FAILURE_CLIENT_CERTIFICATE },  /* handshake_failure */
		{ true, 42, TLS_FAILURE_CLIENT_CERTIFICATE },  /* bad_certificate */
		{ true, 80, TLS_FAILURE_ALERT },               /* internal_error */
		{ true, 116, TLS_FAILURE_CLIENT_CERTIFICATE }, /* certificate_required */
		{ false, 40, TLS_FAILURE_ALERT },
		{ false, 42, TLS_FAILURE_ALERT },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const uint8_t record[] = { 21, 3, 3, 0, 2, 2, rows[i].alert };
		struct raw r;
		struct end e;

		print_message("row %zu\n", i);
		open_raw(&r, TLS1_2_VERSION);
		SSL_set_verify(r.ssl, rows[i].asks ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
		open_end(&e, &client_policy);
		exchange_with_raw(&r, &e);
		assert_int_equal(channel_state(e.c), CHANNEL_HANDSHAKE);
		channel_push(e.c, slice_of(record, sizeof(record)), &e.plain, &e.wire);
		assert_int_equal(channel_state(e.c), CHANNEL_FAILED);
		assert_int_equal(channel_facts(e.c)->failure, rows[i].failure);
		assert_int_equal(channel_facts(e.c)->alert, rows[i].alert);
		close_end(&e);
		close_raw(&r);
	}
}

static void note_server_name(
	SSL *ssl, int client, int type, const unsigned char *data, int n, void *arg)
{
	bool *seen = arg;

	(void)ssl;
	(void)client;
	(void)data;
	*seen |= type == TLSEXT_TYPE_server_name && n == 0;
}

/* RFC 6066 section 3: an empty extension says that the name chose the certificate. */
static void a_server_name_that_chose_is_acknowledged(void **state)
{
	static struct {
		char name[16]; /* the library's macro takes no const */
		bool chose;
	} rows[] = { { "other.test", true }, { "unknown.test", false } };
	struct tls_policy s = server_policy;

	(void)state;
	s.identities = TLS_IDENTITY_BIT(ID_OTHER_NAME);
	for (size_t i = 0; i < COUNT(rows); i++) {
		bool seen = false;
		struct raw r;
		struct end e;

		open_raw_client(&r, rows[i].name);
		SSL_set_tlsext_debug_callback(r.ssl, note_server_name);
		SSL_set_tlsext_debug_arg(r.ssl, &seen);
		open_end(&e, &s);
		talk_to_raw(&r, &e);
		assert_int_equal(channel_state(e.c), CHANNEL_UP);
		assert_int_equal(seen, rows[i].chose);
		close_end(&e);
		close_raw(&r);
	}
}

/* RFC 7301 section 3.1: a list, each behind its length. */
static void of_several_protocols_ours_is_chosen(void **state)
{
	static char name[] = "pool.test";
	static const struct {
		const char *offered, *agreed;
	} rows[] = {
		{ "\005sip/2", "sip/2" },
		{ "\005sip/2\005other", "sip/2" },
		{ "\010http/1.1\002h2\005sip/2", "sip/2" },
		{ "\006sip/2x\004sip/", "" },
		{ "\013other\005sip/2", "" },
	};
	struct tls_policy s = server_policy;

	(void)state;
	snprintf(s.alpn, sizeof(s.alpn), "sip/2");
	for (size_t i = 0; i < COUNT(rows); i++) {
		const unsigned n = (unsigned)strlen(rows[i].offered);
		struct raw r;
		struct end e;

		print_message("row %zu\n", i);
		open_raw_client(&r, name);
		assert_int_equal(
			SSL_set_alpn_protos(r.ssl, (const uint8_t *)rows[i].offered, n), 0);
		open_end(&e, &s);
		talk_to_raw(&r, &e);
		assert_int_equal(channel_state(e.c), CHANNEL_UP);
		assert_string_equal(channel_facts(e.c)->alpn, rows[i].agreed);
		close_end(&e);
		close_raw(&r);
	}
}

/* ---- a chain that is longer than what is kept of it ---- */

enum { LONG = TLS_CHAIN_MAX + 2 };

/* Each is signed by the next, all with one key; who signed the last is not there. */
static void put_long_chain(struct buf *pem, const char *constraints)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	char subject[16], issuer[16], *text;

	for (unsigned i = 0; i < LONG; i++) {
		X509 *x = X509_new();
		X509_EXTENSION *ca =
			X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, constraints);

		snprintf(subject, sizeof(subject), "link %u", i);
		snprintf(issuer, sizeof(issuer), "link %u", i + 1);
		assert_int_equal(X509_set_version(x, 2), 1);
		assert_int_equal(X509_add_ext(x, ca, -1), 1);
		X509_EXTENSION_free(ca);
		X509_gmtime_adj(X509_getm_notBefore(x), -DAY);
		X509_gmtime_adj(X509_getm_notAfter(x), DAY);
		X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
			(const uint8_t *)subject, -1, -1, 0);
		X509_NAME_add_entry_by_txt(X509_get_issuer_name(x), "CN", MBSTRING_UTF8,
			(const uint8_t *)issuer, -1, -1, 0);
		assert_int_equal(X509_set_pubkey(x, key), 1);
		assert_true(X509_sign(x, key, EVP_sha256()) > 0);
		assert_int_equal(PEM_write_bio_X509(bio, x), 1);
		X509_free(x);
	}
	assert_int_equal(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	long size = BIO_get_mem_data(bio, &text);
	buf_put(pem, slice_of(text, (size_t)size));
	BIO_free(bio);
	EVP_PKEY_free(key);
}

/* The library looks at it from above for some faults, and from below for others. */
static void of_a_long_chain_the_lowest_are_kept(void **state)
{
	static const struct {
		const char *constraints;
		unsigned identity, faults;
	} rows[] = {
		{ "CA:TRUE", ID_LONG, TLS_FAULT_UNTRUSTED },
		{ "CA:FALSE", ID_LONG + 1, TLS_FAULT_UNTRUSTED | TLS_FAULT_PURPOSE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_policy s = { .accept = true, .identity = rows[i].identity };
		struct tls_policy c = { .trust = TRUST_OURS };
		struct buf pem;
		struct pair p;

		buf_init(&pem, MAX);
		put_long_chain(&pem, rows[i].constraints);
		assert_int_equal(trust_add_identity(trust, s.identity, buf_slice(&pem)), 0);
		buf_done(&pem);
		open_pair(&p, &c, &s);
		const struct tls_facts *f = channel_facts(p.client.c);
		assert_int_equal(f->failure, TLS_FAILURE_CERTIFICATE);
		assert_int_equal(f->faults, rows[i].faults);
		assert_int_equal(f->n_certs, TLS_CHAIN_MAX);
		assert_string_equal(f->certs[0].subject, "CN=link 0");
		close_pair(&p);
	}
}

/* The library has an allocator of its own.  So many times more it has memory, and then once not;
 * -1: always. */
static long library_left = -1;

static bool library_may(void)
{
	const bool may = library_left != 0;

	library_left -= library_left >= 0;
	return may;
}

static void *library_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return library_may() ? malloc(n) : NULL;
}

static void *library_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return library_may() ? realloc(p, n) : NULL;
}

static void library_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

/* And the channel that there is knows whom it expects. */
static void without_memory_in_the_library_nothing_is_left_behind(void **state)
{
	struct tls_policy c = client_policy, s = server_policy;
	struct pair p;
	int err = -ENOMEM;

	(void)state;
	snprintf(c.alpn, sizeof(c.alpn), "sip/2");
	s.identity = ID_OTHER_NAME;
	open_end(&p.client, &c);
	channel_free(p.client.c);
	buf_clear(&p.client.wire);
	for (long n = 0; err == -ENOMEM && n < 1000; n++) {
		library_left = n;
		err = channel_new(&p.client.c, trust, &c);
		library_left = -1;
	}
	assert_int_equal(err, 0);
	open_end(&p.server, &s);
	channel_push(p.client.c, SLICE_NONE, &p.client.plain, &p.client.wire);
	settle(&p, SIZE_MAX);
	assert_int_equal(channel_facts(p.client.c)->faults, TLS_FAULT_NAME);
	close_pair(&p);
}

static void without_memory_in_the_library_no_byte_is_taken(void **state)
{
	static const uint8_t much[200000];
	struct pair p;

	(void)state;
	open_pair(&p, &client_policy, &server_policy);
	library_left = 0;
	int err = channel_write(p.client.c, slice_of(much, sizeof(much)), &p.client.wire);
	library_left = -1;
	assert_int_equal(err, -ENOMEM);
	library_left = 0;
	err = channel_push(
		p.server.c, slice_of(much, sizeof(much)), &p.server.plain, &p.server.wire);
	library_left = -1;
	assert_int_equal(err, -ENOMEM);
	close_pair(&p);
}

static void without_memory_nothing_is_left_behind(void **state)
{
	struct channel *c = NULL;
	int err = -ENOMEM;

	(void)state;
	for (long n = 0; err == -ENOMEM && n < 100; n++) {
		mem_fail_after(n);
		err = channel_new(&c, trust, &client_policy);
		mem_fail_after(-1);
	}
	assert_int_equal(err, 0);
	channel_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_peer_without_tls_is_recognised),
		cmocka_unit_test(an_alert_has_its_number),
		cmocka_unit_test(a_peer_that_begins_amiss_speaks_tls),
		cmocka_unit_test(the_end_during_the_handshake_is_told),
		cmocka_unit_test(tls_1_3_has_an_exporter),
		cmocka_unit_test(tls_1_2_has_tls_unique),
		cmocka_unit_test(tls_1_2_without_extended_master_secret_has_no_exporter),
		cmocka_unit_test(an_old_version_is_refused),
		cmocka_unit_test(tls_1_2_without_our_certificate_is_recognised),
		cmocka_unit_test(an_alert_behind_a_request_for_ours_is_about_it),
		cmocka_unit_test(a_server_name_that_chose_is_acknowledged),
		cmocka_unit_test(of_several_protocols_ours_is_chosen),
		cmocka_unit_test(of_a_long_chain_the_lowest_are_kept),
		cmocka_unit_test(without_memory_in_the_library_nothing_is_left_behind),
		cmocka_unit_test(without_memory_in_the_library_no_byte_is_taken),
		cmocka_unit_test(without_memory_nothing_is_left_behind),
	};

	if (!CRYPTO_set_mem_functions(library_malloc, library_realloc, library_free))
		return 1;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

#include "net/channel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "base/mem.h"
#include "named.h"
#include "net/authority.h"

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
	ID_LONG = 11,
	ID_SUBJECT = 12,
};

static struct trust *trust;
static struct authority *ours;
static struct buf good_pem;

static void add_identity(
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

static void add_ca(struct authority *a, unsigned number)
{
	struct buf pem;

	buf_init(&pem, MAX);
	assert_int_equal(authority_put_ca(a, &pem), 0);
	assert_int_equal(trust_add_ca(trust, number, buf_slice(&pem)), 0);
	buf_done(&pem);
}

/* Ours, and what `lists` revoked. */
static void add_ca_and_list(const struct authority *lists, unsigned number)
{
	struct buf pem;

	buf_init(&pem, MAX);
	assert_int_equal(authority_put_ca(ours, &pem), 0);
	assert_int_equal(authority_put_revocation(lists, &pem), 0);
	assert_int_equal(trust_add_ca(trust, number, buf_slice(&pem)), 0);
	buf_done(&pem);
}

/* Ours, and an empty list of an issuer that has nothing to do with it. */
static void add_ca_and_other_list(unsigned number)
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

static int set_up(void **state)
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

static int tear_down(void **state)
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

static void open_end(struct end *e, const struct tls_policy *policy)
{
	buf_init(&e->wire, MAX);
	buf_init(&e->plain, MAX);
	assert_int_equal(channel_new(&e->c, trust, policy), 0);
	assert_int_equal(channel_push(e->c, SLICE_NONE, &e->plain, &e->wire), 0);
}

static void close_end(struct end *e)
{
	e->c = channel_free(e->c);
	buf_done(&e->wire);
	buf_done(&e->plain);
}

/* One way, `piece` bytes at a time; true when something went. */
static bool carry(struct end *from, struct end *to, size_t piece)
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

static void settle(struct pair *p, size_t piece)
{
	bool any = true;

	while (any) {
		any = carry(&p->client, &p->server, piece);
		any |= carry(&p->server, &p->client, piece);
	}
}

static void open_pair(
	struct pair *p, const struct tls_policy *client, const struct tls_policy *server)
{
	open_end(&p->client, client);
	open_end(&p->server, server);
	settle(p, SIZE_MAX);
}

static void close_pair(struct pair *p)
{
	close_end(&p->client);
	close_end(&p->server);
}

static const struct tls_policy client_policy = { .trust = TRUST_OURS, .name = "pool.test" };
static const struct tls_policy server_policy = { .accept = true, .identity = ID_GOOD };

static void say(struct end *from, const char *text)
{
	assert_int_equal(channel_write(from->c, slice_str(text), &from->wire), 0);
}

static void heard(struct end *e, const char *text)
{
	assert_string_equal(buf_cstr(&e->plain), text);
	buf_clear(&e->plain);
}

/* ---- a good handshake ---- */

static void both_sides_see_the_same_facts(void **state)
{
	char names[TLS_NAMES_TEXT_MAX];
	struct pair p;

	(void)state;
	open_pair(&p, &client_policy, &server_policy);
	const struct tls_facts *c = channel_facts(p.client.c), *s = channel_facts(p.server.c);
	assert_int_equal(channel_state(p.client.c), CHANNEL_UP);
	assert_int_equal(channel_state(p.server.c), CHANNEL_UP);
	assert_string_equal(c->version, "TLSv1.3");
	assert_memory_equal(c->cipher, "TLS_", 4);
	assert_string_equal(c->cipher, s->cipher);
	assert_int_equal(c->faults, 0);
	assert_int_equal(c->failure, TLS_FAILURE_NONE);
	assert_int_equal(c->n_exporter, 32);
	assert_memory_equal(c->exporter, s->exporter, 32);
	assert_int_equal(c->n_end_point, 32);
	assert_memory_equal(c->end_point, s->end_point, 32);
	assert_int_equal(c->n_unique, 0); /* RFC 9266: none with TLS 1.3 */
	assert_int_equal(c->alert, -1);
	assert_int_equal(c->n_certs, 2);
	assert_string_equal(c->certs[0].subject, "CN=pool.test");
	assert_string_equal(tls_names_text(c, &c->certs[0], names), "pool.test, *.wild.test");
	assert_string_equal(c->certs[1].subject, "CN=stox lab CA");
	assert_true(c->certs[0].not_before < c->certs[0].not_after);
	close_pair(&p);
}

static void bytes_go_both_ways_in_any_pieces(void **state)
{
	static const size_t pieces[] = { 1, 5, 1000, SIZE_MAX };

	(void)state;
	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct pair p;

		open_end(&p.client, &client_policy);
		open_end(&p.server, &server_policy);
		settle(&p, pieces[i]);
		say(&p.client, "REGISTER");
		say(&p.server, "200 OK");
		say(&p.client, " again");
		settle(&p, pieces[i]);
		heard(&p.server, "REGISTER again");
		heard(&p.client, "200 OK");
		close_pair(&p);
	}
}

static void settle_among_others(struct pair *p)
{
	for (bool any = true; any;) {
		ERR_raise(ERR_LIB_USER, ERR_R_PASSED_INVALID_ARGUMENT);
		any = carry(&p->client, &p->server, SIZE_MAX);
		ERR_raise(ERR_LIB_USER, ERR_R_PASSED_INVALID_ARGUMENT);
		any |= carry(&p->server, &p->client, SIZE_MAX);
	}
	ERR_clear_error();
}

/* The library has one list of errors for all. */
static void what_others_left_in_the_library_is_no_error_here(void **state)
{
	struct pair p;

	(void)state;
	open_end(&p.client, &client_policy);
	open_end(&p.server, &server_policy);
	settle_among_others(&p);
	assert_int_equal(channel_state(p.client.c), CHANNEL_UP);
	assert_int_equal(channel_state(p.server.c), CHANNEL_UP);
	say(&p.client, "REGISTER");
	settle_among_others(&p);
	assert_int_equal(channel_state(p.server.c), CHANNEL_UP);
	heard(&p.server, "REGISTER");
	close_pair(&p);
}

/* What the library has for the wire must not be lost without a word, nor what it has for us. */
static void a_buffer_that_takes_no_more_is_an_error(void **state)
{
	struct pair p;
	struct buf small;

	(void)state;
	buf_init(&small, 16);
	open_end(&p.client, &client_policy);
	open_end(&p.server, &server_policy);
	assert_int_equal(
		channel_push(p.server.c, buf_slice(&p.client.wire), &p.server.plain, &small),
		-EMSGSIZE);
	close_pair(&p);
	open_pair(&p, &client_policy, &server_policy);
	buf_clear(&small);
	assert_int_equal(channel_write(p.client.c, SLICE("REGISTER"), &small), -EMSGSIZE);
	buf_clear(&small);
	say(&p.server, "200 OK");
	assert_int_equal(
		channel_push(p.client.c, buf_slice(&p.server.wire), &small, &p.client.wire),
		-EMSGSIZE);
	buf_done(&small);
	close_pair(&p);
}

static void a_closed_side_is_an_end_not_a_failure(void **state)
{
	struct pair p;

	(void)state;
	open_pair(&p, &client_policy, &server_policy);
	channel_close(p.server.c, &p.server.wire);
	settle(&p, SIZE_MAX);
	assert_int_equal(channel_state(p.client.c), CHANNEL_EOF);
	assert_int_equal(channel_state(p.server.c), CHANNEL_UP);
	channel_close(p.client.c, &p.client.wire);
	settle(&p, SIZE_MAX);
	assert_int_equal(channel_state(p.server.c), CHANNEL_EOF);
	close_pair(&p);
}

static void what_was_never_up_is_closed_without_a_word(void **state)
{
	struct end e;

	(void)state;
	open_end(&e, &client_policy);
	buf_clear(&e.wire);
	channel_close(e.c, &e.wire);
	assert_int_equal(buf_len(&e.wire), 0);
	assert_int_equal(ERR_peek_error(), 0);
	close_end(&e);
}

static void alpn_is_agreed_or_left_out(void **state)
{
	static const struct {
		const char *client, *server, *agreed;
	} rows[] = {
		{ "xmpp-client", "xmpp-client", "xmpp-client" },
		{ "xmpp-client", "sip/2", "" },
		{ "xmpp-client", "", "" },
		{ "", "xmpp-client", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_policy c = client_policy, s = server_policy;
		struct pair p;

		snprintf(c.alpn, sizeof(c.alpn), "%s", rows[i].client);
		snprintf(s.alpn, sizeof(s.alpn), "%s", rows[i].server);
		open_pair(&p, &c, &s);
		assert_int_equal(channel_state(p.client.c), CHANNEL_UP);
		assert_string_equal(channel_facts(p.client.c)->alpn, rows[i].agreed);
		assert_string_equal(channel_facts(p.server.c)->alpn, rows[i].agreed);
		close_pair(&p);
	}
}

/* ---- certificates ---- */

static const struct {
	const char *what;
	unsigned identity, trust;
	const char *name;
	unsigned faults;
} chains[] = {
	{ "good", ID_GOOD, TRUST_OURS, "pool.test", 0 },
	{ "upper case", ID_GOOD, TRUST_OURS, "POOL.test", 0 },
	{ "wildcard", ID_GOOD, TRUST_OURS, "a.wild.test", 0 },
	{ "wildcard is one label", ID_GOOD, TRUST_OURS, "a.b.wild.test", TLS_FAULT_NAME },
	{ "no name is wanted", ID_OTHER_NAME, TRUST_OURS, "", 0 },
	{ "address that is not in it", ID_GOOD, TRUST_OURS, "127.0.0.1", TLS_FAULT_NAME },
	{ "expired", ID_EXPIRED, TRUST_OURS, "pool.test", TLS_FAULT_EXPIRED },
	{ "not yet valid", ID_FUTURE, TRUST_OURS, "pool.test", TLS_FAULT_NOT_YET_VALID },
	{ "wrong name", ID_OTHER_NAME, TRUST_OURS, "pool.test", TLS_FAULT_NAME },
	{ "unknown issuer", ID_GOOD, TRUST_OTHERS, "pool.test", TLS_FAULT_UNTRUSTED },
	{ "expired and wrong name", ID_EXPIRED, TRUST_OURS, "x.test",
		TLS_FAULT_EXPIRED | TLS_FAULT_NAME },
	{ "revoked", ID_REVOKED, TRUST_LISTS, "pool.test", TLS_FAULT_REVOKED },
	{ "another one is revoked", ID_GOOD, TRUST_LISTS, "pool.test", 0 },
	{ "revoked and wrong name", ID_REVOKED, TRUST_LISTS, "x.test",
		TLS_FAULT_REVOKED | TLS_FAULT_NAME },
	{ "revoked, and nobody has the list", ID_REVOKED, TRUST_OURS, "pool.test", 0 },
	{ "the list is of another issuer", ID_REVOKED, TRUST_OTHER_LIST, "pool.test", 0 },
	{ "the list is forged", ID_REVOKED, TRUST_FORGED_LIST, "pool.test", TLS_FAULT_OTHER },
	{ "everything", ID_ALL_WRONG, TRUST_OURS, "pool.test",
		TLS_FAULT_EXPIRED | TLS_FAULT_NAME | TLS_FAULT_UNTRUSTED },
};

/* Each fault is also that of a certificate, with the library's words for its first: the client's
 * detail has them too. */
static void check_faults(const struct tls_facts *f, const char *detail)
{
	unsigned faults = 0;

	for (unsigned i = 0; i < f->n_certs; i++) {
		const struct tls_cert *c = &f->certs[i];

		assert_int_equal(c->faults != 0, c->error[0] != '\0');
		faults |= c->faults;
	}
	assert_int_equal(faults, f->faults);
	if (detail)
		assert_string_equal(detail, f->certs[0].error);
}

static void the_words_are_of_the_first_fault(void **state)
{
	static const struct {
		unsigned identity, trust;
		const char *name, *words;
	} rows[] = {
		{ ID_EXPIRED, TRUST_OURS, "x.test", "hostname mismatch" },
		/* Where no list is of that issuer the library complains, and that is no fault. */
		{ ID_EXPIRED, TRUST_OTHER_LIST, "pool.test", "certificate has expired" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_policy c = { .trust = rows[i].trust }, s = server_policy;
		struct pair p;

		snprintf(c.name, sizeof(c.name), "%s", rows[i].name);
		s.identity = rows[i].identity;
		open_pair(&p, &c, &s);
		assert_string_equal(channel_facts(p.client.c)->detail, rows[i].words);
		check_faults(channel_facts(p.client.c), rows[i].words);
		close_pair(&p);
	}
}

static void check_chain(size_t i, enum tls_verify verify)
{
	struct tls_policy c = { .trust = chains[i].trust, .verify = verify };
	struct tls_policy s = { .accept = true, .identity = chains[i].identity };
	struct pair p;
	bool refused = verify == TLS_VERIFY_PEER && chains[i].faults;

	snprintf(c.name, sizeof(c.name), "%s", chains[i].name);
	open_pair(&p, &c, &s);
	const struct tls_facts *f = channel_facts(p.client.c);
	if (f->faults != chains[i].faults)
		fail_msg("%s: faults %x", chains[i].what, f->faults);
	assert_int_equal(channel_state(p.client.c), refused ? CHANNEL_FAILED : CHANNEL_UP);
	assert_int_equal(f->failure, refused ? TLS_FAILURE_CERTIFICATE : TLS_FAILURE_NONE);
	assert_int_equal(f->alert, -1); /* it was not the peer who ended it */
	assert_true(f->n_certs >= 1);
	assert_string_equal(f->version, "TLSv1.3");
	check_faults(f, refused ? f->detail : NULL);
	if (refused) {
		/* The peer is told why: an alert, not a closed connection. */
		assert_int_equal(channel_state(p.server.c), CHANNEL_FAILED);
		assert_int_equal(channel_facts(p.server.c)->failure, TLS_FAILURE_ALERT);
		assert_true(channel_facts(p.server.c)->alert > 0);
	}
	close_pair(&p);
}

static void all_faults_of_a_chain_are_collected(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(chains); i++) {
		check_chain(i, TLS_VERIFY_PEER);
		check_chain(i, TLS_VERIFY_NOTE);
	}
}

/* Whether one is asked for does not follow from whose word is taken for it. */
static void the_server_can_ask_for_a_certificate(void **state)
{
	static const struct {
		unsigned identity;
		bool request;
		enum tls_verify verify;
		unsigned trust;
		enum tls_failure client, server;
		unsigned faults;
	} rows[] = {
		{ 0, true, TLS_VERIFY_PEER, TRUST_OURS, TLS_FAILURE_CLIENT_CERTIFICATE,
			TLS_FAILURE_CERTIFICATE, 0 },
		{ 0, true, TLS_VERIFY_NOTE, TRUST_OURS, TLS_FAILURE_NONE, TLS_FAILURE_NONE, 0 },
		{ ID_OTHER_NAME, true, TLS_VERIFY_PEER, TRUST_OURS, TLS_FAILURE_NONE,
			TLS_FAILURE_NONE, 0 },
		{ ID_OTHER_NAME, true, TLS_VERIFY_PEER, TRUST_OTHERS, TLS_FAILURE_ALERT,
			TLS_FAILURE_CERTIFICATE, TLS_FAULT_UNTRUSTED },
		{ 0, true, TLS_VERIFY_PEER, TLS_TRUST_SYSTEM, TLS_FAILURE_CLIENT_CERTIFICATE,
			TLS_FAILURE_CERTIFICATE, 0 },
		{ 0, true, TLS_VERIFY_NOTE, TLS_TRUST_SYSTEM, TLS_FAILURE_NONE, TLS_FAILURE_NONE,
			0 },
		{ ID_OTHER_NAME, true, TLS_VERIFY_PEER, TLS_TRUST_SYSTEM, TLS_FAILURE_ALERT,
			TLS_FAILURE_CERTIFICATE, TLS_FAULT_UNTRUSTED },
		{ ID_OTHER_NAME, true, TLS_VERIFY_NOTE, TLS_TRUST_SYSTEM, TLS_FAILURE_NONE,
			TLS_FAILURE_NONE, TLS_FAULT_UNTRUSTED },
		{ ID_OTHER_NAME, false, TLS_VERIFY_PEER, TRUST_OTHERS, TLS_FAILURE_NONE,
			TLS_FAILURE_NONE, 0 },
		{ ID_OTHER_NAME, false, TLS_VERIFY_PEER, TLS_TRUST_SYSTEM, TLS_FAILURE_NONE,
			TLS_FAILURE_NONE, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_policy c = client_policy, s = server_policy;
		struct pair p;

		print_message("row %zu\n", i);
		c.identity = rows[i].identity;
		s.request_certificate = rows[i].request;
		s.verify = rows[i].verify;
		s.trust = rows[i].trust;
		open_pair(&p, &c, &s);
		assert_int_equal(channel_facts(p.client.c)->failure, rows[i].client);
		assert_int_equal(channel_facts(p.server.c)->failure, rows[i].server);
		assert_int_equal(channel_facts(p.server.c)->faults, rows[i].faults);
		if (rows[i].client == TLS_FAILURE_CLIENT_CERTIFICATE)
			assert_string_equal(channel_facts(p.server.c)->detail,
				"peer did not return a certificate");
		assert_int_equal(channel_facts(p.server.c)->n_certs > 0,
			rows[i].request && rows[i].identity != 0);
		close_pair(&p);
	}
}

/* With TLS 1.3 the client is done before the server has looked at its certificate, so that it may
 * speak: what it says is not taken, and it is told with the first bytes that it reads. */
static void a_refused_client_was_up(void **state)
{
	static const struct {
		unsigned identity;
		enum tls_failure failure;
		int alert;
		unsigned faults;
	} rows[] = {
		{ 0, TLS_FAILURE_CLIENT_CERTIFICATE, 116, 0 }, /* certificate_required */
		{ ID_ALL_WRONG, TLS_FAILURE_ALERT, 48,
			TLS_FAULT_UNTRUSTED | TLS_FAULT_EXPIRED },        /* unknown_ca */
		{ ID_EXPIRED, TLS_FAILURE_ALERT, 45, TLS_FAULT_EXPIRED }, /* certificate_expired */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_policy c = client_policy, s = server_policy;
		struct pair p;

		print_message("row %zu\n", i);
		c.identity = rows[i].identity;
		s.request_certificate = true;
		s.trust = TRUST_OURS;
		open_end(&p.client, &c);
		open_end(&p.server, &s);
		carry(&p.client, &p.server, SIZE_MAX);
		carry(&p.server, &p.client, SIZE_MAX);
		assert_int_equal(channel_state(p.client.c), CHANNEL_UP);
		assert_int_equal(channel_facts(p.client.c)->failure, TLS_FAILURE_NONE);
		say(&p.client, "REGISTER");
		carry(&p.client, &p.server, SIZE_MAX);
		assert_int_equal(channel_state(p.server.c), CHANNEL_FAILED);
		assert_int_equal(channel_facts(p.server.c)->failure, TLS_FAILURE_CERTIFICATE);
		assert_int_equal(channel_facts(p.server.c)->faults, rows[i].faults);
		assert_int_equal(channel_state(p.client.c), CHANNEL_UP);
		carry(&p.server, &p.client, SIZE_MAX);
		const struct tls_facts *f = channel_facts(p.client.c);
		assert_int_equal(channel_state(p.client.c), CHANNEL_FAILED);
		assert_int_equal(f->failure, rows[i].failure);
		assert_int_equal(f->alert, rows[i].alert);
		assert_true(f->detail[0] != '\0');
		assert_string_equal(f->version, "TLSv1.3");
		heard(&p.server, "");
		heard(&p.client, "");
		close_pair(&p);
	}
}

/* ---- names ---- */

/* A library that stopped at the NUL would see the name that is looked for. */
static void a_name_with_a_nul_is_another_name(void **state)
{
	static const struct named evil = { GEN_DNS, NULL, 0, SLICE("pool.test\0.evil.test") };
	struct tls_policy c = client_policy, s = server_policy;
	char names[TLS_NAMES_TEXT_MAX];
	struct buf pem;
	struct pair p;

	(void)state;
	buf_init(&pem, MAX);
	named_put_identity(&evil, 1, EVP_sha256(), &pem);
	assert_int_equal(trust_add_identity(trust, ID_NUL, buf_slice(&pem)), 0);
	buf_done(&pem);
	c.verify = TLS_VERIFY_NOTE;
	s.identity = ID_NUL;
	open_pair(&p, &c, &s);
	const struct tls_facts *f = channel_facts(p.client.c);
	assert_int_equal(f->faults, TLS_FAULT_NAME | TLS_FAULT_UNTRUSTED);
	assert_int_equal(f->certs[0].n_names, 1);
	assert_true(slice_eq(tls_get_name(f, &f->certs[0], 0).text, evil.bytes));
	assert_string_equal(tls_names_text(f, &f->certs[0], names), "pool.test?.evil.test");
	close_pair(&p);
}

/* The library would take the wildcard, and not the service. */
static void the_protocol_says_what_a_name_is(void **state)
{
	static const struct named names[] = { { GEN_DNS, NULL, 0, SLICE("*.wild.test") },
		{ GEN_DNS, NULL, 0, SLICE("po*.part.test") },
		{ GEN_IPADD, NULL, 0, SLICE("\xc0\0\2\1") },
		{ GEN_IPADD, NULL, 0, SLICE("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1") },
		{ GEN_OTHERNAME, "1.3.6.1.5.5.7.8.7", V_ASN1_IA5STRING,
			SLICE("_xmpp-client.im.example") } };
	static const struct {
		enum tls_naming naming;
		const char *name;
		bool good;
	} rows[] = {
		{ TLS_NAMING_HOST, "pool.wild.test", true },
		{ TLS_NAMING_HOST, "pool.part.test", false }, /* RFC 6125 section 6.4.3 */
		{ TLS_NAMING_HOST, "192.0.2.1", true },
		{ TLS_NAMING_HOST, "192.0.2.2", false },
		{ TLS_NAMING_HOST, "2001:db8::1", true },
		{ TLS_NAMING_HOST, "[2001:db8::1]", true }, /* as a URI has it */
		{ TLS_NAMING_HOST, "[2001:db8::2]", false },
		{ TLS_NAMING_SIP, "pool.wild.test", false },
		{ TLS_NAMING_SIP, "", true },
		{ TLS_NAMING_HOST, "im.example", false },
		{ TLS_NAMING_XMPP_CLIENT, "im.example", true },
		{ TLS_NAMING_XMPP_SERVER, "im.example", false },
		{ TLS_NAMING_XMPP_CLIENT, "127.0.0.1", false },
	};
	struct buf pem;

	(void)state;
	buf_init(&pem, MAX);
	named_put_identity(names, COUNT(names), EVP_sha256(), &pem);
	assert_int_equal(trust_add_identity(trust, ID_NAMED, buf_slice(&pem)), 0);
	buf_done(&pem);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct tls_policy c = client_policy, s = server_policy;
		struct pair p;

		c.verify = TLS_VERIFY_NOTE;
		c.naming = rows[i].naming;
		snprintf(c.name, sizeof(c.name), "%s", rows[i].name);
		s.identity = ID_NAMED;
		open_pair(&p, &c, &s);
		const struct tls_facts *f = channel_facts(p.client.c);
		assert_int_equal(f->faults & TLS_FAULT_NAME, rows[i].good ? 0 : TLS_FAULT_NAME);
		assert_int_equal(f->certs[0].faults & TLS_FAULT_NAME, f->faults & TLS_FAULT_NAME);
		close_pair(&p);
	}
}

/* RFC 6125 section 6.4.4 lets a client look there as a last resort; RFC 9525 no longer. */
static void the_subject_is_no_name(void **state)
{
	struct tls_policy c = { .verify = TLS_VERIFY_NOTE, .name = "named.test" };
	struct tls_policy s = { .accept = true, .identity = ID_SUBJECT };
	struct buf pem;
	struct pair p;

	(void)state;
	buf_init(&pem, MAX);
	named_put_identity(NULL, 0, EVP_sha256(), &pem);
	assert_int_equal(trust_add_identity(trust, ID_SUBJECT, buf_slice(&pem)), 0);
	buf_done(&pem);
	open_pair(&p, &c, &s);
	assert_string_equal(channel_facts(p.client.c)->certs[0].subject, "CN=named.test");
	assert_true(channel_facts(p.client.c)->faults & TLS_FAULT_NAME);
	close_pair(&p);
}

static void check_server_name(
	const char *name, const char *subject, unsigned max_version, enum tls_verify verify)
{
	struct tls_policy c = client_policy, s = server_policy;
	struct pair p;

	print_message("%s, %#x\n", name, max_version);
	snprintf(c.name, sizeof(c.name), "%s", name);
	c.verify = verify;
	s.identities = TLS_IDENTITY_BIT(ID_OTHER_NAME) | TLS_IDENTITY_BIT(ID_EXACT);
	s.max_version = max_version;
	open_pair(&p, &c, &s);
	const struct tls_facts *f = channel_facts(p.client.c);
	assert_int_equal(channel_state(p.client.c), CHANNEL_UP);
	assert_int_equal(channel_state(p.server.c), CHANNEL_UP);
	assert_string_equal(f->certs[0].subject, subject);
	/* RFC 5929 section 4: of the certificate that was shown. */
	assert_memory_equal(f->end_point, channel_facts(p.server.c)->end_point, 32);
	say(&p.client, "REGISTER");
	say(&p.server, "200 OK");
	settle(&p, SIZE_MAX);
	heard(&p.server, "REGISTER");
	heard(&p.client, "200 OK");
	close_pair(&p);
}

static void the_server_name_chooses_the_certificate(void **state)
{
	enum { TLS_1_2 = 0x0303 };
	static const struct {
		const char *name, *subject;
		enum tls_verify verify;
	} rows[] = {
		{ "pool.test", "CN=pool.test", TLS_VERIFY_PEER },
		{ "other.test", "CN=other.test", TLS_VERIFY_PEER },
		{ "b.wild.test", "CN=pool.test", TLS_VERIFY_PEER },
		{ "exact.wild.test", "CN=exact.wild.test", TLS_VERIFY_PEER },
		{ "unknown.test", "CN=pool.test", TLS_VERIFY_NOTE },
		{ "127.0.0.1", "CN=pool.test", TLS_VERIFY_NOTE }, /* not sent as a server name */
		{ "", "CN=pool.test", TLS_VERIFY_PEER },
	};

	(void)state;
	add_identity(ours, ID_EXACT, "exact.wild.test", -DAY, DAY);
	for (size_t i = 0; i < COUNT(rows); i++) {
		check_server_name(rows[i].name, rows[i].subject, 0, rows[i].verify);
		check_server_name(rows[i].name, rows[i].subject, TLS_1_2, rows[i].verify);
	}
}

/* What the policy says beside is so under every certificate. */
static void a_chosen_certificate_changes_nothing_else(void **state)
{
	struct tls_policy c = client_policy, s = server_policy;
	struct pair p;

	(void)state;
	snprintf(c.name, sizeof(c.name), "other.test");
	snprintf(c.alpn, sizeof(c.alpn), "sip/2");
	snprintf(s.alpn, sizeof(s.alpn), "sip/2");
	c.identity = ID_GOOD;
	s.identities = TLS_IDENTITY_BIT(ID_OTHER_NAME);
	s.request_certificate = true;
	s.trust = TRUST_OURS;
	open_pair(&p, &c, &s);
	assert_int_equal(channel_state(p.client.c), CHANNEL_UP);
	assert_int_equal(channel_state(p.server.c), CHANNEL_UP);
	assert_string_equal(channel_facts(p.client.c)->certs[0].subject, "CN=other.test");
	assert_string_equal(channel_facts(p.server.c)->certs[0].subject, "CN=pool.test");
	assert_string_equal(channel_facts(p.server.c)->alpn, "sip/2");
	close_pair(&p);
	c.identity = TLS_IDENTITY_NONE;
	open_pair(&p, &c, &s);
	assert_int_equal(channel_state(p.server.c), CHANNEL_FAILED);
	close_pair(&p);
}

/* ---- what nobody should use ---- */

/* A trust of its own, since what is permitted is so before the first context. */
static struct trust *weak_trust(bool permit)
{
	enum { ID_WEAK = 2 };
	struct trust *const usual = trust;
	struct buf pem;

	buf_init(&pem, MAX);
	assert_int_equal(trust_new(&trust), 0);
	if (permit)
		trust_permit_weak(trust);
	add_ca(ours, TRUST_OURS);
	assert_int_equal(trust_add_identity(trust, ID_GOOD, buf_slice(&good_pem)), 0);
	assert_int_equal(authority_put_weak_identity(ours, "weak.test", -DAY, DAY, &pem), 0);
	assert_int_equal(trust_add_identity(trust, ID_WEAK, buf_slice(&pem)), 0);
	buf_done(&pem);
	return usual;
}

static const struct tls_policy weak_name = { .trust = TRUST_OURS, .name = "weak.test" };
static const struct tls_policy weak_key = { .accept = true, .identity = 2 };
static const struct tls_policy old_version = {
	.accept = true, .identity = ID_GOOD, .max_version = 0x0302
};

static void a_weak_server_is_noticed(void **state)
{
	struct trust *const usual = weak_trust(true);
	struct pair p;

	(void)state;
	open_pair(&p, &weak_name, &weak_key);
	assert_int_equal(channel_state(p.client.c), CHANNEL_FAILED);
	assert_int_equal(channel_facts(p.client.c)->faults, TLS_FAULT_WEAK);
	close_pair(&p);
	open_pair(&p, &client_policy, &old_version);
	assert_int_equal(channel_facts(p.client.c)->failure, TLS_FAILURE_VERSION);
	close_pair(&p);
	trust_free(trust);
	trust = usual;
}

static void a_server_is_never_weak_without_leave(void **state)
{
	struct trust *const usual = weak_trust(false);
	struct channel *c = NULL;

	(void)state;
	assert_int_equal(channel_new(&c, trust, &weak_key), -EINVAL);
	assert_null(c);
	trust_free(trust);
	trust = usual;
}

/* The client would see another one's certificate instead, and nobody would know why. */
static void an_identity_too_weak_to_be_shown_is_not_replaced(void **state)
{
	struct trust *const usual = weak_trust(false);
	struct tls_policy c = client_policy, s = server_policy;
	struct pair p;

	(void)state;
	snprintf(c.name, sizeof(c.name), "weak.test");
	c.verify = TLS_VERIFY_NOTE;
	s.identities = TLS_IDENTITY_BIT(2);
	open_pair(&p, &c, &s);
	assert_int_equal(channel_state(p.server.c), CHANNEL_FAILED);
	assert_int_equal(channel_facts(p.client.c)->failure, TLS_FAILURE_ALERT);
	assert_int_equal(channel_facts(p.client.c)->alert, 80); /* internal_error */
	assert_int_equal(channel_facts(p.client.c)->n_certs, 0);
	close_pair(&p);
	trust_free(trust);
	trust = usual;
}

static void the_greatest_version_can_be_bounded(void **state)
{
	enum { TLS_1_2 = 0x0303 };
	struct tls_policy s = server_policy;
	struct pair p;

	(void)state;
	s.max_version = TLS_1_2;
	open_pair(&p, &client_policy, &s);
	assert_int_equal(channel_state(p.client.c), CHANNEL_UP);
	assert_string_equal(channel_facts(p.client.c)->version, "TLSv1.2");
	close_pair(&p);
}

static void what_was_never_loaded_is_refused(void **state)
{
	static const struct tls_policy rows[] = {
		{ .trust = 7 },
		{ .trust = TRUST_MAX },
		{ .trust = TRUST_OURS, .identity = 7 },
		{ .accept = true },
		{ .accept = true, .identity = IDENTITY_MAX },
		{ .accept = true, .identity = ID_GOOD, .identities = TLS_IDENTITY_BIT(7) },
	};
	struct channel *c = NULL;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_int_equal(channel_new(&c, trust, &rows[i]), -EINVAL);
	assert_null(c);
}

static void what_is_no_certificate_is_not_loaded(void **state)
{
	struct buf half;

	(void)state;
	assert_int_equal(trust_add_ca(trust, 6, SLICE("no PEM at all")), ERR_SYNTAX);
	assert_int_equal(trust_add_identity(trust, 7, SLICE("no PEM at all")), ERR_SYNTAX);
	buf_init(&half, MAX);
	assert_int_equal(authority_put_ca(ours, &half), 0);
	assert_int_equal(trust_add_identity(trust, 7, buf_slice(&half)), ERR_SYNTAX); /* no key */
	assert_int_equal(trust_add_ca(trust, 0, buf_slice(&half)), ERR_LIMIT);
	assert_int_equal(trust_add_ca(trust, TRUST_MAX, buf_slice(&half)), ERR_LIMIT);
	assert_int_equal(trust_add_ca(trust, TRUST_OURS, buf_slice(&half)), ERR_LIMIT);
	buf_done(&half);
}

/* RFC 5929 section 4.1: SHA-256 in place of MD5 and SHA-1, else the hash of the signature. */
static void the_end_point_has_the_hash_of_the_signature(void **state)
{
	static const struct {
		const char *digest;
		unsigned n;
	} rows[] = { { "SHA256", 32 }, { "SHA384", 48 }, { "SHA512", 64 }, { "SHA1", 32 } };
	struct tls_policy c = { .verify = TLS_VERIFY_NOTE }, s = { .accept = true };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct trust *const usual = weak_trust(true);
		struct buf pem;
		struct pair p;

		buf_init(&pem, MAX);
		named_put_identity(NULL, 0, EVP_get_digestbyname(rows[i].digest), &pem);
		s.identity = ID_NUL;
		assert_int_equal(trust_add_identity(trust, ID_NUL, buf_slice(&pem)), 0);
		buf_done(&pem);
		open_pair(&p, &c, &s);
		assert_int_equal(channel_facts(p.client.c)->n_end_point, rows[i].n);
		assert_int_equal(channel_facts(p.server.c)->n_end_point, rows[i].n);
		assert_memory_equal(channel_facts(p.client.c)->end_point,
			channel_facts(p.server.c)->end_point, rows[i].n);
		close_pair(&p);
		trust_free(trust);
		trust = usual;
	}
}

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
static void put_long_chain(struct buf *pem)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	char subject[16], issuer[16], *text;

	for (unsigned i = 0; i < LONG; i++) {
		X509 *x = X509_new();
		X509_EXTENSION *ca =
			X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "CA:TRUE");

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

/* The issuer that nobody knows is above all that is kept. */
static void a_long_chain_is_refused_for_what_is_wrong_above_it(void **state)
{
	struct tls_policy s = { .accept = true, .identity = ID_LONG };
	struct tls_policy c = { .trust = TRUST_OURS };
	struct buf pem;
	struct pair p;

	(void)state;
	buf_init(&pem, MAX);
	put_long_chain(&pem);
	assert_int_equal(trust_add_identity(trust, ID_LONG, buf_slice(&pem)), 0);
	buf_done(&pem);
	open_pair(&p, &c, &s);
	const struct tls_facts *f = channel_facts(p.client.c);
	assert_int_equal(f->failure, TLS_FAILURE_CERTIFICATE);
	assert_int_equal(f->faults, TLS_FAULT_UNTRUSTED);
	assert_int_equal(f->n_certs, TLS_CHAIN_MAX);
	close_pair(&p);
}

/* The library has an allocator of its own; so many times more it has memory, -1: always. */
static long library_left = -1;
static bool library_refused;

static bool library_may(void)
{
	library_refused |= library_left == 0;
	if (library_left == 0)
		return false;
	library_left -= library_left > 0;
	return true;
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

static void without_memory_in_the_library_nothing_is_left_behind(void **state)
{
	struct tls_policy policy = client_policy;
	struct channel *c = NULL;
	int err = -ENOMEM;

	(void)state;
	snprintf(policy.alpn, sizeof(policy.alpn), "sip/2");
	for (long n = 0; err == -ENOMEM && n < 1000; n++) {
		library_left = n;
		library_refused = false;
		err = channel_new(&c, trust, &policy);
		library_left = -1;
	}
	assert_int_equal(err, 0);
	assert_false(library_refused); /* a channel is whole, or there is none */
	channel_free(c);
}

static void without_memory_in_the_library_nothing_is_taken_as_written(void **state)
{
	static const uint8_t much[200000];
	struct pair p;

	(void)state;
	open_pair(&p, &client_policy, &server_policy);
	library_left = 0;
	int err = channel_write(p.client.c, slice_of(much, sizeof(much)), &p.client.wire);
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
		cmocka_unit_test(both_sides_see_the_same_facts),
		cmocka_unit_test(bytes_go_both_ways_in_any_pieces),
		cmocka_unit_test(what_others_left_in_the_library_is_no_error_here),
		cmocka_unit_test(a_buffer_that_takes_no_more_is_an_error),
		cmocka_unit_test(a_closed_side_is_an_end_not_a_failure),
		cmocka_unit_test(what_was_never_up_is_closed_without_a_word),
		cmocka_unit_test(alpn_is_agreed_or_left_out),
		cmocka_unit_test(all_faults_of_a_chain_are_collected),
		cmocka_unit_test(the_words_are_of_the_first_fault),
		cmocka_unit_test(the_server_can_ask_for_a_certificate),
		cmocka_unit_test(a_refused_client_was_up),
		cmocka_unit_test(a_name_with_a_nul_is_another_name),
		cmocka_unit_test(the_protocol_says_what_a_name_is),
		cmocka_unit_test(the_subject_is_no_name),
		cmocka_unit_test(the_server_name_chooses_the_certificate),
		cmocka_unit_test(a_chosen_certificate_changes_nothing_else),
		cmocka_unit_test(a_weak_server_is_noticed),
		cmocka_unit_test(a_server_is_never_weak_without_leave),
		cmocka_unit_test(an_identity_too_weak_to_be_shown_is_not_replaced),
		cmocka_unit_test(the_greatest_version_can_be_bounded),
		cmocka_unit_test(what_was_never_loaded_is_refused),
		cmocka_unit_test(what_is_no_certificate_is_not_loaded),
		cmocka_unit_test(the_end_point_has_the_hash_of_the_signature),
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
		cmocka_unit_test(a_long_chain_is_refused_for_what_is_wrong_above_it),
		cmocka_unit_test(without_memory_in_the_library_nothing_is_left_behind),
		cmocka_unit_test(without_memory_in_the_library_nothing_is_taken_as_written),
		cmocka_unit_test(without_memory_nothing_is_left_behind),
	};

	if (!CRYPTO_set_mem_functions(library_malloc, library_realloc, library_free))
		return 1;
	return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* The handshake, what it shows, and whose certificate is taken for what. */
#include "channel_rig.h"

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
		say(&p.client, "!"); /* a record of one byte */
		settle(&p, pieces[i]);
		heard(&p.server, "REGISTER again!");
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
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

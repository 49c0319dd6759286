#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/str.h"
#include "xmpp/sasl_scram.h"

static struct tls_facts tls13(void)
{
	struct tls_facts tls = { .version = "TLSv1.3", .n_exporter = 32, .n_end_point = 32 };

	memset(tls.exporter, 0x13, sizeof(tls.exporter));
	memset(tls.end_point, 0x57, 32);
	return tls;
}

static struct tls_facts tls12(void)
{
	struct tls_facts tls = { .version = "TLSv1.2", .n_unique = 12, .n_end_point = 32 };

	memset(tls.unique, 0x12, 12);
	memset(tls.end_point, 0x57, 32);
	return tls;
}

/* A server of today names its binding (XEP-0440). */
static struct sasl_client_cfg announced(const struct sasl_client_cfg *cfg)
{
	struct sasl_client_cfg mine = *cfg;

	mine.binding_offered[SASL_BINDING_TLS_EXPORTER] = cfg->tls && cfg->tls->n_exporter > 0;
	return mine;
}

static struct sasl_client *client(const struct sasl_client_cfg *cfg)
{
	const struct sasl_client_cfg mine = announced(cfg);
	struct sasl_client *c = NULL;
	struct rng rng;

	rng_init_number(&rng, 1);
	assert_int_equal(sasl_client_new(&c, &mine, &rng), 0);
	return c;
}

static struct sasl_server *server(const struct sasl_server_cfg *cfg)
{
	struct sasl_server *s = NULL;
	struct rng rng;

	rng_init_number(&rng, 2);
	assert_int_equal(sasl_server_new(&s, cfg, &rng), 0);
	return s;
}

static struct sasl_secret secret_of(const char *password)
{
	struct sasl_secret secret;
	struct rng rng;

	rng_init_number(&rng, 3);
	assert_int_equal(sasl_secret_make(&secret, slice_str(password), 4096, &rng), 0);
	return secret;
}

/* ---- names ---- */

static void names_go_both_ways(void **state)
{
	enum sasl_mechanism m;
	enum sasl_binding b;

	(void)state;
	for (unsigned i = 0; i < SASL_MECHANISMS; i++) {
		assert_true(sasl_mechanism_find(
			slice_str(sasl_mechanism_name((enum sasl_mechanism)i)), &m));
		assert_int_equal(m, i);
	}
	for (unsigned i = SASL_BINDING_NONE + 1; i < SASL_BINDINGS; i++) {
		assert_true(
			sasl_binding_find(slice_str(sasl_binding_name((enum sasl_binding)i)), &b));
		assert_int_equal(b, i);
	}
	assert_false(sasl_mechanism_find(SLICE("scram-sha-1"), &m));
	assert_false(sasl_mechanism_find(SLICE("CRAM-MD5"), &m));
	assert_false(sasl_binding_find(SLICE("none"), &b));
	for (unsigned i = 0; i <= SASL_FAIL_INTERNAL; i++)
		assert_non_null(sasl_result_name((enum sasl_result)i));
}

/* ---- the RFCs' own exchanges ---- */

struct vector {
	enum sasl_mechanism mechanism;
	const char *nonce, *first, *server_first, *final, *server_final;
};

static const struct vector vectors[] = {
	{ SASL_SCRAM_SHA1, "fyko+d2lbbFgONRv9qkxdawL", /* RFC 5802 section 5 */
		"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
		"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
		"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,"
		"p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
		"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=" },
	{ SASL_SCRAM_SHA256, "rOprNGfwEbeRWgbNEkqO", /* RFC 7677 section 3 */
		"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
		"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=" },
	/* No RFC has one: RFC 7677's, worked out by Python's hmac and hashlib. */
	{ SASL_SCRAM_SHA512, "rOprNGfwEbeRWgbNEkqO", "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
		"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
		"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
		"p=gMGXRcevScNtxZ6/8lQYpGtnsNAc3mGcmNomv+xnoOMw"
		"+3R2xNJdMNnzMlTN8PPC6wdp6dybEmDYXYTxwnYPJQ==",
		"v=ZQnYEgWQMFmmsM8aQMF0nDDCy/AgCzkwk8CmMZYcMg0v"
		"SVlKDanekLtifDSeVGT4+5ZxXnJq199RVG2rR7N7Zw==" },
};

static struct sasl_client *vector_client(const struct vector *v)
{
	struct sasl_client_cfg cfg = {
		.username = SLICE("user"),
		.password = SLICE("pencil"),
	};

	cfg.offered[v->mechanism] = true;
	struct sasl_client *c = client(&cfg);
	sasl_client_set_nonce(c, v->nonce);
	return c;
}

static void the_client_speaks_as_in_the_rfcs(void **state)
{
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		struct sasl_client *c = vector_client(v);

		buf_clear(&out);
		assert_int_equal(sasl_client_first(c, &out), SASL_CONTINUE);
		assert_string_equal(buf_cstr(&out), v->first);
		buf_clear(&out);
		assert_int_equal(
			sasl_client_push(c, slice_str(v->server_first), &out), SASL_CONTINUE);
		assert_string_equal(buf_cstr(&out), v->final);
		buf_clear(&out);
		assert_int_equal(sasl_client_push(c, slice_str(v->server_final), &out), SASL_DONE);
		assert_int_equal(buf_len(&out), 0);
		/* The proof came in a challenge: the empty <success/> is fine, more is not. */
		assert_int_equal(sasl_client_push(c, SLICE(""), &out), SASL_DONE);
		assert_int_equal(sasl_client_push(c, SLICE("x"), &out), SASL_FAIL_SYNTAX);
		sasl_client_free(c);
	}
	buf_done(&out);
}

static void the_server_speaks_as_in_the_rfc(void **state)
{
	const struct vector *v = &vectors[1];
	struct sasl_server_cfg cfg = { .offer = { [SASL_SCRAM_SHA256] = true } };
	struct sasl_server *s = server(&cfg);
	struct sasl_secret secret = { .iterations = 4096 };
	struct scram_keys keys;
	uint8_t salted[SCRAM_KEY_MAX];
	size_t n;
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(
		scram_get_base64(SLICE("W22ZaJ0SNY7soEsUEjb6gQ=="), secret.salt, 16, &n), 0);
	const struct scram_params params = {
		.hash = SCRAM_SHA256,
		.salt = slice_of(secret.salt, n),
		.iterations = 4096,
	};
	assert_true(scram_salted(&params, SLICE("pencil"), salted));
	assert_true(scram_derive(SCRAM_SHA256, salted, &keys));
	memcpy(secret.stored_sha256, keys.stored, 32);
	memcpy(secret.server_sha256, keys.server, 32);

	sasl_server_set_nonce(s, "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0");
	assert_int_equal(
		sasl_server_start(s, SASL_SCRAM_SHA256, slice_str(v->first), &out), SASL_CONTINUE);
	assert_true(sasl_server_wants_account(s));
	assert_true(slice_eqs(sasl_server_username(s), "user"));
	assert_int_equal(sasl_server_account(s, &secret, &out), SASL_CONTINUE);
	assert_string_equal(buf_cstr(&out), v->server_first);
	buf_clear(&out);
	assert_int_equal(sasl_server_push(s, slice_str(v->final), &out), SASL_DONE);
	assert_string_equal(buf_cstr(&out), v->server_final);
	assert_int_equal(sasl_server_push(s, SLICE(""), &out), SASL_DONE);
	sasl_server_free(s);
	buf_done(&out);
}

/* ---- what the client does not swallow ---- */

#define NONCE "fyko+d2lbbFgONRv9qkxdawL"

static void a_bad_server_first_is_refused(void **state)
{
	static const struct {
		const char *name, *in;
		enum sasl_result want;
	} cases[] = {
		{ "nothing", "", SASL_FAIL_SYNTAX },
		{ "no nonce", "s=QSXCR+Q6sek8bf92,i=4096", SASL_FAIL_SYNTAX },
		{ "an empty nonce", "r=,s=QSXCR+Q6sek8bf92,i=4096", SASL_FAIL_SYNTAX },
		{ "another nonce", "r=fyko+d2lbbFgONRv9qkxdawM3,s=QSXCR+Q6sek8bf92,i=4096",
			SASL_FAIL_NONCE },
		{ "a nonce that adds nothing", "r=" NONCE ",s=QSXCR+Q6sek8bf92,i=4096",
			SASL_FAIL_NONCE },
		{ "a shorter nonce", "r=fyko,s=QSXCR+Q6sek8bf92,i=4096", SASL_FAIL_NONCE },
		{ "what must be understood", "m=x,r=" NONCE "3,s=QSXCR+Q6sek8bf92,i=4096",
			SASL_FAIL_SYNTAX },
		{ "no salt", "r=" NONCE "3,i=4096", SASL_FAIL_SYNTAX },
		{ "an empty salt", "r=" NONCE "3,s=,i=4096", SASL_FAIL_SYNTAX },
		{ "a salt that is no base64", "r=" NONCE "3,s=QSXC!,i=4096", SASL_FAIL_SYNTAX },
		{ "no iterations", "r=" NONCE "3,s=QSXCR+Q6sek8bf92", SASL_FAIL_SYNTAX },
		{ "iterations that are no number", "r=" NONCE "3,s=QSXCR+Q6sek8bf92,i=-1",
			SASL_FAIL_SYNTAX },
		{ "too few iterations", "r=" NONCE "3,s=QSXCR+Q6sek8bf92,i=4095",
			SASL_FAIL_ITERATIONS },
		{ "too many iterations", "r=" NONCE "3,s=QSXCR+Q6sek8bf92,i=1000001",
			SASL_FAIL_ITERATIONS },
		{ "very many iterations", "r=" NONCE "3,s=QSXCR+Q6sek8bf92,i=4294967295",
			SASL_FAIL_ITERATIONS },
		{ "an extension", "r=" NONCE "3,s=QSXCR+Q6sek8bf92,i=4096,x=y", SASL_CONTINUE },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sasl_client *c = vector_client(&vectors[0]);

		assert_int_equal(sasl_client_first(c, &out), SASL_CONTINUE);
		buf_clear(&out);
		enum sasl_result got = sasl_client_push(c, slice_str(cases[i].in), &out);
		if (got != cases[i].want)
			fail_msg("%s: %s", cases[i].name, sasl_result_name(got));
		assert_int_equal(buf_len(&out) > 0, got == SASL_CONTINUE);
		if (got != SASL_CONTINUE)
			assert_int_equal(
				sasl_client_push(c, slice_str(vectors[0].server_first), &out),
				SASL_FAIL_SYNTAX);
		sasl_client_free(c);
	}
	struct sasl_client *c = vector_client(&vectors[0]);
	static uint8_t big[SASL_MESSAGE_MAX + 1];
	assert_int_equal(sasl_client_first(c, &out), SASL_CONTINUE);
	assert_int_equal(sasl_client_push(c, slice_of(big, sizeof(big)), &out), SASL_FAIL_SYNTAX);
	sasl_client_free(c);
	buf_done(&out);
}

static void a_server_that_proves_nothing_is_an_impostor(void **state)
{
	static const struct {
		const char *in;
		enum sasl_result want;
	} cases[] = {
		{ "", SASL_FAIL_SERVER_PROOF },
		{ "v=rmF9pqV8S7suAoZWja4dJRkFsKR=", SASL_FAIL_SYNTAX }, /* stray bits */
		{ "v=smF9pqV8S7suAoZWja4dJRkFsKQ=", SASL_FAIL_SERVER_PROOF },
		{ "v=rmF9pqV8S7suAoZWja4dJRkFsA==", SASL_FAIL_SERVER_PROOF },
		{ "v=", SASL_FAIL_SERVER_PROOF },
		{ "v=!", SASL_FAIL_SYNTAX },
		{ "w=rmF9pqV8S7suAoZWja4dJRkFsKQ=", SASL_FAIL_SYNTAX },
		{ "e=invalid-proof", SASL_FAIL_CREDENTIALS },
		{ "e=channel-bindings-dont-match", SASL_FAIL_BINDING },
		{ "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,x=y", SASL_DONE },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sasl_client *c = vector_client(&vectors[0]);

		sasl_client_first(c, &out);
		sasl_client_push(c, slice_str(vectors[0].server_first), &out);
		enum sasl_result got = sasl_client_push(c, slice_str(cases[i].in), &out);
		if (got != cases[i].want)
			fail_msg("%s: %s", cases[i].in, sasl_result_name(got));
		sasl_client_free(c);
	}
	buf_done(&out);
}

/* ---- the choice ---- */

enum tls_kind { CLEAR, TLS12, TLS13, TLS_BARE };

enum {
	P = 1 << SASL_PLAIN,
	S1 = 1 << SASL_SCRAM_SHA1,
	S1P = 1 << SASL_SCRAM_SHA1_PLUS,
	S2 = 1 << SASL_SCRAM_SHA256,
	S2P = 1 << SASL_SCRAM_SHA256_PLUS,
	S5 = 1 << SASL_SCRAM_SHA512,
	S5P = 1 << SASL_SCRAM_SHA512_PLUS,
	X = 1 << SASL_EXTERNAL,
	EXPORTER = 1 << SASL_BINDING_TLS_EXPORTER,
	UNIQUE = 1 << SASL_BINDING_TLS_UNIQUE,
	END_POINT = 1 << SASL_BINDING_TLS_SERVER_END_POINT,
	NONE = SASL_MECHANISMS,
};
static const struct {
	const char *name;
	unsigned offered, bindings;
	enum tls_kind tls;
	bool plain, external;
	unsigned mechanism;
	enum sasl_binding binding;
	const char *start; /* of the first message */
} choices[] = {
	{ "SHA-256 before SHA-1", P | S1 | S2, 0, CLEAR, true, false, SASL_SCRAM_SHA256,
		SASL_BINDING_NONE, "n,," },
	{ "SHA-512 before both", P | S1 | S2 | S5, 0, CLEAR, true, false, SASL_SCRAM_SHA512,
		SASL_BINDING_NONE, "n,," },
	{ "SHA-512 alone", S5, 0, CLEAR, false, false, SASL_SCRAM_SHA512, SASL_BINDING_NONE,
		"n,," },
	{ "SHA-512 with a binding", S2P | S5 | S5P, EXPORTER, TLS13, false, false,
		SASL_SCRAM_SHA512_PLUS, SASL_BINDING_TLS_EXPORTER, "p=tls-exporter,," },
	{ "its -PLUS is one that is not missing", S5 | S5P, END_POINT, TLS_BARE, false, false,
		SASL_SCRAM_SHA512, SASL_BINDING_NONE, "n,," },
	{ "TLS 1.3 where no binding is announced", S1 | S2 | S2P, 0, TLS13, false, false,
		SASL_SCRAM_SHA256, SASL_BINDING_NONE, "n,," },
	{ "a binding that TLS 1.3 has", P | S1 | S1P | S2 | S2P, EXPORTER, TLS13, true, false,
		SASL_SCRAM_SHA256_PLUS, SASL_BINDING_TLS_EXPORTER, "p=tls-exporter,," },
	{ "a binding that TLS 1.2 has", S2 | S2P, 0, TLS12, false, false, SASL_SCRAM_SHA256_PLUS,
		SASL_BINDING_TLS_UNIQUE, "p=tls-unique,," },
	{ "a binding before a hash", S2 | S1P, EXPORTER, TLS13, false, false, SASL_SCRAM_SHA1_PLUS,
		SASL_BINDING_TLS_EXPORTER, "p=tls-exporter,," },
	{ "the announced binding", S2 | S2P, END_POINT, TLS13, false, false, SASL_SCRAM_SHA256_PLUS,
		SASL_BINDING_TLS_SERVER_END_POINT, "p=tls-server-end-point,," },
	{ "the best that is announced", S2P, END_POINT | EXPORTER, TLS13, false, false,
		SASL_SCRAM_SHA256_PLUS, SASL_BINDING_TLS_EXPORTER, "p=tls-exporter,," },
	{ "an announced binding that we do not have", S2 | S2P, UNIQUE, TLS13, false, false,
		SASL_SCRAM_SHA256, SASL_BINDING_NONE, "n,," },
	{ "-PLUS without TLS", S2 | S2P, 0, CLEAR, false, false, SASL_SCRAM_SHA256,
		SASL_BINDING_NONE, "n,," },
	{ "TLS without a binding", S2 | S2P, 0, TLS_BARE, false, false, SASL_SCRAM_SHA256,
		SASL_BINDING_NONE, "n,," },
	{ "no -PLUS where there could be", S2, 0, TLS13, false, false, SASL_SCRAM_SHA256,
		SASL_BINDING_NONE, "y,," },
	{ "no -PLUS, but bindings", S1, EXPORTER, TLS13, false, false, SASL_SCRAM_SHA1,
		SASL_BINDING_NONE, "y,," },
	{ "PLAIN where it may be", P, 0, TLS13, true, false, SASL_PLAIN, SASL_BINDING_NONE, "" },
	{ "PLAIN where it may not be", P, 0, TLS13, false, false, NONE, 0, "" },
	{ "only -PLUS, without TLS", S2P | S1P, 0, CLEAR, false, false, NONE, 0, "" },
	{ "a certificate", P | S2 | X, 0, TLS13, true, true, SASL_EXTERNAL, SASL_BINDING_NONE, "" },
	{ "no certificate", X, 0, TLS13, true, false, NONE, 0, "" },
	{ "nothing", 0, 0, TLS13, true, true, NONE, 0, "" },
};

static void the_best_mechanism_is_chosen(void **state)
{
	struct tls_facts with13 = tls13(), with12 = tls12(), bare = { .version = "TLSv1.3" };
	const struct tls_facts *const tls[] = {
		[CLEAR] = NULL, [TLS12] = &with12, [TLS13] = &with13, [TLS_BARE] = &bare
	};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(choices); i++) {
		struct sasl_client_cfg cfg = {
			.username = SLICE("u"),
			.password = SLICE("p"),
			.tls = tls[choices[i].tls],
			.allow_plain = choices[i].plain,
			.external = choices[i].external,
		};
		struct sasl_client *c = NULL;
		struct rng rng;

		for (unsigned m = 0; m < SASL_MECHANISMS; m++)
			cfg.offered[m] = choices[i].offered >> m & 1;
		for (unsigned b = 0; b < SASL_BINDINGS; b++)
			cfg.binding_offered[b] = choices[i].bindings >> b & 1;
		rng_init_number(&rng, 1);
		int err = sasl_client_new(&c, &cfg, &rng);
		if (err != (choices[i].mechanism == NONE ? ERR_UNSUPPORTED : 0))
			fail_msg("%s: %d", choices[i].name, err);
		if (err)
			continue;
		buf_clear(&out);
		sasl_client_first(c, &out);
		if (sasl_client_mechanism(c) != choices[i].mechanism ||
			sasl_client_binding(c) != choices[i].binding ||
			sasl_client_plus_missing(c) != (choices[i].start[0] == 'y') ||
			!slice_starts(buf_slice(&out), slice_str(choices[i].start)))
			fail_msg("%s: %s", choices[i].name, buf_cstr(&out));
		sasl_client_free(c);
	}
	buf_done(&out);
}

static void plain_and_external_say_it_at_once(void **state)
{
	struct sasl_client_cfg cfg = {
		.username = SLICE("pilar"),
		.password = SLICE("s\u00E9cret\u00A0x"), /* a space that saslprep maps */
		.authzid = SLICE("pilar@x"),
		.allow_plain = true,
		.offered = { [SASL_PLAIN] = true },
	};
	struct sasl_client *c = client(&cfg);
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	assert_int_equal(sasl_client_first(c, &out), SASL_CONTINUE);
	assert_true(slice_eq(buf_slice(&out), SLICE("pilar@x\0pilar\0s\u00E9cret x")));
	assert_int_equal(sasl_client_push(c, SLICE(""), &out), SASL_DONE);
	sasl_client_free(c);

	cfg.offered[SASL_EXTERNAL] = cfg.external = true;
	c = client(&cfg);
	buf_clear(&out);
	assert_int_equal(sasl_client_first(c, &out), SASL_CONTINUE);
	assert_string_equal(buf_cstr(&out), "pilar@x");
	assert_int_equal(sasl_client_push(c, SLICE("what"), &out), SASL_FAIL_SYNTAX);
	sasl_client_free(c);
	buf_done(&out);
}

static void names_are_prepared_and_escaped(void **state)
{
	static const struct {
		const char *username, *password, *authzid;
		int err;
		const char *start;
	} cases[] = {
		{ "user", "p", "", 0, "n,,n=user,r=" },
		{ "a,b=c", "p", "x=,", 0, "n,a=x=3D=2C,n=a=2Cb=3Dc,r=" },
		{ "I\u00ADX", "p", "", 0, "n,,n=IX,r=" }, /* RFC 4013 section 3 */
		{ "\u00AA", "p", "", 0, "n,,n=a,r=" },
		{ "\u2168", "p", "", 0, "n,,n=IX,r=" },
		{ "\a", "p", "", ERR_SYNTAX, "" },
		{ "\u06271", "p", "", ERR_SYNTAX, "" },
		{ "\xff", "p", "", ERR_SYNTAX, "" },
		{ "u", "\x7f", "", ERR_SYNTAX, "" },
		{ "u", "p", "\n", ERR_SYNTAX, "" },
		{ "", "p", "", ERR_SYNTAX, "" },
	};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sasl_client_cfg cfg = {
			.username = slice_str(cases[i].username),
			.password = slice_str(cases[i].password),
			.authzid = slice_str(cases[i].authzid),
			.offered = { [SASL_SCRAM_SHA1] = true },
		};
		struct sasl_client *c = NULL;
		struct rng rng;

		rng_init_number(&rng, 1);
		if (sasl_client_new(&c, &cfg, &rng) != cases[i].err)
			fail_msg("case %zu", i);
		if (!c)
			continue;
		buf_clear(&out);
		sasl_client_first(c, &out);
		if (!slice_starts(buf_slice(&out), slice_str(cases[i].start)))
			fail_msg("%s", buf_cstr(&out));
		sasl_client_free(c);
	}
	char longest[1025];
	memset(longest, 'x', sizeof(longest));
	struct sasl_client_cfg cfg = {
		.username = slice_of(longest, 1024),
		.offered = { [SASL_SCRAM_SHA1] = true },
	};
	struct sasl_client *c = NULL;
	struct rng rng;
	rng_init_number(&rng, 1);
	assert_int_equal(sasl_client_new(&c, &cfg, &rng), ERR_LIMIT);
	buf_done(&out);
}

/* ---- both sides ---- */

struct pair {
	struct sasl_client_cfg c;
	struct sasl_server_cfg s;
	const struct sasl_secret *secret;
	enum sasl_result client, server; /* how each ended */
	int steps;
};

/* Carries messages between the two until one ends; <success/> has the server's last. */
static void converse(struct pair *p)
{
	struct sasl_client *c = client(&p->c);
	struct sasl_server *s = server(&p->s);
	struct buf up, down;

	buf_init(&up, 8192);
	buf_init(&down, 8192);
	p->client = sasl_client_first(c, &up);
	p->server = sasl_server_start(s, sasl_client_mechanism(c), buf_slice(&up), &down);
	for (p->steps = 0; p->steps < 10; p->steps++) {
		if (p->server == SASL_CONTINUE && sasl_server_wants_account(s))
			p->server = sasl_server_account(s, p->secret, &down);
		if (p->server != SASL_CONTINUE && p->server != SASL_DONE)
			break;
		buf_clear(&up);
		p->client = sasl_client_push(c, buf_slice(&down), &up);
		if (p->client != SASL_CONTINUE || p->server == SASL_DONE)
			break;
		buf_clear(&down);
		p->server = sasl_server_push(s, buf_slice(&up), &down);
	}
	buf_done(&up);
	buf_done(&down);
	sasl_client_free(c);
	sasl_server_free(s);
}

static void every_mechanism_works_between_us(void **state)
{
	struct sasl_secret secret = secret_of("pencil");
	struct tls_facts with13 = tls13(), with12 = tls12();

	(void)state;
	for (unsigned m = 0; m < SASL_MECHANISMS; m++) {
		for (unsigned i = 0; i < 4; i++) {
			const struct tls_facts *tls = i & 1 ? &with13 : &with12;
			const char *password = i & 2 ? "pencil" : "pencil ";
			bool right = (i & 2) || m == SASL_EXTERNAL;
			struct pair p = {
				.c = { .username = SLICE("user"),
					.password = slice_str(password),
					.tls = tls,
					.allow_plain = true,
					.external = true },
				.s = { .tls = tls },
				.secret = &secret,
			};

			p.c.offered[m] = p.s.offer[m] = true;
			converse(&p);
			if (p.server != (right ? SASL_DONE : SASL_FAIL_CREDENTIALS) ||
				(right && p.client != SASL_DONE))
				fail_msg("%s, %u: client %s, server %s",
					sasl_mechanism_name((enum sasl_mechanism)m), i,
					sasl_result_name(p.client), sasl_result_name(p.server));
		}
	}
}

static void who_sits_in_between_is_noticed(void **state)
{
	struct sasl_secret secret = secret_of("pencil");
	struct tls_facts here = tls13(), there = tls13();
	struct pair p = {
		.c = { .username = SLICE("user"), .password = SLICE("pencil"), .tls = &here },
		.s = { .tls = &there },
		.secret = &secret,
	};

	(void)state;
	there.exporter[0] ^= 1;
	p.c.offered[SASL_SCRAM_SHA256_PLUS] = p.s.offer[SASL_SCRAM_SHA256_PLUS] = true;
	converse(&p);
	assert_int_equal(p.server, SASL_FAIL_BINDING);

	/* -PLUS was taken off the list on the way. */
	p.c.offered[SASL_SCRAM_SHA256_PLUS] = false;
	p.c.offered[SASL_SCRAM_SHA256] = p.s.offer[SASL_SCRAM_SHA256] = true;
	converse(&p);
	assert_int_equal(p.server, SASL_FAIL_BINDING);

	/* It was never on it. */
	p.s.offer[SASL_SCRAM_SHA256_PLUS] = false;
	converse(&p);
	assert_int_equal(p.server, SASL_DONE);
	assert_int_equal(p.client, SASL_DONE);
}

static void nobody_learns_who_exists(void **state)
{
	static const char *const names[] = { "nobody", "nobody", "somebody" };
	struct sasl_server_cfg cfg = {
		.offer = { [SASL_SCRAM_SHA1] = true, [SASL_PLAIN] = true },
		.fake_key = { 7 },
		.fake_iterations = 5000,
	};
	char salts[3][128];
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(names); i++) {
		struct sasl_server *s = server(&cfg);
		char first[64];

		snprintf(first, sizeof(first), "n,,n=%s,r=abc", names[i]);
		buf_clear(&out);
		sasl_server_start(s, SASL_SCRAM_SHA1, slice_str(first), &out);
		assert_int_equal(sasl_server_account(s, NULL, &out), SASL_CONTINUE);
		const char *salt = strstr(buf_cstr(&out), ",s=");
		assert_non_null(salt);
		assert_non_null(strstr(salt, ",i=5000"));
		assert_int_equal(strlen(salt), strlen(",s=,i=5000") + 24);
		snprintf(salts[i], sizeof(salts[i]), "%s", salt);
		sasl_server_free(s);
	}
	assert_string_equal(salts[0], salts[1]);
	assert_string_not_equal(salts[0], salts[2]);
	buf_done(&out);

	for (unsigned m = SASL_PLAIN; m <= SASL_SCRAM_SHA1; m++) {
		struct pair p = {
			.c = { .username = SLICE("nobody"),
				.password = SLICE("x"),
				.allow_plain = true },
			.s = cfg,
		};

		p.c.offered[m] = true;
		converse(&p);
		assert_int_equal(p.server, SASL_FAIL_CREDENTIALS);
		assert_int_equal(p.steps, m == SASL_PLAIN ? 0 : 1);
	}
}

static const struct {
	const char *name;
	struct slice in;
	enum sasl_mechanism mechanism;
	enum sasl_result want;
} bad_first[] = {
	{ "good", SLICE("n,,n=user,r=abc"), SASL_SCRAM_SHA1, SASL_CONTINUE },
	{ "with authzid", SLICE("n,a=you,n=user,r=abc"), SASL_SCRAM_SHA1, SASL_CONTINUE },
	{ "with an extension", SLICE("n,,n=user,r=abc,x=y"), SASL_SCRAM_SHA1, SASL_CONTINUE },
	{ "no initial response", SLICE(""), SASL_SCRAM_SHA1, SASL_CONTINUE },
	{ "no flag", SLICE("n=user,r=abc"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "an odd flag", SLICE("z,,n=user,r=abc"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "no header", SLICE("n"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "half a header", SLICE("n,"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "no bare part", SLICE("n,,"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "an odd authzid", SLICE("n,you,n=user,r=abc"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "an empty authzid", SLICE("n,a=,n=user,r=abc"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "what must be understood", SLICE("n,,m=x,n=user,r=abc"), SASL_SCRAM_SHA1,
		SASL_FAIL_SYNTAX },
	{ "no name", SLICE("n,,n=,r=abc"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "an odd escape", SLICE("n,,n=a=2Bb,r=abc"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "half an escape", SLICE("n,,n=a=2,r=abc"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "a NUL in the name", SLICE("n,,n=a\0b,r=abc"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "a name that is not UTF-8", SLICE("n,,n=\xff,r=abc"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "no nonce", SLICE("n,,n=user"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "an empty nonce", SLICE("n,,n=user,r="), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "an odd nonce", SLICE("n,,n=user,r=a b"), SASL_SCRAM_SHA1, SASL_FAIL_SYNTAX },
	{ "a binding without -PLUS", SLICE("p=tls-exporter,,n=user,r=abc"), SASL_SCRAM_SHA1,
		SASL_FAIL_BINDING },
	{ "-PLUS without a binding", SLICE("n,,n=user,r=abc"), SASL_SCRAM_SHA1_PLUS,
		SASL_FAIL_BINDING },
	{ "-PLUS that doubts itself", SLICE("y,,n=user,r=abc"), SASL_SCRAM_SHA1_PLUS,
		SASL_FAIL_BINDING },
	{ "a binding that we do not have", SLICE("p=tls-unique,,n=user,r=abc"),
		SASL_SCRAM_SHA1_PLUS, SASL_FAIL_BINDING },
	{ "a binding that nobody knows", SLICE("p=tls-magic,,n=user,r=abc"), SASL_SCRAM_SHA1_PLUS,
		SASL_FAIL_BINDING },
	{ "a binding", SLICE("p=tls-exporter,,n=user,r=abc"), SASL_SCRAM_SHA1_PLUS, SASL_CONTINUE },
	{ "a mechanism that is not offered", SLICE("n,,n=user,r=abc"), SASL_SCRAM_SHA256,
		SASL_FAIL_SYNTAX },
	{ "plain", SLICE("\0user\0pw"), SASL_PLAIN, SASL_CONTINUE },
	{ "plain with authzid", SLICE("you\0user\0pw"), SASL_PLAIN, SASL_CONTINUE },
	{ "plain without a name", SLICE("\0\0pw"), SASL_PLAIN, SASL_FAIL_SYNTAX },
	{ "plain without a password", SLICE("\0user\0"), SASL_PLAIN, SASL_FAIL_SYNTAX },
	{ "plain in two parts", SLICE("user\0pw"), SASL_PLAIN, SASL_FAIL_SYNTAX },
	{ "plain in four parts", SLICE("\0user\0pw\0x"), SASL_PLAIN, SASL_FAIL_SYNTAX },
	{ "plain in one part", SLICE("user"), SASL_PLAIN, SASL_FAIL_SYNTAX },
	{ "plain with a control", SLICE("\0user\0p\x01w"), SASL_PLAIN, SASL_FAIL_SYNTAX },
};

static void a_bad_first_message_is_refused(void **state)
{
	struct tls_facts tls = tls13();
	struct sasl_server_cfg cfg = {
		.offer = { [SASL_SCRAM_SHA1] = true,
			[SASL_SCRAM_SHA1_PLUS] = true,
			[SASL_PLAIN] = true },
		.tls = &tls,
	};
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(bad_first); i++) {
		struct sasl_server *s = server(&cfg);
		enum sasl_result got =
			sasl_server_start(s, bad_first[i].mechanism, bad_first[i].in, &out);

		if (got != bad_first[i].want)
			fail_msg("%s: %s", bad_first[i].name, sasl_result_name(got));
		bool wants = sasl_server_wants_account(s);
		assert_int_equal(wants, got == SASL_CONTINUE && bad_first[i].in.n > 0);
		if (wants)
			assert_true(slice_eqs(sasl_server_username(s), "user"));
		if (wants && slice_find(bad_first[i].in, SLICE("you")) != SIZE_MAX)
			assert_true(slice_eqs(sasl_server_authzid(s), "you"));
		if (got != SASL_CONTINUE)
			assert_int_equal(sasl_server_account(s, NULL, &out), SASL_FAIL_SYNTAX);
		sasl_server_free(s);
	}
	assert_int_equal(buf_len(&out), 0);
	buf_done(&out);
}

static void a_bad_last_message_is_refused(void **state)
{
	static const struct {
		const char *name, *in;
		enum sasl_result want;
	} cases[] = {
		{ "a wrong proof",
			"c=biws,r=abcXYZ,p=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", SASL_FAIL_CREDENTIALS },
		{ "a wrong header",
			"c=eSws,r=abcXYZ,p=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", SASL_FAIL_BINDING },
		{ "a wrong nonce",
			"c=biws,r=abcXYz,p=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", SASL_FAIL_NONCE },
		{ "half the nonce",
			"c=biws,r=abc,p=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", SASL_FAIL_NONCE },
		{ "a short proof", "c=biws,r=abcXYZ,p=AAAA", SASL_FAIL_SYNTAX },
		{ "an empty proof", "c=biws,r=abcXYZ,p=", SASL_FAIL_SYNTAX },
		{ "no proof", "c=biws,r=abcXYZ", SASL_FAIL_SYNTAX },
		{ "a proof that is not the last", "c=biws,r=abcXYZ,p=AAAA,x=y", SASL_FAIL_SYNTAX },
		{ "no binding", "r=abcXYZ,p=AAAAAAAAAAAAAAAAAAAAAAAAAAA=", SASL_FAIL_SYNTAX },
		{ "nothing", "", SASL_FAIL_SYNTAX },
	};
	struct sasl_server_cfg cfg = { .offer = { [SASL_SCRAM_SHA1] = true } };
	struct sasl_secret secret = secret_of("pencil");
	struct buf out;

	(void)state;
	buf_init(&out, 4096);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sasl_server *s = server(&cfg);

		sasl_server_set_nonce(s, "XYZ");
		sasl_server_start(s, SASL_SCRAM_SHA1, SLICE(""), &out);
		sasl_server_push(s, SLICE("n,,n=user,r=abc"), &out);
		sasl_server_account(s, &secret, &out);
		buf_clear(&out);
		enum sasl_result got = sasl_server_push(s, slice_str(cases[i].in), &out);
		if (got != cases[i].want || buf_len(&out) > 0)
			fail_msg("%s: %s", cases[i].name, sasl_result_name(got));
		assert_int_equal(sasl_server_push(s, SLICE(""), &out), SASL_FAIL_SYNTAX);
		sasl_server_free(s);
	}
	buf_done(&out);
}

static void plus_is_offered_only_where_there_is_a_binding(void **state)
{
	struct tls_facts tls = tls12(), bare = { .version = "TLSv1.3" };
	struct sasl_server_cfg cfg = {
		.offer = { [SASL_SCRAM_SHA1] = true, [SASL_SCRAM_SHA1_PLUS] = true },
	};
	const struct tls_facts *const facts[] = { NULL, &bare, &tls };

	(void)state;
	for (unsigned i = 0; i < COUNT(facts); i++) {
		cfg.tls = facts[i];
		struct sasl_server *s = server(&cfg);
		assert_true(sasl_server_offers(s, SASL_SCRAM_SHA1));
		assert_int_equal(sasl_server_offers(s, SASL_SCRAM_SHA1_PLUS), i == 2);
		assert_false(sasl_server_offers(s, SASL_PLAIN));
		sasl_server_free(s);
	}
}

/* ---- salted passwords ---- */

static void the_cache_gives_what_it_was_given(void **state)
{
	static const struct scram_params params[] = {
		{ SLICE("salt"), SCRAM_SHA1, 4096 },
		{ SLICE("salt"), SCRAM_SHA256, 4096 },
		{ SLICE("salty"), SCRAM_SHA256, 4096 },
		{ SLICE("salt"), SCRAM_SHA256, 4097 },
	};
	struct sasl_cache *cache = NULL;
	uint8_t plain[SCRAM_KEY_MAX] = { 0 }, cached[SCRAM_KEY_MAX] = { 0 };

	(void)state;
	assert_int_equal(
		sasl_cache_new(&cache, 3), 0); /* fewer than there are: some are replaced */
	for (unsigned round = 0; round < 3; round++) {
		for (size_t i = 0; i < COUNT(params); i++) {
			size_t n = scram_size(params[i].hash);

			assert_true(scram_salted(&params[i], SLICE("pw"), plain));
			assert_true(sasl_cache_salted(cache, &params[i], SLICE("pw"), cached));
			assert_memory_equal(plain, cached, n);
			assert_true(sasl_cache_salted(cache, &params[i], SLICE("pw"), cached));
			assert_memory_equal(plain, cached, n);
			assert_true(sasl_cache_salted(cache, &params[i], SLICE("pW"), cached));
			assert_memory_not_equal(plain, cached, n);
			assert_true(sasl_cache_salted(NULL, &params[i], SLICE("pw"), cached));
			assert_memory_equal(plain, cached, n);
		}
	}
	sasl_cache_free(cache);
	assert_int_equal(sasl_cache_new(&cache, 0), -EINVAL);
	assert_null(sasl_cache_free(NULL));
}

static void a_secret_has_no_password_and_bounds(void **state)
{
	struct sasl_secret a, b;
	struct rng rng;

	(void)state;
	rng_init_number(&rng, 9);
	assert_int_equal(sasl_secret_make(&a, SLICE("pencil"), 4096, &rng), 0);
	assert_int_equal(sasl_secret_make(&b, SLICE("pencil"), 4096, &rng), 0);
	assert_memory_not_equal(a.salt, b.salt, sizeof(a.salt));
	assert_memory_not_equal(a.stored_sha256, b.stored_sha256, sizeof(a.stored_sha256));
	assert_int_equal(sasl_secret_make(&a, SLICE("p"), 4095, &rng), ERR_LIMIT);
	assert_int_equal(sasl_secret_make(&a, SLICE("p"), 1000001, &rng), ERR_LIMIT);
	assert_int_equal(sasl_secret_make(&a, SLICE("\x01"), 4096, &rng), ERR_SYNTAX);
}

static void without_memory_it_says_so(void **state)
{
	struct sasl_secret secret = secret_of("pencil");
	struct tls_facts tls = tls13();
	struct rng rng;
	long n = 0;
	bool done = false;

	(void)state;
	for (; !done; n++) {
		struct sasl_client_cfg ccfg = {
			.username = SLICE("user"),
			.password = SLICE("pencil"),
			.tls = &tls,
			.offered = { [SASL_SCRAM_SHA1_PLUS] = true },
		};
		struct sasl_server_cfg scfg = {
			.offer = { [SASL_SCRAM_SHA1_PLUS] = true },
			.tls = &tls,
		};
		struct sasl_client *c = NULL;
		struct sasl_server *s = NULL;
		enum sasl_result rc = SASL_FAIL_INTERNAL, rs = SASL_FAIL_INTERNAL;
		struct buf up, down;

		assert_in_range(n, 0, 100);
		buf_init(&up, 4096);
		buf_init(&down, 4096);
		rng_init_number(&rng, 1);
		mem_fail_after(n);
		const struct sasl_client_cfg named = announced(&ccfg);
		if (sasl_client_new(&c, &named, &rng) == 0 &&
			sasl_server_new(&s, &scfg, &rng) == 0) {
			rc = sasl_client_first(c, &up);
			if (rc == SASL_CONTINUE)
				rs = sasl_server_start(
					s, SASL_SCRAM_SHA1_PLUS, buf_slice(&up), &down);
			if (rs == SASL_CONTINUE)
				rs = sasl_server_account(s, &secret, &down);
			buf_clear(&up);
			if (rs == SASL_CONTINUE)
				rc = sasl_client_push(c, buf_slice(&down), &up);
			buf_clear(&down);
			if (rs == SASL_CONTINUE && rc == SASL_CONTINUE)
				rs = sasl_server_push(s, buf_slice(&up), &down);
			if (rs == SASL_DONE)
				rc = sasl_client_push(c, buf_slice(&down), &up);
		}
		mem_fail_after(-1);
		done = rc == SASL_DONE && rs == SASL_DONE;
		if (!done)
			assert_true(rc == SASL_FAIL_INTERNAL || rs == SASL_FAIL_INTERNAL);
		buf_done(&up);
		buf_done(&down);
		sasl_client_free(c);
		sasl_server_free(s);
	}
	assert_in_range(n, 10, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(the_client_speaks_as_in_the_rfcs),
		cmocka_unit_test(the_server_speaks_as_in_the_rfc),
		cmocka_unit_test(a_bad_server_first_is_refused),
		cmocka_unit_test(a_server_that_proves_nothing_is_an_impostor),
		cmocka_unit_test(the_best_mechanism_is_chosen),
		cmocka_unit_test(plain_and_external_say_it_at_once),
		cmocka_unit_test(names_are_prepared_and_escaped),
		cmocka_unit_test(every_mechanism_works_between_us),
		cmocka_unit_test(who_sits_in_between_is_noticed),
		cmocka_unit_test(nobody_learns_who_exists),
		cmocka_unit_test(a_bad_first_message_is_refused),
		cmocka_unit_test(a_bad_last_message_is_refused),
		cmocka_unit_test(plus_is_offered_only_where_there_is_a_binding),
		cmocka_unit_test(the_cache_gives_what_it_was_given),
		cmocka_unit_test(a_secret_has_no_password_and_bounds),
		cmocka_unit_test(without_memory_it_says_so),
	};

	return cmocka_run_group_tests_name("sasl", tests, NULL, NULL);
}

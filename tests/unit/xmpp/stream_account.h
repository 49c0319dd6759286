/* stream_account.h - a pair of streams whose client has an account at the server, and what it takes
 * to sign in to it. */
#pragma once

#include "stream_pair.h"

static const struct tls_facts bindable = {
	.version = "TLSv1.3", .exporter = { 1, 2, 3 }, .n_exporter = 32
};
static struct sasl_secret secret, other_secret;

static inline int account_init(void)
{
	struct rng rng;

	rng_init_number(&rng, 1);
	if (sasl_secret_make(&other_secret, SLICE("battery staple"), SASL_ITERATIONS_MIN, &rng))
		return -1;
	return sasl_secret_make(&secret, SLICE("correct horse"), SASL_ITERATIONS_MIN, &rng);
}

static inline struct xstream_cfg account_client(void)
{
	return (struct xstream_cfg){
		.role = XSTREAM_CLIENT,
		.tls = XSTREAM_TLS_REQUIRED,
		.domain = SLICE("contoso.test"),
		.username = SLICE("adelany"),
		.password = SLICE("correct horse"),
		.resource = SLICE("probe"),
		.presence = true,
	};
}

static inline void pair_with(
	struct pair *p, const struct xstream_cfg *a, const struct xstream_cfg *b)
{
	memset(p, 0, sizeof(*p));
	p->tls_a = p->tls_b = bindable;
	p->secret = &secret;
	assert_int_equal(rig_new(&p->a, a), 0);
	assert_int_equal(rig_new(&p->b, b), 0);
	p->b.serves = true;
}

/* They sign in, whole and in single bytes, with these events. */
static inline void assert_they_meet(const struct xstream_cfg *a, const struct xstream_cfg *b,
	const char *log_a, const char *log_b)
{
	static const size_t pieces[] = { 0, 1, 2, 7, 100 };

	for (size_t i = 0; i < COUNT(pieces); i++) {
		struct pair p;

		pair_with(&p, a, b);
		p.piece = pieces[i];
		pair_run(&p);
		assert_string_equal(p.a.log, log_a);
		assert_string_equal(p.b.log, log_b);
		assert_false(p.a.plus_missing);
		pair_free(&p);
	}
}

/* The account has another password, or there is none. */
static inline void pair_run_refused(struct pair *p, const struct sasl_secret *account)
{
	p->secret = account;
	pair_run(p);
	rig_expect("refused", "events", p->a.log, "FAILED bad-credentials [not-authorized] \n");
	/* Only after a whole exchange: nobody learns who exists. */
	rig_expect("refused", "output", p->b.out, "<challenge");
}

/* The server knows how a client proves the password, and not how a server does. */
static inline void pair_run_impostor(struct pair *p)
{
	struct sasl_secret half = secret;

	half.server_sha256[0] ^= 1;
	p->secret = &half;
	pair_run(p);
	p->secret = NULL;
	rig_expect("impostor", "events", p->a.log,
		"FAILED server-proof [] the server does not know the password");
}

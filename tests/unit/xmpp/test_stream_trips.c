/* How many round trips a client's sign-in takes: doc/round-trips.md.  A flight is all that one side
 * says before it has to hear from the other; two flights, there and back, are one round trip. */
#include "stream_pair.h"

enum { TCP = 1, TLS_1_3 = 1 };

static struct sasl_secret secret;

static void pair_new(struct pair *p, enum xstream_tls tls, bool sasl2, bool presence)
{
	const struct xstream_cfg a = {
		.role = XSTREAM_CLIENT,
		.tls = tls,
		.domain = SLICE("contoso.test"),
		.username = SLICE("adelany"),
		.password = SLICE("correct horse"),
		.presence = presence,
	};
	const struct xstream_cfg b = {
		.role = XSTREAM_ACCEPT_CLIENT,
		.tls = tls,
		.domain = SLICE("contoso.test"),
		.sasl2 = sasl2,
		.offer = { [SASL_SCRAM_SHA256] = true, [SASL_SCRAM_SHA256_PLUS] = true },
		.fake_iterations = SASL_ITERATIONS_MIN,
	};

	memset(p, 0, sizeof(*p));
	p->tls_a = p->tls_b = (struct tls_facts){ .version = "TLSv1.3", .n_exporter = 32 };
	p->secret = &secret;
	assert_int_equal(rig_new(&p->a, &a), 0);
	assert_int_equal(rig_new(&p->b, &b), 0);
	p->b.serves = true;
}

/* All that `from` has said; what the accepting side's driver is asked costs no time. */
static void flight(struct pair *p, struct rig *from, struct rig *to)
{
	while (pair_carry(p, from, to) || (to == &p->b && pair_answer(p)))
		;
}

static bool is_done(const struct pair *p)
{
	return p->a.over || xstream_is_ready(p->a.x);
}

/* There and back, until the client is ready.  The client's Finished of TLS 1.3 goes with what it
 * says next, so that the handshake is one trip: ClientHello there, the rest back. */
static unsigned trips(struct pair *p, enum xstream_tls tls)
{
	unsigned n = TCP;

	if (tls == XSTREAM_TLS_DIRECT)
		p->a.want_tls = p->b.want_tls = true;
	while (!is_done(p)) {
		if (p->a.want_tls) {
			assert_true(p->b.want_tls);
			rig_tls_up(&p->a, &p->tls_a);
			rig_tls_up(&p->b, &p->tls_b);
			n += TLS_1_3;
			continue;
		}
		if (p->a.n_out == p->a.read)
			fail_msg("the client has nothing to say:\n%s", p->a.log);
		flight(p, &p->a, &p->b);
		flight(p, &p->b, &p->a);
		n++;
	}
	assert_true(xstream_is_ready(p->a.x));
	return n;
}

static void a_sign_in_takes_no_more_round_trips_than_it_must(void **state)
{
	static const struct {
		const char *name;
		enum xstream_tls tls;
		bool sasl2, presence;
		unsigned trips;
	} cases[] = {
		/* TCP; header and starttls; TLS; header; SCRAM twice; bind; presence */
		{ "STARTTLS, SASL1", XSTREAM_TLS_REQUIRED, false, true, 8 },
		{ "STARTTLS, SASL2 and Bind2", XSTREAM_TLS_REQUIRED, true, true, 7 },
		{ "direct TLS, SASL1", XSTREAM_TLS_DIRECT, false, true, 7 },
		{ "direct TLS, SASL2 and Bind2", XSTREAM_TLS_DIRECT, true, true, 6 },
		/* Where nothing waits for the presence, Bind2 has the resource with the success. */
		{ "STARTTLS, SASL1, bound only", XSTREAM_TLS_REQUIRED, false, false, 7 },
		{ "STARTTLS, SASL2 and Bind2, bound only", XSTREAM_TLS_REQUIRED, true, false, 6 },
		{ "no TLS, SASL1", XSTREAM_TLS_NONE, false, true, 6 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct pair p;

		pair_new(&p, cases[i].tls, cases[i].sasl2, cases[i].presence);
		unsigned n = trips(&p, cases[i].tls);
		if (n != cases[i].trips)
			fail_msg("%s: %u round trips, not %u\n%s", cases[i].name, n, cases[i].trips,
				p.a.out);
		pair_free(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sign_in_takes_no_more_round_trips_than_it_must),
	};
	struct rng rng;

	rng_init_number(&rng, 1);
	if (sasl_secret_make(&secret, SLICE("correct horse"), SASL_ITERATIONS_MIN, &rng))
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <stdlib.h>

#include "base/str.h"
#include "xmpp/sasl_scram.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A fuzzer that derives keys all day finds nothing: three digits behind "i=4" are enough. */
static bool is_slow(struct slice message)
{
	size_t at = slice_find(message, SLICE("i="));

	return at != SIZE_MAX && message.n > at + 6 && ascii_is_digit(message.p[at + 6]);
}

static void fuzz_client(enum sasl_mechanism m, const struct tls_facts *tls, struct slice in)
{
	struct sasl_client_cfg cfg = {
		.username = slice_split(&in, '\n'),
		.password = slice_split(&in, '\n'),
		.authzid = slice_split(&in, '\n'),
		.tls = tls,
		.allow_plain = true,
		.external = true,
	};
	struct sasl_client *c = NULL;
	struct rng rng;
	struct buf out;

	rng_init_number(&rng, 1);
	cfg.offered[m] = true;
	if (sasl_client_new(&c, &cfg, &rng))
		return;
	sasl_client_set_nonce(c, "n");
	buf_init(&out, 16384);
	enum sasl_result r = sasl_client_first(c, &out);
	while (r == SASL_CONTINUE && in.n > 0) {
		struct slice message = slice_split(&in, '\n');

		if (is_slow(message))
			break;
		buf_clear(&out);
		r = sasl_client_push(c, message, &out);
		/* SCRAM's last word is a signature that a fuzzer does not guess. */
		if (r == SASL_DONE && m != SASL_PLAIN && m != SASL_EXTERNAL)
			abort();
	}
	buf_done(&out);
	sasl_client_free(c);
}

static void fuzz_server(enum sasl_mechanism m, const struct tls_facts *tls, struct slice in)
{
	static const struct sasl_secret secret = { .iterations = 4096 };
	struct sasl_server_cfg cfg = { .tls = tls, .fake_iterations = 4096 };
	struct sasl_server *s = NULL;
	struct rng rng;
	struct buf out;

	rng_init_number(&rng, 1);
	cfg.offer[m] = true;
	if (sasl_server_new(&s, &cfg, &rng))
		abort();
	sasl_server_set_nonce(s, "s");
	buf_init(&out, 16384);
	enum sasl_result r = sasl_server_start(s, m, slice_split(&in, '\n'), &out);
	while (r == SASL_CONTINUE) {
		if (sasl_server_wants_account(s))
			r = sasl_server_account(s, in.n % 2 ? &secret : NULL, &out);
		else if (in.n > 0)
			r = sasl_server_push(s, slice_split(&in, '\n'), &out);
		else
			break;
		if (r == SASL_DONE && m != SASL_EXTERNAL)
			abort();
	}
	buf_done(&out);
	sasl_server_free(s);
}

/* First byte: the side, the mechanism and TLS; then lines. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct tls_facts tls = {
		.version = "TLSv1.3",
		.n_exporter = 32,
		.n_end_point = 32,
	};

	if (size < 1)
		return 0;
	struct slice in = slice_of(data + 1, size - 1);
	enum sasl_mechanism m = (enum sasl_mechanism)(data[0] % SASL_MECHANISMS);
	const struct tls_facts *facts = data[0] & 0x40 ? &tls : NULL;

	if (data[0] & 0x80)
		fuzz_server(m, facts, in);
	else
		fuzz_client(m, facts, in);
	return 0;
}

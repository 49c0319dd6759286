/* Header rows: as the challenges of a response, and as the credentials of a request. */
#include <assert.h>

#include "sip/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char common[] = "Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\n"
			     "To: <sip:a@b>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\n";

static bool decode(struct buf *b, struct sip_msg *msg)
{
	struct sip_refusal refusal;

	return buf_err(b) == 0 && sip_msg_decode(buf_slice(b), msg, &refusal) == 0;
}

static void fill(struct buf *b, const char *start_line)
{
	buf_clear(b);
	buf_puts(b, start_line);
	buf_puts(b, common);
}

/* Whatever was taken, what we write back is well-formed and has one row for each login. */
static void as_challenges(const struct sip_msg *msg, struct rng *rng)
{
	const struct digest_client_cfg cfg = { SLICE("litware\\pilar"), SLICE("secret") };
	struct digest_client *c;
	int err = 0;

	if (digest_client_new(&c, &cfg, rng))
		return;
	for (int i = 0; i < 3 && !err; i++) {
		/* A MESSAGE may have the registrar's logins in both headers. */
		const char *method = i == 1 ? "MESSAGE" : "REGISTER";
		struct buf out;

		err = digest_client_push_challenge(c, msg);
		buf_init(&out, SIP_MSG_MAX);
		fill(&out, "REGISTER sip:b SIP/2.0\r\n");
		digest_client_put(c, &out, method, SLICE("sip:b"));
		buf_puts(&out, "\r\n");
		static struct sip_msg again;
		assert(decode(&out, &again));
		assert(again.n_hdrs >= 5 + (err == 0) && again.n_hdrs <= 5 + (i == 1 ? 8 : 4));
		buf_done(&out);
	}
	digest_client_free(c);
}

static void as_credentials(const struct sip_msg *msg)
{
	const struct digest_server_cfg cfg = { .realm = "litware.test",
		.offer = { DIGEST_MD5 },
		.n_offer = 1,
		.nonce_life = TS_S(60) };
	struct digest_secret secret;
	struct digest_server *s;

	if (digest_server_new(&s, &cfg))
		return;
	assert(digest_secret_make(
		       &secret, SLICE("pilar"), SLICE("litware.test"), SLICE("secret")) == 0);
	for (int status = 401; status <= 407; status += 6) {
		digest_server_username(s, msg, status);
		enum digest_verdict v = digest_server_check(s, msg, status, &secret, TS_S(2));
		assert(v != DIGEST_OK && v != DIGEST_REPLAY);
	}
	digest_server_free(s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct sip_msg msg;
	static const char *const starts[] = { "SIP/2.0 401 No\r\n", "SIP/2.0 407 No\r\n",
		"REGISTER sip:b SIP/2.0\r\n" };
	struct rng rng;
	struct buf b;

	rng_init_number(&rng, 1);
	buf_init(&b, SIP_MSG_MAX);
	for (int i = 0; i < 3; i++) {
		fill(&b, starts[i]);
		buf_put(&b, slice_of(data, size));
		buf_puts(&b, "\r\n\r\n");
		if (!decode(&b, &msg))
			continue;
		if (i < 2)
			as_challenges(&msg, &rng);
		else
			as_credentials(&msg);
	}
	buf_done(&b);
	return 0;
}

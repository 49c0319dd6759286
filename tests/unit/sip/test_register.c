#include "sip/register.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "sip/hdr.h"

#define CONTACT "sip:pilar@127.0.0.1:40000;transport=udp"
#define OWN     "Contact: <" CONTACT ">"
#define DIGEST  "WWW-Authenticate: Digest realm=\"litware.test\", qop=\"auth\", nonce="

struct fixture {
	struct rng rng;
	struct digest_client *digest;
	struct reg *reg;
	struct buf request, response;
	struct sip_msg sent, answer;
};

static struct reg_cfg cfg_of(const struct fixture *f)
{
	return (struct reg_cfg){
		.registrar_uri = SLICE("sip:litware.test"),
		.aor = SLICE("sip:pilar@litware.test"),
		.contact_uri = SLICE(CONTACT),
		.user_agent = SLICE("stox"),
		.expires_s = 120,
		.digest = f->digest,
	};
}

static int setup(void **state)
{
	const struct digest_client_cfg digest = { SLICE("pilar"), SLICE("secret") };
	struct fixture *f = mem_alloc0(sizeof(*f));

	rng_init_number(&f->rng, 5);
	buf_init(&f->request, SIP_MSG_MAX);
	buf_init(&f->response, SIP_MSG_MAX);
	assert_int_equal(digest_client_new(&f->digest, &digest, &f->rng), 0);
	const struct reg_cfg cfg = cfg_of(f);
	assert_int_equal(reg_new(&f->reg, &cfg, &f->rng), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	reg_free(f->reg);
	digest_client_free(f->digest);
	buf_done(&f->request);
	buf_done(&f->response);
	mem_free(f);
	return 0;
}

static bool take(struct fixture *f)
{
	const struct addr sent_by = { .family = 4, .port = 40000, .ip = { 127, 0, 0, 1 } };
	struct sip_refusal refusal;

	buf_clear(&f->request);
	if (!reg_take_request(f->reg, &f->request, TRANSPORT_UDP, &sent_by, SLICE("z9hG4bKtest")))
		return false;
	assert_int_equal(buf_err(&f->request), 0);
	assert_int_equal(sip_msg_decode(buf_slice(&f->request), &f->sent, &refusal), 0);
	return true;
}

static void respond_to(struct fixture *f, uint32_t cseq, int status, const char *rows, ts_t now)
{
	struct sip_refusal refusal;

	buf_clear(&f->response);
	buf_printf(&f->response,
		"SIP/2.0 %d Text\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKtest\r\n"
		"From: <sip:pilar@litware.test>;tag=1\r\nTo: <sip:pilar@litware.test>;tag=2\r\n"
		"Call-ID: 1\r\nCSeq: %u REGISTER\r\n%s\r\n",
		status, cseq, rows);
	assert_int_equal(sip_msg_decode(buf_slice(&f->response), &f->answer, &refusal), 0);
	reg_push_response(f->reg, &f->answer, now);
}

static void respond(struct fixture *f, int status, const char *rows, ts_t now)
{
	respond_to(f, f->sent.cseq, status, rows, now);
}

static void start(struct fixture *f)
{
	reg_start(f->reg, 0);
	assert_true(take(f));
}

static struct slice row(struct fixture *f, enum sip_hdr_id id)
{
	return sip_msg_value(&f->sent, id);
}

static unsigned rows_of(struct fixture *f, enum sip_hdr_id id)
{
	unsigned at = 0, n = 0;

	while (sip_msg_find(&f->sent, id, &at))
		n++;
	return n;
}

static void a_request_names_our_own_contact_only(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(reg_state(f->reg), REG_IDLE);
	assert_false(take(f));
	start(f);
	assert_false(take(f));
	assert_int_equal(reg_state(f->reg), REG_AWAIT_ANSWER);
	assert_int_equal(f->sent.method, SIP_METHOD_REGISTER);
	assert_true(slice_eqs(f->sent.ruri_text, "sip:litware.test"));
	assert_true(slice_eqs(f->sent.from.uri_text, "sip:pilar@litware.test"));
	assert_true(slice_eqs(f->sent.to.uri_text, "sip:pilar@litware.test"));
	assert_true(f->sent.from.tag.n > 0);
	assert_int_equal(f->sent.to.tag.n, 0);
	assert_int_equal(f->sent.max_forwards, 70);
	assert_int_equal(rows_of(f, SIP_HDR_CONTACT), 1);
	assert_true(slice_eqs(row(f, SIP_HDR_CONTACT), "<" CONTACT ">;expires=120"));
	assert_true(slice_eqs(row(f, SIP_HDR_EXPIRES), "120"));
	assert_true(slice_eqs(row(f, SIP_HDR_USER_AGENT), "stox"));
	assert_int_equal(rows_of(f, SIP_HDR_AUTHORIZATION), 0);
}

/* RFC 5627 section 4.2; the address of another device is none of ours. */
static void the_registrar_may_give_an_address_of_this_device_alone(void **state)
{
	static const char instance[] = "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
	static const struct {
		const char *rows, *gruu;
	} cases[] = {
		{ OWN ";pub-gruu=\"sip:pilar@litware.test;gr=urn:uuid:f81d\";expires=60\r\n",
			"sip:pilar@litware.test;gr=urn:uuid:f81d" },
		{ OWN ";expires=60\r\n", "" },
		{ "Contact: <sip:pilar@192.0.2.1>;pub-gruu=\"sip:pilar@litware.test;gr=x\"\r\n" OWN
		  ";expires=60\r\n",
			"" },
		{ OWN ";pub-gruu;expires=60\r\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		void *own = NULL;

		setup(&own);
		struct fixture *f = own;
		struct reg_cfg cfg = cfg_of(f);
		reg_free(f->reg);
		cfg.instance = slice_str(instance);
		assert_int_equal(reg_new(&f->reg, &cfg, &f->rng), 0);
		start(f);
		assert_non_null(strstr(buf_cstr(&f->request),
			"<" CONTACT ">;+sip.instance=\"<urn:uuid:f81d4fae-7dec-11d0-a765-"
			"00a0c91e6bf6>\";expires=120\r\n"));
		assert_non_null(strstr(buf_cstr(&f->request), "Supported: path, gruu\r\n"));
		respond(f, 200, cases[i].rows, 0);
		assert_int_equal(reg_state(f->reg), REG_REGISTERED);
		assert_true(slice_eqs(reg_gruu(f->reg), cases[i].gruu));
		teardown(&own);
	}
}

#define NEXT "sip:pilar@127.0.0.1:40001;transport=tcp"

/* The connection behind the first Contact is gone: nobody may be sent there any more. */
static void a_contact_that_is_left_is_taken_back_with_the_next(void **state)
{
	static const char first[] = "<" CONTACT ">;expires=0", next[] = "<" NEXT ">;expires=120";
	struct fixture *f = *state;

	start(f);
	assert_int_equal(reg_move(f->reg, SLICE(NEXT), 0), 0); /* it was never bound */
	assert_true(take(f));
	assert_int_equal(rows_of(f, SIP_HDR_CONTACT), 1);
	assert_true(slice_eqs(row(f, SIP_HDR_CONTACT), next));
	assert_int_equal(reg_move(f->reg, SLICE(CONTACT), 0), 0);
	assert_true(take(f));
	respond(f, 200, OWN ";expires=60\r\n", TS_S(1));
	assert_int_equal(reg_bound_until(f->reg), TS_S(61));
	for (unsigned sends = 0; sends < 2; sends++) {
		assert_int_equal(reg_move(f->reg, SLICE(NEXT), TS_S(2)), 0);
		assert_int_equal(reg_bound_until(f->reg), TS_NEVER);
		assert_true(take(f));
		assert_int_equal(rows_of(f, SIP_HDR_CONTACT), 2);
		assert_true(slice_eqs(row(f, SIP_HDR_CONTACT), first));
	}
	respond(f, 200, "Contact: <" NEXT ">;expires=60\r\n", TS_S(3));
	assert_int_equal(reg_state(f->reg), REG_REGISTERED);
	reg_push_time(f->reg, reg_deadline(f->reg));
	assert_true(take(f));
	assert_int_equal(rows_of(f, SIP_HDR_CONTACT), 1);
	assert_true(slice_eqs(row(f, SIP_HDR_CONTACT), next));
}

#define LEFT "Contact: <sip:pilar@192.0.2.9:4000>;+sip.instance=\"<urn:uuid:f81d>\";expires=200\r\n"
#define THEIRS                                                                                     \
	"Contact: <sip:pilar@192.0.2.7:4000>;+sip.instance=\"<urn:uuid:0000>\";expires=200\r\n"

/* What this very instance left behind when it was killed goes; another device stays. */
static void what_was_left_behind_goes(void **state)
{
	struct fixture *f = *state;
	struct reg_cfg cfg = cfg_of(f);

	reg_free(f->reg);
	cfg.instance = SLICE("urn:uuid:f81d");
	assert_int_equal(reg_new(&f->reg, &cfg, &f->rng), 0);
	start(f);
	respond(f, 200, THEIRS LEFT OWN ";expires=60\r\n", TS_S(1));
	assert_int_equal(reg_state(f->reg), REG_AWAIT_ANSWER);
	assert_true(take(f));
	assert_int_equal(rows_of(f, SIP_HDR_CONTACT), 2);
	assert_true(slice_eqs(row(f, SIP_HDR_CONTACT), "<sip:pilar@192.0.2.9:4000>;expires=0"));
	respond(f, 200, THEIRS OWN ";expires=60\r\n", TS_S(2));
	assert_int_equal(reg_state(f->reg), REG_REGISTERED);
	assert_int_equal(reg_other_bindings(f->reg), 1);
	/* A registrar that keeps it all the same is not asked for ever. */
	for (unsigned i = 0; i < 20; i++) {
		if (reg_state(f->reg) == REG_REGISTERED)
			reg_push_time(f->reg, reg_deadline(f->reg));
		assert_true(take(f));
		respond(f, 200, LEFT OWN ";expires=60\r\n", TS_S(3 + i));
	}
	assert_int_equal(reg_state(f->reg), REG_REGISTERED);
}

static void what_was_granted_decides_when_to_refresh(void **state)
{
	static const struct {
		const char *name, *rows;
		unsigned granted, others;
		ts_t refresh;
	} cases[] = {
		{ "in the Contact", OWN ";expires=60\r\n", 60, 0, TS_S(45) },
		{ "in the header", OWN "\r\nExpires: 100\r\n", 100, 0, TS_S(75) },
		{ "the Contact's counts more", OWN ";expires=60\r\nExpires: 100\r\n", 60, 0,
			TS_S(45) },
		{ "not said: what was asked for", OWN "\r\n", 120, 0, TS_S(90) },
		{ "beside other devices",
			"Contact: <sip:pilar@192.0.2.1>;expires=900, <" CONTACT ">;expires=40\r\n"
			"Contact: <sip:pilar@192.0.2.2>;expires=900\r\n",
			40, 2, TS_S(30) },
		{ "very short", OWN ";expires=1\r\n", 1, 0, TS_MS(750) },
		{ "very long", OWN ";expires=4294967295\r\n", UINT32_MAX, 0,
			TS_S(4294967295u) / 4 * 3 },
		{ "equal by RFC 3261 section 19.1.4",
			"Contact: <SIP:pilar@127.0.0.1:40000;transport=UDP>;expires=60\r\n", 60, 0,
			TS_S(45) },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		void *own = NULL;

		print_message("case: %s\n", cases[i].name);
		setup(&own);
		struct fixture *f = own;
		start(f);
		respond(f, 100, "", TS_S(1));
		assert_int_equal(reg_state(f->reg), REG_AWAIT_ANSWER);
		respond(f, 200, cases[i].rows, TS_S(10));
		assert_int_equal(reg_state(f->reg), REG_REGISTERED);
		assert_int_equal(reg_expires_s(f->reg), cases[i].granted);
		assert_int_equal(reg_other_bindings(f->reg), cases[i].others);
		assert_int_equal(reg_deadline(f->reg), TS_S(10) + cases[i].refresh);
		reg_push_time(f->reg, reg_deadline(f->reg) - 1);
		assert_false(take(f));
		const uint32_t cseq = f->sent.cseq;
		reg_push_time(f->reg, reg_deadline(f->reg));
		assert_true(take(f));
		assert_int_equal(f->sent.cseq, cseq + 1);
		assert_int_equal(reg_deadline(f->reg), TS_NEVER);
		teardown(&own);
	}
	(void)state;
}

/* RFC 3327 section 5.1: a registrar that finds a Path in front of a user who does not know of it
 * may say 420. */
static void a_path_in_front_of_the_registrar_is_supported(void **state)
{
	struct fixture *f = *state;

	start(f);
	assert_true(slice_eqs(row(f, SIP_HDR_SUPPORTED), "path"));
}

static void the_service_route_of_the_last_200_counts(void **state)
{
	static const struct {
		const char *rows, *want;
	} cases[] = {
		{ "", "" },
		{ "Service-Route: <sip:orig@s.test;lr>\r\n", "<sip:orig@s.test;lr>" },
		{ "service-route: <sip:a;lr>,\r\n <sip:b;lr>\r\nService-Route: <sip:c;lr>\r\n",
			"<sip:a;lr>, <sip:b;lr>, <sip:c;lr>" },
		{ "", "" },
	};
	struct fixture *f = *state;
	char rows[8192];
	int n;

	start(f);
	for (size_t i = 0; i < COUNT(cases); i++) {
		snprintf(rows, sizeof(rows), OWN "\r\n%s", cases[i].rows);
		respond(f, 200, rows, 0);
		assert_int_equal(reg_state(f->reg), REG_REGISTERED);
		assert_true(slice_eqs(reg_service_route(f->reg), cases[i].want));
		assert_int_equal(rows_of(f, SIP_HDR_ROUTE), 0); /* not for REGISTER itself */
		reg_push_time(f->reg, reg_deadline(f->reg));
		assert_true(take(f));
	}
	n = snprintf(rows, sizeof(rows), OWN "\r\nService-Route: <sip:");
	memset(rows + n, 'a', 5000);
	snprintf(rows + n + 5000, sizeof(rows) - (size_t)n - 5000, ";lr>\r\n");
	respond(f, 200, rows, 0);
	assert_int_equal(reg_state(f->reg), REG_REGISTERED);
	assert_int_equal(reg_service_route(f->reg).n, 0);
}

static void refusals_have_their_outcomes(void **state)
{
	static const struct {
		const char *name;
		int status;
		const char *rows;
		enum reg_outcome outcome;
	} cases[] = {
		{ "not found", 404, "", REG_REJECTED },
		{ "moved", 302, "Contact: <sip:other>\r\n", REG_REJECTED },
		{ "403 before any credentials", 403, "", REG_REJECTED },
		{ "a 200 without our contact", 200, "Contact: <sip:pilar@192.0.2.1>\r\n",
			REG_NO_BINDING },
		{ "a 200 without any contact", 200, "", REG_NO_BINDING },
		{ "a 200 with our contact at its end", 200, OWN ";expires=0\r\n", REG_NO_BINDING },
		{ "a 200 with a contact that cannot be read", 200, "Contact: <<>\r\n",
			REG_NO_BINDING },
		{ "another scheme", 401, "WWW-Authenticate: NTLM realm=\"x\"\r\n",
			REG_UNSUPPORTED_AUTH },
		{ "a 401 without a challenge", 401, "", REG_UNSUPPORTED_AUTH },
		{ "423 without Min-Expires", 423, "", REG_REJECTED },
		{ "423 that asks for less", 423, "Min-Expires: 120\r\n", REG_REJECTED },
		{ "423 that asks for a year", 423, "Min-Expires: 31536000\r\n", REG_REJECTED },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		void *own = NULL;
		int status;

		print_message("case: %s\n", cases[i].name);
		setup(&own);
		struct fixture *f = own;
		start(f);
		respond(f, cases[i].status, cases[i].rows, TS_S(1));
		assert_int_equal(reg_state(f->reg), REG_FAILED);
		assert_int_equal(reg_outcome(f->reg, &status), cases[i].outcome);
		assert_int_equal(status, cases[i].status);
		assert_int_equal(reg_deadline(f->reg), TS_NEVER);
		assert_false(take(f));
		teardown(&own);
	}
	(void)state;
}

static void challenges_are_answered(void **state)
{
	struct fixture *f = *state;
	int status;

	start(f);
	respond(f, 407, "Proxy-Authenticate: Digest realm=\"proxy\", nonce=\"1\"\r\n", 0);
	assert_true(take(f));
	assert_int_equal(rows_of(f, SIP_HDR_PROXY_AUTHORIZATION), 1);
	respond(f, 401, DIGEST "\"2\"\r\n", 0);
	assert_true(take(f));
	assert_int_equal(rows_of(f, SIP_HDR_AUTHORIZATION), 1);
	assert_int_equal(rows_of(f, SIP_HDR_PROXY_AUTHORIZATION), 1);
	assert_int_equal(f->sent.cseq, 3);
	respond(f, 401, DIGEST "\"3\", stale=true\r\n", 0);
	assert_true(take(f));
	respond(f, 200, OWN "\r\n", 0);
	assert_int_equal(reg_state(f->reg), REG_REGISTERED);
	assert_int_equal(reg_outcome(f->reg, &status), REG_OK);
	assert_int_equal(status, 200);
	/* The refresh carries credentials at once. */
	reg_push_time(f->reg, reg_deadline(f->reg));
	assert_true(take(f));
	assert_int_equal(rows_of(f, SIP_HDR_AUTHORIZATION), 1);
}

static void refused_credentials_are_told(void **state)
{
	struct fixture *f = *state;
	int status;

	start(f);
	respond(f, 401, DIGEST "\"1\"\r\n", 0);
	assert_true(take(f));
	respond(f, 401, DIGEST "\"2\"\r\n", 0);
	assert_int_equal(reg_state(f->reg), REG_FAILED);
	assert_int_equal(reg_outcome(f->reg, &status), REG_BAD_CREDENTIALS);
	assert_int_equal(status, 401);
}

static void a_403_to_credentials_may_mean_the_account(void **state)
{
	struct fixture *f = *state;
	int status;

	start(f);
	respond(f, 401, DIGEST "\"1\"\r\n", 0);
	assert_true(take(f));
	respond(f, 403, "", 0);
	assert_int_equal(reg_outcome(f->reg, &status), REG_REJECTED);
}

static void endless_challenges_end(void **state)
{
	struct fixture *f = *state;
	unsigned n = 0;
	int status;

	start(f);
	do {
		char rows[200];

		snprintf(rows, sizeof(rows),
			"WWW-Authenticate: Digest realm=\"r%u\", nonce=\"1\"\r\n", n++);
		respond(f, 401, rows, 0);
	} while (take(f) && n < 100);
	assert_int_equal(n, 5);
	assert_int_equal(reg_outcome(f->reg, &status), REG_CHALLENGE_LOOP);
}

static void without_credentials_a_challenge_is_the_end(void **state)
{
	struct fixture *f = *state;
	struct reg_cfg cfg = cfg_of(f);
	int status;

	cfg.digest = NULL;
	reg_free(f->reg);
	assert_int_equal(reg_new(&f->reg, &cfg, &f->rng), 0);
	start(f);
	respond(f, 401, DIGEST "\"1\"\r\n", 0);
	assert_int_equal(reg_outcome(f->reg, &status), REG_NO_CREDENTIALS);
}

static void a_423_is_obeyed(void **state)
{
	struct fixture *f = *state;

	start(f);
	respond(f, 423, "Min-Expires: 600\r\n", 0);
	assert_int_equal(reg_state(f->reg), REG_AWAIT_ANSWER);
	assert_true(take(f));
	assert_true(slice_eqs(row(f, SIP_HDR_CONTACT), "<" CONTACT ">;expires=600"));
	respond(f, 200, OWN "\r\n", 0);
	assert_int_equal(reg_expires_s(f->reg), 600);
}

static void removal_takes_our_contact_and_no_other(void **state)
{
	struct fixture *f = *state;
	int status;

	start(f);
	respond(f, 200, OWN ", <sip:pilar@192.0.2.1>\r\n", 0);
	reg_remove(f->reg, TS_S(5));
	assert_int_equal(reg_state(f->reg), REG_REMOVING);
	assert_int_equal(reg_deadline(f->reg), TS_NEVER);
	assert_true(take(f));
	assert_int_equal(rows_of(f, SIP_HDR_CONTACT), 1);
	assert_true(slice_eqs(row(f, SIP_HDR_CONTACT), "<" CONTACT ">;expires=0"));
	assert_true(slice_eqs(row(f, SIP_HDR_EXPIRES), "0"));
	respond(f, 401, DIGEST "\"1\"\r\n", TS_S(5));
	assert_true(take(f));
	assert_true(slice_eqs(row(f, SIP_HDR_EXPIRES), "0"));
	respond(f, 200, "Contact: <sip:pilar@192.0.2.1>\r\n", TS_S(5));
	assert_int_equal(reg_state(f->reg), REG_REMOVED);
	assert_int_equal(reg_outcome(f->reg, &status), REG_OK);
	assert_int_equal(reg_other_bindings(f->reg), 1);
	assert_int_equal(reg_deadline(f->reg), TS_NEVER);
}

static void a_late_answer_does_not_pass_for_the_removal(void **state)
{
	struct fixture *f = *state;

	start(f);
	const uint32_t first = f->sent.cseq;
	reg_remove(f->reg, 0);
	respond_to(f, first, 200, OWN "\r\n", 0);
	assert_int_equal(reg_state(f->reg), REG_REMOVING);
	assert_true(take(f));
	respond_to(f, first, 200, OWN "\r\n", 0);
	assert_int_equal(reg_state(f->reg), REG_REMOVING);
	respond(f, 200, "", 0);
	assert_int_equal(reg_state(f->reg), REG_REMOVED);
	respond(f, 500, "", 0);
	assert_int_equal(reg_state(f->reg), REG_REMOVED);
}

static void silence_is_a_timeout(void **state)
{
	struct fixture *f = *state;
	int status;

	reg_push_timeout(f->reg, 0);
	assert_int_equal(reg_state(f->reg), REG_IDLE);
	start(f);
	reg_push_timeout(f->reg, TS_S(32));
	assert_int_equal(reg_state(f->reg), REG_FAILED);
	assert_int_equal(reg_outcome(f->reg, &status), REG_TIMEOUT);
	assert_int_equal(status, 0);
}

static void every_state_has_a_name(void **state)
{
	(void)state;
	for (unsigned i = REG_IDLE; i <= REG_FAILED; i++)
		assert_true(strlen(reg_state_name((enum reg_state)i)) > 0);
	assert_string_equal(reg_state_name(REG_AWAIT_ANSWER), "await-answer");
}

static void out_of_memory_is_reported(void **state)
{
	struct fixture *f = *state;
	const struct reg_cfg cfg = cfg_of(f);
	struct reg *r = NULL;

	for (long n = 0; n < 5; n++) {
		mem_fail_after(n);
		assert_int_equal(reg_new(&r, &cfg, &f->rng), -ENOMEM);
		assert_null(r);
	}
	mem_fail_after(-1);
	assert_null(reg_free(NULL));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_request_names_our_own_contact_only),
		cmocka_unit_test_setup_teardown(
			a_path_in_front_of_the_registrar_is_supported, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_service_route_of_the_last_200_counts, setup, teardown),
		cmocka_unit_test(what_was_granted_decides_when_to_refresh),
		cmocka_unit_test(the_registrar_may_give_an_address_of_this_device_alone),
		TEST(a_contact_that_is_left_is_taken_back_with_the_next),
		TEST(what_was_left_behind_goes),
		cmocka_unit_test(refusals_have_their_outcomes),
		TEST(challenges_are_answered),
		TEST(refused_credentials_are_told),
		TEST(a_403_to_credentials_may_mean_the_account),
		TEST(endless_challenges_end),
		TEST(without_credentials_a_challenge_is_the_end),
		TEST(a_423_is_obeyed),
		TEST(removal_takes_our_contact_and_no_other),
		TEST(a_late_answer_does_not_pass_for_the_removal),
		TEST(silence_is_a_timeout),
		cmocka_unit_test(every_state_has_a_name),
		TEST(out_of_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

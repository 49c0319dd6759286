#include "sip/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "sip/digest_private.h"

#define REALM    "litware.test"
#define PASSWORD "pass:word \"1\""

/* What one test needs; the messages are too big for the stack to hold many of them. */
struct fixture {
	struct rng rng;
	struct digest_client *client;
	struct digest_server *server;
	struct digest_secret secret;
	struct buf text;
	struct sip_msg msg;
};

static void decode(struct fixture *f)
{
	struct sip_refusal refusal;
	int err = sip_msg_decode(buf_slice(&f->text), &f->msg, &refusal);

	if (err)
		fail_msg("%s at %zu of:\n%.*s", refusal.where.what, refusal.where.offset,
			SLICE_FMT(buf_slice(&f->text)));
}

static void put_common(struct buf *b, const char *method)
{
	buf_printf(b,
		"Via: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\n"
		"Call-ID: 1\r\nCSeq: 1 %s\r\n",
		method);
}

/* A response with these rows, decoded into f->msg. */
static void response(struct fixture *f, int status, const char *rows)
{
	buf_clear(&f->text);
	buf_printf(&f->text, "SIP/2.0 %d Unauthorized\r\n", status);
	put_common(&f->text, "REGISTER");
	buf_printf(&f->text, "%s\r\n", rows);
	decode(f);
}

static void request_with(struct fixture *f, const char *rows)
{
	buf_clear(&f->text);
	buf_puts(&f->text, "REGISTER sip:" REALM " SIP/2.0\r\n");
	put_common(&f->text, "REGISTER");
	buf_printf(&f->text, "%s\r\n", rows);
	decode(f);
}

/* A request with the client's credentials. */
static void request_of(struct fixture *f, const char *method)
{
	buf_clear(&f->text);
	buf_printf(&f->text, "%s sip:" REALM " SIP/2.0\r\n", method);
	put_common(&f->text, method);
	digest_client_put(f->client, &f->text, method, SLICE("sip:" REALM));
	buf_puts(&f->text, "\r\n");
	decode(f);
}

static void request(struct fixture *f)
{
	request_of(f, "REGISTER");
}

static void challenge(struct fixture *f, int status, bool stale, ts_t now)
{
	buf_clear(&f->text);
	buf_printf(&f->text, "SIP/2.0 %d Unauthorized\r\n", status);
	put_common(&f->text, "REGISTER");
	digest_server_put_challenge(f->server, &f->text, status, stale, now);
	buf_puts(&f->text, "\r\n");
	decode(f);
}

static void new_client(struct fixture *f, const char *user, const char *password)
{
	const struct digest_client_cfg cfg = { slice_str(user), slice_str(password) };

	f->client = digest_client_free(f->client);
	assert_int_equal(digest_client_new(&f->client, &cfg, &f->rng), 0);
}

static void new_server(struct fixture *f, const char *realm, enum digest_algorithm a)
{
	struct digest_server_cfg cfg = {
		.offer = { a }, .n_offer = 1, .nonce_life = TS_S(60), .key = { 1, 2, 3 }
	};

	snprintf(cfg.realm, sizeof(cfg.realm), "%s", realm);
	f->server = digest_server_free(f->server);
	assert_int_equal(digest_server_new(&f->server, &cfg), 0);
}

static void secret_of(struct fixture *f, const char *user, const char *realm)
{
	assert_int_equal(
		digest_secret_make(&f->secret, slice_str(user), slice_str(realm), SLICE(PASSWORD)),
		0);
}

static int setup(void **state)
{
	struct fixture *f = mem_alloc0(sizeof(*f));

	rng_init_number(&f->rng, 7);
	buf_init(&f->text, SIP_MSG_MAX);
	new_client(f, "pilar", PASSWORD);
	new_server(f, REALM, DIGEST_SHA256);
	secret_of(f, "pilar", REALM);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	digest_client_free(f->client);
	digest_server_free(f->server);
	buf_done(&f->text);
	mem_free(f);
	return 0;
}

static enum digest_verdict check(struct fixture *f, int status, ts_t now)
{
	return digest_server_check(f->server, &f->msg, status, &f->secret, now);
}

static struct slice credentials(struct fixture *f, enum sip_hdr_id id)
{
	return sip_msg_value(&f->msg, id);
}

static unsigned rows_of(struct fixture *f, enum sip_hdr_id id)
{
	unsigned at = 0, n = 0;

	while (sip_msg_find(&f->msg, id, &at))
		n++;
	return n;
}

/* RFC 7616 section 3.9.1 for MD5 and SHA-256; the others by the same rules with another program. */
static void the_vectors_of_the_rfc_come_out(void **state)
{
	static const struct {
		enum digest_algorithm a;
		const char *with_qop, *without;
	} cases[] = {
		{ DIGEST_MD5, "8ca523f5e9506fed4657c9700eebdbec",
			"7b2cc3b30e75b4777ea31027084363fd" },
		{ DIGEST_MD5_SESS, "e783283f46242139c486a698fec7211d",
			"37a7f42db2090a3fcac4e26e747d4fc8" },
		{ DIGEST_SHA256, "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
			"a1306b0595a6c7fe96c448631fb5cfbd5107bd1fe1da729d978dd7446b812363" },
		{ DIGEST_SHA256_SESS,
			"2fd51b3a77ad75bad6afad6003e818d767133c46d9e2749e7f5232ae1ea3efd7",
			"30bc0742357e535c85094121d22cf826b794be0667e19537beb7b28f2251c274" },
		{ DIGEST_SHA512_256,
			"430d05014cecc49cab6fbe03176d41a1da86cbfe24a16580e22aaad928d960d0",
			"93e9122020ea0624d2ca801426d5bfbeb93d10ff4cc24cb410af3920fa4730e7" },
		{ DIGEST_SHA512_256_SESS,
			"3f2a34f923c38b0fb26dce2fdfc2ce326c23cecf86fbb1444f3e51fbbc2cb92e",
			"7c70dbd9f483cbccedbd3e92ac246a9f2b712bed77914b52c3ae2254fdb2edba" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct digest_secret secret;
		char hex[DIGEST_HEX_MAX];
		struct digest d = {
			.algorithm = cases[i].a,
			.nonce = SLICE("7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
			.cnonce = SLICE("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
			.nc = SLICE("00000001"),
			.uri = SLICE("/dir/index.html"),
			.qop_auth = true,
		};

		print_message("case: %s\n", digest_algorithm_name(cases[i].a));
		assert_int_equal(digest_secret_make(&secret, SLICE("Mufasa"),
					 SLICE("http-auth@example.org"), SLICE("Circle of Life")),
			0);
		const char *ha1 = digest_secret_ha1(&secret, cases[i].a);
		assert_int_equal(digest_response(&d, ha1, SLICE("GET"), hex), 0);
		assert_string_equal(hex, cases[i].with_qop);
		d.qop_auth = false;
		assert_int_equal(digest_response(&d, ha1, SLICE("GET"), hex), 0);
		assert_string_equal(hex, cases[i].without);
	}
}

static void headers_are_decoded_or_refused(void **state)
{
	static const struct {
		const char *name, *value;
		int err;
		const char *realm, *nonce;
		bool known, qop_auth, stale;
	} cases[] = {
		{ "a challenge", "Digest realm=\"a\", nonce=\"n\", qop=\"auth,auth-int\"", 0, "a",
			"n", true, true, false },
		{ "case does not matter", "dIGEST REALM=\"a\",NONCE=\"n\",STALE=TRUE", 0, "a", "n",
			true, false, true },
		{ "a comma and an equals sign in quotes", "Digest realm=\"a, b=c\", nonce=\"n\"", 0,
			"a, b=c", "n", true, false, false },
		{ "an escaped quote in quotes", "Digest realm=\"a\\\"b\", nonce=\"n\"", 0, "a\\\"b",
			"n", true, false, false },
		{ "a folded line", "Digest\r\n realm=\"a\",\r\n\tnonce=\"n\"", 0, "a", "n", true,
			false, false },
		{ "an unknown algorithm", "Digest realm=\"a\", nonce=\"n\", algorithm=SHA-3", 0,
			"a", "n", false, false, false },
		{ "only auth-int", "Digest realm=\"a\", nonce=\"n\", qop=\"auth-int\"", 0, "a", "n",
			true, false, false },
		{ "an unknown parameter", "Digest realm=\"a\", x=y, nonce=\"n\"", 0, "a", "n", true,
			false, false },
		{ "another scheme", "NTLM realm=\"a\"", ERR_UNSUPPORTED, "", "", 0, 0, 0 },
		{ "a scheme that begins like ours", "Digestive nonce=\"n\"", ERR_UNSUPPORTED, "",
			"", 0, 0, 0 },
		{ "no nonce", "Digest realm=\"a\"", ERR_SYNTAX, "", "", 0, 0, 0 },
		{ "an empty nonce", "Digest realm=\"a\", nonce=\"\"", ERR_SYNTAX, "", "", 0, 0, 0 },
		{ "a parameter without a value", "Digest realm, nonce=\"n\"", ERR_SYNTAX, "", "", 0,
			0, 0 },
		{ "a quoted string without an end", "Digest nonce=\"n", ERR_SYNTAX, "", "", 0, 0,
			0 },
		{ "something behind a quoted string", "Digest nonce=\"n\"x", ERR_SYNTAX, "", "", 0,
			0, 0 },
		{ "nothing", "", ERR_UNSUPPORTED, "", "", 0, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct digest d;
		struct where where;

		print_message("case: %s\n", cases[i].name);
		assert_int_equal(
			digest_decode(slice_str(cases[i].value), &d, &where), cases[i].err);
		if (cases[i].err) {
			assert_non_null(where.what);
			assert_true(where.offset <= strlen(cases[i].value));
			continue;
		}
		assert_true(slice_eqs(d.realm, cases[i].realm));
		assert_true(slice_eqs(d.nonce, cases[i].nonce));
		assert_int_equal(d.known_algorithm, cases[i].known);
		assert_int_equal(d.qop_auth, cases[i].qop_auth);
		assert_int_equal(d.stale, cases[i].stale);
	}
}

static void the_strongest_known_challenge_wins(void **state)
{
	static const struct {
		const char *name, *rows;
		bool found;
		enum digest_algorithm algorithm;
		const char *schemes;
	} cases[] = {
		{ "weakest first",
			"WWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\r\n"
			"WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256\r\n",
			true, DIGEST_SHA256, "" },
		{ "strongest first",
			"WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", "
			"algorithm=SHA-512-256\r\n"
			"WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", "
			"algorithm=SHA-256-sess\r\n",
			true, DIGEST_SHA512_256, "" },
		{ "an unknown one is passed over",
			"WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", algorithm=SHA-999\r\n"
			"WWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\r\n",
			true, DIGEST_MD5, "Digest" },
		{ "schemes of a Lync pool",
			"WWW-Authenticate: NTLM realm=\"r\"\r\n"
			"WWW-Authenticate: Kerberos realm=\"r\"\r\n",
			false, DIGEST_MD5, "NTLM, Kerberos" },
		{ "no challenge at all", "", false, DIGEST_MD5, "" },
		{ "the other header's challenge does not count",
			"Proxy-Authenticate: Digest realm=\"r\", nonce=\"1\"\r\n", false,
			DIGEST_MD5, "" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct digest d;
		struct buf schemes;

		print_message("case: %s\n", cases[i].name);
		buf_init(&schemes, 200);
		response(f, 401, cases[i].rows);
		assert_int_equal(digest_choose(&f->msg, &d, &schemes), cases[i].found);
		assert_string_equal(buf_cstr(&schemes), cases[i].schemes);
		if (cases[i].found)
			assert_int_equal(d.algorithm, cases[i].algorithm);
		buf_done(&schemes);
	}
}

static void client_and_server_agree(void **state)
{
	static const struct {
		const char *name, *user, *realm;
	} cases[] = {
		{ "a plain name", "pilar", REALM },
		{ "a name with a backslash", "litware\\pilar", REALM },
		{ "quotes in the realm", "pilar", "the \"big\" \\ realm" },
		{ "UTF-8", "tsch\xc3\xbcss", REALM },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases) * DIGEST_ALGORITHMS * 2; i++) {
		const size_t c = i / 2 % COUNT(cases);
		const enum digest_algorithm a = (enum digest_algorithm)(i / 2 / COUNT(cases));
		const int status = i & 1 ? 407 : 401;

		print_message(
			"case: %s, %s, %d\n", cases[c].name, digest_algorithm_name(a), status);
		new_client(f, cases[c].user, PASSWORD);
		new_server(f, cases[c].realm, a);
		secret_of(f, cases[c].user, cases[c].realm);
		challenge(f, status, false, TS_S(1));
		assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
		assert_string_equal(digest_client_algorithm(f->client), digest_algorithm_name(a));
		for (unsigned n = 1; n <= 3; n++) {
			request(f);
			assert_true(slice_eqs(
				digest_server_username(f->server, &f->msg, status), cases[c].user));
			assert_int_equal(check(f, status, TS_S(2)), DIGEST_OK);
			assert_int_equal(check(f, status, TS_S(2)), DIGEST_REPLAY);
		}
		assert_int_equal(check(f, status == 401 ? 407 : 401, TS_S(2)), DIGEST_ABSENT);
	}
}

static void nothing_is_written_before_a_challenge(void **state)
{
	struct fixture *f = *state;

	request(f);
	assert_int_equal(rows_of(f, SIP_HDR_AUTHORIZATION), 0);
	assert_int_equal(rows_of(f, SIP_HDR_PROXY_AUTHORIZATION), 0);
	assert_string_equal(digest_client_algorithm(f->client), "");
	assert_int_equal(check(f, 401, 0), DIGEST_ABSENT);
	assert_int_equal(digest_server_username(f->server, &f->msg, 401).n, 0);
}

static void the_name_is_escaped_on_the_wire(void **state)
{
	struct fixture *f = *state;

	new_client(f, "litware\\pilar", PASSWORD);
	challenge(f, 401, false, TS_S(1));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	assert_true(slice_find(credentials(f, SIP_HDR_AUTHORIZATION),
			    SLICE("username=\"litware\\\\pilar\"")) != SIZE_MAX);
	assert_true(slice_find(credentials(f, SIP_HDR_AUTHORIZATION), SLICE(PASSWORD)) == SIZE_MAX);
}

static void a_wrong_password_is_told_from_a_stale_nonce(void **state)
{
	struct fixture *f = *state;

	new_client(f, "pilar", "wrong");
	challenge(f, 401, false, TS_S(1));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	assert_int_equal(check(f, 401, TS_S(1)), DIGEST_WRONG);
	challenge(f, 401, false, TS_S(1));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), ERR_AUTH);

	new_client(f, "pilar", PASSWORD);
	new_server(f, REALM, DIGEST_SHA256);
	challenge(f, 401, false, TS_S(1));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	assert_int_equal(check(f, 401, TS_S(61)), DIGEST_OK);
	request(f);
	assert_int_equal(check(f, 401, TS_S(61) + 1), DIGEST_STALE);
	challenge(f, 401, true, TS_S(62));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	assert_int_equal(check(f, 401, TS_S(62)), DIGEST_OK);
}

static void a_nonce_that_ran_out_unsaid_is_no_wrong_password(void **state)
{
	struct fixture *f = *state;

	challenge(f, 401, false, TS_S(1));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	request(f); /* the first was accepted, so the nonce was good */
	challenge(f, 401, false, TS_S(90));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	assert_int_equal(check(f, 401, TS_S(90)), DIGEST_OK);
}

static void a_server_that_calls_everything_stale_is_given_up(void **state)
{
	struct fixture *f = *state;
	unsigned n = 0;
	int err;

	do {
		challenge(f, 401, true, TS_S(n));
		err = digest_client_push_challenge(f->client, &f->msg);
		if (!err)
			request(f);
	} while (!err && ++n < 100);
	assert_int_equal(err, ERR_LIMIT);
	assert_int_equal(n, 4);
}

static void registrar_and_proxy_are_answered_side_by_side(void **state)
{
	struct fixture *f = *state;

	response(f, 401,
		"WWW-Authenticate: Digest realm=\"registrar\", nonce=\"1\", qop=\"auth\"\r\n");
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	response(f, 407,
		"Proxy-Authenticate: Digest realm=\"proxy\", nonce=\"2\", qop=\"auth\"\r\n");
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	struct slice www = credentials(f, SIP_HDR_AUTHORIZATION);
	struct slice proxy = credentials(f, SIP_HDR_PROXY_AUTHORIZATION);
	assert_true(slice_find(www, SLICE("realm=\"registrar\", nonce=\"1\"")) != SIZE_MAX);
	assert_true(slice_find(proxy, SLICE("realm=\"proxy\", nonce=\"2\"")) != SIZE_MAX);
	/* The registrar refuses; the proxy's nonce stays, its count goes on. */
	response(f, 401,
		"WWW-Authenticate: Digest realm=\"registrar\", nonce=\"3\", stale=true\r\n");
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	proxy = credentials(f, SIP_HDR_PROXY_AUTHORIZATION);
	assert_true(slice_find(proxy, SLICE("nonce=\"2\"")) != SIZE_MAX);
	assert_true(slice_find(proxy, SLICE("nc=00000002")) != SIZE_MAX);
	assert_int_equal(rows_of(f, SIP_HDR_AUTHORIZATION), 1);
}

/* ---- a proxy that may know what the registrar knows ---- */

static void the_registrars_challenge_is_tried_at_the_proxy_too(void **state)
{
	struct fixture *f = *state;

	challenge(f, 401, false, TS_S(1));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	assert_int_equal(rows_of(f, SIP_HDR_PROXY_AUTHORIZATION), 0);
	assert_int_equal(check(f, 401, TS_S(1)), DIGEST_OK);
	for (unsigned i = 0; i < 2; i++) {
		request_of(f, "MESSAGE");
		assert_int_equal(rows_of(f, SIP_HDR_AUTHORIZATION), 1);
		assert_int_equal(rows_of(f, SIP_HDR_PROXY_AUTHORIZATION), 1);
		/* Each has a count of its own: one server may look at both. */
		assert_int_equal(check(f, 401, TS_S(2)), DIGEST_OK);
		assert_int_equal(check(f, 407, TS_S(2)), DIGEST_OK);
	}
	request(f);
	assert_int_equal(rows_of(f, SIP_HDR_PROXY_AUTHORIZATION), 0);
	assert_int_equal(check(f, 401, TS_S(2)), DIGEST_OK);
}

static void a_proxy_that_refuses_the_guess_is_answered_once_more(void **state)
{
	static const struct digest_server_cfg other = { .realm = REALM,
		.offer = { DIGEST_SHA256 },
		.n_offer = 1,
		.nonce_life = TS_S(60),
		.key = { 9 } };
	struct fixture *f = *state;

	for (int stale = 0; stale < 2; stale++) {
		new_client(f, "pilar", PASSWORD);
		new_server(f, REALM, DIGEST_SHA256);
		challenge(f, 401, false, TS_S(1));
		assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
		f->server = digest_server_free(f->server);
		assert_int_equal(digest_server_new(&f->server, &other), 0);
		request_of(f, "MESSAGE");
		assert_int_equal(check(f, 407, TS_S(2)), DIGEST_WRONG);
		challenge(f, 407, stale, TS_S(2));
		assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
		request_of(f, "MESSAGE");
		assert_int_equal(rows_of(f, SIP_HDR_PROXY_AUTHORIZATION), 1);
		assert_int_equal(check(f, 407, TS_S(2)), DIGEST_OK);
	}
}

static void a_proof_for_the_proxys_own_challenge_is_no_guess(void **state)
{
	struct fixture *f = *state;

	new_client(f, "pilar", "wrong");
	challenge(f, 401, false, TS_S(1));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request_of(f, "MESSAGE");
	assert_int_equal(check(f, 407, TS_S(1)), DIGEST_WRONG);
	challenge(f, 407, false, TS_S(1));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request_of(f, "MESSAGE");
	challenge(f, 407, false, TS_S(1));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), ERR_AUTH);
}

static void a_guess_does_not_make_a_nonce_look_accepted(void **state)
{
	struct fixture *f = *state;

	new_client(f, "pilar", "wrong");
	challenge(f, 401, false, TS_S(1));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request_of(f, "MESSAGE"); /* the nonce is in two rows of one request */
	challenge(f, 401, false, TS_S(1));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), ERR_AUTH);
}

static void a_proxy_of_another_realm_ends_the_guessing(void **state)
{
	struct fixture *f = *state;

	response(f, 401, "WWW-Authenticate: Digest realm=\"a\", nonce=\"1\", qop=\"auth\"\r\n");
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request_of(f, "MESSAGE");
	response(f, 407, "Proxy-Authenticate: Digest realm=\"b\", nonce=\"2\", qop=\"auth\"\r\n");
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request_of(f, "MESSAGE");
	assert_int_equal(rows_of(f, SIP_HDR_PROXY_AUTHORIZATION), 1);
	assert_true(slice_find(credentials(f, SIP_HDR_PROXY_AUTHORIZATION),
			    SLICE("realm=\"b\", nonce=\"2\"")) != SIZE_MAX);
	assert_true(slice_find(credentials(f, SIP_HDR_AUTHORIZATION),
			    SLICE("realm=\"a\", nonce=\"1\"")) != SIZE_MAX);
}

static void challenges_of_several_realms_in_one_response_are_all_answered(void **state)
{
	struct fixture *f = *state;

	response(f, 407,
		"Proxy-Authenticate: Digest realm=\"a\", nonce=\"1\"\r\n"
		"Proxy-Authenticate: Digest realm=\"a\", nonce=\"2\", algorithm=SHA-256\r\n"
		"Proxy-Authenticate: Digest realm=\"b\", nonce=\"3\"\r\n"
		"WWW-Authenticate: Digest realm=\"c\", nonce=\"4\"\r\n");
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	assert_int_equal(rows_of(f, SIP_HDR_PROXY_AUTHORIZATION), 2);
	assert_int_equal(rows_of(f, SIP_HDR_AUTHORIZATION), 1);
	assert_true(slice_find(buf_slice(&f->text), SLICE("realm=\"a\", nonce=\"2\"")) != SIZE_MAX);
	assert_true(slice_find(buf_slice(&f->text), SLICE("realm=\"b\", nonce=\"3\"")) != SIZE_MAX);
	assert_true(slice_find(buf_slice(&f->text), SLICE("nonce=\"1\"")) == SIZE_MAX);
}

static void no_more_than_four_realms_are_kept(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 9; i++) {
		char row[100];

		snprintf(row, sizeof(row),
			"WWW-Authenticate: Digest realm=\"r%u\", nonce=\"%u\"\r\n", i, i);
		response(f, 401, row);
		assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	}
	request(f);
	assert_int_equal(rows_of(f, SIP_HDR_AUTHORIZATION), 4);
	assert_true(slice_find(buf_slice(&f->text), SLICE("realm=\"r8\"")) != SIZE_MAX);
	assert_true(slice_find(buf_slice(&f->text), SLICE("realm=\"r5\"")) != SIZE_MAX);
	assert_true(slice_find(buf_slice(&f->text), SLICE("realm=\"r4\"")) == SIZE_MAX);
}

static void what_we_cannot_answer_is_unsupported(void **state)
{
	struct fixture *f = *state;
	char longest[700];

	response(f, 401, "WWW-Authenticate: NTLM realm=\"r\"\r\n");
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), ERR_UNSUPPORTED);
	response(f, 401, "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", qop=\"auth-int\"\r\n");
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), ERR_UNSUPPORTED);
	snprintf(longest, sizeof(longest),
		"WWW-Authenticate: Digest realm=\"r\", nonce=\"%0600d\"\r\n", 1);
	response(f, 401, longest);
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), ERR_UNSUPPORTED);
	response(f, 401, "");
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), ERR_UNSUPPORTED);
}

/* Changes one byte of the request's credentials behind `what`. */
static void tamper(struct fixture *f, const char *what)
{
	size_t at = slice_find(buf_slice(&f->text), slice_str(what));

	assert_true(at != SIZE_MAX);
	uint8_t *byte = f->text.p + f->text.head + at + strlen(what);
	*byte = *byte == '0' ? '1' : '0';
	decode(f);
}

static void forged_credentials_are_refused(void **state)
{
	static const struct {
		const char *name, *behind;
		enum digest_verdict want;
	} cases[] = {
		{ "another response", "response=\"", DIGEST_WRONG },
		{ "another time in the nonce", "nonce=\"", DIGEST_WRONG },
		{ "another URI", "uri=\"sip:", DIGEST_WRONG },
		{ "another count", "nc=0000000", DIGEST_WRONG },
		{ "another client nonce", "cnonce=\"", DIGEST_WRONG },
		{ "another realm", "realm=\"", DIGEST_ABSENT },
		{ "an algorithm that was not offered", "algorithm=SHA-25", DIGEST_WRONG },
		{ "another qop", "qop=", DIGEST_BAD },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("case: %s\n", cases[i].name);
		new_client(f, "pilar", PASSWORD);
		challenge(f, 401, false, TS_S(i));
		assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
		request(f);
		tamper(f, cases[i].behind);
		assert_int_equal(check(f, 401, TS_S(i)), cases[i].want);
	}
}

static void odd_credentials_have_their_verdict(void **state)
{
	static const struct {
		const char *name, *rows;
		enum digest_verdict want;
	} cases[] = {
		{ "another scheme only", "Authorization: Basic eDp5\r\n", DIGEST_ABSENT },
		{ "malformed", "Authorization: Digest realm=\"" REALM "\"\r\n", DIGEST_BAD },
		{ "no qop", "Authorization: Digest realm=\"" REALM "\", nonce=\"1\"\r\n",
			DIGEST_BAD },
		{ "a count that is no number",
			"Authorization: Digest realm=\"" REALM
			"\", nonce=\"1\", qop=auth, nc=x, cnonce=\"1\"\r\n",
			DIGEST_BAD },
		{ "a count beyond 32 bits",
			"Authorization: Digest realm=\"" REALM
			"\", nonce=\"1\", qop=auth, nc=100000000, cnonce=\"1\"\r\n",
			DIGEST_BAD },
		{ "a nonce of somebody else's",
			"Authorization: Digest realm=\"" REALM
			"\", nonce=\"1\", qop=auth, nc=00000001, cnonce=\"1\"\r\n",
			DIGEST_WRONG },
		{ "an algorithm without a name",
			"Authorization: Digest realm=\"" REALM
			"\", nonce=\"1\", qop=auth, nc=00000001, cnonce=\"1\", algorithm=x\r\n",
			DIGEST_WRONG },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < COUNT(cases); i++) {
		print_message("case: %s\n", cases[i].name);
		request_with(f, cases[i].rows);
		assert_int_equal(check(f, 401, TS_S(1)), cases[i].want);
	}
}

static void a_user_without_a_secret_never_passes(void **state)
{
	struct fixture *f = *state;

	challenge(f, 401, false, TS_S(1));
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	f->secret = (struct digest_secret){ 0 };
	assert_int_equal(check(f, 401, TS_S(1)), DIGEST_WRONG);
}

/* 1024 nonces have their place; two that share one are 1024 us apart. */
static void a_forgotten_nonce_is_stale_and_not_replayed(void **state)
{
	struct fixture *f = *state;
	struct digest_client *old;

	challenge(f, 401, false, 1000);
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	assert_int_equal(check(f, 401, 1000), DIGEST_OK);
	old = f->client;
	f->client = NULL;
	new_client(f, "pilar", PASSWORD);
	challenge(f, 401, false, 1000 + 1024);
	assert_int_equal(digest_client_push_challenge(f->client, &f->msg), 0);
	request(f);
	assert_int_equal(check(f, 401, 3000), DIGEST_OK);
	digest_client_free(f->client);
	f->client = old;
	request(f);
	assert_int_equal(check(f, 401, 3000), DIGEST_STALE);
}

static void two_challenges_at_one_time_have_two_nonces(void **state)
{
	struct fixture *f = *state;
	struct digest d;
	char first[64];

	challenge(f, 401, false, TS_S(1));
	assert_true(digest_choose(&f->msg, &d, NULL));
	assert_true(slice_cstr(d.nonce, first, sizeof(first)));
	challenge(f, 401, false, TS_S(1));
	assert_true(digest_choose(&f->msg, &d, NULL));
	assert_false(slice_eqs(d.nonce, first));
}

static void out_of_memory_is_reported(void **state)
{
	const struct digest_client_cfg client = { SLICE("pilar"), SLICE("secret") };
	const struct digest_server_cfg server = { .n_offer = 1 };
	struct fixture *f = *state;
	struct digest_client *c = NULL;
	struct digest_server *s = NULL;

	for (long n = 0; n < 3; n++) {
		mem_fail_after(n);
		assert_int_equal(digest_client_new(&c, &client, &f->rng), -ENOMEM);
		assert_null(c);
	}
	mem_fail_after(0);
	assert_int_equal(digest_server_new(&s, &server), -ENOMEM);
	assert_null(s);
	mem_fail_after(-1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_vectors_of_the_rfc_come_out),
		cmocka_unit_test(headers_are_decoded_or_refused),
		TEST(the_strongest_known_challenge_wins),
		TEST(client_and_server_agree),
		TEST(nothing_is_written_before_a_challenge),
		TEST(the_name_is_escaped_on_the_wire),
		TEST(a_wrong_password_is_told_from_a_stale_nonce),
		TEST(a_nonce_that_ran_out_unsaid_is_no_wrong_password),
		TEST(a_server_that_calls_everything_stale_is_given_up),
		TEST(registrar_and_proxy_are_answered_side_by_side),
		TEST(the_registrars_challenge_is_tried_at_the_proxy_too),
		TEST(a_proxy_that_refuses_the_guess_is_answered_once_more),
		TEST(a_proof_for_the_proxys_own_challenge_is_no_guess),
		TEST(a_guess_does_not_make_a_nonce_look_accepted),
		TEST(a_proxy_of_another_realm_ends_the_guessing),
		TEST(challenges_of_several_realms_in_one_response_are_all_answered),
		TEST(no_more_than_four_realms_are_kept),
		TEST(what_we_cannot_answer_is_unsupported),
		TEST(forged_credentials_are_refused),
		TEST(odd_credentials_have_their_verdict),
		TEST(a_user_without_a_secret_never_passes),
		TEST(a_forgotten_nonce_is_stale_and_not_replayed),
		TEST(two_challenges_at_one_time_have_two_nonces),
		TEST(out_of_memory_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Deliveries over HTTP, to servers as they are. */
#include "rig.h"

#include "../net/named.h"

#define SECRET "/hooks/T0SECRET0/x?key=1234567890"

/* Head and body, as far as the head says that there is one. */
static bool read_request(struct peer *p)
{
	char room[65536];
	size_t n = 0, want = 0;

	while (n + 1 < sizeof(room)) {
		const ssize_t got = peer_read(p, room + n, sizeof(room) - 1 - n);
		const char *end, *length;

		if (got <= 0)
			return false;
		n += (size_t)got;
		room[n] = '\0';
		end = strstr(room, "\r\n\r\n");
		length = strstr(room, "Content-Length: ");
		want = end ? (size_t)(end + 4 - room) : 0;
		want += want && length ? strtoul(length + 16, NULL, 10) : 0;
		if (want && n >= want)
			return true;
	}
	return false;
}

/* ---- servers ---- */

#define MORE "X-More: abcdefghijabcdefghijabcdefghijabcdefghij"

static void serve_answer(struct peer *p)
{
	if (read_request(p))
		peer_say(p, p->server->answer);
}

static void serve_silence(struct peer *p)
{
	read_request(p);
	peer_hang(p);
}

static void serve_answer_then_silence(struct peer *p)
{
	serve_answer(p);
	peer_hang(p);
}

static void serve_reset(struct peer *p)
{
	const struct linger hard = { .l_onoff = 1 };

	read_request(p);
	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
}

/* More than anybody waits for. */
static void serve_without_end(struct peer *p)
{
	read_request(p);
	if (peer_say(p, p->server->answer))
		while (peer_say(p, MORE "\r\n"))
			;
}

/* ---- what becomes of it ---- */

static struct deliver_receiver receiver(const char *url)
{
	return (struct deliver_receiver){
		.form = DELIVER_WEBHOOK, .name = "ops", .timeout = TS_S(20), .url = url
	};
}

#define OK "HTTP/1.1 200 OK\r\n"

static const struct {
	const char *name;
	void (*serve)(struct peer *p);
	const char *answer;
	ts_t timeout;
	bool is_delivered;
	int status;
	const char *text;
} rows[] = {
	{ "200", serve_answer, OK "Content-Length: 2\r\n\r\nok", 0, true, 200,
		"http://127.0.0.1:%u answered 200" },
	{ "204", serve_answer, "HTTP/1.1 204 No Content\r\n\r\n", 0, true, 204,
		"http://127.0.0.1:%u answered 204" },
	{ "1.0, and a body to the end", serve_answer, "HTTP/1.0 202 Yes\r\n\r\nfine", 0, true, 202,
		"http://127.0.0.1:%u answered 202" },
	{ "a continue that nobody asked for", serve_answer,
		"HTTP/1.1 100 Continue\r\n\r\n" OK "Content-Length: 0\r\n\r\n", 0, true, 200,
		"http://127.0.0.1:%u answered 200" },
	{ "500 with words", serve_answer,
		"HTTP/1.1 500 Oh\r\nContent-Length: 15\r\n\r\nout of \x1b[2Jmilk\n", 0, false, 500,
		"http://127.0.0.1:%u answered 500: out of ?[2Jmilk" },
	{ "500 without", serve_answer, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", 0, false,
		500, "http://127.0.0.1:%u answered 500" },
	{ "404 that says the path back", serve_answer,
		"HTTP/1.1 404 Oh\r\n\r\nCannot POST " SECRET ", no hook T0SECRET0 here", 0, false,
		404, "http://127.0.0.1:%u answered 404: Cannot POST ***, no hook *** here" },
	{ "a redirect", serve_answer,
		"HTTP/1.1 307 There\r\nLocation: http://127.0.0.1:9/\r\nContent-Length: 0\r\n\r\n",
		0, false, 307,
		"http://127.0.0.1:%u sends to another place (307), and that is not followed" },
	{ "nothing", serve_answer, "", 0, false, 0,
		"http://127.0.0.1:%u closed the connection without an answer" },
	{ "a reset", serve_reset, "", 0, false, 0,
		"http://127.0.0.1:%u broke the connection before it had answered" },
	{ "another protocol", serve_answer, "SSH-2.0-OpenSSH_9.2\r\n", 0, false, 0,
		"it cannot be sent to http://127.0.0.1:%u: Received HTTP/0.9 when not allowed" },
	{ "silence", serve_silence, "", TS_MS(300), false, 0,
		"http://127.0.0.1:%u did not answer within 0.3 s" },
	{ "a body that never ends", serve_answer_then_silence, OK "Content-Length: 9\r\n\r\no",
		TS_MS(300), false, 200, "http://127.0.0.1:%u did not answer within 0.3 s" },
	{ "a huge answer", serve_without_end, OK "\r\n", 0, true, 200,
		"http://127.0.0.1:%u answered 200" },
	{ "a huge refusal", serve_without_end, "HTTP/1.1 503 No\r\n\r\n", 0, false, 503,
		"http://127.0.0.1:%u answered 503: " MORE "??" MORE "??" MORE "??" MORE "??" },
	{ "a huge head", serve_without_end, "HTTP/1.1 503 No\r\n", 0, false, 503,
		"http://127.0.0.1:%u answered 503" },
};

static void every_answer_is_said_in_a_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct server s = { .serve = rows[i].serve, .answer = rows[i].answer };
		const struct deliver_notice n = sample_notice();
		struct deliver_receiver r;
		struct deliver_done done;
		char url[200];

		server_start(&s);
		snprintf(url, sizeof(url), "http://127.0.0.1:%u" SECRET, s.port);
		r = receiver(url);
		r.timeout = rows[i].timeout ? rows[i].timeout : r.timeout;
		assert_int_equal(deliver_send(rig, &r, &n, i + 1), 0);
		rig_await(&done);
		rig_assert(rows[i].name, &done, rows[i].text, s.port);
		assert_int_equal(done.delivery, i + 1);
		assert_int_equal(done.is_delivered, rows[i].is_delivered);
		assert_int_equal(done.status, rows[i].status);
		assert_true(server_heard(&s, "POST " SECRET " HTTP/1.1\r\n"));
		server_stop(&s);
	}
}

static void one_that_is_not_there_is_said_so(void **state)
{
	struct deliver_receiver r = receiver("http://127.0.0.1:1/x");
	const struct deliver_notice n = sample_notice();
	struct deliver_done done;

	(void)state;
	assert_int_equal(deliver_send(rig, &r, &n, 1), 0);
	rig_await(&done);
	rig_assert("nobody listens", &done,
		"no connection to http://127.0.0.1:1: connection refused", 0);
	r.url = "http://no-such-host.invalid/x";
	assert_int_equal(deliver_send(rig, &r, &n, 2), 0);
	rig_await(&done);
	assert_false(done.is_delivered);
	assert_non_null(strstr(rig_text(&done), "http://no-such-host.invalid"));
}

/* ---- what is sent ---- */

static void deliver_one(struct server *s, struct deliver_receiver *r, const char *path)
{
	const struct deliver_notice n = sample_notice();
	struct deliver_done done;
	char url[200];

	snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", s->port, path);
	r->url = url;
	assert_int_equal(deliver_send(rig, r, &n, 1), 0);
	rig_await(&done);
	if (!done.is_delivered)
		fail_msg("%s", rig_text(&done));
}

static void an_alertmanager_is_asked_at_its_api(void **state)
{
	struct server s = { .serve = serve_answer, .answer = OK "Content-Length: 2\r\n\r\n{}" };
	struct deliver_receiver r = receiver(NULL);

	(void)state;
	server_start(&s);
	r.form = DELIVER_ALERTMANAGER;
	r.valid_us = 240 * SECOND;
	r.token = "abc.def";
	deliver_one(&s, &r, "/prefix/");
	assert_true(server_heard(&s, "POST /prefix/api/v2/alerts HTTP/1.1\r\n"));
	assert_true(server_heard(&s, "\r\nContent-Type: application/json\r\n"));
	assert_true(server_heard(&s, "\r\nAuthorization: Bearer abc.def\r\n"));
	assert_true(server_heard(&s, "\r\nUser-Agent: stox/test\r\n"));
	assert_true(server_heard(&s, "\r\n\r\n[{\"labels\":{"));
	assert_false(server_heard(&s, "Expect"));
	server_stop(&s);
}

static void user_and_password_are_basic(void **state)
{
	struct server s = { .serve = serve_answer, .answer = OK "Content-Length: 0\r\n\r\n" };
	struct deliver_receiver r = receiver(NULL);

	(void)state;
	server_start(&s);
	r.user = "stox";
	r.password = "pa:ss";
	deliver_one(&s, &r, "/");
	assert_true(server_heard(&s, "\r\nAuthorization: Basic c3RveDpwYTpzcw==\r\n"));
	server_stop(&s);
}

static void a_secret_that_is_said_back_is_masked(void **state)
{
	struct server s = { .serve = serve_answer,
		.answer =
			"HTTP/1.1 403 No\r\n\r\nyou said c3RveDpoZWxsbyB3b3JsZA== (hello world)" };
	struct deliver_receiver r = receiver(NULL);
	const struct deliver_notice n = sample_notice();
	struct deliver_done done;
	char url[200], token[2001], answer[3000]; /* the token is cut where no more is kept */

	(void)state;
	server_start(&s);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", s.port);
	r.url = url;
	r.user = "stox";
	r.password = "hello world";
	assert_int_equal(deliver_send(rig, &r, &n, 1), 0);
	rig_await(&done);
	rig_assert("basic", &done, "http://127.0.0.1:%u answered 403: you said *** (***)", s.port);
	r.user = r.password = NULL;
	memset(token, 'k', sizeof(token) - 1);
	token[sizeof(token) - 1] = '\0';
	r.token = token;
	server_stop(&s);
	snprintf(answer, sizeof(answer), "HTTP/1.1 403 No\r\n\r\nBad %s", token);
	s = (struct server){ .serve = serve_answer, .answer = answer };
	server_start(&s);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", s.port);
	assert_int_equal(deliver_send(rig, &r, &n, 2), 0);
	rig_await(&done);
	rig_assert("cut", &done, "http://127.0.0.1:%u answered 403: Bad ***", s.port);
	server_stop(&s);
}

static void a_ping_is_healthchecks_io_s(void **state)
{
	static const struct {
		enum deliver_ping ping;
		const char *path, *want;
	} pings[] = {
		{ DELIVER_PING_OK, "/ping/uuid", "POST /ping/uuid HTTP/1.1\r\n" },
		{ DELIVER_PING_FAIL, "/ping/uuid", "POST /ping/uuid/fail HTTP/1.1\r\n" },
		{ DELIVER_PING_START, "/ping/uuid/", "POST /ping/uuid/start HTTP/1.1\r\n" },
		{ DELIVER_PING_FAIL, "/ping/key/slug?create=1",
			"POST /ping/key/slug/fail?create=1 HTTP/1.1\r\n" },
	};
	struct server s = { .serve = serve_answer, .answer = OK "Content-Length: 2\r\n\r\nOK" };
	struct deliver_receiver r = receiver(NULL);
	struct deliver_done done;
	char url[200];

	(void)state;
	server_start(&s);
	r.form = DELIVER_PING;
	for (size_t i = 0; i < COUNT(pings); i++) {
		snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", s.port, pings[i].path);
		r.url = url;
		assert_int_equal(
			deliver_ping(rig, &r, pings[i].ping, SLICE("no history"), i + 1), 0);
		rig_await(&done);
		assert_true(done.is_delivered);
		if (!server_heard(&s, pings[i].want))
			fail_msg("%s", pings[i].want);
	}
	assert_true(server_heard(&s, "Content-Type: text/plain; charset=utf-8\r\n"));
	assert_true(server_heard(&s, "\r\n\r\nno history"));
	assert_int_equal(deliver_ping(rig, &r, DELIVER_PING_OK, SLICE_NONE, 9), 0);
	rig_await(&done);
	assert_true(done.is_delivered);
	server_stop(&s);
}

static void the_environment_s_proxy_is_used(void **state)
{
	struct server s = { .serve = serve_answer, .answer = OK "Content-Length: 0\r\n\r\n" };
	struct deliver_receiver r = receiver("http://hooks.contoso.test/x");
	const struct deliver_notice n = sample_notice();
	struct deliver_done done;
	char proxy[100];

	(void)state;
	server_start(&s);
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", s.port);
	setenv("http_proxy", proxy, 1);
	assert_int_equal(deliver_send(rig, &r, &n, 1), 0);
	rig_await(&done);
	unsetenv("http_proxy");
	assert_true(done.is_delivered);
	assert_true(server_heard(&s, "POST http://hooks.contoso.test/x HTTP/1.1\r\n"));
	server_stop(&s);
}

/* ---- TLS ---- */

/* A certificate for `address`, in `path`, too. */
static void set_certificate(struct server *s, const char *address, const char *path)
{
	uint8_t ip[4];
	const struct named name = { .type = GEN_IPADD, .bytes = { ip, sizeof(ip) } };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert;
	FILE *f;

	assert_int_equal(inet_pton(AF_INET, address, ip), 1);
	cert = named_cert(&name, 1, key, EVP_sha256());
	assert_int_equal(X509_set_issuer_name(cert, X509_get_subject_name(cert)), 1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	s->tls = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(s->tls, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(s->tls, key), 1);
	f = fopen(path, "w");
	assert_int_equal(PEM_write_X509(f, cert), 1);
	fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static const struct {
	const char *name, *address;
	bool is_trusted, is_delivered;
	const char *text;
} certificates[] = {
	{ "trusted", "127.0.0.1", true, true, "https://127.0.0.1:%u answered 200" },
	{ "of nobody we know", "127.0.0.1", false, false,
		"the certificate of https://127.0.0.1:%u cannot be trusted: SSL certificate "
		"problem: "
		"self-signed certificate" },
	{ "for another address", "127.0.0.2", true, false,
		"the certificate of https://127.0.0.1:%u cannot be trusted: SSL: no alternative "
		"certificate subject name matches target host name '127.0.0.1'" },
};

static void certificates_are_verified(void **state)
{
	char path[] = "/tmp/stox-deliver-XXXXXX";
	const int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	for (size_t i = 0; i < COUNT(certificates); i++) {
		struct server s = { .serve = serve_answer,
			.answer = OK "Content-Length: 0\r\n\r\n",
			.is_tls = true };
		const struct deliver_notice n = sample_notice();
		struct deliver_receiver r = receiver(NULL);
		struct deliver_done done;
		char url[100];

		set_certificate(&s, certificates[i].address, path);
		server_start(&s);
		snprintf(url, sizeof(url), "https://127.0.0.1:%u/x", s.port);
		r.url = url;
		r.ca_file = certificates[i].is_trusted ? path : NULL;
		assert_int_equal(deliver_send(rig, &r, &n, 1), 0);
		rig_await(&done);
		rig_assert(certificates[i].name, &done, certificates[i].text, s.port);
		assert_int_equal(done.is_delivered, certificates[i].is_delivered);
		assert_int_equal(server_heard(&s, "POST"), certificates[i].is_delivered);
		server_stop(&s);
	}
	remove(path);
}

/* ---- many ---- */

/* All hang, but for one; it is not held up by them. */
static void one_that_hangs_holds_up_nobody(void **state)
{
	enum { HANGING = 200 };
	struct server hanging = { .serve = serve_silence };
	struct server s = { .serve = serve_answer, .answer = OK "Content-Length: 0\r\n\r\n" };
	struct deliver_receiver r = receiver(NULL);
	const struct deliver_notice n = sample_notice();
	struct deliver_done done;
	char url[100];

	(void)state;
	server_start(&hanging);
	server_start(&s);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", hanging.port);
	r.url = url;
	for (uint64_t i = 1; i <= HANGING; i++)
		assert_int_equal(deliver_send(rig, &r, &n, i), 0);
	deliver_one(&s, &r, "/");
	for (uint64_t i = 1; i <= HANGING; i++)
		deliver_drop(rig, i);
	deliver_drop(rig, 12345);
	/* The numbers are free at once, also while the others are being ended. */
	r.url = url;
	for (uint64_t i = 1; i <= HANGING; i++)
		assert_int_equal(deliver_send(rig, &r, &n, i), 0);
	for (uint64_t i = 1; i <= HANGING; i++)
		deliver_drop(rig, i);
	assert_false(deliver_take(rig, &done));
	deliver_one(&s, &r, "/"); /* and nothing of the dropped ones comes out */
	server_stop(&hanging);
	server_stop(&s);
}

static void one_that_is_done_can_be_dropped(void **state)
{
	struct deliver_receiver r = receiver("http://127.0.0.1:1/");
	const struct deliver_notice n = sample_notice();
	struct pollfd p = { .fd = deliver_fd(rig), .events = POLLIN };
	struct deliver_done done;

	(void)state;
	assert_int_equal(deliver_send(rig, &r, &n, 1), 0);
	assert_int_equal(poll(&p, 1, PATIENCE), 1);
	deliver_drop(rig, 1);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_false(deliver_take(rig, &done));
}

static void there_are_only_so_many(void **state)
{
	struct server hanging = { .serve = serve_silence };
	struct deliver_receiver r = receiver(NULL);
	const struct deliver_notice n = sample_notice();
	struct deliver_done done;
	char url[100];

	(void)state;
	server_start(&hanging);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", hanging.port);
	r.url = url;
	for (uint64_t i = 1; i <= DELIVER_MAX; i++) {
		r.timeout = i == DELIVER_MAX ? TS_MS(50) : TS_S(20);
		assert_int_equal(deliver_send(rig, &r, &n, i), 0);
	}
	assert_int_equal(deliver_send(rig, &r, &n, DELIVER_MAX + 1), -ENOBUFS);
	rig_await(&done); /* it had to wait, and does not wait for longer than it may */
	assert_int_equal(done.delivery, DELIVER_MAX);
	rig_assert("late", &done,
		"too much was on its way: http://127.0.0.1:%u was not tried within 0.1 s",
		hanging.port);
	assert_int_equal(deliver_send(rig, &r, &n, DELIVER_MAX + 1), 0);
	rig = deliver_free(rig); /* it does not wait for them */
	server_stop(&hanging);
	assert_int_equal(rig_start(NULL), 0);
}

int main(void)
{
	signal(SIGPIPE, SIG_DFL);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_is_said_in_a_sentence),
		cmocka_unit_test(one_that_is_not_there_is_said_so),
		cmocka_unit_test(an_alertmanager_is_asked_at_its_api),
		cmocka_unit_test(user_and_password_are_basic),
		cmocka_unit_test(a_secret_that_is_said_back_is_masked),
		cmocka_unit_test(a_ping_is_healthchecks_io_s),
		cmocka_unit_test(the_environment_s_proxy_is_used),
		cmocka_unit_test(certificates_are_verified),
		cmocka_unit_test(one_that_hangs_holds_up_nobody),
		cmocka_unit_test(one_that_is_done_can_be_dropped),
		cmocka_unit_test(there_are_only_so_many),
	};

	return cmocka_run_group_tests(tests, rig_start, rig_stop);
}

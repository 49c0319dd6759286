/* Deliveries by SMTP, to servers as they are. */
#include "rig.h"

#include "../net/named.h"

/* What a server says, one line for each command; the first that fits.  NULL: the rest of the
 * defaults. */
struct reply {
	const char *command, *says;
};

static const struct reply defaults[] = {
	{ "EHLO", "250-mx.litware.test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n" },
	{ "AUTH", "235 2.7.0 yes\r\n" },
	{ "MAIL", "250 2.1.0 ok\r\n" },
	{ "RCPT", "250 2.1.5 ok\r\n" },
	{ "DATA", "354 go on\r\n" },
	{ ".", "250 2.0.0 queued\r\n" },
	{ "QUIT", "221 2.0.0 bye\r\n" },
};

struct script {
	const char *name;
	const char *greeting;
	struct reply
		replies[4]; /* before the defaults; says NULL: it falls silent, "": it closes */
	bool has_password, is_starttls, is_smtps, is_plain, is_trusted;
	ts_t timeout;
	bool is_delivered;
	int status;
	const char *text; /* the scheme is put in front of what it is about */
};

static const char *reply_of(const struct script *script, const char *line)
{
	for (size_t i = 0; i < COUNT(script->replies) && script->replies[i].command; i++)
		if (strncmp(line, script->replies[i].command, strlen(script->replies[i].command)) ==
			0)
			return script->replies[i].says;
	for (size_t i = 0; i < COUNT(defaults); i++)
		if (strncmp(line, defaults[i].command, strlen(defaults[i].command)) == 0)
			return defaults[i].says;
	return "502 what?\r\n";
}

static bool read_line(struct peer *p, char *line, size_t size)
{
	size_t n = 0;

	while (n + 1 < size && peer_read(p, line + n, 1) == 1)
		if (line[n++] == '\n') {
			line[n] = '\0';
			return true;
		}
	return false;
}

static void serve(struct peer *p)
{
	const struct script *script = p->server->script;
	char line[2000];
	bool is_data = false;

	if (script->greeting && !script->greeting[0])
		peer_hang(p);
	else
		peer_say(p, script->greeting ? script->greeting : "220 mx.litware.test\r\n");
	while (read_line(p, line, sizeof(line))) {
		const char *says = reply_of(script, line);

		if (is_data && strcmp(line, ".\r\n") != 0)
			continue;
		is_data = strncmp(line, "DATA", 4) == 0;
		if (!says)
			peer_hang(p);
		else if (!says[0])
			return;
		else
			peer_say(p, says);
		if (strncmp(line, "STARTTLS", 8) == 0 && says && says[0] == '2' &&
			!peer_start_tls(p))
			return;
	}
}

/* ---- */

static char ca_path[] = "/tmp/stox-deliver-XXXXXX";

static void set_certificate(struct server *s)
{
	const uint8_t ip[] = { 127, 0, 0, 1 };
	const struct named name = { .type = GEN_IPADD, .bytes = { ip, sizeof(ip) } };
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = named_cert(&name, 1, key, EVP_sha256());
	FILE *f = fopen(ca_path, "w");

	assert_int_equal(X509_set_issuer_name(cert, X509_get_subject_name(cert)), 1);
	assert_true(X509_sign(cert, key, EVP_sha256()) > 0);
	s->tls = SSL_CTX_new(TLS_server_method());
	assert_int_equal(SSL_CTX_use_certificate(s->tls, cert), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(s->tls, key), 1);
	assert_int_equal(PEM_write_X509(f, cert), 1);
	fclose(f);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static const char *const to[] = { "ops@litware.test", "night@litware.test" };

static void start(struct server *s, const struct script *of, struct deliver_receiver *r, char *url)
{
	*s = (struct server){ .serve = serve, .script = of, .is_tls = of->is_smtps };
	if (of->is_smtps || of->is_starttls)
		set_certificate(s);
	server_start(s);
	sprintf(url, "%s://127.0.0.1:%u", of->is_smtps ? "smtps" : "smtp", s->port);
	*r = (struct deliver_receiver){
		.form = DELIVER_MAIL,
		.name = "ops",
		.timeout = of->timeout ? of->timeout : TS_S(20),
		.url = url,
		.user = of->has_password ? "stox" : NULL,
		.password = of->has_password ? "hush hush" : NULL,
		.ca_file = of->is_trusted ? ca_path : NULL,
		.from = "stox@litware.test",
		.to = to,
		.n_to = COUNT(to),
		.is_plain = of->is_plain,
	};
}

static const struct script scripts[] = {
	{ .name = "taken",
		.is_plain = true,
		.is_delivered = true,
		.status = 250,
		.text = "smtp://127.0.0.1:%u took the mail" },
	{ .name = "by TLS, with a password",
		.is_starttls = true,
		.is_trusted = true,
		.has_password = true,
		.replies = { { "EHLO",
				     "250-mx.litware.test\r\n250-STARTTLS\r\n250 AUTH PLAIN\r\n" },
			{ "STARTTLS", "220 go on\r\n" } },
		.is_delivered = true,
		.status = 250,
		.text = "smtp://127.0.0.1:%u took the mail" },
	{ .name = "by TLS from the first byte",
		.is_smtps = true,
		.is_trusted = true,
		.is_delivered = true,
		.status = 250,
		.text = "smtps://127.0.0.1:%u took the mail" },
	{ .name = "a certificate of nobody we know",
		.is_smtps = true,
		.text = "the certificate of smtps://127.0.0.1:%u cannot be trusted: SSL "
			"certificate problem: self-signed certificate" },
	{ .name = "the same behind STARTTLS, and it hangs",
		.is_starttls = true,
		.replies = { { "EHLO", "250-mx.litware.test\r\n250 STARTTLS\r\n" },
			{ "STARTTLS", "220 go on\r\n" } },
		.status = 220,
		.text = "the certificate of smtp://127.0.0.1:%u cannot be trusted: SSL "
			"certificate problem: self-signed certificate" },
	{ .name = "no TLS",
		.status = 250,
		.text = "smtp://127.0.0.1:%u does not offer TLS, and nothing was sent" },
	{ .name = "a wrong password",
		.is_smtps = true,
		.is_trusted = true,
		.has_password = true,
		.replies = { { "AUTH", "535 5.7.8 not hush hush\r\n" } },
		.status = 535,
		.text = "smtps://127.0.0.1:%u does not take user and password" },
	{ .name = "a refused sender",
		.is_plain = true,
		.replies = { { "MAIL", "550 5.7.1 who is that\x1b[2J?\r\n" } },
		.status = 550,
		.text = "smtp://127.0.0.1:%u refused the mail: 550 5.7.1 who is that?[2J?" },
	{ .name = "all receivers refused",
		.is_plain = true,
		.replies = { { "RCPT", "550 5.1.1 no such user\r\n" } },
		.status = 550,
		.text = "smtp://127.0.0.1:%u refused the mail: 550 5.1.1 no such user" },
	{ .name = "one of two refused",
		.is_plain = true,
		.replies = { { "RCPT TO:<ops@",
			"550-5.1.1 no such user\r\n550 5.1.1 at all\r\n" } },
		.is_delivered = true,
		.status = 250,
		.text = "smtp://127.0.0.1:%u took the mail, but not for every receiver: "
			"550-5.1.1 no such user" },
	{ .name = "refused for now",
		.is_plain = true,
		.replies = { { "RCPT", "451 4.7.1 greylisted\r\n" } },
		.status = 451,
		.text = "smtp://127.0.0.1:%u refused the mail: 451 4.7.1 greylisted" },
	{ .name = "refused by what it holds",
		.is_plain = true,
		.replies = { { ".", "554 5.7.1 spam\r\n" } },
		.status = 554,
		.text = "smtp://127.0.0.1:%u refused the mail: 554 5.7.1 spam" },
	{ .name = "refused at the door",
		.is_plain = true,
		.greeting = "554 5.3.2 not now\r\n",
		.status = 554,
		.text = "smtp://127.0.0.1:%u refused the mail: 554 5.3.2 not now" },
	{ .name = "a silent door",
		.is_plain = true,
		.greeting = "",
		.timeout = TS_MS(300),
		.text = "smtp://127.0.0.1:%u did not answer within 0.3 s" },
	{ .name = "another protocol",
		.is_plain = true,
		.greeting = "SSH-2.0-OpenSSH_9.2\r\n",
		.timeout = TS_MS(300),
		.text = "smtp://127.0.0.1:%u did not answer within 0.3 s" },
	{ .name = "silence behind the mail: nobody knows",
		.is_plain = true,
		.replies = { { ".", NULL } },
		.timeout = TS_MS(500),
		.status = 354,
		.text = "smtp://127.0.0.1:%u did not answer within 0.5 s" },
	{ .name = "an end in the middle",
		.is_plain = true,
		.replies = { { "DATA", "" } },
		.status = 250,
		.text = "smtp://127.0.0.1:%u broke the connection before it had answered" },
	{ .name = "silence behind QUIT",
		.is_plain = true,
		.replies = { { "QUIT", NULL } },
		.is_delivered = true,
		.status = 250,
		.text = "smtp://127.0.0.1:%u took the mail" },
	{ .name = "silence behind QUIT, refused",
		.is_plain = true,
		.replies = { { "RCPT", "550 5.1.1 no such user\r\n" }, { "QUIT", NULL } },
		.status = 550,
		.text = "smtp://127.0.0.1:%u refused the mail: 550 5.1.1 no such user" },
};

static void every_answer_is_said_in_a_sentence(void **state)
{
	const struct deliver_notice n = sample_notice();

	(void)state;
	for (size_t i = 0; i < COUNT(scripts); i++) {
		struct server s;
		struct deliver_receiver r;
		struct deliver_done done;
		char url[100];

		start(&s, &scripts[i], &r, url);
		assert_int_equal(deliver_send(rig, &r, &n, i + 1), 0);
		rig_await(&done);
		rig_assert(scripts[i].name, &done, scripts[i].text, s.port);
		if (done.status != scripts[i].status ||
			done.is_delivered != scripts[i].is_delivered)
			fail_msg("%s: %d", scripts[i].name, done.status);
		server_stop(&s);
	}
}

static void the_mail_is_what_the_form_says(void **state)
{
	struct deliver_notice n = sample_notice();
	const struct form_mail mail = {
		.from = "stox@litware.test", .to = to, .n_to = COUNT(to), .host = rig_cfg.host
	};
	struct server s;
	struct deliver_receiver r;
	struct deliver_done done;
	struct buf b;
	char url[100];

	(void)state;
	start(&s, &scripts[0], &r, url);
	n.message = SLICE("a line\n.\nMAIL FROM:<evil@evil.test>");
	assert_int_equal(deliver_send(rig, &r, &n, 1), 0);
	rig_await(&done);
	assert_true(done.is_delivered);
	buf_init(&b, FORM_BYTES_MAX);
	form_put_mail(&b, &n, &mail, NULL);
	buf_puts(&b, ".\r\nQUIT\r\n");
	assert_true(server_heard(&s, "EHLO watch.litware.test\r\n"));
	assert_true(server_heard(&s, "MAIL FROM:<stox@litware.test>"));
	assert_true(server_heard(&s, "RCPT TO:<ops@litware.test>\r\nRCPT TO:<night@litware.test>"));
	assert_true(server_hears(&s, buf_cstr(&b)));
	assert_false(server_heard(&s, "\r\nMAIL FROM:<evil"));
	buf_done(&b);
	server_stop(&s);
}

static void a_password_goes_by_tls_only(void **state)
{
	struct server s;
	struct deliver_receiver r;
	const struct deliver_notice n = sample_notice();
	struct deliver_done done;
	char url[100];

	(void)state;
	/* It offers no TLS, and says that it takes passwords. */
	start(&s, &(struct script){ .has_password = true }, &r, url);
	assert_int_equal(deliver_send(rig, &r, &n, 1), 0);
	rig_await(&done);
	assert_false(done.is_delivered);
	assert_false(server_heard(&s, "AUTH"));
	assert_false(server_heard(&s, "MAIL"));
	r.is_plain = true;
	assert_int_equal(deliver_send(rig, &r, &n, 2), -EINVAL);
	server_stop(&s);
}

static const struct script silences[] = {
	{ .name = "behind QUIT", .replies = { { "QUIT", NULL } } },
	{ .name = "behind the mail", .replies = { { ".", NULL } } },
	{ .name = "at the door", .greeting = "" },
};

/* libcurl would wait where it should come back. */
static void a_silent_server_holds_up_no_other_mail(void **state)
{
	const struct deliver_notice n = sample_notice();

	(void)state;
	for (size_t i = 0; i < COUNT(silences); i++) {
		struct script silent = silences[i];
		struct server hanging, s;
		struct deliver_receiver r;
		struct deliver_done done;
		char url[100];

		silent.is_plain = true;
		silent.timeout = TS_S(3600);
		start(&hanging, &silent, &r, url);
		for (uint64_t k = 1; k <= DELIVER_MAILS_MAX; k++)
			assert_int_equal(deliver_send(rig, &r, &n, k), 0);
		for (uint64_t k = 1; i == 0 && k <= DELIVER_MAILS_MAX; k++) {
			rig_await(&done);
			assert_true(done.is_delivered);
		}
		if (i > 0) {
			assert_int_equal(deliver_send(rig, &r, &n, 1000), -ENOBUFS);
			deliver_drop(rig, 7); /* one ends, and another can begin */
			while (deliver_send(rig, &r, &n, 1000) == -ENOBUFS)
				poll(NULL, 0, 1);
			deliver_drop(rig, 8);
		}
		start(&s, &scripts[0], &r, url);
		while (deliver_send(rig, &r, &n, 1001) == -ENOBUFS)
			poll(NULL, 0, 1);
		rig_await(&done);
		assert_int_equal(done.delivery, 1001);
		assert_true(done.is_delivered);
		assert_false(deliver_take(rig, &done));
		rig = deliver_free(rig); /* it does not wait for them */
		assert_int_equal(rig_start(NULL), 0);
		server_stop(&s);
		server_stop(&hanging);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_is_said_in_a_sentence),
		cmocka_unit_test(the_mail_is_what_the_form_says),
		cmocka_unit_test(a_password_goes_by_tls_only),
		cmocka_unit_test(a_silent_server_holds_up_no_other_mail),
	};
	const int fd = mkstemp(ca_path);
	int failed;

	signal(SIGPIPE, SIG_DFL);
	failed = cmocka_run_group_tests(tests, rig_start, rig_stop);
	close(fd);
	remove(ca_path);
	return failed;
}

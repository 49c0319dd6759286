/* The bytes of a mail. */
#include "../watch/zone_file_of.h"
#include "base/str.h"
#include "notices.h"

static const char *const to[] = { "ops@litware.test", "night@litware.test" };
static const struct form_mail mail = {
	.from = "stox@litware.test", .to = to, .n_to = 2, .host = "watch.litware.test"
};

static char *form(const struct deliver_notice *n, text_look_up *look_up)
{
	struct buf b;
	char *ret;

	buf_init(&b, FORM_BYTES_MAX);
	form_put_mail(&b, n, &mail, look_up);
	assert_int_equal(buf_err(&b), 0);
	ret = mem_strdup(buf_cstr(&b));
	buf_done(&b);
	return ret;
}

static void assert_mail(const struct deliver_notice *n, const char *want)
{
	char *got = form(n, NULL);

	assert_string_equal(got, want);
	mem_free(got);
}

static void a_mail_is_rfc_5322(void **state)
{
	struct deliver_notice n = sample_notice();
	const struct zone zone = zone_of("paris");

	(void)state;
	n.zone = &zone;
	n.message = SLICE("= is quoted, and what is longer than a line is broken in a way that the "
			  "reader's program undoes");
	assert_mail(&n,
		"Date: Mon, 30 Nov 2026 06:18:07 +0100\r\n"
		"From: stox@litware.test\r\n"
		"To: ops@litware.test,\r\n"
		" night@litware.test\r\n"
		"Subject: FAILED: contoso.test cannot be reached from pool.litware.test.\r\n"
		"Message-ID: <2a.661731b4676c0@watch.litware.test>\r\n"
		"Auto-Submitted: auto-generated\r\n"
		"MIME-Version: 1.0\r\n"
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: quoted-printable\r\n"
		"\r\n"
		"contoso.test cannot be reached from pool.litware.test.\r\n"
		"\r\n"
		"Since: 2026-11-30 01:01:07 CET (5=C2=A0h 17=C2=A0min)\r\n"
		"Reason: tcp_refused: Nothing listens on that port, or a firewall rejects =\r\n"
		"the connection.\r\n"
		"Message: =3D is quoted, and what is longer than a line is broken in a way=\r\n"
		" that the reader's program undoes\r\n"
		"Likely cause: The service is not running, or listens on another port or a=\r\n"
		"ddress.\r\n"
		"What to do:\r\n"
		"  1. look whether the server runs\r\n"
		"  2. ask contoso.test\r\n"
		"Runs that failed: 3\r\n"
		"Severity: critical\r\n"
		"Test: litware/contoso.test/to\r\n"
		"Seen from: paris-dc1\r\n"
		"Run: https://watch.litware.test/runs/42\r\n");
}

static bool has(const struct deliver_notice *n, const char *what)
{
	char *got = form(n, NULL);
	const bool ret = strstr(got, what);

	mem_free(got);
	return ret;
}

#define FIRST "<2a.661731b4676c0@watch.litware.test>"

static void mails_of_an_incident_are_a_thread(void **state)
{
	struct deliver_notice n = sample_notice();

	(void)state;
	assert_true(has(&n, "\r\nMessage-ID: " FIRST "\r\n"));
	assert_false(has(&n, "In-Reply-To"));
	n.kind = ALERT_STILL_FAILING;
	n.incident.runs = 300;
	assert_true(has(&n,
		"\r\nMessage-ID: <2a.661731b4676c0.still_failing.1.300@watch.litware.test>\r\n"
		"In-Reply-To: " FIRST "\r\nReferences: " FIRST "\r\n"));
	n.kind = ALERT_FAILING;
	n.incident.times = 2; /* the same incident, once more */
	assert_true(has(&n, "\r\nMessage-ID: <2a.661731b4676c0.failing.2.300@"));
	assert_true(has(&n, "\r\nIn-Reply-To: " FIRST));
	n = sample_resolved();
	assert_true(has(&n, "\r\nIn-Reply-To: " FIRST));
	assert_true(has(&n, "\r\nSubject: RESOLVED: contoso.test can be reached from"));
	n.is_trial = true;
	assert_false(has(&n, "In-Reply-To"));
}

/* A head of our own lines, an empty line, and no other byte than those of ASCII's text. */
static void nothing_gets_into_the_head(void **state)
{
	static const char *const names[] = { "Date: ", "From: ", "To: ", " ",
		"Subject: ", "Message-ID: ", "Auto-Submitted: ", "MIME-Version: ", "Content-Type: ",
		"Content-Transfer-Encoding: " };
	const struct deliver_notice n = sample_hostile();
	char *got = form(&n, NULL), *head = got, *end = strstr(got, "\r\n\r\n");

	(void)state;
	assert_non_null(end);
	for (char *p = got; *p; p++)
		assert_true((*p >= ' ' && *p <= '~') || (p[0] == '\r' && p[1] == '\n') ||
			    (p > got && p[-1] == '\r' && p[0] == '\n'));
	end[2] = '\0';
	for (char *line = head, *next; *line; line = next) {
		bool is_ours = false;

		next = strstr(line, "\r\n") + 2;
		assert_in_range(next - line, 1, 78);
		for (size_t i = 0; i < COUNT(names); i++)
			is_ours = is_ours || strncmp(line, names[i], strlen(names[i])) == 0;
		if (!is_ours)
			fail_msg("%s", line);
	}
	mem_free(got);
}

static const char *accents(const char *id)
{
	return strcmp(id, "FAILED") == 0 ? "EN ÉCHEC" : id;
}

static void a_subject_of_other_letters_is_encoded(void **state)
{
	struct deliver_notice n = sample_notice();
	char *got, *at, *end;
	struct buf subject;

	(void)state;
	n.partner = SLICE("bücher.example.with.a.name.that.is.very.long.indeed.test");
	got = form(&n, accents);
	at = strstr(got, "Subject: ") + strlen("Subject: ");
	end = strstr(got, "\r\nMessage-ID");
	*end = '\0';
	buf_init(&subject, 1000);
	for (char *word = at; *word;) {
		char *close = strstr(word, "?=");

		assert_memory_equal(word, "=?utf-8?B?", 10);
		assert_in_range(close + 2 - word, 12, 75); /* RFC 2047 section 2 */
		struct buf part;
		buf_init(&part, 100);
		assert_int_equal(base64_decode(&part, slice_of(word + 10, close - word - 10)), 0);
		assert_true(utf8_valid(buf_slice(&part), NULL)); /* each word of its own */
		buf_put(&subject, buf_slice(&part));
		buf_done(&part);
		word = close + 2;
		if (*word)
			assert_memory_equal(word, "\r\n ", 3);
		word += *word ? 3 : 0;
	}
	assert_string_equal(buf_cstr(&subject),
		"EN ÉCHEC: bücher.example.with.a.name.that.is.very.long.indeed.test cannot be "
		"reached from pool.litware.test.");
	buf_done(&subject);
	mem_free(got);
}

static void a_long_subject_is_folded_and_cut(void **state)
{
	char name[900];
	struct deliver_notice n = sample_notice();
	char *got, *end;

	(void)state;
	memset(name, 'x', sizeof(name));
	for (size_t i = 60; i < sizeof(name); i += 60)
		name[i] = ' ';
	n.partner = slice_of(name, sizeof(name));
	got = form(&n, NULL);
	char *at = strstr(got, "Subject: ");
	end = strstr(got, "\r\nMessage-ID");
	*end = '\0';
	assert_in_range(strlen(at), 400, 450);
	for (char *line = at; line; line = strstr(line, "\r\n") ? strstr(line, "\r\n") + 2 : NULL)
		assert_in_range(strcspn(line, "\r"), 1, 76);
	mem_free(got);
	n.partner = SLICE("a word =?utf-8?Q?x?= that poses as an encoded one");
	assert_true(has(&n, "Subject: =?utf-8?B?"));
}

static const struct {
	const char *address;
	bool is;
} addresses[] = {
	{ "ops@litware.test", true },
	{ "root@localhost", true },
	{ "o.p-s+x=1@a-b.litware.test", true },
	{ "", false },
	{ "ops", false },
	{ "@litware.test", false },
	{ "ops@", false },
	{ "ops@.test", false },
	{ "ops@litware.", false },
	{ "ops@lit..ware.test", false },
	{ ".ops@litware.test", false },
	{ "ops.@litware.test", false },
	{ "o..ps@litware.test", false },
	{ "Ops <ops@litware.test>", false },
	{ "ops@litware.test>", false },
	{ "ops@litware.test, b@c.test", false },
	{ "ops@litware.test\r\nBcc: a@b.test", false },
	{ "ops\n@litware.test", false },
	{ "\"o ps\"@litware.test", false },
	{ "öps@litware.test", false },
	{ "ops@-litware.test", false },
	{ "ops@[192.0.2.1]", false },
	{ "a@b@c.test", false },
};

static void only_a_bare_address_is_one(void **state)
{
	char longest[300];

	(void)state;
	for (size_t i = 0; i < COUNT(addresses); i++)
		if (form_is_address(addresses[i].address) != addresses[i].is)
			fail_msg("%s", addresses[i].address);
	assert_false(form_is_address(NULL));
	memset(longest, 'x', sizeof(longest));
	memcpy(longest + 64, "@b.test", 8);
	assert_true(form_is_address(longest));
	memset(longest, 'x', sizeof(longest));
	memcpy(longest + 65, "@b.test", 8);
	assert_false(form_is_address(longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mail_is_rfc_5322),
		cmocka_unit_test(mails_of_an_incident_are_a_thread),
		cmocka_unit_test(nothing_gets_into_the_head),
		cmocka_unit_test(a_subject_of_other_letters_is_encoded),
		cmocka_unit_test(a_long_subject_is_folded_and_cut),
		cmocka_unit_test(only_a_bare_address_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

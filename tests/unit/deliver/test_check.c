/* Which receivers can be used. */
#include "deliver/deliver.h"
#include "notices.h"

static const char *const to[] = { "ops@litware.test", "night@litware.test" };
static const char *const bad_to[] = { "ops@litware.test",
	"night@litware.test\r\nRCPT TO:<a@b.test>" };
static const char *const argv[] = { "/usr/bin/pager", "--now", NULL };
static const char *const relative[] = { "pager", NULL };

/* NOLINTBEGIN(bugprone-macro-parentheses): they are initialisers */
#define OF(FORM, S)            .form = DELIVER_##FORM, .timeout = TS_S(10), .url = S
#define URL(S)                 OF(WEBHOOK, S)
#define LETTER(S, FROM, TO, N) OF(MAIL, S), .from = FROM, .to = TO, .n_to = N
#define MAIL(S)                LETTER(S, "stox@litware.test", to, COUNT(to))
/* NOLINTEND(bugprone-macro-parentheses) */

static const struct {
	const char *name;
	struct deliver_receiver receiver;
	const char *want; /* what is wrong has this in it; NULL: nothing */
} rows[] = {
	{ "https", { URL("https://hooks.test/T000/SECRET?x=1") }, NULL },
	{ "an address and a port", { URL("http://[::1]:8080/") }, NULL },
	{ "none", { URL(NULL) }, "no URL" },
	{ "empty", { URL("") }, "malformed" },
	{ "no host", { URL("https:///x") }, "malformed" },
	{ "one slash", { URL("https:/hooks.test/x") }, "malformed" },
	{ "two of them later", { URL("https:/hooks.test/x?y=http://z") }, "malformed" },
	{ "no scheme", { URL("hooks.test/x") }, "malformed" },
	{ "a file", { URL("file:///etc/passwd") }, "malformed" },
	{ "a file there", { URL("file://localhost/etc/passwd") }, "no host" },
	{ "ftp", { URL("ftp://hooks.test/x") }, "http://" },
	{ "mail's", { URL("smtp://hooks.test/x") }, "http://" },
	{ "a user in it", { URL("https://u@hooks.test/x") }, "a user or a password" },
	{ "a password in it", { URL("https://u:p@hooks.test/x") }, "a user or a password" },
	{ "a fragment", { URL("https://hooks.test/x#y") }, "#" },
	{ "a line break", { URL("https://hooks.test/x\r\nX: y") }, "malformed" },
	{ "a space", { URL("https://hooks.test/x y") }, "malformed" },
	{ "no time", { .form = DELIVER_WEBHOOK, .url = "https://hooks.test/" }, "time-out" },
	{ "a token", { URL("https://hooks.test/"), .token = "abc" }, NULL },
	{ "two secrets", { URL("https://hooks.test/"), .token = "a", .user = "b", .password = "c" },
		"without user" },
	{ "a token of two lines", { URL("https://hooks.test/"), .token = "a\r\nX: y" },
		"line break" },
	{ "half a secret", { URL("https://hooks.test/"), .user = "b" }, "neither" },
	{ "a colon", { URL("https://hooks.test/"), .user = "a:b", .password = "c" }, "colon" },
	{ "an alert that is over at once", { OF(ALERTMANAGER, "https://hooks.test/") }, "valid" },

	{ "a mail server", { MAIL("smtp://mx.test") }, NULL },
	{ "and its port", { MAIL("smtps://mx.test:465/"), .user = "a", .password = "b" }, NULL },
	{ "the web's", { MAIL("https://mx.test") }, "smtp://" },
	{ "a path", { MAIL("smtp://mx.test/x") }, "host and port" },
	{ "a token", { MAIL("smtp://mx.test"), .token = "x" }, "token" },
	{ "a password in the clear",
		{ MAIL("smtp://mx.test"), .user = "a", .password = "b", .is_plain = true },
		"without TLS" },
	{ "TLS without TLS", { MAIL("smtps://mx.test"), .is_plain = true }, "without TLS" },
	{ "no sender", { LETTER("smtp://mx.test", NULL, to, 2) }, "sender" },
	{ "a sender with a name", { LETTER("smtp://mx.test", "Stox <a@b.test>", to, 2) },
		"sender" },
	{ "no receiver", { LETTER("smtp://mx.test", "a@b.test", to, 0) }, "1 to 64" },
	{ "too many", { LETTER("smtp://mx.test", "a@b.test", to, DELIVER_TO_MAX + 1) }, "1 to 64" },
	{ "two commands in one", { LETTER("smtp://mx.test", "a@b.test", bad_to, 2) },
		"a receiver is not" },

	{ "a program", { .form = DELIVER_EXEC, .timeout = TS_S(1), .argv = argv }, NULL },
	{ "of the path", { .form = DELIVER_EXEC, .timeout = TS_S(1), .argv = relative },
		"whole path" },
	{ "no program", { .form = DELIVER_EXEC, .timeout = TS_S(1) }, "whole path" },
};

static void a_receiver_that_cannot_be_used_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct text why = { .id = NULL };
		const bool is = deliver_check(&rows[i].receiver, &why);

		if (is != !rows[i].want || (why.id != NULL) == is ||
			(rows[i].want && !strstr(why.id, rows[i].want)))
			fail_msg("%s: %s", rows[i].name, why.id ? why.id : "it can be used");
	}
}

static void what_is_too_long_is_refused(void **state)
{
	char url[DELIVER_URL_MAX + 20], secret[DELIVER_SECRET_MAX + 2];
	const char *args[DELIVER_ARGS_MAX + 2];
	struct deliver_receiver r = { .form = DELIVER_WEBHOOK, .timeout = TS_S(1), .url = url };
	struct text why;

	(void)state;
	memset(url, 'x', sizeof(url));
	memcpy(url, "https://h/", 10);
	url[DELIVER_URL_MAX] = '\0';
	assert_true(deliver_check(&r, &why));
	url[DELIVER_URL_MAX] = 'x';
	url[DELIVER_URL_MAX + 1] = '\0';
	assert_false(deliver_check(&r, &why));
	r.url = "https://h/";
	memset(secret, 'x', sizeof(secret));
	secret[DELIVER_SECRET_MAX] = '\0';
	r.token = secret;
	assert_true(deliver_check(&r, &why));
	secret[DELIVER_SECRET_MAX] = 'x';
	secret[DELIVER_SECRET_MAX + 1] = '\0';
	assert_false(deliver_check(&r, &why));
	for (size_t i = 0; i < COUNT(args); i++)
		args[i] = "/x";
	args[DELIVER_ARGS_MAX] = NULL;
	r = (struct deliver_receiver){ .form = DELIVER_EXEC, .timeout = TS_S(1), .argv = args };
	assert_true(deliver_check(&r, &why));
	args[DELIVER_ARGS_MAX] = "/x";
	args[DELIVER_ARGS_MAX + 1] = NULL;
	assert_false(deliver_check(&r, &why));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_receiver_that_cannot_be_used_is_refused),
		cmocka_unit_test(what_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

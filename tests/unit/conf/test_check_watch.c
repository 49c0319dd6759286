/* What fits together below `watch` and what does not, although each value is well formed. */
#include "conf/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* Thirteen lines: a pool with a user who can sign in, one with another, one without users; a
 * partner with a receiver and one without. */
#define WORLD                                                                                      \
	"pools:\n"                                                                                 \
	"  - fqdn: a.test\n    domains: [a.test]\n"                                                \
	"    test_users: [{ address: p@a.test, password_file: p }, { address: q@a.test }]\n"       \
	"  - { fqdn: b.test, domains: [b.test], test_users: [{ address: p@b.test }] }\n"           \
	"  - { fqdn: c.test, domains: [c.test] }\n"                                                \
	"partners:\n"                                                                              \
	"  - domain: x.test\n    additional_domains: [im.x.test]\n"                                \
	"    receiver: { address: r@x.test }\n"                                                    \
	"  - { domain: y.test }\n"                                                                 \
	"watch:\n"
#define TEST(keys)    WORLD "  tests: [{ " keys " }]\n"
#define ROLES         "  roles: [{ name: view-only }]\n"
#define SIGN_IN       ROLES "  sign_in: { users_file: u }\n"
#define TLS           "  tls: { certificate_file: c, key_file: k }\n"
#define TWO(one, two) WORLD "  tests:\n    - { " one " }\n    - { " two " }\n"
#define ALERT(keys)   WORLD "  alerts: [{ name: n, " keys " }]\n"
#define COVERED                                                                                    \
	"f:15:7: the tests of this entry are all in the one of line 14, which comes first: put "   \
	"the one that names more in front\n"
#define HAS_NO_EFFECT(at, key, kind)                                                               \
	"f:13:" at ": `" key "` has no effect with `kind: " kind "`: leave it out\n"

struct row {
	const char *name, *text, *errors;
};

#define A_HASH "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
static const struct row rows[] = {
	{ "every pair", WORLD "  at_once: 1\n", "" },
	{ "nobody can sign in",
		"pools:\n  - { fqdn: a.test, domains: [a.test] }\npartners:\n"
		"  - { domain: x.test, receiver: { address: r@x.test } }\nwatch: {}\n",
		"f:5:8: there is nothing to test here: no pool has a test user with a "
		"`password_file`\n" },
	{ "nobody to write to",
		"pools:\n  - { fqdn: a.test, domains: [a.test], test_users: "
		"[{ address: p@a.test, password_file: p }] }\nwatch: {}\n",
		"f:3:8: there is nothing to test here: no partner has a `receiver`\n" },
	{ "servers need neither",
		"pools:\n  - { fqdn: a.test, domains: [a.test] }\n"
		"watch: { tests: [{ kind: servers }] }\n",
		"" },
	{ "a sign-in needs no receiver",
		"pools:\n  - { fqdn: a.test, domains: [a.test], test_users: "
		"[{ address: p@a.test, password_file: p }] }\n"
		"watch: { tests: [{ kind: register }] }\n",
		"" },

	{ "at every location, of which none is known", WORLD "  tests: [{ spread: every }]\n",
		"f:13:21: a test that runs at every location wants to know where this watcher "
		"stands: give `watch` a `location`\n" },
	{ "at every location", WORLD "  location: paris\n  tests: [{ spread: every }]\n", "" },

	/* where it listens */
	{ "loopback", WORLD "  listen: ['127.0.0.1:1', '[::1]:1', '127.0.0.2:1']\n", "" },
	{ "nowhere", WORLD "  listen: []\n", "" },
	{ "everywhere, plain", WORLD SIGN_IN "  listen: ['0.0.0.0:8080']\n",
		"f:15:12: `0.0.0.0:8080` is not an address of this machine alone, and passwords "
		"would be read on the way: put https:// in front and name `tls` and `sign_in`; or "
		"listen on 127.0.0.1 or [::1], with a proxy that asks who it is in front\n" },
	{ "everywhere, over TLS", WORLD SIGN_IN TLS "  listen: ['https://0.0.0.0:8443']\n", "" },
	{ "over TLS without a certificate", WORLD SIGN_IN "  listen: ['https://0.0.0.0:8443']\n",
		"f:15:12: `https://0.0.0.0:8443` needs a certificate: name it in `tls`\n" },
	{ "over TLS, and nobody signs in", WORLD TLS "  listen: ['https://0.0.0.0:8443']\n",
		"f:14:12: `https://0.0.0.0:8443` is not an address of this machine alone, so that "
		"who comes there has to say who he is: name `sign_in`\n" },
	{ "over TLS at home", WORLD TLS "  listen: ['https://127.0.0.1:8443']\n", "" },
	{ "a certificate for nothing", WORLD TLS,
		"f:13:8: `tls` has no effect: no address of `listen` begins with https://\n" },
	{ "a sign-in in no way", WORLD ROLES "  sign_in: {}\n",
		"f:14:12: `sign_in` says in no way how: name `users_file`, `tokens_file` or "
		"`ca_file`\n" },
	{ "certificates of clients, plain", WORLD ROLES "  sign_in: { ca_file: ca }\n",
		"f:14:23: a client shows its certificate over TLS only: name `tls`, and an address "
		"of `listen` with https:// in front\n" },
	{ "who signs in has no role", WORLD "  sign_in: { users_file: u }\n",
		"f:13:12: without `roles` nobody who signs in may do anything: say who may "
		"what\n" },
	{ "the same twice", WORLD "  listen: ['127.0.0.1:80', '127.0.0.1:80']\n",
		"f:13:28: `127.0.0.1:80` is here twice (line 13)\n" },
	{ "any port, twice", WORLD "  listen: ['127.0.0.1:0', '127.0.0.1:0']\n", "" },

	/* labels */
	{ "a label twice", WORLD "  defaults: { labels: [a=b, a=c] }\n",
		"f:13:29: the label `a` is here twice (line 13)\n" },
	{ "a label of the watcher's own", TEST("labels: [pool=b]"),
		"f:13:22: the label `pool` is the watcher's own: give yours another name\n" },

	/* pools and users */
	{ "a pool, in any case", TEST("pool: A.test"), "" },
	{ "no such pool", TEST("pool: z.test"), "f:13:19: there is no pool `z.test`\n" },
	{ "a pool where nobody can answer", TEST("kind: im-internal, pool: a.test"),
		"f:13:38: the pool a.test has no second test user with a `password_file`: nobody "
		"can answer there\n" },
	{ "no pool where anybody can", TEST("kind: im-internal"),
		"f:13:11: there is nothing to test here: no pool has two test users with a "
		"`password_file`\n" },
	{ "a partner of a test within a pool",
		TEST("kind: im-internal, pool: a.test, partner: x.test"),
		"f:13:55: `partner` has no effect on a test of the kind im-internal: leave it "
		"out\n" },
	{ "a pool where nobody can sign in", TEST("pool: b.test"),
		"f:13:19: the pool b.test has no test user with a `password_file`: nobody can sign "
		"in "
		"there\n" },
	{ "a user", TEST("pool: a.test, user: 'sip:P@a.test'"), "" },
	{ "a user of no pool", TEST("user: p@a.test"),
		"f:13:19: a `user` is one of a pool: name the `pool`, too\n" },
	{ "a user of another pool", TEST("pool: a.test, user: p@b.test"),
		"f:13:33: `p@b.test` is not one of the `test_users` of the pool a.test\n" },
	{ "a user who cannot sign in", TEST("pool: a.test, user: q@a.test"),
		"f:13:33: `q@a.test` cannot sign in: give this user a `password_file` (line 4)\n" },

	/* partners and receivers */
	{ "a partner by another domain", TEST("partner: IM.x.test"), "" },
	{ "no such partner", TEST("partner: z.test"), "f:13:22: there is no partner `z.test`\n" },
	{ "a partner without a receiver", TEST("partner: y.test"),
		"f:13:22: the partner y.test has no receiver: give it one, or give one here\n" },
	{ "and with one here", TEST("partner: y.test, receiver: { address: r@y.test }"), "" },
	{ "a domain that is no partner's",
		TEST("partner: z.test, receiver: { address: r@z.test }, expect: x"), "" },
	{ "a receiver of no partner", TEST("receiver: { address: r@x.test }"),
		"f:13:23: a `receiver` is one of a partner: name the `partner`, too\n" },
	{ "a receiver of elsewhere", TEST("partner: x.test, receiver: { address: r@y.test }"),
		"f:13:51: the domain `y.test` of the receiver is not one of the partner's\n" },
	{ "a receiver of a stranger's stranger",
		TEST("partner: z.test, receiver: { address: r@w.test }"),
		"f:13:51: the domain `w.test` of the receiver is not one of the partner's\n" },
	{ "a pool as a partner", TEST("partner: b.test, receiver: { address: r@b.test }"),
		"f:13:22: `b.test` is no partner's domain: it is one of the pool b.test\n" },

	/* pages for partners */
	{ "a page of a partner",
		WORLD "  site: s\n  public: [{ partner: im.x.test, token_hash: " A_HASH " }]\n",
		"" },
	{ "a page of a stranger",
		WORLD "  site: s\n  public: [{ partner: z.test, token_hash: " A_HASH " }]\n",
		"f:14:23: there is no partner `z.test`\n" },
	{ "a page of nobody", WORLD "  public: [{ partner: x.test, token_hash: " A_HASH " }]\n",
		"f:13:12: a partner reads there what this side is called: say so by `site`\n" },

	/* directions */
	{ "to one without a password",
		TEST("partner: y.test, direction: to, receiver: { address: r@y.test }"), "" },
	{ "from one without a password",
		TEST("partner: y.test, direction: from, receiver: { address: r@y.test }"),
		"f:13:41: r@y.test has no `password_file` (line 13), and cannot write first: give "
		"the receiver one, or test `to` alone\n" },
	{ "both with one without a password",
		TEST("partner: y.test, direction: both, receiver: { address: r@y.test }"),
		"f:13:41: r@y.test has no `password_file` (line 13), and cannot write first: give "
		"the receiver one, or test `to` alone\n" },
	{ "a sign-in in a direction", TEST("kind: register, direction: to"),
		"f:13:40: `direction` has no effect on a test of the kind register: leave it "
		"out\n" },
	{ "both, then one", TWO("enabled: true", "direction: from"), COVERED },
	{ "one, then both", TWO("direction: from", "enabled: true"), "" },
	{ "one, then the other", TWO("direction: from", "direction: to"), "" },
	{ "one that is to fail, then both", TWO("expect: im_late", "direction: both"), "" },

	/* kinds */
	{ "a sign-in at a partner", TEST("kind: register, partner: x.test"),
		"f:13:38: `partner` has no effect on a test of the kind register: leave it out\n" },
	{ "a receiver of servers",
		TEST("kind: servers, partner: x.test, receiver: { address: r@x.test }"),
		"f:13:55: `receiver` has no effect on a test of the kind servers: leave it out\n" },
	{ "servers of both", TEST("kind: servers, pool: a.test, partner: x.test"),
		"f:13:51: a test of the kind servers is of a pool or of a partner: make two "
		"entries "
		"of it\n" },

	/* entries that leave nothing to others */
	{ "the narrow one first", TWO("pool: a.test, partner: x.test", "enabled: true"), "" },
	{ "the wide one first", TWO("enabled: true", "pool: a.test, partner: x.test"), COVERED },
	{ "the same twice", TWO("partner: x.test", "partner: im.x.test"), COVERED },
	{ "two of one pool", TWO("pool: a.test", "pool: a.test, partner: x.test"), COVERED },
	{ "other kinds", TWO("enabled: true", "kind: register"), "" },
	{ "a partner's servers of a pool", TEST("kind: partner, pool: a.test"),
		"f:13:34: `pool` has no effect on a test of the kind partner: leave it out\n" },
	{ "all partners, and one", TWO("kind: partner", "kind: partner, partner: x.test"),
		COVERED },
	{ "servers of all, and of one", TWO("kind: servers", "kind: servers, pool: c.test"),
		COVERED },
	{ "servers of a pool, and of a partner",
		TWO("kind: servers, pool: a.test", "kind: servers, partner: x.test"), "" },
	{ "a stranger is not among all",
		TWO("enabled: true", "partner: z.test, receiver: { address: r@z.test }"), "" },
	{ "nor who has no receiver",
		TWO("enabled: true", "partner: y.test, receiver: { address: r@y.test }"), "" },
	{ "a stranger twice",
		TWO("partner: z.test, receiver: { address: r@z.test }",
			"partner: Z.test, receiver: { address: s@z.test }"),
		COVERED },
	{ "a pool, and a partner of all pools", TWO("pool: a.test", "partner: x.test"), "" },

	/* alerts */
	{ "a webhook", ALERT("kind: webhook, url: 'https://a.test/'"), "" },
	{ "a webhook whose URL is a secret", ALERT("kind: webhook, url_file: u"), "" },
	{ "a webhook without an address", ALERT("kind: webhook"),
		"f:13:12: `url` is missing here: `kind: webhook` needs it\n" },
	{ "a URL twice", ALERT("kind: webhook, url: 'http://a.test', url_file: u"),
		"f:13:70: `url` and `url_file` exclude each other\n" },
	{ "a command of a webhook", ALERT("kind: webhook, url: 'http://a.test', command: [/a]"),
		HAS_NO_EFFECT("69", "command", "webhook") },
	{ "a command", ALERT("kind: exec, command: [/a, b]"), "" },
	{ "a command for a shell", ALERT("kind: exec, command: ['echo a']"),
		"f:13:45: `command` begins with the whole path of a program, like "
		"/usr/local/bin/tell: no shell reads it\n" },
	{ "no command", ALERT("kind: exec"),
		"f:13:12: `command` is missing here: `kind: exec` needs it\n" },
	{ "mail", ALERT("kind: mail, server: 'smtp://a.test', from: a@b.test, to: [c@d.test]"),
		"" },
	{ "mail from nobody to nobody", ALERT("kind: mail, server: 'smtp://a.test'"),
		"f:13:12: `from` is missing here: `kind: mail` needs it\n"
		"f:13:12: `to` is missing here: `kind: mail` needs it\n" },
	{ "a password in clear",
		ALERT("kind: mail, server: 'smtp://a.test', from: a@b.test, to: "
		      "[c@d.test], user: u, password_file: p, plain: true"),
		"f:13:126: `plain: true` would send the password for all to read: leave `plain` or "
		"`user` out\n" },
	{ "plain over TLS",
		ALERT("kind: mail, server: 'smtps://a.test', from: a@b.test, to: "
		      "[c@d.test], plain: true"),
		"f:13:100: `plain: true` has no effect with smtps://: leave it out\n" },
	{ "a user without a password", ALERT("kind: webhook, url: 'http://a.test', user: u"),
		"f:13:66: `user` needs `password_file` beside it\n" },
	{ "a user with a colon",
		ALERT("kind: webhook, url: 'http://a.test', user: 'a:b', password_file: p"),
		"f:13:66: a `user` over HTTP has no colon in its name\n" },
	{ "a user and a token",
		ALERT("kind: webhook, url: 'http://a.test', user: u, password_file: p, token_file: "
		      "t"),
		"f:13:99: `user` and `token_file` exclude each other\n" },
	{ "a name twice",
		WORLD "  alerts:\n    - { name: n, kind: exec, command: [/a] }\n"
		      "    - { name: N, kind: exec, command: [/a] }\n",
		"f:15:15: the name `N` is here twice (line 14)\n" },
	{ "labels of the watcher's own to choose by",
		ALERT("kind: exec, command: [/a], labels: [partner=x.test, pool=a.test]"), "" },
	{ "a label twice to choose by", ALERT("kind: exec, command: [/a], labels: [a=b, a=c]"),
		"f:13:64: the label `a` is here twice (line 13)\n" },

	{ "a ping", WORLD "  ping: { url: 'https://a.test/' }\n", "" },
	{ "a ping to nowhere", WORLD "  ping: {}\n", "f:13:9: `url` is missing here\n" },
};

static void values_fit_together_or_are_refused_at_their_place(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char errors[4096];
		struct conf *c = NULL;
		struct buf b;

		buf_init(&b, 1 << 16);
		const int err = conf_load(&c, slice_str(rows[i].text), "f", NULL, &b);
		assert_true(slice_cstr(buf_slice(&b), errors, sizeof(errors)));
		buf_done(&b);
		conf_free(c);
		if (strcmp(errors, rows[i].errors) == 0 && err == (errors[0] ? ERR_CONFIG : 0))
			continue;
		print_error("%s\nwant %s got %s", rows[i].name, rows[i].errors, errors);
		failed++;
	}
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_fit_together_or_are_refused_at_their_place),
	};

	return cmocka_run_group_tests_name("check_watch", tests, NULL, NULL);
}

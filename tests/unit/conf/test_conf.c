#include "conf/conf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* What most bad files below have in front of their fault. */
#define POOL    "pools:\n  - fqdn: pool.litware.test\n    domains: [litware.test]\n"
#define PARTNER "partners:\n  - domain: contoso.test\n"
#define SIP                                                                                        \
	"gateway:\n  sip:\n    listen: [udp:127.0.0.1:5070]\n    next_hop: sip:127.0.0.1\n"        \
	"    trusted_peers: [127.0.0.1]\n"
#define XMPP                                                                                       \
	"  xmpp:\n    component: { name: litware.test, server: localhost:5347, secret_file: s }\n"

static int load(struct conf **ret, struct slice text, char *errors, size_t size)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	*ret = NULL;
	int err = conf_load(ret, text, "f", NULL, &b);
	assert_true(slice_cstr(buf_slice(&b), errors, size));
	buf_done(&b);
	return err;
}

static struct conf *load_good(const char *text)
{
	char errors[8192];
	struct conf *c;
	int err = load(&c, slice_str(text), errors, sizeof(errors));

	if (err)
		print_error("%s\n%s", text, errors);
	assert_int_equal(err, 0);
	assert_string_equal(errors, "");
	return c;
}

struct bad {
	const char *name, *text, *errors;
};

static void check_bad(const struct bad *table, size_t n)
{
	unsigned failed = 0;

	for (size_t i = 0; i < n; i++) {
		const struct bad *t = &table[i];
		char errors[8192];
		struct conf *c;
		int err = load(&c, slice_str(t->text), errors, sizeof(errors));

		if (err == ERR_CONFIG && strcmp(errors, t->errors) == 0)
			continue;
		print_error("%s: %d\nwant %s got %s", t->name, err, t->errors, errors);
		conf_free(c);
		failed++;
	}
	assert_int_equal(failed, 0);
}

static void what_is_not_our_yaml_is_refused_at_its_place(void **state)
{
	static const struct bad table[] = {
		{ "empty", "", "f:1:1: the file is empty\n" },
		{ "a comment only", "# nothing\n", "f:1:1: the file is empty\n" },
		{ "an empty document", "---\n", "f:2:1: the file is empty\n" },
		{ "a list", "- a\n", "f:1:1: the file must have keys at its top, like `pools:`\n" },
		{ "a word", "pools\n",
			"f:1:1: the file must have keys at its top, like `pools:`\n" },
		{ "a key twice", "pools: []\npartners: []\npools: []\n",
			"f:3:1: the key `pools` is here twice\n" },
		{ "a key twice, deep", POOL "    domains: [a.test]\n",
			"f:4:5: the key `domains` is here twice\n" },
		{ "an anchor and an alias", "pools: &a []\npartners: *a\n",
			"f:1:8: anchors and aliases are not allowed\n"
			"f:2:11: anchors and aliases are not allowed\n" },
		{ "an anchor at a word", "pools: &a b\n",
			"f:1:8: anchors and aliases are not allowed\n" },
		{ "an alias as a key", "pools: []\n*a : b\n",
			"f:2:1: anchors and aliases are not allowed\n" },
		{ "a tag", "pools: !!seq []\n", "f:1:8: tags are not allowed\n" },
		{ "a tag at a word", PARTNER "    tls: !!str none\n",
			"f:3:10: tags are not allowed\n" },
		{ "the tag that libyaml forgets", PARTNER "    tls: ! none\n",
			"f:3:10: tags are not allowed\n" },
		{ "a second document", "pools: []\n---\npartners: []\n",
			"f:2:1: a second document is not allowed\n" },
		{ "a directive", "%YAML 1.1\n---\npools: []\n",
			"f:1:1: directives are not allowed\n" },
		{ "a list as a key", "? [a]\n: b\n", "f:1:3: a key must be a word\n" },
		{ "nested too deep", "a: [[[[[[[[[[[[[[[[[[[[", "f:1:15: nested too deep\n" },
		{ "a NUL escape", "pools: \"\\0\"\n", "f:1:8: a NUL is not allowed\n" },
		{ "not UTF-8", "pools: []\n# h\303\251 \377\n", "f:2:6: not UTF-8\n" },
		{ "a control character", "pools: []\n# \001\n",
			"f:2:3: not YAML: control characters are not allowed\n" },
		{ "a tab", "pools:\n\t- a\n",
			"f:2:1: not YAML: found character that cannot start any token (while "
			"scanning for the next token)\n" },
		{ "an open quote", "pools: \"a\n",
			"f:2:1: not YAML: found unexpected end of stream (while scanning a quoted "
			"scalar)\n" },
		{ "wrong indentation", "pools:\n  - fqdn: a\n   domains: b\n",
			"f:3:4: not YAML: did not find expected '-' indicator (while parsing a "
			"block collection)\n" },
	};

	(void)state;
	check_bad(table, COUNT(table));
}

static void a_nul_byte_is_refused_at_its_place(void **state)
{
	char errors[256];
	struct conf *c;

	(void)state;
	assert_int_equal(load(&c, SLICE("pools: []\nab\0c"), errors, sizeof(errors)), ERR_CONFIG);
	assert_string_equal(errors, "f:2:3: a NUL is not allowed\n");
}

static void what_is_of_another_kind_is_refused(void **state)
{
	static const struct bad table[] = {
		{ "a value for a list", "pools: a\n",
			"f:1:8: `pools` must be a list, not a value\n" },
		{ "keys for a list", "pools: {a: b}\n",
			"f:1:8: `pools` must be a list, not keys of its own\n" },
		{ "a list for keys", "gateway: []\n",
			"f:1:10: `gateway` must be keys of its own, not a list\n" },
		{ "a value in a list of keys", "pools: [a]\n",
			"f:1:9: `pools` must be keys of its own, not a value\n" },
		{ "a list for a value", "partners:\n  - domain: [a]\n",
			"f:2:13: `domain` must be a value, not a list\n" },
		{ "no value", "pools:\npartners: ~\n",
			"f:1:7: `pools` has no value: give it one or leave it out\n"
			"f:2:11: `partners` has no value: give it one or leave it out\n" },
		{ "an empty list", "pools:\n  - fqdn: a.test\n    domains: []\n",
			"f:3:14: `domains` must not be empty\n" },
	};

	(void)state;
	check_bad(table, COUNT(table));
}

static void what_the_schema_does_not_know_is_refused(void **state)
{
	static const struct bad table[] = {
		{ "a near key", "pool: []\n",
			"f:1:1: unknown key `pool`; did you mean `pools`?\n" },
		{ "a near key, deep", PARTNER "    dailback: true\n",
			"f:3:5: unknown key `dailback`; did you mean `dialback`?\n" },
		{ "a far key", "xyzzyxyzzy: 1\n",
			"f:1:1: unknown key `xyzzyxyzzy`; known here: `pools`, `partners`, "
			"`gateway`, `watch`, `secrets_group`\n" },
		{ "a key that writes to the terminal", "\"\\e]2;x\\a\\u007f\": 1\n",
			"f:1:1: unknown key `\\x1b]2;x\\x07\\x7f`; known here: `pools`, "
			"`partners`, "
			"`gateway`, `watch`, `secrets_group`\n" },
		{ "a password in the file is not repeated",
			POOL "    test_users:\n      - address: pilar@litware.test\n"
			     "        password: hunter2\n",
			"f:6:9: unknown key `password`; did you mean `password_file`?\n" },
		{ "yes is not true", PARTNER "    dialback: yes\n",
			"f:3:15: `dialback` must be true or false, not `yes`\n" },
		{ "True is not true", PARTNER "    dialback: True\n",
			"f:3:15: `dialback` must be true or false, not `True`\n" },
		{ "a quoted flag", PARTNER "    dialback: \"true\"\n",
			"f:3:15: `dialback` must be without quotes\n" },
		{ "a number in octal", POOL "    registrar_port: 0x13C4\n",
			"f:4:21: `registrar_port` must be a number from 1 to 65535 in decimal "
			"digits, not `0x13C4`\n" },
		{ "a number too large", POOL "    registrar_port: 65536\n",
			"f:4:21: `registrar_port` must be a number from 1 to 65535 in decimal "
			"digits, not `65536`\n" },
		{ "a number too small", POOL SIP "    transactions_max: 1\n" XMPP,
			"f:9:23: `transactions_max` must be a number from 1024 to 4194304 in "
			"decimal digits, not `1`\n" },
		{ "an unknown choice", PARTNER "    type: federation\n",
			"f:3:11: `type` must be one of federated, public-verified, "
			"public-unverified, "
			"not `federation`\n" },
		{ "what is missing in a pool", "pools:\n  - ca_file: x\n",
			"f:2:5: `fqdn` is missing here\nf:2:5: `domains` is missing here\n" },
		{ "what is missing in a gateway", "gateway:\n  sip: {}\n",
			"f:2:8: `listen` is missing here\nf:2:8: `next_hop` is missing here\n"
			"f:2:8: `trusted_peers` is missing here\nf:2:3: `xmpp` is missing here\n" },
		{ "a gateway without its secret",
			POOL SIP "  xmpp:\n    component: { name: litware.test, server: "
				 "localhost:5347 }\n",
			"f:10:16: `secret_file` is missing here\n" },
	};

	(void)state;
	check_bad(table, COUNT(table));
}

static void values_that_do_not_fit_together_are_refused(void **state)
{
	static const struct bad table[] = {
		{ "two pools of one name",
			POOL "  - fqdn: Pool.Litware.test\n    domains: [b.test]\n",
			"f:4:11: the pool `Pool.Litware.test` is here twice (line 2)\n" },
		{ "a domain twice in a pool",
			"pools:\n  - fqdn: a.test\n    domains: [b.test, B.TEST]\n",
			"f:3:23: the domain `B.TEST` is here twice (line 3)\n" },
		{ "a partner twice", PARTNER "  - domain: CONTOSO.test\n",
			"f:3:13: the partner domain `CONTOSO.test` is here twice (line 2)\n" },
		{ "an additional domain of another partner",
			PARTNER "  - domain: a.test\n    additional_domains: [contoso.test]\n",
			"f:4:26: the partner domain `contoso.test` is here twice (line 2)\n" },
		{ "a partner in the pool's domain", POOL "partners:\n  - domain: litware.test\n",
			"f:5:13: `litware.test` cannot be a partner's domain: it is a pool's (line "
			"3)\n" },
		{ "the same, the other way round", "partners:\n  - domain: litware.test\n" POOL,
			"f:2:13: `litware.test` cannot be a partner's domain: it is a pool's (line "
			"5)\n" },
		{ "a test user of elsewhere",
			POOL "    test_users: [{ address: sip:pilar@contoso.test }]\n",
			"f:4:29: the domain `contoso.test` of the test user is not among the "
			"pool's `domains`\n" },
		{ "a receiver of elsewhere",
			PARTNER "    receiver: { address: a@litware.test/phone }\n",
			"f:3:26: the domain `litware.test` of the receiver is not one of the "
			"partner's\n" },
		{ "nothing that proves a name", PARTNER "    sasl: none\n",
			"f:3:11: with `sasl: none` the partner can prove its name by `dialback: "
			"true` only\n" },
		{ "a certificate without TLS", PARTNER "    tls: none\n",
			"f:3:10: with `tls: none` the partner can prove its name by `dialback: "
			"true` only\n" },
		{ "a gateway without a pool", SIP XMPP,
			"f:2:3: `gateway` needs a pool: its `domains` are those of the SIP "
			"side\n" },
		{ "a component of another domain",
			POOL SIP "  xmpp:\n    component: { name: im.test, server: a:1, "
				 "secret_file: s }\n",
			"f:10:24: the component's `name` must be one of a pool's `domains`: SIP "
			"users have their addresses there\n" },
		{ "several at once, also beside a fault of another kind",
			"pols: []\n" PARTNER "    tls: on\n  - domain: contoso.test\n",
			"f:1:1: unknown key `pols`; did you mean `pools`?\n"
			"f:4:10: `tls` must be one of required, optional, none, not `on`\n"
			"f:5:13: the partner domain `contoso.test` is here twice (line 3)\n" },
	};

	(void)state;
	check_bad(table, COUNT(table));
}

static void twenty_errors_are_enough(void **state)
{
	struct buf text;
	char errors[8192];
	struct conf *c;
	unsigned lines = 0;

	(void)state;
	buf_init(&text, 1 << 16);
	for (unsigned i = 0; i < 40; i++)
		buf_printf(&text, "key%u: 1\n", i);
	assert_int_equal(load(&c, buf_slice(&text), errors, sizeof(errors)), ERR_CONFIG);
	for (const char *p = strchr(errors, '\n'); p; p = strchr(p + 1, '\n'))
		lines++;
	assert_int_equal(lines, CONF_ERRORS_MAX);
	buf_done(&text);
}

/* Repeats `piece` between `head` and `tail` and wants exactly `want`. */
static void check_repeated(const char *head, const char *piece, unsigned n, const char *want)
{
	struct buf text;
	char errors[512];
	struct conf *c;

	buf_init(&text, 4 << 20);
	buf_puts(&text, head);
	for (unsigned i = 0; i < n; i++)
		buf_puts(&text, piece);
	int err = load(&c, buf_slice(&text), errors, sizeof(errors));
	assert_string_equal(errors, want);
	assert_int_equal(err, *want ? ERR_CONFIG : 0);
	conf_free(c);
	buf_done(&text);
}

static void limits_are_kept(void **state)
{
	(void)state;
	check_repeated("pools: []\n", "# 6789\n", 149795, "");
	check_repeated("pools: []\n", "# 6789\n", 149796, "f:1:1: the file is larger than 1 MiB\n");
	check_repeated("pools: [a", ",\n-", 131071, "f:131070:1: the file has too many values\n");
	check_repeated("pools:\n", "- []\n", 65,
		"f:2:1: `pools` has 65 entries; at most 64 are allowed\n");
}

static void a_mapping_has_at_most_64_keys(void **state)
{
	struct buf text;
	char errors[4096];
	struct conf *c;

	(void)state;
	buf_init(&text, 1 << 16);
	for (unsigned i = 0; i <= 64; i++)
		buf_printf(&text, "k%u: 1\n", i);
	assert_int_equal(load(&c, buf_slice(&text), errors, sizeof(errors)), ERR_CONFIG);
	assert_string_equal(errors, "f:65:1: too many keys\n");
	buf_done(&text);
}

static void assert_text(const struct conf_text *t, const char *s, unsigned line, unsigned column)
{
	assert_string_equal(t->s, s);
	assert_int_equal(t->at.line, line);
	assert_int_equal(t->at.column, column);
}

static void a_partner_that_says_little_has_safe_defaults(void **state)
{
	struct conf *c = load_good(PARTNER);
	const struct conf_partner *p = &c->partners[0];

	(void)state;
	assert_int_equal(c->n_pools, 0);
	assert_int_equal(c->n_partners, 1);
	assert_text(&p->domain, "contoso.test", 2, 13);
	assert_int_equal(p->type.value, CONF_FEDERATED);
	assert_int_equal(p->tls.value, CONF_REQUIRED);
	assert_int_equal(p->tls.at.line, 0);
	assert_int_equal(p->sasl.value, CONF_REQUIRED);
	assert_false(p->dialback.on);
	assert_int_equal(p->receiver.at.line, 0);
	assert_null(p->ca_file.s);
	assert_int_equal(c->gateway.at.line, 0);
	assert_int_equal(c->gateway.sip.transactions_max.n, 0);
	conf_free(c);
}

static void a_gateway_is_read_with_its_places(void **state)
{
	struct conf *c = load_good(POOL SIP XMPP);
	const struct conf_gateway *g = &c->gateway;

	(void)state;
	assert_int_equal(g->at.line, 5);
	assert_int_equal(g->sip.listen.n, 1);
	assert_text(&g->sip.listen.v[0], "udp:127.0.0.1:5070", 6, 14);
	assert_text(&g->sip.next_hop, "sip:127.0.0.1", 7, 15);
	assert_text(&g->sip.trusted_peers.v[0], "127.0.0.1", 8, 21);
	assert_int_equal(g->sip.transactions_max.n, CONF_TRANSACTIONS_MAX);
	assert_int_equal(g->xmpp.settle.n, 30);
	assert_int_equal(g->xmpp.unproven.value, CONF_ACCEPT);
	assert_text(&g->xmpp.component.name, "litware.test", 10, 24);
	assert_text(&g->xmpp.component.server, "localhost:5347", 10, 46);
	assert_text(&g->xmpp.component.secret_file, "s", 10, 75);
	conf_free(c);
}

static void two_pools_may_share_a_domain(void **state)
{
	struct conf *c =
		load_good(POOL "  - fqdn: second.litware.test\n    domains: [litware.test]\n");

	(void)state;
	assert_int_equal(c->n_pools, 2);
	assert_text(&c->pools[1].fqdn, "second.litware.test", 4, 11);
	conf_free(c);
}

static void a_mark_of_byte_order_and_windows_line_ends_are_fine(void **state)
{
	struct conf *c =
		load_good("\357\273\277pools: []\r\npartners:\r\n  - domain: b\303\274.test\r\n");

	(void)state;
	assert_text(&c->partners[0].domain, "b\303\274.test", 3, 13);
	conf_free(c);
}

static size_t read_file(const char *path, char *text, size_t size)
{
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	size_t n = fread(text, 1, size - 1, f);
	fclose(f);
	text[n] = 0;
	return n;
}

static void the_sample_in_etc_is_good(void **state)
{
	char text[16384];

	(void)state;
	read_file(TEST_DATA "/../../etc/stox.yaml", text, sizeof(text));
	struct conf *c = load_good(text);
	assert_int_equal(c->n_pools, 1);
	assert_int_equal(c->n_partners, 1);
	assert_string_equal(c->pools[0].test_users[0].auth_user.s, "litware\\pilar");
	assert_string_equal(c->partners[0].receiver.server.s, "xmpp.contoso.test:5222");
	assert_int_equal(c->partners[0].additional_domains.n, 0);
	assert_int_equal(c->gateway.sip.listen.n, 2);
	conf_free(c);
}

static void every_key_lands_in_its_field(void **state)
{
	char text[16384];

	(void)state;
	read_file(TEST_DATA "/conf/every-key.yaml", text, sizeof(text));
	struct conf *c = load_good(text);
	const struct conf_pool *pool = &c->pools[0];
	const struct conf_partner *partner = &c->partners[0];
	const struct conf_gateway_sip *sip = &c->gateway.sip;
	assert_text(&pool->fqdn, "pool.litware.test", 4, 11);
	assert_text(&pool->domains.v[1], "b\303\274cher.test", 7, 9);
	assert_text(&pool->registrar, "sip:[2001:db8::1]:5060;transport=TCP;lr", 8, 16);
	assert_int_equal(pool->registrar_port.n, 5061);
	assert_text(&pool->ca_file, "ca.pem", 10, 14);
	assert_int_equal(pool->n_test_users, 2);
	assert_text(&pool->accept.v[0], "certificate_ends_soon", 14, 14);
	assert_text(&pool->test_users[0].address, "pilar@b\303\274cher.test", 12, 20);
	assert_text(&pool->test_users[0].auth_user, "litware\\pilar", 12, 52);
	assert_text(&pool->test_users[0].password_file, "pilar", 12, 84);
	assert_null(pool->test_users[1].auth_user.s);
	assert_text(&partner->additional_domains.v[0], "chat.contoso.test", 17, 26);
	assert_int_equal(partner->type.value, CONF_PUBLIC_UNVERIFIED);
	assert_string_equal(conf_partner_type_name(partner->type.value), "public-unverified");
	assert_int_equal(partner->tls.value, CONF_OPTIONAL);
	assert_int_equal(partner->sasl.value, CONF_NONE);
	assert_true(partner->dialback.on);
	assert_text(&partner->ca_file, "ca.pem", 22, 14);
	assert_text(&partner->receiver.address, "xmpp:adelany@chat.contoso.test/desk", 24, 16);
	assert_text(&partner->receiver.server, "[2001:db8::2]:5222", 25, 15);
	assert_text(&partner->receiver.password_file, "adelany", 26, 22);
	assert_text(&partner->accept.v[1], "message_cut", 27, 31);
	assert_text(&partner->server, "s2s.contoso.test", 28, 13);
	assert_text(&sip->listen.v[0], "udp:[::1]:0", 31, 14);
	assert_text(&sip->next_hop, "sip:proxy.litware.test", 32, 15);
	assert_text(&sip->trusted_peers.v[1], "127.0.0.1", 33, 28);
	assert_int_equal(sip->transactions_max.n, 1024);
	assert_text(&c->gateway.xmpp.component.name, "b\303\274cher.test", 37, 13);
	assert_int_equal(c->gateway.xmpp.settle.n, 0);
	assert_int_equal(c->gateway.xmpp.unproven.value, CONF_REFUSE);
	assert_text(&c->gateway.metrics.names.v[0], "gw.litware.test", 42, 44);
	conf_free(c);
}

static void check_who_is_told(const struct conf_watch *w)
{
	const struct conf_alert *a = &w->alerts[0];

	assert_int_equal(w->n_alerts, 4);
	assert_text(&a->url, "https://alerts.litware.test/stox", 80, 12);
	assert_int_equal(a->severity.value, CONF_CRITICAL);
	assert_false(a->resolved.on);
	assert_int_equal(a->remind.n, 60);
	assert_int_equal(w->alerts[1].kind.value, CONF_ALERTMANAGER);
	assert_true(w->alerts[1].resolved.on);
	assert_text(&w->alerts[2].command.v[1], "a b", 89, 66);
	assert_int_equal(w->alerts[3].kind.value, CONF_MAIL);
	assert_true(w->alerts[3].plain.on);
	assert_int_equal(w->ping.interval.n, 300);
	assert_text(&w->listen.v[1], "https://[::1]:1", 45, 23);
	assert_text(&w->tls.key_file, "key.pem", 92, 48);
	assert_text(&w->sign_in.ca_file, "ca.pem", 93, 63);
	assert_int_equal(w->n_roles, 3);
	assert_int_equal(w->roles[0].members.n, 2);
	assert_text(&w->roles[0].pools.v[0], "pool.litware.test", 95, 67);
	assert_text(&w->roles[1].commands.v[1], "test", 96, 37);
	assert_text(&w->roles[2].template, "view-only", 97, 31);
	assert_text(&w->control.group, "root", 98, 34);
	assert_string_equal(w->site.s, "Litware");
	assert_int_equal(w->n_public, 1);
	assert_string_equal(w->public[0].partner.s, "contoso.test");
	assert_string_equal(w->public[0].name.s, "Contoso");
	assert_int_equal(strlen(w->public[0].token_hash.s), 64);
}

static void every_key_of_the_watcher_lands_in_its_field(void **state)
{
	char text[16384];

	(void)state;
	read_file(TEST_DATA "/conf/every-key.yaml", text, sizeof(text));
	struct conf *c = load_good(text);
	const struct conf_watch *w = &c->watch;
	const struct conf_watch_test *t = &w->tests[0];
	assert_text(&w->time_zone, "Europe/Paris", 44, 14);
	assert_text(&w->listen.v[0], "[::1]:0", 45, 12);
	assert_text(&w->url, "https://watch.litware.test/stox", 46, 8);
	assert_int_equal(w->at_once.n, 10);
	assert_text(&w->location, "paris", 48, 13);
	assert_int_equal(w->lease.n, 30);
	assert_text(&w->history.file, "history.db", 50, 20);
	assert_int_equal(w->history.raw_days.n, 7);
	assert_int_equal(w->history.hour_days.n, 30);
	assert_int_equal(w->history.size_max.n, 512);
	assert_string_equal(w->history.postgresql.s, "host=db.litware.test");
	assert_string_equal(w->history.password_file.s, "db.pw");
	assert_string_equal(w->history.ca_file.s, "db.pem");
	assert_int_equal(w->defaults.rules.interval.n, 30);
	assert_text(&w->defaults.rules.fail, "3 of 5", 56, 11);
	assert_int_equal(w->defaults.rules.severity.value, CONF_WARNING);
	assert_int_equal(w->defaults.rules.maintenance.n, 2);
	assert_int_equal(w->n_tests, 4);
	assert_text(&t->partner, "chat.contoso.test", 63, 16);
	assert_text(&t->receiver.server, "127.0.0.1:5222", 65, 52);
	assert_false(t->enabled.on);
	assert_int_equal(t->spread.value, CONF_SPREAD_EVERY);
	assert_int_equal(w->tests[1].spread.value, CONF_SPREAD_ONE);
	assert_int_equal(w->tests[2].rules.maintenance.n, 1);
	assert_int_equal(t->direction.value, CONF_BOTH);
	assert_int_equal(w->tests[1].direction.value, CONF_TO);
	assert_int_equal(t->rules.interval.n, 10);
	assert_int_equal(t->rules.labels.n, 0);
	assert_int_equal(t->rules.labels.at.line, 71);
	assert_int_equal(t->rules.maintenance.at.line, 0);
	assert_true(w->tests[1].enabled.on);
	assert_text(&w->tests[1].expect, "sip_partner_not_allowed", 74, 15);
	assert_int_equal(w->tests[2].kind.value, CONF_TEST_REGISTER);
	assert_int_equal(w->tests[2].rules.calm.n, 5);
	assert_int_equal(w->tests[3].kind.value, CONF_TEST_SERVERS);
	check_who_is_told(w);
	assert_int_equal(w->probe.allow.n, 2);
	assert_string_equal(w->probe.allow.v[1].s, "192.0.2.1");
	assert_int_equal(w->probe.timeout.n, 5);
	conf_free(c);
}

static void a_watcher_has_its_defaults(void **state)
{
	struct conf *c =
		load_good(POOL "    test_users: [{ address: p@litware.test, password_file: "
			       "p }]\n" PARTNER "    receiver: { address: a@contoso.test }\n"
			       "watch: {}\n");
	const struct conf_watch_rules *r = &c->watch.defaults.rules;

	(void)state;
	assert_int_equal(c->watch.at_once.n, 200);
	assert_null(c->watch.location.s);
	assert_int_equal(c->watch.lease.n, 45);
	assert_int_equal(c->watch.history.raw_days.n, 35);
	assert_int_equal(c->watch.history.hour_days.n, 400);
	assert_int_equal(c->watch.history.size_max.n, 0);
	assert_int_equal(r->interval.n, 60);
	assert_int_equal(r->timeout.n, 10);
	assert_int_equal(c->watch.probe.timeout.n, 10);
	assert_int_equal(c->watch.probe.allow.n, 0);
	assert_int_equal(r->retries.n, 1);
	assert_int_equal(r->retry_pause.n, 2);
	assert_int_equal(r->recover.n, 2);
	assert_int_equal(r->calm.n, 15);
	assert_int_equal(r->severity.value, CONF_CRITICAL);
	conf_free(c);
}

static void no_memory_at_any_place_is_an_error_and_no_leak(void **state)
{
	static const char *const texts[] = { POOL PARTNER SIP XMPP, "pols: []\n" PARTNER PARTNER };
	static const int want[] = { 0, ERR_CONFIG };

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		int err = -ENOMEM;

		for (long n = 1; err == -ENOMEM; n++) {
			struct conf *c = NULL;
			struct buf errors;

			assert_true(n < 1000);
			buf_init(&errors, 1 << 16);
			mem_fail_after(n);
			err = conf_load(&c, slice_str(texts[i]), "f", NULL, &errors);
			mem_fail_after(-1);
			assert_true(err == 0 || !c);
			conf_free(c);
			buf_done(&errors);
		}
		assert_int_equal(err, want[i]);
	}
}

static void the_documentation_has_every_key(void **state)
{
	static const char *const wants[] = {
		".It Ic pools[].fqdn Ar HOST\nThe name of the pool, and the target",
		"target of a test.\nRequired.\n",
		".It Ic pools[].test_users[].password_file Ar FILE\nThe file with",
		"The file with the password.\nLeft out, the user cannot sign in.\n",
		".It Ic partners[].type Cm federated | public-verified | public-unverified\n",
		"Default required.\n",
		".It Ic partners[].dialback Cm true | false\n",
		".It Ic gateway.sip.transactions_max Ar NUMBER\n",
		"From 1024 to 4194304; default 4194304.\n",
		".It Ic gateway.sip.listen[] Ar TRANSPORT:IP:PORT\n",
		".It Ic gateway.xmpp.component.secret_file Ar FILE\n",
		".It Ic watch.defaults.fail Ar N of M\n",
		"with fewer it is unstable.\nDefault 2 of 3.\n",
		".It Ic watch.tests[].severity Cm info | warning | critical\n",
		"From 1 to 86400.\nLeft out, as in the defaults.\n",
		"sends one.\nRequired.\n",
	};
	struct buf b;

	(void)state;
	buf_init(&b, 1 << 16);
	conf_doc_put(&b, NULL);
	assert_int_equal(buf_err(&b), 0);
	for (size_t i = 0; i < COUNT(wants); i++)
		if (!strstr(buf_cstr(&b), wants[i]))
			fail_msg("missing: %s in %s", wants[i], buf_cstr(&b));
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_our_yaml_is_refused_at_its_place),
		cmocka_unit_test(a_nul_byte_is_refused_at_its_place),
		cmocka_unit_test(what_is_of_another_kind_is_refused),
		cmocka_unit_test(what_the_schema_does_not_know_is_refused),
		cmocka_unit_test(values_that_do_not_fit_together_are_refused),
		cmocka_unit_test(twenty_errors_are_enough),
		cmocka_unit_test(limits_are_kept),
		cmocka_unit_test(a_mapping_has_at_most_64_keys),
		cmocka_unit_test(a_partner_that_says_little_has_safe_defaults),
		cmocka_unit_test(a_gateway_is_read_with_its_places),
		cmocka_unit_test(two_pools_may_share_a_domain),
		cmocka_unit_test(a_mark_of_byte_order_and_windows_line_ends_are_fine),
		cmocka_unit_test(every_key_lands_in_its_field),
		cmocka_unit_test(every_key_of_the_watcher_lands_in_its_field),
		cmocka_unit_test(a_watcher_has_its_defaults),
		cmocka_unit_test(the_sample_in_etc_is_good),
		cmocka_unit_test(no_memory_at_any_place_is_an_error_and_no_leak),
		cmocka_unit_test(the_documentation_has_every_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

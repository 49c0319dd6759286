/* What fits together and what does not, although each of its values is well formed. */
#include "conf/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define POOL    "pools:\n  - fqdn: pool.litware.test\n    domains: [litware.test]\n"
#define PARTNER "partners:\n  - domain: contoso.test\n"
#define GATEWAY_AT(listen, hop)                                                                    \
	"gateway:\n  sip:\n    listen: [" listen "]\n    next_hop: " hop "\n"                      \
	"    trusted_peers: [127.0.0.1]\n  xmpp:\n    component: { server: a:1, secret_file: s, "  \
	"name: "
#define GATEWAY GATEWAY_AT("udp:127.0.0.1:5070", "sip:127.0.0.1")
#define LISTENS(first, second)                                                                     \
	POOL GATEWAY_AT("'" first "', '" second "'", "sip:127.0.0.1") "litware.test }\n"

struct row {
	const char *name, *text, *errors;
};

static const struct row rows[] = {
	/* pools */
	{ "two names of pools", POOL "  - fqdn: b.test\n    domains: [b.test]\n", "" },
	{ "a pool twice", POOL "  - fqdn: POOL.litware.test\n    domains: [b.test]\n",
		"f:4:11: the pool `POOL.litware.test` is here twice (line 2)\n" },
	{ "a pool three times",
		"pools:\n  - fqdn: a.test\n    domains: [x.test]\n  - fqdn: a.test\n    domains: "
		"[y.test]\n  - fqdn: a.test\n    domains: [z.test]\n",
		"f:4:11: the pool `a.test` is here twice (line 2)\n"
		"f:6:11: the pool `a.test` is here twice (line 2)\n" },
	{ "two pools share a domain", POOL "  - fqdn: b.test\n    domains: [LITWARE.test]\n", "" },
	{ "a domain twice in one pool",
		"pools:\n  - fqdn: a.test\n    domains:\n      - b.test\n      - B.test\n",
		"f:5:9: the domain `B.test` is here twice (line 4)\n" },

	/* partners */
	{ "a partner twice", PARTNER "  - domain: contoso.TEST\n",
		"f:3:13: the partner domain `contoso.TEST` is here twice (line 2)\n" },
	{ "an additional domain is the domain", PARTNER "    additional_domains: [contoso.test]\n",
		"f:3:26: the partner domain `contoso.test` is here twice (line 2)\n" },
	{ "an additional domain twice",
		PARTNER "    additional_domains: [a.test, b.test, A.test]\n",
		"f:3:42: the partner domain `A.test` is here twice (line 3)\n" },
	{ "an additional domain of two partners",
		PARTNER "    additional_domains: [a.test]\n  - domain: b.test\n    "
			"additional_domains: [a.test]\n",
		"f:5:26: the partner domain `a.test` is here twice (line 3)\n" },
	{ "a partner in a pool's domain", POOL "partners:\n  - domain: LITWARE.test\n",
		"f:5:13: `LITWARE.test` cannot be a partner's domain: it is a pool's (line 3)\n" },
	{ "an additional domain that is a pool's",
		POOL PARTNER "    additional_domains: [litware.test]\n",
		"f:6:26: `litware.test` cannot be a partner's domain: it is a pool's (line 3)\n" },
	{ "a subdomain is another domain", POOL "partners:\n  - domain: im.litware.test\n", "" },

	/* test users and receivers */
	{ "a test user of the pool", POOL "    test_users: [{ address: p@LITWARE.test }]\n", "" },
	{ "a test user with a port",
		POOL "    test_users: [{ address: 'sip:p@litware.test:5060;x=y' }]\n", "" },
	{ "a test user of elsewhere", POOL "    test_users: [{ address: p@b.test }]\n",
		"f:4:29: the domain `b.test` of the test user is not among the pool's "
		"`domains`\n" },
	{ "a test user of another pool",
		POOL "  - fqdn: b.test\n    domains: [b.test]\n    test_users: [{ address: "
		     "p@litware.test }]\n",
		"f:6:29: the domain `litware.test` of the test user is not among the pool's "
		"`domains`\n" },
	{ "a receiver of the partner", PARTNER "    receiver: { address: a@CONTOSO.test/x }\n",
		"" },
	{ "a receiver in an additional domain",
		PARTNER "    additional_domains: [im.contoso.test]\n    receiver: { address: "
			"a@im.contoso.test }\n",
		"" },
	{ "a receiver of elsewhere", PARTNER "    receiver: { address: a@b.test }\n",
		"f:3:26: the domain `b.test` of the receiver is not one of the partner's\n" },

	/* what proves a partner's name */
	{ "SASL over TLS", PARTNER "    tls: required\n    sasl: required\n", "" },
	{ "all optional", PARTNER "    tls: optional\n    sasl: optional\n", "" },
	{ "no SASL", PARTNER "    sasl: none\n",
		"f:3:11: with `sasl: none` the partner can prove its name by `dialback: true` "
		"only\n" },
	{ "no SASL, dialback", PARTNER "    sasl: none\n    dialback: true\n", "" },
	{ "no TLS", PARTNER "    tls: none\n",
		"f:3:10: with `tls: none` the partner can prove its name by `dialback: true` "
		"only\n" },
	{ "no TLS, dialback", PARTNER "    tls: none\n    dialback: true\n", "" },
	{ "neither", PARTNER "    tls: none\n    sasl: none\n    dialback: false\n",
		"f:4:11: with `sasl: none` the partner can prove its name by `dialback: true` "
		"only\n" },

	/* the gateway */
	{ "the component of the pool's domain", POOL GATEWAY "litware.test }\n", "" },
	{ "of the second pool's",
		POOL "  - fqdn: b.test\n    domains: [c.test, d.test]\n" GATEWAY "D.test }\n", "" },
	{ "of another domain", POOL GATEWAY "contoso.test }\n",
		"f:10:53: the component's `name` must be one of a pool's `domains`: SIP users "
		"have their addresses there\n" },
	{ "without a pool", PARTNER GATEWAY "litware.test }\n",
		"f:4:3: `gateway` needs a pool: its `domains` are those of the SIP side\n" },
	{ "without a pool, though the key is there", "pools: []\n" GATEWAY "litware.test }\n",
		"f:3:3: `gateway` needs a pool: its `domains` are those of the SIP side\n" },

	{ "two pools of a gateway share a domain",
		POOL "  - fqdn: b.test\n    domains: [c.test, LITWARE.test]\n" GATEWAY
		     "litware.test }\n",
		"" },
	{ "an address to listen on twice", LISTENS("udp:127.0.0.1:5070", "udp:127.0.0.1:5070"),
		"f:6:36: `udp:127.0.0.1:5070` and `udp:127.0.0.1:5070` (line 6) cannot both be "
		"listened on: the address would be in use\n" },
	{ "a wildcard, then an address of it", LISTENS("tcp:[::]:5070", "tcp:[::1]:5070"),
		"f:6:31: `tcp:[::1]:5070` and `tcp:[::]:5070` (line 6) cannot both be listened on: "
		"the address would be in use\n" },
	{ "an address, then its wildcard", LISTENS("tcp:127.0.0.1:5070", "tcp:0.0.0.0:5070"),
		"f:6:36: `tcp:0.0.0.0:5070` and `tcp:127.0.0.1:5070` (line 6) cannot both be "
		"listened on: the address would be in use\n" },
	{ "two transports", LISTENS("udp:127.0.0.1:5070", "tcp:127.0.0.1:5070"), "" },
	{ "two ports", LISTENS("udp:127.0.0.1:5070", "udp:127.0.0.1:5071"), "" },
	{ "two addresses", LISTENS("udp:127.0.0.1:5070", "udp:127.0.0.2:5070"), "" },
	{ "two families", LISTENS("udp:0.0.0.0:5070", "udp:[::]:5070"), "" },
	{ "two ports that are free", LISTENS("udp:127.0.0.1:0", "udp:127.0.0.1:0"), "" },
	{ "a next hop over TCP",
		POOL GATEWAY_AT(
			"udp:127.0.0.1:5070", "sip:127.0.0.1;lr;transport=tcp") "litware.test }\n",
		"" },
	{ "a next hop over TLS",
		POOL GATEWAY_AT(
			"udp:127.0.0.1:5070", "sip:127.0.0.1;transport=TLS") "litware.test }\n",
		"f:7:15: the gateway speaks to `next_hop` over UDP or TCP, not yet over TLS\n" },
	{ "a next hop that is ourselves",
		POOL GATEWAY_AT("udp:127.0.0.1:5070", "sip:127.0.0.1:5070") "litware.test }\n",
		"f:7:15: `next_hop` is this gateway's own `udp:127.0.0.1:5070` (line 6): what it "
		"sends there comes back\n" },
	{ "ourselves by name, over TCP",
		POOL GATEWAY_AT(
			"tcp:127.0.0.1:5060", "sip:LocalHost;lr;transport=TCP") "litware.test }\n",
		"f:7:15: `next_hop` is this gateway's own `tcp:127.0.0.1:5060` (line 6): what it "
		"sends there comes back\n" },
	{ "ourselves on a wildcard",
		POOL GATEWAY_AT(
			"'udp:[::]:5070'", "sip:[::1]:5070;transport=udp") "litware.test }\n",
		"f:7:15: `next_hop` is this gateway's own `udp:[::]:5070` (line 6): what it sends "
		"there comes back\n" },
	{ "another transport",
		POOL GATEWAY_AT("udp:127.0.0.1:5070",
			"sip:127.0.0.1:5070;transport=tcp") "litware.test }\n",
		"" },
	{ "another port", POOL GATEWAY_AT("udp:127.0.0.1:5070", "sip:127.0.0.1") "litware.test }\n",
		"" },
	{ "a wildcard, and another machine",
		POOL GATEWAY_AT("udp:0.0.0.0:5070", "sip:192.0.2.1:5070") "litware.test }\n", "" },

	/* With another fault in the file, only what is there is compared. */
	{ "a fault, and a domain twice", "pols: 1\n" PARTNER "  - domain: contoso.test\n",
		"f:1:1: unknown key `pols`; did you mean `pools`?\n"
		"f:4:13: the partner domain `contoso.test` is here twice (line 3)\n" },
	{ "a fault: the missing domain is not missed again",
		"pools:\n  - fqdn: a.test\n    domains: ['b c']\n    test_users: [{ address: "
		"p@a.test }]\n",
		"f:3:15: `domains` must be a domain name, like example.org\n" },
};

static void values_fit_together_or_are_refused_at_their_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char errors[4096];
		struct conf *c = NULL;
		struct buf b;

		buf_init(&b, 1 << 16);
		int err = conf_load(&c, slice_str(rows[i].text), "f", NULL, &b);
		assert_true(slice_cstr(buf_slice(&b), errors, sizeof(errors)));
		buf_done(&b);
		conf_free(c);
		if (strcmp(errors, rows[i].errors) != 0 || err != (errors[0] ? ERR_CONFIG : 0))
			fail_msg("%s\nwant %s got %s", rows[i].name, rows[i].errors, errors);
	}
}

static void nothing_is_nothing_to_check(void **state)
{
	const struct conf none = { .n_pools = 0 };
	struct buf b;
	struct problems problems = { .out = &b, .file_name = "f" };

	(void)state;
	buf_init(&b, 64);
	assert_int_equal(check_conf(&none, &problems), 0);
	assert_int_equal(problems.n, 0);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_fit_together_or_are_refused_at_their_place),
		cmocka_unit_test(nothing_is_nothing_to_check),
	};

	return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}

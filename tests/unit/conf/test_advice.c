/* What is well formed and does not do what its writer expects. */
#include "conf/advice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

#define POOL(more) "pools:\n  - fqdn: pool.litware.test\n    domains: [litware.test]\n" more
/* Its lines begin with the fifth of a file with a pool of three. */
#define GATEWAY(hop, peers)                                                                        \
	"gateway:\n  sip:\n    listen: ['udp:127.0.0.1:5070']\n    next_hop: " hop                 \
	"\n    trusted_peers: [" peers                                                             \
	"]\n  xmpp:\n    component: { server: 'a:1', secret_file: s, name: litware.test }\n"
#define HOP     "sip:127.0.0.1"
#define PARTNER "partners:\n  - domain: contoso.test\n"

#define WATCH(keys)                                                                                \
	POOL("    test_users: [{ address: a@litware.test, password_file: a }]\n")                  \
	"partners: [{ domain: contoso.test, receiver: { address: b@contoso.test } }]\n"            \
	"watch: " keys "\n"

static const struct row {
	const char *name, *text, *warnings, *notes;
} rows[] = {
	{ "nothing", POOL("") PARTNER GATEWAY(HOP, "127.0.0.1"), "", "" },
	{ "a port beside a registrar that has another",
		POOL("    registrar: sip:pool.litware.test:5061;transport=tls\n    registrar_port: "
		     "5062\n"),
		"f:5:21: `registrar_port: 5062` has no effect: `registrar` names port 5061 (line "
		"4)\n",
		"" },
	{ "the same port", POOL("    registrar: sip:[::1]:5062\n    registrar_port: 5062\n"), "",
		"" },
	{ "an IPv6 registrar without a port",
		POOL("    registrar: sip:[::1]\n    registrar_port: 5062\n"), "", "" },
	{ "an IPv6 registrar with another",
		POOL("    registrar: sip:[::1]:5061\n    registrar_port: 5062\n"),
		"f:5:21: `registrar_port: 5062` has no effect: `registrar` names port 5061 (line "
		"4)\n",
		"" },
	{ "a test user twice, in two forms",
		POOL("    test_users: [{ address: 'sip:a@litware.test' }, { address: "
		     "A@litware.test }]\n"),
		"f:4:64: the test user `A@litware.test` is here twice (line 4); the second one is "
		"never used\n",
		"" },
	{ "a name of a warning twice", POOL("    accept: [a, b, a]\n"),
		"f:4:20: `a` is here twice (line 4)\n", "" },
	{ "the same of a partner", PARTNER "    accept: [a, a]\n",
		"f:3:17: `a` is here twice (line 3)\n", "" },
	{ "a watcher's defaults", WATCH("{}"), "", "" },
	{ "retries that last longer than the interval", WATCH("{ defaults: { interval: 20 } }"),
		"f:6:32: a run that fails takes up to 22 s with its retries, and there is one "
		"every "
		"20 s: while a test fails, some of its runs are missed\n",
		"" },
	{ "just as long", WATCH("{ defaults: { interval: 22 } }"), "", "" },
	{ "the same of a test", WATCH("{ tests: [{ timeout: 30 }] }"),
		"f:6:29: a run that fails takes up to 62 s with its retries, and there is one "
		"every "
		"60 s: while a test fails, some of its runs are missed\n",
		"" },
	{ "a test without retries", WATCH("{ tests: [{ timeout: 30, retries: 0 }] }"), "", "" },
	{ "a domain without a component",
		POOL("  - fqdn: b.test\n    domains: [LITWARE.test, b.test]\n")
			GATEWAY(HOP, "127.0.0.1"),
		"f:5:29: no component serves `b.test`: the gateway is that of litware.test alone, "
		"and refuses what users of "
		"this domain write (403)\n",
		"" },
	{ "the same without a gateway", POOL("  - fqdn: b.test\n    domains: [b.test]\n"), "", "" },
	{ "a mapped address",
		POOL("") GATEWAY(HOP, "127.0.0.1, '::ffff:10.0.0.1', '::ffff:10.1.0.0/112'"), "",
		"f:8:32: `::ffff:10.0.0.1` is an IPv4 address in IPv6 form; it is taken as "
		"10.0.0.1\n"
		"f:8:51: `::ffff:10.1.0.0/112` is an IPv4 address in IPv6 form; it is taken as "
		"10.1.0.0/16\n" },
	{ "a peer twice, and in a network",
		POOL("") GATEWAY(HOP, "127.0.0.1, 10.0.0.0/8, 10.2.3.4, 127.0.0.1, 10.3.0.0/16"),
		"f:8:44: `10.2.3.4` is trusted already, by `10.0.0.0/8` (line 8)\n"
		"f:8:54: `127.0.0.1` is trusted already, by `127.0.0.1` (line 8)\n"
		"f:8:65: `10.3.0.0/16` is trusted already, by `10.0.0.0/8` (line 8)\n",
		"" },
	{ "everybody", POOL("") GATEWAY(HOP, "0.0.0.0/0"),
		"f:8:21: `0.0.0.0/0` trusts everybody: whoever reaches the listeners can write in "
		"any user's name\n",
		"" },
	{ "a next hop that is not trusted", POOL("") GATEWAY("sip:192.0.2.1:5060", "127.0.0.1"), "",
		"f:7:15: `next_hop` is not among `trusted_peers`: requests that come from "
		"192.0.2.1 are not taken\n" },
	{ "a next hop in a trusted network",
		POOL("") GATEWAY("'sip:[2001:db8::1]'", "'2001:db8::/32'"), "", "" },
	{ "a next hop by name", POOL("") GATEWAY("sip:pool.litware.test", "127.0.0.1"), "", "" },
	{ "what is not enforced, once, at its first place",
		POOL("") "partners:\n  - domain: a.test\n  - { domain: b.test, sasl: none, tls: "
			 "none, dialback: true }\n" GATEWAY(HOP, "127.0.0.1"),
		"",
		"f:6:29: `tls`, `sasl` and `dialback` of partners are not enforced: the links to "
		"them are made by the XMPP "
		"server a:1, by its own settings\n" },
};

static void is_as_said(const struct row *row)
{
	struct buf errors, out[2];
	struct conf *c = NULL;

	buf_init(&errors, 4096);
	for (size_t i = 0; i < COUNT(out); i++)
		buf_init(&out[i], 4096);
	if (conf_load(&c, slice_str(row->text), "f", NULL, &errors))
		fail_msg("%s: %s", row->name, buf_cstr(&errors));
	struct problems warnings = { .out = &out[0], .file_name = "f" };
	struct problems notes = { .out = &out[1], .file_name = "f" };
	advise_conf(c, &warnings, &notes);
	if (strcmp(buf_cstr(&out[0]), row->warnings) != 0)
		fail_msg("%s: warnings\n%swanted\n%s", row->name, buf_cstr(&out[0]), row->warnings);
	if (strcmp(buf_cstr(&out[1]), row->notes) != 0)
		fail_msg("%s: notes\n%swanted\n%s", row->name, buf_cstr(&out[1]), row->notes);
	conf_free(c);
	for (size_t i = 0; i < COUNT(out); i++)
		buf_done(&out[i]);
	buf_done(&errors);
}

static void each_row(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		is_as_said(&rows[i]);
}

/* The second word of a kind has a limit, and what is left out is counted. */
static void is_bounded(void **state)
{
	struct buf out;
	struct problems p = { .out = &out, .file_name = "f", .max = 3 };

	(void)state;
	buf_init(&out, 4096);
	for (unsigned i = 0; i < 5; i++)
		problems_add(&p, (struct conf_place){ 1, 1 }, TEXT_PLAIN("x"));
	assert_int_equal(p.n, 3);
	assert_int_equal(p.left_out, 2);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row),
		cmocka_unit_test(is_bounded),
	};

	return cmocka_run_group_tests_name("advice", tests, NULL, NULL);
}

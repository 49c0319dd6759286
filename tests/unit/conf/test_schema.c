/* Every key of the file: what it refuses, in words and at its place.  A key without a row fails. */
#include "conf/schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "conf/conf.h"

#define POOL      "pools:\n  - fqdn: pool.litware.test\n    domains: [litware.test]\n"
#define PARTNER   "partners:\n  - domain: contoso.test\n"
#define SIP       "gateway:\n  sip:\n"
#define LISTEN    "    listen: [udp:127.0.0.1:5070]\n"
#define NEXT_HOP  "    next_hop: sip:127.0.0.1\n"
#define TRUSTED   "    trusted_peers: [127.0.0.1]\n"
#define XMPP      "  xmpp:\n    component:\n"
#define NAME      "      name: litware.test\n"
#define SERVER    "      server: localhost:5347\n"
#define SECRET    "      secret_file: s\n"
#define GOOD_SIP  SIP LISTEN NEXT_HOP TRUSTED
#define GOOD_XMPP XMPP NAME SERVER SECRET

struct row {
	const char *key, *text, *errors;
};

static void assert_errors(const struct row *row)
{
	char errors[8192];
	struct conf *c = NULL;
	struct buf b;

	buf_init(&b, 1 << 16);
	int err = conf_load(&c, slice_str(row->text), "f", NULL, &b);
	assert_true(slice_cstr(buf_slice(&b), errors, sizeof(errors)));
	buf_done(&b);
	conf_free(c);
	if (strcmp(errors, row->errors) != 0 || err != (row->errors[0] ? ERR_CONFIG : 0))
		fail_msg("%s\n%swant %s got %s", row->key, row->text, row->errors, errors);
}

/* ---- values ---- */

#define A_HOST   " must be a host name, like pool.example.org\n"
#define A_HASH   "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
#define A_DOMAIN " must be a domain name, like example.org\n"
#define A_FILE   " must be the name of a file\n"
#define A_HOP                                                                                      \
	" must be sip:HOST[:PORT][;transport=udp|tcp|tls] without a user, like "                   \
	"sip:pool.example.org:5061;transport=tls\n"

#define A_URL                                                                                      \
	" must be a URL of http or https without a user, like https://alerts.example.org/stox\n"
#define A_MAIL " must be an address of e-mail, like on-call@example.org\n"
#define A_WORD " must be a name of letters, digits, `.`, `_` and `-`, like on-call\n"
#define ALERT  "watch: { alerts: [{ name: a, kind: exec, command: [/a], "

static const struct row values[] = {
	{ "pools[].fqdn", "pools:\n  - fqdn: a b\n    domains: [b.test]\n",
		"f:2:11: `fqdn`" A_HOST },
	{ "pools[].domains", "pools:\n  - fqdn: a.test\n    domains: [a.test, 'b c', d_e]\n",
		"f:3:23: `domains`" A_DOMAIN "f:3:30: `domains`" A_DOMAIN },
	{ "pools[].registrar", POOL "    registrar: pool.litware.test\n",
		"f:4:16: `registrar`" A_HOP },
	{ "pools[].registrar_port", POOL "    registrar_port: 0\n",
		"f:4:21: `registrar_port` must be a number from 1 to 65535 in decimal digits, not "
		"`0`\n" },
	{ "pools[].ca_file", POOL "    ca_file: ''\n", "f:4:14: `ca_file`" A_FILE },
	{ "pools[].accept", POOL "    accept:\n      - \"a\\nb\"\n",
		"f:5:9: `accept` must be text on one line\n" },
	{ "pools[].test_users[].address", POOL "    test_users:\n      - address: pilar\n",
		"f:5:18: `address` must be a SIP address, like sip:pilar@example.org\n" },
	{ "pools[].test_users[].auth_user",
		POOL
		"    test_users:\n      - address: p@litware.test\n        auth_user: \"a\\nb\"\n",
		"f:6:20: `auth_user` must be text on one line\n" },
	{ "pools[].test_users[].password_file",
		POOL "    test_users:\n      - address: p@litware.test\n        password_file: "
		     "\"a\\e\"\n",
		"f:6:24: `password_file`" A_FILE },
	{ "partners[].domain", "partners:\n  - domain: 192.0.2.1\n", "f:2:13: `domain`" A_DOMAIN },
	{ "partners[].additional_domains",
		PARTNER "    additional_domains:\n      - a.test\n      - '*.test'\n",
		"f:5:9: `additional_domains`" A_DOMAIN },
	{ "partners[].type", PARTNER "    type: Federated\n",
		"f:3:11: `type` must be one of federated, public-verified, public-unverified, not "
		"`Federated`\n" },
	{ "partners[].tls", PARTNER "    tls: true\n",
		"f:3:10: `tls` must be one of required, optional, none, not `true`\n" },
	{ "partners[].sasl", PARTNER "    sasl: no\n",
		"f:3:11: `sasl` must be one of required, optional, none, not `no`\n" },
	{ "partners[].dialback", PARTNER "    dialback: on\n",
		"f:3:15: `dialback` must be true or false, not `on`\n" },
	{ "partners[].ca_file", PARTNER "    ca_file: \"\\t\"\n", "f:3:14: `ca_file`" A_FILE },
	{ "partners[].accept", PARTNER "    accept: [\"\\t\"]\n",
		"f:3:14: `accept` must be text on one line\n" },
	{ "partners[].server", PARTNER "    server: a:b\n",
		"f:3:13: `server` must be HOST or HOST:PORT, like xmpp.example.org:5222\n" },
	{ "partners[].receiver.address", PARTNER "    receiver:\n      address: contoso.test\n",
		"f:4:16: `address` must be an address on the XMPP side, like "
		"adelany@example.org\n" },
	{ "partners[].receiver.server",
		PARTNER "    receiver:\n      address: a@contoso.test\n      server: a:b\n",
		"f:5:15: `server` must be HOST or HOST:PORT, like xmpp.example.org:5222\n" },
	{ "partners[].receiver.password_file",
		PARTNER "    receiver:\n      address: a@contoso.test\n      password_file: ''\n",
		"f:5:22: `password_file`" A_FILE },
	{ "gateway.sip.listen",
		POOL SIP
		"    listen: [udp:127.0.0.1:5070, tls:127.0.0.1:5061]\n" NEXT_HOP TRUSTED GOOD_XMPP,
		"f:6:34: `listen` must be udp:IP:PORT or tcp:IP:PORT, like udp:127.0.0.1:5070 or "
		"tcp:[::1]:5070\n" },
	{ "gateway.sip.next_hop",
		POOL SIP LISTEN "    next_hop: sip:p@litware.test\n" TRUSTED GOOD_XMPP,
		"f:7:15: `next_hop`" A_HOP },
	{ "gateway.sip.trusted_peers",
		POOL SIP LISTEN NEXT_HOP "    trusted_peers: [10.1.0.0/8]\n" GOOD_XMPP,
		"f:8:21: `trusted_peers` must be an IP address or a network, like 192.0.2.1 or "
		"10.0.0.0/8\n" },
	{ "gateway.sip.transactions_max", POOL GOOD_SIP "    transactions_max: 4194305\n" GOOD_XMPP,
		"f:9:23: `transactions_max` must be a number from 1024 to 4194304 in decimal "
		"digits, not `4194305`\n" },
	{ "gateway.sip.options", POOL GOOD_SIP "    options: no\n" GOOD_XMPP,
		"f:9:14: `options` must be one of health, alive, not `no`\n" },
	{ "gateway.xmpp.settle", POOL GOOD_SIP GOOD_XMPP "    settle: 151\n",
		"f:14:13: `settle` must be a number from 0 to 150 in decimal digits, not `151`\n" },
	{ "gateway.xmpp.unproven", POOL GOOD_SIP GOOD_XMPP "    unproven: no\n",
		"f:14:15: `unproven` must be one of accept, refuse, not `no`\n" },
	{ "gateway.xmpp.component.name", POOL GOOD_SIP XMPP "      name: a@b\n" SERVER SECRET,
		"f:11:13: `name`" A_DOMAIN },
	{ "gateway.xmpp.component.server",
		POOL GOOD_SIP XMPP NAME "      server: localhost\n" SECRET,
		"f:12:15: `server` must be HOST:PORT, like 127.0.0.1:5347\n" },
	{ "gateway.xmpp.component.secret_file",
		POOL GOOD_SIP XMPP NAME SERVER "      secret_file: ''\n",
		"f:13:20: `secret_file`" A_FILE },
	{ "gateway.control.socket", POOL GOOD_SIP GOOD_XMPP "  control: { socket: '' }\n",
		"f:14:22: `socket`" A_FILE },
	{ "gateway.control.group", POOL GOOD_SIP GOOD_XMPP "  control: { group: '' }\n",
		"f:14:21: `group` must be text on one line\n" },
	{ "gateway.metrics.listen",
		POOL GOOD_SIP GOOD_XMPP "  metrics: { listen: localhost:9719 }\n",
		"f:14:22: `listen` must be IP:PORT, like 127.0.0.1:9719 or [::1]:9719\n" },
	{ "gateway.metrics.names",
		POOL GOOD_SIP GOOD_XMPP "  metrics: { listen: 127.0.0.1:9719, names: [gw:80] }\n",
		"f:14:46: `names`" A_HOST },
	{ "gateway.log_users", POOL GOOD_SIP GOOD_XMPP "  log_users: yes\n",
		"f:14:14: `log_users` must be true or false, not `yes`\n" },
	{ "watch.time_zone", "watch: { time_zone: ../passwd }\n",
		"f:1:21: `time_zone` must be the name of a time zone, like Europe/Paris\n" },
	{ "watch.listen", "watch: { listen: [localhost] }\n",
		"f:1:19: `listen` must be IP:PORT or https://IP:PORT, like 127.0.0.1:8080 or "
		"https://192.0.2.1:8443\n" },
	{ "watch.tls.certificate_file", "watch: { tls: { certificate_file: '', key_file: k } }\n",
		"f:1:35: `certificate_file`" A_FILE },
	{ "watch.tls.key_file", "watch: { tls: { certificate_file: c, key_file: '' } }\n",
		"f:1:48: `key_file`" A_FILE },
	{ "watch.sign_in.users_file", "watch: { sign_in: { users_file: '' } }\n",
		"f:1:33: `users_file`" A_FILE },
	{ "watch.sign_in.tokens_file", "watch: { sign_in: { tokens_file: '' } }\n",
		"f:1:34: `tokens_file`" A_FILE },
	{ "watch.sign_in.ca_file", "watch: { sign_in: { ca_file: '' } }\n",
		"f:1:30: `ca_file`" A_FILE },
	{ "watch.roles[].name", "watch: { roles: [{ name: a b }] }\n", "f:1:26: `name`" A_WORD },
	{ "watch.roles[].template", "watch: { roles: [{ name: a, template: a b }] }\n",
		"f:1:39: `template`" A_WORD },
	{ "watch.roles[].commands", "watch: { roles: [{ name: a, commands: [a b] }] }\n",
		"f:1:40: `commands`" A_WORD },
	{ "watch.roles[].members", "watch: { roles: [{ name: a, members: [''] }] }\n",
		"f:1:39: `members` must be KIND:NAME of at most 76 bytes, like group:helpdesk, or "
		"loopback\n" },
	{ "watch.roles[].pools", "watch: { roles: [{ name: a, pools: [a b] }] }\n",
		"f:1:37: `pools`" A_HOST },
	{ "watch.roles[].partners", "watch: { roles: [{ name: a, partners: [192.0.2.1] }] }\n",
		"f:1:40: `partners`" A_DOMAIN },
	{ "watch.control.socket", "watch: { control: { socket: '' } }\n",
		"f:1:29: `socket`" A_FILE },
	{ "watch.control.group", "watch: { control: { group: '' } }\n",
		"f:1:28: `group` must be text on one line\n" },
	{ "watch.url", "watch: { url: 'https://a:b@c.test/' }\n", "f:1:15: `url`" A_URL },
	{ "watch.at_once", "watch: { at_once: 0 }\n",
		"f:1:19: `at_once` must be a number from 1 to 10000 in decimal digits, not `0`\n" },
	{ "watch.location", "watch: { location: 'a b' }\n",
		"f:1:20: `location` must be a name of letters, digits, `.`, `_` and `-`, like "
		"on-call\n" },
	{ "watch.lease", "watch: { lease: 5 }\n",
		"f:1:17: `lease` must be a number from 6 to 600 in decimal digits, not `5`\n" },
	{ "watch.tests[].direction", "watch: { tests: [{ direction: back }] }\n",
		"f:1:31: `direction` must be one of both, to, from, not `back`\n" },
	{ "watch.site", "watch: { site: '' }\n", "f:1:16: `site` must be text on one line\n" },
	{ "watch.public[].partner",
		"watch: { public: [{ token_hash: " A_HASH ", partner: 'a b' }] }\n",
		"f:1:108: `partner`" A_DOMAIN },
	{ "watch.public[].name",
		"watch: { public: [{ partner: a.test, token_hash: " A_HASH ", name: '' }] }\n",
		"f:1:122: `name` must be text on one line\n" },
	{ "watch.public[].token_hash", "watch: { public: [{ partner: a.test, token_hash: 12 }] }\n",
		"f:1:50: `token_hash` must be a SHA-256 as 64 hexadecimal digits, as `sha256sum` "
		"writes it\n" },
	{ "watch.tests[].spread", "watch: { tests: [{ spread: all }] }\n",
		"f:1:28: `spread` must be one of one, every, not `all`\n" },
	{ "watch.history.file", "watch: { history: { file: '' } }\n", "f:1:27: `file`" A_FILE },
	{ "watch.history.raw_days", "watch: { history: { raw_days: 0 } }\n",
		"f:1:31: `raw_days` must be a number from 1 to 3650 in decimal digits, not `0`\n" },
	{ "watch.history.hour_days", "watch: { history: { hour_days: 0 } }\n",
		"f:1:32: `hour_days` must be a number from 1 to 36500 in decimal digits, not "
		"`0`\n" },
	{ "watch.history.postgresql", "watch: { history: { postgresql: '' } }\n",
		"f:1:33: `postgresql` must be text on one line\n" },
	{ "watch.history.password_file", "watch: { history: { password_file: '' } }\n",
		"f:1:36: `password_file`" A_FILE },
	{ "watch.history.ca_file", "watch: { history: { ca_file: '' } }\n",
		"f:1:30: `ca_file`" A_FILE },
	{ "watch.history.size_max", "watch: { history: { size_max: 15 } }\n",
		"f:1:31: `size_max` must be a number from 16 to 16777216 in decimal digits, not "
		"`15`\n" },
	{ "watch.defaults.interval", "watch: { defaults: { interval: 0 } }\n",
		"f:1:32: `interval` must be a number from 1 to 86400 in decimal digits, not "
		"`0`\n" },
	{ "watch.defaults.timeout", "watch: { defaults: { timeout: 601 } }\n",
		"f:1:31: `timeout` must be a number from 1 to 600 in decimal digits, not `601`\n" },
	{ "watch.defaults.retries", "watch: { defaults: { retries: 11 } }\n",
		"f:1:31: `retries` must be a number from 0 to 10 in decimal digits, not `11`\n" },
	{ "watch.defaults.retry_pause", "watch: { defaults: { retry_pause: 601 } }\n",
		"f:1:35: `retry_pause` must be a number from 0 to 600 in decimal digits, not "
		"`601`\n" },
	{ "watch.defaults.fail", "watch: { defaults: { fail: 3 of 2 } }\n",
		"f:1:28: `fail` must be N of M with 1 <= N <= M <= 16, like 2 of 3\n" },
	{ "watch.defaults.recover", "watch: { defaults: { recover: 17 } }\n",
		"f:1:31: `recover` must be a number from 1 to 16 in decimal digits, not `17`\n" },
	{ "watch.defaults.calm", "watch: { defaults: { calm: 1441 } }\n",
		"f:1:28: `calm` must be a number from 0 to 1440 in decimal digits, not `1441`\n" },
	{ "watch.defaults.severity", "watch: { defaults: { severity: error } }\n",
		"f:1:32: `severity` must be one of info, warning, critical, not `error`\n" },
	{ "watch.defaults.labels", "watch: { defaults: { labels: [team] } }\n",
		"f:1:31: `labels` must be NAME=VALUE, like team=messaging\n" },
	{ "watch.defaults.maintenance", "watch: { defaults: { maintenance: [''] } }\n",
		"f:1:36: `maintenance` must be text on one line\n" },
	{ "watch.tests[].interval", "watch: { tests: [{ interval: 0 }] }\n",
		"f:1:30: `interval` must be a number from 1 to 86400 in decimal digits, not "
		"`0`\n" },
	{ "watch.tests[].timeout", "watch: { tests: [{ timeout: 601 }] }\n",
		"f:1:29: `timeout` must be a number from 1 to 600 in decimal digits, not `601`\n" },
	{ "watch.tests[].retries", "watch: { tests: [{ retries: 11 }] }\n",
		"f:1:29: `retries` must be a number from 0 to 10 in decimal digits, not `11`\n" },
	{ "watch.tests[].retry_pause", "watch: { tests: [{ retry_pause: 601 }] }\n",
		"f:1:33: `retry_pause` must be a number from 0 to 600 in decimal digits, not "
		"`601`\n" },
	{ "watch.tests[].fail", "watch: { tests: [{ fail: 3 of 2 }] }\n",
		"f:1:26: `fail` must be N of M with 1 <= N <= M <= 16, like 2 of 3\n" },
	{ "watch.tests[].recover", "watch: { tests: [{ recover: 17 }] }\n",
		"f:1:29: `recover` must be a number from 1 to 16 in decimal digits, not `17`\n" },
	{ "watch.tests[].calm", "watch: { tests: [{ calm: 1441 }] }\n",
		"f:1:26: `calm` must be a number from 0 to 1440 in decimal digits, not `1441`\n" },
	{ "watch.tests[].severity", "watch: { tests: [{ severity: error }] }\n",
		"f:1:30: `severity` must be one of info, warning, critical, not `error`\n" },
	{ "watch.tests[].labels", "watch: { tests: [{ labels: [team] }] }\n",
		"f:1:29: `labels` must be NAME=VALUE, like team=messaging\n" },
	{ "watch.tests[].maintenance", "watch: { tests: [{ maintenance: [''] }] }\n",
		"f:1:34: `maintenance` must be text on one line\n" },
	{ "watch.tests[].kind", "watch: { tests: [{ kind: im-external }] }\n",
		"f:1:26: `kind` must be one of im, register, servers, im-internal, partner, "
		"not `im-external`\n" },
	{ "watch.tests[].pool", "watch: { tests: [{ pool: a b }] }\n", "f:1:26: `pool`" A_HOST },
	{ "watch.tests[].partner", "watch: { tests: [{ partner: 192.0.2.1 }] }\n",
		"f:1:29: `partner`" A_DOMAIN },
	{ "watch.tests[].user", "watch: { tests: [{ user: pilar }] }\n",
		"f:1:26: `user` must be a SIP address, like sip:pilar@example.org\n" },
	{ "watch.tests[].enabled", "watch: { tests: [{ enabled: yes }] }\n",
		"f:1:29: `enabled` must be true or false, not `yes`\n" },
	{ "watch.tests[].expect", "watch: { tests: [{ expect: \"a\\nb\" }] }\n",
		"f:1:28: `expect` must be text on one line\n" },
	{ "watch.tests[].receiver.address",
		"watch: { tests: [{ receiver: { address: b.test } }] }\n",
		"f:1:41: `address` must be an address on the XMPP side, like "
		"adelany@example.org\n" },
	{ "watch.tests[].receiver.server",
		"watch: { tests: [{ receiver: { address: a@b.test, server: 'a:b' } }] }\n",
		"f:1:59: `server` must be HOST or HOST:PORT, like xmpp.example.org:5222\n" },
	{ "watch.tests[].receiver.password_file",
		"watch: { tests: [{ receiver: { address: a@b.test, password_file: '' } }] }\n",
		"f:1:66: `password_file`" A_FILE },
	{ "watch.alerts[].url", ALERT "url: 'ftp://a.test' }] }\n", "f:1:62: `url`" A_URL },
	{ "watch.alerts[].url_file", ALERT "url_file: '' }] }\n", "f:1:67: `url_file`" A_FILE },
	{ "watch.alerts[].server", ALERT "server: a.test }] }\n",
		"f:1:65: `server` must be smtp://HOST[:PORT] or smtps://HOST[:PORT], like "
		"smtp://127.0.0.1:25\n" },
	{ "watch.alerts[].from", ALERT "from: 'A <a@b.test>' }] }\n", "f:1:63: `from`" A_MAIL },
	{ "watch.alerts[].to", ALERT "to: [a] }] }\n", "f:1:62: `to`" A_MAIL },
	{ "watch.alerts[].user", ALERT "user: '' }] }\n",
		"f:1:63: `user` must be text on one line\n" },
	{ "watch.alerts[].password_file", ALERT "password_file: '' }] }\n",
		"f:1:72: `password_file`" A_FILE },
	{ "watch.alerts[].token_file", ALERT "token_file: '' }] }\n",
		"f:1:69: `token_file`" A_FILE },
	{ "watch.alerts[].ca_file", ALERT "ca_file: '' }] }\n", "f:1:66: `ca_file`" A_FILE },
	{ "watch.alerts[].severity", ALERT "severity: low }] }\n",
		"f:1:67: `severity` must be one of info, warning, critical, not `low`\n" },
	{ "watch.alerts[].labels", ALERT "labels: ['1=2'] }] }\n",
		"f:1:66: `labels` must be NAME=VALUE, like team=messaging\n" },
	{ "watch.alerts[].plain", ALERT "plain: no }] }\n",
		"f:1:64: `plain` must be true or false, not `no`\n" },
	{ "watch.alerts[].resolved", ALERT "resolved: no }] }\n",
		"f:1:67: `resolved` must be true or false, not `no`\n" },
	{ "watch.alerts[].remind", ALERT "remind: 0 }] }\n",
		"f:1:65: `remind` must be a number from 1 to 10080 in decimal digits, not `0`\n" },
	{ "watch.alerts[].timeout", ALERT "timeout: 0 }] }\n",
		"f:1:66: `timeout` must be a number from 1 to 300 in decimal digits, not `0`\n" },
	{ "watch.alerts[].name", "watch: { alerts: [{ name: a b, kind: exec }] }\n",
		"f:1:27: `name` must be a name of letters, digits, `.`, `_` and `-`, like "
		"on-call\n" },
	{ "watch.alerts[].kind", "watch: { alerts: [{ name: a, kind: pager }] }\n",
		"f:1:36: `kind` must be one of webhook, alertmanager, exec, mail, not `pager`\n" },
	{ "watch.alerts[].command", "watch: { alerts: [{ name: a, kind: exec, command: [''] }] }\n",
		"f:1:52: `command` must be text on one line\n" },
	{ "watch.probe.allow", "watch: { probe: { allow: ['a b'] } }\n", "f:1:27: `allow`" A_HOST },
	{ "watch.probe.timeout", "watch: { probe: { timeout: 121 } }\n",
		"f:1:28: `timeout` must be a number from 1 to 120 in decimal digits, not `121`\n" },
	{ "watch.ping.url", "watch: { ping: { url: a.test } }\n", "f:1:23: `url`" A_URL },
	{ "watch.ping.url_file", "watch: { ping: { url_file: '' } }\n",
		"f:1:28: `url_file`" A_FILE },
	{ "watch.ping.token_file", "watch: { ping: { token_file: '' } }\n",
		"f:1:30: `token_file`" A_FILE },
	{ "watch.ping.ca_file", "watch: { ping: { ca_file: '' } }\n", "f:1:27: `ca_file`" A_FILE },
	{ "watch.ping.interval", "watch: { ping: { interval: 9 } }\n",
		"f:1:28: `interval` must be a number from 10 to 86400 in decimal digits, not "
		"`9`\n" },
	{ "watch.ping.timeout", "watch: { ping: { timeout: 0 } }\n",
		"f:1:27: `timeout` must be a number from 1 to 300 in decimal digits, not `0`\n" },
	{ "secrets_group", "secrets_group: ''\n",
		"f:1:16: `secrets_group` must be text on one line\n" },
};

/* ---- what must be there ---- */

static const struct row missing[] = {
	{ "pools[].fqdn", "pools:\n  - domains: [a.test]\n", "f:2:5: `fqdn` is missing here\n" },
	{ "watch.public[].partner", "watch: { public: [{ token_hash: " A_HASH " }] }\n",
		"f:1:19: `partner` is missing here\n" },
	{ "watch.public[].token_hash", "watch: { public: [{ partner: a.test }] }\n",
		"f:1:19: `token_hash` is missing here\n" },
	{ "pools[].domains", "pools:\n  - fqdn: a.test\n", "f:2:5: `domains` is missing here\n" },
	{ "pools[].test_users[].address", POOL "    test_users: [{ password_file: x }]\n",
		"f:4:18: `address` is missing here\n" },
	{ "partners[].domain", "partners:\n  - tls: none\n    dialback: true\n",
		"f:2:5: `domain` is missing here\n" },
	{ "partners[].receiver.address", PARTNER "    receiver: { server: a.test }\n",
		"f:3:15: `address` is missing here\n" },
	{ "gateway.sip", POOL "gateway:\n" GOOD_XMPP, "f:5:3: `sip` is missing here\n" },
	{ "gateway.sip.listen", POOL SIP NEXT_HOP TRUSTED GOOD_XMPP,
		"f:6:5: `listen` is missing here\n" },
	{ "gateway.sip.next_hop", POOL SIP LISTEN TRUSTED GOOD_XMPP,
		"f:6:5: `next_hop` is missing here\n" },
	{ "gateway.sip.trusted_peers", POOL SIP LISTEN NEXT_HOP GOOD_XMPP,
		"f:6:5: `trusted_peers` is missing here\n" },
	{ "gateway.xmpp", POOL GOOD_SIP, "f:5:3: `xmpp` is missing here\n" },
	{ "gateway.xmpp.component", POOL GOOD_SIP "  xmpp: {}\n",
		"f:9:9: `component` is missing here\n" },
	{ "gateway.xmpp.component.name", POOL GOOD_SIP XMPP SERVER SECRET,
		"f:11:7: `name` is missing here\n" },
	{ "gateway.xmpp.component.server", POOL GOOD_SIP XMPP NAME SECRET,
		"f:11:7: `server` is missing here\n" },
	{ "gateway.xmpp.component.secret_file", POOL GOOD_SIP XMPP NAME SERVER,
		"f:11:7: `secret_file` is missing here\n" },
	{ "gateway.metrics.listen", POOL GOOD_SIP GOOD_XMPP "  metrics: {}\n",
		"f:14:12: `listen` is missing here\n" },
	{ "watch.tests[].receiver.address",
		"watch: { tests: [{ receiver: { server: a.test } }] }\n",
		"f:1:30: `address` is missing here\n" },
	{ "watch.tls.certificate_file", "watch: { tls: { key_file: k } }\n",
		"f:1:15: `certificate_file` is missing here\n" },
	{ "watch.tls.key_file", "watch: { tls: { certificate_file: c } }\n",
		"f:1:15: `key_file` is missing here\n" },
	{ "watch.roles[].name", "watch: { roles: [{ commands: [view] }] }\n",
		"f:1:18: `name` is missing here\n" },
	{ "watch.alerts[].name", "watch: { alerts: [{ kind: exec }] }\n",
		"f:1:19: `name` is missing here\n" },
	{ "watch.alerts[].kind", "watch: { alerts: [{ name: a }] }\n",
		"f:1:19: `kind` is missing here\n" },
};

/* ---- of what kind ---- */

static const struct row kinds[] = {
	{ "pools", "pools: {}\n", "f:1:8: `pools` must be a list, not keys of its own\n" },
	{ "pools[].fqdn", "pools:\n  - fqdn: [a]\n    domains: [a.test]\n",
		"f:2:11: `fqdn` must be a value, not a list\n" },
	{ "pools[].domains", "pools:\n  - fqdn: a.test\n    domains: a.test\n",
		"f:3:14: `domains` must be a list, not a value\n" },
	{ "pools[].test_users", POOL "    test_users: x\n",
		"f:4:17: `test_users` must be a list, not a value\n" },
	{ "pools[].registrar_port", POOL "    registrar_port: [1]\n",
		"f:4:21: `registrar_port` must be a value, not a list\n" },
	{ "partners", "partners: x\n", "f:1:11: `partners` must be a list, not a value\n" },
	{ "partners[].dialback", PARTNER "    dialback: {}\n",
		"f:3:15: `dialback` must be a value, not keys of its own\n" },
	{ "partners[].type", PARTNER "    type: []\n",
		"f:3:11: `type` must be a value, not a list\n" },
	{ "partners[].receiver", PARTNER "    receiver: a@contoso.test\n",
		"f:3:15: `receiver` must be keys of its own, not a value\n" },
	{ "partners[].additional_domains", PARTNER "    additional_domains: [[a], {}, ~]\n",
		"f:3:26: `additional_domains` must be a value, not a list\n"
		"f:3:31: `additional_domains` must be a value, not keys of its own\n"
		"f:3:35: `additional_domains` has no value: give it one or leave it out\n" },
	{ "gateway", "gateway: x\n", "f:1:10: `gateway` must be keys of its own, not a value\n" },
	{ "gateway.sip", POOL "gateway:\n  sip: []\n" GOOD_XMPP,
		"f:5:8: `sip` must be keys of its own, not a list\n" },
	{ "numbers without quotes", POOL "    registrar_port: '5061'\n",
		"f:4:21: `registrar_port` must be without quotes\n" },
	{ "null is no domain", "partners:\n  - domain: null\n",
		"f:2:13: `domain` has no value: give it one or leave it out\n" },
	{ "a quoted null is a name", "partners:\n  - domain: 'null'\n", "" },
};

static void assert_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_errors(&rows[i]);
}

static void a_value_that_is_none_is_refused_at_its_place(void **state)
{
	(void)state;
	assert_rows(values, COUNT(values));
}

static void what_is_required_is_missed_where_it_should_be(void **state)
{
	(void)state;
	assert_rows(missing, COUNT(missing));
}

static void each_kind_is_told_from_the_others(void **state)
{
	(void)state;
	assert_rows(kinds, COUNT(kinds));
}

static void the_good_parts_are_good(void **state)
{
	const struct row good = { "all", POOL PARTNER GOOD_SIP GOOD_XMPP, "" };

	(void)state;
	assert_errors(&good);
}

/* ---- how many ---- */

/* `n` times `piece` (with a number in it) between `head` and `tail`. */
static void assert_many(
	const char *head, const char *piece, unsigned n, const char *tail, const char *errors)
{
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_puts(&b, head);
	for (unsigned i = 0; i < n; i++) {
		const char *at = strchr(piece, '#');

		buf_put(&b, slice_of(piece, (size_t)(at - piece)));
		buf_printf(&b, "%u%s", i, at + 1);
	}
	buf_puts(&b, tail);
	const struct row row = { piece, buf_cstr(&b), errors };
	assert_errors(&row);
	buf_done(&b);
}

static void lists_have_their_limits(void **state)
{
	static const struct {
		const char *head, *piece, *tail;
		unsigned max;
		const char *errors;
	} cases[] = {
		{ "pools:\n", "  - fqdn: p#.test\n    domains: [a.test]\n", "", 64,
			"f:2:3: `pools` has 65 entries; at most 64 are allowed\n" },
		{ "pools:\n  - fqdn: a.test\n    domains:\n", "      - d#.test\n", "", 256,
			"f:4:7: `domains` has 257 entries; at most 256 are allowed\n" },
		{ POOL "    test_users:\n", "      - address: u#@litware.test\n", "", 256,
			"f:5:7: `test_users` has 257 entries; at most 256 are allowed\n" },
		{ "partners:\n", "  - domain: d#.test\n", "", 4096,
			"f:2:3: `partners` has 4097 entries; at most 4096 are allowed\n" },
		{ PARTNER "    additional_domains:\n", "      - d#.test\n", "", 256,
			"f:4:7: `additional_domains` has 257 entries; at most 256 are allowed\n" },
		{ POOL SIP "    listen:\n", "      - udp:127.0.0.1:#\n", NEXT_HOP TRUSTED GOOD_XMPP,
			8, "f:7:7: `listen` has 9 entries; at most 8 are allowed\n" },
		{ POOL SIP LISTEN NEXT_HOP "    trusted_peers:\n", "      - 192.0.2.#\n", GOOD_XMPP,
			64, "f:9:7: `trusted_peers` has 65 entries; at most 64 are allowed\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_many(cases[i].head, cases[i].piece, cases[i].max, cases[i].tail, "");
		assert_many(cases[i].head, cases[i].piece, cases[i].max + 1, cases[i].tail,
			cases[i].errors);
	}
}

static void some_lists_must_not_be_empty(void **state)
{
	static const struct row rows[] = {
		{ "domains", "pools:\n  - fqdn: a.test\n    domains: []\n",
			"f:3:14: `domains` must not be empty\n" },
		{ "listen", POOL SIP "    listen: []\n" NEXT_HOP TRUSTED GOOD_XMPP,
			"f:6:13: `listen` must not be empty\n" },
		{ "trusted_peers", POOL SIP LISTEN NEXT_HOP "    trusted_peers: []\n" GOOD_XMPP,
			"f:8:20: `trusted_peers` must not be empty\n" },
		{ "others may", "pools: []\npartners: []\n", "" },
		{ "test_users, additional_domains",
			POOL "    test_users: []\n" PARTNER "    additional_domains: []\n", "" },
	};

	(void)state;
	assert_rows(rows, COUNT(rows));
}

static void numbers_have_their_ends(void **state)
{
	static const struct row rows[] = {
		{ "registrar_port", POOL "    registrar_port: 1\n", "" },
		{ "registrar_port", POOL "    registrar_port: 65535\n", "" },
		{ "transactions_max", POOL GOOD_SIP "    transactions_max: 1024\n" GOOD_XMPP, "" },
		{ "transactions_max", POOL GOOD_SIP "    transactions_max: 4194304\n" GOOD_XMPP,
			"" },
		{ "transactions_max", POOL GOOD_SIP "    transactions_max: 1023\n" GOOD_XMPP,
			"f:9:23: `transactions_max` must be a number from 1024 to 4194304 in "
			"decimal digits, not `1023`\n" },
		{ "settle", POOL GOOD_SIP GOOD_XMPP "    settle: 0\n", "" },
		{ "settle", POOL GOOD_SIP GOOD_XMPP "    settle: 150\n", "" },
		{ "registrar_port", POOL "    registrar_port: -1\n",
			"f:4:21: `registrar_port` must be a number from 1 to 65535 in decimal "
			"digits, not `-1`\n" },
		{ "registrar_port", POOL "    registrar_port: 5061.0\n",
			"f:4:21: `registrar_port` must be a number from 1 to 65535 in decimal "
			"digits, not `5061.0`\n" },
	};

	(void)state;
	assert_rows(rows, COUNT(rows));
}

/* ---- nothing is forgotten ---- */

static bool has_row(const struct row *rows, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(rows[i].key, key) == 0)
			return true;
	return false;
}

static void check_section(const struct section *section, const char *prefix)
{
	for (size_t i = 0; i < section->n_items; i++) {
		const struct item *item = &section->items[i];
		char key[128];

		snprintf(key, sizeof(key), "%s%s", prefix, item->name);
		if (item->required && !has_row(missing, COUNT(missing), key))
			fail_msg("%s is required, and no row says so", key);
		if (!item->section) {
			if (!has_row(values, COUNT(values), key))
				fail_msg("no row has a bad value of %s", key);
			continue;
		}
		snprintf(key, sizeof(key), "%s%s%s.", prefix, item->name,
			item->type == ITEM_SECTIONS ? "[]" : "");
		check_section(item->section, key);
	}
}

static void every_key_has_its_rows(void **state)
{
	(void)state;
	check_section(&schema_root, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_value_that_is_none_is_refused_at_its_place),
		cmocka_unit_test(what_is_required_is_missed_where_it_should_be),
		cmocka_unit_test(each_kind_is_told_from_the_others),
		cmocka_unit_test(the_good_parts_are_good),
		cmocka_unit_test(lists_have_their_limits),
		cmocka_unit_test(some_lists_must_not_be_empty),
		cmocka_unit_test(numbers_have_their_ends),
		cmocka_unit_test(every_key_has_its_rows),
	};

	return cmocka_run_group_tests_name("schema", tests, NULL, NULL);
}

/* What a watcher has to do, from its configuration: which tests, what each is, what is refused. */
#include "watcher/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"

#define WORLD                                                                                      \
	"pools:\n"                                                                                 \
	"  - fqdn: A.test\n    domains: [a.test]\n    ca_file: a.pem\n"                            \
	"    registrar: sip:127.0.0.1:5061;transport=tls\n    accept: [message_cut]\n"             \
	"    test_users: [{ address: 'sip:Lost@a.test' },"                                         \
	" { address: 'sip:Pilar@A.test', auth_user: au, password_file: p }]\n"                     \
	"  - { fqdn: b.test, domains: [b.test], test_users:"                                       \
	" [{ address: q@b.test, password_file: /q }, { address: r@b.test, password_file: r }] }\n" \
	"  - { fqdn: c.test, domains: [c.test] }\n"                                                \
	"partners:\n"                                                                              \
	"  - domain: X.test\n    additional_domains: [im.x.test]\n    ca_file: /x.pem\n"           \
	"    receiver: { address: Rita@x.test, server: '127.0.0.1:5222', password_file: rita }\n"  \
	"  - { domain: y.test, receiver: { address: yves@y.test } }\n"                             \
	"  - { domain: z.test, server: '127.0.0.1:5269' }\n"

struct made {
	struct conf *conf;
	struct plan *plan; /* NULL: it was refused */
	char problems[4096];
	int err;
};

static struct made make(const char *watch)
{
	struct made m = { 0 };
	struct buf b, text;

	buf_init(&text, 1 << 16);
	buf_printf(&text, "%s%s", WORLD, watch);
	buf_init(&b, 1 << 16);
	if (conf_load(&m.conf, buf_slice(&text), "f", NULL, &b))
		fail_msg("%s: %s", watch, buf_cstr(&b));
	struct problems problems = { .out = &b, .file_name = "f" };
	m.err = plan_new(&m.plan, m.conf, "/etc/stox/stox.yaml", &problems);
	assert_true(slice_cstr(buf_slice(&b), m.problems, sizeof(m.problems)));
	buf_done(&b);
	buf_done(&text);
	return m;
}

static struct made make_good(const char *watch)
{
	struct made m = make(watch);

	if (m.err)
		fail_msg("%s: %s", watch, m.problems);
	assert_string_equal(m.problems, "");
	return m;
}

static void end(struct made *m)
{
	plan_free(m->plan);
	conf_free(m->conf);
}

/* ---- which tests ---- */

static const struct {
	const char *watch, *keys;
} entries[] = {
	{ "watch: {}\n", "a.test/x.test/to a.test/x.test/from a.test/y.test/to b.test/x.test/to "
			 "b.test/x.test/from b.test/y.test/to" },
	{ "watch: { tests: [{ pool: b.test }] }\n",
		"b.test/x.test/to b.test/x.test/from b.test/y.test/to" },
	{ "watch: { tests: [{ partner: im.x.test, direction: to }] }\n",
		"a.test/x.test/to b.test/x.test/to" },
	{ "watch: { tests: [{ direction: from }] }\n", "a.test/x.test/from b.test/x.test/from" },
	{ "watch: { tests: [{ pool: a.test, direction: from }, { pool: a.test }] }\n",
		"a.test/x.test/from a.test/x.test/to a.test/y.test/to" },
	/* Who refuses, and how, is another in each direction. */
	{ "watch: { tests: [{ pool: a.test, expect: im_late }] }\n",
		"a.test/x.test/to a.test/y.test/to" },
	{ "watch: { tests: [{ pool: a.test, expect: im_late, direction: both }] }\n",
		"a.test/x.test/to a.test/x.test/from a.test/y.test/to" },
	{ "watch: { tests: [{ pool: a.test, partner: y.test, direction: both, receiver: "
	  "{ address: s@y.test, password_file: s } }] }\n",
		"a.test/y.test/to a.test/y.test/from" },
	{ "watch: { tests: [{ pool: B.test, partner: y.test }, { pool: b.test }] }\n",
		"b.test/y.test/to b.test/x.test/to b.test/x.test/from" },
	{ "watch: { tests: [{ partner: x.test, direction: to }, { pool: a.test, direction: "
	  "to }] }\n",
		"a.test/x.test/to b.test/x.test/to a.test/y.test/to" },
	{ "watch: { tests: [{ pool: a.test, partner: W.test, receiver: { address: a@w.test "
	  "} "
	  "}] }\n",
		"a.test/w.test/to" },
	{ "watch: { tests: [{ partner: z.test, receiver: { address: a@z.test } }] }\n",
		"a.test/z.test/to b.test/z.test/to" },
	{ "watch: { tests: [{ kind: register }] }\n", "a.test/register b.test/register" },
	{ "watch: { tests: [{ kind: register, pool: b.test }, { pool: b.test }] }\n",
		"b.test/register b.test/x.test/to b.test/x.test/from b.test/y.test/to" },
	{ "watch: { tests: [{ kind: servers }] }\n",
		"a.test/servers b.test/servers c.test/servers -/x.test/servers "
		"-/y.test/servers -/z.test/servers" },
	{ "watch: { tests: [{ kind: servers, pool: c.test }] }\n", "c.test/servers" },
	{ "watch: { tests: [{ kind: servers, partner: z.test }] }\n", "-/z.test/servers" },
	{ "watch: { tests: [{ kind: im-internal }] }\n", "b.test/im-internal" },
	{ "watch: { tests: [{ kind: partner, partner: im.x.test }, { kind: partner }] }\n",
		"-/x.test/partner -/y.test/partner -/z.test/partner" },
};

static void entries_stand_for_the_tests_that_can_be_run(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(entries); i++) {
		struct made m = make_good(entries[i].watch);
		struct buf b;

		buf_init(&b, 4096);
		for (unsigned k = 0; k < m.plan->n_tests; k++) {
			const struct plan_test *t = &m.plan->tests[k];

			buf_printf(&b, "%s%s", k ? " " : "", t->key);
			assert_ptr_equal(plan_find(m.plan, t->key), t);
		}
		assert_string_equal(buf_cstr(&b), entries[i].keys);
		assert_null(plan_find(m.plan, "nowhere"));
		buf_done(&b);
		end(&m);
	}
}

static void assert_labels(const struct plan_test *t, const char *want)
{
	struct buf b;

	buf_init(&b, 1024);
	for (unsigned i = 0; i < t->n_labels; i++)
		buf_printf(&b, "%s%.*s=%.*s",
			i == t->n_own_labels ? " | "
			: i                  ? " "
					     : "",
			SLICE_FMT(t->labels[i].name), SLICE_FMT(t->labels[i].value));
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
}

static void a_message_has_all_that_a_probe_wants(void **state)
{
	struct made m = make_good("watch: {}\n");
	const struct plan_test *t = plan_find(m.plan, "a.test/x.test/to");
	const struct plan_test *u = plan_find(m.plan, "b.test/y.test/to");

	(void)state;
	assert_int_equal(t->kind, CONF_TEST_IM);
	assert_true(t->is_enabled);
	assert_string_equal(t->pool, "A.test");
	assert_string_equal(t->domain, "X.test");
	assert_string_equal(t->direction, "to");
	assert_string_equal(plan_find(m.plan, "a.test/x.test/from")->direction, "from");
	assert_string_equal(t->user, "sip:Pilar@A.test"); /* the first has no password */
	assert_string_equal(t->auth_user, "au");
	assert_string_equal(t->password_file, "/etc/stox/p");
	assert_string_equal(t->registrar, "sip:127.0.0.1:5061;transport=tls");
	assert_string_equal(t->receiver, "Rita@x.test");
	assert_string_equal(t->receiver_server, "127.0.0.1:5222");
	assert_string_equal(t->receiver_password_file, "/etc/stox/rita");
	assert_string_equal(t->sip_ca_file, "/etc/stox/a.pem");
	assert_string_equal(t->xmpp_ca_file, "/x.pem");
	assert_int_equal(t->accept[SIDE_SIP], 1u << NOTE_MESSAGE_CUT);
	assert_int_equal(t->accept[SIDE_XMPP], 0);
	assert_int_equal(t->interval, TS_S(60));
	assert_int_equal(t->timeout, TS_S(10));
	assert_int_equal(t->retries, 1);
	assert_int_equal(t->retry_pause, TS_S(2));
	assert_int_equal(t->state.fail_n, 2);
	assert_int_equal(t->state.fail_m, 3);
	assert_int_equal(t->state.recover_k, 2);
	assert_int_equal(t->severity, ALERT_CRITICAL);
	assert_int_equal(t->expected, REASON_NONE);
	assert_int_equal(t->n_windows, 0);
	assert_string_equal(t->accounts[0], "sip:pilar@a.test");
	assert_string_equal(t->accounts[1], "xmpp:rita@x.test");
	assert_labels(t, "kind=im pool=A.test partner=X.test direction=to");

	assert_string_equal(u->password_file, "/q");
	assert_null(u->sip_ca_file);
	assert_null(u->registrar);
	assert_null(u->receiver_password_file);
	assert_string_equal(u->accounts[0], "sip:q@b.test");
	assert_null(u->accounts[1]); /* nobody signs in */
	end(&m);
}

static void an_entry_says_otherwise_than_the_defaults(void **state)
{
	struct made m = make_good(
		"watch:\n"
		"  time_zone: Europe/Paris\n"
		"  defaults: { interval: 30, retries: 3, labels: [team=m], maintenance: ['Sun "
		"02:00-04:00', 'daily 01:00-02:00 Asia/Tokyo'] }\n"
		"  tests:\n"
		"    - { pool: b.test, partner: x.test, user: R@b.test, timeout: 5, retries: 0, "
		"fail: 1 "
		"of 1, recover: 1, severity: info, labels: [a=b], maintenance: [], enabled: false, "
		"receiver: { address: s@im.x.test, password_file: s } }\n"
		"    - { partner: w.test, expect: sip_partner_not_allowed, receiver: { address: "
		"a@w.test } }\n"
		"    - {}\n");
	const struct plan_test *t = plan_find(m.plan, "b.test/x.test/to");
	const struct plan_test *policy = plan_find(m.plan, "a.test/w.test/to");
	const struct plan_test *other = plan_find(m.plan, "a.test/x.test/to");

	(void)state;
	assert_ptr_equal(t, &m.plan->tests[0]);
	assert_false(t->is_enabled);
	assert_string_equal(t->user, "r@b.test");
	assert_string_equal(t->password_file, "/etc/stox/r");
	assert_string_equal(t->receiver, "s@im.x.test");
	assert_string_equal(t->receiver_password_file, "/etc/stox/s");
	assert_null(t->receiver_server);
	assert_string_equal(t->xmpp_ca_file, "/x.pem");
	assert_int_equal(t->interval, TS_S(30));
	assert_int_equal(t->timeout, TS_S(5));
	assert_int_equal(t->retries, 0);
	assert_int_equal(t->state.fail_m, 1);
	assert_int_equal(t->state.recover_k, 1);
	assert_int_equal(t->severity, ALERT_INFO);
	assert_int_equal(t->n_windows, 0);
	assert_labels(t, "kind=im pool=b.test partner=X.test direction=to | a=b");

	assert_int_equal(policy->expected, REASON_SIP_PARTNER_NOT_ALLOWED);
	assert_string_equal(policy->domain, "w.test");
	assert_null(policy->xmpp_ca_file);
	assert_int_equal(policy->retries, 3);

	assert_int_equal(other->n_windows, 2);
	assert_string_equal(other->windows[1].text, "daily 01:00-02:00 Asia/Tokyo");
	assert_ptr_equal(other->windows[0].zone, plan_zone(m.plan));
	assert_ptr_equal(other->windows[1].zone, &m.plan->zones[1].zone);
	assert_string_equal(m.plan->zones[0].name, "Europe/Paris");
	assert_labels(other, "kind=im pool=A.test partner=X.test direction=to | team=m");
	end(&m);
}

static void other_kinds_want_less(void **state)
{
	struct made m = make_good("watch: { tests: [{ kind: register }, { kind: servers }] }\n");
	const struct plan_test *sign_in = plan_find(m.plan, "a.test/register");
	const struct plan_test *pool = plan_find(m.plan, "c.test/servers");
	const struct plan_test *partner = plan_find(m.plan, "-/x.test/servers");

	(void)state;
	assert_string_equal(sign_in->accounts[0], "sip:pilar@a.test");
	assert_null(sign_in->accounts[1]);
	assert_null(sign_in->domain);
	assert_string_equal(sign_in->direction, "");
	assert_labels(sign_in, "kind=register pool=A.test");
	assert_null(pool->user);
	assert_null(pool->accounts[0]);
	assert_string_equal(pool->domains->v[0].s, "c.test");
	assert_null(partner->pool);
	assert_string_equal(partner->receiver_server, "127.0.0.1:5222");
	assert_string_equal(partner->xmpp_ca_file, "/x.pem");
	assert_null(partner->receiver_password_file);
	assert_labels(partner, "kind=servers partner=X.test");
	end(&m);
	m = make_good("watch: { tests: [{ kind: im-internal, pool: b.test, user: r@b.test }] }\n");
	pool = plan_find(m.plan, "b.test/im-internal");
	assert_string_equal(pool->user, "r@b.test");
	assert_string_equal(pool->receiver, "q@b.test");
	assert_string_equal(pool->receiver_password_file, "/q");
	assert_string_equal(pool->accounts[0], "sip:r@b.test");
	assert_string_equal(pool->accounts[1], "sip:q@b.test");
	assert_null(pool->domain);
	assert_labels(pool, "kind=im-internal pool=b.test");
	end(&m);
	m = make_good("watch: { tests: [{ kind: partner }] }\n");
	partner = plan_find(m.plan, "-/x.test/partner");
	assert_null(partner->pool);
	assert_null(partner->peer_server);
	assert_string_equal(partner->xmpp_ca_file, "/x.pem");
	assert_null(partner->accounts[1]);
	assert_labels(partner, "kind=partner partner=X.test");
	partner = plan_find(m.plan, "-/z.test/partner");
	assert_string_equal(partner->peer_server, "127.0.0.1:5269");
	end(&m);
}

/* ---- the rest ---- */

static void receivers_have_what_their_kind_wants(void **state)
{
	struct made m = make_good(
		"watch:\n"
		"  ping: { url_file: hc, interval: 300 }\n"
		"  alerts:\n"
		"    - { name: hook, kind: webhook, url: 'https://h.test/', token_file: t, "
		"ca_file: "
		"/c.pem, severity: warning, labels: [partner=X.test], resolved: false, remind: 5, "
		"timeout: 3 }\n"
		"    - { name: am, kind: alertmanager, url: 'http://am.test' }\n"
		"    - { name: run, kind: exec, command: [/a, b] }\n"
		"    - { name: post, kind: mail, server: 'smtp://m.test', from: s@a.test, to: "
		"[p@a.test, "
		"q@a.test], plain: true }\n");
	const struct plan_receiver *r = m.plan->receivers;
	const struct alert_receiver *a = m.plan->alerts;
	struct alerts *alerts;
	struct rng rng;

	(void)state;
	assert_int_equal(m.plan->n_receivers, 4);
	assert_string_equal(r[0].name, "hook");
	assert_string_equal(r[0].token_file, "/etc/stox/t");
	assert_string_equal(r[0].ca_file, "/c.pem");
	assert_int_equal(r[0].timeout, TS_S(3));
	assert_int_equal(a[0].timeout, TS_S(3));
	assert_int_equal(a[0].minimum, ALERT_WARNING);
	assert_int_equal(a[0].n_labels, 1);
	assert_true(slice_eqs(a[0].labels[0].value, "X.test"));
	assert_false(a[0].wants_end);
	assert_int_equal(a[0].remind, TS_S(300));
	assert_int_equal(a[1].remind, TS_S(60)); /* or it would forget */
	assert_int_equal(r[1].valid_us, TS_S(240));
	assert_true(a[1].wants_end);
	assert_int_equal(a[2].remind, 0);
	assert_string_equal(r[2].argv[1], "b");
	assert_null(r[2].argv[2]);
	assert_string_equal(r[3].url, "smtp://m.test");
	assert_int_equal(r[3].n_to, 2);
	assert_string_equal(r[3].to[1], "q@a.test");
	assert_true(r[3].is_plain);
	assert_string_equal(m.plan->ping.url_file, "/etc/stox/hc");
	assert_null(m.plan->ping.url);
	assert_int_equal(m.plan->ping_interval, TS_S(300));
	rng_init_number(&rng, 1);
	assert_int_equal(alerts_new(&alerts, a, m.plan->n_receivers, &rng), 0);
	alerts_free(alerts);
	end(&m);
}

static void history_and_listeners(void **state)
{
	struct made m =
		make_good("watch: { history: { file: h.db, raw_days: 7, size_max: 100 }, listen: "
			  "['[::1]:0'], at_once: 3, url: 'https://w.test/' }\n");
	struct made preset = make_good("watch: {}\n");
	struct made nowhere = make_good("watch: { listen: [] }\n");
	struct buf b;

	(void)state;
	assert_string_equal(m.plan->history_file, "/etc/stox/h.db");
	assert_int_equal(m.plan->raw_days, 7);
	assert_int_equal(m.plan->hour_days, 400);
	assert_int_equal(m.plan->history_bytes_max, 100 << 20);
	assert_int_equal(m.plan->at_once, 3);
	assert_string_equal(m.plan->url, "https://w.test/");
	assert_int_equal(m.plan->n_listen, 1);
	assert_int_equal(m.plan->listen[0].addr.family, 6);
	assert_int_equal(preset.plan->n_listen, 1);
	buf_init(&b, 64);
	addr_put(&b, &preset.plan->listen[0].addr);
	assert_string_equal(buf_cstr(&b), CONF_WATCH_LISTEN);
	buf_done(&b);
	assert_int_equal(preset.plan->raw_days, 35);
	assert_null(preset.plan->history_file);
	assert_null(preset.plan->ping.name);
	assert_int_equal(nowhere.plan->n_listen, 0);
	end(&m);
	end(&preset);
	end(&nowhere);
}

static void what_no_test_can_be_made_of_is_refused_at_its_place(void **state)
{
	static const struct {
		const char *watch, *problems;
	} rows[] = {
		{ "watch: { tests: [{ expect: sip_forbiden }] }\n",
			"f:17:28: `sip_forbiden` is not the name of a reason; did you mean "
			"`sip_forbidden`?\n" },
		{ "watch: { tests: [{ expect: never }] }\n",
			"f:17:28: `never` is not the name of a reason: `stox explain` lists "
			"them\n" },
		{ "watch: { tests: [{ expect: local_network }] }\n",
			"f:17:28: `local_network` is a fault of the watcher's own, which says "
			"nothing "
			"of what it tests: expect another reason\n" },
		{ "watch: { defaults: { maintenance: ['Sun 02:00'] } }\n",
			"f:17:36: `Sun 02:00` is no maintenance window: at character 10 there "
			"should "
			"be a hyphen\n" },
		{ "watch: { tests: [{ maintenance: ['Sun 25:00-26:00', 'Sun 01:00-02:00'] }] }\n",
			"f:17:34: `Sun 25:00-26:00` is no maintenance window: at character 5 there "
			"should be when it begins, such as 02:00\n" },
		{ "watch: { tests: [{ partner: v.test, receiver: { address: '\302\240@v.test' } }] "
		  "}\n",
			"f:17:58: this is no address that a message could be sent to\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct made m = make(rows[i].watch);

		assert_string_equal(m.problems, rows[i].problems);
		assert_int_equal(m.err, ERR_CONFIG);
		assert_null(m.plan);
		end(&m);
	}
}

static void a_name_that_is_no_warning_is_told_once(void **state)
{
	struct conf *c;
	struct plan *plan = NULL;
	struct buf b;
	struct problems problems = { .out = &b, .file_name = "f" };

	(void)state;
	buf_init(&b, 4096);
	assert_int_equal(
		conf_load(&c,
			SLICE("pools: [{ fqdn: a.test, domains: [a.test], accept: [oops], "
			      "test_users: [{ address: a@a.test, password_file: p }] }]\n"
			      "partners: [{ domain: b.test, receiver: { address: b@b.test } "
			      "}, { domain: c.test, receiver: { address: c@c.test } }]\n"
			      "watch: {}\n"),
			"f", NULL, &b),
		0);
	assert_int_equal(plan_new(&plan, c, "f", &problems), ERR_CONFIG);
	assert_string_equal(buf_cstr(&b), "f:1:53: `oops` is not the name of a warning: `stox "
					  "explain` lists them\n");
	buf_done(&b);
	conf_free(c);
}

/* 64 pools with 313 partners each. */
static void tests_have_a_limit(void **state)
{
	enum { POOLS = 64, PARTNERS = 313 };
	static const char *const want = "f:380:8: these are up to 20032 tests; at most 20000 are "
					"allowed: name fewer pools and "
					"partners in `tests`\n";
	struct conf *c;
	struct plan *plan = NULL;
	struct buf text, b;
	struct problems problems = { .out = &b, .file_name = "f" };

	(void)state;
	buf_init(&text, 1 << 20);
	buf_init(&b, 4096);
	buf_puts(&text, "pools:\n");
	for (unsigned i = 0; i < POOLS; i++)
		buf_printf(&text,
			"  - { fqdn: p%u.test, domains: [p%u.test], test_users: [{ address: "
			"a@p%u.test, password_file: p }] }\n",
			i, i, i);
	buf_puts(&text, "partners:\n");
	for (unsigned i = 0; i < PARTNERS; i++)
		buf_printf(&text, "  - { domain: d%u.test, receiver: { address: b@d%u.test } }\n",
			i, i);
	buf_puts(&text, "watch: {}\n");
	assert_int_equal(conf_load(&c, buf_slice(&text), "f", NULL, &b), 0);
	assert_int_equal(plan_new(&plan, c, "f", &problems), ERR_CONFIG);
	assert_string_equal(buf_cstr(&b), want);
	buf_done(&b);
	buf_done(&text);
	conf_free(c);
}

/* ---- what this machine has ---- */

static int settle(struct made *m)
{
	struct buf b;
	struct problems problems = { .out = &b, .file_name = "f" };

	buf_init(&b, 4096);
	const int err = plan_settle(m->plan, &problems);
	assert_true(slice_cstr(buf_slice(&b), m->problems, sizeof(m->problems)));
	buf_done(&b);
	return err;
}

/* Sunday, 29 November 2026, 01:30 in UTC. */
#define SUNDAY ((int64_t)1795915800 * 1000000)

static void maintenance_is_in_local_time(void **state)
{
	struct made m =
		make_good("watch: { time_zone: Europe/Paris, defaults: { maintenance: ['Sun "
			  "02:00-04:00'] } }\n");
	const struct plan_test *t = &m.plan->tests[0];

	(void)state;
	setenv("STATE_DIRECTORY", "/var/lib/stox:/b", 1);
	assert_false(plan_test_in_maintenance(t, SUNDAY)); /* as UTC */
	assert_int_equal(settle(&m), 0);
	assert_true(plan_test_in_maintenance(t, SUNDAY));
	assert_false(plan_test_in_maintenance(t, SUNDAY - (int64_t)3600 * 1000000));
	assert_string_equal(m.plan->history_file, "/var/lib/stox/history.db");
	unsetenv("STATE_DIRECTORY");
	end(&m);
}

static void a_zone_that_is_not_here_is_refused(void **state)
{
	struct made m = make_good("watch: { time_zone: Europe/Pari }\n");

	(void)state;
	setenv("STATE_DIRECTORY", "/var/lib/stox", 1);
	assert_int_equal(settle(&m), ERR_CONFIG);
	assert_string_equal(m.problems,
		"f:17:21: there is no time zone `Europe/Pari` on this machine, below "
		"/usr/share/zoneinfo: names are like Europe/Paris, and Debian has them in its "
		"package "
		"tzdata\n");
	unsetenv("STATE_DIRECTORY");
	end(&m);
}

static void history_is_kept_where_others_keep_theirs(void **state)
{
	struct made m = make_good("watch: {}\n"), n = make_good("watch: {}\n"),
		    o = make_good("watch: {}\n");

	(void)state;
	unsetenv("STATE_DIRECTORY");
	setenv("XDG_STATE_HOME", "/x", 1);
	setenv("HOME", "/h", 1);
	assert_int_equal(settle(&m), 0);
	assert_string_equal(m.plan->history_file, "/x/stox/history.db");
	unsetenv("XDG_STATE_HOME");
	assert_int_equal(settle(&n), 0);
	assert_string_equal(n.plan->history_file, "/h/.local/state/stox/history.db");
	unsetenv("HOME");
	assert_int_equal(settle(&o), ERR_CONFIG);
	assert_non_null(strstr(o.problems, "it is not known where to keep the history"));
	end(&m);
	end(&n);
	end(&o);
}

static void a_folder_of_the_users_own_is_made(void **state)
{
	char home[] = "/tmp/stox-test-XXXXXX", folder[64];
	struct made m = make_good("watch: {}\n");
	struct stat st;
	struct text why;

	(void)state;
	assert_non_null(mkdtemp(home));
	unsetenv("STATE_DIRECTORY");
	unsetenv("XDG_STATE_HOME");
	setenv("HOME", home, 1);
	assert_int_equal(plan_make_folder(m.plan, &why), 0);
	snprintf(folder, sizeof(folder), "%s/.local/state/stox", home);
	assert_int_equal(stat(folder, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(plan_make_folder(m.plan, &why), 0);
	for (; strlen(folder) > strlen(home); *strrchr(folder, '/') = '\0')
		assert_int_equal(rmdir(folder), 0);
	assert_int_equal(rmdir(home), 0);
	assert_int_equal(plan_make_folder(m.plan, &why), -ENOENT);
	unsetenv("HOME");
	assert_int_equal(plan_make_folder(m.plan, &why), -ENOENT);
	setenv("STATE_DIRECTORY", "/var/lib/stox", 1); /* systemd has made it */
	assert_int_equal(plan_make_folder(m.plan, &why), 0);
	unsetenv("STATE_DIRECTORY");
	end(&m);
}

static void no_memory_at_any_place_is_an_error_and_no_leak(void **state)
{
	struct made m =
		make_good("watch: { defaults: { labels: [a=b], maintenance: ['Sun 02:00-04:00 "
			  "Asia/Tokyo'] }, alerts: [{ name: a, kind: exec, command: [/a], labels: "
			  "[a=b] }] }\n");
	int err = -ENOMEM;

	(void)state;
	for (long n = 0; err == -ENOMEM; n++) {
		struct plan *plan = NULL;
		struct buf b;
		struct problems problems = { .out = &b, .file_name = "f" };

		assert_true(n < 1000);
		buf_init(&b, 4096);
		mem_fail_after(n);
		err = plan_new(&plan, m.conf, "f", &problems);
		mem_fail_after(-1);
		assert_true(err == 0 || !plan);
		plan_free(plan);
		buf_done(&b);
	}
	assert_int_equal(err, 0);
	end(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_stand_for_the_tests_that_can_be_run),
		cmocka_unit_test(a_message_has_all_that_a_probe_wants),
		cmocka_unit_test(an_entry_says_otherwise_than_the_defaults),
		cmocka_unit_test(other_kinds_want_less),
		cmocka_unit_test(receivers_have_what_their_kind_wants),
		cmocka_unit_test(history_and_listeners),
		cmocka_unit_test(what_no_test_can_be_made_of_is_refused_at_its_place),
		cmocka_unit_test(a_name_that_is_no_warning_is_told_once),
		cmocka_unit_test(tests_have_a_limit),
		cmocka_unit_test(maintenance_is_in_local_time),
		cmocka_unit_test(a_zone_that_is_not_here_is_refused),
		cmocka_unit_test(history_is_kept_where_others_keep_theirs),
		cmocka_unit_test(a_folder_of_the_users_own_is_made),
		cmocka_unit_test(no_memory_at_any_place_is_an_error_and_no_leak),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}

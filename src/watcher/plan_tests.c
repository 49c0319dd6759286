/* Which tests there are, and what each of them is. */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"
#include "bridge/address.h"
#include "conf/pairs.h"
#include "conf/syntax.h"
#include "probe/result.h"
#include "watcher/plan_private.h"

enum { KEY_MAX = 1024 };
/* Of an incident that is flapping then. */
enum { FLAP_TIMES = 4 };
_Static_assert((int)CONF_RUNS_MAX <= (int)STATE_RUNS_MAX, "a state looks at as many runs");

/* What one entry makes of one pool and one partner, each of which may be none. */
struct maker {
	struct planner *p;
	const struct conf_watch_test *entry;
	struct conf_watch_rules rules; /* with what the defaults say */
	enum reason expected;
	const struct plan_windows *windows;
	enum conf_direction direction; /* of a message */
};

/* ---- an entry ---- */

#define OWN_OR(member) .member = own->member.at.line ? own->member : defaults->member
static struct conf_watch_rules rules_of(
	const struct conf_watch_rules *own, const struct conf_watch_rules *defaults)
{
	return (struct conf_watch_rules){ OWN_OR(interval), OWN_OR(timeout), OWN_OR(retries),
		OWN_OR(retry_pause), OWN_OR(fail), OWN_OR(recover), OWN_OR(calm), OWN_OR(severity),
		OWN_OR(labels), OWN_OR(maintenance) };
}

static enum reason read_reason(const struct conf_text *name)
{
	enum reason r = REASON_NONE;

	if (name->s)
		(void)reason_find(slice_str(name->s), &r);
	return r;
}

/* ---- who takes part ---- */

static unsigned accept_of(const struct conf_texts *names)
{
	unsigned ret = 0;
	enum note note;

	for (size_t i = 0; i < names->n; i++)
		if (note_find(slice_str(names->v[i].s), &note))
			ret |= 1u << note;
	return ret;
}

static int add_account(struct plan_test *t, unsigned i, const char *scheme, const char *address)
{
	enum address_kind kind;
	struct where where;
	struct jid jid;
	struct buf b;

	if (address_read(slice_str(address), &kind, &jid, &where))
		return -ENOMEM; /* its syntax was checked before */
	buf_init(&b, JID_MAX + 16);
	buf_puts(&b, scheme);
	buf_put(&b, jid_bare(&jid));
	t->accounts[i] = buf_err(&b) ? NULL : mem_strdup(buf_cstr(&b));
	buf_done(&b);
	return t->accounts[i] ? 0 : -ENOMEM;
}

/* Who answers within the pool. */
static int add_reader(
	const struct maker *m, struct plan_test *t, const struct conf_test_user *reader)
{
	t->receiver = reader->address.s;
	t->receiver_auth_user = reader->auth_user.s;
	t->receiver_password_at = reader->password_file.at;
	const int err = plan_path(m->p, &reader->password_file, &t->receiver_password_file);
	return err ? err : add_account(t, 1, "sip:", t->receiver);
}

static int add_user(const struct maker *m, struct plan_test *t, const struct conf_pool *pool)
{
	const struct conf_test_user *user =
		m->entry->user.s ? conf_find_user(pool, m->entry->user.s) : conf_pool_tester(pool);

	t->user = user->address.s;
	t->auth_user = user->auth_user.s;
	t->password_at = user->password_file.at;
	int err = plan_path(m->p, &user->password_file, &t->password_file);
	if (!err)
		err = add_account(t, 0, "sip:", t->user);
	return err || t->kind != CONF_TEST_INTERNAL
		       ? err
		       : add_reader(m, t, conf_pool_reader(pool, user));
}

static int add_pool(const struct maker *m, struct plan_test *t, const struct conf_pool *pool)
{
	if (!pool)
		return 0;
	t->pool = pool->fqdn.s;
	t->registrar = pool->registrar.s;
	t->registrar_port = (uint16_t)pool->registrar_port.n;
	t->domains = &pool->domains;
	t->accept[SIDE_SIP] = accept_of(&pool->accept);
	const int err = plan_path(m->p, &pool->ca_file, &t->sip_ca_file);
	return err || conf_test_is_sweep(t->kind) ? err : add_user(m, t, pool);
}

/* NULL: a domain that is no partner's. */
static int add_partner(const struct maker *m, struct plan_test *t, const struct conf_partner *p)
{
	const struct conf_receiver *r = conf_receiver_of(m->entry, p);

	t->domain = p ? p->domain.s : m->entry->partner.s;
	t->receiver = r->address.s;
	t->receiver_server = r->server.s;
	t->peer_server = p ? p->server.s : NULL;
	t->accept[SIDE_XMPP] = p ? accept_of(&p->accept) : 0;
	int err = p ? plan_path(m->p, &p->ca_file, &t->xmpp_ca_file) : 0;
	if (err || conf_test_is_sweep(t->kind))
		return err;
	t->receiver_password_at = r->password_file.at;
	err = plan_path(m->p, &r->password_file, &t->receiver_password_file);
	return err || !t->receiver_password_file ? err : add_account(t, 1, "xmpp:", t->receiver);
}

/* ---- a test ---- */

static int add_labels(const struct maker *m, struct plan_test *t)
{
	const struct alert_label own[] = {
		{ SLICE("kind"), slice_str(conf_test_kind_name(t->kind)) },
		{ SLICE("pool"), slice_str(t->pool) },
		{ SLICE("partner"), slice_str(t->domain) },
		{ SLICE("direction"), slice_str(t->direction) },
	};
	const struct conf_texts *labels = &m->rules.labels;

	t->labels = mem_alloc0((COUNT(own) + labels->n) * sizeof(*t->labels));
	if (!t->labels)
		return -ENOMEM;
	for (size_t i = 0; i < COUNT(own); i++)
		if (own[i].value.n)
			t->labels[t->n_labels++] = own[i];
	t->n_own_labels = t->n_labels;
	for (size_t i = 0; i < labels->n; i++)
		t->labels[t->n_labels++] = plan_label(&labels->v[i]);
	return 0;
}

static void add_rules(const struct maker *m, struct plan_test *t)
{
	const struct conf_watch_rules *r = &m->rules;

	t->interval = TS_S((ts_t)r->interval.n);
	t->timeout = TS_S((ts_t)r->timeout.n);
	t->retries = (unsigned)r->retries.n;
	t->retry_pause = TS_S((ts_t)r->retry_pause.n);
	t->severity = (enum alert_severity)r->severity.value;
	t->state = (struct state_cfg){ .recover_k = (unsigned)r->recover.n,
		.calm_us = (int64_t)r->calm.n * 60 * 1000000,
		.flap_times = FLAP_TIMES };
	syntax_read_n_of_m(slice_str(r->fail.s ? r->fail.s : CONF_WATCH_FAIL), &t->state.fail_n,
		&t->state.fail_m);
	t->expected = m->expected;
	t->windows = m->windows->v;
	t->n_windows = m->windows->n;
	t->is_enabled = m->entry->enabled.on;
	t->location = m->entry->spread.value == CONF_SPREAD_EVERY ? m->p->plan->location : "";
	t->at = m->entry->at;
}

static void put_small(struct buf *b, const char *name)
{
	for (const char *p = name; *p; p++)
		buf_putc(b, ascii_lower((uint8_t)*p));
}

static const char *direction_of(const struct maker *m)
{
	if (m->entry->kind.value != CONF_TEST_IM)
		return "";
	return probe_direction_name(m->direction == CONF_FROM ? PROBE_FROM : PROBE_TO);
}

static void put_key(const struct maker *m, const char *pool, const char *domain, struct buf *b)
{
	const enum conf_test_kind kind = (enum conf_test_kind)m->entry->kind.value;
	const char *direction = direction_of(m);

	put_small(b, pool ? pool : "-");
	if (domain) {
		buf_putc(b, '/');
		put_small(b, domain);
	}
	buf_printf(b, "/%s", *direction ? direction : conf_test_kind_name(kind));
}

/* An earlier entry that has it keeps it. */
static int make(
	const struct maker *m, const struct conf_pool *pool, const struct conf_partner *partner)
{
	const bool has_partner = partner || m->entry->partner.s;
	const char *domain = partner ? partner->domain.s : m->entry->partner.s;
	struct plan *plan = m->p->plan;
	struct plan_test *t = &plan->tests[plan->n_tests];
	struct buf b;

	buf_init(&b, KEY_MAX);
	put_key(m, pool ? pool->fqdn.s : NULL, has_partner ? domain : NULL, &b);
	int err = buf_err(&b);
	const bool is_there = !err && map_find(&plan->keys, buf_slice(&b));
	char *key = err || is_there ? NULL : mem_strdup(buf_cstr(&b));
	buf_done(&b);
	if (err || is_there)
		return err;
	if (!key)
		return -ENOMEM;
	*t = (struct plan_test){ .kind = (enum conf_test_kind)m->entry->kind.value,
		.key = key,
		.direction = direction_of(m) };
	plan->n_tests++;
	add_rules(m, t);
	err = map_insert(&plan->keys, &t->node, slice_str(key));
	if (!err)
		err = add_pool(m, t, pool);
	if (!err && has_partner)
		err = add_partner(m, t, partner);
	return err ? err : add_labels(m, t);
}

void plan_free_test(struct plan_test *t)
{
	mem_free(t->key);
	free(t->password_file);
	free(t->receiver_password_file);
	free(t->sip_ca_file);
	free(t->xmpp_ca_file);
	mem_free(t->labels);
	for (unsigned i = 0; i < SCHEDULE_ACCOUNTS_MAX; i++)
		mem_free(t->accounts[i]);
}

/* ---- what an entry stands for ---- */

static bool wants_pool(const struct conf_watch_test *e, const struct conf_pool *pool)
{
	if (e->kind.value == CONF_TEST_PARTNER)
		return false;
	if (e->pool.s)
		return slice_ieqs(slice_str(e->pool.s), pool->fqdn.s);
	if (e->kind.value == CONF_TEST_SERVERS)
		return !e->partner.s;
	const struct conf_test_user *user = conf_pool_tester(pool);
	return user && (e->kind.value != CONF_TEST_INTERNAL || conf_pool_reader(pool, user));
}

static bool wants_partner(const struct conf_watch_test *e, const struct conf_partner *partner)
{
	if (e->kind.value == CONF_TEST_REGISTER || e->kind.value == CONF_TEST_INTERNAL)
		return false;
	if (e->partner.s)
		return conf_partner_serves(partner, slice_str(e->partner.s));
	return conf_test_is_sweep(e->kind.value) ? !e->pool.s : conf_has_receiver(partner);
}

/* A domain of its own, which is no partner's. */
static bool has_stranger(const struct conf *c, const struct conf_watch_test *e)
{
	return e->partner.s && !conf_find_partner(c, e->partner.s);
}

/* Who writes first signs in for it. */
static bool goes(const struct conf_watch_test *e, const struct conf_partner *partner,
	enum conf_direction direction)
{
	return conf_goes(e, direction) &&
	       (direction == CONF_TO || conf_receiver_of(e, partner)->password_file.s);
}

static size_t count_ways(const struct conf_watch_test *e, const struct conf_partner *partner)
{
	if (e->kind.value != CONF_TEST_IM)
		return 1;
	return (size_t)goes(e, partner, CONF_TO) + goes(e, partner, CONF_FROM);
}

static size_t count_partners(const struct conf *c, const struct conf_watch_test *e)
{
	size_t n = has_stranger(c, e) ? count_ways(e, NULL) : 0;

	for (size_t i = 0; i < c->n_partners; i++)
		if (wants_partner(e, &c->partners[i]))
			n += count_ways(e, &c->partners[i]);
	return n;
}

/* At most so many: others may have some of them already. */
static size_t count_tests(const struct conf *c, const struct conf_watch_test *e)
{
	const size_t n_partners = count_partners(c, e);
	size_t n = 0;

	for (size_t i = 0; i < c->n_pools; i++)
		n += wants_pool(e, &c->pools[i]);
	switch ((enum conf_test_kind)e->kind.value) {
	case CONF_TEST_IM: return n * n_partners;
	case CONF_TEST_INTERNAL:
	case CONF_TEST_REGISTER: return n;
	case CONF_TEST_SERVERS:
	case CONF_TEST_PARTNER: return n + n_partners;
	}
	return 0;
}

/* `partner` may be NULL. */
static int make_ways(
	const struct maker *m, const struct conf_pool *pool, const struct conf_partner *partner)
{
	static const enum conf_direction ways[] = { CONF_TO, CONF_FROM };
	struct maker way = *m;
	int err = 0;

	for (size_t i = 0; !err && i < COUNT(ways); i++) {
		way.direction = ways[i];
		if (goes(m->entry, partner, ways[i]))
			err = make(&way, pool, partner);
	}
	return err;
}

static int make_messages(const struct maker *m, const struct conf_pool *pool)
{
	const struct conf *c = m->p->conf;
	int err = has_stranger(c, m->entry) ? make_ways(m, pool, NULL) : 0;

	for (size_t i = 0; !err && i < c->n_partners; i++)
		if (wants_partner(m->entry, &c->partners[i]))
			err = make_ways(m, pool, &c->partners[i]);
	return err;
}

static int make_all(const struct maker *m)
{
	const struct conf *c = m->p->conf;
	int err = 0;

	for (size_t i = 0; !err && i < c->n_pools; i++)
		if (wants_pool(m->entry, &c->pools[i]))
			err = m->entry->kind.value == CONF_TEST_IM ? make_messages(m, &c->pools[i])
								   : make(m, &c->pools[i], NULL);
	if (!conf_test_is_sweep(m->entry->kind.value))
		return err;
	for (size_t i = 0; !err && i < c->n_partners; i++)
		if (wants_partner(m->entry, &c->partners[i]))
			err = make(m, NULL, &c->partners[i]);
	return err;
}

static int add_entry(struct planner *p, const struct conf_watch_test *e)
{
	const struct plan_windows *defaults = &p->plan->windows[0];
	struct maker m = { .p = p,
		.entry = e,
		.rules = rules_of(&e->rules, &p->conf->watch.defaults.rules),
		.expected = read_reason(&e->expect),
		.windows = defaults };
	const int err = e->rules.maintenance.at.line
				? plan_add_windows(p, &e->rules.maintenance, &m.windows)
				: 0;

	return err ? err : make_all(&m);
}

/* ---- all of them ---- */

int plan_add_tests(struct planner *p)
{
	const struct conf_watch *w = &p->conf->watch;
	/* Without entries: a message for every pair, both ways. */
	const struct conf_watch_test every = { .at = w->at, .enabled = { .on = true } };
	const struct conf_watch_test *entries = w->n_tests ? w->tests : &every;
	const size_t n = w->n_tests ? w->n_tests : 1;
	const struct plan_windows *defaults;
	size_t n_tests = 0;

	for (size_t i = 0; i < n; i++)
		n_tests += count_tests(p->conf, &entries[i]);
	if (n_tests > PLAN_TESTS_MAX) {
		problems_add(p->problems, w->at,
			TEXT(N_("these are up to {1} tests; at most {2} are allowed: name fewer "
				"pools and partners in `tests`"),
				text_u64(n_tests), text_u64(PLAN_TESTS_MAX)));
		return 0;
	}
	p->plan->tests = mem_alloc0((n_tests + 1) * sizeof(*p->plan->tests));
	p->plan->windows = mem_alloc0((n + 2) * sizeof(*p->plan->windows));
	if (!p->plan->tests || !p->plan->windows)
		return -ENOMEM;
	int err = plan_add_windows(p, &w->defaults.rules.maintenance, &defaults);
	p->plan->n_windows = 1;
	for (size_t i = 0; !err && i < n; i++)
		err = add_entry(p, &entries[i]);
	return err;
}

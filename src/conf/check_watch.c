/* What is wrong with `watch` although each of its values is well formed. */
#include <string.h>

#include "base/addr.h"
#include "base/mem.h"
#include "conf/check.h"
#include "conf/pairs.h"
#include "conf/syntax.h"

/* ---- where it listens ---- */

static struct addr listen_addr(const struct conf_text *t, bool *ret_is_tls)
{
	const struct slice s = slice_str(t->s), https = SLICE(CONF_HTTPS);
	struct addr a;

	*ret_is_tls = slice_starts(s, https);
	(void)addr_decode(*ret_is_tls ? slice_skip(s, https.n) : s, &a);
	addr_unmap(&a);
	return a;
}

static void check_listen(
	const struct conf_watch *w, const struct conf_text *t, struct problems *problems)
{
	bool is_tls;
	const struct addr a = listen_addr(t, &is_tls);

	if (is_tls && !w->tls.at.line)
		problems_add(problems, t->at,
			TEXT(N_("`{1}` needs a certificate: name it in `tls`"), text_str(t->s)));
	if (addr_is_loopback(&a))
		return;
	if (!is_tls)
		problems_add(problems, t->at,
			TEXT(N_("`{1}` is not an address of this machine alone, and passwords "
				"would be read on the way: put https:// in front and name `tls` "
				"and `sign_in`; or listen on 127.0.0.1 or [::1], with a proxy that "
				"asks who it is in front"),
				text_str(t->s)));
	else if (!w->sign_in.at.line)
		problems_add(problems, t->at,
			TEXT(N_("`{1}` is not an address of this machine alone, so that who comes "
				"there has to say who he is: name `sign_in`"),
				text_str(t->s)));
}

static void check_listens(const struct conf_watch *w, struct problems *problems)
{
	const struct conf_texts *listens = &w->listen;
	bool has_tls = false, is_tls, other;

	for (size_t i = 0; i < listens->n; i++) {
		const struct conf_text *t = &listens->v[i];
		const struct addr a = listen_addr(t, &is_tls);

		has_tls = has_tls || is_tls;
		check_listen(w, t, problems);
		for (size_t k = 0; k < i; k++) {
			const struct addr before = listen_addr(&listens->v[k], &other);

			if (a.port && a.port == before.port && addr_ip_eq(&a, &before))
				problems_add(problems, t->at,
					TEXT(N_("`{1}` is here twice (line {2})"), text_str(t->s),
						text_u64(listens->v[k].at.line)));
		}
	}
	if (w->tls.at.line && !has_tls)
		problems_add(problems, w->tls.at,
			TEXT_PLAIN(N_("`tls` has no effect: no address of `listen` begins with "
				      "https://")));
}

/* ---- who signs in ---- */

static void check_sign_in(const struct conf_watch *w, struct problems *problems)
{
	const struct conf_sign_in *s = &w->sign_in;

	if (!s->at.line)
		return;
	if (!s->users_file.s && !s->tokens_file.s && !s->ca_file.s)
		problems_add(problems, s->at,
			TEXT_PLAIN(N_("`sign_in` says in no way how: name `users_file`, "
				      "`tokens_file` or `ca_file`")));
	if (s->ca_file.s && !w->tls.at.line)
		problems_add(problems, s->ca_file.at,
			TEXT_PLAIN(N_("a client shows its certificate over TLS only: name `tls`, "
				      "and an address of `listen` with https:// in front")));
	if (!w->n_roles)
		problems_add(problems, s->at,
			TEXT_PLAIN(N_("without `roles` nobody who signs in may do anything: say "
				      "who may what")));
}

static void check_public(const struct conf *c, struct problems *problems)
{
	const struct conf_watch *w = &c->watch;

	for (size_t i = 0; i < w->n_public; i++)
		if (!conf_find_partner(c, w->public[i].partner.s))
			problems_add(problems, w->public[i].partner.at,
				TEXT(N_("there is no partner `{1}`"),
					text_str(w->public[i].partner.s)));
	if (w->n_public && !w->site.s)
		problems_add(problems, w->public[0].at,
			TEXT_PLAIN(N_("a partner reads there what this side is called: say so by "
				      "`site`")));
}

/* ---- labels ---- */

static struct slice label_name(const struct conf_text *label)
{
	struct slice rest = slice_str(label->s);

	return slice_split(&rest, '=');
}

static void check_label_twice(const struct conf_texts *labels, size_t i, struct problems *problems)
{
	const struct slice name = label_name(&labels->v[i]);

	for (size_t k = 0; k < i; k++) {
		if (!slice_eq(label_name(&labels->v[k]), name))
			continue;
		problems_add(problems, labels->v[i].at,
			TEXT(N_("the label `{1}` is here twice (line {2})"), text_slice(name),
				text_u64(labels->v[k].at.line)));
		return;
	}
}

/* Each test has these from the watcher itself; a receiver may choose by them. */
static bool is_own_label(struct slice name)
{
	static const char *const own[] = { "alertname", "kind", "pool", "partner", "direction",
		"severity" };

	for (size_t i = 0; i < COUNT(own); i++)
		if (slice_eqs(name, own[i]))
			return true;
	return false;
}

static void check_labels(const struct conf_texts *labels, struct problems *problems)
{
	for (size_t i = 0; i < labels->n; i++) {
		if (is_own_label(label_name(&labels->v[i])))
			problems_add(problems, labels->v[i].at,
				TEXT(N_("the label `{1}` is the watcher's own: give yours another "
					"name"),
					text_slice(label_name(&labels->v[i]))));
		check_label_twice(labels, i, problems);
	}
}

/* ---- tests ---- */

static bool needs_user(const struct conf_watch_test *t)
{
	return !conf_test_is_sweep(t->kind.value);
}

static void check_user(
	const struct conf_watch_test *t, const struct conf_pool *pool, struct problems *problems)
{
	const struct conf_test_user *user = pool ? conf_find_user(pool, t->user.s) : NULL;
	char text[SHOWN_MAX];

	if (!t->pool.s)
		problems_add(problems, t->user.at,
			TEXT_PLAIN(N_("a `user` is one of a pool: name the `pool`, too")));
	else if (pool && !user)
		problems_add(problems, t->user.at,
			TEXT(N_("`{1}` is not one of the `test_users` of the pool {2}"),
				text_str(shown(slice_str(t->user.s), text)),
				text_str(pool->fqdn.s)));
	else if (user && !user->password_file.s)
		problems_add(problems, t->user.at,
			TEXT(N_("`{1}` cannot sign in: give this user a `password_file` (line "
				"{2})"),
				text_str(shown(slice_str(t->user.s), text)),
				text_u64(user->at.line)));
}

/* Within a pool another user of it answers. */
static bool has_reader(const struct conf_watch_test *t, const struct conf_pool *pool)
{
	const struct conf_test_user *user =
		t->user.s ? conf_find_user(pool, t->user.s) : conf_pool_tester(pool);

	return t->kind.value != CONF_TEST_INTERNAL || conf_pool_reader(pool, user);
}

static void check_pool(
	const struct conf *c, const struct conf_watch_test *t, struct problems *problems)
{
	const struct conf_pool *pool = t->pool.s ? conf_find_pool(c, t->pool.s) : NULL;

	if (t->pool.s && !pool)
		problems_add(problems, t->pool.at,
			TEXT(N_("there is no pool `{1}`"), text_str(t->pool.s)));
	if (t->user.s)
		check_user(t, pool, problems);
	else if (pool && needs_user(t) && !conf_pool_tester(pool))
		problems_add(problems, t->pool.at,
			TEXT(N_("the pool {1} has no test user with a `password_file`: nobody can "
				"sign in there"),
				text_str(t->pool.s)));
	else if (pool && !has_reader(t, pool))
		problems_add(problems, t->pool.at,
			TEXT(N_("the pool {1} has no second test user with a `password_file`: "
				"nobody "
				"can answer there"),
				text_str(t->pool.s)));
}

/* A message to a domain of a pool crosses no gateway. */
static bool check_stranger(
	const struct conf *c, const struct conf_watch_test *t, struct problems *problems)
{
	for (size_t i = 0; i < c->n_pools; i++) {
		if (!conf_pool_has_domain(&c->pools[i], slice_str(t->partner.s)))
			continue;
		problems_add(problems, t->partner.at,
			TEXT(N_("`{1}` is no partner's domain: it is one of the pool {2}"),
				text_str(t->partner.s), text_str(c->pools[i].fqdn.s)));
		return false;
	}
	return true;
}

static void check_receiver(const struct conf *c, const struct conf_watch_test *t,
	const struct conf_partner *partner, struct problems *problems)
{
	const struct slice domain = syntax_address_domain(slice_str(t->receiver.address.s));
	const bool is_its =
		partner ? conf_partner_serves(partner, domain) : slice_ieqs(domain, t->partner.s);
	char text[SHOWN_MAX];

	if (!t->partner.s)
		problems_add(problems, t->receiver.at,
			TEXT_PLAIN(
				N_("a `receiver` is one of a partner: name the `partner`, too")));
	else if ((partner || check_stranger(c, t, problems)) && !is_its)
		problems_add(problems, t->receiver.address.at,
			TEXT(N_("the domain `{1}` of the receiver is not one of the partner's"),
				text_str(shown(domain, text))));
}

static void check_partner(
	const struct conf *c, const struct conf_watch_test *t, struct problems *problems)
{
	const struct conf_partner *partner =
		t->partner.s ? conf_find_partner(c, t->partner.s) : NULL;
	const bool is_im = t->kind.value == CONF_TEST_IM;

	if (t->receiver.at.line && is_im)
		check_receiver(c, t, partner, problems);
	else if (t->partner.s && !partner)
		problems_add(problems, t->partner.at,
			TEXT(N_("there is no partner `{1}`"), text_str(t->partner.s)));
	else if (partner && is_im && !conf_has_receiver(partner))
		problems_add(problems, t->partner.at,
			TEXT(N_("the partner {1} has no receiver: give it one, or give one here"),
				text_str(t->partner.s)));
}

/* Who writes first signs in for it. */
static void check_direction(
	const struct conf *c, const struct conf_watch_test *t, struct problems *problems)
{
	const struct conf_partner *partner =
		t->partner.s ? conf_find_partner(c, t->partner.s) : NULL;
	const struct conf_receiver *r = conf_receiver_of(t, partner);

	if (!t->direction.at.line || t->direction.value == CONF_TO || !r->at.line ||
		r->password_file.s)
		return;
	problems_add(problems, t->direction.at,
		TEXT(N_("{1} has no `password_file` (line {2}), and cannot write first: give "
			"the receiver one, or test `to` alone"),
			text_str(r->address.s), text_u64(r->at.line)));
}

/* A key that would have no effect on a test of this kind. */
static void check_kind(const struct conf_watch_test *t, struct problems *problems)
{
	const struct {
		const char *name;
		struct conf_place at;
		unsigned kinds; /* that have it */
	} keys[] = {
		{ "pool", t->pool.at,
			1u << CONF_TEST_IM | 1u << CONF_TEST_REGISTER | 1u << CONF_TEST_INTERNAL |
				1u << CONF_TEST_SERVERS },
		{ "partner", t->partner.at,
			1u << CONF_TEST_IM | 1u << CONF_TEST_SERVERS | 1u << CONF_TEST_PARTNER },
		{ "direction", t->direction.at, 1u << CONF_TEST_IM },
		{ "user", t->user.at,
			1u << CONF_TEST_IM | 1u << CONF_TEST_REGISTER | 1u << CONF_TEST_INTERNAL },
		{ "receiver", t->receiver.at, 1u << CONF_TEST_IM },
	};

	for (size_t i = 0; i < COUNT(keys); i++)
		if (keys[i].at.line && !(keys[i].kinds & 1u << t->kind.value))
			problems_add(problems, keys[i].at,
				TEXT(N_("`{1}` has no effect on a test of the kind {2}: leave it "
					"out"),
					text_str(keys[i].name),
					text_str(conf_test_kind_name(t->kind.value))));
	if (t->kind.value == CONF_TEST_SERVERS && t->pool.s && t->partner.s)
		problems_add(problems, t->partner.at,
			TEXT_PLAIN(N_("a test of the kind servers is of a pool or of a partner: "
				      "make two entries of it")));
}

static bool goes_further(const struct conf_watch_test *t, const struct conf_watch_test *than)
{
	return (conf_goes(t, CONF_TO) || !conf_goes(than, CONF_TO)) &&
	       (conf_goes(t, CONF_FROM) || !conf_goes(than, CONF_FROM));
}

/* Is all that `t` can be also `before`?  For what it names itself, both name the same. */
static bool covers(
	const struct conf *c, const struct conf_watch_test *before, const struct conf_watch_test *t)
{
	const bool same_pool =
		before->pool.s ? t->pool.s && slice_ieqs(slice_str(t->pool.s), before->pool.s)
			       : true;
	const struct conf_partner *own = t->partner.s ? conf_find_partner(c, t->partner.s) : NULL;

	if (before->kind.value != t->kind.value || !same_pool || !goes_further(before, t))
		return false;
	if (t->kind.value == CONF_TEST_SERVERS && !before->pool.s && !before->partner.s)
		return true;
	if (before->partner.s)
		return t->partner.s &&
		       (own ? conf_partner_serves(own, slice_str(before->partner.s))
			    : slice_ieqs(slice_str(t->partner.s), before->partner.s));
	if (t->kind.value == CONF_TEST_SERVERS)
		return !t->partner.s;
	if (t->kind.value == CONF_TEST_PARTNER)
		return true;
	return !t->partner.s || (own && conf_has_receiver(own));
}

static void check_order(const struct conf *c, size_t i, struct problems *problems)
{
	const struct conf_watch_test *t = &c->watch.tests[i];

	for (size_t k = 0; k < i; k++) {
		if (!covers(c, &c->watch.tests[k], t))
			continue;
		problems_add(problems, t->at,
			TEXT(N_("the tests of this entry are all in the one of line {1}, which "
				"comes first: put the one that names more in front"),
				text_u64(c->watch.tests[k].at.line)));
		return;
	}
}

static void check_test(const struct conf *c, size_t i, struct problems *problems)
{
	const struct conf_watch_test *t = &c->watch.tests[i];
	const unsigned before = problems->n;

	check_kind(t, problems);
	if (t->spread.value == CONF_SPREAD_EVERY && !c->watch.location.s)
		problems_add(problems, t->spread.at,
			TEXT_PLAIN(N_("a test that runs at every location wants to know where this "
				      "watcher stands: give `watch` a `location`")));
	check_labels(&t->rules.labels, problems);
	if (problems->n > before)
		return;
	check_pool(c, t, problems);
	check_partner(c, t, problems);
	check_direction(c, t, problems);
	check_order(c, i, problems);
}

/* An entry that names nothing of its own stands for those that there are. */
static void check_some(const struct conf *c, const struct conf_watch_test *t, struct conf_place at,
	struct problems *problems)
{
	bool has_user = t->pool.s || !needs_user(t);
	bool has_receiver = t->partner.s || t->kind.value != CONF_TEST_IM;

	for (size_t i = 0; i < c->n_pools; i++)
		has_user =
			has_user || (conf_pool_tester(&c->pools[i]) && has_reader(t, &c->pools[i]));
	for (size_t i = 0; i < c->n_partners; i++)
		has_receiver = has_receiver || conf_has_receiver(&c->partners[i]);
	if (!has_user)
		problems_add(problems, at,
			TEXT_PLAIN(t->kind.value == CONF_TEST_INTERNAL
					   ? N_("there is nothing to test here: no pool has two "
						"test users with a `password_file`")
					   : N_("there is nothing to test here: no pool has a test "
						"user with a `password_file`")));
	if (!has_receiver)
		problems_add(problems, at,
			TEXT_PLAIN(N_("there is nothing to test here: no partner has a "
				      "`receiver`")));
}

/* ---- alerts ---- */

static const struct alert_key {
	const char *name;
	size_t offset;          /* of the value's place; line 0: left out */
	unsigned kinds, needed; /* 1 << enum conf_alert_kind */
} alert_keys[] = {
#define HTTP          (1u << CONF_WEBHOOK | 1u << CONF_ALERTMANAGER)
#define EXEC          (1u << CONF_EXEC)
#define MAIL          (1u << CONF_MAIL)
#define PLACE(member) offsetof(struct conf_alert, member)
	{ "url", PLACE(url.at), HTTP, 0 },
	{ "url_file", PLACE(url_file.at), HTTP, 0 },
	{ "command", PLACE(command.at), EXEC, EXEC },
	{ "server", PLACE(server.at), MAIL, MAIL },
	{ "from", PLACE(from.at), MAIL, MAIL },
	{ "to", PLACE(to.at), MAIL, MAIL },
	{ "user", PLACE(user.at), HTTP | MAIL, 0 },
	{ "password_file", PLACE(password_file.at), HTTP | MAIL, 0 },
	{ "token_file", PLACE(token_file.at), HTTP, 0 },
	{ "ca_file", PLACE(ca_file.at), HTTP | MAIL, 0 },
	{ "plain", PLACE(plain.at), MAIL, 0 },
};

static void check_alert_keys(const struct conf_alert *a, struct problems *problems)
{
	const struct text_arg kind = text_str(conf_alert_kind_name(a->kind.value));

	for (size_t i = 0; i < COUNT(alert_keys); i++) {
		const struct alert_key *key = &alert_keys[i];
		struct conf_place at;

		memcpy(&at, (const char *)a + key->offset, sizeof(at));

		if (at.line && !(key->kinds & 1u << a->kind.value))
			problems_add(problems, at,
				TEXT(N_("`{1}` has no effect with `kind: {2}`: leave it out"),
					text_str(key->name), kind));
		else if (!at.line && key->needed & 1u << a->kind.value)
			problems_add(problems, a->at,
				TEXT(N_("`{1}` is missing here: `kind: {2}` needs it"),
					text_str(key->name), kind));
	}
	if (HTTP & 1u << a->kind.value && !a->url.s && !a->url_file.s)
		problems_add(problems, a->at,
			TEXT(N_("`{1}` is missing here: `kind: {2}` needs it"), text_str("url"),
				kind));
}

/* Of a key that is useless without another, or beside it. */
static void check_two(const struct conf_text *key, const char *name, const struct conf_text *other,
	const char *other_name, bool excluded, struct problems *problems)
{
	if (!key->s || (other->s != NULL) != excluded)
		return;
	problems_add(problems, key->at,
		excluded ? TEXT(N_("`{1}` and `{2}` exclude each other"), text_str(other_name),
				   text_str(name))
			 : TEXT(N_("`{1}` needs `{2}` beside it"), text_str(name),
				   text_str(other_name)));
}

/* Without TLS whoever is on the way reads it. */
static void check_secrets(const struct conf_alert *a, struct problems *problems)
{
	check_two(&a->user, "user", &a->password_file, "password_file", false, problems);
	check_two(&a->password_file, "password_file", &a->user, "user", false, problems);
	check_two(&a->url_file, "url_file", &a->url, "url", true, problems);
	check_two(&a->token_file, "token_file", &a->user, "user", true, problems);
	/* RFC 7617 section 2: what is behind it would be the password. */
	if (a->user.s && HTTP & 1u << a->kind.value &&
		slice_chr(slice_str(a->user.s), ':') < slice_str(a->user.s).n)
		problems_add(problems, a->user.at,
			TEXT_PLAIN(N_("a `user` over HTTP has no colon in its name")));
	if (a->plain.on && a->user.s)
		problems_add(problems, a->plain.at,
			TEXT_PLAIN(N_("`plain: true` would send the password for all to read: "
				      "leave `plain` or `user` out")));
	if (a->plain.on && slice_starts(slice_str(a->server.s), SLICE("smtps:")))
		problems_add(problems, a->plain.at,
			TEXT_PLAIN(N_("`plain: true` has no effect with smtps://: leave it out")));
}

static void check_alert(const struct conf_watch *w, size_t i, struct problems *problems)
{
	const struct conf_alert *a = &w->alerts[i];

	for (size_t k = 0; k < i; k++)
		if (slice_ieqs(slice_str(w->alerts[k].name.s), a->name.s))
			problems_add(problems, a->name.at,
				TEXT(N_("the name `{1}` is here twice (line {2})"),
					text_str(a->name.s), text_u64(w->alerts[k].at.line)));
	check_alert_keys(a, problems);
	check_secrets(a, problems);
	if (a->command.n && a->command.v[0].s[0] != '/')
		problems_add(problems, a->command.v[0].at,
			TEXT_PLAIN(N_("`command` begins with the whole path of a program, like "
				      "/usr/local/bin/tell: no shell reads it")));
	for (size_t k = 1; k < a->labels.n; k++)
		check_label_twice(&a->labels, k, problems);
}

static void check_ping(const struct conf_ping *p, struct problems *problems)
{
	if (p->at.line && !p->url.s && !p->url_file.s)
		problems_add(problems, p->at, TEXT(N_("`{1}` is missing here"), text_str("url")));
	check_two(&p->url_file, "url_file", &p->url, "url", true, problems);
}

/* ---- all of it ---- */

void check_watch(const struct conf *c, struct problems *problems)
{
	const struct conf_watch *w = &c->watch;
	const struct conf_watch_test every = { .at = w->at };

	if (!w->at.line)
		return;
	check_listens(w, problems);
	check_sign_in(w, problems);
	check_public(c, problems);
	check_labels(&w->defaults.rules.labels, problems);
	for (size_t i = 0; i < w->n_tests; i++) {
		check_test(c, i, problems);
		check_some(c, &w->tests[i], w->tests[i].at, problems);
	}
	if (w->n_tests == 0)
		check_some(c, &every, w->at, problems);
	for (size_t i = 0; i < w->n_alerts; i++)
		check_alert(w, i, problems);
	check_ping(&w->ping, problems);
}

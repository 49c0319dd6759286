/* What stox.yaml adds to the options of a test. */
#include <string.h>

#include "app/test_private.h"
#include "bridge/address.h"

int test_refuse(const struct test *t, struct text why)
{
	opt_complain(&t->command, why);
	return 2;
}

static const char *keep_path(struct test *t, const char *path)
{
	char *full = config_path(t->conf_path, path);

	if (!full)
		return path;
	t->paths[t->n_paths++] = full;
	return full;
}

static void take(const char **to, const struct conf_text *from)
{
	if (!*to)
		*to = from->s;
}

static void take_path(struct test *t, const char **to, const struct conf_text *from)
{
	if (!*to && from->s)
		*to = keep_path(t, from->s);
}

bool test_read_address(const char *text, struct jid *ret)
{
	enum address_kind kind;
	struct where where;

	return text && address_read(slice_str(text), &kind, ret, &where) == 0;
}

/* One address has several spellings: sip:pilar@litware.test, Pilar@Litware.Test. */
static bool is_same_address(const char *a, const char *b)
{
	struct jid one, two;

	return test_read_address(a, &one) && test_read_address(b, &two) && jid_bare_eq(&one, &two);
}

static const struct conf_test_user *find_user(const struct test *t, const struct conf_pool *pool)
{
	for (size_t i = 0; i < pool->n_test_users; i++)
		if (!t->v.user || is_same_address(t->v.user, pool->test_users[i].address.s))
			return &pool->test_users[i];
	return NULL;
}

/* The one that is named; else the one whose test user is; else the first. */
static const struct conf_pool *find_pool(const struct test *t)
{
	const struct conf *c = t->conf;

	for (size_t i = 0; i < c->n_pools; i++)
		if (t->v.target ? strcasecmp(t->v.target, c->pools[i].fqdn.s) == 0
				: t->v.user && find_user(t, &c->pools[i]))
			return &c->pools[i];
	return t->v.target || c->n_pools == 0 ? NULL : &c->pools[0];
}

static void use_pool(struct test *t, const struct conf_pool *pool)
{
	const struct conf_test_user *user = find_user(t, pool);

	take(&t->v.target, &pool->fqdn);
	/* Each of the two options says where; what the configuration says of it goes with it. */
	if (!t->v.registrar && !t->v.registrar_port) {
		take(&t->v.registrar, &pool->registrar);
		t->v.registrar_port = (unsigned)pool->registrar_port.n;
	}
	take_path(t, &t->sip_ca, &pool->ca_file);
	if (!user)
		return;
	take(&t->v.user, &user->address);
	take(&t->v.auth_user, &user->auth_user);
	take_path(t, &t->v.password_file, &user->password_file);
}

/* The partner whose receiver is meant: named, or the first that has one. */
static const struct conf_partner *find_partner(const struct test *t)
{
	for (size_t i = 0; i < t->conf->n_partners; i++) {
		const struct conf_partner *p = &t->conf->partners[i];

		if (p->receiver.at.line &&
			(!t->v.receiver || is_same_address(t->v.receiver, p->receiver.address.s)))
			return p;
	}
	return NULL;
}

static void use_partner(struct test *t)
{
	const struct conf_partner *p = find_partner(t);

	if (!p)
		return;
	take(&t->v.receiver, &p->receiver.address);
	take(&t->v.receiver_server, &p->receiver.server);
	take_path(t, &t->v.receiver_password_file, &p->receiver.password_file);
	take_path(t, &t->xmpp_ca, &p->ca_file);
}

int test_use_config(struct test *t)
{
	struct buf why;

	buf_init(&why, 1 << 16);
	int err = config_read(t->v.config, &t->conf, &t->conf_path, &why);
	if (err && !slice_ends(buf_slice(&why), SLICE("\n")))
		buf_putc(&why, '\n');
	if (err)
		opt_complain_lines(&t->command, buf_cstr(&why));
	buf_done(&why);
	if (err || !t->conf)
		return err ? 2 : 0;
	const struct conf_pool *pool = find_pool(t);
	if (pool)
		use_pool(t, pool);
	use_partner(t);
	return 0;
}

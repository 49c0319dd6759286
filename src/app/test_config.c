/* What stox.yaml adds to the options of a test. */
#include <string.h>

#include "app/language.h"
#include "app/test_private.h"
#include "base/mem.h"
#include "bridge/address.h"
#include "conf/pairs.h"
#include "probe/server.h"

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
bool test_is_same_address(const char *a, const char *b)
{
	struct jid one, two;

	return test_read_address(a, &one) && test_read_address(b, &two) && jid_bare_eq(&one, &two);
}

static const struct conf_test_user *find_user(const struct test *t, const struct conf_pool *pool)
{
	for (size_t i = 0; i < pool->n_test_users; i++)
		if (!t->v.user || test_is_same_address(t->v.user, pool->test_users[i].address.s))
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

/* ---- warnings that are none ---- */

bool test_accept(struct test *t, enum probe_side side, const char *name)
{
	enum note note;

	if (!note_find(slice_str(name), &note))
		return false;
	for (unsigned i = 0; i < SIDES; i++)
		if (side == SIDES || side == i)
			t->accept[i] |= 1u << note;
	return true;
}

void test_put_warnings(struct buf *b)
{
	const char *word, *what;

	for (size_t i = 0; note_words(i, &word, &what); i++)
		buf_printf(b, "%s%s", i ? ", " : "", word);
}

static int use_accept(struct test *t, enum probe_side side, const struct conf_texts *names)
{
	struct buf known;

	for (size_t i = 0; i < names->n; i++) {
		const struct conf_text *name = &names->v[i];

		if (test_accept(t, side, name->s))
			continue;
		buf_init(&known, 1024);
		test_put_warnings(&known);
		test_refuse(
			t, TEXT(N_("{1}:{2}: `{3}` is not the name of a warning; there are {4}"),
				   text_str(t->conf_path), text_u64(name->at.line),
				   text_str(name->s), text_slice(buf_slice(&known))));
		buf_done(&known);
		return 2;
	}
	return 0;
}

/* ---- the pool ---- */

/* The option changes the port and nothing else. */
static void use_registrar(struct test *t, const struct conf_pool *pool)
{
	char *uri;

	if (t->v.registrar || !pool->registrar.s || !t->v.registrar_port) {
		if (!t->v.registrar && !t->v.registrar_port)
			t->v.registrar_port = (unsigned)pool->registrar_port.n;
		take(&t->v.registrar, &pool->registrar);
		return;
	}
	uri = server_without_port(pool->registrar.s);
	if (!uri)
		return;
	t->paths[t->n_paths++] = uri;
	t->v.registrar = uri;
}

static int use_pool(struct test *t, const struct conf_pool *pool)
{
	const struct conf_test_user *user = find_user(t, pool);

	take(&t->v.target, &pool->fqdn);
	use_registrar(t, pool);
	take_path(t, &t->sip_ca, &pool->ca_file);
	if (user) {
		take(&t->v.user, &user->address);
		take(&t->v.auth_user, &user->auth_user);
		take_path(t, &t->v.password_file, &user->password_file);
	}
	return use_accept(t, SIDE_SIP, &pool->accept);
}

/* ---- the partner ---- */

static bool is_own_receiver(const struct test *t, const struct conf_partner *p)
{
	return p->receiver.at.line &&
	       (!t->v.receiver || test_is_same_address(t->v.receiver, p->receiver.address.s));
}

/* The one that is named, or has the receiver that is, or the first that has one. */
static const struct conf_partner *find_partner(const struct test *t)
{
	for (size_t i = 0; i < t->conf->n_partners; i++) {
		const struct conf_partner *p = &t->conf->partners[i];

		if (t->v.partner ? conf_partner_serves(p, slice_str(t->v.partner))
				 : is_own_receiver(t, p))
			return p;
	}
	return NULL;
}

static int refuse_partner(struct test *t)
{
	struct buf b;

	buf_init(&b, 1 << 16);
	for (size_t i = 0; t->conf->partners && i < t->conf->n_partners; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", t->conf->partners[i].domain.s);
	const int status = test_refuse(
		t, TEXT(N_("`--partner {1}`: not a partner of {2}; it has: {3}"),
			   text_str(t->v.partner), text_str(t->conf_path),
			   buf_len(&b) ? text_slice(buf_slice(&b)) : text_id(N_("none"))));
	buf_done(&b);
	return status;
}

static int use_partner(struct test *t)
{
	const struct conf_partner *p = find_partner(t);

	if (!p)
		return t->v.partner ? refuse_partner(t) : 0;
	if (!p->receiver.at.line && !t->v.receiver)
		return test_refuse(
			t, TEXT(N_("the partner {1} has no receiver: give --receiver, or add one "
				   "in {2}"),
				   text_str(p->domain.s), text_str(t->conf_path)));
	if (is_own_receiver(t, p)) {
		take(&t->v.receiver, &p->receiver.address);
		take(&t->v.receiver_server, &p->receiver.server);
		take_path(t, &t->v.receiver_password_file, &p->receiver.password_file);
	}
	take_path(t, &t->xmpp_ca, &p->ca_file);
	return use_accept(t, SIDE_XMPP, &p->accept);
}

/* ---- all of it ---- */

int test_read_config(
	const struct opt_command *cmd, const char *path, struct conf **ret, char **ret_path)
{
	struct buf why;

	buf_init(&why, 1 << 16);
	int err = config_read(path, ret, ret_path, language_look_up, &why);
	if (err)
		opt_complain_lines(cmd, buf_cstr(&why));
	buf_done(&why);
	return err ? 2 : 0;
}

int test_use_config(struct test *t)
{
	int status = test_read_config(&t->command, t->v.config, &t->conf, &t->conf_path);

	if (!status && !t->conf && t->v.partner)
		return test_refuse(t, TEXT_PLAIN(N_("--partner needs a configuration, and there is "
						    "none")));
	if (status || !t->conf)
		return status;
	const struct conf_pool *pool = find_pool(t);
	t->knows_pool = pool != NULL;
	if (pool)
		status = use_pool(t, pool);
	return status ? status : use_partner(t);
}

/* What lacks was to come from the configuration: it has no such pool, or there is none. */
int test_refuse_pool(const struct test *t)
{
	struct buf b;

	if (!t->conf && t->v.target && t->v.receiver && !t->v.user)
		return test_refuse(t,
			TEXT_PLAIN(N_("no test user: it is not known which user to log on as, and "
				      "there is no configuration (stox.yaml in ~/.config/stox or "
				      "/etc/stox, or --config FILE); give --user and "
				      "--password-file")));
	if (!t->conf)
		return test_refuse(t,
			TEXT_PLAIN(N_("there is no configuration (stox.yaml in ~/.config/stox or "
				      "/etc/stox, or --config FILE): give --target, --user, "
				      "--password-file and --receiver")));
	buf_init(&b, 1 << 16);
	for (size_t i = 0; i < t->conf->n_pools; i++)
		buf_printf(&b, "%s%s", i ? ", " : "", t->conf->pools[i].fqdn.s);
	test_refuse(t, TEXT(N_("`{1}` is not a pool of {2}; it has: {3}"), text_str(t->v.target),
			       text_str(t->conf_path),
			       buf_len(&b) ? text_slice(buf_slice(&b)) : text_id(N_("none"))));
	buf_done(&b);
	return 2;
}

#include "web/auth_list.h"

#include <openssl/crypto.h>
#include <string.h>

#include "base/mem.h"
#include "base/str.h"

enum { CERTIFICATE_NAME_MAX = 255 };

struct user {
	char name[WEB_USER_MAX + 1];
	char hash[WEB_HASH_MAX + 1];
};

struct token {
	char name[WEB_USER_MAX + 1];
	uint8_t hash[WEB_TOKEN_HASH];
};

struct certificate {
	char name[CERTIFICATE_NAME_MAX + 1];
	char user[WEB_USER_MAX + 1];
};

struct web_auth_list {
	struct user *users;
	struct token *tokens;
	struct certificate *certificates;
	size_t n_users, n_tokens, n_certificates;
};

int web_auth_list_new(struct web_auth_list **ret)
{
	struct web_auth_list *l = mem_alloc0(sizeof(*l));

	if (!l)
		return -ENOMEM;
	*ret = l;
	return 0;
}

struct web_auth_list *web_auth_list_free(struct web_auth_list *l)
{
	if (!l)
		return NULL;
	mem_free(l->users);
	mem_free(l->tokens);
	mem_free(l->certificates);
	return mem_free(l);
}

/* ---- lines ---- */

/* The next place of a table that grows by doubling; NULL with *err. */
static void *add_place(void **all, size_t n, size_t size, int *err)
{
	if (n == WEB_USERS_MAX) {
		*err = ERR_LIMIT;
		return NULL;
	}
	if (!*all || (n & (n - 1)) == 0) {
		void *grown = mem_realloc(*all, (n ? 2 * n : 1) * size);
		if (!grown) {
			*err = -ENOMEM;
			return NULL;
		}
		*all = grown;
	}
	return memset((char *)*all + n * size, 0, size);
}

/* As it is logged and shown. */
static bool is_name(struct slice s)
{
	if (s.n == 0 || s.n > WEB_USER_MAX || !utf8_valid(s, NULL))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= 0x20 || s.p[i] == 0x7f)
			return false;
	return true;
}

typedef int add_line(struct web_auth_list *l, struct slice name, struct slice value);

static int add_lines(struct web_auth_list *l, struct slice file, add_line *add, unsigned *ret_line)
{
	int err = 0;

	for (*ret_line = 0; file.n && !err; ++*ret_line) {
		struct slice value = slice_trim(slice_split(&file, '\n'));
		if (value.n == 0 || value.p[0] == '#')
			continue;
		const struct slice name = slice_split(&value, ':');
		err = is_name(name) ? add(l, name, value) : ERR_SYNTAX;
	}
	return err;
}

/* ---- users ---- */

/* bcrypt, crypt(5): what is not would be compared by a weaker method, or for hours. */
static bool is_hash(struct slice s)
{
	uint64_t cost;

	if (s.n != WEB_HASH_MAX ||
		(!slice_starts(s, SLICE("$2y$")) && !slice_starts(s, SLICE("$2b$"))) ||
		!slice_u64(slice_cut(s, 4, 6), WEB_HASH_COST_MAX, &cost) || cost < 4 ||
		s.p[6] != '$')
		return false;
	for (size_t i = 7; i < s.n; i++)
		if (!ascii_is_alpha(s.p[i]) && !ascii_is_digit(s.p[i]) && s.p[i] != '.' &&
			s.p[i] != '/')
			return false;
	return true;
}

static const struct user *find_user(const struct web_auth_list *l, struct slice name)
{
	for (size_t i = 0; i < l->n_users; i++)
		if (slice_eqs(name, l->users[i].name))
			return &l->users[i];
	return NULL;
}

static int add_user(struct web_auth_list *l, struct slice name, struct slice hash)
{
	void *all = l->users;
	int err = 0;

	if (!is_hash(hash))
		return ERR_SYNTAX;
	if (find_user(l, name))
		return -EEXIST;
	struct user *u = add_place(&all, l->n_users, sizeof(*u), &err);
	l->users = all;
	if (!u)
		return err;
	l->n_users++;
	slice_cstr(name, u->name, sizeof(u->name));
	slice_cstr(hash, u->hash, sizeof(u->hash));
	return 0;
}

int web_auth_list_add_users(struct web_auth_list *l, struct slice file, unsigned *ret_line)
{
	return add_lines(l, file, add_user, ret_line);
}

bool web_auth_list_has_users(const struct web_auth_list *l)
{
	return l->n_users > 0;
}

const char *web_auth_list_get_hash(
	const struct web_auth_list *l, struct slice user, bool *ret_is_there)
{
	const struct user *u = find_user(l, user);

	*ret_is_there = u != NULL;
	if (u)
		return u->hash;
	return l->n_users ? l->users[0].hash : NULL;
}

/* ---- tokens ---- */

static bool read_hash(struct slice text, uint8_t ret[WEB_TOKEN_HASH])
{
	if (text.n != 2 * WEB_TOKEN_HASH)
		return false;
	for (size_t i = 0; i < WEB_TOKEN_HASH; i++) {
		const int high = hex_digit(text.p[2 * i]), low = hex_digit(text.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static int add_token(struct web_auth_list *l, struct slice name, struct slice text)
{
	uint8_t hash[WEB_TOKEN_HASH];
	void *all = l->tokens;
	int err = 0;

	if (!read_hash(text, hash))
		return ERR_SYNTAX;
	if (web_auth_list_find_token(l, hash))
		return -EEXIST;
	struct token *t = add_place(&all, l->n_tokens, sizeof(*t), &err);
	l->tokens = all;
	if (!t)
		return err;
	l->n_tokens++;
	slice_cstr(name, t->name, sizeof(t->name));
	memcpy(t->hash, hash, sizeof(hash));
	return 0;
}

int web_auth_list_add_tokens(struct web_auth_list *l, struct slice file, unsigned *ret_line)
{
	return add_lines(l, file, add_token, ret_line);
}

bool web_auth_list_has_tokens(const struct web_auth_list *l)
{
	return l->n_tokens > 0;
}

/* All are compared, however early one is found. */
const char *web_auth_list_find_token(
	const struct web_auth_list *l, const uint8_t hash[WEB_TOKEN_HASH])
{
	const char *found = NULL;

	for (size_t i = 0; i < l->n_tokens; i++)
		if (CRYPTO_memcmp(l->tokens[i].hash, hash, WEB_TOKEN_HASH) == 0)
			found = l->tokens[i].name;
	return found;
}

/* ---- certificates ---- */

int web_auth_list_add_certificate(struct web_auth_list *l, const char *name, const char *user)
{
	void *all = l->certificates;
	int err = 0;

	if (!is_name(slice_str(user)) || !name[0] || strlen(name) > CERTIFICATE_NAME_MAX)
		return ERR_SYNTAX;
	for (size_t i = 0; i < l->n_certificates; i++)
		if (slice_ieqs(slice_str(name), l->certificates[i].name))
			return -EEXIST;
	struct certificate *c = add_place(&all, l->n_certificates, sizeof(*c), &err);
	l->certificates = all;
	if (!c)
		return err;
	l->n_certificates++;
	slice_cstr(slice_str(name), c->name, sizeof(c->name));
	slice_cstr(slice_str(user), c->user, sizeof(c->user));
	return 0;
}

static const char *find_name(const struct web_auth_list *l, struct slice name)
{
	for (size_t i = 0; i < l->n_certificates; i++)
		if (slice_ieqs(name, l->certificates[i].name))
			return l->certificates[i].user;
	return NULL;
}

const char *web_auth_list_find_certificate(
	const struct web_auth_list *l, const struct tls_facts *tls)
{
	const struct tls_cert *own = tls && tls->n_certs ? &tls->certs[0] : NULL;
	const char *user = NULL;

	if (!own || own->depth != 0 || tls->faults)
		return NULL;
	for (unsigned i = 0; i < own->n_names && !user; i++)
		user = find_name(l, tls_get_name(tls, own, i).text);
	return user;
}

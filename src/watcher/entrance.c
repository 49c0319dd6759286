#include "watcher/entrance.h"

#include <string.h>

#include "app/file_in.h"
#include "app/secret.h"
#include "base/map.h"
#include "base/mem.h"
#include "net/trust.h"

enum { LIST_BYTES_MAX = 1 << 20, PEM_BYTES_MAX = 1 << 20 };

/* ---- who signs in ---- */

typedef int add_lines(struct web_auth_list *l, struct slice file, unsigned *ret_line);

static struct text why_not(const char *path, unsigned line, int err)
{
	static const char *const syntax =
		N_("{1}:{2}: a line is NAME:HASH, of a user the bcrypt hash that `htpasswd -B` "
		   "makes, of a token its SHA-256 in hexadecimal");

	switch (err) {
	case ERR_SYNTAX: return TEXT(syntax, text_str(path), text_u64(line));
	case -EEXIST:
		return TEXT(
			N_("{1}:{2}: this one is there already"), text_str(path), text_u64(line));
	case ERR_LIMIT:
		return TEXT(N_("{1}: there are more than {2}"), text_str(path),
			text_u64(WEB_USERS_MAX));
	default: return TEXT_PLAIN(err_text(err));
	}
}

static int add_file(struct web_auth_list *l, const char *path, const char *group, add_lines *add,
	struct text *why)
{
	struct buf text;
	unsigned line;

	if (!path)
		return 0;
	buf_init(&text, LIST_BYTES_MAX + 8192);
	int err = secret_read_text(path, group, LIST_BYTES_MAX, &text, why);
	if (!err) {
		err = add(l, buf_slice(&text), &line);
		if (err)
			*why = why_not(path, line, err);
	}
	mem_wipe(text.p, text.cap);
	buf_done(&text);
	return err;
}

/* Those whom a role names; the names of all others are nobody's. */
static int add_certificates(struct web_auth_list *l, const struct roles *roles)
{
	char name[WEB_USER_MAX + 1];
	int err = 0;

	for (unsigned i = 0; i < roles->n; i++)
		for (size_t k = 0; k < roles->v[i].n_members && !err; k++) {
			const struct role_member *m = &roles->v[i].members[k];

			if (m->by != ROLE_BY_CERTIFICATE ||
				!slice_cstr(m->name, name, sizeof(name)))
				continue;
			err = web_auth_list_add_certificate(l, name, name);
			if (err == -EEXIST) /* he has several roles */
				err = 0;
		}
	return err;
}

static int open_list(struct web_auth_list **ret, const struct watch_config *c, struct text *why)
{
	const struct plan_access *a = &c->plan->access;
	const char *group = c->conf->secrets_group.s;
	int err = web_auth_list_new(ret);

	if (err)
		return err;
	err = add_certificates(*ret, &a->roles);
	if (err) {
		*why = TEXT_PLAIN(err == ERR_SYNTAX ? N_("the name of a certificate has no space "
							 "or control character in it")
						    : err_text(err));
		return err;
	}
	err = add_file(*ret, a->users_file, group, web_auth_list_add_users, why);
	return err ? err : add_file(*ret, a->tokens_file, group, web_auth_list_add_tokens, why);
}

/* ---- our own certificate ---- */

static int read_identity(struct buf *pem, const struct watch_config *c, struct text *why)
{
	const struct plan_access *a = &c->plan->access;
	int err = file_in_read(a->certificate_file, PEM_BYTES_MAX, pem, why);

	buf_putc(pem, '\n');
	return err ? err
		   : secret_read_text(
			     a->key_file, c->conf->secrets_group.s, PEM_BYTES_MAX, pem, why);
}

/* A number is of one certificate for good: those that use it go on with it. */
static int add_identity(
	struct watcher *w, struct slice pem, const char *path, unsigned *ret, struct text *why)
{
	const int err = trust_add_identity(pump_trust(w->pump), w->n_identities + 1, pem);

	if (err == ERR_SYNTAX)
		*why = TEXT(N_("{1}: this is no certificate, or `key_file` is not its key"),
			text_str(path));
	else if (err == ERR_LIMIT)
		*why = TEXT(N_("{1}: so many certificates were read since the start that there is "
			       "no room for another; restart the watcher"),
			text_str(path));
	if (!err)
		*ret = ++w->n_identities;
	return err;
}

/* The same bytes are the same certificate, however often the configuration is read. */
static int find_identity(
	struct entrance *e, struct watcher *w, const struct watch_config *c, struct text *why)
{
	static const uint8_t no_salt[16];
	struct buf pem;

	buf_init(&pem, 2 * PEM_BYTES_MAX + 8192);
	int err = read_identity(&pem, c, why);
	if (!err && w) {
		uint64_t seen[2];

		siphash128(no_salt, buf_slice(&pem), seen);
		e->tls.identity = w->n_identities;
		if (!w->n_identities || memcmp(seen, w->identity_seen, sizeof(seen)) != 0)
			err = add_identity(w, buf_slice(&pem), c->plan->access.certificate_file,
				&e->tls.identity, why);
		if (!err)
			memcpy(w->identity_seen, seen, sizeof(seen));
	}
	mem_wipe(pem.p, pem.cap);
	buf_done(&pem);
	return err;
}

static int ask_for_certificates(
	struct entrance *e, struct watcher *w, const char *ca_file, struct text *why)
{
	if (!w || !ca_file)
		return 0;
	const int err = trusts_find(&w->trusts, ca_file, w->n_runs + 1, &e->tls.trust, why);
	if (err)
		return err;
	e->trusts = &w->trusts;
	trusts_hold(e->trusts, e->tls.trust);
	return 0;
}

static int open_tls(
	struct entrance *e, struct watcher *w, const struct watch_config *c, struct text *why)
{
	const char *ca_file = c->plan->access.ca_file;

	if (!c->plan->access.certificate_file)
		return 0;
	/* Who shows none, or a bad one, may still have a password. */
	e->tls = (struct tls_policy){ .accept = true,
		.request_certificate = ca_file != NULL,
		.verify = TLS_VERIFY_NOTE,
		.alpn = "http/1.1" };
	const int err = ask_for_certificates(e, w, ca_file, why);
	return err ? err : find_identity(e, w, c, why);
}

int entrance_open(
	struct entrance *ret, struct watcher *w, const struct watch_config *c, struct text *why)
{
	*ret = (struct entrance){ 0 };
	*why = TEXT_PLAIN(err_text(-ENOMEM));
	int err = open_list(&ret->list, c, why);
	if (!err)
		err = open_tls(ret, w, c, why);
	if (err)
		entrance_close(ret);
	return err;
}

void entrance_close(struct entrance *e)
{
	web_auth_list_free(e->list);
	if (e->trusts)
		trusts_let_go(e->trusts, e->tls.trust);
	*e = (struct entrance){ 0 };
}

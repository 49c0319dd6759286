/* Who reaches the watcher, and what he may. */
#include <stdlib.h>
#include <string.h>

#include "app/watch_config.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/pairs.h"
#include "watcher/plan_private.h"

_Static_assert((int)ROLE_PRESETS + 48 <= (int)ROLES_MAX, "those of the configuration have bits");

/* ---- one role ---- */

static int add_members(const struct conf_texts *texts, struct role *ret)
{
	struct role_member *m = mem_alloc0((texts->n + 1) * sizeof(*m));

	if (!m)
		return -ENOMEM;
	for (size_t i = 0; i < texts->n; i++)
		ret->n_members += role_member_read(slice_str(texts->v[i].s), &m[ret->n_members]);
	ret->members = m;
	return 0;
}

static int add_names(const struct conf_texts *texts, const char *const **ret, size_t *ret_n)
{
	const char **names = mem_alloc0((texts->n + 1) * sizeof(*names));

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < texts->n; i++)
		names[i] = texts->v[i].s;
	*ret = names;
	*ret_n = texts->n;
	return 0;
}

/* By whichever of its domains a partner is named, tests have its first. */
static int add_partners(const struct planner *p, const struct conf_texts *texts, struct role *ret)
{
	const char **names = mem_alloc0((texts->n + 1) * sizeof(*names));

	if (!names)
		return -ENOMEM;
	for (size_t i = 0; i < texts->n; i++) {
		const struct conf_partner *own = conf_find_partner(p->conf, texts->v[i].s);

		names[i] = own ? own->domain.s : texts->v[i].s;
	}
	ret->partners = names;
	ret->n_partners = texts->n;
	return 0;
}

static int fill_role(const struct planner *p, const struct conf_role *r, struct role *ret)
{
	ret->name = r->name.s;
	ret->commands = watch_config_commands(r);
	int err = add_members(&r->members, ret);
	if (!err)
		err = add_names(&r->pools, &ret->pools, &ret->n_pools);
	return err ? err : add_partners(p, &r->partners, ret);
}

/* ---- all of them ---- */

static const struct role_member loopback = { ROLE_BY_LOOPBACK, { NULL, 0 } };

/* Where nothing is said of roles, who comes from this machine may look, and try. */
static void put_presets(const struct conf_watch *w, struct role *roles)
{
	for (unsigned i = 0; i < ROLE_PRESETS; i++)
		roles[i] = (struct role){ .name = role_preset_name((enum role_preset)i),
			.commands = role_preset_commands((enum role_preset)i) };
	if (w->n_roles)
		return;
	roles[ROLE_HELP_DESK].members = roles[ROLE_MACHINE].members = &loopback;
	roles[ROLE_HELP_DESK].n_members = roles[ROLE_MACHINE].n_members = 1;
}

static int add_roles(struct planner *p, struct plan_access *a)
{
	const struct conf_watch *w = &p->conf->watch;
	struct role *roles = mem_alloc0((ROLE_PRESETS + w->n_roles) * sizeof(*roles));
	int err = 0;

	if (!roles)
		return -ENOMEM;
	a->roles = (struct roles){ roles, ROLE_PRESETS };
	put_presets(w, roles);
	for (size_t i = 0; i < w->n_roles && !err; i++) {
		enum role_preset preset;
		const unsigned at = watch_config_preset(w->roles[i].name.s, &preset)
					    ? (unsigned)preset
					    : a->roles.n++;

		err = fill_role(p, &w->roles[i], &roles[at]);
	}
	return err;
}

/* ---- the rest ---- */

static int add_files(struct planner *p, struct plan_access *a)
{
	const struct conf_watch *w = &p->conf->watch;
	const struct {
		const struct conf_text *from;
		char **to;
	} files[] = {
		{ &w->tls.certificate_file, &a->certificate_file },
		{ &w->tls.key_file, &a->key_file },
		{ &w->sign_in.users_file, &a->users_file },
		{ &w->sign_in.tokens_file, &a->tokens_file },
		{ &w->sign_in.ca_file, &a->ca_file },
		{ &w->control.socket, &a->socket },
	};
	int err = 0;

	for (size_t i = 0; !err && i < COUNT(files); i++)
		err = plan_path(p, files[i].from, files[i].to);
	a->is_signed_in = w->sign_in.at.line > 0;
	return err;
}

/* The name by which a browser behind a proxy asks. */
static int add_host(struct planner *p, struct plan_access *a)
{
	const char *url = p->conf->watch.url.s;

	if (!url)
		return 0;
	const char *host = strstr(url, "://") + 3;
	a->host = mem_strdup(host);
	if (!a->host)
		return -ENOMEM;
	a->host[host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/?")] = 0;
	for (char *c = a->host; *c; c++)
		*c = (char)ascii_lower((uint8_t)*c);
	a->hosts[0] = a->host;
	return 0;
}

int plan_add_access(struct planner *p)
{
	struct plan_access *a = &p->plan->access;
	int err = add_roles(p, a);

	if (!err)
		err = add_files(p, a);
	return err ? err : add_host(p, a);
}

void plan_free_access(struct plan_access *a)
{
	for (unsigned i = 0; i < a->roles.n; i++) {
		const struct role *r = &a->roles.v[i];

		if (r->members != &loopback)
			mem_free((void *)(uintptr_t)r->members);
		mem_free((void *)(uintptr_t)r->pools);
		mem_free((void *)(uintptr_t)r->partners);
	}
	mem_free((void *)(uintptr_t)a->roles.v);
	free(a->certificate_file);
	free(a->key_file);
	free(a->users_file);
	free(a->tokens_file);
	free(a->ca_file);
	free(a->socket);
	mem_free(a->host);
}

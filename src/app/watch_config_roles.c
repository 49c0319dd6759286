/* What is wrong with `watch.roles` beyond its syntax. */
#include "app/watch_config.h"
#include "base/mem.h"
#include "base/str.h"
#include "conf/pairs.h"
#include "watch/roles.h"

enum { NAME_MAX_BYTES = 64 /* of a member, as web/who.h */ };

bool watch_config_preset(const char *name, enum role_preset *ret)
{
	for (unsigned i = 0; i < ROLE_PRESETS; i++)
		if (slice_eqs(slice_str(name), role_preset_name((enum role_preset)i))) {
			*ret = (enum role_preset)i;
			return true;
		}
	return false;
}

unsigned watch_config_commands(const struct conf_role *r)
{
	enum role_preset preset;
	enum role_command c;
	unsigned ret = 0;

	if (watch_config_preset(r->template.s ? r->template.s : r->name.s, &preset))
		return role_preset_commands(preset);
	for (size_t i = 0; i < r->commands.n; i++)
		if (role_command_find(slice_str(r->commands.v[i].s), &c))
			ret |= 1u << c;
	return ret;
}

/* ---- what it may ---- */

static void check_template(const struct conf_role *r, struct problems *problems)
{
	enum role_preset preset;

	if (watch_config_preset(r->name.s, &preset)) {
		const struct conf_place at = r->template.s ? r->template.at : r->commands.at;

		if (at.line)
			problems_add(problems, at,
				TEXT(N_("the commands of `{1}` are fixed: give a role with others "
					"a "
					"name of its own"),
					text_str(r->name.s)));
		return;
	}
	if (!r->template.s == !r->commands.n)
		problems_add(problems, r->at,
			TEXT(N_("`{1}` is no predefined role: give it either `commands` or a "
				"`template`"),
				text_str(r->name.s)));
	if (r->template.s && !watch_config_preset(r->template.s, &preset))
		problems_add(problems, r->template.at,
			TEXT(N_("`{1}` is not one of the predefined roles: administrator, "
				"server-administrator, help-desk, view-only, machine"),
				text_str(r->template.s)));
}

static void check_commands(const struct conf_role *r, struct problems *problems)
{
	const char *names[ROLE_COMMANDS];
	enum role_command c;

	for (unsigned i = 0; i < ROLE_COMMANDS; i++)
		names[i] = role_command_name((enum role_command)i);
	for (size_t i = 0; i < r->commands.n; i++) {
		const struct conf_text *t = &r->commands.v[i];

		if (!role_command_find(slice_str(t->s), &c)) {
			const char *near = str_nearest(t->s, names, ROLE_COMMANDS);

			problems_add(problems, t->at,
				near ? TEXT(N_("`{1}` is no command of a role; did you mean "
					       "`{2}`?"),
					       text_str(t->s), text_str(near))
				     : TEXT(N_("`{1}` is no command of a role; see ROLES in "
					       "stox-watch(1)"),
					       text_str(t->s)));
		} else if (role_command_is_global(c) && (r->pools.n || r->partners.n)) {
			problems_add(problems, t->at,
				TEXT(N_("`{1}` concerns all pools and partners: a role with a "
					"scope "
					"cannot have it"),
					text_str(t->s)));
		}
	}
}

/* ---- who has it ---- */

static void check_way(const struct conf_watch *w, const struct conf_text *t,
	const struct role_member *m, struct problems *problems)
{
	const struct {
		enum role_by by;
		bool is_there;
		const char *key;
	} ways[] = {
		{ ROLE_BY_USER, w->sign_in.users_file.s != NULL, "users_file" },
		{ ROLE_BY_TOKEN, w->sign_in.tokens_file.s != NULL, "tokens_file" },
		{ ROLE_BY_CERTIFICATE, w->sign_in.ca_file.s != NULL, "ca_file" },
	};

	for (size_t i = 0; i < COUNT(ways); i++)
		if (m->by == ways[i].by && !ways[i].is_there)
			problems_add(problems, t->at,
				TEXT(N_("`{1}` can never sign in: name `{2}` in `sign_in`"),
					text_str(t->s), text_str(ways[i].key)));
	if (m->name.n > NAME_MAX_BYTES)
		problems_add(problems, t->at,
			TEXT(N_("a name has at most {1} bytes"), text_u64(NAME_MAX_BYTES)));
}

static void check_members(
	const struct conf_watch *w, const struct conf_role *r, struct problems *problems)
{
	for (size_t i = 0; i < r->members.n; i++) {
		const struct conf_text *t = &r->members.v[i];
		struct role_member m;

		if (role_member_read(slice_str(t->s), &m))
			check_way(w, t, &m, problems);
		else
			problems_add(problems, t->at,
				TEXT(N_("`{1}` is nobody: a member is local:USER, group:GROUP, "
					"user:NAME, token:NAME, certificate:NAME or loopback"),
					text_str(t->s)));
	}
}

/* ---- where ---- */

/* A partner of a test may be a stranger, whose domain is no partner's. */
static bool has_partner(const struct conf *c, const char *domain)
{
	if (conf_find_partner(c, domain))
		return true;
	for (size_t i = 0; i < c->watch.n_tests; i++) {
		const char *own = c->watch.tests[i].partner.s;

		if (own && slice_ieqs(slice_str(own), domain))
			return true;
	}
	return false;
}

static void check_scope(const struct conf *c, const struct conf_role *r, struct problems *problems)
{
	for (size_t i = 0; i < r->pools.n; i++)
		if (!conf_find_pool(c, r->pools.v[i].s))
			problems_add(problems, r->pools.v[i].at,
				TEXT(N_("there is no pool `{1}`"), text_str(r->pools.v[i].s)));
	for (size_t i = 0; i < r->partners.n; i++)
		if (!has_partner(c, r->partners.v[i].s))
			problems_add(problems, r->partners.v[i].at,
				TEXT(N_("there is no partner `{1}`"),
					text_str(r->partners.v[i].s)));
}

void watch_config_check_roles(const struct conf *c, struct problems *problems)
{
	const struct conf_watch *w = &c->watch;

	for (size_t i = 0; i < w->n_roles; i++) {
		const struct conf_role *r = &w->roles[i];

		for (size_t k = 0; k < i; k++)
			if (slice_ieqs(slice_str(w->roles[k].name.s), r->name.s))
				problems_add(problems, r->name.at,
					TEXT(N_("the name `{1}` is here twice (line {2})"),
						text_str(r->name.s),
						text_u64(w->roles[k].at.line)));
		check_template(r, problems);
		check_commands(r, problems);
		check_members(w, r, problems);
		check_scope(c, r, problems);
	}
}

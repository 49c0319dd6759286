#include "watch/roles.h"

#include "base/mem.h"

#define BIT(c) (1u << (c))
#define READS  (BIT(ROLE_VIEW) | BIT(ROLE_HISTORY) | BIT(ROLE_REPORT))

_Static_assert((int)ROLE_AUDIT + 1 == (int)ROLE_COMMANDS, "each command is a bit");
_Static_assert((int)ROLE_MACHINE + 1 == (int)ROLE_PRESETS, "each preset has a row");

/* ---- words ---- */

static const struct {
	const char *name;
	bool is_global;
} commands[ROLE_COMMANDS] = {
	[ROLE_VIEW] = { "view", false },
	[ROLE_HISTORY] = { "history", false },
	[ROLE_REPORT] = { "report", false },
	[ROLE_METRICS] = { "metrics", false },
	[ROLE_TEST] = { "test", false },
	[ROLE_PROBE] = { "probe", false },
	[ROLE_ACKNOWLEDGE] = { "acknowledge", false },
	[ROLE_STATUS] = { "status", true },
	[ROLE_TEST_ALERT] = { "test-alert", true },
	[ROLE_RELOAD] = { "reload", true },
	[ROLE_ROLES] = { "roles", true },
	[ROLE_AUDIT] = { "audit", true },
};

/* As Lync's: who administers servers does all but look after others; who helps may try, and change
 * nothing. */
static const struct {
	const char *name;
	unsigned commands;
} presets[ROLE_PRESETS] = {
	[ROLE_ADMINISTRATOR] = { "administrator", BIT(ROLE_COMMANDS) - 1 },
	[ROLE_SERVER_ADMINISTRATOR] = { "server-administrator",
		(BIT(ROLE_COMMANDS) - 1) & ~(BIT(ROLE_AUDIT) | BIT(ROLE_ROLES)) },
	[ROLE_HELP_DESK] = { "help-desk", READS | BIT(ROLE_TEST) | BIT(ROLE_ACKNOWLEDGE) },
	[ROLE_VIEW_ONLY] = { "view-only", READS },
	[ROLE_MACHINE] = { "machine",
		BIT(ROLE_VIEW) | BIT(ROLE_HISTORY) | BIT(ROLE_METRICS) | BIT(ROLE_PROBE) },
};

static const char *const ways[ROLE_BYS] = {
	[ROLE_BY_LOCAL] = "local",
	[ROLE_BY_GROUP] = "group",
	[ROLE_BY_USER] = "user",
	[ROLE_BY_TOKEN] = "token",
	[ROLE_BY_CERTIFICATE] = "certificate",
	[ROLE_BY_LOOPBACK] = "loopback",
};

const char *role_command_name(enum role_command c)
{
	return commands[c].name;
}

bool role_command_find(struct slice name, enum role_command *ret)
{
	for (unsigned i = 0; i < ROLE_COMMANDS; i++)
		if (slice_eqs(name, commands[i].name)) {
			*ret = (enum role_command)i;
			return true;
		}
	return false;
}

bool role_command_is_global(enum role_command c)
{
	return commands[c].is_global;
}

const char *role_preset_name(enum role_preset p)
{
	return presets[p].name;
}

unsigned role_preset_commands(enum role_preset p)
{
	return presets[p].commands;
}

const char *role_by_name(enum role_by by)
{
	return ways[by];
}

bool role_member_read(struct slice text, struct role_member *ret)
{
	struct slice name = text;
	const struct slice way = slice_split(&name, ':');

	for (unsigned i = 0; i < ROLE_BYS; i++) {
		const bool has_name = i != ROLE_BY_LOOPBACK;

		if (!slice_eqs(way, ways[i]) || (has_name ? name.n == 0 : way.n != text.n))
			continue;
		*ret = (struct role_member){ (enum role_by)i, has_name ? name : SLICE_NONE };
		return true;
	}
	return false;
}

/* ---- who ---- */

static bool is_in_group(const struct role_who *who, struct slice name)
{
	for (size_t i = 0; i < who->n_groups; i++)
		if (slice_eq(who->groups[i], name))
			return true;
	return false;
}

/* Names of hosts in certificates are the same in either case, RFC 5280 section 7.2. */
static bool is_member(const struct role_member *m, const struct role_who *who)
{
	if (m->by == ROLE_BY_GROUP)
		return who->by == ROLE_BY_LOCAL && is_in_group(who, m->name);
	if (m->by != who->by)
		return false;
	if (m->by == ROLE_BY_CERTIFICATE)
		return slice_ieq(m->name, who->name);
	return slice_eq(m->name, who->name);
}

role_set roles_of(const struct roles *r, const struct role_who *who)
{
	role_set mine = 0;

	for (unsigned i = 0; i < r->n; i++) {
		const struct role *role = &r->v[i];
		bool has = who->is_owner && i == ROLE_ADMINISTRATOR;

		for (size_t k = 0; k < role->n_members && !has; k++)
			has = is_member(&role->members[k], who);
		if (has)
			mine |= (role_set)1 << i;
	}
	return mine;
}

/* ---- what ---- */

static bool is_listed(const char *const *list, size_t n, const char *name)
{
	if (n == 0)
		return true;
	for (size_t i = 0; name && i < n; i++)
		if (slice_ieqs(slice_str(name), list[i]))
			return true;
	return false;
}

static bool has_scope(const struct role *r)
{
	return r->n_pools || r->n_partners;
}

static bool allows(const struct role *r, enum role_command c, const struct role_target *target)
{
	if (!(r->commands & BIT(c)))
		return false;
	if (!target || role_command_is_global(c))
		return !has_scope(r);
	return is_listed(r->pools, r->n_pools, target->pool) &&
	       is_listed(r->partners, r->n_partners, target->partner);
}

role_set roles_that_may(
	const struct roles *r, enum role_command c, const struct role_target *target)
{
	role_set ret = 0;

	for (unsigned i = 0; i < r->n; i++)
		if (allows(&r->v[i], c, target))
			ret |= (role_set)1 << i;
	return ret;
}

bool roles_may(
	const struct roles *r, role_set mine, enum role_command c, const struct role_target *target)
{
	return (roles_that_may(r, c, target) & mine) != 0;
}

bool roles_may_some(const struct roles *r, role_set mine, enum role_command c)
{
	for (unsigned i = 0; i < r->n; i++)
		if (mine >> i & 1 && r->v[i].commands & BIT(c) &&
			!(role_command_is_global(c) && has_scope(&r->v[i])))
			return true;
	return false;
}

/* Who may what. */
#include "app/gateway_ctl.h"
#include "watcher/desk_private.h"

static json_t *commands(const struct role *r)
{
	json_t *a = json_array();

	for (unsigned i = 0; i < ROLE_COMMANDS; i++)
		if (r->commands >> i & 1)
			json_array_append_new(
				a, json_string(role_command_name((enum role_command)i)));
	return a;
}

static json_t *members(const struct role *r)
{
	json_t *a = json_array();
	struct buf b;

	buf_init(&b, 1024);
	for (size_t i = 0; i < r->n_members; i++) {
		const struct role_member *m = &r->members[i];

		buf_clear(&b);
		buf_printf(&b, "%s%s%.*s", role_by_name(m->by), m->name.n ? ":" : "",
			SLICE_FMT(m->name));
		json_array_append_new(a, report_json_string(buf_cstr(&b)));
	}
	buf_done(&b);
	return a;
}

static json_t *names(const char *const *v, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, report_json_string(v[i]));
	return a;
}

static json_t *role(const struct role *r, bool has_members)
{
	json_t *o = json_object();

	report_json_set(o, "name", report_json_string(r->name));
	report_json_set(o, "commands", commands(r));
	report_json_set(o, "pools", names(r->pools, r->n_pools));
	report_json_set(o, "partners", names(r->partners, r->n_partners));
	if (has_members)
		report_json_set(o, "members", members(r));
	return o;
}

/* "alice" is all who are called so, "user:alice" one of them. */
static role_set roles_of_name(const struct watcher *w, const struct roles *all, struct slice name)
{
	struct role_member m;
	struct access local;
	role_set ret = 0;

	if (role_member_read(name, &m)) {
		if (m.by == ROLE_BY_LOCAL)
			return desk_find_local(&local, w, m.name) ? local.mine : 0;
		return roles_of(all, &(struct role_who){ .by = m.by, .name = m.name });
	}
	if (desk_find_local(&local, w, name))
		ret = local.mine;
	for (unsigned by = ROLE_BY_USER; by <= ROLE_BY_CERTIFICATE; by++)
		ret |= roles_of(all, &(struct role_who){ .by = (enum role_by)by, .name = name });
	return ret;
}

static void put(struct desk_request *r, struct slice who, role_set set, bool of_all, struct buf *b)
{
	const struct roles *all = r->access.roles;
	json_t *o = json_object(), *list = json_array();

	for (unsigned i = 0; i < all->n; i++)
		if (set >> i & 1)
			json_array_append_new(list, role(&all->v[i], of_all));
	report_json_set(o, "schema", json_string("stox.roles/1"));
	report_json_set(o, "who", report_json_slice(who));
	report_json_set(o, "all", json_boolean(of_all));
	report_json_set(o, "roles", list);
	desk_put(b, o);
}

void desk_put_roles(struct desk_request *r, struct buf *b)
{
	const struct slice own = slice_str(r->access.who);

	if (!r->access.roles)
		gateway_ctl_refuse("the watcher is just starting", b);
	else if (slice_eqs(r->rest, "all") && desk_may(r, ROLE_ROLES, b))
		put(r, own, ~(role_set)0, true, b);
	else if (r->rest.n == 0 || slice_eq(r->rest, own))
		put(r, own, r->access.mine, false, b);
	else if (!slice_eqs(r->rest, "all") && desk_may(r, ROLE_ROLES, b))
		put(r, r->rest, roles_of_name(r->w, r->access.roles, r->rest), false, b);
}

#include "watcher/access.h"

#include <stdio.h>

/* Of one that leaves no plan says any more whose it is. */
static struct role_target target_of(const struct watched *t)
{
	return t && t->plan ? (struct role_target){ t->plan->pool, t->plan->domain }
			    : (struct role_target){ NULL, NULL };
}

/* At the start those of the first plan, which the history has not answered for yet. */
static const struct roles *roles_in_force(const struct watcher *w)
{
	const struct plan *plan = w->file.plan ? w->file.plan : w->next.plan;

	return plan ? &plan->access.roles : NULL;
}

void access_init(struct access *ret, const struct watcher *w, const struct role_who *who)
{
	const bool has_name = who->by != ROLE_BY_LOOPBACK;

	*ret = (struct access){ .roles = roles_in_force(w), .is_known = has_name };
	if (ret->roles)
		ret->mine = roles_of(ret->roles, who);
	snprintf(ret->who, sizeof(ret->who), "%s%s%.*s", role_by_name(who->by), has_name ? ":" : "",
		SLICE_FMT(who->name));
}

static void init_nobody(struct access *ret, const struct watcher *w)
{
	*ret = (struct access){ .roles = roles_in_force(w), .who = "anonymous" };
}

static void init_named(struct access *ret, const struct watcher *w, const char *who)
{
	struct role_member m;

	if (role_member_read(slice_str(who), &m))
		access_init(ret, w, &(struct role_who){ .by = m.by, .name = m.name });
	else
		init_nobody(ret, w);
}

void access_init_outside(struct access *ret)
{
	static const struct role viewer = { .name = "public", .commands = 1U << ROLE_VIEW };
	static const struct roles roles = { &viewer, 1 };

	*ret = (struct access){ .roles = &roles, .mine = 1, .who = "public" };
}

void access_of_request(
	struct access *ret, const struct watcher *w, const struct web_request *r, bool is_loopback)
{
	if (r->user)
		init_named(ret, w, r->user);
	else if (is_loopback)
		access_init(ret, w, &(struct role_who){ .by = ROLE_BY_LOOPBACK });
	else
		init_nobody(ret, w);
}

void access_renew(struct access *a, const struct watcher *w)
{
	const struct access before = *a;

	init_named(a, w, before.who);
	a->sees = before.sees;
}

bool access_may(const struct access *a, enum role_command c, const struct watched *t)
{
	const struct role_target target = target_of(t);

	return a && a->roles && roles_may(a->roles, a->mine, c, t ? &target : NULL);
}

bool access_may_some(const struct access *a, enum role_command c)
{
	return a && a->roles && roles_may_some(a->roles, a->mine, c);
}

bool access_sees(const struct access *a, const struct watcher *w, int64_t test_id)
{
	return access_may(a, a->sees, roster_find_id(&w->roster, test_id));
}

void access_put_roles(
	struct buf *b, const struct access *a, enum role_command c, const struct watched *t)
{
	const struct role_target target = target_of(t);
	const role_set may = a->roles ? roles_that_may(a->roles, c, t ? &target : NULL) : 0;
	bool is_first = true;

	for (unsigned i = 0; a->roles && i < a->roles->n; i++) {
		if (!(may >> i & 1))
			continue;
		buf_printf(b, "%s%s", is_first ? "" : ", ", a->roles->v[i].name);
		is_first = false;
	}
}

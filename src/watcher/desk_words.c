/* What the answers of the control socket have in common. */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <unistd.h>

#include "app/gateway_ctl.h"
#include "watcher/audit.h"
#include "watcher/desk_private.h"

/* ---- users of this machine ---- */

/* Beyond them nobody is in a group that matters here. */
struct names {
	struct slice groups[DESK_GROUPS_MAX];
	char room[DESK_GROUPS_MAX][DESK_NAME_MAX + 1];
	size_t n;
};

static void add_group(struct names *ret, gid_t gid)
{
	const struct group *g = ret->n < DESK_GROUPS_MAX ? getgrgid(gid) : NULL;

	if (!g || !slice_cstr(slice_str(g->gr_name), ret->room[ret->n], sizeof(ret->room[0])))
		return;
	ret->groups[ret->n] = slice_str(ret->room[ret->n]);
	ret->n++;
}

void desk_init_local(struct access *ret, const struct watcher *w, struct slice name, unsigned uid,
	const unsigned *groups, size_t n_groups)
{
	struct names names = { .n = 0 };

	for (size_t i = 0; i < n_groups; i++)
		add_group(&names, groups[i]);
	access_init(ret, w,
		&(struct role_who){ .by = ROLE_BY_LOCAL,
			.name = name,
			.groups = names.groups,
			.n_groups = names.n,
			.is_owner = uid == 0 || uid == geteuid() });
}

bool desk_find_local(struct access *ret, const struct watcher *w, struct slice name)
{
	char text[DESK_NAME_MAX + 1];
	gid_t groups[DESK_GROUPS_MAX];
	int n = DESK_GROUPS_MAX;
	const struct passwd *p = slice_cstr(name, text, sizeof(text)) ? getpwnam(text) : NULL;

	if (!p)
		return false;
	const uid_t uid = p->pw_uid;
	if (getgrouplist(text, p->pw_gid, groups, &n) < 0)
		n = DESK_GROUPS_MAX;
	desk_init_local(ret, w, name, uid, groups, (size_t)n);
	return true;
}

/* ---- words ---- */

void desk_put(struct buf *b, json_t *o)
{
	if (report_json_put(b, o, JSON_INDENT(2)) == 0)
		buf_putc(b, '\n');
}

void desk_put_refusal(
	const struct access *a, enum role_command c, const struct watched *t, struct buf *b)
{
	char text[1024];
	uint8_t room[512];
	struct buf roles;

	buf_init_in(&roles, room, sizeof(room));
	access_put_roles(&roles, a, c, t);
	snprintf(text, sizeof(text), "%s may not: this needs a role that may `%s`: %.*s", a->who,
		role_command_name(c), SLICE_FMT(buf_slice(&roles)));
	gateway_ctl_refuse(text, b);
}

bool desk_may(struct desk_request *r, enum role_command c, struct buf *b)
{
	const struct audit_act act = {
		.who = r->access.who, .source = slice_str(r->source), .command = c
	};

	if (access_may(&r->access, c, NULL))
		return true;
	audit_push_refusal(r->w, &act, AUDIT_NO_ROLE);
	desk_put_refusal(&r->access, c, NULL, b);
	return false;
}

#include "watcher/desk.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "app/control.h"
#include "app/gateway_ctl.h"
#include "base/mem.h"
#include "net/loop.h"
#include "watcher/audit.h"
#include "watcher/desk_private.h"
#include "watcher/via.h"

enum { PATH_BYTES = 4096, LINES_MAX = 1 << 16 };

/* ---- who ---- */

static void find_name(uid_t uid, char ret[DESK_NAME_MAX + 1])
{
	const struct passwd *p = getpwuid(uid);

	if (!p || !slice_cstr(slice_str(p->pw_name), ret, DESK_NAME_MAX + 1))
		snprintf(ret, DESK_NAME_MAX + 1, "%u", (unsigned)uid);
}

static void find_access(
	struct access *ret, const struct watcher *w, const struct control_peer *peer)
{
	char name[DESK_NAME_MAX + 1];

	find_name(peer->uid, name);
	desk_init_local(ret, w, slice_str(name), peer->uid, peer->groups, peer->n_groups);
}

/* ---- requests ---- */

static bool reload(struct desk_request *r, struct buf *b)
{
	const struct audit_act act = {
		.who = r->access.who, .source = slice_str(r->source), .command = ROLE_RELOAD
	};
	struct buf lines;

	if (!desk_may(r, ROLE_RELOAD, b))
		return true;
	if (!r->w->is_ready || r->w->is_stopping) {
		gateway_ctl_refuse("the watcher is just starting, or stopping", b);
		return true;
	}
	buf_init(&lines, LINES_MAX);
	const bool is_done = watcher_reload(r->w, &lines);
	if (is_done)
		buf_printf(&lines, "%s is taken over\n", r->w->file.path);
	audit_push(
		r->w, &act, is_done ? SLICE("accepted") : SLICE("the configuration has a fault"));
	gateway_ctl_reloaded(is_done, buf_slice(&lines), b);
	buf_done(&lines);
	return true;
}

static bool status(struct desk_request *r, struct buf *b)
{
	if (desk_may(r, ROLE_STATUS, b))
		desk_put_status(r->w, b);
	return true;
}

static bool roles(struct desk_request *r, struct buf *b)
{
	desk_put_roles(r, b);
	return true;
}

static bool test(struct desk_request *r, struct buf *b)
{
	return via_push(r, b);
}

static bool asked(void *arg, uint64_t id, const struct control_peer *peer, struct slice request,
	struct buf *answer)
{
	static const struct {
		const char *name;
		bool (*handle)(struct desk_request *r, struct buf *b);
	} rows[] = {
		{ "status", status },
		{ "reload", reload },
		{ "roles", roles },
		{ "test", test },
	};
	struct watcher *w = arg;
	struct desk_request r = { .w = w, .id = id, .rest = request };
	const struct slice word = slice_split(&r.rest, ' ');

	find_access(&r.access, w, peer);
	snprintf(r.source, sizeof(r.source), "socket, process %d", (int)peer->pid);
	for (size_t i = 0; i < COUNT(rows); i++)
		if (slice_eqs(word, rows[i].name))
			return rows[i].handle(&r, answer);
	gateway_ctl_refuse("unknown request", answer);
	return true;
}

/* ---- life ---- */

int desk_open(struct watcher *w, const struct plan_access *access, struct text *why)
{
	char path[PATH_BYTES];

	if (!control_path(access->socket, path, sizeof(path)))
		return 0;
	const struct control_cfg cfg = { .path = path,
		.setting = "watch.control.socket",
		.has_group = access->has_group,
		.group = access->group,
		.asked = asked,
		.arg = w };
	return control_new(&w->control, loop_base(pump_loop(w->pump)), &cfg, why);
}

/* desk_private.h - what the files of the control socket share: desk.c who asks and what for,
 * desk_status.c and desk_roles.c what is said, desk_words.c what these have in common. */
#pragma once

#include "report/json.h"
#include "watcher/access.h"
#include "watcher/desk.h"

enum { DESK_GROUPS_MAX = 256, DESK_NAME_MAX = 64 };

struct desk_request {
	struct watcher *w;
	uint64_t id; /* of who waits, for control_answer() */
	struct access access;
	char source[64];   /* "socket, process 17" */
	struct slice rest; /* behind the first word */
};

/* {"error": ...}, with the roles that may. */
void desk_put_refusal(
	const struct access *a, enum role_command c, const struct watched *t, struct buf *b);
/* Else the refusal is in `b`, and in the audit log. */
bool desk_may(struct desk_request *r, enum role_command c, struct buf *b);
/* Whoever has this user and these groups. */
void desk_init_local(struct access *ret, const struct watcher *w, struct slice name, unsigned uid,
	const unsigned *groups, size_t n_groups);
/* A user of this machine, by his name; false: there is none. */
bool desk_find_local(struct access *ret, const struct watcher *w, struct slice name);
void desk_put(struct buf *b, json_t *o); /* takes it */

void desk_put_status(const struct watcher *w, struct buf *b);
void desk_put_roles(struct desk_request *r, struct buf *b);

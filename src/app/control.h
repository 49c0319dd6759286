/* control.h - the socket by which a running service is asked and told: a request is one line, the
 * answer is all that follows, and the connection ends.
 *
 * Who may: root, the user that the service runs as, and members of one group (unix(7), SO_PEERCRED,
 * SO_PEERGROUPS); anybody else is told that he may not.  A service that asks more of who is heard
 * learns who it is, and may answer later.  Nobody is waited for: some connections at a time, each
 * with seconds for the whole of its request, and for each part of its answer to be taken.
 */
#pragma once

#include <sys/types.h>

#include "base/text.h"
#include "base/ts.h"

struct event_base;
struct control;

enum {
	CONTROL_REQUEST_MAX = 2048,
	CONTROL_GROUPS_MAX = 1024,
	CONTROL_ANSWER_MAX = 8 << 20,
};

/* `request` is without its line end; an answer is a JSON object. */
typedef void control_handler(void *arg, struct slice request, struct buf *answer);
/* What is said here, without the handler. */
#define CONTROL_NOT_PERMITTED "not permitted"
#define CONTROL_NO_ROOM       "the answer is too large, or there is no memory for it"

struct control_peer {
	pid_t pid;
	uid_t uid;
	size_t n_groups; /* his own is the first */
	gid_t groups[CONTROL_GROUPS_MAX + 1];
};

/* False: control_answer() comes later, unless he leaves before; `id` is never used again. */
typedef bool control_asked(void *arg, uint64_t id, const struct control_peer *peer,
	struct slice request, struct buf *answer);

struct control_cfg {
	const char *path;    /* what a service that died has left there is replaced */
	const char *setting; /* the one that names it, for what is said: "gateway.control.socket" */
	bool has_group;
	gid_t group;
	ts_t patience; /* for a whole request, from its connection on; 0: 5 s */
	control_handler *handle;
	control_asked *asked; /* in its place */
	void *arg;
};

/* 0, or an errno (negative) with a sentence: another service listens there, the folder is not ours
 * to write in, ... */
int control_new(struct control **ret, struct event_base *base, const struct control_cfg *cfg,
	struct text *why);
struct control *control_free(struct control *c); /* the file goes too */
/* To whom `asked` has given nothing yet; nothing when he has left. */
void control_answer(struct control *c, uint64_t id, struct slice answer);
/* The socket's path: `set` if there is one, else `control` in the folder that systemd made for this
 * service ($RUNTIME_DIRECTORY); false: there is none. */
bool control_path(const char *set, char *ret, size_t size);

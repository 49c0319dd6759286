/* control.h - the socket by which a running gateway is asked and told: a request is one line, the
 * answer is all that follows, and the connection ends.
 *
 * Who may: root, the user that the gateway runs as, and members of one group
 * (unix(7), SO_PEERCRED, SO_PEERGROUPS); anybody else is told that he may
 * not.  Nobody is waited for: a few
 * connections at a time, each with seconds to be done.
 */
#pragma once

#include <sys/types.h>

#include "base/text.h"

struct event_base;
struct control;

enum {
	CONTROL_REQUEST_MAX = 256,
	CONTROL_ANSWER_MAX = 8 << 20,
};

/* `request` is without its line end; an answer is a JSON object. */
typedef void control_handler(void *arg, struct slice request, struct buf *answer);
/* What is said here, without the handler. */
#define CONTROL_NOT_PERMITTED "not permitted"
#define CONTROL_NO_ROOM       "the answer is too large, or there is no memory for it"

struct control_cfg {
	const char *path; /* what a gateway that died has left there is replaced */
	bool has_group;
	gid_t group;
	control_handler *handle;
	void *arg;
};

/* 0, or an errno (negative) with a sentence: another gateway listens there, the folder is not ours
 * to write in, ... */
int control_new(struct control **ret, struct event_base *base, const struct control_cfg *cfg,
	struct text *why);
struct control *control_free(struct control *c); /* the file goes too */
/* The socket's path: `set` if there is one, else `control` in the folder that systemd made for this
 * service ($RUNTIME_DIRECTORY); false: there is none. */
bool control_path(const char *set, char *ret, size_t size);

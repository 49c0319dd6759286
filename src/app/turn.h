/* turn.h - tests of one user of this machine that share an account take turns.
 *
 * A lock of the kernel (flock(2)) on a file of the runtime folder:
 * $XDG_RUNTIME_DIR, else /run/user/UID, else a folder of our own in /tmp.  It
 * ends with the process, however that ends, and the file stays.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "base/ts.h"

enum turn_side {
	TURN_SIP,  /* the user who writes: the answer goes to all contacts of it */
	TURN_XMPP, /* the receiver: the message goes to one session of it, or to all */
	TURNS,
};

struct turn {
	bool taken[TURNS];
	int fds[TURNS];
};

/* 0: `account` is ours until turn_done().  -EBUSY: it is another test's, and *ret_process says
 * whose (0: not known).  Another -errno: there can be no lock here. */
int turn_try(struct turn *t, enum turn_side side, const char *account, pid_t *ret_process);
void turn_pause(void); /* before the next try */
void turn_done(struct turn *t);

/* notify.h - what the service manager hears of this process: the datagrams of sd_notify(3).
 *
 * Nothing of it waits or fails: a manager that does not listen is none.
 */
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include "base/ts.h"

struct notify {
	int fd; /* -1: nobody wants to hear */
	struct sockaddr_un to;
	socklen_t to_size;
};

/* By $NOTIFY_SOCKET: a path, or an abstract name behind `@`. */
void notify_init(struct notify *n);
void notify_done(struct notify *n);
/* "READY=1", or several assignments with newlines between. */
void notify_say(const struct notify *n, const char *assignments);
/* How often WATCHDOG=1 is due: half of $WATCHDOG_USEC.  TS_NEVER: nobody waits for it. */
ts_t notify_watchdog(void);

/* acceptor.h - a listening socket whose connections are taken while there is room for them; who is
 * not taken waits in the kernel.
 */
#pragma once

#include <event2/event_struct.h>

#include "base/addr.h"
#include "base/ts.h"

struct event_base;

struct acceptor {
	int fd; /* -1: none */
	struct event ready;
	struct event again; /* the pause is over */
};

/* libevent's: somebody waits, and acceptor_take() or acceptor_hold() is due. */
typedef void acceptor_ready(int fd, short what, void *arg);

/* Takes over a socket that listens, also when it fails: 0 or -ENOMEM. */
int acceptor_init(
	struct acceptor *a, struct event_base *base, int fd, acceptor_ready *ready, void *arg);
void acceptor_done(struct acceptor *a);
/* The descriptor, or -1: there is none, or it cannot be taken, as without descriptors, and for a
 * moment it is not tried again.  `ret_peer` may be NULL. */
int acceptor_take(struct acceptor *a, struct addr *ret_peer);
void acceptor_hold(struct acceptor *a); /* nobody can be taken until acceptor_go_on() */
void acceptor_pause(struct acceptor *a, ts_t pause);
void acceptor_go_on(struct acceptor *a);

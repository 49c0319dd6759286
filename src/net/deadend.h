/* deadend.h - addresses of this machine at which nothing answers, and nothing can begin to: each is
 * held by a socket.  For the lab and for tests. */
#pragma once

#include "base/addr.h"

enum dead_end_kind {
	DEAD_END_TCP,      /* connections are refused */
	DEAD_END_UDP,      /* datagrams come back as ICMP errors */
	DEAD_END_FILTERED, /* SYNs are dropped, as by a firewall: a listener whose queue is full */
};

struct dead_end {
	int fd;
	int filler; /* the connection that fills the queue, or -1 */
	struct addr addr;
};

/* At `at`, port 0 takes any.  0 or -errno; dead_end_close() is fine after either. */
int dead_end_open(struct dead_end *ret, enum dead_end_kind kind, const struct addr *at);
void dead_end_close(struct dead_end *d);

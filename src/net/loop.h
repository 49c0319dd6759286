/* loop.h - the one loop: sleeps until a descriptor is ready or a deadline has come.
 *
 * libevent finds what is ready; handlers only mark it, and the work is done
 * when loop_wait() has returned.  The clock is read once a wake-up.  Deadlines
 * have a timerfd of their own, armed by absolute time: libevent's precise mode
 * is as exact but makes a system call in every wake-up, this one only when
 * the deadline comes nearer.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/ts.h"

struct event_base;
struct loop;

int loop_new(struct loop **ret); /* 0, -ENOMEM or the -errno of a descriptor */
struct loop *loop_free(struct loop *l);

/* Monotonic time of this wake-up. */
ts_t loop_now(struct loop *l);
/* The same clock, read afresh. */
ts_t loop_clock(void);
/* Microseconds since 1970, read afresh; and the same minus the monotonic now. */
int64_t loop_wall(void);
int64_t loop_wall_offset(void);
/* How long this machine was suspended since it started: CLOCK_BOOTTIME minus the monotonic now. */
ts_t loop_boot_offset(void);

/* Sleeps until something is ready, or `until`, and runs the handlers of what is ready.  It may
 * return early with nothing ready.  A time that has passed means: look, do not sleep. */
int loop_wait(struct loop *l, ts_t until);

enum loop_signal {
	LOOP_STOP,   /* SIGINT and SIGTERM */
	LOOP_RELOAD, /* SIGHUP */
	LOOP_STATE,  /* SIGUSR1 */
};
#define LOOP_SIGNALS 3
/* They are counted from here on instead of ending the process.  0 or -ENOMEM. */
int loop_catch(struct loop *l, enum loop_signal which);
unsigned loop_signals(const struct loop *l, enum loop_signal which);

/* Ends the sleep from another thread or a signal handler: write 8 bytes (a uint64_t 1) to it.
 * Negative errno when there can be none. */
int loop_wake_fd(struct loop *l);

/* For those who bring handlers of their own (sockets, an HTTP server). */
struct event_base *loop_base(struct loop *l);

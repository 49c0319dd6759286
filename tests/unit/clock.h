/* clock.h - the clocks of this process, moved by a test: what takes half a minute takes no time.
 *
 * A deadline that is passed by moving the clock is seen at the next look.  Only look,
 * loop_wait(loop, 0), once it was moved: a sleep would be as long as the clock is ahead. Included
 * by one test program each. */
#pragma once

#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/ts.h"

static ts_t clock_ahead;                 /* of the true time, or of when they were stopped */
static int64_t clock_wall_ahead;         /* the wall's, and of that */
static struct timespec clock_stopped[2]; /* since when only a test moves them: wall, monotonic */

int clock_gettime(clockid_t id, struct timespec *ret)
{
	struct timespec t = clock_stopped[id != CLOCK_REALTIME];

	if (!t.tv_sec && syscall(SYS_clock_gettime, id, &t) < 0)
		return -1;
	int64_t us = (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000 + (int64_t)clock_ahead +
		     (id == CLOCK_REALTIME ? clock_wall_ahead : 0);
	*ret = (struct timespec){ .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };
	return 0;
}

static inline void clock_stop(void)
{
	syscall(SYS_clock_gettime, CLOCK_REALTIME, &clock_stopped[0]);
	syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &clock_stopped[1]);
}

static inline void clock_reset(void)
{
	clock_ahead = 0;
	clock_wall_ahead = 0;
	clock_stopped[0] = clock_stopped[1] = (struct timespec){ 0 };
}

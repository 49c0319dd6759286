/* check.h - is the file whole?  SQLite's quick_check, in a thread of its own: with a gigabyte it
 * takes ten seconds. */
#pragma once

#include "store/entry.h"
#include "store/sqlite.h"

enum check_result { CHECK_NONE, CHECK_WHOLE, CHECK_DAMAGED };

struct check {
	const char *path;
	struct queue *queue; /* to be woken */
	pthread_t thread;
	bool is_running;
	atomic_bool stop;
	atomic_int result;
};

/* Both borrowed until check_stop().  0 or -errno. */
int check_start(struct check *c, const char *path, struct queue *queue);
void check_stop(struct check *c);
/* What it came to; NONE: not yet, or it was taken already. */
enum check_result check_take(struct check *c);
bool check_has_result(const struct check *c);

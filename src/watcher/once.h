/* once.h - `stox watch --once`: each test is run once, its end is a line or a part of one object,
 * and the worst of them is the exit status.
 */
#pragma once

#include "watcher/private.h"

/* The tests of the roster are asked for.  0 or -ENOMEM. */
int once_new(struct once **ret, struct watcher *w);
struct once *once_free(struct once *o);
/* A test is over; nothing without `o`. */
void once_push(
	struct once *o, struct watched *t, const struct watcher_end *end, enum watch_state state);
bool once_is_done(const struct once *o);
int once_end(struct once *o); /* prints the rest; the exit status */

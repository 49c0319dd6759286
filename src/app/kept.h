/* kept.h - a folder of our own for what a user may want to look at later, bounded. */
#pragma once

#include "base/text.h"

enum {
	KEPT_FILES = 20,
	KEPT_BYTES = 10 << 20,
};

/* Writes a file there, and lets go of the oldest that are over the bounds; their names begin with
 * their time, so that the order of the names is theirs.  `ret`: its path (append).  0, or -errno
 * with a clause in `why`. */
int kept_write(const char *name, struct slice text, struct buf *ret, struct text *why);

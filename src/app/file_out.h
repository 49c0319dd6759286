/* file_out.h - a file that is written whole or not at all: who reads it never meets half of it. */
#pragma once

#include "base/buf.h"

/* Can `path` be replaced?  It is a regular file that we may write, or nothing, in a folder in which
 * we may create files; a link is refused, for it would be replaced and not what it points to.
 * 0, or -errno with a sentence in `why`. */
int file_out_check(const char *path, struct buf *why);
/* A temporary file in the same folder, mode 0644, takes its name.  0, or -errno and a sentence. */
int file_out_write(const char *path, struct slice content, struct buf *why);
/* Do both name the same place? */
bool file_out_same(const char *a, const char *b);

/* file_out.h - a file that is written whole or not at all: who reads it never meets half of it. */
#pragma once

#include "base/text.h"

/* Can `path` be replaced?  It is a regular file that we may write, or nothing, in a folder in which
 * we may create files; a link is refused, for it would be replaced and not what it points to.
 * 0, or -errno with a sentence in `why`. */
int file_out_check(const char *path, struct text *why);
enum {
	FILE_OUT_PUBLIC = 0644,
	FILE_OUT_PRIVATE = 0600,
};
/* A temporary file in the same folder takes its name, with what the umask leaves of that mode.  0,
 * or -errno and a sentence. */
int file_out_write(const char *path, struct slice content, unsigned mode, struct text *why);
/* All of it.  0 or -errno. */
int file_out_bytes(int fd, struct slice content);
/* Do both name the same place? */
bool file_out_same(const char *a, const char *b);

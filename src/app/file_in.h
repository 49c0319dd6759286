/* file_in.h - a file that is read whole. */
#pragma once

#include "base/text.h"

/* At most `max` bytes.  0, or -errno with a sentence in `why`. */
int file_in_read(const char *path, size_t max, struct buf *ret, struct text *why);
/* What is left of one that is open: 0, -EFBIG over `max`, -errno. */
int file_in_fd(int fd, size_t max, struct buf *ret);

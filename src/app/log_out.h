/* log_out.h - lines of log to a descriptor that may not be read, or no more: whoever writes a line
 * never waits for its reader.
 *
 * They go into a ring, and a thread writes them out.  What finds no room is
 * dropped, and a line says how many were.  At the end what is in the ring gets
 * a last try, which has its bound.
 */
#pragma once

#include "base/slice.h"

struct log_out;

/* `warning` is the level of the line that counts, and static text.  0, -ENOMEM, or what the system
 * says of one more thread.  From here on a reader that leaves is no signal (SIGPIPE). */
int log_out_new(struct log_out **ret, int fd, const char *warning);
/* All parts and a newline as one line. */
void log_out_line(struct log_out *l, struct slice level, struct slice line);
uint64_t log_out_dropped(struct log_out *l); /* lines, since the start */
struct log_out *log_out_free(struct log_out *l);

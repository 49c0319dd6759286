/* log_out.h - lines of log to a descriptor that may not be read, or no more: whoever writes a line
 * never waits for its reader.
 *
 * They go into a ring, and a thread writes them out.  What finds no room is
 * dropped, and a line says how many were.  At the end what is in the ring gets
 * a last try, which has its bound.
 */
#pragma once

#include "base/buf.h"

struct log_out;

/* Writes the line about n lines that were dropped; from any thread that writes a line. */
typedef void log_out_note(void *arg, uint64_t n, struct buf *ret);

/* 0, -ENOMEM, or what the system says of one more thread.  From here on a reader that leaves is no
 * signal (SIGPIPE). */
int log_out_new(struct log_out **ret, int fd, log_out_note *note, void *arg);
/* All parts and a newline as one line. */
void log_out_line(struct log_out *l, struct slice level, struct slice line);
/* Lines that were lost before they came here: told and counted with those that are dropped. */
void log_out_lost(struct log_out *l, uint64_t n);
uint64_t log_out_dropped(struct log_out *l); /* lines, since the start */
struct log_out *log_out_free(struct log_out *l);

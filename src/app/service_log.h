/* service_log.h - the log of a service: lines with a level, as journals and people read them.
 */
#pragma once

#include "app/log_out.h"
#include "base/log.h"
#include "base/text.h"

struct service_log {
	struct log_out *out;  /* NULL: not open */
	enum log_level level; /* what is below it in weight is no line */
	struct buf *copy; /* gets each line that is written from now on, too; NULL: nobody does */
};

/* As log_out_new(). */
int service_log_open(struct service_log *l, int fd);
void service_log_close(struct service_log *l);
void service_log_line(struct service_log *l, enum log_level level, struct slice line);
void service_log_lines(struct service_log *l, enum log_level level, struct slice lines);
void service_log_text(struct service_log *l, enum log_level level, const struct text *t);

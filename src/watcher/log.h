/* log.h - the watcher's lines of log: each an event of watch/events.h. */
#pragma once

#include "app/service_log.h"
#include "watch/events.h"

/* What is put into the buffer belongs to the event until watch_log_end(). */
struct buf *watch_log_begin(struct service_log *l, enum watch_event e);
void watch_log_end(struct service_log *l, enum watch_event e);
/* A further field of the line that is begun. */
void watch_log_put(struct buf *line, const struct text *t);
void watch_log_text(struct service_log *l, enum watch_event e, const struct text *t);

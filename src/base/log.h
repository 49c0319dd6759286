/* log.h - one line of log: `subsystem event key=value ...`.
 *
 * Formats only; who writes the line, and where, is the driver's (app).
 * Texts are quoted when they hold a space, a quote, '=' or what is not
 * printable, and when they could be taken for a number; the bytes of controls,
 * of marks of direction (base/text.h) and of what is no UTF-8 become \xhh.
 * Never give it a secret or a message body.
 */
#pragma once

#include "base/buf.h"

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

const char *log_level_name(enum log_level level);
void log_begin(struct buf *b, const char *subsystem, const char *event);
void log_str(struct buf *b, const char *key, struct slice value);
void log_u64(struct buf *b, const char *key, uint64_t value);

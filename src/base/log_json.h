/* log_json.h - a line of log (base/log.h) as the members of a JSON object, RFC 8259: `subsystem`
 * and `event`, then each field, a number where it is one.
 *
 * What was escaped in the line is what it was; what is no UTF-8 becomes U+FFFD,
 * and controls and marks of direction stay escaped.
 */
#pragma once

#include "base/buf.h"

void log_json_put(struct buf *b, struct slice line);

/* trace_read.h - a trace that was kept as JSON (doc/stox.trace.schema.json), to be written in
 * another form: its messages.  Its phases are not read, and of the result there is nothing. */
#pragma once

#include "report/trace.h"

/* What cannot be read of it is left out; a file that is no trace has no messages.  0 or -ENOMEM;
 * trace_free() ends *ret. */
int trace_read(struct trace **ret, struct slice json);

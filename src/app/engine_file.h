/* engine_file.h - a file in which all that passes between engines and their driver leaves its line
 * (base/engine_trace.h), as it happens.
 *
 * What is traced is an engine around the engine: no driver can tell, and
 * without it nothing is slower.  The file is new, of mode 0600, and nothing
 * bounds it.  A fact's line is written before the engine has it, so that the
 * last line of a program that ends there says at what.  A write that fails
 * ends the trace, not the program.
 */
#pragma once

#include "base/text.h"
#include "base/world.h"

enum { ENGINE_FILE_ENGINES_MAX = 8 };

struct engine_file;

/* What is there is replaced, as by file_out.h; `path` is borrowed.  0, or -errno and a sentence in
 * `why`. */
int engine_file_new(struct engine_file **ret, const char *path, struct text *why);
struct engine_file *engine_file_free(
	struct engine_file *f); /* when the engines are called no more */
/* `e`, traced.  Its time begins with the first engine's `now`. */
struct engine engine_file_trace(struct engine_file *f, struct engine e, ts_t now);
/* Why the trace ended early; true once. */
bool engine_file_take_error(struct engine_file *f, struct text *ret);

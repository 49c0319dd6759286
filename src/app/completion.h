/* completion.h - scripts that complete stox's command line, for three shells, from its own tables.
 *
 * Whole scripts with everything in them: completing a word starts no stox.
 * Descriptions are in the language of whoever makes the script.
 */
#pragma once

#include "app/opt.h"

typedef void completion_fn(struct buf *b, text_look_up *look_up);

completion_fn completion_bash, completion_zsh, completion_fish;

/* What completes the value of an option. */
enum completion_kind {
	COMPLETION_NONE, /* anything may stand there, nothing is offered */
	COMPLETION_FILE,
	COMPLETION_FOLDER,
	COMPLETION_WORDS,
};
enum completion_kind completion_kind(const struct opt *o);
/* `text`, with a backslash before every byte of `special`. */
void completion_put_escaped(struct buf *b, const char *text, const char *special);

/* manual.h - the parts of the manual pages that follow from the tables of commands and options.
 *
 * As lines of mdoc(7), between the marks that scripts/make-manuals looks for in
 * doc/.  In the reader's language, so that a translated page is made the same way.
 */
#pragma once

#include "app/opt.h"

/* The list of a command's options. */
void manual_put_options(struct buf *b, const struct opt_command *cmd, text_look_up *look_up);
/* The list of all commands, each with the page that tells more. */
void manual_put_commands(struct buf *b, text_look_up *look_up);
/* The list of the events of the gateway's log, and of the watcher's. */
void manual_put_events(struct buf *b, text_look_up *look_up);
void manual_put_watch_events(struct buf *b, text_look_up *look_up);
/* The list of the gateway's metrics. */
void manual_put_metrics(struct buf *b, text_look_up *look_up);
/* The list of the names of --write-out. */
void manual_put_write_out(struct buf *b, text_look_up *look_up);

/* state_folder.h - the folder of a user's own for what a program keeps: $XDG_STATE_HOME/stox, else
 * ~/.local/state/stox. */
#pragma once

#include "base/buf.h"

/* Where it is, or would be; false: nobody says. */
bool state_folder_put(struct buf *path);
/* It, or the folder `below` in it (NULL: itself), made where it is not there; it is the user's
 * alone.  A descriptor of it, or -errno; `path` (append) has how far it got. */
int state_folder_open(const char *below, struct buf *path);

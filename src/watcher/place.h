/* place.h - where the history's file is when the configuration does not say it. */
#pragma once

#include "base/text.h"

/* `history.db` in the folder that systemd made for the service ($STATE_DIRECTORY), else in stox's
 * below $XDG_STATE_HOME or ~/.local/state, which is made.  To be freed; NULL: *why says what is in
 * the way. */
char *place_of_history(struct text *why);

/* advice.h - what is well formed and fits together, and still does not do what its writer expects.
 */
#pragma once

#include "conf/problems.h"

/* Adds to both; nothing of it keeps a command from running. */
void advise_conf(const struct conf *c, struct problems *warnings, struct problems *notes);

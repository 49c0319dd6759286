/* check.h - what is wrong with a configuration although each of its values is well formed. */
#pragma once

#include "conf/problems.h"

/* Adds to `problems`.  With problems already there, some values are missing for no fault of the
 * file, and only what is there is compared.  0 or -ENOMEM. */
int check_conf(const struct conf *c, struct problems *problems);
/* The section `watch`; the rest has no problems. */
void check_watch(const struct conf *c, struct problems *problems);

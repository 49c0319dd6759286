/* load.h - a tree of nodes into a struct, by the schema. */
#pragma once

#include "conf/problems.h"
#include "conf/schema.h"
#include "conf/tree.h"

/* Writes `base`, a zeroed struct of `section`; what is wrong is added to `problems` and left at its
 * default.  0 or -ENOMEM; either way load_free() frees what was made. */
int load_section(const struct section *section, void *base, const struct tree *tree,
	const struct node *node, struct problems *problems);
void load_free(const struct section *section, void *base);

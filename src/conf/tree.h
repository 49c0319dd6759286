/* tree.h - the YAML file as nodes with their places, on libyaml's event parser.
 *
 * A strict subset: one document, no anchors, aliases, tags or directives, no key twice.  What
 * breaks only a part is noted and reading goes on, so that one run shows several errors.
 */
#pragma once

#include "conf/problems.h"

enum {
	TREE_DEPTH_MAX = 12, /* the schema needs 5 */
	TREE_NODES_MAX = 131072,
	TREE_KEYS_MAX = 64, /* in one mapping */
};

enum node_kind {
	NODE_SCALAR,
	NODE_LIST,
	NODE_MAPPING, /* its children are key, value, key, value, ... */
	NODE_BROKEN,  /* already reported; say nothing more about it */
};

#define NODE_NONE UINT32_MAX

struct node {
	enum node_kind kind;
	bool plain; /* written without quotes */
	struct conf_place at;
	uint32_t text, n_text;      /* scalars: in tree.texts, with a NUL behind */
	uint32_t first, last, next; /* children, sibling; NODE_NONE */
	uint32_t n_children;
};

struct tree {
	struct node *nodes; /* the root is the first */
	size_t n, cap;
	struct buf texts;
};

/* 0; ERR_CONFIG when something was added to `problems` and there is no tree worth walking; -ENOMEM.
 * A tree may be worth walking and yet have problems: look at problems->n.  `t` is initialised in
 * every case, for tree_done(). */
int tree_read(struct tree *t, struct slice text, struct problems *problems);
void tree_done(struct tree *t);

const struct node *tree_node(const struct tree *t, uint32_t index); /* NODE_NONE gives NULL */
struct slice tree_text(const struct tree *t, const struct node *node);
const char *tree_cstr(const struct tree *t, const struct node *node);

/* xml_scope.h - which prefix stands for which namespace (private to xml_build.c), Namespaces in
 * XML 1.0.
 *
 * expat could do this, but for it a prefix without a declaration is the end of the stream, and
 * servers write such prefixes for what their users send.  Here a name that means nothing is
 * just that.  Bindings live in the arena of the element that declares them.
 */
#pragma once

#include "xmpp/xml_arena.h"

enum {
	XML_BINDINGS_MAX = 64, /* in scope at once: each prefixed name may look at all */
};

struct xml_binding {
	struct slice prefix, ns;
	bool is_usable; /* else what bears it means nothing, section 3 */
	const struct xml_binding *outer;
};

struct xml_scope {
	const struct xml_binding *prefixes; /* innermost first */
	const struct xml_binding *standard; /* the default namespace; NULL: none */
	unsigned n;
};

/* `xmlns` or `xmlns:prefix`. */
bool xml_scope_is_declaration(const char *attr);
/* 0; ERR_LIMIT when too many are in scope; -ENOMEM.  What may not be declared is passed over. */
int xml_scope_declare(struct xml_scope *s, struct xml_arena *a, struct xml_pool *pool,
	const char *attr, const char *value);
/* Slices of `qname` and of the binding; false when the name means nothing. */
bool xml_scope_element(const struct xml_scope *s, struct slice qname, struct slice *ret_ns,
	struct slice *ret_name);
bool xml_scope_attr(const struct xml_scope *s, struct slice qname, struct slice *ret_ns,
	struct slice *ret_name);

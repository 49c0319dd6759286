/* Looking into a tree. */
#include "xmpp/xml.h"

#include <string.h>

static const struct xml_attr *find_attr(const struct xml_node *n, const char *ns, const char *name)
{
	for (const struct xml_attr *a = n->attrs; a; a = a->next)
		if (slice_eqs(a->name, name) && slice_eqs(a->ns, ns))
			return a;
	return NULL;
}

struct slice xml_attr(const struct xml_node *n, const char *name)
{
	const struct xml_attr *a = find_attr(n, "", name);

	return a ? a->value : SLICE("");
}

struct slice xml_lang(const struct xml_node *n)
{
	for (; n; n = n->parent) {
		const struct xml_attr *a = find_attr(n, NS_XML, "lang");

		if (a)
			return a->value;
	}
	return SLICE("");
}

bool xml_is(const struct xml_node *n, const char *ns, const char *name)
{
	return slice_eqs(n->name, name) && (!ns || slice_eqs(n->ns, ns));
}

const struct xml_node *xml_child(const struct xml_node *n, const char *ns, const char *name)
{
	for (const struct xml_node *c = n->child; c; c = c->next)
		if (xml_is(c, ns, name))
			return c;
	return NULL;
}

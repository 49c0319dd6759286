#include "probe/others.h"

#include <string.h>

#include "base/mem.h"

static struct other *find(struct others *o, const char *resource)
{
	for (unsigned i = 0; i < o->n; i++)
		if (strcmp(o->list[i].resource, resource) == 0)
			return &o->list[i];
	return NULL;
}

/* RFC 6121 section 4.7.2.3: from -128 to 127, 0 without one. */
static int read_priority(const struct stanza *s)
{
	const struct xml_node *node = xml_child(s->node, NS_CLIENT, "priority");
	struct slice text = node ? slice_trim(node->text) : SLICE_NONE;
	const bool minus = slice_starts(text, SLICE("-"));
	uint64_t n;

	if (!slice_u64(slice_skip(text, minus), 128, &n))
		return 0;
	return minus ? -(int)n : (int)n;
}

void others_push(struct others *o, const struct stanza *presence, const struct jid *account)
{
	struct other one = { .priority = read_priority(presence) };
	struct where where;
	struct jid from;

	if (jid_decode(presence->from, &from, &where) || !jid_bare_eq(&from, account) ||
		!from.n_resource)
		return;
	const struct slice full = jid_full(&from);
	const struct slice resource = slice_skip(full, full.n - from.n_resource);
	slice_cstr(slice_cut(resource, 0, sizeof(one.resource) - 1), one.resource,
		sizeof(one.resource));
	struct other *known = find(o, one.resource);
	if (slice_eqs(presence->type, "unavailable")) {
		if (known)
			*known = o->list[--o->n];
	} else if (presence->type.n == 0 && (known || o->n < OTHERS_MAX)) {
		*(known ? known : &o->list[o->n++]) = one;
	}
}

const struct other *others_rival(const struct others *o, int priority)
{
	const struct other *rival = NULL;

	for (unsigned i = 0; i < o->n; i++)
		if (o->list[i].priority >= (rival ? rival->priority + 1 : priority))
			rival = &o->list[i];
	return rival;
}

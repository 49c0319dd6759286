/* From (engine, flow) to sockets, and the facts that must wait until an engine is drained. */
#include "app/pump_private.h"
#include "base/err.h"
#include "base/mem.h"

struct link *pump_find_link(struct pump *p, const struct member *m, flow_t id)
{
	struct link wanted = { .key = { (uintptr_t)m, id } };

	return MAP_FIND(&p->links, slice_of(&wanted.key, sizeof(wanted.key)), struct link, node);
}

struct link *pump_add_link(struct pump *p, struct member *m, flow_t id)
{
	struct link *l = mem_alloc0(sizeof(*l));

	if (!l)
		return NULL;
	l->key.engine = (uintptr_t)m;
	l->key.flow = id;
	l->m = m;
	if (map_insert(&p->links, &l->node, slice_of(&l->key, sizeof(l->key))))
		return mem_free(l);
	list_append(&m->links, &l->all);
	return l;
}

void pump_remove_link(struct pump *p, struct link *l)
{
	map_remove(&p->links, &l->node);
	list_remove(&l->all);
	mem_free(l);
}

void pump_drop_links(struct pump *p, struct member *m)
{
	for (struct link *l; (l = LIST_FIRST(&m->links, struct link, all));) {
		flow_drop(l->flow);
		pump_remove_link(p, l);
	}
}

int pump_try_later(struct pump *p, struct member *m, const struct fact *in)
{
	struct later *l = mem_alloc0(sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->m = m;
	l->serial = m->serial;
	l->in = *in;
	if (in->local)
		l->local = *in->local;
	if (in->peer)
		l->peer = *in->peer;
	l->in.local = &l->local;
	l->in.peer = &l->peer;
	list_append(&p->later, &l->node);
	return 0;
}

void pump_push_later(struct pump *p, struct member *m, const struct fact *in)
{
	int err = pump_try_later(p, m, in);

	if (err)
		p->err = err; /* an engine that waits for it would wait for ever */
}

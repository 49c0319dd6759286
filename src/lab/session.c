#include "lab/session.h"

#include <string.h>

#include "base/mem.h"
#include "lab/lab.h"

void sessions_init(struct sessions *all, struct shell *shell, struct rng *rng)
{
	*all = (struct sessions){ .shell = shell };
	map_init(&all->by_flow, LAB_CONNS_MAX, rng);
	list_init(&all->all);
}

void sessions_done(struct sessions *all)
{
	for (struct session *s; (s = LIST_FIRST(&all->all, struct session, all));)
		session_free(all, s);
	map_done(&all->by_flow);
}

struct session *session_new(
	struct sessions *all, flow_t flow, const struct addr *peer, bool is_component)
{
	struct session *s = mem_alloc0(sizeof(*s));

	if (!s)
		return NULL;
	s->flow = flow;
	s->peer = *peer;
	s->is_component = is_component;
	if (map_insert(&all->by_flow, &s->node, slice_of(&s->flow, sizeof(s->flow))))
		return mem_free(s);
	list_append(&all->all, &s->all);
	return s;
}

void session_free(struct sessions *all, struct session *s)
{
	if (all->component == s)
		all->component = NULL;
	map_remove(&all->by_flow, &s->node);
	list_remove(&s->all);
	xhost_free(s->host);
	mem_free(s);
}

struct session *session_find(const struct sessions *all, flow_t flow)
{
	return MAP_FIND(&all->by_flow, slice_of(&flow, sizeof(flow)), struct session, node);
}

bool session_is_for(const struct session *s, const struct jid *to)
{
	struct slice jid = slice_str(s->jid);

	if (!xhost_is_ready(s->host) || s->is_component)
		return false;
	if (to->n_resource)
		return slice_eq(jid, jid_full(to));
	return s->available && slice_eq(slice_cut(jid, 0, slice_chr(jid, '/')), jid_bare(to));
}

bool session_is_bound(const struct sessions *all, const char *user, struct slice resource)
{
	struct list *n, *t;

	LIST_EACH(n, t, &all->all)
	{
		const struct session *s = LIST_OWNER(n, struct session, all);
		struct slice jid = slice_str(s->jid);

		if (xhost_is_ready(s->host) && !s->is_component && strcmp(s->user, user) == 0 &&
			slice_eq(slice_skip(jid, slice_chr(jid, '/') + 1), resource))
			return true;
	}
	return false;
}

struct buf *session_begin(struct session *s)
{
	struct xstream *x = xhost_stream(s->host);

	return x ? xstream_begin(x) : NULL;
}

void session_commit(struct sessions *all, struct session *s, ts_t now)
{
	if (xstream_commit(xhost_stream(s->host), now) == 0)
		return;
	shell_log(all->shell, "xmpp", "stanza-not-sent");
	shell_emit(all->shell, LAB_EV_LOG, true, LOG_LEVEL_ERROR);
}

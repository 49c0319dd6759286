/* Ways: flows with their unfinished messages, and the peers of datagrams.  Each knows the clients
 * that fail with it. */
#include <string.h>

#include "base/mem.h"
#include "sip/tl_private.h"

void tl_flows_init(struct tl *tl)
{
	map_init(&tl->flows, tl->cfg.flows_max, tl->rng);
	/* Each client has one at the most. */
	map_init(&tl->peers, (size_t)tl->cfg.clients_max + TL_IDLE_PEERS_MAX + 1, tl->rng);
	list_init(&tl->idle_peers);
}

/* ---- flows ---- */

int tl_flow_add(struct tl *tl, const struct origin *o)
{
	struct tl_flow *f = mem_alloc0(sizeof(*f));

	if (!f)
		return -ENOMEM;
	list_init(&f->way.clients);
	list_init(&f->servers);
	f->origin = *o;
	sip_frame_init(&f->frame);
	int err = map_insert(
		&tl->flows, &f->way.node, slice_of(&f->origin.flow, sizeof(f->origin.flow)));
	if (err)
		mem_free(f);
	return err;
}

struct tl_flow *tl_flow_find(struct tl *tl, flow_t flow)
{
	if (tl->last_flow && tl->last_flow->origin.flow == flow)
		return tl->last_flow;
	tl->last_flow =
		MAP_FIND(&tl->flows, slice_of(&flow, sizeof(flow)), struct tl_flow, way.node);
	return tl->last_flow;
}

void tl_flow_up(struct tl *tl, flow_t flow, const struct addr *local, const struct addr *peer)
{
	struct tl_flow *f = tl_flow_find(tl, flow);

	if (!f)
		return;
	f->origin.local = *local;
	f->origin.peer = *peer;
}

size_t tl_flow_bytes(struct tl *tl, flow_t flow)
{
	struct tl_flow *f = tl_flow_find(tl, flow);

	if (!f)
		return 0;
	sip_frame_trim(&f->frame);
	return f->frame.in.cap;
}

bool tl_flow_is_within(struct tl *tl, flow_t flow)
{
	const struct tl_flow *f = tl_flow_find(tl, flow);

	/* A CRLF alone may be half a ping. */
	return f && !f->frame.err && slice_trim(sip_frame_rest(&f->frame)).n > 0;
}

void tl_flow_free(struct tl *tl, struct tl_flow *f)
{
	if (tl->last_flow == f)
		tl->last_flow = NULL;
	map_remove(&tl->flows, &f->way.node);
	mem_free(f);
}

/* ---- peers of datagrams ---- */

static void write_key(uint8_t key[24], const struct addr *a)
{
	memset(key, 0, 24);
	memcpy(key, a->ip, sizeof(a->ip));
	memcpy(key + 16, &a->scope, sizeof(a->scope));
	memcpy(key + 20, &a->port, sizeof(a->port));
	key[22] = a->family;
}

static void peer_free(struct tl *tl, struct tl_peer *p)
{
	if (tl->last_peer == p)
		tl->last_peer = NULL;
	if (!list_empty(&p->idle)) {
		list_remove(&p->idle);
		tl->n_idle_peers--;
	}
	map_remove(&tl->peers, &p->way.node);
	mem_free(p);
}

static struct tl_peer *find(struct tl *tl, const struct addr *a)
{
	uint8_t key[24];

	if (tl->last_peer && addr_eq(&tl->last_peer->addr, a))
		return tl->last_peer;
	write_key(key, a);
	tl->last_peer = MAP_FIND(&tl->peers, slice_of(key, sizeof(key)), struct tl_peer, way.node);
	return tl->last_peer;
}

struct tl_way *tl_peer_find(struct tl *tl, const struct addr *peer)
{
	struct tl_peer *p = find(tl, peer);

	return p ? &p->way : NULL;
}

static void rest(struct tl *tl, struct tl_peer *p)
{
	list_append(&tl->idle_peers, &p->idle);
	if (++tl->n_idle_peers > TL_IDLE_PEERS_MAX)
		peer_free(tl, LIST_FIRST(&tl->idle_peers, struct tl_peer, idle));
}

static struct tl_peer *peer_new(struct tl *tl, const struct addr *a)
{
	struct tl_peer *p = mem_alloc0(sizeof(*p));

	if (!p)
		return NULL;
	list_init(&p->way.clients);
	list_init(&p->idle);
	p->addr = *a;
	write_key(p->key, a);
	if (map_insert(&tl->peers, &p->way.node, slice_of(p->key, sizeof(p->key))))
		return mem_free(p);
	tl->last_peer = p;
	return p;
}

struct tl_way *tl_way_get(struct tl *tl, const struct origin *to)
{
	if (to->flow) {
		struct tl_flow *f = tl_flow_find(tl, to->flow);

		return f ? &f->way : NULL;
	}
	struct tl_peer *p = find(tl, &to->peer);
	if (!p)
		p = peer_new(tl, &to->peer);
	if (!p)
		return NULL;
	if (!list_empty(&p->idle)) {
		list_remove(&p->idle);
		tl->n_idle_peers--;
	}
	return &p->way;
}

void tl_way_left(struct tl *tl, const struct origin *to, struct tl_way *way)
{
	if (!to->flow && list_empty(&way->clients))
		rest(tl, LIST_OWNER(way, struct tl_peer, way));
}

void tl_flows_done(struct tl *tl)
{
	for (struct map_node *n; (n = map_next(&tl->flows, NULL));) {
		struct tl_flow *f = LIST_OWNER(n, struct tl_flow, way.node);

		sip_frame_done(&f->frame);
		tl_flow_free(tl, f);
	}
	for (struct map_node *n; (n = map_next(&tl->peers, NULL));)
		peer_free(tl, LIST_OWNER(n, struct tl_peer, way.node));
	map_done(&tl->flows);
	map_done(&tl->peers);
}

bool tl_send(struct tl *tl, const struct origin *o)
{
	return outbox_send(tl->cfg.out, o->flow, o->listener, &o->peer, &o->local);
}

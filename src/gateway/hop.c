#include "gateway/hop.h"

#include <string.h>

#include "base/mem.h"
#include "gateway/hop_socket.h"
#include "sip/locate.h"
#include "sip/write.h"

enum {
	AGAIN_S = 5,
	WAY_MS = 32000, /* as timer F: what is not sent by then is as good as not answered */
	BRANCH_BYTES = 7 + 16 + 16, /* of tl.h, with a `mix` */
};

struct hop {
	const struct lent *lent;
	struct conns *conns;
	struct tl *tl;
	struct locate *locate;
	uint32_t dns_base; /* questions of this look-up are numbered behind it */
	ts_t again;        /* a failed look-up is repeated not before */
	bool known;
	struct targets_target target;
	unsigned turn; /* counts the targets: each fails once, however many messages it loses */
	ts_t heard;    /* the last answer of the present target */
	struct hop_socket socket;
	flow_t flow; /* 0: no connection to the target */
	unsigned flow_turn;
	flow_t left;         /* the connection to the target before; 0: none */
	struct list waiting; /* for the way, the longest first */
	bool may_go;         /* the way came up since they were looked at */
	struct list failed;
};

/* ---- where it is ---- */

static void ask(struct hop *h)
{
	struct targets_question q;

	while (locate_take_question(h->locate, &q)) {
		struct want *w = shell_want(h->lent->shell, WANT_DNS);

		w->dns_id = h->dns_base + q.id;
		w->dns_type = q.type;
		memcpy(w->name, q.name, sizeof(w->name));
	}
}

static void need_socket(struct hop *h)
{
	if (h->known && h->target.transport == TRANSPORT_UDP)
		hop_socket_need(&h->socket, &h->target.addr);
}

static void next_target(struct hop *h)
{
	h->known = locate_take_target(h->locate, &h->target);
	h->turn++;
	need_socket(h);
}

static int find(struct hop *h, ts_t now)
{
	const struct locate_cfg cfg = {
		.uri = slice_str(h->lent->cfg->next_hop),
		.can = { [TRANSPORT_UDP] = true, [TRANSPORT_TCP] = true },
		.fallback = TRANSPORT_UDP,
	};

	h->locate = locate_free(h->locate);
	h->again = ts_add(now, TS_S(AGAIN_S));
	int err = locate_new(&h->locate, &cfg, h->lent->rng);
	if (err)
		return err;
	h->dns_base = *h->lent->last_dns;
	*h->lent->last_dns += TARGETS_QUESTIONS_MAX;
	ask(h);
	next_target(h);
	return 0;
}

static void tell_not_found(struct hop *h)
{
	struct targets_failure failure;
	struct buf *b = shell_log(h->lent->shell, "sip", "next-hop-not-found");

	locate_failure(h->locate, &failure);
	log_str(b, "name", slice_str(failure.name));
	log_str(b, "status", slice_str(dns_status_name(failure.status)));
	shell_emit(h->lent->shell, GATEWAY_EV_LOG, true, LOG_LEVEL_ERROR);
}

void hop_push_dns(struct hop *h, const struct fact *in)
{
	if (!h->locate || in->dns_id <= h->dns_base ||
		in->dns_id > h->dns_base + TARGETS_QUESTIONS_MAX)
		return;
	locate_push_answer(h->locate, in->dns_id - h->dns_base, in->dns);
	ask(h);
	if (!h->known) {
		next_target(h);
		h->may_go = true;
	}
	if (locate_state(h->locate) == TARGETS_FAILED)
		tell_not_found(h);
}

bool hop_is_known(struct hop *h, ts_t now)
{
	if (!h->known && now >= h->again)
		(void)find(h, now);
	return h->known;
}

/* The target of that turn failed: the next one of the same look-up, or a new look-up, serves what
 * follows.  A target that has had its turn fails no more. */
static void target_failed(struct hop *h, unsigned turn, ts_t now)
{
	if (turn != h->turn)
		return;
	next_target(h);
	(void)hop_is_known(h, now);
}

/* ---- the way ---- */

static struct conn *connection(const struct hop *h)
{
	return h->flow ? conns_find(h->conns, h->flow) : NULL;
}

/* It finishes what it has; the one that was left before it has had its time, and a proxy that hangs
 * would never close it. */
static void leave_connection(struct hop *h)
{
	struct conn *before = h->left ? conns_find(h->conns, h->left) : NULL;

	if (before)
		conn_close(h->conns, before, WANT_DROP_FLOW);
	h->left = h->flow;
}

static struct conn *need_connection(struct hop *h)
{
	struct conn *c = connection(h);

	if (c && addr_eq(&conn_origin(c)->peer, &h->target.addr))
		return c;
	if (c)
		leave_connection(h);
	c = conns_connect(h->conns, &h->target.addr);
	h->flow = c ? conn_origin(c)->flow : 0;
	h->flow_turn = h->turn;
	return c;
}

/* NULL while nothing can go out. */
static const struct origin *way(struct hop *h)
{
	if (h->target.transport == TRANSPORT_UDP)
		return hop_socket_origin(&h->socket);
	const struct conn *c = connection(h);
	return c && conn_is_up(c) && addr_eq(&conn_origin(c)->peer, &h->target.addr)
		       ? conn_origin(c)
		       : NULL;
}

size_t hop_via_max(struct hop *h)
{
	struct addr longest = { .family = h->target.addr.family, .port = UINT16_MAX };
	const struct origin *o = way(h);
	char text[ADDR_TEXT_MAX];

	memset(longest.ip, 0xff, longest.family == 4 ? 4 : sizeof(longest.ip));
	return strlen("Via: SIP/2.0/UDP ;branch=;rport\r\n") + BRANCH_BYTES +
	       strlen(addr_text(o ? &o->local : &longest, text));
}

/* ---- requests ---- */

void hop_item_init(struct hop_item *item)
{
	*item = (struct hop_item){ 0 };
	list_init(&item->queue);
}

static void fail(struct hop *h, struct hop_item *item)
{
	item->place = 0;
	list_remove(&item->queue);
	list_append(&h->failed, &item->queue);
}

/* The transaction layer hands the pointer back: an item lives at least until its transaction is
 * over or withdrawn. */
static uint64_t item_to_ref(struct hop_item *item)
{
	return (uint64_t)(uintptr_t)item;
}

static struct hop_item *ref_to_item(uint64_t ref)
{
	return (struct hop_item *)(uintptr_t)ref;
}

static void send(struct hop *h, struct hop_item *item, const struct origin *o, ts_t now)
{
	struct slice branch;

	list_remove(&item->queue);
	item->flow = o->flow;
	item->turn = o->flow ? h->flow_turn : h->turn;
	item->begun = now;
	struct buf *b = tl_request(h->tl, item_to_ref(item), o, item->draft.mix, &branch);
	if (!b) {
		fail(h, item);
		return;
	}
	buf_put(b, item->draft.line);
	sip_put_via(b, o->transport, &o->local, branch);
	buf_put(b, item->draft.rest);
	if (tl_request_end(h->tl, SIP_METHOD_MESSAGE, &item->place, now))
		fail(h, item);
}

static void wait(struct hop *h, struct hop_item *item, ts_t now)
{
	item->flow = 0;
	item->turn = h->turn;
	item->begun = now;
	if (h->target.transport != TRANSPORT_UDP) {
		const struct conn *c = need_connection(h);

		if (!c) { /* no memory, or too many of them */
			fail(h, item);
			return;
		}
		item->flow = conn_origin(c)->flow;
	}
	list_append(&h->waiting, &item->queue);
}

void hop_request(
	struct hop *h, struct hop_item *item, uint64_t ref, const struct sip_draft *draft, ts_t now)
{
	const struct origin *o = h->known ? way(h) : NULL;

	item->ref = ref;
	item->draft = *draft;
	if (!h->known)
		fail(h, item);
	else if (o)
		send(h, item, o, now);
	else
		wait(h, item, now);
}

void hop_withdraw(struct hop *h, struct hop_item *item)
{
	list_remove(&item->queue);
	if (item->place)
		tl_withdraw(h->tl, item->place);
	item->place = 0;
}

static struct hop_item *first_of(const struct list *items)
{
	return LIST_FIRST(items, struct hop_item, queue);
}

static void fail_waiting(struct hop *h, flow_t flow)
{
	struct list *n, *t;

	LIST_EACH(n, t, &h->waiting)
	{
		struct hop_item *item = LIST_OWNER(n, struct hop_item, queue);

		if (flow == 0 || item->flow == flow)
			fail(h, item);
	}
}

/* ---- what happens to the way ---- */

void hop_push_way(struct hop *h)
{
	h->may_go = true;
}

/* The network to the hop may not be there yet, and the next target may be of another family. */
static void way_failed(struct hop *h, const struct addr *toward, int err, ts_t now)
{
	char text[ADDR_TEXT_MAX];
	struct buf *b = shell_log(h->lent->shell, "sip", "next-hop-not-reached");

	log_str(b, "address", slice_str(addr_text(toward, text)));
	log_str(b, "error", slice_str(err_text(err)));
	shell_emit(h->lent->shell, GATEWAY_EV_LOG, true, LOG_LEVEL_ERROR);
	target_failed(h, h->turn, now);
	fail_waiting(h, 0);
}

bool hop_push_listen(struct hop *h, const struct fact *in, ts_t now)
{
	struct addr toward;

	switch (hop_socket_push(&h->socket, in, &toward)) {
	case HOP_SOCKET_NOT_OURS: return false;
	case HOP_SOCKET_NOTHING: break;
	case HOP_SOCKET_UP: hop_push_way(h); break;
	case HOP_SOCKET_FAILED: way_failed(h, &toward, in->err, now); break;
	}
	return true;
}

void hop_push_conn_lost(struct hop *h, const struct conn *c, ts_t now)
{
	const flow_t flow = conn_origin(c)->flow;

	if (flow == h->flow) {
		h->flow = 0;
		/* A peer may close a connection whenever it likes: that is no failure of the
		 * target, being unable to connect is. */
		if (!conn_is_up(c))
			target_failed(h, h->flow_turn, now);
	}
	fail_waiting(h, flow);
}

void hop_push_time(struct hop *h, ts_t now)
{
	for (struct hop_item *i;
		(i = first_of(&h->waiting)) && ts_add(i->begun, TS_MS(WAY_MS)) <= now;) {
		target_failed(h, i->turn, now);
		fail(h, i);
	}
}

/* ---- events ---- */

/* Silence about one message is not silence: RFC 3263 section 4.3, and RFC 4320 forbids a proxy to
 * say 408 for a phone that is not there.  A connection that breaks was dealt with as it broke. */
static bool is_targets_fault(
	const struct hop *h, const struct hop_item *item, const struct tl_event *ev)
{
	return ev->type == TL_EV_TIMEOUT ? h->heard < item->begun : !item->flow;
}

bool hop_push_event(struct hop *h, const struct tl_event *in, struct hop_event *ret, ts_t now)
{
	struct hop_item *item = ref_to_item(in->ref);
	const bool answered = in->type == TL_EV_PROVISIONAL || in->type == TL_EV_FINAL;

	if (answered && item->turn == h->turn)
		h->heard = now;
	if (in->type == TL_EV_PROVISIONAL)
		return false;
	item->place = 0;
	if (!answered && is_targets_fault(h, item, in))
		target_failed(h, item->turn, now);
	*ret = (struct hop_event){
		.type = answered ? HOP_EV_FINAL : HOP_EV_FAILED, .ref = item->ref, .msg = in->msg
	};
	return true;
}

/* The target is another one than when they began to wait. */
static void follow_target(struct hop *h)
{
	const struct conn *c = h->target.transport == TRANSPORT_UDP ? NULL : need_connection(h);
	struct list *n, *t;

	LIST_EACH(n, t, &h->waiting)
	{
		LIST_OWNER(n, struct hop_item, queue)->flow = c ? conn_origin(c)->flow : 0;
	}
}

/* Those that waited for the way, in their order, as long as there is room. */
static void go_on(struct hop *h, ts_t now)
{
	for (struct hop_item *i; h->may_go && (i = first_of(&h->waiting));) {
		const struct origin *o = h->known ? way(h) : NULL;

		if (!shell_has_room(h->lent->shell))
			return;
		if (o) {
			send(h, i, o, now);
		} else if (h->known) {
			follow_target(h);
			break;
		} else {
			fail(h, i);
		}
	}
	h->may_go = false;
}

bool hop_take_event(struct hop *h, bool room, struct hop_event *ret, ts_t now)
{
	go_on(h, now);
	struct hop_item *item = room ? first_of(&h->failed) : NULL;
	if (!item)
		return false;
	list_remove(&item->queue);
	*ret = (struct hop_event){ .type = HOP_EV_FAILED, .ref = item->ref };
	return true;
}

ts_t hop_deadline(const struct hop *h)
{
	const struct hop_item *i = first_of(&h->waiting);

	if (!list_empty(&h->failed) || (h->may_go && i))
		return 0;
	return i ? ts_add(i->begun, TS_MS(WAY_MS)) : TS_NEVER;
}

/* ---- life ---- */

int hop_new(struct hop **ret, const struct lent *lent, struct listeners *listeners,
	struct conns *conns, struct tl *tl, ts_t now)
{
	struct hop *h = mem_alloc0(sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->lent = lent;
	h->conns = conns;
	h->tl = tl;
	list_init(&h->waiting);
	list_init(&h->failed);
	hop_socket_init(&h->socket, lent, listeners);
	int err = find(h, now);
	if (err)
		hop_free(h);
	else
		*ret = h;
	return err;
}

struct hop *hop_free(struct hop *h)
{
	if (!h)
		return NULL;
	locate_free(h->locate);
	return mem_free(h);
}

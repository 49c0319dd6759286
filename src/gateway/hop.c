#include "gateway/hop.h"

#include <string.h>

#include "base/mem.h"
#include "gateway/hop_socket.h"
#include "gateway/hop_target.h"
#include "sip/write.h"

enum {
	WAY_MS = 5000, /* for a connection or socket: two lost SYNs (RFC 6298), then the next target
			*/
	TRIAL_MS = 100,             /* a closed port says so in less */
	BRANCH_BYTES = 7 + 16 + 16, /* of tl.h, with a `mix` */
};

struct hop {
	const struct lent *lent;
	const struct listeners *listeners;
	struct conns *conns;
	struct tl *tl;
	struct hop_target target;
	ts_t heard; /* the last answer of the present target */
	struct hop_socket socket;
	flow_t flow; /* 0: no connection to the target */
	unsigned flow_turn;
	flow_t left;         /* the connection to the target before; 0: none */
	ts_t way_by;         /* the way has time to come up; TS_NEVER: nothing waits for it */
	struct list waiting; /* for the way, the longest first */
	bool may_go;         /* there may be one since they were looked at */
	/* Over UDP nothing says that a target is back.  So one request tries it, and if no error
	 * follows the others do. */
	bool on_trial;
	const struct hop_item *trial; /* NULL: none is out */
	ts_t trial_by;
	struct list failed;
};

/* ---- the way ---- */

static bool is_udp(const struct hop *h)
{
	return h->target.at.transport == TRANSPORT_UDP;
}

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

	if (c && addr_eq(&conn_origin(c)->peer, &h->target.at.addr))
		return c;
	if (c)
		leave_connection(h);
	c = conns_connect(h->conns, &h->target.at.addr);
	h->flow = c ? conn_origin(c)->flow : 0;
	h->flow_turn = h->target.turn;
	return c;
}

/* NULL while nothing can go out. */
static const struct origin *way(struct hop *h)
{
	if (!h->target.known)
		return NULL;
	if (is_udp(h))
		return hop_socket_origin(&h->socket);
	const struct conn *c = connection(h);
	return c && conn_is_up(c) && addr_eq(&conn_origin(c)->peer, &h->target.at.addr)
		       ? conn_origin(c)
		       : NULL;
}

/* Another target than before, or none. */
static void turn_to_target(struct hop *h)
{
	h->way_by = TS_NEVER;
	h->may_go = true;
	if (h->target.known && is_udp(h))
		hop_socket_need(&h->socket, &h->target.at.addr);
}

static void target_failed(struct hop *h, unsigned turn, int err, ts_t now)
{
	if (turn != h->target.turn)
		return;
	hop_target_push_failed(&h->target, turn, err, now);
	h->on_trial |= !h->target.known; /* what comes next was tried before */
	h->trial = NULL;
	turn_to_target(h);
}

/* A next hop that is ourselves would hand us each message again and again. */
static bool leads_to_us(const struct hop *h, const struct origin *o)
{
	return o && listeners_are_at(h->listeners, o->transport, &o->peer, &o->local);
}

static void reached(struct hop *h, ts_t now)
{
	hop_target_push_reached(&h->target, now);
	h->may_go |= h->on_trial;
	h->on_trial = false;
	h->trial = NULL;
}

/* There is none yet: it gets its time. */
static void need_way(struct hop *h, ts_t now)
{
	if (!is_udp(h) && !need_connection(h)) { /* no memory, or too many of them */
		target_failed(h, h->target.turn, ENOMEM, now);
		return;
	}
	if (h->way_by == TS_NEVER)
		h->way_by = ts_add(now, TS_MS(WAY_MS));
}

/* A connection that does not come is no way later either. */
static void way_overdue(struct hop *h, ts_t now)
{
	struct conn *c = connection(h);

	if (c && !conn_is_up(c)) {
		conn_close(h->conns, c, WANT_DROP_FLOW);
		h->flow = 0;
	}
	target_failed(h, h->target.turn, ETIMEDOUT, now);
}

size_t hop_via_max(struct hop *h)
{
	const uint8_t family = h->target.known ? h->target.at.addr.family : 6;
	struct addr longest = { .family = family, .port = UINT16_MAX };
	const struct origin *o = way(h);
	char text[ADDR_TEXT_MAX];

	memset(longest.ip, 0xff, family == 4 ? 4 : sizeof(longest.ip));
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
	item->turn = o->flow ? h->flow_turn : h->target.turn;
	item->begun = now;
	struct buf *b = tl_request(h->tl, item_to_ref(item), o, item->draft.mix, &branch);
	if (!b) {
		fail(h, item);
		return;
	}
	buf_put(b, item->draft.line);
	sip_put_via(b, o->transport, &o->local, branch);
	buf_put(b, item->draft.rest);
	if (tl_request_end(h->tl, SIP_METHOD_MESSAGE, &item->place, now)) {
		fail(h, item);
		return;
	}
	h->way_by = TS_NEVER;
	if (h->on_trial) {
		h->trial = item;
		h->trial_by = ts_add(now, TS_MS(TRIAL_MS));
	}
}

static void wait(struct hop *h, struct hop_item *item)
{
	list_remove(&item->queue);
	list_append(&h->waiting, &item->queue);
	h->may_go = true;
}

void hop_request(
	struct hop *h, struct hop_item *item, uint64_t ref, const struct sip_draft *draft, ts_t now)
{
	const struct origin *o = list_empty(&h->waiting) && !h->on_trial ? way(h) : NULL;

	item->ref = ref;
	item->draft = *draft;
	if (o && !leads_to_us(h, o))
		send(h, item, o, now);
	else
		wait(h, item);
}

void hop_withdraw(struct hop *h, struct hop_item *item)
{
	list_remove(&item->queue);
	if (item->place)
		tl_withdraw(h->tl, item->place);
	item->place = 0;
	if (item == h->trial) { /* it showed nothing */
		h->trial = NULL;
		h->may_go = true;
	}
}

static struct hop_item *first_of(const struct list *items)
{
	return LIST_FIRST(items, struct hop_item, queue);
}

/* ---- what happens to the way ---- */

void hop_push_way(struct hop *h)
{
	h->may_go = true;
}

void hop_push_dns(struct hop *h, const struct fact *in, ts_t now)
{
	if (hop_target_push_dns(&h->target, in, now))
		turn_to_target(h);
}

bool hop_push_listen(struct hop *h, const struct fact *in, ts_t now)
{
	struct addr toward;

	switch (hop_socket_push(&h->socket, in, &toward)) {
	case HOP_SOCKET_NOT_OURS: return false;
	case HOP_SOCKET_NOTHING: break;
	case HOP_SOCKET_UP: hop_push_way(h); break;
	case HOP_SOCKET_FAILED: /* the next target may be of another family */
		target_failed(h, h->target.turn, in->err, now);
		break;
	}
	return true;
}

void hop_push_conn_up(struct hop *h, const struct conn *c, ts_t now)
{
	if (conn_origin(c)->flow == h->flow)
		reached(h, now);
	h->may_go = true;
}

void hop_push_conn_lost(struct hop *h, const struct conn *c, int err, ts_t now)
{
	if (conn_origin(c)->flow != h->flow)
		return;
	h->flow = 0;
	h->may_go = true;
	/* A peer may close a connection whenever it likes: that is no failure of the target, being
	 * unable to connect is. */
	if (!conn_is_up(c))
		target_failed(h, h->flow_turn, err, now);
}

void hop_push_time(struct hop *h, ts_t now)
{
	if (h->trial && now >= h->trial_by) {
		h->trial = NULL;
		h->on_trial = false;
		h->may_go = true;
	}
	if (now >= h->way_by)
		way_overdue(h, now);
}

/* ---- events ---- */

/* Silence about one message is not silence: RFC 3263 section 4.3, and RFC 4320 forbids a proxy to
 * say 408 for a phone that is not there.  A connection that breaks was dealt with as it broke. */
static bool is_targets_fault(
	const struct hop *h, const struct hop_item *item, const struct tl_event *ev)
{
	return ev->type == TL_EV_TIMEOUT ? h->heard < item->begun : !item->flow;
}

/* RFC 3263 section 4.3: after a transport error the next target gets it.  Not when it was repeated:
 * the first one may have arrived, and its receiver would read it twice. */
static bool goes_again(const struct hop_item *item, const struct tl_event *ev)
{
	return ev->type == TL_EV_FAILED && !item->flow && ev->sends == 1;
}

bool hop_push_event(struct hop *h, const struct tl_event *in, struct hop_event *ret, ts_t now)
{
	struct hop_item *item = ref_to_item(in->ref);
	const bool answered = in->type == TL_EV_PROVISIONAL || in->type == TL_EV_FINAL;

	if (answered && item->turn == h->target.turn) {
		h->heard = now;
		reached(h, now);
	}
	if (in->type == TL_EV_PROVISIONAL)
		return false;
	item->place = 0;
	if (!answered && is_targets_fault(h, item, in))
		target_failed(h, item->turn, in->err, now);
	if (item == h->trial)
		h->trial = NULL;
	if (goes_again(item, in)) {
		wait(h, item);
		return false;
	}
	*ret = (struct hop_event){ .type = answered ? HOP_EV_FINAL : HOP_EV_FAILED,
		.ref = item->ref,
		.msg = in->msg,
		.why = in->type == TL_EV_TIMEOUT ? ANSWER_HOP_SILENT : ANSWER_HOP_LOST };
	return true;
}

/* Those that waited for the way, in their order, as long as there is room. */
static void go_on(struct hop *h, ts_t now)
{
	if (first_of(&h->waiting) && hop_target_push_time(&h->target, now))
		turn_to_target(h);
	for (struct hop_item *i; h->may_go && (i = first_of(&h->waiting));) {
		const struct origin *o = way(h);

		if (!shell_has_room(h->lent->shell))
			return;
		if (leads_to_us(h, o)) {
			target_failed(h, h->target.turn, ELOOP, now);
			continue;
		}
		if (o && !h->trial) {
			send(h, i, o, now);
			continue;
		}
		h->may_go = false; /* need_way() may find that there is another target */
		if (!o && h->target.known)
			need_way(h, now);
	}
}

bool hop_take_event(struct hop *h, bool room, struct hop_event *ret, ts_t now)
{
	go_on(h, now);
	struct hop_item *item = room ? first_of(&h->failed) : NULL;
	if (!item)
		return false;
	list_remove(&item->queue);
	*ret = (struct hop_event){
		.type = HOP_EV_FAILED, .ref = item->ref, .why = ANSWER_NO_MEMORY
	};
	return true;
}

ts_t hop_deadline(const struct hop *h)
{
	const bool waits = !list_empty(&h->waiting);
	ts_t at = h->trial ? h->trial_by : TS_NEVER;

	if (!list_empty(&h->failed) || (h->may_go && waits))
		return 0;
	at = ts_min(at, h->way_by);
	return waits ? ts_min(at, hop_target_deadline(&h->target)) : at;
}

bool hop_takes(const struct hop *h, ts_t now)
{
	return hop_target_takes(&h->target, now);
}

/* ---- life ---- */

int hop_new(struct hop **ret, const struct lent *lent, struct listeners *listeners,
	struct conns *conns, struct tl *tl, ts_t now)
{
	struct hop *h = mem_alloc0(sizeof(*h));

	if (!h)
		return -ENOMEM;
	h->lent = lent;
	h->listeners = listeners;
	h->conns = conns;
	h->tl = tl;
	list_init(&h->waiting);
	list_init(&h->failed);
	hop_socket_init(&h->socket, lent, listeners);
	h->way_by = TS_NEVER;
	int err = hop_target_init(&h->target, lent, now);
	if (err) {
		hop_free(h);
		return err;
	}
	turn_to_target(h);
	*ret = h;
	return 0;
}

struct hop *hop_free(struct hop *h)
{
	if (!h)
		return NULL;
	hop_target_done(&h->target);
	return mem_free(h);
}

/* conns.h - the SIP connections: what their number, their unfinished messages and their unread
 * answers may take.
 *
 * Only trusted peers have any; but a pool sends what its users make it send,
 * and one that hangs leaves its connections behind.  The messages on them are
 * the transaction layer's.
 */
#pragma once

#include "gateway/lent.h"
#include "sip/tl.h"

struct conns;

int conns_new(struct conns **ret, const struct lent *lent, struct tl *tl /* borrowed */);
struct conns *conns_free(struct conns *cs);

/* FLOW_ACCEPTED: taken, or dropped when there is no place. */
void conns_push_accepted(struct conns *cs, const struct fact *in, ts_t now);
/* One of ours to that peer; 0: no memory, or no place. */
flow_t conns_connect(struct conns *cs, const struct addr *peer);
bool conns_has(const struct conns *cs, flow_t flow);
bool conns_is_up(const struct conns *cs, flow_t flow);
/* FLOW_UP: from here on its local address is known. */
void conns_push_up(struct conns *cs, const struct fact *in);
const struct origin *conns_origin(const struct conns *cs, flow_t flow);
/* A whole message came. */
void conns_heard(struct conns *cs, flow_t flow, ts_t now);
/* Behind each push of bytes: what is unfinished has its bound.  May end any of them. */
void conns_weigh(struct conns *cs, flow_t flow, ts_t now);
void conns_push_blocked(struct conns *cs, flow_t flow, bool blocked, ts_t now);
/* The flow is gone. */
void conns_lost(struct conns *cs, flow_t flow, int err);
void conns_close(struct conns *cs, flow_t flow, enum want_type how, int err);
/* One that was closed in this push, and by whom it was not asked for; 0 when there is none.  The
 * next hop must know when it was its own. */

/* conns.h - the SIP connections: what their number, their unfinished messages and their unread
 * answers may take.
 *
 * Only trusted peers have any; but a pool sends what its users make it send,
 * and one that hangs leaves its connections behind.  What is said on them is
 * the transaction layer's.
 */
#pragma once

#include "gateway/lent.h"
#include "sip/tl.h"

struct conns;
struct conn;

enum { CONNS_MAX = 1024 };

int conns_new(struct conns **ret, const struct lent *lent, struct tl *tl /* borrowed */);
struct conns *conns_free(struct conns *cs);
struct conn *conns_find(const struct conns *cs, flow_t flow); /* NULL: none of theirs */

/* FLOW_ACCEPTED, from a trusted peer: taken, or dropped when there is no place. */
void conns_push_accepted(struct conns *cs, const struct fact *in, bool is_trusted, ts_t now);
/* One of ours to that peer; its origin is complete when it is up.  NULL: no memory, or no place. */
struct conn *conns_connect(struct conns *cs, const struct addr *peer);

void conn_push_up(struct conns *cs, struct conn *c, const struct fact *in);
void conn_push_blocked(struct conns *cs, struct conn *c, bool blocked, ts_t now);
bool conn_is_up(const struct conn *c);
const struct origin *conn_origin(const struct conn *c);
void conn_heard(struct conns *cs, struct conn *c, ts_t now); /* a whole message came */
/* Behind each push of bytes: what is unfinished has its bound.  May end any of those that were
 * accepted, `c` too. */
void conns_weigh(struct conns *cs, struct conn *c, ts_t now);
/* The flow is gone: so is the connection, and with it what was in hand on it. */
void conn_lost(struct conns *cs, struct conn *c);
void conn_close(struct conns *cs, struct conn *c, enum want_type how);

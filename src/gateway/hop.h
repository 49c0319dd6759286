/* hop.h - a way into a pool: where its proxy is (RFC 3263), the socket or connection to it, and the
 * requests that wait for that.
 *
 * A request is a draft, all of it but the topmost Via: that names the address
 * which the request leaves from (RFC 3261 section 18.1.1), and is written when
 * it is known.  While no target can be reached requests wait: their owner knows for how long.  Each
 * ends in one event, unless it is withdrawn.
 */
#pragma once

#include "base/list.h"
#include "gateway/answer.h"
#include "gateway/conns.h"
#include "gateway/listeners.h"

struct hop;

struct sip_draft {
	struct slice line; /* with its CRLF */
	struct slice rest; /* behind the topmost Via */
	uint64_t mix;      /* becomes a part of the branch */
};

/* Part of whoever sends. */
struct hop_item {
	uint64_t ref;
	struct sip_draft draft; /* borrowed until its event, or until it is withdrawn */
	uint64_t place;         /* of its transaction; 0: none */
	struct list queue;      /* of those that wait for the way, or that failed */
	flow_t flow;            /* the connection that it is on */
	unsigned turn;          /* of the target that it went to */
	ts_t begun;
};

/* Also of hops.h, whose are the first and the last. */
enum hop_event_type {
	HOP_EV_REQUEST, /* msg: a new MESSAGE; answer it now, or keep it and answer it later */
	HOP_EV_FINAL,   /* ref, msg: the answer to a request of ours */
	HOP_EV_FAILED,  /* ref: there is none, or there was no way */
	HOP_EV_GONE,    /* ref: who waited for our answer is gone */
};

struct hop_event {
	enum hop_event_type type;
	uint64_t ref;
	const struct sip_msg *msg; /* valid until the next take or push */
	enum answer why;           /* FAILED */
};

/* `tl`'s events are pulled by who also owns its server side (hops.c) and handed on here. */
int hop_new(struct hop **ret, const struct lent *lent, struct listeners *listeners,
	struct conns *conns, struct tl *tl, ts_t now);
struct hop *hop_free(struct hop *h);

/* May one more request wait?  Not while nothing was reached for so long that none of them could. */
bool hop_takes(const struct hop *h, ts_t now);
/* Bytes of the Via that a request will get; the longest that it may, while that is not known. */
size_t hop_via_max(struct hop *h);
void hop_item_init(struct hop_item *item);
void hop_request(struct hop *h, struct hop_item *item, uint64_t ref, const struct sip_draft *draft,
	ts_t now);
void hop_withdraw(struct hop *h, struct hop_item *item); /* fine at any time */

void hop_push_dns(struct hop *h, const struct fact *in, ts_t now); /* perhaps not to its question */
/* LISTEN_UP or LISTEN_FAILED.  False when it was no socket of its own. */
bool hop_push_listen(struct hop *h, const struct fact *in, ts_t now);
void hop_push_way(struct hop *h);                                     /* a listener is up */
void hop_push_conn_up(struct hop *h, const struct conn *c, ts_t now); /* perhaps not its own */
void hop_push_conn_lost(struct hop *h, const struct conn *c, int err, ts_t now); /* before it is */
void hop_push_time(struct hop *h, ts_t now);
/* PROVISIONAL, FINAL, TIMEOUT or FAILED of the transaction layer.  True with *ret. */
bool hop_push_event(struct hop *h, const struct tl_event *in, struct hop_event *ret, ts_t now);
/* What waited for room: requests that the way can take now, and FAILED. */
bool hop_take_event(struct hop *h, bool room, struct hop_event *ret, ts_t now);
ts_t hop_deadline(const struct hop *h); /* now, while some wait for room */

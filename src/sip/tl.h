/* tl.h - the SIP transaction layer, RFC 3261 sections 17 and 18 with RFC 4320, for all methods but
 * INVITE, as one engine over listeners and flows.
 *
 * Bytes come in, datagrams and what flows carry.  A response finds its client
 * transaction by its branch, a repeated request its server transaction by its
 * key; what is left are events.  Outputs go into the owner's outbox.
 *
 * Messages are read as events are taken: the owner pushes one thing, then
 * takes events until there is none.  Every whole message makes one event, so
 * that its owner can count it and knows that the peer is alive.
 *
 * A transaction of either side has a place, a number that nobody can guess
 * and that is never used for another one; the owner gives each its `ref`.
 * (INVITE transactions, sections 17.1.1 and 17.2.1, will stand beside these
 * under the same places, flows and timers.)
 */
#pragma once

#include "base/outbox.h"
#include "base/rng.h"
#include "sip/nist.h"

struct tl;

#define TL_IN_HAND 0 /* as a place: the request of the event in hand */

struct tl_cfg {
	struct outbox *out; /* borrowed until tl_free() */
	/* Transactions in hand: of ours, and of peers that wait for our answer. */
	uint32_t clients_max, servers_max;
	size_t owed_bytes_max; /* what those that wait for our answer may take */
	size_t request_max;    /* bytes of one request of ours, or of one answer that is kept */
	/* Answers are remembered until timer J.  Either by their status and 16 bits of the owner's,
	 * in 36 bytes, and the owner makes them again when asked (TL_EV_REPEATED); or whole, in
	 * their place. */
	size_t done_max; /* 1..NIST_DONE_MAX, and a new request gets no place beyond */
	bool keeps_whole_answers;
	bool says_trying; /* 100 to what is still owed an answer after 3.5 s, RFC 4320 section 4.1
			   */
	unsigned flows_max;
	/* Who may answer beside the one who was asked (ports are ignored): borrowed; NULL: anybody
	 * who knows the branch. */
	const struct addr_net *answerers;
	unsigned n_answerers;
};

enum tl_event_type {
	TL_EV_REQUEST,     /* msg is new: answer it at once (TL_IN_HAND), or keep it */
	TL_EV_REPEATED,    /* msg was answered with status and extra: answer TL_IN_HAND again */
	TL_EV_ABSORBED,    /* msg is repeated, and its answer is owed or was sent again */
	TL_EV_MALFORMED,   /* refusal; msg as far as it was read.  TL_IN_HAND may be answered if
			      the refusal is SIP_ANSWERABLE and msg a request other than ACK */
	TL_EV_ACK,         /* msg: nothing answers it, RFC 3261 section 17 */
	TL_EV_PROVISIONAL, /* ref, msg */
	TL_EV_FINAL,       /* ref, msg, sends: the transaction is over, as behind the next two */
	TL_EV_TIMEOUT,     /* ref: timer F */
	TL_EV_FAILED,      /* ref, err: its way failed */
	TL_EV_LATE,        /* msg: a response to one of ours that is over, the last of its place */
	TL_EV_STRAY,       /* msg: a response to none of ours, RFC 3261 section 18.1.2 */
	TL_EV_UNASKED,     /* msg: a response from whom nobody asked */
	TL_EV_PING,        /* RFC 5626 section 3.5.1; it is answered */
	TL_EV_BROKEN,      /* no more messages can be found on this flow.  What was there became
			      MALFORMED, unless memory ran out.  Close it when its output has gone out */
	TL_EV_GONE, /* ref, origin: the flow that an answer is owed to is gone, and its place */
};

struct tl_event {
	enum tl_event_type type;
	const struct sip_msg *msg;         /* valid until the next take or push */
	const struct origin *origin;       /* where it truly came from; as msg */
	const struct sip_refusal *refusal; /* MALFORMED */
	uint64_t ref;
	int status;         /* REPEATED */
	uint16_t extra;     /* REPEATED */
	int err;            /* FAILED: an errno */
	unsigned sends;     /* FINAL: how often the request went out */
	struct where where; /* BROKEN: as in the MALFORMED before it */
};

/* 0, -EINVAL (done_max) or -ENOMEM. */
int tl_new(struct tl **ret, const struct tl_cfg *cfg, struct rng *rng);
void tl_set_answerers(
	struct tl *tl, const struct addr_net *answerers, unsigned n); /* as in tl_cfg */
struct tl *tl_free(struct tl *tl);

/* ---- flows ---- */

/* A connection, also one that is not up yet: o->flow, o->transport.  0, ERR_LIMIT or -ENOMEM. */
int tl_flow_add(struct tl *tl, const struct origin *o);
void tl_flow_up(struct tl *tl, flow_t flow, const struct addr *local, const struct addr *peer);
/* It is gone: transactions of ours on it become FAILED with err, answers that it waits for GONE.
 * False when there was none of that id. */
bool tl_flow_gone(struct tl *tl, flow_t flow, int err);
bool tl_flow_owes(struct tl *tl, flow_t flow); /* are answers of ours kept back for it? */
/* What its unfinished message takes, the memory of those before it given back. */
size_t tl_flow_bytes(struct tl *tl, flow_t flow);
/* A message has begun on it and is not whole. */
bool tl_flow_is_within(struct tl *tl, flow_t flow);

/* ---- inputs ---- */

void tl_push_datagram(struct tl *tl, struct slice bytes, const struct origin *o);
void tl_push_bytes(struct tl *tl, flow_t flow, struct slice bytes);
/* An ICMP error, or a failed send, to that peer of a datagram socket. */
void tl_push_peer_failed(struct tl *tl, const struct addr *peer, int err);
void tl_push_time(struct tl *tl, ts_t now);

/* Without `room` what may wait does: TIMEOUT, FAILED and GONE. */
bool tl_take_event(struct tl *tl, bool room, struct tl_event *ret, ts_t now);
ts_t tl_deadline(const struct tl *tl); /* now, while some wait for room; else of its timers */

/* ---- requests of ours ---- */

/* Begins a request to `to`: write it whole into the buffer, with *branch in the topmost Via.  `mix`
 * not 0 becomes a part of the branch (RFC 7572 section 4).  NULL when there is no place or no
 * memory.  One at a time, and without tl_request_end() there is none. */
struct buf *tl_request(
	struct tl *tl, uint64_t ref, const struct origin *to, uint64_t mix, struct slice *branch);
/* Sends it.  0 with its place; or the buffer's error, -ENOMEM, ERR_LIMIT (no room for it in the
 * outbox, and on a stream it is sent once): then nothing was sent and no event follows. */
int tl_request_end(struct tl *tl, enum sip_method method, uint64_t *ret, ts_t now);
/* It is given up: no event of it follows. */
void tl_withdraw(struct tl *tl, uint64_t place);

/* ---- answers of ours ---- */

/* The request in hand (of a REQUEST) is answered later: its place; 0 when there is none. */
uint64_t tl_keep(struct tl *tl, uint64_t ref, ts_t now);
/* Was that because its answer would be over request_max, so that it never gets one? */
bool tl_is_answer_too_long(struct tl *tl);
/* Will an answer that is to be remembered have room?  If not, a new request is refused. */
bool tl_can_remember(struct tl *tl, ts_t now);
/* The name of the transaction (RFC 3261 section 17.2.3): of TL_IN_HAND, or of a place. */
const struct nist_key *tl_key(const struct tl *tl, uint64_t place);
/* The request in hand is a CANCEL: is there the transaction that it is for, of this method, in hand
 * or finished and remembered (RFC 3261 section 9.2)?  Then the answer to it has the tag of that. */
bool tl_cancels(struct tl *tl, enum sip_method method, ts_t now);
/* Over which transport, and so whether its answer may be asked for again, and from whom. */
const struct origin *tl_origin(const struct tl *tl, uint64_t place);

/* Begins an answer: the status line (`reason` NULL: the standard phrase) and the fields that repeat
 * the request's (section 8.2.6.2) are written; other header fields go into the buffer. */
struct buf *tl_answer(struct tl *tl, uint64_t place, int status, const char *reason);
/* The same, but nothing is written yet: the owner writes the whole message. */
struct buf *tl_answer_whole(struct tl *tl, uint64_t place, int status);
enum tl_memory {
	TL_FORGET,   /* a repeated request is a new one */
	TL_REMEMBER, /* until timer J, over a transport that loses */
};
/* Ends it (with an empty body, unless it was begun as whole) and sends it; a place is free then. */
void tl_answer_end(struct tl *tl, enum tl_memory memory, uint16_t extra, ts_t now);
/* Nobody waits for its answer any more. */
void tl_forget(struct tl *tl, uint64_t place);

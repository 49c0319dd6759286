/* msg.h - one message's life, in either direction: the only place that decides that a message is
 * acknowledged.
 *
 * It knows no stream, socket, ping or dialog.  Whoever owns it pushes what
 * happened, then takes events until there is none.
 *
 * The answer is a bit beside the state.  It is given at the first of `proven
 * and settled` and `stored`.  A refusal before it becomes the answer, one
 * behind it a report: never nothing.
 *
 *	AWAIT_STORE -> AWAIT_WAY -> AWAIT_PROOF -> SETTLING -> TOLD -> OVER
 */
#pragma once

#include "base/ts.h"
#include "gateway/answer.h"

enum msg_state {
	MSG_AWAIT_STORE, /* is it on disk? */
	MSG_AWAIT_WAY,   /* nothing took it yet */
	MSG_AWAIT_PROOF, /* a way took it; did it arrive? */
	MSG_SETTLING,    /* it did, and a refusal may be close behind */
	MSG_TOLD,        /* it did, and its sender knows; a late refusal is reported */
	MSG_OVER,        /* nothing more follows but the events that are there */
};

enum msg_event_type {
	MSG_EV_STORE,  /* keep it: msg_push_stored() */
	MSG_EV_SEND,   /* hand it to a way: msg_push_sent() */
	MSG_EV_ANSWER, /* verdict: to its sender, once */
	MSG_EV_REPORT, /* verdict: it was acknowledged, and then refused */
	MSG_EV_ERASE,  /* it need not be kept any more */
	MSG_EV_DONE,   /* the last */
};

struct msg_event {
	enum msg_event_type type;
	const struct verdict *verdict; /* valid until the next push */
};

struct msg_cfg {
	bool is_stored; /* its first event is STORE */
	ts_t settle;    /* how long a proof waits for a refusal; 0: not at all */
	ts_t report;    /* for how long behind the answer a refusal is reported; 0: it is over */
};

/* Embedded in its owner; nothing is to be freed. */
struct msg {
	struct msg_cfg cfg;
	enum msg_state state;
	bool is_answered, is_kept;
	bool is_refused; /* while it is being stored: what comes then waits for that */
	unsigned events; /* bits by type, in the order of the enum */
	ts_t at;         /* SETTLING, TOLD: when that ends */
	struct verdict verdict;
};

void msg_init(struct msg *m, const struct msg_cfg *cfg);
void msg_push_stored(struct msg *m, int err, ts_t now); /* 0, or why it is not kept */
void msg_push_sent(struct msg *m, ts_t now);            /* a way took it */
void msg_push_proven(struct msg *m, ts_t now);          /* pong, stream ack, 2xx, MSRP 200 */
/* By the far side, by us, or by a way that failed for good.  v->contact lives as long as the push
 * whose events are taken right behind. */
void msg_push_refused(struct msg *m, const struct verdict *v, ts_t now);
/* The way died, nothing was shown.  A kept message goes another way; else `v` is the answer. */
void msg_push_lost(struct msg *m, const struct verdict *v, ts_t now);
/* Nobody waits for an answer any more: its sender's connection is gone. */
void msg_push_gone(struct msg *m, ts_t now);
void msg_push_time(struct msg *m, ts_t now);
bool msg_take_event(struct msg *m, struct msg_event *ret);
ts_t msg_deadline(const struct msg *m);
const char *msg_state_name(enum msg_state state);

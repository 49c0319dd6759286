/* to_sip_private.h - what the two files of to_sip.h share: to_sip.c is above to_sip_hand.c. */
#pragma once

#include "base/slots.h"
#include "gateway/figures.h"
#include "gateway/msg.h"
#include "gateway/once.h"
#include "gateway/queue.h"
#include "gateway/record.h"
#include "gateway/seen.h"
#include "gateway/to_sip.h"

enum {
	REPLY_MAX = 16384,
	URI_MAX = 6144,
};

struct message {
	struct slot slot;
	struct msg life;
	unsigned link;  /* that it came over */
	bool is_report; /* of ours: nobody hears when it fails */
	figures_row figures;
	enum answer why;    /* it failed; ANSWER_MAPPED: as SIP said */
	struct buf request; /* the draft */
	size_t line_bytes;  /* of it: the request line */
	uint64_t mix;
	/* `from`, `to` and `id` of the stanza, one behind the other; when the message has failed,
	 * the whole error stanza.  Of a report: who was written to. */
	struct buf reply;
	size_t n_from, n_to;
	struct hop_item item;
	struct queue_item queue;
	struct list wait; /* of to_sip.turn, or of to_sip.untold */
	struct list age;  /* of to_sip.by_age */
	ts_t by;          /* its sender hears */
	struct budget_share share;
	struct record record;
	const char *cause; /* why it failed: static text ... */
	int status;        /* ... and the pool's status, if that is why */
};

struct to_sip {
	struct to_sip_cfg cfg;
	struct slots slots;
	struct queues queues;
	struct budget *budget;
	struct list turn;   /* whose turn it is to go out */
	struct list untold; /* have failed, and their senders do not know yet */
	struct list by_age; /* those that have no outcome yet, the oldest first */
	uint32_t n_untold;
	uint32_t cseq;
	uint8_t salt[16];
	struct buf scratch;
	struct seen *seen;
	struct once refused_once; /* what comes in floods */
	bool stopping, gave_up;
};

/* to_sip_hand.c: the messages in hand */
struct message *to_sip_place(struct to_sip *t, unsigned link); /* NULL: there are too many */
void to_sip_give_back(struct to_sip *t, struct message *m);
/* It has its request and its place in the queue: it goes out when its turn comes. */
void to_sip_begin(struct to_sip *t, struct message *m, ts_t now);
/* It failed, and its sender does not hear that. */
void to_sip_lose(struct to_sip *t, struct slice from, const char *cause, ts_t now);

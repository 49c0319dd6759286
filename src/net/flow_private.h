/* flow_private.h - what the two files of a flow share; flow.c (its life, and what is written) is
 * below flow_read.c (what comes, and whose turn it is). */
#pragma once

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/mem.h"
#include "net/flow.h"

enum { FLOW_PIECE = 16384 /* read at once */ };

enum flow_state {
	FLOW_CONNECTING,
	FLOW_OPEN,
	FLOW_CLOSING, /* what is left is written, then the end is sent */
	FLOW_LINGER,
	FLOW_DEAD,
};

struct flow {
	struct flows *fs;
	flow_t id;
	void *owner;
	int fd;
	enum flow_state state;
	struct event read, write;
	bool can_read, paused, blocked, told_bytes, told_eof, write_armed;
	bool is_busy;           /* it had more than its turn */
	struct list ready;      /* of flows.ready, or of flows.busy */
	struct list dirty, all; /* all: ending or dead */
	struct addr peer, local;
	struct channel *tls;
	bool handshaking;
	struct buf out;
	struct timer end; /* of a closed one */
	bool opened;      /* by us */
	bool owes_ack;    /* bytes came, and nothing went out behind them */
	int err;          /* found while nothing could be told */
	bool tls_refused;
};

void flow_make_ready(struct flow *f);
void flow_make_dirty(struct flow *f);
bool flow_is_told(const struct flow *f); /* its owner still listens */
void flow_tell_fact(struct flow *f, struct fact in);
/* The last fact of a flow; it is dropped before it is told, so that nothing can be done with it. */
void flow_fail(struct flow *f, int err, const struct tls_facts *tls);
/* As much as the socket takes.  Tells nothing; an error is kept in f->err. */
void flow_write_out(struct flow *f);

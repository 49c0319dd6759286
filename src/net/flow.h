/* flow.h - one TCP connection, with TLS when it is asked for, as facts and bytes.
 *
 * Handlers of the loop only mark a flow as ready; flows_process() does the
 * work and tells facts through the owner's function, which may write to, close
 * or drop any flow: a dropped one is freed by flows_reap().
 */
#pragma once

#include "base/list.h"
#include "base/timers.h"
#include "base/world.h"
#include "net/channel.h"
#include "net/loop.h"

enum {
	FLOW_BLOCKED_BYTES = 64 << 10, /* FACT_FLOW_BLOCKED above, */
	FLOW_READY_BYTES = 16 << 10,   /* FACT_FLOW_READY below, */
	FLOW_MAX_BYTES = 1 << 20,      /* and the end of it */
};

struct flow;

typedef void flow_tell(void *arg, struct flow *f, const struct fact *in);

/* What all flows of a driver share. */
struct flows {
	struct loop *loop;
	struct trust *trust;
	flow_tell *tell;
	void *arg;
	struct list ready; /* something to read, or connected */
	struct list busy;  /* more to read than a turn takes: behind those */
	struct list dirty; /* something to write */
	struct list
		ending; /* closed by their owner: being written, or waiting for the peer's end */
	struct list dead;
	struct timers timers; /* of the ending ones */
	ts_t late_at;         /* in this wake-up the others have their turn */
	size_t n;
	uint8_t *read_buf;
	struct buf plain;
};

int flows_init(
	struct flows *fs, struct loop *loop, struct trust *trust, flow_tell *tell, void *arg);
void flows_done(struct flows *fs); /* all flows must have been dropped */

/* Begins to connect; FACT_FLOW_UP or FACT_FLOW_FAILED follows.  `owner` is what flow_owner() says.
 */
int flow_connect(
	struct flow **ret, struct flows *fs, flow_t id, const struct addr *to, void *owner);
/* Takes over an accepted socket, also when it fails.  The peer is as accept(2) said: a socket that
 * was reset before does not know it any more. */
int flow_adopt(struct flow **ret, struct flows *fs, flow_t id, int fd, const struct addr *peer,
	void *owner);
const struct addr *flow_local(const struct flow *f);
const struct addr *flow_peer(const struct flow *f);

/* None of these tells a fact: what there is to tell waits for flows_process(). */

void flow_write(struct flow *f, struct slice bytes);
void flow_start_tls(struct flow *f, const struct tls_policy *policy);
void flow_pause(struct flow *f, bool pause);
void flow_close(struct flow *f); /* after all is written; no fact follows */
void flow_drop(struct flow *f);  /* now; no fact follows */
void flow_reset(struct flow *f); /* the same, and the peer gets a reset */

void *flow_owner(const struct flow *f);

/* The driver's part of a wake-up. */
void flows_process(struct flows *fs);
void flows_flush(struct flows *fs);
void flows_reap(struct flows *fs);
ts_t flows_deadline(const struct flows *fs);
bool flows_ready(const struct flows *fs); /* is there something to tell already? */
/* Is anything of flows that their owners have closed still to be written? */
bool flows_pending(const struct flows *fs);
size_t flows_count(const struct flows *fs);
